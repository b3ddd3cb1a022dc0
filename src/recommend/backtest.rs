//! Backtest: policies made from the first part of the window, replayed against the rest of it. How often
//! would the trimmed policies have refused a call, had they been applied back then?
//!
//! What a trimmed policy says about one action follows from the verdict on that action alone, so the test
//! judges only the actions that were called after a split, and never writes whole policies.

use super::discovery::{Discovery, is_need};
use super::selfcheck::{Fate, fate};
use super::{ResourceLevel, narrow};
use crate::drift::credit::{self, Replay};
use crate::drift::verdict::Earlier;
use crate::drift::{ActionReview, PrincipalReview, StatementReview, Verdict};
use crate::grants::PolicySource;
use crate::iam::compiled::CompiledPolicies;
use crate::iam::evaluate::Decision;
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
    /// One for each choice and split, in the order of [`CHOICES`], then by time; none when not tested.
    pub trials: Vec<Trial>,
    /// For each needed action the tightest level that broke nothing which keeping all resources would not
    /// have broken as well. An action that no split tests, because it was not called on both sides of one,
    /// gets the widest level that a tested action of the principal needs; without any, [`ResourceLevel::Keep`].
    pub levels: BTreeMap<ActionRef, ResourceLevel>,
    /// Why it was not tested, if it was not.
    pub untested: Option<String>,
    /// Was it watched long enough?
    pub discovery: Discovery,
}

/// What is tried: one level for all actions, or `None` for the level of each in [`Backtest::levels`].
pub type Choice = Option<ResourceLevel>;

/// All choices.
pub const CHOICES: [Choice; 4] =
    [None, Some(ResourceLevel::Exact), Some(ResourceLevel::Generalise), Some(ResourceLevel::Keep)];

/// One choice, fitted before one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// How far resources are limited.
    pub choice: Choice,
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
    /// How far the resources of an action are limited under a choice.
    pub fn level(&self, choice: Choice, action: ActionRef) -> ResourceLevel {
        choice.or_else(|| self.levels.get(&action).copied()).unwrap_or(ResourceLevel::Keep)
    }

    /// The trial of a choice that broke most calls; of equal ones the earliest.
    pub fn worst(&self, choice: Choice) -> Option<&Trial> {
        self.trials.iter().rev().filter(|trial| trial.choice == choice).max_by_key(|trial| trial.broken_calls)
    }
}

/// Tests a principal over a window. The policies of groups stay, as they do in recommendations.
pub fn backtest(review: &PrincipalReview<'_>, window: Option<(Timestamp, Timestamp)>) -> Backtest {
    let discovery = review.usage.map(Discovery::of).unwrap_or_default();
    let splits = match tested_splits(review, window) {
        Ok(splits) => splits,
        Err(why) => return Backtest { untested: Some(why), discovery, ..Backtest::default() },
    };
    let field = Field::new(review);
    let broken = field.broken(&splits);
    let levels = field.levels(&broken, &splits);
    let trials = CHOICES.into_iter().flat_map(|choice| {
        let (field, broken, levels) = (&field, &broken, &levels);
        splits.iter().map(move |split| field.trial(choice, *split, broken, levels))
    });
    Backtest { trials: trials.collect(), levels, untested: None, discovery }
}

/// The first days of the parts that are replayed, or why the window is not split.
pub(super) fn splits(window: Option<(Timestamp, Timestamp)>) -> Result<[Day; 3], String> {
    let Some((start, end)) = window else { return Err("the logs are empty".to_owned()) };
    let (start, end) = (start.day().epoch_days(), end.day().epoch_days());
    let days = end.saturating_sub(start).saturating_add(1);
    if days < WINDOW_DAYS_MIN {
        return Err(format!("the window has {days} days, {WINDOW_DAYS_MIN} are needed"));
    }
    Ok(SPLITS_PERCENT.map(|percent| {
        let before = i64::from(days) * i64::from(percent) / 100;
        Day::from_epoch_days(start.saturating_add(i32::try_from(before).unwrap_or(i32::MAX)))
    }))
}

/// The splits with calls of the principal on both sides.
fn tested_splits(
    review: &PrincipalReview<'_>,
    window: Option<(Timestamp, Timestamp)>,
) -> Result<Vec<Day>, String> {
    let all = splits(window)?;
    let needs = review.usage.into_iter().flat_map(credit::uses).filter(is_need);
    let span = needs.filter_map(|row| row.stats.span).reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    let Some((first, last)) = span else { return Err("no call of it was seen".to_owned()) };
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
    old: CompiledPolicies<'r>,
    /// The statements that no trimming changes, as documents.
    untouched: Vec<PolicyDocument>,
    /// Calls that are needs, by action.
    needs: BTreeMap<ActionRef, Vec<Need<'a>>>,
}

/// A call that was allowed, and when it was made for the first and the last time.
struct Need<'a> {
    replay: Replay<'a>,
    first: Timestamp,
    last: Timestamp,
}

/// The refused calls of one level.
#[derive(Clone, Default)]
struct Broken {
    calls: u64,
    days: DaySet,
    first: Option<Break>,
}

/// By split and action, for each level.
type AllBroken = BTreeMap<(Day, ActionRef), [Broken; 3]>;

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
        let old: Vec<&PolicyDocument> =
            review.policies.iter().filter_map(|one| one.policy.document.as_deref()).collect();
        let untouched = review.policies.iter().filter_map(|policy| {
            let kept = |one: &&StatementReview<'_>| !is_trimmed(one.statement);
            let statements = policy.statements.iter().filter(kept).map(|one| one.statement.clone());
            Some(with_statements(policy.policy.document.as_deref()?, statements.collect()))
        });
        Self { review, old: CompiledPolicies::new(&old), untouched: untouched.collect(), needs }
    }

    /// Replays what is new after each split.
    fn broken(&self, splits: &[Day]) -> AllBroken {
        let mut all = AllBroken::new();
        for split in splits {
            let earlier = Earlier::new(&self.review.inputs, split.start());
            for (action, needs) in &self.needs {
                // What was seen before the split is allowed by what was made from it.
                let new: Vec<&Need<'_>> = needs.iter().filter(|need| need.first >= split.start()).collect();
                if !new.is_empty() {
                    all.insert((*split, *action), self.replay(*action, &new, &earlier));
                }
            }
        }
        all
    }

    /// [`Backtest::levels`].
    fn levels(&self, broken: &AllBroken, splits: &[Day]) -> BTreeMap<ActionRef, ResourceLevel> {
        let tested = |needs: &[Need<'_>]| {
            splits.iter().any(|split| {
                needs.iter().any(|need| need.first < split.start())
                    && needs.iter().any(|need| need.last >= split.start())
            })
        };
        let holds = |level: usize, action: ActionRef| {
            splits.iter().filter_map(|split| broken.get(&(*split, action))).all(|of| {
                let [.., keep] = of;
                of.get(level).is_some_and(|one| one.calls == keep.calls)
            })
        };
        let tightest = |action: ActionRef| {
            let mut levels = LEVELS.into_iter().enumerate();
            levels.find(|(index, _)| holds(*index, action)).map_or(ResourceLevel::Keep, |(_, level)| level)
        };
        let mut levels: BTreeMap<ActionRef, ResourceLevel> = BTreeMap::new();
        for (action, _) in self.needs.iter().filter(|(_, needs)| tested(needs)) {
            levels.insert(*action, tightest(*action));
        }
        let widest = levels.values().max().copied().unwrap_or(ResourceLevel::Keep);
        for action in self.needs.keys() {
            levels.entry(*action).or_insert(widest);
        }
        levels
    }

    /// All actions together.
    fn trial(
        &self,
        choice: Choice,
        split: Day,
        broken: &AllBroken,
        levels: &BTreeMap<ActionRef, ResourceLevel>,
    ) -> Trial {
        let mut all = Broken::default();
        for action in self.needs.keys() {
            let level = choice.or_else(|| levels.get(action).copied());
            let found = broken.get(&(split, *action)).into_iter().flat_map(|of| LEVELS.iter().zip(of));
            found.filter(|(one, _)| Some(**one) == level).for_each(|(_, one)| all.merge(one));
        }
        let replayed = self.needs.values().flatten().filter(|need| need.last >= split.start()).count();
        Trial {
            choice,
            split,
            replayed,
            broken_calls: all.calls,
            broken_days: all.days.count(),
            first: all.first,
        }
    }

    /// Replays the new calls of one action against what each level would have left of it.
    fn replay(&self, action: ActionRef, new: &[&Need<'a>], earlier: &Earlier<'_, 'a, '_>) -> [Broken; 3] {
        let mut broken = LEVELS.map(|_| Broken::default());
        let fitted = self.fitted(action, earlier);
        let compiled = fitted.each_ref().map(|documents| {
            CompiledPolicies::new(&self.untouched.iter().chain(documents).collect::<Vec<_>>())
        });
        for need in new {
            let before = decide(need, &self.old);
            for (now, broken) in compiled.iter().zip(broken.iter_mut()) {
                if fate(&before, &decide(need, now)) == Fate::Broken {
                    broken.add(need);
                }
            }
        }
        broken
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
}

/// The decision of the engine; for a call whose resource is not known, whether it may rest on any statement
/// at all.
fn decide(need: &Need<'_>, policies: &CompiledPolicies<'_>) -> Decision {
    match need.replay.request() {
        Some(request) => policies.decide(&request),
        None if need.replay.may_rest_on(policies).next().is_some() => Decision::Allowed,
        None => Decision::ImplicitlyDenied,
    }
}

impl Broken {
    fn add(&mut self, need: &Need<'_>) {
        let row = need.replay.row;
        let first = Break {
            time: need.first,
            action: row.call.action.0.to_string(),
            resource: need.replay.request().map(|request| request.resource.to_owned()),
        };
        self.merge(&Self { calls: row.stats.count, days: row.stats.days.clone(), first: Some(first) });
    }

    fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.days.merge(&other.days);
        let (mine, theirs) = (self.first.take(), other.first.clone());
        self.first = mine.into_iter().chain(theirs).min();
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
