//! Backtest of proposals: made from what was seen before a split, would one have refused what came after it?

use crate::iam::glob;
use crate::time::Day;
use crate::usage::{ActionRef, DaySet};
use std::collections::BTreeSet;

/// What calls showed, or definitions named, for one action, and when.
#[derive(Clone, Debug)]
pub(super) struct Sighting<'u> {
    pub(super) action: ActionRef,
    /// The value of the condition key, or the resource.
    pub(super) value: String,
    pub(super) days: &'u DaySet,
}

/// How a proposal would have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tested {
    /// It would have refused nothing; the first days of the parts that were replayed.
    Held(Vec<Day>),
    /// It would have refused a later call.
    Broken,
    /// No split has sightings of the same action on both sides.
    Not,
}

/// Tests a proposal that admits what the sightings before a split named. An action that was not seen before
/// the split would not have been in the proposal. `patterns` says that values are resources, which may be
/// patterns that cover later ones.
pub(super) fn test(sightings: &[Sighting<'_>], splits: &[Day], patterns: bool) -> Tested {
    let mut held = Vec::new();
    for split in splits {
        let is_before = |one: &&Sighting<'_>| one.days.iter().any(|day| day < *split);
        let before: Vec<&Sighting<'_>> = sightings.iter().filter(is_before).collect();
        let actions: BTreeSet<ActionRef> = before.iter().map(|one| one.action).collect();
        let known: BTreeSet<&str> = before.iter().map(|one| one.value.as_str()).collect();
        let is_after =
            |one: &&Sighting<'_>| actions.contains(&one.action) && one.days.iter().any(|day| day >= *split);
        let mut after = sightings.iter().filter(is_after).peekable();
        if after.peek().is_none() {
            continue;
        }
        let admitted = |one: &Sighting<'_>| {
            known.contains(one.value.as_str())
                || (patterns && known.iter().any(|pattern| glob::covers(pattern, &one.value)))
        };
        if !after.all(admitted) {
            return Tested::Broken;
        }
        held.push(*split);
    }
    if held.is_empty() { Tested::Not } else { Tested::Held(held) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::reference::reference;

    fn days(list: &[i32]) -> DaySet {
        let mut days = DaySet::default();
        for day in list {
            days.insert(Day::from_epoch_days(*day));
        }
        days
    }

    /// Sightings as (action, value, days), tested at days 10 and 20.
    fn check(list: &[(&str, &str, &[i32])], patterns: bool, expect: &Tested) {
        let days: Vec<DaySet> = list.iter().map(|(.., on)| days(on)).collect();
        let sightings: Vec<Sighting<'_>> = list
            .iter()
            .zip(&days)
            .map(|((action, value, _), days)| Sighting {
                action: ActionRef(reference().action_named(action).unwrap()),
                value: (*value).to_owned(),
                days,
            })
            .collect();
        let splits = [10, 20].map(Day::from_epoch_days);
        assert_eq!(test(&sightings, &splits, patterns), *expect, "{list:?}");
    }

    #[test]
    fn what_was_seen_before_admits_the_same_later() {
        let held =
            |splits: &[i32]| Tested::Held(splits.iter().map(|day| Day::from_epoch_days(*day)).collect());
        let (get, put) = ("s3:GetObject", "s3:PutObject");
        check(&[(get, "a", &[1, 25])], false, &held(&[10, 20]));
        check(&[(get, "a", &[1, 10])], false, &held(&[10]));
        check(&[(get, "a", &[1, 9])], false, &Tested::Not);
        check(&[(get, "a", &[20, 30])], false, &Tested::Not);
        check(&[], false, &Tested::Not);
        check(&[(get, "a", &[1, 25]), (get, "b", &[12])], false, &Tested::Broken);
        check(&[(get, "a", &[1, 25]), (get, "b", &[22])], false, &Tested::Broken);
        // The union of all actions is proposed for each.
        check(&[(get, "a", &[1, 25]), (put, "b", &[1]), (put, "a", &[22])], false, &held(&[10, 20]));
        // An action that is new after every split would not have been limited.
        check(&[(get, "a", &[1, 25]), (put, "b", &[22])], false, &held(&[10, 20]));
        check(&[(get, "arn:aws:s3:::b/*", &[1]), (get, "arn:aws:s3:::b/x", &[22])], true, &held(&[10, 20]));
        check(&[(get, "a*", &[1]), (get, "ab", &[22])], false, &Tested::Broken);
    }
}
