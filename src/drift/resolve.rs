//! What the log leaves open and the snapshot settles: which role was meant by a name or an instance
//! profile, and whose events those are that carry no usable id.

use super::own_key;
use crate::grants::{PrincipalType, Snapshot};
use crate::iam::Arn;
use crate::trail::passed_roles::RoleReference;
use crate::usage::{PrincipalKey, PrincipalUsage, Resource, ResourceName, Stats, Usage};
use std::collections::BTreeMap;

/// Files events whose id is missing or masked (`AROA****`), or whose principal has no real id in the
/// snapshot, under the snapshot's principal of the same ARN or, where the log has lost the path, of the same
/// name. Otherwise these uses would count for nobody, and nobody's silence is evidence. Two real ids
/// that differ stay two principals.
pub fn identities(usage: &mut Usage, snapshot: &Snapshot) {
    for principal in &snapshot.principals {
        let own = own_key(principal);
        let same = |key: &PrincipalKey, other: &PrincipalUsage| {
            *key != own
                && key.kind == own.kind
                && !(is_unique_id(&key.id) && is_unique_id(&own.id))
                && (other.arns.contains(principal.arn.as_str())
                    || (other.path_unknown && key.account == own.account && other.name == principal.name))
        };
        let strays: Vec<PrincipalKey> = usage
            .principals
            .iter()
            .filter(|(key, other)| same(key, other))
            .map(|(key, _)| key.clone())
            .collect();
        for stray in strays {
            if let Some(found) = usage.principals.remove(&stray) {
                usage.principals.entry(own.clone()).or_default().add(found);
            }
        }
    }
}

/// The form of IAM's unique ids: a prefix of four letters and at least twelve letters and digits (IAM user
/// guide, "IAM identifiers").
fn is_unique_id(id: &str) -> bool {
    id.len() >= 16
        && (id.starts_with("AROA") || id.starts_with("AIDA"))
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_ids_are_no_ids() {
        for (id, expect) in [
            ("AROASAMPLETRAINING222", true),
            ("AIDAJQABLZS4A3QDU576Q", true),
            ("AROA****************", false),
            ("AROA1", false),
            ("", false),
            ("BlakeBortles", false),
        ] {
            assert_eq!(is_unique_id(id), expect, "{id}");
        }
    }
}
