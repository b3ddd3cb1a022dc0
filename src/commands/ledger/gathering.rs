//! One batch of objects, read on all threads: what their new events come to, and their rows.

use super::ingest::{Keyed, Reading, problems_of};
use crate::commands::progress::Progress;
use crate::commands::read_logs::long::each_window;
use crate::commands::read_logs::{Buffers, CHUNK_BYTES};
use crate::ledger::{Batch, Begun, DayPart, EventRows, LedgerError, Object, Place, Seen, Writer};
use crate::time::Day;
use crate::trail::Problem;
use crate::trail::coverage::Coverage;
use crate::trail::decode::{self, Chunk, Decoded};
use crate::trail::event::Event;
use crate::usage::{Fold, Usage};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The rows of all threads that are in memory, in bytes. What is beyond, by at most the rows of one chunk a thread, is
/// written before the batch is whole.
const ROWS_BYTES_MAX: usize = 256 << 20;

/// What one thread has gathered of the new events.
#[derive(Default)]
struct Part {
    /// What they say, by UTC day.
    days: BTreeMap<Day, (Fold, Coverage)>,
    rows: EventRows,
}

/// What the threads gather for one batch.
pub(super) struct Gathering<'a> {
    reading: &'a Reading<'a>,
    pub(super) writer: &'a Writer,
    kept_from: Option<Day>,
    seen: Seen<'a>,
    /// One for each thread of the pool.
    parts: Vec<Mutex<Part>>,
    /// For a caller outside the pool.
    spare: Mutex<Part>,
    begun: Begun,
    /// Rows that could not be written: then nothing of the batch may be used.
    failure: Mutex<Option<LedgerError>>,
}

/// One batch, read.
pub(super) struct Gathered {
    pub(super) batch: Batch,
    pub(super) fresh: BTreeMap<Place, Vec<u128>>,
    pub(super) problems: Vec<Problem>,
    pub(super) known: u64,
    pub(super) done: u64,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(reading: &'a Reading<'a>, writer: &'a Writer) -> Self {
        Self {
            reading,
            writer,
            kept_from: writer.ledger.manifest.kept_from(),
            seen: writer.seen(),
            parts: (0..rayon::current_num_threads()).map(|_| Mutex::default()).collect(),
            spare: Mutex::default(),
            begun: Begun::default(),
            failure: Mutex::default(),
        }
    }

    /// Reads the objects of a batch in an order.
    pub(super) fn read(
        self,
        batch: &[Keyed],
        order: &[usize],
        progress: &Arc<Progress>,
    ) -> Result<Gathered, LedgerError> {
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(order.len())));
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| {
                    let mut buffers = Buffers::default();
                    while !progress.is_stopped()
                        && let Some(one) = order
                            .get(next.fetch_add(1, Ordering::Relaxed))
                            .and_then(|number| batch.get(*number))
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
        if let Some(error) = self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let finished = |(day, (fold, coverage)): (Day, (Fold, Coverage))| (day, fold.finish(), coverage);
        let parts = self.parts.into_iter().chain([self.spare]);
        let parts = parts.map(|part| part.into_inner().unwrap_or_else(PoisonError::into_inner));
        let (parts, rows): (Vec<_>, Vec<EventRows>) = parts.map(|part| (part.days, part.rows)).unzip();
        let folded: Vec<(Day, Usage, Coverage)> =
            parts.into_par_iter().flat_map_iter(|days| days.into_iter().map(finished)).collect();
        let mut days: BTreeMap<Day, DayPart> = BTreeMap::new();
        for (day, usage, coverage) in folded {
            let part = days.entry(day).or_default();
            part.usage.merge(usage);
            part.coverage.merge(coverage);
        }
        let known = count - objects.len() as u64;
        let fresh = self.seen.finish()?;
        let batch = Batch { days, objects, rows, begun: self.begun };
        Ok(Gathered { batch, fresh, problems, known, done: count })
    }

    /// Decodes a text, a long one in parallel. No lock is held while this thread waits for others.
    pub(super) fn text(&self, file: &str, text: &str) -> (Decoded, BTreeMap<Day, u64>) {
        if text.len() <= 2 * CHUNK_BYTES {
            return self.decoded(|each| decode::decode(file, text, each));
        }
        let (mut whole, mut days) = (Decoded::default(), BTreeMap::new());
        self.chunks(file, text, &decode::split(text, CHUNK_BYTES), (&mut whole, &mut days));
        (whole, days)
    }

    /// Decodes a text that is too long to be held whole.
    pub(super) fn long(&self, file: &str, text: impl Read) -> (Decoded, BTreeMap<Day, u64>) {
        let mut days = BTreeMap::new();
        let whole = each_window(file, text, self.reading.in_flight.window_bytes(), |text, chunks, whole| {
            self.chunks(file, text, chunks, (whole, &mut days));
        });
        (whole, days)
    }

    fn chunks(
        &self,
        file: &str,
        text: &str,
        chunks: &[Chunk],
        into: (&mut Decoded, &mut BTreeMap<Day, u64>),
    ) {
        let chunk = |chunk: &Chunk| self.decoded(|each| decode::decode_chunk(file, text, chunk, each));
        let (whole, days) = into;
        for (decoded, part) in chunks.par_iter().map(chunk).collect::<Vec<_>>() {
            whole.merge(decoded);
            for (day, events) in part {
                *days.entry(day).or_default() += events;
            }
        }
    }

    /// Decodes into this thread's part, and writes its rows when they have become many.
    fn decoded(
        &self,
        decode: impl FnOnce(&mut dyn FnMut(&Event<'_>)) -> Decoded,
    ) -> (Decoded, BTreeMap<Day, u64>) {
        let (mut part, mut days) = (self.part(), BTreeMap::new());
        let decoded = decode(&mut |event| self.event(event, &mut part, &mut days));
        if part.rows.bytes() <= ROWS_BYTES_MAX / self.parts.len().max(1) {
            return (decoded, days);
        }
        let rows = std::mem::take(&mut part.rows);
        // Without the lock: what compresses may wait for other threads, and this one do their work meanwhile.
        drop(part);
        if let Err(error) = self.writer.write_rows(&self.begun, rows) {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        (decoded, days)
    }

    fn event(&self, event: &Event<'_>, part: &mut Part, days: &mut BTreeMap<Day, u64>) {
        let day = event.time.day();
        if self.kept_from.is_some_and(|kept| day < kept) {
            return;
        }
        *days.entry(day).or_default() += 1;
        if !self.seen.first_time(event, event.compared()) {
            return;
        }
        let (fold, coverage) = part.days.entry(day).or_default();
        coverage.add_event(event);
        fold.add(event);
        if self.reading.rows {
            part.rows.add(event, event.fingerprint().0);
        }
    }

    /// This thread's part. A poisoned lock means a bug elsewhere; the part itself is whole.
    fn part(&self) -> MutexGuard<'_, Part> {
        let slot = rayon::current_thread_index().and_then(|index| self.parts.get(index));
        slot.unwrap_or(&self.spare).lock().unwrap_or_else(PoisonError::into_inner)
    }
}
