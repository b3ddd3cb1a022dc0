//! Which statements can apply to one action, or to one resource, at once?

use crate::iam::contain::cover::{Element, Rule};
use crate::iam::contain::pattern::{ActionPattern, ArnPattern, Letter, ResourcePattern};
use crate::iam::contain::search::Part;
use crate::iam::contain::signature::{Budget, Glyph, Kind, Signatures, TooMany, signatures};

/// How a wildcard before the fifth colon of a resource pattern is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It stays within its part.
    Within,
    /// A `*` at the end of its part may leave it.
    Trailing,
    /// Every wildcard may.
    Anywhere,
}

/// What the pattern `*` of the statement in question stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Everything {
    /// Every ARN, and no resource.
    Resources,
    /// A request without a resource, for a try.
    NoResource,
}

// ---- actions ----

pub(crate) fn action_signatures(
    new: &Rule<'_>,
    parts: &[Part<'_, '_>],
    budget: &Budget,
) -> Result<Signatures, String> {
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

pub(crate) fn resource_signatures(
    new: &Rule<'_>,
    parts: &[Part<'_, '_>],
    (reading, budget): (Reading, &Budget),
    everything: Everything,
) -> Result<Signatures, TooMany> {
    let mut bases: Vec<&ResourcePattern> = if new.resources.negated {
        vec![&ResourcePattern::Everything]
    } else {
        new.resources.patterns.iter().collect()
    };
    // The first text of a signature stays: one that no dispute touches can be confirmed.
    bases.sort_by_key(|base| matches!(base, ResourcePattern::Arn(arn) if arn.type_wildcard));
    let mut found = Signatures::new();
    for base in bases {
        let glyphs = match base {
            ResourcePattern::Nothing => continue,
            ResourcePattern::Everything => {
                let bits = parts.iter().map(|part| bit_without_resource(*part)).collect();
                found.entry(bits).or_insert_with(|| "*".to_owned());
                if everything == Everything::NoResource {
                    continue;
                }
                any_arn()
            }
            ResourcePattern::Arn(arn) => arn_glyphs(arn, reading),
        };
        let mut machine = Folder::new(parts.len() + 1);
        for (number, part) in parts.iter().enumerate() {
            add_resources(&mut machine, number, *part, base, reading);
        }
        let real = match base {
            ResourcePattern::Arn(arn) if !arn.is_real() => Known::Partly(any_arn()),
            _ => Known::Yes,
        };
        machine.add(parts.len(), false, [real]);
        for (mut bits, text) in machine.run(&glyphs, budget, |_| true)? {
            if bits.pop() == Some(true) {
                found.entry(bits).or_insert(text);
            }
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
            ResourcePattern::Arn(arn) => Known::Partly(arn_glyphs(arn, reading)),
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

/// Variables are any text.
fn arn_glyphs(pattern: &ArnPattern, reading: Reading) -> Vec<Glyph> {
    let mut out: Vec<Glyph> = "arn:".chars().map(|letter| exactly(letter, false)).collect();
    for part in &pattern.head {
        let last = part.len().saturating_sub(1);
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
    out.extend(pattern.rest.iter().map(|letter| glyph(letter, false)));
    out
}

/// Every real ARN: partition, service and resource are not empty.
fn any_arn() -> Vec<Glyph> {
    let within = |kind: Kind| Glyph { kind, colon: false, caseless: false };
    let some = || [within(Kind::Any), within(Kind::Star), exactly(':', false)];
    let maybe = || [within(Kind::Star), exactly(':', false)];
    let letters = "arn:".chars().map(|letter| exactly(letter, false));
    let rest = [Kind::Any, Kind::Star].map(|kind| Glyph { kind, colon: true, caseless: false });
    letters.chain(some()).chain(some()).chain(maybe()).chain(maybe()).chain(rest).collect()
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
        self.add(number, element.negated, element.patterns.iter().map(known));
    }

    fn add(&mut self, number: usize, negated: bool, patterns: impl IntoIterator<Item = Known>) {
        let mut partly = Vec::new();
        let mut covered = false;
        for known in patterns {
            match known {
                Known::Yes => {
                    covered = true;
                    break;
                }
                Known::No => {}
                Known::Partly(glyphs) => partly.push(glyphs),
            }
        }
        if let Some(union) = self.unions.get_mut(number) {
            *union = (covered, negated);
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
