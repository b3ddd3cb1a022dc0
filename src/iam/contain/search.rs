//! Tier 1: proof by cases. A statement of the new policies is taken apart into the combinations of
//! statements that can apply to one request: by action, by resource, by condition values.

use crate::iam::action::Action;
use crate::iam::condition::Context;
use crate::iam::contain::cover::{Atom, Rule};
use crate::iam::contain::domain::{Outcomes, State, outcomes};
use crate::iam::contain::elements::{Everything, Reading, action_signatures, resource_signatures};
use crate::iam::contain::obvious;
use crate::iam::contain::pattern::ResourcePattern;
use crate::iam::contain::signature::{Budget, Signatures, TooMany};
use crate::iam::contain::{Confirm, Witness};
use std::collections::{BTreeMap, BTreeSet};

/// The most pairs of an action and a resource signature.
const PAIRS_MAX: usize = 200_000;

/// The most combinations of condition values for one pair.
const VALUATIONS_MAX: usize = 100_000;

/// The most witnesses that are tried before the answer is unknown.
const TRIES_MAX: usize = 200;

/// What a statement does to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The new Allow itself, when a `Not…` element restricts it.
    Own,
    /// An old Allow: it answers the question.
    OldAllow,
    /// An old Deny that the new policies do not repeat.
    OldDeny,
    /// A new Deny.
    NewDeny,
}

impl Role {
    /// Where exactness fails, the statement is taken to apply to more (or else to less) than it does.
    pub(crate) fn widens(self) -> bool {
        matches!(self, Self::Own | Self::OldDeny)
    }
}

/// A statement that takes part in the search.
pub(crate) type Part<'r, 'p> = (Role, &'r Rule<'p>);

/// How the search over one statement ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is no request that this statement allows and the old policies do not.
    Proved,
    /// `confirm` accepted this request.
    Refuted(Witness),
    /// Why neither.
    Unknown(String),
}

/// Looks for a request that `new` allows, no new Deny denies, and the old policies do not allow. A
/// candidate counts only if `confirm` accepts it.
pub(crate) fn search(
    new: &Rule<'_>,
    parts: &[Part<'_, '_>],
    budget: &Budget,
    confirm: &Confirm<'_>,
) -> Outcome {
    let mut all: Vec<Part<'_, '_>> = Vec::with_capacity(parts.len() + 1);
    if new.actions.negated || new.resources.negated {
        all.push((Role::Own, new));
    }
    all.extend(parts.iter().copied().filter(|(_, rule)| rule.may_meet(new)));
    let mut cells =
        Cells { new, parts: &all, budget, solved: BTreeMap::new(), tries: 0, reason: None, confirm };
    if let Some(witness) = cells.try_obvious() {
        return Outcome::Refuted(witness);
    }
    cells.all().unwrap_or_else(Outcome::Unknown)
}

/// The readings under which the proof must hold. One is enough when no pattern that matters has a
/// wildcard before its last colon.
fn readings(new: &Rule<'_>, parts: &[Part<'_, '_>]) -> Vec<Reading> {
    let disputed = parts
        .iter()
        .map(|(_, rule)| *rule)
        .chain([new])
        .flat_map(|rule| &rule.resources.patterns)
        .any(|pattern| matches!(pattern, ResourcePattern::Arn(arn) if arn.may_cross()));
    // The simplest first: it may refute at once.
    if disputed { vec![Reading::Within, Reading::Trailing, Reading::Anywhere] } else { vec![Reading::Within] }
}

// ---- conditions ----

/// States of keys, each a way in which a request may slip through.
type Solutions = Vec<Vec<(String, State)>>;

struct Cells<'s, 'r, 'p> {
    new: &'s Rule<'p>,
    parts: &'s [Part<'r, 'p>],
    budget: &'s Budget,
    /// For combinations of statements, the key states that leave something; `None`: too many to tell.
    solved: BTreeMap<Vec<bool>, Option<Solutions>>,
    tries: usize,
    /// Why a combination stayed open.
    reason: Option<String>,
    confirm: &'s Confirm<'s>,
}

impl Cells<'_, '_, '_> {
    /// Looks at a few requests that the statement obviously covers.
    fn try_obvious(&mut self) -> Option<Witness> {
        let obvious = obvious::requests(self.new, self.parts);
        let actions = action_signatures(&obvious, self.parts, self.budget).ok()?;
        let ask = (Reading::Within, self.budget);
        let resources = resource_signatures(&obvious, self.parts, ask, Everything::NoResource).ok()?;
        let found = self.pairs(&actions, &resources);
        (self.tries, self.reason) = (0, None);
        found
    }

    /// Looks at every combination of statements that a request can meet. `Err`: why that was not possible.
    fn all(&mut self) -> Result<Outcome, String> {
        let too_many = |_: TooMany| "the patterns combine in too many ways".to_owned();
        let actions = action_signatures(self.new, self.parts, self.budget)?;
        for reading in readings(self.new, self.parts) {
            let ask = (reading, self.budget);
            let resources = resource_signatures(self.new, self.parts, ask, Everything::Resources);
            let resources = resources.map_err(too_many)?;
            if actions.len().saturating_mul(resources.len()) > PAIRS_MAX {
                return Err(too_many(TooMany));
            }
            if let Some(witness) = self.pairs(&actions, &resources) {
                return Ok(Outcome::Refuted(witness));
            }
        }
        Ok(self.reason.take().map_or(Outcome::Proved, Outcome::Unknown))
    }

    fn pairs(&mut self, actions: &Signatures, resources: &Signatures) -> Option<Witness> {
        for (action_bits, action) in actions {
            for (resource_bits, resource) in resources {
                let active: Vec<bool> =
                    action_bits.iter().zip(resource_bits).map(|(a, b)| *a && *b).collect();
                if let Some(witness) = self.check(&active, (action, resource)) {
                    return Some(witness);
                }
            }
        }
        None
    }

    /// A confirmed request of this cell, if there is one.
    fn check(&mut self, active: &[bool], (action, resource): (&str, &str)) -> Option<Witness> {
        if !self.solved.contains_key(active) {
            let solutions = self.solve(active);
            self.solved.insert(active.to_vec(), solutions);
        }
        let Some(solutions) = self.solved.get(active)? else {
            self.reason.get_or_insert_with(|| "the conditions combine in too many ways".to_owned());
            return None;
        };
        for states in solutions {
            self.tries += 1;
            if self.tries > TRIES_MAX {
                self.reason.get_or_insert_with(|| "no candidate could be confirmed".to_owned());
                return None;
            }
            let confirmed = witness(action, resource, states).and_then(|witness| (self.confirm)(&witness));
            match confirmed {
                Ok(witness) => return Some(witness),
                Err(reason) => self.reason = Some(reason),
            }
        }
        None
    }

    fn solve(&self, active: &[bool]) -> Option<Solutions> {
        let parts: Vec<Part<'_, '_>> =
            self.parts.iter().zip(active).filter(|(_, active)| **active).map(|(part, _)| *part).collect();
        let own = |parts: &[Part<'_, '_>]| parts.iter().any(|(role, _)| *role == Role::Own);
        if (own(self.parts) && !own(&parts)) || self.is_covered(&parts) {
            return Some(Solutions::new());
        }
        Problem::new(self.new, &parts, self.budget)?.solutions(self.budget)
    }

    /// An old Allow whose conditions follow from the new statement's, and no old Deny: nothing is left.
    fn is_covered(&self, parts: &[Part<'_, '_>]) -> bool {
        let implied = |rule: &Rule<'_>| {
            rule.atoms.iter().all(|wanted| self.new.atoms.iter().any(|given| given.implies(wanted)))
        };
        !parts.iter().any(|(role, _)| *role == Role::OldDeny)
            && parts.iter().any(|(role, rule)| *role == Role::OldAllow && implied(rule))
    }
}

/// The condition blocks of one cell as a problem over the values of keys.
struct Problem<'s> {
    /// Keys, the atoms on each, and the truth vectors that those can have.
    keys: Vec<(&'s str, Vec<&'s Atom>, Outcomes)>,
    new: Vec<&'s Atom>,
    /// Blocks with their roles.
    blocks: Vec<(Role, Vec<&'s Atom>)>,
}

impl<'s> Problem<'s> {
    fn new(new: &'s Rule<'_>, parts: &[(Role, &'s Rule<'_>)], budget: &Budget) -> Option<Self> {
        let blocks: Vec<(Role, Vec<&Atom>)> = parts
            .iter()
            .filter(|(role, _)| *role != Role::Own)
            .map(|(role, rule)| (*role, rule.atoms.iter().collect()))
            .collect();
        let own: Vec<&Atom> = new.atoms.iter().collect();
        let mut by_key: BTreeMap<&str, BTreeSet<&Atom>> = BTreeMap::new();
        for atom in own.iter().chain(blocks.iter().flat_map(|(_, atoms)| atoms)) {
            by_key.entry(&atom.key).or_default().insert(atom);
        }
        let mut keys = Vec::new();
        for (key, atoms) in by_key {
            let atoms: Vec<&Atom> = atoms.into_iter().collect();
            let mut outcomes = outcomes(key, &atoms, budget)?;
            // Only values under which the new statement itself applies are of interest.
            outcomes.retain(|(truth, _)| {
                atoms.iter().zip(truth).all(|(atom, truth)| *truth || !own.contains(atom))
            });
            keys.push((key, atoms, outcomes));
        }
        Some(Self { keys, new: own, blocks })
    }

    /// States of the keys under which the new statement applies, no new Deny does, and the old policies do
    /// not allow; at most a handful. `None`: too many to try.
    fn solutions(&self, budget: &Budget) -> Option<Solutions> {
        const ENOUGH: usize = 8;
        let total = self.keys.iter().fold(1_usize, |product, (_, _, all)| product.saturating_mul(all.len()));
        let mut found = Vec::new();
        let atoms: usize = self.keys.iter().map(|(_, atoms, _)| 1 + atoms.len()).sum();
        for number in 0..total.min(VALUATIONS_MAX) {
            if budget.spend(4 * atoms).is_err() {
                return if found.is_empty() { None } else { Some(found) };
            }
            let mut rest = number;
            let mut truths: BTreeMap<&Atom, bool> = BTreeMap::new();
            let mut states = Vec::new();
            for (key, atoms, outcomes) in &self.keys {
                let (truth, state) = outcomes.get(rest % outcomes.len())?;
                rest /= outcomes.len();
                truths.extend(atoms.iter().copied().zip(truth.iter().copied()));
                states.push(((*key).to_owned(), state.clone()));
            }
            if self.violates(&truths) {
                found.push(states);
                if found.len() == ENOUGH {
                    return Some(found);
                }
            }
        }
        if total > VALUATIONS_MAX && found.is_empty() { None } else { Some(found) }
    }

    fn violates(&self, truths: &BTreeMap<&Atom, bool>) -> bool {
        let holds = |atoms: &[&Atom]| atoms.iter().all(|atom| truths.get(atom) == Some(&true));
        let any = |wanted: Role| self.blocks.iter().any(|(role, atoms)| *role == wanted && holds(atoms));
        holds(&self.new) && !any(Role::NewDeny) && (!any(Role::OldAllow) || any(Role::OldDeny))
    }
}

/// Keys that say the same thing in different words: a request cannot have them as one likes.
const LINKED_KEYS: [&[&str]; 5] = [
    &["aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username"],
    &["aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:sourceip"],
    &["aws:sourcearn", "aws:sourceaccount"],
    &["aws:currenttime", "aws:epochtime"],
    &["aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:viaawsservice"],
];

/// The group of linked keys of which more than one is given, if there is one.
pub(crate) fn depends_on_itself<'k>(keys: impl Iterator<Item = &'k str>) -> Option<&'static [&'static str]> {
    let keys: Vec<&str> = keys.collect();
    LINKED_KEYS.into_iter().find(|group| keys.iter().filter(|key| group.contains(key)).count() > 1)
}

fn witness(action: &str, resource: &str, states: &[(String, State)]) -> Result<Witness, String> {
    let mut context = Context::closed();
    for (key, state) in states {
        match state {
            State::Value(value) => {
                context.set(key, value.clone());
            }
            State::List(values) => {
                context.set_list(key, values.iter().cloned());
            }
            State::Absent => {}
            State::Opaque => return Err(format!("tests of different types on `{key}`")),
        }
    }
    let present = states.iter().filter(|(_, state)| *state != State::Absent);
    if let Some(group) = depends_on_itself(present.map(|(key, _)| key.as_str())) {
        return Err(format!("keys that depend on each other, such as `{}`", group.join("`, `")));
    }
    let mentioned = |group: &[&str]| states.iter().filter(|(key, _)| group.contains(&key.as_str())).count();
    let one_of_two = |group: &&[&str]| {
        mentioned(group) > 1
            && states.iter().any(|(key, state)| group.contains(&key.as_str()) && *state != State::Absent)
    };
    if let Some(group) = LINKED_KEYS.iter().find(|group| one_of_two(group)) {
        return Err(format!("keys that depend on each other, such as `{}`", group.join("`, `")));
    }
    let action = Action::parse(action).map_err(|error| error.to_string())?;
    Ok(Witness { action, resource: resource.to_owned(), context })
}
