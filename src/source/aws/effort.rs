//! How hard a service is asked: how many requests at once, how often each is repeated, and when to give up.
//! The client of AWS repeats some failures, but not a body that breaks off, so all repeating is done here.

use super::fault::Fault;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Attempts at one request.
const ATTEMPTS_MAX: u32 = 8;

/// The longest wait before the first repetition; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// No wait is longer.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// Repetitions that are paid in advance, in halves: one costs two, a success gives one back. A service of
/// which every third answer fails is still read whole; one that is down ends the run soon.
const CREDIT_MAX: u32 = 400;

/// So many requests in a row that failed for good end all others untried.
const ROW_MAX: u32 = 50;

/// Requests at once: at the beginning, at least, and at most.
const SLOTS: (u32, u32, u32) = (16, 4, 192);

/// Requests to one service, together.
#[derive(Debug)]
pub(in crate::source) struct Effort {
    slots: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests at once.
    limit: u32,
    /// Slots above the limit that are still out.
    surplus: u32,
    /// Answers since the limit last changed.
    answers: u32,
    /// Nothing was ever too fast.
    fresh: bool,
    /// Halves of repetitions left.
    credit: u32,
    /// Requests in a row that failed after all attempts, and what the last one said.
    row: u32,
    last: String,
}

impl Effort {
    /// A service that nobody has asked yet.
    pub(in crate::source) fn new() -> Self {
        let (limit, ..) = SLOTS;
        let state = State {
            limit,
            surplus: 0,
            answers: 0,
            fresh: true,
            credit: CREDIT_MAX,
            row: 0,
            last: String::new(),
        };
        Self { slots: Semaphore::new(limit as usize), state: Mutex::new(state) }
    }

    /// Does something until it succeeds, is refused for good, or was tried often enough. The error is a line
    /// for the user.
    pub(in crate::source) async fn repeat<T, F, Once>(&self, mut once: F) -> Result<T, String>
    where
        F: FnMut() -> Once,
        Once: Future<Output = Result<T, Fault>>,
    {
        let mut attempt = 0;
        loop {
            self.may_ask()?;
            // Waiting before the next attempt takes nobody's place.
            let slot = self.slots.acquire().await;
            let answer = once().await;
            if let Ok(slot) = slot {
                slot.forget();
                self.slots.add_permits(self.state().answered(matches!(answer, Err(Fault::TooFast(_)))));
            }
            attempt += 1;
            match answer {
                Ok(value) => {
                    self.state().succeeded();
                    return Ok(value);
                }
                Err(Fault::Final(why)) => {
                    self.state().row = 0;
                    return Err(why);
                }
                Err(fault) if attempt < ATTEMPTS_MAX && self.state().repeats() => {
                    drop(fault);
                    tokio::time::sleep(wait(attempt)).await;
                }
                Err(fault) => {
                    self.state().failed(fault.why());
                    return Err(format!("{} ({attempt} attempts)", fault.why()));
                }
            }
        }
    }

    /// Gives up when nothing has worked for long.
    fn may_ask(&self) -> Result<(), String> {
        let state = self.state();
        if state.row < ROW_MAX {
            return Ok(());
        }
        Err(format!("not tried: {ROW_MAX} requests before it failed, the last one with: {}", state.last))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// One request came back. Gives the number of slots that become free. The limit doubles after as many
    /// answers as it allows at once, once the service complained it grows by one instead; a complaint
    /// halves it, once for so many answers.
    fn answered(&mut self, too_fast: bool) -> usize {
        let (_, least, most) = SLOTS;
        self.answers += 1;
        let mut free = 1;
        if too_fast {
            if self.fresh || self.answers >= self.limit {
                let lower = (self.limit / 2).max(least);
                self.surplus += self.limit - lower;
                (self.limit, self.answers) = (lower, 0);
            }
            self.fresh = false;
        } else if self.answers >= self.limit && self.limit < most {
            let more = if self.fresh { self.limit } else { 1 }.min(most - self.limit);
            self.limit += more;
            self.answers = 0;
            free += more;
        }
        let kept = self.surplus.min(free);
        self.surplus -= kept;
        (free - kept) as usize
    }

    fn succeeded(&mut self) {
        self.row = 0;
        self.credit = (self.credit + 1).min(CREDIT_MAX);
    }

    fn failed(&mut self, why: &str) {
        self.row += 1;
        why.clone_into(&mut self.last);
    }

    /// Takes a repetition, if there is one left.
    fn repeats(&mut self) -> bool {
        let left = self.credit.checked_sub(2);
        self.credit = left.unwrap_or(self.credit);
        left.is_some()
    }
}

/// How long to wait after so many attempts: anything up to a bound that doubles, so that those who failed
/// together do not come back together.
fn wait(attempt: u32) -> Duration {
    let bound = FIRST_WAIT.saturating_mul(1 << attempt.min(16).saturating_sub(1)).min(WAIT_MAX);
    // A hash with a fresh key is as good as a random number here.
    let part = RandomState::new().hash_one(attempt) % 1024;
    let part = u32::try_from(part).unwrap_or(0) + 1;
    bound.saturating_mul(part) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tokio::runtime::Builder;

    /// Without waiting: the clock of the runtime is not real here, so faults must be few.
    fn run<T>(future: impl Future<Output = T>) -> T {
        Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    /// How often something is tried that fails `failures` times with `fault`.
    fn tries(failures: u32, fault: &Fault) -> (Result<u32, String>, u32) {
        let effort = Effort::new();
        let count = Cell::new(0);
        let answer = run(effort.repeat(|| {
            count.set(count.get() + 1);
            let answer = if count.get() > failures { Ok(7) } else { Err(fault.clone()) };
            async move { answer }
        }));
        (answer, count.get())
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        assert_eq!(tries(0, &Fault::Final(String::new())), (Ok(7), 1));
        assert_eq!(tries(2, &Fault::Passing("reset".to_owned())), (Ok(7), 3));
        assert_eq!(tries(2, &Fault::TooFast("slow".to_owned())), (Ok(7), 3));
        assert_eq!(tries(2, &Fault::Final("no".to_owned())), (Err("no".to_owned()), 1));
    }

    #[test]
    fn a_service_that_is_down_is_given_up() {
        let effort = Effort::new();
        effort.state().credit = 1;
        let down = || async { Err::<(), _>(Fault::Passing("reset".to_owned())) };
        for _ in 0..ROW_MAX {
            assert_eq!(run(effort.repeat(down)), Err("reset (1 attempts)".to_owned()));
        }
        let untried = run(effort.repeat(down)).unwrap_err();
        assert_eq!(untried, "not tried: 50 requests before it failed, the last one with: reset");
    }

    #[test]
    fn the_number_at_once_follows_the_answers() {
        let effort = Effort::new();
        let limit = || effort.state().limit;
        let answer = |count: u32, too_fast: bool| {
            for _ in 0..count {
                let free = effort.state().answered(too_fast);
                effort.slots.add_permits(free);
                // One request at a time: it took its slot before it was answered.
                effort.slots.forget_permits(1);
            }
            effort.slots.available_permits()
        };
        assert_eq!((answer(16, false), limit()), (32, 32));
        assert_eq!((answer(1, true), limit()), (31, 16));
        // The slots that are too many vanish as they come back, and a crowd of complaints counts once.
        assert_eq!((answer(15, true), limit()), (16, 16));
        assert_eq!((answer(1, true), limit()), (15, 8));
        assert_eq!((answer(8, false), limit()), (9, 9));
        for _ in 0..20_000 {
            answer(1, false);
        }
        assert_eq!((answer(1, false), limit()), (192, 192));
        for _ in 0..2_000 {
            answer(1, true);
        }
        assert_eq!((answer(1, true), limit()), (4, 4));
    }

    #[test]
    fn waits_grow_to_a_bound() {
        for attempt in 1..100 {
            let wait = wait(attempt);
            assert!(wait <= WAIT_MAX && !wait.is_zero());
        }
        assert!((0..100).all(|_| wait(1) <= FIRST_WAIT));
    }
}
