//! Folds one event after the other into a summary; one fold a thread, merged at the end.

use super::{
    ActionRef, Basis, CallKey, DenialKey, PrincipalKey, PrincipalUsage, RESOURCES_MAX, Resource,
    ResourceName, Stats, Usage, collapse,
};
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::{arn, arn_template};
use crate::trail::action_map::{self, Mapping};
use crate::trail::event::{Event, EventType};
use crate::trail::identity::{self, Principal};
use crate::trail::outcome::{Denial, Outcome, PolicyType};
use crate::trail::passed_roles::{self, PassedRole, PassedRoles, RoleReference};
use crate::trail::resource_map::{self, Resources};
use std::collections::BTreeMap;

/// A growing summary.
#[derive(Debug, Default)]
pub struct Fold {
    usage: Usage,
}

/// How far the ARNs of a crowded row are widened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The last variable of the ARN's template becomes `*`: `arn:aws:s3:::bucket/*`.
    LastName,
    /// Every variable behind the account becomes `*`.
    AllNames,
}

impl Fold {
    /// Adds one event. Events that are no calls of an API (sign-ins, insights, a service's own doings)
    /// prove no permission and are passed over.
    pub fn add(&mut self, event: &Event<'_>) {
        if event.event_type != EventType::ApiCall {
            return;
        }
        let principal = Principal::of(event);
        let usage = self.principal(&principal);
        usage.events.add(event.time, &event.id);
        let outcome = Outcome::of(event);
        if outcome == Outcome::Denied {
            usage.denials.entry(denial(event)).or_default().add(event.time, &event.id);
        }
        let circumstances = Circumstances { event, outcome, via: identity::via(event) };
        match action_map::actions_of(event) {
            Mapping::Actions { primary, secondary } => {
                for action in primary.iter() {
                    circumstances.record(usage, action, Basis::Direct);
                }
                for action in secondary.iter() {
                    circumstances.record(usage, action, Basis::Secondary);
                }
                circumstances.record_passed_roles(usage);
            }
            Mapping::NoPermissionNeeded | Mapping::NotAnApiCall => {}
            Mapping::Unmapped => {
                let key = (event.source.to_string(), event.name.to_string());
                usage.unmapped.entry(key).or_default().add(event.time, &event.id);
            }
        }
    }

    /// The summary of all events added.
    pub fn finish(self) -> Usage {
        self.usage
    }

    fn principal(&mut self, principal: &Principal<'_>) -> &mut PrincipalUsage {
        let key = PrincipalKey {
            kind: principal.kind,
            account: principal.account.map(|account| account.to_string()).unwrap_or_default(),
            id: principal.id.to_string(),
        };
        let usage = self.usage.principals.entry(key).or_default();
        if let Some(arn) = &principal.arn
            && !usage.arns.contains(arn.as_ref())
        {
            usage.arns.insert(arn.to_string());
        }
        usage.path_unknown |= !principal.path_known;
        if usage.name.is_empty() || (!principal.name.is_empty() && *principal.name < *usage.name) {
            usage.name = principal.name.to_string();
        }
        usage
    }
}

/// What all rows of one event share.
struct Circumstances<'a> {
    event: &'a Event<'a>,
    outcome: Outcome,
    via: Option<&'a str>,
}

impl Circumstances<'_> {
    fn record(&self, usage: &mut PrincipalUsage, action: &'static ActionInfo, basis: Basis) {
        let key = self.key(action, basis, None);
        let rows = usage.calls.entry(key).or_default();
        match resource_map::resources(self.event, action) {
            Resources::Star => self.count(rows, Resource::Star),
            Resources::Unknown => self.count(rows, Resource::Unknown),
            Resources::Arns { arns, complete } => {
                for (kind, arn) in arns {
                    let name = ResourceName { kind, arn: arn.as_str().to_owned(), complete };
                    self.count(rows, Resource::Arn(name));
                }
            }
        }
    }

    fn record_passed_roles(&self, usage: &mut PrincipalUsage) {
        let Some(action) = reference().action("iam", "PassRole") else { return };
        let (roles, more) = match passed_roles::passed_roles(self.event) {
            PassedRoles::None => return,
            PassedRoles::Roles(roles) => (roles, false),
            PassedRoles::Unknown(roles) => (roles, true),
        };
        for PassedRole { role, passed_to } in roles {
            let rows = usage.calls.entry(self.key(action, Basis::PassedRole, passed_to)).or_default();
            let resource = match role {
                RoleReference::Arn(arn) => {
                    Resource::Arn(ResourceName { kind: "role", arn: arn.to_string(), complete: true })
                }
                indirect => Resource::Role(indirect),
            };
            self.count(rows, resource);
        }
        if more {
            let rows = usage.calls.entry(self.key(action, Basis::PassedRole, None)).or_default();
            self.count(rows, Resource::Unknown);
        }
    }

    fn key(&self, action: &'static ActionInfo, basis: Basis, passed_to: Option<&str>) -> CallKey {
        CallKey {
            action: ActionRef(action),
            basis,
            outcome: self.outcome,
            region: self.event.region.to_string(),
            event: (self.event.source.to_string(), self.event.name.to_string()),
            via: self.via.map(str::to_owned),
            passed_to: passed_to.map(str::to_owned),
        }
    }

    fn count(&self, rows: &mut BTreeMap<Resource, Stats>, resource: Resource) {
        rows.entry(resource).or_default().add(self.event.time, &self.event.id);
        if rows.len() > RESOURCES_MAX {
            collapse(rows);
        }
    }
}

fn denial(event: &Event<'_>) -> DenialKey {
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
    let template = reference().template(service, name.kind);
    match template.and_then(|template| widened_arn(template, &name.arn, level)) {
        Some(arn) => Resource::Pattern(ResourceName { arn, ..name }),
        None => Resource::Pattern(name),
    }
}

/// Where an ARN is, as against which one it is: kept at every level.
const PLACE_VARIABLES: [&str; 3] = ["Partition", "Region", "Account"];

fn widened_arn(template: &str, arn: &str, level: Level) -> Option<String> {
    let bindings = arn_template::bind(template, arn)?;
    let last = bindings.iter().rev().map(|(name, _)| *name).find(|name| !PLACE_VARIABLES.contains(name));
    let keeps = |name: &str| match level {
        Level::LastName => Some(name) != last,
        Level::AllNames => PLACE_VARIABLES.contains(&name),
    };
    Some(arn_template::fill(template, |wanted| {
        let found = bindings.iter().find(|(name, _)| *name == wanted && keeps(name));
        found.map(|(_, value)| *value)
    }))
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
