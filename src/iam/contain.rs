//! Does one set of identity policies allow only what another one allows?
//!
//! For every request, whatever its principal, action, resource and context: if `new` allows it, so does
//! `old`; the other layers of policies stay as they are. Three answers: proved, refuted with a request
//! that shows it, and unknown.

#[cfg(test)]
mod attack;
mod cover;
mod difference;
mod domain;
mod effort;
mod elements;
mod obvious;
mod pattern;
mod search;
mod signature;
mod variables;

pub use difference::{Change, Difference, Side, diff};

use crate::iam::action::Action;
use crate::iam::bulk::pattern_bytes;
use crate::iam::condition::{Context, KeyState};
use crate::iam::evaluate::{Decision, Request, evaluate_identity};
use crate::iam::policy::{Effect, PolicyDocument};
use cover::{Index, Rule};
use effort::Effort;
use search::{Outcome, Part, Role, search};
use signature::Budget;

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
///
/// Requests are those that AWS can make: their resource is `*` or a real ARN, whose partition, service and last
/// part are not empty; text that is no ARN proves and refutes nothing.
/// A proof does not rest on any disputed point of the semantics. Policy variables, tests of different
/// types on one key, and patterns that combine in too many ways lead to [`Containment::Unknown`].
pub fn contain(new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Containment {
    contain_within(new, old, &Budget::new(STEPS_MAX))
}

/// What one answer may cost: about half a second.
const STEPS_MAX: usize = 8_000_000;

/// Two sides whose sizes, in bytes, have a product up to this are compared without counting what each
/// statement takes: policies within the quotas.
const UNCOUNTED_MAX: usize = 50_000_000;

/// So many pairs of letters of two patterns are looked at in one step.
const LETTERS_A_STEP: usize = 16;

/// [`contain`] with a budget that is shared with other answers.
fn contain_within(new: &[&PolicyDocument], old: &[&PolicyDocument], budget: &Budget) -> Containment {
    if budget.spend((bulk(new) + bulk(old)) / LETTERS_A_STEP).is_err() {
        return too_big();
    }
    let answer = prove(new, old, budget, &|witness| confirm(witness, new, old).map(|()| witness.clone()));
    if !matches!(answer, Containment::Unknown(_)) {
        return answer;
    }
    // A request that differs may need values for the policies' variables: try one set of them.
    refute_with_values(new, old, budget).map_or(answer, Containment::Refuted)
}

/// Do both allow the same? The first answer is about `a` in `b`, the second about `b` in `a`; they are
/// equivalent when both are proved.
pub fn equivalent(a: &[&PolicyDocument], b: &[&PolicyDocument]) -> (Containment, Containment) {
    (contain(a, b), contain(b, a))
}

/// Bytes of the patterns of both lists.
fn bulk(documents: &[&PolicyDocument]) -> usize {
    documents.iter().flat_map(|document| &document.statements).map(pattern_bytes).sum()
}

fn too_big() -> Containment {
    Containment::Unknown("the policies are too big to be compared".to_owned())
}

/// Evaluates a candidate; the witness that it makes, or why it makes none.
type Confirm<'c> = dyn Fn(&Witness) -> Result<Witness, String> + 'c;

fn prove(
    new: &[&PolicyDocument],
    old: &[&PolicyDocument],
    budget: &Budget,
    confirm: &Confirm<'_>,
) -> Containment {
    let new_allows = Rule::all(new, Effect::Allow);
    let new_denies = Rule::all(new, Effect::Deny);
    let old_allows = Rule::all(old, Effect::Allow);
    let old_denies = Rule::all(old, Effect::Deny);
    let (old_index, deny_index) = (Index::new(&old_allows), Index::new(&new_denies));
    let counted = bulk(new).saturating_mul(bulk(old)) > UNCOUNTED_MAX;
    // Nothing of new is compared with the other Allow statements of new.
    let effort = counted.then(|| {
        let denies = new_denies.iter().map(|rule| rule.statement);
        Effort::of(old.iter().flat_map(|document| &document.statements).chain(denies))
    });
    let steps =
        |rule: &Rule<'_>| effort.as_ref().map_or(0, |effort| effort.against(rule.statement)) / LETTERS_A_STEP;
    if old_denies.iter().any(|deny| budget.spend(steps(deny)).is_err()) {
        return too_big();
    }
    // Denials that new repeats take nothing from the proof.
    let lost: Vec<&Rule<'_>> = old_denies.iter().filter(|deny| !deny_index.covers(deny)).collect();
    let parts: Vec<Part<'_, '_>> = old_allows
        .iter()
        .map(|rule| (Role::OldAllow, rule))
        .chain(lost.iter().map(|rule| (Role::OldDeny, *rule)))
        .chain(new_denies.iter().map(|rule| (Role::NewDeny, rule)))
        .collect();
    let mut answer = Containment::Proved { tier: 0 };
    for rule in &new_allows {
        let steps = steps(rule);
        if budget.spend(steps).is_err() {
            return too_big();
        }
        for open in old_index.uncovered(rule, &lost) {
            if budget.spend(steps * open.patterns() / rule.patterns().max(1)).is_err() {
                return too_big();
            }
            match search(&open, &parts, budget, confirm) {
                Outcome::Proved if answer == Containment::Proved { tier: 0 } => {
                    answer = Containment::Proved { tier: 1 };
                }
                Outcome::Proved => {}
                Outcome::Refuted(witness) => return Containment::Refuted(witness),
                Outcome::Unknown(reason) => {
                    answer = Containment::Unknown(format!("{}: {reason}", name(rule)));
                }
            }
        }
    }
    answer
}

/// Looks for a witness in which every variable that the policies use has a plain value.
fn refute_with_values(new: &[&PolicyDocument], old: &[&PolicyDocument], budget: &Budget) -> Option<Witness> {
    let values = variables::values(new.iter().chain(old).copied());
    if values.is_empty() {
        return None;
    }
    let pinned: Vec<PolicyDocument> = new.iter().map(|document| variables::pin(document, &values)).collect();
    let filled: Vec<PolicyDocument> = old.iter().map(|document| variables::fill(document, &values)).collect();
    let replay = |witness: &Witness| {
        let mut complete = witness.clone();
        for (key, value) in &values {
            if complete.context.get(key) == KeyState::Absent {
                complete.context.set(key, value.clone());
            }
        }
        let linked = search::depends_on_itself(complete.context.iter().map(|(key, _)| key)).is_some();
        let candidates = std::iter::once(witness.clone()).chain((!linked).then_some(complete));
        let mut found = candidates.filter(|candidate| confirm(candidate, new, old).is_ok());
        found.next().ok_or_else(|| "it needs other values for the policies' variables".to_owned())
    };
    let (new, old) = (pinned.iter().collect::<Vec<_>>(), filled.iter().collect::<Vec<_>>());
    match prove(&new, &old, budget, &replay) {
        Containment::Refuted(witness) => Some(witness),
        Containment::Proved { .. } | Containment::Unknown(_) => None,
    }
}

/// Evaluates a candidate: `new` must allow it and `old` must not, whatever the disputed points mean.
fn confirm(witness: &Witness, new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Result<(), String> {
    let request = Request {
        principal: WITNESS_PRINCIPAL,
        action: &witness.action,
        resource: &witness.resource,
        resource_account: None,
        context: &witness.context,
    };
    let (allowed, denied) = (evaluate_identity(&request, new), evaluate_identity(&request, old));
    if let Some(point) = allowed.rests_on.iter().chain(&denied.rests_on).next() {
        return Err(format!("it rests on a disputed point, {point}"));
    }
    match (allowed.decision, denied.decision) {
        (Decision::Allowed, Decision::ExplicitlyDenied | Decision::ImplicitlyDenied) => Ok(()),
        _ => {
            Err("a candidate could not be confirmed: variables, or tests that depend on each other"
                .to_owned())
        }
    }
}

/// Who asks does not matter to identity policies, but for condition keys, which the witness carries.
const WITNESS_PRINCIPAL: &str = "arn:aws:iam::111122223333:role/any";

/// How messages call a statement: by its place and, if it has one, its Sid.
fn name(rule: &Rule<'_>) -> String {
    let (policy, statement) = rule.at;
    let sid = rule.statement.sid.as_deref().filter(|sid| !sid.is_empty());
    let sid = sid.map(|sid| format!(" (`{sid}`)")).unwrap_or_default();
    format!("statement {}{sid} of policy {}", statement + 1, policy + 1)
}
