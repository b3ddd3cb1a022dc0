//! Whose use is it? Ids that are missing or masked, calls that no table maps, regions that were not logged.

use crate::run::{Folder, trailtrim};
use crate::trimming::{background, event};
use serde_json::{Value, json};

const ID: &str = "AROAWORKERWORKER0001";

/// Reviews the role `Worker`, which may do `actions` on everything, after these lines of log.
fn review(actions: &[&str], lines: &str) -> Value {
    let folder = Folder::new();
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let snapshot = json!({"RoleDetailList": [{
        "RoleName": "Worker", "RoleId": ID, "Arn": "arn:aws:iam::111122223333:role/app/Worker", "Path": "/app/",
        "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": policy}]}]});
    let grants = folder.file("grants.json", snapshot.to_string());
    let log = folder.file("log.jsonl", background() + lines);
    let ran = trailtrim(&["review", &log, "--grants", &grants, "--format", "json", "--quiet"]);
    let review: Value = serde_json::from_str(&ran.stdout).unwrap();
    review["principals"][0].clone()
}

/// The verdict on one action, from the role's only statement.
fn verdict(role: &Value, action: &str) -> String {
    let statement = &role["policies"][0]["statements"][0];
    if statement["used"].as_array().unwrap().iter().any(|used| used["action"] == action) {
        return "used".to_owned();
    }
    let groups = statement["not_used"].as_array().unwrap();
    let named = |group: &&Value| group["actions"].as_array().unwrap().iter().any(|one| one == action);
    groups.iter().find(named).map_or_else(String::new, |group| group["verdict"].as_str().unwrap().to_owned())
}

#[test]
fn masked_and_missing_ids_count_for_the_role_of_the_same_arn() {
    let call = event(1, 0, false, 3);
    for (id, expect) in [
        (ID, "used"),
        ("AROA****************", "used"),
        ("", "used"),
        // A real id of another role: it had the same name once, and its use says nothing.
        ("AROAFORMERFORMER0002", "unused"),
    ] {
        let role = review(&["s3:GetObject", "s3:PutObject"], &call.replace("AROAWORKER", id));
        assert_eq!(verdict(&role, "s3:GetObject"), expect, "{id}");
        assert_eq!(verdict(&role, "s3:PutObject"), "unused", "{id}");
    }
}

#[test]
fn a_call_that_no_table_maps_protects_its_service() {
    let own = event(1, 0, false, 3).replace("AROAWORKER", ID);
    let unmapped = own.replace("GetObject", "GetSomethingNew").replace("\"e1\"", "\"e2\"");
    let granted = ["s3:PutObject", "dynamodb:PutItem"];
    let role = review(&granted, &own);
    assert_eq!([verdict(&role, "s3:PutObject"), verdict(&role, "dynamodb:PutItem")], ["unused", "unused"]);
    let role = review(&granted, &(own + "\n" + &unmapped));
    assert_eq!([verdict(&role, "s3:PutObject"), verdict(&role, "dynamodb:PutItem")], ["implied", "unused"]);
    assert_eq!(role["unmapped"][0]["event_name"], "GetSomethingNew");
}

#[test]
fn global_services_are_unobservable_without_their_region() {
    // The log holds eu-west-1 only; IAM records in us-east-1. EC2 is regional and was seen.
    let role = review(&["iam:ListRoles", "ec2:DescribeSubnets"], "");
    assert_eq!(
        [verdict(&role, "iam:ListRoles"), verdict(&role, "ec2:DescribeSubnets")],
        ["unobservable", "unused"]
    );
}
