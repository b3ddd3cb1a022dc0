//! `verify` against a role's logs, with certificates, and after a rollout.

use crate::run::{Folder, Ran, trailtrim};
use serde_json::Value;
use std::fs;

const GRANTS: &str = "sample-logs/iam/account-authorization-details.json";
const TRAINING: &str = "policies/111122223333/SageMakerTrainingRole/TrainingAccess~certificate.json";

/// The sample, reviewed into a folder.
fn reviewed() -> Folder {
    let folder = Folder::new();
    trailtrim(&["review", "sample-logs", "--grants", GRANTS, "--quiet", "-o", &folder.path("review")]);
    folder
}

fn check(ran: &Ran, status: i32, expect: &[&str]) {
    assert_eq!(ran.status, status, "{}{}", ran.stdout, ran.stderr);
    for one in expect {
        assert!(
            format!("{}{}", ran.stdout, ran.stderr).contains(one),
            "no `{one}` in {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
fn a_proposed_policy_is_replayed_and_contained() {
    let folder = Folder::new();
    let policy = |name: &str, action: &str, resource: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{action},"Resource":{resource}}}]}}"#
        );
        folder.file(name, text)
    };
    let enough = policy(
        "enough.json",
        r#"["s3:GetObject","s3:ListBucket"]"#,
        r#"["arn:aws:s3:::my-ai-data-bucket","arn:aws:s3:::my-ai-data-bucket/*"]"#,
    );
    let logs =
        policy("logs.json", r#""logs:CreateLogStream""#, r#""arn:aws:logs:*:*:log-group:/aws/sagemaker/*""#);
    let wider = policy("wider.json", r#"["s3:*","sqs:SendMessage"]"#, r#""*""#);
    let gate = |args: &[&str]| trailtrim(&[&["verify"], args, &["--grants", GRANTS, "--quiet"]].concat());
    let role = ["sample-logs", "--role", "SageMakerTrainingRole"];
    // The sample has one cut file: what holds, holds for what could be read.
    check(
        &gate(&[&[enough.as_str()], &role[..], &["--with", &logs]].concat()),
        3,
        &["contained: proved", "replay: 139 distinct calls allowed"],
    );
    check(
        &gate(&[&[enough.as_str()], &role[..]].concat()),
        4,
        &["call-broken: ", "logs:CreateLogStream: was made and would be refused, on ", " more"],
    );
    check(
        &gate(&[&[wider.as_str()], &role[..], &["--with", &logs]].concat()),
        4,
        &["not-contained: ", "sqs:SendMessage on "],
    );
    check(&gate(&[&[enough.as_str()], &role[..1]].concat()), 2, &["--against OLD.json, --role ROLE"]);
    check(&gate(&[enough.as_str(), "--role", "SageMakerTrainingRole"]), 2, &["a policy and logs are needed"]);
    check(&gate(&[enough.as_str(), "sample-logs", "--role", "SageMakerTrainingRol"]), 2, &["did you mean"]);
    check(&gate(&[enough.as_str(), "sample-logs", "--role", "*Role"]), 2, &["fits more than one"]);
    check(
        &gate(&[enough.as_str(), "sample-logs", "--role", "OrderLambdaRole"]),
        2,
        &["which policy does it replace", "OrderProcessing"],
    );
    check(
        &gate(&[enough.as_str(), "sample-logs", "--role", "OrderLambdaRole", "--replaces", "Nope"]),
        2,
        &["the role has no policy `Nope`"],
    );
    check(
        &gate(&[enough.as_str(), "sample-logs", "--role", "OrderLambdaRole", "--replaces", "all"]),
        4,
        &["not-contained", "call-broken"],
    );
    let ran = gate(&[&[wider.as_str()], &role[..], &["--format", "sarif"]].concat());
    let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
    let ids: Vec<&str> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["ruleId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["not-contained", "call-broken"]);
}

#[test]
fn certificates_are_proved_again() {
    let folder = reviewed();
    let path = folder.path(&format!("review/{TRAINING}"));
    let check_again = |path: &str| {
        let proof = ["verify", "sample-logs", "--certificate", path, "--grants", GRANTS, "--quiet"];
        (trailtrim(&["verify", "--certificate", path]), trailtrim(&proof))
    };
    let (alone, whole) = check_again(&path);
    check(&alone, 0, &["contained: proved", "unchanged: ", "not checked: "]);
    check(
        &whole,
        3,
        &["the logs are those of", "the grants are those of", "the old policy is the one", "139 distinct"],
    );
    // Whatever is changed in a certificate is noticed.
    let text = fs::read_to_string(&path).unwrap();
    for (from, to, status, expect) in [
        ("\"s3:GetObject\"", "\"s3:PutObject\"", 4, "certificate-wrong: "),
        ("\"s3:*\"", "\"s3:List*\"", 4, "not-contained: "),
        ("\"limit_chars\": 10240", "\"limit_chars\": 10", 4, "certificate-wrong: "),
        ("\"broken\": []", "\"broken\": [\"a:b on *\"]", 4, "certificate-wrong: "),
        ("trailtrim.certificate/v1", "trailtrim.certificate/v2", 2, "the schema is"),
        ("\"tier\": 0", "\"tier\": \"x\"", 2, "no certificate"),
        ("\"AROASAMPLE", "\"AROAOTHER", 3, "another principal has this name now"),
        ("\"kind\": \"logs\"", "\"kind\": \"lags\"", 3, "the logs are not those"),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = folder.file("changed.json", text.replacen(from, to, 1));
        let (_, whole) = check_again(&changed);
        check(&whole, status, &[expect]);
    }
    let policy = folder.path("review/policies/111122223333/SageMakerTrainingRole/TrainingAccess.json");
    fs::write(policy, "{}").unwrap();
    check(&check_again(&path).0, 0, &["input-changed: ", "is not the policy of the certificate"]);
    check(&trailtrim(&["verify", "--certificate", &path, "--fail-on", "low"]), 4, &["input-changed"]);
}

/// A refused call of the training role, as CloudTrail records it.
fn refused(time: &str, id: &str, message: &str) -> Value {
    serde_json::json!({
        "eventVersion": "1.11", "eventTime": time, "eventID": id, "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject", "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
        "eventCategory": "Data", "managementEvent": false, "readOnly": false,
        "recipientAccountId": "111122223333", "sourceIPAddress": "192.0.2.1", "userAgent": "x",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROASAMPLETRAINING222:s",
            "arn": "arn:aws:sts::111122223333:assumed-role/SageMakerTrainingRole/s", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "principalId": "AROASAMPLETRAINING222", "accountId": "111122223333",
                "arn": "arn:aws:iam::111122223333:role/service-role/SageMakerTrainingRole",
                "userName": "SageMakerTrainingRole",
            }},
        },
        "requestParameters": {"bucketName": "my-ai-data-bucket", "key": "models/m.tar.gz"},
        "errorCode": "AccessDenied", "errorMessage": message,
    })
}

#[test]
fn what_a_trim_broke_is_found_with_the_statement_that_restores_it() {
    let folder = reviewed();
    let path = folder.path(&format!("review/{TRAINING}"));
    let message = "User: arn:aws:sts::111122223333:assumed-role/SageMakerTrainingRole/s is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::my-ai-data-bucket/models/m.tar.gz\" because no identity-based policy allows the s3:PutObject action";
    let by_scp = message.replace(
        "because no identity-based policy allows the s3:PutObject action",
        "with an explicit deny in a service control policy",
    );
    let logs = |name: &str, events: &[Value]| {
        folder.file(&format!("{name}/log.json"), serde_json::json!({ "Records": events }).to_string())
    };
    let after = logs("after", &[refused("2026-11-10T00:00:00Z", "11111111-aaaa", message)]);
    let before = logs("before", &[refused("2026-11-01T00:00:00Z", "11111111-aaaa", message)]);
    let scp = logs("scp", &[refused("2026-11-10T00:00:00Z", "11111111-aaaa", &by_scp)]);
    let plain = logs("plain", &[refused("2026-11-10T00:00:00Z", "11111111-aaaa", "Access Denied")]);
    let watch = |logs: &str| {
        let out = folder.path("patched");
        trailtrim(&["verify", logs, "--certificate", &path, "--since", "2026-11-05", "--quiet", "-o", &out])
    };
    for logs in [&after, &plain] {
        check(
            &watch(logs),
            4,
            &[
                "refused-since-trim: ",
                "s3:PutObject on arn:aws:s3:::my-ai-data-bucket/models/m.tar.gz: refused 1 times",
                "event 11111111-aaaa",
                "add to TrainingAccess (proved to stay within the old policy)",
                "\"Action\": \"s3:PutObject\"",
            ],
        );
    }
    check(&watch(&scp), 0, &["none that the old policy allowed"]);
    check(&watch(&before), 3, &[]);
    // The patch is a policy that gives back what was lost and nothing that the old policy did not allow.
    let patched = folder.path("patched/TrainingAccess.json");
    let text = fs::read_to_string(&patched).unwrap();
    assert!(text.contains("Restored1") && text.contains("s3:GetObject"), "{text}");
    let old = folder.file("old.json", {
        let certificate: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        certificate["old"]["document"].to_string()
    });
    check(&trailtrim(&["verify", &patched, "--against", &old]), 0, &["contained: proved"]);
}
