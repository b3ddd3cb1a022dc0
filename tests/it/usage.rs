//! `trailtrim usage`: what it prints, and that the order of the input does not reach it.

use crate::run::{Folder, trailtrim};
use serde_json::Value;

#[test]
fn the_table_fits_a_terminal_and_counts_what_was_used() {
    let ran = trailtrim(&["usage", "sample-logs", "--quiet"]);
    // One file of the sample is cut.
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    for line in ran.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let line = ran.stdout.lines().find(|line| line.contains("sagemaker:ListTrainingJobs")).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["sagemaker:ListTrainingJobs", "90", "0", "2026-10-30"]
    );
}

#[test]
fn the_json_is_the_same_on_any_number_of_threads() {
    let one = trailtrim(&["usage", "sample-logs", "--quiet", "--format", "json", "--threads", "1"]);
    let four = trailtrim(&["usage", "sample-logs", "--quiet", "--format", "json", "--threads", "4"]);
    assert_eq!(one.stdout, four.stdout);
    let value: Value = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(value["schema"], "trailtrim.usage/v1");
    assert_eq!(value["events"], 4_323);
    let calls =
        value["principals"].as_array().unwrap().iter().flat_map(|one| one["calls"].as_array().unwrap());
    assert!(calls.clone().any(|call| call["basis"] == "passed_role"));
    assert!(calls.clone().any(|call| call["resources"][0]["form"] == "arn"));
}

#[test]
fn hostile_names_stay_on_their_line() {
    let folder = Folder::new();
    let record = r#"{"eventTime":"2026-01-01T00:00:00Z","eventSource":"x.amazonaws.com","eventName":"A\u001b[2J\nB","eventID":"1","userIdentity":{"type":"IAMUser","principalId":"AIDA1","userName":"e\u001bvil","accountId":"111122223333"}}"#;
    folder.file("a.json", format!("{{\"Records\":[{record}]}}"));
    let ran = trailtrim(&["usage", &folder.path("")]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    assert!(ran.stdout.contains("A\\u{1b}[2J\\u{a}B"), "{}", ran.stdout);
}
