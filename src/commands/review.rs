//! `trailtrim review`: logs and a snapshot in, verdicts and trimmed policies out.

use super::judge::Judge;
use super::read_logs::Logs;
use super::{Outcome, Settings, note, output, print};
use crate::cli::{FailOn, Format, JudgeArgs, ReviewArgs};
use crate::drift::observability::Kind;
use crate::drift::{Severity, Standing};
use crate::grants::Exclusion;
use crate::iam::AccountId;
use crate::iam::reference::reference;
use crate::recommend;
use crate::report::model::{
    AccountCoverage, CoverageReport, ExclusionReport, ExclusionState, PrincipalReport,
};
use crate::report::{Report, escape, json, markdown, text};
use crate::time::Day;
use crate::trail::Problem;
use crate::trail::coverage::Coverage;
use crate::usage::Stats;
use std::collections::{BTreeMap, BTreeSet};

/// Problems shown on the terminal; `review.json` has all.
const PROBLEMS_SHOWN_MAX: usize = 10;

/// Runs the command.
pub fn run(args: &ReviewArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let judge = Judge::read(&args.judge, settings)?;
    let report = build(&judge, &args.judge);
    show(&report, args, judge.logs.is_partial(), settings)?;
    Ok(outcome(&report, args))
}

fn build(judge: &Judge, args: &JudgeArgs) -> Report {
    let mut principals = judge.each(|review, recommendations, show| {
        let propose = || recommend::proposals(review, &recommendations, judge.window);
        let proposals = show.then(propose).unwrap_or_default();
        let members = judge.logs.coverage.delivery.members();
        let conditions = || recommend::trust_conditions(review, members, judge.window);
        PrincipalReport::new(review, recommendations, show)
            .with_proposals(proposals)
            .with_trust_conditions(show.then(conditions).unwrap_or_default())
    });
    let (linked, mut editable): (Vec<_>, Vec<_>) =
        principals.drain(..).partition(|principal| principal.standing == Standing::ServiceLinked);
    editable.sort_by(|a, b| b.unused().cmp(&a.unused()).then_with(|| a.arn.cmp(&b.arn)));
    let exclusions = exclusions(judge, &editable);
    let Judge { logs, snapshot, .. } = judge;
    Report {
        tool_version: env!("CARGO_PKG_VERSION"),
        reference_date: reference().date().to_owned(),
        window: judge.window,
        coverage: coverage_report(logs, account_coverage(&logs.coverage)),
        inputs: judge.inputs.clone(),
        assumptions: judge.assumptions.clone(),
        insufficient: if logs.stopped {
            Some("the reading of the logs was stopped before its end".to_owned())
        } else if logs.is_partial() {
            Some("some logs could not be listed or read whole, and nobody knows what they hold".to_owned())
        } else {
            insufficient(&judge.short, args.min_window)
        },
        forced: judge.forced,
        principals: editable,
        exclusions,
        service_linked: linked.into_iter().map(|principal| principal.arn).collect(),
        unmapped: unmapped(logs),
        problems: logs.problems.clone(),
        snapshot_problems: snapshot
            .problems
            .iter()
            .map(|one| (one.what.clone(), one.message.clone()))
            .collect(),
    }
}

fn unmapped(logs: &Logs) -> Vec<((String, String), Stats)> {
    let mut all: BTreeMap<(String, String), Stats> = BTreeMap::new();
    for principal in logs.usage.principals.values() {
        for (event, stats) in &principal.unmapped {
            all.entry(event.clone()).or_default().merge(stats);
        }
    }
    all.into_iter().collect()
}

fn coverage_report(logs: &Logs, accounts: Vec<AccountCoverage>) -> CoverageReport {
    let counts = &logs.coverage.counts;
    CoverageReport {
        files: logs.files,
        files_with_problems: logs.files_with_problems,
        files_skipped: counts.digests_skipped + counts.insight_files_skipped + counts.others_skipped,
        records: counts.records,
        events: counts.events_distinct,
        duplicates: counts.duplicates,
        possible_duplicates: counts.possible_duplicates,
        accounts,
    }
}

/// The entries of the exclusions file, with the principals that each fits.
fn exclusions(judge: &Judge, principals: &[PrincipalReport]) -> Vec<ExclusionReport> {
    let report = |(index, (entry, expired)): (usize, (&Exclusion, bool))| {
        let fits = principals.iter().filter(|principal| principal.exclusions.contains(&index));
        let mut principals: Vec<String> = fits.map(|principal| principal.arn.clone()).collect();
        principals.sort();
        let state = match (expired, principals.is_empty()) {
            (true, _) => ExclusionState::Expired,
            (false, true) => ExclusionState::Unused,
            (false, false) => ExclusionState::Used,
        };
        ExclusionReport { entry: entry.clone(), state, principals }
    };
    judge.exclusions().enumerate().map(report).collect()
}

fn account_coverage(coverage: &Coverage) -> Vec<AccountCoverage> {
    let report = |account: AccountId| {
        let mut kinds: BTreeMap<Kind, (BTreeSet<Day>, u64)> = BTreeMap::new();
        for cell in coverage.cells().filter(|cell| cell.account == Some(account)) {
            let (days, events) = kinds.entry(Kind::of(&cell)).or_default();
            days.insert(cell.day);
            *events += cell.events;
        }
        AccountCoverage {
            account: account.to_string(),
            days: coverage.days(account).len(),
            regions: coverage.regions(account).into_iter().map(escape::terminal).collect(),
            categories: kinds
                .into_iter()
                .map(|(kind, (days, events))| (kind.words(), days.len(), events))
                .collect(),
        }
    };
    coverage.accounts().map(report).collect()
}

fn insufficient(short: &BTreeMap<String, usize>, days_min: u32) -> Option<String> {
    let accounts: Vec<String> = short.iter().map(|(account, days)| format!("{account} has {days}")).collect();
    (!accounts.is_empty()).then(|| {
        format!("{days_min} days with events are needed, account {}", text::wrapped_list(&accounts, 3))
    })
}

/// The first problems with the logs, on standard error.
pub(super) fn note_problems(problems: &[Problem], settings: &Settings) {
    for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
        let line = format!("problem: {}: {}", problem.file, problem.message);
        note(settings, &escape::terminal(&line));
    }
    if problems.len() > PROBLEMS_SHOWN_MAX {
        note(settings, &format!("problem: and {} more", problems.len() - PROBLEMS_SHOWN_MAX));
    }
}

fn show(report: &Report, args: &ReviewArgs, partial: bool, settings: &Settings) -> anyhow::Result<()> {
    match args.format {
        Format::Table => print(&text::review(report))?,
        Format::Json => print(&json::review(report))?,
        Format::Markdown => print(&markdown::review(report))?,
    }
    note_problems(&report.problems, settings);
    for (what, message) in report.snapshot_problems.iter().take(PROBLEMS_SHOWN_MAX) {
        note(settings, &escape::terminal(&format!("snapshot: {what}: {message}")));
    }
    if let Some(why) = &report.insufficient {
        let ending = match (report.forced, partial) {
            (true, _) => "forced",
            (false, true) => "no recommendations",
            (false, false) => "no recommendations; --force shows them all the same",
        };
        note(settings, &format!("coverage: {why}: {ending}"));
    }
    if let Some(folder) = &args.output {
        let policies = output::write(folder, report)?;
        note(
            settings,
            &format!(
                "wrote {}: review.json, review.md, {policies} policies",
                escape::terminal(&folder.display().to_string())
            ),
        );
    }
    Ok(())
}

fn outcome(report: &Report, args: &ReviewArgs) -> Outcome {
    let unread =
        !report.problems.is_empty() || !report.snapshot_problems.is_empty() || report.coverage.events == 0;
    if unread || report.insufficient.is_some() {
        return Outcome::Incomplete;
    }
    let floor = args.fail_on.map(|floor| match floor {
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
    });
    let reached = |floor: Severity| {
        report
            .principals
            .iter()
            .flat_map(|principal| &principal.findings)
            .any(|finding| finding.severity >= floor)
    };
    if floor.is_some_and(reached) { Outcome::Findings } else { Outcome::Clean }
}
