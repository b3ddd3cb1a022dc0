//! `trailtrim usage`: who used what, from logs alone.

use super::read_logs::{self, Logs};
use super::review::{note_problems, nothing_found};
use super::{Outcome, Settings, print};
use crate::cli::{UsageArgs, UsageFormat};
use crate::report::usage::{self, UsageReport};
use crate::source::dir::DirSource;
use anyhow::{Context, bail};

/// Runs the command.
pub fn run(args: &UsageArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads.unwrap_or(0))
        .build()
        .context("cannot start threads")?;
    let source = DirSource::new(args.paths.clone());
    let options = read_logs::Options::given(args.max_file_mib, (args.from, args.to), settings.now);
    let logs = pool.install(|| read_logs::read(&source, options));
    if logs.files == 0 {
        bail!(nothing_found(&logs));
    }
    let report = report(&logs);
    print(&match args.format {
        UsageFormat::Table => usage::table(&report),
        UsageFormat::Json => usage::json(&report),
    })?;
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
