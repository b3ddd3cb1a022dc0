//! One segment of many, without the days that are dropped.

use super::manifest::{FileEntry, TableKind};
use super::rows::RowsFile;
use super::seen::{self, Place};
use super::segment::NewSegment;
use super::writer::Writer;
use super::{LedgerError, coverage_table, objects, table, usage_table};
use crate::time::Day;
use crate::trail::coverage::Coverage;
use crate::usage::Usage;
use std::collections::BTreeMap;

/// Files of rows are joined as long as they have so many rows together at most: what is in memory stays small.
const ROWS_MAX: u64 = 100_000;

/// What a retention dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Account days.
    pub places: u64,
    /// Distinct events.
    pub events: u64,
}

impl Writer {
    /// Makes one segment of all, and drops days before `kept_from`. Older segments go when the new one counts.
    pub fn compact(&mut self, kept_from: Option<Day>) -> Result<Dropped, LedgerError> {
        let kept = kept_from.max(self.ledger.manifest.kept_from());
        let mut dropped = Dropped::default();
        let mut places: BTreeMap<(Place, TableKind), Vec<(String, FileEntry)>> = BTreeMap::new();
        for (segment, entry) in self.ledger.entries() {
            let Some(place) = entry.place() else { continue };
            places.entry((place, entry.table)).or_default().push((segment.to_owned(), entry.clone()));
        }
        let mut segment = NewSegment::begin(self)?;
        let objects = self.ledger.objects()?;
        segment.add(&self.disk, TableKind::Objects, None, objects::write(&objects))?;
        for (((account, day), kind), files) in places {
            if kept.is_some_and(|kept| day < kept) {
                dropped.places += u64::from(kind == TableKind::Coverage);
                dropped.events +=
                    if kind == TableKind::Coverage { self.events(&files, (account, day))? } else { 0 };
                continue;
            }
            if kind.is_rows() {
                self.join_rows(&files, &mut segment)?;
                continue;
            }
            let bytes = self.merged(kind, (account, day), &files)?;
            segment.add(&self.disk, kind, Some((account, day)), Ok(bytes))?;
        }
        let new = segment.finish(&self.disk)?;
        let mut manifest = self.ledger.manifest.clone();
        manifest.kept_from = kept.map(|day| day.to_string());
        self.commit_manifest(manifest, vec![new])?;
        self.index_seen();
        self.remove_orphans()?;
        Ok(dropped)
    }

    /// Writes the files of rows of one table, account and day as fewer.
    fn join_rows(&self, files: &[(String, FileEntry)], segment: &mut NewSegment) -> Result<(), LedgerError> {
        for group in groups(files) {
            let mut all = Vec::with_capacity(group.len());
            for (of, entry) in group {
                all.push(self.ledger.read(of, entry)?.1);
            }
            let Some(((_, first), place)) = group.first().and_then(|one| Some((one, one.1.place()?))) else {
                continue;
            };
            if all.len() == 1 {
                all.into_iter().try_for_each(|bytes| segment.copy(&self.disk, first, bytes))?;
                continue;
            }
            let rows = group.iter().map(|(_, entry)| entry.rows).sum();
            let bytes =
                table::merge_rows(&all).map_err(|why| LedgerError::damaged(&self.ledger.folder, why))?;
            segment.add_rows(&self.disk, &RowsFile { kind: first.table, place, rows, bytes })?;
        }
        Ok(())
    }

    fn events(&self, files: &[(String, FileEntry)], place: Place) -> Result<u64, LedgerError> {
        let mut coverage = Coverage::default();
        for (segment, entry) in files {
            let (path, bytes) = self.ledger.read(segment, entry)?;
            coverage_table::read(&bytes, place, &mut coverage)
                .map_err(|why| LedgerError::damaged(&path, why))?;
        }
        Ok(coverage.counts.events_distinct)
    }

    /// The tables of one kind, account and day as one.
    fn merged(
        &self,
        kind: TableKind,
        place: Place,
        files: &[(String, FileEntry)],
    ) -> Result<Vec<u8>, LedgerError> {
        let (mut usage, mut coverage, mut fingerprints) = (Usage::default(), Coverage::default(), Vec::new());
        for (segment, entry) in files {
            let (path, bytes) = self.ledger.read(segment, entry)?;
            if files.len() == 1 {
                return Ok(bytes);
            }
            match kind {
                TableKind::Usage => usage_table::read(&bytes, place.1, &mut usage),
                TableKind::Coverage => coverage_table::read(&bytes, place, &mut coverage),
                TableKind::Seen => seen::read(&bytes, &mut fingerprints),
                TableKind::Objects | TableKind::Events | TableKind::Refs | TableKind::Fields => Ok(()),
            }
            .map_err(|why| LedgerError::damaged(&path, why))?;
        }
        let of_account = |tables: Result<BTreeMap<_, Vec<u8>>, String>| {
            tables?.remove(&place.0).ok_or_else(|| "an account's rows name another account".to_owned())
        };
        fingerprints.sort_unstable();
        let merged = match kind {
            TableKind::Usage => of_account(usage_table::write(&usage)),
            TableKind::Coverage => of_account(coverage_table::write(&coverage)),
            _ => seen::write(&fingerprints),
        };
        merged.map_err(|why| LedgerError::damaged(&self.ledger.folder, why))
    }
}

/// Neighbours that have at most [`ROWS_MAX`] rows together.
fn groups(files: &[(String, FileEntry)]) -> Vec<&[(String, FileEntry)]> {
    let mut groups = Vec::new();
    let mut rest = files;
    while !rest.is_empty() {
        let mut rows = 0;
        let fits = |(_, entry): &&(String, FileEntry)| {
            rows += entry.rows;
            rows <= ROWS_MAX
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (group, behind) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        groups.push(group);
        rest = behind;
    }
    groups
}
