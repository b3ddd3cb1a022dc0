//! What changed between two sets of policies, cell by cell.

use crate::iam::contain::cover::Rule;
use crate::iam::contain::signature::Budget;
use crate::iam::contain::{Containment, STEPS_MAX, Witness, contain_within};
use crate::iam::policy::{Effect, Matcher, Patterns, PolicyDocument, Statement};

/// How a cell changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing of the new cell was allowed before.
    Added,
    /// Nothing of the old cell is allowed any more.
    Removed,
    /// Part of the old cell is not allowed any more.
    Narrowed,
    /// Part of the new cell was not allowed before.
    Widened,
    /// The cell may allow more (if it is a new one) or less (if it is an old one); nobody could tell.
    Undecided,
}

/// Where a cell comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A statement of the old policies.
    Old,
    /// A statement of the new policies.
    New,
}

/// One action pattern and one resource pattern of an Allow statement whose meaning changed. Statements
/// with `NotAction` or `NotResource` have those lists as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// How.
    pub change: Change,
    /// Which policies the statement belongs to.
    pub side: Side,
    /// The document, from 0.
    pub policy: usize,
    /// The statement, from 0.
    pub statement: usize,
    /// The cell's `Action` or `NotAction`.
    pub action: Matcher,
    /// The cell's `Resource` or `NotResource`, if the statement has one.
    pub resource: Option<Matcher>,
    /// A request that one side allows and the other does not.
    pub witness: Option<Witness>,
    /// Why the cell is [`Change::Undecided`].
    pub reason: Option<String>,
}

/// The most cells that a comparison looks at, on each side.
const CELLS_MAX: usize = 10_000;

/// Lists the cells of `new` that allow more than `old` does, and those of `old` that allow more than
/// `new`. An empty list means that both allow the same. `None`: more than 10,000 cells on one side.
pub fn diff(new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Option<Vec<Difference>> {
    let budget = Budget::new(3 * STEPS_MAX);
    let mut found = compare(Side::Old, (old, new), &budget)?;
    found.extend(compare(Side::New, (new, old), &budget)?);
    Some(found)
}

/// The cells of `documents` that allow more than `others`.
fn compare(
    side: Side,
    (documents, others): (&[&PolicyDocument], &[&PolicyDocument]),
    budget: &Budget,
) -> Option<Vec<Difference>> {
    let mut found = Vec::new();
    if matches!(contain_within(documents, others, budget), Containment::Proved { .. }) {
        return Some(found);
    }
    let allows = |statement: &&Statement| statement.effect == Effect::Allow;
    let statements = documents.iter().flat_map(|document| &document.statements).filter(allows);
    if statements.map(cell_count).fold(0, usize::saturating_add) > CELLS_MAX {
        return None;
    }
    let other_allows = Rule::all(others, Effect::Allow);
    let denials = denials(documents);
    for (policy, document) in documents.iter().enumerate() {
        for (index, statement) in document.statements.iter().enumerate() {
            if statement.effect != Effect::Allow {
                continue;
            }
            for (action, resource) in cells(statement) {
                let one = cell_policy(document, statement, (&action, resource.as_ref()));
                let all: Vec<&PolicyDocument> = denials.iter().chain([&one]).collect();
                let (change, witness, reason) = match contain_within(&all, others, budget) {
                    Containment::Proved { .. } => continue,
                    Containment::Unknown(reason) => (Change::Undecided, None, Some(reason)),
                    Containment::Refuted(witness) => {
                        let cell = Rule::all(&[&one], Effect::Allow);
                        let met =
                            cell.iter().any(|rule| other_allows.iter().any(|other| other.may_meet(rule)));
                        let change = match (side, met) {
                            (Side::New, true) => Change::Widened,
                            (Side::New, false) => Change::Added,
                            (Side::Old, true) => Change::Narrowed,
                            (Side::Old, false) => Change::Removed,
                        };
                        (change, Some(witness), None)
                    }
                };
                found.push(Difference {
                    change,
                    side,
                    policy,
                    statement: index,
                    action,
                    resource,
                    witness,
                    reason,
                });
            }
        }
    }
    Some(found)
}

/// How many [`cells`] a statement has.
fn cell_count(statement: &Statement) -> usize {
    let count = |element: &Matcher| if element.negated { 1 } else { element.patterns.values.len() };
    statement.action.as_ref().map_or(0, count).saturating_mul(statement.resource.as_ref().map_or(1, count))
}

/// Every pair of an action and a resource pattern.
fn cells(statement: &Statement) -> Vec<(Matcher, Option<Matcher>)> {
    let actions = statement.action.iter().flat_map(split);
    actions
        .flat_map(|action| match &statement.resource {
            None => vec![(action, None)],
            Some(resource) => split(resource).into_iter().map(|one| (action.clone(), Some(one))).collect(),
        })
        .collect()
}

fn split(element: &Matcher) -> Vec<Matcher> {
    if element.negated {
        return vec![element.clone()];
    }
    let one = |value: &String| Matcher {
        negated: false,
        patterns: Patterns { values: vec![value.clone()], scalar: true },
    };
    element.patterns.values.iter().map(one).collect()
}

fn cell_policy(
    document: &PolicyDocument,
    statement: &Statement,
    (action, resource): (&Matcher, Option<&Matcher>),
) -> PolicyDocument {
    let cell = Statement { action: Some(action.clone()), resource: resource.cloned(), ..statement.clone() };
    with_statements(document, vec![cell])
}

/// A document of the same version with other statements.
fn with_statements(document: &PolicyDocument, statements: Vec<Statement>) -> PolicyDocument {
    let (version, single) = (document.version.clone(), false);
    PolicyDocument { version, id: None, statements, single, unknown: Vec::new() }
}

/// The documents without what they allow.
fn denials(documents: &[&PolicyDocument]) -> Vec<PolicyDocument> {
    documents
        .iter()
        .map(|document| {
            let denies = |statement: &&Statement| statement.effect == Effect::Deny;
            with_statements(document, document.statements.iter().filter(denies).cloned().collect())
        })
        .filter(|document| !document.statements.is_empty())
        .collect()
}
