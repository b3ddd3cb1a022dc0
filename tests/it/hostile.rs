//! Policies far beyond the quotas, made to take long: every question about them comes to an end, with an
//! answer or with a reason why there is none. Nothing here looks at a clock: without the limits, these
//! tests would run for minutes or fill the memory.

use trailtrim::iam::compiled::CompiledPolicies;
use trailtrim::iam::condition::{Context, Truth};
use trailtrim::iam::contain::{Containment, contain, diff};
use trailtrim::iam::evaluate::{Decision, Request, evaluate_identity, statement_applies};
use trailtrim::iam::validate::{PolicyType, validate_document};
use trailtrim::iam::{Action, PolicyDocument};

fn policy(statements: &[String]) -> PolicyDocument {
    PolicyDocument::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(",")))
        .unwrap()
}

fn list(count: usize, one: impl Fn(usize) -> String) -> String {
    let all: Vec<String> = (0..count).map(|at| format!("\"{}\"", one(at))).collect();
    format!("[{}]", all.join(","))
}

fn allow(actions: &str, resources: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":{resources}}}"#)
}

fn allow_if(operator: &str, tests: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{{tests}}}}}}}"#)
}

/// A new policy and an old one that are alike in everything but what makes comparing them expensive.
fn pairs() -> Vec<(&'static str, PolicyDocument, PolicyDocument)> {
    let each = |one: &dyn Fn(usize) -> String| policy(&(0..3_000).map(one).collect::<Vec<_>>());
    let stars = "*a".repeat(50_000);
    let tests = |value: &str| {
        let all: Vec<String> = (0..3_000).map(|at| format!(r#""aws:k{at}":{value}"#)).collect();
        all.join(",")
    };
    let values = |letter: &str| format!(r#""aws:k":{}"#, list(10_000, |at| format!("*{letter}{at}*")));
    let numbers =
        |digit: &str| format!(r#""aws:k":{}"#, list(30, |at| digit.repeat(5_000) + &at.to_string()));
    let resource =
        |tail: &str| list(3_000, |at| format!("arn:aws:s3:::{tail}").replace('#', &at.to_string()));
    vec![
        (
            "many statements",
            each(&|at| allow(&format!("\"a:x{at}\""), &format!("\"arn:aws:s3:::b{at}/*\""))),
            each(&|at| allow(&format!("\"a:x{at}*\""), &format!("\"arn:aws:s3:::b{at}*\""))),
        ),
        (
            "many statements that start with a star",
            each(&|at| allow(&format!("\"a:*x{at}\""), &format!("\"arn:aws:s3:::*b{at}/*\""))),
            each(&|at| allow(&format!("\"a:*y{at}*\""), &format!("\"arn:aws:s3:::*c{at}*\""))),
        ),
        (
            "long runs of stars",
            policy(&[allow(&format!("\"s3:{stars}\""), &format!("\"arn:aws:s3:::{stars}\""))]),
            policy(&[allow(&format!("\"s3:{stars}b\""), &format!("\"arn:aws:s3:::{stars}b\""))]),
        ),
        (
            "long literals",
            policy(&[allow("\"*\"", &resource(&format!("*{}#", "a".repeat(80))))]),
            policy(&[allow("\"*\"", &resource(&format!("*{}b*#", "a".repeat(80))))]),
        ),
        (
            "variables",
            policy(&[allow("\"*\"", &resource("${aws:k#}*${aws:j}"))]),
            policy(&[allow("\"*\"", &resource("*${aws:k#}${aws:j}"))]),
        ),
        (
            "many values",
            policy(&[allow_if("StringLike", &values("a"))]),
            policy(&[allow_if("StringLike", &values("b"))]),
        ),
        (
            "many keys",
            policy(&[allow_if("StringLike", &tests("\"*a\""))]),
            policy(&[allow_if("StringLike", &tests("[\"*a\",\"*b\"]"))]),
        ),
        (
            "long numbers",
            policy(&[allow_if("NumericLessThan", &numbers("1"))]),
            policy(&[allow_if("NumericGreaterThan", &numbers("2"))]),
        ),
    ]
}

#[test]
fn containment_comes_to_an_end() {
    for (name, new, old) in pairs() {
        println!("{name}");
        for (new, old) in [(&new, &old), (&old, &new), (&new, &new)] {
            match contain(&[new], &[old]) {
                Containment::Unknown(reason) => assert!(reason.contains("too "), "{name}: {reason}"),
                Containment::Proved { .. } | Containment::Refuted(_) => {}
            }
        }
    }
}

#[test]
fn what_is_too_big_to_compare_is_said() {
    let all = pairs();
    let find = |wanted: &str| all.iter().find(|(name, ..)| *name == wanted).unwrap();
    for name in ["long literals", "long runs of stars"] {
        let (_, new, old) = find(name);
        let expect = Containment::Unknown("the policies are too big to be compared".to_owned());
        assert_eq!(contain(&[new], &[old]), expect, "{name}");
    }
}

#[test]
fn differences_come_to_an_end() {
    // Ten thousand actions on ten thousand resources would be a hundred million cells.
    let wide = |letter: &str| {
        policy(&[allow(
            &list(10_000, |at| format!("a:{letter}{at}")),
            &list(10_000, |at| format!("arn:aws:s3:::{letter}{at}")),
        )])
    };
    assert_eq!(diff(&[&wide("x")], &[&wide("y")]), None);
    let (_, new, old) = pairs().remove(0);
    assert!(diff(&[&new], &[&old]).is_some());
}

#[test]
fn evaluation_comes_to_an_end() {
    let action = Action::parse("s3:GetObject").unwrap();
    let (long, short) = (format!("arn:aws:s3:::b/{}:x", "a".repeat(4_000)), "arn:aws:s3:::b/a");
    let context = Context::closed().with("aws:k", "a".repeat(20_000));
    let closed = Context::closed();
    let reason = "policies too big to be evaluated".to_owned();
    for (name, new, _) in pairs() {
        println!("{name}");
        let policies = CompiledPolicies::new(&[&new]);
        for (resource, context) in [(short, &closed), (&*long, &closed), (short, &context)] {
            let request = Request {
                principal: "arn:aws:iam::111122223333:role/r",
                action: &action,
                resource,
                resource_account: None,
                context,
            };
            let found = evaluate_identity(&request, &[&new]);
            assert_eq!(policies.evaluate(&request), found);
            let too_big = found.decision == Decision::Depends(vec![reason.clone()]);
            // Everything is evaluated against a usual request, and nothing against a hostile one.
            assert!(!too_big || resource != short || context != &closed, "{name}");
            let applying = policies.applying(&request);
            assert!(!too_big || applying.iter().all(|one| one.truth == Truth::unknown(&reason)), "{name}");
            for statement in new.statements.iter().take(2) {
                statement_applies(&request, statement, None);
            }
        }
    }
    let (_, new, _) = pairs().remove(2);
    let request = Request {
        principal: "*",
        action: &action,
        resource: &long,
        resource_account: None,
        context: &closed,
    };
    assert_eq!(evaluate_identity(&request, &[&new]).decision, Decision::Depends(vec![reason.clone()]));
    assert_eq!(statement_applies(&request, &new.statements[0], None), Truth::unknown(&reason));
}

#[test]
fn validation_comes_to_an_end() {
    for (name, new, _) in pairs() {
        assert!(validate_document(&new, PolicyType::Managed).len() <= 1_000, "{name}");
    }
}
