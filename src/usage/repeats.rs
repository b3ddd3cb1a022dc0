//! Calls that were seen before. Which rows a call counts in depends on its group and on few fields of the
//! event: the same fields again, compared in full, mean the same rows, and nothing is weighed a second time.

use super::memo;
use crate::iam::AccountId;
use crate::trail::event::Event;
use std::hash::BuildHasher;

/// How many calls are remembered; a power of two. A call has one place, where the last one stays.
const CALLS_MAX: usize = 1 << 14;

/// The longest key that is remembered, in bytes.
const KEY_BYTES_MAX: usize = 1_024;

/// The most rows of a call that is remembered; with them, what is known of a call fills one line of memory.
const ROWS_MAX: usize = 7;

/// The last calls, by their groups and what they ask for.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    hasher: foldhash::fast::RandomState,
    calls: Vec<Known>,
    key: Vec<u8>,
    hash: u64,
}

#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Known {
    /// Of the key, which lies elsewhere in memory: most others are told apart without a look at theirs.
    hash: u64,
    key: Vec<u8>,
    /// How many of `rows` count.
    len: u8,
    /// The numbers of their tallies.
    rows: [u32; ROWS_MAX],
}

impl Repeats {
    /// Makes ready for a call of a group; gives its place. Everything that decides about the rows is in the
    /// key, but for what the response says; see [`Self::keep`].
    ///
    /// `partition` is the number of the one in the caller's ARN.
    pub(super) fn place(&mut self, group: usize, partition: usize, event: &Event<'_>) -> usize {
        let account = |account: Option<AccountId>| account.map_or(u64::MAX, AccountId::number).to_le_bytes();
        let key = &mut self.key;
        key.clear();
        key.extend_from_slice(&group.to_le_bytes());
        key.extend_from_slice(&account(event.identity.account));
        key.extend_from_slice(&account(event.recipient_account));
        key.push(u8::from(event.response.raw().is_some()) | u8::from(event.shared_id.is_empty()) << 1);
        key.extend_from_slice(&partition.to_le_bytes());
        memo::push(key, event.request.raw().unwrap_or_default());
        for resource in &event.resources {
            memo::push(key, &resource.arn);
            memo::push(key, &resource.kind);
        }
        self.hash = self.hasher.hash_one(key.as_slice());
        usize::try_from(self.hash % CALLS_MAX as u64).unwrap_or_default()
    }

    /// The rows of the call for which [`Self::place`] made ready, when it is the one that stayed there.
    pub(super) fn rows(&self, place: usize) -> Option<&[u32]> {
        let is_it = |known: &&Known| known.hash == self.hash && known.key == self.key;
        self.calls.get(place).filter(is_it).and_then(|known| known.rows.get(..usize::from(known.len)))
    }

    /// Remembers the rows of the call for which [`Self::place`] made ready. Not for a call whose response
    /// was asked for anything, unless it had none.
    pub(super) fn keep(&mut self, place: usize, rows: &[usize]) {
        let mut kept = [0; ROWS_MAX];
        let fits = |(place, row): (&mut u32, &usize)| u32::try_from(*row).map(|row| *place = row).is_ok();
        let Some(len) = u8::try_from(rows.len()).ok().filter(|len| usize::from(*len) <= ROWS_MAX) else {
            return;
        };
        if self.key.len() > KEY_BYTES_MAX || !kept.iter_mut().zip(rows).all(fits) {
            return;
        }
        if self.calls.is_empty() {
            self.calls.resize(CALLS_MAX, Known::default());
        }
        if let Some(known) = self.calls.get_mut(place) {
            known.hash = self.hash;
            self.key.clone_into(&mut known.key);
            (known.len, known.rows) = (len, kept);
        }
    }
}
