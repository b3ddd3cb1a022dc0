//! Layers and special rules that the conformance cases do not reach, and the reasons that come with a decision.

use trailtrim::iam::condition::Context;
use trailtrim::iam::evaluate::{Decision, Evaluation, Layer, Policies, Request, evaluate};
use trailtrim::iam::{AccountId, Action, PolicyDocument};

const USER: &str = "arn:aws:iam::111122223333:user/Ana";
const ROLE: &str = "arn:aws:iam::111122223333:role/Worker";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Worker/run1";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const OBJECT: &str = "arn:aws:s3:::b/x";

fn doc(statements: &str) -> PolicyDocument {
    PolicyDocument::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn all() -> PolicyDocument {
    doc(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
}

fn granted(principal: &str) -> PolicyDocument {
    doc(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"*","Resource":"*"}}"#))
}

fn denied(principal: &str) -> PolicyDocument {
    doc(&format!(r#"{{"Effect":"Deny","Principal":{principal},"Action":"*","Resource":"*"}}"#))
}

fn nothing() -> PolicyDocument {
    doc(r#"{"Effect":"Allow","Action":"nosuch:Thing","Resource":"*"}"#)
}

fn ask(principal: &str, action: &str, resource: &str, policies: &Policies<'_>) -> Evaluation {
    ask_with(principal, (action, resource), &Context::closed(), policies)
}

fn ask_with(
    principal: &str,
    (action, resource): (&str, &str),
    context: &Context,
    policies: &Policies<'_>,
) -> Evaluation {
    let action = Action::parse(action).unwrap();
    let owner = AccountId::parse("111122223333");
    evaluate(&Request { principal, action: &action, resource, resource_account: owner, context }, policies)
}

fn check(principal: &str, action: &str, resource: &str, policies: &Policies<'_>, expect: &Decision) {
    let found = ask(principal, action, resource, policies).decision;
    assert_eq!(found, *expect, "{principal} {action} {resource} {policies:?}");
}

use Decision::{Allowed, ExplicitlyDenied, ImplicitlyDenied};

#[test]
fn callers_without_identity_policies() {
    let (star, account, service) = (
        granted(r#""*""#),
        granted(r#"{"AWS":"111122223333"}"#),
        granted(r#"{"Service":"ec2.amazonaws.com"}"#),
    );
    let on = |policy| Policies { resource: Some(policy), ..Policies::default() };
    check("*", "s3:GetObject", OBJECT, &on(&star), &Allowed);
    check("*", "s3:GetObject", OBJECT, &on(&account), &ImplicitlyDenied);
    check("*", "s3:GetObject", OBJECT, &Policies::default(), &ImplicitlyDenied);
    check("ec2.amazonaws.com", "s3:GetObject", OBJECT, &on(&service), &Allowed);
    check("ecs.amazonaws.com", "s3:GetObject", OBJECT, &on(&service), &ImplicitlyDenied);
    check(ROOT, "s3:GetObject", OBJECT, &Policies::default(), &Allowed);
    let deny = denied(r#"{"AWS":"111122223333"}"#);
    check(ROOT, "s3:GetObject", OBJECT, &on(&deny), &ExplicitlyDenied);
    check(SESSION, "s3:GetObject", OBJECT, &on(&deny), &ExplicitlyDenied);
}

#[test]
fn organizations_bind_members_only() {
    let (allow, none) = (all(), nothing());
    let identity = [&allow];
    let levels = [vec![&allow], vec![&none]];
    let bound = Policies { identity: &identity, scps: &levels, ..Policies::default() };
    check(USER, "s3:GetObject", OBJECT, &bound, &ImplicitlyDenied);
    check(ROOT, "s3:GetObject", OBJECT, &bound, &ImplicitlyDenied);
    let management = AccountId::parse("111122223333");
    let free = Policies { management_account: management, ..bound };
    check(USER, "s3:GetObject", OBJECT, &free, &Allowed);
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    check(linked, "s3:GetObject", OBJECT, &bound, &Allowed);
    let linked = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForX/x";
    check(linked, "s3:GetObject", OBJECT, &bound, &Allowed);
    let deny = denied(r#""*""#);
    let rcps = [vec![&deny]];
    let bound = Policies { identity: &identity, rcps: &rcps, ..Policies::default() };
    check(USER, "s3:GetObject", OBJECT, &bound, &ExplicitlyDenied);
    check(linked, "s3:GetObject", OBJECT, &bound, &Allowed);
    check(USER, "s3:GetObject", OBJECT, &Policies { management_account: management, ..bound }, &Allowed);
    let star = granted(r#""*""#);
    let bound = Policies { resource: Some(&star), rcps: &rcps, ..Policies::default() };
    check("*", "s3:GetObject", OBJECT, &bound, &ExplicitlyDenied);
}

#[test]
fn endpoints_must_allow() {
    let (allow, star, none) = (all(), granted(r#""*""#), granted(r#"{"AWS":"444455556666"}"#));
    let identity = [&allow];
    let through =
        |endpoint| Policies { identity: &identity, vpc_endpoint: Some(endpoint), ..Policies::default() };
    check(USER, "s3:GetObject", OBJECT, &through(&star), &Allowed);
    check(USER, "s3:GetObject", OBJECT, &through(&none), &ImplicitlyDenied);
}

#[test]
fn what_aws_owns_stays_as_it_is() {
    let allow = all();
    let identity = [&allow];
    let policies = Policies { identity: &identity, ..Policies::default() };
    check(USER, "iam:DeletePolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", &policies, &ExplicitlyDenied);
    check(USER, "iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", &policies, &Allowed);
    let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/X";
    check(USER, "iam:DeleteRole", reserved, &policies, &ExplicitlyDenied);
    check(USER, "iam:GetRole", reserved, &policies, &Allowed);
    check(
        USER,
        "kms:UpdateAlias",
        "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
        &policies,
        &ExplicitlyDenied,
    );
}

#[test]
fn nonsense_and_silence_stay_open() {
    let allow = all();
    let identity = [&allow];
    let documents = [&allow];
    let user_session = Policies { identity: &identity, session: Some(&documents), ..Policies::default() };
    assert!(matches!(ask(USER, "s3:GetObject", OBJECT, &user_session).decision, Decision::Depends(_)));
    let unseen = Policies { identity: &identity, resource_policy_unknown: true, ..Policies::default() };
    let expect = Decision::Depends(vec!["the resource's policy".to_owned()]);
    assert_eq!(ask(USER, "s3:GetObject", OBJECT, &unseen).decision, expect);
    let limited = doc(
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}"#,
    );
    let identity = [&limited];
    let policies = Policies { identity: &identity, ..Policies::default() };
    let context = Context::open().with("aws:sourceip", "10.1.2.3");
    let found = ask_with(USER, ("s3:GetObject", OBJECT), &context, &policies).decision;
    assert_eq!(found, Decision::Depends(vec!["aws:securetransport".to_owned()]));
    let context = Context::open().with("aws:sourceip", "11.1.2.3");
    assert_eq!(ask_with(USER, ("s3:GetObject", OBJECT), &context, &policies).decision, ImplicitlyDenied);
}

#[test]
fn a_decision_names_its_statements_and_its_silent_layers() {
    let (allow, none) = (all(), nothing());
    let identity = [&none, &allow];
    let policies = Policies { identity: &identity, boundary: Some(&none), ..Policies::default() };
    let found = ask(USER, "s3:GetObject", OBJECT, &policies);
    assert_eq!(found.silent, [Layer::Boundary]);
    let found = ask(USER, "s3:GetObject", OBJECT, &Policies { identity: &identity, ..Policies::default() });
    let places: Vec<_> = found.deciding.iter().map(|at| (at.layer, at.policy, at.statement)).collect();
    assert_eq!(places, [(Layer::Identity, 1, 0)]);
}

/// The disputed points that a decision rests on.
fn rests(
    principal: &str,
    context: &Context,
    policies: &Policies<'_>,
    (decision, points): (&Decision, &[&str]),
) {
    let found = ask_with(principal, ("s3:GetObject", OBJECT), context, policies);
    assert_eq!((&found.decision, &found.rests_on[..]), (decision, points), "{policies:?}");
}

#[test]
fn decisions_say_on_what_they_rest() {
    let closed = Context::closed();
    let none = nothing();
    let documents = [&none];
    let to_session = granted(&format!(r#"{{"AWS":"{SESSION}"}}"#));
    let policies = Policies { resource: Some(&to_session), session: Some(&documents), ..Policies::default() };
    rests(SESSION, &closed, &policies, (&Allowed, &["session-arn-beats-session-policy"]));
    let to_role = granted(&format!(r#"{{"AWS":"{ROLE}"}}"#));
    let policies = Policies { resource: Some(&to_role), boundary: Some(&none), ..Policies::default() };
    rests(ROLE, &closed, &policies, (&ImplicitlyDenied, &["role-itself-limited"]));
    rests(SESSION, &closed, &policies, (&ImplicitlyDenied, &[]));
    let account = granted(r#"{"AWS":"111122223333"}"#);
    let policies = Policies { resource: Some(&account), ..Policies::default() };
    rests("*", &closed, &policies, (&ImplicitlyDenied, &["anonymous-no-account"]));
    let on = |condition: &str, context: &Context, decision: &Decision, point: &[&str]| {
        let policy =
            doc(&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#));
        let identity = [&policy];
        rests(USER, context, &Policies { identity: &identity, ..Policies::default() }, (decision, point));
    };
    let with = |value: &str| Context::closed().with("aws:k", value);
    on(
        r#"{"StringNotEquals":{"aws:k":"${aws:none}"}}"#,
        &with("x"),
        &Allowed,
        &["unresolved-variable-negated"],
    );
    on(r#"{"NumericNotEquals":{"aws:k":"1"}}"#, &with("x"), &ImplicitlyDenied, &["malformed-value-negated"]);
    on(r#"{"Null":{"aws:k":"true"}}"#, &with(""), &ImplicitlyDenied, &["empty-string-is-present"]);
    let list = Context::closed().with_list("aws:k", ["x"]);
    on(r#"{"StringEquals":{"aws:k":"x"}}"#, &list, &ImplicitlyDenied, &["list-under-plain-operator"]);
    on(
        r#"{"ForAnyValue:StringEqualsIfExists":{"aws:k":"x"}}"#,
        &closed,
        &Allowed,
        &["any-value-if-exists-absent"],
    );
    on(r#"{"ForAnyValue:Null":{"aws:k":"true"}}"#, &closed, &Allowed, &["null-under-set-operator"]);
    on(
        r#"{"DateLessThan":{"aws:k":"2020-01-01"}}"#,
        &with("1561987215000"),
        &ImplicitlyDenied,
        &["epoch-seconds"],
    );
    on(
        r#"{"StringLike":{"aws:k":"${aws:l}"}}"#,
        &with("x").with("aws:l", "*"),
        &ImplicitlyDenied,
        &["variable-value-literal"],
    );
    let patterns = |element: &str, value: &str, decision: &Decision, point: &[&str]| {
        let policy = doc(&format!(r#"{{"Effect":"Allow","Action":"*","{element}":"{value}"}}"#));
        let identity = [&policy];
        let policies = Policies { identity: &identity, ..Policies::default() };
        let found = ask(USER, "ec2:X", "arn:aws:ec2:eu:1:instance/i:2:x", &policies);
        assert_eq!((&found.decision, &found.rests_on[..]), (decision, point), "{value}");
    };
    patterns("Resource", "arn:aws:ec2:*:*:*/*", &Allowed, &["resource-type-wildcard"]);
    patterns("Resource", "arn:aws:ec2:*:2:x", &Allowed, &["star-crosses-colon"]);
    patterns("NotResource", "arn:aws:ec2:*:*:${aws:none}", &ImplicitlyDenied, &["unusable-not-resource"]);
    patterns("Resource", "arn:aws:ec2:*:*:instance/*", &Allowed, &[]);
    let policy = doc(r#"{"Effect":"Allow","Action":"s*:*","Resource":"*"}"#);
    let identity = [&policy];
    rests(
        USER,
        &closed,
        &Policies { identity: &identity, ..Policies::default() },
        (&ImplicitlyDenied, &["service-wildcard"]),
    );
}
