//! Containment: known answers, and every proof attacked by requests.

use proptest::prelude::*;
use trailtrim::iam::condition::Context;
use trailtrim::iam::contain::{Containment, contain};
use trailtrim::iam::evaluate::{Decision, Request, evaluate_identity};
use trailtrim::iam::{Action, PolicyDocument};

fn policy(statements: &str) -> PolicyDocument {
    PolicyDocument::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

/// `Allow s3:Get* s3:Put* on arn:aws:s3:::b/* if {"StringEquals":{"k":"v"}}`; `!` before the actions or
/// resources for the `Not…` forms.
fn statement(text: &str) -> String {
    let (head, condition) = match text.split_once(" if ") {
        Some((head, condition)) => (head, format!(r#","Condition":{condition}"#)),
        None => (text, String::new()),
    };
    let (effect, rest) = head.split_once(' ').unwrap();
    let (actions, resources) = rest.split_once(" on ").unwrap_or((rest, "*"));
    let element = |name: &str, list: &str| {
        let (prefix, list) = list.strip_prefix('!').map_or(("", list), |list| ("Not", list));
        let list: Vec<String> = list.split_whitespace().map(|one| format!("\"{one}\"")).collect();
        format!(r#""{prefix}{name}":[{}]"#, list.join(","))
    };
    format!(
        r#"{{"Effect":"{effect}",{},{}{condition}}}"#,
        element("Action", actions),
        element("Resource", resources)
    )
}

fn policy_of(statements: &[&str]) -> PolicyDocument {
    policy(&statements.iter().map(|text| statement(text)).collect::<Vec<_>>().join(","))
}

enum Expect {
    Proved,
    Refuted,
    Unknown,
}
use Expect::{Proved, Refuted, Unknown};

fn check(new: &[&str], old: &[&str], expect: Expect) {
    let (new_policy, old_policy) = (policy_of(new), policy_of(old));
    let found = contain(&[&new_policy], &[&old_policy]);
    let right = match expect {
        Proved => matches!(found, Containment::Proved { .. }),
        Refuted => matches!(found, Containment::Refuted(_)),
        Unknown => matches!(found, Containment::Unknown(_)),
    };
    assert!(right, "{new:?} in {old:?}: {found:?}");
}

#[test]
fn actions_and_resources() {
    check(&["Allow s3:GetObject"], &["Allow s3:Get*"], Proved);
    check(&["Allow s3:Get*"], &["Allow s3:GetObject"], Refuted);
    check(&["Allow S3:GETOBJECT"], &["Allow s3:GetObject"], Proved);
    check(&["Allow s3:*"], &["Allow s3:G*", "Allow !s3:G*"], Proved);
    check(&["Allow *"], &["Allow s3:*", "Allow !s3:*"], Proved);
    check(&["Allow *"], &["Allow s3:*", "Allow !s3:Get*"], Proved);
    check(&["Allow *"], &["Allow s3:Get*", "Allow !s3:*"], Refuted);
    check(&["Allow s3:?et*"], &["Allow s3:*et*"], Proved);
    check(&["Allow s3:*a"], &["Allow s3:?*"], Proved);
    check(
        &["Allow s3:GetObject on arn:aws:s3:::b/*"],
        &["Allow s3:* on arn:aws:s3:::b/a*", "Allow s3:* on !arn:aws:s3:::b/a*"],
        Proved,
    );
    check(&["Allow s3:GetObject on arn:aws:s3:::b/*"], &["Allow s3:* on arn:aws:s3:::b"], Refuted);
    check(&["Allow s3:GetObject"], &["Allow s3:* on arn:aws:s3:::*"], Refuted);
    check(&["Allow s3:G on arn:aws:s3:::a"], &["Allow s3:*:x"], Refuted);
    check(&["Allow s3:a:x"], &["Allow sqs:*"], Proved);
}

#[test]
fn denials() {
    check(&["Allow s3:*"], &["Allow s3:*", "Deny s3:Put*"], Refuted);
    check(&["Allow s3:*", "Deny s3:Put*"], &["Allow s3:*", "Deny s3:PutObject"], Proved);
    check(&["Allow s3:*", "Deny s3:PutObject"], &["Allow s3:*", "Deny s3:Put*"], Refuted);
    check(&["Allow s3:Get*"], &["Allow s3:*", "Deny s3:Put*"], Proved);
    check(&["Allow s3:*", "Deny !s3:Get*"], &["Allow s3:Get*"], Proved);
    check(&["Allow *", "Deny !s3:Get* s3:List*"], &["Allow s3:Get*"], Refuted);
    check(
        &["Allow s3:* on arn:aws:s3:::*", "Deny s3:* on !arn:aws:s3:::b/*"],
        &["Allow s3:* on arn:aws:s3:::b/*"],
        Proved,
    );
    check(&["Allow s3:*", "Deny s3:*"], &["Allow sqs:*"], Proved);
    check(&["Deny s3:*"], &["Deny sqs:*"], Proved);
    check(
        &["Allow a:b", "Deny a:b if {\"Bool\":{\"k\":\"true\"}}"],
        &["Allow a:b", "Deny a:b if {\"Bool\":{\"k\":true}}"],
        Proved,
    );
}

#[test]
fn conditions() {
    let on = |new: &str, old: &str, expect: Expect| {
        check(&[&format!("Allow a:b if {new}")], &[&format!("Allow a:b if {old}")], expect);
    };
    on(r#"{"StringEquals":{"k":"v"}}"#, r#"{"StringEquals":{"K":["v","w"]}}"#, Proved);
    on(r#"{"StringEquals":{"k":["v","w"]}}"#, r#"{"StringEquals":{"k":"v"}}"#, Refuted);
    on(r#"{"StringEquals":{"k":"vx"}}"#, r#"{"StringLike":{"k":"v*"}}"#, Proved);
    on(r#"{"StringLike":{"k":"v*"}}"#, r#"{"StringNotLike":{"k":"w*"}}"#, Proved);
    on(r#"{"StringLike":{"k":"v*"}}"#, r#"{"StringNotLike":{"k":"*w"}}"#, Refuted);
    on(r#"{"StringEquals":{"k":"v"}}"#, r#"{"Null":{"k":"false"}}"#, Proved);
    on(r#"{"StringEqualsIfExists":{"k":"v"}}"#, r#"{"StringEquals":{"k":"v"}}"#, Refuted);
    on(r#"{"StringEquals":{"k":"v"}}"#, r#"{"StringEqualsIfExists":{"k":"v"}}"#, Proved);
    on(r#"{"NumericLessThan":{"k":"5"}}"#, r#"{"NumericLessThanEquals":{"k":"5"}}"#, Proved);
    on(r#"{"NumericLessThanEquals":{"k":"5"}}"#, r#"{"NumericLessThan":{"k":"5"}}"#, Refuted);
    on(r#"{"NumericLessThan":{"k":"5"}}"#, r#"{"NumericLessThan":{"k":"4.999999999999999999999"}}"#, Refuted);
    on(
        r#"{"NumericGreaterThan":{"k":"1"},"NumericLessThan":{"k":"3"}}"#,
        r#"{"NumericNotEquals":{"k":"4"}}"#,
        Proved,
    );
    on(r#"{"DateLessThan":{"k":"2020-01-01T00:00:00Z"}}"#, r#"{"DateLessThan":{"k":"2021"}}"#, Proved);
    on(r#"{"DateLessThan":{"k":"2021"}}"#, r#"{"DateLessThan":{"k":"2020-01-01T00:00:00Z"}}"#, Refuted);
    on(r#"{"IpAddress":{"k":"10.1.0.0/16"}}"#, r#"{"IpAddress":{"k":["10.0.0.0/8","::/0"]}}"#, Proved);
    on(r#"{"IpAddress":{"k":"10.0.0.0/8"}}"#, r#"{"IpAddress":{"k":["10.0.0.0/9","10.128.0.0/9"]}}"#, Proved);
    on(
        r#"{"IpAddress":{"k":"10.0.0.0/8"}}"#,
        r#"{"IpAddress":{"k":["10.0.0.0/9","10.128.0.0/10"]}}"#,
        Refuted,
    );
    on(r#"{"ArnLike":{"k":"arn:aws:s3:::b"}}"#, r#"{"StringLike":{"k":"arn:*"}}"#, Proved);
    on(r#"{"StringLike":{"k":"arn:aws:s3:::*"}}"#, r#"{"ArnLike":{"k":"arn:aws:s3:::*"}}"#, Proved);
    on(r#"{"StringLike":{"k":"arn:aws:*:::*"}}"#, r#"{"ArnLike":{"k":"arn:aws:*:::*"}}"#, Refuted);
    on(
        r#"{"ForAllValues:StringEquals":{"k":["a"]}}"#,
        r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#,
        Proved,
    );
    on(
        r#"{"ForAnyValue:StringEquals":{"k":["a"]}}"#,
        r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#,
        Refuted,
    );
    on(r#"{"Bool":{"k":"true"}}"#, r#"{"Bool":{"k":true}}"#, Proved);
    on(r#"{"Bool":{"k":"true"}}"#, r#"{"Bool":{"k":"false"}}"#, Refuted);
    on(r#"{"Bool":{"k":"true"}}"#, r#"{"StringEquals":{"j":"true"}}"#, Refuted);
    on(r#"{"StringEquals":{"k":"1"}}"#, r#"{"NumericEquals":{"k":"1"}}"#, Unknown);
    on(r#"{"StringEquals":{"k":"${aws:username}"}}"#, r#"{"StringEquals":{"k":"${AWS:username}"}}"#, Unknown);
    on(r#"{"StringEquals":{"k":"${aws:username}"}}"#, r#"{"StringEquals":{"k":"${aws:username}"}}"#, Proved);
    check(
        &["Allow a:b"],
        &[r#"Allow a:b if {"StringLike":{"k":"v*"}}"#, r#"Allow a:b if {"StringNotLike":{"k":"v*"}}"#],
        Unknown, // A list-valued key would satisfy neither: disputed.
    );
    check(
        &[r#"Allow a:b if {"Bool":{"k":"true"}}"#, r#"Allow a:b if {"Bool":{"k":"false"}}"#],
        &[r#"Allow a:b if {"BoolIfExists":{"k":["true","false"]}}"#],
        Proved,
    );
}

#[test]
fn disputed_points_prove_nothing() {
    check(&["Allow ec2:X on arn:aws:ec2:*:*:instance/*"], &["Allow ec2:X on arn:aws:ec2:*:*:*/*"], Unknown);
    check(&["Allow s3:G"], &["Allow s*:G"], Unknown);
    check(&["Allow s*:G"], &["Allow s3:G"], Unknown);
    check(&["Allow logs:X on arn:aws:logs:eu:1:group:1:x"], &["Allow logs:X on arn:aws:logs:*:1:x"], Unknown);
    check(&["Allow s3:G on arn:aws:s3:::b/*"], &["Allow s3:G on arn:aws:s3:::b/${aws:username}/*"], Refuted);
    check(
        &["Allow s3:G on arn:aws:s3:::b/${aws:username}/x"],
        &["Allow s3:G on arn:aws:s3:::b/${aws:username}/*"],
        Proved,
    );
}
