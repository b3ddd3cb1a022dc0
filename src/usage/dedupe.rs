//! The same event, delivered twice, counts once.

use std::sync::Mutex;

/// How many locks share the fingerprints, so that threads seldom wait for each other.
const SHARDS: usize = 64;

/// Fingerprints of the events seen so far, shared by all threads. 16 bytes an event and the table's slack.
#[derive(Debug, Default)]
pub struct Seen {
    shards: Vec<Mutex<Shard>>,
}

/// The hasher has a seed of its own: whoever makes fingerprints that fall together gains nothing.
#[expect(clippy::disallowed_types, reason = "only asked for membership, never iterated")]
type Shard = std::collections::HashSet<u128, foldhash::fast::RandomState>;

impl Seen {
    /// An empty set.
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Remembers a fingerprint; `true` when it was not there yet.
    pub fn first_time(&self, fingerprint: u128) -> bool {
        let shard = usize::try_from(fingerprint % 64).unwrap_or_default();
        match self.shards.get(shard).map(Mutex::lock) {
            Some(Ok(mut set)) => set.insert(fingerprint),
            // A thread that panicked while it held the lock left a set that is whole all the same.
            Some(Err(poisoned)) => poisoned.into_inner().insert(fingerprint),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_time_is_not_the_first() {
        let seen = Seen::new();
        for fingerprint in [0, 1, 64, u128::MAX] {
            assert!(seen.first_time(fingerprint));
            assert!(!seen.first_time(fingerprint));
        }
    }
}
