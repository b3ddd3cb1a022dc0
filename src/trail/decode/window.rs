//! A text that is too long to be held whole, cut between records while it comes.

use super::cut::Cutter;
use super::{Chunk, Place, starts_like_a_log};
use std::io::{self, ErrorKind, Read};

/// Reads a text window by window. A window is as long as it has to be to hold a whole record; behind a flaw in the
/// text's structure it is the rest of the text.
#[derive(Debug)]
pub struct Windows<R> {
    reader: R,
    /// The text that is not decoded yet, and behind it bytes of a character that is not whole.
    buffer: Vec<u8>,
    window_bytes: usize,
    chunk_bytes: usize,
    place: Place,
    /// Has no window been given yet?
    first: bool,
    /// What was given goes before the next window is read.
    given: usize,
    ended: bool,
}

impl<R: Read> Windows<R> {
    /// Windows of about so many bytes, in chunks of about so many. The reader gives UTF-8.
    pub fn new(reader: R, window_bytes: usize, chunk_bytes: usize) -> Self {
        let (window_bytes, chunk_bytes) = (window_bytes.max(1), chunk_bytes.max(1));
        let buffer = Vec::new();
        Self {
            reader,
            buffer,
            window_bytes,
            chunk_bytes,
            place: Place::Top,
            first: true,
            given: 0,
            ended: false,
        }
    }

    /// The next window and its chunks; what they hold merges, window after window, to what the whole text holds.
    /// `None` behind the end. Errors are those of the reader, and text that is no UTF-8.
    pub fn next_window(&mut self) -> io::Result<Option<(&str, Vec<Chunk>)>> {
        self.buffer.drain(..self.given);
        self.given = 0;
        if self.ended {
            return Ok(None);
        }
        loop {
            self.fill()?;
            let text = whole_characters(&self.buffer, self.ended)?;
            let (chunks, place) = if self.ended || !self.first || starts_like_a_log(text) {
                cut(text, self.chunk_bytes, (self.place, self.first), self.ended)
            } else {
                continue;
            };
            let Some(end) = chunks.last().map(|chunk| chunk.range.end) else { continue };
            (self.given, self.place, self.first) = (end, place, false);
            let text = whole_characters(self.buffer.get(..end).unwrap_or_default(), true)?;
            return Ok(Some((text, chunks)));
        }
    }

    /// Reads a window more; as much as is there already, when that was not enough.
    fn fill(&mut self) -> io::Result<()> {
        let wanted = self.window_bytes.max(self.buffer.len());
        self.buffer.reserve_exact(wanted);
        let mut part = self.reader.by_ref().take(wanted as u64);
        self.ended = part.read_to_end(&mut self.buffer)? < wanted;
        Ok(())
    }
}

/// Chunks of about so many bytes of a text, and the place of what follows. `from`: where the text begins, and is it
/// the beginning of the whole? Unless it is the `last` of the whole, it is cut at the record that was found last, which may
/// be the last one of a sound text.
pub(super) fn cut(text: &str, bytes: usize, from: (Place, bool), last: bool) -> (Vec<Chunk>, Place) {
    let mut chunks = Vec::new();
    let mut open = Chunk { range: 0..text.len(), place: from.0, first: from.1, last };
    let mut found = (0, from.0);
    let mut close = |open: &mut Chunk, (start, place): (usize, Place)| {
        let next = Chunk { range: start..text.len(), place, first: false, last };
        open.range.end = start;
        chunks.push(Chunk { last: false, ..std::mem::replace(open, next) });
    };
    let may_cut = !from.1 || starts_like_a_log(text);
    let mut cutter = Cutter::at(text, from.0);
    while let Some(range) = cutter.next_record().filter(|_| may_cut) {
        found = (range.start, cutter.place);
        if range.start - open.range.start >= bytes {
            close(&mut open, found);
        }
    }
    if last {
        chunks.push(open);
    } else if found.0 > open.range.start {
        close(&mut open, found);
    }
    (chunks, found.1)
}

/// The text, without the bytes at its end that are a part of a character when more is to come.
fn whole_characters(bytes: &[u8], ended: bool) -> io::Result<&str> {
    let invalid = |error| io::Error::new(ErrorKind::InvalidData, error);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if !ended && error.error_len().is_none() => {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).map_err(invalid)
        }
        Err(error) => Err(invalid(error)),
    }
}
