//! Bytes of a log file to text: gzip is recognised by its first bytes, whatever the file is called.
//! The one home of the inflating libraries; callers see bytes, text and problems only.
//!
//! A whole file of one member is inflated at once (`libdeflate`, twice as fast). Everything else is
//! streamed (`flate2`): several members, padding, a size that is not to be believed, any damage.

use crate::trail::problem::ProblemKind;
use flate2::bufread::MultiGzDecoder;
use memchr::memmem;
use std::borrow::Cow;
use std::io::{self, Read, Write as _};

/// What a file may inflate to. Everything beyond is refused before it is held in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most text that one file may hold, in bytes.
    pub decoded_bytes_max: u64,
    /// The most text for each byte of the file. `CloudTrail` files were measured at 6 to 9; deflate itself
    /// ends at 1,032.
    pub ratio_max: u64,
    /// Up to this size the ratio does not matter, in bytes: a small file may be very uniform.
    pub ratio_free_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { decoded_bytes_max: 2 << 30, ratio_max: 250, ratio_free_bytes: 64 << 20 }
    }
}

impl Limits {
    /// Limits with another highest size, in MiB, when the user gave one.
    pub fn given(file_mib_max: Option<u64>) -> Self {
        let Some(mib) = file_mib_max else { return Self::default() };
        let bytes = mib.saturating_mul(1 << 20);
        Self { decoded_bytes_max: bytes, ratio_free_bytes: bytes, ..Self::default() }
    }

    /// The most text that a file of this size may hold, in bytes.
    pub fn allowed(self, file_bytes: u64) -> u64 {
        let by_ratio = file_bytes.saturating_mul(self.ratio_max).max(self.ratio_free_bytes);
        by_ratio.min(self.decoded_bytes_max)
    }
}

/// A problem with the bytes of one file; the caller knows the file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InflateProblem {
    /// The class of the problem.
    pub kind: ProblemKind,
    /// One line, lower case.
    pub message: String,
}

/// The text of one file, as far as it could be inflated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inflated<'a> {
    /// The text. Empty when the file is too large.
    pub text: Cow<'a, str>,
    /// What was wrong with the bytes. The text in front of the flaw is there all the same.
    pub problems: Vec<InflateProblem>,
}

/// A gzip file whose last four bytes promise more text for each of its bytes is streamed: a buffer of the
/// promised size would be made before anything is known. Busy `CloudTrail` files have about 10.
const TRUSTED_RATIO_MAX: usize = 64;

/// Text for each byte of a gzip file, of files with more than a hundred records at least.
const USUAL_RATIO: u64 = 8;

/// The flag of a gzip header that has a checksum of its own (RFC 1952, FHCRC).
const HEADER_CHECKSUM: u8 = 2;

/// The shortest gzip file, in bytes: header, one empty block, trailer.
const GZIP_BYTES_MIN: usize = 20;

/// Inflates `bytes` when they are gzip (any number of members), takes them as they are when not, and
/// makes valid UTF-8 of them. `buffer` is overwritten, and may hold more than the text; keep it from file
/// to file.
pub fn inflate<'a>(bytes: &'a [u8], limits: Limits, buffer: &'a mut Vec<u8>) -> Inflated<'a> {
    let mut problems = Vec::new();
    let content: &[u8] = if is_gzip(bytes) {
        if let Some(length) = gunzip_at_once(bytes, limits, buffer) {
            buffer.get(..length).unwrap_or_default()
        } else {
            buffer.clear();
            problems.extend(gunzip(bytes, limits, buffer).err());
            buffer
        }
    } else if bytes.len() as u64 > limits.decoded_bytes_max {
        problems.push(too_large(limits.decoded_bytes_max));
        &[]
    } else {
        bytes
    };
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    // A cut between the bytes of one character is part of the truncation, not a problem of its own.
    let cut = problems.iter().any(|problem: &InflateProblem| problem.kind == ProblemKind::Truncated);
    let text = match simdutf8::compat::from_utf8(content) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) if cut && error.error_len().is_none() => {
            let valid = content.get(..error.valid_up_to()).unwrap_or_default();
            String::from_utf8_lossy(valid)
        }
        Err(error) => {
            problems.push(InflateProblem {
                kind: ProblemKind::Corrupt,
                message: format!(
                    "not UTF-8 at byte {}; U+FFFD stands for what could not be read",
                    error.valid_up_to()
                ),
            });
            String::from_utf8_lossy(content)
        }
    };
    Inflated { text, problems }
}

/// How many bytes of memory the text of a file will need, as far as that can be told before: what the end of a
/// gzip file promises, or of several members the usual ratio, within the limits. A file that is no gzip is
/// its own text.
pub fn expected_bytes(bytes: &[u8], limits: Limits) -> u64 {
    let Some(size) = bytes.last_chunk::<4>().filter(|_| is_gzip(bytes)) else { return 0 };
    let length = bytes.len() as u64;
    u64::from(u32::from_le_bytes(*size)).max(length.saturating_mul(USUAL_RATIO)).min(limits.allowed(length))
}

/// The content of a file as `CloudTrail` hashes it: all bytes that its one gzip member holds, or the file
/// itself when it is not compressed. Anything else than exactly one sound member is an error. `buffer` is
/// overwritten; keep it from file to file.
pub fn whole<'a>(
    bytes: &'a [u8],
    limits: Limits,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], InflateProblem> {
    if !is_gzip(bytes) {
        return Ok(bytes);
    }
    if let Some(length) = gunzip_at_once(bytes, limits, buffer) {
        return Ok(buffer.get(..length).unwrap_or_default());
    }
    buffer.clear();
    let rest = gunzip_member(bytes, limits.allowed(bytes.len() as u64), buffer, 0)?;
    if rest.is_empty() {
        return Ok(buffer);
    }
    let message = format!("{} bytes behind the end of the gzip data", rest.len());
    Err(InflateProblem { kind: ProblemKind::Corrupt, message })
}

/// The text of a gzip file piece by piece, when all of it is sound: whole members and nothing else, UTF-8, within
/// the limits. To know that it is inflated once for nothing. `None` for everything else, and for text that begins with
/// a byte-order mark.
pub fn sound(bytes: &[u8], limits: Limits) -> Option<impl Read> {
    if !is_gzip(bytes) {
        return None;
    }
    let allowed = limits.allowed(bytes.len() as u64);
    let mut decoder = MultiGzDecoder::new(bytes);
    let (mut room, mut open, mut whole_bytes) = (vec![0; 1 << 16], 0, 0_u64);
    loop {
        // What is open is the beginning of a character.
        let read = decoder.read(room.get_mut(open..)?).ok()?;
        let text = room.get(..open + read)?;
        if whole_bytes == 0 && text.starts_with(b"\xef\xbb\xbf") {
            return None;
        }
        if read == 0 {
            return (open == 0).then(|| MultiGzDecoder::new(bytes));
        }
        let whole = match simdutf8::compat::from_utf8(text) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return None,
        };
        let end = text.len();
        open = end - whole;
        whole_bytes += whole as u64;
        if whole_bytes + open as u64 > allowed {
            return None;
        }
        room.copy_within(whole..end, 0);
    }
}

/// Deflates a text as one gzip member, as log files are kept.
pub fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

/// Do these bytes begin as gzip does? Two bytes of magic, then the only method there is; a file cut
/// within these three bytes is gzip too.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b") && bytes.get(2).is_none_or(|method| *method == 8)
}

/// Inflates a file that is exactly one sound member into the start of `out`, and says how long the text is.
/// `None` when the file is anything else, or may be; `out` then holds nothing of use.
///
/// The library does not tell where the member ended. But a member ends in the size of its text, which the
/// library checks: when the last four bytes of the file are this size and these four bytes stand nowhere
/// before, the member ends where the file ends.
fn gunzip_at_once(bytes: &[u8], limits: Limits, out: &mut Vec<u8>) -> Option<usize> {
    let trailer = bytes.last_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*trailer)).ok()?;
    let trusted = bytes.len().saturating_mul(TRUSTED_RATIO_MAX);
    // The library looks at no checksum of the header; the other one does, and nobody writes one.
    let is_header_checked = bytes.get(3).is_some_and(|flags| flags & HEADER_CHECKSUM != 0);
    if is_header_checked
        || bytes.len() < GZIP_BYTES_MIN
        || size > trusted
        || size as u64 > limits.allowed(bytes.len() as u64)
    {
        return None;
    }
    if memmem::find(bytes, trailer)? + trailer.len() != bytes.len() {
        return None;
    }
    // The buffer only grows, so that its bytes are not zeroed for every file.
    if out.len() < size {
        out.resize(size, 0);
    }
    let length = libdeflater::Decompressor::new().gzip_decompress(bytes, out.get_mut(..size)?).ok()?;
    (length == size).then_some(length)
}

/// Appends what all members hold to `out`. On an error `out` keeps what was inflated before it, or
/// nothing when it is too large.
fn gunzip(bytes: &[u8], limits: Limits, out: &mut Vec<u8>) -> Result<(), InflateProblem> {
    let allowed = limits.allowed(bytes.len() as u64);
    // The trailer of the last member says its size: a hint for the first reservation, no more.
    let hint = bytes.last_chunk::<4>().map_or(0, |size| u64::from(u32::from_le_bytes(*size)));
    let plausible = hint.min(allowed).min(bytes.len() as u64 * 32);
    out.reserve(usize::try_from(plausible).unwrap_or(0).saturating_add(64));
    let mut rest = bytes;
    let mut members = 0_usize;
    // Member by member, so that a flaw in one leaves those before it, and padding behind the last one
    // is no flaw.
    while !rest.is_empty() {
        if members > 0 && !is_gzip(rest) {
            return trailing(rest);
        }
        rest = gunzip_member(rest, allowed, out, members)?;
        members += 1;
    }
    Ok(())
}

/// Appends what the next member holds to `out`, which may hold `allowed` bytes in all, and gives the bytes
/// behind the member.
fn gunzip_member<'a>(
    bytes: &'a [u8],
    allowed: u64,
    out: &mut Vec<u8>,
    members: usize,
) -> Result<&'a [u8], InflateProblem> {
    let mut decoder = flate2::bufread::GzDecoder::new(bytes);
    let left = allowed.saturating_sub(out.len() as u64);
    let read = decoder.by_ref().take(left.saturating_add(1)).read_to_end(out);
    if out.len() as u64 > allowed {
        out.clear();
        return Err(too_large(allowed));
    }
    read.map_err(|error| flaw(&error, members))?;
    Ok(decoder.into_inner())
}

/// Bytes behind the last member: zeros are padding, as of tape blocks; anything else is reported.
fn trailing(rest: &[u8]) -> Result<(), InflateProblem> {
    if rest.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    Err(InflateProblem {
        kind: ProblemKind::Corrupt,
        message: format!("{} bytes behind the last gzip member are no gzip", rest.len()),
    })
}

fn flaw(error: &io::Error, members: usize) -> InflateProblem {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return InflateProblem {
            kind: ProblemKind::Truncated,
            message: "the gzip data ends early".to_owned(),
        };
    }
    let message = format!("gzip member {} is damaged ({error}); what came before was used", members + 1);
    InflateProblem { kind: ProblemKind::Corrupt, message }
}

fn too_large(allowed: u64) -> InflateProblem {
    let message = format!("inflates to more than {allowed} bytes; nothing of it was used");
    InflateProblem { kind: ProblemKind::TooLarge, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_size_of_the_text_is_told_before() {
        let uniform = gzip(&vec![b' '; 100_000]);
        let members = [uniform.clone(), gzip(b"{}")].concat();
        let lying = [uniform.as_slice(), &[255; 4]].concat();
        let small = Limits { decoded_bytes_max: 50_000, ..Limits::default() };
        for (bytes, limits, expect) in [
            (uniform.as_slice(), Limits::default(), 100_000),
            (&uniform, small, 50_000),
            (&members, Limits::default(), members.len() as u64 * 8),
            // No more than would be inflated.
            (&lying, Limits::default(), Limits::default().allowed(lying.len() as u64)),
            (b"{\"Records\":[]}", Limits::default(), 0),
            (b"", Limits::default(), 0),
            (b"\x1f\x8b", Limits::default(), 0),
        ] {
            assert_eq!(expected_bytes(bytes, limits), expect);
        }
    }

    /// `expect`: the text, and the kinds of the problems.
    fn check(name: &str, bytes: &[u8], limits: Limits, expect: (&str, &[ProblemKind])) {
        let mut buffer = b"left over".to_vec();
        let inflated = inflate(bytes, limits, &mut buffer);
        let kinds: Vec<_> = inflated.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!((&*inflated.text, &*kinds), expect, "{name}: {:?}", inflated.problems);
        if let Some(mut pieces) = sound(bytes, limits) {
            let mut text = String::new();
            pieces.read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), &*kinds), (expect.0, &[][..]), "{name}, piece by piece");
        }
    }

    #[test]
    fn what_is_sound_is_known_before() {
        let one = gzip("é".repeat(100_000).as_bytes());
        let is_sound = |bytes: &[u8], limits: Limits| sound(bytes, limits).is_some();
        let small = Limits { decoded_bytes_max: 200_000, ..Limits::default() };
        assert!(is_sound(&one, small) && is_sound(&one.repeat(2), Limits::default()));
        assert!(!is_sound(&one.repeat(2), small));
        for bad in [
            b"{}".as_slice(),
            one.get(..one.len() - 1).unwrap(),
            &[one.as_slice(), &[0; 4]].concat(),
            &gzip(b"\xef\xbb\xbf{}"),
            &gzip(b"{}\xc3"),
            &gzip(b"\xff"),
        ] {
            assert!(!is_sound(bad, Limits::default()), "{bad:?}");
        }
    }

    /// One of the libraries looks at the checksum of a header, the other does not: files that have one are read by
    /// the first.
    #[test]
    fn a_header_with_a_checksum() {
        use ProblemKind::Corrupt;
        let plain = gzip(b"{\"a\":1}");
        let mut header = plain.get(..10).unwrap().to_vec();
        *header.get_mut(3).unwrap() |= HEADER_CHECKSUM;
        let mut sum = flate2::Crc::new();
        sum.update(&header);
        let sum = sum.sum().to_le_bytes();
        let file = |sum: &[u8]| [&header, sum, plain.get(10..).unwrap()].concat();
        check("right", &file(sum.get(..2).unwrap()), Limits::default(), ("{\"a\":1}", &[]));
        check("wrong", &file(b"??"), Limits::default(), ("", &[Corrupt]));
    }

    #[test]
    fn every_kind_of_file() {
        use ProblemKind::{Corrupt, TooLarge, Truncated};
        let limits = Limits::default();
        let (one, two) = (gzip(b"{\"a\":1}"), gzip("{\"é\":2}".as_bytes()));
        let both = [one.clone(), two.clone()].concat();
        check("plain", b"{}", limits, ("{}", &[]));
        check("nothing", b"", limits, ("", &[]));
        check("byte order mark", b"\xef\xbb\xbf{}", limits, ("{}", &[]));
        check("byte order mark inside", &gzip(b"\xef\xbb\xbf{}"), limits, ("{}", &[]));
        check("not UTF-8", b"{\"a\":\"\xff\"}", limits, ("{\"a\":\"\u{fffd}\"}", &[Corrupt]));
        check("one member", &one, limits, ("{\"a\":1}", &[]));
        check("two members", &both, limits, ("{\"a\":1}{\"é\":2}", &[]));
        check("an empty member", &[gzip(b""), one.clone()].concat(), limits, ("{\"a\":1}", &[]));
        check(
            "the same member twice",
            &[one.clone(), one.clone()].concat(),
            limits,
            ("{\"a\":1}{\"a\":1}", &[]),
        );
        check("an empty member behind", &[one.clone(), gzip(b"")].concat(), limits, ("{\"a\":1}", &[]));
        check("padded", &[one.clone(), vec![0; 512]].concat(), limits, ("{\"a\":1}", &[]));
        check("junk behind", &[one.clone(), b"junk".to_vec()].concat(), limits, ("{\"a\":1}", &[Corrupt]));
        check("only the magic", b"\x1f\x8b", limits, ("", &[Truncated]));
        check("only a header", one.get(..10).unwrap(), limits, ("", &[Truncated]));
        check("no trailer", one.get(..one.len() - 8).unwrap(), limits, ("{\"a\":1}", &[Truncated]));
        check("second member cut", both.get(..one.len() + 10).unwrap(), limits, ("{\"a\":1}", &[Truncated]));
        let mut wrong_sum = both.clone();
        let last = wrong_sum.len() - 5;
        *wrong_sum.get_mut(last).unwrap() ^= 1;
        check("wrong checksum", &wrong_sum, limits, ("{\"a\":1}{\"é\":2}", &[Corrupt]));
        let small = Limits { decoded_bytes_max: 6, ..limits };
        check("too large", &one, small, ("", &[TooLarge]));
        check("too large as it is", b"1234567", small, ("", &[TooLarge]));
        check("just fits", &one, Limits { decoded_bytes_max: 7, ..limits }, ("{\"a\":1}", &[]));
    }

    /// Both ways must give the same, whatever follows the first member.
    #[test]
    fn what_follows_a_member_is_never_lost() {
        let text = b"{\"Records\":[]}".repeat(40);
        let member = gzip(&text);
        let size = u32::try_from(text.len()).unwrap().to_le_bytes();
        let other_of_same_size = gzip(&vec![b' '; text.len()]);
        let tails: [&[u8]; 8] = [
            b"",
            &member,
            &other_of_same_size,
            &size,
            &[0; 8],
            &[b"x", &size[..]].concat(),
            b"\x1f\x8b\x08",
            b"\0",
        ];
        for tail in tails {
            let bytes = [&member, tail].concat();
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            let at_once = gunzip_at_once(&bytes, Limits::default(), &mut fast);
            let streamed = gunzip(&bytes, Limits::default(), &mut slow);
            assert_eq!(at_once.is_some(), tail.is_empty(), "{tail:?}");
            if let Some(length) = at_once {
                assert_eq!((&fast[..length], streamed), (&slow[..], Ok(())));
            }
        }
    }

    #[test]
    fn a_cut_inside_a_character_is_one_problem() {
        let text = "é".repeat(40_000);
        let whole = gzip(text.as_bytes());
        let mut buffer = Vec::new();
        for cut in [whole.len() / 2, whole.len() / 3, whole.len() - 9] {
            let inflated = inflate(whole.get(..cut).unwrap(), Limits::default(), &mut buffer);
            assert!(text.starts_with(&*inflated.text));
            assert_eq!(inflated.problems.len(), 1);
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_fills_the_memory() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; 64 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        let limits = Limits { ratio_free_bytes: 1 << 20, ..Limits::default() };
        let mut buffer = Vec::new();
        let inflated = inflate(&bomb, limits, &mut buffer);
        assert_eq!(inflated.problems.first().unwrap().kind, ProblemKind::TooLarge);
        assert_eq!(inflated.text, "");
        drop(inflated);
        assert!(buffer.capacity() < 40 << 20, "{}", buffer.capacity());
    }

    #[test]
    fn only_one_sound_member_is_a_whole_file() {
        let sound = gzip(b"{}");
        let uniform = gzip(&b" ".repeat(100_000));
        for (name, bytes, expect) in [
            ("sound", sound.clone(), Ok(b"{}".to_vec())),
            ("streamed, because it is uniform", uniform, Ok(vec![b' '; 100_000])),
            ("not compressed", b"\xef\xbb\xbf{}".to_vec(), Ok(b"\xef\xbb\xbf{}".to_vec())),
            ("padded", [&sound[..], &[0; 9]].concat(), Err(ProblemKind::Corrupt)),
            ("two members", [&sound[..], &sound].concat(), Err(ProblemKind::Corrupt)),
            ("cut", sound[..sound.len() - 1].to_vec(), Err(ProblemKind::Truncated)),
            ("bomb", gzip(&b" ".repeat(200_000)), Err(ProblemKind::TooLarge)),
        ] {
            let limits = Limits { decoded_bytes_max: 150_000, ..Limits::default() };
            let mut buffer = b"left over".to_vec();
            let whole = whole(&bytes, limits, &mut buffer);
            assert_eq!(whole.map(<[u8]>::to_vec).map_err(|problem| problem.kind), expect, "{name}");
        }
    }

    proptest! {
        #[test]
        fn at_once_is_the_same_as_streamed(
            members in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..4),
            tail in prop::collection::vec(any::<u8>(), 0..6),
        ) {
            let mut bytes: Vec<u8> = members.iter().flat_map(|text| gzip(text)).collect();
            bytes.extend(tail);
            let (mut fast, mut slow) = (b"left over".to_vec(), Vec::new());
            let streamed = gunzip(&bytes, Limits::default(), &mut slow);
            if let Some(length) = gunzip_at_once(&bytes, Limits::default(), &mut fast) {
                prop_assert_eq!(&fast[..length], &slow[..]);
                prop_assert_eq!(streamed, Ok(()));
            }
        }

        #[test]
        fn damaged_bytes_never_panic_and_never_exceed_the_limit(
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = [gzip(&b"{\"Records\":[]}".repeat(50)), gzip(b"{}")].concat();
            for (index, byte) in flips {
                let at = index.index(bytes.len());
                *bytes.get_mut(at).unwrap() = byte;
            }
            bytes.truncate(cut.index(bytes.len() + 1));
            let limits = Limits { decoded_bytes_max: 500, ..Limits::default() };
            let mut buffer = Vec::new();
            prop_assert!(inflate(&bytes, limits, &mut buffer).text.len() <= 1_500);
        }
    }
}
