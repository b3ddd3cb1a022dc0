//! The same event, delivered twice, counts once.

use std::hash::BuildHasher;
use std::sync::Mutex;

/// How many locks share the fingerprints, so that threads seldom wait for each other.
const SHARDS: usize = 64;

/// Fingerprints of the events seen so far, shared by all threads. 16 bytes an event and the table's slack.
#[derive(Debug, Default)]
pub struct Seen {
    shards: Vec<Mutex<Shard>>,
}

/// A table with open addressing and linear probing: one look at the memory for most events. The hasher has a
/// seed of its own: whoever makes fingerprints that fall together gains nothing.
#[derive(Debug, Default)]
struct Shard {
    hasher: foldhash::fast::RandomState,
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

    /// Remembers a fingerprint; `true` when it was not there yet.
    pub fn first_time(&self, fingerprint: u128) -> bool {
        let shard = usize::try_from(fingerprint % SHARDS as u128).unwrap_or_default();
        match self.shards.get(shard).map(Mutex::lock) {
            Some(Ok(mut shard)) => shard.insert(fingerprint),
            // A thread that panicked while it held the lock left a set that is whole all the same.
            Some(Err(poisoned)) => poisoned.into_inner().insert(fingerprint),
            None => true,
        }
    }
}

impl Shard {
    fn insert(&mut self, fingerprint: u128) -> bool {
        if fingerprint == 0 {
            return !std::mem::replace(&mut self.has_zero, true);
        }
        // At most three quarters are taken, so that a free place is always near.
        if self.len * 4 >= self.places.len() * 3 {
            self.grow();
        }
        let new = self.put(fingerprint);
        self.len += usize::from(new);
        new
    }

    fn put(&mut self, fingerprint: u128) -> bool {
        let last = self.places.len() - 1;
        let mut place = usize::try_from(self.hasher.hash_one(fingerprint) & last as u64).unwrap_or_default();
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

    fn grow(&mut self) {
        let longer = vec![0; (self.places.len() * 2).max(64)];
        for fingerprint in std::mem::replace(&mut self.places, longer) {
            if fingerprint != 0 {
                self.put(fingerprint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_time_is_not_the_first() {
        let seen = Seen::new();
        for fingerprint in (0..20_000).chain([u128::MAX]) {
            assert!(seen.first_time(fingerprint));
            assert!(!seen.first_time(fingerprint));
        }
        assert!((0..20_000).all(|fingerprint| !seen.first_time(fingerprint)));
    }
}
