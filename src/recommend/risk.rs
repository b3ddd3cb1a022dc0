//! Risk in points, before and after what is recommended. `docs/RISK.md` publishes the formula:
//!
//! ```text
//! exposure   = Σ over granted actions: level × breadth
//! escalation = 4 + Σ over open ways to more permissions: breadth
//! risk       = exposure × escalation ÷ 4, rounded down
//! ```
//!
//! level: list 1, read 2, tagging 2, write 4, permissions management 8. breadth: named resources 1, a
//! family 2, any 4. Every part is a sum of what is allowed, so fewer permissions never raise the risk.
//! It describes; it decides nothing.

use super::{Recommendation, Status};
use crate::drift::escalation::{self, OpenWay};
use crate::drift::{PrincipalReview, Standing};
use crate::iam::PolicyDocument;
use crate::iam::reach::{self, Breadth, Examples, Reach};
use crate::iam::reference::AccessLevel;
use std::ops::AddAssign;

/// The points of one principal's policies, and the sums that they come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// The product.
    pub points: u64,
    /// Granted actions, weighed by level and breadth.
    pub exposure: u64,
    /// How many ways to more permissions are open.
    pub ways: usize,
}

/// Risk before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// With the policies as they are.
    pub before: Risk,
    /// With what is recommended; the same where nothing is.
    pub after: Risk,
}

impl AddAssign for Comparison {
    fn add_assign(&mut self, other: Self) {
        for (sum, part) in [(&mut self.before, other.before), (&mut self.after, other.after)] {
            sum.points += part.points;
            sum.exposure += part.exposure;
            sum.ways += part.ways;
        }
    }
}

/// Compares the policies of a principal with what is recommended for them. A principal that was not used
/// at all is recommended to be deleted. Both sides are asked about the same examples.
pub fn compare(review: &PrincipalReview<'_>, recommendations: &[Recommendation]) -> Comparison {
    let held = review.policies.iter().map(|policy| policy.policy.document.as_deref());
    let old: Vec<&PolicyDocument> = held.clone().flatten().collect();
    let mut new: Vec<&PolicyDocument> = Vec::new();
    for (index, document) in held.enumerate() {
        let ready = |one: &&Recommendation| one.policy == index && one.status == Status::Ready;
        match recommendations.iter().find(ready) {
            Some(recommendation) => new.extend(&recommendation.documents),
            None => new.extend(document),
        }
    }
    let boundary = review.principal.boundary.as_ref().and_then(|boundary| boundary.document.as_deref());
    let all: Vec<&PolicyDocument> = old.iter().chain(&new).copied().chain(boundary).collect();
    let examples = Examples::of(&all);
    let risk = |documents: &[&PolicyDocument]| {
        let reach = Reach::new(&review.principal.arn, documents, boundary, &examples);
        risk(documents, &reach)
    };
    let before = risk(&old);
    let after = match review.standing {
        Standing::Unused => Risk::default(),
        _ if recommendations.iter().any(|one| one.status == Status::Ready) => risk(&new),
        _ => before,
    };
    Comparison { before, after }
}

/// The risk of documents whose reach is known.
pub fn risk(documents: &[&PolicyDocument], reach: &Reach<'_>) -> Risk {
    let actions = reach::named(documents).into_iter();
    let exposure = actions.map(|action| level(action.level) * weight(reach.breadth(action, None))).sum();
    let open: Vec<OpenWay> = escalation::open(reach);
    let escalation = 4 + open.iter().map(|one| weight(one.breadth)).sum::<u64>();
    Risk { points: exposure * escalation / 4, exposure, ways: open.len() }
}

fn level(level: AccessLevel) -> u64 {
    match level {
        AccessLevel::List => 1,
        AccessLevel::Read | AccessLevel::Tagging => 2,
        AccessLevel::Write => 4,
        AccessLevel::PermissionsManagement => 8,
    }
}

fn weight(breadth: Breadth) -> u64 {
    match breadth {
        Breadth::None => 0,
        Breadth::Named => 1,
        Breadth::Family => 2,
        Breadth::Any => 4,
    }
}
