//! The condition keys that calls showed, folded: mergeable, the same in any order, and bounded.

use super::days::DaySet;
use crate::time::Day;
use crate::trail::condition_values::ConditionPaths;
use crate::trail::event::Event;
use std::collections::BTreeMap;

/// More distinct values of one key than this are not kept, only that there were more.
pub const VALUES_MAX: usize = 16;

/// Which calls a context is of: the authorized ones of one kind, region and forwarding service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextKey {
    /// `eventSource` and `eventName`.
    pub event: (String, String),
    /// `awsRegion`.
    pub region: String,
    /// The service that made the calls on the principal's behalf.
    pub via: Option<String>,
}

/// What the calls showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts {
    /// All calls.
    pub events: u64,
    /// By condition key.
    pub keys: BTreeMap<&'static str, Observed>,
}

/// What the calls showed of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Calls that showed it. What the others had is unknown.
    pub present: u64,
    /// The values, with the calls that had each; empty when they are too many.
    pub values: BTreeMap<String, Calls>,
    /// There were more than [`VALUES_MAX`] values.
    pub many: bool,
}

/// The calls that showed one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// How many.
    pub count: u64,
    /// The UTC days on which there was at least one.
    pub days: DaySet,
}

impl Contexts {
    /// Adds one call.
    pub(super) fn add(&mut self, event: &Event<'_>, paths: Option<&ConditionPaths>) {
        self.events += 1;
        let day = event.time.day();
        if !event.vpc_endpoint_id.is_empty() {
            self.observe("aws:SourceVpce", day, [&*event.vpc_endpoint_id]);
        }
        // Without it nothing can be proposed, so that it need not be kept.
        if event.identity.mfa == Some(true) {
            self.observe("aws:MultiFactorAuthPresent", day, ["true"]);
        }
        for (key, values) in paths.map(|paths| paths.values(event)).unwrap_or_default() {
            self.observe(key, day, values.iter().map(String::as_str));
        }
    }

    fn observe<'v>(&mut self, key: &'static str, day: Day, values: impl IntoIterator<Item = &'v str>) {
        let observed = self.keys.entry(key).or_default();
        observed.present += 1;
        for value in values {
            observed.add(value, |calls| {
                calls.count += 1;
                calls.days.insert(day);
            });
        }
    }

    /// Adds other calls of the same kind.
    pub(super) fn merge(&mut self, other: &Self) {
        self.events += other.events;
        for (key, theirs) in &other.keys {
            let mine = self.keys.entry(key).or_default();
            mine.present += theirs.present;
            if theirs.many {
                mine.give_up();
            }
            for (value, calls) in &theirs.values {
                mine.add(value, |mine| {
                    mine.count += calls.count;
                    mine.days.merge(&calls.days);
                });
            }
        }
    }
}

impl Observed {
    fn add(&mut self, value: &str, add: impl FnOnce(&mut Calls)) {
        if self.many {
            return;
        }
        if let Some(calls) = self.values.get_mut(value) {
            return add(calls);
        }
        let mut calls = Calls::default();
        add(&mut calls);
        self.values.insert(value.to_owned(), calls);
        if self.values.len() > VALUES_MAX {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        self.many = true;
        self.values.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(endpoints: &[u8]) -> Contexts {
        let mut all = Contexts::default();
        for number in endpoints {
            let id = if *number == 0 { String::new() } else { format!("vpce-{number}") };
            all.add(&Event { vpc_endpoint_id: id.into(), ..Event::default() }, None);
        }
        all
    }

    #[test]
    fn seventeen_values_are_too_many() {
        let sixteen: Vec<u8> = (1..=16).collect();
        assert_eq!(folded(&sixteen).keys["aws:SourceVpce"].values.len(), 16);
        let seventeen: Vec<u8> = (0..=17).collect();
        let observed = folded(&seventeen).keys["aws:SourceVpce"].clone();
        assert_eq!((observed.present, observed.values.len(), observed.many), (17, 0, true));
    }

    proptest! {
        #[test]
        fn order_and_partition_do_not_matter(
            endpoints in prop::collection::vec(0..22_u8, 0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let at = cut.index(endpoints.len() + 1);
            let mut turned = endpoints[..at].to_vec();
            turned.reverse();
            let mut merged = folded(&endpoints[at..]);
            merged.merge(&folded(&turned));
            prop_assert_eq!(merged, folded(&endpoints));
        }
    }
}
