//! `trailtrim coverage`: what the logs show, and where they show nothing.

use super::read_logs;
use super::review::note_problems;
use super::{Outcome, Settings, print};
use crate::cli::{CoverageArgs, PlainFormat};
use crate::grants::Selectors;
use crate::report::coverage::{self, CoverageView};
use crate::time::Day;
use crate::trail::coverage::missing;

/// Runs the command.
pub fn run(args: &CoverageArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    read_logs::check_trails(&args.logs, &args.trails)?;
    let selectors = if args.trails.is_empty() { None } else { Some(Selectors::read(&args.trails)?) };
    let (logs, _) = read_logs::read_given(&args.logs, false, settings)?;
    let rows = missing::rows(&logs.coverage);
    let seen = logs.coverage.span().map(|(first, last)| (first.day(), last.day()));
    let window = seen.map(|seen| window(args, settings, seen));
    let missing =
        seen.zip(window).map(|(seen, window)| missing::missing(&rows, seen, window)).unwrap_or_default();
    let view = CoverageView {
        coverage: &logs.coverage,
        rows: &rows,
        missing: &missing,
        window,
        selectors: selectors.as_ref(),
        files: logs.files,
        problems: &logs.problems,
    };
    print(&match args.format {
        PlainFormat::Table => coverage::text(&view, args.ascii),
        PlainFormat::Json => coverage::json(&view),
    })?;
    note_problems(&logs.problems, settings);
    let whole = missing.is_empty() && logs.problems.is_empty() && window.is_some();
    Ok(if whole { Outcome::Clean } else { Outcome::Incomplete })
}

/// The days that were asked for, as far as they are over, else those of the first and last event.
fn window(args: &CoverageArgs, settings: &Settings, (first, last): (Day, Day)) -> (Day, Day) {
    let from = args.logs.read.from.map_or(first, |from| from.resolve(settings.now).day());
    // The end is not part of the window.
    let to = args.logs.read.to.map_or(last, |to| to.resolve(settings.now).plus_seconds(-1).day());
    let yesterday = Day::from_epoch_days(settings.now.day().epoch_days() - 1);
    (from, to.min(yesterday).max(last))
}
