//! The texts of pieces, and how the one is found that stands at a place.
#![expect(clippy::inline_always, reason = "inlined, it is compiled for the processor at hand; see `Work`")]

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

/// The pieces that may stand at one place, the last one that did first.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// How many bytes all of them have in common at their start.
    common: usize,
    list: Vec<Choice>,
}

/// A piece, and the bytes behind those that it has in common with the others: most are ruled out by these.
#[derive(Debug)]
struct Choice {
    head: u64,
    /// Which bits of `head` count, because the piece may end before.
    mask: u64,
    piece: usize,
    text: Box<[u8]>,
}

impl Choices {
    /// The piece that stood here the last time.
    pub(super) fn first(&self) -> Option<u32> {
        self.list.first().and_then(|choice| u32::try_from(choice.piece).ok())
    }

    /// All pieces.
    pub(super) fn pieces(&self) -> impl ExactSizeIterator<Item = usize> {
        self.list.iter().map(|choice| choice.piece)
    }

    /// The pieces that may stand at the start of a text, but for the first one, with their places in the list.
    /// `None` near the end of the text.
    #[inline]
    pub(super) fn others(&self, text: &[u8]) -> Option<impl Iterator<Item = (usize, usize)>> {
        let head = u64::from_le_bytes(*text.get(self.common..)?.first_chunk::<8>()?);
        let list = self.list.iter().enumerate().skip(1);
        let may = list.filter(move |(_, choice)| (choice.head ^ head) & choice.mask == 0);
        Some(may.map(|(place, choice)| (place, choice.piece)))
    }

    /// The piece at a place of the list was found.
    #[inline]
    pub(super) fn found(&mut self, place: usize) {
        if place < self.list.len() {
            self.list.swap(0, place);
        }
    }

    /// Adds a piece with its text.
    pub(super) fn add(&mut self, piece: usize, text: &[u8]) {
        let shared = |other: &[u8]| text.iter().zip(other).take_while(|(one, other)| one == other).count();
        self.list.push(Choice { head: 0, mask: 0, piece, text: text.into() });
        let common = self.list.iter().map(|choice| shared(&choice.text)).min().unwrap_or_default();
        self.common = common;
        for choice in &mut self.list {
            let rest = choice.text.get(common..).unwrap_or_default();
            let bytes = rest.iter().take(8).enumerate();
            (choice.head, choice.mask) = bytes.fold((0, 0), |(head, mask), (at, byte)| {
                (head | u64::from(*byte) << (at * 8), mask | 0xff << (at * 8))
            });
        }
    }
}
