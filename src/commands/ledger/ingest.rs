//! `trailtrim ingest`: reads the objects that a ledger does not have, in batches that are committed one by
//! one. A batch is of neighbouring days, so that only their fingerprints need to be in memory.

use super::gathering::Gathering;
use super::read::complaint;
use crate::cli::IngestArgs;
use crate::commands::progress::Progress;
use crate::commands::read_logs::Buffers;
use crate::commands::read_logs::in_flight::InFlight;
use crate::commands::read_logs::long::long;
use crate::commands::review::note_problems;
use crate::commands::unpack::{expected_bytes, is_final, unpack};
use crate::commands::{Outcome, Settings, digests, print, read_logs};
use crate::escape;
use crate::ledger::manifest::Root;
use crate::ledger::{Content, DayPart, LedgerError, Object, Writer};
use crate::sha256::Sha256;
use crate::source::open::{self, Request, Window};
use crate::source::{Listing, LogObject, LogSource};
use crate::time::Day;
use crate::trail::decode::{self, Decoded};
use crate::trail::digest::chain::Range;
use crate::trail::digest::expected::Expected;
use crate::trail::digest::standing::{Fault, Standing};
use crate::trail::inflate::{self, Limits};
use crate::trail::log_file::{LogFile, LogFileKind};
use crate::trail::{Problem, ProblemKind};
use anyhow::{Context as _, bail};
use rayon::ThreadPoolBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The stored bytes of one batch. A kill loses at most so much work.
const BATCH_BYTES_MAX: u64 = 256 << 20;

/// The stored bytes of one batch whose events are kept as rows, which take much more memory than what they come to.
const BATCH_BYTES_MAX_ROWS: u64 = 32 << 20;

/// The objects of one batch.
const BATCH_OBJECTS_MAX: usize = 4_096;

/// The account days of one batch, as the names of its objects tell them: each becomes a folder of files.
const BATCH_PLACES_MAX: usize = 512;

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
    if let Some(path) = args.paths.iter().find(|path| open::is_lookup(path)) {
        bail!(
            "`{}` cannot be kept in a ledger\nhint: --lookup-cache DIR of the other commands keeps what was looked up",
            escape::terminal(&path.display().to_string())
        );
    }
    let from = args.from.map(|from| from.resolve(settings.now));
    let source = open::open(&Request {
        paths: args.paths.clone(),
        digests: args.require_digests,
        window: Window { from, to: None, now: settings.now },
        aws: args.aws.options(),
        ..Request::default()
    })?;
    let limits = Limits::given(args.max_file_mib);
    let progress = Progress::new(!settings.quiet);
    progress.stop_on_ctrl_c();
    let (mut listing, expected) = if args.require_digests {
        let keys = digests::read_keys(&args.public_keys)?;
        let range = Range { from, to: None };
        let (listing, expected) = pool.install(|| read_logs::proven(&source, keys.as_ref(), limits, range));
        (listing, Some(expected))
    } else {
        (source.list(), None)
    };
    if let Some(from) = from {
        // In a folder, days outside are listed all the same.
        listing
            .objects
            .retain(|object| LogFile::from_name(&object.name).day.is_none_or(|day| day >= from.day()));
    }
    if listing.objects.is_empty() {
        bail!(read_logs::nothing_found(&listing.problems));
    }
    let mut writer = Writer::open(&args.ledger).map_err(|error| complaint(&error))?;
    let (expected, roots) = (expected.as_ref(), args.paths.as_slice());
    let in_flight = InFlight::of_threads(pool.current_num_threads());
    let reading = Reading { source: &source, limits, expected, roots, rows: !args.no_events, in_flight };
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
    /// Are events kept as rows, too?
    pub(super) rows: bool,
    /// The bytes of texts that are in memory at once.
    pub(super) in_flight: InFlight,
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
        wanted.retain(|(key, object)| !is_known(writer, key, object));
        sums.known = sums.listed - wanted.len() as u64;
        // In order of time, so that the days of a batch are few.
        wanted.sort_by(|(a, _), (b, _)| (LogFile::from_name(a).day, a).cmp(&(LogFile::from_name(b).day, b)));
        let mut left = wanted.len() as u64;
        writer.set_root(root(left))?;
        progress.begin(wanted.len(), wanted.iter().map(|(_, object)| object.size).sum());
        let (mut batch, mut rest) = first_batch(&wanted, self.rows);
        let mut order = self.fetched(batch);
        while !batch.is_empty() && !progress.is_stopped() {
            let gathered = Gathering::new(self, writer).read(batch, &order, progress)?;
            (batch, rest) = first_batch(rest, self.rows);
            // Before the commit, so that the network and the disk keep each other busy.
            order = self.fetched(batch);
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

    /// The objects of a batch in the order in which they are read, the largest first; the source may fetch them
    /// ahead.
    fn fetched(&self, batch: &[Keyed]) -> Vec<usize> {
        let mut order: Vec<(usize, &Keyed)> = batch.iter().enumerate().collect();
        order.sort_by(|(_, a), (_, b)| b.1.size.cmp(&a.1.size).then_with(|| a.0.cmp(&b.0)));
        if !order.is_empty() {
            let objects = order.iter().map(|(_, (_, object))| object.clone()).collect();
            self.source.prefetch(&Arc::new(objects));
        }
        order.into_iter().map(|(number, _)| number).collect()
    }

    /// One object, decoded; its events go to `gathering`.
    pub(super) fn object(
        &self,
        keyed: &Keyed,
        gathering: &Gathering<'_>,
        buffers: &mut Buffers,
    ) -> Option<Object> {
        let (_, object) = keyed;
        if let Err(error) = self.source.read(object, &mut buffers.bytes) {
            return Some(found(keyed, (object.size, None), Content::Failed(error.into()), BTreeMap::new()));
        }
        let found = self.content(keyed, gathering, buffers, true);
        buffers.shrink();
        found
    }

    /// The bytes of an object, decoded. Damaged ones may have been damaged on the way, and are read again.
    fn content(
        &self,
        keyed: &Keyed,
        gathering: &Gathering<'_>,
        buffers: &mut Buffers,
        once_more: bool,
    ) -> Option<Object> {
        let (key, object) = keyed;
        let Buffers { bytes, text } = buffers;
        let (sha256, size) = (Sha256::of(bytes), bytes.len() as u64);
        if gathering.writer.has_content(key, sha256) {
            return None;
        }
        let found = |content, days| Some(found(keyed, (size, Some(sha256)), content, days));
        let failed = |kind, message| {
            let problem = Problem { file: object.name.clone(), record: None, kind, message };
            found(Content::Failed(problem), BTreeMap::new())
        };
        let expected = expected_bytes(bytes, self.limits);
        let take = |more| self.in_flight.take(size + more, rayon::current_thread_index());
        if let Some(text) = long(bytes, expected, &self.in_flight, (self.limits, self.expected.is_some())) {
            let _share = take(self.in_flight.windows_bytes());
            let (decoded, days) = gathering.long(&object.name, text);
            return found(Content::Decoded(Box::new(decoded)), days);
        }
        let _share = take(expected);
        let (standing, unproved) = self.standing(object, bytes);
        if once_more && unproved.is_some_and(is_damaged) {
            self.source.read_again(object, bytes);
            return self.content(keyed, gathering, buffers, false);
        }
        if standing != Standing::Valid {
            let empty = self.without_events(object, bytes);
            return match empty {
                Some(decoded) => found(Content::Decoded(Box::new(decoded)), BTreeMap::new()),
                None => failed(ProblemKind::Unverified, standing.to_string()),
            };
        }
        let inflated = unpack(bytes, self.limits, text);
        if once_more && inflated.problems.iter().any(|problem| is_damaged(problem.kind)) {
            self.source.read_again(object, bytes);
            return self.content(keyed, gathering, buffers, false);
        }
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

    /// Does a digest file prove the object, if that was asked for? And what is wrong with its bytes.
    fn standing(&self, object: &LogObject, bytes: &[u8]) -> (Standing, Option<ProblemKind>) {
        let Some(expected) = self.expected else { return (Standing::Valid, None) };
        let mut text = Vec::new();
        let whole = inflate::whole(bytes, self.limits, &mut text);
        let flaw = whole.as_ref().err().map(|problem| problem.kind);
        let hash = whole.map(Sha256::of).map_err(|problem| Fault::Format(problem.message));
        (expected.judge(&object.name, hash), flaw)
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

/// May bytes have changed on the way?
fn is_damaged(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::Corrupt | ProblemKind::Truncated)
}

/// Names that `CloudTrail` gives are given once, and what they name never changes (`CloudTrail` user guide,
/// "CloudTrail log file name format").
fn is_delivered(key: &str) -> bool {
    let name = LogFile::from_name(key);
    name.kind == LogFileKind::Events && name.delivered.is_some()
}

/// Is an object known that the listing shows: by a name that is given once, or by what S3 says of its bytes?
fn is_known(writer: &Writer, key: &str, object: &LogObject) -> bool {
    let same = object.etag.as_deref().is_some_and(|etag| writer.has_version(key, object.size, etag));
    same || (is_delivered(key) && writer.has(key, object.size))
}

/// What became of an object of which these bytes were read: how many, and their hash.
fn found(
    (key, object): &Keyed,
    (size, sha256): (u64, Option<Sha256>),
    content: Content,
    days: BTreeMap<Day, u64>,
) -> Object {
    let (key, name, named, etag) = (key.clone(), object.name.clone(), object.named, object.etag.clone());
    Object { key, name, named, size, sha256, etag, content, days }
}

/// An object and its key.
pub(super) type Keyed = (String, LogObject);

/// The first objects that make one batch, and the rest.
fn first_batch(objects: &[Keyed], rows: bool) -> (&[Keyed], &[Keyed]) {
    let bytes_max = if rows { BATCH_BYTES_MAX_ROWS } else { BATCH_BYTES_MAX };
    let (mut bytes, mut places) = (0, BTreeSet::new());
    let mut fits = |(key, object): &Keyed| {
        bytes += object.size;
        let name = LogFile::from_name(key);
        places.insert((name.account, name.day));
        bytes <= bytes_max && places.len() <= BATCH_PLACES_MAX
    };
    let count = objects.iter().take(BATCH_OBJECTS_MAX).take_while(|one| fits(one)).count().max(1);
    objects.split_at_checked(count).unwrap_or((objects, &[]))
}

/// What could not be used of an object.
pub(super) fn problems_of(object: &Object) -> Vec<Problem> {
    match &object.content {
        _ if object.is_whole() => Vec::new(),
        Content::Decoded(decoded) => decoded.problems.clone(),
        Content::Failed(problem) => vec![problem.clone()],
    }
}

#[cfg(test)]
mod tests;
