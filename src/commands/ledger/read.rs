//! A ledger in the place of logs: the same [`Logs`] as one reading of all its objects gives.

use super::tables::Rows;
use crate::cli::{Moment, ReadArgs};
use crate::commands::read_logs::{EventSink, Logs, Options, Part};
use crate::commands::{Settings, note};
use crate::iam::reference::reference;
use crate::ledger::manifest::{Root, TableKind};
use crate::ledger::{Content, Ledger, LedgerError, Object, Window};
use crate::report::escape;
use crate::sha256::Sha256;
use crate::time::{Day, Timestamp};
use crate::trail::coverage::Coverage;
use crate::trail::log_file::LogFile;
use crate::trail::{Problem, ProblemKind};
use crate::usage::Usage;
use anyhow::{anyhow, bail};
use rayon::prelude::*;
use std::path::Path;

/// How often a ledger is opened again because a compaction has replaced it in the meantime.
const TRIES_MAX: usize = 5;

/// Reads a ledger on the current rayon thread pool. Of the options, `hash` joins the objects' hashes for
/// certificates, and `sink` takes the rows of its tables. Errors: no ledger, a damaged one, one that was made without
/// events where rows are asked for, a window that does not begin and end with UTC days.
pub fn read(
    folder: &Path,
    args: &ReadArgs,
    options: Options<'_>,
    settings: &Settings,
) -> anyhow::Result<Logs> {
    let window = Window {
        from: whole_day("--from", args.from, settings.now, false)?,
        to: whole_day("--to", args.to, settings.now, true)?,
    };
    let mut tries = 0;
    loop {
        tries += 1;
        let opened = Ledger::open(folder).and_then(|ledger| {
            let logs = logs(&ledger, window, options)?;
            let rows = options.sink.map(|sink| Rows::read(&ledger, window, sink, &logs)).transpose()?;
            Ok((logs, rows))
        });
        match opened {
            Err(error) if error.is_gone() && tries < TRIES_MAX => {}
            Ok((logs, rows)) => {
                if let Some((rows, sink)) = rows.zip(options.sink) {
                    rows.give(sink)?;
                }
                if let Some(day) = logs.kept_from {
                    note(
                        settings,
                        &format!("ledger: the days before {day} were dropped by `ledger compact --keep`"),
                    );
                }
                return Ok(logs);
            }
            Err(error) => return Err(complaint(&error)),
        }
    }
}

/// A ledger's error with its paths made harmless.
pub(super) fn complaint(error: &LedgerError) -> anyhow::Error {
    let text = error.to_string();
    let lines: Vec<String> = text.lines().map(escape::terminal).collect();
    anyhow!(lines.join("\n"))
}

/// The day of a moment. Days back are counted in whole days; the window never gets smaller by that.
fn whole_day(
    option: &str,
    moment: Option<Moment>,
    now: Timestamp,
    is_end: bool,
) -> anyhow::Result<Option<Day>> {
    let Some(moment) = moment else { return Ok(None) };
    let time = moment.resolve(now);
    let day = time.day();
    let starts = day.start() == time;
    Ok(Some(match moment {
        Moment::DaysAgo(_) if is_end && !starts => Day::from_epoch_days(day.epoch_days().saturating_add(1)),
        Moment::At(_) if !starts => {
            bail!("a ledger keeps whole UTC days, and {time} is not the start of one\nhint: {option} {day}")
        }
        Moment::DaysAgo(_) | Moment::At(_) => day,
    }))
}

/// What a ledger says of a window, without the rows of its events.
pub(super) fn logs(ledger: &Ledger, window: Window, options: Options<'_>) -> Result<Logs, LedgerError> {
    let kept = ledger.manifest.kept_from();
    let objects: Vec<Object> = ledger
        .objects()?
        .into_iter()
        .filter(|object| kept.is_none_or(|kept| !is_over(object, kept)))
        .collect();
    let tables = [TableKind::Coverage, TableKind::Usage];
    let wanted = if options.sink.is_none_or(EventSink::needs_usage) { 2 } else { 1 };
    let parts = ledger.parts(tables.get(..wanted).unwrap_or_default(), window);
    let add = |(mut usage, mut coverage): (Usage, Coverage), part| {
        ledger.add(part, &mut usage, &mut coverage)?;
        Ok((usage, coverage))
    };
    let merge = |(mut usage, mut coverage): (Usage, Coverage), other: (Usage, Coverage)| {
        usage.merge(other.0);
        coverage.merge(other.1);
        Ok::<_, LedgerError>((usage, coverage))
    };
    let start = <(Usage, Coverage)>::default;
    let (usage, coverage) = parts.into_par_iter().try_fold(start, add).try_reduce(start, merge)?;

    let mut part = Part::default();
    part.coverage = coverage;
    let mut logs = Logs { files: objects.len() as u64, kept_from: kept, ..Logs::default() };
    let mut hashes = Vec::new();
    let mut events = 0;
    for object in objects {
        hashes.extend(object.sha256);
        let wanted = |day: &Day| window.contains(*day) && kept.is_none_or(|kept| *day >= kept);
        events += object.days.iter().filter(|(day, _)| wanted(day)).map(|(_, events)| events).sum::<u64>();
        match object.content {
            Content::Decoded(decoded) => part.add_file(&object.name, object.named, *decoded),
            Content::Failed(problem) => part.add_failed_file(problem),
        }
    }
    logs.merge(part);
    logs.usage = usage;
    let counts = &mut logs.coverage.counts;
    counts.events = events.max(counts.events_distinct);
    counts.duplicates = counts.events - counts.events_distinct;
    for root in &ledger.manifest.roots {
        add_root(root, &mut logs);
    }
    logs.sha256 = options.hash.then(|| Sha256::of_all(hashes));
    logs.problems.sort();
    Ok(logs)
}

/// What the listings of a place said.
fn add_root(root: &Root, logs: &mut Logs) {
    let counts = &mut logs.coverage.counts;
    counts.digests_skipped += root.digests;
    counts.insight_files_skipped += root.insights;
    counts.others_skipped += root.others;
    logs.files_with_problems += root.problems.len() as u64;
    logs.problems.extend(root.problems().iter().cloned());
    if root.left > 0 {
        logs.stopped = true;
        let left = root.left;
        logs.problems.push(Problem {
            file: root.path.clone(),
            record: None,
            kind: ProblemKind::Stopped,
            message: format!(
                "{left} files are not in the ledger yet: `trailtrim ingest` was ended; run it again"
            ),
        });
    }
}

/// Was everything in an object before the days that are kept?
fn is_over(object: &Object, kept: Day) -> bool {
    let last = match &object.content {
        Content::Decoded(decoded) => decoded.span.map(|(_, last)| last.day()),
        Content::Failed(_) => None,
    };
    last.or(LogFile::from_name(&object.name).day).is_some_and(|day| day < kept)
}

/// Were parts of the ledger folded by another version, or by an older service reference?
pub(super) fn folded_by_others(ledger: &Ledger) -> usize {
    let ours = |program: &str, date: &str| program == env!("CARGO_PKG_VERSION") && date == reference().date();
    ledger.segments.iter().filter(|(_, segment)| !ours(&segment.program, &segment.reference)).count()
}
