//! Bad input: a clear message or a counted problem, everything else still processed, no panic.

use crate::run::{Folder, Ran, trailtrim, with_input};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

const GRANTS: &str = "sample-logs/iam/account-authorization-details.json";

fn event(id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","principalId":"AIDASAMPLE","arn":"arn:aws:iam::111122223333:user/x","accountId":"111122223333","userName":"x"}},"eventTime":"2026-08-03T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"eu-west-1","requestParameters":null,"eventID":"{id}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}}"#
    )
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn review(path: &str, more: &[&str]) -> Ran {
    let mut args = vec!["review", path, "--grants", GRANTS, "--min-window", "1d", "--format", "json"];
    args.extend(more);
    trailtrim(&args)
}

/// A folder with one bad file and one good file: the good one is used, the bad one is a problem.
fn check(name: &str, content: &[u8], events: u64, kind: &str) {
    let folder = Folder::new();
    folder.file("good.json", format!("{{\"Records\":[{}]}}", event("good")));
    folder.file(name, content);
    let ran = review(folder.0.to_str().unwrap(), &["--max-file-mib", "8"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["coverage"]["events"], events, "{name}: {}", ran.stderr);
    let kinds: Vec<_> = json["problems"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    if kind.is_empty() {
        assert_eq!(kinds, Vec::<serde_json::Value>::new(), "{name}");
        assert_eq!(ran.status, 0, "{name}: {}", ran.stderr);
    } else {
        assert!(kinds.iter().any(|found| found == kind), "{name}: {kinds:?}");
        assert_eq!(ran.status, 3, "{name}");
    }
}

#[test]
fn one_bad_file_never_costs_the_others() {
    let records = |events: &[String]| format!("{{\"Records\":[{}]}}", events.join(","));
    let three = records(&["a", "b", "c"].map(event));
    let cut = gzip(three.repeat(50).as_bytes());
    check("cut.json.gz", &cut[..cut.len() - 40], 4, "truncated");
    check("not.json.gz", b"this is no gzip", 1, "");
    check("bomb.json.gz", &gzip(&vec![b' '; 20 << 20]), 1, "too_large");
    let middle = records(&[event("a"), "{\"eventVersion\": nonsense}".to_owned(), event("c")]);
    check("middle.json", middle.as_bytes(), 3, "bad_record");
    let missing = records(&[event("a"), "{\"eventVersion\":\"1.11\",\"eventID\":\"x\"}".to_owned()]);
    check("missing.json", missing.as_bytes(), 2, "bad_record");
    let nested = event("n").replace("null", &("[".repeat(100_000) + &"]".repeat(100_000)));
    check("nested.json", records(&[nested, event("b")]).as_bytes(), 2, "bad_record");
    let huge = event("h").replace("null", &format!("{{\"a\":\"{}\"}}", "x".repeat(5 << 20)));
    check("huge.json", records(&[huge, event("b")]).as_bytes(), 3, "");
    check(
        "members.json.gz",
        &[gzip(three.as_bytes()), gzip(records(&[event("d")]).as_bytes())].concat(),
        5,
        "",
    );
}

#[test]
fn every_shape_is_read() {
    let (a, b) = (event("a"), event("b"));
    let quoted = serde_json::to_string(&a).unwrap();
    for (name, content) in [
        ("records.json", format!("{{\"Records\":[{a},{b}]}}")),
        ("array.json", format!("[{a},{b}]")),
        ("lines.jsonl", format!("{a}\r\n{b}\r\n")),
        ("lookup.json", format!("{{\"Events\":[{{\"EventId\":\"a\",\"CloudTrailEvent\":{quoted}}}]}}")),
        ("single.json", a.clone()),
    ] {
        let folder = Folder::new();
        let path = folder.file(name, &content);
        let json: serde_json::Value = serde_json::from_str(&review(&path, &[]).stdout).unwrap();
        let expect = u64::from(name != "lookup.json" && name != "single.json") + 1;
        assert_eq!(json["coverage"]["events"], expect, "{name}");
        let mut args = vec!["review", "-", "--grants", GRANTS, "--min-window", "1d", "--format", "json"];
        let piped: serde_json::Value =
            serde_json::from_str(&with_input(&args, &gzip(content.as_bytes())).stdout).unwrap();
        assert_eq!(piped["coverage"]["events"], expect, "{name} through standard input");
        args.clear();
    }
}

#[test]
fn wrong_arguments_say_what_is_wrong() {
    let folder = Folder::new();
    let empty = folder.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let not_a_snapshot = folder.file("x.json", "{\"a\":1}");
    for (args, status, expect) in [
        (vec!["review", &empty, "--grants", GRANTS], 2, "empty"),
        (vec!["review", "no/such/folder", "--grants", GRANTS], 2, "no/such/folder"),
        (vec!["review", "sample-logs", "--grants", &not_a_snapshot], 2, "is not an IAM snapshot"),
        (
            vec!["review", "sample-logs", "--grants", "no/such.json"],
            2,
            "cannot read the snapshot `no/such.json`",
        ),
        (vec!["review", "sample-logs"], 2, "--grants"),
        (vec!["review"], 2, "PATH"),
    ] {
        let ran = trailtrim(&args);
        assert_eq!(ran.status, status, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
}

#[test]
fn a_cause_is_said_once() {
    let folder = Folder::new();
    let no_json = folder.file("x.json", "{");
    let missing = "No such file or directory (os error 2)";
    for (args, cause) in [
        (["review", "sample-logs", "--grants", "no/such.json"], missing),
        (["review", "sample-logs", "--grants", &no_json], "EOF instead of a key"),
        (["coverage", "sample-logs", "--trails", "no/such.json"], missing),
        (["verify", "--certificate", "no/such.json", "--quiet"], missing),
    ] {
        let ran = trailtrim(&args);
        assert_eq!(ran.status, 2, "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.matches(cause).count(), 1, "{}", ran.stderr);
    }
}

#[test]
fn hostile_names_do_not_reach_the_terminal_as_they_are() {
    let folder = Folder::new();
    let path = folder.file("a\u{1b}[31m.json", "nonsense");
    let ran = review(&path, &[]);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    assert_eq!(ran.status, 3);
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_no_unicode_is_opened_all_the_same() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Folder::new();
    let name = std::ffi::OsStr::from_bytes(b"\xff\xfe.json");
    std::fs::write(folder.0.join(name), format!("{{\"Records\":[{}]}}", event("a"))).unwrap();
    let ran = review(folder.0.to_str().unwrap(), &[]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["coverage"]["events"], 1, "{}", ran.stderr);
}
