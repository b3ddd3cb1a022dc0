//! `aws:PrincipalOrgID` for trust policies: proposed only when the names of the log files prove that every
//! caller was a member, and when it would have held in the backtest.

use crate::run::{Folder, trailtrim};
use crate::schema;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

const OWN: &str = "111122223333";
const MEMBER: &str = "222233334444";
const SECOND: &str = "333344445555";
const VENDOR: &str = "999988887777";
const ORG: &str = "o-a1b2c3d4e5";
const OTHER_ORG: &str = "o-zzzzzzzzzz";
const ROLE: &str = "arn:aws:iam::111122223333:role/Shared";

type Days = RangeInclusive<u8>;

/// All of August.
const ALL: Days = 1..=31;

fn record(account: &str, day: u8, id: &str, more: &Value) -> Value {
    let mut record = json!({"eventVersion": "1.11", "eventTime": format!("2026-08-{day:02}T10:00:00Z"),
        "awsRegion": "eu-west-1", "eventID": id, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": account, "eventCategory": "Management", "readOnly": true});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

/// What happens in every account every day.
fn busy(account: &str, day: u8) -> Value {
    let who = json!({"type": "IAMUser", "principalId": "AIDABUSY", "accountId": account, "userName": "Busy",
        "arn": format!("arn:aws:iam::{account}:user/Busy")});
    let more =
        json!({"userIdentity": who, "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances"});
    record(account, day, &format!("busy-{account}-{day}"), &more)
}

fn assumed(recipient: &str, day: u8, caller: &Value) -> Value {
    let id = format!("assume-{recipient}-{day}-{}", caller["principalId"].as_str().unwrap_or("service"));
    let more = json!({"userIdentity": caller, "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "s"}});
    record(recipient, day, &id, &more)
}

/// A role of an account, as the trail of the role's account shows it, and as its own does.
fn role_of(account: &str) -> (Value, Value) {
    let id = format!("AROA{account}:s");
    let issuer = json!({"type": "Role", "principalId": format!("AROA{account}"), "accountId": account,
        "arn": format!("arn:aws:iam::{account}:role/Caller"), "userName": "Caller"});
    let own = json!({"type": "AssumedRole", "principalId": id, "accountId": account,
        "arn": format!("arn:aws:sts::{account}:assumed-role/Caller/s"), "sessionContext": {"sessionIssuer": issuer}});
    (json!({"type": "AWSAccount", "principalId": id, "accountId": account}), own)
}

/// Logs of accounts on days, with the organization in whose folder they lie (none: no organization trail),
/// and assumptions of the role: by a role of an account, or `service`.
fn logs(delivered: &[(&str, &str, Days)], calls: &[(&str, Days)]) -> Folder {
    let folder = Folder::new();
    for (account, organization, days) in delivered {
        for day in days.clone() {
            let mut records = vec![busy(account, day)];
            for (caller, _) in calls.iter().filter(|(_, days)| days.contains(&day)) {
                if *caller == "service" {
                    let service = json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"});
                    records.extend((*account == OWN).then(|| assumed(OWN, day, &service)));
                    continue;
                }
                let (seen_from_here, own) = role_of(caller);
                // A caller of the role's own account is recorded once, one of another account in both.
                let identity = if account == caller { own } else { seen_from_here };
                records
                    .extend((*account == OWN || account == caller).then(|| assumed(account, day, &identity)));
            }
            let organization =
                if organization.is_empty() { String::new() } else { format!("{organization}/") };
            let name = format!(
                "AWSLogs/{organization}{account}/CloudTrail/eu-west-1/2026/08/{day:02}/{account}_CloudTrail_eu-west-1_202608{day:02}T1005Z_x.json"
            );
            folder.file(&name, json!({"Records": records}).to_string());
        }
    }
    folder
}

fn allow(principal: &Value) -> Value {
    json!({"Sid": "Others", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn grants(folder: &Folder, statements: &[Value]) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": statements});
    let access = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]});
    let snapshot = json!({"RoleDetailList": [{"RoleName": "Shared", "RoleId": "AROASHARED", "Arn": ROLE, "Path": "/",
        "AssumeRolePolicyDocument": trust, "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": access}]}]});
    folder.file("grants.json", snapshot.to_string())
}

fn review(folder: &Folder, grants: &str, format: &str) -> String {
    let ran =
        trailtrim(&["review", &folder.path("AWSLogs"), "--grants", grants, "--format", format, "--quiet"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    ran.stdout
}

fn conditions(folder: &Folder, statements: &[Value]) -> Value {
    let text = review(folder, &grants(folder, statements), "json");
    let review: Value = serde_json::from_str(&text).unwrap();
    schema::fits("review.v1.json", &review);
    review["principals"][0]["trust_conditions"].clone()
}

/// `expect`: the organization, or the reason for none; the supporting assumptions, and all.
#[track_caller]
fn check(logs: &Folder, statement: &Value, expect: &str, support: [u64; 2]) {
    let all = conditions(logs, std::slice::from_ref(statement));
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    let one = &all[0];
    let found = one["condition"]["values"][0].as_str().or(one["withheld"]["reason"].as_str());
    let found_support = ["assumptions", "of"].map(|name| one["support"][name].as_u64().unwrap());
    assert_eq!((found.unwrap(), found_support), (expect, support), "{statement} {one}");
    assert_eq!(one["document"].is_object(), expect.starts_with("o-"));
}

#[test]
fn members_who_assumed_the_role_support_the_condition() {
    let both = [(OWN, ORG, ALL), (MEMBER, ORG, ALL)];
    let logs = logs(&both, &[(MEMBER, ALL), (OWN, 2..=30)]);
    for principal in [
        json!({"AWS": root(MEMBER)}),
        json!({"AWS": MEMBER}),
        json!({"AWS": format!("arn:aws:iam::{MEMBER}:role/Caller")}),
        json!({"AWS": "*"}),
        json!("*"),
        json!({"AWS": [root(OWN), root(MEMBER)]}),
    ] {
        check(&logs, &allow(&principal), ORG, [31, 31]);
    }
    let one = conditions(&logs, &[allow(&json!({"AWS": "*"}))])[0].clone();
    assert_eq!(one["accounts"], json!([MEMBER]));
    assert_eq!(one["backtest_held_from"], json!(["2026-08-16", "2026-08-21", "2026-08-26"]));
    assert_eq!(
        one["document"]["Statement"][0]["Condition"],
        json!({"StringEquals": {"aws:PrincipalOrgID": ORG}})
    );
    assert_eq!(one["evidence"].as_array().unwrap().len(), 3);
    // What the statement asks for already stays.
    let mut statement = allow(&json!({"AWS": root(MEMBER)}));
    statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": "x"}});
    check(&logs, &statement, ORG, [31, 31]);
    let one = conditions(&logs, &[statement.clone()])[0].clone();
    let expect = json!({"StringEquals": {"sts:ExternalId": "x", "aws:PrincipalOrgID": ORG}});
    assert_eq!(one["document"]["Statement"][0]["Condition"], expect);
    // Nobody of another account, and an organization that is asked for already: nothing to say.
    statement["Condition"] = json!({"StringEquals": {"aws:principalorgid": "o-x"}});
    let service = json!({"Service": "lambda.amazonaws.com"});
    let deny = json!({"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": root(MEMBER)}});
    let silent = [statement, allow(&json!({"AWS": root(OWN)})), allow(&service), deny];
    assert_eq!(conditions(&logs, &silent), json!([]));
}

#[test]
fn whoever_is_not_known_to_be_a_member_keeps_the_statement_as_it_is() {
    let member = allow(&json!({"AWS": root(MEMBER)}));
    let anybody = allow(&json!({"AWS": "*"}));
    let both = [(OWN, ORG, ALL), (MEMBER, ORG, ALL)];
    // No organization trail at all.
    check(
        &logs(&[(OWN, "", ALL), (MEMBER, "", ALL)], &[(MEMBER, ALL)]),
        &member,
        "organization_unknown",
        [0, 31],
    );
    // The caller's account is not in it; an account that assumed the role late.
    check(&logs(&[(OWN, ORG, ALL)], &[(MEMBER, ALL)]), &member, "accounts_unknown", [0, 31]);
    let late = logs(&both, &[(MEMBER, ALL), (VENDOR, 30..=30)]);
    check(&late, &anybody, "accounts_unknown", [31, 32]);
    // The statement does not let that one in.
    check(&late, &member, ORG, [31, 31]);
    // An account that the statement names never came, and is not known.
    let named = allow(&json!({"AWS": [root(MEMBER), root(VENDOR)]}));
    check(&logs(&both, &[(MEMBER, ALL)]), &named, "accounts_unknown", [31, 31]);
    // It left: its last log is older than its last call.
    let left = [(OWN, ORG, ALL), (MEMBER, ORG, 1..=20)];
    check(&logs(&left, &[(MEMBER, ALL)]), &member, "accounts_unknown", [0, 31]);
    let several = [(OWN, ORG, ALL), (MEMBER, ORG, ALL), (SECOND, OTHER_ORG, ALL)];
    check(&logs(&several, &[(MEMBER, ALL), (SECOND, ALL)]), &anybody, "several_organizations", [62, 62]);
    // Services and federated users are of no organization.
    let mixed = allow(&json!({"AWS": root(MEMBER), "Service": "lambda.amazonaws.com"}));
    check(&logs(&both, &[(MEMBER, ALL)]), &mixed, "other_principals", [31, 31]);
    check(&logs(&both, &[(MEMBER, ALL), ("service", 5..=5)]), &anybody, "callers_without_account", [31, 31]);
    check(&logs(&both, &[(MEMBER, ALL), ("service", 5..=5)]), &member, ORG, [31, 31]);
    check(&logs(&both, &[(MEMBER, 1..=9)]), &member, "too_few_assumptions", [9, 9]);
    check(&logs(&both, &[]), &member, "too_few_assumptions", [0, 0]);
    // Only the role's own account came.
    check(&logs(&both, &[(OWN, ALL)]), &anybody, "too_few_assumptions", [0, 0]);
}

#[test]
fn the_backtest_knows_who_was_a_member_when() {
    let anybody = allow(&json!({"AWS": "*"}));
    let joins = [(OWN, ORG, ALL), (MEMBER, ORG, ALL), (SECOND, ORG, 24..=31)];
    // A member since the 24th, who came before: the condition of the 16th would have refused it.
    check(&logs(&joins, &[(MEMBER, ALL), (SECOND, 18..=31)]), &anybody, "broken_in_backtest", [45, 45]);
    check(&logs(&joins, &[(MEMBER, ALL), (SECOND, 24..=31)]), &anybody, ORG, [39, 39]);
    // Before any split there was nobody, or somebody who was not known to be a member yet.
    check(&logs(&joins, &[(MEMBER, 26..=31), (SECOND, 26..=31)]), &anybody, "not_backtested", [12, 12]);
    check(&logs(&joins, &[(MEMBER, ALL), (SECOND, 2..=31)]), &anybody, "not_backtested", [61, 61]);
}

#[test]
fn it_is_shown_everywhere() {
    let both = [(OWN, ORG, ALL), (MEMBER, ORG, ALL)];
    let folder = logs(&both, &[(MEMBER, ALL), (VENDOR, 30..=30)]);
    let statements = [
        allow(&json!({"AWS": root(MEMBER)})),
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}),
    ];
    let grants = grants(&folder, &statements);
    let text = review(&folder, &grants, "table");
    assert!(
        text.contains("trust  Shared: only o-a1b2c3d4e5 assumed it from other accounts, 31 of 31 times\n")
    );
    assert!(
        text.contains("trust  1 statement let other accounts in; no organization is proposed\n"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let markdown = review(&folder, &grants, "markdown");
    for line in [
        "- Statement 1 `Others`: only when `aws:PrincipalOrgID` (StringEquals) `o-a1b2c3d4e5`: 31 of 31 assumptions by other accounts came from members of it (222233334444). Proposal, not part of what is recommended; it held in the backtest (document in `review.json`).\n",
        "- Statement 2: no condition on `aws:PrincipalOrgID` is proposed: no log file of an organization trail shows that these accounts are members: 999988887777 (assumed it once) (31 of 32 assumptions by other accounts came from known members).\n",
    ] {
        assert!(markdown.contains(line), "{markdown}");
    }
}

#[cfg(feature = "sql")]
#[test]
fn a_ledger_knows_the_members_too() {
    let both = [(OWN, ORG, ALL), (MEMBER, ORG, ALL)];
    let folder = logs(&both, &[(MEMBER, ALL)]);
    let grants = grants(&folder, &[allow(&json!({"AWS": "*"}))]);
    let ledger = folder.path("ledger");
    let ran = trailtrim(&["ingest", &folder.path("AWSLogs"), "--ledger", &ledger, "--quiet"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let args = ["review", "--ledger", &ledger, "--grants", &grants, "--format", "json", "--quiet"];
    let of_ledger = trailtrim(&args).stdout;
    assert!(of_ledger.contains("\"backtest_held_from\""));
    assert_eq!(of_ledger, review(&folder, &grants, "json"));
}
