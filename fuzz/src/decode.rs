//! Log texts: whole against chunks, and, for texts of one plain shape, against the reference decoder.

use super::reference::{reference, shown};
use serde_json::Value;
use trailtrim::time::Timestamp;
use trailtrim::trail::decode::{Decoded, PROBLEMS_MAX, Windows, decode, decode_chunk, record_ranges, split};

type Shown = Vec<String>;

fn whole(text: &str) -> (Vec<Shown>, Decoded) {
    let mut events = Vec::new();
    let decoded = decode("f", text, &mut |event| events.push(shown(event)));
    (events, decoded)
}

fn in_chunks(text: &str, bytes: usize) -> (Vec<Shown>, Decoded) {
    let (mut events, mut decoded, mut end) = (Vec::new(), Decoded::default(), 0);
    for chunk in split(text, bytes) {
        assert_eq!(std::mem::replace(&mut end, chunk.range.end), chunk.range.start, "chunks join");
        decoded.merge(decode_chunk("f", text, &chunk, &mut |event| events.push(shown(event))));
    }
    assert_eq!(end, text.len());
    (events, decoded)
}

fn in_windows(text: &str, bytes: usize) -> (Vec<Shown>, Decoded) {
    let (mut events, mut decoded, mut all) = (Vec::new(), Decoded::default(), 0);
    let mut windows = Windows::new(text.as_bytes(), bytes, bytes / 3);
    while let Some((window, chunks)) = windows.next_window().unwrap() {
        all += window.len();
        for chunk in chunks {
            decoded.merge(decode_chunk("f", window, &chunk, &mut |event| events.push(shown(event))));
        }
    }
    assert_eq!(all, text.len());
    (events, decoded)
}

/// The place of the time among the fields that are shown.
const TIME: usize = 1;

/// Does the reference speak of this record? It knows neither digests nor insights, nor old names of keys,
/// nor how a number is written.
fn is_plain(record: &Value) -> bool {
    const OTHERS: [&str; 7] = [
        "CloudTrailEvent",
        "insightDetails",
        "@timestamp",
        "digestS3Bucket",
        "digestStartTime",
        "digestEndTime",
        "eventCategory",
    ];
    let Some(members) = record.as_object() else { return false };
    let resources = record.get("resources").and_then(Value::as_array);
    !OTHERS.iter().any(|key| members.contains_key(*key))
        && record.get("eventType") != Some(&Value::from("AwsCloudTrailInsight"))
        && !record.get("eventSource").and_then(Value::as_str).is_some_and(|text| text.starts_with("aws:"))
        && resources.into_iter().flatten().all(|one| one.get("arn").is_none())
}

fn has_odd_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_i64() && !number.is_u64(),
        Value::Array(values) => values.iter().any(has_odd_number),
        Value::Object(members) => members.values().any(has_odd_number),
        _ => false,
    }
}

/// The events of `{"Records":[…]}` with nothing else; `None` for every other text.
fn expected(text: &str) -> Option<Vec<Shown>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let members = value.as_object().filter(|members| members.len() == 1)?;
    // A key that is there twice is two lists to the decoder, and one to the reference.
    if text.matches("Records").count() != 1 || has_odd_number(&value) {
        return None;
    }
    let records = members.get("Records")?.as_array()?;
    if !records.iter().all(is_plain) {
        return None;
    }
    let with_time = |mut event: Shown| {
        event[TIME] = Timestamp::parse(&event[TIME])?.to_string();
        Some(event)
    };
    Some(records.iter().filter_map(|record| reference(record).and_then(with_time)).collect())
}

/// Nothing panics, counts add up, chunks and reference agree.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (events, decoded) = whole(&text);
    assert_eq!(decoded.events, events.len());
    assert!(decoded.records >= decoded.events + decoded.digests + decoded.insights);
    assert!(decoded.problems.len() <= PROBLEMS_MAX);
    for bytes in [1, 100, 700] {
        let (in_chunks, merged) = in_chunks(&text, bytes);
        assert_eq!(in_chunks, events, "chunks of {bytes}");
        assert_eq!(merged, decoded, "chunks of {bytes}");
    }
    for bytes in [1, 400] {
        let (in_windows, merged) = in_windows(&text, bytes);
        assert_eq!(in_windows, events, "windows of {bytes}");
        assert_eq!(merged, decoded, "windows of {bytes}");
    }
    let mut last = 0;
    for range in record_ranges(&text) {
        assert!(last <= range.start && range.start < range.end);
        assert!(text.get(range.clone()).is_some_and(|record| record.starts_with('{')));
        last = range.end;
    }
    if let Some(expected) = expected(&text) {
        assert_eq!(events, expected);
    }
}
