//! Reads all logs of a source in parallel: list, read, inflate, decode, fold, merge.
//!
//! One task a thread takes the next of its files, or of those of another one; a large file is decoded in
//! chunks that idle threads help with. What is in memory is one file a thread, within a budget, and the
//! summaries.

mod heap;
pub(super) mod in_flight;
pub(super) mod long;
mod merged;
mod order;

use super::progress::Progress;
use super::unpack::{expected_bytes, is_final, unpack};
use super::{Settings, digests};
use crate::cli::{LogArgs, Moment, ReadArgs};
use crate::report::escape;
use crate::sha256::Sha256;
use crate::source::open::{self, Request, Window};
use crate::source::{Listing, LogObject, LogSource};
use crate::tables::{Builder, Column};
use crate::time::{Day, Timestamp};
use crate::trail::coverage::Coverage;
use crate::trail::coverage::tally::Tally;
use crate::trail::decode::{self, Decoded, Decoder, Shape};
use crate::trail::digest::chain::Range;
use crate::trail::digest::expected::Expected;
use crate::trail::digest::keys::PublicKeys;
use crate::trail::digest::standing::{Fault, Standing};
use crate::trail::event::Event;
use crate::trail::inflate::{self, InflateProblem, Inflated, Limits};
use crate::trail::log_file::{LogFile, LogFileKind};
use crate::trail::{Problem, ProblemKind};
use crate::usage::{Delivered, Fold, Seen, Sighting, Usage};
use anyhow::{Context as _, bail};
use in_flight::InFlight;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The size of the chunks in which a large text is decoded, in bytes. Small enough to keep all cores busy at
/// the end of a run, large enough for the cutting not to matter.
pub(super) const CHUNK_BYTES: usize = 4 << 20;

/// A buffer that has grown beyond this, in bytes, is not kept for the next file.
const BUFFER_BYTES_MAX: usize = 32 << 20;

/// A file is large when it has more than one part in so many of the bytes that were left for a thread when
/// its turn came. To cut a text means to walk over it once more; a smaller one is not worth that, because
/// enough other files are left.
const SHARES: u64 = 4;

/// What to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Limits on what a file may inflate to.
    pub limits: Limits,
    /// Only events from this time on.
    pub from: Option<Timestamp>,
    /// Only events before this time.
    pub to: Option<Timestamp>,
    /// Compute [`Logs::sha256`].
    pub hash: bool,
    /// Only log files that digest files prove, when these are given.
    pub proven: Option<&'a Expected>,
    /// Gets every event besides.
    pub sink: Option<&'a dyn EventSink>,
}

/// Takes events while they are read, on all threads at once, in no order.
pub trait EventSink: Sync + fmt::Debug {
    /// Takes one event, which was not delivered before, and its fingerprint.
    fn add(&self, event: &Event<'_>, fingerprint: u128);

    /// Is the summary of the events wanted as well?
    fn needs_usage(&self) -> bool;

    /// The tables that are filled from events, each with the columns that are wanted of it.
    fn wanted(&self) -> Vec<(&'static str, Vec<Column>)>;

    /// Takes rows of one of these tables, of events that were read before.
    fn take(&self, table: &'static str, rows: Vec<Builder>);
}

impl Options<'_> {
    /// From what the user gave on the command line.
    fn given(args: &ReadArgs, now: Timestamp) -> Self {
        let resolve = |moment: Option<Moment>| moment.map(|moment| moment.resolve(now));
        Self {
            limits: Limits::given(args.max_file_mib),
            from: resolve(args.from),
            to: resolve(args.to),
            hash: false,
            proven: None,
            sink: None,
        }
    }
}

/// What the logs hold.
#[derive(Debug, Default)]
pub struct Logs {
    /// Who did what.
    pub usage: Usage,
    /// What was delivered.
    pub coverage: Coverage,
    /// What could not be used, sorted.
    pub problems: Vec<Problem>,
    /// Files that may be logs.
    pub files: u64,
    /// Files of which something could not be used.
    pub files_with_problems: u64,
    /// The hash of all files that were read, as they are stored, in any order; when it was asked for.
    pub sha256: Option<Sha256>,
    /// The user stopped the reading: what is not here may be in the files that were not read.
    pub stopped: bool,
    /// Events before this UTC day were dropped from the ledger.
    pub kept_from: Option<Day>,
}

/// Reads the logs that the user named, on as many threads as they asked for; the pool is for what follows.
/// No file at all is an error: the path was meant to be another.
/// With `hash`, the files are hashed for certificates.
pub fn read_given(args: &LogArgs, hash: bool, settings: &Settings) -> anyhow::Result<(Logs, ThreadPool)> {
    read_args(args, Options { hash, ..Options::default() }, settings)
}

/// [`read_given`], with somebody who takes every event.
pub fn read_into(
    args: &LogArgs,
    sink: &dyn EventSink,
    settings: &Settings,
) -> anyhow::Result<(Logs, ThreadPool)> {
    read_args(args, Options { sink: Some(sink), ..Options::default() }, settings)
}

fn read_args(
    args: &LogArgs,
    options: Options<'_>,
    settings: &Settings,
) -> anyhow::Result<(Logs, ThreadPool)> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(settings.threads.unwrap_or(0))
        .build()
        .context("cannot start threads")?;
    if let Some(folder) = &args.read.ledger {
        let logs = pool.install(|| super::ledger::read(folder, &args.read, options, settings))?;
        return Ok((logs, pool));
    }
    let given = Options::given(&args.read, settings.now);
    let options = Options { hash: options.hash, sink: options.sink, ..given };
    let source = open::open(&Request {
        paths: args.paths.clone(),
        digests: args.read.require_digests,
        window: Window { from: options.from, to: options.to, now: settings.now },
        aws: args.read.aws.options(),
        lookup: args.read.lookup.options(),
    })?;
    let progress = Progress::new(!settings.quiet);
    progress.stop_on_ctrl_c();
    let logs = if args.read.require_digests {
        let keys = digests::read_keys(&args.read.public_keys)?;
        pool.install(|| read_proven(&source, keys.as_ref(), options, &progress))
    } else {
        pool.install(|| read(&source, source.list(), options, &progress))
    };
    if logs.files == 0 {
        bail!(nothing_found(&logs.problems));
    }
    Ok((logs, pool))
}

/// The configuration of a trail says nothing about what is looked up without one: it must not make a claim
/// about that coverage.
pub fn check_trails(args: &LogArgs, trails: &[PathBuf]) -> anyhow::Result<()> {
    if !trails.is_empty() && args.paths.iter().any(|path| open::is_lookup(path)) {
        bail!(
            "`lookup-events:` shows management events whatever trails there are\nhint: without --trails, coverage is concluded from the events"
        );
    }
    Ok(())
}

/// Why there was no file to read: the first problem, or that the folders hold none.
pub(super) fn nothing_found(problems: &[Problem]) -> String {
    let why = problems.first().map(|problem| format!("{}: {}", problem.file, problem.message));
    let hint = "name folders that hold CloudTrail's .json.gz files, or - for standard input";
    escape::terminal(&why.unwrap_or_else(|| "the paths hold no log file".to_owned())) + "\nhint: " + hint
}

/// Reads the log files that valid digest files prove; every other one is a problem, and so is everything that
/// is wrong with the digest files.
fn read_proven(
    source: &dyn LogSource,
    keys: Option<&PublicKeys>,
    options: Options<'_>,
    progress: &Arc<Progress>,
) -> Logs {
    let range = Range { from: options.from, to: options.to };
    let (listing, expected) = proven(source, keys, options.limits, range);
    read(source, listing, Options { proven: Some(&expected), ..options }, progress)
}

/// What a source lists, with everything that is wrong with its digest files, and the log files that valid
/// ones prove.
pub(super) fn proven(
    source: &dyn LogSource,
    keys: Option<&PublicKeys>,
    limits: Limits,
    range: Range,
) -> (Listing, Expected) {
    let mut listing = source.list();
    let chains = digests::check(source, &mut listing, keys, limits, range);
    let unverified = |(file, standing): (String, Standing)| Problem {
        file,
        record: None,
        kind: ProblemKind::Unverified,
        message: standing.to_string(),
    };
    let missing = chains.expected.missing(listing.objects.iter().map(|object| object.name.as_str()));
    let missing = missing.into_iter().map(|name| (name, Standing::Invalid(Fault::NotFound)));
    let flawed = chains.digests.iter().filter(|digest| digest.standing != Standing::Valid);
    let flawed = flawed.map(|digest| (digest.name.clone(), digest.standing.clone()));
    let problems: Vec<Problem> = flawed.chain(missing).map(unverified).collect();
    listing.problems.extend(problems);
    (listing, chains.expected)
}

/// Reads everything that a source listed, or what can be read until it is stopped, on the current rayon
/// thread pool.
pub fn read(
    source: &dyn LogSource,
    listing: Listing,
    options: Options<'_>,
    progress: &Arc<Progress>,
) -> Logs {
    let in_flight = InFlight::of_threads(rayon::current_num_threads());
    read_within(source, listing, options, progress, &in_flight)
}

fn read_within(
    source: &dyn LogSource,
    listing: Listing,
    options: Options<'_>,
    progress: &Arc<Progress>,
    in_flight: &InFlight,
) -> Logs {
    let Listing { objects, skipped, problems, .. } = listing;
    let threads = rayon::current_num_threads();
    let (objects, lanes) = order::arrange(objects, threads);
    let objects = Arc::new(objects);
    source.prefetch(&objects);
    let parts: Vec<Mutex<Part>> = (0..threads).map(|_| Mutex::default()).collect();
    let left = AtomicU64::new(objects.iter().map(|object| object.size).sum());
    let seen = Seen::of_files(objects.iter().map(|object| Delivered::of_name(&object.name)));
    let reader = Reader { source, options, in_flight, seen, parts, spare: Mutex::default(), left };
    progress.begin(objects.len(), objects.iter().map(|object| object.size).sum());
    rayon::scope(|scope| {
        for lane in 0..threads {
            let (reader, lanes, objects) = (&reader, &lanes, &objects);
            let next = move || lanes.next(lane).and_then(|number| objects.get(number));
            scope.spawn(move |_| reader.files(next, progress));
        }
    });
    // A thread takes a file only when it reads it.
    let left: Vec<&LogObject> = lanes.left().filter_map(|number| objects.get(number)).collect();
    progress.end();
    let mut logs = Logs {
        files: objects.len() as u64,
        files_with_problems: problems.len() as u64,
        problems,
        stopped: !left.is_empty(),
        ..Logs::default()
    };
    let first = left.iter().min_by_key(|object| &object.name);
    logs.problems.extend(first.map(|first| Problem {
        file: first.name.clone(),
        record: None,
        kind: ProblemKind::Stopped,
        message: format!("stopped by Ctrl-C: {} files were not read, this one first", left.len()),
    }));
    let finished = |part: Mutex<Part>| {
        let mut part = part.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut usage = std::mem::take(&mut part.fold).finish();
        if let Some(copies) = part.copies.take() {
            usage.merge(copies.finish().uncounted());
        }
        std::mem::take(&mut part.tally).finish(&mut part.coverage);
        (part, usage)
    };
    let parts: Vec<Mutex<Part>> = reader.parts.into_iter().chain([reader.spare]).collect();
    let has_copies = parts.iter().any(|part| lock(part).copies.is_some());
    let parts: Vec<(Part, Usage)> = parts.into_par_iter().map(finished).collect();
    let mut hashes = Vec::new();
    let mut usages = Vec::new();
    for (mut part, usage) in parts {
        hashes.append(&mut part.hashes);
        logs.merge(part);
        usages.push(usage);
    }
    logs.usage = merged::usage(usages);
    if has_copies {
        logs.usage.count_all();
    }
    logs.sha256 = options.hash.then(|| Sha256::of_all(hashes));
    let counts = &mut logs.coverage.counts;
    counts.digests_skipped += skipped.digests as u64;
    counts.insight_files_skipped += skipped.insights as u64;
    counts.others_skipped += skipped.others as u64;
    logs.problems.sort();
    logs
}

impl Logs {
    /// Nobody knows what is in some of the logs, because the user stopped the reading or a place could not
    /// be listed: silence proves nothing.
    pub fn is_partial(&self) -> bool {
        self.stopped || self.problems.iter().any(|problem| problem.kind == ProblemKind::Unlisted)
    }

    pub(super) fn merge(&mut self, part: Part) {
        self.coverage.merge(part.coverage);
        self.problems.extend(part.problems);
        self.files_with_problems += part.files_with_problems;
    }
}

/// What one thread has gathered.
#[derive(Default)]
pub(super) struct Part {
    decoder: Decoder,
    fold: Fold,
    /// Records of calls that other records are counted for. Mostly there are none.
    copies: Option<Fold>,
    /// What has not reached the coverage yet.
    tally: Tally,
    pub(super) coverage: Coverage,
    problems: Vec<Problem>,
    files_with_problems: u64,
    hashes: Vec<Sha256>,
}

/// Kept from file to file.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) bytes: Vec<u8>,
    pub(super) text: Vec<u8>,
}

impl Buffers {
    /// Gives back what only a large file needed.
    pub(super) fn shrink(&mut self) {
        for buffer in [&mut self.bytes, &mut self.text] {
            if buffer.capacity() > BUFFER_BYTES_MAX {
                *buffer = Vec::new();
            }
        }
    }
}

struct Reader<'a> {
    source: &'a dyn LogSource,
    options: Options<'a>,
    in_flight: &'a InFlight,
    seen: Seen,
    /// One for each thread of the pool.
    parts: Vec<Mutex<Part>>,
    /// For a caller outside the pool.
    spare: Mutex<Part>,
    /// Stored bytes of the files that nobody has taken yet.
    left: AtomicU64,
}

impl Reader<'_> {
    /// Reads one file after the other, until there is none or the user stops.
    fn files<'o>(&self, next: impl Fn() -> Option<&'o LogObject>, progress: &Progress) {
        heap::open(heap::THREAD_BYTES);
        let mut buffers = Buffers::default();
        while !progress.is_stopped()
            && let Some(object) = next()
        {
            heap::open(heap::AHEAD_BYTES);
            let events = self.file(object, &mut buffers);
            progress.add(object.size, events);
        }
    }

    /// Reads one file and gives the number of its events.
    fn file(&self, object: &LogObject, buffers: &mut Buffers) -> usize {
        let events = match self.source.read(object, &mut buffers.bytes) {
            Ok(()) => {
                let own = buffers.bytes.len() as u64;
                let expected = expected_bytes(&buffers.bytes, self.options.limits);
                let take = |bytes| self.in_flight.take(bytes, rayon::current_thread_index());
                let how = (self.options.limits, self.options.proven.is_some());
                let events = if let Some(text) = long::long(&buffers.bytes, expected, self.in_flight, how) {
                    let _share = take(own + self.in_flight.windows_bytes());
                    self.hash(&buffers.bytes);
                    self.windows(object, text)
                } else {
                    let _share = take(own + expected);
                    self.content(object, buffers, true)
                };
                buffers.shrink();
                events
            }
            Err(error) => {
                self.part().add_failed_file(error.into());
                0
            }
        };
        self.seen.done(Delivered::of_name(&object.name));
        events
    }

    /// Decodes the bytes of a file; damaged ones may have been damaged on the way, and are read again.
    fn content(&self, object: &LogObject, buffers: &mut Buffers, once_more: bool) -> usize {
        let Buffers { bytes, text } = buffers;
        let limits = self.options.limits;
        let damaged = |kind| matches!(kind, ProblemKind::Corrupt | ProblemKind::Truncated);
        if let Some(expected) = self.options.proven {
            let whole = inflate::whole(bytes, limits, text);
            if once_more && whole.as_ref().is_err_and(|problem| damaged(problem.kind)) {
                self.source.read_again(object, bytes);
                return self.content(object, buffers, false);
            }
            self.hash(bytes);
            let whole = whole.map_err(|problem| Fault::Format(problem.message));
            let hash = whole.as_ref().map(|content| Sha256::of(content)).map_err(Fault::clone);
            return match (expected.judge(&object.name, hash), whole) {
                // Inflated already: not compressed any more.
                (Standing::Valid, Ok(content)) => {
                    self.inflated(object, inflate::inflate(content, limits, &mut Vec::new()))
                }
                (standing, _) => {
                    self.unproven(object, bytes, &standing);
                    0
                }
            };
        }
        let inflated = unpack(bytes, limits, text);
        if once_more && inflated.problems.iter().any(|problem| damaged(problem.kind)) {
            self.source.read_again(object, bytes);
            return self.content(object, buffers, false);
        }
        self.hash(bytes);
        self.inflated(object, inflated)
    }

    fn hash(&self, bytes: &[u8]) {
        if self.options.hash {
            let hash = Sha256::of(bytes);
            self.part().hashes.push(hash);
        }
    }

    /// A file that no digest file proves is a problem, unless it is of another kind and holds no events.
    fn unproven(&self, object: &LogObject, bytes: &[u8], standing: &Standing) {
        if LogFile::from_name(&object.name).kind != LogFileKind::Events {
            let mut text = Vec::new();
            let inflated = inflate::inflate(bytes, self.options.limits, &mut text);
            let decoded = decode::decode(&object.name, &inflated.text, &mut |_| {});
            if decoded.events == 0 && inflated.problems.is_empty() {
                return self.part().add_file(&object.name, object.named, decoded);
            }
        }
        self.part().add_failed_file(Problem {
            file: object.name.clone(),
            record: None,
            kind: ProblemKind::Unverified,
            message: standing.to_string(),
        });
    }

    fn inflated(&self, object: &LogObject, inflated: Inflated<'_>) -> usize {
        let named = |InflateProblem { kind, message }| Problem {
            file: object.name.clone(),
            record: None,
            kind,
            message,
        };
        let mut problems = inflated.problems.into_iter().map(named).peekable();
        if let Some(refused) = problems.next_if(|problem| is_final(problem.kind, &inflated.text)) {
            self.part().add_failed_file(refused);
            return 0;
        }
        let mut decoded = self.text(&object.name, &inflated.text, self.is_large(object));
        for problem in problems {
            decoded.add_problem(problem);
        }
        let events = decoded.events;
        self.part().add_file(&object.name, object.named, decoded);
        events
    }

    /// Takes a file off those that are left, and says whether threads would wait for it in the end. A size
    /// that is not known may be any.
    fn is_large(&self, object: &LogObject) -> bool {
        let left = self.left.fetch_sub(object.size, Ordering::Relaxed);
        let threads = self.parts.len() as u64;
        threads > 1 && (object.size == 0 || object.size.saturating_mul(SHARES * threads) > left)
    }

    /// Decodes a text, that of a large file in parallel.
    fn text(&self, file: &str, text: &str, large: bool) -> Decoded {
        let delivered = Delivered::of_name(file);
        if !large || text.len() <= CHUNK_BYTES {
            return self.decoded(delivered, |decoder, each| decoder.decode(file, text, each));
        }
        let mut whole = Decoded::default();
        self.chunks(file, text, &decode::split(text, CHUNK_BYTES), &mut whole);
        whole
    }

    /// Decodes with what this thread has kept, into its part.
    fn decoded(
        &self,
        delivered: Option<Delivered>,
        decode: impl FnOnce(&mut Decoder, &mut dyn FnMut(&Event<'_>)) -> Decoded,
    ) -> Decoded {
        let mut part = self.part();
        let mut decoder = std::mem::take(&mut part.decoder);
        let found = decode(&mut decoder, &mut |event| self.event(&mut part, delivered, event));
        part.decoder = decoder;
        found
    }

    fn event(&self, part: &mut Part, delivered: Option<Delivered>, event: &Event<'_>) {
        let Options { from, to, .. } = self.options;
        if from.is_some_and(|from| event.time < from) || to.is_some_and(|to| event.time >= to) {
            return;
        }
        match self.seen.sight(delivered, event, event.compared()) {
            Sighting::First => {}
            Sighting::FirstOutside => part.coverage.counts.possible_duplicates += 1,
            Sighting::Again => return part.coverage.add_duplicate(),
        }
        let Part { tally, coverage, .. } = part;
        tally.add_event(coverage, event);
        if let Some(sink) = self.options.sink {
            sink.add(event, event.fingerprint().0);
        }
        if self.options.sink.is_none_or(EventSink::needs_usage) {
            part.fold(event.is_correction || !self.seen.first_copy(event)).add(event);
        }
    }

    /// This thread's part.
    fn part(&self) -> MutexGuard<'_, Part> {
        let slot =
            rayon::current_thread_index().and_then(|index| self.parts.get(index)).unwrap_or(&self.spare);
        lock(slot)
    }
}

/// A poisoned lock means a bug elsewhere; the part itself is whole.
fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Part {
    /// Where an event is counted: a copy adds what it shows and no call.
    fn fold(&mut self, is_copy: bool) -> &mut Fold {
        if is_copy { self.copies.get_or_insert_default() } else { &mut self.fold }
    }

    pub(super) fn add_failed_file(&mut self, problem: Problem) {
        self.files_with_problems += 1;
        self.coverage.add_failed_file(&problem);
        self.problems.push(problem);
    }

    /// `named`: did the user name this very file?
    pub(super) fn add_file(&mut self, name: &str, named: bool, decoded: Decoded) {
        // A file of another kind that happened to lie in the folder is no mistake of the user.
        if decoded.shape == Shape::NotALog && !named {
            self.coverage.counts.others_skipped += 1;
            return;
        }
        self.coverage.add_file(name, &decoded);
        self.files_with_problems += u64::from(!decoded.problems.is_empty());
        self.problems.extend(decoded.problems);
        if decoded.problems_more > 0 {
            self.problems.push(Problem {
                file: name.to_owned(),
                record: None,
                kind: ProblemKind::BadRecord,
                message: format!("{} further problems in this file", decoded.problems_more),
            });
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
