//! Rows of a table that a question is about, looked up before SQL sees the table: a join with a list of values says
//! the same, but reads the whole table first.

use super::scan::{Cells, Narrow, Rows, Scan};
use crate::tables::chunk::{Ids, Numbers, Strings};
use polars::prelude::{PolarsResult, polars_err};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Those rows that have one of the values in one of the columns.
#[derive(Clone, Debug)]
pub struct Among {
    /// The table.
    pub table: &'static str,
    /// One of these columns has one of the values.
    pub columns: &'static [&'static str],
    /// The values.
    pub values: Arc<Values>,
}

impl Among {
    pub(super) fn narrow(&self) -> Narrow {
        let columns = self.columns.iter().map(|name| (*name).to_owned()).collect();
        Narrow { columns, values: Arc::clone(&self.values) }
    }
}

/// Values to look up; nobody iterates over them.
#[expect(clippy::disallowed_types, reason = "nothing depends on its order")]
pub type Set<T> = std::collections::HashSet<T, foldhash::fast::RandomState>;

/// Values of a column.
#[derive(Clone, Debug)]
pub enum Values {
    /// Of one with texts.
    Texts(Set<String>),
    /// Of one with numbers.
    Numbers(Set<i64>),
    /// Of one with texts, in rows of which the column `ts` lies in one of the text's windows: first and last second.
    Windows(BTreeMap<String, Windows>),
}

/// Windows of time, each its first and last second; sorted, none overlaps another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows(Vec<(i64, i64)>);

impl FromIterator<(i64, i64)> for Windows {
    /// Those that overlap become one.
    fn from_iter<I: IntoIterator<Item = (i64, i64)>>(windows: I) -> Self {
        let mut all: Vec<(i64, i64)> = windows.into_iter().collect();
        all.sort_unstable();
        let mut whole: Vec<(i64, i64)> = Vec::new();
        for (from, to) in all {
            match whole.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => whole.push((from, to)),
            }
        }
        Self(whole)
    }
}

impl Windows {
    /// All windows of one key together.
    pub fn by_key<K: Ord>(windows: impl IntoIterator<Item = (K, i64, i64)>) -> BTreeMap<K, Self> {
        let mut all: BTreeMap<K, Vec<(i64, i64)>> = BTreeMap::new();
        for (key, from, to) in windows {
            all.entry(key).or_default().push((from, to));
        }
        all.into_iter().map(|(key, windows)| (key, windows.into_iter().collect())).collect()
    }

    /// Does one of them have a second of this span?
    fn meet(&self, first: i64, last: i64) -> bool {
        let behind = self.0.partition_point(|(from, _)| *from <= last);
        behind.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| first <= *to)
    }

    /// Does a second lie in one of them?
    pub fn contain(&self, second: i64) -> bool {
        let behind = self.0.partition_point(|(from, _)| *from <= second);
        behind.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| second <= *to)
    }
}

/// A column and what is looked for in it.
enum Test<'t> {
    Words(&'t [Ids], Vec<bool>),
    Windows(Moments<'t>),
    Texts(&'t [Strings], &'t Set<String>),
    Numbers(&'t [Numbers], &'t Set<i64>),
}

/// Words, each with its windows, in chunks of rows that come by time.
struct Moments<'t> {
    ids: &'t [Ids],
    windows: Vec<Option<&'t Windows>>,
    times: &'t [Numbers],
    /// The windows of all words.
    all: Windows,
}

impl Scan {
    /// Those of the rows that have one of the values in one of the columns.
    pub(super) fn narrow(&self, rows: Rows, by: &Narrow) -> PolarsResult<Rows> {
        let tests = by.columns.iter().map(|name| self.test(name, &by.values));
        let tests: Vec<Test<'_>> = tests.collect::<PolarsResult<_>>()?;
        let one = |(chunk, kept): (usize, Option<Vec<u32>>)| {
            if !tests.iter().any(|test| test.may_hold(chunk)) {
                return Some(Vec::new());
            }
            let mut room = String::new();
            let mut holds = |row: &u32| {
                tests.iter().any(|test| test.holds(chunk, *row as usize, &mut room) == Some(true))
            };
            Some(match kept {
                Some(mut kept) => {
                    kept.retain(&mut holds);
                    kept
                }
                None => (0..).take(self.part(chunk, None).rows).filter(&mut holds).collect(),
            })
        };
        Ok(rows.into_par_iter().enumerate().map(one).collect())
    }

    /// Has the table a column in which such values can be looked up?
    pub(super) fn has(&self, column: &str, values: &Values) -> bool {
        let cells = self.column(column).map(|column| &column.cells);
        matches!(
            (cells, values),
            (Ok(Cells::Words { .. } | Cells::Texts(_)), Values::Texts(_))
                | (Ok(Cells::Numbers(_)), Values::Numbers(_))
        )
    }

    fn test<'t>(&'t self, name: &str, values: &'t Values) -> PolarsResult<Test<'t>> {
        Ok(match (&self.column(name)?.cells, values) {
            (Cells::Words { ids, words }, Values::Texts(texts)) => {
                let wanted = words.iter().map(|word| word.is_some_and(|word| texts.contains(word)));
                Test::Words(ids, wanted.collect())
            }
            (Cells::Words { ids, words }, Values::Windows(windows)) => {
                let Cells::Numbers(times) = &self.column("ts")?.cells else { return Err(unfit("ts")) };
                let all = windows.values().flat_map(|windows| windows.0.iter().copied()).collect();
                let windows = words.iter().map(|word| windows.get(word?)).collect();
                Test::Windows(Moments { ids, windows, times, all })
            }
            (Cells::Texts(all), Values::Texts(texts)) => Test::Texts(all, texts),
            (Cells::Numbers(all), Values::Numbers(numbers)) => Test::Numbers(all, numbers),
            _ => return Err(unfit(name)),
        })
    }
}

fn unfit(name: &str) -> polars::prelude::PolarsError {
    polars_err!(SchemaMismatch: "the column `{name}` has values of another kind")
}

impl Test<'_> {
    /// May it hold for a row of a chunk?
    fn may_hold(&self, chunk: usize) -> bool {
        let Self::Windows(Moments { times, all, .. }) = self else { return true };
        let Some(times) = times.get(chunk) else { return false };
        let (first, last) = (times.get(0), times.get(times.len().saturating_sub(1)));
        first.zip(last).is_none_or(|(first, last)| all.meet(first, last))
    }

    #[inline]
    fn holds(&self, chunk: usize, row: usize, room: &mut String) -> Option<bool> {
        Some(match self {
            Self::Words(ids, wanted) => *wanted.get(ids.get(chunk)?.get(row) as usize)?,
            Self::Windows(moments) => {
                let windows = (*moments.windows.get(moments.ids.get(chunk)?.get(row) as usize)?)?;
                windows.contain(moments.times.get(chunk)?.get(row)?)
            }
            Self::Texts(all, texts) => texts.contains(all.get(chunk)?.get(row, room)),
            Self::Numbers(all, numbers) => numbers.contains(&all.get(chunk)?.get(row)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_do_not_overlap() {
        let windows: Windows = [(5, 9), (20, 30), (0, 3), (2, 4), (9, 11), (30, 30)].into_iter().collect();
        assert_eq!(windows.0, [(0, 4), (5, 11), (20, 30)]);
        let inside: Vec<i64> = (-1..33).filter(|second| windows.contain(*second)).collect();
        assert_eq!(inside, (0..12).chain(20..31).collect::<Vec<_>>());
        assert!(!Windows::default().contain(0));
        let met = |first: i64, last: i64| (first..=last).any(|second| windows.contain(second));
        for first in -1..33 {
            assert!((first..34).all(|last| windows.meet(first, last) == met(first, last)), "{first}");
        }
    }
}
