//! Proposals: changes beyond the recommendation that the logs support but do not prove. Conditions that
//! every observed call would have met, and resources that only definitions name. Nothing here is part of a
//! recommended policy.

mod backtest;
mod condition;

pub use condition::Candidate;

use super::narrow;
use super::selfcheck;
use super::{Recommendation, Status, Step};
use crate::drift::credit::{self, Replay, Use};
use crate::drift::{ActionReview, PolicyReview, PrincipalReview, Standing, Verdict};
use crate::grants::PolicySource;
use crate::iam::compiled::CompiledPolicies;
use crate::iam::contain::Containment;
use crate::iam::policy::Matcher;
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::validate::PolicyType;
use crate::iam::{Effect, PolicyDocument, Statement, glob, quota};
use crate::time::{Day, Timestamp};
use crate::trail::outcome::Outcome;
use crate::usage::{ActionRef, Contexts};
use backtest::{Sighting, Tested};
use std::collections::{BTreeMap, BTreeSet};

/// A condition that fewer calls support is not proposed: it could be chance.
pub(super) const CALLS_MIN: u64 = 10;

/// A change that may be made beyond the recommended policy.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Which policy, as an index into the principal's policies.
    pub policy: usize,
    /// The Sid of the statement that is changed.
    pub sid: Option<String>,
    /// The actions of the statement that get the change, sorted; the others stay as they are.
    pub actions: Vec<String>,
    /// What changes.
    pub change: Change,
    /// The calls, or definitions, that support it, and all of them that concern these actions.
    pub support: (u64, u64),
    /// Ids of some of the supporting events, at most three.
    pub evidence: BTreeSet<String>,
    /// The backtest: from each of these days on, nothing would have been refused by the same proposal, made
    /// from what was seen before that day.
    pub held_from: Vec<Day>,
    /// The policy with the change: the recommended one where there is one, else the present one.
    pub document: PolicyDocument,
}

/// What a proposal changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The actions keep only these resources: those that definitions name.
    Resources(Vec<String>),
    /// The actions are allowed under one more condition.
    Condition(Candidate),
}

/// The proposals for one principal.
#[derive(Clone, Debug, Default)]
pub struct Proposals {
    /// By policy, then in the order of statements.
    pub made: Vec<Proposal>,
    /// Those that passed every check but the backtest, by policy.
    pub withheld: BTreeMap<usize, Withheld>,
}

/// How many proposals the backtest took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Made from the first part of the window they would have refused a later call.
    pub broken: usize,
    /// There is nothing to test them with: the window is too short, or no split has calls on both sides.
    pub untested: usize,
}

/// All proposals for a principal. Each is contained in the policy that it changes, is a valid policy within
/// the size of its quota, allows every observed call that this policy allows, with the condition keys that the
/// call showed, and passes the backtest over the window; what fails is left out.
pub fn proposals(
    review: &PrincipalReview<'_>,
    recommendations: &[Recommendation],
    window: Option<(Timestamp, Timestamp)>,
) -> Proposals {
    let settled = matches!(review.standing, Standing::ServiceLinked | Standing::Unused);
    if settled || review.protected.is_some() {
        return Proposals::default();
    }
    let splits = super::backtest::splits(window).map(Vec::from).unwrap_or_default();
    let rows = review.usage.into_iter().flat_map(credit::uses);
    let replays: Vec<Replay<'_>> = rows.filter_map(|row| Replay::new(review.principal, row)).collect();
    let mut all = Proposals::default();
    for (index, policy) in review.policies.iter().enumerate() {
        if matches!(policy.policy.source, PolicySource::Group { .. }) {
            continue;
        }
        for document in bases(index, policy, recommendations) {
            let compiled = CompiledPolicies::new(&[document]);
            let draft = Draft { review, replays: &replays, policy: (index, policy), document, compiled };
            for (at, statement) in document.statements.iter().enumerate() {
                for attempt in draft.of_statement(statement) {
                    all.add(&draft, (at, statement), attempt, &splits);
                }
            }
        }
    }
    all
}

impl Proposals {
    fn add(
        &mut self,
        draft: &Draft<'_, '_>,
        place: (usize, &Statement),
        attempt: Attempt<'_>,
        splits: &[Day],
    ) {
        let patterns = matches!(attempt.change, Change::Resources(_));
        let tested = backtest::test(&attempt.sightings, splits, patterns);
        let Some(mut proposal) = draft.checked(place, attempt) else { return };
        match tested {
            Tested::Held(from) => {
                proposal.held_from = from;
                self.made.push(proposal);
            }
            Tested::Broken => self.withheld.entry(proposal.policy).or_default().broken += 1,
            Tested::Not => self.withheld.entry(proposal.policy).or_default().untested += 1,
        }
    }
}

/// The documents of a policy as they are recommended, or as they are.
fn bases<'d>(
    index: usize,
    policy: &PolicyReview<'d>,
    recommendations: &'d [Recommendation],
) -> Vec<&'d PolicyDocument> {
    match recommendations.iter().find(|one| one.policy == index) {
        Some(one) if one.status == Status::Ready => one.documents.iter().collect(),
        _ => policy.policy.document.as_deref().into_iter().collect(),
    }
}

/// One document that may be changed further.
struct Draft<'p, 'a> {
    review: &'p PrincipalReview<'a>,
    replays: &'p [Replay<'a>],
    policy: (usize, &'p PolicyReview<'a>),
    document: &'p PolicyDocument,
    compiled: CompiledPolicies<'p>,
}

impl<'a> Draft<'_, 'a> {
    fn of_statement(&self, statement: &Statement) -> Vec<Attempt<'_>> {
        let plain = statement.effect == Effect::Allow && statement.unknown.is_empty();
        let Some(matcher) = statement.action.as_ref().filter(|matcher| plain && !matcher.negated) else {
            return Vec::new();
        };
        let patterns = matcher.patterns.values.iter().filter(|pattern| !glob::has_wildcard(pattern));
        let actions: Vec<&'static ActionInfo> =
            patterns.filter_map(|pattern| reference().action_named(pattern)).collect();
        let mut drafts = self.implied_resources(statement, &actions);
        drafts.extend(self.conditions(statement, &actions));
        drafts
    }

    /// What the review says about an action, in all old statements of the policy.
    fn reviews_of(&self, action: &'static ActionInfo) -> impl Iterator<Item = &ActionReview<'a>> {
        let statements = self.policy.1.statements.iter();
        statements.flat_map(|one| &one.actions).filter(move |one| ActionRef(one.action) == ActionRef(action))
    }

    /// Actions that only definitions need, limited to what definitions name.
    fn implied_resources(&self, statement: &Statement, actions: &[&'static ActionInfo]) -> Vec<Attempt<'_>> {
        let Some(resource) = statement.resource.as_ref().filter(|one| !one.negated) else {
            return Vec::new();
        };
        let old = &resource.patterns.values;
        let mut drafts: Vec<Attempt<'_>> = Vec::new();
        for action in actions {
            let reviews: Vec<&ActionReview<'_>> = self.reviews_of(action).collect();
            let implied = reviews.iter().flat_map(|one| &one.implied);
            let only_implied = reviews
                .iter()
                .all(|one| one.verdict == Verdict::Implied && one.uses.is_empty() && one.protected.is_none());
            let names: Option<BTreeSet<&str>> =
                implied.clone().map(|one| one.resource.as_ref().map(|name| name.arn.as_str())).collect();
            let Some(names) = names.filter(|names| only_implied && !names.is_empty()) else { continue };
            let Some(scope) = narrow::limited(&names, old) else { continue };
            let count = implied.clone().map(|one| one.stats.count).sum();
            let evidence =
                implied.clone().flat_map(|one| &one.stats.evidence).map(|(_, id)| id.to_string()).collect();
            let sightings = implied.filter_map(|one| {
                let value = one.resource.as_ref()?.arn.clone();
                Some(Sighting { action: ActionRef(action), value, days: &one.stats.days })
            });
            let sightings = sightings.collect();
            let attempt = Attempt {
                actions: vec![action],
                change: Change::Resources(scope),
                count,
                evidence,
                sightings,
            };
            match drafts.iter_mut().find(|draft| draft.change == attempt.change) {
                Some(draft) => draft.join(attempt),
                None => drafts.push(attempt),
            }
        }
        drafts
    }

    /// Conditions that every call of an action met, one draft for each key.
    fn conditions(&self, statement: &Statement, actions: &[&'static ActionInfo]) -> Vec<Attempt<'_>> {
        let mut drafts: Vec<Attempt<'_>> = Vec::new();
        for action in actions {
            let Some(calls) = self.calls_of(action, statement) else { continue };
            for candidate in condition::candidates(self.review.principal.kind, action, statement, &calls.rows)
            {
                let attempt = calls.attempt(action, candidate);
                match drafts.iter_mut().find(|draft| draft.takes(&attempt.change)) {
                    Some(draft) => draft.join(attempt),
                    None => drafts.push(attempt),
                }
            }
        }
        drafts.retain(Attempt::is_selective);
        drafts
    }

    /// The calls that may rest on a statement for an action; `None` when it may be needed by anything that
    /// did not show its context.
    fn calls_of(&self, action: &'static ActionInfo, statement: &Statement) -> Option<Calls<'a>> {
        if !self.reviews_of(action).all(|one| one.implied.is_empty() && one.protected.is_none()) {
            return None;
        }
        let resting = self.replays.iter().filter(|replay| {
            replay.row.call.action == ActionRef(action)
                && replay.may_rest_on(&self.compiled).any(|one| std::ptr::eq(one.statement, statement))
        });
        let mut calls = Calls::default();
        let mut counted = BTreeSet::new();
        for replay in resting {
            let row = replay.row;
            let context = row.call.context(self.review.usage?)?;
            if row.call.outcome != Outcome::Authorized {
                return None;
            }
            if counted.insert((&row.call.event, &row.call.region, &row.call.via)) {
                calls.count += context.events;
            }
            calls.evidence.extend(row.stats.evidence.iter().map(|(_, id)| id.to_string()));
            calls.rows.push((row, context));
        }
        (calls.count >= CALLS_MIN).then_some(calls)
    }

    /// The proposal of a draft, when it passes every check.
    fn checked(&self, (at, statement): (usize, &Statement), draft: Attempt<'_>) -> Option<Proposal> {
        let document = self.changed(at, statement, &draft);
        let contained = selfcheck::contained(&[&document], self.document);
        let kind = match self.policy.1.policy.source {
            PolicySource::Inline => PolicyType::Inline,
            _ => PolicyType::Managed,
        };
        let sound = matches!(contained, Containment::Proved { .. })
            && selfcheck::invalid(&[&document], self.document, kind).is_none()
            && self.fits(&document)
            && self.allows_as_much(&document, &draft);
        let evidence = draft.evidence.into_iter().take(EVIDENCE_MAX).collect();
        let mut actions: Vec<String> = draft.actions.iter().map(ToString::to_string).collect();
        actions.sort();
        sound.then(|| Proposal {
            policy: self.policy.0,
            sid: statement.sid.clone(),
            actions,
            change: draft.change,
            support: (draft.count, draft.count),
            evidence,
            held_from: Vec::new(),
            document,
        })
    }

    /// Does the document stay within the quota? One that replaces another managed policy is as large as one.
    fn fits(&self, document: &PolicyDocument) -> bool {
        let (index, policy) = self.policy;
        let step = match policy.policy.source {
            _ if self.review.standing == Standing::PermissionSet => Step::UpdatePermissionSet,
            PolicySource::Inline => Step::PutInline,
            _ => Step::NewVersion,
        };
        quota::size(document).bytes <= super::room(self.review, index, step)
    }

    /// The document with the draft's actions in a statement of their own behind the old one.
    fn changed(&self, at: usize, statement: &Statement, draft: &Attempt<'_>) -> PolicyDocument {
        let old = statement.action.as_ref().map(|one| one.patterns.values.clone()).unwrap_or_default();
        let concerned = |pattern: &String| {
            let named = reference().action_named(pattern);
            named.is_some_and(|one| draft.actions.iter().any(|action| ActionRef(action) == ActionRef(one)))
        };
        let (moved, stay): (Vec<String>, Vec<String>) = old.into_iter().partition(concerned);
        let mut new = Statement { action: Some(Matcher::of(moved)), ..statement.clone() };
        match &draft.change {
            Change::Resources(resources) => new.resource = Some(Matcher::of(resources.clone())),
            Change::Condition(candidate) => candidate.add_to(&mut new.condition),
        }
        let mut document = self.document.clone();
        let mut put = vec![new];
        if !stay.is_empty() {
            // A Sid is unique in its document.
            for one in &mut put {
                one.sid = None;
            }
            put.insert(0, Statement { action: Some(Matcher::of(stay)), ..statement.clone() });
        }
        document.single &= put.len() == 1;
        document.statements.splice(at..=at, put);
        document
    }

    /// Replays every call against the principal's other policies and the old and the new document.
    fn allows_as_much(&self, new: &PolicyDocument, draft: &Attempt<'_>) -> bool {
        let concerned = |row: &Use<'_>| draft.actions.iter().any(|one| ActionRef(one) == row.call.action);
        self.replays.iter().filter(|replay| concerned(&replay.row)).all(|replay| {
            let contexts =
                match (&draft.change, self.review.usage.and_then(|usage| replay.row.call.context(usage))) {
                    (Change::Condition(candidate), Some(context)) => candidate.contexts(&replay.row, context),
                    (Change::Condition(_), None) => Vec::new(),
                    (Change::Resources(_), _) => vec![None],
                };
            contexts.iter().all(|set| self.is_as_allowed(new, replay, set.as_ref()))
        })
    }

    fn is_as_allowed(
        &self,
        new: &PolicyDocument,
        replay: &Replay<'a>,
        set: Option<&condition::Shown>,
    ) -> bool {
        let replay = replay.with(set.map(|shown| (shown.key, shown.value.as_str(), shown.list)));
        let may_rest = |policies: &CompiledPolicies<'_>| replay.may_rest_on(policies).next().is_some();
        match replay.request() {
            None => !may_rest(&self.compiled) || may_rest(&CompiledPolicies::new(&[new])),
            Some(request) => {
                let rank = |document: &PolicyDocument| selfcheck::rank(&request, document);
                rank(new) >= rank(self.document)
            }
        }
    }
}

/// Ids of events that a proposal carries.
const EVIDENCE_MAX: usize = 3;

/// The calls of one action on one statement.
#[derive(Default)]
struct Calls<'a> {
    rows: Vec<(Use<'a>, &'a Contexts)>,
    count: u64,
    evidence: BTreeSet<String>,
}

impl<'a> Calls<'a> {
    /// The condition as a proposal of these calls.
    fn attempt(&self, action: &'static ActionInfo, candidate: Candidate) -> Attempt<'a> {
        let sights = self.rows.iter().filter_map(|(row, context)| candidate.sights(row, context)).flatten();
        let sighting = |(value, days)| Sighting { action: ActionRef(action), value, days };
        Attempt {
            actions: vec![action],
            count: self.count,
            evidence: self.evidence.clone(),
            sightings: sights.map(sighting).collect(),
            change: Change::Condition(candidate),
        }
    }
}

/// A proposal before its checks.
struct Attempt<'u> {
    actions: Vec<&'static ActionInfo>,
    change: Change,
    count: u64,
    evidence: BTreeSet<String>,
    sightings: Vec<Sighting<'u>>,
}

impl Attempt<'_> {
    /// Is the other change one condition on the same key?
    fn takes(&self, change: &Change) -> bool {
        match (&self.change, change) {
            (Change::Condition(mine), Change::Condition(other)) => mine.fits(other),
            _ => false,
        }
    }

    fn is_selective(&self) -> bool {
        match &self.change {
            Change::Condition(candidate) => candidate.is_selective(),
            Change::Resources(_) => true,
        }
    }
}

impl<'u> Attempt<'u> {
    /// Adds the same change for another action.
    fn join(&mut self, other: Attempt<'u>) {
        if let (Change::Condition(mine), Change::Condition(other)) = (&mut self.change, &other.change) {
            mine.values.extend(other.values.iter().cloned());
        }
        self.actions.extend(other.actions);
        self.count += other.count;
        self.evidence.extend(other.evidence);
        self.sightings.extend(other.sightings);
    }
}
