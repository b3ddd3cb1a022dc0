//! The numbers of a row while they grow: one line of memory a row, whatever the row is of.
//!
//! To count an event that is like an earlier one is mostly to wait for memory. [`Stats`] has its days,
//! its evidence in places of their own; a tally has what nearly every event changes in one
//! place. What does not fit (an event id that is no UUID, days four months apart, years behind 2106) is
//! counted in [`Stats`] beside it, and both are merged in the end.

use super::event_id::number;
use super::{DaySet, EVIDENCE_EVENTS_MAX, EventId, Stats};
use crate::time::{Day, Timestamp};
use crate::trail::event::Event;
use std::collections::BTreeMap;

/// How many days a tally spans.
const WINDOW_DAYS: u32 = u128::BITS;

/// What is made stays where it is: memory grows by pieces of so many tallies.
const CHUNK_TALLIES: usize = 1 << 10;

/// [`Tally::more`] of a tally that was taken.
const TAKEN: u32 = u32::MAX;

/// An event's time in seconds since 1970-01-01 and its id as a number: of one time, the one with the greater
/// text is greater. Zeros stand for none.
type Evidence = (u32, [u32; 4]);

/// An event as it is counted in any number of rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'e> {
    time: Timestamp,
    id: &'e str,
    /// `None` when it does not fit.
    evidence: Option<Evidence>,
    day: u32,
}

/// Count, first, days and evidence of events.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Tally {
    count: u32,
    first: u32,
    /// The first piece of evidence; its time is the last.
    latest: Evidence,
    /// The day of the window's lowest bit.
    day: u32,
    days: [u64; 2],
    /// The time of the last piece of evidence when there is no room for more; else 0. Read from the newest
    /// file to the oldest, most events are earlier.
    threshold: u32,
    /// The number of the rest of the evidence, counted from one; 0 when there is none.
    more: u32,
}

/// Many tallies, by number.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    chunks: Vec<Vec<Tally>>,
    /// Evidence behind the first piece.
    more: Vec<[Evidence; EVIDENCE_EVENTS_MAX - 1]>,
    /// What did not fit, by the number of the tally; few.
    beside: BTreeMap<usize, Stats>,
}

impl<'e> Counted<'e> {
    pub(super) fn new(event: &'e Event<'_>) -> Self {
        let seconds = u32::try_from(event.time.seconds()).ok().filter(|seconds| *seconds > 0);
        Self {
            time: event.time,
            id: &event.id,
            evidence: seconds.zip(number(&event.id)),
            day: u32::try_from(event.time.day().epoch_days()).unwrap_or_default(),
        }
    }

    /// Adds the event to numbers that are not in a tally.
    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.add(self.time, self.id);
    }
}

impl Tallies {
    /// Makes a tally without events.
    pub(super) fn make(&mut self) -> usize {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK_TALLIES) {
            self.chunks.push(Vec::with_capacity(CHUNK_TALLIES));
        }
        let before = (self.chunks.len() - 1) * CHUNK_TALLIES;
        let Some(chunk) = self.chunks.last_mut() else { return before };
        chunk.push(Tally::default());
        before + chunk.len() - 1
    }

    /// Makes a tally of what was counted elsewhere.
    pub(super) fn make_of(&mut self, stats: Stats) -> usize {
        let number = self.make();
        self.beside.insert(number, stats);
        number
    }

    fn get_mut(&mut self, number: usize) -> Option<&mut Tally> {
        self.chunks.get_mut(number / CHUNK_TALLIES)?.get_mut(number % CHUNK_TALLIES)
    }

    /// Is there a tally with this number that was not taken?
    pub(super) fn has(&self, number: usize) -> bool {
        let chunk = self.chunks.get(number / CHUNK_TALLIES);
        chunk.and_then(|chunk| chunk.get(number % CHUNK_TALLIES)).is_some_and(|tally| tally.more != TAKEN)
    }

    /// Adds one event.
    pub(super) fn add(&mut self, number: usize, event: &Counted<'_>) {
        let Self { chunks, more, .. } = self;
        let chunk = chunks.get_mut(number / CHUNK_TALLIES);
        let tally = chunk.and_then(|chunk| chunk.get_mut(number % CHUNK_TALLIES));
        let fits = tally.zip(event.evidence).is_some_and(|(tally, one)| tally.add(one, event.day, more));
        if !fits {
            event.add_to(self.beside.entry(number).or_default());
        }
    }

    /// The numbers of a tally, which is no more.
    pub(super) fn take(&mut self, number: usize) -> Stats {
        let mut stats = Stats::default();
        if let Some(place) = self.get_mut(number) {
            let tally = std::mem::replace(place, Tally { more: TAKEN, ..Tally::default() });
            stats = tally.stats(&self.more);
        }
        if let Some(beside) = self.beside.remove(&number) {
            stats.merge(&beside);
        }
        stats
    }
}

impl Tally {
    /// `false`, and nothing has changed, when the event does not fit.
    #[inline]
    fn add(&mut self, event: Evidence, day: u32, more: &mut Vec<[Evidence; 2]>) -> bool {
        let Some(count) = self.count.checked_add(1) else { return false };
        if self.count == 0 {
            *self = Self { count, first: event.0, latest: event, ..*self };
            self.day = day.saturating_sub(WINDOW_DAYS - 1);
            self.set_day(day);
            return true;
        }
        if !self.set_day(day) {
            return false;
        }
        if event.0 >= self.threshold && !self.offer(event, more) {
            return false;
        }
        self.count = count;
        self.first = self.first.min(event.0);
        true
    }

    /// `false` when the window cannot be moved so that it has all days.
    #[inline]
    fn set_day(&mut self, day: u32) -> bool {
        let place = day.wrapping_sub(self.day);
        if place >= WINDOW_DAYS {
            return self.move_window(day) && self.set_day(day);
        }
        let [low, high] = &mut self.days;
        let half = if place < 64 { low } else { high };
        *half |= 1 << (place % 64);
        true
    }

    #[cold]
    fn move_window(&mut self, day: u32) -> bool {
        let days = self.bits();
        let first = self.day + days.trailing_zeros();
        let last = self.day + (WINDOW_DAYS - 1).saturating_sub(days.leading_zeros());
        let moved = if day < self.day && last - day < WINDOW_DAYS {
            // Down as far as it goes: earlier days will follow.
            let start = last.saturating_sub(WINDOW_DAYS - 1);
            let moved = days << (self.day - start);
            self.day = start;
            moved
        } else if day > last && day - first < WINDOW_DAYS {
            let moved = days >> (first - self.day);
            self.day = first;
            moved
        } else {
            return false;
        };
        self.days = [low_half(moved), low_half(moved >> 64)];
        true
    }

    fn bits(&self) -> u128 {
        let [low, high] = self.days;
        u128::from(high) << 64 | u128::from(low)
    }

    /// Keeps the latest events. `false` when there is no room for the number of the second.
    fn offer(&mut self, event: Evidence, more: &mut Vec<[Evidence; 2]>) -> bool {
        if event == self.latest {
            return true;
        }
        if self.more == 0 {
            let Some(number) = u32::try_from(more.len() + 1).ok().filter(|number| *number != TAKEN) else {
                return false;
            };
            more.push([Evidence::default(); 2]);
            self.more = number;
        }
        let Some([second, third]) = more.get_mut(self.more as usize - 1) else { return false };
        if event == *second || event <= *third {
            return true;
        }
        *third = event;
        if *third > *second {
            std::mem::swap(second, third);
        }
        if *second > self.latest {
            std::mem::swap(second, &mut self.latest);
        }
        self.threshold = third.0;
        true
    }

    fn stats(&self, more: &[[Evidence; 2]]) -> Stats {
        if self.count == 0 {
            return Stats::default();
        }
        let time = |seconds: u32| Timestamp::from_seconds(i64::from(seconds)).unwrap_or_default();
        let rest = usize::try_from(self.more).ok().and_then(|number| more.get(number.checked_sub(1)?));
        let rest = rest.into_iter().flatten().filter(|one| one.0 > 0).copied();
        let evidence: Vec<Evidence> = std::iter::once(self.latest).chain(rest).collect();
        let day = i32::try_from(self.day).unwrap_or_default();
        Stats {
            count: u64::from(self.count),
            span: Some((time(self.first), time(self.latest.0))),
            days: DaySet::of_window(Day::from_epoch_days(day), self.bits()),
            evidence: evidence
                .into_iter()
                .map(|(seconds, id)| (time(seconds), EventId::of_number(id)))
                .collect(),
        }
    }
}

fn low_half(number: u128) -> u64 {
    u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => (0..4_u32, 0..4_u32).prop_map(|(high, low)| EventId::of_number([high, 0, 0, low]).to_string()),
            1 => "[0-9a-f]{1,2}",
        ]
    }

    fn seconds() -> impl Strategy<Value = i64> {
        let day = 86_400;
        prop_oneof![
            4 => (0..5_i64).prop_map(move |at| 20_000 * day + at),
            4 => (0..200_i64).prop_map(move |at| (20_000 + at) * day),
            1 => prop::sample::select(vec![-1, 0, 1, 130 * day, i64::from(u32::MAX), 1 << 33]),
        ]
    }

    proptest! {
        /// In two tallies, so that neither takes what is the other's.
        #[test]
        fn a_tally_comes_to_what_stats_come_to(
            events in prop::collection::vec((0..2_usize, seconds(), id()), 0..40),
        ) {
            let mut tallies = Tallies::default();
            let numbers = [tallies.make(), tallies.make()];
            let mut stats = [Stats::default(), Stats::default()];
            for (which, seconds, id) in &events {
                let time = Timestamp::from_seconds(*seconds).unwrap();
                let event = Event { time, id: id.into(), ..Event::default() };
                tallies.add(numbers[*which], &Counted::new(&event));
                stats[*which].add(time, id);
            }
            prop_assert_eq!(numbers.map(|number| tallies.has(number)), [true; 2]);
            prop_assert_eq!(numbers.map(|number| tallies.take(number)), stats);
            prop_assert_eq!(numbers.map(|number| tallies.has(number)), [false; 2]);
        }
    }

    #[test]
    fn what_was_counted_elsewhere_counts_on() {
        let mut tallies = Tallies::default();
        let event = Event { time: Timestamp::from_seconds(9).unwrap(), id: "x".into(), ..Event::default() };
        let mut stats = Stats::default();
        stats.add(event.time, "x");
        let number = tallies.make_of(stats.clone());
        tallies.add(number, &Counted::new(&event));
        stats.add(event.time, "x");
        assert_eq!(tallies.take(number), stats);
    }
}
