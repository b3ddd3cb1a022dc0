//! Trimmed policies: the old statements intersected with the verdicts, checked before they are shown.

pub mod backtest;
pub mod boundary;
pub mod discovery;
pub mod emit;
pub mod generalise;
pub mod inventory;
pub mod narrow;
pub mod organization;
pub mod propose;
pub mod risk;
pub mod selfcheck;
pub mod shared;
pub mod trim;
pub mod vpc_endpoint;

pub use backtest::{Backtest, Choice};
pub use inventory::Inventory;
pub use narrow::Wildcard;
pub use organization::{TrustCondition, trust_conditions};
pub use propose::{Proposal, Proposals, Withheld, proposals};
pub use selfcheck::{Proof, ReplayCounts};
pub use shared::Shared;
pub use trim::{StatementChange, Trimmed};

use crate::drift::{PrincipalReview, Standing};
use crate::grants::{PolicySource, PrincipalType};
use crate::iam::PolicyDocument;
use crate::iam::contain::Containment;
use crate::iam::quota::{self, Quota};
use crate::iam::validate::PolicyType;
use crate::time::Timestamp;
use crate::usage::ActionRef;
use std::sync::Arc;

/// How far the resources of kept actions are limited. The order is from tight to wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceLevel {
    /// To the resources that were touched.
    Exact,
    /// To these, with `*` for the names and parts of names that each run makes anew.
    Generalise,
    /// Not at all: as granted.
    Keep,
}

impl ResourceLevel {
    /// All levels, tight to wide.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Generalise, Self::Keep];

    /// The word for reports and JSON; `auto` for a choice that leaves the level to the backtest.
    pub fn word(choice: Choice) -> &'static str {
        choice.map_or("auto", Self::as_str)
    }

    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Generalise => "generalise",
            Self::Keep => "keep",
        }
    }
}

/// What recommendations rest on besides the verdicts.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// How far resources are limited; `None` for each action as far as the backtest broke nothing.
    pub choice: Choice,
    /// The first and the last second of the window.
    pub window: Option<(Timestamp, Timestamp)>,
    /// The resources that the logs name.
    pub known: &'a Inventory<'a>,
    /// Policies that are trimmed once for all of their holders.
    pub shared: &'a Shared,
}

/// A proposed change of one policy of one principal.
#[derive(Debug)]
pub struct Recommendation {
    /// Which policy, as an index into the principal's policies.
    pub policy: usize,
    /// How the change is made.
    pub step: Step,
    /// The trimmed policy: one document, several when one would be over the quota for managed policies,
    /// none when nothing of it is left.
    pub documents: Vec<PolicyDocument>,
    /// What changed, one for each statement of the old document.
    pub changes: Vec<StatementChange>,
    /// Size of all documents together, in characters without the blanks that IAM does not count.
    pub size_chars: usize,
    /// The limit for one document, and for inline policies for all of the principal's together.
    pub quota_chars: usize,
    /// How far resources are limited.
    pub choice: Choice,
    /// How the principal's policies would have done in the window; the same for all of them.
    pub backtest: Arc<Backtest>,
    /// The proofs.
    pub proof: Proof,
    /// May it be applied?
    pub status: Status,
}

/// How a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Overwrite the inline policy.
    PutInline,
    /// Delete the inline policy: nothing of it is left.
    DeleteInline,
    /// A new default version of a customer managed policy that nobody else holds, or that is trimmed for all
    /// of its holders.
    NewVersion,
    /// Create a policy for this principal, attach it, detach the shared or AWS managed one.
    CreateAndDetach,
    /// Detach the managed policy: nothing of it is left.
    Detach,
    /// Change the permission set in Identity Center.
    UpdatePermissionSet,
}

/// May a recommendation be applied?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// All checks passed.
    Ready,
    /// Larger than IAM accepts, also in several policies; why.
    DoesNotFit(String),
    /// A check did not pass; the document is not shown.
    CheckFailed(String),
}

impl Step {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PutInline => "put_inline_policy",
            Self::DeleteInline => "delete_inline_policy",
            Self::NewVersion => "create_policy_version",
            Self::CreateAndDetach => "create_policy_and_detach",
            Self::Detach => "detach_policy",
            Self::UpdatePermissionSet => "update_permission_set",
        }
    }
}

/// The recommendations for one principal, in the order of its policies. None for what cannot or need not
/// be changed: service-linked roles, unused principals (delete them whole), protected ones, group policies,
/// policies without anything to remove.
pub fn recommend(review: &PrincipalReview<'_>, options: &Options<'_>) -> Vec<Recommendation> {
    if matches!(review.standing, Standing::ServiceLinked | Standing::Unused) || review.protected.is_some() {
        return Vec::new();
    }
    let backtest = Arc::new(backtest::backtest(review, options.window));
    let levels = |action: ActionRef| backtest.level(options.choice, action);
    let trimmed: Vec<(usize, Trimmed)> = review
        .policies
        .iter()
        .enumerate()
        .filter(|(_, policy)| !matches!(policy.policy.source, PolicySource::Group { .. }))
        .filter_map(|(index, policy)| {
            let shared = shared::key(review.principal, index).and_then(|key| options.shared.get(&key));
            let trimmed = match shared {
                Some(trimmed) => trimmed.clone(),
                None => trim::trim(policy, &levels, options.known),
            };
            Some((index, trimmed?))
        })
        .collect();
    if trimmed.is_empty() {
        return Vec::new();
    }
    // The documents are made first, so that the proofs are about what is shown, not about a draft of it.
    let plans: Vec<Plan> =
        trimmed.into_iter().map(|(index, trimmed)| plan(review, index, trimmed, options.shared)).collect();
    let replay = selfcheck::replay(review, |index| {
        plans.iter().find(|plan| plan.policy == index).map(|plan| plan.documents.as_slice())
    });
    plans.into_iter().map(|plan| proved(review, plan, &replay, (options.choice, &backtest))).collect()
}

/// A change before its proofs.
struct Plan {
    policy: usize,
    step: Step,
    /// The new documents; when they do not fit, the one that does not.
    documents: Vec<PolicyDocument>,
    changes: Vec<StatementChange>,
    size_chars: usize,
    quota_chars: usize,
    does_not_fit: Option<String>,
}

/// The version that new managed policies must have (IAM API, message of `CreatePolicy`).
const CURRENT_VERSION: &str = "2012-10-17";

/// A new managed policy must be of the current version. Without `${` both versions mean the same.
fn in_current_version(mut document: PolicyDocument) -> PolicyDocument {
    if !document.to_compact().contains("${") {
        document.version = Some(CURRENT_VERSION.to_owned());
    }
    document
}

fn plan(review: &PrincipalReview<'_>, index: usize, trimmed: Trimmed, shared: &Shared) -> Plan {
    let Trimmed { mut document, changes } = trimmed;
    let gone = document.statements.is_empty();
    let size_chars = if gone { 0 } else { quota::size(&document).bytes };
    let for_all = shared::key(review.principal, index).is_some_and(|key| shared.contains_key(&key));
    let step = step(review, index, size_chars, for_all);
    let quota_chars = size_limit(review, step);
    let packed = match step {
        _ if gone => Ok(Vec::new()),
        Step::CreateAndDetach => {
            document = in_current_version(document);
            // The one that is detached makes room for one more.
            let others = managed(review).saturating_sub(1);
            let room = Quota::ManagedPolicy.limit().documents_max.saturating_sub(others);
            quota::pack(&document, quota_chars, room).map_err(|why| why.to_string())
        }
        _ => {
            let limit = room(review, index, step);
            if size_chars <= limit {
                Ok(vec![document.clone()])
            } else {
                Err(format!("does not fit: {size_chars} characters, {limit} are left of the quota"))
            }
        }
    };
    let (documents, does_not_fit) = match packed {
        Ok(documents) => (documents, None),
        Err(why) => (vec![document], Some(why)),
    };
    Plan { policy: index, step, documents, changes, size_chars, quota_chars, does_not_fit }
}

fn proved(
    review: &PrincipalReview<'_>,
    plan: Plan,
    replay: &ReplayCounts,
    (choice, backtest): (Choice, &Arc<Backtest>),
) -> Recommendation {
    let old = review.policies.get(plan.policy).and_then(|policy| policy.policy.document.as_deref());
    let new: Vec<&PolicyDocument> = plan.documents.iter().collect();
    let containment = old.map_or_else(
        || Containment::Unknown("the old document is not in the snapshot".to_owned()),
        |old| selfcheck::contained(&new, old),
    );
    let kind = if plan.step == Step::PutInline { PolicyType::Inline } else { PolicyType::Managed };
    let invalid = old.and_then(|old| selfcheck::invalid(&new, old, kind));
    let proof = Proof { containment, replay: replay.clone(), invalid };
    let status = match (proof.failure(), plan.does_not_fit) {
        (Some(why), _) => Status::CheckFailed(why),
        (None, Some(why)) => Status::DoesNotFit(why),
        (None, None) => Status::Ready,
    };
    Recommendation {
        policy: plan.policy,
        step: plan.step,
        documents: if status == Status::Ready { plan.documents } else { Vec::new() },
        changes: plan.changes,
        size_chars: plan.size_chars,
        quota_chars: plan.quota_chars,
        choice,
        backtest: backtest.clone(),
        proof,
        status,
    }
}

/// How the change is made; `size_chars` is 0 when nothing is left, `for_all` when the policy is trimmed for
/// all of its holders.
fn step(review: &PrincipalReview<'_>, index: usize, size_chars: usize, for_all: bool) -> Step {
    let policy = review.policies.get(index).map(|policy| policy.policy);
    match policy.map(|policy| (&policy.source, policy.holders)) {
        _ if review.standing == Standing::PermissionSet => Step::UpdatePermissionSet,
        Some((PolicySource::Inline, _)) if size_chars == 0 => Step::DeleteInline,
        Some((PolicySource::Inline, _)) => Step::PutInline,
        _ if size_chars == 0 => Step::Detach,
        Some((PolicySource::CustomerManaged { .. }, holders))
            if (holders <= 1 || for_all) && size_chars <= Quota::ManagedPolicy.limit().characters_max =>
        {
            Step::NewVersion
        }
        _ => Step::CreateAndDetach,
    }
}

/// The permission set quota for its inline policy, in characters without white space (IAM Identity Center
/// user guide, quotas, 2025).
const PERMISSION_SET_INLINE_CHARS_MAX: usize = 32_768;

fn size_limit(review: &PrincipalReview<'_>, step: Step) -> usize {
    match (step, review.principal.kind) {
        (Step::UpdatePermissionSet, _) => PERMISSION_SET_INLINE_CHARS_MAX,
        (Step::PutInline | Step::DeleteInline, PrincipalType::Role) => {
            Quota::RoleInline.limit().characters_max
        }
        (Step::PutInline | Step::DeleteInline, PrincipalType::User) => {
            Quota::UserInline.limit().characters_max
        }
        (Step::PutInline | Step::DeleteInline, PrincipalType::Group) => {
            Quota::GroupInline.limit().characters_max
        }
        _ => Quota::ManagedPolicy.limit().characters_max,
    }
}

/// Inline policies share one quota: what the principal's others take of it, untrimmed.
fn inline_elsewhere(review: &PrincipalReview<'_>, index: usize, step: Step) -> usize {
    if step != Step::PutInline {
        return 0;
    }
    let others = review
        .policies
        .iter()
        .enumerate()
        .filter(|(at, one)| *at != index && one.policy.source == PolicySource::Inline);
    others
        .filter_map(|(_, one)| one.policy.document.as_deref())
        .map(|document| quota::size(document).bytes)
        .sum()
}

/// The characters that a policy may have when it is changed in this way.
fn room(review: &PrincipalReview<'_>, index: usize, step: Step) -> usize {
    size_limit(review, step).saturating_sub(inline_elsewhere(review, index, step))
}

/// Managed policies that are attached to the principal itself.
fn managed(review: &PrincipalReview<'_>) -> usize {
    let attached = |policy: &&crate::drift::PolicyReview<'_>| {
        matches!(policy.policy.source, PolicySource::CustomerManaged { .. } | PolicySource::AwsManaged { .. })
    };
    review.policies.iter().filter(attached).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_managed_policy_is_of_the_current_version() {
        let version = |text: &str| in_current_version(PolicyDocument::parse(text).unwrap()).version;
        assert_eq!(version(r#"{"Statement":[]}"#).as_deref(), Some("2012-10-17"));
        assert_eq!(version(r#"{"Version":"2008-10-17","Statement":[]}"#).as_deref(), Some("2012-10-17"));
        // In the old version `${` is text, in the new one a variable: not the same policy.
        let literal = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${a}"}]}"#;
        assert_eq!(version(literal).as_deref(), Some("2008-10-17"));
    }
}
