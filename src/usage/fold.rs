//! Folds one event after the other into a summary; one fold a thread, merged at the end.
//!
//! Most events repeat: the same caller, the same kind of call, often the same resource. What was found out
//! once is remembered by the bytes that it depends on, and compared in full, never by a hash alone.

use super::collapse::{collapse, widened_by};
use super::grant_changes::GrantChanges;
use super::kinds::EventKind;
use super::memo::{self, Index, Memo, Numbers, Texts};
use super::repeats::Repeats;
use super::rows::Rows;
use super::tally::{Counted, Tallies};
use super::{
    ActionRef, Basis, CallKey, ContextKey, Contexts, Definitions, DenialKey, PrincipalKey, PrincipalUsage,
    RESOURCES_MAX, Resource, ResourceName, Stats, Usage,
};
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::{AccountId, arn, arn_template};
use crate::trail::action_map::Mapping;
use crate::trail::event::{Event, EventType, UserIdentity};
use crate::trail::identity::{self, Principal};
use crate::trail::outcome::{Denial, Outcome, PolicyType};
use crate::trail::passed_roles::{PassedRole, PassedRoles, RoleReference};
use crate::trail::resource_map::{Call, Resources};
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// Callers that are remembered; there is a new one for every session.
const IDENTITIES_MAX: usize = 1 << 14;

/// Callers that are remembered by their number alone.
const NUMBERS_MAX: usize = 1 << 10;

pub use super::collapse::Level;

/// A growing summary.
#[derive(Debug)]
pub struct Fold {
    resources_max: usize,
    /// `userIdentity` to the index of its principal.
    identities: Memo,
    /// The number of a `userIdentity` and what it says; a number has one place.
    numbers: Vec<Option<(NonZeroU64, Caller)>>,
    index: BTreeMap<PrincipalKey, usize>,
    /// With the number of the tally of all their events.
    principals: Vec<(PrincipalUsage, usize)>,
    /// `eventSource` and `eventName` to the index of what the tables say about them.
    event_names: Index,
    events: Vec<EventKind>,
    /// Regions and services that call on somebody's behalf.
    texts: Texts,
    /// To the index of the group.
    group_keys: Numbers<GroupKey>,
    groups: Vec<Group>,
    repeats: Repeats,
    tallies: Tallies,
    /// The tallies that the call at hand counted in; kept for its memory.
    touched: Vec<usize>,
    definitions: Definitions,
    grant_changes: GrantChanges,
    key: Vec<u8>,
}

/// What a `userIdentity` says.
#[derive(Clone, Copy, Debug)]
struct Caller {
    /// The index of the principal.
    principal: usize,
    /// The number of the text of the partition in its ARN.
    partition: usize,
}

/// What the events of a group have in common: principal and kind of event, how they ended, the region, the
/// service through which the call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct GroupKey {
    principal: usize,
    event: usize,
    outcome: Outcome,
    /// The number of its text, as that of `via`.
    region: usize,
    via: Option<usize>,
}

/// All events of one principal and kind that ended alike, in one region, made directly or through one
/// service.
#[derive(Debug)]
struct Group {
    key: GroupKey,
    calls: Vec<Calls>,
    contexts: Contexts,
    unmapped: Stats,
}

#[derive(Debug)]
struct Calls {
    of: Of,
    rows: Rows,
}

/// What calls of a group are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// The number of a bundle of actions.
    Bundle(usize),
    /// `iam:PassRole`, and the service that the role was handed to.
    PassedRole(Option<&'static str>),
}

impl Default for Fold {
    fn default() -> Self {
        Self::with_resources_max(RESOURCES_MAX)
    }
}

impl Fold {
    /// A summary that keeps fewer or more resources than [`RESOURCES_MAX`].
    pub(crate) fn with_resources_max(resources_max: usize) -> Self {
        Self {
            resources_max,
            identities: Memo::default(),
            numbers: vec![None; NUMBERS_MAX],
            index: BTreeMap::new(),
            principals: Vec::new(),
            event_names: Index::default(),
            events: Vec::new(),
            texts: Texts::default(),
            group_keys: Numbers::default(),
            groups: Vec::new(),
            repeats: Repeats::default(),
            tallies: Tallies::default(),
            touched: Vec::new(),
            definitions: Definitions::default(),
            grant_changes: GrantChanges::default(),
            key: Vec::new(),
        }
    }

    /// Adds one event. Events that are no calls of an API (sign-ins, insights, a service's own doings)
    /// prove no permission and are passed over.
    pub fn add(&mut self, event: &Event<'_>) {
        if event.event_type != EventType::ApiCall {
            return;
        }
        let Caller { principal, partition } = self.caller_of(event);
        let outcome = Outcome::of(event);
        let counted = Counted::new(event);
        if let Some((usage, events)) = self.principals.get_mut(principal) {
            self.tallies.add(*events, &counted);
            if outcome == Outcome::Denied {
                counted.add_to(usage.denials.entry(denial(event)).or_default());
            }
        }
        let kind = self.kind_of(event);
        let group_index = self.group_of(event, principal, kind, outcome);
        let (Some(kind), Some(group)) = (self.events.get_mut(kind), self.groups.get_mut(group_index)) else {
            return;
        };
        if let Some(definition) = kind.definition {
            self.definitions.add(definition, event);
        }
        if outcome == Outcome::Authorized {
            group.contexts.add(event, kind.condition_paths);
        }
        if let Some(operation) = kind.changes_grants {
            self.grant_changes.add(operation, event);
        }
        let place = self.repeats.place(group_index, partition, event);
        let tallies = &mut self.tallies;
        if let Some(rows) = self.repeats.rows(place)
            && rows.iter().all(|row| tallies.has(*row as usize))
        {
            return rows.iter().for_each(|row| tallies.add(*row as usize, &counted));
        }
        match kind.lookup.actions_of(event) {
            Mapping::Actions { primary, secondary } => {
                let divided = kind.divide(primary, secondary);
                self.touched.clear();
                let call = Call::new(event);
                let (touched, max) = (&mut self.touched, self.resources_max);
                let mut adding = Adding { counted, group, tallies, touched, max };
                for (bundle, weighing) in kind.bundles(divided) {
                    adding.record(bundle, &weighing.resources(&call));
                }
                adding.record_passed_roles(kind, event);
                if call.is_told_by_the_request() {
                    self.repeats.keep(place, &self.touched);
                }
            }
            Mapping::NoPermissionNeeded | Mapping::NotAnApiCall => {}
            Mapping::Unmapped => counted.add_to(&mut group.unmapped),
        }
    }

    /// The summary of all events added.
    pub fn finish(mut self) -> Usage {
        for group in std::mem::take(&mut self.groups) {
            let Some(kind) = self.events.get(group.key.event) else { continue };
            let Some((usage, _)) = self.principals.get_mut(group.key.principal) else { continue };
            let event = (kind.source.clone(), kind.name.clone());
            let region = self.texts.get(group.key.region).unwrap_or_default().to_owned();
            let via = group.key.via.and_then(|via| self.texts.get(via)).map(str::to_owned);
            if group.unmapped.count > 0 {
                usage.unmapped.entry(event.clone()).or_default().merge(&group.unmapped);
            }
            if group.contexts.events > 0 {
                let (region, via) = (region.clone(), via.clone());
                usage.contexts.insert(ContextKey { event: event.clone(), region, via }, group.contexts);
            }
            let key = |action: &'static ActionInfo, basis: Basis, passed_to: Option<&str>| CallKey {
                action: ActionRef(action),
                basis,
                outcome: group.key.outcome,
                region: region.clone(),
                event: event.clone(),
                via: via.clone(),
                passed_to: passed_to.map(str::to_owned),
            };
            for Calls { of, rows } in group.calls {
                let rows = rows.into_map(&mut self.tallies);
                match of {
                    Of::Bundle(bundle) => {
                        let Some((last, others)) = kind.actions(bundle).split_last() else { continue };
                        for (action, basis) in others {
                            put(usage, key(action, *basis, None), rows.clone(), self.resources_max);
                        }
                        put(usage, key(last.0, last.1, None), rows, self.resources_max);
                    }
                    Of::PassedRole(passed_to) => {
                        let Some(action) = reference().action("iam", "PassRole") else { continue };
                        put(usage, key(action, Basis::PassedRole, passed_to), rows, self.resources_max);
                    }
                }
            }
        }
        let mut principals = BTreeMap::new();
        for (key, index) in self.index {
            if let Some((usage, events)) = self.principals.get_mut(index) {
                usage.events = self.tallies.take(*events);
                principals.insert(key, std::mem::take(usage));
            }
        }
        Usage { principals, definitions: self.definitions, grant_changes: self.grant_changes }
    }

    /// The event's caller.
    fn caller_of(&mut self, event: &Event<'_>) -> Caller {
        let Some(number) = event.identity.number else { return self.caller_by_fields(event) };
        let place = usize::try_from(number.get() % NUMBERS_MAX as u64).unwrap_or_default();
        match self.numbers.get(place) {
            Some(Some((known, caller))) if *known == number => *caller,
            _ => {
                let caller = self.caller_by_fields(event);
                if let Some(place) = self.numbers.get_mut(place) {
                    *place = Some((number, caller));
                }
                caller
            }
        }
    }

    fn caller_by_fields(&mut self, event: &Event<'_>) -> Caller {
        let partition = arn::split(&event.identity.arn).map_or("", |parts| parts.partition);
        Caller { principal: self.principal_by_fields(event), partition: self.texts.number(partition) }
    }

    fn principal_by_fields(&mut self, event: &Event<'_>) -> usize {
        self.key.clear();
        push_identity(&mut self.key, &event.identity);
        if let Some(index) = self.identities.get(&self.key) {
            return index;
        }
        let index = self.principal(&Principal::of(event));
        if self.identities.len() >= IDENTITIES_MAX {
            self.identities.clear();
        }
        self.identities.put(&self.key, index);
        index
    }

    fn principal(&mut self, principal: &Principal<'_>) -> usize {
        let key = PrincipalKey {
            kind: principal.kind,
            account: principal.account.map(|account| account.to_string()).unwrap_or_default(),
            id: principal.id.to_string(),
        };
        let index = *self.index.entry(key).or_insert_with(|| {
            self.principals.push((PrincipalUsage::default(), self.tallies.make()));
            self.principals.len() - 1
        });
        let Some((usage, _)) = self.principals.get_mut(index) else { return index };
        if let Some(arn) = &principal.arn
            && !usage.arns.contains(arn.as_ref())
        {
            usage.arns.insert(arn.to_string());
        }
        usage.path_unknown |= !principal.path_known;
        if usage.name.is_empty() || (!principal.name.is_empty() && *principal.name < *usage.name) {
            usage.name = principal.name.to_string();
        }
        index
    }

    /// The index of the event's source and name.
    fn kind_of(&mut self, event: &Event<'_>) -> usize {
        let events = &self.events;
        let is_it = |kind: &EventKind| kind.name == *event.name && kind.source == *event.source;
        let hash = self.event_names.hash(Some((&*event.source, &*event.name)));
        let known = self.event_names.find(hash, |number| events.get(number).is_some_and(is_it));
        if let Some(index) = known {
            return index;
        }
        let index = self.events.len();
        self.events.push(EventKind::new(event));
        let events = &self.events;
        self.event_names.push(|index, number| {
            index.hash(events.get(number).map(|kind| (kind.source.as_str(), kind.name.as_str())))
        });
        index
    }

    fn group_of(&mut self, event: &Event<'_>, principal: usize, kind: usize, outcome: Outcome) -> usize {
        let region = self.texts.number(&event.region);
        let via = identity::via(event).map(|via| self.texts.number(via));
        let key = GroupKey { principal, event: kind, outcome, region, via };
        let groups = &mut self.groups;
        self.group_keys.of(key, || {
            groups.push(Group {
                key,
                calls: Vec::new(),
                contexts: Contexts::default(),
                unmapped: Stats::default(),
            });
            groups.len() - 1
        })
    }
}

/// Everything that [`Principal::of`] may look at. Access key, MFA and source identity change with every
/// session and say nothing about the principal.
fn push_identity(key: &mut Vec<u8>, identity: &UserIdentity<'_>) {
    let account = |account: Option<AccountId>| account.map_or(u64::MAX, AccountId::number).to_le_bytes();
    for text in [
        &identity.kind,
        &identity.principal_id,
        &identity.arn,
        &identity.user_name,
        &identity.invoked_by,
        &identity.on_behalf_of,
    ] {
        memo::push(key, text);
    }
    key.extend_from_slice(&account(identity.account));
    if let Some(issuer) = &identity.issuer {
        for text in [&issuer.kind, &issuer.principal_id, &issuer.arn, &issuer.user_name] {
            memo::push(key, text);
        }
        key.extend_from_slice(&account(issuer.account));
    }
}

/// One event on its way into its group.
struct Adding<'a> {
    counted: Counted<'a>,
    group: &'a mut Group,
    tallies: &'a mut Tallies,
    touched: &'a mut Vec<usize>,
    max: usize,
}

impl Adding<'_> {
    fn record(&mut self, bundle: usize, resources: &Resources) {
        match resources {
            Resources::Star => self.count(Of::Bundle(bundle), Resource::Star),
            Resources::Unknown => self.count(Of::Bundle(bundle), Resource::Unknown),
            Resources::Arns { arns, complete } => {
                for (kind, arn) in arns {
                    self.count_arn(Of::Bundle(bundle), (kind, arn.as_str(), *complete));
                }
            }
        }
    }

    fn record_passed_roles(&mut self, kind: &EventKind, event: &Event<'_>) {
        let Some(places) = kind.places else { return };
        let (roles, more) = match places.roles_of(event) {
            PassedRoles::None => return,
            PassedRoles::Roles(roles) => (roles, false),
            PassedRoles::Unknown(roles) => (roles, true),
        };
        for PassedRole { role, passed_to } in roles {
            match role {
                RoleReference::Arn(arn) => {
                    self.count_arn(Of::PassedRole(passed_to), ("role", arn.as_str(), true));
                }
                indirect => self.count(Of::PassedRole(passed_to), Resource::Role(indirect)),
            }
        }
        if more {
            self.count(Of::PassedRole(None), Resource::Unknown);
        }
    }

    fn count(&mut self, of: Of, resource: Resource) {
        let Some(rows) = self.group.rows_of(of, self.max) else { return };
        self.touched.push(rows.count(resource, &self.counted, self.tallies));
    }

    fn count_arn(&mut self, of: Of, arn: (&'static str, &str, bool)) {
        let Some(rows) = self.group.rows_of(of, self.max) else { return };
        self.touched.push(rows.count_arn(arn, &self.counted, self.tallies));
    }
}

impl Group {
    /// The rows of the calls for some actions.
    fn rows_of(&mut self, of: Of, resources_max: usize) -> Option<&mut Rows> {
        let known = self.calls.iter().position(|calls| calls.of == of);
        let place = known.unwrap_or_else(|| {
            self.calls.push(Calls { of, rows: Rows::new(resources_max) });
            self.calls.len() - 1
        });
        self.calls.get_mut(place).map(|calls| &mut calls.rows)
    }
}

/// Adds rows of one kind of call; several bundles may have an action.
fn put(usage: &mut PrincipalUsage, key: CallKey, rows: BTreeMap<Resource, Stats>, resources_max: usize) {
    let mine = usage.calls.entry(key).or_default();
    if mine.is_empty() {
        *mine = rows;
        return;
    }
    for (resource, stats) in rows {
        mine.entry(resource).or_default().merge(&stats);
    }
    collapse(mine, resources_max);
}

pub(super) fn denial(event: &Event<'_>) -> DenialKey {
    let said = Denial::of(event);
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    DenialKey {
        event: (event.source.to_string(), event.name.to_string()),
        action: text(said.map(|said| said.action)),
        resource: text(said.and_then(|said| said.resource)),
        policy_type: text(said.and_then(|said| said.policy_type).map(PolicyType::as_str)),
    }
}

/// A resource with some of its names replaced by `*`. Anything that fits no template stays as it is.
pub fn widened(resource: Resource, level: Level) -> Resource {
    let (Resource::Arn(name) | Resource::Pattern(name)) = resource else { return resource };
    let service = arn::split(&name.arn).map_or("", |parts| parts.service);
    let template = reference().template(service, name.kind).and_then(arn_template::Template::new);
    match template.and_then(|template| widened_by(&template, &name.arn, level)) {
        Some(arn) => Resource::Pattern(ResourceName { arn, ..name }),
        None => Resource::Pattern(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_widened_within_their_place() {
        let check = |kind: &'static str, arn: &str, last: &str, all: &str| {
            let resource = Resource::Arn(ResourceName { kind, arn: arn.to_owned(), complete: true });
            for (level, expect) in [(Level::LastName, last), (Level::AllNames, all)] {
                let widened = widened(resource.clone(), level);
                assert_eq!(widened.name().unwrap().arn, expect, "{arn}");
                assert_eq!(super::widened(widened.clone(), level), widened, "{arn} once more");
            }
        };
        check("object", "arn:aws:s3:::b/x/y:z", "arn:aws:s3:::b/*", "arn:aws:s3:::*/*");
        check(
            "training-job",
            "arn:aws:sagemaker:eu-west-1:111122223333:training-job/t-1",
            "arn:aws:sagemaker:eu-west-1:111122223333:training-job/*",
            "arn:aws:sagemaker:eu-west-1:111122223333:training-job/*",
        );
        check(
            "object",
            "arn:aws:sqs:eu-west-1:111122223333:q",
            "arn:aws:sqs:eu-west-1:111122223333:q",
            "arn:aws:sqs:eu-west-1:111122223333:q",
        );
    }
}
