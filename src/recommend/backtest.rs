//! Backtest: policies made from the first part of the window, replayed against the rest of it. How often
//! would the trimmed policies have refused a call, had they been applied back then?
//!
//! What a trimmed policy says about one action follows from the verdict on that action alone, so the test
//! judges only the actions that were called after a split, and never writes whole policies.

use super::discovery::{Discovery, is_need};
use super::selfcheck::{Fate, fate};
use super::{ResourceLevel, narrow};
use crate::drift::credit::{self, Replay};
use crate::drift::verdict::{Earlier, Inputs};
use crate::drift::{ActionReview, Observability, PrincipalReview, StatementReview, Verdict};
use crate::grants::PolicySource;
use crate::iam::evaluate::{self, Decision};
use crate::iam::policy::Matcher;
use crate::iam::{Effect, PolicyDocument, Statement};
use crate::time::{Day, Timestamp};
use crate::usage::{ActionRef, DaySet};
use std::collections::BTreeMap;

/// After how much of the window's days the policies are fitted, in percent.
const SPLITS_PERCENT: [i32; 3] = [50, 67, 83];

/// A window with fewer days is not split: with two weeks, a weekly job is in each half.
const WINDOW_DAYS_MIN: i32 = 14;

/// How the principal's trimmed policies would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backtest {
    /// One for each level and split, tight to wide, then by time; none when not tested.
    pub trials: Vec<Trial>,
    /// Why it was not tested, if it was not.
    pub untested: Option<String>,
    /// Was it watched long enough?
    pub discovery: Discovery,
}

/// One level, fitted before one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// How far resources are limited.
    pub level: ResourceLevel,
    /// The first day that is replayed; the policies are made from what was first seen before it.
    pub split: Day,
    /// Distinct calls (action × resource × circumstances) on this day or later.
    pub replayed: usize,
    /// Calls that would have been refused, in events.
    pub broken_calls: u64,
    /// On how many days.
    pub broken_days: u64,
    /// The earliest of them.
    pub first: Option<Break>,
}

/// A call that would have been refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Break {
    /// When.
    pub time: Timestamp,
    /// `s3:GetObject`.
    pub action: String,
    /// What it touched; `None` where the log does not tell.
    pub resource: Option<String>,
}

impl Backtest {
    /// The tightest level at which no trial broke anything. Without trials, and when every level broke
    /// something, [`ResourceLevel::Keep`].
    pub fn tightest(&self) -> ResourceLevel {
        let levels = [ResourceLevel::Exact, ResourceLevel::Generalise];
        let mut holding = levels.into_iter().filter(|level| {
            !self.trials.is_empty() && self.worst(*level).is_none_or(|trial| trial.broken_calls == 0)
        });
        holding.next().unwrap_or(ResourceLevel::Keep)
    }

    /// The trial of a level that broke most calls; of equal ones the earliest.
    pub fn worst(&self, level: ResourceLevel) -> Option<&Trial> {
        self.trials.iter().rev().filter(|trial| trial.level == level).max_by_key(|trial| trial.broken_calls)
    }
}

/// Tests a principal over a window. The policies of groups stay, as they do in recommendations.
pub fn backtest(
    review: &PrincipalReview<'_>,
    observability: &Observability,
    window: Option<(Timestamp, Timestamp)>,
) -> Backtest {
    let discovery = review.usage.map(Discovery::of).unwrap_or_default();
    let (trials, untested) = match splits(review, window) {
        Ok(splits) => (Field::new(review).trials(observability, &splits), None),
        Err(why) => (Vec::new(), Some(why)),
    };
    Backtest { trials, untested, discovery }
}

/// The splits with calls of the principal on both sides.
fn splits(review: &PrincipalReview<'_>, window: Option<(Timestamp, Timestamp)>) -> Result<Vec<Day>, String> {
    let Some((start, end)) = window else { return Err("the logs are empty".to_owned()) };
    let (start, end) = (start.day().epoch_days(), end.day().epoch_days());
    let days = end.saturating_sub(start).saturating_add(1);
    if days < WINDOW_DAYS_MIN {
        return Err(format!("the window has {days} days, {WINDOW_DAYS_MIN} are needed"));
    }
    let needs = review.usage.into_iter().flat_map(credit::uses).filter(is_need);
    let span = needs.filter_map(|row| row.stats.span).reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    let Some((first, last)) = span else { return Err("no call of it was seen".to_owned()) };
    let split = |percent: i32| {
        let before = i64::from(days) * i64::from(percent) / 100;
        Day::from_epoch_days(start.saturating_add(i32::try_from(before).unwrap_or(i32::MAX)))
    };
    let all = SPLITS_PERCENT.map(split);
    let found: Vec<Day> =
        all.into_iter().filter(|split| first < split.start() && split.start() <= last).collect();
    if found.is_empty() {
        return Err(format!(
            "its calls are from {} to {}, none of the splits ({}) is in between",
            first.day(),
            last.day(),
            all.map(|day| day.to_string()).join(", ")
        ));
    }
    Ok(found)
}

/// What is the same for every split and level.
struct Field<'r, 'a> {
    review: &'r PrincipalReview<'a>,
    /// The old documents.
    old: Vec<&'r PolicyDocument>,
    /// The statements that no trimming changes, as documents.
    untouched: Vec<PolicyDocument>,
    /// Calls that are needs, by action.
    needs: BTreeMap<ActionRef, Vec<Need<'a>>>,
}

/// A call, and what the old policies say to it.
struct Need<'a> {
    replay: Replay<'a>,
    first: Timestamp,
    last: Timestamp,
}

/// The refused calls of one level.
#[derive(Default)]
struct Broken {
    calls: u64,
    days: DaySet,
    first: Option<Break>,
}

const LEVELS: [ResourceLevel; 3] = ResourceLevel::ALL;

impl<'r, 'a> Field<'r, 'a> {
    fn new(review: &'r PrincipalReview<'a>) -> Self {
        let mut needs: BTreeMap<ActionRef, Vec<Need<'a>>> = BTreeMap::new();
        for row in review.usage.into_iter().flat_map(credit::uses).filter(is_need) {
            let Some((first, last)) = row.stats.span else { continue };
            if let Some(replay) = Replay::new(review.principal, row) {
                needs.entry(row.call.action).or_default().push(Need { replay, first, last });
            }
        }
        let old = review.policies.iter().filter_map(|one| one.policy.document.as_deref()).collect();
        let untouched = review.policies.iter().filter_map(|policy| {
            let kept = |one: &&StatementReview<'_>| !is_trimmed(one.statement);
            let statements = policy.statements.iter().filter(kept).map(|one| one.statement.clone());
            Some(with_statements(policy.policy.document.as_deref()?, statements.collect()))
        });
        Self { review, old, untouched: untouched.collect(), needs }
    }

    fn trials(&self, observability: &Observability, splits: &[Day]) -> Vec<Trial> {
        let review = self.review;
        let inputs = Inputs {
            principal: review.principal,
            usage: review.usage,
            standing: review.standing,
            protected: review.protected.clone(),
            observability,
        };
        let mut trials = Vec::new();
        for split in splits {
            let earlier = Earlier::new(&inputs, split.start());
            let after = |need: &&Need<'_>| need.last >= split.start();
            let replayed = self.needs.values().flatten().filter(after).count();
            let mut broken = LEVELS.map(|_| Broken::default());
            for (action, needs) in &self.needs {
                // What was seen before the split is allowed by what was made from it.
                let new: Vec<&Need<'_>> = needs.iter().filter(|need| need.first >= split.start()).collect();
                if !new.is_empty() {
                    self.replay(*action, &new, &earlier, &mut broken);
                }
            }
            trials.extend(LEVELS.into_iter().zip(broken).map(|(level, broken)| Trial {
                level,
                split: *split,
                replayed,
                broken_calls: broken.calls,
                broken_days: broken.days.count(),
                first: broken.first,
            }));
        }
        trials.sort_by_key(|trial| (trial.level, trial.split));
        trials
    }

    /// Replays the new calls of one action against what each level would have left of it.
    fn replay(
        &self,
        action: ActionRef,
        new: &[&Need<'a>],
        earlier: &Earlier<'_, 'a, '_>,
        broken: &mut [Broken; 3],
    ) {
        let fitted = self.fitted(action, earlier);
        for need in new {
            let before = self.decide(need, &self.old);
            for (documents, broken) in fitted.iter().zip(broken.iter_mut()) {
                let documents: Vec<&PolicyDocument> = self.untouched.iter().chain(documents).collect();
                if fate(&before, &self.decide(need, &documents)) == Fate::Broken {
                    broken.add(need);
                }
            }
        }
    }

    /// What the policies made before the split say about one action, for each level.
    fn fitted(&self, action: ActionRef, earlier: &Earlier<'_, 'a, '_>) -> [Vec<PolicyDocument>; 3] {
        let mut fitted = LEVELS.map(|_| Vec::new());
        for policy in &self.review.policies {
            let Some(document) = policy.policy.document.as_deref() else { continue };
            let of_group = matches!(policy.policy.source, PolicySource::Group { .. });
            let mut statements = LEVELS.map(|_| Vec::new());
            for one in policy.statements.iter().filter(|one| is_trimmed(one.statement)) {
                let place = one.actions.binary_search_by_key(&action, |one| ActionRef(one.action));
                let Some(whole) = place.ok().and_then(|place| one.actions.get(place)) else { continue };
                let known = (!of_group).then(|| earlier.action(whole));
                for (level, statements) in LEVELS.into_iter().zip(&mut statements) {
                    statements.extend(left_of(one.statement, action, known.as_ref(), level));
                }
            }
            for (fitted, statements) in fitted.iter_mut().zip(statements) {
                if !statements.is_empty() {
                    fitted.push(with_statements(document, statements));
                }
            }
        }
        fitted
    }

    /// The decision of the engine; for a call whose resource is not known, whether it may rest on any
    /// statement at all.
    fn decide(&self, need: &Need<'_>, documents: &[&PolicyDocument]) -> Decision {
        if let Some(request) = need.replay.request() {
            return evaluate::evaluate_identity(&request, documents).decision;
        }
        let rests = documents.iter().any(|document| {
            let version = document.version.as_deref();
            document.statements.iter().any(|statement| need.replay.may_rest_on(statement, version))
        });
        if rests { Decision::Allowed } else { Decision::ImplicitlyDenied }
    }
}

impl Broken {
    fn add(&mut self, need: &Need<'_>) {
        let row = need.replay.row;
        self.calls += row.stats.count;
        self.days.merge(&row.stats.days);
        let one = Break {
            time: need.first,
            action: row.call.action.0.to_string(),
            resource: need.replay.request().map(|request| request.resource.to_owned()),
        };
        if self.first.as_ref().is_none_or(|first| one < *first) {
            self.first = Some(one);
        }
    }
}

/// May trimming change the statement? Not when it denies, names actions by exclusion, or is not understood.
pub(super) fn is_trimmed(statement: &Statement) -> bool {
    let plain = statement.action.as_ref().is_some_and(|action| !action.negated);
    plain && statement.effect == Effect::Allow && statement.unknown.is_empty()
}

/// What is left of a statement for one action; `None` when nothing is. `known` is the earlier verdict, or
/// nothing when the statement stays as it is.
fn left_of(
    old: &Statement,
    action: ActionRef,
    known: Option<&ActionReview<'_>>,
    level: ResourceLevel,
) -> Option<Statement> {
    let resources = match known {
        Some(known) if known.verdict == Verdict::Unused => return None,
        Some(known) => narrow::resources(known, old, level),
        None => None,
    };
    Some(Statement {
        sid: None,
        action: Some(Matcher::of(vec![action.0.to_string()])),
        resource: resources.map(Matcher::of).or_else(|| old.resource.clone()),
        ..old.clone()
    })
}

fn with_statements(old: &PolicyDocument, statements: Vec<Statement>) -> PolicyDocument {
    let version = old.version.clone();
    PolicyDocument { version, id: None, statements, single: false, unknown: Vec::new() }
}
