//! One policy, trimmed in place: statements keep their order, Sid, Condition and Deny; an Allow statement
//! loses what is unused, and what stays is limited to the resources that were touched where all are known.

use super::ResourceLevel;
use super::backtest::is_trimmed;
use super::inventory::Inventory;
use super::narrow::{self, Wildcard};
use crate::drift::verdict::ActionPattern;
use crate::drift::{ActionReview, PolicyReview, StatementReview, Verdict};
use crate::iam::policy::Matcher;
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::{PolicyDocument, Statement, glob};
use crate::usage::ActionRef;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A trimmed policy and what became of each old statement.
#[derive(Clone, Debug)]
pub struct Trimmed {
    /// The new document; without statements when nothing is left.
    pub document: PolicyDocument,
    /// One for each old statement.
    pub changes: Vec<StatementChange>,
}

/// What became of one statement.
#[derive(Clone, Debug)]
pub struct StatementChange {
    /// The old statement's Sid, if it has one.
    pub sid: Option<String>,
    /// How many statements replace it: 0 removed, 1 edited or kept, more when resources differ by action.
    pub replaced_by: usize,
    /// The statement is as it was.
    pub unchanged: bool,
    /// Kept actions that are limited to these resources now.
    pub narrowed: BTreeMap<ActionRef, Vec<String>>,
    /// What the wildcards in these resources cover.
    pub wildcards: BTreeMap<ActionRef, Vec<Wildcard>>,
    /// Actions that are removed, with the reason.
    pub removed: Vec<Removed>,
}

/// One removed action.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The action.
    pub action: &'static ActionInfo,
    /// Why it may go.
    pub why: Arc<str>,
}

/// Trims one policy, each action at its level; `None` when there is nothing to remove or no document to remove it from.
pub fn trim(
    policy: &PolicyReview<'_>,
    levels: &impl Fn(ActionRef) -> ResourceLevel,
    known: &Inventory<'_>,
) -> Option<Trimmed> {
    let old = policy.policy.document.as_deref()?;
    let mut statements = Vec::with_capacity(old.statements.len());
    let mut changes = Vec::with_capacity(old.statements.len());
    let mut sids: BTreeSet<String> = old.statements.iter().filter_map(|one| one.sid.clone()).collect();
    for review in &policy.statements {
        let mut narrowed = BTreeMap::new();
        let parts = parts_of(review, levels, &mut narrowed);
        let new = match &parts {
            None => vec![review.statement.clone()],
            Some(parts) => assemble(review.statement, parts, &mut sids),
        };
        // An untouched statement (NotAction, unknown members) keeps even what was not used.
        let removed = if parts.is_some() { removed(review) } else { Vec::new() };
        changes.push(StatementChange {
            sid: review.statement.sid.clone(),
            replaced_by: new.len(),
            unchanged: parts.is_none(),
            wildcards: wildcards(review, &narrowed, known),
            narrowed,
            removed,
        });
        statements.extend(new);
    }
    let document = PolicyDocument { single: old.single && statements.len() == 1, statements, ..old.clone() };
    (document != *old).then_some(Trimmed { document, changes })
}

/// Actions that share a list of resources, in the order in which they are first named.
struct Part {
    resources: Option<Vec<String>>,
    actions: Vec<String>,
}

/// The parts that replace a statement, and which of its actions they narrow; `None` when it stays as it is.
fn parts_of(
    review: &StatementReview<'_>,
    levels: &impl Fn(ActionRef) -> ResourceLevel,
    narrowed: &mut BTreeMap<ActionRef, Vec<String>>,
) -> Option<Vec<Part>> {
    let statement = review.statement;
    let matcher = statement.action.as_ref()?;
    if !is_trimmed(statement) {
        return None;
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut place = |resources: Option<Vec<String>>, action: String| match parts
        .iter_mut()
        .find(|part| part.resources == resources)
    {
        Some(part) if part.actions.contains(&action) => {}
        Some(part) => part.actions.push(action),
        None => parts.push(Part { resources, actions: vec![action] }),
    };
    let mut changed = false;
    for pattern in &matcher.patterns.values {
        let part = ActionPattern::new(pattern);
        let meant = part.named_in(&review.actions);
        let mut plain: Vec<&'static ActionInfo> = Vec::new();
        let mut limited: Vec<(&'static ActionInfo, Vec<String>)> = Vec::new();
        for one in meant.iter().filter(|one| one.verdict != Verdict::Unused) {
            match narrow::resources(one, statement, levels(ActionRef(one.action))) {
                Some(resources) => limited.push((one.action, resources)),
                None => plain.push(one.action),
            }
        }
        if plain.len() == meant.len() {
            place(None, pattern.clone());
            continue;
        }
        changed = true;
        for action in shortened(pattern, &meant, &plain) {
            place(None, action);
        }
        for (action, resources) in limited {
            place(Some(resources.clone()), action.to_string());
            narrowed.insert(ActionRef(action), resources);
        }
    }
    changed.then_some(parts)
}

fn wildcards(
    review: &StatementReview<'_>,
    narrowed: &BTreeMap<ActionRef, Vec<String>>,
    known: &Inventory<'_>,
) -> BTreeMap<ActionRef, Vec<Wildcard>> {
    let one = |(action, resources): (&ActionRef, &Vec<String>)| {
        let place = review.actions.binary_search_by_key(action, |one| ActionRef(one.action)).ok()?;
        let found = narrow::wildcards(review.actions.get(place)?, resources, known);
        (!found.is_empty()).then_some((*action, found))
    };
    narrowed.iter().filter_map(one).collect()
}

/// Names the kept actions of a pattern. A service of which everything is kept stays one `service:*`, as
/// the old pattern had it; nothing else is abbreviated, because the list of AWS's actions grows.
fn shortened(pattern: &str, meant: &[&ActionReview<'_>], kept: &[&'static ActionInfo]) -> Vec<String> {
    let mut granted: BTreeMap<&str, usize> = BTreeMap::new();
    for one in meant {
        *granted.entry(one.action.service).or_default() += 1;
    }
    let mut by_service: BTreeMap<&str, Vec<&'static ActionInfo>> = BTreeMap::new();
    for action in kept {
        by_service.entry(action.service).or_default().push(action);
    }
    let mut names = Vec::new();
    for (service, actions) in by_service {
        let whole = format!("{service}:*");
        let all = reference().actions_of(service).len();
        let stays_whole = actions.len() == all
            && granted.get(service) == Some(&all)
            && all > 1
            && (pattern == "*" || glob::covers_ignore_case(pattern, &whole));
        if stays_whole {
            names.push(whole);
        } else {
            names.extend(actions.iter().map(ToString::to_string));
        }
    }
    names
}

/// The statements that replace one. The first keeps the Sid; the others get a number behind it, because
/// a Sid is unique in its document.
fn assemble(old: &Statement, parts: &[Part], sids: &mut BTreeSet<String>) -> Vec<Statement> {
    let mut statements = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let sid = match &old.sid {
            Some(sid) if index > 0 && !sid.is_empty() => Some(fresh_sid(sid, sids)),
            other => other.clone(),
        };
        statements.push(Statement {
            sid,
            action: Some(Matcher::of(part.actions.clone())),
            resource: part.resources.clone().map(Matcher::of).or_else(|| old.resource.clone()),
            ..old.clone()
        });
    }
    statements
}

fn fresh_sid(sid: &str, taken: &mut BTreeSet<String>) -> String {
    let mut number = 2_u32;
    loop {
        let candidate = format!("{sid}{number}");
        if taken.insert(candidate.clone()) {
            return candidate;
        }
        number += 1;
    }
}

fn removed(review: &StatementReview<'_>) -> Vec<Removed> {
    let unused = review.actions.iter().filter(|one| one.verdict == Verdict::Unused);
    unused.map(|one| Removed { action: one.action, why: one.why.clone() }).collect()
}
