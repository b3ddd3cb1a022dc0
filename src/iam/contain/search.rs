//! Tier 1: proof by cases. A statement of the new policies is taken apart into the combinations of
//! statements that can apply to one request: by action, by resource, by condition values.

use crate::iam::action::Action;
use crate::iam::condition::Context;
use crate::iam::contain::Witness;
use crate::iam::contain::cover::{Atom, Element, Rule};
use crate::iam::contain::domain::{Outcomes, State, outcomes};
use crate::iam::contain::pattern::{ActionPattern, ArnPattern, Letter, ResourcePattern};
use crate::iam::contain::signature::{Budget, Glyph, Kind, Signatures, TooMany, signatures};
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
    fn widens(self) -> bool {
        matches!(self, Self::Own | Self::OldDeny)
    }
}

/// A statement that takes part in the search.
pub(crate) type Part<'r, 'p> = (Role, &'r Rule<'p>);

/// How a wildcard before the fifth colon of a resource pattern is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// It stays within its part.
    Within,
    /// A `*` at the end of its part may leave it.
    Trailing,
    /// Every wildcard may.
    Anywhere,
}

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
    confirm: &mut dyn FnMut(&Witness) -> Result<(), String>,
) -> Outcome {
    let mut all: Vec<Part<'_, '_>> = Vec::with_capacity(parts.len() + 1);
    if new.actions.negated || new.resources.negated {
        all.push((Role::Own, new));
    }
    all.extend(parts.iter().copied().filter(|(_, rule)| rule.may_meet(new)));
    let too_many = |_: TooMany| Outcome::Unknown("the patterns combine in too many ways".to_owned());
    let actions = match action_signatures(new, &all, budget) {
        Ok(found) => found,
        Err(reason) => return Outcome::Unknown(reason),
    };
    let mut cells =
        Cells { new, parts: &all, budget, solved: BTreeMap::new(), tries: 0, reason: None, confirm };
    for reading in readings(new, &all) {
        let resources = match resource_signatures(new, &all, (reading, budget)) {
            Ok(found) => found,
            Err(reason) => return too_many(reason),
        };
        if actions.len().saturating_mul(resources.len()) > PAIRS_MAX {
            return too_many(TooMany);
        }
        for (action_bits, action) in &actions {
            for (resource_bits, resource) in &resources {
                let active: Vec<bool> =
                    action_bits.iter().zip(resource_bits).map(|(a, b)| *a && *b).collect();
                if let Some(witness) = cells.check(&active, (action, resource)) {
                    return Outcome::Refuted(witness);
                }
            }
        }
    }
    cells.reason.map_or(Outcome::Proved, Outcome::Unknown)
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
    if disputed { vec![Reading::Trailing, Reading::Within, Reading::Anywhere] } else { vec![Reading::Within] }
}

// ---- actions ----

fn action_signatures(new: &Rule<'_>, parts: &[Part<'_, '_>], budget: &Budget) -> Result<Signatures, String> {
    let everything = [ActionPattern::Everything];
    let bases = if new.actions.negated { &everything[..] } else { &new.actions.patterns };
    let mut found = Signatures::new();
    for base in bases {
        let glyphs = match base {
            ActionPattern::Nothing => continue,
            ActionPattern::Disputed(_) => {
                return Err("a wildcard in the service half of an action: disputed".to_owned());
            }
            base => action_glyphs(base, true),
        };
        let mut machine = Folder::new(parts.len());
        for (number, (role, rule)) in parts.iter().enumerate() {
            let widens = role.widens() != rule.actions.negated;
            machine.add_element(number, &rule.actions, |pattern| {
                if matches!(pattern, ActionPattern::Disputed(_)) {
                    Known::from(widens)
                } else if pattern.covers(base) {
                    Known::Yes
                } else if !pattern.may_overlap(base) {
                    Known::No
                } else {
                    Known::Partly(action_glyphs(pattern, false))
                }
            });
        }
        let permits =
            |letter: char| letter == ':' || letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let some = machine
            .run(&glyphs, budget, permits)
            .map_err(|_| "the actions combine in too many ways".to_owned())?;
        for (bits, text) in some {
            found.entry(bits).or_insert(text);
        }
    }
    Ok(found)
}

/// `service:name` with wildcards that stay in their half. The base matches real actions only: both halves
/// have a letter.
fn action_glyphs(pattern: &ActionPattern, base: bool) -> Vec<Glyph> {
    let (service, name) = match pattern {
        ActionPattern::Of { service, name } => (&**service, &**name),
        _ => ("*", "*"),
    };
    let half = |text: &str| -> Vec<Glyph> {
        let glyph = |kind: Kind| Glyph { kind, colon: false, caseless: false };
        let stars = text.bytes().all(|byte| byte == b'*');
        if base && stars {
            return vec![glyph(Kind::Any), glyph(Kind::Star)];
        }
        text.chars()
            .map(|letter| match letter {
                '*' => glyph(Kind::Star),
                '?' => glyph(Kind::Any),
                letter => glyph(Kind::One(letter)),
            })
            .collect()
    };
    let colon = Glyph { kind: Kind::One(':'), colon: false, caseless: false };
    half(service).into_iter().chain([colon]).chain(half(name)).collect()
}

// ---- resources ----

fn resource_signatures(
    new: &Rule<'_>,
    parts: &[Part<'_, '_>],
    (reading, budget): (Reading, &Budget),
) -> Result<Signatures, TooMany> {
    let everything = [ResourcePattern::Everything];
    let bases = if new.resources.negated { &everything[..] } else { &new.resources.patterns };
    let mut found = Signatures::new();
    for base in bases {
        let glyphs = match base {
            ResourcePattern::Nothing => continue,
            ResourcePattern::Everything => {
                let bits = parts.iter().map(|part| bit_without_resource(*part)).collect();
                found.entry(bits).or_insert_with(|| "*".to_owned());
                any_arn()
            }
            ResourcePattern::Arn(arn) => arn_glyphs(arn, reading, true),
        };
        let mut machine = Folder::new(parts.len());
        for (number, part) in parts.iter().enumerate() {
            add_resources(&mut machine, number, *part, base, reading);
        }
        for (bits, text) in machine.run(&glyphs, budget, |_| true)? {
            found.entry(bits).or_insert(text);
        }
    }
    Ok(found)
}

/// Does the element cover a request without a resource?
fn bit_without_resource((role, of): Part<'_, '_>) -> bool {
    let element = &of.resources;
    let covered = element.patterns.contains(&ResourcePattern::Everything);
    let unusable = element.negated && !role.widens() && element.patterns.iter().any(may_be_unusable);
    covered != element.negated && !unusable
}

fn add_resources(
    machine: &mut Folder,
    number: usize,
    (role, of): Part<'_, '_>,
    base: &ResourcePattern,
    reading: Reading,
) {
    let element = &of.resources;
    if element.negated && !role.widens() && element.patterns.iter().any(may_be_unusable) {
        // An unusable exception may keep the whole statement from applying.
        machine.fix(number, false);
        return;
    }
    let widens = role.widens() != element.negated;
    machine.add_element(number, element, |pattern| {
        let sure = !may_be_unusable(pattern);
        let disputed = matches!(pattern, ResourcePattern::Arn(arn) if arn.type_wildcard);
        let same = matches!(base, ResourcePattern::Arn(arn) if arn.type_wildcard) || !disputed;
        // The same variable on both sides: without a value for it the new statement does not apply.
        if pattern.covers(base) {
            return Known::Yes;
        }
        if !pattern.may_overlap(base) {
            return Known::No;
        }
        match pattern {
            ResourcePattern::Arn(_) if !widens && (!sure || !same) => Known::No,
            ResourcePattern::Arn(arn) => Known::Partly(arn_glyphs(arn, reading, false)),
            _ => Known::from(widens),
        }
    });
}

/// Malformed, or in need of a variable that may have no value.
fn may_be_unusable(pattern: &ResourcePattern) -> bool {
    match pattern {
        ResourcePattern::Everything => false,
        ResourcePattern::Nothing => true,
        ResourcePattern::Arn(arn) => arn.rest.iter().any(|letter| matches!(letter, Letter::Variable(_))),
    }
}

/// The base matches real ARNs only: partition, service and resource are not empty. Variables are any text.
fn arn_glyphs(pattern: &ArnPattern, reading: Reading, base: bool) -> Vec<Glyph> {
    let mut out: Vec<Glyph> = "arn:".chars().map(|letter| exactly(letter, false)).collect();
    for (number, part) in pattern.head.iter().enumerate() {
        let needed = base && number < 2 && part.iter().all(|letter| *letter == Letter::Star);
        let last = part.len().saturating_sub(1);
        if needed {
            out.push(Glyph { kind: Kind::Any, colon: false, caseless: true });
        }
        for (at, letter) in part.iter().enumerate() {
            let mut glyph = glyph(letter, true);
            glyph.colon = match reading {
                Reading::Within => false,
                Reading::Trailing => at == last && glyph.kind == Kind::Star,
                Reading::Anywhere => true,
            };
            out.push(glyph);
        }
        out.push(exactly(':', false));
    }
    if base && pattern.rest.iter().all(|letter| *letter == Letter::Star) {
        out.push(Glyph { kind: Kind::Any, colon: true, caseless: false });
    }
    out.extend(pattern.rest.iter().map(|letter| glyph(letter, false)));
    out
}

fn any_arn() -> Vec<Glyph> {
    let star = || vec![Letter::Star];
    let pattern = ArnPattern { head: [star(), star(), star(), star()], rest: star(), type_wildcard: false };
    arn_glyphs(&pattern, Reading::Within, true)
}

fn exactly(letter: char, caseless: bool) -> Glyph {
    Glyph { kind: Kind::One(letter), colon: false, caseless }
}

fn glyph(letter: &Letter, caseless: bool) -> Glyph {
    match letter {
        Letter::One(letter) => exactly(*letter, caseless),
        Letter::Any => Glyph { kind: Kind::Any, colon: true, caseless },
        Letter::Star | Letter::Variable(_) => Glyph { kind: Kind::Star, colon: true, caseless },
    }
}

// ---- folding patterns to statements ----

enum Known {
    Yes,
    No,
    Partly(Vec<Glyph>),
}

impl From<bool> for Known {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// The patterns of all statements that a search must run, and what is known of the others beforehand.
struct Folder {
    patterns: Vec<Vec<Glyph>>,
    owners: Vec<usize>,
    /// For each statement: the bit of its union of patterns as far as known, and its negation.
    unions: Vec<(bool, bool)>,
    fixed: Vec<Option<bool>>,
}

impl Folder {
    fn new(parts: usize) -> Self {
        Self {
            patterns: Vec::new(),
            owners: Vec::new(),
            unions: vec![(false, false); parts],
            fixed: vec![None; parts],
        }
    }

    fn fix(&mut self, number: usize, bit: bool) {
        if let Some(place) = self.fixed.get_mut(number) {
            *place = Some(bit);
        }
    }

    fn add_element<P>(&mut self, number: usize, element: &Element<P>, known: impl Fn(&P) -> Known) {
        let mut partly = Vec::new();
        let mut covered = false;
        for pattern in &element.patterns {
            match known(pattern) {
                Known::Yes => {
                    covered = true;
                    break;
                }
                Known::No => {}
                Known::Partly(glyphs) => partly.push(glyphs),
            }
        }
        if let Some(union) = self.unions.get_mut(number) {
            *union = (covered, element.negated);
        }
        if !covered {
            self.owners.extend(partly.iter().map(|_| number));
            self.patterns.extend(partly);
        }
    }

    fn run(
        &self,
        base: &[Glyph],
        budget: &Budget,
        permits: impl Fn(char) -> bool,
    ) -> Result<Signatures, TooMany> {
        signatures(base, &self.patterns, budget, permits, |bits| {
            let mut unions: Vec<bool> = self.unions.iter().map(|(covered, _)| *covered).collect();
            for (bit, owner) in bits.iter().zip(&self.owners) {
                if let Some(union) = unions.get_mut(*owner) {
                    *union |= *bit;
                }
            }
            unions
                .iter()
                .zip(&self.unions)
                .zip(&self.fixed)
                .map(|((covered, (_, negated)), fixed)| fixed.unwrap_or(covered != negated))
                .collect()
        })
    }
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
    confirm: &'s mut dyn FnMut(&Witness) -> Result<(), String>,
}

impl Cells<'_, '_, '_> {
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
            let confirmed = witness(action, resource, states)
                .and_then(|witness| (self.confirm)(&witness).map(|()| witness));
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
