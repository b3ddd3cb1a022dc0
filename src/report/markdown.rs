//! `review.md`: the review as a document that a person reads from top to bottom.

use super::backtest;
use super::escape::{code, markdown, sentence};
use super::model::{
    ActionGroup, PolicyReport, PrincipalReport, RecommendationReport, Report, StatementReport,
};
use super::personas;
use super::proposals;
use super::text::{grouped, plural, possible_duplicates, wrapped_list};
use super::trust_conditions;
use crate::drift::{Standing, Verdict};
use crate::iam::Effect;
use crate::iam::contain::Containment;
use crate::recommend::risk::Comparison;
use crate::recommend::{Backtest, Choice, ResourceLevel, Status};
use std::fmt::Write as _;

/// Names listed in one line; the rest is counted, `review.json` has all.
const NAMES_LISTED: usize = 12;

/// The document.
pub fn review(report: &Report) -> String {
    let mut out = String::from("# Permission review\n\n");
    coverage(&mut out, report);
    overview(&mut out, report);
    for one in &report.principals {
        principal(&mut out, one, report);
    }
    exclusions(&mut out, report);
    problems(&mut out, report);
    out
}

fn coverage(out: &mut String, report: &Report) {
    let coverage = &report.coverage;
    if let Some((first, last)) = report.window {
        let _ = writeln!(out, "Window: {first} to {last}.");
    }
    let _ = writeln!(
        out,
        "{} events from {} files; {} repeated deliveries left out; {} file{} with problems.\n",
        grouped(coverage.events),
        grouped(coverage.files),
        grouped(coverage.duplicates),
        coverage.files_with_problems,
        if coverage.files_with_problems == 1 { "" } else { "s" }
    );
    if coverage.possible_duplicates > 0 {
        let _ = writeln!(out, "{}", possible_duplicates(coverage.possible_duplicates));
    }
    if let Some(why) = &report.insufficient {
        let ending = if report.forced {
            "Recommendations are shown because they were forced."
        } else {
            "No recommendations are shown."
        };
        let _ = writeln!(out, "**Coverage is not sufficient:** {}. {ending}\n", sentence(why));
    }
    out.push_str("| account | event category | days | events |\n|---|---|---:|---:|\n");
    for account in &coverage.accounts {
        for (words, days, events) in &account.categories {
            let _ = writeln!(
                out,
                "| {} | {} | {days} | {} |",
                account.account,
                markdown(words),
                grouped(*events)
            );
        }
    }
    out.push_str("\nWhat the conclusions take for granted:\n\n");
    for assumption in &report.assumptions {
        let _ = writeln!(out, "- {}", sentence(assumption));
    }
    out.push('\n');
}

fn overview(out: &mut String, report: &Report) {
    out.push_str("## Principals\n\n| principal | granted | used | implied | protected | unobservable | unused | denied calls |\n|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for one in &report.principals {
        let _ = write!(out, "| {} | {} |", markdown(&one.name), one.granted());
        for count in one.counts {
            let _ = write!(out, " {count} |");
        }
        let _ = writeln!(out, " {} |", one.denied);
    }
    let linked = report.service_linked.len();
    if linked > 0 {
        let _ =
            writeln!(out, "\n{linked} service-linked role{} left out: nobody can edit them.", plural(linked));
    }
    out.push('\n');
}

fn principal(out: &mut String, one: &PrincipalReport, report: &Report) {
    let _ = writeln!(out, "## {}\n\n{} ({})\n", markdown(&one.name), code(&one.arn), code(&one.id));
    for finding in &one.findings {
        let _ = writeln!(
            out,
            "- **{}** ({}): {}",
            finding.kind.as_str(),
            finding.severity.as_str(),
            sentence(&finding.message)
        );
    }
    if !one.findings.is_empty() {
        out.push('\n');
    }
    risk(out, one);
    personas::markdown(out, &one.personas);
    match one.standing {
        Standing::Unused => out.push_str(
            "Next step: delete it, or detach its policies and wait. No trimmed policy is shown, because nothing of it was used.\n\n",
        ),
        Standing::PermissionSet => out.push_str(
            "This role belongs to an IAM Identity Center permission set, which other accounts may use too: change it there. A permission set has one inline policy, so what is recommended for several policies goes into it together.\n\n",
        ),
        Standing::Editable | Standing::ServiceLinked => {}
    }
    if let Some(why) = &one.protected {
        let _ = writeln!(out, "Protected: {}. Nothing of it is trimmed.\n", sentence(why));
    }
    let choice = one.policies.iter().find_map(|one| Some(one.recommendation.as_ref()?.choice));
    if let (Some(backtest), Some(choice)) = (one.backtest.as_deref(), choice) {
        tested(out, backtest, choice);
    }
    for one_policy in &one.policies {
        policy(out, one_policy);
        if one_policy.recommendation.is_none() {
            unchanged(out, one, one_policy, report);
        }
    }
    denials(out, one);
    trusted(out, one);
    trust_conditions::markdown(out, one);
    if !one.unexplained.is_empty() {
        out.push_str("Calls that no policy of the snapshot allows:\n\n");
        for (action, resource, stats) in one.unexplained.iter().take(NAMES_LISTED) {
            let _ = writeln!(out, "- {} on {}, {} times", code(action), code(resource), stats.count);
        }
        out.push('\n');
    }
}

fn policy(out: &mut String, one: &PolicyReport) {
    let _ = writeln!(out, "### Policy {} ({})\n", markdown(&one.name), one.source.replace('_', " "));
    for (index, statement) in one.statements.iter().enumerate() {
        self::statement(out, index, statement);
    }
    if let Some(recommendation) = &one.recommendation {
        self::recommendation(out, recommendation);
    }
    proposals::markdown(out, &one.proposals, one.withheld);
}

/// Why nothing is recommended for a policy, where that is not said elsewhere.
fn unchanged(out: &mut String, one: &PrincipalReport, policy: &PolicyReport, report: &Report) {
    let refused = report.insufficient.is_some() && !report.forced;
    if policy.source == "group" {
        out.push_str("Inherited from a group: change it for the whole group.\n\n");
    } else if one.standing != Standing::Unused && one.protected.is_none() && !refused {
        out.push_str("Stays as it is.\n\n");
    }
}

fn statement(out: &mut String, index: usize, one: &StatementReport) {
    let name = one.sid.as_deref().filter(|sid| !sid.is_empty()).map(|sid| format!(" {}", code(sid)));
    let name = name.unwrap_or_default();
    if one.effect == Effect::Deny {
        let _ = writeln!(out, "Statement {}{name}: Deny, kept.\n", index + 1);
        return;
    }
    let _ = writeln!(out, "Statement {}{name}:\n", index + 1);
    for used in &one.used {
        let (first, last) = used.stats.span.unzip();
        let day = |time: Option<crate::time::Timestamp>| {
            time.map(|time| time.day().to_string()).unwrap_or_default()
        };
        let evidence: Vec<String> =
            used.stats.evidence.iter().take(1).map(|(_, id)| code(&id.to_string())).collect();
        let _ = writeln!(
            out,
            "- used: {}, {} times, {} to {}, last {}",
            code(&used.action),
            grouped(used.stats.count),
            day(first),
            day(last),
            evidence.join(", ")
        );
    }
    for group in &one.others {
        let _ = writeln!(out, "- {}: {} ({})", group.verdict.as_str(), listed(group), sentence(&group.why));
    }
    for grant in one.grants.iter().filter(|grant| grant.why.is_some()) {
        let why = grant.why.as_deref().unwrap_or_default();
        let _ = writeln!(
            out,
            "- {}: {} ({})",
            Verdict::Unobservable.as_str(),
            code(&grant.action_pattern),
            sentence(why)
        );
    }
    out.push('\n');
}

fn listed(group: &ActionGroup) -> String {
    if group.names.is_empty() {
        return format!("{} actions of {} services", grouped(group.count as u64), group.services.len());
    }
    let all: Vec<String> =
        group.names.iter().map(|(service, name)| code(&format!("{service}:{name}"))).collect();
    wrapped_list(&all, NAMES_LISTED)
}

fn recommendation(out: &mut String, one: &RecommendationReport) {
    let (size, quota) = one.size_chars;
    match &one.status {
        Status::Ready => {}
        Status::DoesNotFit(why) => {
            let _ = writeln!(out, "**No recommendation:** what must be kept {}.\n", sentence(why));
            return;
        }
        Status::CheckFailed(why) => {
            let _ = writeln!(out, "**No recommendation:** {}.\n", sentence(why));
            return;
        }
    }
    let proved = match &one.containment {
        Containment::Proved { tier } => format!("proved to grant nothing new (tier {tier})"),
        Containment::Refuted(_) | Containment::Unknown(_) => "containment not proved".to_owned(),
    };
    let replay = &one.replay;
    let _ = writeln!(
        out,
        "Recommended ({} of {} characters): {proved}; of the principal's distinct calls {} stay allowed, {} depend on conditions that the logs do not carry, {} have an unknown resource and keep their scope, 0 break.\n",
        grouped(size as u64),
        grouped(quota as u64),
        replay.allowed,
        replay.undecided,
        replay.unknown_resource
    );
    wildcards(out, one);
    for new in &one.documents {
        let text = new.document.to_pretty().replace("```", "\\u0060\\u0060\\u0060");
        let _ = writeln!(out, "{}:\n\n```json\n{text}```\n", code(&new.file));
    }
    if !one.commands.is_empty() {
        let _ = writeln!(out, "```sh\n{}\n```\n", one.commands.join("\n"));
    }
}

fn risk(out: &mut String, one: &PrincipalReport) {
    let Comparison { before, after } = one.risk;
    let _ = writeln!(
        out,
        "Risk: {} points now, {} with what is recommended; {} ways to more permissions now, {} then.\n",
        grouped(before.points),
        grouped(after.points),
        before.ways,
        after.ways
    );
    let unused: Vec<String> = one
        .ways
        .iter()
        .filter(|(_, _, unused)| *unused)
        .map(|(name, actions, _)| format!("{name} ({})", code(&actions.join(" + "))))
        .collect();
    if !unused.is_empty() {
        let _ = writeln!(out, "Unused ways: {}.\n", wrapped_list(&unused, NAMES_LISTED));
    }
}

fn trusted(out: &mut String, one: &PrincipalReport) {
    if !one.trusted.iter().any(|trusted| trusted.never) {
        return;
    }
    out.push_str("### Trusted principals\n\n| type | principal | seen to assume it |\n|---|---|---|\n");
    for trusted in &one.trusted {
        let seen: Vec<String> = trusted
            .seen
            .iter()
            .map(|(who, stats)| {
                let last = stats.span.map(|(_, last)| last.day().to_string()).unwrap_or_default();
                let id = stats.evidence.first().map(|(_, id)| code(&id.to_string())).unwrap_or_default();
                format!("{}, {} times, last {last} {id}", code(who), grouped(stats.count))
            })
            .collect();
        let seen = match (trusted.never, seen.is_empty()) {
            (true, _) => "not in the window".to_owned(),
            (false, true) => "not judged".to_owned(),
            (false, false) => wrapped_list(&seen, 3),
        };
        let _ = writeln!(out, "| {} | {} | {seen} |", markdown(&trusted.kind), code(&trusted.name));
    }
    out.push('\n');
}

fn tested(out: &mut String, backtest: &Backtest, choice: Choice) {
    let _ = writeln!(
        out,
        "Resources: {}. {}.\n",
        ResourceLevel::word(choice),
        sentence(&capitalised(&backtest::result(backtest, choice)))
    );
    let discovery = &backtest.discovery;
    let _ = writeln!(
        out,
        "Watched long enough? {}.\n",
        sentence(&backtest::estimate(discovery.days, "action", &discovery.actions))
    );
    if backtest.trials.is_empty() {
        return;
    }
    out.push_str("| resources | made from what was seen before | distinct calls replayed | broken calls | on days |\n|---|---|---:|---:|---:|\n");
    for trial in &backtest.trials {
        let word = ResourceLevel::word(trial.choice);
        let (calls, days) = (trial.broken_calls, trial.broken_days);
        let _ = writeln!(out, "| {word} | {} | {} | {calls} | {days} |", trial.split, trial.replayed);
    }
    out.push('\n');
}

fn wildcards(out: &mut String, one: &RecommendationReport) {
    let wildcards = one.changes.iter().flat_map(|change| &change.wildcards);
    let mut rows = wildcards.flat_map(|(action, all)| all.iter().map(move |one| (action, one))).peekable();
    if rows.peek().is_none() {
        return;
    }
    out.push_str("| action | resource | covers of the touched | covers besides, as far as the logs know |\n|---|---|---:|---:|\n");
    for (action, one) in rows {
        let _ = writeln!(
            out,
            "| {} | {} | {} of {} | {} |",
            code(action),
            code(&one.pattern),
            one.matched,
            one.observed,
            one.over_grant
        );
    }
    out.push('\n');
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn denials(out: &mut String, one: &PrincipalReport) {
    if one.denials.is_empty() {
        return;
    }
    out.push_str("### Denied attempts: needed, or an attack?\n\n| call | action | resource | refused by | times |\n|---|---|---|---|---:|\n");
    for (key, stats) in &one.denials {
        let (_, name) = &key.event;
        let cell = |text: &str| if text.is_empty() { String::new() } else { code(text) };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            cell(name),
            cell(&key.action),
            cell(&key.resource),
            markdown(&key.policy_type),
            stats.count
        );
    }
    out.push('\n');
}

fn exclusions(out: &mut String, report: &Report) {
    if report.exclusions.is_empty() {
        return;
    }
    out.push_str(
        "## Exclusions\n\n| line | owner | reason | until | state | fits |\n|---:|---|---|---|---|---|\n",
    );
    for one in &report.exclusions {
        let entry = &one.entry;
        let fits: Vec<String> = one.principals.iter().map(|arn| code(arn)).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            entry.line,
            markdown(&entry.owner),
            markdown(&entry.reason),
            entry.expires.map(|day| day.to_string()).unwrap_or_default(),
            one.state.as_str(),
            wrapped_list(&fits, NAMES_LISTED)
        );
    }
    out.push('\n');
}

fn problems(out: &mut String, report: &Report) {
    if !report.unmapped.is_empty() {
        out.push_str("## API calls that no table maps to an action\n\n");
        for ((source, name), stats) in &report.unmapped {
            let _ = writeln!(out, "- {} {}: {} times", code(source), code(name), stats.count);
        }
        out.push('\n');
    }
    if report.problems.is_empty() && report.snapshot_problems.is_empty() {
        return;
    }
    out.push_str("## Problems\n\n");
    for problem in &report.problems {
        let _ = writeln!(
            out,
            "- {}: {} ({})",
            code(&problem.file),
            sentence(&problem.message),
            problem.kind.as_str()
        );
    }
    for (what, message) in &report.snapshot_problems {
        let _ = writeln!(out, "- snapshot, {}: {}", code(what), sentence(message));
    }
}
