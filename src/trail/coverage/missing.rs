//! Days on which events should have been there and were not. The logs do not say what was not delivered;
//! it is inferred from the days around, and only where a quiet day is as good as impossible.

use super::{Category, Coverage};
use crate::iam::AccountId;
use crate::time::Day;
use std::collections::{BTreeMap, BTreeSet};

/// A row is busy when it has at least this many events …
const BUSY_EVENTS: u64 = 10;

/// … on at least this many of ten days. Of a row with ten events a day, evenly spread by chance, one day in
/// twenty thousand is empty.
const BUSY_DAYS_OF_TEN: usize = 9;

/// A window of fewer days shows no habit.
const WINDOW_DAYS_MIN: usize = 10;

/// Days in a row without events, in a busy account, region, or kind of events in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing<'a> {
    /// The account.
    pub account: AccountId,
    /// The region; `None` for all.
    pub region: Option<&'a str>,
    /// The kind of events; `None` for all.
    pub kind: Option<RowKind>,
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
}

/// The categories of events, resource types taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// Management events that read.
    ManagementRead,
    /// Management events that write, and those that do not say.
    ManagementWrite,
    /// Data events that read.
    DataRead,
    /// Data events that write, and those that do not say.
    DataWrite,
    /// Network activity.
    Network,
    /// Anything newer.
    Other,
}

impl RowKind {
    /// The row of a category.
    pub fn of(category: Category) -> Self {
        match category {
            Category::ManagementRead => Self::ManagementRead,
            Category::ManagementWrite | Category::ManagementUnknown => Self::ManagementWrite,
            Category::DataRead => Self::DataRead,
            Category::DataWrite | Category::DataUnknown => Self::DataWrite,
            Category::Network => Self::Network,
            Category::Other => Self::Other,
        }
    }

    /// The word for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ManagementRead => "management_read",
            Self::ManagementWrite => "management_write",
            Self::DataRead => "data_read",
            Self::DataWrite => "data_write",
            Self::Network => "network",
            Self::Other => "other",
        }
    }
}

/// Events by day of one account, region and kind.
pub type Row = BTreeMap<Day, u64>;

/// All rows, by account, region and kind. Cells without an account are left out: nobody's day is missing.
pub fn rows(coverage: &Coverage) -> BTreeMap<AccountId, BTreeMap<(&str, RowKind), Row>> {
    let mut rows: BTreeMap<AccountId, BTreeMap<_, Row>> = BTreeMap::new();
    for cell in coverage.cells() {
        let Some(account) = cell.account else { continue };
        let key = (cell.region, RowKind::of(cell.category));
        *rows.entry(account).or_default().entry(key).or_default().entry(cell.day).or_default() += cell.events;
    }
    rows
}

/// The missing days in a window, ordered. What is usual is learnt from the days that were `seen`, from the
/// first to the last event. All ends are included. Days on which a whole account is silent are not repeated
/// for its regions, nor those of a silent region for its kinds.
pub fn missing<'a>(
    rows: &BTreeMap<AccountId, BTreeMap<(&'a str, RowKind), Row>>,
    seen: (Day, Day),
    window: (Day, Day),
) -> Vec<Missing<'a>> {
    let mut found = Vec::new();
    for (&account, rows) in rows {
        let mut add = |region, kind, days: &[Day]| {
            found.extend(runs(days).map(|(first, last)| Missing { account, region, kind, first, last }));
        };
        let silent = empty_days(&sum(rows.values()), seen, window);
        add(None, None, &silent);
        let regions: BTreeSet<&str> = rows.keys().map(|(region, _)| *region).collect();
        for region in regions {
            let here = || rows.iter().filter(|((name, _), _)| *name == region);
            let mut without = silent.clone();
            let mut empty = empty_days(&sum(here().map(|(_, row)| row)), seen, window);
            empty.retain(|day| without.binary_search(day).is_err());
            add(Some(region), None, &empty);
            without.extend(empty);
            without.sort();
            for (&(_, kind), row) in here() {
                let mut empty = empty_days(row, seen, window);
                empty.retain(|day| without.binary_search(day).is_err());
                add(Some(region), Some(kind), &empty);
            }
        }
    }
    found.sort();
    found
}

/// Several rows as one.
fn sum<'r>(rows: impl Iterator<Item = &'r Row>) -> Row {
    let mut sum = Row::new();
    for (day, events) in rows.flatten() {
        *sum.entry(*day).or_default() += events;
    }
    sum
}

/// The days of the window without events, when the row is busy on the days that were seen.
fn empty_days(row: &Row, (first, last): (Day, Day), window: (Day, Day)) -> Vec<Day> {
    let days = (first.epoch_days()..=last.epoch_days()).count();
    let busy = row.range(first..=last.max(first)).filter(|(_, events)| **events >= BUSY_EVENTS).count();
    if days < WINDOW_DAYS_MIN || busy * 10 < days * BUSY_DAYS_OF_TEN {
        return Vec::new();
    }
    let window = window.0.epoch_days()..=window.1.epoch_days();
    window.map(Day::from_epoch_days).filter(|day| !row.contains_key(day)).collect()
}

/// Neighbouring days as pairs of first and last.
fn runs(days: &[Day]) -> impl Iterator<Item = (Day, Day)> {
    let follow = |a: &Day, b: &Day| a.epoch_days() + 1 == b.epoch_days();
    days.chunk_by(follow).filter_map(|run| Some((*run.first()?, *run.last()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `rows`: region and a digit for the tens of events of each day; `before`: days that are asked for and
    /// were not seen; `expect`: region and days.
    fn check_from(before: i32, rows: &[(&'static str, &str)], expect: &[(Option<&str>, i32, i32)]) {
        let account = AccountId::parse("111122223333").unwrap();
        let row = |text: &str| -> Row {
            let events = |letter: char| u64::from(letter.to_digit(10).unwrap()) * 10;
            (0..)
                .map(Day::from_epoch_days)
                .zip(text.chars().map(events))
                .filter(|(_, events)| *events > 0)
                .collect()
        };
        let length = i32::try_from(rows[0].1.len()).unwrap();
        let all = rows.iter().map(|(region, text)| ((*region, RowKind::DataRead), row(text))).collect();
        let seen = (Day::from_epoch_days(0), Day::from_epoch_days(length - 1));
        let window = (Day::from_epoch_days(-before), seen.1);
        let found: Vec<_> = missing(&BTreeMap::from([(account, all)]), seen, window)
            .into_iter()
            .map(|one| (one.region, one.first.epoch_days(), one.last.epoch_days()))
            .collect();
        assert_eq!(found, expect, "{rows:?}");
    }

    fn check(rows: &[(&'static str, &str)], expect: &[(Option<&str>, i32, i32)]) {
        check_from(0, rows, expect);
    }

    #[test]
    fn what_was_asked_for_and_not_delivered_is_missing() {
        check_from(50, &[("a", "11111111111111111111")], &[(None, -50, -1)]);
        check_from(50, &[("a", "10101010101010101010")], &[]);
    }

    #[test]
    fn only_a_busy_row_has_missing_days() {
        check(&[("a", "11111111111111111111")], &[]);
        check(&[("a", "11110011111111111111")], &[(None, 4, 5)]);
        check(&[("a", "11110110111111111111")], &[(None, 4, 4), (None, 7, 7)]);
        check(&[("a", "11100011111111111111")], &[]);
        check(&[("a", "111101111")], &[]);
        check(&[("a", "11111111111111111110")], &[(None, 19, 19)]);
        let other = "11111111111111111111";
        check(&[("a", "11110111111111111111"), ("b", other)], &[(Some("a"), 4, 4)]);
        check(
            &[("a", "11110111111111111101"), ("b", "11110111111111111111")],
            &[(None, 4, 4), (Some("a"), 18, 18)],
        );
        check(&[("a", other), ("b", "00000000000000000000"), ("c", "01000000000000000000")], &[]);
    }
}
