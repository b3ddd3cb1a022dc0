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
                    for (key, row) in reader.rows.list {
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
        self.decoder.decode(&object.name, &inflated.text, &mut |event| rows.add(&event));
    }
}

/// Rows, found by the hash of their keys and compared in full.
#[derive(Default)]
struct Rows {
    hasher: foldhash::fast::RandomState,
    /// Numbers of rows, counted from one, by their hashes; open addressing, a power of two long.
    places: Vec<usize>,
    list: Vec<(Key, Row)>,
}

impl Rows {
    fn add(&mut self, event: &Event<'_>) {
        let identity = &event.identity;
        let caller = match &identity.issuer {
            Some(issuer) => &*issuer.arn,
            None if identity.arn.is_empty() => &*identity.invoked_by,
            None => &*identity.arn,
        };
        let key = [caller, &*event.source, &*event.name, &*event.region, &*event.error_code];
        let mut place = self.place(key);
        while let Some(number) = self.places.get(place).copied().filter(|number| *number > 0) {
            if let Some((known, row)) = self.list.get_mut(number - 1)
                && known.iter().zip(key).all(|(known, text)| **known == *text)
            {
                *row = (row.0 + 1, row.1.min(event.time), row.2.max(event.time));
                return;
            }
            place = (place + 1) % self.places.len();
        }
        self.list.push((key.map(Box::from), (1, event.time, event.time)));
        if self.list.len() * 2 > self.places.len() {
            return self.grow();
        }
        if let Some(free) = self.places.get_mut(place) {
            *free = self.list.len();
        }
    }

    fn place(&self, key: [&str; 5]) -> usize {
        let length = self.places.len().max(1) as u64;
        usize::try_from(self.hasher.hash_one(key) % length).unwrap_or_default()
    }

    fn grow(&mut self) {
        self.places = vec![0; self.list.len().next_power_of_two() * 4];
        for number in 1..=self.list.len() {
            let Some((key, _)) = self.list.get(number - 1) else { continue };
            let mut place = self.place(key.each_ref().map(|text| &**text));
            while self.places.get(place).is_some_and(|known| *known > 0) {
                place = (place + 1) % self.places.len();
            }
            if let Some(free) = self.places.get_mut(place) {
                *free = number;
            }
        }
    }
}
