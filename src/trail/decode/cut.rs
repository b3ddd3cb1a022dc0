//! The places of records in a text: what stands around them, without reading them.

use super::record::is_record_key;
use super::{Place, Shape};
use crate::trail::scan::{Cursor, Fault};
use std::ops::Range;

/// Finds records without reading them.
pub(super) struct Cutter<'a> {
    cursor: Cursor<'a>,
    /// Where the record that was found last stands.
    pub(super) place: Place,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self::at(text, Place::Top)
    }

    /// Of a part of a text.
    pub(super) fn at(text: &'a str, place: Place) -> Self {
        Self { cursor: Cursor::new(text), place }
    }

    /// The bytes of the next record; `None` at the end and at a flaw.
    pub(super) fn next_record(&mut self) -> Option<Range<usize>> {
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
pub(super) enum Opened {
    /// A record itself; the cursor is back at its `{`.
    Record,
    /// A wrapper; the cursor is behind the `[` of its list.
    List(Shape),
    /// Walked to its end; did it say `"Records":null`?
    Closed { empty_log: bool },
}

/// Looks at the document whose `{` is at the cursor.
pub(super) fn open_document(cursor: &mut Cursor<'_>) -> Result<Opened, Fault> {
    let start = cursor.at();
    cursor.go(start + 1);
    let opened = members(cursor, true)?;
    if matches!(opened, Opened::Record) {
        cursor.go(start);
    }
    Ok(opened)
}

/// Walks over the members of a document up to the next list of records, or to its end.
pub(super) fn members(cursor: &mut Cursor<'_>, mut first: bool) -> Result<Opened, Fault> {
    let beginning = first;
    let mut empty_log = false;
    while let Some(key) = cursor.key(std::mem::take(&mut first))? {
        let shape = match &*key {
            "Records" => Some(Shape::Records),
            "Events" => Some(Shape::LookupEvents),
            key if beginning && is_record_key(key) => return Ok(Opened::Record),
            _ => None,
        };
        if let Some(shape) = shape
            && cursor.eat(b'[')
        {
            return Ok(Opened::List(shape));
        }
        let value = cursor.skip_value()?;
        empty_log |= shape.is_some() && value == "null";
    }
    Ok(Opened::Closed { empty_log })
}
