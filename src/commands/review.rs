//! `trailtrim review`: logs and a snapshot in, verdicts and trimmed policies out.

use super::read_logs::{self, Logs};
use super::{Outcome, Settings, note, output, print, select};
use crate::cli::{FailOn, Format, ReviewArgs};
use crate::drift::observability::Kind;
use crate::drift::{self, Observability, Severity, Standing};
use crate::grants::{GrantedPrincipal, Selectors, Snapshot};
use crate::iam::AccountId;
use crate::iam::reference::reference;
use crate::recommend;
use crate::report::model::{AccountCoverage, CoverageReport, PrincipalReport};
use crate::report::{Report, escape, json, markdown, text};
use crate::time::{Day, Timestamp};
use crate::trail::Problem;
use crate::trail::coverage::Coverage;
use crate::usage::Stats;
use anyhow::bail;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Problems shown on the terminal; `review.json` has all.
const PROBLEMS_SHOWN_MAX: usize = 10;

/// Runs the command.
pub fn run(args: &ReviewArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let mut snapshot = Snapshot::read(&args.grants)?;
    let selectors = if args.trails.is_empty() { None } else { Some(Selectors::read(&args.trails)?) };
    check_selection(&snapshot, args)?;
    let (mut logs, pool) = read_logs::read_given(&args.logs, settings)?;
    drift::resolve::identities(&mut logs.usage, &snapshot);
    drift::resolve::passed_roles(&mut logs.usage, &snapshot);
    keep_selected(&mut snapshot, args);
    let report = pool.install(|| build(&logs, &snapshot, selectors, args, settings.now));
    show(&report, args, settings)?;
    Ok(outcome(&report, args))
}

/// A name that fits nobody is an error, with the nearest one; better now than after reading the logs.
fn check_selection(snapshot: &Snapshot, args: &ReviewArgs) -> anyhow::Result<()> {
    for wanted in &args.role {
        select::find(snapshot, wanted)?;
    }
    for wanted in &args.account {
        if !snapshot.principals.iter().any(|one| one.account.is_some_and(|id| id.to_string() == *wanted)) {
            bail!("no principal of the account `{}` in the snapshot", escape::terminal(wanted));
        }
    }
    Ok(())
}

/// Keeps the principals that the user asked for.
fn keep_selected(snapshot: &mut Snapshot, args: &ReviewArgs) {
    snapshot.principals.retain(|principal| {
        let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
        (args.role.is_empty() || args.role.iter().any(|wanted| select::fits(principal, wanted)))
            && (args.account.is_empty() || args.account.contains(&account))
    });
}

fn build(
    logs: &Logs,
    snapshot: &Snapshot,
    selectors: Option<Selectors>,
    args: &ReviewArgs,
    now: Timestamp,
) -> Report {
    let window = logs.coverage.span();
    let days_min = if args.force { 1 } else { usize::try_from(args.min_window).unwrap_or(usize::MAX) };
    let mut assumptions = assumptions(&logs.coverage, selectors.as_ref(), args.min_window);
    assumptions.push(genuine(args.logs.require_digests).to_owned());
    let observability = Observability::new(&logs.coverage, &logs.usage, selectors, days_min);
    let judgement = drift::Settings {
        window_start: window.map_or(now, |(first, _)| first),
        window_end: window.map_or(now, |(_, last)| last),
        age_days_min: args.min_age,
    };
    let accounts = account_coverage(&logs.coverage);
    let short = short_accounts(snapshot, &accounts, args.min_window);
    let usage = drift::UsageIndex::new(&logs.usage);
    let one = |principal: &GrantedPrincipal| {
        let review = drift::review_principal(principal, &usage, &observability, &judgement);
        let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
        let show = args.force || !short.contains_key(&account);
        PrincipalReport::new(&review, recommend::recommend(&review), show)
    };
    let mut principals: Vec<PrincipalReport> = snapshot.principals.par_iter().map(one).collect();
    let (linked, mut editable): (Vec<_>, Vec<_>) =
        principals.drain(..).partition(|principal| principal.standing == Standing::ServiceLinked);
    editable.sort_by(|a, b| b.unused().cmp(&a.unused()).then_with(|| a.arn.cmp(&b.arn)));
    Report {
        tool_version: env!("CARGO_PKG_VERSION"),
        reference_date: reference().date().to_owned(),
        window,
        coverage: coverage_report(logs, accounts),
        assumptions,
        insufficient: insufficient(&short, args.min_window),
        forced: args.force,
        principals: editable,
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
        accounts,
    }
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

/// Reviewed accounts with too few days, and how many they have.
fn short_accounts(
    snapshot: &Snapshot,
    covered: &[AccountCoverage],
    days_min: u32,
) -> BTreeMap<String, usize> {
    let mut short = BTreeMap::new();
    for account in snapshot.principals.iter().filter_map(|principal| principal.account) {
        let account = account.to_string();
        let days = covered.iter().find(|one| one.account == account).map_or(0, |one| one.days);
        if u32::try_from(days).is_ok_and(|days| days < days_min) {
            short.insert(account, days);
        }
    }
    short
}

fn insufficient(short: &BTreeMap<String, usize>, days_min: u32) -> Option<String> {
    let accounts: Vec<String> = short.iter().map(|(account, days)| format!("{account} has {days}")).collect();
    (!accounts.is_empty()).then(|| {
        format!("{days_min} days with events are needed, account {}", text::wrapped_list(&accounts, 3))
    })
}

/// What is taken for granted because nothing in the input says otherwise.
fn assumptions(coverage: &Coverage, selectors: Option<&Selectors>, days_min: u32) -> Vec<String> {
    let regions: BTreeSet<String> = coverage.cells().map(|cell| cell.region.to_owned()).collect();
    let mut all = Vec::new();
    if selectors.and_then(|selectors| selectors.multi_region) != Some(true) {
        let regions: Vec<String> = regions.into_iter().collect();
        all.push(format!(
            "no principal acted in a region other than {}: a call elsewhere would not be in these logs (--trails with describe-trails output settles it)",
            text::wrapped_list(&regions, 8)
        ));
    }
    all.extend(quiet_regions(coverage, days_min));
    if selectors.is_none() {
        let kinds: BTreeSet<String> = coverage
            .cells()
            .filter(|cell| cell.category.is_data())
            .map(|cell| cell.resource_type.to_owned())
            .collect();
        for kind in kinds {
            all.push(format!(
                "data events of {kind} are logged for every resource of the type, as for those that were seen (--trails settles it)"
            ));
        }
        all.push(
            "management events are logged completely on the days that were delivered (--trails settles it)"
                .to_owned(),
        );
    }
    all.push(format!(
        "the service reference of {} is complete: an action that is newer is kept, not judged",
        reference().date()
    ));
    all
}

/// Why the logs are taken for what `CloudTrail` delivered.
fn genuine(digests_required: bool) -> &'static str {
    if digests_required {
        "the public keys are CloudTrail's: a digest file signed with one of them proves every log file that was used"
    } else {
        "the logs are genuine: digest files were not checked (--require-digests checks them)"
    }
}

/// Regions with few days: the logs do not tell a quiet region from one that was not logged all the time.
fn quiet_regions(coverage: &Coverage, days_min: u32) -> Option<String> {
    let mut days: BTreeMap<(AccountId, &str), BTreeSet<Day>> = BTreeMap::new();
    for cell in coverage.cells() {
        let Some(account) = cell.account else { continue };
        days.entry((account, cell.region)).or_default().insert(cell.day);
    }
    let quiet = days.iter().filter(|(_, days)| u32::try_from(days.len()).is_ok_and(|days| days < days_min));
    let quiet: Vec<String> = quiet
        .map(|((account, region), days)| {
            format!("{} of {account} ({} days)", escape::terminal(region), days.len())
        })
        .collect();
    (!quiet.is_empty())
        .then(|| format!("these regions were quiet, not unlogged: {}", text::wrapped_list(&quiet, 6)))
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

fn show(report: &Report, args: &ReviewArgs, settings: &Settings) -> anyhow::Result<()> {
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
        let ending =
            if report.forced { "forced" } else { "no recommendations; --force shows them all the same" };
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
