//! What counts once: copies of one call, corrected and late records.

use crate::run::with_input;
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
    }
}

#[test]
fn each_call_counts_as_the_documentation_says() {
    let shared = r#","sharedEventID":"shared""#;
    let mine = record("a", "222222222222", BOB, KEY, shared);
    // The owner's copy is an event of the owner's account, and no use of the caller's role.
    check(&[mine.clone(), record("b", "111111111111", STRANGER, KEY, shared)], (2, 0, 1, &[KEY]));
    // A delayed record is the event itself.
    let late = record(
        "a",
        "222222222222",
        BOB,
        KEY,
        r#","sharedEventID":"shared","addendum":{"reason":"DELIVERY_DELAY"}"#,
    );
    check(&[mine.clone(), late], (1, 1, 1, &[KEY]));
    // A corrected one says something else: both are kept.
    let corrected =
        r#","addendum":{"reason":"UPDATED_DATA","updatedFields":"requestParameters","originalEventID":"a"}"#;
    check(&[mine, record("c", "222222222222", BOB, OTHER_KEY, corrected)], (2, 0, 2, &[KEY, OTHER_KEY]));
}
