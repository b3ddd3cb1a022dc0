//! Writing a ledger: one process at a time, one commit after the other.

use super::disk::Disk;
use super::manifest::{FileEntry, Manifest, Root, SCHEMA, Segment, SegmentName, TableKind};
use super::objects::{self, Object};
use super::reader::{Ledger, MANIFEST, SEGMENTS, is_free};
use super::rows::{self, EventRows, RowsFile};
use super::seen::{self, Place, Seen};
use super::segment::NewSegment;
use super::{LedgerError, coverage_table, usage_table};
use crate::sha256::Sha256;
use crate::time::Day;
use crate::trail::coverage::Coverage;
use crate::usage::Usage;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The file that a writer locks. The lock goes with the process, however it ends.
pub(super) const LOCK: &str = "LOCK";

/// The manifest of a commit that is under way.
pub(super) const MANIFEST_NEW: &str = "MANIFEST.new";

/// The one process that may write.
#[derive(Debug)]
pub struct Writer {
    /// What is committed.
    pub ledger: Ledger,
    pub(super) disk: Disk,
    known: BTreeMap<String, Vec<Known>>,
    seen: BTreeMap<Place, Vec<(String, FileEntry)>>,
    _lock: File,
}

/// What a new object is compared with.
#[derive(Debug)]
enum Known {
    /// Everything in it was used: size, hash, `ETag`.
    Whole(u64, Option<Sha256>, Option<Box<str>>),
    /// Something was not: it is read again.
    Flawed(Box<Object>),
}

/// What one commit adds.
#[derive(Debug, Default)]
pub struct Batch {
    /// By UTC day.
    pub days: BTreeMap<Day, DayPart>,
    /// The log files.
    pub objects: Vec<Object>,
    /// The rows of the new events for queries, or nothing.
    pub rows: Vec<EventRows>,
    /// Rows that were written already.
    pub begun: Begun,
}

/// The segment of a batch, when rows are written before the commit: so many need not be in memory at once.
#[derive(Debug, Default)]
pub struct Begun(Mutex<Option<NewSegment>>);

/// What the new events of one UTC day say.
#[derive(Debug, Default)]
pub struct DayPart {
    /// Who did what.
    pub usage: Usage,
    /// What was delivered; its events only.
    pub coverage: Coverage,
}

impl Writer {
    /// Opens a ledger for writing, or makes one in a new or empty folder, and removes what a writer that was
    /// killed has left. Errors: another process writes it, the folder holds other things, the ledger is
    /// damaged or another version's.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        Self::open_with(folder, Disk::default())
    }

    pub(super) fn open_with(folder: &Path, disk: Disk) -> Result<Self, LedgerError> {
        let io = |path: &Path| LedgerError::io(path);
        disk.create_folders(folder).map_err(io(folder))?;
        let occupied = || LedgerError::Occupied { path: folder.display().to_string() };
        if !folder.join(MANIFEST).exists() && !is_free(folder).map_err(io(folder))? {
            return Err(occupied());
        }
        let lock = lock(folder)?;
        let ledger = Ledger::open_or(folder, || Ok(Manifest::new()))?;
        disk.create_folders(&folder.join(SEGMENTS)).map_err(io(folder))?;
        let mut writer = Self { ledger, disk, known: BTreeMap::new(), seen: BTreeMap::new(), _lock: lock };
        writer.remove_orphans()?;
        for object in writer.ledger.objects()? {
            writer.learn(object);
        }
        writer.index_seen();
        Ok(writer)
    }

    /// Is an object in the ledger, as its name and size tell? Only for names that are never given twice.
    pub fn has(&self, key: &str, size: u64) -> bool {
        let known = self.known.get(key).into_iter().flatten();
        size > 0 && known.into_iter().any(|one| matches!(one, Known::Whole(known, ..) if *known == size))
    }

    /// Is an object with this size and `ETag` in the ledger under this key, used as a whole?
    pub fn has_version(&self, key: &str, size: u64, etag: &str) -> bool {
        let same = |one: &Known| match one {
            Known::Whole(known, _, Some(version)) => *known == size && **version == *etag,
            _ => false,
        };
        self.known.get(key).into_iter().flatten().any(same)
    }

    /// Is an object with these stored bytes in the ledger under this key, used as a whole?
    pub fn has_content(&self, key: &str, sha256: Sha256) -> bool {
        let known = self.known.get(key).into_iter().flatten();
        known.into_iter().any(|one| matches!(one, Known::Whole(_, Some(known), _) if *known == sha256))
    }

    /// Is this very object, with the same flaws, in the ledger?
    pub fn has_same(&self, object: &Object) -> bool {
        let same = |one: &Known| match one {
            Known::Whole(_, known, _) => *known == object.sha256 && object.is_whole(),
            Known::Flawed(known) => **known == *object,
        };
        self.known.get(&object.key).into_iter().flatten().any(same)
    }

    /// Which events of a batch are new.
    pub fn seen(&self) -> Seen<'_> {
        Seen::new(|place| self.fingerprints(place))
    }

    fn fingerprints(&self, place: Place) -> Result<Vec<u128>, LedgerError> {
        let mut all = Vec::new();
        for (segment, entry) in self.seen.get(&place).into_iter().flatten() {
            self.ledger.fingerprints(segment, entry, &mut all)?;
        }
        all.sort_unstable();
        Ok(all)
    }

    /// Notes a place before its objects are read, or what is left of them. A reader then knows that the
    /// ledger is not complete.
    pub fn set_root(&mut self, root: Root) -> Result<(), LedgerError> {
        let mut manifest = self.ledger.manifest.clone();
        manifest.set_root(root);
        let segments = self.ledger.segments.clone();
        self.commit_manifest(manifest, segments)
    }

    /// Writes rows of a batch that is not whole yet. They count when the batch is committed.
    pub fn write_rows(&self, begun: &Begun, rows: EventRows) -> Result<(), LedgerError> {
        for file in rows::write(vec![rows]) {
            // Compressed before the lock is taken.
            let file: RowsFile = file.map_err(|why| LedgerError::damaged(&self.ledger.folder, why))?;
            let mut begun = begun.0.lock().unwrap_or_else(PoisonError::into_inner);
            if begun.is_none() {
                *begun = Some(NewSegment::begin(self)?);
            }
            if let Some(segment) = begun.as_mut() {
                segment.add_rows(&self.disk, &file)?;
            }
        }
        Ok(())
    }

    /// Adds a batch, whole or not at all. `root` is what is known of its place afterwards.
    pub fn commit(
        &mut self,
        batch: Batch,
        fresh: &BTreeMap<Place, Vec<u128>>,
        root: Root,
    ) -> Result<(), LedgerError> {
        let begun = batch.begun.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut segment = begun.map_or_else(|| NewSegment::begin(self), Ok)?;
        segment.add(&self.disk, TableKind::Objects, None, objects::write(&batch.objects))?;
        for file in rows::write(batch.rows) {
            let file = file.map_err(|why| segment.failed(why))?;
            segment.add_rows(&self.disk, &file)?;
        }
        let tables = batch.days.par_iter().flat_map_iter(|(day, part)| {
            [
                (*day, TableKind::Usage, usage_table::write(&part.usage)),
                (*day, TableKind::Coverage, coverage_table::write(&part.coverage)),
            ]
        });
        for (day, kind, accounts) in tables.collect::<Vec<_>>() {
            for (account, bytes) in accounts.map_err(|why| segment.failed(why))? {
                segment.add(&self.disk, kind, Some((account, day)), Ok(bytes))?;
            }
        }
        for (place, fingerprints) in fresh {
            segment.add(&self.disk, TableKind::Seen, Some(*place), seen::write(fingerprints))?;
        }
        let new = segment.finish(&self.disk)?;
        let mut manifest = self.ledger.manifest.clone();
        manifest.set_root(root);
        let mut segments = self.ledger.segments.clone();
        segments.push(new);
        self.commit_manifest(manifest, segments)?;
        for object in batch.objects {
            self.learn(object);
        }
        self.index_seen();
        Ok(())
    }

    fn learn(&mut self, object: Object) {
        let known = self.known.entry(object.key.clone()).or_default();
        known.retain(|one| matches!(one, Known::Whole(..)));
        known.push(if object.is_whole() {
            Known::Whole(object.size, object.sha256, object.etag)
        } else {
            Known::Flawed(Box::new(object))
        });
    }

    pub(super) fn index_seen(&mut self) {
        let mut seen: BTreeMap<Place, Vec<(String, FileEntry)>> = BTreeMap::new();
        for (segment, entry) in self.ledger.entries().filter(|(_, entry)| entry.table == TableKind::Seen) {
            let Some(place) = entry.place() else { continue };
            seen.entry(place).or_default().push((segment.to_owned(), entry.clone()));
        }
        self.seen = seen;
    }

    /// Puts a new manifest into the place of the old one. From then on the segments count.
    pub(super) fn commit_manifest(
        &mut self,
        mut manifest: Manifest,
        segments: Vec<(SegmentName, Segment)>,
    ) -> Result<(), LedgerError> {
        SCHEMA.clone_into(&mut manifest.schema);
        manifest.segments = segments.iter().map(|(name, _)| name.clone()).collect();
        let number = |name: &SegmentName| name.name.parse::<u64>().unwrap_or(u64::MAX - 1) + 1;
        manifest.next = manifest.segments.iter().map(number).fold(manifest.next, u64::max);
        let folder = &self.ledger.folder;
        let (new, place) = (folder.join(MANIFEST_NEW), folder.join(MANIFEST));
        let text = manifest.text().ok_or_else(|| LedgerError::damaged(&new, "no text"))?;
        self.disk.write(&new, text.as_bytes()).map_err(LedgerError::io(&new))?;
        self.disk.replace(&new, &place).map_err(LedgerError::io(&place))?;
        // What is in place counts, whatever comes next.
        self.ledger.manifest = manifest;
        self.ledger.segments = segments;
        self.disk.sync_folder(&self.ledger.folder).map_err(LedgerError::io(&place))
    }

    /// Removes folders of segments that the manifest does not name.
    pub(super) fn remove_orphans(&self) -> Result<(), LedgerError> {
        let folder = self.ledger.folder.join(SEGMENTS);
        let live: BTreeSet<&str> = self.ledger.segments.iter().map(|(name, _)| name.name.as_str()).collect();
        for entry in fs::read_dir(&folder).map_err(LedgerError::io(&folder))? {
            let path = entry.map_err(LedgerError::io(&folder))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && !live.contains(name.as_str()) {
                self.disk.remove_folder(&path).map_err(LedgerError::io(&path))?;
            }
        }
        Ok(())
    }

    /// Takes over segments of another ledger as they are, in one commit; `roots` are its places.
    pub fn adopt(
        &mut self,
        other: &Ledger,
        names: &BTreeSet<&str>,
        roots: Vec<Root>,
    ) -> Result<(), LedgerError> {
        let mut segments = self.ledger.segments.clone();
        let wanted = other.segments.iter().filter(|(name, _)| names.contains(name.name.as_str()));
        for (number, (name, described)) in (self.ledger.manifest.next..).zip(wanted) {
            let mut segment = NewSegment::numbered(self, number)?;
            segment.described = Segment { files: Vec::new(), ..described.clone() };
            for entry in &described.files {
                let (_, bytes) = other.read(&name.name, entry)?;
                segment.copy(&self.disk, entry, bytes)?;
            }
            segments.push(segment.finish(&self.disk)?);
        }
        let mut manifest = self.ledger.manifest.clone();
        manifest.kept_from = manifest.kept_from().max(other.manifest.kept_from()).map(|day| day.to_string());
        for root in roots {
            manifest.set_root(root);
        }
        self.commit_manifest(manifest, segments)?;
        self.known.clear();
        for object in self.ledger.objects()? {
            self.learn(object);
        }
        self.index_seen();
        Ok(())
    }

    /// Was an object with this key and content read, or one with the key that is to be read again?
    fn knows(&self, object: &Object) -> bool {
        let same = |one: &Known| match one {
            Known::Whole(_, known, _) => *known == object.sha256,
            Known::Flawed(_) => true,
        };
        self.known.get(&object.key).into_iter().flatten().any(same)
    }

    /// Has this ledger none of a segment's events and objects?
    pub fn is_apart(
        &self,
        other: &Ledger,
        name: &SegmentName,
        segment: &Segment,
    ) -> Result<bool, LedgerError> {
        for entry in &segment.files {
            let (path, bytes) = other.read(&name.name, entry)?;
            let damaged = |why| LedgerError::damaged(&path, why);
            match (entry.table, entry.place()) {
                (TableKind::Objects, _) => {
                    let objects = objects::read(&bytes).map_err(damaged)?;
                    if objects.iter().any(|object| self.knows(object)) {
                        return Ok(false);
                    }
                }
                (TableKind::Seen, Some(place)) if self.seen.contains_key(&place) => {
                    let (mut theirs, mine) = (Vec::new(), self.fingerprints(place)?);
                    seen::read(&bytes, &mut theirs).map_err(damaged)?;
                    if theirs.iter().any(|one| mine.binary_search(one).is_ok()) {
                        return Ok(false);
                    }
                }
                _ => {}
            }
        }
        Ok(true)
    }
}

fn lock(folder: &Path) -> Result<File, LedgerError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(LedgerError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::Locked { path: folder.display().to_string() }),
        Err(TryLockError::Error(source)) => Err(LedgerError::Io { path: path.display().to_string(), source }),
    }
}
