//! What is left as it is: exclusions, principals for emergencies, permissions that were just granted.

use crate::run::{Folder, trailtrim};
use crate::trimming::{background, event};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use trailtrim::drift::{self, Observability, PrincipalReview, Standing, UsageIndex, Verdict};
use trailtrim::grants::{Exclusions, Snapshot};
use trailtrim::recommend::{self, Inventory, Options, ResourceLevel, Shared};
use trailtrim::time::{Day, Timestamp};
use trailtrim::trail::coverage::Coverage;
use trailtrim::trail::decode;
use trailtrim::usage::{Fold, Usage};

static NOTHING_SHARED: Shared = Shared::new();

/// What became of the role `Worker`.
#[derive(Debug, PartialEq)]
struct Judged {
    standing: Standing,
    whole: Option<String>,
    /// Names of actions with the verdict *protected*.
    protected: Vec<String>,
    /// The reasons given for them.
    why: BTreeSet<String>,
    exclusions: Vec<usize>,
    /// What is recommended: the new documents.
    new: Vec<Value>,
}

/// The role may read, write and list with its first statement, and use tables with its second; it was
/// seen to call `s3:GetObject` (call 0).
pub(crate) fn role() -> Value {
    json!({"RoleName": "Worker", "RoleId": "AROAWORKER", "Arn": "arn:aws:iam::111122223333:role/app/Worker",
        "Path": "/app/", "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [],
        "Tags": [{"Key": "team", "Value": "ml-batch"}], "RoleLastUsed": {},
        "RolePolicyList": [{"PolicyName": "Access", "PolicyDocument": document(&["s3:GetObject", "s3:PutObject", "s3:ListBucket"])}]})
}

fn document(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Batch1", "Effect": "Allow", "Action": actions, "Resource": "*"},
        {"Sid": "Tables", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": "*"}]})
}

fn judge(snapshot: &Value, log: &[String], exclusions: &str) -> Judged {
    reviewed(snapshot, log, exclusions, judged)
}

/// Reviews the snapshot's first principal after a month of others' events and these lines.
pub(crate) fn reviewed<T>(
    snapshot: &Value,
    log: &[String],
    exclusions: &str,
    see: impl FnOnce(&PrincipalReview<'_>) -> T,
) -> T {
    let folder = Folder::new();
    let file = folder.file("g.json", snapshot.to_string());
    let snapshot = Snapshot::read(&[PathBuf::from(file)]).unwrap();
    let (mut fold, mut coverage) = (Fold::default(), Coverage::default());
    let decoded = decode("test", &(background() + &log.join("\n")), &mut |event| {
        fold.add(event);
        coverage.add_event(event);
    });
    assert_eq!(decoded.problems, []);
    let usage = fold.finish();
    let observability = Observability::new(&coverage, &usage, None, 30);
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let settings = drift::Settings {
        window_start: at("2026-08-01T00:00:00Z"),
        window_end: at("2026-08-31T00:00:00Z"),
        age_days_min: 90,
        grace_days: 14,
        exclusions: Exclusions::parse(Path::new("x"), exclusions).unwrap(),
        today: Day::from_date(2026, 9, 1).unwrap(),
    };
    let index = UsageIndex::new(&usage);
    let review = drift::review_principal(&snapshot.principals[0], &index, &observability, &settings);
    see(&review)
}

fn judged(review: &PrincipalReview<'_>) -> Judged {
    let actions = review.policies.iter().flat_map(|policy| &policy.statements).flat_map(|one| &one.actions);
    let protected: Vec<_> = actions.filter(|one| one.verdict == Verdict::Protected).collect();
    let usage = Usage::default();
    let known = Inventory::new(&usage);
    let options = Options {
        choice: Some(ResourceLevel::Generalise),
        window: None,
        known: &known,
        shared: &NOTHING_SHARED,
    };
    let new = recommend::recommend(review, &options).into_iter().flat_map(|one| one.documents);
    Judged {
        standing: review.standing,
        whole: review.protected.clone(),
        protected: protected.iter().map(|one| one.action.to_string()).collect(),
        why: protected.iter().map(|one| one.why.to_string()).collect(),
        exclusions: review.exclusions.iter().copied().collect(),
        new: new.map(|document| serde_json::from_str(&document.to_compact()).unwrap()).collect(),
    }
}

fn used() -> Vec<String> {
    vec![event(1, 0, false, 20)]
}

pub(crate) fn of_role(role: &Value) -> Value {
    json!({"RoleDetailList": [role]})
}

const ALL_UNUSED: [&str; 4] = ["s3:ListBucket", "s3:PutObject", "dynamodb:GetItem", "dynamodb:PutItem"];

#[test]
fn exclusions_protect_what_they_name() {
    let check = |selector: &str, expect: &[&str], whole: bool| {
        let entry = format!("[[exclusion]]\nowner = \"o\"\nreason = \"r\"\n{selector}\n");
        let judged = judge(&of_role(&role()), &used(), &entry);
        assert_eq!(judged.protected, expect, "{selector}");
        assert_eq!(judged.whole.is_some(), whole, "{selector}");
        assert_eq!(judged.exclusions, if expect.is_empty() { vec![] } else { vec![0] }, "{selector}");
        assert_eq!(judged.new.is_empty(), expect.len() == 4, "{selector}: {:?}", judged.new);
        for why in judged.why {
            assert!(why.starts_with("excluded by o") && why.ends_with(": r"), "{why}");
        }
    };
    for selector in [
        "principals = [\"Worker\"]",
        "principals = [\"nobody\", \"work*\"]",
        "principals = [\"arn:aws:iam::*:role/app/*\"]",
        "accounts = [\"111122223333\"]",
        "tags = { team = \"ml-*\" }",
        "tags = { team = \"*\" }\nprincipals = [\"*\"]",
        "principals = [\"Worker\"]\nexpires = 2026-09-01",
    ] {
        check(selector, &ALL_UNUSED, true);
    }
    for selector in [
        "principals = [\"Work\"]",
        "principals = [\"arn:aws:iam::111122223333:role/Worker\"]",
        "accounts = [\"999999999999\"]",
        "tags = { team = \"web\" }",
        "tags = { Team = \"ml-*\" }",
        "tags = { team = \"ml-*\", more = \"*\" }",
        "principals = [\"Worker\"]\naccounts = [\"999999999999\"]",
        "principals = [\"Worker\"]\nexpires = 2026-08-31",
        "sids = [\"atch\"]",
        "actions = [\"sqs:*\"]",
        "sids = [\"Tables\"]\nactions = [\"s3:*\"]",
    ] {
        check(selector, &[], false);
    }
    check("sids = [\"Batch\"]", &["s3:ListBucket", "s3:PutObject"], false);
    check("sids = [\"Bat\", \"Tab\"]", &ALL_UNUSED, false);
    check("actions = [\"s3:Put*\"]", &["s3:PutObject"], false);
    check("actions = [\"S3:putobject\", \"dynamodb:Get*\"]", &["s3:PutObject", "dynamodb:GetItem"], false);
    check("sids = [\"Tables\"]\nactions = [\"*\"]", &["dynamodb:GetItem", "dynamodb:PutItem"], false);
}

#[test]
fn what_is_protected_is_not_narrowed_either() {
    let statement = |judged: &Judged| judged.new[0]["Statement"][0].clone();
    let trimmed = statement(&judge(&of_role(&role()), &used(), ""));
    assert_eq!(
        (&trimmed["Action"], &trimmed["Resource"]),
        (&json!("s3:GetObject"), &json!("arn:aws:s3:::a/x/*"))
    );
    let entry = "[[exclusion]]\nowner = \"o\"\nreason = \"r\"\nactions = [\"s3:Get*\"]\n";
    let kept = statement(&judge(&of_role(&role()), &used(), entry));
    assert_eq!((&kept["Action"], &kept["Resource"]), (&json!("s3:GetObject"), &json!("*")));
}

#[test]
fn a_role_for_emergencies_is_unused_by_design() {
    let check = |name: &str, tag: (&str, &str), settings: &str, expect: Standing| {
        let mut role = role();
        role["RoleName"] = json!(name);
        role["Arn"] = json!(format!("arn:aws:iam::111122223333:role/{name}"));
        role["Tags"] = json!([{"Key": tag.0, "Value": tag.1}]);
        let judged = judge(&of_role(&role), &[], settings);
        assert_eq!(judged.standing, expect, "{name} {tag:?} {settings}");
        assert_eq!(judged.whole.is_some(), expect == Standing::Editable, "{name} {tag:?}");
        assert_eq!(judged.new, Vec::<Value>::new(), "{name} {tag:?}");
    };
    let none = ("team", "ml");
    check("Worker", none, "", Standing::Unused);
    check("Worker", ("break-glass", "true"), "", Standing::Editable);
    check("Worker", ("BreakGlass", ""), "", Standing::Editable);
    check("Worker", ("breakglass", "False"), "", Standing::Unused);
    check("OrgBreakGlassAdmin", none, "", Standing::Editable);
    check("break-glass", none, "", Standing::Editable);
    check("break-glass", none, "[break_glass]\nprincipals = []", Standing::Unused);
    check("Firefighter", none, "[break_glass]\nprincipals = [\"fire*\"]", Standing::Editable);
    check("Worker", ("emergency", "yes"), "[break_glass]\ntags = [\"emergency\"]", Standing::Editable);
    // Whoever excludes a role, or a part of it, does not want to hear that it should be deleted.
    let entry = |selector: &str| format!("[[exclusion]]\nowner = \"o\"\nreason = \"r\"\n{selector}");
    check("Worker", none, &entry("principals = [\"Worker\"]"), Standing::Editable);
    let part = judge(&of_role(&role()), &[], &entry("sids = [\"Tables\"]"));
    assert_eq!((part.standing, part.protected.len()), (Standing::Editable, 2));
}

/// An IAM write on a day of August, 1 to 31.
pub(crate) fn write(day: u8, name: &str, request: &Value) -> String {
    json!({"eventVersion": "1.11", "userIdentity": {"type": "Root", "accountId": "111122223333", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root"},
        "eventTime": format!("2026-08-{day:02}T00:00:00Z"), "eventSource": "iam.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "requestParameters": request, "eventID": format!("w{day}{name}"), "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": "111122223333", "eventCategory": "Management", "readOnly": false})
    .to_string()
}

fn put(day: u8, actions: &[&str]) -> String {
    let request = json!({"roleName": "worker", "policyName": "Access", "policyDocument": document(actions).to_string()});
    write(day, "PutRolePolicy", &request)
}

#[test]
fn inline_policies_have_a_grace_period() {
    let all = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"];
    let check = |log: Vec<String>, expect: &[&str], why: &str| {
        let judged = judge(&of_role(&role()), &[used(), log].concat(), "");
        assert_eq!(judged.protected, expect, "{why}");
        assert!(judged.why.iter().all(|one| one.contains(why)), "{:?}", judged.why);
        assert_eq!(judged.whole, None);
    };
    // The window ends on the 31st: the 18th is 13 days before, the 17th is 14.
    check(
        vec![put(18, &all)],
        &ALL_UNUSED,
        "newly granted: `PutRolePolicy` (w18PutRolePolicy) 2026-08-18, less than 14 days",
    );
    check(vec![put(17, &all)], &[], "");
    // What the policy granted before, the log shows: only the difference is new.
    check(vec![put(3, &["s3:GetObject", "s3:ListBucket"]), put(30, &all)], &["s3:PutObject"], "2026-08-30");
    check(vec![put(3, &all), put(30, &all)], &[], "");
    check(vec![put(3, &["s3:*"]), put(30, &all)], &[], "");
    let taken = write(9, "DeleteRolePolicy", &json!({"roleName": "Worker", "policyName": "Access"}));
    check(vec![put(3, &all), taken.clone(), put(30, &all)], &ALL_UNUSED, "2026-08-30");
    check(vec![taken], &[], "");
    let other = json!({"roleName": "Other", "policyName": "Access", "policyDocument": "{}"});
    check(vec![write(30, "PutRolePolicy", &other)], &[], "");
    let boundary = write(30, "DeleteRolePermissionsBoundary", &json!({"roleName": "Worker"}));
    check(vec![boundary], &ALL_UNUSED, "`DeleteRolePermissionsBoundary`");
    let refused = put(30, &all).replace("\"eventName\"", "\"errorCode\":\"AccessDenied\",\"eventName\"");
    check(vec![refused], &[], "");
}

const MANAGED: &str = "arn:aws:iam::111122223333:policy/Shared";

/// A role that holds one managed policy with these versions, the default one first: day of August and actions.
fn with_managed(versions: &[(&str, &[&str])]) -> Value {
    let mut role = role();
    role["RolePolicyList"] = json!([]);
    role["AttachedManagedPolicies"] = json!([{"PolicyName": "Shared", "PolicyArn": MANAGED}]);
    let list: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(index, (date, actions))| {
            json!({"VersionId": format!("v{}", 9 - index), "IsDefaultVersion": index == 0, "CreateDate": date, "Document": document(actions)})
        })
        .collect();
    json!({"RoleDetailList": [role], "Policies": [{"PolicyName": "Shared", "Arn": MANAGED, "DefaultVersionId": "v9", "PolicyVersionList": list}]})
}

#[test]
fn managed_policies_have_a_grace_period() {
    let (all, some) = (&["s3:GetObject", "s3:PutObject", "s3:ListBucket"][..], &["s3:GetObject"][..]);
    let (new, old) = ("2026-08-20T00:00:00Z", "2026-01-01T00:00:00Z");
    let check = |versions: &[(&str, &[&str])], log: Vec<String>, expect: &[&str], why: &str| {
        let judged = judge(&with_managed(versions), &[used(), log].concat(), "");
        assert_eq!(judged.protected, expect, "{versions:?}");
        assert!(judged.why.iter().all(|one| one.contains(why)), "{:?}", judged.why);
    };
    let request = |name: &str| json!({"policyArn": MANAGED, "roleName": "Worker", "setAsDefault": true, "versionId": name});
    check(&[(old, all)], vec![], &[], "");
    check(&[(new, all)], vec![], &ALL_UNUSED, "newly granted: the default version is of 2026-08-20");
    check(&[(new, all), (old, some)], vec![], &["s3:ListBucket", "s3:PutObject"], "2026-08-20");
    check(
        &[(new, all), ("2026-08-19T00:00:00Z", all), (old, some)],
        vec![],
        &["s3:ListBucket", "s3:PutObject"],
        "2026-08-20",
    );
    check(
        &[(old, all)],
        vec![write(30, "AttachRolePolicy", &request(""))],
        &ALL_UNUSED,
        "`AttachRolePolicy`",
    );
    check(&[(old, all)], vec![write(3, "AttachRolePolicy", &request(""))], &[], "");
    check(&[(old, all)], vec![write(30, "DetachRolePolicy", &request(""))], &[], "");
    // A default version that is old and was chosen again: which one it was before, nobody says.
    check(
        &[(old, all), ("2025-01-01T00:00:00Z", all)],
        vec![write(30, "SetDefaultPolicyVersion", &request("v9"))],
        &ALL_UNUSED,
        "`SetDefaultPolicyVersion`",
    );
    check(&[(new, all), (old, all)], vec![write(20, "CreatePolicyVersion", &request("v9"))], &[], "");
}

#[test]
fn the_report_lists_exclusions_and_a_mistake_ends_the_run() {
    let folder = Folder::new();
    let run = |text: &str, more: &[&str]| {
        let file = folder.file("x.toml", text);
        let grants = "sample-logs/iam/account-authorization-details.json";
        trailtrim(
            &[&["review", "sample-logs", "--grants", grants, "--quiet", "--exclusions", &file][..], more]
                .concat(),
        )
    };
    let text = r#"
[[exclusion]]
owner = "ml@example.com"
reason = "year-end | batch"
principals = ["PipelineRole", "Inference*"]

[[exclusion]]
owner = "old@example.com"
reason = "was needed"
expires = 2020-01-31
principals = ["CiDeployRole"]

[[exclusion]]
owner = "gone@example.com"
reason = "nobody has it"
actions = ["ground-station:*"]
principals = ["NoSuchRole"]
"#;
    let shown = run(text, &[]).stdout;
    for line in [
        "1 exclusion applied\n",
        "exclusion on line 7: expired 2020-01-31, not applied (old@example.com)\n",
        "exclusion on line 13: fits nobody (gone@example.com)\n",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(
        shown.lines().any(|line| line.starts_with("PipelineRole") && line.ends_with("protected")),
        "{shown}"
    );
    assert!(!shown.lines().any(|line| line.starts_with("CiDeployRole") && line.ends_with("protected")));
    let json: Value = serde_json::from_str(&run(text, &["--format", "json"]).stdout).unwrap();
    let states: Vec<&Value> =
        json["exclusions"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["used", "expired", "unused"]);
    assert_eq!(json["exclusions"][0]["principals"].as_array().unwrap().len(), 2);
    assert_eq!(json["exclusions"][1]["expires"], "2020-01-31");
    let document = run(text, &["--format", "markdown"]).stdout;
    assert!(document.contains("| 2 | ml@example.com | year-end \\| batch |  | used |"), "{document}");
    for (text, expect) in [
        ("[[exclusion]]\nowner = \"o\"\nreasons = \"r\"\n", "line 3, `exclusion.reasons`: unknown field"),
        ("[[exclusion]]\nowner = \"\u{7f}\"\n", "line 2"),
    ] {
        let refused = run(text, &[]);
        assert_eq!(refused.status, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(expect), "{}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
    let missing = trailtrim(&["review", "sample-logs", "--grants", "x", "--exclusions", "no/such.toml"]);
    assert_eq!(missing.status, 2);
    assert!(missing.stderr.contains("cannot read the exclusions `no/such.toml`"), "{}", missing.stderr);
}
