//! Does one set of identity policies allow only what another one allows?
//!
//! For every request, whatever its principal, action, resource and context: if `new` allows it, so does
//! `old`; the other layers of policies stay as they are. Three answers: proved, refuted with a request
//! that shows it, and unknown.

mod cover;
mod pattern;

use crate::iam::action::Action;
use crate::iam::condition::Context;
use crate::iam::policy::{Effect, PolicyDocument};
use cover::{Index, Rule};

/// The answer to "is `new` contained in `old`?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Containment {
    /// Every request that `new` allows is allowed by `old`.
    Proved {
        /// 0: pattern by pattern; 1: by cases over actions, resources and condition values.
        tier: u8,
    },
    /// `new` allows this request and `old` does not; both were evaluated.
    Refuted(Witness),
    /// Neither was shown; why.
    Unknown(String),
}

/// A request that shows a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The action.
    pub action: Action,
    /// An ARN, or `*`.
    pub resource: String,
    /// The condition keys; those not mentioned are absent.
    pub context: Context,
}

/// Does `old` allow everything that `new` allows?
pub fn contain(new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Containment {
    let new_allows = Rule::all(new, Effect::Allow);
    let new_denies = Rule::all(new, Effect::Deny);
    let old_allows = Rule::all(old, Effect::Allow);
    let old_denies = Rule::all(old, Effect::Deny);
    let (old_index, deny_index) = (Index::new(&old_allows), Index::new(&new_denies));
    // Denials that new repeats take nothing from the proof.
    let lost: Vec<&Rule<'_>> = old_denies.iter().filter(|deny| !deny_index.covers(deny)).collect();
    let open: Vec<&Rule<'_>> = new_allows
        .iter()
        .filter(|allow| !old_index.covers(allow) || lost.iter().any(|deny| deny.may_meet(allow)))
        .collect();
    match open.first() {
        None => Containment::Proved { tier: 0 },
        Some(rule) => Containment::Unknown(format!("{} is not covered pattern by pattern", name(rule))),
    }
}

/// How messages call a statement: by its place and, if it has one, its Sid.
fn name(rule: &Rule<'_>) -> String {
    let (policy, statement) = rule.at;
    let sid = rule.statement.sid.as_deref().filter(|sid| !sid.is_empty());
    let sid = sid.map(|sid| format!(" (`{sid}`)")).unwrap_or_default();
    format!("statement {}{sid} of policy {}", statement + 1, policy + 1)
}
