//! What may be done beyond a recommendation, and what definitions imply, in the forms of the report.

use super::escape::{code, sentence};
use super::json::with_stats;
use super::model::{ImpliedNeed, StatementReport};
use super::text::wrapped_list;
use crate::iam::quota;
use crate::recommend::propose::Change;
use crate::recommend::{Proposal, Withheld};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Values listed in one line.
const VALUES_LISTED: usize = 8;

/// The implied needs of a statement.
pub(super) fn implied_json(statement: &StatementReport) -> Value {
    let one = |need: &ImpliedNeed| {
        let (source, name) = &need.event;
        with_stats(
            json!({
                "action": need.action, "event_source": source, "event_name": name, "names": need.kind,
                "path": need.path, "value": need.value, "resource": need.resource,
            }),
            &need.stats,
        )
    };
    statement.implied.iter().map(one).collect()
}

/// One proposal.
pub(super) fn json(proposal: &Proposal) -> Value {
    let (resources, condition) = match &proposal.change {
        Change::Resources(resources) => (json!(resources), Value::Null),
        Change::Condition(one) => {
            (Value::Null, json!({"operator": one.operator, "key": one.key, "values": one.values}))
        }
    };
    let (supporting, all) = proposal.support;
    json!({
        "sid": proposal.sid,
        "actions": proposal.actions,
        "resources": resources,
        "condition": condition,
        "support": {"calls": supporting, "of": all},
        "evidence": proposal.evidence,
        "backtest_held_from": proposal.held_from.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "document": proposal.document.to_json(),
        "size_chars": quota::size(&proposal.document).characters,
    })
}

/// How many proposals the backtest took away.
pub(super) fn withheld_json(withheld: Withheld) -> Value {
    json!({"broken_in_backtest": withheld.broken, "not_backtested": withheld.untested})
}

/// The proposals of one policy as a list.
pub(super) fn markdown(out: &mut String, proposals: &[Proposal], withheld: Withheld) {
    list(out, proposals);
    let Withheld { broken, untested } = withheld;
    if broken > 0 {
        let _ = writeln!(
            out,
            "Withheld proposals: {broken}. Every observed call meets them, but made earlier they would have \
             refused a later call.\n"
        );
    }
    if untested > 0 {
        let _ = writeln!(out, "Proposals that nothing in the window tests, withheld: {untested}.\n");
    }
}

fn list(out: &mut String, proposals: &[Proposal]) {
    if proposals.is_empty() {
        return;
    }
    out.push_str("Proposals, not part of what is recommended; each allows every observed call and held in the backtest (documents in `review.json`):\n\n");
    for one in proposals {
        let actions: Vec<String> = one.actions.iter().map(|action| code(action)).collect();
        let actions = wrapped_list(&actions, VALUES_LISTED);
        let (supporting, all) = one.support;
        let line = match &one.change {
            Change::Resources(resources) => {
                let resources: Vec<String> = resources.iter().map(|resource| code(resource)).collect();
                let resources = wrapped_list(&resources, VALUES_LISTED);
                format!("{actions} only on {resources}: {supporting} definitions name nothing else")
            }
            Change::Condition(condition) => {
                let values: Vec<String> = condition.values.iter().map(|value| code(value)).collect();
                let values = wrapped_list(&values, VALUES_LISTED);
                format!(
                    "{actions} only when {} ({}) {values}: {supporting} of {all} calls",
                    code(condition.key),
                    sentence(condition.operator)
                )
            }
        };
        let _ = writeln!(out, "- {line}");
    }
    out.push('\n');
}
