//! On which days something happened.

use crate::time::Day;

/// Days of one block of a [`Bitmap`].
const BLOCK_DAYS: i32 = 64;

/// A set of UTC days. Equal sets are equal values, in whatever order the days came. A set of one day, which
/// most are, needs no memory of its own; every 64 days with anything in them need 16 bytes more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaySet(Days);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Days {
    #[default]
    None,
    One(Day),
    /// Two days at least.
    Many(Box<Bitmap>),
}

/// Blocks that are not empty, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bitmap {
    blocks: Vec<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    /// The days since 1970-01-01 of its first day, divided by [`BLOCK_DAYS`].
    number: i32,
    /// The lowest bit is the first day.
    days: u64,
}

impl DaySet {
    /// The days of the bits that are set, the lowest of which is `first`.
    pub(super) fn of_window(first: Day, bits: u128) -> Self {
        let day = |place: u32| Day::from_epoch_days(first.epoch_days().saturating_add_unsigned(place));
        if bits.count_ones() < 2 {
            return Self(if bits == 0 { Days::None } else { Days::One(day(bits.trailing_zeros())) });
        }
        let number = first.epoch_days().div_euclid(BLOCK_DAYS);
        let shift = first.epoch_days().rem_euclid(BLOCK_DAYS).unsigned_abs();
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        let (low, high) = (bits << shift, bits.checked_shr(u128::BITS - shift).unwrap_or_default());
        let blocks = (number..).zip([half(low), half(low >> 64), half(high)]);
        let blocks = blocks.map(|(number, days)| Block { number, days }).filter(|block| block.days != 0);
        Self(Days::Many(Box::new(Bitmap { blocks: blocks.collect() })))
    }

    /// Adds a day.
    pub fn insert(&mut self, day: Day) {
        match &mut self.0 {
            Days::None => self.0 = Days::One(day),
            Days::One(known) if *known == day => {}
            Days::One(known) => {
                let mut bitmap = Bitmap::default();
                bitmap.add(Block::of(*known));
                bitmap.add(Block::of(day));
                self.0 = Days::Many(Box::new(bitmap));
            }
            Days::Many(bitmap) => bitmap.add(Block::of(day)),
        }
    }

    /// Adds the days of another set.
    pub fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (_, Days::None) => {}
            (_, Days::One(day)) => self.insert(*day),
            (Days::Many(mine), Days::Many(theirs)) => {
                for block in &theirs.blocks {
                    mine.add(*block);
                }
            }
            (Days::None, Days::Many(theirs)) => self.0 = Days::Many(theirs.clone()),
            (Days::One(day), Days::Many(theirs)) => {
                let mut bitmap = theirs.clone();
                bitmap.add(Block::of(*day));
                self.0 = Days::Many(bitmap);
            }
        }
    }

    /// How many days there are.
    pub fn count(&self) -> u64 {
        match &self.0 {
            Days::None => 0,
            Days::One(_) => 1,
            Days::Many(bitmap) => bitmap.blocks.iter().map(|block| u64::from(block.days.count_ones())).sum(),
        }
    }

    /// The days, in order of time.
    pub fn iter(&self) -> impl Iterator<Item = Day> {
        let (one, blocks) = match &self.0 {
            Days::None => (None, &[][..]),
            Days::One(day) => (Some(*day), &[][..]),
            Days::Many(bitmap) => (None, &bitmap.blocks[..]),
        };
        one.into_iter().chain(blocks.iter().flat_map(|block| block.iter()))
    }
}

impl Bitmap {
    fn add(&mut self, block: Block) {
        // Logs come nearly in order of time: the block is mostly the last one.
        match self.blocks.last_mut() {
            Some(last) if last.number == block.number => last.days |= block.days,
            _ => match self.blocks.binary_search_by_key(&block.number, |known| known.number) {
                Err(place) => self.blocks.insert(place, block),
                Ok(place) => {
                    if let Some(known) = self.blocks.get_mut(place) {
                        known.days |= block.days;
                    }
                }
            },
        }
    }
}

impl Block {
    /// A block with one day.
    fn of(day: Day) -> Self {
        let days = day.epoch_days();
        Self { number: days.div_euclid(BLOCK_DAYS), days: 1 << days.rem_euclid(BLOCK_DAYS) }
    }

    fn iter(self) -> impl Iterator<Item = Day> {
        let start = self.number.saturating_mul(BLOCK_DAYS);
        let bits = (0..BLOCK_DAYS).filter(move |bit| self.days >> bit & 1 == 1);
        bits.map(move |bit| Day::from_epoch_days(start.saturating_add(bit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set(days: &[i32]) -> DaySet {
        let mut set = DaySet::default();
        for day in days {
            set.insert(Day::from_epoch_days(*day));
        }
        set
    }

    fn check(days: &[i32]) {
        let found = set(days);
        let expect: BTreeSet<i32> = days.iter().copied().collect();
        assert_eq!(found.iter().map(Day::epoch_days).collect::<Vec<_>>(), Vec::from_iter(expect.clone()));
        assert_eq!(found.count(), expect.len() as u64, "{days:?}");
    }

    #[test]
    fn days_come_back_in_order() {
        check(&[]);
        check(&[20_000]);
        check(&[20_000, 20_000]);
        check(&[63, 64, 0, -1, -64, -65]);
        check(&[2_932_896, -719_528, 20_000, 20_001]);
    }

    proptest! {
        #[test]
        fn the_set_is_one_value_in_any_order_and_partition(
            days in prop::collection::vec((-200..200_i32, 0..3_usize), 0..20),
        ) {
            let whole: Vec<i32> = days.iter().map(|(day, _)| *day).collect();
            let mut merged = DaySet::default();
            for part in [2, 0, 1] {
                let mine: Vec<i32> =
                    days.iter().rev().filter(|(_, of)| *of == part).map(|(day, _)| *day).collect();
                merged.merge(&set(&mine));
            }
            prop_assert_eq!(&merged, &set(&whole));
            check(&whole);
        }
    }
}
