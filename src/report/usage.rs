//! Who used what: the summary of the logs alone, without a snapshot, as a table and as
//! `trailtrim.usage/v1`.

use super::escape;
use super::json::{text, with_stats};
use super::text::{clipped, grouped, possible_duplicates};
use crate::iam::reference::reference;
use crate::time::Timestamp;
use crate::trail::Problem;
use crate::trail::coverage::Counts;
use crate::trail::outcome::Outcome;
use crate::trail::passed_roles::RoleReference;
use crate::usage::{Basis, CallKey, PrincipalKey, PrincipalUsage, Resource, ResourceName, Stats, Usage};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The name and version of the JSON form.
pub const SCHEMA: &str = "trailtrim.usage/v1";

/// Width of the action column, in characters.
const ACTION_CHARS: usize = 44;

/// What the logs say, ready to be shown.
#[derive(Clone, Copy, Debug)]
pub struct UsageReport<'a> {
    /// Who did what.
    pub usage: &'a Usage,
    /// Files and records.
    pub counts: Counts,
    /// Files that may be logs.
    pub files: u64,
    /// The first and the last event's time.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What could not be used.
    pub problems: &'a [Problem],
}

/// What one action's line shows.
#[derive(Default)]
struct Line {
    uses: u64,
    denied: u64,
    last: Option<Timestamp>,
}

/// A table of 80 columns: a line for each principal, and under it a line for each action that it asked
/// for. A call that named several resources counts for each of them. Ends with a newline.
pub fn table(report: &UsageReport<'_>) -> String {
    let mut out = String::new();
    let counts = report.counts;
    let span = report
        .span
        .map_or_else(|| "no events".to_owned(), |(first, last)| format!("{} to {}", first.day(), last.day()));
    let _ = writeln!(
        out,
        "{} events ({} duplicates left out) in {} files, {span}",
        grouped(counts.events_distinct),
        grouped(counts.duplicates),
        grouped(report.files)
    );
    let _ = writeln!(out, "{}", possible_duplicates(counts.possible_duplicates));
    let _ = writeln!(out, "{:<ACTION_CHARS$} {:>12} {:>9}  LAST", "PRINCIPAL, ACTION", "USES", "DENIED");
    for (key, usage) in sorted(report.usage) {
        principal_lines(&mut out, key, usage);
    }
    if report.usage.principals.is_empty() {
        out.push_str("(nobody called anything)\n");
    }
    out
}

fn principal_lines(out: &mut String, key: &PrincipalKey, usage: &PrincipalUsage) {
    let name = if usage.name.is_empty() { &key.id } else { &usage.name };
    let place = if key.account.is_empty() { String::new() } else { format!(" in {}", key.account) };
    let who = escape::terminal(&format!("{} {name}", key.kind.as_str()));
    // Kept whole where there is room: the account tells namesakes apart.
    let room = (ACTION_CHARS + 36).saturating_sub(place.len());
    let _ = writeln!(out, "{}{}", clipped(&who, room), escape::terminal(&place));
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for (call, resources) in &usage.calls {
        let line = lines.entry(action_words(call)).or_default();
        for stats in resources.values() {
            line.add(call.outcome, stats);
        }
    }
    for ((source, name), stats) in &usage.unmapped {
        lines.entry(format!("? {source} {name}")).or_default().add(Outcome::Authorized, stats);
    }
    for (action, line) in lines {
        let last = line.last.map(|last| last.day().to_string()).unwrap_or_default();
        let _ = writeln!(
            out,
            "  {:<width$} {:>12} {:>9}  {last}",
            clipped(&escape::terminal(&action), ACTION_CHARS - 2),
            grouped(line.uses),
            grouped(line.denied),
            width = ACTION_CHARS - 2,
        );
    }
}

/// The action, and what is not plain about it.
fn action_words(call: &CallKey) -> String {
    match call.basis {
        Basis::Direct | Basis::PassedRole => call.action.0.to_string(),
        Basis::Secondary => format!("{} (perhaps)", call.action.0),
    }
}

impl Line {
    fn add(&mut self, outcome: Outcome, stats: &Stats) {
        if outcome == Outcome::Denied {
            self.denied += stats.count;
        } else {
            self.uses += stats.count;
        }
        self.last = self.last.max(stats.span.map(|(_, last)| last));
    }
}

/// By account, kind and name; the id decides between namesakes.
fn sorted(usage: &Usage) -> Vec<(&PrincipalKey, &PrincipalUsage)> {
    let mut all: Vec<_> = usage.principals.iter().collect();
    all.sort_by_key(|(key, usage)| (&key.account, key.kind, &usage.name, &key.id));
    all
}

/// The whole summary as one JSON text with a final newline. Equal logs give equal bytes.
pub fn json(report: &UsageReport<'_>) -> String {
    let window =
        report.span.map(|(first, last)| json!({"first": first.to_string(), "last": last.to_string()}));
    let problems = report.problems.iter().map(|problem| {
        json!({"file": problem.file, "record": problem.record, "kind": problem.kind.as_str(), "message": problem.message})
    });
    let value = json!({
        "schema": SCHEMA,
        "tool": {"name": "trailtrim", "version": env!("CARGO_PKG_VERSION"), "reference_date": reference().date()},
        "window": window,
        "files": report.files,
        "records": report.counts.records,
        "events": report.counts.events_distinct,
        "duplicates": report.counts.duplicates,
        "possible_duplicates": report.counts.possible_duplicates,
        "principals": sorted(report.usage).into_iter().map(principal).collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
    });
    // A value made of strings, numbers and booleans always serialises.
    serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
}

fn principal((key, usage): (&PrincipalKey, &PrincipalUsage)) -> Value {
    let denied = usage.denials.iter().map(|(denial, stats)| {
        let (source, name) = &denial.event;
        with_stats(
            json!({
                "event_source": source, "event_name": name, "action": text(&denial.action),
                "resource": text(&denial.resource), "policy_type": text(&denial.policy_type),
            }),
            stats,
        )
    });
    let unmapped = usage.unmapped.iter().map(|((source, name), stats)| {
        with_stats(json!({"event_source": source, "event_name": name}), stats)
    });
    json!({
        "kind": key.kind.as_str(),
        "account": text(&key.account),
        "id": key.id,
        "name": usage.name,
        "arns": usage.arns,
        "path_known": !usage.path_unknown,
        "activity": with_stats(json!({}), &usage.events),
        "calls": usage.calls.iter().map(call).collect::<Vec<_>>(),
        "denied": denied.collect::<Vec<_>>(),
        "unmapped": unmapped.collect::<Vec<_>>(),
    })
}

fn call((key, resources): (&CallKey, &BTreeMap<Resource, Stats>)) -> Value {
    let (source, name) = &key.event;
    let basis = match key.basis {
        Basis::Direct => "direct",
        Basis::Secondary => "secondary",
        Basis::PassedRole => "passed_role",
    };
    json!({
        "action": key.action.0.to_string(),
        "basis": basis,
        "outcome": key.outcome.as_str(),
        "region": text(&key.region),
        "event_source": source,
        "event_name": name,
        "via": key.via,
        "passed_to": key.passed_to,
        "resources": resources.iter().map(resource).collect::<Vec<_>>(),
    })
}

fn resource((resource, stats): (&Resource, &Stats)) -> Value {
    let named = |form: &str, name: &ResourceName| json!({"form": form, "type": name.kind, "arn": name.arn, "complete": name.complete});
    let role = |form: &str, name: &str| json!({"form": form, "name": name});
    let value = match resource {
        Resource::Star => json!({"form": "star"}),
        Resource::Unknown => json!({"form": "unknown"}),
        Resource::Arn(name) => named("arn", name),
        Resource::Pattern(name) => named("pattern", name),
        Resource::Role(RoleReference::Arn(arn)) => role("role", arn.as_str()),
        Resource::Role(RoleReference::Name(name)) => role("role_name", name),
        Resource::Role(RoleReference::InstanceProfileArn(arn)) => role("instance_profile", arn.as_str()),
        Resource::Role(RoleReference::InstanceProfileName(name)) => role("instance_profile_name", name),
    };
    with_stats(value, stats)
}
