//! What a principal is to SageMaker.

use crate::run::{Folder, trailtrim};
use crate::trimming::{background, event};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/app/Worker";

/// A call by somebody else that hands the role over.
fn hands_over(number: usize, name: &str, error: Option<&str>) -> String {
    let mut call: Value = serde_json::from_str(&event(number, 7, false, 20)).unwrap();
    call["eventSource"] = json!("sagemaker.amazonaws.com");
    call["eventName"] = json!(name);
    call["readOnly"] = json!(false);
    if let Some(error) = error {
        call["errorCode"] = json!(error);
    }
    let call = call.to_string().replace("AROAWORKER", "AROAOTHER").replace("role/app/Worker", "role/Other");
    let mut call: Value = serde_json::from_str(&call).unwrap();
    call["requestParameters"] = json!({"roleArn": ROLE, "executionRoleArn": ROLE});
    call.to_string() + "\n"
}

fn review(created: &str, lines: &str) -> Value {
    let folder = Folder::new();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"], "Resource": "*"},
        {"Effect": "Deny", "Action": "sagemaker:*", "Resource": "*",
            "Condition": {"Null": {"sagemaker:vpcsubnets": "true"}}}]});
    let snapshot = json!({"RoleDetailList": [{
        "RoleName": "Worker", "RoleId": "AROAWORKER", "Arn": ROLE, "Path": "/app/", "CreateDate": created,
        "AttachedManagedPolicies": [], "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": policy}]}]});
    let grants = folder.file("grants.json", snapshot.to_string());
    let log = folder.file("log.jsonl", background() + lines);
    let ran = trailtrim(&["review", &log, "--grants", &grants, "--format", "json", "--quiet"]);
    let review: Value = serde_json::from_str(&ran.stdout).unwrap();
    review["principals"][0]["sagemaker"].clone()
}

fn names(sagemaker: &Value) -> Vec<&str> {
    let all = sagemaker["personas"].as_array().unwrap();
    all.iter().map(|one| one["persona"].as_str().unwrap()).collect()
}

#[test]
fn a_role_is_what_it_was_handed_over_for() {
    let old = "2020-01-01T00:00:00Z";
    for (lines, expect) in [
        (String::new(), vec![]),
        (hands_over(1, "CreateTrainingJob", None), vec!["training"]),
        (hands_over(1, "CreateTrainingJob", Some("AccessDenied")), vec![]),
        (
            hands_over(1, "CreateModel", None) + &hands_over(2, "CreateNotebookInstance", None),
            vec!["inference", "notebook"],
        ),
    ] {
        assert_eq!(names(&review(old, &lines)), expect, "{lines}");
    }
    let one = review(old, &hands_over(1, "CreateTrainingJob", None));
    let training = &one["personas"][0];
    assert_eq!(training["because"][0]["operation"], "CreateTrainingJob");
    assert_eq!(training["because"][0]["evidence"], json!(["e1"]));
    let minimum = training["minimum"].as_array().unwrap();
    let of = |action: &str| minimum.iter().find(|one| one["action"] == action).unwrap();
    assert_eq!(of("s3:GetObject")["verdict"], "unused");
    assert_eq!(of("ecr:BatchGetImage")["verdict"], Value::Null);
    assert_eq!(of("kms:Decrypt")["when"], "keys");
    // `sqs:SendMessage` is the one action that training does not need; data events of queues are not there.
    assert_eq!(one["beyond_minimum"]["unobservable"], 1, "{one}");
    let guardrails = training["guardrails"].as_array().unwrap();
    let present: Vec<&Value> = guardrails.iter().filter(|one| one["present"] == true).collect();
    assert_eq!(present.len(), 1);
    assert_eq!(present[0], &json!({"key": "sagemaker:VpcSubnets", "on": "caller", "present": true}));
    // A role of the same name that was made later was not handed over.
    assert_eq!(names(&review("2026-08-25T00:00:00Z", &hands_over(1, "CreateTrainingJob", None))), [""; 0]);
}

#[test]
fn who_opens_studio_is_a_studio_user() {
    let mut call: Value = serde_json::from_str(&event(9, 7, false, 20)).unwrap();
    call["eventSource"] = json!("sagemaker.amazonaws.com");
    call["eventName"] = json!("CreatePresignedDomainUrl");
    call["requestParameters"] = json!({"domainId": "d-1", "userProfileName": "ann"});
    let one = review("2020-01-01T00:00:00Z", &(call.to_string() + "\n"));
    assert_eq!(names(&one), ["studio-user"]);
}
