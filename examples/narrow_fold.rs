//! The narrowest useful question, with the program's own decoder: how often each caller made each call in
//! each region with each error code, and when first and last. Reads the same files as `trailtrim usage`;
//! `benches/whole_process.py` runs it next to `inflate_only` and to databases that answer the same question.
//!
//! ```text
//! cargo run --release --example narrow_fold -- PATH… [--threads N]
//! ```

use anyhow::Context;
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use trailtrim::source::dir::DirSource;
use trailtrim::source::{LogObject, LogSource};
use trailtrim::time::Timestamp;
use trailtrim::trail::decode::Decoder;
use trailtrim::trail::event::Event;
use trailtrim::trail::inflate::{self, Limits};

/// Caller, `eventSource`, `eventName`, `awsRegion`, `errorCode`.
type Key = [Box<str>; 5];

/// Count, first, last.
type Row = (u64, Timestamp, Timestamp);

fn main() -> anyhow::Result<()> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--threads" {
            let number = args.next().and_then(|number| number.to_str()?.parse().ok());
            threads = number.context("--threads needs a number")?;
        } else {
            paths.push(arg.into());
        }
    }
    let source = DirSource::new(paths);
    let mut objects = source.list().objects;
    objects.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    let next = AtomicUsize::new(0);
    let whole: Mutex<BTreeMap<Key, Row>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut reader = Reader::default();
                while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    reader.file(&source, object);
                }
                if let Ok(mut whole) = whole.lock() {
                    for (key, row) in reader.rows.into_keys() {
                        let known = whole.entry(key).or_insert((0, row.1, row.2));
                        *known = (known.0 + row.0, known.1.min(row.1), known.2.max(row.2));
                    }
                }
            });
        }
    });
    let rows = whole.into_inner().unwrap_or_default();
    report(rows.len(), rows.values().map(|row| row.0).sum());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn report(rows: usize, events: u64) {
    println!("{rows} rows, {events} events, deliveries counted");
}

/// What one thread keeps from file to file.
#[derive(Default)]
struct Reader {
    stored: Vec<u8>,
    text: Vec<u8>,
    decoder: Decoder,
    rows: Rows,
}

impl Reader {
    fn file(&mut self, source: &DirSource, object: &LogObject) {
        if source.read(object, &mut self.stored).is_err() {
            return;
        }
        let inflated = inflate::inflate(&self.stored, Limits::default(), &mut self.text);
        let rows = &mut self.rows;
        self.decoder.decode(&object.name, &inflated.text, &mut |event| rows.add(event));
    }
}

/// Rows by the numbers of their callers and of the rest of their keys, which are compared in full.
#[derive(Default)]
struct Rows {
    callers: Texts<1>,
    kinds: Texts<4>,
    /// The numbers of the last callers, by the decoder's number of their `userIdentity`.
    last: Vec<Option<(NonZeroU64, usize)>>,
    found: Places,
    list: Vec<(usize, usize, Row)>,
}

/// How many callers are found without their text.
const LAST_MAX: usize = 1 << 10;

impl Rows {
    fn add(&mut self, event: &Event<'_>) {
        let caller = self.caller(event);
        let kind = self.kinds.number([&*event.source, &*event.name, &*event.region, &*event.error_code]);
        let list = &self.list;
        let is_it = |number: usize| list.get(number).is_some_and(|row| (row.0, row.1) == (caller, kind));
        let hash = self.found.hasher.hash_one((caller, kind));
        if let Some((_, _, row)) = self.found.find(hash, is_it).and_then(|number| self.list.get_mut(number)) {
            *row = (row.0 + 1, row.1.min(event.time), row.2.max(event.time));
            return;
        }
        self.found.put(hash, self.list.len());
        self.list.push((caller, kind, (1, event.time, event.time)));
    }

    fn caller(&mut self, event: &Event<'_>) -> usize {
        let identity = &event.identity;
        let place = identity.number.and_then(|number| usize::try_from(number.get() % LAST_MAX as u64).ok());
        if let Some((number, caller)) = place.and_then(|place| *self.last.get(place)?)
            && Some(number) == identity.number
        {
            return caller;
        }
        let text = match &identity.issuer {
            Some(issuer) => &*issuer.arn,
            None if identity.arn.is_empty() => &*identity.invoked_by,
            None => &*identity.arn,
        };
        let caller = self.callers.number([text]);
        self.last.resize(LAST_MAX, None);
        if let Some(place) = place.and_then(|place| self.last.get_mut(place)) {
            *place = identity.number.map(|number| (number, caller));
        }
        caller
    }

    fn into_keys(self) -> impl Iterator<Item = (Key, Row)> {
        let Self { callers, kinds, list, .. } = self;
        list.into_iter().filter_map(move |(caller, kind, row)| {
            let [caller] = callers.list.get(caller)?;
            let [source, name, region, error] = kinds.list.get(kind)?;
            Some(([caller, source, name, region, error].map(Clone::clone), row))
        })
    }
}

/// Groups of texts by number.
struct Texts<const N: usize> {
    found: Places,
    list: Vec<[Box<str>; N]>,
}

impl<const N: usize> Default for Texts<N> {
    fn default() -> Self {
        Self { found: Places::default(), list: Vec::new() }
    }
}

impl<const N: usize> Texts<N> {
    fn number(&mut self, key: [&str; N]) -> usize {
        let hash = self.found.hasher.hash_one(key);
        let list = &self.list;
        let is_it = |number: usize| {
            list.get(number).is_some_and(|known| known.iter().zip(key).all(|(known, text)| **known == *text))
        };
        self.found.find(hash, is_it).unwrap_or_else(|| {
            self.found.put(hash, self.list.len());
            self.list.push(key.map(Box::from));
            self.list.len() - 1
        })
    }
}

/// Numbers of entries by the hashes of their keys; open addressing, a power of two long.
#[derive(Default)]
struct Places {
    hasher: foldhash::fast::RandomState,
    /// Each with its hash; the number is counted from one, 0 is a free place.
    slots: Vec<(u64, usize)>,
    taken: usize,
}

impl Places {
    fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mut place = self.first(hash);
        loop {
            let (known, number) = *self.slots.get(place)?;
            let number = number.checked_sub(1)?;
            if known == hash && is_it(number) {
                return Some(number);
            }
            place = (place + 1) % self.slots.len();
        }
    }

    /// Adds an entry that is not there.
    fn put(&mut self, hash: u64, number: usize) {
        if self.taken * 2 >= self.slots.len() {
            let longer = vec![(0, 0); (self.slots.len() * 2).max(64)];
            for (hash, number) in std::mem::replace(&mut self.slots, longer) {
                self.place(hash, number);
            }
        }
        self.taken += 1;
        self.place(hash, number + 1);
    }

    fn place(&mut self, hash: u64, number: usize) {
        let mut place = self.first(hash);
        while self.slots.get(place).is_some_and(|known| known.1 > 0) {
            place = (place + 1) % self.slots.len();
        }
        if let Some(free) = self.slots.get_mut(place).filter(|_| number > 0) {
            *free = (hash, number);
        }
    }

    fn first(&self, hash: u64) -> usize {
        usize::try_from(hash & self.slots.len().saturating_sub(1) as u64).unwrap_or_default()
    }
}
