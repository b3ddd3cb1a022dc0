//! Trimmed policies: the old statements intersected with the verdicts, checked before they are shown.

pub mod narrow;
pub mod selfcheck;
pub mod trim;

pub use selfcheck::{Proof, ReplayCounts};
pub use trim::{StatementChange, Trimmed};

use crate::drift::{PrincipalReview, Standing};
use crate::grants::{PolicySource, PrincipalType};
use crate::iam::PolicyDocument;
use crate::iam::contain::Containment;
use crate::iam::quota;

/// A proposed change of one policy of one principal.
#[derive(Debug)]
pub struct Recommendation {
    /// Which policy, as an index into the principal's policies.
    pub policy: usize,
    /// How the change is made.
    pub step: Step,
    /// The trimmed document; `None` when nothing of the policy is left.
    pub document: Option<PolicyDocument>,
    /// What changed, one for each statement of the old document.
    pub changes: Vec<StatementChange>,
    /// Characters of the document without white space, as IAM counts them.
    pub size_chars: usize,
    /// The limit that applies to it.
    pub quota_chars: usize,
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
    /// A new default version of a customer managed policy that nobody else holds.
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
    /// Larger than IAM accepts.
    DoesNotFit,
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
pub fn recommend(review: &PrincipalReview<'_>) -> Vec<Recommendation> {
    if matches!(review.standing, Standing::ServiceLinked | Standing::Unused) || review.protected.is_some() {
        return Vec::new();
    }
    let trimmed: Vec<(usize, Trimmed)> = review
        .policies
        .iter()
        .enumerate()
        .filter(|(_, policy)| !matches!(policy.policy.source, PolicySource::Group { .. }))
        .filter_map(|(index, policy)| Some((index, trim::trim(policy)?)))
        .collect();
    if trimmed.is_empty() {
        return Vec::new();
    }
    let replay = selfcheck::replay(review, &trimmed);
    trimmed.into_iter().map(|(index, trimmed)| checked(review, index, trimmed, &replay)).collect()
}

fn checked(
    review: &PrincipalReview<'_>,
    index: usize,
    trimmed: Trimmed,
    replay: &ReplayCounts,
) -> Recommendation {
    let policy = review.policies.get(index).map(|policy| policy.policy);
    let old = policy.and_then(|policy| policy.document.as_deref());
    let gone = trimmed.document.statements.is_empty();
    let step = match policy.map(|policy| (&policy.source, policy.holders)) {
        _ if review.standing == Standing::PermissionSet => Step::UpdatePermissionSet,
        Some((PolicySource::Inline, _)) if gone => Step::DeleteInline,
        Some((PolicySource::Inline, _)) => Step::PutInline,
        _ if gone => Step::Detach,
        Some((PolicySource::CustomerManaged { .. }, 0..=1)) => Step::NewVersion,
        _ => Step::CreateAndDetach,
    };
    let quota_chars = match (step, review.principal.kind) {
        (Step::PutInline | Step::DeleteInline, PrincipalType::Role) => quota::INLINE_ROLE_CHARS_MAX,
        (Step::PutInline | Step::DeleteInline, PrincipalType::User) => quota::INLINE_USER_CHARS_MAX,
        (Step::UpdatePermissionSet, _) => quota::PERMISSION_SET_INLINE_CHARS_MAX,
        _ => quota::MANAGED_CHARS_MAX,
    };
    let size_chars = if gone { 0 } else { quota::size_chars(&trimmed.document) };
    let proof = Proof {
        containment: old.map_or_else(
            || Containment::Unknown("the old document is not in the snapshot".to_owned()),
            |old| selfcheck::contained(&trimmed.document, old),
        ),
        replay: replay.clone(),
    };
    let status = match proof.failure() {
        Some(why) => Status::CheckFailed(why),
        None if size_chars > quota_chars => Status::DoesNotFit,
        None => Status::Ready,
    };
    Recommendation {
        policy: index,
        step,
        document: (!gone).then_some(trimmed.document),
        changes: trimmed.changes,
        size_chars,
        quota_chars,
        proof,
        status,
    }
}
