//! SHA-256, by which inputs and documents are told apart (FIPS 180-4).

use ring::digest;
use std::fmt;

/// The SHA-256 of some bytes; shown as 64 lower-case hexadecimal digits, as `sha256sum` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// A hash that is known.
    pub fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
            *to = *from;
        }
        Self(hash)
    }

    /// Reads what `Display` prints; `None` when it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(hash))
    }

    /// One hash for many inputs, whatever their order: that of their sorted hashes, one a line. A shell
    /// computes the same with `sha256sum FILES | cut -c1-64 | sort | sha256sum`.
    pub fn of_all(mut hashes: Vec<Self>) -> Self {
        hashes.sort_unstable();
        let mut lines = String::with_capacity(hashes.len().saturating_mul(65));
        for hash in hashes {
            lines.push_str(&hash.to_string());
            lines.push('\n');
        }
        Self::of(lines.as_bytes())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        // FIPS 180-4's examples, and what the shell prints for two files that hold `a` and `b`.
        let check = |hash: Sha256, expect: &str| assert_eq!(hash.to_string(), expect);
        for bad in ["", "e3", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(Sha256::parse(bad), None, "{bad}");
        }
        assert_eq!(Sha256::parse(&Sha256::of(b"abc").to_string()), Some(Sha256::of(b"abc")));
        check(Sha256::of(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check(Sha256::of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let (a, b) = (Sha256::of(b"a"), Sha256::of(b"b"));
        let both = "e31b611bfa25cad7df113c6721feec788606f694069ced6d3d3f738a89d14e2a";
        check(Sha256::of_all(vec![a, b]), both);
        check(Sha256::of_all(vec![b, a]), both);
    }
}
