//! Who is trusted to assume a role and was not seen to do it: said only when the logs would show it.

use crate::protection::{of_role, reviewed, role, write};
use serde_json::{Value, json};
use trailtrim::drift::finding::{self, FindingKind};

const ROLE: &str = "arn:aws:iam::111122223333:role/app/Worker";

/// An `AssumeRole` of the role on a day of August.
fn assume(day: u8, identity: &Value, event: &str) -> String {
    json!({"eventVersion": "1.11", "userIdentity": identity, "eventTime": format!("2026-08-{day:02}T00:00:00Z"),
        "eventSource": "sts.amazonaws.com", "eventName": event, "awsRegion": "eu-west-1", "eventID": format!("a{day}{identity}"),
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "s"}, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": "111122223333", "eventCategory": "Management", "readOnly": true})
    .to_string()
}

fn service(name: &str) -> Value {
    json!({"type": "AWSService", "invokedBy": name})
}

fn user(name: &str) -> Value {
    json!({"type": "IAMUser", "principalId": format!("AIDA{name}"), "arn": format!("arn:aws:iam::111122223333:user/{name}"),
        "accountId": "111122223333", "userName": name})
}

fn foreign(account: &str) -> Value {
    json!({"type": "AWSAccount", "principalId": "AROAFOREIGN:s", "accountId": account})
}

/// One word for each trusted principal: `never`, `seen`, `open`.
fn words(principals: &Value, log: &[String]) -> (Vec<&'static str>, Option<String>) {
    let mut role = role();
    role["AssumeRolePolicyDocument"] = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principals}]});
    let busy = (1..=31).map(|day| write(day, "TagRole", &json!({"roleName": "Other"})));
    let log: Vec<String> = busy.chain(log.iter().cloned()).collect();
    reviewed(&of_role(&role), &log, "", |review| {
        let word = |one: &trailtrim::drift::trust::Trusted<'_>| match (one.never, one.seen.is_empty()) {
            (true, true) => "never",
            (false, false) => "seen",
            (false, true) => "open",
            (true, false) => panic!("never and seen"),
        };
        let findings = finding::findings(review).into_iter();
        let mut found = findings.filter(|one| one.kind == FindingKind::UnusedTrust);
        (review.trusted.iter().map(word).collect(), found.next().map(|one| one.message))
    })
}

#[test]
fn who_was_not_seen() {
    let check = |principals: Value, callers: &[Value], expect: &[&str]| {
        let log: Vec<String> = callers.iter().map(|one| assume(9, one, "AssumeRole")).collect();
        let (found, finding) = words(&principals, &log);
        assert_eq!(found, expect, "{principals} {callers:?}");
        assert_eq!(finding.is_some(), expect.contains(&"never"), "{principals} {callers:?}");
    };
    let services = json!({"Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]});
    check(services.clone(), &[service("sagemaker.amazonaws.com")], &["seen", "never"]);
    check(
        services.clone(),
        &[service("lambda.amazonaws.com"), service("sagemaker.amazonaws.com")],
        &["seen", "seen"],
    );
    // Nobody at all, or a service under another name: nothing is said.
    check(services.clone(), &[], &["open", "open"]);
    check(
        services.clone(),
        &[service("sagemaker.amazonaws.com"), service("AWS Internal")],
        &["seen", "open"],
    );
    check(services, &[user("Ann")], &["never", "never"]);
    check(json!({"Service": "logs.eu-west-1.amazonaws.com"}), &[service("logs.amazonaws.com")], &["seen"]);
    let users = json!({"AWS": ["arn:aws:iam::111122223333:user/Ann", "arn:aws:iam::111122223333:user/Bob"]});
    check(users.clone(), &[user("Ann")], &["seen", "never"]);
    check(users, &[foreign("999988887777")], &["never", "never"]);
    check(json!({"AWS": "AIDAAnn"}), &[user("Ann")], &["seen"]);
    check(
        json!({"AWS": ["arn:aws:iam::111122223333:root", "444455556666"]}),
        &[user("Ann")],
        &["seen", "never"],
    );
    check(json!({"AWS": "*"}), &[user("Ann")], &["seen"]);
    check(json!({"AWS": "*"}), &[service("ec2.amazonaws.com")], &["open"]);
    // A caller of another account may be any principal of it.
    let others = json!({"AWS": ["arn:aws:iam::444455556666:role/a", "arn:aws:iam::444455556666:role/b", "arn:aws:iam::777766665555:role/a"]});
    check(others, &[foreign("444455556666")], &["seen", "seen", "never"]);
    let saml = json!({"type": "SAMLUser", "principalId": "HASH=:ann", "userName": "ann"});
    let providers = json!({"Federated": ["arn:aws:iam::111122223333:saml-provider/A", "arn:aws:iam::111122223333:saml-provider/B",
        "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]});
    check(providers.clone(), &[saml], &["seen", "seen", "never"]);
    let web = json!({"type": "WebIdentityUser", "principalId": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:o/r", "userName": "r"});
    check(providers, &[web], &["never", "never", "seen"]);
    check(json!({"CanonicalUser": "79a5"}), &[user("Ann")], &["open"]);
}

#[test]
fn what_the_logs_would_not_show_is_not_said() {
    let services = json!({"Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]});
    let by_sagemaker = assume(9, &service("sagemaker.amazonaws.com"), "AssumeRole");
    let (_, finding) = words(&services, std::slice::from_ref(&by_sagemaker));
    assert_eq!(
        finding.as_deref(),
        Some("1 of 2 trusted principals not seen to assume it: lambda.amazonaws.com")
    );
    let refused = by_sagemaker.replace("\"eventName\"", "\"errorCode\":\"AccessDenied\",\"eventName\"");
    assert_eq!(words(&services, &[refused]).0, ["open", "open"]);
    let changed =
        |day| write(day, "UpdateAssumeRolePolicy", &json!({"roleName": "Worker", "policyDocument": "{}"}));
    assert_eq!(words(&services, &[by_sagemaker.clone(), changed(30)]).0, ["seen", "open"]);
    assert_eq!(words(&services, &[by_sagemaker.clone(), changed(3)]).0, ["seen", "never"]);
    let other = by_sagemaker.replace("app/Worker", "app/Other");
    assert_eq!(words(&services, &[other]).0, ["open", "open"]);
}
