//! The terminal form: a table of 80 columns, one line a principal, the most removable grants first.

use super::model::{ExclusionState, PrincipalReport, Report};
use super::{backtest, escape, trust_conditions};
use crate::drift::{FindingKind, Severity, Standing};
use crate::recommend::Status;
use crate::recommend::risk::Comparison;
use std::fmt::Write as _;

/// Width of the name column, in characters.
const NAME_CHARS: usize = 28;

/// Width of a line, in characters.
const LINE_CHARS: usize = 80;

/// The table and what must be known with it. Ends with a newline.
pub fn review(report: &Report) -> String {
    let mut out = String::new();
    header(&mut out, report);
    table(&mut out, report);
    backtest::lines(&mut out, report, LINE_CHARS);
    findings(&mut out, report);
    trust_conditions::lines(&mut out, report, LINE_CHARS);
    risk(&mut out, report);
    exclusions(&mut out, report);
    footer(&mut out, report);
    out
}

fn header(out: &mut String, report: &Report) {
    let coverage = &report.coverage;
    let span = report
        .window
        .map_or_else(|| "no events".to_owned(), |(first, last)| format!("{} to {}", first.day(), last.day()));
    let _ = writeln!(
        out,
        "{} events ({} duplicates left out) in {} file{}, {span}",
        grouped(coverage.events),
        grouped(coverage.duplicates),
        grouped(coverage.files),
        if coverage.files == 1 { "" } else { "s" }
    );
    out.push_str(&possible_duplicates(coverage.possible_duplicates));
    for account in &coverage.accounts {
        let _ = writeln!(
            out,
            "account {}: {} days, {}",
            account.account,
            account.days,
            wrapped_list(&account.regions, 3)
        );
        for (words, days, events) in &account.categories {
            let _ = writeln!(out, "  {words:<44} {days:>5} days {:>12} events", grouped(*events));
        }
    }
    out.push('\n');
}

fn table(out: &mut String, report: &Report) {
    let _ = writeln!(
        out,
        "{:<NAME_CHARS$} {:>7} {:>5} {:>6} {:>6} {:>6}  RESULT",
        "PRINCIPAL", "GRANTED", "USED", "UNUSED", "UNOBS.", "DENIED"
    );
    for principal in &report.principals {
        let [used, implied, protected, unobservable, unused] = principal.counts;
        let _ = writeln!(
            out,
            "{:<NAME_CHARS$} {:>7} {:>5} {unused:>6} {:>6} {:>6}  {}",
            clipped(&escape::terminal(&principal.name), NAME_CHARS),
            principal.granted(),
            used,
            implied + protected + unobservable,
            principal.denied,
            outcome(principal, report),
        );
    }
    if report.principals.is_empty() {
        out.push_str("(no role or user)\n");
    }
    let linked = report.service_linked.len();
    if linked > 0 {
        let _ =
            writeln!(out, "{linked} service-linked role{} left out: nobody can edit them", plural(linked));
    }
    out.push('\n');
}

/// One word or two: what there is to do.
fn outcome(principal: &PrincipalReport, report: &Report) -> String {
    if principal.standing == Standing::Unused {
        return "unused: delete".to_owned();
    }
    let all: Vec<&Status> = principal
        .policies
        .iter()
        .filter_map(|policy| Some(&policy.recommendation.as_ref()?.status))
        .collect();
    let ready = all.iter().filter(|status| ***status == Status::Ready).count();
    match (ready, all.len()) {
        (0, 0) if report.insufficient.is_some() && !report.forced => "refused".to_owned(),
        (0, 0) if principal.protected.is_some() => "protected".to_owned(),
        (0, 0) if principal.unused() == 0 => "nothing to trim".to_owned(),
        (0, 0) => "kept: see report".to_owned(),
        (0, _) if all.iter().any(|status| matches!(status, Status::DoesNotFit(_))) => {
            "does not fit".to_owned()
        }
        (0, _) => "check failed".to_owned(),
        (ready, all) if ready == all => format!("{ready} polic{}", if ready == 1 { "y" } else { "ies" }),
        (ready, all) => format!("{ready} of {all} policies"),
    }
}

/// Findings that the table does not show as a number, the gravest first, one line each.
fn findings(out: &mut String, report: &Report) {
    let counted = [FindingKind::UnusedPermissions, FindingKind::DeniedAttempts];
    for severity in [Severity::High, Severity::Medium, Severity::Low] {
        for principal in &report.principals {
            let shown = principal
                .findings
                .iter()
                .filter(|one| one.severity == severity && !counted.contains(&one.kind));
            for finding in shown {
                let line = format!("{:<6} {}: {}", severity.as_str(), principal.name, finding.message);
                let _ = writeln!(out, "{}", clipped(&escape::terminal(&line), LINE_CHARS));
            }
        }
    }
}

/// Risk, all principals together.
fn risk(out: &mut String, report: &Report) {
    let mut sum = Comparison::default();
    for principal in &report.principals {
        sum += principal.risk;
    }
    let Comparison { before, after } = sum;
    let _ = writeln!(
        out,
        "risk: {} points, {} with what is recommended (docs/RISK.md)",
        grouped(before.points),
        grouped(after.points)
    );
}

/// One line for all exclusions that were applied, one for each that was not.
fn exclusions(out: &mut String, report: &Report) {
    let state = |state| report.exclusions.iter().filter(move |one| one.state == state);
    let used = state(ExclusionState::Used).count();
    if used > 0 {
        let _ = writeln!(out, "{used} exclusion{} applied", plural(used));
    }
    for one in state(ExclusionState::Expired).chain(state(ExclusionState::Unused)) {
        let what = match one.entry.expires {
            Some(day) if one.state == ExclusionState::Expired => format!("expired {day}, not applied"),
            _ => "fits nobody".to_owned(),
        };
        let line = format!("exclusion on line {}: {what} ({})", one.entry.line, one.entry.owner);
        let _ = writeln!(out, "{}", clipped(&escape::terminal(&line), LINE_CHARS));
    }
}

fn footer(out: &mut String, report: &Report) {
    if !report.unmapped.is_empty() {
        let calls: u64 = report.unmapped.iter().map(|(_, stats)| stats.count).sum();
        let names: Vec<String> = report
            .unmapped
            .iter()
            .map(|((source, name), _)| escape::terminal(&format!("{source} {name}")))
            .collect();
        let _ = writeln!(out, "unmapped: {calls} calls that no table knows: {}", wrapped_list(&names, 3));
    }
}

/// The first few of a list, and how many more there are.
pub fn wrapped_list(items: &[String], shown: usize) -> String {
    let mut text = items.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > shown {
        let _ = write!(text, " and {} more", items.len() - shown);
    }
    text
}

/// The line below the number of events: how many of them may be duplicates (`docs/SEMANTICS.md`, "What counts
/// once"). Empty when none, else it ends with a newline.
pub(super) fn possible_duplicates(events: u64) -> String {
    match events {
        0 => String::new(),
        1 => "1 of them came too late to be compared with all: perhaps a duplicate\n".to_owned(),
        _ => {
            format!("{} of them came too late to be compared with all: perhaps duplicates\n", grouped(events))
        }
    }
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `s` unless there is one.
pub fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The text, or its first characters and an ellipsis.
pub(super) fn clipped(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_are_readable() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0, 999, 1_000, 12_345_678].map(grouped).each_ref().map(String::as_str)
        );
        let list = ["a", "b", "c", "d"].map(str::to_owned);
        assert_eq!(wrapped_list(&list, 2), "a, b and 2 more");
        assert_eq!(clipped("abcdef", 4), "abc…");
    }
}
