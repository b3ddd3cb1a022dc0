//! The bytes at which a string of JSON text may end, sixteen at a time. The one place with `unsafe`: a call
//! that needs instructions which every processor of its kind has.

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
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8};
    let [low, high] = halves(block);
    let block = _mm_set_epi64x(high.cast_signed(), low.cast_signed());
    let quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'"'.cast_signed()));
    let backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'\\'.cast_signed()));
    let breaks = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'\n'.cast_signed()));
    let marks = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), breaks));
    (marks != 0).then_some(marks.trailing_zeros() as usize)
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
        for length in 0..80 {
            let plain: Vec<u8> =
                (0..length).map(|at| [0x01, 0x21, 0x23, 0xa2, b'a', 0x0b, 0x5d][at % 7]).collect();
            assert_eq!(string_mark(&plain), None);
            for at in 0..length {
                for mark in [b'"', b'\\', b'\n'] {
                    let mut bytes = plain.clone();
                    bytes[at] = mark;
                    bytes[(at + 1).min(length - 1)] = mark;
                    assert_eq!(string_mark(&bytes), Some(at), "{mark} at {at} of {length}");
                }
            }
        }
    }

    /// Every byte value at every place, beside its neighbours in value.
    #[test]
    fn both_ways_of_looking_at_a_block_agree() {
        for at in 0..16 {
            for byte in 0..=u8::MAX {
                let mut block = [byte.wrapping_add(1); 16];
                block[at] = byte;
                assert_eq!(portable_block_mark(&block), block_mark(&block), "{byte} at {at}");
            }
        }
    }
}
