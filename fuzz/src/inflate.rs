//! Bytes of a log file: raw, or packed by us first, so that the checksums are right.

use super::draw::Draw;
use flate2::bufread::MultiGzDecoder;
use flate2::{Compression, write::GzEncoder};
use std::io::{Read, Write};
use trailtrim::trail::inflate::{Limits, inflate, is_gzip};

const DECODED_MAX: u64 = 1 << 14;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Whatever the bytes, the text is bounded; without a problem it is what another reader gets.
fn check(bytes: &[u8], limits: Limits) -> Option<String> {
    let mut buffer = b"left over".to_vec();
    let inflated = inflate(bytes, limits, &mut buffer);
    // A byte that is no UTF-8 becomes three.
    let bound = usize::try_from(limits.decoded_bytes_max).unwrap() * 3;
    assert!(inflated.text.len() <= bound, "{} bytes", inflated.text.len());
    let text = inflated.problems.is_empty().then(|| inflated.text.into_owned());
    assert!(buffer.capacity() <= bound + bytes.len() + (1 << 16), "{} bytes held", buffer.capacity());
    text
}

/// The first byte says how the rest is made a file.
pub fn run(data: &[u8]) {
    let limits = Limits { decoded_bytes_max: DECODED_MAX, ratio_max: 50, ratio_free_bytes: 1 << 12 };
    let Some((mode, rest)) = data.split_first() else { return };
    if mode % 4 == 0 {
        if let Some(text) = check(rest, limits)
            && is_gzip(rest)
        {
            let mut other = Vec::new();
            // Padding behind the last member is no member; this reader says so, but only at the end.
            let _ = MultiGzDecoder::new(rest).read_to_end(&mut other);
            let other = String::from_utf8(other).unwrap();
            assert_eq!(text, other.strip_prefix('\u{feff}').unwrap_or(&other));
        }
        return;
    }
    let mut draw = Draw::new(rest);
    let members = 1 + draw.below(3);
    let size = 1 + rest.len() / members;
    let pieces: Vec<&[u8]> = rest.chunks(size).collect();
    let mut bytes: Vec<u8> = pieces.iter().flat_map(|piece| gzip(piece)).collect();
    match mode % 4 {
        1 => {
            let plain = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
            let fits = rest.len() as u64 <= DECODED_MAX.min((bytes.len() as u64 * 50).max(1 << 12));
            let expect = std::str::from_utf8(plain).ok().filter(|_| fits && !pieces.is_empty());
            if !pieces.is_empty() {
                assert_eq!(check(&bytes, limits).as_deref(), expect);
            }
        }
        2 => {
            let at = (draw.below(256) * 256 + draw.below(256)) % (bytes.len() + 1);
            bytes.truncate(at);
            check(&bytes, limits);
        }
        _ => {
            let at = (draw.below(256) * 256 + draw.below(256)) % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << draw.below(8);
            }
            check(&bytes, limits);
        }
    }
}
