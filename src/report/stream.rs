//! JSON that is written while it is made: a summary of a million rows need not be in memory twice.

use crate::time::Timestamp;
use crate::usage::{EventId, Stats};
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// A list whose elements are made one by one.
pub(super) struct Listed<F>(pub(super) F);

impl<F, I> Serialize for Listed<F>
where
    F: Fn() -> I,
    I: IntoIterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Something by its text.
pub(super) struct Shown<T>(pub(super) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// How often and when, as all forms have it.
#[derive(Serialize)]
pub(super) struct StatsForm<'a> {
    count: u64,
    first: Option<Shown<Timestamp>>,
    last: Option<Shown<Timestamp>>,
    days: u64,
    evidence: Vec<&'a EventId>,
}

impl<'a> StatsForm<'a> {
    pub(super) fn of(stats: &'a Stats) -> Self {
        let (first, last) = stats.span.unzip();
        Self {
            count: stats.count,
            first: first.map(Shown),
            last: last.map(Shown),
            days: stats.days.count(),
            evidence: stats.evidence.iter().map(|(_, id)| id).collect(),
        }
    }
}
