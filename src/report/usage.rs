//! Who used what: the summary of the logs alone, without a snapshot, as a table and as
//! `trailtrim.usage/v1`.

use super::escape;
use super::json::{text, with_stats};
use super::stream::{Listed, Shown, StatsForm};
use super::text::{clipped, grouped, possible_duplicates};
use crate::iam::reference::{ActionInfo, reference};
use crate::time::Timestamp;
use crate::trail::Problem;
use crate::trail::coverage::Counts;
use crate::trail::outcome::Outcome;
use crate::trail::passed_roles::RoleReference;
use crate::usage::{Basis, CallKey, PrincipalKey, PrincipalUsage, Resource, ResourceName, Stats, Usage};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

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

/// The whole summary as one JSON text with a final newline. Equal logs give equal bytes. An error is one of `out`.
pub fn json(report: &UsageReport<'_>, mut out: impl io::Write) -> io::Result<()> {
    let problems = report.problems.iter().map(|problem| {
        json!({"file": problem.file, "record": problem.record, "kind": problem.kind.as_str(), "message": problem.message})
    });
    let form = Form {
        schema: SCHEMA,
        tool: json!({"name": "trailtrim", "version": env!("CARGO_PKG_VERSION"), "reference_date": reference().date()}),
        window: report
            .span
            .map(|(first, last)| json!({"first": first.to_string(), "last": last.to_string()})),
        files: report.files,
        records: report.counts.records,
        events: report.counts.events_distinct,
        duplicates: report.counts.duplicates,
        possible_duplicates: report.counts.possible_duplicates,
        principals: Listed(|| sorted(report.usage).into_iter().map(principal)),
        problems: problems.collect(),
    };
    serde_json::to_writer_pretty(&mut out, &form)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Form<P> {
    schema: &'static str,
    tool: Value,
    window: Option<Value>,
    files: u64,
    records: u64,
    events: u64,
    duplicates: u64,
    possible_duplicates: u64,
    principals: P,
    problems: Vec<Value>,
}

#[derive(Serialize)]
struct PrincipalForm<'a, C, D, U> {
    kind: &'static str,
    account: Option<&'a str>,
    id: &'a str,
    name: &'a str,
    arns: &'a BTreeSet<String>,
    path_known: bool,
    activity: StatsForm<'a>,
    calls: C,
    denied: D,
    unmapped: U,
}

fn principal<'a>((key, usage): (&'a PrincipalKey, &'a PrincipalUsage)) -> impl Serialize + use<'a> {
    PrincipalForm {
        kind: key.kind.as_str(),
        account: text(&key.account),
        id: &key.id,
        name: &usage.name,
        arns: &usage.arns,
        path_known: !usage.path_unknown,
        activity: StatsForm::of(&usage.events),
        calls: Listed(|| usage.calls.iter().map(call)),
        denied: Listed(|| {
            usage.denials.iter().map(|(denial, stats)| {
                let (source, name) = &denial.event;
                with_stats(
                    json!({
                        "event_source": source, "event_name": name, "action": text(&denial.action),
                        "resource": text(&denial.resource), "policy_type": text(&denial.policy_type),
                    }),
                    stats,
                )
            })
        }),
        unmapped: Listed(|| {
            usage.unmapped.iter().map(|((source, name), stats)| {
                with_stats(json!({"event_source": source, "event_name": name}), stats)
            })
        }),
    }
}

#[derive(Serialize)]
struct CallForm<'a, R> {
    action: Shown<&'static ActionInfo>,
    basis: &'static str,
    outcome: &'static str,
    region: Option<&'a str>,
    event_source: &'a str,
    event_name: &'a str,
    via: Option<&'a str>,
    passed_to: Option<&'a str>,
    resources: R,
}

fn call<'a>((key, resources): (&'a CallKey, &'a BTreeMap<Resource, Stats>)) -> impl Serialize + use<'a> {
    let (source, name) = &key.event;
    CallForm {
        action: Shown(key.action.0),
        basis: match key.basis {
            Basis::Direct => "direct",
            Basis::Secondary => "secondary",
            Basis::PassedRole => "passed_role",
        },
        outcome: key.outcome.as_str(),
        region: text(&key.region),
        event_source: source,
        event_name: name,
        via: key.via.as_deref(),
        passed_to: key.passed_to.as_deref(),
        resources: Listed(|| resources.iter().map(resource)),
    }
}

/// One row. What a form does not have is not there.
#[derive(Default, Serialize)]
struct ResourceForm<'a> {
    form: &'static str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complete: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(flatten)]
    stats: Option<StatsForm<'a>>,
}

fn resource<'a>((resource, stats): (&'a Resource, &'a Stats)) -> ResourceForm<'a> {
    let plain = |form| ResourceForm { form, stats: Some(StatsForm::of(stats)), ..ResourceForm::default() };
    let named = |form, name: &'a ResourceName| ResourceForm {
        kind: Some(name.kind),
        arn: Some(&name.arn),
        complete: Some(name.complete),
        ..plain(form)
    };
    let role = |form, name| ResourceForm { name: Some(name), ..plain(form) };
    match resource {
        Resource::Star => plain("star"),
        Resource::Unknown => plain("unknown"),
        Resource::Arn(name) => named("arn", name),
        Resource::Pattern(name) => named("pattern", name),
        Resource::Role(RoleReference::Arn(arn)) => role("role", arn.as_str()),
        Resource::Role(RoleReference::Name(name)) => role("role_name", name),
        Resource::Role(RoleReference::InstanceProfileArn(arn)) => role("instance_profile", arn.as_str()),
        Resource::Role(RoleReference::InstanceProfileName(name)) => role("instance_profile_name", name),
    }
}
