//! What logs cover: a strip of one character a day for each account, region and kind of event, and
//! `trailtrim.coverage/v1`.

use super::escape;
use super::text::{clipped, grouped, possible_duplicates};
use crate::grants::Selectors;
use crate::iam::AccountId;
use crate::time::Day;
use crate::trail::Problem;
use crate::trail::coverage::delivery::{Delays, Files};
use crate::trail::coverage::missing::{Missing, Row, RowKind};
use crate::trail::coverage::{Category, Coverage};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The name and version of the JSON form.
pub const SCHEMA: &str = "trailtrim.coverage/v1";

/// Days on one line: eight weeks, and a label of 24 characters before them.
const LINE_DAYS: i32 = 56;

/// From few events to the most of the row, by powers of two.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same in ASCII.
const ASCII: [char; 8] = ['.', ':', '-', '=', '+', '*', '#', '@'];

/// Terminal colours; they are taken out where the output is no terminal.
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct CoverageView<'a> {
    /// The numbers.
    pub coverage: &'a Coverage,
    /// The same by account, region and kind.
    pub rows: &'a BTreeMap<AccountId, BTreeMap<(&'a str, RowKind), Row>>,
    /// Days on which events should have been there.
    pub missing: &'a [Missing<'a>],
    /// First and last day; `None` without events.
    pub window: Option<(Day, Day)>,
    /// What the trails log, when it was given.
    pub selectors: Option<&'a Selectors>,
    /// Files that may be logs.
    pub files: u64,
    /// What could not be used.
    pub problems: &'a [Problem],
}

/// Text of 80 columns with terminal colours. Ends with a newline.
pub fn text(view: &CoverageView<'_>, ascii: bool) -> String {
    let counts = &view.coverage.counts;
    let window =
        view.window.map_or_else(|| "no events".to_owned(), |(first, last)| format!("{first} to {last}"));
    let mut out = format!(
        "{} events ({} duplicates left out) in {} files, {window}\n",
        grouped(counts.events_distinct),
        grouped(counts.duplicates),
        grouped(view.files)
    );
    out.push_str(&possible_duplicates(counts.possible_duplicates));
    let skipped = [
        (counts.digests_skipped, "digest"),
        (counts.insight_files_skipped, "insight"),
        (counts.others_skipped, "other"),
    ];
    let skipped: Vec<String> = skipped
        .iter()
        .filter(|(files, _)| *files > 0)
        .map(|(files, kind)| format!("{} {kind}", grouped(*files)))
        .collect();
    if !skipped.is_empty() {
        let _ = writeln!(out, "files left out: {}", skipped.join(", "));
    }
    if let Some(selectors) = view.selectors {
        configured_lines(&mut out, selectors);
    }
    let levels = if ascii { ASCII } else { BLOCKS };
    for (account, rows) in view.rows {
        let regions: BTreeSet<&str> = rows.keys().map(|(region, _)| *region).collect();
        for region in regions {
            let strip = Strip { view, account: *account, region, levels };
            strip.write(&mut out, rows);
        }
    }
    let _ = writeln!(
        out,
        "\none character a day: {} few events, {} many, blank none,\n{RED}!{PLAIN} none and missing, {YELLOW}?{PLAIN} a file of this day could not be used completely;\nevents of global services count for us-east-1, as CloudTrail writes them",
        levels[0], levels[7]
    );
    missing_lines(&mut out, view.missing);
    out
}

fn configured_lines(out: &mut String, selectors: &Selectors) {
    let yes = |flag| if flag { "logged" } else { "not logged" };
    let _ = writeln!(
        out,
        "the trails say: management events, read {}, write {}{}",
        yes(selectors.management_read),
        yes(selectors.management_write),
        match selectors.multi_region {
            Some(true) => ", in all regions",
            Some(false) => ", in their regions only",
            None => "",
        }
    );
    if !selectors.excluded_sources.is_empty() {
        let sources: Vec<&str> = selectors.excluded_sources.iter().map(String::as_str).collect();
        let _ = writeln!(out, "  without {}", escape::terminal(&sources.join(", ")));
    }
    for (kind, scope) in &selectors.data {
        let what = match (scope.read, scope.write) {
            (true, true) => "read and write",
            (true, false) => "read",
            (false, true) => "write",
            (false, false) => "none as a whole",
        };
        let some = if scope.partial { ", and some resources" } else { "" };
        let _ = writeln!(out, "  {} data events: {what}{some}", escape::terminal(kind));
    }
    if selectors.data.is_empty() {
        out.push_str("  no data events\n");
    }
}

/// The rows of one account and region.
struct Strip<'a> {
    view: &'a CoverageView<'a>,
    account: AccountId,
    region: &'a str,
    levels: [char; 8],
}

impl Strip<'_> {
    fn write(&self, out: &mut String, rows: &BTreeMap<(&str, RowKind), Row>) {
        let rows: Vec<(RowKind, &Row)> = rows
            .iter()
            .filter(|((region, _), _)| *region == self.region)
            .map(|((_, kind), row)| (*kind, row))
            .collect();
        let Some((first, _)) = self.view.window else { return };
        let place = self
            .view
            .coverage
            .delivery
            .places()
            .find(|(account, region, _)| *account == Some(self.account) && *region == self.region);
        let files = place.map(|(.., place)| &place.days);
        let days: BTreeSet<Day> = rows.iter().flat_map(|(_, row)| row.keys().copied()).collect();
        let events: u64 = rows.iter().flat_map(|(_, row)| row.values()).sum();
        let region = if self.region.is_empty() { "no region" } else { self.region };
        let title = format!("{} {}", self.account, clipped(&escape::terminal(region), 24));
        let read: u64 = files.into_iter().flatten().map(|(_, files)| files.read).sum();
        let facts = format!(
            "{} days, {} files, {} events",
            grouped(days.len() as u64),
            grouped(read),
            grouped(events)
        );
        let _ = writeln!(out, "\n{title:<37} {facts:>42}");
        if let Some(delays) =
            place.map(|(.., place)| delay_words(&place.delays)).filter(|words| !words.is_empty())
        {
            let _ = writeln!(out, "{delays:>80}");
        }
        // Only lines with something on them: one event of the year 1 does not make ten thousand lines.
        let line_of = |day: &Day| (day.epoch_days() - first.epoch_days()).div_euclid(LINE_DAYS);
        let missing = self.missing_days();
        let flawed = files.into_iter().flatten().filter(|(_, files)| files.flawed + files.unusable > 0);
        let flawed: BTreeSet<Day> = flawed.filter_map(|(day, _)| *day).collect();
        let lines: BTreeSet<i32> =
            days.iter().chain(missing.iter().map(|(_, day)| day)).map(line_of).collect();
        for line in lines {
            let start = first.epoch_days() + line * LINE_DAYS;
            for (index, (kind, row)) in rows.iter().enumerate() {
                let label = if index == 0 { Day::from_epoch_days(start).to_string() } else { String::new() };
                let _ = write!(out, "{label:<10} {:<12} ", words(*kind));
                let most = row.values().copied().max().unwrap_or_default();
                let mut cells = String::new();
                for day in (start..start + LINE_DAYS).map(Day::from_epoch_days) {
                    let is_missing = missing.contains(&(None, day)) || missing.contains(&(Some(*kind), day));
                    let events = row.get(&day).copied().unwrap_or_default();
                    cells.push_str(&self.cell((events, most), is_missing, flawed.contains(&day)));
                }
                let _ = writeln!(out, "{}", cells.trim_end());
            }
        }
    }

    /// Days that are missing here, or in the whole account (no kind).
    fn missing_days(&self) -> BTreeSet<(Option<RowKind>, Day)> {
        let here = self.view.missing.iter().filter(|one| {
            one.account == self.account && one.region.is_none_or(|region| region == self.region)
        });
        here.flat_map(|one| {
            let days = one.first.epoch_days()..=one.last.epoch_days();
            days.map(|day| (one.kind, Day::from_epoch_days(day)))
        })
        .collect()
    }

    fn cell(&self, (events, most): (u64, u64), missing: bool, flawed: bool) -> String {
        if missing {
            return format!("{RED}!{PLAIN}");
        }
        if flawed {
            return format!("{YELLOW}?{PLAIN}");
        }
        if events == 0 {
            return " ".to_owned();
        }
        let bits = |number: u64| number.max(1).ilog2();
        let level = if bits(most) == 0 { 7 } else { bits(events) * 7 / bits(most) };
        let level = usize::try_from(level).unwrap_or_default();
        let letter = self.levels.get(level).copied().unwrap_or('?');
        format!("{GREEN}{letter}{PLAIN}")
    }
}

fn words(kind: RowKind) -> &'static str {
    match kind {
        RowKind::ManagementRead => "mgmt read",
        RowKind::ManagementWrite => "mgmt write",
        RowKind::DataRead => "data read",
        RowKind::DataWrite => "data write",
        RowKind::Network => "network",
        RowKind::Other => "other",
    }
}

fn delay_words(delays: &Delays) -> String {
    match (delays.percentile(50), delays.percentile(99)) {
        (Some(median), Some(most)) => {
            format!("first event to delivery: median {}, 99 % within {}", minutes(median), minutes(most))
        }
        _ => String::new(),
    }
}

fn minutes(minutes: u32) -> String {
    if minutes < 120 { format!("{minutes} min") } else { format!("{} h", minutes / 60) }
}

fn missing_lines(out: &mut String, missing: &[Missing<'_>]) {
    if missing.is_empty() {
        out.push_str("no day is missing\n");
        return;
    }
    out.push_str("\nmissing\n");
    for one in missing {
        let place = one
            .region
            .map_or_else(|| "all regions".to_owned(), |region| clipped(&escape::terminal(region), 24));
        let kind = one.kind.map_or("everything", words);
        let days = if one.first == one.last {
            one.first.to_string()
        } else {
            format!("{} to {}", one.first, one.last)
        };
        let _ = writeln!(out, "  {} {place} {kind}: {RED}{days}{PLAIN}", one.account);
    }
}

/// The whole coverage as one JSON text with a final newline. Equal logs give equal bytes.
pub fn json(view: &CoverageView<'_>) -> String {
    let counts = &view.coverage.counts;
    let problems = view.problems.iter().map(|problem| {
        json!({"file": problem.file, "record": problem.record, "kind": problem.kind.as_str(), "message": problem.message})
    });
    let missing = view.missing.iter().map(|one| {
        json!({
            "account": one.account.to_string(), "region": one.region, "kind": one.kind.map(RowKind::as_str),
            "first": one.first.to_string(), "last": one.last.to_string(),
        })
    });
    let value = json!({
        "schema": SCHEMA,
        "tool": {"name": "trailtrim", "version": env!("CARGO_PKG_VERSION")},
        "window": view.window.map(|(first, last)| json!({"first": first.to_string(), "last": last.to_string()})),
        "files": view.files,
        "files_read": counts.files_read,
        "files_unusable": counts.files_unreadable + counts.files_too_large + counts.files_not_a_log + counts.files_unverified,
        "files_skipped": {"digests": counts.digests_skipped, "insights": counts.insight_files_skipped, "others": counts.others_skipped},
        "records": counts.records,
        "records_bad": counts.records_bad,
        "events": counts.events_distinct,
        "duplicates": counts.duplicates,
        "possible_duplicates": counts.possible_duplicates,
        "configured": view.selectors.map(configured),
        "places": places(view),
        "missing": missing.collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
    });
    // A value made of strings, numbers and booleans always serialises.
    serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
}

fn configured(selectors: &Selectors) -> Value {
    let data = selectors.data.iter().map(|(kind, scope)| {
        json!({"resource_type": kind, "read": scope.read, "write": scope.write, "partial": scope.partial})
    });
    json!({
        "management_read": selectors.management_read,
        "management_write": selectors.management_write,
        "excluded_sources": selectors.excluded_sources,
        "multi_region": selectors.multi_region,
        "data": data.collect::<Vec<_>>(),
    })
}

/// An account and a region.
type PlaceKey<'a> = (Option<AccountId>, &'a str);

/// Events by category and resource type, and files, of one day.
type DayCells<'a> = (Vec<(Category, &'a str, u64)>, Files);

/// By day; files whose names say no day have none.
type Days<'a> = BTreeMap<Option<Day>, DayCells<'a>>;

fn places(view: &CoverageView<'_>) -> Vec<Value> {
    let mut places: BTreeMap<PlaceKey<'_>, Days<'_>> = BTreeMap::new();
    for cell in view.coverage.cells() {
        let days = places.entry((cell.account, cell.region)).or_default();
        let events = (cell.category, cell.resource_type, cell.events);
        days.entry(Some(cell.day)).or_default().0.push(events);
    }
    let mut delays: BTreeMap<PlaceKey<'_>, &Delays> = BTreeMap::new();
    for (account, region, place) in view.coverage.delivery.places() {
        delays.insert((account, region), &place.delays);
        let days = places.entry((account, region)).or_default();
        for (day, files) in &place.days {
            days.entry(*day).or_default().1 = *files;
        }
    }
    let place = |(key, days): (&PlaceKey<'_>, &Days<'_>)| {
        let delay = delays.get(key).filter(|delays| delays.files() > 0).map(|delays| {
            json!({"files": delays.files(), "median": delays.percentile(50), "p99": delays.percentile(99)})
        });
        json!({
            "account": key.0.map(|account| account.to_string()),
            "region": key.1,
            "delay_minutes": delay,
            "days": days.iter().map(day_json).collect::<Vec<_>>(),
        })
    };
    places.iter().map(place).collect()
}

fn day_json((day, (cells, files)): (&Option<Day>, &DayCells<'_>)) -> Value {
    let events = cells.iter().map(|(category, resource_type, events)| {
        json!({"category": category.as_str(), "resource_type": resource_type, "events": events})
    });
    json!({
        "day": day.map(|day| day.to_string()),
        "files_read": files.read,
        "files_flawed": files.flawed,
        "files_unusable": files.unusable,
        "events": events.collect::<Vec<_>>(),
    })
}
