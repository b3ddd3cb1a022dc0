//! The decoder against an obviously right one: `serde_json` into the full value, then field by field.

use crate::fuzz_bodies::reference::{reference, shown};
use proptest::prelude::*;
use serde_json::Value;
use std::fmt::Write;
use trailtrim::trail::decode::{Decoder, Windows, decode, decode_chunk, record_ranges, split};

/// A JSON value as text, in one of its many spellings.
#[derive(Clone, Debug)]
enum Json {
    Word(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Writes a value with blanks at every place where JSON allows them.
fn write(json: &Json, blank: &str, out: &mut String) {
    match json {
        Json::Word(word) => out.push_str(word),
        Json::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(blank);
                write(value, blank, out);
            }
            write!(out, "{blank}]").unwrap();
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                write!(out, "{}{blank}{key}{blank}:{blank}", if index > 0 { "," } else { "" }).unwrap();
                write(value, blank, out);
            }
            write!(out, "{blank}}}").unwrap();
        }
    }
}

/// A string with escapes, surrogate pairs and characters outside ASCII; its quotes included.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-zA-Z0-9:/*._ -]{1,8}",
        1 => prop::sample::select(vec![
            "\\\"", "\\\\", "\\/", "\\n", "\\t", "\\b", "\\u0041", "\\u00e9", "\\ud83d\\ude00", "é", "😀", "\u{7f}",
            "},{", "[", "]", "{\\\"eventVersion\\\":", "\\u2028", "\u{2028}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn word() -> impl Strategy<Value = Json> {
    let other =
        prop::sample::select(vec!["null", "true", "false", "0", "-1", "123456789012", "\"111122223333\""]);
    prop_oneof![3 => string(), 1 => other.prop_map(str::to_owned)].prop_map(Json::Word)
}

fn any_value() -> impl Strategy<Value = Json> {
    word().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Array),
            prop::collection::vec((string(), inner), 0..3).prop_map(Json::Object),
        ]
    })
}

/// An object of known keys, which may come twice, and unknown ones; the known keys have the values that
/// they should have, mostly.
fn object(known: Vec<(&'static str, BoxedStrategy<Json>)>) -> BoxedStrategy<Json> {
    let member = (0..known.len()).prop_flat_map(move |index| {
        let (key, value) = known.get(index).unwrap().clone();
        let escaped = key.replace('e', "\\u0065");
        let key = prop::sample::select(vec![key.to_owned(), key.to_owned(), key.to_owned(), escaped]);
        (key.prop_map(|key| format!("\"{key}\"")), prop_oneof![8 => value, 1 => any_value().boxed()])
    });
    let foreign = (string(), any_value());
    let member = prop_oneof![5 => member.boxed(), 1 => foreign.boxed()];
    prop::collection::vec(member, 0..14).prop_map(Json::Object).boxed()
}

fn text() -> BoxedStrategy<Json> {
    word().boxed()
}

fn record() -> impl Strategy<Value = Json> {
    let issuer = object(vec![("arn", text()), ("principalId", text()), ("type", text())]);
    let attributes = object(vec![("mfaAuthenticated", text())]);
    let context = object(vec![("sessionIssuer", issuer), ("attributes", attributes)]);
    let identity = object(vec![
        ("type", text()),
        ("principalId", text()),
        ("arn", text()),
        ("accountId", text()),
        ("invokedBy", text()),
        ("sessionContext", context),
    ]);
    let resource = object(vec![("ARN", text()), ("accountId", text()), ("type", text())]);
    let rest = object(vec![
        ("eventID", text()),
        ("awsRegion", text()),
        ("recipientAccountId", text()),
        ("readOnly", text()),
        ("errorCode", text()),
        ("errorMessage", text()),
        ("userAgent", text()),
        ("resources", prop::collection::vec(resource, 0..3).prop_map(Json::Array).boxed()),
        ("requestParameters", any_value().boxed()),
        ("responseElements", any_value().boxed()),
        ("userIdentity", identity),
        ("eventSource", text()),
        ("eventName", text()),
    ]);
    // The time is never odd: `Timestamp` has its own tests.
    rest.prop_map(|rest| {
        let mut members = vec![
            ("\"eventSource\"".to_owned(), Json::Word("\"s3.amazonaws.com\"".to_owned())),
            ("\"eventName\"".to_owned(), Json::Word("\"GetObject\"".to_owned())),
        ];
        if let Json::Object(rest) = rest {
            members.extend(rest);
        }
        members.push(("\"eventTime\"".to_owned(), Json::Word("\"2024-05-01T10:00:00Z\"".to_owned())));
        Json::Object(members)
    })
}

/// A record with its members in AWS's order, now and then without one of them. What AWS repeats from record
/// to record is chosen from little.
fn as_aws_writes_it() -> impl Strategy<Value = Json> {
    let one_of = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        prop::sample::select(words).prop_map(Json::Word).boxed()
    };
    let identities = one_of(&[
        r#"{"type":"AssumedRole","principalId":"AROAX:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAX","arn":"arn:aws:iam::111122223333:role/r"},"attributes":{"mfaAuthenticated":"false"}}}"#,
        r#"{"type":"AssumedRole","principalId":"AROAX:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAX","arn":"arn:aws:iam::111122223333:role/r"},"attributes":{"mfaAuthenticated":"true"}}}"#,
        r#"{"type":"IAMUser","principalId":"AIDAX"}"#,
        r#"{"type":"IAMUser","principalId":"AIDAX","arn":"\u0061rn"}"#,
        "null",
    ]);
    let details = one_of(&[
        r#"{"tlsVersion":"TLSv1.3","cipherSuite":"A","clientProvidedHostHeader":"s3.amazonaws.com"}"#,
        r#"{"tlsVersion":"TLSv1.3","cipherSuite":"A"}"#,
        "{}",
        "null",
        "12",
        "123",
    ]);
    let resource = object(vec![("ARN", text()), ("accountId", text()), ("type", text())]);
    let resources = prop::collection::vec(resource, 0..3).prop_map(Json::Array).boxed();
    let members: Vec<(&str, f64, BoxedStrategy<Json>)> = vec![
        ("eventVersion", 0.9, one_of(&["\"1.08\"", "\"1.11\""])),
        ("userIdentity", 0.9, identities),
        ("eventTime", 0.99, one_of(&["\"2024-05-01T10:00:00Z\"", "\"2024-05-02T10:00:00Z\""])),
        ("eventSource", 0.99, one_of(&["\"s3.amazonaws.com\"", "\"sts.amazonaws.com\""])),
        ("eventName", 0.9, text()),
        ("awsRegion", 0.9, text()),
        ("sourceIPAddress", 0.9, text()),
        ("userAgent", 0.9, text()),
        ("errorCode", 0.2, text()),
        ("errorMessage", 0.2, text()),
        ("requestParameters", 0.9, any_value().boxed()),
        ("responseElements", 0.9, any_value().boxed()),
        ("additionalEventData", 0.5, any_value().boxed()),
        ("requestID", 0.9, text()),
        ("eventID", 0.9, text()),
        ("readOnly", 0.9, one_of(&["true", "false", "\"true\"", "null"])),
        ("resources", 0.5, resources),
        ("eventType", 0.9, one_of(&["\"AwsApiCall\""])),
        ("newer", 0.1, any_value().boxed()),
        ("recipientAccountId", 0.9, text()),
        ("tlsDetails", 0.8, details.clone()),
        ("eventCategory", 0.9, one_of(&["\"Management\"", "\"Data\""])),
        ("tlsDetails", 0.1, details),
    ];
    let members: Vec<_> = members
        .into_iter()
        .map(|(key, often, value)| {
            prop::option::weighted(often, value.prop_map(move |value| (format!("\"{key}\""), value)))
        })
        .collect();
    members.prop_map(|members| Json::Object(members.into_iter().flatten().collect()))
}

/// The text of a log with these records in one of the shapes.
fn log(records: &[String], shape: usize) -> String {
    let records: Vec<String> = records.iter().map(|record| wrapped(record.clone(), shape)).collect();
    joined(&records, shape)
}

/// A record as an element of a shape.
fn wrapped(record: String, shape: usize) -> String {
    match shape {
        5 => format!("{{\"EventId\":\"x\",\"CloudTrailEvent\":{}}}", Value::String(record)),
        _ => record,
    }
}

fn joined(elements: &[String], shape: usize) -> String {
    match shape {
        0 => format!("{{\"Records\":[{}]}}", elements.join(",")),
        1 => format!("{{\"before\":[{{}}],\"Records\":[{}],\"after\":{{\"x\":[]}}}}", elements.join(" , ")),
        2 => format!("[{}]", elements.join(",\n")),
        3 => elements.join("\n") + "\n",
        4 => elements.join("\r\n"),
        _ => format!("{{\"Events\":[{}]}}", elements.join(",")),
    }
}

fn decoded(text: &str) -> (Vec<Vec<String>>, usize) {
    let mut events = Vec::new();
    let decoded = decode("f", text, &mut |event| events.push(shown(event)));
    assert_eq!(decoded.events, events.len());
    assert!(decoded.records >= decoded.events);
    (events, decoded.problems.len() + decoded.problems_more)
}

fn in_chunks(text: &str, bytes: usize) -> Vec<Vec<String>> {
    let mut events = Vec::new();
    for chunk in split(text, bytes) {
        decode_chunk("f", text, &chunk, &mut |event| events.push(shown(event)));
    }
    events
}

fn in_windows(text: &str, bytes: usize) -> Vec<Vec<String>> {
    let mut events = Vec::new();
    let mut windows = Windows::new(text.as_bytes(), bytes, bytes / 2);
    while let Some((window, chunks)) = windows.next_window().unwrap() {
        for chunk in chunks {
            decode_chunk("f", window, &chunk, &mut |event| events.push(shown(event)));
        }
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_reference(
        records in prop::collection::vec(record(), 1..4),
        blank in prop::sample::select(vec!["", " ", "\t", "  "]),
        shape in 0_usize..6,
    ) {
        let records: Vec<String> = records
            .iter()
            .map(|record| {
                let mut text = String::new();
                write(record, blank, &mut text);
                text
            })
            .collect();
        // A full value keeps the last of two equal keys.
        let expect: Vec<_> =
            records.iter().map(|record| reference(&serde_json::from_str(record).unwrap())).collect();
        let bad = expect.iter().filter(|event| event.is_none()).count();
        let expect: Vec<Vec<String>> = expect.into_iter().flatten().collect();
        let text = log(&records, shape);
        let (events, problems) = decoded(&text);
        prop_assert_eq!(&events, &expect);
        prop_assert_eq!(problems, bad);
        prop_assert_eq!(in_windows(&text, 70), expect.clone());
        prop_assert_eq!(in_chunks(&text, 50), expect);
    }

    /// What is remembered from record to record changes nothing.
    #[test]
    fn records_as_aws_writes_them_agree_with_the_reference(
        records in prop::collection::vec(as_aws_writes_it(), 1..5),
        turns in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
        blank in prop::sample::select(vec!["", "", " "]),
    ) {
        let texts: Vec<String> = turns
            .iter()
            .map(|turn| {
                let mut text = String::new();
                write(turn.get(&records), blank, &mut text);
                text
            })
            .collect();
        let expect: Vec<Vec<String>> =
            texts.iter().filter_map(|text| reference(&serde_json::from_str(text).unwrap())).collect();
        let text = log(&texts, 0);
        prop_assert_eq!(decoded(&text).0, expect.clone());
        prop_assert_eq!(in_windows(&text, 400), expect.clone());
        prop_assert_eq!(in_chunks(&text, 300), expect);
    }

    /// A form that was learnt from other records fits a record, damaged or not, only if it is that record's.
    #[test]
    fn forms_learnt_before_change_nothing(
        records in prop::collection::vec(prop_oneof![record(), as_aws_writes_it()], 1..4),
        hit in any::<prop::sample::Index>(),
        damage in prop::collection::vec(damage(), 0..3),
    ) {
        let texts: Vec<String> = records.iter().map(|record| {
            let mut text = String::new();
            write(record, "", &mut text);
            text
        }).collect();
        let mut learned = Decoder::default();
        for text in &texts {
            learned.decode("f", text, &mut |_| {});
        }
        // A single record: nothing can be learnt from the one before.
        let text = damaged(hit.get::<String>(&texts), &damage) + &" ".repeat(40);
        let run = |mut decoder: Decoder| {
            let mut events = Vec::new();
            let decoded = decoder.decode("f", &text, &mut |event| events.push(shown(event)));
            (events, decoded)
        };
        prop_assert_eq!(run(learned), run(Decoder::default()));
    }

    #[test]
    fn damage_in_one_record_leaves_the_others(
        records in prop::collection::vec(record(), 3..6),
        blank in prop::sample::select(vec!["", " "]),
        shape in 0_usize..6,
        hit in any::<prop::sample::Index>(),
        damage in prop::collection::vec(damage(), 1..3),
    ) {
        // As AWS writes them: the version, or the id, comes first.
        let texts: Vec<String> = records.iter().map(|record| {
            let mut text = String::new();
            write(record, blank, &mut text);
            format!("{{\"eventVersion\":\"1.08\",{}", text.strip_prefix('{').unwrap())
        }).collect();
        let hit = hit.index(texts.len());
        let expect: Vec<Vec<String>> = texts
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != hit)
            .filter_map(|(_, text)| reference(&serde_json::from_str(text).unwrap()))
            .collect();
        let mut texts: Vec<String> = texts.into_iter().map(|text| wrapped(text, shape)).collect();
        texts[hit] = damaged(&texts[hit], &damage);
        let text = joined(&texts, shape);
        for events in [decoded(&text).0, in_chunks(&text, 200), in_windows(&text, 333)] {
            let mut rest = events.iter();
            prop_assert!(expect.iter().all(|event| rest.any(|found| found == event)), "{text}");
        }
    }

    #[test]
    fn any_damage_is_survived(
        records in prop::collection::vec(record(), 1..4),
        shape in 0_usize..6,
        damage in prop::collection::vec(damage(), 1..6),
    ) {
        let texts = records.iter().map(|record| {
            let mut text = String::new();
            write(record, "", &mut text);
            text
        });
        let text = damaged(&log(&texts.collect::<Vec<_>>(), shape), &damage);
        decoded(&text);
        in_chunks(&text, 100);
        in_windows(&text, 200);
        record_ranges(&text).count();
    }
}

/// Where, what is put there, and how many characters go.
type Damage = (prop::sample::Index, String, usize);

fn damage() -> impl Strategy<Value = Damage> {
    (any::<prop::sample::Index>(), "[\\[\\]{}\",:\\\\a0\n]{0,2}", 0_usize..3)
}

fn damaged(text: &str, damage: &[Damage]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for (index, insert, remove) in damage {
        let at = index.index(letters.len().max(1)).min(letters.len());
        let end = (at + remove).min(letters.len());
        letters.splice(at..end, insert.chars());
    }
    letters.into_iter().collect()
}
