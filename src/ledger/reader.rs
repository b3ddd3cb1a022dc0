//! Reading a ledger. A reader takes no lock: what a manifest names never changes.

use super::manifest::{FileEntry, Manifest, Segment, SegmentName, TableKind};
use super::objects::{self, Object};
use super::rows::{self, Rows};
use super::seen::{self, Place};
use super::{LedgerError, coverage_table, usage_table};
use crate::sha256::Sha256;
use crate::tables::Column;
use crate::time::Day;
use crate::trail::coverage::Coverage;
use crate::usage::Usage;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The manifest's name.
pub(super) const MANIFEST: &str = "MANIFEST.json";

/// The folder of the segments.
pub(super) const SEGMENTS: &str = "segments";

/// The description of a segment.
pub(super) const SEGMENT: &str = "segment.json";

/// A ledger as one manifest describes it.
#[derive(Debug)]
pub struct Ledger {
    pub(super) folder: PathBuf,
    /// What belongs to it.
    pub manifest: Manifest,
    /// The live segments, oldest first.
    pub segments: Vec<(SegmentName, Segment)>,
}

/// Whole UTC days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first.
    pub from: Option<Day>,
    /// The first that is not part of it.
    pub to: Option<Day>,
}

impl Window {
    /// Is a day part of it?
    pub fn contains(self, day: Day) -> bool {
        self.from.is_none_or(|from| day >= from) && self.to.is_none_or(|to| day < to)
    }
}

/// What one segment has of one account and day.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    segment: &'a str,
    entry: &'a FileEntry,
    place: Place,
}

impl Part<'_> {
    /// The number of its rows; 0 for what is no table of rows.
    pub fn rows(&self) -> u64 {
        self.entry.rows
    }

    /// Its size on the disk.
    pub fn bytes(&self) -> u64 {
        self.entry.bytes
    }

    /// The UTC day that it is of.
    pub fn day(&self) -> Day {
        self.place.1
    }
}

impl Ledger {
    /// Reads the manifest and the lists of files. Errors: there is no ledger, another version's, a damaged one.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        let missing = || LedgerError::Missing { path: folder.display().to_string() };
        Self::open_or(folder, || Err(missing()))
    }

    /// Opens a ledger; `new` gives the manifest when there is none.
    pub(super) fn open_or(
        folder: &Path,
        new: impl FnOnce() -> Result<Manifest, LedgerError>,
    ) -> Result<Self, LedgerError> {
        let path = folder.join(MANIFEST);
        let manifest = match read(&path) {
            Ok(bytes) => Manifest::parse(&text(bytes, &path)?, &path)?,
            Err(error) if error.is_gone() => new()?,
            Err(error) => return Err(error),
        };
        let mut segments = Vec::with_capacity(manifest.segments.len());
        for name in &manifest.segments {
            // Made of digits only, as this program makes them: a name cannot lead out of the folder.
            if name.name.is_empty() || !name.name.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(LedgerError::damaged(&path, "a segment's name is not a number"));
            }
            let path = folder.join(SEGMENTS).join(&name.name).join(SEGMENT);
            let bytes = checked(&path, &name.sha256)?;
            let segment = serde_json::from_slice(&bytes);
            let segment = segment.map_err(|error| LedgerError::damaged(&path, error.to_string()))?;
            segments.push((name.clone(), segment));
        }
        Ok(Self { folder: folder.to_owned(), manifest, segments })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn read(&self, segment: &str, entry: &FileEntry) -> Result<(PathBuf, Vec<u8>), LedgerError> {
        let (folder, name) = entry.path();
        let path = self.folder.join(SEGMENTS).join(segment).join(folder).join(name);
        let bytes = checked(&path, &entry.sha256)?;
        Ok((path, bytes))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &FileEntry)> {
        self.segments
            .iter()
            .flat_map(|(name, segment)| segment.files.iter().map(|entry| (name.name.as_str(), entry)))
    }

    /// Every log file that was read: the latest state of each, in the order in which they came. A file that
    /// was not whole gives way to what was found under its key later.
    pub fn objects(&self) -> Result<Vec<Object>, LedgerError> {
        let mut all: Vec<Option<Object>> = Vec::new();
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (segment, entry) in self.entries().filter(|(_, entry)| entry.table == TableKind::Objects) {
            let (path, bytes) = self.read(segment, entry)?;
            for object in objects::read(&bytes).map_err(|why| LedgerError::damaged(&path, why))? {
                let same = places.entry(object.key.clone()).or_default();
                same.retain(|at| match all.get_mut(*at) {
                    Some(place) if place.as_ref().is_some_and(|known| !known.is_whole()) => {
                        *place = None;
                        false
                    }
                    _ => true,
                });
                same.push(all.len());
                all.push(Some(object));
            }
        }
        Ok(all.into_iter().flatten().collect())
    }

    /// The log files that one segment added.
    pub fn objects_of(&self, segment: &SegmentName) -> Result<Vec<Object>, LedgerError> {
        let of_it = self.entries().filter(|(name, _)| *name == segment.name);
        let mut all = Vec::new();
        for (segment, entry) in of_it.filter(|(_, entry)| entry.table == TableKind::Objects) {
            let (path, bytes) = self.read(segment, entry)?;
            all.extend(objects::read(&bytes).map_err(|why| LedgerError::damaged(&path, why))?);
        }
        Ok(all)
    }

    /// The parts of some tables, of days that are kept and in the window.
    pub fn parts(&self, tables: &[TableKind], window: Window) -> Vec<Part<'_>> {
        let kept = self.manifest.kept_from();
        let wanted = |place: &Place| window.contains(place.1) && kept.is_none_or(|kept| place.1 >= kept);
        self.entries()
            .filter(|(_, entry)| tables.contains(&entry.table))
            .filter_map(|(segment, entry)| {
                Some(Part { segment, entry, place: entry.place().filter(wanted)? })
            })
            .collect()
    }

    /// Reads some columns of a part of a table of rows.
    pub fn rows(&self, part: Part<'_>, columns: &[Column]) -> Result<Rows, LedgerError> {
        let (path, bytes) = self.read(part.segment, part.entry)?;
        rows::read(&bytes, columns).map_err(|why| LedgerError::damaged(&path, why))
    }

    /// The days of a coverage of which the ledger does not have all events as rows, because they were ingested
    /// without.
    pub fn days_without_rows(&self, coverage: &Coverage) -> BTreeSet<Day> {
        let mut missing: BTreeMap<Place, u64> = BTreeMap::new();
        for cell in coverage.cells() {
            *missing.entry((cell.account, cell.day)).or_default() += cell.events;
        }
        for (_, entry) in self.entries().filter(|(_, entry)| entry.table == TableKind::Events) {
            if let Some(events) = entry.place().and_then(|place| missing.get_mut(&place)) {
                *events = events.saturating_sub(entry.rows);
            }
        }
        missing.into_iter().filter(|(_, events)| *events > 0).map(|((_, day), _)| day).collect()
    }

    /// Adds a part to a summary.
    pub fn add(&self, part: Part<'_>, usage: &mut Usage, coverage: &mut Coverage) -> Result<(), LedgerError> {
        let (path, bytes) = self.read(part.segment, part.entry)?;
        let added = match part.entry.table {
            TableKind::Usage => usage_table::read(&bytes, part.place.1, usage),
            TableKind::Coverage => coverage_table::read(&bytes, part.place, coverage),
            _ => Ok(()),
        };
        added.map_err(|why| LedgerError::damaged(&path, why))
    }

    /// The fingerprints of an account's day in one segment.
    pub(super) fn fingerprints(
        &self,
        segment: &str,
        entry: &FileEntry,
        into: &mut Vec<u128>,
    ) -> Result<(), LedgerError> {
        let (path, bytes) = self.read(segment, entry)?;
        seen::read(&bytes, into).map_err(|why| LedgerError::damaged(&path, why))
    }
}

/// A file's bytes, when they have the hash that was noted when they were written.
fn checked(path: &Path, sha256: &str) -> Result<Vec<u8>, LedgerError> {
    let bytes = read(path)?;
    if Sha256::of(&bytes).to_string() != *sha256 {
        return Err(LedgerError::damaged(path, "its SHA-256 is not the one that was noted"));
    }
    Ok(bytes)
}

#[expect(clippy::disallowed_methods, reason = "the ledger is read here")]
fn read(path: &Path) -> Result<Vec<u8>, LedgerError> {
    fs::read(path).map_err(LedgerError::io(path))
}

fn text(bytes: Vec<u8>, path: &Path) -> Result<String, LedgerError> {
    String::from_utf8(bytes).map_err(|error| LedgerError::damaged(path, error.to_string()))
}

/// Is the folder there, and empty but for what a writer that was killed at its first commit leaves?
pub(super) fn is_free(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if ![super::writer::LOCK, super::writer::MANIFEST_NEW, SEGMENTS].iter().any(|known| name == *known) {
            return Ok(false);
        }
    }
    Ok(true)
}
