//! A segment while it is being written.

use super::LedgerError;
use super::disk::Disk;
use super::manifest::{FileEntry, Segment, SegmentName, TableKind};
use super::reader::{SEGMENT, SEGMENTS};
use super::rows::RowsFile;
use super::seen::Place;
use super::writer::Writer;
use crate::iam::reference::reference;
use crate::sha256::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A segment that is being written.
#[derive(Debug)]
pub(super) struct NewSegment {
    name: String,
    folder: PathBuf,
    pub(super) described: Segment,
    /// Folders with new entries, those inside others first.
    folders: BTreeSet<PathBuf>,
    /// The next number of a file of rows.
    numbers: BTreeMap<(TableKind, Place), u64>,
}

impl NewSegment {
    /// With the next number.
    pub(super) fn begin(writer: &Writer) -> Result<Self, LedgerError> {
        Self::numbered(writer, writer.ledger.manifest.next)
    }

    /// With a number that no segment has.
    pub(super) fn numbered(writer: &Writer, number: u64) -> Result<Self, LedgerError> {
        let name = format!("{number:06}");
        let parent = writer.ledger.folder.join(SEGMENTS);
        let folder = parent.join(&name);
        // What a commit that failed in this process has left.
        if folder.exists() {
            writer.disk.remove_folder(&folder).map_err(LedgerError::io(&folder))?;
        }
        writer.disk.create_folders(&folder).map_err(LedgerError::io(&folder))?;
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let described = Segment { program, reference: reference().date().to_owned(), files: Vec::new() };
        let folders = BTreeSet::from([parent, folder.clone()]);
        Ok(Self { name, described, folders, folder, numbers: BTreeMap::new() })
    }

    pub(super) fn failed(&self, why: String) -> LedgerError {
        LedgerError::damaged(&self.folder, why)
    }

    /// Writes a table that is no table of rows.
    pub(super) fn add(
        &mut self,
        disk: &Disk,
        table: TableKind,
        place: Option<Place>,
        bytes: Result<Vec<u8>, String>,
    ) -> Result<(), LedgerError> {
        let bytes = bytes.map_err(|why| self.failed(why))?;
        self.write(disk, FileEntry::new(table, place, &bytes), &bytes)
    }

    /// Writes a file of rows beside those that are there of its table, account and day.
    pub(super) fn add_rows(&mut self, disk: &Disk, file: &RowsFile) -> Result<(), LedgerError> {
        let mut entry = FileEntry::new(file.kind, Some(file.place), &file.bytes);
        entry.rows = file.rows;
        let number = self.numbers.entry((file.kind, file.place)).or_default();
        entry.number = *number;
        *number += 1;
        self.write(disk, entry, &file.bytes)
    }

    /// Writes a file of another segment as it is.
    pub(super) fn copy(&mut self, disk: &Disk, entry: &FileEntry, bytes: Vec<u8>) -> Result<(), LedgerError> {
        match entry.place() {
            Some(place) if entry.table.is_rows() => {
                let (kind, rows) = (entry.table, entry.rows);
                self.add_rows(disk, &RowsFile { kind, place, rows, bytes })
            }
            place => self.add(disk, entry.table, place, Ok(bytes)),
        }
    }

    fn write(&mut self, disk: &Disk, entry: FileEntry, bytes: &[u8]) -> Result<(), LedgerError> {
        let (inside, name) = entry.path();
        let folder = self.folder.join(&inside);
        if !self.folders.contains(&folder) {
            disk.create_folders(&folder).map_err(LedgerError::io(&folder))?;
            let above = folder.ancestors().take_while(|above| *above != self.folder);
            self.folders.extend(above.map(Path::to_owned));
        }
        let path = folder.join(name);
        disk.write(&path, bytes).map_err(LedgerError::io(&path))?;
        self.described.files.push(entry);
        Ok(())
    }

    /// Writes what there is, and waits until all of it is on the disk.
    pub(super) fn finish(self, disk: &Disk) -> Result<(SegmentName, Segment), LedgerError> {
        let path = self.folder.join(SEGMENT);
        let text =
            serde_json::to_string_pretty(&self.described).map_err(|error| self.failed(error.to_string()))?;
        disk.write(&path, text.as_bytes()).map_err(LedgerError::io(&path))?;
        for folder in self.folders.iter().rev() {
            disk.sync_folder(folder).map_err(LedgerError::io(folder))?;
        }
        let sha256 = Sha256::of(text.as_bytes()).to_string();
        Ok((SegmentName { name: self.name, sha256 }, self.described))
    }
}
