//! Containment: known answers, and every proof attacked by requests.

use proptest::prelude::*;
use trailtrim::iam::condition::Context;
use trailtrim::iam::contain::{Change, Containment, contain, diff};
use trailtrim::iam::evaluate::{Decision, Request, evaluate_identity};
use trailtrim::iam::policy::{Matcher, Patterns, Statement};
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

#[derive(Clone, Copy)]
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

#[test]
fn a_star_that_runs_over_colons_may_leave_the_rest_empty() {
    // `arn:aws:s:r:2:x:1:` matches the first when `*` runs over colons, never the second.
    check(&["Allow a:b on arn:aws:s:*:1:*"], &["Allow a:b on arn:aws:s:*:1:?*"], Unknown);
    check(&["Allow a:b on arn:aws:s:*:*:*"], &["Allow a:b on arn:aws:s:*:*:?*"], Proved);
    // Every real ARN that the first matches with an empty service, it also matches with another one.
    check(&["Allow a:b on arn:a*:*:r:1:x"], &["Allow a:b on arn:a*:?*:r:1:x"], Proved);
    check(&["Allow a:b on arn:aws:s:::*"], &["Allow a:b on arn:aws:s:::?*"], Proved);
}

#[test]
fn only_what_is_left_open_is_searched() {
    // The pairs of the first statement that differ are few; all of them together are too many.
    let infixes: Vec<String> = (b'a'..=b'z').map(|letter| format!("s3:*{}*", char::from(letter))).collect();
    let all = format!("Allow {} s3:x?", infixes.join(" "));
    let less = format!("Allow {}", infixes[..25].join(" "));
    check(&[&all], &[&all], Proved);
    check(&[&less], &[&all], Proved);
    check(&[&all], &[&less], Refuted);
    let folders: Vec<String> =
        (b'a'..=b'z').map(|letter| format!("arn:aws:glue:*:*:{}*/*", char::from(letter))).collect();
    let on = |actions: &str| format!("Allow {actions} on {}", folders.join(" "));
    check(
        &[&on("glue:Get* glue:Put*")],
        &[&on("glue:Get*"), "Allow glue:Put* on arn:aws:glue:*:*:a*"],
        Unknown,
    );
    let typed = "arn:aws:glue:*:*:job/*";
    check(&[&format!("{} {typed}", on("glue:Get* glue:Put*"))], &[&on("glue:Get*")], Refuted);
}

#[test]
fn obvious_requests_refute() {
    let classic = "arn:aws:cw:*:*:space/* arn:aws:cw:*:*:domain/* arn:aws:cw:*:*:alert/* arn:aws:cw:*:*:view/* \
                   arn:aws:cw:*:*:grant/* arn:aws:cw:*:*:profile/* arn:aws:cw:*:*:board/* arn:aws:cw:*:*:data/*";
    let deny = format!("Deny cw:Tag cw:List on !{classic}");
    check(&["Allow cw:Tag cw:List", &deny], &["Allow cw:Tag", &deny], Refuted);
    check(&["Allow cw:*", &deny], &["Allow !cw:List", &deny], Refuted);
    check(&["Allow cw:*"], &["Allow cw:*", &deny.replace('!', "")], Refuted);
    let tagged = r#"{"StringNotEquals":{"aws:PrincipalTag/b":""},"StringEquals":{"aws:ResourceTag/o":"${aws:PrincipalTag/o}"}}"#;
    let own =
        |actions: &str| format!("Allow {actions} on arn:aws:s3:::${{aws:PrincipalTag/b}}/* if {tagged}");
    check(&[&own("s3:Get s3:Put")], &[&own("s3:Get")], Refuted);
    check(&[&own("s3:Get")], &[&own("s3:Get s3:Put")], Proved);
    check(&[&own("s3:Get")], &["Allow s3:Get on arn:aws:s3:::${aws:PrincipalTag/c}/*"], Refuted);
}

#[test]
fn hostile_policies_come_to_an_end() {
    let list = |make: &dyn Fn(usize) -> String, count: usize| -> String {
        (0..count).map(make).collect::<Vec<_>>().join(" ")
    };
    let letter = |at: usize| char::from(b'a' + u8::try_from(at % 26).unwrap());
    let actions = |tail: &str| list(&|at| format!("s3:*{}{}{tail}", letter(at), letter(at / 26)), 60);
    let resources = |tail: &str| list(&|at| format!("arn:aws:s3:*:*:*{}?????????????{tail}", letter(at)), 26);
    let keys = |values: &str| {
        let tests: Vec<String> = (0..60).map(|at| format!("\"k{at}\":[{values}]")).collect();
        format!("{{\"StringLike\":{{{}}}}}", tests.join(","))
    };
    let new = [
        format!("Allow {} on {}", actions("x*"), resources("x*")),
        format!("Allow s3:* on * if {}", keys("\"*a?????????????\",\"*b??????????????\"")),
    ];
    let old = [
        format!("Allow {} on {}", actions("y*"), resources("y*")),
        format!("Allow s3:* on * if {}", keys("\"*c?????????????\",\"*d??????????????\"")),
        format!("Deny !{} on !{}", actions("z*"), resources("z*")),
    ];
    let (new, old) = (new.each_ref().map(String::as_str), old.each_ref().map(String::as_str));
    let answer = contain(&[&policy_of(&new)], &[&policy_of(&old)]);
    assert!(!matches!(answer, Containment::Proved { .. }), "{answer:?}");
    assert!(diff(&[&policy_of(&new[1..])], &[&policy_of(&old)]).is_some());
}

fn check_diff(new: &[&str], old: &[&str], expect: &[&str]) {
    let found = diff(&[&policy_of(new)], &[&policy_of(old)]).unwrap();
    let shown: Vec<String> = found
        .iter()
        .map(|one| {
            assert_eq!(one.witness.is_some(), one.change != Change::Undecided);
            let resource = one.resource.as_ref().map(|resource| resource.patterns.values.join(" "));
            format!(
                "{:?} {} {}",
                one.change,
                one.action.patterns.values.join(" "),
                resource.unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(shown, expect, "{new:?} {old:?}");
}

#[test]
fn differences_name_cells() {
    check_diff(&["Allow s3:*"], &["Allow s3:*"], &[]);
    check_diff(
        &["Allow s3:Get* s3:Put*"],
        &["Allow s3:Get* s3:List*"],
        &["Removed s3:List* *", "Added s3:Put* *"],
    );
    check_diff(&["Allow s3:*"], &["Allow s3:Get*"], &["Widened s3:* *"]);
    check_diff(&["Allow s3:*", "Deny s3:Put*"], &["Allow s3:*"], &["Narrowed s3:* *"]);
    check_diff(
        &["Allow s3:GetObject on arn:aws:s3:::b/*"],
        &["Allow s3:GetObject s3:PutObject on arn:aws:s3:::b/* arn:aws:s3:::c/*"],
        &[
            "Removed s3:GetObject arn:aws:s3:::c/*",
            "Removed s3:PutObject arn:aws:s3:::b/*",
            "Removed s3:PutObject arn:aws:s3:::c/*",
        ],
    );
    check_diff(&[r#"Allow a:b if {"Bool":{"k":"true"}}"#], &["Allow a:b"], &["Narrowed a:b *"]);
    check_diff(
        &[r#"Allow a:b if {"StringEquals":{"k":"1"}}"#],
        &[r#"Allow a:b if {"NumericEquals":{"k":"1"}}"#],
        &["Undecided a:b *", "Undecided a:b *"],
    );
}

// ---- every proof attacked, every refutation replayed ----

const ACTIONS: [&str; 6] = ["a:xy", "a:xz", "a:y", "a:x", "b:xy", "b:q"];
const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:b:r:2:x:1:",
    "arn:aws:a:::xy",
    "arn:aws:a:::x/y",
    "arn:aws:a:r:1:x/y",
    "arn:aws:b:r:1:x:y:x",
    "arn:aws:b:r:1:q",
    "arn:aws:a:::X",
    "arn:aws:a::x:1:x/y",
];

fn contexts() -> Vec<Context> {
    let mut all = vec![Context::closed()];
    for key in ["k", "l"] {
        let mut next = Vec::new();
        for context in &all {
            next.push(context.clone());
            for value in ["x", "xy", "true", "5", "7", "10.1.2.3", "2020", ""] {
                next.push(context.clone().with(key, value));
            }
            next.push(context.clone().with_list(key, ["x"]));
            next.push(context.clone().with_list(key, ["x", "y"]));
        }
        all = next;
    }
    all
}

fn allowed(policy: &PolicyDocument, action: &Action, resource: &str, context: &Context) -> bool {
    let request = Request {
        principal: "arn:aws:iam::111122223333:role/r",
        action,
        resource,
        resource_account: None,
        context,
    };
    evaluate_identity(&request, &[policy]).decision == Decision::Allowed
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(values).prop_map(str::to_owned)
}

fn list(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    (prop::bool::weighted(0.15), prop::collection::vec(one_of(values), 1..3))
        .prop_map(|(not, list)| format!("{}{}", if not { "!" } else { "" }, list.join(" ")))
}

const BLOCKS: &[&str] = &[
    r#"{"StringEquals":{"k":"x"}}"#,
    r#"{"StringEquals":{"k":["x","xy"]}}"#,
    r#"{"StringLike":{"k":"x*"}}"#,
    r#"{"StringNotLike":{"k":"*y"}}"#,
    r#"{"StringNotEquals":{"k":"x"}}"#,
    r#"{"StringEqualsIfExists":{"k":"x"}}"#,
    r#"{"Null":{"k":"true"}}"#,
    r#"{"Null":{"k":"false"}}"#,
    r#"{"Bool":{"l":"true"}}"#,
    r#"{"NumericLessThan":{"l":"6"}}"#,
    r#"{"NumericNotEquals":{"l":"5"}}"#,
    r#"{"IpAddress":{"l":"10.0.0.0/8"}}"#,
    r#"{"NotIpAddress":{"l":"10.1.0.0/16"}}"#,
    r#"{"ForAllValues:StringEquals":{"k":["x","z"]}}"#,
    r#"{"ForAnyValue:StringNotEquals":{"k":["x","z"]}}"#,
    r#"{"StringEquals":{"k":"x"},"Bool":{"l":"true"}}"#,
];

fn random_statement() -> impl Strategy<Value = String> {
    (
        prop::bool::weighted(0.25),
        list(&["*", "a:*", "a:x*", "a:xy", "a:?y", "b:*", "a:y", "b:xy", "a:*z", "?:xy"]),
        list(&[
            "*",
            "arn:aws:a:::*",
            "arn:aws:a:::x*",
            "arn:aws:a:::x/?",
            "arn:aws:a:*:*:x/y",
            "arn:aws:*:r:1:*",
            "arn:aws:b:*:1:x",
            "arn:aws:b:*:*:*/y",
            "arn:aws:b:*:1:*",
            "arn:aws:b:*:1:?*",
            "arn:aws:*:r*:1:*",
            "arn:aws:a",
            "arn:aws:a:::${k}",
            "bad",
        ]),
        prop::option::weighted(0.5, one_of(BLOCKS)),
    )
        .prop_map(|(deny, actions, resources, block)| {
            let block = block.map(|block| format!(" if {block}")).unwrap_or_default();
            statement(&format!("{} {actions} on {resources}{block}", if deny { "Deny" } else { "Allow" }))
        })
}

fn random_policy() -> impl Strategy<Value = PolicyDocument> {
    prop::collection::vec(random_statement(), 1..4).prop_map(|list| policy(&list.join(",")))
}

fn pairs_of(statement: &Statement) -> Vec<Statement> {
    let one = |matcher: &Matcher| -> Vec<Matcher> {
        if matcher.negated {
            return vec![matcher.clone()];
        }
        let single = |value: &String| Patterns { values: vec![value.clone()], scalar: true };
        matcher
            .patterns
            .values
            .iter()
            .map(|value| Matcher { negated: false, patterns: single(value) })
            .collect()
    };
    let actions = one(statement.action.as_ref().unwrap());
    let resources = one(statement.resource.as_ref().unwrap());
    let pair = |action: &Matcher, resource: &Matcher| Statement {
        action: Some(action.clone()),
        resource: Some(resource.clone()),
        ..statement.clone()
    };
    actions.iter().flat_map(|action| resources.iter().map(move |resource| pair(action, resource))).collect()
}

/// The claim about two policies, tested with every request of a small world.
fn attack(new: &PolicyDocument, old: &PolicyDocument) -> Result<&'static str, TestCaseError> {
    let claim = contain(&[new], &[old]);
    let broken = || {
        ACTIONS.iter().find_map(|action| {
            let action = Action::parse(action).unwrap();
            RESOURCES.iter().find_map(|resource| {
                contexts()
                    .into_iter()
                    .find(|context| {
                        allowed(new, &action, resource, context) && !allowed(old, &action, resource, context)
                    })
                    .map(|context| format!("{action} {resource} {context:?}"))
            })
        })
    };
    match claim {
        Containment::Proved { .. } => {
            prop_assert_eq!(broken(), None, "{} in {}", new.to_compact(), old.to_compact());
            Ok("proved")
        }
        Containment::Refuted(witness) => {
            prop_assert!(allowed(new, &witness.action, &witness.resource, &witness.context));
            prop_assert!(!allowed(old, &witness.action, &witness.resource, &witness.context));
            Ok("refuted")
        }
        Containment::Unknown(_) => Ok("unknown"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 8, ..ProptestConfig::default() })]

    #[test]
    fn claims_about_unrelated_policies_hold(new in random_policy(), old in random_policy()) {
        attack(&new, &old)?;
    }

    #[test]
    fn claims_about_related_policies_hold(old in random_policy(), more in random_statement(), drop in 0_usize..3) {
        // The same policy with one statement more, and with one less: answers lie close together.
        let more = policy(&more).statements.remove(0);
        let mut new = old.clone();
        new.statements.push(more);
        attack(&new, &old)?;
        attack(&old, &new)?;
        let mut less = new.clone();
        less.statements.remove(drop.min(less.statements.len() - 1));
        attack(&less, &new)?;
        attack(&new, &less)?;
    }

    #[test]
    fn the_answer_is_that_about_the_pairs(new in random_policy(), old in random_policy()) {
        // The same policy, a statement for each pair of an action and a resource.
        let mut pairs = new.clone();
        pairs.statements = new.statements.iter().flat_map(pairs_of).collect();
        let proved = |answer: &Containment| matches!(answer, Containment::Proved { .. });
        let refuted = |answer: &Containment| matches!(answer, Containment::Refuted(_));
        let (whole, apart) = (contain(&[&new], &[&old]), contain(&[&pairs], &[&old]));
        prop_assert!(!(proved(&whole) && refuted(&apart)), "{} {}", new.to_compact(), old.to_compact());
        prop_assert!(!(refuted(&whole) && proved(&apart)), "{} {}", new.to_compact(), old.to_compact());
    }

    #[test]
    fn a_policy_contains_itself(policy in random_policy()) {
        let answer = contain(&[&policy], &[&policy]);
        prop_assert!(matches!(answer, Containment::Proved { .. }), "{answer:?} {}", policy.to_compact());
    }
}
