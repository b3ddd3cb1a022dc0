//! The rows of a query: as text of 80 columns, CSV, and `trailtrim.query/v1`. What the logs could not show comes
//! first: no row is no proof when something is missing.

use super::escape;
use super::text::{clipped, grouped};
use crate::query::frame::Value;
use crate::query::{Answer, Header, Query, Severity, Unmet};
use crate::time::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::fmt::Write as _;

/// The name and version of the JSON form.
pub const SCHEMA: &str = "trailtrim.query/v1";

/// The width of the text form, in characters.
const WIDTH: usize = 80;

/// The answer of one query.
#[derive(Clone, Copy, Debug)]
pub struct RowsReport<'a> {
    /// The query's name; empty for SQL of the command line.
    pub name: &'a str,
    /// What its header says.
    pub header: &'a Header,
    /// The rows.
    pub answer: &'a Answer,
    /// Distinct events that were read.
    pub events: u64,
    /// The first and the last event's time.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The end of the baseline, when the query looks at it.
    pub split: Option<Timestamp>,
    /// What the input lacks.
    pub unmet: &'a [Unmet],
    /// Tables that the query reads and that have no rows.
    pub empty: &'a [&'static str],
}

/// What was read and what is missing: the lines that stand above every answer.
pub fn coverage_lines(report: &RowsReport<'_>) -> String {
    let mut out = String::new();
    if !report.header.title.is_empty() {
        let severity = report.header.severity.map_or("", |severity| severity.as_str());
        let ids = report.header.ids.join(" ");
        let _ = writeln!(out, "{}", escape::terminal(&format!("{ids} {} ({severity})", report.header.title)));
    }
    let span =
        report.span.map_or_else(String::new, |(first, last)| format!(", {} to {}", first.day(), last.day()));
    let split = report.split.map_or_else(String::new, |split| format!("; new since {}", split.day()));
    let _ = writeln!(out, "{} events{span}{split}", grouped(report.events));
    for one in report.unmet {
        let _ = writeln!(out, "not complete: {}", escape::terminal(&one.why));
    }
    for table in report.empty {
        let _ = writeln!(out, "the table {table} has no rows");
    }
    out
}

/// The answer for people: a table when it fits into 80 columns, else a block of lines for each row.
pub fn table(report: &RowsReport<'_>) -> String {
    let mut out = coverage_lines(report);
    let Answer { columns, rows } = report.answer;
    let _ =
        writeln!(out, "{} {}\n", grouped(rows.len() as u64), if rows.len() == 1 { "row" } else { "rows" });
    let texts: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|value| escape::terminal(&value.to_text())).collect()).collect();
    let width = |place: usize, name: &String| {
        let cells = texts.iter().filter_map(|row| row.get(place)).map(|text| text.chars().count());
        cells.chain([name.chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(place, name)| width(place, name)).collect();
    if rows.is_empty() {
        return out;
    }
    if widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1) <= WIDTH {
        let names: Vec<String> = columns.iter().map(|name| escape::terminal(name).to_uppercase()).collect();
        for row in [&names].into_iter().chain(&texts) {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            let _ = writeln!(out, "{}", cells.join("  ").trim_end());
        }
        return out;
    }
    let label = columns.iter().map(|name| name.chars().count()).max().unwrap_or_default().min(WIDTH / 3);
    for row in &texts {
        for (name, text) in columns.iter().zip(row).filter(|(_, text)| !text.is_empty()) {
            let name = clipped(&escape::terminal(name), label);
            let _ = writeln!(out, "{name:<label$}  {}", clipped(text, WIDTH - label - 2));
        }
        out.push('\n');
    }
    out
}

/// The answer as CSV (RFC 4180): a line of names, then a line a row. A text that a spreadsheet would take for
/// a formula gets a `'` in front.
pub fn csv(answer: &Answer) -> String {
    let mut out = String::new();
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    out.push_str(&line(answer.columns.iter().map(|name| csv_text(name)).collect()));
    for row in &answer.rows {
        out.push_str(&line(row.iter().map(csv_cell).collect()));
    }
    out
}

fn csv_cell(value: &Value) -> String {
    match value {
        Value::Text(text) => csv_text(text),
        other => other.to_text(),
    }
}

fn csv_text(text: &str) -> String {
    let clean = escape::terminal(text);
    let guard = if clean.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    if clean.contains([',', '"']) {
        return format!("\"{guard}{}\"", clean.replace('"', "\"\""));
    }
    format!("{guard}{clean}")
}

/// The answer as one JSON text with a final newline.
pub fn json(report: &RowsReport<'_>) -> String {
    let Answer { columns, rows } = report.answer;
    let header = report.header;
    let row = |row: &Vec<Value>| {
        let members = columns.iter().cloned().zip(row.iter().map(json_value));
        Json::Object(members.collect::<Map<_, _>>())
    };
    let unmet = report.unmet.iter().map(|one| json!({"need": one.need.to_string(), "why": one.why}));
    let value = json!({
        "schema": SCHEMA,
        "tool": {"name": "trailtrim", "version": env!("CARGO_PKG_VERSION")},
        "query": {
            "name": report.name,
            "ids": header.ids,
            "title": header.title,
            "severity": header.severity.map(Severity::as_str),
            "attack": header.attack,
            "atlas": header.atlas,
        },
        "coverage": {
            "events": report.events,
            "first": report.span.map(|(first, _)| first.to_string()),
            "last": report.span.map(|(_, last)| last.to_string()),
            "new_since": report.split.map(|split| split.to_string()),
            "unmet": unmet.collect::<Vec<_>>(),
            "empty_tables": report.empty,
        },
        "columns": columns,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    });
    // A value made of strings, numbers and booleans always serialises.
    serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
}

fn json_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Number(number) => json!(number),
        Value::Decimal(number) => json!(number),
        Value::Text(text) => json!(text),
    }
}

/// The queries that there are: name, ids, severity, title.
pub fn list(queries: &[Query]) -> String {
    let width = queries.iter().map(|query| query.name.chars().count()).max().unwrap_or_default();
    let mut out = String::new();
    for query in queries {
        let severity = query.header.severity.map_or("", |severity| severity.as_str());
        let name = escape::terminal(&query.name);
        let rest = format!("{severity:<8}  {}", query.header.title);
        let room = WIDTH.saturating_sub(width + 2);
        let _ = writeln!(out, "{name:<width$}  {}", clipped(&escape::terminal(&rest), room));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_safe() {
        for (text, expect) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1,2", "\"'+1,2\""),
            ("a\nb\u{1b}", "a\\u{a}b\\u{1b}"),
        ] {
            assert_eq!(csv_text(text), expect);
        }
        assert_eq!(csv_cell(&Value::Number(-1)), "-1");
    }
}
