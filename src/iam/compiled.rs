//! Identity policies prepared for many decisions: statements are found by action, patterns are cut once.

use crate::iam::action::Action;
use crate::iam::condition::{Scope, Truth, block_holds};
use crate::iam::evaluate::{
    Decision, Evaluation, Layer, Request, StatementRef, action_covered, conclude, has_variables,
    is_action_name, with_points,
};
use crate::iam::glob;
use crate::iam::policy::{Effect, PolicyDocument, Statement};
use crate::iam::reading::Readings;
use crate::iam::resource::{Pattern, PolicyKind, ResourceText, patterns_cover};
use std::cmp::Ordering;

/// Identity policies that answer [`crate::iam::evaluate::evaluate_identity`] fast, with the same result.
#[derive(Debug)]
pub struct CompiledPolicies<'p> {
    rules: Vec<Rule<'p>>,
    /// Sorted by the service's name, letter case aside.
    services: Vec<(&'p str, Service<'p>)>,
    /// Statements of no one service: `*`, `NotAction`, and what else has to be looked at each time.
    broad: Vec<usize>,
}

/// A statement that applies to a request, or may do so.
#[derive(Clone, Debug, PartialEq)]
pub struct Applying<'p> {
    /// Where it stands.
    pub at: StatementRef,
    /// The statement.
    pub statement: &'p Statement,
    /// True, or unknown.
    pub truth: Truth,
}

#[derive(Debug)]
struct Rule<'p> {
    statement: &'p Statement,
    at: StatementRef,
    variables: bool,
    /// The action must be matched each time.
    broad: bool,
    not_resource: bool,
    /// `None` when the statement has no resource element: it covers everything.
    resources: Option<Vec<Pattern<'p>>>,
}

#[derive(Debug, Default)]
struct Service<'p> {
    /// Names without wildcards, sorted, letter case aside.
    literals: Vec<(&'p str, usize)>,
    globs: Vec<(&'p str, usize)>,
}

impl<'p> CompiledPolicies<'p> {
    /// Prepares the documents; the references in evaluations count in this order.
    pub fn new(policies: &[&'p PolicyDocument]) -> Self {
        let mut compiled = Self { rules: Vec::new(), services: Vec::new(), broad: Vec::new() };
        for (policy, document) in policies.iter().enumerate() {
            for (statement, rule) in document.statements.iter().enumerate() {
                let at = StatementRef { layer: Layer::Identity, level: 0, policy, statement };
                compiled.add(rule, at, has_variables(document.version.as_deref()));
            }
        }
        for (_, service) in &mut compiled.services {
            service.literals.sort_by(|a, b| caseless(a.0, b.0).then(a.1.cmp(&b.1)));
        }
        compiled
    }

    fn add(&mut self, statement: &'p Statement, at: StatementRef, variables: bool) {
        let number = self.rules.len();
        let plain = |pattern: &String| {
            pattern
                .split_once(':')
                .is_some_and(|(service, name)| !glob::has_wildcard(service) && is_action_name(name))
        };
        let Some(actions) = &statement.action else { return };
        let broad = actions.negated || !actions.patterns.values.iter().all(plain);
        self.rules.push(Rule {
            statement,
            at,
            variables,
            broad,
            not_resource: statement.resource.as_ref().is_some_and(|element| element.negated),
            resources: statement.resource.as_ref().map(|element| {
                element.patterns.values.iter().map(|text| Pattern::new(text, PolicyKind::Identity)).collect()
            }),
        });
        if broad {
            self.broad.push(number);
            return;
        }
        for (service, name) in actions.patterns.values.iter().filter_map(|pattern| pattern.split_once(':')) {
            let place = match self.services.binary_search_by(|(known, _)| caseless(known, service)) {
                Ok(place) => place,
                Err(place) => {
                    self.services.insert(place, (service, Service::default()));
                    place
                }
            };
            if let Some((_, of)) = self.services.get_mut(place) {
                let list = if glob::has_wildcard(name) { &mut of.globs } else { &mut of.literals };
                list.push((name, number));
            }
        }
    }

    /// The same as [`crate::iam::evaluate::evaluate_identity`] with the documents that were prepared.
    pub fn evaluate(&self, request: &Request<'_>) -> Evaluation {
        let (resource, listed) = (ResourceText::new(request.resource), self.listed(request.action));
        with_points(|readings| {
            let (mut allow, mut deny) = (Truth::False, Truth::False);
            let mut statements = Vec::new();
            self.visit(&listed, |rule| {
                let truth = rule.applies(request, Some(&resource), readings);
                if truth.is_true() {
                    statements.push((rule.statement.effect, rule.at));
                }
                let place = if rule.statement.effect == Effect::Allow { &mut allow } else { &mut deny };
                *place = std::mem::take(place).or(truth);
            });
            let silent = if allow.is_false() { vec![Layer::Identity] } else { Vec::new() };
            conclude(deny, allow, statements, silent)
        })
    }

    /// The decision of [`Self::evaluate`] without its reasons.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let (resource, readings) = (ResourceText::new(request.resource), Readings::default());
        let (mut allow, mut deny) = (Truth::False, Truth::False);
        self.visit(&self.listed(request.action), |rule| {
            let place = if rule.statement.effect == Effect::Allow { &mut allow } else { &mut deny };
            if !place.is_true() {
                let truth = rule.applies(request, Some(&resource), &readings);
                *place = std::mem::take(place).or(truth);
            }
        });
        conclude(deny, allow, Vec::new(), Vec::new()).decision
    }

    /// The statements, Allow and Deny, that apply to the request or may do so, in the order of the
    /// documents: those that a use is credited to.
    pub fn applying(&self, request: &Request<'_>) -> Vec<Applying<'p>> {
        self.find(request, Some(&ResourceText::new(request.resource)))
    }

    /// [`Self::applying`] to the request with one resource or another: the statements' own resources do not
    /// matter.
    pub fn applying_somewhere(&self, request: &Request<'_>) -> Vec<Applying<'p>> {
        self.find(request, None)
    }

    fn find(&self, request: &Request<'_>, resource: Option<&ResourceText<'_>>) -> Vec<Applying<'p>> {
        let readings = Readings::default();
        let mut found = Vec::new();
        self.visit(&self.listed(request.action), |rule| {
            let truth = rule.applies(request, resource, &readings);
            if !truth.is_false() {
                found.push(Applying { at: rule.at, statement: rule.statement, truth });
            }
        });
        found
    }

    /// The listed and the broad statements in the order of the documents; both lists are sorted.
    fn visit(&self, listed: &[usize], mut visit: impl FnMut(&Rule<'p>)) {
        let mut broad = self.broad.iter().peekable();
        let mut listed = listed.iter().peekable();
        while let Some(number) = match (broad.peek(), listed.peek()) {
            (Some(a), Some(b)) if a < b => broad.next(),
            (_, Some(_)) => listed.next(),
            (Some(_), None) => broad.next(),
            (None, None) => None,
        } {
            if let Some(rule) = self.rules.get(*number) {
                visit(rule);
            }
        }
    }

    /// The statements that list the action, sorted, each once; the broad ones are not among them.
    fn listed(&self, action: &Action) -> Vec<usize> {
        let Ok(place) = self.services.binary_search_by(|(known, _)| caseless(known, action.service())) else {
            return Vec::new();
        };
        let Some((_, service)) = self.services.get(place) else { return Vec::new() };
        let start = service.literals.partition_point(|(name, _)| caseless(name, action.name()).is_lt());
        let literals = service.literals.iter().skip(start);
        let mut found: Vec<usize> = literals
            .take_while(|(name, _)| name.eq_ignore_ascii_case(action.name()))
            .chain(service.globs.iter().filter(|(name, _)| glob::matches_ignore_case(name, action.name())))
            .map(|(_, number)| *number)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Rule<'_> {
    /// Like a plain statement's, but the action of a listed statement is known to match.
    /// Without a resource, it may be any of the statement's.
    fn applies(
        &self,
        request: &Request<'_>,
        resource: Option<&ResourceText<'_>>,
        readings: &Readings,
    ) -> Truth {
        if self.broad && !action_covered(self.statement.action.as_ref(), request.action, readings) {
            return Truth::False;
        }
        let scope = Scope { context: request.context, variables: self.variables, readings };
        let covered = match (&self.resources, resource) {
            (None, _) | (_, None) => Truth::True,
            (Some(patterns), Some(resource)) => {
                patterns_cover(self.not_resource, patterns.iter().copied(), resource, scope)
            }
        };
        if covered.is_false() {
            return covered;
        }
        covered.and(block_holds(&self.statement.condition, scope))
    }
}

fn caseless(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}
