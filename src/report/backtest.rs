//! The backtest in words.

use super::escape;
use super::model::{PrincipalReport, RecommendationReport, Report};
use super::text::{clipped, grouped, plural, wrapped_list};
use crate::recommend::discovery::Estimate;
use crate::recommend::{Backtest, ResourceLevel, Status};
use std::fmt::Write as _;

/// How a level did, in one line without an end: the split that broke most is told.
pub fn result(backtest: &Backtest, level: ResourceLevel) -> String {
    if let Some(why) = &backtest.untested {
        return format!("not backtested: {why}");
    }
    let splits = backtest.trials.iter().filter(|trial| trial.level == level).count();
    let worst = backtest.worst(level);
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
    let shown: Vec<(&PrincipalReport, &RecommendationReport)> =
        report.principals.iter().filter_map(|one| Some((one, ready(one)?))).collect();
    if shown.is_empty() {
        return;
    }
    let levels = ResourceLevel::ALL.map(|level| {
        let count = shown.iter().filter(|(_, one)| one.level == level).count();
        (count > 0).then(|| format!("{} {count}", level.as_str()))
    });
    let levels: Vec<String> = levels.into_iter().flatten().collect();
    let _ = writeln!(out, "resources of {} limited: {}", counted_principals(shown.len()), levels.join(", "));
    for (principal, one) in &shown {
        if one.backtest.worst(one.level).is_some_and(|trial| trial.broken_calls > 0) {
            let line = format!("{}: {}", principal.name, result(&one.backtest, one.level));
            let _ = writeln!(out, "{}", clipped(&escape::terminal(&line), width));
        }
    }
    let untested = shown.iter().filter(|(_, one)| one.backtest.untested.is_some());
    let untested: Vec<String> = untested.map(|(principal, _)| escape::terminal(&principal.name)).collect();
    if !untested.is_empty() {
        let line = format!("not backtested: {}", wrapped_list(&untested, 2));
        let _ = writeln!(out, "{}", clipped(&line, width));
    }
}

/// The first recommendation of a principal that may be applied; the backtest is the same for all.
fn ready(principal: &PrincipalReport) -> Option<&RecommendationReport> {
    let all = principal.policies.iter().filter_map(|policy| policy.recommendation.as_ref());
    all.into_iter().find(|one| one.status == Status::Ready)
}

fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

fn counted_principals(count: usize) -> String {
    counted(count as u64, "principal")
}
