//! What a person reads about cases, as blocks that text, Markdown and HTML show in their own way.

use super::{CaseReport, CasesReport, breadth, time};
use crate::investigate::blast::Blast;
use crate::investigate::case::{Case, Moment};
use crate::investigate::human::{Basis, who};
use crate::query::Severity;
use crate::report::text::{grouped, plural, wrapped_list};

/// So many lines of a case's timeline are shown to people; the JSON form has more.
const LINES_SHOWN: usize = 40;

/// So many items of a list are shown to people.
const ITEMS_SHOWN: usize = 12;

/// A piece of the page. Texts hold what logs say, not yet escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A case's headline: score, and sentence.
    Case(u32, String),
    /// A heading within a case, or above all.
    Part(&'static str),
    /// A sentence.
    Text(String),
    /// Lines of equal standing.
    Items(Vec<String>),
    /// What happened: time, marks, call, about what and by whom.
    Timeline(Vec<Line>),
    /// Lines for a shell.
    Commands(Vec<String>),
    /// The graph of the case with this number.
    Graph(usize),
}

/// One line of a timeline: an event, or a run of equal calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, in UTC.
    pub time: String,
    /// `*` a rule found it, `>` a session of a role that was handed over.
    pub mark: &'static str,
    /// The call, and how often.
    pub call: String,
    /// What it was about, who acted when it was not the one who began, and the error.
    pub about: String,
}

/// The whole page.
pub fn page(report: &CasesReport<'_>) -> Vec<Block> {
    let mut blocks = head(report);
    for (number, one) in report.cases.iter().enumerate() {
        blocks.push(Block::Case(one.case.score, one.case.sentence()));
        blocks.extend(case(one, report));
        blocks.push(Block::Graph(number));
    }
    blocks
}

fn head(report: &CasesReport<'_>) -> Vec<Block> {
    let span =
        report.span.map_or_else(String::new, |(first, last)| format!(", {} to {}", first.day(), last.day()));
    let baseline = if report.params.has_baseline() {
        format!("baseline: {} days before {}", report.params.baseline_days(), time(report.params.split))
    } else {
        format!("no baseline: {} days with events, 14 are needed", report.params.baseline_days())
    };
    let mut blocks = vec![Block::Text(format!("{} events{span}; {baseline}", grouped(report.events)))];
    let gaps = report.gaps();
    let silent = report.not_evaluated.len();
    if silent > 0 {
        blocks.push(Block::Text(format!(
            "{silent} of {} rules could not be evaluated: their silence says nothing",
            report.rules.len()
        )));
        let line = |(why, rules): &(&str, Vec<&str>)| {
            let names: Vec<String> = rules.iter().map(|name| (*name).to_owned()).collect();
            format!("{why}: {}", wrapped_list(&names, 3))
        };
        blocks.push(Block::Items(gaps.iter().map(line).collect()));
    }
    let count = report.cases.len();
    let below = match report.below {
        0 => String::new(),
        below => format!("; {below} below score {} (--min-score 0 shows them)", report.min_score),
    };
    blocks.push(Block::Text(format!("{count} case{}{below}", plural(count))));
    blocks
}

fn case(one: &CaseReport<'_>, report: &CasesReport<'_>) -> Vec<Block> {
    let case = &one.case;
    let mut blocks = vec![
        Block::Text(format!("{}, {} to {}", case.id, time(case.first()), time(case.last()))),
        Block::Part("Why"),
        Block::Items(reasons(case, report)),
        Block::Part("Who, and from where"),
        Block::Items(people(case)),
        Block::Part("What happened (* found by a rule, > session of a handed-over role)"),
        Block::Timeline(timeline(case)),
    ];
    let mut part = |name: &'static str, items: Vec<String>| {
        if !items.is_empty() {
            blocks.push(Block::Part(name));
            blocks.push(Block::Items(items));
        }
    };
    part("What they could do", one.blast.iter().map(radius).collect());
    part("What changed, and stands", changes(case));
    part("What may have left", outflow(case));
    part("Not known", one.unknowns.clone());
    if !one.commands.is_empty() {
        blocks.push(Block::Part("To contain it (nothing was run)"));
        blocks.push(Block::Commands(one.commands.clone()));
    }
    blocks
}

fn reasons(case: &Case<'_>, report: &CasesReport<'_>) -> Vec<String> {
    let line = |reason: &crate::investigate::case::Reason| {
        let rule = report.rules.get(reason.rule);
        let ids = rule.map(|rule| rule.header.ids.join(" ")).unwrap_or_default();
        let severity = rule.and_then(|rule| rule.header.severity).map_or("", Severity::as_str);
        let lowered = if reason.lowered.is_empty() {
            String::new()
        } else {
            format!("; counts less: {}", reason.lowered.join("; "))
        };
        let times = match reason.event_ids.len() {
            1 => String::new(),
            count => format!(" ({count} events)"),
        };
        let title = rule.map_or("", |rule| rule.header.title.as_str());
        format!(
            "{} {title}{times}: {} [{ids}, {severity}{lowered}]",
            reason.weight,
            reason.whys.first().map_or("", String::as_str)
        )
    };
    case.reasons.iter().map(line).collect()
}

fn people(case: &Case<'_>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for actor in &case.actors {
        let session = match actor.session.as_str() {
            "" => String::new(),
            session => format!(", session {session}"),
        };
        let arn = if actor.arn.is_empty() { &actor.key } else { &actor.arn };
        lines.push(format!("{} {arn}{session}", actor.kind.replace('_', " ")));
    }
    let human = &case.human;
    lines.push(match (human.basis, human.shared_by) {
        (Basis::Nobody, Some(profiles)) => {
            format!("shared role: attribution impossible, {profiles} profile{} known", plural(profiles))
        }
        (Basis::Nobody, None) => "nothing tells who is behind it".to_owned(),
        (basis, _) => format!("person: {} (known by {})", human.key, basis.as_str().replace('_', " ")),
    });
    if !human.chain.is_empty() {
        lines.push(format!("keys issued to {}", human.chain.join(", by ")));
    }
    if !human.opened_before.is_empty() {
        lines
            .push(format!("opened in the hours before: {}", wrapped_list(&human.opened_before, ITEMS_SHOWN)));
    }
    let place = |(ip, first, count): &(String, i64, usize)| {
        let new = if *first >= case.first() - crate::time::DAY_SECONDS { "NEW, " } else { "" };
        format!("{ip}: {count} event{}, {new}first seen {}", plural(*count), time(*first))
    };
    lines.extend(case.places.iter().take(ITEMS_SHOWN).map(place));
    lines
}

/// Runs of equal calls that no rule found are one line; when there are too many lines, those that no rule found
/// and that only read go first.
fn timeline(case: &Case<'_>) -> Vec<Line> {
    let mut runs: Vec<(&Moment, usize)> = Vec::new();
    for moment in &case.timeline {
        let event = &moment.event;
        let is_same = |last: &Moment| {
            (!last.found && !moment.found)
                && (last.event.call(), &last.event.actor.key, last.event.ok)
                    == (event.call(), &event.actor.key, event.ok)
        };
        match runs.last_mut() {
            Some((last, count)) if is_same(last) => *count += 1,
            _ => runs.push((moment, 1)),
        }
    }
    let all = runs.len();
    for keep in [|one: &Moment| one.found || one.event.is_write, |one: &Moment| one.found] {
        if runs.len() > LINES_SHOWN {
            runs.retain(|(moment, _)| keep(moment));
        }
    }
    runs.truncate(LINES_SHOWN);
    let left_out = all - runs.len() + case.omitted;
    let mut lines: Vec<Line> = runs.into_iter().map(|(moment, count)| line(case, moment, count)).collect();
    if left_out > 0 {
        let about = format!("{left_out} more lines: --format json");
        lines.push(Line { time: String::new(), mark: "", call: String::new(), about });
    }
    lines
}

fn line(case: &Case<'_>, moment: &Moment, count: usize) -> Line {
    let event = &moment.event;
    let times = if count > 1 { format!(" ×{count}") } else { String::new() };
    let is_first = case.actors.first().is_some_and(|actor| actor.key == event.actor.key);
    let by = if is_first { String::new() } else { format!(" by {}", who(event)) };
    let error = if event.error.is_empty() { String::new() } else { format!(" {}", event.error) };
    let mark = match (moment.found, moment.followed) {
        (true, _) => "*",
        (false, true) => ">",
        (false, false) => "",
    };
    Line {
        time: time(event.time),
        mark,
        call: format!("{}{times}", event.call()),
        about: format!("{}{by}{error}", event.about()),
    }
}

fn radius(blast: &Blast) -> String {
    let part = if blast.acted { "acted" } else { "handed over" };
    let Some(granted) = &blast.granted else {
        return format!("{} ({part}): not in the snapshot, nothing is known", blast.arn);
    };
    let reach: Vec<String> =
        granted.reach.iter().map(|(action, reach)| format!("{action} on {}", breadth(*reach))).collect();
    let ways: Vec<String> = granted.ways.iter().map(|(name, _)| (*name).to_owned()).collect();
    let open = match ways.len() {
        0 => "no known way to more permissions".to_owned(),
        count => {
            format!("{count} way{} to more permissions ({})", plural(count), wrapped_list(&ways, 4))
        }
    };
    format!(
        "{} ({part}): {} actions granted, {} of them used in these logs; {open}; risk {}; {}",
        blast.arn,
        grouped(granted.actions as u64),
        granted.used,
        grouped(granted.risk.points),
        wrapped_list(&reach, ITEMS_SHOWN)
    )
}

fn changes(case: &Case<'_>) -> Vec<String> {
    let line = |left: &crate::investigate::standing::Left| {
        let state = match &left.undone {
            Some(event) => format!("undone {} by {}", time(event.time), event.name),
            None => "stands".to_owned(),
        };
        format!("{} {} ({}): {state}", left.what, left.event.about(), left.event.name)
    };
    let mut lines: Vec<String> = case.changes.iter().map(line).collect();
    lines.dedup();
    if lines.len() > ITEMS_SHOWN {
        let more = lines.len() - ITEMS_SHOWN;
        lines.truncate(ITEMS_SHOWN);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn outflow(case: &Case<'_>) -> Vec<String> {
    let out = &case.outflow;
    let mut lines = Vec::new();
    let buckets: Vec<String> = out
        .buckets
        .iter()
        .map(
            |(bucket, external)| {
                if *external { format!("{bucket} (of another account)") } else { bucket.clone() }
            },
        )
        .collect();
    if !buckets.is_empty() {
        lines.push(format!("output to {}", wrapped_list(&buckets, ITEMS_SHOWN)));
    }
    if out.reads > 0 {
        let from: Vec<String> = out.read_from.iter().cloned().collect();
        lines.push(format!(
            "{} reads of data, {} bytes where records tell, from {}",
            out.reads,
            grouped(out.bytes.unsigned_abs()),
            wrapped_list(&from, ITEMS_SHOWN)
        ));
    }
    if out.links > 0 {
        lines.push(format!("{} presigned link{}", out.links, plural(out.links)));
    }
    lines
}
