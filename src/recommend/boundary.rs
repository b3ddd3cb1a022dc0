//! A permissions boundary instead of trimmed policies: the policies stay, the boundary caps them at what is
//! needed. It can be taken away in one call, and nobody who edits the policies later gets past it.

use super::{Recommendation, Status};
use crate::drift::PrincipalReview;
use crate::drift::credit::{self, Replay};
use crate::grants::PrincipalType;
use crate::iam::compiled::CompiledPolicies;
use crate::iam::contain::{Containment, contain};
use crate::iam::evaluate::Decision;
use crate::iam::quota::{self, Quota};
use crate::iam::{Effect, PolicyDocument, Statement};
use crate::trail::outcome::Outcome;
use crate::usage::Basis;
use std::collections::BTreeSet;

/// A boundary for one principal, checked.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// The document: one managed policy.
    pub document: PolicyDocument,
    /// Distinct observed calls that it allows.
    pub allowed: usize,
    /// Those that it allows under conditions whose keys the logs do not carry, as the policies do.
    pub undecided: usize,
    /// Those whose resource is not in the log; the grants that they rest on are in it as they were.
    pub unknown_resource: usize,
}

/// The version of the policy language that new managed policies have.
const CURRENT_VERSION: &str = "2012-10-17";

/// The boundary that holds what is left of all policies of a principal, groups' included. Denials stay in
/// the policies, where they hold anyway. An error says why there is none.
///
/// With it the principal may do what its policies and the boundary both allow, so nothing new is allowed,
/// provided that it is contained in the boundary that it replaces. A boundary also caps what resource
/// policies give to a role, so calls that no identity policy explains must be allowed too.
pub fn boundary(
    review: &PrincipalReview<'_>,
    recommendations: &[Recommendation],
) -> Result<Boundary, String> {
    if review.principal.kind == PrincipalType::Group {
        return Err("a group has no boundary".to_owned());
    }
    if recommendations.is_empty() {
        return Err("nothing is removed".to_owned());
    }
    let mut statements = Vec::new();
    for (index, policy) in review.policies.iter().enumerate() {
        let old = policy.policy.document.as_deref().ok_or("the snapshot lacks one of its documents")?;
        let new = recommendations.iter().find(|one| one.policy == index && one.status == Status::Ready);
        match new {
            Some(new) => new.documents.iter().try_for_each(|one| add(&mut statements, one))?,
            None => add(&mut statements, old)?,
        }
    }
    let document = PolicyDocument {
        version: Some(CURRENT_VERSION.to_owned()),
        id: None,
        statements: named_apart(statements),
        single: false,
        unknown: Vec::new(),
    };
    let limit = Quota::ManagedPolicy.limit().characters_max;
    let size = quota::size(&document).bytes;
    if size > limit {
        return Err(format!("does not fit: {size} of {limit} characters, and a boundary is one policy"));
    }
    if let Some(present) = &review.principal.boundary {
        let present = present.document.as_deref().ok_or("its present boundary is not in the snapshot")?;
        if !matches!(contain(&[&document], &[present]), Containment::Proved { .. }) {
            return Err("it has a boundary already, and this one is not proved to be inside it".to_owned());
        }
    }
    replayed(review, document)
}

/// The Allow statements of a document. Two versions of the language cannot be one policy.
fn add(statements: &mut Vec<Statement>, document: &PolicyDocument) -> Result<(), String> {
    let old = document.version.as_deref() != Some(CURRENT_VERSION);
    if old && document.to_compact().contains("${") {
        return Err("one of its policies is of the old version, in which `${` is text".to_owned());
    }
    let allows = document.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    statements.extend(allows.cloned());
    Ok(())
}

/// Sids are unique in a document: the second of two equal ones goes.
fn named_apart(mut statements: Vec<Statement>) -> Vec<Statement> {
    let mut seen = BTreeSet::new();
    for statement in &mut statements {
        if statement.sid.as_ref().is_some_and(|sid| !seen.insert(sid.clone())) {
            statement.sid = None;
        }
    }
    statements
}

fn replayed(review: &PrincipalReview<'_>, document: PolicyDocument) -> Result<Boundary, String> {
    let old: Vec<&PolicyDocument> =
        review.policies.iter().filter_map(|policy| policy.policy.document.as_deref()).collect();
    let (before, cap) = (CompiledPolicies::new(&old), CompiledPolicies::new(&[&document]));
    let (mut allowed, mut undecided, mut unknown_resource) = (0, 0, 0);
    for row in review.usage.into_iter().flat_map(credit::uses) {
        if row.call.outcome != Outcome::Authorized || row.call.basis == Basis::Secondary {
            continue;
        }
        let Some(replay) = Replay::new(review.principal, row) else { continue };
        let Some(request) = replay.request() else {
            unknown_resource += 1;
            continue;
        };
        match (before.evaluate(&request).decision, cap.evaluate(&request).decision) {
            (_, Decision::Allowed) => allowed += 1,
            (Decision::Depends(_), Decision::Depends(_)) => undecided += 1,
            _ => return Err(format!("{} on {} would be refused", row.call.action.0, request.resource)),
        }
    }
    Ok(Boundary { document, allowed, undecided, unknown_resource })
}
