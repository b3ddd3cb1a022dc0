//! What the records of one text have in common, so that it is read once: above all the callers.

use super::record::Order;
use crate::trail::event::UserIdentity;
use crate::trail::scan::{Cursor, Fault};
use std::hash::BuildHasher;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most callers of one text that are kept.
const CALLERS_MAX: usize = 256;

/// Where the bytes lie by which callers are told apart, from the start of `userIdentity`: behind its type,
/// as far as the access key.
const CALLER_BYTES: std::ops::Range<usize> = 32..288;

/// What the records of one text have in common. A session makes many calls, and every one carries the same
/// `userIdentity`, byte for byte: it is read once.
#[derive(Default)]
pub(super) struct Callers<'a> {
    pub(super) order: Order,
    pub(super) repeated: Repeated<'a>,
    hasher: foldhash::fast::FixedState,
    /// For the last byte of a hash the number of the last caller with such a hash, counted from one.
    places: Vec<u16>,
    known: Vec<(&'a str, UserIdentity<'a>)>,
}

impl<'a> Callers<'a> {
    /// The `userIdentity` at the start of `text`, when it was read before; gives the length of its text. An
    /// object that is known to be whole is the same object wherever its bytes stand.
    pub(super) fn find(&self, hash: u8, text: &str, into: &mut UserIdentity<'a>) -> Option<usize> {
        let (known, identity) = [hash, hash ^ 1].into_iter().find_map(|hash| {
            let number = usize::from(*self.places.get(usize::from(hash))?);
            self.known.get(number.checked_sub(1)?).filter(|(known, _)| text.starts_with(known))
        })?;
        into.clone_from(identity);
        Some(known.len())
    }

    pub(super) fn hash(&self, text: &str) -> u8 {
        let bytes = text.as_bytes();
        let start = bytes.get(CALLER_BYTES).unwrap_or(bytes);
        // A service's `userIdentity` is short; what is behind it says nothing.
        let end = memchr::memchr(b'}', start).unwrap_or(start.len());
        let hash = self.hasher.hash_one(start.get(..end).unwrap_or_default());
        hash.to_le_bytes().into_iter().fold(0, |sum, byte| sum ^ byte)
    }

    /// Two callers may look alike, because the service that calls on a caller's behalf stands at the end:
    /// the one before keeps a place as well.
    pub(super) fn keep(&mut self, hash: u8, text: &'a str, identity: &mut UserIdentity<'a>) {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        identity.number = NonZeroU64::new(NUMBERS.fetch_add(1, Ordering::Relaxed));
        if self.known.len() >= CALLERS_MAX {
            self.known.clear();
            self.places.clear();
        }
        self.places.resize(CALLERS_MAX, 0);
        self.known.push((text, identity.clone()));
        let mut number = u16::try_from(self.known.len()).unwrap_or_default();
        for hash in [hash, hash ^ 1] {
            if let Some(place) = self.places.get_mut(usize::from(hash)) {
                std::mem::swap(place, &mut number);
            }
        }
    }
}

/// The last few objects of a member that nobody reads. One that is known to be whole need not be walked over
/// again.
#[derive(Default)]
pub(super) struct Repeated<'a> {
    texts: [&'a str; 4],
    next: usize,
}

impl<'a> Repeated<'a> {
    pub(super) fn skip(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        if self.texts.iter().any(|text| !text.is_empty() && cursor.take(text.as_bytes())) {
            return Ok(());
        }
        let text = cursor.skip_value()?;
        // Only a bracket ends where it ends, whatever follows.
        if text.starts_with('{')
            && let Some(place) = self.texts.get_mut(self.next)
        {
            *place = text;
            self.next = (self.next + 1) % self.texts.len();
        }
        Ok(())
    }
}
