//! The walk over a text from record to record.

use super::callers::Callers;
use super::cut::{Opened, members, open_document};
use super::form::Forms;
use super::record::{Draft, Record};
use super::resync::Resync;
use super::{Chunk, Decoded, Place, Shape};
use crate::trail::event::Event;
use crate::trail::problem::{Problem, ProblemKind};
use crate::trail::scan::{Cursor, Fault};

/// The walk over one chunk.
pub(super) struct Walk<'t, 'e> {
    file: &'t str,
    chunk: &'t Chunk,
    /// The chunk's text.
    text: &'t str,
    cursor: Cursor<'t>,
    callers: Callers<'t>,
    forms: &'e mut Forms,
    place: Place,
    /// What surrounds the wrapper in whose list the walk is.
    outer: Place,
    /// Number of the next record of the chunk.
    record: usize,
    /// Has anything been seen that only a log has?
    recognised: bool,
    /// Was a record found again after a flaw? Then brackets that do not match are no news.
    mended: bool,
    documents: usize,
    resync: Resync<'t>,
    /// Objects that are valid and no records.
    foreign: usize,
    decoded: Decoded,
    each: &'e mut dyn FnMut(&Event<'_>),
}

impl<'t, 'e> Walk<'t, 'e> {
    pub(super) fn new(
        file: &'t str,
        text: &'t str,
        chunk: &'t Chunk,
        forms: &'e mut Forms,
        each: &'e mut dyn FnMut(&Event<'_>),
    ) -> Self {
        let text = text.get(chunk.range.clone()).unwrap_or_default();
        Self {
            file,
            chunk,
            text,
            cursor: Cursor::new(text),
            callers: Callers::default(),
            forms,
            place: chunk.place,
            outer: Place::Top,
            record: 0,
            recognised: false,
            mended: false,
            documents: 0,
            resync: Resync::new(text),
            foreign: 0,
            decoded: Decoded::default(),
            each,
        }
    }

    pub(super) fn run(mut self) -> Decoded {
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
        if self.place != Place::Top && self.chunk.last && !self.mended {
            self.truncated();
        }
        self.finish()
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
            Ok(_) => self.place = std::mem::replace(&mut self.outer, Place::Top),
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
        self.decoded.shape = self.decoded.shape.followed_by(shape);
    }

    /// The record whose `{` is at the cursor.
    fn record(&mut self, at: usize) {
        let mut draft = Draft::default();
        match draft.read(&mut self.cursor, &mut self.callers, self.forms) {
            Ok(Record::Lookup) => self.lookup(&draft.lookup.unwrap_or_default()),
            Ok(Record::Foreign) => self.element(at),
            Ok(record) => self.count(record, &draft),
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
        match draft.read(&mut cursor, &mut Callers::default(), self.forms) {
            Ok(record) => self.count(record, &draft),
            Err(fault) => self.bad(&format!("`CloudTrailEvent`: {}", why(fault))),
        }
    }

    fn count(&mut self, record: Record, draft: &Draft<'_>) {
        match record {
            Record::Event => {
                self.decoded.events += 1;
                self.decoded.widen(draft.event.time, draft.event.time);
                (self.each)(&draft.event);
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

    /// An object in a list that is no record, the cursor behind it: perhaps a wrapper, in an array of
    /// wrappers, or behind a flaw that cost the end of the wrapper before.
    fn element(&mut self, at: usize) {
        let end = self.cursor.at();
        self.cursor.go(at);
        if let Ok(Opened::List(_)) = open_document(&mut self.cursor) {
            self.recognised = true;
            self.outer = self.place;
            self.place = Place::Wrapped;
        } else {
            self.cursor.go(end);
            self.foreign();
        }
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
        if fault == Fault::End && self.chunk.last && !whole {
            self.cursor.go(self.text.len());
            return self.truncated();
        }
        match self.resync.next_record(self.place, start, failed) {
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
                self.bad(&format!(
                    "{}; nothing usable in the {} bytes that follow",
                    why(fault),
                    self.text.len() - start
                ));
            }
        }
    }

    fn finish(mut self) -> Decoded {
        let decoded = &mut self.decoded;
        let found = decoded.events + decoded.digests + decoded.insights;
        let truncated = decoded.problems.iter().any(|problem| problem.kind == ProblemKind::Truncated);
        if !self.chunk.is_whole() || found > 0 || (truncated && decoded.records == 0) {
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

fn why(fault: Fault) -> String {
    match fault {
        Fault::End => "the text ends inside the record".to_owned(),
        Fault::TooDeep => "nested deeper than 127 levels".to_owned(),
        Fault::Syntax(expected) => format!("not JSON: {expected} expected"),
    }
}
