//! Reads all logs of a source in parallel: list, read, inflate, decode, fold, merge.
//!
//! One task a thread takes the next largest file; a large file is decoded in chunks that idle threads
//! help with. What is in memory is one file a thread and the summaries.

use super::Settings;
use crate::cli::{LogArgs, Moment, ReadArgs};
use crate::report::escape;
use crate::sha256::Sha256;
use crate::source::dir::DirSource;
use crate::source::{Listing, LogObject, LogSource};
use crate::time::Timestamp;
use crate::trail::coverage::Coverage;
use crate::trail::decode::{self, Chunk, Decoded, Shape};
use crate::trail::event::Event;
use crate::trail::inflate::{self, InflateProblem, Limits};
use crate::trail::{Problem, ProblemKind};
use crate::usage::{Fold, Seen, Usage};
use anyhow::{Context as _, bail};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The size of the chunks in which a large text is decoded, in bytes. Small enough to keep all cores busy at
/// the end of a run, large enough for the cutting not to matter.
const CHUNK_BYTES: usize = 4 << 20;

/// A file is large when it has more than one part in so many of the bytes that were left for a thread when
/// its turn came. To cut a text means to walk over it once more; a smaller one is not worth that, because
/// enough other files are left.
const SHARES: u64 = 4;

/// What to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Limits on what a file may inflate to.
    pub limits: Limits,
    /// Only events from this time on.
    pub from: Option<Timestamp>,
    /// Only events before this time.
    pub to: Option<Timestamp>,
    /// Compute [`Logs::sha256`].
    pub hash: bool,
}

impl Options {
    /// From what the user gave on the command line.
    fn given(args: &ReadArgs, now: Timestamp) -> Self {
        let mut limits = Limits::default();
        if let Some(mib) = args.max_file_mib {
            limits.decoded_bytes_max = mib.saturating_mul(1 << 20);
            limits.ratio_free_bytes = limits.decoded_bytes_max;
        }
        let resolve = |moment: Option<Moment>| moment.map(|moment| moment.resolve(now));
        Self { limits, from: resolve(args.from), to: resolve(args.to), hash: false }
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
}

/// Reads the logs that the user named, on as many threads as they asked for; the pool is for what follows.
/// No file at all is an error: the path was meant to be another.
/// With `hash`, the files are hashed for certificates.
pub fn read_given(args: &LogArgs, hash: bool, settings: &Settings) -> anyhow::Result<(Logs, ThreadPool)> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(settings.threads.unwrap_or(0))
        .build()
        .context("cannot start threads")?;
    let source = DirSource::new(args.paths.clone());
    let options = Options { hash, ..Options::given(&args.read, settings.now) };
    let logs = pool.install(|| read(&source, options));
    if logs.files == 0 {
        bail!(nothing_found(&logs));
    }
    Ok((logs, pool))
}

/// Why there was no file to read: the first problem, or that the folders hold none.
fn nothing_found(logs: &Logs) -> String {
    let why = logs.problems.first().map(|problem| format!("{}: {}", problem.file, problem.message));
    let hint = "name folders that hold CloudTrail's .json.gz files, or - for standard input";
    escape::terminal(&why.unwrap_or_else(|| "the paths hold no log file".to_owned())) + "\nhint: " + hint
}

/// Reads everything, on the current rayon thread pool.
pub fn read(source: &dyn LogSource, options: Options) -> Logs {
    let Listing { mut objects, skipped, problems } = source.list();
    // The largest file first: it must not be the one that everybody waits for at the end.
    objects.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    let threads = rayon::current_num_threads();
    let parts: Vec<Mutex<Part>> = (0..threads).map(|_| Mutex::default()).collect();
    let left = AtomicU64::new(objects.iter().map(|object| object.size).sum());
    let reader = Reader { source, options, seen: Seen::new(), parts, spare: Mutex::default(), left };
    let next = AtomicUsize::new(0);
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| {
                let mut buffers = Buffers::default();
                while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    reader.file(object, &mut buffers);
                }
            });
        }
    });
    let mut logs = Logs {
        files: objects.len() as u64,
        files_with_problems: problems.len() as u64,
        problems,
        ..Logs::default()
    };
    let finished = |part: Mutex<Part>| {
        let mut part = part.into_inner().unwrap_or_else(PoisonError::into_inner);
        let usage = std::mem::take(&mut part.fold).finish();
        (part, usage)
    };
    let parts: Vec<Mutex<Part>> = reader.parts.into_iter().chain([reader.spare]).collect();
    let parts: Vec<(Part, Usage)> = parts.into_par_iter().map(finished).collect();
    let mut hashes = Vec::new();
    for (mut part, usage) in parts {
        hashes.append(&mut part.hashes);
        logs.merge(part, usage);
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
    fn merge(&mut self, part: Part, usage: Usage) {
        self.usage.merge(usage);
        self.coverage.merge(part.coverage);
        self.problems.extend(part.problems);
        self.files_with_problems += part.files_with_problems;
    }
}

/// What one thread has gathered.
#[derive(Default)]
struct Part {
    fold: Fold,
    coverage: Coverage,
    problems: Vec<Problem>,
    files_with_problems: u64,
    hashes: Vec<Sha256>,
}

/// Kept from file to file.
#[derive(Default)]
struct Buffers {
    bytes: Vec<u8>,
    text: Vec<u8>,
}

struct Reader<'a> {
    source: &'a dyn LogSource,
    options: Options,
    seen: Seen,
    /// One for each thread of the pool.
    parts: Vec<Mutex<Part>>,
    /// For a caller outside the pool.
    spare: Mutex<Part>,
    /// Stored bytes of the files that nobody has taken yet.
    left: AtomicU64,
}

impl Reader<'_> {
    fn file(&self, object: &LogObject, buffers: &mut Buffers) {
        if let Err(error) = self.source.read(object, &mut buffers.bytes) {
            return self.part().add_failed_file(error.into());
        }
        if self.options.hash {
            let hash = Sha256::of(&buffers.bytes);
            self.part().hashes.push(hash);
        }
        let inflated = inflate::inflate(&buffers.bytes, self.options.limits, &mut buffers.text);
        let named = |InflateProblem { kind, message }| Problem {
            file: object.name.clone(),
            record: None,
            kind,
            message,
        };
        let mut problems = inflated.problems.into_iter().map(named).peekable();
        if let Some(refused) = problems.next_if(|problem| problem.kind == ProblemKind::TooLarge) {
            return self.part().add_failed_file(refused);
        }
        let mut decoded = self.text(&object.name, &inflated.text, self.is_large(object));
        for problem in problems {
            decoded.add_problem(problem);
        }
        self.part().add_file(object, decoded);
    }

    /// Takes a file off those that are left, and says whether threads would wait for it in the end. A size
    /// that is not known may be any.
    fn is_large(&self, object: &LogObject) -> bool {
        let left = self.left.fetch_sub(object.size, Ordering::Relaxed);
        let threads = self.parts.len() as u64;
        threads > 1 && (object.size == 0 || object.size.saturating_mul(SHARES * threads) > left)
    }

    /// Decodes a text, a long one of a large file in parallel. No lock is held while this thread waits for
    /// others.
    fn text(&self, file: &str, text: &str, large: bool) -> Decoded {
        if !large || text.len() <= CHUNK_BYTES {
            let mut part = self.part();
            return decode::decode(file, text, &mut |event| self.event(&mut part, &event));
        }
        let chunk = |chunk: &Chunk| {
            let mut part = self.part();
            decode::decode_chunk(file, text, chunk, &mut |event| self.event(&mut part, &event))
        };
        let chunks: Vec<Decoded> = decode::split(text, CHUNK_BYTES).par_iter().map(chunk).collect();
        let mut whole = Decoded::default();
        for decoded in chunks {
            whole.merge(decoded);
        }
        whole
    }

    fn event(&self, part: &mut Part, event: &Event<'_>) {
        let Options { from, to, .. } = self.options;
        if from.is_some_and(|from| event.time < from) || to.is_some_and(|to| event.time >= to) {
            return;
        }
        if !self.seen.first_time(event.fingerprint().0) {
            part.coverage.add_duplicate();
            return;
        }
        part.coverage.add_event(event);
        part.fold.add(event);
    }

    /// This thread's part. A poisoned lock means a bug elsewhere; the part itself is whole.
    fn part(&self) -> MutexGuard<'_, Part> {
        let slot =
            rayon::current_thread_index().and_then(|index| self.parts.get(index)).unwrap_or(&self.spare);
        slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    fn add_failed_file(&mut self, problem: Problem) {
        self.files_with_problems += 1;
        self.coverage.add_failed_file(&problem);
        self.problems.push(problem);
    }

    fn add_file(&mut self, object: &LogObject, decoded: Decoded) {
        // A file of another kind that happened to lie in the folder is no mistake of the user.
        if decoded.shape == Shape::NotALog && !object.named {
            self.coverage.counts.others_skipped += 1;
            return;
        }
        self.coverage.add_file(&decoded);
        self.files_with_problems += u64::from(!decoded.problems.is_empty());
        self.problems.extend(decoded.problems);
        if decoded.problems_more > 0 {
            self.problems.push(Problem {
                file: object.name.clone(),
                record: None,
                kind: ProblemKind::BadRecord,
                message: format!("{} further problems in this file", decoded.problems_more),
            });
        }
    }
}
