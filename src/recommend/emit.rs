//! Changes in the forms that teams already use: policies as JSON, programs for infrastructure tools, shell
//! scripts, and the text of a pull request.
//!
//! Everything here is pure: a change in, a text out. Names, ARNs and documents come from snapshots and are
//! hostile text; each form has its own escaping, and says in a comment what it cannot express.

pub mod aws_cli;
pub mod builder;
pub mod cdk_typescript;
pub mod cloudformation;
pub mod json;
pub mod literal;
pub mod markdown;
pub mod names;
pub mod permission_set;
pub mod pulumi;
pub mod pulumi_python;
pub mod pulumi_typescript;
pub mod terraform;

use super::{Recommendation, Status, Step};
use crate::escape;
use crate::grants::{AttachedPolicy, GrantedPrincipal, PolicySource};
use crate::iam::PolicyDocument;
use std::collections::BTreeMap;

/// What is to be changed for one principal.
#[derive(Debug)]
pub struct PrincipalChange<'a> {
    /// The role or user.
    pub principal: &'a GrantedPrincipal,
    /// The changes, in the order of the principal's policies.
    pub policies: Vec<PolicyChange<'a>>,
    /// What is recommended but not here, in sentences: what does not fit, what failed a check.
    pub left_out: Vec<String>,
}

/// What is to be changed about one policy.
#[derive(Debug)]
pub struct PolicyChange<'a> {
    /// The policy as it is, with its original text.
    pub policy: &'a AttachedPolicy,
    /// How the change is made.
    pub step: Step,
    /// The new policies; none when nothing of the old one is left.
    pub documents: Vec<NewPolicy>,
    /// What the change rests on.
    pub recommendation: &'a Recommendation,
}

/// One new policy.
#[derive(Clone, Debug)]
pub struct NewPolicy {
    /// Its name: the old policy's, unless it is a new one beside the old one.
    pub name: String,
    /// The document.
    pub document: PolicyDocument,
}

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// The policy documents.
    Json,
    /// HCL for Terraform and `OpenTofu`.
    Terraform,
    /// A template in YAML.
    CloudFormation,
    /// A Pulumi program in Python.
    PulumiPython,
    /// A Pulumi program in TypeScript.
    PulumiTypescript,
    /// A stack of the AWS CDK in TypeScript.
    CdkTypescript,
    /// A shell script that makes the change with the aws CLI.
    AwsCli,
    /// The shell script that takes the change back.
    AwsCliRollback,
    /// The text of a pull request.
    Markdown,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the output folder; components are harmless.
    pub path: String,
    /// Its text, with a final newline.
    pub text: String,
}

/// All changes as one text: one program, one template, one script.
pub fn text(format: Format, changes: &[PrincipalChange<'_>]) -> String {
    match format {
        Format::Json => json::emit(changes),
        Format::Terraform => terraform::emit(changes),
        Format::CloudFormation => cloudformation::emit(changes),
        Format::PulumiPython => pulumi_python::emit(changes),
        Format::PulumiTypescript => pulumi_typescript::emit(changes),
        Format::CdkTypescript => cdk_typescript::emit(changes),
        Format::AwsCli => aws_cli::script::apply(changes),
        Format::AwsCliRollback => aws_cli::script::rollback(changes),
        Format::Markdown => markdown::emit(changes),
    }
}

/// The changes as files, by principal: `ACCOUNT/role-NAME.EXTENSION`. The apply script comes with the one
/// that takes it back, JSON as the plain documents.
pub fn files(format: Format, changes: &[PrincipalChange<'_>]) -> Vec<File> {
    let mut files = Vec::new();
    for change in changes.iter().filter(|change| !change.policies.is_empty()) {
        let folder = escape::file_name(&change.account());
        let stem = format!("{folder}/{}-{}", change.kind(), escape::file_name(&change.principal.name));
        let one = std::slice::from_ref(change);
        let mut file = |format, end: &str| {
            files.push(File { path: format!("{stem}{end}"), text: text(format, one) });
        };
        match format {
            Format::Json => {
                for new in change.policies.iter().flat_map(|policy| &policy.documents) {
                    let path = format!("{stem}/{}.json", escape::file_name(&new.name));
                    files.push(File { path, text: literal::pretty(&new.document.to_json()) + "\n" });
                }
            }
            Format::Terraform => file(format, ".tf"),
            Format::CloudFormation => file(format, ".yaml"),
            Format::PulumiPython => file(format, ".py"),
            Format::PulumiTypescript | Format::CdkTypescript => file(format, ".ts"),
            Format::AwsCli => {
                file(Format::AwsCli, ".apply.sh");
                file(Format::AwsCliRollback, ".rollback.sh");
            }
            Format::AwsCliRollback => file(format, ".rollback.sh"),
            Format::Markdown => file(format, ".md"),
        }
    }
    files
}

/// Leaves a change that several principals share with the first of them: made twice, a new version of a policy
/// that they all hold would use up another version. A permission set is changed for all its accounts at once
/// and has one inline policy, so that only the first of its roles changes any of it: another role's other
/// policies would overwrite what the first one wrote.
pub fn once(changes: &mut [PrincipalChange<'_>]) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for change in changes {
        let PrincipalChange { principal, policies, left_out } = change;
        let set = super::shared::permission_set(principal);
        policies.retain(|policy| {
            let key = match (policy.step, set) {
                (Step::NewVersion, _) => policy.arn().to_owned(),
                (Step::UpdatePermissionSet, Some(set)) => format!("permission set {set}"),
                _ => return true,
            };
            let first = seen.entry(key).or_insert_with(|| principal.arn.to_string());
            let own = first == principal.arn.as_str();
            if !own {
                left_out.push(format!("{}: the change is made once, with {first}", policy.policy.name));
            }
            own
        });
    }
}

impl<'a> PrincipalChange<'a> {
    /// What of the recommendations may be applied, and why the rest may not.
    pub fn new(principal: &'a GrantedPrincipal, recommendations: &'a [Recommendation]) -> Self {
        let mut change = Self { principal, policies: Vec::new(), left_out: Vec::new() };
        for recommendation in recommendations {
            let Some(policy) = principal.policies.get(recommendation.policy) else { continue };
            let why = match &recommendation.status {
                Status::Ready => unusable(principal, policy).map(str::to_owned),
                Status::DoesNotFit(why) | Status::CheckFailed(why) => Some(why.clone()),
            };
            if let Some(why) = why {
                change.left_out.push(format!("{}: {why}", policy.name));
                continue;
            }
            change.policies.push(PolicyChange {
                policy,
                step: recommendation.step,
                documents: named(principal, policy, recommendation),
                recommendation,
            });
        }
        change
    }

    /// The word for the kind of principal in commands and resources.
    pub fn kind(&self) -> &'static str {
        self.principal.kind.as_str()
    }

    /// The account; empty when the ARN names none.
    pub fn account(&self) -> String {
        self.principal.account.map(|account| account.to_string()).unwrap_or_default()
    }

    /// The ARN that a new managed policy of the account gets.
    pub fn new_arn(&self, name: &str) -> String {
        let parts = self.principal.arn.parts();
        format!("arn:{}:iam::{}:policy/{name}", parts.partition, parts.account)
    }

    /// What the identifiers of a new policy are made of: the names of the principal and of the policy.
    fn new_title(&self, new: &NewPolicy) -> String {
        let who = &self.principal.name;
        if new.name.starts_with(who.as_str()) { new.name.clone() } else { format!("{who}-{}", new.name) }
    }

    /// The principal is that of a permission set, which is changed in Identity Center.
    pub fn is_permission_set(&self) -> bool {
        self.policies.iter().any(|policy| policy.step == Step::UpdatePermissionSet)
    }

    /// `role NAME`, for comments and headings.
    pub fn title(&self) -> String {
        escape::terminal(&format!("{} {}", self.kind(), self.principal.name))
    }

    /// Policies that are removed, by source.
    fn removed(&self, inline: bool) -> impl Iterator<Item = &PolicyChange<'a>> {
        self.policies.iter().filter(move |change| match change.step {
            Step::DeleteInline => inline,
            Step::Detach | Step::CreateAndDetach => !inline,
            Step::PutInline | Step::NewVersion | Step::UpdatePermissionSet => false,
        })
    }

    /// How many managed policies are attached to the principal when the turn of one comes: what is only
    /// detached goes first, then each change in its order.
    pub fn attached_before(&self, policy: &PolicyChange<'_>) -> usize {
        let managed = |one: &&AttachedPolicy| {
            matches!(one.source, PolicySource::CustomerManaged { .. } | PolicySource::AwsManaged { .. })
        };
        let of_step = |step| self.policies.iter().filter(move |one| one.step == step);
        let earlier =
            of_step(Step::CreateAndDetach).take_while(|one| !std::ptr::eq(one.policy, policy.policy));
        let (gone, come) = earlier.fold((0, 0), |(gone, come), one| (gone + 1, come + one.documents.len()));
        let now = self.principal.policies.iter().filter(managed).count();
        (now + come).saturating_sub(gone + of_step(Step::Detach).count())
    }

    /// The principal's own policies of a source that are still there after the change, without new ones.
    fn kept(&self, inline: bool) -> impl Iterator<Item = &'a AttachedPolicy> {
        let own = move |policy: &&AttachedPolicy| match policy.source {
            PolicySource::Inline => inline,
            PolicySource::CustomerManaged { .. } | PolicySource::AwsManaged { .. } => !inline,
            PolicySource::Group { .. } => false,
        };
        self.principal.policies.iter().filter(own).filter(move |policy| {
            !self.removed(inline).any(|gone| std::ptr::eq::<AttachedPolicy>(gone.policy, *policy))
        })
    }
}

impl PolicyChange<'_> {
    /// The ARN of a managed policy; empty when it is inline.
    pub fn arn(&self) -> &str {
        match &self.policy.source {
            PolicySource::CustomerManaged { arn } | PolicySource::AwsManaged { arn } => arn,
            PolicySource::Inline | PolicySource::Group { .. } => "",
        }
    }

    /// `inline policy NAME`, for comments.
    pub fn title(&self) -> String {
        let source = match self.policy.source {
            PolicySource::Inline => "inline policy",
            PolicySource::CustomerManaged { .. } => "customer managed policy",
            PolicySource::AwsManaged { .. } => "AWS managed policy",
            PolicySource::Group { .. } => "group policy",
        };
        escape::terminal(&format!("{source} {}", self.policy.name))
    }
}

/// The path in the ARN of a managed policy, `/` when it has none.
fn policy_path(arn: &str) -> &str {
    let path = arn.split_once(":policy").map_or("/", |(_, path)| path);
    path.rfind('/').and_then(|end| path.get(..=end)).unwrap_or("/")
}

/// Names and ARNs end up in commands and programs, so what IAM could not have stored is refused.
fn unusable(principal: &GrantedPrincipal, policy: &AttachedPolicy) -> Option<&'static str> {
    let name = |text: &str| {
        !text.is_empty()
            && text.len() <= POLICY_NAME_CHARS_MAX
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter))
    };
    let arn = |text: &str| text.chars().all(|letter| letter.is_ascii_graphic());
    let policy_arn = match &policy.source {
        PolicySource::CustomerManaged { arn } | PolicySource::AwsManaged { arn } => arn,
        PolicySource::Inline => "",
        PolicySource::Group { .. } => return Some("the policies of groups are not changed"),
    };
    if !name(&principal.name) || !name(&policy.name) {
        return Some("IAM has no such names");
    }
    let texts = [principal.arn.as_str(), policy_arn, &principal.path];
    if !texts.into_iter().all(arn) {
        return Some("IAM has no such ARNs");
    }
    if principal.account.is_none() {
        return Some("the ARN names no account");
    }
    policy.original.is_none().then_some("the snapshot does not hold the document")
}

/// The new policies of a recommendation with their names. The names of several are numbered.
pub fn named(
    principal: &GrantedPrincipal,
    policy: &AttachedPolicy,
    recommendation: &Recommendation,
) -> Vec<NewPolicy> {
    let several = recommendation.documents.len() > 1;
    let documents = recommendation.documents.iter().enumerate();
    let named = documents.map(|(index, document)| {
        let number = several.then_some(index + 1);
        let name = new_name(principal, &policy.name, recommendation.step, number);
        NewPolicy { name, document: document.clone() }
    });
    named.collect()
}

/// The name of the new policy: the old one's, unless it is a new policy beside the old one.
fn new_name(principal: &GrantedPrincipal, policy: &str, step: Step, number: Option<usize>) -> String {
    if step != Step::CreateAndDetach {
        return policy.to_owned();
    }
    let end = number.map_or_else(|| "-trimmed".to_owned(), |number| format!("-trimmed-{number}"));
    let front = format!("{}-{policy}", principal.name);
    front.chars().take(POLICY_NAME_CHARS_MAX - end.len()).collect::<String>() + &end
}

/// IAM's limit for the name of a managed policy, in characters (IAM API reference, `CreatePolicy`).
const POLICY_NAME_CHARS_MAX: usize = 128;
