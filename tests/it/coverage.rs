//! `trailtrim coverage`: what it draws, what it counts, and which days it misses.

use crate::run::{Folder, trailtrim};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn json(args: &[&str]) -> (i32, Value) {
    let ran = trailtrim(&[&["coverage", "--format", "json", "--quiet"], args].concat());
    (ran.status, serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr)))
}

/// The sample without the files whose paths hold one of these.
fn sample_without(left_out: &[&str]) -> Folder {
    fn copy(from: &Path, folder: &Folder, name: &str, left_out: &[&str]) {
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                copy(&path, folder, &name, left_out);
            } else if !left_out.iter().any(|part| name.contains(part)) {
                folder.file(&name, fs::read(&path).unwrap());
            }
        }
    }
    let folder = Folder::new();
    copy(Path::new("sample-logs/AWSLogs"), &folder, "AWSLogs", left_out);
    folder
}

/// The file of the sample that is cut.
const CUT: &str = "CloudTrail_eu-west-1_20261002T2355Z";

#[test]
fn only_the_file_that_is_gone_is_missing() {
    let folder = sample_without(&[CUT, "Digest"]);
    let (status, value) = json(&[folder.0.to_str().unwrap()]);
    assert_eq!(value["problems"], Value::Array(Vec::new()));
    // The day of the cut file, in its region.
    assert_eq!(status, 3, "{}", value["missing"]);
    let missing = serde_json::json!([{
        "account": "111122223333", "region": "eu-west-1", "kind": null, "first": "2026-10-02", "last": "2026-10-02",
    }]);
    assert_eq!(value["missing"], missing);
    let place = &value["places"][0];
    assert_eq!((&place["account"], &place["region"]), (&"111122223333".into(), &"eu-west-1".into()));
    assert_eq!(place["days"][0]["events"][0]["category"], "management_read");
    let files: u64 =
        place["days"].as_array().unwrap().iter().map(|day| day["files_read"].as_u64().unwrap()).sum();
    assert_eq!(place["delay_minutes"]["files"], files);
}

#[test]
fn days_that_were_not_delivered_are_missing() {
    let folder = sample_without(&["2026/09/10/", "2026/09/11/", "2026/09/20/111122223333_CloudTrail_eu"]);
    let root = folder.0.to_str().unwrap();
    let (status, value) = json(&[root]);
    assert_eq!(status, 3);
    let first = &value["missing"][0];
    assert_eq!((&first["region"], &first["kind"]), (&Value::Null, &Value::Null));
    assert_eq!((&first["first"], &first["last"]), (&"2026-09-10".into(), &"2026-09-11".into()));
    let others: Vec<_> = value["missing"].as_array().unwrap()[1..].iter().collect();
    assert!(
        others.len() == 1 && others[0]["region"] == "eu-west-1" && others[0]["first"] == "2026-09-20",
        "{others:?}"
    );
    // Asked for and not there; and before the first event nothing is known without being asked for.
    let (_, value) = json(&[root, "--from", "2026-07-30", "--to", "2026-09-01"]);
    assert_eq!(value["window"]["first"], "2026-07-30");
    assert_eq!(value["missing"][0]["last"], "2026-08-02");
}

#[test]
fn the_strip_fits_a_terminal() {
    let trails = Folder::new();
    let selectors = trails.file(
        "trails.json",
        r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]}"#,
    );
    for more in [&[][..], &["--ascii"], &["--trails", &selectors, "--from", "2026-05-01"]] {
        let ran = trailtrim(&[&["coverage", "sample-logs", "--quiet"], more].concat());
        assert_eq!(ran.status, 3, "{}", ran.stderr);
        for line in ran.stdout.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(!ran.stdout.contains('\u{1b}'), "colours are for terminals: {}", ran.stdout);
        assert!(ran.stdout.contains("111122223333 us-east-1"));
        if more.first() == Some(&"--ascii") {
            assert!(ran.stdout.is_ascii());
            // The cut file's day, in the fifth column of the second line.
            assert!(ran.stdout.contains("\n2026-09-28 mgmt read    *@@@?"), "{}", ran.stdout);
        }
        if more.len() > 1 {
            assert!(ran.stdout.contains("read not logged, write logged"), "{}", ran.stdout);
            assert!(ran.stdout.contains("AWS::S3::Object data events: write"), "{}", ran.stdout);
        }
    }
}

#[test]
fn hostile_places_and_times_are_harmless() {
    let folder = Folder::new();
    let record = |time: &str, region: &str| {
        format!(
            r#"{{"eventTime":"{time}","eventSource":"x.amazonaws.com","eventName":"A","eventID":"{time}","awsRegion":"{region}","recipientAccountId":"111122223333","userIdentity":{{"type":"IAMUser","principalId":"AIDA1","userName":"e","accountId":"111122223333"}}}}"#
        )
    };
    let records =
        [record("0001-01-01T00:00:00Z", "\\u001b[2J"), record("9999-12-31T00:00:00Z", "x\\u202ey")].join(",");
    folder.file("a.json", format!("{{\"Records\":[{records}]}}"));
    let ran = trailtrim(&["coverage", folder.0.to_str().unwrap()]);
    assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{}", ran.stdout);
    assert!(ran.stdout.lines().count() < 40, "{}", ran.stdout);
}
