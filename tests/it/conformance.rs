//! Decisions that AWS documents, and decisions on which two independent engines agree.

use flate2::read::GzDecoder;
use std::io::Read;
use std::path::Path;
use trailtrim::iam::condition::Context;
use trailtrim::iam::evaluate::{Decision, Policies, Request, evaluate};
use trailtrim::iam::json::Json;
use trailtrim::iam::{AccountId, Action, PolicyDocument};

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/conformance").join(name)).unwrap()
}

fn document(json: &Json) -> PolicyDocument {
    PolicyDocument::from_json(json.clone()).unwrap()
}

fn documents(json: Option<&Json>) -> Option<Vec<PolicyDocument>> {
    match json? {
        Json::Null => None,
        Json::Array(values) => Some(values.iter().map(document).collect()),
        value => Some(vec![document(value)]),
    }
}

fn levels(json: Option<&Json>) -> Vec<Vec<PolicyDocument>> {
    let Some(Json::Array(levels)) = json else { return Vec::new() };
    levels.iter().map(|level| documents(level.get("policies")).unwrap()).collect()
}

fn context(json: &Json) -> Context {
    let Json::Object(members) = json else { panic!("a context is an object") };
    let mut context = Context::closed();
    for (key, value) in members {
        match value {
            Json::String(text) => context.set(key, text.clone()),
            Json::Array(values) => context.set_list(key, values.iter().map(|value| value.as_str().unwrap())),
            other => panic!("{}", other.kind()),
        };
    }
    context
}

fn decide(case: &Json) -> Decision {
    let text = |name: &str| case.get("request").unwrap().get(name).unwrap().as_str().unwrap();
    let action = Action::parse(text("action")).unwrap();
    let context = context(case.get("request").unwrap().get("context").unwrap());
    let request = Request {
        principal: text("principal"),
        action: &action,
        resource: text("resource"),
        resource_account: AccountId::parse(text("resource_account")),
        context: &context,
    };
    let policies = case.get("policies").unwrap();
    let all = |name: &str| documents(policies.get(name));
    let (identity, resource, boundary, session) =
        (all("identity").unwrap_or_default(), all("resource"), all("boundary"), all("session"));
    let (scps, rcps) = (levels(policies.get("scps")), levels(policies.get("rcps")));
    let identity: Vec<&PolicyDocument> = identity.iter().collect();
    let session: Option<Vec<&PolicyDocument>> = session.as_ref().map(|list| list.iter().collect());
    let scps: Vec<Vec<&PolicyDocument>> = scps.iter().map(|level| level.iter().collect()).collect();
    let rcps: Vec<Vec<&PolicyDocument>> = rcps.iter().map(|level| level.iter().collect()).collect();
    let only = |list: &Option<Vec<PolicyDocument>>| list.as_ref().is_none_or(|list| list.len() == 1);
    assert!(only(&resource) && only(&boundary));
    let policies = Policies {
        identity: &identity,
        resource: resource.as_ref().and_then(|list| list.first()),
        boundary: boundary.as_ref().and_then(|list| list.first()),
        session: session.as_deref(),
        scps: &scps,
        rcps: &rcps,
        ..Policies::default()
    };
    evaluate(&request, &policies).decision
}

fn check(text: &str, count: usize) {
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case = Json::parse(line).unwrap();
        let expected = case.get("expected").unwrap();
        let part = |name: &str| expected.get(name).and_then(Json::as_str);
        let expected = match (part("decision"), part("deny_kind")) {
            (Some("allow"), None) => Decision::Allowed,
            (Some("deny"), Some("explicit")) => Decision::ExplicitlyDenied,
            (Some("deny"), Some("implicit")) => Decision::ImplicitlyDenied,
            other => panic!("{other:?}"),
        };
        let found = decide(&case);
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", case.get("id").unwrap().as_str().unwrap()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(text.lines().count(), count);
}

#[test]
fn decides_as_aws_documents() {
    check(&String::from_utf8(data("eval_aws_docs.jsonl")).unwrap(), 93);
}

#[test]
fn decides_as_two_independent_engines() {
    let mut text = String::new();
    GzDecoder::new(data("eval_fuzz_agreed.jsonl.gz").as_slice()).read_to_string(&mut text).unwrap();
    check(&text, 2000);
}
