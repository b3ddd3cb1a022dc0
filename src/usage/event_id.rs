//! Ids of events, most of which are UUIDs: sixteen bytes instead of a text of its own for each.

use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;

/// An `eventID`. Compared and shown as its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId(Form);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// A UUID with small letters, in four parts.
    Number([u32; 4]),
    Text(Box<str>),
}

impl EventId {
    /// Any text is one: logs may be masked or made up.
    pub fn new(text: &str) -> Self {
        Self(number(text).map_or_else(|| Form::Text(text.into()), Form::Number))
    }

    /// A UUID by its number.
    pub(super) fn of_number(number: [u32; 4]) -> Self {
        Self(Form::Number(number))
    }

    /// Calls `with` with the text.
    fn with_text<T>(&self, with: impl FnOnce(&str) -> T) -> T {
        match &self.0 {
            Form::Number(number) => with(str::from_utf8(&letters_of(*number)).unwrap_or_default()),
            Form::Text(text) => with(text),
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl Ord for EventId {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            // Digits come before letters, and the hyphens are at the same places.
            (Form::Number(one), Form::Number(other)) => one.cmp(other),
            _ => self.with_text(|text| other.with_text(|other| text.cmp(other))),
        }
    }
}

impl PartialOrd for EventId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The lowest bit of every byte.
const ONES: u64 = u64::MAX / 255;

/// Where the digits of a UUID stand, eight for each of its four words.
const WORDS: [[std::ops::Range<usize>; 2]; 4] =
    [[0..4, 4..8], [9..13, 14..18], [19..23, 24..28], [28..32, 32..36]];

/// A UUID as AWS writes it, with small letters: the only text of which [`letters_of`] makes it again.
pub(super) fn number(id: &str) -> Option<[u32; 4]> {
    let id: &[u8; 36] = id.as_bytes().try_into().ok()?;
    let (a, rest) = id.split_first_chunk::<8>()?;
    let (&[b'-', b1, b2, b3, b4], rest) = rest.split_first_chunk::<5>()? else { return None };
    let (&[b'-', b5, b6, b7, b8], rest) = rest.split_first_chunk::<5>()? else { return None };
    let (&[b'-', c1, c2, c3, c4], rest) = rest.split_first_chunk::<5>()? else { return None };
    let (&[b'-', c5, c6, c7, c8], rest) = rest.split_first_chunk::<5>()? else { return None };
    let b = [b1, b2, b3, b4, b5, b6, b7, b8];
    let c = [c1, c2, c3, c4, c5, c6, c7, c8];
    Some([word(*a)?, word(b)?, word(c)?, word(*rest.first_chunk::<8>()?)?])
}

/// Eight hexadecimal digits.
#[inline]
fn word(digits: [u8; 8]) -> Option<u32> {
    let digits = u64::from_be_bytes(digits);
    // The low half of a digit is its value, and nine less for a letter.
    let values = (digits & (ONES * 0x0f)) + (digits >> 6 & ONES) * 9;
    if values & (ONES * 0xf0) != 0 || letters(values) != digits {
        return None;
    }
    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    u32::try_from((fours | fours >> 16) & u64::from(u32::MAX)).ok()
}

/// Eight values below sixteen as hexadecimal digits.
fn letters(values: u64) -> u64 {
    let is_letter = (values + ONES * 6) >> 4 & ONES;
    values + ONES * u64::from(b'0') + is_letter * u64::from(b'a' - b'0' - 10)
}

/// The text of a UUID, all of it ASCII.
fn letters_of(words: [u32; 4]) -> [u8; 36] {
    let mut id = [b'-'; 36];
    for (word, halves) in words.into_iter().zip(WORDS) {
        let fours = (u64::from(word) | u64::from(word) << 16) & 0x0000_ffff_0000_ffff;
        let pairs = (fours | fours << 8) & 0x00ff_00ff_00ff_00ff;
        let values = (pairs | pairs << 4) & (ONES * 0x0f);
        let digits = letters(values).to_be_bytes();
        for (half, four) in halves.into_iter().zip(digits.as_chunks::<4>().0) {
            if let Some(place) = id.get_mut(half) {
                place.copy_from_slice(four);
            }
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl EventId {
        fn is_number(&self) -> bool {
            matches!(self.0, Form::Number(_))
        }
    }

    #[test]
    fn a_uuid_is_a_number_and_nothing_else_is() {
        let id = "01234567-89ab-cdef-0fed-cba987654321";
        assert_eq!(number(id), Some([0x0123_4567, 0x89ab_cdef, 0x0fed_cba9, 0x8765_4321]));
        assert_eq!(number(id).map(|id| EventId::of_number(id).to_string()).as_deref(), Some(id));
        for at in 0..id.len() {
            for byte in 0..128_u8 {
                let mut other = id.as_bytes().to_vec();
                other[at] = byte;
                let other = String::from_utf8(other).unwrap();
                let is_one = if "-".contains(char::from(id.as_bytes()[at])) {
                    byte == b'-'
                } else {
                    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
                };
                assert_eq!(EventId::new(&other).to_string(), other);
                assert_eq!(EventId::new(&other).is_number(), is_one, "{other}");
            }
        }
        assert_eq!(number("1234567-89ab-cdef-0fed-cba987654321"), None);
        assert_eq!(number(""), None);
    }

    fn id() -> impl Strategy<Value = String> {
        prop_oneof![
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "0000000[0-9a-f]-0000-0000-0000-00000000000[0-9a-f]",
            "[0-9a-fA-F-]{0,3}",
        ]
    }

    proptest! {
        #[test]
        fn ids_are_their_texts(one in id(), other in id()) {
            let ids = (EventId::new(&one), EventId::new(&other));
            prop_assert_eq!(ids.0.to_string(), one.clone());
            prop_assert_eq!(ids.0.cmp(&ids.1), one.cmp(&other));
            prop_assert_eq!(ids.0 == ids.1, one == other);
            prop_assert_eq!(serde_json::to_string(&ids.0).unwrap(), format!("\"{one}\""));
        }
    }
}
