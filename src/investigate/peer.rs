//! Rarity among peers: what many do for the first time in the same weeks is a change of the place, not of a
//! person: a new version of an SDK, a workshop, people who take turns.

use super::Rule;
use super::event::Actor;
use super::hit::Hit;
use crate::query::Need;
use std::collections::{BTreeMap, BTreeSet};

/// With fewer peers a share says nothing.
const PEERS_MIN: usize = 5;

/// How many principals, with the person behind the session where one is known, each rule found, and how many used
/// AI services at all after the baseline.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    active: usize,
    found: BTreeMap<usize, usize>,
}

impl Peers {
    /// Counts the actors of the hits. Only rules that compare with the baseline count: what is bad in itself
    /// does not get better by being frequent.
    pub fn new<'h>(
        rules: &[Rule],
        hits: impl IntoIterator<Item = (&'h Hit, &'h Actor)>,
        active: usize,
    ) -> Self {
        let mut actors: BTreeMap<usize, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for (hit, actor) in hits {
            if rules.get(hit.rule).is_some_and(|rule| rule.header.needs.contains(&Need::Baseline)) {
                actors.entry(hit.rule).or_default().insert((&actor.key, &actor.human));
            }
        }
        Self { active, found: actors.into_iter().map(|(rule, actors)| (rule, actors.len())).collect() }
    }

    /// A rule's weight, times the share of peers for which the rule is silent, and why it is less.
    pub fn lowered(&self, rule: usize, weight: u32) -> (u32, Option<String>) {
        let others = self.found.get(&rule).copied().unwrap_or_default().saturating_sub(1);
        let peers = self.active.saturating_sub(1);
        if peers < PEERS_MIN || others == 0 {
            return (weight, None);
        }
        let others = others.min(peers);
        let kept = usize::try_from(weight).unwrap_or_default() * (peers - others) / peers;
        let why = format!("{others} of {peers} other principals with AI services have it too");
        (u32::try_from(kept).unwrap_or_default(), Some(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_do_counts_less() {
        let peers = |active: usize, found: usize| Peers { active, found: BTreeMap::from([(0, found)]) };
        for (active, found, expect) in [
            (11, 1, 40),
            (11, 2, 36),
            (11, 6, 20),
            (11, 11, 0),
            (5, 5, 40),
            (6, 2, 32),
            (6, 20, 0),
            (0, 0, 40),
        ] {
            let (weight, why) = peers(active, found).lowered(0, 40);
            assert_eq!((weight, why.is_some()), (expect, expect < 40), "{active} {found}");
        }
        assert_eq!(peers(11, 11).lowered(1, 40).0, 40);
    }
}
