//! The obvious requests of a statement: its patterns with plain texts for their wildcards. Most statements
//! that allow too much are refuted by one of them, without a search over everything that they match.

use crate::iam::contain::cover::{Element, Rule};
use crate::iam::contain::pattern::{ActionPattern, ArnPattern, Letter, ResourcePattern};
use crate::iam::contain::search::{Part, Role};

/// The most actions, and the most resources, that are tried.
const POINTS_MAX: usize = 8;

/// The statement with plain texts for its patterns; the resource `*` means no resource.
pub(crate) fn requests<'p>(new: &Rule<'p>, parts: &[Part<'_, '_>]) -> Rule<'p> {
    let actions = Element { negated: false, patterns: actions(new, parts) };
    let resources = Element { negated: false, patterns: resources(new, parts) };
    let (at, statement, atoms) = (new.at, new.statement, new.atoms.clone());
    Rule { at, statement, actions, resources, atoms }
}

/// Lower-cased actions that the statement covers.
fn actions(new: &Rule<'_>, parts: &[Part<'_, '_>]) -> Vec<ActionPattern> {
    let mut points = Vec::new();
    let own = if new.actions.negated { &[ActionPattern::Everything][..] } else { &new.actions.patterns };
    let others = telling(parts, |rule| &rule.actions);
    for pattern in own.iter().chain(others) {
        let (service, name) = match pattern {
            ActionPattern::Of { service, name } => (service.clone(), &**name),
            ActionPattern::Everything => ("x".into(), "x"),
            ActionPattern::Disputed(_) | ActionPattern::Nothing => continue,
        };
        for stars in ["x", ""] {
            let name: Box<str> = name.replace('*', stars).replace('?', "x").into();
            let point = ActionPattern::Of { service: service.clone(), name };
            if own.iter().any(|pattern| pattern.covers(&point)) {
                add(&mut points, point);
            }
        }
    }
    points
}

/// ARNs that the statement covers; [`ResourcePattern::Everything`] for a request without a resource.
fn resources(new: &Rule<'_>, parts: &[Part<'_, '_>]) -> Vec<ResourcePattern> {
    let mut points = Vec::new();
    let everything = [ResourcePattern::Everything];
    let own = if new.resources.negated { &everything[..] } else { &new.resources.patterns };
    let others = telling(parts, |rule| &rule.resources);
    for pattern in own.iter().chain(others) {
        let point = match pattern {
            ResourcePattern::Everything => ResourcePattern::Everything,
            ResourcePattern::Arn(arn) => ResourcePattern::Arn(plain(arn)),
            ResourcePattern::Nothing => continue,
        };
        if own.iter().any(|pattern| pattern.covers(&point) || pattern.may_overlap(&point)) {
            add(&mut points, point);
        }
    }
    points
}

fn add<P: PartialEq>(points: &mut Vec<P>, point: P) {
    if points.len() < POINTS_MAX && !points.contains(&point) {
        points.push(point);
    }
}

/// Patterns of other statements at which the answer may turn: what an old Deny takes, what a new Deny spares.
fn telling<'r, P: 'r>(
    parts: &[Part<'r, '_>],
    element: impl Fn(&'r Rule<'_>) -> &'r Element<P>,
) -> impl Iterator<Item = &'r P> {
    let elements = parts.iter().map(move |(role, rule)| (*role, element(rule)));
    elements
        .filter(|(role, element)| match role {
            Role::OldDeny => !element.negated,
            Role::NewDeny | Role::Own => element.negated,
            Role::OldAllow => false,
        })
        .flat_map(|(_, element)| &element.patterns)
}

/// Plain texts where the pattern has wildcards: a usual region, an account id, else a letter.
fn plain(pattern: &ArnPattern) -> ArnPattern {
    let fill = |part: &[Letter], whole: &str, piece: &str| -> Vec<Letter> {
        if part == [Letter::Star] {
            return whole.chars().map(Letter::One).collect();
        }
        part.iter()
            .flat_map(|letter| {
                match letter {
                    Letter::One(letter) => letter.to_string(),
                    Letter::Any | Letter::Star | Letter::Variable(_) => piece.to_owned(),
                }
                .chars()
                .map(Letter::One)
                .collect::<Vec<_>>()
            })
            .collect()
    };
    let [partition, service, region, account] = &pattern.head;
    ArnPattern {
        head: [
            fill(partition, "aws", "x"),
            fill(service, "x", "x"),
            fill(region, "us-east-1", "1"),
            fill(account, "111122223333", "1"),
        ],
        rest: fill(&pattern.rest, "x", "x"),
        type_wildcard: false,
    }
}
