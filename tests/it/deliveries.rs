//! What counts once: copies of one call, corrected and late records.

use crate::run::{Folder, trailtrim, with_input};
use serde_json::Value;

/// A call of Bob's role on Alice's key. `who`: as the account's copy shows the caller.
fn record(id: &str, recipient: &str, who: &str, key: &str, more: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventID":"{id}","eventTime":"2026-08-01T00:00:00Z","eventSource":"kms.amazonaws.com","eventName":"Encrypt","awsRegion":"eu-west-1","recipientAccountId":"{recipient}","userIdentity":{who},"requestParameters":{{"keyId":"{key}"}},"resources":[{{"ARN":"{key}","accountId":"111111111111","type":"AWS::KMS::Key"}}]{more}}}"#
    )
}

const BOB: &str = r#"{"type":"AssumedRole","principalId":"AROABOB:s","arn":"arn:aws:sts::222222222222:assumed-role/Bob/s","accountId":"222222222222","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROABOB","arn":"arn:aws:iam::222222222222:role/Bob","accountId":"222222222222","userName":"Bob"}}}"#;
const STRANGER: &str = r#"{"type":"AWSAccount","principalId":"AROABOB:s","accountId":"222222222222"}"#;
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/one";
const OTHER_KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/two";

/// `expect`: distinct events, duplicates, events of Bob's role, keys that it used.
fn check(records: &[String], expect: (u64, u64, u64, &[&str])) {
    let mut printed: Vec<String> = Vec::new();
    for turned in [false, true] {
        let mut lines = records.to_vec();
        if turned {
            lines.reverse();
        }
        let ran = with_input(&["usage", "-", "--format", "json"], lines.join("\n").as_bytes());
        let usage: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        let text = usage.to_string();
        let bob = usage["principals"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["id"] == "AROABOB" && one["kind"] == "role")
            .unwrap();
        let keys: Vec<&str> = [KEY, OTHER_KEY].into_iter().filter(|key| text.contains(*key)).collect();
        let found = (
            usage["events"].as_u64().unwrap(),
            usage["duplicates"].as_u64().unwrap(),
            bob["activity"]["count"].as_u64().unwrap(),
            keys.as_slice(),
        );
        assert_eq!(found, expect, "{records:#?}");
        let counts = text.matches(r#""count":0"#).count();
        assert_eq!(counts, 0, "{text}");
        printed.push(ran.stdout);
    }
    assert_eq!(printed[0], printed[1], "in any order");
}

#[test]
fn each_call_counts_as_the_documentation_says() {
    let shared = r#","sharedEventID":"shared""#;
    let mine = record("a", "222222222222", BOB, KEY, shared);
    // The owner's copy is an event of the owner's account, and no use of the caller's role.
    check(&[mine.clone(), record("b", "111111111111", STRANGER, KEY, shared)], (2, 0, 1, &[KEY]));
    // Where it shows the whole caller it is the same call, delivered to another account.
    let owners = record("b", "111111111111", BOB, KEY, shared);
    let thirds = record("c", "333333333333", BOB, KEY, shared);
    let own = record("d", "222222222222", BOB, KEY, "");
    check(&[mine.clone(), owners.clone()], (2, 0, 1, &[KEY]));
    check(&[mine.clone(), owners.clone(), thirds.clone(), own.clone()], (4, 0, 2, &[KEY]));
    check(&[mine.clone(), owners.clone(), mine.clone(), owners.clone()], (2, 2, 1, &[KEY]));
    // The owner's logs alone show the use all the same.
    check(std::slice::from_ref(&owners), (1, 0, 1, &[KEY]));
    check(&[owners, thirds], (2, 0, 1, &[KEY]));
    // Two copies that do not say the same are two calls: nothing is lost.
    check(&[mine.clone(), record("b", "111111111111", BOB, OTHER_KEY, shared)], (2, 0, 2, &[KEY, OTHER_KEY]));
    // A delayed record is the event itself.
    for reason in ["DELIVERY_DELAY", "SERVICE_OUTAGE"] {
        let addendum = format!(r#"{shared},"addendum":{{"reason":"{reason}"}}"#);
        check(&[mine.clone(), record("a", "222222222222", BOB, KEY, &addendum)], (1, 1, 1, &[KEY]));
        check(&[record("a", "222222222222", BOB, KEY, &addendum)], (1, 0, 1, &[KEY]));
    }
}

#[test]
fn a_corrected_record_adds_what_it_says_and_no_call() {
    let mine = record("a", "222222222222", BOB, KEY, "");
    let correction = |id: &str, key: &str, more: &str| {
        let addendum = r#","addendum":{"reason":"UPDATED_DATA","updatedFields":"requestParameters","originalRequestID":"r","originalEventID":"a"}"#;
        record(id, "222222222222", BOB, key, &format!("{addendum}{more}"))
    };
    let corrected = correction("c", OTHER_KEY, "");
    check(&[mine.clone(), corrected.clone()], (2, 0, 1, &[KEY, OTHER_KEY]));
    check(&[mine.clone(), corrected.clone(), corrected.clone()], (2, 1, 1, &[KEY, OTHER_KEY]));
    // A field that is not counted was corrected, under the same id or another one.
    check(&[mine.clone(), correction("c", KEY, "")], (2, 0, 1, &[KEY]));
    check(&[mine.clone(), correction("a", KEY, r#","readOnly":true"#)], (2, 0, 1, &[KEY]));
    // Without the original it is the event.
    check(std::slice::from_ref(&corrected), (1, 0, 1, &[OTHER_KEY]));
    // A refusal takes nothing back, and a use that was taken for a refusal is a use.
    let refused = r#","errorCode":"AccessDenied""#;
    check(&[mine.clone(), correction("c", KEY, refused)], (2, 0, 1, &[KEY]));
    check(&[record("a", "222222222222", BOB, KEY, refused), correction("c", KEY, "")], (2, 0, 1, &[KEY]));
    // What somebody wrote into a request is no addendum, and no other reason is a correction.
    for more in [
        r#","additionalEventData":{"addendum":{"reason":"UPDATED_DATA"}}"#,
        r#","addendum":{"reason":"DELIVERY_DELAY","updatedFields":"UPDATED_DATA"}"#,
        r#","addendum":"UPDATED_DATA""#,
        r#","addendum":null"#,
    ] {
        check(
            &[mine.clone(), record("c", "222222222222", BOB, OTHER_KEY, more)],
            (2, 0, 2, &[KEY, OTHER_KEY]),
        );
    }
}

/// A file of Bob's account, by its name, with calls: ids and times.
type File = (String, Vec<(&'static str, &'static str)>);

/// `expect`: distinct events, duplicates, and how many of the events may be duplicates all the same.
fn check_files(files: &[File], expect: (u64, u64, u64)) {
    let folder = Folder::new();
    for (name, calls) in files {
        let call = |(id, time): &(&str, &str)| {
            record(id, "222222222222", BOB, KEY, "").replace("2026-08-01T00:00:00Z", time)
        };
        let records: Vec<String> = calls.iter().map(call).collect();
        folder.file(name, format!(r#"{{"Records":[{}]}}"#, records.join(",")));
    }
    let mut all: Vec<String> = Vec::new();
    for threads in ["1", "2", "5"] {
        let args = ["usage", &folder.path(""), "--format", "json", "--threads", threads];
        let ran = trailtrim(&args);
        let usage: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        let number = |name: &str| usage[name].as_u64().unwrap();
        let found = (number("events"), number("duplicates"), number("possible_duplicates"));
        assert_eq!(found, expect, "{files:#?}");
        assert_eq!(usage["principals"][0]["activity"]["count"], expect.0);
        all.push(ran.stdout);
    }
    assert!(all.iter().all(|one| *one == all[0]), "{files:#?}");
    let ran = trailtrim(&["usage", &folder.path("")]);
    assert_eq!(ran.stdout.contains("too late to be compared"), expect.2 > 0, "{}", ran.stdout);
}

#[test]
fn copies_are_found_as_far_as_the_names_of_files_allow() {
    let file = |folder: &str, time: &str, calls: &[(&'static str, &'static str)]| -> File {
        (
            format!("{folder}222222222222_CloudTrail_eu-west-1_202608{time}Z_{}.json", calls.len()),
            calls.to_vec(),
        )
    };
    let (first, second) = (("a", "2026-08-01T09:01:00Z"), ("b", "2026-08-01T10:59:00Z"));
    let on_time = file("one/", "01T1105", &[first, second]);
    let other_trail = file("two/", "01T1110", &[second, first]);
    let next_day = file("", "02T0000", &[first]);
    let days_later = file("", "04T0000", &[first]);
    let again = file("", "04T0005", &[first]);
    let export = ("export.json".to_owned(), vec![second]);
    let between = (0..40).map(|hour| file("", &format!("{:02}T{:02}30", 1 + hour / 24, hour % 24), &[]));
    let between: Vec<File> = between.collect();
    for (files, expect) in [
        // Two trails, and late.
        (vec![&on_time, &other_trail, &next_day], (2, 3, 0)),
        // Later than that an event counts, and it is told; once.
        (vec![&on_time, &days_later, &again], (3, 1, 1)),
        (vec![&days_later, &again], (1, 1, 1)),
        // A file whose name says nothing: everything is compared with everything.
        (vec![&on_time, &days_later, &again, &export], (2, 3, 0)),
    ] {
        let mut files: Vec<File> = files.into_iter().cloned().collect();
        check_files(&files, expect);
        // The same with files between them, so that hours are forgotten.
        files.extend(between.clone());
        check_files(&files, expect);
    }
}
