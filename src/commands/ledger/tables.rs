//! Tables out of a ledger, in the place of those that are filled while logs are read.

use crate::commands::read_logs::{EventSink, Logs};
use crate::escape;
use crate::ledger::manifest::TableKind;
use crate::ledger::{Ledger, LedgerError, Part, Window};
use crate::tables::{Builder, Column};
use crate::time::Day;
use anyhow::bail;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The rows that somebody wants, or why the ledger does not have them.
pub(super) struct Rows {
    tables: Vec<(&'static str, Vec<Builder>)>,
    /// What to say when rows are missing.
    missing: Option<String>,
}

impl Rows {
    /// Reads the columns that are wanted, file by file on all threads. `logs` is what the ledger says of the same
    /// window.
    pub(super) fn read(
        ledger: &Ledger,
        window: Window,
        sink: &dyn EventSink,
        logs: &Logs,
    ) -> Result<Self, LedgerError> {
        let wanted = sink.wanted();
        let missing = if wanted.is_empty() { None } else { missing(ledger, logs) };
        let mut rows = Self { tables: Vec::new(), missing };
        if rows.missing.is_some() {
            return Ok(rows);
        }
        for (table, columns) in wanted {
            if let Some(kind) = TableKind::ROWS.into_iter().find(|kind| kind.to_string() == table) {
                rows.tables.push((table, builders(ledger, kind, window, &columns)?));
            }
        }
        Ok(rows)
    }

    /// Hands the rows over. An error when the ledger does not have all of them: an answer from some would be wrong.
    pub(super) fn give(self, sink: &dyn EventSink) -> anyhow::Result<()> {
        if let Some(missing) = self.missing {
            bail!(missing);
        }
        for (table, rows) in self.tables {
            sink.take(table, rows);
        }
        Ok(())
    }
}

/// One builder for each thread: what a builder holds that is not packed yet, and its words, are there once. Files
/// come by day, so that rows are near those that they will stand beside.
fn builders(
    ledger: &Ledger,
    kind: TableKind,
    window: Window,
    columns: &[Column],
) -> Result<Vec<Builder>, LedgerError> {
    let mut parts = ledger.parts(&[kind], window);
    parts.sort_by_key(Part::day);
    let next = AtomicUsize::new(0);
    let fill = |_| {
        let mut builder = Builder::new(columns);
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            ledger.rows(*part, columns)?.add_to(&mut builder);
        }
        Ok(builder)
    };
    (0..rayon::current_num_threads()).into_par_iter().map(fill).collect()
}

/// What to say of days whose events were ingested without rows.
fn missing(ledger: &Ledger, logs: &Logs) -> Option<String> {
    let days = ledger.days_without_rows(&logs.coverage);
    let (first, last) = (days.first()?, days.last()?);
    let folder = escape::terminal(&ledger.folder().display().to_string());
    let why = "they were ingested with --no-events or by an older version";
    let covered = logs.coverage.span().map(|(_, end)| end.day());
    let behind = Day::from_epoch_days(last.epoch_days().saturating_add(1));
    let later = if covered.is_some_and(|covered| covered > *last) {
        format!("--from {behind}, or ")
    } else {
        String::new()
    };
    Some(format!(
        "the ledger `{folder}` has no events of {} days, {first} to {last}, only what they come to: {why}\nhint: {later}name the logs, or ingest them into a new ledger",
        days.len()
    ))
}
