//! A small world of policies and requests, so that patterns meet: few letters, few keys, few values.

use super::draw::Draw;
use super::naive::{Key, Keys};
use serde_json::{Value, json};
use trailtrim::iam::condition::Context;
use trailtrim::iam::evaluate::{Decision, Request, evaluate_identity};
use trailtrim::iam::{Action, PolicyDocument};

const ACTIONS: &[&str] = &["a:xy", "a:XY", "a:xz", "A:x", "b:xy", "b:yx", "b:x", "c:z"];
const ACTION_PATTERNS: &[&str] =
    &["*", "a:*", "a:x?", "A:X*", "b:*y", "b:??", "a:xy", "*:xy", "a:x y", "a", "a:x:y", "**", "?:*"];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:a:::xy",
    "arn:aws:a:::x/y",
    "arn:aws:a:r:1:x/y",
    "arn:aws:a:::u*",
    "arn:aws:a:::u",
    "arn:aws:b:r:1:x:y:x",
    "arn:aws:b:r:1:X",
    "arn:aws:b:r:1:x/y:1:x",
    "arn:aws:b:r:2:1:x",
];
const RESOURCE_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:a:::*",
    "arn:aws:a:*:*:x/?",
    "arn:aws:b:*:1:x",
    "arn:aws:b:*:*:*x",
    "arn:aws:b:r*:*:*",
    "arn:*:*:*:*:u${*}",
    "arn:aws:a:::${aws:u}",
    "arn:aws:a:::${aws:none}*",
    "arn:aws:b:::${aws:none}",
    "arn:aws:a:::${aws:none, 'x'}y",
    "arn:aws:a",
    "bad",
];
const TEXTS: &[&str] =
    &["x", "X", "xy", "x*", "*y", "?", "${aws:u}", "${aws:none}", "${aws:none, 'x'}", "${*}", "", "*"];
const KEYS: &[&str] = &["aws:k", "aws:L", "aws:u"];
const VALUES: &[&str] = &[
    "x",
    "X",
    "xy",
    "y",
    "",
    "*",
    "1",
    "2.5",
    "10",
    "-4",
    "true",
    "False",
    "10.1.2.3",
    "11.0.0.1",
    "2020-01-01T00:00:00Z",
    "arn:aws:a:::x",
    "arn:aws:a:r:1:xy",
    "${*}",
];

/// An operator and the values that fit it. The naive evaluator knows all but the last four.
const TESTS: &[(&str, &[&str])] = &[
    ("StringEquals", TEXTS),
    ("StringNotEquals", TEXTS),
    ("StringLike", TEXTS),
    ("StringNotLike", TEXTS),
    ("StringEqualsIgnoreCase", TEXTS),
    ("StringNotEqualsIgnoreCase", TEXTS),
    ("NumericEquals", &["1", "2.50", "-3", "1e1", "x"]),
    ("NumericNotEquals", &["1", "2.50", "-3", "1e1", "x"]),
    ("NumericLessThan", &["1", "2.50", "-3", "1e1", "x"]),
    ("NumericGreaterThanEquals", &["1", "2.50", "-3", "1e1", "x"]),
    ("Bool", &["true", "FALSE", "x"]),
    ("IpAddress", &["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "x"]),
    ("NotIpAddress", &["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "x"]),
    ("ArnLike", &["arn:aws:a:::*", "arn:aws:*:x", "arn:*:a:*:*:x*", "arn:aws:a:::${aws:u}"]),
    ("ArnNotLike", &["arn:aws:a:::*", "arn:aws:*:x", "arn:*:a:*:*:x*", "arn:aws:a:::${aws:u}"]),
    ("Null", &["true", "false"]),
    ("DateLessThan", &["2020", "2021-01-01T00:00:00Z", "1577836800"]),
    ("DateNotEquals", &["2020", "1577836800000", "x"]),
    ("BinaryEquals", &["eA==", "x"]),
    ("NoSuchOperator", &["x"]),
];

/// How many of [`TESTS`] the naive evaluator knows.
const NAIVE_TESTS: usize = TESTS.len() - 4;

fn action_pattern(draw: &mut Draw<'_>) -> String {
    if draw.one_in(3) {
        return format!("{}:{}", draw.of(&["a", "b"]), draw.text(&["x", "y", "*", "?"], 4));
    }
    draw.of(ACTION_PATTERNS).to_owned()
}

fn resource_pattern(draw: &mut Draw<'_>) -> String {
    if draw.one_in(3) {
        let part = |draw: &mut Draw<'_>, letters: &[&str], most: usize| draw.text(letters, most);
        let (service, region, account) =
            (draw.of(&["a", "b", "*"]), part(draw, &["r", "*", "?"], 2), part(draw, &["1", "*", "?"], 2));
        return format!(
            "arn:aws:{service}:{region}:{account}:{}",
            part(draw, &["x", "y", "/", ":", "*", "?"], 5)
        );
    }
    draw.of(RESOURCE_PATTERNS).to_owned()
}

/// The condition block of a statement, or nothing.
fn condition(draw: &mut Draw<'_>, tests: &[(&str, &[&str])]) -> Option<Value> {
    if !draw.one_in(2) {
        return None;
    }
    let mut block = serde_json::Map::new();
    for _ in 0..=draw.below(2) {
        let (operator, values) = tests[draw.below(tests.len())];
        let set = draw.of(&["", "", "ForAllValues:", "ForAnyValue:"]);
        let tail = if operator == "Null" { "" } else { draw.of(&["", "", "IfExists"]) };
        let list = draw.list(2, |draw| draw.of(values).to_owned());
        block.insert(format!("{set}{operator}{tail}"), json!({ draw.of(KEYS): list }));
    }
    Some(block.into())
}

/// A statement. `naive`: only with what the naive evaluator knows.
pub fn statement(draw: &mut Draw<'_>, naive: bool) -> Value {
    let effect = if draw.one_in(4) { "Deny" } else { "Allow" };
    let (action, resource) = (
        if draw.one_in(4) { "NotAction" } else { "Action" },
        if draw.one_in(4) { "NotResource" } else { "Resource" },
    );
    let actions = draw.list(2, action_pattern);
    let resources = draw.list(2, resource_pattern);
    let mut statement = json!({ "Effect": effect, action: actions, resource: resources });
    if let Some(block) = condition(draw, &TESTS[..if naive { NAIVE_TESTS } else { TESTS.len() }]) {
        statement["Condition"] = block;
    }
    statement
}

/// A policy of one to three statements.
pub fn policy(draw: &mut Draw<'_>, naive: bool) -> Value {
    let version = if draw.one_in(6) { "2008-10-17" } else { "2012-10-17" };
    let statements: Vec<Value> = (0..=draw.below(3)).map(|_| statement(draw, naive)).collect();
    json!({ "Version": version, "Statement": statements })
}

/// The condition keys of a request.
pub fn keys(draw: &mut Draw<'_>) -> Keys {
    let mut keys = Keys::new();
    for name in ["aws:k", "aws:l", "aws:u"] {
        let key = match draw.below(5) {
            0 => continue,
            1 => Key::Many((0..draw.below(3)).map(|_| draw.of(VALUES).to_owned()).collect()),
            _ => Key::One(draw.of(VALUES).to_owned()),
        };
        keys.insert(name.to_owned(), key);
    }
    keys
}

/// The same keys as a closed context.
pub fn context(keys: &Keys) -> Context {
    let mut context = Context::closed();
    for (name, key) in keys {
        match key {
            Key::One(text) => context.set(name, text.clone()),
            Key::Many(list) => context.set_list(name, list.clone()),
        };
    }
    context
}

/// An action, a resource and condition keys.
pub fn request(draw: &mut Draw<'_>) -> (String, String, Keys) {
    let (action, resource) = (draw.of(ACTIONS).to_owned(), draw.of(RESOURCES).to_owned());
    (action, resource, keys(draw))
}

/// A policy text as a document.
pub fn document(policy: &Value) -> PolicyDocument {
    PolicyDocument::parse(&policy.to_string()).unwrap()
}

/// The documents of an input that is text: one policy a line, those that can be read.
pub fn documents(data: &[u8]) -> Vec<PolicyDocument> {
    let text = String::from_utf8_lossy(data);
    text.lines().filter_map(|line| PolicyDocument::parse(line).ok()).take(6).collect()
}

/// Requests near the patterns of some documents: a `*` becomes `x` or nothing, a `?` becomes `x`.
pub fn requests_near(documents: &[PolicyDocument]) -> Vec<(Action, String)> {
    let plain = |text: &str, star: &str| text.replace('*', star).replace('?', "x");
    let (mut actions, mut resources) = (Vec::new(), vec!["*".to_owned()]);
    for statement in documents.iter().flat_map(|document| &document.statements) {
        let near = |list: &mut Vec<String>, values: &[String]| {
            for text in values.iter().take(4) {
                list.extend([plain(text, "x"), plain(text, "")]);
            }
        };
        statement.action.iter().for_each(|of| near(&mut actions, &of.patterns.values));
        statement.resource.iter().for_each(|of| near(&mut resources, &of.patterns.values));
    }
    actions.push("a:xy".to_owned());
    let actions: Vec<Action> = actions.iter().filter_map(|text| Action::parse(text).ok()).take(12).collect();
    resources.truncate(12);
    let pair = |action: &Action| {
        let action = action.clone();
        resources.iter().map(move |resource| (action.clone(), resource.clone())).collect::<Vec<_>>()
    };
    actions.iter().flat_map(pair).collect()
}

/// What identity policies say.
pub fn decide(policies: &[&PolicyDocument], action: &Action, resource: &str, context: &Context) -> Decision {
    let principal = "arn:aws:iam::111122223333:user/Ana";
    let request = Request { principal, action, resource, resource_account: None, context };
    evaluate_identity(&request, policies).decision
}
