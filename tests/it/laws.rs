//! The engine against the naive evaluator, and laws that every policy evaluation obeys.

use crate::fuzz_bodies::naive::{self, Answer, Key, Keys};
use proptest::prelude::*;
use serde_json::{Value, json};
use trailtrim::iam::compiled::{Applying, CompiledPolicies};
use trailtrim::iam::condition::{Context, Truth};
use trailtrim::iam::contain::{contain, diff};
use trailtrim::iam::evaluate::{
    Decision, Layer, Policies, Request, StatementRef, evaluate, evaluate_identity, statement_applies,
};
use trailtrim::iam::quota::{pack, size};
use trailtrim::iam::validate::{PolicyType, validate};
use trailtrim::iam::{Action, PolicyDocument, Statement};

const PRINCIPAL: &str = "arn:aws:iam::111122223333:user/Ana";

fn select(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(values).prop_map(str::to_owned)
}

fn action() -> impl Strategy<Value = String> {
    select(&["a:xy", "a:XY", "a:xz", "A:x", "b:xy", "b:yx", "b:x"])
}

fn resource() -> impl Strategy<Value = String> {
    select(&[
        "*",
        "arn:aws:a:::xy",
        "arn:aws:a:::x/y",
        "arn:aws:a:r:1:x/y",
        "arn:aws:a:::u*",
        "arn:aws:a:::u",
        "arn:aws:b:r:1:x:y:x",
        "arn:aws:b:r:1:X",
        "arn:aws:b:r:1:x/y:1:x",
    ])
}

fn action_pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&["*", "a:*", "a:x?", "A:X*", "b:*y", "b:??", "a:xy", "*:xy", "a:x y", "a", "a:x:y", "**"]),
        "[ab]:[xy*?]{1,3}",
    ]
}

fn resource_pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&[
            "*",
            "arn:aws:a:::*",
            "arn:aws:a:*:*:x/?",
            "arn:aws:b:*:1:x",
            "arn:aws:b:*:*:*x",
            "arn:*:*:*:*:u${*}",
            "arn:aws:a:::${aws:u}",
            "arn:aws:a:::${aws:none}*",
            "arn:aws:b:::${aws:none}",
            "arn:aws:a:::${aws:none, 'x'}y",
            "arn:aws:a",
            "bad",
        ]),
        "arn:aws:[ab*]:[r*?]{0,2}:[1*?]{0,2}:[xy/:*?]{1,4}",
    ]
}

fn list(one: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Value> {
    prop::collection::vec(one, 1..3).prop_map(|list| json!(list))
}

fn condition() -> impl Strategy<Value = Value> {
    let text = || {
        list(prop_oneof![
            select(&["x", "X", "xy", "x*", "*y", "${aws:u}", "${aws:none}", "${aws:none, 'x'}", "${*}", ""]),
            "[xy*?]{0,2}",
        ])
    };
    let name = |base: &'static [&'static str]| {
        (select(&["", "", "ForAllValues:", "ForAnyValue:"]), select(base), select(&["", "IfExists"]))
            .prop_map(|(set, base, tail)| format!("{set}{base}{tail}"))
    };
    let strings: &[&str] = &[
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
    ];
    let numbers: &[&str] =
        &["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"];
    let arns = list(select(&["arn:aws:a:::*", "arn:aws:*:x", "arn:*:a:*:*:x*", "arn:aws:a:::${aws:u}"]));
    prop_oneof![
        (name(strings), select(&["aws:k", "aws:L", "aws:u"]), text()),
        (name(numbers), select(&["aws:k", "aws:l"]), list(select(&["1", "2.50", "-3", "1e1", "x"]))),
        (name(&["Bool"]), select(&["aws:k"]), list(select(&["true", "FALSE", "x"]))),
        (
            name(&["IpAddress", "NotIpAddress"]),
            select(&["aws:k", "aws:l"]),
            list(select(&["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "x"]))
        ),
        (name(&["ArnLike", "ArnNotLike"]), select(&["aws:k"]), arns),
        (select(&["Null"]), select(&["aws:k", "aws:l"]), list(select(&["true", "false"]))),
    ]
    .prop_map(|(operator, key, values)| json!({ operator: { key: values } }))
}

fn statement() -> impl Strategy<Value = Value> {
    (
        select(&["Allow", "Allow", "Allow", "Deny"]),
        (select(&["Action", "Action", "Action", "NotAction"]), list(action_pattern())),
        (select(&["Resource", "Resource", "Resource", "NotResource"]), list(resource_pattern())),
        prop::option::of(condition()),
    )
        .prop_map(|(effect, (action, actions), (resource, resources), condition)| {
            let mut statement = json!({ "Effect": effect, action: actions, resource: resources });
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        })
}

fn policy() -> impl Strategy<Value = Value> {
    (
        select(&["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"]),
        prop::collection::vec(statement(), 1..4),
    )
        .prop_map(|(version, statements)| json!({ "Version": version, "Statement": statements }))
}

fn keys() -> impl Strategy<Value = Keys> {
    let value = || {
        prop_oneof![
            select(&[
                "x", "X", "xy", "", "*", "1", "2.5", "10", "-4", "true", "False", "10.1.2.3", "11.0.0.1"
            ]),
            select(&["arn:aws:a:::x", "arn:aws:a:r:1:xy", "${*}"]),
        ]
    };
    let key = move || {
        prop_oneof![
            value().prop_map(|text| Some(Key::One(text))),
            prop::collection::vec(value(), 0..3).prop_map(|list| Some(Key::Many(list))),
            Just(None),
        ]
    };
    let user = prop::option::of(select(&["u", "u*", "x"])).prop_map(|text| text.map(Key::One));
    (key(), key(), user).prop_map(|(k, l, u)| {
        let all = [("aws:k", k), ("aws:l", l), ("aws:u", u)];
        all.into_iter().filter_map(|(name, key)| key.map(|key| (name.to_owned(), key))).collect()
    })
}

fn context(keys: &Keys) -> Context {
    let mut context = Context::closed();
    for (name, key) in keys {
        match key {
            Key::One(text) => context.set(name, text.clone()),
            Key::Many(list) => context.set_list(name, list.clone()),
        };
    }
    context
}

fn document(policy: &Value) -> PolicyDocument {
    PolicyDocument::parse(&policy.to_string()).unwrap()
}

fn decide(policies: &[&PolicyDocument], action: &str, resource: &str, context: &Context) -> Decision {
    let action = Action::parse(action).unwrap();
    let request =
        Request { principal: PRINCIPAL, action: &action, resource, resource_account: None, context };
    evaluate_identity(&request, policies).decision
}

fn decide_json(policies: &[Value], action: &str, resource: &str, context: &Context) -> Decision {
    let documents: Vec<PolicyDocument> = policies.iter().map(document).collect();
    decide(&documents.iter().collect::<Vec<_>>(), action, resource, context)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 8, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_naive_evaluator(
        policies in prop::collection::vec(policy(), 1..3),
        action in action(),
        resource in resource(),
        keys in keys(),
    ) {
        let expect = match naive::evaluate(&policies, &action, &resource, &keys) {
            Answer::Allow => Decision::Allowed,
            Answer::ExplicitDeny => Decision::ExplicitlyDenied,
            Answer::ImplicitDeny => Decision::ImplicitlyDenied,
        };
        let found = decide_json(&policies, &action, &resource, &context(&keys));
        prop_assert_eq!(found, expect, "{}", json!(policies));
        // Prepared policies say the same, reasons included.
        let documents: Vec<PolicyDocument> = policies.iter().map(document).collect();
        let documents: Vec<&PolicyDocument> = documents.iter().collect();
        let action = Action::parse(&action).unwrap();
        for context in [context(&keys), Context::open()] {
            let request = Request {
                principal: PRINCIPAL, action: &action, resource: &resource, resource_account: None, context: &context,
            };
            let prepared = CompiledPolicies::new(&documents).evaluate(&request);
            prop_assert_eq!(prepared, evaluate_identity(&request, &documents));
            let compiled = CompiledPolicies::new(&documents);
            prop_assert_eq!(compiled.decide(&request), evaluate_identity(&request, &documents).decision);
            let (mut here, mut somewhere) = (Vec::new(), Vec::new());
            for (policy, document) in documents.iter().enumerate() {
                for (number, statement) in document.statements.iter().enumerate() {
                    let at = StatementRef { layer: Layer::Identity, level: 0, policy, statement: number };
                    let version = document.version.as_deref();
                    let truth = statement_applies(&request, statement, version);
                    here.push(Applying { at, statement, truth });
                    let anywhere = Statement { resource: None, ..statement.clone() };
                    let truth = statement_applies(&request, &anywhere, version);
                    somewhere.push(Applying { at, statement, truth });
                }
            }
            for all in [&mut here, &mut somewhere] {
                all.retain(|one| one.truth != Truth::False);
            }
            prop_assert_eq!(compiled.applying(&request), here);
            prop_assert_eq!(compiled.applying_somewhere(&request), somewhere);
        }
    }

    #[test]
    fn conditions_agree_with_the_naive_evaluator(blocks in prop::collection::vec(condition(), 1..3), keys in keys()) {
        for version in ["2012-10-17", "2008-10-17"] {
            let allow = |block: &Value| json!({
                "Version": version,
                "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block }],
            });
            for block in &blocks {
                let expect = naive::evaluate(&[allow(block)], "a:b", "*", &keys) == Answer::Allow;
                let context = context(&keys);
                let found = decide_json(&[allow(block)], "a:b", "*", &context) == Decision::Allowed;
                prop_assert_eq!(found, expect, "{} {:?}", block, keys);
                for hidden in ["aws:k", "aws:l", "aws:u"] {
                    let mut open = context.clone();
                    open.set_unknown(hidden);
                    match decide_json(&[allow(block)], "a:b", "*", &open) {
                        Decision::Depends(_) => {}
                        said => prop_assert_eq!(said == Decision::Allowed, expect, "{} {:?} {}", block, keys, hidden),
                    }
                }
            }
        }
    }

    #[test]
    fn unknown_keys_never_make_a_wrong_answer(
        policy in policy(),
        action in action(),
        resource in resource(),
        keys in keys(),
        hidden in select(&["aws:k", "aws:l", "aws:u"]),
    ) {
        // What is said without a key must hold whatever the key is.
        let mut open = context(&keys);
        open.set_unknown(&hidden);
        let document = document(&policy);
        let said = decide(&[&document], &action, &resource, &open);
        let truth = decide(&[&document], &action, &resource, &context(&keys));
        match said {
            Decision::Depends(on) => prop_assert!(on.contains(&hidden), "{on:?}"),
            Decision::ImplicitlyDenied => prop_assert!(truth != Decision::Allowed, "{policy}"),
            said => prop_assert_eq!(said, truth, "{}", policy),
        }
    }

    #[test]
    fn laws(
        policy in policy(),
        more in statement(),
        action in action(),
        resource in resource(),
        keys in keys(),
    ) {
        let context = context(&keys);
        let decide = |policies: &[Value]| decide_json(policies, &action, &resource, &context);
        let before = decide(std::slice::from_ref(&policy));
        // Order and distribution over documents do not matter.
        let mut reversed = policy.clone();
        reversed["Statement"].as_array_mut().unwrap().reverse();
        prop_assert_eq!(&decide(std::slice::from_ref(&reversed)), &before);
        let alone = |statement: &Value| json!({ "Version": policy["Version"], "Statement": [statement] });
        let split: Vec<Value> = policy["Statement"].as_array().unwrap().iter().map(alone).collect();
        prop_assert_eq!(&decide(&split), &before);
        // One more Deny never allows more, one more Allow never denies more.
        let after = decide(&[policy.clone(), alone(&more)]);
        if more["Effect"] == "Deny" {
            prop_assert!(after == before || after == Decision::ExplicitlyDenied);
        } else {
            prop_assert!(after == before || (before == Decision::ImplicitlyDenied && after == Decision::Allowed));
        }
        // The case of actions does not matter.
        let flipped: Action = Action::parse(&action.to_uppercase()).unwrap();
        prop_assert_eq!(&decide_json(std::slice::from_ref(&policy), flipped.as_str(), &resource, &context), &before);
        // Without variables, the version does not matter.
        if !policy.to_string().contains("${") {
            let mut old = policy.clone();
            old["Version"] = json!("2008-10-17");
            prop_assert_eq!(&decide(std::slice::from_ref(&old)), &before);
        }
        // `NotAction` is the complement of `Action`.
        let complement = |of: &str| json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", of: more.get("Action").or(more.get("NotAction")), "Resource": "*" }],
        });
        let (some, others) = (decide(&[complement("Action")]), decide(&[complement("NotAction")]));
        prop_assert!((some == Decision::Allowed) != (others == Decision::Allowed));
    }

    #[test]
    fn limits_only_take_away(
        policy in policy(),
        limit in policy(),
        action in action(),
        resource in resource(),
        keys in keys(),
    ) {
        let context = context(&keys);
        let (granted, limit) = (document(&policy), document(&limit));
        let identity = [&granted];
        let action = Action::parse(&action).unwrap();
        let session = "arn:aws:sts::111122223333:assumed-role/r/s";
        let request = Request {
            principal: session, action: &action, resource: &resource, resource_account: None, context: &context,
        };
        let free = evaluate(&request, &Policies { identity: &identity, ..Policies::default() }).decision;
        let documents = [&limit];
        let levels = [vec![&limit]];
        let limits = [
            Policies { identity: &identity, boundary: Some(&limit), ..Policies::default() },
            Policies { identity: &identity, session: Some(&documents), ..Policies::default() },
            Policies { identity: &identity, scps: &levels, ..Policies::default() },
        ];
        for policies in limits {
            let bound = evaluate(&request, &policies).decision;
            prop_assert!(free == Decision::Allowed || bound != Decision::Allowed);
            if bound == Decision::Allowed {
                let reach = evaluate_identity(&request, &[&limit]).decision;
                prop_assert!(reach == Decision::Allowed || policies.scps.len() == 1);
            }
        }
    }

    #[test]
    fn nothing_in_a_policy_is_too_strange(
        words in prop::collection::vec(
            prop_oneof![".{0,12}", "[$*?{}:,'\\-+.eETZ0-9/a]{0,24}", "arn:[*a:]{0,12}.{0,4}", Just("${aws:k}".to_owned())],
            8,
        ),
        operator in prop_oneof![
            select(&["StringLike", "ArnLike", "NumericLessThan", "DateEquals", "IpAddress", "BinaryEquals", "Bool", "Null"]),
            ".{0,8}",
        ],
        resource in prop_oneof![resource(), ".{0,12}"],
    ) {
        let policy = |at: usize| json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Sid": words[at], "Effect": "Allow", "Action": [words[1], "a:*"], "Resource": [words[2], "*"],
                  "Principal": { "AWS": words[3] }, "Condition": { &operator: { "aws:k": [words[at], words[5]] } } },
                { "Effect": "Deny", "NotAction": words[6], "NotResource": words[7] },
            ],
        });
        let (one, other) = (policy(0), policy(4));
        validate(&one.to_string(), PolicyType::Resource);
        let (one, other) = (document(&one), document(&other));
        let action = Action::parse("a:xy").unwrap();
        let context = Context::closed().with("aws:k", words[4].clone());
        let request = Request {
            principal: &words[3], action: &action, resource: &resource, resource_account: None, context: &context,
        };
        let identity = [&one];
        let policies = Policies { identity: &identity, resource: Some(&other), boundary: Some(&other), ..Policies::default() };
        evaluate(&request, &policies);
        contain(&[&one], &[&other]);
        diff(&[&one], &[&other]);
        if let Ok(packed) = pack(&one, 300, 3) {
            prop_assert!(packed.len() <= 3 && packed.iter().all(|document| size(document).bytes <= 300));
        }
    }
}
