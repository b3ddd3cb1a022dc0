//! `trailtrim usage`: who used what, from logs alone.

use super::read_logs::{self, Logs};
use super::review::note_problems;
use super::{Outcome, Settings, print, print_json};
use crate::cli::{PlainFormat, UsageArgs};
use crate::report::usage::{self, UsageReport};

/// Runs the command.
pub fn run(args: &UsageArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let (logs, _) = read_logs::read_given(&args.logs, false, settings)?;
    let report = report(&logs);
    match args.format {
        PlainFormat::Table => print(&usage::table(&report))?,
        PlainFormat::Json => print_json(|out| usage::json(&report, out))?,
    }
    note_problems(&logs.problems, settings);
    let outcome = outcome(&logs);
    // The program ends here: a million small pieces need not be freed one by one.
    std::mem::forget(logs);
    Ok(outcome)
}

fn outcome(logs: &Logs) -> Outcome {
    let whole = logs.problems.is_empty() && logs.coverage.counts.events > 0;
    if whole { Outcome::Clean } else { Outcome::Incomplete }
}

fn report(logs: &Logs) -> UsageReport<'_> {
    UsageReport {
        usage: &logs.usage,
        counts: logs.coverage.counts,
        files: logs.files,
        span: logs.coverage.span(),
        problems: &logs.problems,
    }
}
