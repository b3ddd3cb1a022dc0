//! After a flaw: where does the next record start?

use super::Place;
use crate::trail::scan::Cursor;

/// Text that failed may be read again when the search for the next record starts behind its first byte.
/// All rereading together is limited to this many times the length of the text behind the first flaw, so that
/// crafted text cannot make it quadratic. What is before the flaw does not count: it may be in another chunk.
const REREAD_TIMES_MAX: usize = 4;

/// The first keys of records as `CloudTrail` and `LookupEvents` write them.
const FIRST_KEYS: [&str; 2] = ["\"eventVersion\"", "\"EventId\""];

/// The last search for one mark: where it began, and what it found.
type Search = Option<(usize, Option<usize>)>;

/// Finds the next record of a text. Remembers the last search for each mark, so that many flaws do not
/// search the same text again and again.
pub(super) struct Resync<'t> {
    text: &'t str,
    /// `None` before the first flaw.
    rereads_left: Option<usize>,
    keys: [Search; FIRST_KEYS.len()],
    lines: Search,
}

impl<'t> Resync<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, rereads_left: None, keys: [None; 2], lines: None }
    }

    /// Where the next record starts after a flaw at `failed` in what starts at `start`.
    pub(super) fn next_record(
        &mut self,
        place: Place,
        start: usize,
        failed: usize,
    ) -> Option<(usize, Place)> {
        let reread = failed.saturating_sub(start);
        let behind = self.text.len().saturating_sub(start);
        let rereads_left = self.rereads_left.get_or_insert(behind.saturating_mul(REREAD_TIMES_MAX));
        let from = if reread <= *rereads_left {
            *rereads_left -= reread;
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
        let bytes = self.text.as_bytes();
        let objects = FIRST_KEYS.iter().zip(&mut self.keys);
        let object = objects
            .filter_map(|(key, search)| {
                again(search, from, |from| marked_object(bytes, from, key.as_bytes()))
            })
            .min();
        let line = if lines { again(&mut self.lines, from, |from| line_start(bytes, from)) } else { None };
        match (object, line) {
            (Some(object), line) if line.is_none_or(|line| object < line) => Some((object, false)),
            (_, line) => line.map(|line| (line, true)),
        }
    }
}

/// The result of a search that begins at `from`: the last one's when that says it already.
fn again(search: &mut Search, from: usize, find: impl FnOnce(usize) -> Option<usize>) -> Option<usize> {
    match search {
        Some((begun, found)) if *begun <= from && found.is_none_or(|found| found >= from) => *found,
        _ => {
            let found = find(from);
            *search = Some((from, found));
            found
        }
    }
}

/// The first line at or behind `from` that begins with `{`.
fn line_start(bytes: &[u8], from: usize) -> Option<usize> {
    // A line that starts where the search starts counts as well.
    let from = from.saturating_sub(1);
    memchr::memmem::find(bytes.get(from..)?, b"\n{").map(|offset| from + offset + 1)
}

/// The first object at or behind `from` that begins with `key` and stands behind a separator.
fn marked_object(bytes: &[u8], from: usize, key: &[u8]) -> Option<usize> {
    let mut searched = from;
    loop {
        let at = searched + memchr::memmem::find(bytes.get(searched..)?, key)?;
        let before = bytes.get(from..at)?.trim_ascii_end();
        let separated =
            |outside: &[u8]| matches!(outside.trim_ascii_end().last(), Some(b',' | b'[' | b'}') | None);
        if before.strip_suffix(b"{").is_some_and(separated) {
            return Some(from + before.len() - 1);
        }
        searched = at + 1;
    }
}
