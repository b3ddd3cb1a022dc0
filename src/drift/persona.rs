//! What a principal is to SageMaker (`data/personas.tsv`): seen from the operations that its role was handed
//! over with and from its own calls, beside what AWS documents as enough for that.

use super::{PrincipalReview, Verdict};
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::{Statement, table};
use crate::trail::outcome::Outcome;
use crate::usage::{ActionRef, Basis, PrincipalUsage, Resource, Stats, Usage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static TABLE: &str = include_str!("../../data/personas.tsv");

/// The host of the operations in the table.
const SAGEMAKER: &str = "sagemaker.amazonaws.com";

/// One row of the table: the persona, what the row says, its values, where these apply.
type Row = (&'static str, &'static str, Vec<&'static str>, &'static str);

/// A use of a principal that the logs show.
#[derive(Clone, Debug)]
pub struct Persona {
    /// Its name in the table.
    pub name: &'static str,
    /// The same in words: `runs training jobs`.
    pub title: &'static str,
    /// What shows it: operations that handed the role over, or calls of the principal, with their events.
    pub because: BTreeMap<String, Stats>,
    /// What AWS documents as enough for it, in the order of the table.
    pub minimum: Vec<Minimum>,
    /// Condition keys that limit what can be done with it.
    pub guardrails: Vec<Guardrail>,
}

/// One action of the documented minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minimum {
    /// The action.
    pub action: ActionRef,
    /// When it is needed: `always`, `vpc` (jobs in a VPC), `keys` (customer managed keys), `capture` (data
    /// capture, asynchronous output).
    pub when: &'static str,
    /// The strongest verdict on it in any statement that allows it; `None` when no policy does.
    pub verdict: Option<Verdict>,
}

/// One condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guardrail {
    /// The key.
    pub key: &'static str,
    /// It limits whoever starts the jobs, in that principal's policies; otherwise the principal itself.
    pub on_caller: bool,
    /// Some statement of the principal's own policies has a condition on it.
    pub present: bool,
}

/// All personas of one principal.
#[derive(Clone, Debug, Default)]
pub struct Personas {
    /// In the order of the table.
    pub list: Vec<Persona>,
    /// Granted actions that are in none of their minimums, by verdict in the order of [`Verdict::ALL`].
    pub beyond: [usize; 5],
}

/// Which roles were handed to SageMaker, with which operations: by ARN.
#[derive(Debug, Default)]
pub struct HandedOver<'a>(BTreeMap<&'a str, BTreeMap<&'a str, Stats>>);

impl<'a> HandedOver<'a> {
    /// Gathers them from the summary; calls that were refused handed nothing over.
    pub fn new(usage: &'a Usage) -> Self {
        let mut found = Self::default();
        let calls = usage.principals.values().flat_map(|principal| &principal.calls);
        for (call, resources) in calls {
            let (source, name) = &call.event;
            if call.basis != Basis::PassedRole || source != SAGEMAKER || call.outcome != Outcome::Authorized {
                continue;
            }
            for (resource, stats) in resources {
                if let Resource::Arn(role) = resource {
                    found.0.entry(&role.arn).or_default().entry(name).or_default().merge(stats);
                }
            }
        }
        found
    }
}

/// The personas of a principal.
pub fn personas(review: &PrincipalReview<'_>, handed: &HandedOver<'_>) -> Personas {
    let granted: BTreeMap<ActionRef, Verdict> = review.strongest().into_iter().collect();
    let mut list: Vec<Persona> = Vec::new();
    for name in names() {
        let because = because(name, review, handed);
        if !because.is_empty() {
            list.push(persona(name, because, review, &granted));
        }
    }
    let mut beyond = [0; 5];
    if !list.is_empty() {
        let enough: BTreeSet<ActionRef> =
            list.iter().flat_map(|one| &one.minimum).map(|one| one.action).collect();
        for (action, verdict) in &granted {
            let place = Verdict::ALL.iter().position(|one| one == verdict);
            if let Some(count) = place.and_then(|at| beyond.get_mut(at))
                && !enough.contains(action)
            {
                *count += 1;
            }
        }
    }
    Personas { list, beyond }
}

/// What in the logs shows a persona.
fn because(persona: &str, review: &PrincipalReview<'_>, handed: &HandedOver<'_>) -> BTreeMap<String, Stats> {
    let mut found: BTreeMap<String, Stats> = BTreeMap::new();
    let own = handed.0.get(review.principal.arn.as_str());
    let born = review.principal.created;
    for (name, stats) in own.into_iter().flatten() {
        // What an earlier role of the same name was for says nothing of this one.
        let is_own = born.is_none_or(|born| stats.span.is_some_and(|(_, last)| last >= born));
        if is_own && values(persona, "handed_by").any(|one| one == *name) {
            found.insert((*name).to_owned(), stats.clone());
        }
    }
    for action in values(persona, "calls").filter_map(|name| reference().action_named(name)) {
        let calls = review.usage.into_iter().flat_map(|usage| calls_of(usage, action));
        for stats in calls {
            found.entry(action.to_string()).or_default().merge(stats);
        }
    }
    found
}

fn calls_of<'u>(usage: &'u PrincipalUsage, action: &'static ActionInfo) -> impl Iterator<Item = &'u Stats> {
    let of = usage.calls_with(Outcome::Authorized).filter(move |(call, _)| call.action == ActionRef(action));
    of.flat_map(|(_, resources)| resources.values())
}

fn persona(
    name: &'static str,
    because: BTreeMap<String, Stats>,
    review: &PrincipalReview<'_>,
    granted: &BTreeMap<ActionRef, Verdict>,
) -> Persona {
    let mut minimum = Vec::new();
    let mut guardrails = Vec::new();
    for (_, row, values, place) in rows().iter().filter(|(persona, ..)| *persona == name) {
        match *row {
            "minimum" => minimum.extend(values.iter().filter_map(|one| {
                let action = ActionRef(reference().action_named(one)?);
                Some(Minimum { action, when: place, verdict: granted.get(&action).copied() })
            })),
            "guardrail" => guardrails.extend(values.iter().map(|key| Guardrail {
                key,
                on_caller: *place == "caller",
                present: speaks_of(review, key),
            })),
            _ => {}
        }
    }
    let title = values(name, "title").next().unwrap_or_default();
    Persona { name, title, because, minimum, guardrails }
}

/// Does some statement of the principal's policies have a condition on the key?
fn speaks_of(review: &PrincipalReview<'_>, key: &str) -> bool {
    let documents = review.policies.iter().filter_map(|policy| policy.policy.document.as_deref());
    // `aws:ResourceTag/${TagKey}` stands for any tag.
    let (key, any_tag) = key.split_once("${").map_or((key, false), |(key, _)| (key, true));
    let names = |known: &str| match known.get(..key.len()) {
        Some(start) => start.eq_ignore_ascii_case(key) && (any_tag || known.len() == key.len()),
        None => false,
    };
    let has = |statement: &Statement| {
        statement.condition.iter().flat_map(|operator| &operator.keys).any(|one| names(&one.key))
    };
    documents.flat_map(|document| &document.statements).any(has)
}

fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let row = |[persona, row, values, place]: [&'static str; 4]| {
            (persona, row, table::list(values).collect(), place)
        };
        table::rows(TABLE).map(row).collect()
    });
    &ROWS
}

/// All personas, in the table's order.
fn names() -> impl Iterator<Item = &'static str> {
    rows().iter().filter(|(_, row, ..)| *row == "title").map(|(name, ..)| *name)
}

fn values(persona: &str, row: &'static str) -> impl Iterator<Item = &'static str> {
    let of = rows().iter().filter(move |(name, kind, ..)| *name == persona && *kind == row);
    of.flat_map(|(_, _, values, _)| values.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every action and key of the table is one of the reference's, and every persona shows somehow.
    #[test]
    fn the_table_is_sound() {
        assert!(table::stamp(TABLE, "date").is_some() && table::stamp(TABLE, "source").is_some());
        let keys: BTreeSet<&str> = reference()
            .actions_of("sagemaker")
            .iter()
            .flat_map(|action| reference().condition_keys(action))
            .map(|key| key.name)
            .collect();
        let known: BTreeSet<&str> = names().collect();
        for (persona, row, values, place) in rows() {
            assert!(known.contains(persona) && !values.is_empty(), "{persona} {row}");
            for value in values {
                let sound = match *row {
                    "title" => true,
                    "handed_by" => value.starts_with(char::is_uppercase),
                    "calls" => reference().action_named(value).is_some(),
                    "minimum" => {
                        reference().action_named(value).is_some()
                            && ["always", "vpc", "keys", "capture"].contains(place)
                    }
                    "guardrail" => {
                        (keys.contains(value) || value.starts_with("aws:"))
                            && ["caller", "own"].contains(place)
                    }
                    _ => false,
                };
                assert!(sound, "{persona} {row} {value} {place}");
            }
        }
        for name in known {
            assert_eq!(values(name, "title").count(), 1, "{name}");
            assert_ne!(values(name, "handed_by").count() + values(name, "calls").count(), 0, "{name}");
            assert_ne!(values(name, "minimum").count(), 0, "{name}");
        }
    }
}
