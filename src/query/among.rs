//! Rows of a table that a question is about, looked up before SQL sees the table: a join with a list of values says
//! the same, but reads the whole table first.

use super::scan::{Cells, Rows, Scan};
use crate::tables::chunk::{Ids, Numbers, Strings};
use polars::prelude::{PolarsResult, polars_err};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Those rows that have one of the values in one of the columns.
#[derive(Clone, Debug)]
pub struct Among {
    /// The table.
    pub table: &'static str,
    /// One of these columns has one of the values.
    pub columns: &'static [&'static str],
    /// The values.
    pub values: Values,
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
    /// Does a second lie in one of them?
    pub fn contain(&self, second: i64) -> bool {
        let behind = self.0.partition_point(|(from, _)| *from <= second);
        behind.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| second <= *to)
    }
}

/// A column and what is looked for in it.
enum Test<'t> {
    Words(&'t [Ids], Vec<bool>),
    Windows(&'t [Ids], Vec<Option<&'t Windows>>, &'t [Numbers]),
    Texts(&'t [Strings], &'t Set<String>),
    Numbers(&'t [Numbers], &'t Set<i64>),
}

impl Scan {
    /// The rows for which everything holds.
    pub(super) fn among(&self, all: &[&Among]) -> PolarsResult<Rows> {
        let narrow = |rows: PolarsResult<Rows>, one: &&Among| self.narrow(rows?, one.columns, &one.values);
        all.iter().fold(Ok(self.all()), narrow)
    }

    /// Those of the rows that have one of the values in one of the columns.
    pub(super) fn narrow(&self, rows: Rows, columns: &[&str], values: &Values) -> PolarsResult<Rows> {
        let tests = columns.iter().map(|name| self.test(name, values));
        let tests: Vec<Test<'_>> = tests.collect::<PolarsResult<_>>()?;
        let one = |(chunk, kept): (usize, Option<Vec<u32>>)| {
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
                Test::Windows(ids, words.iter().map(|word| windows.get(word?)).collect(), times)
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
    #[inline]
    fn holds(&self, chunk: usize, row: usize, room: &mut String) -> Option<bool> {
        Some(match self {
            Self::Words(ids, wanted) => *wanted.get(ids.get(chunk)?.get(row) as usize)?,
            Self::Windows(ids, windows, times) => {
                let windows = (*windows.get(ids.get(chunk)?.get(row) as usize)?)?;
                windows.contain(times.get(chunk)?.get(row)?)
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
    }
}
