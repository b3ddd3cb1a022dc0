//! The bytes at which a string of JSON text may end, sixteen at a time, or more where the processor can. The one
//! place with `unsafe`: calls that need instructions which the processor has.
#![expect(clippy::inline_always, reason = "inlined, it is compiled for the processor at hand; see `Work`")]

/// A way to look at text, which not every processor may have.
pub(in crate::trail) trait Lanes: Copy {
    /// The first quote, backslash or line break.
    fn mark(self, block: &[u8; 64]) -> Option<usize>;
}

/// Work that is compiled once for every way to look at text.
pub(in crate::trail) trait Work {
    /// What comes of it.
    type Out;

    /// Does it. To be inlined, always: only then the whole of it is compiled for the processor.
    fn run(self, lanes: impl Lanes) -> Self::Out;
}

/// Does work in the best way that this processor has.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "what the processor has is known here only")]
#[inline]
pub(in crate::trail) fn work<W: Work>(work: W) -> W::Out {
    if is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
    {
        // SAFETY: the processor has just said that it has all that the function needs.
        return unsafe { x86_avx2(work) };
    }
    work.run(Plain)
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(in crate::trail) fn work<W: Work>(work: W) -> W::Out {
    work.run(Plain)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn x86_avx2<W: Work>(work: W) -> W::Out {
    work.run(Avx2(()))
}

/// What every processor has.
#[derive(Clone, Copy)]
pub(in crate::trail) struct Plain;

impl Lanes for Plain {
    #[inline(always)]
    fn mark(self, block: &[u8; 64]) -> Option<usize> {
        string_mark(block)
    }
}

/// Thirty-two bytes at a time. Made only where the processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Lanes for Avx2 {
    #[expect(unsafe_code, reason = "the processor was asked where the value was made")]
    #[inline(always)]
    fn mark(self, block: &[u8; 64]) -> Option<usize> {
        // SAFETY: a value of this type is only made behind the question whether there is AVX2.
        unsafe { avx2_mark(block) }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn avx2_mark(block: &[u8; 64]) -> Option<usize> {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_m128i, _mm256_set1_epi8,
    };
    let (blocks, _) = block.as_chunks::<32>();
    let half = |index: usize| {
        let (sixteens, _) = blocks.get(index).map_or(&[0; 32], |block| block).as_chunks::<16>();
        let sixteen = |index: usize| vector(sixteens.get(index).unwrap_or(&[0; 16]));
        let bytes = _mm256_set_m128i(sixteen(1), sixteen(0));
        let is = |byte: u8| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte.cast_signed()));
        let marks = _mm256_or_si256(_mm256_or_si256(is(b'"'), is(b'\\')), is(b'\n'));
        u64::from(_mm256_movemask_epi8(marks).cast_unsigned())
    };
    let marks = half(0) | half(1) << 32;
    (marks != 0).then_some(marks.trailing_zeros() as usize)
}

/// Where the inside of a string ends that begins at `at`: at its closing quote. `None` when a backslash or a line
/// break comes first, or the end of the text.
#[inline(always)]
pub(in crate::trail) fn string_end(lanes: impl Lanes, bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<64>()) {
        if let Some(offset) = lanes.mark(block) {
            at += offset;
            return (bytes.get(at) == Some(&b'"')).then_some(at);
        }
        at += 64;
    }
    near_end(bytes, at)
}

/// [`string_end`] where fewer bytes are left than are looked at in one go.
#[cold]
#[inline(never)]
fn near_end(bytes: &[u8], at: usize) -> Option<usize> {
    let end = at + string_mark(bytes.get(at..)?)?;
    (bytes.get(end) == Some(&b'"')).then_some(end)
}

/// The first quote, backslash or line break.
#[inline]
pub(super) fn string_mark(bytes: &[u8]) -> Option<usize> {
    let (blocks, tail) = bytes.as_chunks::<16>();
    for (index, block) in blocks.iter().enumerate() {
        if let Some(offset) = block_mark(block) {
            return Some(index * 16 + offset);
        }
    }
    let offset = tail.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
    Some(blocks.len() * 16 + offset)
}

/// [`string_mark`] of one block.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "SSE2 is part of x86-64, and the compiler wants to be told")]
#[inline]
pub(super) fn block_mark(block: &[u8; 16]) -> Option<usize> {
    // SAFETY: the only condition of the function is SSE2, which no x86-64 processor lacks.
    unsafe { sse2_block_mark(block) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn sse2_block_mark(block: &[u8; 16]) -> Option<usize> {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8};
    let block = vector(block);
    let quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'"'.cast_signed()));
    let backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'\\'.cast_signed()));
    let breaks = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'\n'.cast_signed()));
    let marks = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), breaks));
    (marks != 0).then_some(marks.trailing_zeros() as usize)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn vector(block: &[u8; 16]) -> std::arch::x86_64::__m128i {
    let [low, high] = halves(block);
    std::arch::x86_64::_mm_set_epi64x(high.cast_signed(), low.cast_signed())
}

/// [`string_mark`] of one block.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(super) fn block_mark(block: &[u8; 16]) -> Option<usize> {
    portable_block_mark(block)
}

/// [`block_mark`] for every processor: eight bytes at a time.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn portable_block_mark(block: &[u8; 16]) -> Option<usize> {
    for (index, word) in halves(block).into_iter().enumerate() {
        let marks = has_byte(word, b'"') | has_byte(word, b'\\') | has_byte(word, b'\n');
        if marks != 0 {
            return Some(index * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    None
}

/// Sixteen bytes as two numbers, the lowest byte first.
#[inline]
fn halves(block: &[u8; 16]) -> [u64; 2] {
    let (halves, _) = block.as_chunks::<8>();
    let half = |index: usize| halves.get(index).map_or(0, |half| u64::from_le_bytes(*half));
    [half(0), half(1)]
}

/// The top bit of every byte of `word` that equals `byte`; above the lowest such byte there may be more.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn has_byte(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let zeroed = word ^ (ONES * u64::from(byte));
    zeroed.wrapping_sub(ONES) & !zeroed & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mark_is_found_wherever_it_is() {
        for length in 0..150 {
            let plain: Vec<u8> =
                (0..length).map(|at| [0x01, 0x21, 0x23, 0xa2, b'a', 0x0b, 0x5d][at % 7]).collect();
            assert_eq!(string_mark(&plain), None);
            for at in 0..length {
                for mark in [b'"', b'\\', b'\n'] {
                    let mut bytes = plain.clone();
                    bytes[at] = mark;
                    bytes[(at + 1).min(length - 1)] = mark;
                    assert_eq!(string_mark(&bytes), Some(at), "{mark} at {at} of {length}");
                    let end = Some(at).filter(|_| mark == b'"');
                    assert_eq!(string_end(Plain, &bytes, at / 2), end, "{mark} at {at} of {length}");
                    assert_eq!(work(End(&bytes, at / 2)), end, "{mark} at {at} of {length}");
                }
            }
        }
    }

    struct End<'t>(&'t [u8], usize);

    impl Work for End<'_> {
        type Out = Option<usize>;

        fn run(self, lanes: impl Lanes) -> Option<usize> {
            string_end(lanes, self.0, self.1)
        }
    }

    struct Mark<'t>(&'t [u8; 64]);

    impl Work for Mark<'_> {
        type Out = Option<usize>;

        fn run(self, lanes: impl Lanes) -> Option<usize> {
            lanes.mark(self.0)
        }
    }

    /// Every byte value at every place, beside its neighbours in value.
    #[test]
    fn all_ways_of_looking_at_a_block_agree() {
        for at in 0..16 {
            for byte in 0..=u8::MAX {
                let mut block = [byte.wrapping_add(1); 16];
                block[at] = byte;
                assert_eq!(portable_block_mark(&block), block_mark(&block), "{byte} at {at}");
                for start in [0, 16, 32, 48] {
                    let mut wide = [byte.wrapping_add(1); 64];
                    wide[start + at] = byte;
                    assert_eq!(Plain.mark(&wide), work(Mark(&wide)), "{byte} at {at}");
                }
            }
        }
    }
}
