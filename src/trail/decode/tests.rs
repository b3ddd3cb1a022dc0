use super::*;
use crate::trail::event::EventCategory;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// A small event with the given id; its first key is `eventVersion`, as `CloudTrail` writes it.
fn event(id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a"}},"eventTime":"2024-05-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"eu-west-1","requestParameters":{{"list":[1,{{"a":"b"}}]}},"eventID":"{id}","recipientAccountId":"111122223333"}}"#
    )
}

/// The same event without anything by which it could be found again.
fn unmarked(id: &str) -> String {
    event(id).replace(r#""eventVersion":"1.08","#, "")
}

struct Seen {
    ids: Vec<String>,
    decoded: Decoded,
}

fn run(text: &str) -> Seen {
    let mut ids = Vec::new();
    let decoded = decode("f", text, &mut |event| ids.push(event.id.to_string()));
    assert_eq!(ids.len(), decoded.events);
    // The same text in pieces gives the same events.
    for bytes in [1, 300, 900] {
        let mut again = Vec::new();
        let mut merged = Decoded::default();
        for chunk in split(text, bytes) {
            merged.merge(decode_chunk("f", text, &chunk, &mut |event| again.push(event.id.to_string())));
        }
        assert_eq!(again, ids, "in chunks of {bytes}: {text}");
        assert_eq!(merged.problems, decoded.problems, "in chunks of {bytes}: {text}");
    }
    // And so does one that comes piece by piece.
    for (window_bytes, chunk_bytes) in [(1, 1), (150, 300), (700, 100)] {
        let mut again = Vec::new();
        let mut merged = Decoded::default();
        let mut windows = Windows::new(text.as_bytes(), window_bytes, chunk_bytes);
        while let Some((window, chunks)) = windows.next_window().unwrap() {
            for chunk in chunks {
                merged
                    .merge(decode_chunk("f", window, &chunk, &mut |event| again.push(event.id.to_string())));
            }
        }
        assert_eq!(again, ids, "in windows of {window_bytes}: {text}");
        assert_eq!(merged.problems, decoded.problems, "in windows of {window_bytes}: {text}");
        assert_eq!(merged.shape, decoded.shape, "in windows of {window_bytes}: {text}");
    }
    Seen { ids, decoded }
}

/// `ids`: the events that come out, as one word; `problems`: kind and record number of each.
fn check(text: &str, shape: Shape, ids: &str, problems: &[(ProblemKind, Option<usize>)]) {
    let seen = run(text);
    let found: Vec<_> = seen.decoded.problems.iter().map(|problem| (problem.kind, problem.record)).collect();
    assert_eq!(
        (seen.decoded.shape, seen.ids.concat().as_str(), &*found),
        (shape, ids, problems),
        "{text}\n{:?}",
        seen.decoded.problems
    );
}

#[test]
fn every_shape() {
    let [a, b, c] = ["a", "b", "c"].map(event);
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let lookup =
        |text: &str| format!(r#"{{"EventId":"x","Resources":[{{}}],"CloudTrailEvent":{}}}"#, quoted(text));
    let (la, lb) = (lookup(&a), lookup(&b));
    for (text, shape, ids) in [
        (format!(r#"{{"Records":[{a},{b},{c}]}}"#), Shape::Records, "abc"),
        (
            format!("\n{{ \"x\" : [{{}}] , \"Records\" : [ {a} , {b} ] , \"y\":{{\"Records\":1}} }}\n"),
            Shape::Records,
            "ab",
        ),
        (format!(r#"{{"Records":[{a}],"Records":[{b}]}}"#), Shape::Records, "ab"),
        (r#"{"Records":[]}"#.to_owned(), Shape::Records, ""),
        (r#"{"Records":null}"#.to_owned(), Shape::Records, ""),
        // Concatenated gzip members have nothing between their texts.
        (format!(r#"{{"Records":[{a}]}}{{"Records":[{b},{c}]}}"#), Shape::Records, "abc"),
        (format!("[{a},{b}]"), Shape::Array, "ab"),
        ("[]".to_owned(), Shape::Array, ""),
        (format!(r#"[{{"Records":[{a}]}},{{"x":1,"Records":[{b},{c}],"y":2}}]"#), Shape::Array, "abc"),
        (a.clone(), Shape::Event, "a"),
        (format!("{a}\n{b}\n{c}\n"), Shape::JsonLines, "abc"),
        (format!("{a}\r\n{b}\r\n"), Shape::JsonLines, "ab"),
        (format!("{a}{b}"), Shape::JsonLines, "ab"),
        (format!("{{\"Records\":[{a}]}}\n{{\"Records\":[{b}]}}\n"), Shape::Records, "ab"),
        (format!(r#"{{"Events":[{la},{lb}],"NextToken":"t"}}"#), Shape::LookupEvents, "ab"),
        (format!("{la}\n{lb}\n"), Shape::JsonLines, "ab"),
        (unmarked("a"), Shape::Event, "a"),
    ] {
        check(&text, shape, ids, &[]);
    }
}

#[test]
fn digests_and_insights_are_no_events() {
    let digest = r#"{"awsAccountId":"111122223333","digestStartTime":"2024-05-01T10:00:00Z","digestS3Bucket":"b","logFiles":[]}"#;
    let insight = r#"{"eventVersion":"1.07","eventTime":"2024-05-01T10:00:00Z","eventType":"AwsCloudTrailInsight","insightDetails":{"state":"Start","eventName":"X"}}"#;
    let seen = run(digest).decoded;
    assert_eq!((seen.shape, seen.digests, seen.records, seen.problems), (Shape::Digest, 1, 1, vec![]));
    let seen = run(&format!(r#"{{"Records":[{insight},{}]}}"#, event("a"))).decoded;
    assert_eq!((seen.insights, seen.events, seen.records, seen.problems), (1, 1, 2, vec![]));
}

#[test]
fn what_is_no_log_is_said_once() {
    use ProblemKind::NotALog;
    let notification = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"2024-05-01T10:00:00Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"A"},"s3":{}}]}"#;
    for text in ["", "  \n"] {
        check(text, Shape::Empty, "", &[(NotALog, None)]);
    }
    for text in [
        r#"{"UserDetailList":[],"RoleDetailList":[{"Path":"/"}]}"#,
        "hello",
        "# Title\n\ntext {with} [brackets]\n",
        "{}",
        "[1,2]",
        r#"[{"a":1},{"b":2}]"#,
        "{\"a\":1}\n{\"b\":2}\n",
        "\u{0}\u{1}PAR1",
        r#"{"Events":[{"name":"party"}]}"#,
        "7",
    ] {
        check(text, Shape::NotALog, "", &[(NotALog, None)]);
    }
    check(notification, Shape::Records, "", &[(ProblemKind::BadRecord, Some(0))]);
}

#[test]
fn a_bad_record_never_loses_its_neighbours() {
    use ProblemKind::{BadRecord, Truncated};
    let [a, b, c] = ["a", "b", "c"].map(event);
    let bad = |index| (BadRecord, Some(index));
    let wrapped = |middle: &str| format!(r#"{{"Records":[{a},{middle},{c}]}}"#);
    let cut = |text: &str, at: usize| text.get(..at).unwrap().to_owned();
    for middle in [
        b.replace("1.08", "1.08\n"),
        b.replace("\"1.08\"", "nul"),
        b.replace("ListBuckets", "List\\qBuckets"),
        b.replace("\"a\":\"b\"}]}", "\"a\":\"b\"]}"),
        b.replace("\"a\":\"b\"}]}", "\"a\":\"b\"}}"),
        b.replace("user/a\"}", "user/a\""),
        b.replace("user/a\"}", "user/a}"),
        b.replace("eventName\":", "eventName\""),
        b.replace("eventID\":\"b\",", "eventID\":\"b\""),
        cut(&b, 40),
        cut(&b, b.len() - 1),
        b.replace("\"eventSource\":\"s3.amazonaws.com\",", ""),
        b.replace("s3.amazonaws.com", ""),
        b.replace("\"eventName\":\"ListBuckets\"", "\"eventName\":null"),
        b.replace("\"eventName\":\"ListBuckets\"", "\"eventName\":{}"),
        b.replace("2024-05-01T10:00:00Z", "yesterday"),
        b.replace(r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a"}"#, "7"),
        "null".to_owned(),
        "[{}]".to_owned(),
        "7".to_owned(),
        "}".to_owned(),
        format!("{b}}}"),
        format!("{b},\""),
        "{}".to_owned(),
        format!(r#"{{"eventVersion":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000)),
        format!(r#"{{"eventVersion":{}1{}}}"#, r#"{"a":"#.repeat(100_000), "}".repeat(100_000)),
    ] {
        let seen = run(&wrapped(&middle));
        let name = middle.get(..middle.len().min(400)).unwrap();
        assert!(matches!(seen.ids.concat().as_str(), "ac" | "abc"), "{:?} {name}", seen.ids);
        assert_eq!(seen.decoded.problems.len(), 1, "{:?} {name}", seen.decoded.problems);
        assert_eq!(seen.decoded.problems.first().unwrap().kind, BadRecord, "{name}");
    }
    // Records that cannot be found by their first key are found by their brackets.
    let (ua, ub, uc) =
        (unmarked("a"), unmarked("b").replace("ListBuckets\"", "ListBuckets\"!"), unmarked("c"));
    check(&format!("[{ua},{ub},{uc}]"), Shape::Array, "ac", &[bad(1)]);
    check(
        &format!("[{ua},{},{uc}]", unmarked("b").replace("user/a\"}", "user/a\"")),
        Shape::Array,
        "ac",
        &[bad(1)],
    );
    for line in ["garbage", &cut(&b, 50), &cut(&b, b.len() - 1), "{\"eventVersion\":\"1", "}", "]", "7"] {
        check(&format!("{ua}\n{line}\n{uc}\n"), Shape::JsonLines, "ac", &[bad(1)]);
        check(&format!("{ua}\r\n{line}\r\n{uc}\r\n"), Shape::JsonLines, "ac", &[bad(1)]);
    }
    // A wrapper that has lost its end does not cost the next one.
    let lines = format!(
        "{{\"Records\":[{a},{ub}\n{{\"Records\":[{b},{c}]}}\n{{\"Records\":[{c}]}}\n",
        ub = cut(&b, 60)
    );
    check(&lines, Shape::Records, "abcc", &[bad(1)]);
    // An end without an end.
    for (text, shape, ids) in [
        (cut(&wrapped(&b), wrapped(&b).len() - 30), Shape::Records, "ab"),
        (cut(&wrapped(&b), wrapped(&b).len() - 1), Shape::Records, "abc"),
        (cut(&wrapped(&b), wrapped(&b).len() - 2), Shape::Records, "abc"),
        (format!("{{\"Records\":[{a},"), Shape::Records, "a"),
        ("{\"Records\":[".to_owned(), Shape::Records, ""),
        ("{\"Rec".to_owned(), Shape::Empty, ""),
        (format!("[{a},{{\"eventVersion\":tr"), Shape::Array, "a"),
        (format!("{a}\n{}", cut(&b, 60)), Shape::JsonLines, "a"),
    ] {
        check(&text, shape, ids, &[(Truncated, None)]);
    }
}

#[test]
fn nothing_inside_a_record_is_taken_for_a_record() {
    let forged = event("forged");
    let quoted = serde_json::to_string(&format!("}},{forged},{{")).unwrap();
    for inner in [
        format!("[{forged},{forged}]"),
        format!("{{\"x\":[1,{forged}]}}"),
        quoted.clone(),
        // Too deep a record is refused as a whole.
        format!("[{forged},{}{}]", "[".repeat(200), "]".repeat(200)),
    ] {
        let host = event("host").replace("{\"list\":[1,{\"a\":\"b\"}]}", &inner);
        let text = format!(r#"{{"Records":[{},{host},{}]}}"#, event("a"), event("b"));
        let seen = run(&text);
        assert!(!seen.ids.iter().any(|id| id == "forged"), "{inner}");
        // Nor when the text is cut behind it.
        let cut = text.find("\"eventID\":\"host\"").unwrap();
        let seen = run(text.get(..cut).unwrap());
        assert_eq!(seen.ids, ["a"], "{inner}");
        assert_eq!(seen.decoded.problems.len(), 1);
    }
}

#[test]
fn crafted_text_takes_linear_time() {
    for text in [
        r#"{"eventVersion":"#.repeat(200_000),
        r#"{"eventVersion":[{"eventVersion":[1,"#.repeat(100_000) + "]}",
        "{".repeat(2_000_000),
        "[".repeat(2_000_000),
        "[{".repeat(1_000_000) + "]",
        r#"[{"a":x},"#.to_owned() + &r#"{"a":x},"#.repeat(300_000) + "]",
        r#"{"Records":[{"a":["#.to_owned() + &r#",{"eventVersion":{"a":["#.repeat(100_000) + "]}",
        r#"{"Events":[{"a":["#.to_owned() + &r#",{"EventId":{"a":["#.repeat(100_000) + "]}",
        "\n{".repeat(1_000_000),
        "\n{\"eventVersion\":[".repeat(100_000) + "}",
        "\"".repeat(2_000_001),
        "\\".repeat(2_000_000),
        ",".repeat(2_000_000),
        "{}".repeat(1_000_000),
        "\u{0}".repeat(2_000_000),
    ] {
        let decoded = decode("f", &text, &mut |_| {});
        assert!(decoded.problems.len() <= PROBLEMS_MAX && !decoded.problems.is_empty());
        split(&text, 1_000);
    }
}

#[test]
fn a_huge_record_is_a_record() {
    let long = "x".repeat(20 << 20);
    let text =
        format!(r#"{{"Records":[{},{}]}}"#, event("a").replace("\"b\"", &format!("\"{long}\"")), event("b"));
    assert_eq!(run(&text).ids, ["a", "b"]);
}

type Of = fn(&Event<'_>) -> String;

/// One event, decoded by [`decode`], shown by `of`.
fn field(text: &str, of: Of) -> String {
    let mut found = Vec::new();
    let decoded = decode("f", text, &mut |event| found.push(of(event)));
    assert_eq!(decoded.problems, [], "{text}");
    found.concat()
}

#[test]
fn odd_types_and_repeated_keys_do_not_lose_a_record() {
    let with =
        |members: &str| event("a").replace("\"eventID\":\"a\"", &format!("\"eventID\":\"a\",{members}"));
    let cases: [(&str, Of, &str); 19] = [
        (r#""eventID":"b""#, |event| event.id.to_string(), "b"),
        (r#""eventID":null"#, |event| event.id.to_string(), ""),
        (r#""eventID":{"x":[]}"#, |event| event.id.to_string(), ""),
        (r#""eventID":7"#, |event| event.id.to_string(), "7"),
        (r#""event\u0049D":"b""#, |event| event.id.to_string(), "b"),
        (
            r#""recipientAccountId":111122223333"#,
            |event| format!("{:?}", event.recipient_account),
            "Some(AccountId(111122223333))",
        ),
        (
            r#""recipientAccountId":"1""#,
            |event| format!("{:?}", event.recipient_account),
            "Some(AccountId(111122223333))",
        ),
        (r#""readOnly":"true""#, |event| format!("{:?}", event.read_only), "Some(true)"),
        (r#""readOnly":[]"#, |event| format!("{:?}", event.read_only), "None"),
        (r#""eventCategory":"Data""#, |event| format!("{:?}", event.category), "Data"),
        (r#""managementEvent":false"#, |event| format!("{:?}", event.category), "Data"),
        (r#""eventCategory":"Novel""#, |event| format!("{:?}", event.category), "Other"),
        (r#""eventType":"Novel""#, |event| format!("{:?}", event.event_type), "Other"),
        (r#""resources":{}"#, |event| event.resources.len().to_string(), "0"),
        (
            r#""resources":[null,7,{},{"ARN":"arn:aws:s3:::b","type":"AWS::S3::Bucket"}]"#,
            |event| event.resources.iter().map(|one| one.arn.to_string()).collect(),
            "arn:aws:s3:::b",
        ),
        (r#""userIdentity":null"#, |event| event.identity.arn.to_string(), ""),
        (
            r#""userIdentity":{"arn":null,"sessionContext":"x","sessionContext":{"sessionIssuer":{},"attributes":[]}}"#,
            |event| format!("{:?}", event.identity.issuer),
            "None",
        ),
        (r#""errorMessage":"\ud83d\u0041""#, |event| event.error_message.to_string(), "\u{fffd}A"),
        (r#""requestParameters":"text""#, |event| format!("{:?}", event.request.parse()), "None"),
    ];
    for (members, of, expect) in cases {
        if members.contains("\"1\"") {
            // The event's own value follows and is the last one.
            assert_eq!(field(&with(members), of), expect, "{members}");
        } else {
            let text = format!("{},{members}}}", event("a").strip_suffix('}').unwrap());
            assert_eq!(field(&text, of), expect, "{members}");
        }
    }
    let plain = event("a");
    decode("f", &plain, &mut |event| {
        assert_eq!((event.raw, event.category), (&*plain, EventCategory::Management));
        assert!(matches!(event.source, std::borrow::Cow::Borrowed(_)));
    });
}

#[test]
fn problems_are_capped_and_counted() {
    let text = format!("{{\"Records\":[{}{}]}}", "7,".repeat(1_000), event("a"));
    let decoded = decode("f", &text, &mut |_| {});
    assert_eq!((decoded.problems.len(), decoded.problems_more, decoded.events), (PROBLEMS_MAX, 980, 1));
    assert_eq!(decoded.records, 1_001);
}

#[test]
fn ranges_and_chunks_are_whole_records() {
    let ids: Vec<String> = (0..50).map(|number| format!("{number:02}")).collect();
    let records: Vec<String> = ids.iter().map(|id| event(id)).collect();
    let text = format!("{{\"Records\":[{}],\"x\":1}}", records.join(" ,\n"));
    let ranges: Vec<&str> = record_ranges(&text).map(|range| text.get(range).unwrap()).collect();
    assert_eq!(ranges, records);
    let chunks = split(&text, 2_000);
    assert!(chunks.len() > 5 && chunks.len() < 12, "{}", chunks.len());
    let covered: usize = chunks.iter().map(|chunk| chunk.range.len()).sum();
    assert_eq!(covered, text.len());
    assert_eq!(split(&text, text.len()).len(), 1);
}

#[test]
fn files_are_inflated_and_their_problems_reported_once() {
    use ProblemKind::{BadRecord, Corrupt, NotALog, TooLarge, Truncated};
    let gzip = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let wrap = |ids: &[&str]| {
        let records: Vec<String> = ids.iter().map(|id| event(id)).collect();
        format!("{{\"Records\":[{}]}}", records.join(","))
    };
    let (one, two) = (gzip(&wrap(&["a", "b"])), gzip(&wrap(&["c"])));
    let both = [one.clone(), two.clone()].concat();
    // Random enough that a cut in the middle leaves some records and loses others.
    let ids: Vec<String> =
        (0..2_000_u64).map(|id| format!("{:016x}", id.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let long = gzip(&wrap(&ids.iter().map(String::as_str).collect::<Vec<_>>()));
    let mut damaged = both.clone();
    damaged[one.len() - 6] ^= 1;
    let not_utf8 = [b"{\"Records\":[", event("a").replace("ListBuckets", "\u{1}").as_bytes(), b"]}"].concat();
    let not_utf8: Vec<u8> = not_utf8.iter().map(|byte| if *byte == 1 { 0xff } else { *byte }).collect();
    let cases: [(&str, &[u8], usize, &[ProblemKind]); 10] = [
        ("two members", &both, 3, &[]),
        ("plain", &wrap(&["a"]).into_bytes(), 1, &[]),
        ("second member cut", &both[..both.len() - 60], 2, &[Truncated]),
        ("checksum missing", &two[..two.len() - 8], 1, &[Truncated]),
        ("first member damaged", &damaged, 2, &[Corrupt]),
        ("only the magic", &one[..2], 0, &[Truncated]),
        ("no log inside", &gzip("{\"a\":1}"), 0, &[NotALog]),
        ("nothing inside", &gzip(""), 0, &[NotALog]),
        ("not UTF-8", &not_utf8, 1, &[Corrupt]),
        ("a bad record inside", &gzip(&wrap(&["a", "b"]).replace(r#"ID":"b""#, r#"ID":b"#)), 1, &[BadRecord]),
    ];
    let mut buffer = Vec::new();
    let mut run = |bytes: &[u8], limits| {
        let mut events = 0;
        let decoded = decode_file("f", bytes, limits, &mut buffer, &mut |_| events += 1);
        assert_eq!(decoded.events, events);
        let kinds: Vec<_> = decoded.problems.iter().map(|problem| problem.kind).collect();
        (events, kinds)
    };
    for (name, bytes, events, kinds) in cases {
        assert_eq!(run(bytes, Limits::default()), (events, kinds.to_vec()), "{name}");
    }
    let (events, kinds) = run(&long[..long.len() / 2], Limits::default());
    assert!(events > 100 && events < 1_900, "{events}");
    assert_eq!(kinds, [Truncated]);
    let tight = Limits { decoded_bytes_max: 100, ..Limits::default() };
    assert_eq!(run(&one, tight), (0, vec![TooLarge]));
}
