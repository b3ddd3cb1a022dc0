//! What definitions name for the roles that they hand over, folded: mergeable, the same in any order, and
//! bounded.

use super::Stats;
use crate::iam::arn;
use crate::trail::definitions::{self, Definition, Kind, References, Starts};
use crate::trail::event::Event;
use crate::trail::outcome::Outcome;
use std::collections::{BTreeMap, BTreeSet};

/// More distinct values than this at one path of one operation are widened: objects to their bucket, and
/// what is too many still, to "unknown".
const VALUES_MAX: usize = 64;

/// Roles and models that are kept; of more, those whose names come first.
const ACTORS_MAX: usize = 20_000;

/// What definitions say about roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    /// By the one who acts.
    pub needs: BTreeMap<Actor, BTreeMap<Need, Stats>>,
    /// The roles that models were made with: ARNs.
    pub models: BTreeMap<Model, BTreeSet<String>>,
    /// Definitions whose parameters are missing or cut, by the caller's account, `eventSource` and `eventName`.
    pub unreadable: BTreeMap<(String, String, String), Stats>,
    /// There were more than `ACTORS_MAX`: some roles' needs are not here.
    pub dropped: bool,
}

/// Who acts on what a definition names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// The role with this ARN.
    Role(String),
    /// The role that the model was made with.
    Model(Model),
}

/// A SageMaker model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model {
    /// The caller's account.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// The name, in lower case.
    pub name: String,
}

/// One thing that definitions of one kind name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    /// `eventSource` and `eventName`.
    pub event: (String, String),
    /// `awsRegion`.
    pub region: String,
    /// What it is.
    pub kind: Kind,
    /// How it is used; see [`definitions::Reference::used`].
    pub used: &'static str,
    /// Where it stands in the request.
    pub path: &'static str,
    /// When the role acts on it.
    pub starts: Starts,
    /// How far the value was widened.
    pub level: Level,
    /// The value in its one form ([`definitions::canonical`]); `None` when it is not known.
    pub value: Option<String>,
}

/// How far the values at one path were widened because they are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// As the definitions have them.
    Exact,
    /// Whole buckets.
    Bucket,
    /// Not kept at all.
    Unknown,
}

impl Definitions {
    /// Adds what an event defines. A call that failed defines nothing.
    pub(super) fn add(&mut self, definition: &Definition, event: &Event<'_>) {
        if Outcome::of(event) != Outcome::Authorized || !event.error_code.is_empty() {
            return;
        }
        let names = (event.source.to_string(), event.name.to_string());
        let account = event.identity.account.or(event.recipient_account);
        let account = account.map(|account| account.to_string()).unwrap_or_default();
        let References::Known(found) = definition.references(event) else {
            let key = (account, names.0, names.1);
            return self.unreadable.entry(key).or_default().add(event.time, &event.id);
        };
        let model = |name: &String| Model {
            account: account.clone(),
            region: event.region.to_string(),
            name: name.to_lowercase(),
        };
        let of_kind = |kind: Kind| found.iter().filter(move |one| one.kind == kind);
        let acting: BTreeSet<Model> =
            of_kind(Kind::Model).filter_map(|one| one.value.as_ref()).map(model).collect();
        for one in of_kind(Kind::MadeModel) {
            let roles = one.roles.iter().filter(|role| is_role(role)).cloned();
            if let Some(name) = &one.value {
                self.models.entry(model(name)).or_default().extend(roles);
            }
        }
        let mut needed = Vec::new();
        for one in found.iter().filter(|one| is_need(one.kind)) {
            let value =
                one.value.as_deref().and_then(|value| definitions::canonical(one.kind, one.used, value));
            let need = Need {
                event: names.clone(),
                region: event.region.to_string(),
                kind: one.kind,
                used: one.used,
                path: one.path,
                starts: definition.starts(),
                level: Level::Exact,
                value,
            };
            let roles = one.roles.iter().filter(|role| is_role(role)).map(|role| Actor::Role(role.clone()));
            let models = acting.iter().filter(|_| one.roles.is_empty()).cloned().map(Actor::Model);
            needed.extend(roles.chain(models).map(|actor| (actor, need.clone())));
        }
        // One event counts once, however often it names a thing.
        needed.sort_unstable();
        needed.dedup();
        for (actor, need) in needed {
            let needs = self.needs.entry(actor).or_default();
            if let Some(known) = needs.get_mut(&need) {
                // No new value, so nothing new is too many.
                known.add(event.time, &event.id);
                continue;
            }
            let mut stats = Stats::default();
            stats.add(event.time, &event.id);
            insert(needs, need.clone(), &stats);
            widen(needs, &need);
        }
        self.bound();
    }

    /// Adds another part.
    pub(super) fn merge(&mut self, other: Self) {
        self.dropped |= other.dropped;
        for (model, roles) in other.models {
            self.models.entry(model).or_default().extend(roles);
        }
        for (event, stats) in other.unreadable {
            self.unreadable.entry(event).or_default().merge(&stats);
        }
        for (actor, needs) in other.needs {
            let mine = self.needs.entry(actor).or_default();
            for (need, stats) in &needs {
                insert(mine, need.clone(), stats);
            }
            for need in needs.keys() {
                widen(mine, need);
            }
        }
        self.bound();
    }

    /// Keeps the first [`ACTORS_MAX`] by name: the first of the first are the first of all.
    fn bound(&mut self) {
        while self.needs.len() > ACTORS_MAX {
            self.needs.pop_last();
            self.dropped = true;
        }
        while self.models.len() > ACTORS_MAX {
            self.models.pop_last();
            self.dropped = true;
        }
    }
}

/// Does a role need permissions for a thing of this kind?
fn is_need(kind: Kind) -> bool {
    matches!(kind, Kind::S3In | Kind::S3Out | Kind::Image | Kind::KmsKey | Kind::Vpc | Kind::LogGroup)
}

/// Is it a role's ARN? Anything else names no role for certain.
fn is_role(text: &str) -> bool {
    arn::split(text).is_some_and(|parts| parts.service == "iam" && parts.resource.starts_with("role/"))
}

fn insert(needs: &mut BTreeMap<Need, Stats>, need: Need, stats: &Stats) {
    needs.entry(need).or_default().merge(stats);
}

/// Applies [`VALUES_MAX`] to the values at the path of `like`. What was widened once stays so, and the
/// number of distinct values only grows: the result is a function of the set of values alone.
fn widen(needs: &mut BTreeMap<Need, Stats>, like: &Need) {
    let same = |need: &Need| {
        (need.path, need.used, &need.region, &need.event) == (like.path, like.used, &like.region, &like.event)
    };
    let level_now =
        |needs: &BTreeMap<Need, Stats>| needs.keys().filter(|need| same(need)).map(|need| need.level).max();
    let crowded = |needs: &BTreeMap<Need, Stats>| needs.keys().filter(|need| same(need)).count() > VALUES_MAX;
    let mut level = level_now(needs).unwrap_or(Level::Exact);
    if level == Level::Exact && crowded(needs) {
        level = Level::Bucket;
    }
    raise(needs, same, level);
    if level == Level::Bucket && crowded(needs) {
        raise(needs, same, Level::Unknown);
    }
}

fn raise(needs: &mut BTreeMap<Need, Stats>, same: impl Fn(&Need) -> bool, level: Level) {
    if level == Level::Exact {
        return;
    }
    let low: Vec<Need> = needs.keys().filter(|need| same(need) && need.level < level).cloned().collect();
    for need in low {
        let Some(stats) = needs.remove(&need) else { continue };
        let value = match (level, &need.value) {
            (Level::Bucket, Some(value)) => definitions::whole_bucket(value).or_else(|| Some(value.clone())),
            _ => None,
        };
        insert(needs, Need { level, value, ..need }, &stats);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::AccountId;
    use crate::time::Timestamp;
    use crate::trail::request::RequestParameters;
    use proptest::prelude::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/r";

    fn added(jobs: &[(u16, u8)]) -> Definitions {
        let mut all = Definitions::default();
        for (number, bucket) in jobs {
            let request = format!(
                r#"{{"roleArn":"{ROLE}","outputDataConfig":{{"s3OutputPath":"s3://bucket-{bucket}/run-{number}/"}}}}"#
            );
            let event = Event {
                id: format!("{number}-{bucket}").into(),
                time: Timestamp::from_seconds(i64::from(*number)).unwrap(),
                source: "sagemaker.amazonaws.com".into(),
                name: "CreateTrainingJob".into(),
                region: "eu-west-1".into(),
                recipient_account: AccountId::parse("111122223333"),
                request: RequestParameters::from_raw(&request),
                ..Event::default()
            };
            all.add(Definition::new(&event.source, &event.name).unwrap(), &event);
        }
        all
    }

    fn outputs(all: &Definitions) -> Vec<Option<&str>> {
        let needs = all.needs.get(&Actor::Role(ROLE.into())).unwrap();
        needs.keys().filter(|need| need.kind == Kind::S3Out).map(|need| need.value.as_deref()).collect()
    }

    #[test]
    fn many_values_become_buckets_and_too_many_buckets_unknown() {
        let few: Vec<_> = (0..64).map(|number| (number, 0)).collect();
        assert_eq!(outputs(&added(&few)).len(), 64);
        let many: Vec<_> = (0..65).map(|number| (number, 0)).collect();
        assert_eq!(outputs(&added(&many)), [Some("s3://bucket-0/")]);
        let everywhere: Vec<_> = (0..70).map(|number| (u16::from(number), number)).collect();
        assert_eq!(outputs(&added(&everywhere)), [None]);
        let total: u64 =
            added(&everywhere).needs.values().flat_map(BTreeMap::values).map(|one| one.count).sum();
        assert_eq!(total, 140, "70 outputs, 70 times the log group");
    }

    proptest! {
        #[test]
        fn order_and_partition_do_not_matter(
            jobs in prop::collection::vec((0..40_u16, prop::sample::select(vec![0_u8, 0, 1, 2, 3, 90])), 0..200),
            wide in any::<bool>(),
            cut in any::<prop::sample::Index>(),
        ) {
            // Every job is another event; wide jobs also write to a bucket each.
            let jobs: Vec<(u16, u8)> = jobs
                .iter()
                .enumerate()
                .map(|(index, (number, bucket))| {
                    let index = u16::try_from(index).unwrap();
                    (number * 200 + index, if wide { u8::try_from(index).unwrap() } else { *bucket })
                })
                .collect();
            let at = cut.index(jobs.len() + 1);
            let mut merged = added(&jobs[at..]);
            let mut turned = jobs[..at].to_vec();
            turned.reverse();
            merged.merge(added(&turned));
            prop_assert_eq!(merged, added(&jobs));
        }
    }
}
