//! The table `objects`: every log file that was ingested, and what became of it.

use super::table::{Cells, Table};
use super::words::{PROBLEM_KINDS, meant};
use crate::sha256::Sha256;
use crate::time::{Day, Timestamp};
use crate::trail::decode::{Decoded, Shape};
use crate::trail::problem::{Problem, ProblemKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One log file, as it was stored when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is known by wherever the logs lie: the path from `AWSLogs` on, else below the folder that the
    /// user named.
    pub key: String,
    /// The name as the user gave it, for reports.
    pub name: String,
    /// Did the user name this very file?
    pub named: bool,
    /// Stored bytes.
    pub size: u64,
    /// The hash of the stored bytes; `None` when they could not be read.
    pub sha256: Option<Sha256>,
    /// S3's `ETag` when it was read, without its quotes; `None` for what did not come from S3.
    pub etag: Option<Box<str>>,
    /// What was found.
    pub content: Content,
    /// Events by UTC day, every delivery counted; without those of days that the ledger does not keep.
    pub days: BTreeMap<Day, u64>,
}

/// What a log file held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// It was decoded, perhaps with flaws.
    Decoded(Box<Decoded>),
    /// Nothing of it was used.
    Failed(Problem),
}

impl Object {
    /// Was everything in it used? A file of another kind that lay in a folder has nothing to use.
    pub fn is_whole(&self) -> bool {
        match &self.content {
            Content::Decoded(decoded) if decoded.shape == Shape::NotALog => !self.named,
            Content::Decoded(decoded) => decoded.problems.is_empty() && decoded.problems_more == 0,
            Content::Failed(_) => false,
        }
    }

    /// The number of its events.
    pub fn events(&self) -> u64 {
        self.days.values().sum()
    }
}

/// The columns of text.
const TEXTS: [&str; 7] = ["key", "name", "sha256", "state", "shape", "days", "problems"];

/// A column of text that tables written earlier do not have.
const ETAG: &str = "etag";

/// The columns of numbers.
const NUMBERS: [&str; 6] = ["size", "records", "events", "digests", "insights", "problems_more"];

/// Forms of texts by the words of the table.
const SHAPES: [(&str, Shape); 8] = [
    ("empty", Shape::Empty),
    ("records", Shape::Records),
    ("lookup_events", Shape::LookupEvents),
    ("array", Shape::Array),
    ("event", Shape::Event),
    ("json_lines", Shape::JsonLines),
    ("digest", Shape::Digest),
    ("not_a_log", Shape::NotALog),
];

/// The objects as Parquet.
pub(super) fn write(objects: &[Object]) -> Result<Vec<u8>, String> {
    super::table::write(columns(objects))
}

fn columns(objects: &[Object]) -> Vec<(&'static str, Cells)> {
    let mut texts: [Vec<Option<String>>; TEXTS.len()] = Default::default();
    let mut numbers: [Vec<u64>; NUMBERS.len()] = Default::default();
    let (mut named, mut first, mut last) = (Vec::new(), Vec::new(), Vec::new());
    let mut etags = Vec::new();
    for object in objects {
        let empty = Decoded::default();
        let (state, decoded, problems) = match &object.content {
            Content::Decoded(decoded) => ("decoded", &**decoded, decoded.problems.as_slice()),
            Content::Failed(problem) => ("failed", &empty, std::slice::from_ref(problem)),
        };
        let row = [
            Some(object.key.clone()),
            Some(object.name.clone()),
            object.sha256.map(|hash| hash.to_string()),
            Some(state.to_owned()),
            Some(super::words::word(&SHAPES, &decoded.shape).to_owned()),
            Some(days_text(&object.days)),
            Some(problems_json(problems).to_string()),
        ];
        texts.iter_mut().zip(row).for_each(|(column, text)| column.push(text));
        let row = [
            object.size,
            decoded.records as u64,
            decoded.events as u64,
            decoded.digests as u64,
            decoded.insights as u64,
            decoded.problems_more as u64,
        ];
        numbers.iter_mut().zip(row).for_each(|(column, number)| column.push(number));
        named.push(Some(object.named));
        etags.push(object.etag.as_deref().map(ToOwned::to_owned));
        first.push(decoded.span.map(|(first, _)| first.seconds()));
        last.push(decoded.span.map(|(_, last)| last.seconds()));
    }
    let texts = TEXTS.into_iter().zip(texts).map(|(name, cells)| (name, Cells::Text(cells)));
    let numbers = NUMBERS.into_iter().zip(numbers).map(|(name, cells)| (name, Cells::Numbers(cells)));
    let rest = [
        (ETAG, Cells::Text(etags)),
        ("named", Cells::Flags(named)),
        ("first", Cells::Times(first)),
        ("last", Cells::Times(last)),
    ];
    texts.chain(numbers).chain(rest).collect()
}

/// Reads the objects of one table. An error says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Object>, String> {
    let table = Table::read(bytes)?;
    let [keys, names, hashes, states, shapes, days, problems] = TEXTS.map(|name| table.text(name));
    let [sizes, records, events, digests, insights, more] = NUMBERS.map(|name| table.numbers(name));
    let (keys, names, hashes, states, shapes) = (keys?, names?, hashes?, states?, shapes?);
    let (days, problems, sizes, records, events) = (days?, problems?, sizes?, records?, events?);
    let (digests, insights, more) = (digests?, insights?, more?);
    let (by_user, first, last) = (table.flags("named")?, table.times("first")?, table.times("last")?);
    let etags = if table.has(ETAG) { Some(table.text(ETAG)?) } else { None };
    let number = |number: u64| usize::try_from(number).ok();
    let object = |row: usize| -> Option<Object> {
        let name = names.at(row);
        let mut problems = problems_of(name, problems.at(row))?;
        let content = if states.at(row) == "failed" {
            Content::Failed(problems.pop()?)
        } else {
            let time = |seconds: Option<i64>| Timestamp::from_seconds(seconds?);
            Content::Decoded(Box::new(Decoded {
                records: number(records.at(row))?,
                events: number(events.at(row))?,
                span: time(first.get(row)).zip(time(last.get(row))),
                digests: number(digests.at(row))?,
                insights: number(insights.at(row))?,
                shape: super::words::listed(&SHAPES, shapes.at(row))?,
                problems,
                problems_more: number(more.at(row))?,
            }))
        };
        Some(Object {
            key: keys.at(row).to_owned(),
            name: name.to_owned(),
            named: by_user.at(row),
            size: sizes.at(row),
            sha256: match hashes.get(row) {
                None => None,
                Some(text) => Some(Sha256::parse(text)?),
            },
            etag: etags.as_ref().and_then(|etags| etags.get(row)).map(Into::into),
            content,
            days: days_of(days.at(row))?,
        })
    };
    let wrong = |row| format!("row {row} is not what this version writes");
    (0..table.rows()).map(|row| object(row).ok_or_else(|| wrong(row))).collect()
}

/// `19843=15 19844=2`: days since 1970-01-01 and events.
fn days_text(days: &BTreeMap<Day, u64>) -> String {
    let one = |(day, events): (&Day, &u64)| format!("{}={events}", day.epoch_days());
    days.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn days_of(text: &str) -> Option<BTreeMap<Day, u64>> {
    let one = |part: &str| {
        let (day, events) = part.split_once('=')?;
        Some((Day::from_epoch_days(day.parse().ok()?), events.parse().ok()?))
    };
    text.split_ascii_whitespace().map(one).collect()
}

/// Number of the record, kind and message of each problem.
pub(super) fn problems_json(problems: &[Problem]) -> Value {
    let one = |problem: &Problem| json!([problem.record, problem.kind.as_str(), problem.message]);
    problems.iter().map(one).collect()
}

fn problems_of(file: &str, text: &str) -> Option<Vec<Problem>> {
    if text == "[]" {
        return Some(Vec::new());
    }
    let list: Vec<(Option<usize>, String, String)> = serde_json::from_str(text).ok()?;
    let one = |(record, kind, message): (_, String, _)| {
        let kind = meant(&PROBLEM_KINDS, ProblemKind::as_str, &kind)?;
        Some(Problem { file: file.to_owned(), record, kind, message })
    };
    list.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_without_the_column_of_etags_are_read() {
        let object = |key: &str, etag: Option<&str>| Object {
            key: key.to_owned(),
            name: format!("s3://trail/{key}"),
            named: false,
            size: 9,
            sha256: Some(Sha256::of(key.as_bytes())),
            etag: etag.map(Into::into),
            content: Content::Decoded(Box::default()),
            days: BTreeMap::from([(Day::from_epoch_days(20_000), 3)]),
        };
        let objects = [object("a", Some("0f-2")), object("b", None)];
        assert_eq!(read(&write(&objects).unwrap()).unwrap(), objects);
        let mut before = columns(&objects);
        before.retain(|(name, _)| *name != ETAG);
        let before = super::super::table::write(before).unwrap();
        assert_eq!(read(&before).unwrap(), [object("a", None), object("b", None)]);
    }
}
