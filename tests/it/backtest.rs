//! The backtest against the plain way: review the logs as they were, trim, and see which later calls the
//! trimmed policies refuse.

use crate::trimming::{
    CALLS, background, decide, event, new_documents, old_documents, policies, recommended, snapshot, summary,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trailtrim::drift::Observability;
use trailtrim::iam::PolicyDocument;
use trailtrim::iam::contain::{Containment, contain};
use trailtrim::iam::evaluate::Decision;
use trailtrim::recommend::{Backtest, Choice, ResourceLevel, Status};
use trailtrim::time::Day;

/// Index of the call, refused, day of August 2026 from 0.
type Made = (usize, bool, usize);

fn log(calls: &[Made]) -> String {
    let lines = calls.iter().enumerate();
    background()
        + &lines.map(|(n, (call, denied, day))| event(n, *call, *denied, *day) + "\n").collect::<String>()
}

fn day(of_august: usize) -> Day {
    Day::from_date(2026, 8, i64::try_from(of_august).unwrap() + 1).unwrap()
}

/// The backtest of the role after these calls; nothing when there is nothing to recommend at any level.
fn tested(policies: &[Value], calls: &[Made]) -> Option<Backtest> {
    let (usage, coverage) = summary(&log(calls));
    let observability = Observability::new(&coverage, &usage, None, 30);
    let found = recommended(&snapshot(policies), &usage, &observability, Some(ResourceLevel::Exact));
    found.first().map(|one| Backtest::clone(&one.backtest))
}

/// Calls and days that the policies made from the logs before a day would have broken; nothing when one of
/// these policies is too large to be made.
fn broken(policies: &[Value], calls: &[Made], level: ResourceLevel, split: Day) -> Option<(u64, u64)> {
    let (usage, coverage) = summary(&log(calls));
    let observability = Observability::new(&coverage, &usage, None, 30);
    let before: Vec<Made> = calls.iter().filter(|(.., made)| day(*made) < split).copied().collect();
    let (usage, _) = summary(&log(&before));
    let snapshot = snapshot(policies);
    let recommendations = recommended(&snapshot, &usage, &observability, Some(level));
    if recommendations.iter().any(|one| one.status != Status::Ready) {
        return None;
    }
    let old = old_documents(&snapshot);
    let new = new_documents(&old, &recommendations);
    let refused = calls.iter().filter(|(call, denied, made)| {
        let request = (CALLS[*call].action, CALLS[*call].resource);
        let after = decide(request, &new);
        !denied
            && day(*made) >= split
            && match decide(request, &old) {
                Decision::Allowed => after != Decision::Allowed,
                Decision::Depends(_) => !matches!(after, Decision::Allowed | Decision::Depends(_)),
                Decision::ExplicitlyDenied | Decision::ImplicitlyDenied => false,
            }
    });
    let days: Vec<usize> = refused.map(|(.., made)| *made).collect();
    Some((days.len() as u64, days.iter().collect::<BTreeSet<_>>().len() as u64))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_backtest_is_a_review_of_the_logs_as_they_were(
        policies in policies(),
        calls in prop::collection::vec((0..CALLS.len(), prop::bool::weighted(0.1), 0..31_usize), 0..8),
    ) {
        let Some(backtest) = tested(&policies, &calls) else { return Ok(()) };
        for trial in &backtest.trials {
            let found = (trial.broken_calls, trial.broken_days);
            if let Some(level) = trial.choice {
                let expect = broken(&policies, &calls, level, trial.split);
                prop_assert_eq!(found, expect.unwrap_or(found), "{:?}", trial);
            } else {
                // Levels chosen by the test break no more than resources as granted.
                let keep = backtest.trials.iter().find(|one| {
                    one.choice == Some(ResourceLevel::Keep) && one.split == trial.split
                });
                prop_assert_eq!(keep.map(|keep| keep.broken_calls), Some(trial.broken_calls));
            }
            prop_assert_eq!(trial.first.is_some(), trial.broken_calls > 0);
        }
    }

    #[test]
    fn a_wider_level_allows_what_a_tighter_one_does(
        policies in policies(),
        calls in prop::collection::vec((0..CALLS.len(), Just(false), 0..31_usize), 0..8),
    ) {
        let (usage, coverage) = summary(&log(&calls));
        let observability = Observability::new(&coverage, &usage, None, 30);
        let snapshot = snapshot(&policies);
        let old = old_documents(&snapshot);
        let all = ResourceLevel::ALL.map(|level| recommended(&snapshot, &usage, &observability, Some(level)));
        let [exact, generalise, keep] = all.each_ref().map(|found| new_documents(&old, found));
        for (tight, wide) in [(&exact, &generalise), (&generalise, &keep)] {
            let contained = contain(tight, wide);
            prop_assert!(
                tight.is_empty() || matches!(contained, Containment::Proved { .. } | Containment::Unknown(_)),
                "{:?}", contained
            );
        }
    }
}

/// One statement over everything.
fn over_everything(actions: &[&str]) -> Vec<Value> {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    vec![json!({"Version": "2012-10-17", "Statement": [statement]})]
}

/// The levels that the backtest finds for `s3:GetObject`, and broken calls and days of the worst trial of
/// each choice: auto, exact, generalise, keep.
fn check(calls: &[(usize, usize)], level: ResourceLevel, worst: [(u64, u64); 4]) {
    let calls: Vec<Made> = calls.iter().map(|(call, day)| (*call, false, *day)).collect();
    let backtest = tested(&over_everything(&["s3:GetObject", "s3:PutObject"]), &calls).unwrap();
    let levels: Vec<(String, ResourceLevel)> =
        backtest.levels.iter().map(|(action, level)| (action.0.to_string(), *level)).collect();
    assert_eq!(levels[0], ("s3:GetObject".to_owned(), level), "{calls:?}");
    let choices: [Choice; 4] =
        [None, Some(ResourceLevel::Exact), Some(ResourceLevel::Generalise), Some(ResourceLevel::Keep)];
    let found = choices.map(|choice| {
        let trial = backtest.worst(choice).unwrap();
        (trial.broken_calls, trial.broken_days)
    });
    assert_eq!(found, worst, "{calls:?}");
}

#[test]
fn the_tightest_level_that_breaks_nothing_is_chosen() {
    // Call 0 is `s3:GetObject` on `a/x/1`, call 8 on `a/x/2`, call 1 on `b/y`; call 2 is `s3:PutObject`.
    let none = (0, 0);
    check(&[(0, 1), (0, 2), (0, 25)], ResourceLevel::Exact, [none; 4]);
    check(&[(0, 1), (8, 25)], ResourceLevel::Generalise, [none, (1, 1), none, none]);
    check(&[(0, 1), (1, 25), (1, 25), (1, 26)], ResourceLevel::Keep, [none, (3, 2), (3, 2), none]);
    // A need that no split sees before: nothing is learnt about its resources.
    check(&[(2, 1), (0, 30), (2, 30)], ResourceLevel::Exact, [(1, 1); 4]);
    check(&[(0, 30), (2, 1), (2, 2)], ResourceLevel::Keep, [(1, 1); 4]);
}

#[test]
fn too_little_is_not_tested_and_says_so() {
    let actions = over_everything(&["s3:GetObject", "s3:PutObject"]);
    for (calls, expect) in [
        (&[][..], "no call of it was seen"),
        (&[(0, false, 29)], "its calls are from 2026-08-30 to 2026-08-30, none of the splits"),
        (&[(0, false, 0), (0, false, 3)], "its calls are from 2026-08-01 to 2026-08-04, none of the splits"),
    ] {
        let backtest = tested(&actions, calls).unwrap();
        assert!(backtest.trials.is_empty() && backtest.levels.is_empty());
        let why = backtest.untested.unwrap();
        assert!(why.contains(expect), "{why}");
    }
}

#[test]
fn discovery_counts_needs_by_day() {
    let calls = [(0, false, 1), (8, false, 1), (2, false, 4), (0, false, 9), (2, true, 12), (1, false, 20)];
    let discovery = tested(&over_everything(&["s3:*"]), &calls).unwrap().discovery;
    assert_eq!(discovery.days, 4);
    // `s3:GetObject` on three days, `s3:PutObject` on one.
    assert_eq!((discovery.actions.seen, discovery.actions.once, discovery.actions.new_percent), (2, 1, 25));
    // Both objects below `a/`, the one below `b/`, and the written one.
    let curve: Vec<(String, usize)> =
        discovery.curve.iter().map(|(day, seen)| (day.to_string(), *seen)).collect();
    let expect = [("2026-08-02", 1), ("2026-08-05", 2), ("2026-08-21", 3)];
    assert_eq!(curve, expect.map(|(day, seen)| (day.to_owned(), seen)));
}

#[test]
fn thousands_of_objects_fit_the_quota() {
    let role_reads = |n: usize| {
        let key = format!("team{:02}/in/{}", n % 40, "ab".repeat(n % 61 + 1));
        event(n, 0, false, n % 31).replace("a/x/1", &format!("a/{key}{}", n / 40))
    };
    let lines: String = (0..5_000).map(|n| role_reads(n) + "\n").collect();
    let (usage, coverage) = summary(&(background() + &lines));
    let observability = Observability::new(&coverage, &usage, None, 30);
    let snapshot = snapshot(&over_everything(&["s3:GetObject", "s3:PutObject"]));
    for choice in [None, Some(ResourceLevel::Exact), Some(ResourceLevel::Generalise)] {
        let found = recommended(&snapshot, &usage, &observability, choice);
        let document: &PolicyDocument = &found[0].documents[0];
        let resources = &document.statements[0].resource.as_ref().unwrap().patterns.values;
        assert!(resources.len() <= 10, "{resources:?}");
        assert!(resources.iter().all(|one| one.starts_with("arn:aws:s3:::a/")), "{resources:?}");
        assert!(found[0].size_chars < 1_000, "{resources:?}");
    }
}
