//! Who did what: a mergeable summary of the events. Folding events in any order, on any number of
//! threads, and merging the parts gives the same summary.

pub mod contexts;
pub mod collapse;
pub mod days;
pub mod dedupe;
pub mod definitions;
mod event_id;
pub mod fold;
pub mod grant_changes;
mod kinds;
mod memo;
mod repeats;
mod rows;
mod tally;

pub use contexts::{ContextKey, Contexts};
pub use days::DaySet;
pub use dedupe::{Delivered, Seen, Sighting};
pub use definitions::Definitions;
pub use event_id::EventId;
pub use fold::Fold;
pub use grant_changes::GrantChanges;
pub(crate) use memo::Index;

use crate::iam::reference::ActionInfo;
use crate::time::Timestamp;
use crate::trail::identity::PrincipalKind;
use crate::trail::outcome::Outcome;
use crate::trail::passed_roles::RoleReference;
use collapse::collapse;
use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

/// How many event ids a summary row keeps as evidence: the latest ones.
pub const EVIDENCE_EVENTS_MAX: usize = 3;

/// How many distinct ARNs one call row keeps. Above it they collapse into patterns: the deepest directories
/// of their last name of which there are not more (`bucket/one/two/*`), else the last variable of their ARN
/// template becomes `*` (objects of a bucket, streams of a log group), and if these are too many still,
/// every name. The decision looks only at the set of ARNs, so it does not depend on the order of events.
pub const RESOURCES_MAX: usize = 1_000;

/// Everything that the events say, by principal.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// By identity; a re-created role of the same name is another identity.
    pub principals: BTreeMap<PrincipalKey, PrincipalUsage>,
    /// What the definitions of jobs and models name for the roles that they hand over.
    pub definitions: Definitions,
    /// IAM writes that may have given somebody a permission.
    pub grant_changes: GrantChanges,
}

/// What identifies a principal: the unique id where the log carries one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalKey {
    /// Role, user, root, service, …
    pub kind: PrincipalKind,
    /// The principal's own account; empty for services.
    pub account: String,
    /// `AROA…`, `AIDA…`, an account id for root, a service's name.
    pub id: String,
}

/// What one principal did.
#[derive(Clone, Debug, Default)]
pub struct PrincipalUsage {
    /// ARNs seen with this id: normally one; with the path unless [`Self::path_unknown`].
    pub arns: BTreeSet<String>,
    /// No event carried the session issuer, so the role's path is not known.
    pub path_unknown: bool,
    /// The plain name.
    pub name: String,
    /// All events of this principal, mapped or not, denied or not.
    pub events: Stats,
    /// Calls, by action and circumstances, then by resource.
    pub calls: BTreeMap<CallKey, BTreeMap<Resource, Stats>>,
    /// The condition keys that authorized calls showed.
    pub contexts: BTreeMap<ContextKey, Contexts>,
    /// What denial messages said, by action.
    pub denials: BTreeMap<DenialKey, Stats>,
    /// API calls that no table maps to an action, by (`eventSource`, `eventName`).
    pub unmapped: BTreeMap<(String, String), Stats>,
}

/// One kind of call: an action and its circumstances.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey {
    /// The IAM action that the call needed.
    pub action: ActionRef,
    /// How the action follows from the event.
    pub basis: Basis,
    /// How the call ended.
    pub outcome: Outcome,
    /// `awsRegion`.
    pub region: String,
    /// `eventSource` and `eventName`.
    pub event: (String, String),
    /// The service that made the call with the principal's own permissions (forward access session).
    pub via: Option<String>,
    /// For `iam:PassRole`: the service that the role was handed to.
    pub passed_to: Option<String>,
}

impl CallKey {
    /// What the calls of this kind showed of condition keys; kept of authorized calls only.
    pub fn context<'u>(&self, usage: &'u PrincipalUsage) -> Option<&'u Contexts> {
        let key =
            ContextKey { event: self.event.clone(), region: self.region.clone(), via: self.via.clone() };
        usage.contexts.get(&key)
    }
}

/// How an action follows from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The operation needs this action.
    Direct,
    /// The operation may need this action too, depending on its arguments.
    Secondary,
    /// `iam:PassRole`, derived from a role in the request.
    PassedRole,
}

/// What a call touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// The action knows no resources: IAM checks it against `*`.
    Star,
    /// The event does not tell. Unknown is never narrowed.
    Unknown,
    /// One resource.
    Arn(ResourceName),
    /// Several resources of a row that had more than [`RESOURCES_MAX`], as one pattern.
    Pattern(ResourceName),
    /// A role that was handed over and is named by its name or its instance profile only; a snapshot
    /// tells which role that is.
    Role(RoleReference),
}

/// A resource with its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName {
    /// The resource type of the service reference, `object` or `role`.
    pub kind: &'static str,
    /// The ARN, or the pattern that stands for many.
    pub arn: String,
    /// All resource types that the action always checks were in the event.
    pub complete: bool,
}

/// What the message of a refusal says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DenialKey {
    /// `eventSource` and `eventName` of the refused call.
    pub event: (String, String),
    /// The action that the message names, as it names it; empty when it names none.
    pub action: String,
    /// The resource that the message names; empty when it names none.
    pub resource: String,
    /// The kind of policy that the message blames; empty when it blames none.
    pub policy_type: String,
}

/// Count, span, days and evidence of a set of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Distinct events.
    pub count: u64,
    /// The first and the last event's time.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The UTC days on which there was at least one.
    pub days: DaySet,
    /// Ids of the latest events, latest first; at most [`EVIDENCE_EVENTS_MAX`].
    pub evidence: Vec<(Timestamp, EventId)>,
}

/// An action of the service reference, compared by service and name.
#[derive(Clone, Copy, Debug)]
pub struct ActionRef(pub &'static ActionInfo);

impl Usage {
    /// Adds another part of the summary.
    pub fn merge(&mut self, other: Self) {
        self.merge_within(other, RESOURCES_MAX);
    }

    /// [`Self::merge`] with fewer or more resources than [`RESOURCES_MAX`].
    pub(crate) fn merge_within(&mut self, other: Self, resources_max: usize) {
        self.definitions.merge(other.definitions);
        self.grant_changes.merge(other.grant_changes);
        for (key, usage) in other.principals {
            match self.principals.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(usage);
                }
                Entry::Occupied(mut place) => place.get_mut().merge(usage, resources_max),
            }
        }
    }
}

impl Usage {
    /// The same with all counts of calls 0: what records show of calls that others are counted for.
    #[must_use]
    pub fn uncounted(mut self) -> Self {
        self.principals.values_mut().flat_map(PrincipalUsage::stats).for_each(|stats| stats.count = 0);
        self
    }

    /// Counts one call where nothing but [`Self::uncounted`] ones were added.
    pub fn count_all(&mut self) {
        let uncounted = self.principals.values_mut().flat_map(PrincipalUsage::stats);
        uncounted.filter(|stats| stats.count == 0).for_each(|stats| stats.count = 1);
    }
}

impl PrincipalUsage {
    /// All numbers of calls.
    fn stats(&mut self) -> impl Iterator<Item = &mut Stats> {
        let calls = self.calls.values_mut().flat_map(BTreeMap::values_mut);
        let others = self.denials.values_mut().chain(self.unmapped.values_mut());
        std::iter::once(&mut self.events).chain(calls).chain(others)
    }

    /// Adds what the same principal did elsewhere.
    pub fn add(&mut self, other: Self) {
        self.merge(other, RESOURCES_MAX);
    }

    fn merge(&mut self, other: Self, resources_max: usize) {
        self.arns.extend(other.arns);
        self.path_unknown |= other.path_unknown;
        if self.name.is_empty() || (!other.name.is_empty() && other.name < self.name) {
            self.name = other.name;
        }
        self.events.merge(&other.events);
        for (key, resources) in other.calls {
            let mine = self.calls.entry(key).or_default();
            for (resource, stats) in resources {
                match mine.entry(resource) {
                    Entry::Vacant(place) => {
                        place.insert(stats);
                    }
                    Entry::Occupied(mut place) => place.get_mut().merge(&stats),
                }
            }
            collapse(mine, resources_max);
        }
        for (key, contexts) in other.contexts {
            self.contexts.entry(key).or_default().merge(&contexts);
        }
        for (key, stats) in other.denials {
            self.denials.entry(key).or_default().merge(&stats);
        }
        for (key, stats) in other.unmapped {
            self.unmapped.entry(key).or_default().merge(&stats);
        }
    }

    /// Calls that ended in a given way.
    pub fn calls_with(
        &self,
        outcome: Outcome,
    ) -> impl Iterator<Item = (&CallKey, &BTreeMap<Resource, Stats>)> {
        self.calls.iter().filter(move |(key, _)| key.outcome == outcome)
    }
}

impl Stats {
    /// Adds one event.
    pub fn add(&mut self, time: Timestamp, event_id: &str) {
        self.count += 1;
        self.span = Some(match self.span {
            Some((first, last)) => (first.min(time), last.max(time)),
            None => (time, time),
        });
        self.days.insert(time.day());
        self.offer(time, &EventId::new(event_id));
    }

    /// Was there an event before a point in time? With `None` there was.
    pub fn begins_before(&self, end: Option<Timestamp>) -> bool {
        end.is_none_or(|end| self.span.is_some_and(|(first, _)| first < end))
    }

    /// Adds the events of another set.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.span = match (self.span, other.span) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        self.days.merge(&other.days);
        for (time, id) in &other.evidence {
            self.offer(*time, id);
        }
    }

    /// Keeps the latest events; among equal times the larger id, so that the choice is the same in any order.
    fn offer(&mut self, time: Timestamp, id: &EventId) {
        if self.evidence.len() >= EVIDENCE_EVENTS_MAX
            && self.evidence.last().is_some_and(|(t, i)| (*t, i) >= (time, id))
        {
            return;
        }
        let place = self.evidence.partition_point(|(t, i)| (*t, i) > (time, id));
        if place >= EVIDENCE_EVENTS_MAX
            || self.evidence.get(place).is_some_and(|(t, i)| *t == time && i == id)
        {
            return;
        }
        if self.evidence.is_empty() {
            // Most rows never see a second event.
            self.evidence.reserve_exact(1);
        }
        self.evidence.truncate(EVIDENCE_EVENTS_MAX - 1);
        self.evidence.insert(place, (time, id.clone()));
    }
}

impl Resource {
    /// The ARN or pattern, when there is one.
    pub fn name(&self) -> Option<&ResourceName> {
        match self {
            Self::Arn(name) | Self::Pattern(name) => Some(name),
            Self::Star | Self::Unknown | Self::Role(_) => None,
        }
    }
}

impl PartialEq for ActionRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0) || self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ActionRef {}

impl PartialOrd for ActionRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ActionRef {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.service, self.0.name).cmp(&(other.0.service, other.0.name))
    }
}

impl Hash for ActionRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0.service, self.0.name).hash(state);
    }
}

#[cfg(test)]
mod tests;
