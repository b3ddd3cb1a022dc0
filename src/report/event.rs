//! One event, and what the rules say about it.

use super::cases::{NotEvaluated, time};
use crate::escape::terminal;
use crate::investigate::facts::Reference;
use crate::investigate::hit::Hit;
use crate::investigate::{EventRow, Rule};
use crate::query::Query;
use serde_json::json;
use std::fmt::Write as _;

/// The name and version of the JSON form.
pub const SCHEMA: &str = "trailtrim.event/v1";

/// What `explain-event` shows.
#[derive(Clone, Debug)]
pub struct EventReport<'a> {
    /// The event.
    pub event: &'a EventRow,
    /// What its request names.
    pub refs: &'a [Reference],
    /// All rules.
    pub rules: &'a [Rule],
    /// The rules' hits on it.
    pub hits: Vec<&'a Hit>,
    /// Queries that look at such events, each with its number among the rules.
    pub looked: Vec<(usize, &'a Query)>,
    /// Rules that the input cannot feed.
    pub not_evaluated: &'a [NotEvaluated],
}

impl EventReport<'_> {
    fn facts(&self) -> Vec<(&'static str, String)> {
        let event = self.event;
        let mut all = vec![
            ("time", time(event.time)),
            ("event id", event.id.clone()),
            ("call", event.call()),
            ("about", event.about().to_owned()),
            ("region", event.region.clone()),
            ("account", event.account.clone()),
            ("principal", event.actor.arn.clone()),
            ("session", event.actor.session.clone()),
            ("person", event.actor.human.clone()),
            ("access key", event.access_key.clone()),
            ("invoked by", event.invoked_by.clone()),
            ("source ip", event.ip.clone()),
            ("vpc endpoint", event.vpc_endpoint.clone()),
            ("user agent", event.user_agent.clone()),
            ("outcome", event.outcome.clone()),
            ("error", event.error.clone()),
        ];
        all.extend(
            self.refs.iter().map(|one| ("names", format!("{} {} = {}", one.kind, one.path, one.value))),
        );
        all.retain(|(_, value)| !value.is_empty());
        all
    }

    /// Queries that look at such events and did not find this one, each with why it could not, if so.
    fn silent(&self) -> impl Iterator<Item = (&Query, Option<&str>)> {
        let found = |number: usize| self.hits.iter().any(|hit| hit.rule == number);
        let why = |number: usize| {
            let one = self.not_evaluated.iter().find(|one| one.rule == number);
            one.and_then(|one| one.whys.first()).map(String::as_str)
        };
        self.looked
            .iter()
            .filter(move |(number, _)| !found(*number))
            .map(move |(number, query)| (*query, why(*number)))
    }
}

/// For people.
pub fn text(report: &EventReport<'_>) -> String {
    let mut out = String::new();
    for (name, value) in report.facts() {
        let _ = writeln!(out, "{name:<13} {}", terminal(&value));
    }
    let _ = writeln!(out, "\nfound by {} rules", report.hits.len());
    for hit in &report.hits {
        let name = report.rules.get(hit.rule).map_or("", |rule| &rule.name);
        let _ = writeln!(out, "  * {name}: {}", terminal(&hit.why));
    }
    let silent: Vec<_> = report.silent().collect();
    let _ = writeln!(out, "\nlooked at by {} more, which did not find it", silent.len());
    for (query, why) in silent {
        let why = why.unwrap_or(&query.header.title);
        let _ = writeln!(out, "  - {}: {}", terminal(&query.name), terminal(why));
    }
    out
}

/// `trailtrim.event/v1`, with a final newline.
pub fn json(report: &EventReport<'_>) -> String {
    let event = report.event;
    let hits = report.hits.iter().map(|hit| {
        let rule = report.rules.get(hit.rule);
        json!({
            "query": rule.map(|rule| &rule.name),
            "ids": rule.map(|rule| &rule.header.ids),
            "weight": rule.map(Rule::weight),
            "why": hit.why,
        })
    });
    let value = json!({
        "schema": SCHEMA,
        "event": {
            "event_id": event.id,
            "time": time(event.time),
            "event_source": event.source,
            "event_name": event.name,
            "region": event.region,
            "account": event.account,
            "principal": event.actor.key,
            "principal_arn": event.actor.arn,
            "session": event.actor.session,
            "human": event.actor.human,
            "access_key_id": event.access_key,
            "source_ip": event.ip,
            "user_agent": event.user_agent,
            "outcome": event.outcome,
            "error_code": event.error,
            "resource": event.about(),
        },
        "names": report.refs.iter().map(|one| {
            json!({"kind": one.kind, "path": one.path, "value": one.value})
        }).collect::<Vec<_>>(),
        "found_by": hits.collect::<Vec<_>>(),
        "looked_at_by": report.silent().map(|(query, why)| {
            json!({"query": query.name, "ids": query.header.ids, "not_evaluated": why})
        }).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
}
