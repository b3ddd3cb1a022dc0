//! Groups, policies that several hold, boundaries and endpoint policies.

use crate::run::{Folder, trailtrim};
use crate::trimming::{background, event};
use serde_json::{Value, json};
use std::fs;

const GRANTS: &str = "sample-logs/iam/account-authorization-details.json";

fn recommend(args: &[&str]) -> crate::run::Ran {
    trailtrim(&[&["recommend", "sample-logs", "--grants", GRANTS, "--quiet"], args].concat())
}

#[test]
fn a_group_is_judged_by_what_its_members_did() {
    let ran = trailtrim(&["review", "sample-logs", "--grants", GRANTS, "--quiet", "--format", "json"]);
    let review: Value = serde_json::from_str(&ran.stdout).unwrap();
    let principals = review["principals"].as_array().unwrap();
    let group = principals.iter().find(|one| one["type"] == "group").unwrap();
    assert_eq!(group["name"], "Operators");
    let change = &group["policies"][0]["recommendation"];
    assert_eq!(change["step"], "put_inline_policy", "{change}");
    assert_eq!(
        change["commands"],
        json!([
            "aws iam put-group-policy --group-name Operators --policy-name SnapshotVolumes --policy-document 'file://policies/111122223333/Operators~group/SnapshotVolumes.json'"
        ])
    );
    assert_eq!(change["replay"]["broken"], json!([]));
    assert!(change["replay"]["allowed"].as_u64().unwrap() > 0, "{}", change["replay"]);
    assert_eq!(
        group["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["kind"] == "unexplained_access")
            .count(),
        0
    );
    // Programs do not hold groups, and say so.
    let terraform = recommend(&["--role", "Operators", "--format", "terraform"]);
    assert!(!terraform.stdout.contains("SnapshotVolumes"), "{}", terraform.stdout);
    let script = recommend(&["--role", "Operators", "--format", "aws-cli"]);
    assert!(script.stdout.contains("put-group-policy --group-name Operators"), "{}", script.stdout);
}

#[test]
fn a_shared_policy_is_forked_or_trimmed_for_all_holders() {
    let both = ["--role", "InferenceRole", "--role", "BatchTransformRole", "--format", "aws-cli"];
    let forked = recommend(&both).stdout;
    assert!(forked.contains("InferenceRole-ModelServing-trimmed"), "{forked}");
    assert!(!forked.contains("create-policy-version"), "{forked}");
    let union = recommend(&[&both[..], &["--shared", "union"]].concat()).stdout;
    assert_eq!(union.matches(" create-policy-version ").count(), 1, "{union}");
    assert!(!union.contains("ModelServing-trimmed"), "{union}");
    // With one of its holders out of sight the policy is not touched for both.
    let alone = ["--role", "InferenceRole", "--format", "aws-cli", "--shared", "union"];
    assert!(recommend(&alone).stdout.contains("InferenceRole-ModelServing-trimmed"));
    // What is trimmed for both refuses neither.
    let folder = Folder::new();
    let out = folder.path("out");
    recommend(&["--role", "InferenceRole", "--role", "BatchTransformRole", "--shared", "union", "-o", &out]);
    let policy = ["InferenceRole", "BatchTransformRole"]
        .map(|role| format!("{out}/111122223333/role-{role}/ModelServing.json"))
        .into_iter()
        .find(|path| fs::exists(path).unwrap())
        .unwrap();
    for role in ["InferenceRole", "BatchTransformRole"] {
        let ran =
            trailtrim(&["verify", &policy, "sample-logs", "--role", role, "--grants", GRANTS, "--quiet"]);
        assert_eq!(ran.status, 3, "{}", ran.stdout);
        assert!(ran.stdout.contains("contained: proved"), "{}", ran.stdout);
    }
}

#[test]
fn a_permission_set_is_trimmed_to_what_all_of_its_accounts_need() {
    let set = "AWSReservedSSO_DataScientist_0123456789abcdef";
    let change = |more: &[&str]| {
        let ran = recommend(&[&["--role", set, "--format", "json", "--force"], more].concat());
        ran.stdout
    };
    assert!(change(&[]).contains("AmazonSageMakerReadOnly"), "{}", change(&[]));
    // The same set in an account whose logs are not there: nothing is known about its need.
    let folder = Folder::new();
    let other = fs::read_to_string(GRANTS).unwrap().replace("111122223333", "444455556666");
    let other = folder.file("other.json", other.replace("AROASAMPLE", "AROAOTHERS"));
    let both = change(&["--grants", &other]);
    assert!(!both.contains("\"Action\""), "{both}");
}

#[test]
fn a_boundary_allows_what_is_used_and_is_one_policy() {
    let boundary =
        |role: &str, format: &str| recommend(&["--as", "boundary", "--role", role, "--format", format]);
    let training: Value = serde_json::from_str(&boundary("SageMakerTrainingRole", "json").stdout).unwrap();
    let folder = Folder::new();
    let policy = folder.file("boundary.json", training[0]["document"].to_string());
    let ran = trailtrim(&[
        "verify",
        &policy,
        "sample-logs",
        "--role",
        "SageMakerTrainingRole",
        "--grants",
        GRANTS,
        "--quiet",
    ]);
    assert!(ran.stdout.contains("replay: 139 distinct calls allowed") && ran.status == 3, "{}", ran.stdout);
    let name = training[0]["name"].as_str().unwrap();
    let script = boundary("SageMakerTrainingRole", "aws-cli").stdout;
    assert!(script.contains(&format!(
        "aws iam put-role-permissions-boundary --role-name SageMakerTrainingRole --permissions-boundary arn:aws:iam::111122223333:policy/{name}\n"
    )), "{script}");
    let back = boundary("SageMakerTrainingRole", "aws-cli-rollback").stdout;
    assert!(back.contains("delete-role-permissions-boundary --role-name SageMakerTrainingRole"), "{back}");
    assert_eq!(boundary("SageMakerTrainingRole", "terraform").status, 2);
    let group = recommend(&["--as", "boundary", "--role", "Operators", "--format", "json"]);
    assert_eq!(group.stdout, "[]\n");
}

fn through(endpoint: &str, number: usize, event: (&str, &str), role: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": "2026-10-10T00:00:00Z", "eventID": format!("event-{number}"),
        "eventSource": event.0, "eventName": event.1, "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
        "eventCategory": "Management", "managementEvent": true, "readOnly": true, "recipientAccountId": "111122223333",
        "vpcEndpointId": endpoint, "sourceIPAddress": "10.0.0.1", "userAgent": "x", "requestParameters": null,
        "userIdentity": {
            "type": "AssumedRole", "principalId": format!("AROA{role}AAAAAAAAAA:s"), "accountId": "111122223333",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/s"),
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "principalId": format!("AROA{role}AAAAAAAAAA"), "accountId": "111122223333",
                "arn": format!("arn:aws:iam::111122223333:role/ml/{role}"), "userName": role,
            }},
        },
    })
}

#[test]
fn an_endpoint_policy_holds_who_used_what_through_it() {
    let folder = Folder::new();
    let sagemaker = "sagemaker.amazonaws.com";
    let events = json!({"Records": [
        through("vpce-1", 1, (sagemaker, "ListModels"), "A"),
        through("vpce-1", 2, (sagemaker, "ListEndpoints"), "A"),
        through("vpce-1", 3, (sagemaker, "ListModels"), "B"),
        through("vpce-2", 4, (sagemaker, "NoSuchCall"), "A"),
        through("", 5, (sagemaker, "ListDomains"), "A"),
    ]});
    let logs = folder.file("logs/log.json", events.to_string());
    let run = |format: &str| {
        trailtrim(&["recommend", &logs, "--grants", GRANTS, "--as", "vpc-endpoint", "--format", format])
    };
    let ran = run("json");
    let policies: Value = serde_json::from_str(&ran.stdout).unwrap();
    let one = |action: Value, role: &str| {
        json!({
            "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalArn": [format!("arn:aws:iam::111122223333:role/ml/{role}")]}},
        })
    };
    let statements = json!([
        one(json!(["sagemaker:ListEndpoints", "sagemaker:ListModels"]), "A"),
        one(json!("sagemaker:ListModels"), "B"),
    ]);
    assert_eq!(
        policies,
        json!([{"subject": "vpce-1", "document": {"Version": "2012-10-17", "Statement": statements}}])
    );
    assert!(ran.stderr.contains("vpce-2: no policy: `NoSuchCall` maps to no action"), "{}", ran.stderr);
    let script = run("aws-cli").stdout;
    assert!(script.contains(
        "aws ec2 modify-vpc-endpoint --region eu-west-1 --vpc-endpoint-id vpce-1 --policy-document '{"
    ));
}

#[test]
fn a_permission_set_is_changed_by_one_of_its_roles_only() {
    let set = "AWSReservedSSO_Ops_0123456789abcdef";
    let arn = format!("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/{set}");
    let allow = |actions: Value| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    // The snapshots of the two accounts are of different days: each has another policy of the set.
    let grants = |policy: &str| {
        let document = allow(json!(["ec2:DescribeVpcs", "ec2:DescribeSubnets"]));
        json!({"RoleDetailList": [{
            "RoleName": set, "RoleId": "AROAWORKER", "Arn": arn, "Path": "/aws-reserved/sso.amazonaws.com/",
            "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [],
            "RolePolicyList": [{"PolicyName": policy, "PolicyDocument": document}]}]})
        .to_string()
    };
    let elsewhere =
        |text: &str| text.replace("111122223333", "444455556666").replace("AROAWORKER", "AROAELSEWHERE");
    let calls: String = (0..20).map(|day| event(500 + day, 7, false, day) + "\n").collect();
    let calls = calls.replace("arn:aws:iam::111122223333:role/app/Worker", &arn).replace("Worker", set);
    let log = background() + &calls;
    let folder = Folder::new();
    let ran = trailtrim(&[
        "recommend",
        &folder.file("one.jsonl", log.clone()),
        &folder.file("two.jsonl", elsewhere(&log).replace("\"eventID\":\"e", "\"eventID\":\"f")),
        "--grants",
        &folder.file("one.json", grants("First")),
        "--grants",
        &folder.file("two.json", elsewhere(&grants("Second"))),
        "--format",
        "aws-cli",
        "--quiet",
    ]);
    assert!(ran.stdout.contains("ec2:DescribeVpcs"), "{} {}", ran.stdout, ran.stderr);
    let left = "Left as it is: Second: the change is made once, with arn:aws:iam::111122223333:role";
    assert!(ran.stdout.contains(left), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("\nput_inline_policy '").count(), 1, "{}", ran.stdout);
}
