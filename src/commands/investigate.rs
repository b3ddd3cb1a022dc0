//! `trailtrim investigate` and `explain-event`: rules over the tables, cases out of what they find.

use super::gather::Gather;
use super::query::{check_input, known, tables, write};
use super::read_logs::{self, Logs};
use super::review::note_problems;
use super::{Outcome, Settings, print};
use crate::cli::{CasesFormat, ExplainEventArgs, InvestigateArgs, LogArgs, PlainFormat, RuleArgs};
use crate::drift;
use crate::grants::snapshot::Snapshot;
use crate::investigate::blast::{self, Blast};
use crate::investigate::case::{self, Case, Scored};
use crate::investigate::hit::{self, Hit};
use crate::investigate::pivot::{self, Pivot};
use crate::investigate::unknown::{self, Held};
use crate::investigate::{self, EventRow, Facts, Rule, contain, facts};
use crate::query::{self, Asked, Asker, Input, Query};
use crate::report::cases::{CaseReport, CasesReport, NotEvaluated, graph, html, json, markdown, text};
use crate::report::event::{self as event_report, EventReport};
use crate::tables::wholes::Params;
use crate::trail::coverage::Coverage;
use anyhow::{Context as _, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the rules found, and the tables that they asked.
struct Found {
    logs: Logs,
    snapshot: Option<Snapshot>,
    params: Params,
    asker: Asker,
    queries: Vec<Query>,
    rules: Vec<Rule>,
    hits: Vec<Hit>,
    not_evaluated: Vec<NotEvaluated>,
}

/// Runs `investigate`.
pub fn run(args: &InvestigateArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let paths = paths(&args.items);
    let pivot = pivot(args);
    let mut found = Found::read(paths, &args.rules, pivot.as_ref(), settings)?;
    let asked = match &pivot {
        Some(pivot) => pivot::events(&found.asker, pivot)?,
        None => Vec::new(),
    };
    let facts = Facts::ask(&found.asker, &found.hits, &asked)?;
    let hits = found.with_stronger_roles(&facts);
    let keys: BTreeSet<i64> = asked.iter().map(|event| event.key).collect();
    let since = if args.rules.since.is_some() { found.params.split } else { i64::MIN };
    let mut groups = case::join(case::groups(&hits, &keys, &facts), &facts);
    groups.retain(|group| if pivot.is_some() { group.is_about(&keys) } else { group.is_since(since) });
    let floor = if pivot.is_some() { 0 } else { args.min_score };
    let (shown, below): (Vec<Scored<'_>>, Vec<Scored<'_>>) =
        case::scored(groups, &found.rules, &facts).into_iter().partition(|one| one.score >= floor);
    let cases = found.told(shown, &facts)?;
    let report = CasesReport {
        events: found.logs.coverage.counts.events_distinct,
        span: found.logs.coverage.span(),
        params: found.params,
        since: args.rules.since.is_some(),
        rules: &found.rules,
        not_evaluated: &found.not_evaluated,
        below: below.len(),
        min_score: floor,
        cases: cases.into_iter().map(|case| found.report(case)).collect(),
    };
    show(args, &report)?;
    note_problems(&found.logs.problems, settings);
    Ok(outcome(args, &report, &found.logs))
}

fn show(args: &InvestigateArgs, report: &CasesReport<'_>) -> anyhow::Result<()> {
    let shown = match args.format {
        CasesFormat::Table => text::cases(report),
        CasesFormat::Json => json::cases(report),
        CasesFormat::Markdown => markdown::cases(report),
        CasesFormat::Html => html::cases(report),
        CasesFormat::Dot => graph::dot(report),
    };
    write(args.output.as_deref(), shown.as_bytes())
}

/// What could not be read makes a result incomplete; rules that the input cannot feed stand on top of it, and
/// change no status: no trail has everything that the rules could use.
fn outcome(args: &InvestigateArgs, report: &CasesReport<'_>, logs: &Logs) -> Outcome {
    if !logs.problems.is_empty() || logs.coverage.counts.events == 0 {
        return Outcome::Incomplete;
    }
    let reached = |floor: u32| report.cases.iter().any(|one| one.case.score >= floor);
    if args.fail_on.is_some_and(reached) { Outcome::Findings } else { Outcome::Clean }
}

/// The logs, without the topic in front. A folder of the topic's name is written `./sagemaker`.
fn paths(items: &[PathBuf]) -> &[PathBuf] {
    match items.split_first() {
        Some((first, rest)) if first == Path::new("sagemaker") => rest,
        _ => items,
    }
}

fn pivot(args: &InvestigateArgs) -> Option<Pivot> {
    let principal = args.principal.clone().map(Pivot::Principal);
    let key = args.access_key.clone().map(Pivot::AccessKey);
    let resource = args.resource.clone().map(Pivot::Resource);
    principal.or(key).or(resource).or_else(|| args.ip.clone().map(Pivot::Ip))
}

impl Found {
    /// Reads the logs into the tables, and asks every rule.
    fn read(
        paths: &[PathBuf],
        args: &RuleArgs,
        pivot: Option<&Pivot>,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        check_input(paths, &args.read)?;
        let queries: Vec<Query> =
            known(args.queries.as_deref())?.into_iter().filter(investigate::is_on_topic).collect();
        let snapshot = (!args.grants.is_empty()).then(|| Snapshot::read(&args.grants)).transpose()?;
        let mut wanted = asked(&queries, pivot);
        if snapshot.is_some() {
            wanted.entry("usage").or_default();
        }
        let gather = Gather::new(&wanted);
        let logs = LogArgs { paths: paths.to_vec(), read: args.read.clone() };
        let (mut logs, pool) = read_logs::read_into(&logs, &gather, settings)?;
        if let Some(snapshot) = &snapshot {
            drift::resolve::identities(&mut logs.usage, snapshot);
        }
        let params = Params::new(logs.coverage.span(), args.since.map(|since| since.resolve(settings.now)))
            .covered(&logs.coverage);
        // On the threads that read: what they freed is theirs to use again.
        let asker = pool.install(|| Asker::new(tables(&wanted, gather, &logs, snapshot.as_ref(), params)));
        let mut found = Self {
            logs,
            snapshot,
            params,
            asker,
            rules: queries.iter().map(Rule::of).collect(),
            queries: Vec::new(),
            hits: Vec::new(),
            not_evaluated: Vec::new(),
        };
        for (number, query) in queries.iter().enumerate() {
            found.ask(number, query)?;
        }
        found.queries = queries;
        Ok(found)
    }

    fn ask(&mut self, number: usize, query: &Query) -> anyhow::Result<()> {
        let wrong = || format!("the rule `{}` failed", query.name);
        let (answer, _) = self.asker.ask(&query.sql).with_context(wrong)?;
        let mut whys: Vec<String> =
            query::unmet(&query.header.needs, self.input()).into_iter().map(|one| one.why).collect();
        match hit::hits(number, &answer) {
            Ok(hits) => self.hits.extend(hits),
            Err(missing) => {
                whys.push(format!("its answer lacks what cases need: {}", missing.join(", ")));
            }
        }
        if !whys.is_empty() {
            self.not_evaluated.push(NotEvaluated { rule: number, whys });
        }
        Ok(())
    }

    fn input(&self) -> Input<'_> {
        Input {
            coverage: &self.logs.coverage,
            has_snapshot: self.snapshot.is_some(),
            baseline: (self.params.baseline_days(), self.params.has_baseline()),
        }
    }

    /// The hits, with those of the rule that compares grants.
    fn with_stronger_roles(&mut self, facts: &Facts) -> Vec<Hit> {
        let number = self.rules.len();
        let rule = investigate::stronger_role();
        let unmet = query::unmet(&rule.header.needs, self.input());
        if !unmet.is_empty() {
            let whys = unmet.into_iter().map(|one| one.why).collect();
            self.not_evaluated.push(NotEvaluated { rule: number, whys });
        }
        self.rules.push(rule);
        // The same few principals hand over the same few roles.
        let mut known: BTreeMap<String, Option<Blast>> = BTreeMap::new();
        let radius = |arn: &str| {
            let find = || Some(blast::blast(arn, true, self.snapshot.as_ref()?, &self.logs.usage));
            known.entry(arn.to_owned()).or_insert_with(find).clone()
        };
        let more = investigate::stronger_roles(number, &self.hits, facts, radius);
        let mut hits = std::mem::take(&mut self.hits);
        hits.extend(more);
        hits
    }

    /// The cases, by score; what tells them is asked for some at a time.
    fn told<'f>(&self, mut shown: Vec<Scored<'f>>, facts: &'f Facts) -> anyhow::Result<Vec<Case<'f>>> {
        let mut cases = Vec::new();
        case::gather(&mut shown);
        while !shown.is_empty() {
            let some: Vec<Scored<'f>> = shown.drain(..shown.len().min(case::TOLD_AT_ONCE)).collect();
            let context = facts.around(&self.asker, case::windows(&some), case::to_follow(&some, facts))?;
            cases.extend(case::cases(some, facts, &context));
        }
        case::rank(&mut cases);
        Ok(cases)
    }

    fn report<'f>(&self, case: Case<'f>) -> CaseReport<'f> {
        let acted: BTreeSet<&str> = case.actors.iter().map(|actor| actor.arn.as_str()).collect();
        let handed = case.handed.keys().map(String::as_str).filter(|arn| !acted.contains(arn));
        let all: Vec<(&str, bool)> =
            acted.iter().map(|arn| (*arn, true)).chain(handed.map(|arn| (arn, false))).collect();
        let radius = |snapshot: &Snapshot| -> Vec<Blast> {
            let named = all.iter().filter(|(arn, _)| !arn.is_empty());
            named.map(|(arn, acted)| blast::blast(arn, *acted, snapshot, &self.logs.usage)).collect()
        };
        let held = Held {
            s3_objects: has_data(&self.logs.coverage, "AWS::S3::Object"),
            endpoints: has_data(&self.logs.coverage, "AWS::SageMaker::Endpoint"),
            snapshot: self.snapshot.is_some(),
        };
        CaseReport {
            blast: self.snapshot.as_ref().map(radius).unwrap_or_default(),
            unknowns: unknown::unknowns(&case, held),
            commands: contain::commands(&case),
            case,
        }
    }
}

fn has_data(coverage: &Coverage, kind: &str) -> bool {
    coverage.cells().any(|cell| cell.events > 0 && cell.category.is_data() && cell.resource_type == kind)
}

/// The tables and columns that the rules, the cases and the user's question need.
fn asked(queries: &[Query], pivot: Option<&Pivot>) -> Asked {
    let own = facts::sqls().into_iter().chain(pivot.into_iter().flat_map(pivot::sqls));
    let texts: Vec<String> = queries.iter().map(|query| query.sql.clone()).chain(own).collect();
    let mut all: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
    for text in &texts {
        for (table, columns) in query::asked(text) {
            all.entry(table).or_default().extend(columns);
        }
    }
    all
}

/// Runs `explain-event`.
pub fn explain(args: &ExplainEventArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let pivot = Pivot::Event(args.event_id.clone());
    let mut found = Found::read(&args.paths, &args.rules, Some(&pivot), settings)?;
    let events: Vec<EventRow> = pivot::events(&found.asker, &pivot)?;
    if events.is_empty() {
        bail!("no event `{}` in the logs", crate::escape::terminal(&args.event_id));
    }
    let facts = Facts::ask(&found.asker, &found.hits, &events)?;
    let hits = found.with_stronger_roles(&facts);
    for event in &events {
        let report = EventReport {
            event,
            refs: facts.refs.of(event),
            rules: &found.rules,
            hits: hits
                .iter()
                .filter(|hit| hit.event_id == event.id && hit.principal_key == event.actor.key)
                .collect(),
            looked: found
                .queries
                .iter()
                .enumerate()
                .filter(|(_, query)| investigate::looks_at(query, event))
                .collect(),
            not_evaluated: &found.not_evaluated,
        };
        match args.format {
            PlainFormat::Table => print(&event_report::text(&report))?,
            PlainFormat::Json => print(&event_report::json(&report))?,
        }
    }
    note_problems(&found.logs.problems, settings);
    Ok(if found.logs.problems.is_empty() { Outcome::Clean } else { Outcome::Incomplete })
}
