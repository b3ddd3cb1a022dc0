//! Evaluation: policies and requests of a small world, drawn from the bytes; or, when the input starts
//! with `{`, policies as text, one a line.

use super::draw::Draw;
use super::naive::{self, Answer};
use super::world::{self, decide, document};
use serde_json::{Value, json};
use trailtrim::iam::compiled::CompiledPolicies;
use trailtrim::iam::condition::{Context, Truth};
use trailtrim::iam::evaluate::{
    Decision, Layer, Policies, Request, StatementRef, evaluate, evaluate_identity, statement_applies,
};
use trailtrim::iam::{AccountId, Action, Effect, PolicyDocument};

const CALLERS: [&str; 8] = [
    "arn:aws:iam::111122223333:user/Ana",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:role/x/r",
    "arn:aws:sts::111122223333:federated-user/Ana",
    "ec2.amazonaws.com",
    "*",
];

const PRINCIPALS: [&str; 6] = [
    r#""*""#,
    r#"{"AWS":"111122223333"}"#,
    r#"{"AWS":["arn:aws:iam::111122223333:role/r","arn:aws:iam::111122223333:user/Ana"]}"#,
    r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/r/s"}"#,
    r#"{"Service":"ec2.amazonaws.com"}"#,
    r#"{"AWS":"*"}"#,
];

/// Prepared policies say the same as plain ones, reasons included.
fn check_compiled(documents: &[&PolicyDocument], request: &Request<'_>) {
    let compiled = CompiledPolicies::new(documents);
    assert_eq!(compiled.evaluate(request), evaluate_identity(request, documents));
    let mut expect = Vec::new();
    for (policy, document) in documents.iter().enumerate() {
        for (statement, rule) in document.statements.iter().enumerate() {
            let truth = statement_applies(request, rule, document.version.as_deref());
            if truth != Truth::False {
                expect.push((StatementRef { layer: Layer::Identity, level: 0, policy, statement }, truth));
            }
        }
    }
    let found: Vec<(StatementRef, Truth)> =
        compiled.applying(request).into_iter().map(|one| (one.at, one.truth)).collect();
    assert_eq!(found, expect);
}

/// What holds for all policies.
fn check_laws(documents: &[PolicyDocument], more: &PolicyDocument, of: (&Action, &str, &Context)) {
    let (action, resource, context) = of;
    let all: Vec<&PolicyDocument> = documents.iter().collect();
    let say = |policies: &[&PolicyDocument]| decide(policies, action, resource, context);
    let before = say(&all);
    let reversed: Vec<&PolicyDocument> = all.iter().rev().copied().collect();
    assert_eq!(say(&reversed), before, "order");
    // Each statement alone in a document, and each document twice.
    let split: Vec<PolicyDocument> = documents
        .iter()
        .flat_map(|document| {
            let alone = |statement: &_| PolicyDocument {
                statements: vec![Clone::clone(statement)],
                ..document.clone()
            };
            document.statements.iter().map(alone).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(say(&split.iter().chain(&split).collect::<Vec<_>>()), before, "split");
    for statement in &more.statements {
        let one = PolicyDocument { statements: vec![statement.clone()], ..more.clone() };
        let after = say(&all.iter().copied().chain([&one]).collect::<Vec<_>>());
        let rank = |decision: &Decision| match decision {
            Decision::Allowed => 2,
            Decision::Depends(_) => 1,
            Decision::ExplicitlyDenied | Decision::ImplicitlyDenied => 0,
        };
        match statement.effect {
            Effect::Deny => assert!(rank(&after) <= rank(&before), "one more Deny: {before:?} {after:?}"),
            Effect::Allow => {
                assert!(rank(&after) >= rank(&before), "one more Allow: {before:?} {after:?}");
                assert_eq!(after == Decision::ExplicitlyDenied, before == Decision::ExplicitlyDenied);
            }
        }
    }
    let flipped = Action::parse(&action.as_str().to_ascii_uppercase()).unwrap();
    assert_eq!(decide(&all, &flipped, resource, context), before, "letter case of the action");
    let limits = [Some(more), None];
    let request = Request { principal: CALLERS[1], action, resource, resource_account: None, context };
    let free = evaluate(&request, &Policies { identity: &all, ..Policies::default() }).decision;
    for boundary in limits {
        let levels = [vec![more]];
        let scps = if boundary.is_some() { &[][..] } else { &levels[..] };
        let bound = evaluate(&request, &Policies { identity: &all, boundary, scps, ..Policies::default() });
        assert!(bound.decision != Decision::Allowed || free == Decision::Allowed, "a limit never adds");
    }
}

fn from_text(data: &[u8]) {
    let documents = world::documents(data);
    let Some((more, documents)) = documents.split_last() else { return };
    let all: Vec<&PolicyDocument> = documents.iter().chain([more]).collect();
    for context in [Context::closed().with("aws:username", "x"), Context::open()] {
        for (action, resource) in world::requests_near(documents).into_iter().take(40) {
            check_laws(documents, more, (&action, &resource, &context));
            let request = Request {
                principal: CALLERS[0],
                action: &action,
                resource: &resource,
                resource_account: None,
                context: &context,
            };
            check_compiled(&all, &request);
            for principal in CALLERS {
                let policies = Policies { identity: &all, resource: Some(more), ..Policies::default() };
                evaluate(&Request { principal, ..request }, &policies);
            }
        }
    }
}

/// A policy whose statements name principals.
fn with_principal(draw: &mut Draw<'_>) -> PolicyDocument {
    let mut policy = world::policy(draw, false);
    for statement in policy["Statement"].as_array_mut().unwrap() {
        let name = if draw.one_in(5) { "NotPrincipal" } else { "Principal" };
        statement[name] = serde_json::from_str::<Value>(draw.of(&PRINCIPALS)).unwrap();
    }
    document(&policy)
}

/// Every layer at once: nothing panics, and one more limit never allows more.
fn check_layers(draw: &mut Draw<'_>, identity: &[&PolicyDocument], request: &Request<'_>) {
    let resource = with_principal(draw);
    let endpoint = with_principal(draw);
    let limit = document(&world::policy(draw, false));
    let (scps, rcps) = ([vec![&limit]], [vec![&resource]]);
    let session = [&limit];
    let policies = Policies {
        identity,
        resource: draw.one_in(2).then_some(&resource),
        resource_policy_unknown: draw.one_in(4),
        session: draw.one_in(4).then_some(&session[..]),
        management_account: if draw.one_in(4) { AccountId::parse("111122223333") } else { None },
        ..Policies::default()
    };
    let request = Request { principal: draw.of(&CALLERS), ..*request };
    let free = evaluate(&request, &policies).decision;
    let bound = [
        Policies { scps: &scps, ..policies },
        Policies { rcps: &rcps, ..policies },
        Policies { vpc_endpoint: Some(&endpoint), ..policies },
    ];
    for policies in bound {
        let found = evaluate(&request, &policies).decision;
        assert!(found != Decision::Allowed || free == Decision::Allowed, "{request:?} {policies:?}");
    }
}

/// The naive evaluator, the prepared one, laws, and unknown keys.
pub fn run(data: &[u8]) {
    if data.starts_with(b"{") {
        return from_text(data);
    }
    let mut draw = Draw::new(data);
    let policies: Vec<Value> = (0..=draw.below(2)).map(|_| world::policy(&mut draw, true)).collect();
    let more = document(&world::policy(&mut draw, false));
    let documents: Vec<PolicyDocument> = policies.iter().map(document).collect();
    let all: Vec<&PolicyDocument> = documents.iter().collect();
    for _ in 0..3 {
        let (action, resource, keys) = world::request(&mut draw);
        let context = world::context(&keys);
        let expect = match naive::evaluate(&policies, &action, &resource, &keys) {
            Answer::Allow => Decision::Allowed,
            Answer::ExplicitDeny => Decision::ExplicitlyDenied,
            Answer::ImplicitDeny => Decision::ImplicitlyDenied,
        };
        let action = Action::parse(&action).unwrap();
        let found = decide(&all, &action, &resource, &context);
        assert_eq!(found, expect, "{action} {resource} {keys:?} {}", json!(policies));
        check_laws(&documents, &more, (&action, &resource, &context));
        let mut open = context.clone();
        open.set_unknown(draw.of(&["aws:k", "aws:l", "aws:u"]));
        match decide(&all, &action, &resource, &open) {
            Decision::Depends(_) => {}
            // A Deny may apply besides.
            Decision::ImplicitlyDenied => assert_ne!(found, Decision::Allowed),
            said => assert_eq!(said, found, "{open:?} {}", json!(policies)),
        }
        for context in [&context, &open, &Context::open()] {
            let request = Request {
                principal: CALLERS[0],
                action: &action,
                resource: &resource,
                resource_account: None,
                context,
            };
            let mixed: Vec<&PolicyDocument> = all.iter().copied().chain([&more]).collect();
            check_compiled(&mixed, &request);
            check_layers(&mut draw, &mixed, &request);
        }
    }
}
