//! What a rule found: a row of its query, as cases take it.

use crate::query::Answer;
use crate::query::frame::Value;
use crate::time::Timestamp;

/// The columns that a rule's answer must have.
pub const NEEDED: [&str; 4] = ["event_id", "event_time", "principal_key", "why"];

/// One row of a rule's answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Which rule, as an index into the rules.
    pub rule: usize,
    /// `eventID`.
    pub event_id: String,
    /// Seconds since 1970.
    pub time: i64,
    /// `principal_key`.
    pub principal_key: String,
    /// In a sentence, what is unusual.
    pub why: String,
}

/// The hits of an answer, sorted; the names of columns that it should have and has not.
pub fn hits(rule: usize, answer: &Answer) -> Result<Vec<Hit>, Vec<&'static str>> {
    let place = |name: &str| answer.columns.iter().position(|column| column == name);
    let missing: Vec<&'static str> = NEEDED.into_iter().filter(|name| place(name).is_none()).collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let places = NEEDED.map(place);
    let hit = |row: &Vec<Value>| {
        let [event_id, time, principal_key, why] = places
            .map(|place| place.and_then(|place| row.get(place)).map(Value::to_text).unwrap_or_default());
        let time = Timestamp::parse(&time)?.seconds();
        Some(Hit { rule, event_id, time, principal_key, why })
    };
    let mut all: Vec<Hit> = answer.rows.iter().filter_map(hit).collect();
    all.sort();
    all.dedup();
    Ok(all)
}
