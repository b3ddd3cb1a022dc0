//! After a flaw: where does the next record start?

use super::Place;
use crate::trail::scan::Cursor;
use std::ops::Range;

/// Text that failed may be read again when the search for the next record starts behind its first byte.
/// All rereading together is limited to this many times the length of the text, so that crafted text
/// cannot make it quadratic.
const REREAD_TIMES_MAX: usize = 4;

/// Where a search began, and what it found: a place, and whether it is the start of a line.
type Search = (usize, Option<(usize, bool)>);

/// Finds the next record of a text. Remembers its last searches, so that many flaws do not search the
/// same text again and again.
pub(super) struct Resync<'t> {
    text: &'t str,
    rereads_left: usize,
    /// The last searches without and with regard to lines.
    searches: [Option<Search>; 2],
}

impl<'t> Resync<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, rereads_left: text.len().saturating_mul(REREAD_TIMES_MAX), searches: [None; 2] }
    }

    /// Where the next record starts after a flaw at `failed` in what starts at `start`.
    pub(super) fn next_record(
        &mut self,
        place: Place,
        start: usize,
        failed: usize,
    ) -> Option<(usize, Place)> {
        let reread = failed.saturating_sub(start);
        let from = if reread <= self.rereads_left {
            self.rereads_left -= reread;
            start + 1
        } else {
            failed.max(start + 1)
        };
        let mark = self.mark(from, place == Place::Top);
        // An object where the flawed record should have a key: a bracket was lost, here is the next one.
        let bytes = self.text.as_bytes();
        let before = bytes.get(start..failed).unwrap_or_default().trim_ascii_end();
        if bytes.get(failed) == Some(&b'{')
            && before.ends_with(b",")
            && mark.is_none_or(|(next, _)| next >= failed)
        {
            return Some((failed, place));
        }
        // Where brackets match all the same, the flawed record ends there, unless a record starts before.
        let reach = mark.map_or(self.text.len(), |(next, _)| next);
        let mut balanced = Cursor::new(self.text.get(..reach).unwrap_or_default());
        balanced.go(start);
        let in_list = place != Place::Top;
        let object = balanced.token() == Some(b'{');
        if in_list && object && balanced.skip_balanced() && matches!(balanced.token(), Some(b',' | b']')) {
            return Some((balanced.at(), place));
        }
        if let Some((next, own_line)) = mark {
            return Some((next, if own_line || in_list { place } else { Place::Wrapped }));
        }
        // Something between records that is none: go on at the next object.
        let junk = bytes.get(start + 1..).filter(|_| in_list && !object)?;
        memchr::memchr(b'{', junk).map(|offset| (start + 1 + offset, place))
    }

    /// The next place at or behind `from` where a record starts as AWS writes it: `{` and one of
    /// [`FIRST_KEYS`] behind a separator, or, in a text of lines, a line that starts with `{` (then
    /// `true`). Neither can be part of a string: there every quote has a backslash and every line break
    /// is escaped.
    fn mark(&mut self, from: usize, lines: bool) -> Option<(usize, bool)> {
        let [without, with] = &mut self.searches;
        let known = if lines { with } else { without };
        match known {
            Some((begun, found)) if *begun <= from && found.is_none_or(|(next, _)| next >= from) => *found,
            _ => {
                let found = record_mark(self.text.as_bytes(), from, lines);
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
    let own_line =
        if lines { memchr::memmem::find(rest, b"\n{").map(|offset| from + offset + 1) } else { None };
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
        let separated =
            |outside: &[u8]| matches!(outside.trim_ascii_end().last(), Some(b',' | b'[' | b'}') | None);
        if before.strip_suffix(b"{").is_some_and(separated) {
            return Some(range.start + before.len() - 1);
        }
        searched = at + 1;
    }
}
