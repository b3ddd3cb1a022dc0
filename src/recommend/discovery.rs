//! Watched long enough? When each need was first seen, and how many are likely not seen yet.
//!
//! The days on which a principal made calls are the samples, as in the counting of species: what was met on
//! one day only tells how much was not met at all.

use crate::drift::credit::{self, Use};
use crate::time::Day;
use crate::trail::outcome::Outcome;
use crate::trail::resource_map::is_stable;
use crate::usage::fold::{Level, widened};
use crate::usage::{ActionRef, Basis, DaySet, PrincipalUsage, Resource};
use std::collections::BTreeMap;

use super::inventory::type_of;

/// What one principal needed, over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Days with calls that were allowed.
    pub days: u64,
    /// Over actions.
    pub actions: Estimate,
    /// Over pairs of an action and a scope: a resource that lasts, or the parent of those made anew.
    pub scopes: Estimate,
    /// Days on which a pair was seen for the first time, with the number of pairs seen until then.
    pub curve: Vec<(Day, usize)>,
}

/// What the samples say about the unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// How many were seen.
    pub seen: u64,
    /// How many of them on one day only.
    pub once: u64,
    /// How many of them on two days.
    pub twice: u64,
    /// How many more there are at least, rounded up. Chao2, corrected for bias:
    /// `(m-1)/m · once·(once-1) / (2·(twice+1))` for `m` days (A. Chao, "Estimating the population size for
    /// capture-recapture data with unequal catchability", Biometrics 43, 1987; in this form in R. K.
    /// Colwell, `EstimateS` user's guide, appendix B).
    pub unseen_min: u64,
    /// Of a hundred needs of a coming day, how many will be new, rounded up: `once / uses`, where `uses`
    /// counts each need on each of its days (I. J. Good, "The population frequencies of species and the
    /// estimation of population parameters", Biometrika 40, 1953).
    pub new_percent: u64,
}

impl Estimate {
    /// From the days of each need, sampled on `days` days.
    fn of<'d>(needs: impl Iterator<Item = &'d DaySet>, days: u64) -> Self {
        let (mut seen, mut once, mut twice, mut uses) = (0_u64, 0_u64, 0_u64, 0_u64);
        for need in needs {
            let count = need.count();
            seen += 1;
            once += u64::from(count == 1);
            twice += u64::from(count == 2);
            uses += count;
        }
        let (m, q1, q2) = (u128::from(days), u128::from(once), u128::from(twice));
        let unseen = (m.saturating_sub(1) * q1 * q1.saturating_sub(1)).div_ceil((2 * m * (q2 + 1)).max(1));
        Self {
            seen,
            once,
            twice,
            unseen_min: u64::try_from(unseen).unwrap_or(u64::MAX),
            new_percent: (100 * once).div_ceil(uses.max(1)),
        }
    }
}

impl Discovery {
    /// What the calls of a principal show.
    pub fn of(usage: &PrincipalUsage) -> Self {
        let mut all = DaySet::default();
        let mut actions: BTreeMap<ActionRef, DaySet> = BTreeMap::new();
        let mut scopes: BTreeMap<(ActionRef, String), DaySet> = BTreeMap::new();
        for row in credit::uses(usage).filter(is_need) {
            all.merge(&row.stats.days);
            actions.entry(row.call.action).or_default().merge(&row.stats.days);
            scopes.entry((row.call.action, scope(&row))).or_default().merge(&row.stats.days);
        }
        let mut firsts: BTreeMap<Day, usize> = BTreeMap::new();
        for first in scopes.values().filter_map(|days| days.iter().next()) {
            *firsts.entry(first).or_default() += 1;
        }
        let days = all.count();
        let curve = firsts.into_iter().scan(0, |seen, (day, new)| {
            *seen += new;
            Some((day, *seen))
        });
        Self {
            days,
            actions: Estimate::of(actions.values(), days),
            scopes: Estimate::of(scopes.values(), days),
            curve: curve.collect(),
        }
    }
}

/// Is the row a call that was allowed and needed its action for certain?
pub(super) fn is_need(row: &Use<'_>) -> bool {
    row.call.outcome == Outcome::Authorized && row.call.basis != Basis::Secondary
}

fn scope(row: &Use<'_>) -> String {
    match row.resource {
        Resource::Arn(name) | Resource::Pattern(name) => {
            let (service, kind) = type_of(name);
            if is_stable(service, kind) {
                return name.arn.clone();
            }
            widened(row.resource.clone(), Level::LastName)
                .name()
                .map_or_else(String::new, |one| one.arn.clone())
        }
        Resource::Star => "*".to_owned(),
        Resource::Unknown | Resource::Role(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(needs: &[&[i32]], days: u64, expect: (u64, u64, u64, u64, u64)) {
        let sets: Vec<DaySet> = needs
            .iter()
            .map(|days| {
                let mut set = DaySet::default();
                days.iter().for_each(|day| set.insert(Day::from_epoch_days(*day)));
                set
            })
            .collect();
        let found = Estimate::of(sets.iter(), days);
        let found = (found.seen, found.once, found.twice, found.unseen_min, found.new_percent);
        assert_eq!(found, expect, "{needs:?}");
    }

    #[test]
    fn what_was_seen_once_tells_of_the_unseen() {
        check(&[], 0, (0, 0, 0, 0, 0));
        // Everything came again and again: nothing is missing.
        check(&[&[1, 2, 3], &[1, 2, 3, 4]], 4, (2, 0, 0, 0, 0));
        // 9/10 · 3·2 / (2·2) = 1.35; 3 of 3·1 + 2 + 10 uses.
        check(&[&[1], &[2], &[3], &[4, 5], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]], 10, (5, 3, 1, 2, 20));
        // A single day tells nothing about the number, and all about being new.
        check(&[&[1], &[1]], 1, (2, 2, 0, 0, 100));
    }
}
