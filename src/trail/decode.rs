//! Log text to events. Every shape in which `CloudTrail` records are kept is recognised by content:
//! `{"Records":[…]}`, a bare array, one event, JSON lines, and the output of `LookupEvents`, in any
//! sequence in one text. Records are handed out one by one; a bad one never costs its neighbours.

mod record;

use crate::trail::event::Event;
use crate::trail::problem::{Problem, ProblemKind};
use crate::trail::scan::{Cursor, Fault};
use record::{Draft, Record};
use std::ops::Range;

/// The number of problems that one file may list; the rest is only counted.
pub const PROBLEMS_MAX: usize = 20;

/// Text that failed may be read again when the search for the next record starts behind its first byte.
/// All rereading together is limited to this many times the length of the text, so that crafted text
/// cannot make it quadratic.
const REREAD_TIMES_MAX: usize = 4;

/// What one text held, apart from the events themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Everything that took the place of a record: events, digests, insights and bad records.
    pub records: usize,
    /// Events handed out.
    pub events: usize,
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

/// A part of a text that can be decoded by itself, on any thread: whole records. Made by [`split`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes of the text.
    pub range: Range<usize>,
    /// The number of records in front of it.
    pub first_record: usize,
    place: Place,
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

impl Decoded {
    /// Adds what another part of the same text held. Parts are merged in the order of the text.
    pub fn merge(&mut self, other: Decoded) {
        self.records += other.records;
        self.events += other.events;
        self.digests += other.digests;
        self.insights += other.insights;
        if self.shape == Shape::Empty {
            self.shape = other.shape;
        }
        self.problems_more += other.problems_more;
        for problem in other.problems {
            self.add_problem(problem);
        }
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

/// Decodes a whole text and hands out its events in the order of the text. `file` names it in problems.
pub fn decode(file: &str, text: &str, each: &mut dyn FnMut(Event<'_>)) -> Decoded {
    let whole = Chunk { range: 0..text.len(), first_record: 0, place: Place::Top, last: true };
    decode_chunk(file, text, &whole, each)
}

/// Decodes one chunk of a text that [`split`] has cut; the chunks' results [merge](Decoded::merge) to
/// what [`decode`] returns.
pub fn decode_chunk(file: &str, text: &str, chunk: &Chunk, each: &mut dyn FnMut(Event<'_>)) -> Decoded {
    let part = text.get(chunk.range.clone()).unwrap_or_default();
    let mut walk = Walk {
        file,
        text: part,
        cursor: Cursor::new(part),
        place: chunk.place,
        record: chunk.first_record,
        last: chunk.last,
        whole: part.len() == text.len(),
        recognised: false,
        mended: false,
        documents: 0,
        rereads_left: part.len().saturating_mul(REREAD_TIMES_MAX),
        marks: Marks::default(),
        foreign: 0,
        decoded: Decoded::default(),
        each,
    };
    walk.run();
    walk.finish()
}

/// Cuts a text between records into chunks of about `bytes` each, for several threads. A text with a
/// flaw in its structure is cut up to the flaw; the rest is one chunk.
pub fn split(text: &str, bytes: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut open = Chunk { range: 0..text.len(), first_record: 0, place: Place::Top, last: true };
    if text.len() > bytes && starts_like_a_log(text) {
        let mut cutter = Cutter { cursor: Cursor::new(text), place: Place::Top };
        let mut record = 0;
        while let Some(range) = cutter.next_record() {
            if range.start - open.range.start >= bytes.max(1) {
                let next =
                    Chunk { range: range.start..text.len(), first_record: record, place: cutter.place, last: true };
                open.range.end = range.start;
                open.last = false;
                chunks.push(std::mem::replace(&mut open, next));
            }
            record += 1;
        }
    }
    chunks.push(open);
    chunks
}

/// The byte ranges of all records, wrappers taken off, up to the first flaw in the text's structure.
pub fn record_ranges(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut cutter = Cutter { cursor: Cursor::new(text), place: Place::Top };
    std::iter::from_fn(move || cutter.next_record())
}

/// Is the first record one? Otherwise the text is judged as a whole, and perhaps said to be no log.
fn starts_like_a_log(text: &str) -> bool {
    let Some(first) = record_ranges(text).next() else { return false };
    let record = Draft::default().read(&mut Cursor::new(text.get(first).unwrap_or_default()));
    !matches!(record, Ok(Record::Foreign) | Err(_))
}

/// Finds records without reading them.
struct Cutter<'a> {
    cursor: Cursor<'a>,
    place: Place,
}

impl Cutter<'_> {
    fn next_record(&mut self) -> Option<Range<usize>> {
        loop {
            let token = self.cursor.token()?;
            let at = self.cursor.at();
            match (self.place, token) {
                (Place::Top, b'[') => {
                    self.cursor.go(at + 1);
                    self.place = Place::Array;
                }
                (Place::Top, b'{') => match open_document(&mut self.cursor).ok()? {
                    Opened::Record => return self.whole(at),
                    Opened::List(_) => self.place = Place::Wrapped,
                    Opened::Closed { .. } => {}
                },
                (Place::Array | Place::Wrapped, b',') => self.cursor.go(at + 1),
                (Place::Array, b']') => {
                    self.cursor.go(at + 1);
                    self.place = Place::Top;
                }
                (Place::Wrapped, b']') => {
                    self.cursor.go(at + 1);
                    if !matches!(members(&mut self.cursor, false).ok()?, Opened::List(_)) {
                        self.place = Place::Top;
                    }
                }
                (Place::Array | Place::Wrapped, b'{') => return self.whole(at),
                _ => return None,
            }
        }
    }

    fn whole(&mut self, start: usize) -> Option<Range<usize>> {
        self.cursor.go(start);
        let walked = match self.cursor.skip_value() {
            Ok(_) => true,
            Err(Fault::TooDeep) => {
                self.cursor.go(start);
                self.cursor.skip_balanced()
            }
            Err(_) => false,
        };
        walked.then(|| start..self.cursor.at())
    }
}

/// What an object outside any list is.
enum Opened {
    /// A record itself; the cursor is back at its `{`.
    Record,
    /// A wrapper; the cursor is behind the `[` of its list.
    List(Shape),
    /// Walked to its end; did it say `"Records":null`?
    Closed { empty_log: bool },
}

/// Looks at the document whose `{` is at the cursor.
fn open_document(cursor: &mut Cursor<'_>) -> Result<Opened, Fault> {
    let start = cursor.at();
    cursor.go(start + 1);
    let opened = members(cursor, true)?;
    if matches!(opened, Opened::Record) {
        cursor.go(start);
    }
    Ok(opened)
}

/// Walks over the members of a document up to the next list of records, or to its end.
fn members(cursor: &mut Cursor<'_>, mut first: bool) -> Result<Opened, Fault> {
    let beginning = first;
    let mut empty_log = false;
    while let Some(key) = cursor.key(std::mem::take(&mut first))? {
        let shape = match &*key {
            "Records" => Some(Shape::Records),
            "Events" => Some(Shape::LookupEvents),
            key if beginning && record::is_record_key(key) => return Ok(Opened::Record),
            _ => None,
        };
        if let Some(shape) = shape {
            if cursor.eat(b'[') {
                return Ok(Opened::List(shape));
            }
        }
        let value = cursor.skip_value()?;
        empty_log |= shape.is_some() && value == "null";
    }
    Ok(Opened::Closed { empty_log })
}

struct Walk<'t, 'e> {
    file: &'t str,
    text: &'t str,
    cursor: Cursor<'t>,
    place: Place,
    /// Number of the next record.
    record: usize,
    /// Does the text end with this chunk?
    last: bool,
    /// Is the chunk the whole text?
    whole: bool,
    /// Has anything been seen that only a log has?
    recognised: bool,
    /// Was a record found again after a flaw? Then brackets that do not match are no news.
    mended: bool,
    documents: usize,
    rereads_left: usize,
    marks: Marks,
    /// Objects that are valid and no records.
    foreign: usize,
    decoded: Decoded,
    each: &'e mut dyn FnMut(Event<'_>),
}

impl Walk<'_, '_> {
    fn run(&mut self) {
        while let Some(token) = self.cursor.token() {
            let at = self.cursor.at();
            match (self.place, token) {
                (Place::Top, b'[') => {
                    self.document(Shape::Array);
                    self.place = Place::Array;
                    self.cursor.go(at + 1);
                }
                (Place::Top, b'{') => self.open(at),
                (Place::Array | Place::Wrapped, b'{') => self.record(at),
                (Place::Array | Place::Wrapped, b',') => self.cursor.go(at + 1),
                (Place::Array, b']') => {
                    self.cursor.go(at + 1);
                    self.place = Place::Top;
                }
                (Place::Wrapped, b']') => self.close(at),
                (Place::Array | Place::Wrapped, _) => self.no_object(at),
                (Place::Top, _) => self.lost(at, Fault::Syntax("`{` or `[`")),
            }
        }
        if self.place != Place::Top && self.last && !self.mended {
            self.truncated();
        }
    }

    /// Something in a list that is no object.
    fn no_object(&mut self, at: usize) {
        match self.cursor.skip_value() {
            // Behind a quote too many, a string may reach into the next record.
            Ok(_) if matches!(self.cursor.token(), Some(b',' | b']') | None) => {
                self.bad("a value that is no object where a record belongs");
            }
            Ok(_) => self.lost(at, Fault::Syntax("`,` or `]`")),
            Err(fault) => self.lost(at, fault),
        }
    }

    /// An object outside any list.
    fn open(&mut self, at: usize) {
        match open_document(&mut self.cursor) {
            Ok(Opened::Record) => {
                self.document(Shape::Event);
                self.record(at);
            }
            Ok(Opened::List(shape)) => {
                self.document(shape);
                self.recognised = true;
                self.place = Place::Wrapped;
            }
            Ok(Opened::Closed { empty_log: true }) => {
                self.document(Shape::Records);
                self.recognised = true;
            }
            Ok(Opened::Closed { empty_log: false }) => {
                self.document(Shape::NotALog);
                self.foreign();
            }
            Err(fault) => self.lost(at, fault),
        }
    }

    /// The `]` of a wrapper's list is at the cursor.
    fn close(&mut self, at: usize) {
        self.cursor.go(at + 1);
        match members(&mut self.cursor, false) {
            Ok(Opened::List(_)) => {}
            Ok(_) => self.place = Place::Top,
            Err(Fault::End) if self.mended => self.cursor.go(self.text.len()),
            Err(fault) => {
                self.place = Place::Top;
                self.lost(at + 1, fault);
            }
        }
    }

    /// Notes the form of a document.
    fn document(&mut self, shape: Shape) {
        self.documents += 1;
        let decoded = &mut self.decoded.shape;
        *decoded = match (*decoded, shape) {
            (Shape::Empty, first) => first,
            (Shape::Event | Shape::Digest, Shape::Event) => Shape::JsonLines,
            (known, _) => known,
        };
    }

    /// The record whose `{` is at the cursor.
    fn record(&mut self, at: usize) {
        let mut draft = Draft::default();
        match draft.read(&mut self.cursor) {
            Ok(Record::Lookup) => self.lookup(&draft.lookup.unwrap_or_default()),
            Ok(record) => self.count(record, draft),
            Err(fault) => self.lost(at, fault),
        }
    }

    /// The event inside an element of the output of `LookupEvents`.
    fn lookup(&mut self, text: &str) {
        let mut cursor = Cursor::new(text);
        if cursor.token() != Some(b'{') {
            return self.bad("`CloudTrailEvent` holds no JSON object");
        }
        let mut draft = Draft::default();
        match draft.read(&mut cursor) {
            Ok(record) => self.count(record, draft),
            Err(fault) => self.bad(&format!("`CloudTrailEvent`: {}", why(fault))),
        }
    }

    fn count(&mut self, record: Record, draft: Draft<'_>) {
        match record {
            Record::Event => {
                self.decoded.events += 1;
                (self.each)(draft.event);
            }
            Record::Insight => self.decoded.insights += 1,
            Record::Digest => {
                self.decoded.digests += 1;
                if self.documents == 1 && self.decoded.shape == Shape::Event {
                    self.decoded.shape = Shape::Digest;
                }
            }
            Record::Bad(missing) => {
                self.recognised = true;
                return self.bad(missing);
            }
            Record::Lookup => return self.bad("`CloudTrailEvent` inside `CloudTrailEvent`"),
            Record::Foreign => return self.foreign(),
        }
        self.recognised = true;
        self.record += 1;
        self.decoded.records += 1;
    }

    fn foreign(&mut self) {
        self.foreign += 1;
        self.bad("an object without any field of an event");
    }

    /// Counts one record that cannot be used.
    fn bad(&mut self, message: &str) {
        self.problem(ProblemKind::BadRecord, Some(self.record), message.to_owned());
        self.record += 1;
        self.decoded.records += 1;
    }

    fn truncated(&mut self) {
        let message = "the text ends before its last bracket".to_owned();
        self.problem(ProblemKind::Truncated, None, message);
    }

    fn problem(&mut self, kind: ProblemKind, record: Option<usize>, message: String) {
        self.decoded.add_problem(Problem { file: self.file.to_owned(), record, kind, message });
    }

    /// The record or document that starts at `start` cannot be read. Looks for the next one and counts
    /// one problem for the stretch between.
    fn lost(&mut self, start: usize, fault: Fault) {
        let failed = self.cursor.at();
        if fault == Fault::TooDeep {
            // Its author may have chosen what is inside, so nothing inside is looked at.
            self.cursor.go(start);
            if self.cursor.skip_balanced() {
                return self.bad(&why(fault));
            }
            self.cursor.go(self.text.len());
            return self.truncated();
        }
        // A text that stops in the middle of a record was cut there. What is inside the last record must
        // not be taken for records; but a text that has its end lost a bracket somewhere.
        let whole = self.text.trim_end().ends_with(['}', ']']);
        if fault == Fault::End && self.last && !whole {
            self.cursor.go(self.text.len());
            return self.truncated();
        }
        match self.next_record(start, failed) {
            Some((next, place)) => {
                self.mended = true;
                self.place = place;
                self.cursor.go(next);
                self.bad(&format!("{}; resumed after {} bytes", why(fault), next - start));
            }
            None if fault == Fault::End => {
                self.cursor.go(self.text.len());
                self.truncated();
            }
            None => {
                self.cursor.go(self.text.len());
                self.place = Place::Top;
                self.bad(&format!("{}; nothing usable in the {} bytes that follow", why(fault), self.text.len() - start));
            }
        }
    }

    /// Where the next record starts after a flaw at `failed` in what starts at `start`.
    fn next_record(&mut self, start: usize, failed: usize) -> Option<(usize, Place)> {
        let reread = failed.saturating_sub(start);
        let from = if reread <= self.rereads_left {
            self.rereads_left -= reread;
            start + 1
        } else {
            failed.max(start + 1)
        };
        let mark = self.marks.next(self.text, from, self.place == Place::Top);
        // An object where the flawed record should have a key: a bracket was lost, here is the next one.
        let bytes = self.text.as_bytes();
        let before = bytes.get(start..failed).unwrap_or_default().trim_ascii_end();
        if bytes.get(failed) == Some(&b'{') && before.ends_with(b",") && mark.is_none_or(|(next, _)| next >= failed) {
            return Some((failed, self.place));
        }
        // Where brackets match all the same, the flawed record ends there, unless a record starts before.
        let reach = mark.map_or(self.text.len(), |(next, _)| next);
        let mut balanced = Cursor::new(self.text.get(..reach).unwrap_or_default());
        balanced.go(start);
        let in_list = self.place != Place::Top;
        let object = balanced.token() == Some(b'{');
        if in_list && object && balanced.skip_balanced() && matches!(balanced.token(), Some(b',' | b']')) {
            return Some((balanced.at(), self.place));
        }
        if let Some((next, own_line)) = mark {
            return Some((next, if own_line || in_list { self.place } else { Place::Wrapped }));
        }
        // Something between records that is none: go on at the next object.
        let junk = bytes.get(start + 1..).filter(|_| in_list && !object)?;
        memchr::memchr(b'{', junk).map(|offset| (start + 1 + offset, self.place))
    }

    fn finish(mut self) -> Decoded {
        let decoded = &mut self.decoded;
        let found = decoded.events + decoded.digests + decoded.insights;
        let truncated = decoded.problems.iter().any(|problem| problem.kind == ProblemKind::Truncated);
        if !self.whole || found > 0 || (truncated && decoded.records == 0) {
            return self.decoded;
        }
        let message = if decoded.records > 0 && self.foreign == decoded.records {
            "JSON, but nothing of CloudTrail in it"
        } else if decoded.records > 0 && !self.recognised {
            "neither gzip nor JSON with records"
        } else if decoded.records == 0 && decoded.shape == Shape::Empty {
            "the file is empty"
        } else {
            return self.decoded;
        };
        decoded.shape = if decoded.records == 0 { Shape::Empty } else { Shape::NotALog };
        decoded.records = 0;
        decoded.problems.clear();
        decoded.problems_more = 0;
        self.problem(ProblemKind::NotALog, None, message.to_owned());
        self.decoded
    }
}

/// Remembers the last search for the start of a record, so that many flaws do not search the same text
/// again and again.
#[derive(Default)]
struct Marks {
    /// For texts without and with lines: where the search began, and what it found.
    known: [Option<(usize, Option<(usize, bool)>)>; 2],
}

impl Marks {
    /// The next place at or behind `from` where a record starts as AWS writes it: `{` and one of
    /// [`FIRST_KEYS`] behind a separator, or, in a text of lines, a line that starts with `{` (then
    /// `true`). Neither can be part of a string: there every quote has a backslash and every line break
    /// is escaped.
    fn next(&mut self, text: &str, from: usize, lines: bool) -> Option<(usize, bool)> {
        let [without, with] = &mut self.known;
        let known = if lines { with } else { without };
        match known {
            Some((begun, found)) if *begun <= from && found.is_none_or(|(next, _)| next >= from) => *found,
            _ => {
                let found = record_mark(text.as_bytes(), from, lines);
                *known = Some((from, found));
                found
            }
        }
    }
}

fn record_mark(bytes: &[u8], from: usize, lines: bool) -> Option<(usize, bool)> {
    let rest = bytes.get(from..)?;
    // A line that starts where the search starts counts as well.
    let begins_line = lines && rest.first() == Some(&b'{') && bytes.get(..from)?.last() == Some(&b'\n');
    if begins_line {
        return Some((from, true));
    }
    let own_line = if lines { memchr::memmem::find(rest, b"\n{").map(|offset| from + offset + 1) } else { None };
    let reach = own_line.unwrap_or(bytes.len());
    let first = FIRST_KEYS.iter().filter_map(|key| marked_object(bytes, from..reach, key.as_bytes())).min();
    first.map(|start| (start, false)).or(own_line.map(|line| (line, true)))
}

/// The first keys of records as `CloudTrail` and `LookupEvents` write them.
const FIRST_KEYS: [&str; 2] = ["\"eventVersion\"", "\"EventId\""];

/// The first object in `range` that begins with `key` and stands behind a separator.
fn marked_object(bytes: &[u8], range: Range<usize>, key: &[u8]) -> Option<usize> {
    let mut searched = range.start;
    loop {
        let at = searched + memchr::memmem::find(bytes.get(searched..range.end)?, key)?;
        let before = bytes.get(range.start..at)?.trim_ascii_end();
        let separated = |outside: &[u8]| matches!(outside.trim_ascii_end().last(), Some(b',' | b'[' | b'}') | None);
        if before.strip_suffix(b"{").is_some_and(separated) {
            return Some(range.start + before.len() - 1);
        }
        searched = at + 1;
    }
}


fn why(fault: Fault) -> String {
    match fault {
        Fault::End => "the text ends inside the record".to_owned(),
        Fault::TooDeep => "nested deeper than 127 levels".to_owned(),
        Fault::Syntax(expected) => format!("not JSON: {expected} expected"),
    }
}

#[cfg(test)]
mod tests;
