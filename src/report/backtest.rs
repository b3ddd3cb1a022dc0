//! The backtest in words.

use super::escape;
use super::model::{PrincipalReport, Report};
use super::text::{clipped, grouped, plural, wrapped_list};
use crate::recommend::discovery::Estimate;
use crate::recommend::{Backtest, Choice, ResourceLevel, Status};
use std::fmt::Write as _;

/// How the recommended policies would have done, in one line without an end: the split that broke most is
/// told.
pub fn result(backtest: &Backtest, choice: Choice) -> String {
    if let Some(why) = &backtest.untested {
        return format!("not backtested: {why}");
    }
    let splits = backtest.trials.iter().filter(|trial| trial.choice == choice).count();
    let worst = backtest.worst(choice);
    let Some((worst, first)) = worst.and_then(|trial| Some((trial, trial.first.as_ref()?))) else {
        return format!("backtest: no call would have broken ({splits} split{})", plural(splits));
    };
    format!(
        "backtest: {} on {} would have broken (first: {} on {}, {})",
        counted(worst.broken_calls, "call"),
        counted(worst.broken_days, "day"),
        first.action,
        first.resource.as_deref().unwrap_or("an unknown resource"),
        first.time.day()
    )
}

/// What the estimate of the unseen says, in one line without an end.
pub fn estimate(days: u64, what: &str, estimate: &Estimate) -> String {
    format!(
        "{} on {} with calls, {} of them on one day only: {} more to be expected; of 100 needs of a coming day {} will be new",
        counted(estimate.seen, what),
        counted(days, "day"),
        grouped(estimate.once),
        if estimate.unseen_min == 0 {
            "none".to_owned()
        } else {
            format!("at least {}", grouped(estimate.unseen_min))
        },
        if estimate.new_percent == 0 { "none".to_owned() } else { format!("up to {}", estimate.new_percent) },
    )
}

/// The lines below the table: how far resources are limited, what would have broken, what was not tested.
pub fn lines(out: &mut String, report: &Report, width: usize) {
    let shown: Vec<(&PrincipalReport, &Backtest, Choice)> =
        report.principals.iter().filter_map(ready).collect();
    let levels: Vec<ResourceLevel> = shown
        .iter()
        .flat_map(|(_, backtest, choice)| {
            backtest.levels.keys().map(|action| backtest.level(*choice, *action))
        })
        .collect();
    if !levels.is_empty() {
        let count = |level: ResourceLevel| levels.iter().filter(|one| **one == level).count();
        let counts = ResourceLevel::ALL.map(|level| format!("{} {}", level.as_str(), count(level)));
        let _ = writeln!(out, "resources of {} actions in use: {}", levels.len(), counts.join(", "));
    }
    for (principal, backtest, choice) in &shown {
        if backtest.worst(*choice).is_some_and(|trial| trial.broken_calls > 0) {
            let line = format!("{}: {}", principal.name, result(backtest, *choice));
            let _ = writeln!(out, "{}", clipped(&escape::terminal(&line), width));
        }
    }
    let untested = shown.iter().filter(|(_, backtest, _)| backtest.untested.is_some());
    let untested: Vec<String> = untested.map(|(principal, ..)| escape::terminal(&principal.name)).collect();
    if !untested.is_empty() {
        let line = format!("not backtested: {}", wrapped_list(&untested, 2));
        let _ = writeln!(out, "{}", clipped(&line, width));
    }
}

/// The backtest of a principal with a recommendation that may be applied.
fn ready(principal: &PrincipalReport) -> Option<(&PrincipalReport, &Backtest, Choice)> {
    let mut all = principal.policies.iter().filter_map(|policy| policy.recommendation.as_ref());
    let one = all.find(|one| one.status == Status::Ready)?;
    Some((principal, principal.backtest.as_deref()?, one.choice))
}

fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::backtest::{Break, Trial};
    use crate::time::{Day, Timestamp};

    #[test]
    fn a_break_is_told_with_its_first_call() {
        let time = Timestamp::parse("2026-08-20T10:00:00Z").unwrap();
        let trial = |choice: Choice, broken_calls: u64, broken_days: u64| Trial {
            choice,
            split: Day::from_date(2026, 8, 16).unwrap(),
            replayed: 9,
            broken_calls,
            broken_days,
            first: (broken_calls > 0).then(|| Break {
                time,
                action: "s3:GetObject".to_owned(),
                resource: None,
            }),
        };
        let keep = Some(ResourceLevel::Keep);
        let mut backtest = Backtest {
            trials: vec![trial(None, 1, 1), trial(None, 3, 2), trial(keep, 0, 0)],
            ..Backtest::default()
        };
        assert_eq!(
            result(&backtest, None),
            "backtest: 3 calls on 2 days would have broken (first: s3:GetObject on an unknown resource, 2026-08-20)"
        );
        assert_eq!(result(&backtest, keep), "backtest: no call would have broken (1 split)");
        backtest.untested = Some("why".to_owned());
        assert_eq!(result(&backtest, None), "not backtested: why");
    }
}
