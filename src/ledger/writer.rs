//! Writing a ledger: one process at a time, one commit after the other.

use super::disk::Disk;
use super::manifest::{FileEntry, Manifest, Root, Segment, SegmentName, TableKind};
use super::objects::{self, Object};
use super::reader::{Ledger, MANIFEST, SEGMENT, SEGMENTS, is_free};
use super::seen::{self, Place, Seen};
use super::{LedgerError, coverage_table, usage_table};
use crate::iam::reference::reference;
use crate::sha256::Sha256;
use crate::time::Day;
use crate::trail::coverage::Coverage;
use crate::usage::Usage;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

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
    /// Everything in it was used: size and hash.
    Whole(u64, Option<Sha256>),
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
}

/// What the new events of one UTC day say.
#[derive(Debug, Default)]
pub struct DayPart {
    /// Who did what.
    pub usage: Usage,
    /// What was delivered; its events only.
    pub coverage: Coverage,
}

/// What a retention dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Account days.
    pub places: u64,
    /// Distinct events.
    pub events: u64,
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
        size > 0 && known.into_iter().any(|one| matches!(one, Known::Whole(known, _) if *known == size))
    }

    /// Is an object with these stored bytes in the ledger under this key, used as a whole?
    pub fn has_content(&self, key: &str, sha256: Sha256) -> bool {
        let known = self.known.get(key).into_iter().flatten();
        known.into_iter().any(|one| matches!(one, Known::Whole(_, Some(known)) if *known == sha256))
    }

    /// Is this very object, with the same flaws, in the ledger?
    pub fn has_same(&self, object: &Object) -> bool {
        let same = |one: &Known| match one {
            Known::Whole(_, known) => *known == object.sha256 && object.is_whole(),
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

    /// Adds a batch, whole or not at all. `root` is what is known of its place afterwards.
    pub fn commit(
        &mut self,
        batch: Batch,
        fresh: &BTreeMap<Place, Vec<u128>>,
        root: Root,
    ) -> Result<(), LedgerError> {
        let mut segment = NewSegment::begin(self)?;
        segment.add(&self.disk, TableKind::Objects, None, objects::write(&batch.objects))?;
        for (day, part) in &batch.days {
            let tables = [
                (TableKind::Usage, usage_table::write(&part.usage)),
                (TableKind::Coverage, coverage_table::write(&part.coverage)),
            ];
            for (kind, accounts) in tables {
                for (account, bytes) in accounts.map_err(|why| segment.failed(why))? {
                    segment.add(&self.disk, kind, Some((account, *day)), Ok(bytes))?;
                }
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
            Known::Whole(object.size, object.sha256)
        } else {
            Known::Flawed(Box::new(object))
        });
    }

    fn index_seen(&mut self) {
        let mut seen: BTreeMap<Place, Vec<(String, FileEntry)>> = BTreeMap::new();
        for (segment, entry) in self.ledger.entries().filter(|(_, entry)| entry.table == TableKind::Seen) {
            let Some(place) = entry.place() else { continue };
            seen.entry(place).or_default().push((segment.to_owned(), entry.clone()));
        }
        self.seen = seen;
    }

    /// Puts a new manifest into the place of the old one. From then on the segments count.
    fn commit_manifest(
        &mut self,
        mut manifest: Manifest,
        segments: Vec<(SegmentName, Segment)>,
    ) -> Result<(), LedgerError> {
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
    fn remove_orphans(&self) -> Result<(), LedgerError> {
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
                TableKind::Objects => Ok(()),
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
            TableKind::Seen | TableKind::Objects => seen::write(&fingerprints),
        };
        merged.map_err(|why| LedgerError::damaged(&self.ledger.folder, why))
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
                segment.add(&self.disk, entry.table, entry.place(), Ok(bytes))?;
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
            Known::Whole(_, known) => *known == object.sha256,
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

/// A segment that is being written.
struct NewSegment {
    name: String,
    folder: PathBuf,
    described: Segment,
    /// Folders with new entries, those inside others first.
    folders: BTreeSet<PathBuf>,
}

impl NewSegment {
    fn begin(writer: &Writer) -> Result<Self, LedgerError> {
        Self::numbered(writer, writer.ledger.manifest.next)
    }

    fn numbered(writer: &Writer, number: u64) -> Result<Self, LedgerError> {
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
        Ok(Self { name, described, folders: BTreeSet::from([parent, folder.clone()]), folder })
    }

    fn failed(&self, why: String) -> LedgerError {
        LedgerError::damaged(&self.folder, why)
    }

    fn add(
        &mut self,
        disk: &Disk,
        table: TableKind,
        place: Option<Place>,
        bytes: Result<Vec<u8>, String>,
    ) -> Result<(), LedgerError> {
        let bytes = bytes.map_err(|why| self.failed(why))?;
        let entry = FileEntry::new(table, place, &bytes);
        let (inside, name) = entry.path();
        let folder = self.folder.join(&inside);
        if !self.folders.contains(&folder) {
            disk.create_folders(&folder).map_err(LedgerError::io(&folder))?;
            let above = folder.ancestors().take_while(|above| *above != self.folder);
            self.folders.extend(above.map(Path::to_owned));
        }
        let path = folder.join(name);
        disk.write(&path, &bytes).map_err(LedgerError::io(&path))?;
        self.described.files.push(entry);
        Ok(())
    }

    fn finish(self, disk: &Disk) -> Result<(SegmentName, Segment), LedgerError> {
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
