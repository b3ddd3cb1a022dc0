//! The promises of the recommender, for random grants and random use of them: the new policy allows
//! nothing new, every authorized call stays allowed, and a refused call does not become allowed.

use crate::run::Folder;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::PathBuf;
use trailtrim::drift::{self, Observability, UsageIndex};
use trailtrim::grants::{Exclusions, Snapshot};
use trailtrim::iam::condition::Context;
use trailtrim::iam::contain::{Containment, contain};
use trailtrim::iam::evaluate::{Decision, Request, evaluate_identity};
use trailtrim::iam::{Action, PolicyDocument};
use trailtrim::recommend::backtest::CHOICES;
use trailtrim::recommend::{self, Choice, Inventory, Options, Recommendation, ResourceLevel, Shared, Status};
use trailtrim::time::{Day, Timestamp};
use trailtrim::trail::coverage::Coverage;
use trailtrim::trail::decode;
use trailtrim::usage::{Fold, Usage};

static NOTHING_SHARED: Shared = Shared::new();

const ROLE: &str = "arn:aws:iam::111122223333:role/app/Worker";

const ACTIONS: [&str; 14] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "s3:Get*",
    "s3:*",
    "s3:*Object",
    "*",
    "S3:getobject",
    "dynamodb:GetItem",
    "dynamodb:*Item",
    "dynamodb:*",
    "ec2:DescribeVpcs",
    "made-up:Thing",
    "ec2:Describe*",
];

const RESOURCES: [&str; 11] = [
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::a",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::a/x/*",
    "arn:aws:s3:::b/y",
    "arn:aws:s3:::?/*",
    "arn:aws:s3:::bbb/*",
    "arn:aws:dynamodb:*:111122223333:table/*",
    "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
    "arn:aws:s3:::${aws:username}/*",
];

/// A call, as the log shows it and as IAM weighs it.
#[derive(Debug)]
pub(crate) struct Call {
    source: &'static str,
    name: &'static str,
    /// `resources[]`: type and ARN.
    resources: &'static [(&'static str, &'static str)],
    pub(crate) action: &'static str,
    pub(crate) resource: &'static str,
}

const fn s3(
    name: &'static str,
    resources: &'static [(&'static str, &'static str)],
    action: &'static str,
    resource: &'static str,
) -> Call {
    Call { source: "s3", name, resources, action, resource }
}

const TABLE_T: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/t";
const TABLE_U: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/u";

pub(crate) const CALLS: [Call; 9] = [
    s3(
        "GetObject",
        &[("AWS::S3::Object", "arn:aws:s3:::a/x/1"), ("AWS::S3::Bucket", "arn:aws:s3:::a")],
        "s3:GetObject",
        "arn:aws:s3:::a/x/1",
    ),
    s3(
        "GetObject",
        &[("AWS::S3::Object", "arn:aws:s3:::b/y"), ("AWS::S3::Bucket", "arn:aws:s3:::b")],
        "s3:GetObject",
        "arn:aws:s3:::b/y",
    ),
    s3(
        "PutObject",
        &[("AWS::S3::Object", "arn:aws:s3:::a/z"), ("AWS::S3::Bucket", "arn:aws:s3:::a")],
        "s3:PutObject",
        "arn:aws:s3:::a/z",
    ),
    s3("ListObjects", &[("AWS::S3::Bucket", "arn:aws:s3:::a")], "s3:ListBucket", "arn:aws:s3:::a"),
    s3("ListObjects", &[("AWS::S3::Bucket", "arn:aws:s3:::b")], "s3:ListBucket", "arn:aws:s3:::b"),
    Call {
        source: "dynamodb",
        name: "GetItem",
        resources: &[("AWS::DynamoDB::Table", TABLE_T)],
        action: "dynamodb:GetItem",
        resource: TABLE_T,
    },
    Call {
        source: "dynamodb",
        name: "PutItem",
        resources: &[("AWS::DynamoDB::Table", TABLE_U)],
        action: "dynamodb:PutItem",
        resource: TABLE_U,
    },
    Call { source: "ec2", name: "DescribeVpcs", resources: &[], action: "ec2:DescribeVpcs", resource: "*" },
    s3(
        "GetObject",
        &[("AWS::S3::Object", "arn:aws:s3:::a/x/2"), ("AWS::S3::Bucket", "arn:aws:s3:::a")],
        "s3:GetObject",
        "arn:aws:s3:::a/x/2",
    ),
];

/// Requests of `CreateTrainingJob` that hand over the role, and what they imply: action and resource.
const JOBS: [(&str, &[(&str, &str)]); 2] = [
    (
        r#"{"inputDataConfig":[{"dataSource":{"s3DataSource":{"s3Uri":"s3://bbb/in/"}}}]}"#,
        &[("s3:GetObject", "arn:aws:s3:::bbb/in/1"), ("s3:ListBucket", "arn:aws:s3:::bbb")],
    ),
    (
        r#"{"outputDataConfig":{"s3OutputPath":"s3://bbb/out"}}"#,
        &[("s3:PutObject", "arn:aws:s3:::bbb/out/1")],
    ),
];

/// A job that somebody else defines.
fn job(number: usize, job: usize) -> String {
    let mut event: Value = serde_json::from_str(&event(50_000 + number, 7, false, number % 31)).unwrap();
    event["userIdentity"] = json!({"type": "IAMUser", "principalId": "AIDA", "userName": "ml", "accountId": "111122223333",
        "arn": "arn:aws:iam::111122223333:user/ml"});
    event["eventSource"] = json!("sagemaker.amazonaws.com");
    event["eventName"] = json!("CreateTrainingJob");
    event["readOnly"] = json!(false);
    event["requestParameters"] = serde_json::from_str(JOBS[job].0).unwrap();
    event["requestParameters"]["roleArn"] = json!(ROLE);
    event.to_string() + "\n"
}

fn some(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(from), 1..=most)
}

fn statement() -> impl Strategy<Value = Value> {
    let condition = prop_oneof![
        3 => Just(None),
        1 => Just(Some(json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}))),
        1 => Just(Some(json!({"StringLike": {"aws:PrincipalTag/team": "ml*"}}))),
        1 => Just(Some(json!({"StringEquals": {"aws:RequestedRegion": "ap-south-1"}}))),
    ];
    (some(&ACTIONS, 4), some(&RESOURCES, 3), condition, 0..8_u8, 0..10_u8).prop_map(
        |(actions, resources, condition, negated, deny)| {
            let action = if negated == 1 { "NotAction" } else { "Action" };
            let resource = if negated == 2 { "NotResource" } else { "Resource" };
            let effect = if deny == 0 { "Deny" } else { "Allow" };
            let mut statement = json!({"Effect": effect, action: actions, resource: resources});
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

pub(crate) fn policies() -> impl Strategy<Value = Vec<Value>> {
    let document = prop::collection::vec(statement(), 1..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}));
    prop::collection::vec(document, 1..3)
}

pub(crate) fn event(number: usize, call: usize, denied: bool, day: usize) -> String {
    let Call { source, name, resources, .. } = CALLS[call];
    let resources: Vec<Value> = resources
        .iter()
        .map(|(kind, arn)| json!({"type": kind, "ARN": arn, "accountId": "111122223333"}))
        .collect();
    let data = source != "ec2";
    let mut event = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAWORKER:s", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/Worker/s",
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAWORKER", "arn": ROLE, "accountId": "111122223333", "userName": "Worker"}}
        },
        "eventTime": format!("2026-08-{:02}T00:00:00Z", day + 1),
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
        "requestParameters": {}, "resources": resources, "eventID": format!("e{number}"),
        "readOnly": !name.starts_with("Put"), "eventType": "AwsApiCall", "managementEvent": !data,
        "recipientAccountId": "111122223333", "eventCategory": if data { "Data" } else { "Management" },
    });
    if denied {
        event["errorCode"] = json!("AccessDenied");
    }
    event.to_string()
}

/// Events of somebody else that make all categories observable.
pub(crate) fn background() -> String {
    let mut lines = String::new();
    for day in 0..31 {
        for (index, call) in [0, 2, 5, 6, 7].into_iter().enumerate() {
            let line = event(100_000 + day * 10 + index, call, false, day);
            lines += &line.replace("AROAWORKER", "AROAOTHER").replace("Worker", "Other");
            lines.push('\n');
        }
    }
    lines
}

pub(crate) fn snapshot(policies: &[Value]) -> Snapshot {
    let list: Vec<Value> = policies
        .iter()
        .enumerate()
        .map(|(index, document)| json!({"PolicyName": format!("p{index}"), "PolicyDocument": document}))
        .collect();
    let folder = Folder::new();
    let file = folder.file(
        "g.json",
        json!({"RoleDetailList": [{"RoleName": "Worker", "RoleId": "AROAWORKER", "Arn": ROLE, "Path": "/app/",
            "CreateDate": "2020-01-01T00:00:00Z", "RolePolicyList": list, "AttachedManagedPolicies": []}]})
        .to_string(),
    );
    Snapshot::read(&[PathBuf::from(file)]).unwrap()
}

pub(crate) fn decide((action, resource): (&str, &str), documents: &[&PolicyDocument]) -> Decision {
    let mut context = Context::open();
    context.set("aws:RequestedRegion", "eu-west-1");
    context.set("aws:PrincipalArn", ROLE);
    let action = Action::parse(action).unwrap();
    let request =
        Request { principal: ROLE, action: &action, resource, resource_account: None, context: &context };
    evaluate_identity(&request, documents).decision
}

/// What lines of log say, and what they could have shown.
pub(crate) fn summary(lines: &str) -> (Usage, Coverage) {
    let (mut fold, mut coverage) = (Fold::default(), Coverage::default());
    let decoded = decode("test", lines, &mut |event| {
        fold.add(event);
        coverage.add_event(event);
    });
    assert_eq!(decoded.problems, []);
    (fold.finish(), coverage)
}

/// August 2026.
pub(crate) fn settings() -> drift::Settings {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    drift::Settings {
        window_start: at("2026-08-01T00:00:00Z"),
        window_end: at("2026-08-31T00:00:00Z"),
        age_days_min: 90,
        grace_days: 14,
        exclusions: Exclusions::default(),
        today: Day::from_epoch_days(0),
    }
}

/// The recommendations for the snapshot's only role from one summary, and what the logs can show from
/// another one.
pub(crate) fn recommended(
    snapshot: &Snapshot,
    usage: &Usage,
    observability: &Observability,
    choice: Choice,
) -> Vec<Recommendation> {
    let (settings, index) = (settings(), UsageIndex::new(usage));
    let review = drift::review_principal(&snapshot.principals[0], &index, observability, &settings);
    recommend::recommend(&review, &options(choice, &settings, &Inventory::new(usage)))
}

fn options<'a>(choice: Choice, settings: &drift::Settings, known: &'a Inventory<'a>) -> Options<'a> {
    Options {
        choice,
        window: Some((settings.window_start, settings.window_end)),
        known,
        shared: &NOTHING_SHARED,
    }
}

pub(crate) fn old_documents(snapshot: &Snapshot) -> Vec<&PolicyDocument> {
    snapshot.principals[0].policies.iter().map(|policy| policy.document.as_deref().unwrap()).collect()
}

/// The documents after the change; a recommendation that is not ready changes nothing.
pub(crate) fn new_documents<'d>(
    old: &[&'d PolicyDocument],
    recommendations: &'d [Recommendation],
) -> Vec<&'d PolicyDocument> {
    let mut new: Vec<Vec<&PolicyDocument>> = old.iter().map(|one| vec![*one]).collect();
    for one in recommendations.iter().filter(|one| one.status == Status::Ready) {
        new[one.policy] = one.documents.iter().collect();
    }
    new.concat()
}

/// Reviews the role after these calls and checks the promises at one level; gives the new documents.
fn check(choice: Choice, policies: &[Value], calls: &[(usize, bool)], jobs: &[usize]) -> Vec<PolicyDocument> {
    let mut text = background();
    for (number, one) in jobs.iter().enumerate() {
        text += &job(number, *one);
    }
    for (number, (call, denied)) in calls.iter().enumerate() {
        text += &event(number, *call, *denied, number * 4 % 31);
        text.push('\n');
    }
    let (usage, coverage) = summary(&text);
    let snapshot = snapshot(policies);
    let observability = Observability::new(&coverage, &usage, None, 30);
    let (settings, index, known) = (settings(), UsageIndex::new(&usage), Inventory::new(&usage));
    let review = drift::review_principal(&snapshot.principals[0], &index, &observability, &settings);
    let recommendations = recommend::recommend(&review, &options(choice, &settings, &known));
    let old = old_documents(&snapshot);
    for one in &recommendations {
        assert!(!matches!(one.status, Status::CheckFailed(_)), "{:?}\n{policies:#?}", one.status);
        let documents: Vec<&PolicyDocument> = one.documents.iter().collect();
        if !documents.is_empty() {
            let contained = contain(&documents, &[old[one.policy]]);
            assert!(matches!(contained, Containment::Proved { .. }), "{contained:?}");
        }
    }
    let new = new_documents(&old, &recommendations);
    compare(&old, &new, calls, jobs);
    let window = Some((settings.window_start, settings.window_end));
    for proposal in recommend::proposals(&review, &recommendations, window).made {
        let contained = contain(&[&proposal.document], &[old[proposal.policy]]);
        assert!(matches!(contained, Containment::Proved { .. }), "{contained:?}");
        let ready = recommendations.iter().find(|one| one.policy == proposal.policy);
        if ready.is_none_or(|one| one.documents.len() == 1) {
            let mut proposed = old.clone();
            proposed[proposal.policy] = &proposal.document;
            compare(&old, &proposed, calls, &[]);
        }
    }
    new.into_iter().cloned().collect()
}

/// Everything used, and everything that jobs imply, stays as allowed as it was.
fn compare(old: &[&PolicyDocument], new: &[&PolicyDocument], calls: &[(usize, bool)], jobs: &[usize]) {
    let used = |call: usize| calls.contains(&(call, false));
    let tried = CALLS.iter().enumerate().map(|(call, one)| ((one.action, one.resource), used(call)));
    let implied = jobs.iter().flat_map(|job| JOBS[*job].1).map(|one| (*one, true));
    for (request, needed) in tried.chain(implied) {
        let (before, after) = (decide(request, old), decide(request, new));
        match before {
            Decision::Allowed if needed => assert_eq!(after, Decision::Allowed, "{request:?}"),
            Decision::Depends(_) if needed => {
                assert!(matches!(after, Decision::Allowed | Decision::Depends(_)), "{request:?}: {after:?}");
            }
            Decision::Allowed | Decision::Depends(_) => {}
            Decision::ExplicitlyDenied | Decision::ImplicitlyDenied => {
                assert!(!matches!(after, Decision::Allowed), "{request:?} was refused and is allowed");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 240, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trimming_keeps_its_promises(
        policies in policies(),
        calls in prop::collection::vec((0..CALLS.len(), prop::bool::weighted(0.2)), 0..48),
        jobs in prop::collection::vec(0..JOBS.len(), 0..3),
        choice in prop::sample::select(CHOICES.to_vec()),
    ) {
        check(choice, &policies, &calls, &jobs);
    }
}

/// The actions that one statement over everything keeps after these calls.
fn kept(actions: &[&str], calls: &[(usize, bool)]) -> Vec<String> {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let new = check(Some(ResourceLevel::Generalise), std::slice::from_ref(&policy), calls, &[]);
    let statements = new.iter().flat_map(|document| &document.statements);
    statements.flat_map(|one| one.action.as_ref().unwrap().patterns.values.clone()).collect()
}

#[test]
fn only_what_could_be_seen_and_was_not_used_goes() {
    // Call 0 is `s3:GetObject`, call 2 `s3:PutObject`; `made-up:Thing` is in no reference.
    let granted = ["made-up:Thing", "s3:PutObject", "s3:GetObject"];
    assert_eq!(kept(&granted, &[(0, false)]), ["made-up:Thing", "s3:GetObject"]);
    assert_eq!(kept(&granted, &[(0, false), (2, false)]), ["made-up:Thing", "s3:PutObject", "s3:GetObject"]);
    // A refused call, here by something that is not in the snapshot, is no use.
    assert_eq!(kept(&granted, &[(0, false), (2, true)]), ["made-up:Thing", "s3:GetObject"]);
}
