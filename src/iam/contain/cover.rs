//! Tier 0: proof by syntactic cover. Sound, never complete, microseconds.

use crate::iam::condition::{Operator, scalar_text};
use crate::iam::contain::pattern::{ActionPattern, ResourcePattern};
use crate::iam::evaluate::has_variables;
use crate::iam::json::Json;
use crate::iam::policy::{Effect, PolicyDocument, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// A statement whose patterns were read.
#[derive(Clone, Debug)]
pub(crate) struct Rule<'p> {
    /// Where it stands: document and statement, from 0.
    pub(crate) at: (usize, usize),
    /// The statement itself.
    pub(crate) statement: &'p Statement,
    /// `Action`, or the exceptions of `NotAction`.
    pub(crate) actions: Element<ActionPattern>,
    /// `Resource`, or the exceptions of `NotResource`.
    pub(crate) resources: Element<ResourcePattern>,
    /// The tests of the condition block.
    pub(crate) atoms: Vec<Atom>,
}

/// A list of patterns, or everything but them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element<P> {
    /// The `Not…` form.
    pub(crate) negated: bool,
    /// The patterns.
    pub(crate) patterns: Vec<P>,
}

/// One test of a condition block: an operator, a key and values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Atom {
    /// The operator as written.
    pub(crate) operator: String,
    /// Lower-cased.
    pub(crate) key: String,
    /// What the scalars stand for, each once.
    pub(crate) values: BTreeSet<String>,
    /// Values may hold variables.
    pub(crate) variables: bool,
}

impl<'p> Rule<'p> {
    /// All statements of some documents that have this effect and can apply at all.
    pub(crate) fn all(documents: &[&'p PolicyDocument], effect: Effect) -> Vec<Self> {
        let mut rules = Vec::new();
        for (policy, document) in documents.iter().enumerate() {
            let variables = has_variables(document.version.as_deref());
            for (index, statement) in document.statements.iter().enumerate() {
                if statement.effect == effect {
                    rules.extend(Self::read(statement, (policy, index), variables));
                }
            }
        }
        rules
    }

    fn read(statement: &'p Statement, at: (usize, usize), variables: bool) -> Option<Self> {
        // A statement without actions never applies.
        let actions = statement.action.as_ref()?;
        let resources = match &statement.resource {
            Some(element) => Element {
                negated: element.negated,
                patterns: element
                    .patterns
                    .values
                    .iter()
                    .map(|text| ResourcePattern::parse(text, variables))
                    .collect(),
            },
            None => Element { negated: false, patterns: vec![ResourcePattern::Everything] },
        };
        Some(Self {
            at,
            statement,
            actions: Element {
                negated: actions.negated,
                patterns: actions.patterns.values.iter().map(|text| ActionPattern::parse(text)).collect(),
            },
            resources,
            atoms: atoms(statement, variables),
        })
    }

    /// May the two statements apply to one request?
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        elements_may_meet(&self.actions, &other.actions, MEET_ACTION)
            && elements_may_meet(&self.resources, &other.resources, MEET_RESOURCE)
    }

    /// The statement with some of its action patterns and some of its resource patterns; a `Not…` element
    /// stays as it is.
    fn only(&self, actions: &[usize], resources: &[bool]) -> Self {
        let patterns = if self.actions.negated {
            self.actions.patterns.clone()
        } else {
            actions.iter().filter_map(|number| self.actions.patterns.get(*number)).cloned().collect()
        };
        let actions = Element { negated: self.actions.negated, patterns };
        let wanted = |at: usize| self.resources.negated || resources.get(at) == Some(&true);
        let patterns = self.resources.patterns.iter().enumerate();
        let patterns = patterns.filter(|(at, _)| wanted(*at)).map(|(_, pattern)| pattern.clone()).collect();
        let resources = Element { negated: self.resources.negated, patterns };
        Self { at: self.at, statement: self.statement, actions, resources, atoms: self.atoms.clone() }
    }
}

fn atoms(statement: &Statement, variables: bool) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for entry in &statement.condition {
        let variables = variables && Operator::parse(&entry.operator).is_some_and(Operator::takes_variables);
        for test in &entry.keys {
            atoms.push(Atom {
                operator: entry.operator.clone(),
                key: test.key.to_ascii_lowercase(),
                values: test.values.iter().map(|value: &Json| scalar_text(value).into_owned()).collect(),
                variables: variables
                    && test.values.iter().any(|value| value.as_str().is_some_and(|text| text.contains("${"))),
            });
        }
    }
    atoms
}

impl Atom {
    /// Whenever this test holds, does the other certainly hold too?
    pub(crate) fn implies(&self, other: &Self) -> bool {
        if self.key != other.key || self.variables != other.variables {
            return false;
        }
        if self.operator != other.operator {
            let stronger = other.operator.strip_suffix("IfExists");
            if stronger != Some(self.operator.as_str()) || Operator::parse(&other.operator).is_none() {
                return false;
            }
        }
        let Some(operator) = Operator::parse(&self.operator) else { return self.values == other.values };
        if operator.negated {
            // A malformed value among them may decide a negated test by itself.
            self.values == other.values || (is_plain_text(operator) && other.values.is_subset(&self.values))
        } else {
            self.values.is_subset(&other.values)
        }
    }
}

fn is_plain_text(operator: Operator) -> bool {
    use crate::iam::condition::Comparison;
    matches!(
        operator.comparison,
        Comparison::StringEquals | Comparison::StringEqualsIgnoreCase | Comparison::StringLike
    )
}

/// How a kind of patterns answers: does the first cover the second, may they match the same?
type Meeting<P> = (fn(&P, &P) -> bool, fn(&P, &P) -> bool);

const MEET_ACTION: Meeting<ActionPattern> = (ActionPattern::covers, ActionPattern::may_overlap);
const MEET_RESOURCE: Meeting<ResourcePattern> = (ResourcePattern::covers, ResourcePattern::may_overlap);

fn elements_may_meet<P>(a: &Element<P>, b: &Element<P>, meeting: Meeting<P>) -> bool {
    match (a.negated, b.negated) {
        // Complements nearly always meet; the exact answer is not worth the search here.
        (true, true) => true,
        (_, false) => b.patterns.iter().any(|pattern| element_may_meet(a, pattern, meeting)),
        (false, true) => a.patterns.iter().any(|pattern| element_may_meet(b, pattern, meeting)),
    }
}

fn element_may_meet<P>(element: &Element<P>, pattern: &P, (covers, overlap): Meeting<P>) -> bool {
    if element.negated {
        // An exception that takes the whole pattern away leaves nothing.
        !element.patterns.iter().any(|except| covers(except, pattern))
    } else {
        element.patterns.iter().any(|one| overlap(one, pattern))
    }
}

/// Which resource patterns of a statement match anything; one answer for a `Not…` form.
fn usable(small: &Element<ResourcePattern>) -> Vec<bool> {
    if small.negated {
        return vec![true];
    }
    small.patterns.iter().map(|pattern| *pattern != ResourcePattern::Nothing).collect()
}

/// Which resource patterns of a statement another one may meet; one answer for a `Not…` form.
fn met_resources(rule: &Rule<'_>, small: &Element<ResourcePattern>) -> Vec<bool> {
    if small.negated {
        return vec![true];
    }
    small.patterns.iter().map(|pattern| element_may_meet(&rule.resources, pattern, MEET_RESOURCE)).collect()
}

/// Many statements, indexed by what their actions may cover.
#[derive(Debug)]
pub(crate) struct Index<'r, 'p> {
    rules: &'r [Rule<'p>],
    /// Rules whose `Action` is not of one service, and those with `NotAction`.
    broad: Vec<usize>,
    services: BTreeMap<&'r str, ServiceIndex<'r>>,
}

#[derive(Debug, Default)]
struct ServiceIndex<'r> {
    literals: BTreeMap<&'r str, Vec<usize>>,
    globs: Vec<(&'r str, usize)>,
}

impl<'r, 'p> Index<'r, 'p> {
    pub(crate) fn new(rules: &'r [Rule<'p>]) -> Self {
        let mut index = Self { rules, broad: Vec::new(), services: BTreeMap::new() };
        for (number, rule) in rules.iter().enumerate() {
            let broad = |pattern: &ActionPattern| {
                matches!(pattern, ActionPattern::Everything | ActionPattern::Disputed(_))
            };
            if rule.actions.negated || rule.actions.patterns.iter().any(broad) {
                index.broad.push(number);
                continue;
            }
            for pattern in &rule.actions.patterns {
                let ActionPattern::Of { service, name } = pattern else { continue };
                let of = index.services.entry(service).or_default();
                if crate::iam::glob::has_wildcard(name) {
                    of.globs.push((name, number));
                } else {
                    of.literals.entry(name).or_default().push(number);
                }
            }
        }
        index
    }

    /// Is everything to which `small` applies covered by statements of the index, one for each pair of an
    /// action and a resource pattern?
    pub(crate) fn covers(&self, small: &Rule<'_>) -> bool {
        self.uncovered(small, &[]).is_empty()
    }

    /// What is left of a statement without the pairs of an action and a resource pattern that one statement
    /// of the index covers and none of `lost` may meet. The statements left are the pairs that stay, and no
    /// others; those with the same resources are together.
    pub(crate) fn uncovered<'s>(&self, small: &Rule<'s>, lost: &[&Rule<'_>]) -> Vec<Rule<'s>> {
        let mut pairs = Pairs { index: self, small, conditions: BTreeMap::new(), resources: BTreeMap::new() };
        let mut lost: Vec<(&Rule<'_>, Option<Vec<bool>>)> = lost.iter().map(|deny| (*deny, None)).collect();
        // Numbers of action patterns by the resource patterns with which they are not covered.
        let mut left: BTreeMap<Vec<bool>, Vec<usize>> = BTreeMap::new();
        let single = [ActionPattern::Everything];
        let actions = if small.actions.negated { &single[..] } else { &small.actions.patterns };
        for (number, action) in actions.iter().enumerate() {
            if *action == ActionPattern::Nothing {
                continue;
            }
            let mut open = usable(&small.resources);
            if small.actions.negated {
                pairs.cover(&self.broad, &mut open, |rule| complement_covers(&rule.actions, &small.actions));
            } else {
                pairs.cover(&self.candidates(action), &mut open, |_| true);
                pairs.cover(&self.broad, &mut open, |rule| element_covers_action(&rule.actions, action));
            }
            for (deny, met) in &mut lost {
                if small.actions.negated || element_may_meet(&deny.actions, action, MEET_ACTION) {
                    let met = met.get_or_insert_with(|| met_resources(deny, &small.resources));
                    open.iter_mut().zip(met.iter()).for_each(|(open, met)| *open |= *met);
                }
            }
            if open.contains(&true) {
                left.entry(open).or_default().push(number);
            }
        }
        left.iter().map(|(open, numbers)| small.only(numbers, open)).collect()
    }

    /// The rules one of whose patterns covers the action pattern, but for the broad ones.
    fn candidates(&self, action: &ActionPattern) -> Vec<usize> {
        let ActionPattern::Of { service, name } = action else { return Vec::new() };
        let Some(of) = self.services.get(&**service) else { return Vec::new() };
        let mut found: Vec<usize> = of.literals.get(&**name).cloned().unwrap_or_default();
        let globs = of.globs.iter().filter(|(pattern, _)| crate::iam::glob::covers(pattern, name));
        found.extend(globs.map(|(_, rule)| *rule));
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// What was found out about one small statement against the rules of an index.
struct Pairs<'i, 'r, 'p, 's> {
    index: &'i Index<'r, 'p>,
    small: &'s Rule<'s>,
    conditions: BTreeMap<usize, bool>,
    /// For a rule, which resource patterns of the small statement it covers (all, for the `Not…` form).
    resources: BTreeMap<usize, Vec<bool>>,
}

impl Pairs<'_, '_, '_, '_> {
    /// Closes what the candidates cover. Each `open` is about a resource pattern of the small statement.
    fn cover(&mut self, candidates: &[usize], open: &mut [bool], fits: impl Fn(&Rule<'_>) -> bool) {
        for number in candidates {
            if !open.contains(&true) {
                return;
            }
            let Some(rule) = self.index.rules.get(*number) else { continue };
            if !self.implied(*number, rule) || !fits(rule) {
                continue;
            }
            let small = &self.small.resources;
            let covered = self.resources.entry(*number).or_insert_with(|| covered_resources(rule, small));
            open.iter_mut().zip(covered).for_each(|(open, covered)| *open &= !*covered);
        }
    }

    fn implied(&mut self, number: usize, rule: &Rule<'_>) -> bool {
        let small = self.small;
        *self.conditions.entry(number).or_insert_with(|| {
            rule.atoms.iter().all(|wanted| small.atoms.iter().any(|given| given.implies(wanted)))
        })
    }
}

fn covered_resources(rule: &Rule<'_>, small: &Element<ResourcePattern>) -> Vec<bool> {
    let big = &rule.resources;
    if small.negated {
        return vec![complement_covers_resources(big, small)];
    }
    small
        .patterns
        .iter()
        .map(|pattern| {
            if big.negated {
                // An exception that may be unusable could switch the statement off altogether.
                big.patterns.iter().all(|except| !except.may_overlap(pattern) && is_sure(except))
            } else {
                big.patterns.iter().any(|big| big.covers(pattern))
            }
        })
        .collect()
}

/// Is the pattern well-formed and without variables?
fn is_sure(pattern: &ResourcePattern) -> bool {
    use crate::iam::contain::pattern::Letter;
    match pattern {
        ResourcePattern::Everything => true,
        ResourcePattern::Nothing => false,
        ResourcePattern::Arn(arn) => !arn.rest.iter().any(|letter| matches!(letter, Letter::Variable(_))),
    }
}

fn element_covers_action(big: &Element<ActionPattern>, action: &ActionPattern) -> bool {
    if big.negated {
        !big.patterns.iter().any(|except| except.may_overlap(action))
    } else {
        big.patterns.iter().any(|big| big.covers(action))
    }
}

/// Everything but `small` lies within `big`: every exception of `big` is one of `small`.
fn complement_covers(big: &Element<ActionPattern>, small: &Element<ActionPattern>) -> bool {
    if !big.negated {
        return big.patterns.contains(&ActionPattern::Everything);
    }
    big.patterns.iter().all(|except| small.patterns.iter().any(|small| small.covers(except)))
}

fn complement_covers_resources(big: &Element<ResourcePattern>, small: &Element<ResourcePattern>) -> bool {
    if !big.negated {
        return big.patterns.contains(&ResourcePattern::Everything);
    }
    big.patterns.iter().all(|except| {
        small.patterns.iter().any(|small| small == except || (is_sure(except) && small.covers(except)))
    })
}
