//! `trailtrim ledger`: what a ledger holds, fewer segments, older days dropped, two ledgers as one.

use super::read::{self, complaint};
use super::{ingest, merge};
use crate::cli::LedgerCommand;
use crate::commands::read_logs::{Logs, Options};
use crate::commands::review::note_problems;
use crate::commands::{Outcome, Settings, print};
use crate::ledger::manifest::TableKind;
use crate::ledger::{Ledger, Window, Writer};
use crate::report::{escape, text};
use crate::source::open::Request;
use crate::time::Day;
use rayon::ThreadPoolBuilder;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Accounts that are listed by their ids.
const ACCOUNTS_SHOWN_MAX: usize = 8;

/// Runs the command.
pub fn run(command: &LedgerCommand, settings: &Settings) -> anyhow::Result<Outcome> {
    match command {
        LedgerCommand::Status { folder } => status(folder, settings),
        LedgerCommand::Compact { folder, keep } => compact(folder, *keep, settings),
        LedgerCommand::Merge { folder, other, logs, aws } => {
            let request = Request { paths: logs.clone(), aws: aws.options(), ..Request::default() };
            merge::run(folder, other, &request, settings)
        }
    }
}

fn status(folder: &Path, settings: &Settings) -> anyhow::Result<Outcome> {
    let pool = ThreadPoolBuilder::new().num_threads(settings.threads.unwrap_or(0)).build()?;
    let (ledger, logs) = pool
        .install(|| {
            let ledger = Ledger::open(folder)?;
            let logs = read::logs(&ledger, Window::default(), Options::default())?;
            Ok((ledger, logs))
        })
        .map_err(|error| complaint(&error))?;
    print(&shown(&ledger, &logs))?;
    note_problems(&logs.problems, settings);
    Ok(if logs.problems.is_empty() { Outcome::Clean } else { Outcome::Incomplete })
}

fn shown(ledger: &Ledger, logs: &Logs) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<9} {value}");
    };
    let counts = logs.coverage.counts;
    line("ledger", escape::terminal(&ledger.folder().display().to_string()));
    line("schema", ledger.manifest.schema.clone());
    line("objects", format!("{}, {} with problems", logs.files, logs.files_with_problems));
    line("records", counts.records.to_string());
    line("events", format!("{} distinct, {} duplicates", counts.events_distinct, counts.duplicates));
    let days: BTreeSet<Day> = logs.coverage.cells().map(|cell| cell.day).collect();
    let between = days.first().zip(days.last()).map(|(first, last)| format!(", {first} to {last}"));
    line("days", format!("{}{}", days.len(), between.unwrap_or_default()));
    let accounts: Vec<String> = logs.coverage.accounts().map(|account| account.to_string()).collect();
    line("accounts", format!("{}: {}", accounts.len(), text::wrapped_list(&accounts, ACCOUNTS_SHOWN_MAX)));
    line("rows", rows(ledger, counts.events_distinct));
    let bytes: u64 =
        ledger.segments.iter().flat_map(|(_, segment)| &segment.files).map(|file| file.bytes).sum();
    let segments = ledger.segments.len();
    line(
        "size",
        format!(
            "{} KiB, {segments} {}",
            bytes.div_ceil(1024),
            if segments == 1 { "segment" } else { "segments" }
        ),
    );
    if let Some(day) = logs.kept_from {
        line("kept", format!("from {day} on; older days were dropped"));
    }
    let others = read::folded_by_others(ledger);
    if others > 0 {
        line("tables", format!("{others} segments were folded with other tables than this version's"));
    }
    out
}

/// What queries can ask.
fn rows(ledger: &Ledger, events: u64) -> String {
    let of = |kind: TableKind| {
        let parts = ledger.parts(&[kind], Window::default());
        let (rows, bytes) = parts
            .iter()
            .fold((0, 0), |(rows, bytes): (u64, u64), part| (rows + part.rows(), bytes + part.bytes()));
        (rows, bytes.div_ceil(1024))
    };
    let [(kept, events_size), (refs, refs_size), (fields, fields_size)] = TableKind::ROWS.map(of);
    format!(
        "{kept} of {events} events, {refs} refs, {fields} fields: {} KiB",
        events_size + refs_size + fields_size
    )
}

fn compact(folder: &Path, keep: Option<u32>, settings: &Settings) -> anyhow::Result<Outcome> {
    // A ledger that is not there is a mistake, not a new one.
    Ledger::open(folder).map_err(|error| complaint(&error))?;
    let mut writer = Writer::open(folder).map_err(|error| complaint(&error))?;
    let before = writer.ledger.segments.len();
    let keep = keep.and_then(|days| i32::try_from(days).ok());
    let kept = keep.map(|days| Day::from_epoch_days(settings.now.day().epoch_days().saturating_sub(days)));
    let dropped = writer.compact(kept).map_err(|error| complaint(&error))?;
    let mut out = format!("segments  {before} before, {} now\n", writer.ledger.segments.len());
    if let Some(day) = writer.ledger.manifest.kept_from() {
        let _ = writeln!(
            out,
            "dropped   {} events of {} account days; kept from {day} on",
            dropped.events, dropped.places
        );
    }
    print(&out)?;
    Ok(Outcome::Clean)
}

/// What an ingest that is part of a merge did, in words.
pub(super) fn read_again(sums: ingest::Sums) -> String {
    format!("{} objects read again: {} of {} events were new", sums.added, sums.events_new, sums.events)
}
