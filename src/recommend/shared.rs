//! Policies that several principals hold, trimmed once for all of them: customer managed policies when the
//! user asks for it, and always the policies of a permission set, which Identity Center keeps the same in
//! every account.

use super::trim::{self, Trimmed};
use super::{Inventory, ResourceLevel};
use crate::drift::{PolicyReview, together};
use crate::grants::{GrantedPrincipal, PolicySource};
use crate::usage::ActionRef;
use std::collections::BTreeMap;

/// What makes policies of different holders the same policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SharedKey {
    /// A customer managed policy, by its ARN.
    Managed(String),
    /// A policy of a permission set: the set's name, the policy's name, its ARN without the account.
    PermissionSet(String, String, Option<String>),
}

/// Where a shared policy is held: the principal's and the policy's place.
pub type Place = (usize, usize);

/// The trimmed form of each shared policy; `None` where nothing of it is removed.
pub type Shared = BTreeMap<SharedKey, Option<Trimmed>>;

/// What Identity Center puts in front of the names of its roles, and the path that they have.
const ROLE_PREFIX: &str = "AWSReservedSSO_";
const ROLE_PATH: &str = "/aws-reserved/sso.amazonaws.com/";

/// The name of the permission set that a role was made for.
pub fn permission_set(principal: &GrantedPrincipal) -> Option<&str> {
    let rest = principal.name.strip_prefix(ROLE_PREFIX).filter(|_| principal.path.starts_with(ROLE_PATH))?;
    rest.rsplit_once('_').map(|(name, _)| name)
}

/// The key of one policy of a principal, if it may be shared.
pub fn key(principal: &GrantedPrincipal, policy: usize) -> Option<SharedKey> {
    let policy = principal.policies.get(policy)?;
    if let Some(set) = permission_set(principal) {
        let arn = policy.source.arn().map(without_account);
        return Some(SharedKey::PermissionSet(set.to_owned(), policy.name.clone(), arn));
    }
    match &policy.source {
        PolicySource::CustomerManaged { arn } if policy.holders > 1 => Some(SharedKey::Managed(arn.clone())),
        _ => None,
    }
}

fn without_account(arn: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    if let Some(account) = parts.get_mut(4)
        && *account != "aws"
    {
        *account = "";
    }
    parts.join(":")
}

/// The policies that are to be trimmed for all of their holders, with these. `union` includes customer
/// managed policies; one is left to its holders when the principals are not all of them.
pub fn places(principals: &[GrantedPrincipal], union: bool) -> BTreeMap<SharedKey, Vec<Place>> {
    let mut all: BTreeMap<SharedKey, Vec<Place>> = BTreeMap::new();
    for (at, principal) in principals.iter().enumerate() {
        for index in 0..principal.policies.len() {
            if let Some(key) = key(principal, index) {
                all.entry(key).or_default().push((at, index));
            }
        }
    }
    let holders = |(at, index): &Place| {
        principals.get(*at).and_then(|one| one.policies.get(*index)).map_or(usize::MAX, |one| one.holders)
    };
    all.retain(|key, places| match key {
        SharedKey::Managed(_) => union && places.first().is_some_and(|place| holders(place) == places.len()),
        SharedKey::PermissionSet(..) => places.len() > 1,
    });
    all
}

/// Trims a policy for all of its holders, each action at the widest level that any of them needs. Nothing is
/// removed when they do not have the same document: one of them is out of date, and which is not known.
pub fn trimmed(
    reviews: &[&PolicyReview<'_>],
    levels: &impl Fn(ActionRef) -> ResourceLevel,
    known: &Inventory<'_>,
) -> Option<Trimmed> {
    trim::trim(&together::together(reviews)?, levels, known)
}
