//! Permission sets of Identity Center: one inline policy, which takes in what is left of all policies that
//! change. A principal's policies hold together, so statements may move from one to another.

use super::PrincipalChange;
use crate::grants::{AttachedPolicy, PolicySource};
use crate::iam::{PolicyDocument, Statement};
use std::collections::BTreeSet;

/// A permission set after the change.
#[derive(Debug)]
pub struct PermissionSet<'a> {
    /// Its name, read from the name of the role: `AWSReservedSSO_NAME_0123456789abcdef`.
    pub name: &'a str,
    /// The new inline policy; `None` when nothing is left of it.
    pub inline: Option<PolicyDocument>,
    /// Managed policies whose rest is in the inline policy now.
    pub detach: Vec<&'a AttachedPolicy>,
}

/// What IAM Identity Center puts in front of the names of its roles.
const ROLE_PREFIX: &str = "AWSReservedSSO_";

/// The permission set's quota for its inline policy, in characters without blanks between the elements (IAM
/// Identity Center user guide, quotas, 2025).
pub const INLINE_CHARS_MAX: usize = 32_768;

/// Joins the changes; an error says why they cannot be one inline policy.
pub fn joined<'a>(change: &PrincipalChange<'a>) -> Result<PermissionSet<'a>, String> {
    let name = change.principal.name.strip_prefix(ROLE_PREFIX).and_then(|rest| rest.rsplit_once('_'));
    let (name, _) = name.ok_or("the role's name does not hold the name of a permission set")?;
    let changed = |policy: &AttachedPolicy| {
        change.policies.iter().find(|one| std::ptr::eq::<AttachedPolicy>(one.policy, policy))
    };
    let mut documents: Vec<&PolicyDocument> = Vec::new();
    let mut detach = Vec::new();
    for policy in &change.principal.policies {
        let inline = policy.source == PolicySource::Inline;
        match (changed(policy), policy.document.as_deref()) {
            (Some(one), _) => {
                documents.extend(one.documents.iter().map(|new| &new.document));
                if !inline {
                    detach.push(policy);
                }
            }
            // The inline policy is written anew, so what does not change must be in it too.
            (None, Some(document)) if inline => documents.push(document),
            (None, None) if inline => {
                return Err("its inline policy is not in the snapshot".to_owned());
            }
            (None, _) => {}
        }
    }
    let inline = join(&documents)?;
    if let Some(inline) = &inline {
        let size = crate::iam::quota::size(inline).bytes;
        if size > INLINE_CHARS_MAX {
            return Err(format!("joined they have {size} of {INLINE_CHARS_MAX} characters"));
        }
    }
    Ok(PermissionSet { name, inline, detach })
}

/// One document that means what all of them mean together.
fn join(documents: &[&PolicyDocument]) -> Result<Option<PolicyDocument>, String> {
    let [first, rest @ ..] = documents else { return Ok(None) };
    let mut joined = (*first).clone();
    if rest.is_empty() {
        return Ok(Some(joined));
    }
    joined.version = Some("2012-10-17".to_owned());
    joined.id = None;
    joined.single = false;
    joined.statements = Vec::new();
    let mut sids = BTreeSet::new();
    for document in documents {
        if document.version != joined.version && document.to_compact().contains("${") {
            return Err("they are of different versions, in which `${` means different things".to_owned());
        }
        if !document.unknown.is_empty() {
            return Err("one of them has an element that the grammar does not know".to_owned());
        }
        joined.statements.extend(document.statements.iter().map(|one| renamed(one, &mut sids)));
    }
    Ok(Some(joined))
}

/// The statement with a Sid that no other one has.
fn renamed(statement: &Statement, sids: &mut BTreeSet<String>) -> Statement {
    let mut statement = statement.clone();
    let Some(sid) = &mut statement.sid else { return statement };
    let wanted = sid.clone();
    let mut number = 1;
    while !sids.insert(sid.clone()) {
        number += 1;
        *sid = format!("{wanted}{number}");
    }
    statement
}
