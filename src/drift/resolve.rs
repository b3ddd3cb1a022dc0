//! Roles that the log names only by name or by instance profile, found in the snapshot.

use crate::grants::{PrincipalType, Snapshot};
use crate::iam::Arn;
use crate::trail::passed_roles::RoleReference;
use crate::usage::{Resource, ResourceName, Stats, Usage};
use std::collections::BTreeMap;

/// Replaces every [`Resource::Role`] by the role's ARN, or by [`Resource::Unknown`] when the snapshot
/// does not hold it: a guess at a role's path could name another role.
pub fn passed_roles(usage: &mut Usage, snapshot: &Snapshot) {
    let roles = Roles::new(snapshot);
    for (key, principal) in &mut usage.principals {
        for resources in principal.calls.values_mut() {
            if !resources.keys().any(|resource| matches!(resource, Resource::Role(_))) {
                continue;
            }
            let mut resolved: BTreeMap<Resource, Stats> = BTreeMap::new();
            for (resource, stats) in std::mem::take(resources) {
                for found in roles.find(&key.account, resource) {
                    resolved.entry(found).or_default().merge(&stats);
                }
            }
            *resources = resolved;
        }
    }
}

/// The snapshot's roles by account and name in lower case, and its instance profiles.
struct Roles<'a> {
    by_name: BTreeMap<(String, String), Vec<&'a Arn>>,
    snapshot: &'a Snapshot,
}

impl<'a> Roles<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut by_name: BTreeMap<(String, String), Vec<&'a Arn>> = BTreeMap::new();
        for role in snapshot.principals.iter().filter(|one| one.kind == PrincipalType::Role) {
            let account = role.account.map(|account| account.to_string()).unwrap_or_default();
            by_name.entry((account, role.name.to_lowercase())).or_default().push(&role.arn);
        }
        Self { by_name, snapshot }
    }

    fn find(&self, account: &str, resource: Resource) -> Vec<Resource> {
        let Resource::Role(reference) = resource else { return vec![resource] };
        let found: Vec<&Arn> = match &reference {
            RoleReference::Arn(arn) => vec![arn],
            RoleReference::Name(name) => {
                // A name is unique in its account; a path in front of it says nothing more.
                let name = name.rsplit('/').next().unwrap_or_default().to_lowercase();
                self.by_name.get(&(account.to_owned(), name)).cloned().unwrap_or_default()
            }
            RoleReference::InstanceProfileName(name) => self.profile(account, name),
            RoleReference::InstanceProfileArn(arn) => {
                let parts = arn.parts();
                self.profile(parts.account, parts.resource.rsplit('/').next().unwrap_or_default())
            }
        };
        if found.is_empty() {
            return vec![Resource::Unknown];
        }
        let role =
            |arn: &&Arn| Resource::Arn(ResourceName { kind: "role", arn: arn.to_string(), complete: true });
        found.iter().map(role).collect()
    }

    fn profile(&self, account: &str, name: &str) -> Vec<&'a Arn> {
        let key = (account.to_owned(), name.to_owned());
        self.snapshot.instance_profiles.get(&key).into_iter().flatten().collect()
    }
}
