//! Granted against used: a verdict for every grant of every principal.
//!
//! Only *unused* is ever removable: what the logs would have shown and did not. Everything that the logs
//! cannot show, that another use implies, or that is protected, is kept and says why.

pub mod credit;
pub mod escalation;
pub mod finding;
pub mod needs;
pub mod observability;
pub mod persona;
pub mod protection;
pub mod resolve;
pub mod together;
pub mod trust;
pub mod verdict;

pub use finding::{Finding, FindingKind, Severity};
pub use needs::Implied;
pub use persona::Personas;
use protection::Protection;

pub use observability::{Observability, Visible};
pub use verdict::{ActionReview, GrantReview, PolicyReview, StatementReview, Verdict};

use crate::grants::{Exclusions, GrantedPrincipal, LastUsed, PrincipalType, Snapshot};
use crate::iam::PolicyDocument;
use crate::iam::reach::{Examples, Reach};
use crate::time::{Day, Timestamp};
use crate::trail::identity::PrincipalKind;
use crate::usage::{PrincipalKey, PrincipalUsage, Usage};
use std::collections::{BTreeMap, BTreeSet};

/// What the comparison needs besides the logs and the snapshot.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The end of the window: the time of the last event, or the end that the user asked for.
    pub window_end: Timestamp,
    /// The start of the window.
    pub window_start: Timestamp,
    /// A principal younger than this at the end of the window is protected, in days.
    pub age_days_min: u32,
    /// What was granted less than this before the end of the window is protected, in days.
    pub grace_days: u32,
    /// What must not be trimmed.
    pub exclusions: Exclusions,
    /// The present day, on which exclusions are over or not.
    pub today: Day,
}

/// One principal, compared.
#[derive(Debug)]
pub struct PrincipalReview<'a> {
    /// Who.
    pub principal: &'a GrantedPrincipal,
    /// What it did; `None` when no event is its.
    pub usage: Option<&'a PrincipalUsage>,
    /// Other identities that had the same ARN: earlier, deleted roles of this name.
    pub namesakes: Vec<(&'a PrincipalKey, &'a PrincipalUsage)>,
    /// How it can be changed.
    pub standing: Standing,
    /// Why it is left as it is as a whole, if it is: for emergencies, excluded, too young to be judged.
    pub protected: Option<String>,
    /// The exclusions that fit it or something of it, as indices into the file's entries.
    pub exclusions: BTreeSet<usize>,
    /// One for each policy of the principal, in the same order.
    pub policies: Vec<PolicyReview<'a>>,
    /// The principals that its trust policy names, and who of them assumed it.
    pub trusted: Vec<trust::Trusted<'a>>,
    /// Everybody who assumed it, or may have.
    pub assumers: Vec<trust::Assumer<'a>>,
    /// Ways to more permissions that its policies leave open.
    pub ways: Vec<escalation::OpenWay>,
    /// What it is to SageMaker.
    pub personas: Personas,
    /// Authorized calls that no policy of the snapshot explains.
    pub unexplained: Vec<credit::Use<'a>>,
    /// What the verdicts rest on.
    pub inputs: verdict::Inputs<'a, 'a>,
}

/// What may be done with a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// An ordinary role or user.
    Editable,
    /// IAM's own record and the logs agree that it was not used at all in the window, nor assumed.
    Unused,
    /// Its policies are those of an Identity Center permission set and are changed there.
    PermissionSet,
    /// A service-linked role: its policy belongs to the service.
    ServiceLinked,
}

impl Standing {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Editable => "editable",
            Self::Unused => "unused",
            Self::PermissionSet => "permission_set",
            Self::ServiceLinked => "service_linked",
        }
    }
}

/// The summary, with the identities that each ARN had.
#[derive(Debug)]
pub struct UsageIndex<'a> {
    usage: &'a Usage,
    groups: Option<&'a GroupUsage>,
    by_arn: BTreeMap<&'a str, Vec<(&'a PrincipalKey, &'a PrincipalUsage)>>,
    assumptions: trust::Assumptions<'a>,
    needs: needs::NeedsIndex<'a>,
    handed: persona::HandedOver<'a>,
}

impl<'a> UsageIndex<'a> {
    /// Indexes a summary.
    pub fn new(usage: &'a Usage) -> Self {
        let mut by_arn: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (key, principal) in &usage.principals {
            for arn in &principal.arns {
                by_arn.entry(arn).or_default().push((key, principal));
            }
        }
        Self {
            usage,
            groups: None,
            by_arn,
            assumptions: trust::Assumptions::new(usage),
            needs: needs::NeedsIndex::new(usage),
            handed: persona::HandedOver::new(usage),
        }
    }

    /// With what the members of groups did.
    #[must_use]
    pub fn with_groups(self, groups: &'a GroupUsage) -> Self {
        Self { groups: Some(groups), ..self }
    }

    fn of(&self, principal: &GrantedPrincipal, key: &PrincipalKey) -> Option<&'a PrincipalUsage> {
        match principal.kind {
            PrincipalType::Group => self.groups?.get(principal.arn.as_str()),
            PrincipalType::Role | PrincipalType::User => self.usage.principals.get(key),
        }
    }
}

/// What the members of each group did together, by the group's ARN.
pub type GroupUsage = BTreeMap<String, PrincipalUsage>;

/// Adds up what the members of groups did.
pub fn group_usage(usage: &Usage, snapshot: &Snapshot) -> GroupUsage {
    let mut all = GroupUsage::new();
    for (arn, members) in &snapshot.members {
        let account = crate::iam::arn::split(arn).map_or("", |parts| parts.account);
        for id in members {
            let key = PrincipalKey { kind: PrincipalKind::User, account: account.to_owned(), id: id.clone() };
            if let Some(found) = usage.principals.get(&key) {
                all.entry(arn.clone()).or_default().add(found.clone());
            }
        }
    }
    all
}

/// Compares one principal. One at a time, because the verdicts on every action of a few hundred
/// administrators need not be in memory together.
pub fn review_principal<'a>(
    principal: &'a GrantedPrincipal,
    index: &UsageIndex<'a>,
    observability: &'a Observability,
    settings: &'a Settings,
) -> PrincipalReview<'a> {
    let key = own_key(principal);
    let usage = index.of(principal, &key);
    let same_arn = index.by_arn.get(principal.arn.as_str()).into_iter().flatten();
    let namesakes = same_arn.filter(|(other, _)| **other != key).copied().collect();
    let covered = observability.covers_account(principal.account);
    let needs = index.needs.of(principal);
    let protection = Protection::of(principal, &index.usage.grant_changes, settings);
    let assumed = index.assumptions.names(principal.arn.as_str());
    let judged = covered && !assumed && protection.is_empty();
    // A role that a model or job names is meant to be used, whatever the silence.
    let standing = match standing(principal, usage, judged, settings) {
        Standing::Unused if !needs.is_empty() => Standing::Editable,
        standing => standing,
    };
    let implied = needs::implied(principal, &needs, usage, observability, settings.window_end);
    let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
    let unreadable = needs::unreadable(index.usage, &account);
    let inputs =
        verdict::Inputs { principal, usage, standing, protection, observability, implied, unreadable };
    let (policies, mut unexplained) = verdict::review_policies(&inputs);
    if principal.kind == PrincipalType::Group {
        // The members' own policies and other groups explain the rest.
        unexplained.clear();
    }
    let protected = inputs.protection.whole.as_ref().map(ToString::to_string);
    let exclusions = inputs.protection.exclusions.clone();
    let trusted = trust::review(principal, index, observability, settings);
    let assumers = match principal.kind {
        PrincipalType::Role => index.assumptions.of(principal.arn.as_str()).into_iter().cloned().collect(),
        PrincipalType::User | PrincipalType::Group => Vec::new(),
    };
    let mut review = PrincipalReview {
        principal,
        usage,
        namesakes,
        standing,
        protected,
        exclusions,
        policies,
        trusted,
        assumers,
        ways: open_ways(principal),
        personas: Personas::default(),
        unexplained,
        inputs,
    };
    review.personas = persona::personas(&review, &index.handed);
    review
}

/// Ways to more permissions that the policies leave open.
fn open_ways(principal: &GrantedPrincipal) -> Vec<escalation::OpenWay> {
    let policies: Vec<&PolicyDocument> =
        principal.policies.iter().filter_map(|policy| policy.document.as_deref()).collect();
    let boundary = principal.boundary.as_ref().and_then(|boundary| boundary.document.as_deref());
    let examples = Examples::of(&policies.iter().copied().chain(boundary).collect::<Vec<_>>());
    escalation::open(&Reach::new(&principal.arn, &policies, boundary, &examples))
}

/// The identity under which the principal's own events are filed.
pub fn own_key(principal: &GrantedPrincipal) -> PrincipalKey {
    let kind = match principal.kind {
        PrincipalType::Role if is_service_linked(principal) => PrincipalKind::ServiceLinkedRole,
        PrincipalType::Role => PrincipalKind::Role,
        PrincipalType::User | PrincipalType::Group => PrincipalKind::User,
    };
    let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
    PrincipalKey { kind, account, id: principal.id.clone() }
}

fn is_service_linked(principal: &GrantedPrincipal) -> bool {
    principal.path.starts_with("/aws-service-role/")
}

fn standing(
    principal: &GrantedPrincipal,
    usage: Option<&PrincipalUsage>,
    judged: bool,
    settings: &Settings,
) -> Standing {
    if is_service_linked(principal) {
        return Standing::ServiceLinked;
    }
    let silent_in_iam = match &principal.last_used {
        LastUsed::Never => true,
        LastUsed::At { time, .. } => *time < settings.window_start,
        LastUsed::NotInSnapshot => false,
    };
    if usage.is_none() && judged && silent_in_iam {
        return Standing::Unused;
    }
    if principal.path.starts_with("/aws-reserved/sso.amazonaws.com/") {
        return Standing::PermissionSet;
    }
    Standing::Editable
}
