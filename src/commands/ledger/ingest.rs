//! `trailtrim ingest`: reads the objects that a ledger does not have, in batches that are committed one by
//! one. A batch is of neighbouring days, so that only their fingerprints need to be in memory.

use super::read::complaint;
use crate::cli::IngestArgs;
use crate::commands::progress::Progress;
use crate::commands::review::note_problems;
use crate::commands::unpack::{is_final, unpack};
use crate::commands::{Outcome, Settings, digests, print, read_logs};
use crate::ledger::manifest::Root;
use crate::ledger::{Batch, Content, DayPart, LedgerError, Object, Seen, Writer};
use crate::sha256::Sha256;
use crate::source::dir::DirSource;
use crate::source::{Listing, LogObject, LogSource};
use crate::time::Day;
use crate::trail::coverage::Coverage;
use crate::trail::decode::{self, Chunk, Decoded};
use crate::trail::digest::chain::Range;
use crate::trail::digest::expected::Expected;
use crate::trail::digest::standing::{Fault, Standing};
use crate::trail::event::Event;
use crate::trail::inflate::{self, Limits};
use crate::trail::log_file::{LogFile, LogFileKind};
use crate::trail::{Problem, ProblemKind};
use crate::usage::{Fold, Usage};
use anyhow::{Context as _, bail};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The stored bytes of one batch. A kill loses at most so much work.
const BATCH_BYTES_MAX: u64 = 256 << 20;

/// The objects of one batch.
const BATCH_OBJECTS_MAX: usize = 4_096;

/// The size of the chunks in which a large text is decoded, in bytes.
const CHUNK_BYTES: usize = 4 << 20;

/// What an ingest did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Objects that were listed.
    pub(super) listed: u64,
    /// Objects that were in the ledger.
    pub(super) known: u64,
    /// Objects that were read and added.
    pub(super) added: u64,
    /// Objects that were listed and not read.
    pub(super) left: u64,
    /// Events in the objects that were added.
    pub(super) events: u64,
    /// Those that the ledger did not have.
    pub(super) events_new: u64,
}

/// Runs the command.
pub fn run(args: &IngestArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(settings.threads.unwrap_or(0))
        .build()
        .context("cannot start threads")?;
    let source = DirSource::new(args.paths.clone());
    let limits = Limits::given(args.max_file_mib);
    let progress = Progress::new(!settings.quiet);
    progress.stop_on_ctrl_c();
    let (listing, expected) = if args.require_digests {
        let keys = digests::read_keys(&args.public_keys)?;
        let source = source.clone().with_digests();
        let all = Range { from: None, to: None };
        let (listing, expected) = pool.install(|| read_logs::proven(&source, keys.as_ref(), limits, all));
        (listing, Some(expected))
    } else {
        (source.list(), None)
    };
    if listing.objects.is_empty() {
        bail!(read_logs::nothing_found(&listing.problems));
    }
    let mut writer = Writer::open(&args.ledger).map_err(|error| complaint(&error))?;
    let reading = Reading { source: &source, limits, expected: expected.as_ref(), roots: &args.paths };
    let done = pool.install(|| reading.all(listing, &mut writer, &progress));
    let (sums, problems) = done.map_err(|error| complaint(&error))?;
    print(&text(sums))?;
    note_problems(&problems, settings);
    Ok(if problems.is_empty() && sums.left == 0 { Outcome::Clean } else { Outcome::Incomplete })
}

fn text(sums: Sums) -> String {
    let Sums { listed, known, added, left, events, events_new } = sums;
    let seen = events - events_new;
    let left = if left > 0 { format!(", {left} left: run it again") } else { String::new() };
    format!(
        "objects  {listed} listed, {known} known, {added} added{left}\nevents   {events} in the added objects: {events_new} new, {seen} known\n"
    )
}

/// How objects are read.
pub(super) struct Reading<'a> {
    pub(super) source: &'a dyn LogSource,
    pub(super) limits: Limits,
    /// Only log files that digest files prove, when these are given.
    pub(super) expected: Option<&'a Expected>,
    /// What the user named.
    pub(super) roots: &'a [PathBuf],
}

/// What an object is known by wherever the logs lie: the path from `AWSLogs` on, else below what the user
/// named, else its own name.
pub(super) fn key(name: &str, roots: &[PathBuf]) -> String {
    let slashes = name.replace('\\', "/");
    let parts: Vec<&str> = slashes.split('/').collect();
    if let Some(tree) = parts.iter().position(|part| *part == "AWSLogs").and_then(|at| parts.get(at..)) {
        return tree.join("/");
    }
    let below = roots.iter().filter_map(|root| Path::new(name).strip_prefix(root).ok());
    let below = below.map(|path| path.to_string_lossy().replace('\\', "/")).filter(|path| !path.is_empty());
    // The longest root leaves the shortest path.
    below.min_by_key(String::len).unwrap_or_else(|| parts.last().copied().unwrap_or_default().to_owned())
}

impl Reading<'_> {
    /// Adds every listed object that the ledger does not have. Gives what it did, and the problems of what
    /// was listed and read.
    pub(super) fn all(
        &self,
        listing: Listing,
        writer: &mut Writer,
        progress: &Arc<Progress>,
    ) -> Result<(Sums, Vec<Problem>), LedgerError> {
        let names: Vec<String> = self.roots.iter().map(|path| path.display().to_string()).collect();
        let root = Root::listed(names.join(", "), listing.skipped, &listing.problems, 0);
        self.all_as(&root, listing, writer, progress)
    }

    /// [`Self::all`] of a place that is known as `root`.
    pub(super) fn all_as(
        &self,
        root: &Root,
        listing: Listing,
        writer: &mut Writer,
        progress: &Arc<Progress>,
    ) -> Result<(Sums, Vec<Problem>), LedgerError> {
        let mut problems = listing.problems;
        let root = |left| Root { left, ..root.clone() };
        let mut sums = Sums { listed: listing.objects.len() as u64, ..Sums::default() };
        let mut wanted: Vec<Keyed> =
            listing.objects.into_iter().map(|object| (key(&object.name, self.roots), object)).collect();
        wanted.retain(|(key, object)| !(is_delivered(key) && writer.has(key, object.size)));
        sums.known = sums.listed - wanted.len() as u64;
        // In order of time, so that the days of a batch are few.
        wanted.sort_by(|(a, _), (b, _)| (LogFile::from_name(a).day, a).cmp(&(LogFile::from_name(b).day, b)));
        let mut left = wanted.len() as u64;
        writer.set_root(root(left))?;
        progress.begin(wanted.len(), wanted.iter().map(|(_, object)| object.size).sum());
        let mut rest = wanted.as_slice();
        while !rest.is_empty() && !progress.is_stopped() {
            let (batch, behind) = first_batch(rest);
            let gathered = Gathering::new(self, writer).read(batch, progress)?;
            rest = behind;
            left -= gathered.done;
            sums.known += gathered.known;
            sums.added += gathered.batch.objects.len() as u64;
            sums.events += gathered.batch.objects.iter().map(Object::events).sum::<u64>();
            let new = |part: &DayPart| part.coverage.counts.events_distinct;
            sums.events_new += gathered.batch.days.values().map(new).sum::<u64>();
            problems.extend(gathered.problems);
            if gathered.batch.objects.is_empty() {
                continue;
            }
            writer.commit(gathered.batch, &gathered.fresh, root(left))?;
        }
        progress.end();
        sums.left = left;
        writer.set_root(root(left))?;
        problems.sort();
        Ok((sums, problems))
    }

    /// One object, decoded; its events go to `event`.
    fn object(
        &self,
        (key, object): &Keyed,
        gathering: &Gathering<'_>,
        buffers: &mut Buffers,
    ) -> Option<Object> {
        let found = |sha256, size, content, days| Object {
            key: key.clone(),
            name: object.name.clone(),
            named: object.named,
            size,
            sha256,
            content,
            days,
        };
        if let Err(error) = self.source.read(object, &mut buffers.bytes) {
            return Some(found(None, object.size, Content::Failed(error.into()), BTreeMap::new()));
        }
        let Buffers { bytes, text } = buffers;
        let (sha256, size) = (Sha256::of(bytes), bytes.len() as u64);
        if gathering.writer.has_content(key, sha256) {
            return None;
        }
        let found = |content, days| Some(found(Some(sha256), size, content, days));
        let failed = |kind, message| {
            let problem = Problem { file: object.name.clone(), record: None, kind, message };
            found(Content::Failed(problem), BTreeMap::new())
        };
        let standing = self.standing(object, bytes);
        if standing != Standing::Valid {
            let empty = self.without_events(object, bytes);
            return match empty {
                Some(decoded) => found(Content::Decoded(Box::new(decoded)), BTreeMap::new()),
                None => failed(ProblemKind::Unverified, standing.to_string()),
            };
        }
        let inflated = unpack(bytes, self.limits, text);
        let mut problems = inflated.problems.into_iter().peekable();
        if let Some(refused) = problems.next_if(|problem| is_final(problem.kind, &inflated.text)) {
            return failed(refused.kind, refused.message);
        }
        let (mut decoded, days) = gathering.text(&object.name, &inflated.text);
        for problem in problems {
            let (file, kind, message) = (object.name.clone(), problem.kind, problem.message);
            decoded.add_problem(Problem { file, record: None, kind, message });
        }
        found(Content::Decoded(Box::new(decoded)), days)
    }

    /// Does a digest file prove the object, if that was asked for?
    fn standing(&self, object: &LogObject, bytes: &[u8]) -> Standing {
        let Some(expected) = self.expected else { return Standing::Valid };
        let mut text = Vec::new();
        let whole =
            inflate::whole(bytes, self.limits, &mut text).map_err(|problem| Fault::Format(problem.message));
        expected.judge(&object.name, whole.map(Sha256::of))
    }

    /// A file of another kind that holds no events needs no proof.
    fn without_events(&self, object: &LogObject, bytes: &[u8]) -> Option<Decoded> {
        if LogFile::from_name(&object.name).kind == LogFileKind::Events {
            return None;
        }
        let mut text = Vec::new();
        let inflated = inflate::inflate(bytes, self.limits, &mut text);
        let decoded = decode::decode(&object.name, &inflated.text, &mut |_| {});
        (decoded.events == 0 && inflated.problems.is_empty()).then_some(decoded)
    }
}

/// Names that `CloudTrail` gives are given once, and what they name never changes (`CloudTrail` user guide,
/// "CloudTrail log file name format").
fn is_delivered(key: &str) -> bool {
    let name = LogFile::from_name(key);
    name.kind == LogFileKind::Events && name.delivered.is_some()
}

/// An object and its key.
type Keyed = (String, LogObject);

/// The first objects that make one batch, and the rest.
fn first_batch(objects: &[Keyed]) -> (&[Keyed], &[Keyed]) {
    let mut bytes = 0;
    let mut fits = |(_, object): &Keyed| {
        bytes += object.size;
        bytes <= BATCH_BYTES_MAX
    };
    let count = objects.iter().take(BATCH_OBJECTS_MAX).take_while(|one| fits(one)).count().max(1);
    objects.split_at_checked(count).unwrap_or((objects, &[]))
}

/// Kept from object to object.
#[derive(Default)]
struct Buffers {
    bytes: Vec<u8>,
    text: Vec<u8>,
}

/// What the new events say, by UTC day.
type Days = BTreeMap<Day, (Fold, Coverage)>;

/// What the threads gather for one batch.
struct Gathering<'a> {
    reading: &'a Reading<'a>,
    writer: &'a Writer,
    kept_from: Option<Day>,
    seen: Seen<'a>,
    /// One for each thread of the pool.
    parts: Vec<Mutex<Days>>,
    /// For a caller outside the pool.
    spare: Mutex<Days>,
}

/// One batch, read.
struct Gathered {
    batch: Batch,
    fresh: BTreeMap<crate::ledger::Place, Vec<u128>>,
    problems: Vec<Problem>,
    known: u64,
    done: u64,
}

impl<'a> Gathering<'a> {
    fn new(reading: &'a Reading<'a>, writer: &'a Writer) -> Self {
        Self {
            reading,
            writer,
            kept_from: writer.ledger.manifest.kept_from(),
            seen: writer.seen(),
            parts: (0..rayon::current_num_threads()).map(|_| Mutex::default()).collect(),
            spare: Mutex::default(),
        }
    }

    /// Reads the objects of a batch, the largest first.
    fn read(self, batch: &[Keyed], progress: &Arc<Progress>) -> Result<Gathered, LedgerError> {
        let mut order: Vec<&Keyed> = batch.iter().collect();
        order.sort_by(|a, b| b.1.size.cmp(&a.1.size).then_with(|| a.0.cmp(&b.0)));
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(order.len())));
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| {
                    let mut buffers = Buffers::default();
                    while !progress.is_stopped()
                        && let Some(one) = order.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let object = self.reading.object(one, &self, &mut buffers);
                        let events = object.as_ref().map_or(0, Object::events);
                        progress.add(one.1.size, usize::try_from(events).unwrap_or(usize::MAX));
                        done.lock().unwrap_or_else(PoisonError::into_inner).push(object);
                    }
                });
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.finish(done)
    }

    fn finish(self, done: Vec<Option<Object>>) -> Result<Gathered, LedgerError> {
        let count = done.len() as u64;
        let mut objects: Vec<Object> = done.into_iter().flatten().collect();
        objects.sort_by(|a, b| (&a.key, &a.name, a.sha256).cmp(&(&b.key, &b.name, b.sha256)));
        let problems = objects.iter().flat_map(problems_of).collect();
        objects.retain(|object| !self.writer.has_same(object));
        let finished = |(day, (fold, coverage)): (Day, (Fold, Coverage))| (day, fold.finish(), coverage);
        let parts: Vec<Mutex<Days>> = self.parts.into_iter().chain([self.spare]).collect();
        let parts =
            parts.into_par_iter().map(|part| part.into_inner().unwrap_or_else(PoisonError::into_inner));
        let folded: Vec<(Day, Usage, Coverage)> =
            parts.flat_map_iter(|part| part.into_iter().map(finished)).collect();
        let mut days: BTreeMap<Day, DayPart> = BTreeMap::new();
        for (day, usage, coverage) in folded {
            let part = days.entry(day).or_default();
            part.usage.merge(usage);
            part.coverage.merge(coverage);
        }
        let known = count - objects.len() as u64;
        let fresh = self.seen.finish()?;
        Ok(Gathered { batch: Batch { days, objects }, fresh, problems, known, done: count })
    }

    /// Decodes a text, a long one in parallel. No lock is held while this thread waits for others.
    fn text(&self, file: &str, text: &str) -> (Decoded, BTreeMap<Day, u64>) {
        if text.len() <= 2 * CHUNK_BYTES {
            let (mut part, mut days) = (self.part(), BTreeMap::new());
            let decoded = decode::decode(file, text, &mut |event| self.event(event, &mut part, &mut days));
            return (decoded, days);
        }
        let chunk = |chunk: &Chunk| {
            let (mut part, mut days) = (self.part(), BTreeMap::new());
            let mut each = |event: &Event<'_>| self.event(event, &mut part, &mut days);
            (decode::decode_chunk(file, text, chunk, &mut each), days)
        };
        let chunks: Vec<(Decoded, BTreeMap<Day, u64>)> =
            decode::split(text, CHUNK_BYTES).par_iter().map(chunk).collect();
        let (mut whole, mut days) = (Decoded::default(), BTreeMap::new());
        for (decoded, part) in chunks {
            whole.merge(decoded);
            for (day, events) in part {
                *days.entry(day).or_default() += events;
            }
        }
        (whole, days)
    }

    fn event(&self, event: &Event<'_>, part: &mut Days, days: &mut BTreeMap<Day, u64>) {
        let day = event.time.day();
        if self.kept_from.is_some_and(|kept| day < kept) {
            return;
        }
        *days.entry(day).or_default() += 1;
        if self.seen.first_time(event) {
            let (fold, coverage) = part.entry(day).or_default();
            coverage.add_event(event);
            fold.add(event);
        }
    }

    /// This thread's part. A poisoned lock means a bug elsewhere; the part itself is whole.
    fn part(&self) -> MutexGuard<'_, Days> {
        let slot = rayon::current_thread_index().and_then(|index| self.parts.get(index));
        slot.unwrap_or(&self.spare).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What could not be used of an object.
fn problems_of(object: &Object) -> Vec<Problem> {
    match &object.content {
        _ if object.is_whole() => Vec::new(),
        Content::Decoded(decoded) => decoded.problems.clone(),
        Content::Failed(problem) => vec![problem.clone()],
    }
}
