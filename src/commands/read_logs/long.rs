//! Files whose text is too long to be held whole.

use super::in_flight::InFlight;
use super::{CHUNK_BYTES, Delivered, Reader};
use crate::source::LogObject;
use crate::trail::ProblemKind;
use crate::trail::decode::{Chunk, Decoded, Windows};
use crate::trail::inflate::{self, Limits};
use crate::trail::problem::Problem;
use std::io::Read;

/// The text of a long file, when every byte of it is sound. Anything else is read as a whole: what is wrong with it
/// has to be known before its first event counts; and so is what a digest file has to prove.
pub(in crate::commands) fn long<'b>(
    bytes: &'b [u8],
    expected: u64,
    in_flight: &InFlight,
    (limits, is_proven): (Limits, bool),
) -> Option<impl Read + use<'b>> {
    if in_flight.is_long(expected) && !is_proven { inflate::sound(bytes, limits) } else { None }
}

/// Hands out the windows of a text with their chunks. What stops it is a problem of the file.
pub(in crate::commands) fn each_window(
    file: &str,
    text: impl Read,
    window_bytes: u64,
    mut each: impl FnMut(&str, &[Chunk], &mut Decoded),
) -> Decoded {
    let window_bytes = usize::try_from(window_bytes).unwrap_or(usize::MAX);
    let mut windows = Windows::new(text, window_bytes, CHUNK_BYTES);
    let mut whole = Decoded::default();
    loop {
        match windows.next_window() {
            Ok(Some((text, chunks))) => each(text, &chunks, &mut whole),
            Ok(None) => return whole,
            // The same bytes were sound a moment ago.
            Err(error) => {
                let (file, message) = (file.to_owned(), error.to_string());
                whole.add_problem(Problem { file, record: None, kind: ProblemKind::Corrupt, message });
                return whole;
            }
        }
    }
}

impl Reader<'_> {
    /// Decodes a long text window by window, and gives the number of its events.
    pub(super) fn windows(&self, object: &LogObject, text: impl Read) -> usize {
        // Nobody else has to wait for it.
        self.is_large(object);
        let whole = each_window(&object.name, text, self.in_flight.window_bytes(), |text, chunks, whole| {
            self.chunks(&object.name, text, chunks, whole);
        });
        let events = whole.events;
        self.part().add_file(&object.name, object.named, whole);
        events
    }

    /// Decodes chunks of a text in parallel. No lock is held while this thread waits for others.
    pub(super) fn chunks(&self, file: &str, text: &str, chunks: &[Chunk], whole: &mut Decoded) {
        let delivered = Delivered::of_name(file);
        let mut parts = vec![Decoded::default(); chunks.len()];
        // Tasks that wait for nothing: a thread that helps is never kept from finishing its own part.
        rayon::scope(|scope| {
            for (chunk, part) in chunks.iter().zip(&mut parts) {
                scope.spawn(move |_| {
                    *part = self
                        .decoded(delivered, |decoder, each| decoder.decode_chunk(file, text, chunk, each));
                });
            }
        });
        for decoded in parts {
            whole.merge(decoded);
        }
    }
}
