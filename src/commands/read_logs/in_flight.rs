//! How much text is in memory at once, whatever the number of threads.
//!
//! Most files inflate to a few megabytes, and all threads work. A thread whose file would not fit beside the
//! others waits for its turn. Of a file that would take half of the budget only windows are in memory (`long.rs`), unless
//! something is wrong with it; such a one may be larger than the whole budget, and is in memory alone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The bytes of texts that are in memory at once, unless one file alone has more.
const BYTES_MAX: u64 = 256 << 20;

/// A text is decoded while it is inflated when it has more than one part in so many of what all texts together may
/// hold.
const LONG_SHARES: u64 = 2;

/// A window of it is one part in so many.
const WINDOW_SHARES: u64 = 8;

/// A budget of bytes, shared by all threads of a pool.
#[derive(Debug)]
pub(in crate::commands) struct InFlight {
    bytes_max: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: u64,
    /// The most that was ever taken.
    peak: u64,
    /// Those who wait are served in the order in which they came, so that a large file gets its turn.
    next_ticket: u64,
    serving: u64,
    /// How many shares each thread of the pool holds, by index.
    held: Vec<u32>,
}

/// Bytes of the budget; given back when dropped.
#[derive(Debug)]
pub(in crate::commands) struct Share<'a> {
    of: &'a InFlight,
    bytes: u64,
    thread: Option<usize>,
}

impl InFlight {
    /// The usual budget for the threads of a pool.
    pub(in crate::commands) fn of_threads(threads: usize) -> Self {
        Self::new(BYTES_MAX, threads)
    }

    /// A budget for the threads of a pool.
    pub(in crate::commands) fn new(bytes_max: u64, threads: usize) -> Self {
        let state = State { held: vec![0; threads], ..State::default() };
        Self { bytes_max, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes bytes, and waits until there are as many, or nobody else has any.
    ///
    /// A thread that holds a share does not wait: while it waits for others to decode parts of its file, it
    /// may have been given another file to read, and nobody would come back to finish the first. `thread` is
    /// the index in the pool; a thread outside does not wait either.
    pub(in crate::commands) fn take(&self, bytes: u64, thread: Option<usize>) -> Share<'_> {
        let mut state = self.state();
        let may_wait = thread.and_then(|thread| state.held.get(thread)).is_some_and(|held| *held == 0);
        if may_wait {
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            while state.serving != ticket
                || (state.taken > 0 && state.taken.saturating_add(bytes) > self.bytes_max)
            {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.serving += 1;
        }
        state.taken = state.taken.saturating_add(bytes);
        state.peak = state.peak.max(state.taken);
        if let Some(held) = thread.and_then(|thread| state.held.get_mut(thread)) {
            *held += 1;
        }
        drop(state);
        self.changed.notify_all();
        Share { of: self, bytes, thread }
    }

    /// Is a text of so many bytes too long to be held whole?
    pub(in crate::commands) fn is_long(&self, bytes: u64) -> bool {
        bytes > self.bytes_max / LONG_SHARES
    }

    /// About so many bytes of a long text are decoded at once, as long as its structure is sound.
    pub(in crate::commands) fn window_bytes(&self) -> u64 {
        self.bytes_max / WINDOW_SHARES
    }

    /// What the windows of a long text take: as much as one again while more is read.
    pub(in crate::commands) fn windows_bytes(&self) -> u64 {
        2 * self.window_bytes()
    }

    /// The most that was ever taken, in bytes.
    #[cfg(test)]
    pub(in crate::commands) fn peak(&self) -> u64 {
        self.state().peak
    }

    /// A thread that panicked while it held the lock left numbers that are whole all the same.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut state = self.of.state();
        state.taken = state.taken.saturating_sub(self.bytes);
        if let Some(held) = self.thread.and_then(|thread| state.held.get_mut(thread)) {
            *held = held.saturating_sub(1);
        }
        drop(state);
        self.of.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn threads_together_hold_no_more_than_the_budget() {
        const THREADS: usize = 8;
        for (bytes_max, sizes, peak_max) in [
            (100, &[30, 60, 10, 100, 0][..], 100),
            // Larger than the budget: alone.
            (100, &[250, 30, 60][..], 250),
            (0, &[5, 3][..], 5),
            (u64::MAX, &[1 << 40][..], THREADS as u64 * (1 << 40)),
        ] {
            let budget = InFlight::new(bytes_max, THREADS);
            let now = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for thread in 0..THREADS {
                    let (budget, now) = (&budget, &now);
                    scope.spawn(move || {
                        for turn in 0..200 {
                            let bytes = sizes[(turn + thread) % sizes.len()];
                            let share = budget.take(bytes, Some(thread));
                            let sum = now.fetch_add(bytes, Ordering::SeqCst) + bytes;
                            assert!(sum <= bytes_max || sum == bytes, "{sum} of {bytes_max}");
                            now.fetch_sub(bytes, Ordering::SeqCst);
                            drop(share);
                        }
                    });
                }
            });
            assert!(budget.peak() <= peak_max, "{}", budget.peak());
            assert_eq!(budget.state().taken, 0);
        }
    }

    #[test]
    fn who_holds_a_share_does_not_wait() {
        let budget = InFlight::new(10, 1);
        let first = budget.take(10, Some(0));
        let second = budget.take(10, Some(0));
        let outside = budget.take(10, None);
        assert_eq!(budget.peak(), 30);
        drop((first, second, outside));
        assert_eq!(budget.state().taken, 0);
        assert_eq!(budget.state().held, [0]);
        assert_eq!(budget.take(10, Some(0)).bytes, 10);
    }
}
