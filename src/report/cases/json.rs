//! `trailtrim.cases/v1` (`docs/schemas/cases.v1.json`).

use super::{CaseReport, CasesReport, breadth, time};
use crate::investigate::blast::Blast;
use crate::investigate::case::{Case, Moment, Reason};
use crate::investigate::standing::Left;
use crate::query::Severity;
use serde_json::{Value, json};

/// The name and version of the form.
pub const SCHEMA: &str = "trailtrim.cases/v1";

/// The cases as one JSON text with a final newline.
pub fn cases(report: &CasesReport<'_>) -> String {
    let not_evaluated = report.not_evaluated.iter().filter_map(|one| {
        let rule = report.rules.get(one.rule)?;
        Some(json!({"query": rule.name, "ids": rule.header.ids, "why": one.whys}))
    });
    let cases = report.cases.iter().zip(1_u32..).map(|(one, rank)| case(one, rank, report));
    let value = json!({
        "schema": SCHEMA,
        "tool": {"name": "trailtrim", "version": env!("CARGO_PKG_VERSION")},
        "window": {
            "events": report.events,
            "first": report.span.map(|(first, _)| first.to_string()),
            "last": report.span.map(|(_, last)| last.to_string()),
            "baseline_days": report.params.baseline_days(),
            "has_baseline": report.params.has_baseline(),
            "new_since": time(report.params.split),
            "only_since": report.since,
        },
        "rules": report.rules.len(),
        "not_evaluated": not_evaluated.collect::<Vec<_>>(),
        "min_score": report.min_score,
        "below_min_score": report.below,
        "cases": cases.collect::<Vec<_>>(),
    });
    // A value made of strings, numbers and booleans always serialises.
    serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
}

fn case(one: &CaseReport<'_>, rank: u32, report: &CasesReport<'_>) -> Value {
    let case = &one.case;
    let actors: Vec<Value> = case
        .actors
        .iter()
        .map(|actor| {
            json!({
                "key": actor.key, "kind": actor.kind, "account": actor.account, "name": actor.name,
                "arn": actor.arn, "session": actor.session,
            })
        })
        .collect();
    let out = &case.outflow;
    let mut evidence: Vec<&str> = case.evidence.iter().map(String::as_str).collect();
    evidence.dedup();
    json!({
        "id": case.id,
        "rank": rank,
        "score": case.score,
        "sentence": case.sentence(),
        "first": time(case.first()),
        "last": time(case.last()),
        "principal": actors.first(),
        "joined": actors.get(1..),
        "human": {
            "key": case.human.key,
            "basis": case.human.basis.as_str(),
            "shared": case.human.shared_by.is_some(),
            "profiles": case.human.shared_by,
            "issued_to": case.human.chain,
            "opened_before": case.human.opened_before,
        },
        "places": case.places.iter().map(|(ip, first, events)| {
            json!({"source_ip": ip, "first_seen": time(*first), "events": events})
        }).collect::<Vec<_>>(),
        "reasons": case.reasons.iter().map(|one| reason(one, report)).collect::<Vec<_>>(),
        "timeline": timeline(case),
        "timeline_omitted": case.omitted,
        "handed_over": case.handed.iter().map(|(role, event)| {
            json!({"role": role, "event_id": event.id})
        }).collect::<Vec<_>>(),
        "blast_radius": one.blast.iter().map(radius).collect::<Vec<_>>(),
        "changes": case.changes.iter().map(change).collect::<Vec<_>>(),
        "outflow": {
            "buckets": out.buckets.iter().map(|(name, external)| {
                json!({"bucket": name, "other_account": external})
            }).collect::<Vec<_>>(),
            "reads": out.reads,
            "read_from": out.read_from,
            "bytes": out.bytes,
            "presigned_links": out.links,
        },
        "unknowns": one.unknowns,
        "evidence": evidence,
        "containment": one.commands,
    })
}

fn reason(reason: &Reason, report: &CasesReport<'_>) -> Value {
    let rule = report.rules.get(reason.rule);
    let header = rule.map(|rule| &rule.header);
    json!({
        "query": rule.map(|rule| rule.name.as_str()),
        "ids": header.map(|header| &header.ids),
        "title": header.map(|header| &header.title),
        "severity": header.and_then(|header| header.severity).map(Severity::as_str),
        "attack": header.map(|header| &header.attack),
        "atlas": header.map(|header| &header.atlas),
        "weight": reason.weight,
        "why": reason.whys,
        "event_ids": reason.event_ids,
        "lowered": reason.lowered,
    })
}

fn timeline(case: &Case<'_>) -> Vec<Value> {
    let one = |moment: &Moment| {
        let event = &moment.event;
        json!({
            "time": time(event.time),
            "event_id": event.id,
            "event_source": event.source,
            "event_name": event.name,
            "region": event.region,
            "principal": event.actor.key,
            "resource": event.about(),
            "source_ip": event.ip,
            "outcome": event.outcome,
            "error_code": event.error,
            "found": moment.found,
            "followed": moment.followed,
        })
    };
    case.timeline.iter().map(one).collect()
}

fn radius(blast: &Blast) -> Value {
    let granted = blast.granted.as_ref().map(|granted| {
        json!({
            "actions": granted.actions,
            "used": granted.used,
            "ways": granted.ways.iter().map(|(name, reach)| {
                json!({"way": name, "breadth": breadth(*reach)})
            }).collect::<Vec<_>>(),
            "reach": granted.reach.iter().map(|(action, reach)| {
                json!({"action": action, "breadth": breadth(*reach)})
            }).collect::<Vec<_>>(),
            "risk": granted.risk.points,
        })
    });
    json!({"arn": blast.arn, "acted": blast.acted, "granted": granted})
}

fn change(left: &Left) -> Value {
    json!({
        "what": left.what,
        "resource": left.event.about(),
        "event_id": left.event.id,
        "event_name": left.event.name,
        "undone_by": left.undone.as_ref().map(|event| json!({
            "event_id": event.id, "event_name": event.name, "time": time(event.time),
        })),
    })
}
