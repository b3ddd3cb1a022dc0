//! The published risk formula: the worked example, and that fewer permissions never raise it.

use proptest::prelude::*;
use serde_json::{Value, json};
use trailtrim::iam::reach::{Examples, Reach};
use trailtrim::iam::{Arn, PolicyDocument};
use trailtrim::recommend::risk::{Risk, risk};

fn document(statements: &[Value]) -> PolicyDocument {
    PolicyDocument::parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string()).unwrap()
}

/// The risk of one document, asked about the examples of all of them.
fn of(document: &PolicyDocument, all: &[&PolicyDocument], boundary: Option<&PolicyDocument>) -> Risk {
    let principal = Arn::parse("arn:aws:iam::111122223333:role/r").unwrap();
    let examples = Examples::of(all);
    risk(&[document], &Reach::new(&principal, &[document], boundary, &examples))
}

#[test]
fn the_worked_example_of_the_page_holds() {
    let check = |actions: &[&str], resource: &str, expect: (u64, usize, u64)| {
        let document = document(&[json!({"Effect": "Allow", "Action": actions, "Resource": resource})]);
        let found = of(&document, &[&document], None);
        assert_eq!((found.exposure, found.ways, found.points), expect, "{actions:?} {resource}");
    };
    let before =
        ["s3:GetObject", "s3:PutObject", "iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"];
    check(&before, "*", (72, 1, 144));
    check(&["s3:GetObject"], "arn:aws:s3:::data/*", (4, 0, 4));
    check(&["s3:GetObject"], "arn:aws:s3:::data/key", (2, 0, 2));
    check(&["iam:PutRolePolicy"], "*", (32, 1, 64));
    check(&["iam:PutRolePolicy"], "arn:aws:iam::111122223333:role/r", (8, 1, 10));
    check(&["made-up:Thing"], "*", (0, 0, 0));
}

#[test]
fn deny_boundary_and_condition_count() {
    let all = json!({"Effect": "Allow", "Action": ["sagemaker:CreateTrainingJob", "iam:PassRole"], "Resource": "*"});
    let ways = |more: &[Value], boundary: Option<&PolicyDocument>| {
        let document = document(&[std::slice::from_ref(&all), more].concat());
        of(&document, &[&document], boundary).ways
    };
    assert_eq!(ways(&[], None), 1);
    assert_eq!(ways(&[json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"})], None), 0);
    let only = |service: &str| {
        let condition = json!({"StringNotEquals": {"iam:PassedToService": service}});
        json!({"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*", "Condition": condition})
    };
    assert_eq!(ways(&[only("sagemaker.amazonaws.com")], None), 1);
    assert_eq!(ways(&[only("glue.amazonaws.com")], None), 0);
    let boundary = document(&[json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})]);
    assert_eq!(ways(&[], Some(&boundary)), 0);
}

const ACTIONS: [&str; 13] = [
    "s3:*",
    "s3:Get*",
    "s3:PutObject",
    "s3:ListAllMyBuckets",
    "iam:PassRole",
    "iam:*",
    "iam:PutRolePolicy",
    "lambda:*",
    "lambda:UpdateFunctionCode",
    "sagemaker:Create*",
    "ec2:RunInstances",
    "ssm:*",
    "dynamodb:GetItem",
];

const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::a/x",
    "arn:aws:iam::*:role/*",
    "arn:aws:iam::111122223333:role/app/*",
    "arn:aws:iam::111122223333:role/app/one",
    "arn:aws:lambda:*:111122223333:function:f?",
    "arn:aws:s3:::${aws:username}/*",
];

fn statement() -> impl Strategy<Value = Value> {
    let condition = prop_oneof![
        3 => Just(None),
        1 => Just(Some(json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}))),
        1 => Just(Some(json!({"StringEquals": {"aws:PrincipalTag/team": "ml"}}))),
    ];
    let some = |from: &'static [&'static str]| prop::collection::vec(prop::sample::select(from), 1..4);
    (some(&ACTIONS), some(&RESOURCES), condition, 0..6_u8, 0..5_u8).prop_map(
        |(actions, resources, condition, negated, deny)| {
            let resource = if negated == 0 { "NotResource" } else { "Resource" };
            let effect = if deny == 0 { "Deny" } else { "Allow" };
            let mut statement = json!({"Effect": effect, "Action": actions, resource: resources});
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

/// The same with less: a statement, an action or a resource gone, or one pattern narrower.
fn less(statement: &Value, how: u8) -> Option<Value> {
    if statement["Effect"] == "Deny" {
        return Some(statement.clone());
    }
    let mut new = statement.clone();
    let drop_last = |list: &mut Value| {
        list.as_array_mut().unwrap().pop();
    };
    match how {
        0 => return None,
        1 => drop_last(&mut new["Action"]),
        2 if new["Resource"].is_array() => drop_last(&mut new["Resource"]),
        3 if new["Resource"].is_array() => new["Resource"][0] = narrower(&new["Resource"][0]),
        _ => {}
    }
    let empty = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
    (!empty(&new["Action"]) && !empty(&new["Resource"])).then_some(new)
}

fn narrower(pattern: &Value) -> Value {
    let text = pattern.as_str().unwrap();
    json!(if text == "*" { "arn:aws:s3:::data/*".to_owned() } else { text.replacen('*', "b", 1) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fewer_permissions_never_raise_the_risk(
        statements in prop::collection::vec((statement(), 0..5_u8), 1..4),
        more_deny in prop::option::of(statement()),
    ) {
        let old: Vec<Value> = statements.iter().map(|(one, _)| one.clone()).collect();
        let mut new: Vec<Value> = statements.iter().filter_map(|(one, how)| less(one, *how)).collect();
        if let Some(mut deny) = more_deny {
            deny["Effect"] = json!("Deny");
            new.push(deny);
        }
        let (old, new) = (document(&old), document(&new));
        let (before, after) = (of(&old, &[&old, &new], None), of(&new, &[&old, &new], None));
        prop_assert!(after.points <= before.points, "{before:?} {after:?}");
        prop_assert!(after.exposure <= before.exposure && after.ways <= before.ways, "{before:?} {after:?}");
    }
}
