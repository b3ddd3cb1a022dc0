//! The same event, delivered twice, counts once.

use crate::iam::AccountId;
use crate::time::Day;
use crate::trail::event::Event;
use std::hash::BuildHasher;
use std::sync::Mutex;

/// How many locks share the fingerprints, so that threads seldom wait for each other.
const SHARDS: usize = 64;

/// The room of a day's first table; a hostile log has an event a day.
const PLACES_MIN: usize = 8;

/// Fingerprints of the events seen so far, shared by all threads. 16 bytes an event and the tables' slack.
///
/// Equal events have equal times and accounts: every account's day has a table of its own, and while its files are
/// read one after the other it stays near.
#[derive(Debug, Default)]
pub struct Seen {
    shards: Vec<Mutex<Shard>>,
}

/// The recipient account and the UTC day.
type AccountDay = (Option<AccountId>, Day);

/// The hasher has a seed of its own: whoever makes fingerprints that fall together gains nothing.
#[derive(Debug, Default)]
struct Shard {
    hasher: foldhash::fast::RandomState,
    /// The numbers of the tables.
    #[expect(clippy::disallowed_types, reason = "only asked for keys, never iterated")]
    days: std::collections::HashMap<AccountDay, usize, foldhash::fast::RandomState>,
    tables: Vec<Table>,
    /// The day of the last event, and the number of its table.
    last: Option<(AccountDay, usize)>,
}

/// A table with open addressing and linear probing: one look at the memory for most events.
#[derive(Debug, Default)]
struct Table {
    /// 0 is a free place; the length is 0 or a power of two.
    places: Vec<u128>,
    len: usize,
    has_zero: bool,
}

impl Seen {
    /// An empty set.
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Remembers the fingerprint of an event; `true` when it was not there yet.
    pub fn first_time(&self, event: &Event<'_>, fingerprint: u128) -> bool {
        let day = (event.recipient_account, event.time.day());
        let account = day.0.map_or(0, AccountId::number);
        // Neighbouring days of one account in different shards.
        let shard = account.wrapping_add(u64::from(day.1.epoch_days().cast_unsigned())) % SHARDS as u64;
        match usize::try_from(shard).ok().and_then(|shard| self.shards.get(shard)).map(Mutex::lock) {
            Some(Ok(mut shard)) => shard.insert(day, fingerprint),
            // A thread that panicked while it held the lock left a set that is whole all the same.
            Some(Err(poisoned)) => poisoned.into_inner().insert(day, fingerprint),
            None => true,
        }
    }
}

impl Shard {
    fn insert(&mut self, day: AccountDay, fingerprint: u128) -> bool {
        let number = match self.last {
            Some((known, number)) if known == day => number,
            _ => *self.days.entry(day).or_insert_with(|| {
                self.tables.push(Table::default());
                self.tables.len() - 1
            }),
        };
        self.last = Some((day, number));
        let Self { hasher, tables, .. } = self;
        tables.get_mut(number).is_none_or(|table| table.insert(hasher, fingerprint))
    }
}

impl Table {
    fn insert(&mut self, hasher: &impl BuildHasher, fingerprint: u128) -> bool {
        if fingerprint == 0 {
            return !std::mem::replace(&mut self.has_zero, true);
        }
        // At most three quarters are taken, so that a free place is always near.
        if self.len * 4 >= self.places.len() * 3 {
            self.grow(hasher);
        }
        let new = self.put(hasher, fingerprint);
        self.len += usize::from(new);
        new
    }

    fn put(&mut self, hasher: &impl BuildHasher, fingerprint: u128) -> bool {
        let last = self.places.len() - 1;
        let mut place = usize::try_from(hasher.hash_one(fingerprint) & last as u64).unwrap_or_default();
        loop {
            match self.places.get_mut(place) {
                Some(free) if *free == 0 => {
                    *free = fingerprint;
                    return true;
                }
                Some(known) if *known == fingerprint => return false,
                _ => place = (place + 1) & last,
            }
        }
    }

    fn grow(&mut self, hasher: &impl BuildHasher) {
        let longer = vec![0; (self.places.len() * 2).max(PLACES_MIN)];
        for fingerprint in std::mem::replace(&mut self.places, longer) {
            if fingerprint != 0 {
                self.put(hasher, fingerprint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn the_second_time_is_not_the_first() {
        let seen = Seen::new();
        let event = |seconds: i64, account: &str| Event {
            time: Timestamp::from_seconds(seconds).unwrap(),
            recipient_account: AccountId::parse(account),
            ..Event::default()
        };
        // Days on one shard and on many; the last one is the first again.
        for (seconds, is_new) in
            [(0, true), (86_399, false), (86_400, true), (64 * 86_400, true), (-1, true), (0, false)]
        {
            for account in ["", "111122223333", "111122223334"] {
                let event = event(seconds, account);
                for fingerprint in (0..2_000).chain([u128::MAX]) {
                    assert_eq!(seen.first_time(&event, fingerprint), is_new, "{seconds} {account}");
                    assert!(!seen.first_time(&event, fingerprint));
                }
            }
        }
        let known = event(0, "");
        assert!((0..2_000).all(|fingerprint| !seen.first_time(&known, fingerprint)));
        assert!(seen.first_time(&known, 2_000));
    }
}
