//! Log text to events. Every shape in which `CloudTrail` records are kept is recognised by content:
//! `{"Records":[…]}`, a bare array, one event, JSON lines, and the output of `LookupEvents`, in any
//! sequence in one text. Records are handed out one by one; a bad one never costs its neighbours.
//!
//! A caller of AWS chooses what stands inside its record's `requestParameters`, but not the record's own
//! structure. So what is inside a record is never taken for a record as long as the text is as AWS wrote
//! it, cut short or not; only behind damage in the middle of a text is the next record searched for.

mod callers;
mod cut;
mod form;
mod identity;
mod record;
mod resync;
mod walk;
mod window;

use crate::time::Timestamp;
use crate::trail::event::Event;
use crate::trail::inflate::{self, Limits};
use crate::trail::problem::{Problem, ProblemKind};
use crate::trail::scan::Cursor;
use callers::Callers;
use cut::Cutter;
use form::Forms;
use record::{Draft, Record};
use std::ops::Range;
use walk::Walk;

pub use window::Windows;

/// The number of problems that one file may list; the rest is only counted.
pub const PROBLEMS_MAX: usize = 20;

/// What one text held, apart from the events themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Everything that took the place of a record: events, digests, insights and bad records.
    pub records: usize,
    /// Events handed out.
    pub events: usize,
    /// The times of the first and the last of these events.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Digest files' contents.
    pub digests: usize,
    /// Insight events.
    pub insights: usize,
    /// The form of the text's first document.
    pub shape: Shape,
    /// What went wrong, in the order of the text; at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// Further problems that are not listed.
    pub problems_more: usize,
}

/// How records are laid out in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// Nothing but blanks.
    #[default]
    Empty,
    /// `{"Records":[…]}`: what `CloudTrail` delivers.
    Records,
    /// `{"Events":[…]}`: what `aws cloudtrail lookup-events` prints.
    LookupEvents,
    /// `[…]`.
    Array,
    /// One event.
    Event,
    /// One record after the other, mostly one a line.
    JsonLines,
    /// A digest file.
    Digest,
    /// None of these.
    NotALog,
}

impl Shape {
    /// The form of a text from that of its first part and of what follows.
    fn followed_by(self, next: Self) -> Self {
        match (self, next) {
            (Self::Empty, first) => first,
            (Self::Event | Self::Digest, Self::Event | Self::Digest | Self::JsonLines) => Self::JsonLines,
            (known, _) => known,
        }
    }
}

/// A part of a text that can be decoded by itself, on any thread: whole records. Made by [`split`] and [`Windows`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes of the text.
    pub range: Range<usize>,
    place: Place,
    first: bool,
    last: bool,
}

/// Where in the text the next record is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Outside any document.
    Top,
    /// In an array that is itself the document.
    Array,
    /// In the array of records of a wrapper object.
    Wrapped,
}

impl Chunk {
    fn is_whole(&self) -> bool {
        self.first && self.last
    }
}

impl Decoded {
    /// Adds what another part of the same text held. Parts are merged in the order of the text: a part numbers
    /// its records from 0, and only those before it know how many there were.
    pub fn merge(&mut self, other: Decoded) {
        let before = self.records;
        self.records += other.records;
        self.events += other.events;
        if let Some((first, last)) = other.span {
            self.widen(first, last);
        }
        self.digests += other.digests;
        self.insights += other.insights;
        self.shape = self.shape.followed_by(other.shape);
        self.problems_more += other.problems_more;
        for mut problem in other.problems {
            problem.record = problem.record.map(|record| record + before);
            self.add_problem(problem);
        }
    }

    fn widen(&mut self, first: Timestamp, last: Timestamp) {
        let (begin, end) = self.span.unwrap_or((first, last));
        self.span = Some((begin.min(first), end.max(last)));
    }

    /// Adds a problem; the second report that one file is truncated says nothing new and is dropped.
    pub fn add_problem(&mut self, problem: Problem) {
        let truncated = |known: &Problem| known.kind == ProblemKind::Truncated && known.file == problem.file;
        if problem.kind == ProblemKind::Truncated && self.problems.iter().any(truncated) {
            return;
        }
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.problems_more += 1;
        }
    }
}

/// Decodes one text after the other and remembers what their records have in common; it changes only how
/// quickly they are read. Keep one a thread.
#[derive(Debug, Default)]
pub struct Decoder {
    forms: Forms,
}

impl Decoder {
    /// Decodes a whole text and hands out its events in the order of the text. `file` names it in problems.
    pub fn decode(&mut self, file: &str, text: &str, each: &mut dyn FnMut(&Event<'_>)) -> Decoded {
        let whole = Chunk { range: 0..text.len(), place: Place::Top, first: true, last: true };
        self.decode_chunk(file, text, &whole, each)
    }

    /// Decodes one chunk of a text that [`split`] has cut; the chunks' results [merge](Decoded::merge) to
    /// what [`Self::decode`] returns.
    pub fn decode_chunk(
        &mut self,
        file: &str,
        text: &str,
        chunk: &Chunk,
        each: &mut dyn FnMut(&Event<'_>),
    ) -> Decoded {
        Walk::new(file, text, chunk, &mut self.forms, each).run()
    }
}

/// [`Decoder::decode`] of a single text.
pub fn decode(file: &str, text: &str, each: &mut dyn FnMut(&Event<'_>)) -> Decoded {
    Decoder::default().decode(file, text, each)
}

/// Inflates and decodes the bytes of one file: [`inflate::inflate`], then [`decode`], the problems of
/// both together, in this order. `buffer` is overwritten; keep it from file to file.
pub fn decode_file(
    file: &str,
    bytes: &[u8],
    limits: Limits,
    buffer: &mut Vec<u8>,
    each: &mut dyn FnMut(&Event<'_>),
) -> Decoded {
    let inflated = inflate::inflate(bytes, limits, buffer);
    let mut decoded = Decoded::default();
    for problem in inflated.problems {
        let (kind, message) = (problem.kind, problem.message);
        decoded.add_problem(Problem { file: file.to_owned(), record: None, kind, message });
    }
    // Where nothing could be inflated, the reason is known; the text is not "empty" besides.
    if decoded.problems.is_empty() || !inflated.text.is_empty() {
        decoded.merge(decode(file, &inflated.text, each));
    }
    decoded
}

/// [`Decoder::decode_chunk`] of a single chunk.
pub fn decode_chunk(file: &str, text: &str, chunk: &Chunk, each: &mut dyn FnMut(&Event<'_>)) -> Decoded {
    Decoder::default().decode_chunk(file, text, chunk, each)
}

/// Cuts a text between records into chunks of about `bytes` each, for several threads. A text with a
/// flaw in its structure is cut up to the flaw; the rest is one chunk.
pub fn split(text: &str, bytes: usize) -> Vec<Chunk> {
    if text.len() <= bytes {
        return vec![Chunk { range: 0..text.len(), place: Place::Top, first: true, last: true }];
    }
    window::cut(text, bytes.max(1), (Place::Top, true), true).0
}

/// The byte ranges of all records, wrappers taken off, up to the first flaw in the text's structure.
pub fn record_ranges(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut cutter = Cutter::new(text);
    std::iter::from_fn(move || cutter.next_record())
}

/// Is the first record one? Otherwise the text is judged as a whole, and perhaps said to be no log.
fn starts_like_a_log(text: &str) -> bool {
    let first = record_ranges(text).next().and_then(|range| text.get(range)).unwrap_or_default();
    let mut draft = Draft::default();
    let mut forms = Forms::default();
    match draft.read(&mut Cursor::new(first), &mut Callers::default(), &mut forms) {
        Ok(Record::Lookup) => {
            let inner = draft.lookup.unwrap_or_default();
            let mut cursor = Cursor::new(&inner);
            let record = Draft::default().read(&mut cursor, &mut Callers::default(), &mut forms);
            !matches!(record, Ok(Record::Foreign | Record::Lookup) | Err(_))
        }
        Ok(Record::Foreign) | Err(_) => false,
        Ok(_) => true,
    }
}

#[cfg(test)]
mod tests;
