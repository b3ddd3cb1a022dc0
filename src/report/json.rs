//! `review.json`: the public, versioned form (`trailtrim.review/v1`). Its shape is decided here and
//! described in `docs/schemas/`; internal types may change without it.

use super::model::{
    ActionGroup, ChangeReport, ExclusionReport, PolicyReport, PrincipalReport, RecommendationReport, Report,
    StatementReport, TrustedReport, UsedAction,
};
use super::personas;
use super::proposals;
use super::stream::StatsForm;
use super::trust_conditions;
use crate::drift::Verdict;
use crate::iam::contain::Containment;
use crate::iam::{Effect, quota};
use crate::recommend::discovery::Estimate;
use crate::recommend::risk::Risk;
use crate::recommend::{Backtest, ResourceLevel, Status, Wildcard};
use crate::usage::Stats;
use serde_json::{Map, Value, json};

/// The name and version of the format.
pub const SCHEMA: &str = "trailtrim.review/v1";

/// Touched resources listed for one action; the rest is counted.
const RESOURCES_LISTED_MAX: usize = 20;

/// The whole review as one JSON text with a final newline. Equal reviews give equal bytes.
pub fn review(report: &Report) -> String {
    let window =
        report.window.map(|(first, last)| json!({"first": first.to_string(), "last": last.to_string()}));
    let unmapped = report.unmapped.iter().map(|((source, name), stats)| unmapped(source, name, stats));
    let problems = report.problems.iter().map(|problem| {
        json!({"file": problem.file, "record": problem.record, "kind": problem.kind.as_str(), "message": problem.message})
    });
    let snapshot_problems =
        report.snapshot_problems.iter().map(|(what, message)| json!({"what": what, "message": message}));
    let value = json!({
        "schema": SCHEMA,
        "tool": {"name": "trailtrim", "version": report.tool_version, "reference_date": report.reference_date},
        "window": window,
        "coverage": coverage(report),
        "assumptions": report.assumptions,
        "principals": report.principals.iter().map(principal).collect::<Vec<_>>(),
        "exclusions": report.exclusions.iter().map(exclusion).collect::<Vec<_>>(),
        "service_linked_roles": report.service_linked,
        "unmapped": unmapped.collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
        "snapshot_problems": snapshot_problems.collect::<Vec<_>>(),
    });
    // A value made of strings, numbers and booleans always serialises.
    serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
}

fn coverage(report: &Report) -> Value {
    let coverage = &report.coverage;
    let accounts = coverage.accounts.iter().map(|account| {
        let categories = account
            .categories
            .iter()
            .map(|(words, days, events)| json!({"category": words, "days": days, "events": events}));
        json!({
            "account": account.account,
            "days": account.days,
            "regions": account.regions,
            "categories": categories.collect::<Vec<_>>(),
        })
    });
    json!({
        "files": coverage.files,
        "files_with_problems": coverage.files_with_problems,
        "files_skipped": coverage.files_skipped,
        "records": coverage.records,
        "events": coverage.events,
        "duplicates": coverage.duplicates,
        "possible_duplicates": coverage.possible_duplicates,
        "sufficient": report.insufficient.is_none(),
        "insufficient_because": report.insufficient,
        "forced": report.forced,
        "accounts": accounts.collect::<Vec<_>>(),
    })
}

fn principal(principal: &PrincipalReport) -> Value {
    let counts: Map<String, Value> = Verdict::ALL
        .iter()
        .zip(principal.counts)
        .map(|(verdict, count)| (verdict.as_str().to_owned(), count.into()))
        .collect();
    let findings = principal.findings.iter().map(|finding| {
        json!({"kind": finding.kind.as_str(), "severity": finding.severity.as_str(), "message": finding.message})
    });
    let denials = principal.denials.iter().map(|(key, count)| {
        let (source, name) = &key.event;
        with_stats(
            json!({
                "event_source": source, "event_name": name, "action": text(&key.action),
                "resource": text(&key.resource), "policy_type": text(&key.policy_type),
            }),
            count,
        )
    });
    let unexplained = principal.unexplained.iter().map(|(action, resource, count)| {
        with_stats(json!({"action": action, "resource": text(resource)}), count)
    });
    let unmapped = principal.unmapped.iter().map(|((source, name), stats)| unmapped(source, name, stats));
    let namesakes = principal.namesakes.iter().map(|(id, count)| with_stats(json!({"id": id}), count));
    json!({
        "arn": principal.arn,
        "id": principal.id,
        "name": principal.name,
        "account": text(&principal.account),
        "type": principal.kind,
        "standing": principal.standing.as_str(),
        "protected_because": principal.protected,
        "actions": counts,
        "activity": stats(&principal.events),
        "findings": findings.collect::<Vec<_>>(),
        "policies": principal.policies.iter().map(policy).collect::<Vec<_>>(),
        "backtest": principal.backtest.as_deref().map(backtest),
        "denied": denials.collect::<Vec<_>>(),
        "unexplained": unexplained.collect::<Vec<_>>(),
        "unmapped": unmapped.collect::<Vec<_>>(),
        "trusted": principal.trusted.iter().map(trusted).collect::<Vec<_>>(),
        "trust_conditions": principal.trust_conditions.iter().map(trust_conditions::json).collect::<Vec<_>>(),
        "risk": risk(principal),
        "sagemaker": personas::json(&principal.personas),
        "other_identities": namesakes.collect::<Vec<_>>(),
    })
}

fn trusted(one: &TrustedReport) -> Value {
    let seen = one.seen.iter().map(|(who, count)| with_stats(json!({"who": who}), count));
    json!({
        "type": one.kind,
        "principal": one.name,
        "never_seen": one.never,
        "seen": seen.collect::<Vec<_>>(),
    })
}

fn risk(principal: &PrincipalReport) -> Value {
    let side = |risk: &Risk| json!({"points": risk.points, "exposure": risk.exposure, "ways": risk.ways});
    let ways = principal.ways.iter();
    let ways =
        ways.map(|(name, actions, unused)| json!({"name": name, "actions": actions, "unused": unused}));
    json!({
        "before": side(&principal.risk.before),
        "after": side(&principal.risk.after),
        "open_ways": ways.collect::<Vec<_>>(),
    })
}

fn exclusion(exclusion: &ExclusionReport) -> Value {
    let entry = &exclusion.entry;
    json!({
        "line": entry.line,
        "owner": entry.owner,
        "reason": entry.reason,
        "expires": entry.expires.map(|day| day.to_string()),
        "state": exclusion.state.as_str(),
        "principals": exclusion.principals,
    })
}

fn unmapped(source: &str, name: &str, count: &Stats) -> Value {
    with_stats(json!({"event_source": source, "event_name": name}), count)
}

fn policy(policy: &PolicyReport) -> Value {
    json!({
        "name": policy.name,
        "source": policy.source,
        "arn": policy.arn,
        "holders": policy.holders,
        "statements": policy.statements.iter().map(statement).collect::<Vec<_>>(),
        "recommendation": policy.recommendation.as_ref().map(recommendation),
        "proposals": policy.proposals.iter().map(proposals::json).collect::<Vec<_>>(),
        "proposals_withheld": proposals::withheld_json(policy.withheld),
    })
}

fn statement(statement: &StatementReport) -> Value {
    let grants = statement.grants.iter().map(|grant| {
        let counts: Map<String, Value> = Verdict::ALL
            .iter()
            .zip(grant.counts)
            .filter(|(_, count)| *count > 0)
            .map(|(verdict, count)| (verdict.as_str().to_owned(), count.into()))
            .collect();
        json!({
            "action": grant.action_pattern,
            "resource": grant.resource_pattern,
            "verdict": grant.verdict.as_str(),
            "actions": counts,
            "reason": grant.why,
        })
    });
    let others = statement
        .others
        .iter()
        .map(|one| group(one, json!({"verdict": one.verdict.as_str(), "reason": one.why.as_ref()})));
    json!({
        "sid": statement.sid,
        "effect": if statement.effect == Effect::Allow { "Allow" } else { "Deny" },
        "grants": grants.collect::<Vec<_>>(),
        "used": statement.used.iter().map(used).collect::<Vec<_>>(),
        "not_used": others.collect::<Vec<_>>(),
        "implied_by_definitions": proposals::implied_json(statement),
    })
}

fn used(used: &UsedAction) -> Value {
    let resources: Vec<&String> = used.resources.iter().flatten().collect();
    let value = json!({
        "action": used.action,
        "resources": resources.iter().take(RESOURCES_LISTED_MAX).collect::<Vec<_>>(),
        "resources_more": resources.len().saturating_sub(RESOURCES_LISTED_MAX),
        "resource_unknown": used.resources.contains(&None),
        "via": used.via,
    });
    with_stats(value, &used.stats)
}

fn recommendation(recommendation: &RecommendationReport) -> Value {
    let (size, quota) = recommendation.size_chars;
    let (status, why) = match &recommendation.status {
        Status::Ready => ("ready", None),
        Status::DoesNotFit(why) => ("does_not_fit", Some(why.clone())),
        Status::CheckFailed(why) => ("check_failed", Some(why.clone())),
    };
    let (contained, how) = match &recommendation.containment {
        Containment::Proved { tier } => ("proved", json!(tier)),
        Containment::Refuted(_) => ("refuted", Value::Null),
        Containment::Unknown(_) => ("unknown", Value::Null),
    };
    let replay = &recommendation.replay;
    let documents = recommendation.documents.iter().map(|one| {
        json!({
            "name": one.name,
            "file": one.file,
            "document": one.document.to_json(),
            "size_chars": quota::size(&one.document).characters,
        })
    });
    json!({
        "step": recommendation.step.as_str(),
        "status": status,
        "status_because": why,
        "documents": documents.collect::<Vec<_>>(),
        "certificate": Some(&recommendation.certificate).filter(|_| recommendation.status == Status::Ready),
        "commands": recommendation.commands,
        "size_chars": size,
        "quota_chars": quota,
        "containment": {"result": contained, "tier": how},
        "replay": {
            "allowed": replay.allowed,
            "undecided": replay.undecided,
            "unknown_resource": replay.unknown_resource,
            "unexplained": replay.unexplained,
            "broken": replay.broken,
        },
        "resources": ResourceLevel::word(recommendation.choice),
        "changes": recommendation.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

fn backtest(backtest: &Backtest) -> Value {
    let trials = backtest.trials.iter().map(|trial| {
        let first = trial.first.as_ref().map(|first| {
            json!({"time": first.time.to_string(), "action": first.action, "resource": first.resource})
        });
        json!({
            "resources": ResourceLevel::word(trial.choice),
            "split": trial.split.to_string(),
            "replayed": trial.replayed,
            "broken_calls": trial.broken_calls,
            "broken_days": trial.broken_days,
            "first_broken": first,
        })
    });
    let discovery = &backtest.discovery;
    let estimate = |one: &Estimate| {
        json!({
            "seen": one.seen, "once": one.once, "twice": one.twice,
            "unseen_min": one.unseen_min, "new_percent": one.new_percent,
        })
    };
    let curve = discovery.curve.iter().map(|(day, seen)| json!({"day": day.to_string(), "seen": seen}));
    let levels: Map<String, Value> =
        backtest.levels.iter().map(|(action, level)| (action.0.to_string(), level.as_str().into())).collect();
    json!({
        "untested_because": backtest.untested,
        "trials": trials.collect::<Vec<_>>(),
        "levels": levels,
        "discovery": {
            "days": discovery.days,
            "actions": estimate(&discovery.actions),
            "scopes": estimate(&discovery.scopes),
            "curve": curve.collect::<Vec<_>>(),
        },
    })
}

fn change(change: &ChangeReport) -> Value {
    let removed = change.removed.iter().map(|one| group(one, json!({"reason": one.why.as_ref()})));
    let narrowed: Map<String, Value> =
        change.narrowed.iter().map(|(action, resources)| (action.clone(), json!(resources))).collect();
    let wildcard = |one: &Wildcard| {
        json!({
            "resource": one.pattern, "observed": one.observed, "matched": one.matched,
            "over_grant": one.over_grant,
        })
    };
    let wildcards: Map<String, Value> = change
        .wildcards
        .iter()
        .map(|(action, all)| (action.clone(), all.iter().map(wildcard).collect()))
        .collect();
    json!({
        "sid": change.sid,
        "unchanged": change.unchanged,
        "replaced_by": change.replaced_by,
        "removed": removed.collect::<Vec<_>>(),
        "narrowed": narrowed,
        "wildcards": wildcards,
    })
}

/// A group, with the names or, when they are many, the numbers by service.
fn group(group: &ActionGroup, mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.insert("count".to_owned(), group.count.into());
        let actions: Vec<String> =
            group.names.iter().map(|(service, name)| format!("{service}:{name}")).collect();
        let (key, list) = if actions.is_empty() {
            ("services", json!(group.services))
        } else {
            ("actions", json!(actions))
        };
        members.insert(key.to_owned(), list);
    }
    value
}

pub(super) fn text(value: &str) -> Option<&str> {
    Some(value).filter(|value| !value.is_empty())
}

fn stats(stats: &Stats) -> Value {
    with_stats(json!({}), stats)
}

pub(super) fn with_stats(mut value: Value, stats: &Stats) -> Value {
    if let (Value::Object(members), Ok(Value::Object(more))) =
        (&mut value, serde_json::to_value(StatsForm::of(stats)))
    {
        members.extend(more);
    }
    value
}
