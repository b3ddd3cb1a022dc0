//! The texts of pieces, and how the one is found that stands at a place.
#![expect(clippy::inline_always, reason = "inlined, it is compiled for the processor at hand; see `Work`")]

use std::cmp::Reverse;

/// Bytes of a piece's text, as numbers, the lowest byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    bytes: [u64; 4],
    /// The bits of `bytes` that count: the last chunk of a piece may be shorter.
    mask: [u64; 4],
}

/// How many bytes a chunk has.
const CHUNK_BYTES: usize = 32;

/// A text in chunks.
pub(super) fn chunks(text: &[u8]) -> impl Iterator<Item = Chunk> {
    text.chunks(CHUNK_BYTES).map(|part| {
        let mask: Vec<u8> = part.iter().map(|_| u8::MAX).collect();
        Chunk { bytes: padded(part), mask: padded(&mask) }
    })
}

/// Is this what stands at `at`?
#[inline(always)]
pub(super) fn is_at(text: &[Chunk], bytes: &[u8], mut at: usize) -> bool {
    for chunk in text {
        let mut differs = 0;
        for ((there, wanted), mask) in window(bytes, at).into_iter().zip(chunk.bytes).zip(chunk.mask) {
            differs |= (there ^ wanted) & mask;
        }
        if differs != 0 {
            return false;
        }
        at += CHUNK_BYTES;
    }
    true
}

/// The bytes at `at`, with zeros behind the end of the text. No piece ends with a zero, so none reaches there.
#[inline(always)]
fn window(bytes: &[u8], at: usize) -> [u64; 4] {
    let Some(rest) = bytes.get(at..) else { return [0; 4] };
    let Some(window) = rest.first_chunk::<CHUNK_BYTES>() else { return near_end(rest) };
    numbers(window)
}

#[cold]
#[inline(never)]
fn near_end(rest: &[u8]) -> [u64; 4] {
    padded(rest)
}

/// The first bytes of a text, with zeros behind its end.
fn padded(text: &[u8]) -> [u64; 4] {
    let mut all = [0; CHUNK_BYTES];
    for (to, from) in all.iter_mut().zip(text) {
        *to = *from;
    }
    numbers(&all)
}

#[inline(always)]
fn numbers(bytes: &[u8; CHUNK_BYTES]) -> [u64; 4] {
    let (parts, _) = bytes.as_chunks::<8>();
    match parts {
        [one, two, three, four] => [*one, *two, *three, *four].map(u64::from_le_bytes),
        _ => [0; 4],
    }
}

/// The pieces that may stand at one place. Many begin alike, so eight bytes are looked at where they differ.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// All pieces, with their texts.
    all: Vec<(usize, Box<[u8]>)>,
    /// Where in their texts the eight bytes stand.
    place: usize,
    /// These bytes and the pieces that have them, in order.
    heads: Vec<(u64, usize)>,
    /// Pieces that end before.
    short: Vec<usize>,
}

/// No more pieces than this are tried at one place of a text: a log that was made to slow us down has many alike.
const TRIES_MAX: usize = 64;

/// No more places than this are tried for the eight bytes.
const PLACES_MAX: usize = 64;

impl Choices {
    /// All pieces.
    pub(super) fn pieces(&self) -> impl ExactSizeIterator<Item = usize> {
        self.all.iter().map(|(piece, _)| *piece)
    }

    /// Pieces that may stand at the start of a text, few of them.
    pub(super) fn at_start(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        let range = head(text, self.place).map_or(0..self.heads.len(), |head| {
            let start = self.heads.partition_point(|(known, _)| *known < head);
            let alike = self.heads.iter().skip(start).take_while(|(known, _)| *known == head);
            start..start + alike.count()
        });
        let heads = self.heads.get(range).unwrap_or_default();
        heads.iter().map(|(_, piece)| *piece).chain(self.short.iter().copied()).take(TRIES_MAX)
    }

    /// Adds a piece with its text.
    pub(super) fn add(&mut self, piece: usize, text: &[u8]) {
        self.all.push((piece, text.into()));
        if !self.all.len().is_power_of_two() {
            self.file(self.all.len() - 1);
            return;
        }
        // The first of the places that tell most pieces apart. Nothing is told apart where all are alike.
        let shared = |other: &[u8]| text.iter().zip(other).take_while(|(one, other)| one == other).count();
        let alike = self.all.iter().rev().skip(1).map(|(_, other)| shared(other)).min().unwrap_or_default();
        let places = (alike..text.len().min(alike + PLACES_MAX)).map(|place| (self.told_apart(place), place));
        self.place = places.max_by_key(|(pieces, place)| (*pieces, Reverse(*place))).map_or(0, |best| best.1);
        self.heads.clear();
        self.short.clear();
        for index in 0..self.all.len() {
            self.file(index);
        }
    }

    /// How many different eight bytes the pieces have at a place.
    fn told_apart(&self, place: usize) -> usize {
        let mut heads: Vec<u64> = self.all.iter().filter_map(|(_, text)| head(text, place)).collect();
        heads.sort_unstable();
        heads.dedup();
        heads.len()
    }

    fn file(&mut self, index: usize) {
        let Some((piece, text)) = self.all.get(index) else { return };
        match head(text, self.place) {
            Some(head) => {
                let place = self.heads.partition_point(|known| *known < (head, *piece));
                self.heads.insert(place, (head, *piece));
            }
            None => self.short.push(*piece),
        }
    }
}

/// Eight bytes of a text. `None` when it ends before.
fn head(text: &[u8], place: usize) -> Option<u64> {
    text.get(place..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_pieces_that_begin_alike_few_are_tried() {
        let text = |number: usize| {
            format!("\",\"eventSource\":\"ec2.amazonaws.com\",\"eventName\":\"Describe{number:03}s\"")
        };
        let mut choices = Choices::default();
        choices.add(1_000, b"\",\"short");
        for number in 0..500 {
            choices.add(number, text(number).as_bytes());
        }
        assert_eq!(choices.pieces().len(), 501);
        for number in 0..500 {
            let there = text(number) + ",\"awsRegion\"";
            let tried: Vec<usize> = choices.at_start(there.as_bytes()).collect();
            assert_eq!(tried, [number, 1_000], "{there}");
        }
        let other: Vec<usize> = choices.at_start((text(500) + ",").as_bytes()).collect();
        assert_eq!(other, [1_000]);
        // Near the end of the text any of them.
        assert_eq!(choices.at_start(b"\",\"short\"}").count(), TRIES_MAX);
        // One that goes on where another one ends.
        choices.add(2_000, (text(7) + ",\"more\"").as_bytes());
        let both: Vec<usize> = choices.at_start((text(7) + ",\"awsRegion\"").as_bytes()).collect();
        assert_eq!(both, [7, 2_000, 1_000]);
    }

    #[test]
    fn a_text_is_compared_to_its_last_byte() {
        for length in [1, 7, 8, 31, 32, 33, 64, 65, 100] {
            let text: Vec<u8> = (0..length).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
            let chunks: Vec<Chunk> = chunks(&text).collect();
            for behind in [0, 1, 40] {
                let mut there = [b"{{".as_slice(), &text, &vec![b'}'; behind]].concat();
                assert!(is_at(&chunks, &there, 2), "{length} {behind}");
                assert!(!is_at(&chunks, &there, 1));
                assert!(!is_at(&chunks, &there[..=length], 2));
                for (at, bit) in (0..length).flat_map(|at| (0..8).map(move |bit| (at, 1 << bit))) {
                    there[2 + at] ^= bit;
                    assert!(!is_at(&chunks, &there, 2), "{bit} of {at} of {length}");
                    there[2 + at] ^= bit;
                }
            }
        }
    }
}
