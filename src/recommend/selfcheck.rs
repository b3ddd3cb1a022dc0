//! The recommender doubts itself: every distinct call is replayed against the new policies, and the new
//! document must be contained in the old one. What fails is not recommended.

use crate::drift::PrincipalReview;
use crate::drift::credit::{self, Replay};
use crate::iam::PolicyDocument;
use crate::iam::compiled::CompiledPolicies;
use crate::iam::contain::{self, Containment};
use crate::iam::evaluate::{self, Decision, Request};
use crate::iam::validate::{self, Finding, PolicyType, Severity};
use crate::trail::outcome::Outcome;
use crate::usage::Basis;
use std::collections::{BTreeMap, BTreeSet};

/// The proofs of one recommendation.
#[derive(Clone, Debug)]
pub struct Proof {
    /// New ⊆ old, for this policy.
    pub containment: Containment,
    /// Every distinct authorized call of the principal against all of its new policies.
    pub replay: ReplayCounts,
    /// The first rule of AWS's that a new document breaks and the old one does not.
    pub invalid: Option<String>,
}

/// How the replay ended, in distinct calls (action × resource × circumstances), not in events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayCounts {
    /// Allowed before and allowed now.
    pub allowed: usize,
    /// Allowed by the old policies under conditions whose keys the logs do not carry, and still so.
    pub undecided: usize,
    /// The resource is not in the log; the grant it rests on kept its scope.
    pub unknown_resource: usize,
    /// Not allowed by the old policies either: a resource policy, or the policy has changed.
    pub unexplained: usize,
    /// Allowed before and not now, as `action on resource`.
    pub broken: Vec<String>,
    /// What left calls undecided: condition keys and reasons, with the number of calls.
    pub undecided_because: BTreeMap<String, usize>,
    /// Disputed points of the policy language: read the other way, a call would be decided otherwise.
    pub rests_on: BTreeSet<&'static str>,
}

impl Proof {
    /// Why the recommendation must not be shown, if there is a reason.
    pub fn failure(&self) -> Option<String> {
        if let Some(first) = self.replay.broken.first() {
            return Some(format!(
                "{} observed calls would be refused, the first is {first}",
                self.replay.broken.len()
            ));
        }
        if let Some(rule) = &self.invalid {
            return Some(format!("AWS would not accept the trimmed policy: {rule}"));
        }
        match &self.containment {
            Containment::Proved { .. } => None,
            Containment::Refuted(_) => Some("the trimmed policy would allow something new".to_owned()),
            Containment::Unknown(why) => Some(format!("containment in the old policy is not proved: {why}")),
        }
    }
}

/// New ⊆ old, where new may be several documents that hold together. No document allows nothing, which
/// any policy contains.
pub fn contained(new: &[&PolicyDocument], old: &PolicyDocument) -> Containment {
    if new.is_empty() {
        return Containment::Proved { tier: 0 };
    }
    contain::contain(new, &[old])
}

/// The first error of the new documents that the old one does not have too: what AWS stored once, it
/// accepts, whatever the rules that are known here say.
pub fn invalid(new: &[&PolicyDocument], old: &PolicyDocument, kind: PolicyType) -> Option<String> {
    let errors = |document: &PolicyDocument| -> Vec<Finding> {
        let all = validate::validate_document(document, kind);
        all.into_iter().filter(|finding| finding.severity == Severity::Error).collect()
    };
    let known = errors(old);
    let same = |a: &Finding, b: &Finding| (&a.element, &a.value, &a.why) == (&b.element, &b.value, &b.why);
    let fresh = |finding: &Finding| !known.iter().any(|old| same(old, finding));
    new.iter().flat_map(|document| errors(document)).find(fresh).map(|finding| finding.to_string())
}

/// How far a document allows a request: 0 not, 1 under conditions whose keys are not known, 2 certainly.
pub fn rank(request: &Request<'_>, document: &PolicyDocument) -> u8 {
    match evaluate::evaluate_identity(request, &[document]).decision {
        Decision::Allowed => 2,
        Decision::Depends(_) => 1,
        Decision::ExplicitlyDenied | Decision::ImplicitlyDenied => 0,
    }
}

/// Replays every distinct authorized call of the principal against its policies with the new ones in place.
/// `replaced` gives the new documents of a policy, by its index; `None` for one that stays.
pub fn replay<'d>(
    review: &'d PrincipalReview<'_>,
    replaced: impl Fn(usize) -> Option<&'d [PolicyDocument]>,
) -> ReplayCounts {
    let held = review.policies.iter().map(|policy| policy.policy.document.as_deref());
    let old: Vec<&PolicyDocument> = held.clone().flatten().collect();
    let mut new: Vec<&PolicyDocument> = Vec::new();
    for (index, document) in held.enumerate() {
        match replaced(index) {
            Some(documents) => new.extend(documents),
            None => new.extend(document),
        }
    }
    let (old, new) = (CompiledPolicies::new(&old), CompiledPolicies::new(&new));
    let mut counts = ReplayCounts::default();
    for row in review.usage.into_iter().flat_map(credit::uses) {
        if row.call.outcome != Outcome::Authorized || row.call.basis == Basis::Secondary {
            continue;
        }
        let Some(replay) = Replay::new(review.principal, row) else { continue };
        let Some(request) = replay.request() else {
            counts.unknown_resource += 1;
            continue;
        };
        let before = old.decide(&request);
        let now = new.evaluate(&request);
        counts.rests_on.extend(now.rests_on);
        match (before, now.decision) {
            (Decision::Allowed, Decision::Allowed) => counts.allowed += 1,
            (Decision::Depends(reasons), Decision::Allowed | Decision::Depends(_)) => {
                counts.undecided += 1;
                for reason in reasons {
                    *counts.undecided_because.entry(reason).or_default() += 1;
                }
            }
            (Decision::Allowed | Decision::Depends(_), _) => {
                counts.broken.push(format!("{} on {}", row.call.action.0, request.resource));
            }
            (Decision::ExplicitlyDenied | Decision::ImplicitlyDenied, _) => counts.unexplained += 1,
        }
    }
    counts
}
