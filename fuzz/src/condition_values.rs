//! Condition operators on any values: three bytes that choose the operator, then three lines: two values
//! of the policy and one of the request.

use super::draw::{Draw, lines};
use std::cmp::Ordering;
use std::net::IpAddr;
use trailtrim::iam::PolicyDocument;
use trailtrim::iam::condition::{Context, Operator, Truth, holds};
use trailtrim::iam::glob;
use trailtrim::iam::json::Json;
use trailtrim::iam::policy::{ConditionKey, ConditionOperator};
use trailtrim::iam::validate::validate_document;

/// Operators with their negations.
const PAIRS: [(&str, &str); 8] = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("ArnLike", "ArnNotLike"),
    ("ArnEquals", "ArnNotEquals"),
    ("NumericEquals", "NumericNotEquals"),
    ("DateEquals", "DateNotEquals"),
    ("IpAddress", "NotIpAddress"),
];

/// Operators without a negation.
const OTHERS: [&str; 10] = [
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
];

fn block(operator: &str, values: &[Json]) -> Vec<ConditionOperator> {
    let key = ConditionKey { key: "aws:K".to_owned(), values: values.to_vec(), scalar: false };
    vec![ConditionOperator { operator: operator.to_owned(), keys: vec![key] }]
}

fn texts(values: &[&str]) -> Vec<Json> {
    values.iter().map(|text| Json::String((*text).to_owned())).collect()
}

fn context() -> Context {
    Context::closed().with("aws:u", "u*").with_list("aws:many", ["a"])
}

/// Is the test true of a request with this one value?
fn of(operator: &str, policy: &[&str], request: &str, variables: bool) -> bool {
    match holds(&block(operator, &texts(policy)), &context().with("aws:k", request), variables) {
        Truth::Unknown(keys) => panic!("{operator} {policy:?} {request:?}: {keys:?}"),
        truth => truth.is_true(),
    }
}

/// What every operator obeys, whatever its values mean.
fn check_any(operator: &str, negated: bool, values: [&str; 3], variables: bool) {
    let [one, two, request] = values;
    let alone = of(operator, &[one], request, variables);
    let both = of(operator, &[one, two], request, variables);
    let other = of(operator, &[two], request, variables);
    assert_eq!(both, if negated { alone && other } else { alone || other }, "{operator} {values:?}");
    assert_eq!(of(&format!("{operator}IfExists"), &[one], request, variables), alone);
    let list = context().with_list("aws:k", [request]);
    // A value that names its own key says something else when the key has many values: a variable has one.
    let sets: &[&str] =
        if one.to_lowercase().contains("aws:k") { &[] } else { &["ForAllValues:", "ForAnyValue:"] };
    for set in sets {
        let found = holds(&block(&format!("{set}{operator}"), &texts(&[one])), &list, variables);
        assert_eq!(found, Truth::from(alone), "{set}{operator} {values:?}");
    }
    // Without the key, and without knowledge about it.
    let absent = holds(&block(operator, &texts(&[one])), &context(), variables);
    assert_eq!(absent, Truth::from(negated));
    let mut open = context();
    open.set_unknown("aws:k");
    let unknown = holds(&block(operator, &texts(&[one])), &open, variables);
    assert_eq!(unknown, Truth::Unknown(vec!["aws:k".to_owned()]));
    // What is said without the variables holds with them.
    let open = Context::open().with("aws:k", request);
    match holds(&block(operator, &texts(&[one])), &open, variables) {
        Truth::Unknown(_) => assert!(variables && one.contains("${"), "{operator} {values:?}"),
        truth => assert_eq!(truth, Truth::from(alone), "{operator} {values:?}"),
    }
    // A bare number means its digits.
    if let Ok(number @ Json::Number(_)) = Json::parse(one) {
        let found = holds(&block(operator, &[number]), &context().with("aws:k", request), variables);
        assert_eq!(
            found,
            Truth::from(of(operator, &[one.trim()], request, variables)),
            "{operator} {values:?}"
        );
    }
}

/// `Numeric` and `Date`: an order, or no order at all.
fn check_order(kind: &str, one: &str, request: &str) -> Option<Ordering> {
    let is = |relation: &str| of(&format!("{kind}{relation}"), &[one], request, false);
    let found = [is("LessThan"), is("Equals"), is("GreaterThan")];
    assert_eq!(is("LessThanEquals"), found[0] || found[1]);
    assert_eq!(is("GreaterThanEquals"), found[2] || found[1]);
    let known = is("Equals") || is("NotEquals");
    assert_eq!(found.iter().filter(|one| **one).count(), usize::from(known), "{kind} {one:?} {request:?}");
    let order = [Ordering::Less, Ordering::Equal, Ordering::Greater];
    order.into_iter().zip(found).find(|(_, found)| *found).map(|(order, _)| order)
}

fn check_numbers([one, two, request]: [&str; 3]) {
    let plain = |text: &str| text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    if let (Some(left), Some(right)) = (plain(request), plain(one)) {
        assert_eq!(check_order("Numeric", one, request), Some(left.cmp(&right)));
    }
    for kind in ["Numeric", "Date"] {
        let (first, second, third) =
            (check_order(kind, one, request), check_order(kind, two, one), check_order(kind, two, request));
        assert_eq!(first.map(Ordering::reverse), check_order(kind, request, one));
        if let (Some(first), Some(second)) = (first, second)
            && (first == second || second.is_eq())
        {
            assert_eq!(third, Some(first), "{kind} {request:?} {one:?} {two:?}");
        }
    }
}

fn check_addresses(network: &str, request: &str) {
    let found = of("IpAddress", &[network], request, false);
    let Ok(address) = request.parse::<IpAddr>() else { return };
    let (base, bits) = network.split_once('/').unwrap_or((network, ""));
    let Ok(base) = base.parse::<IpAddr>() else { return assert!(!found) };
    let full = if base.is_ipv4() { 32 } else { 128 };
    let bits = if !network.contains('/') {
        full
    } else if bits == "0" || (bits.parse::<u8>().is_ok() && !bits.starts_with(['0', '+'])) {
        bits.parse::<u32>().unwrap()
    } else {
        return;
    };
    let expect = bits <= full
        && match (base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                (u64::from(u32::from(base)) >> (32 - bits)) == (u64::from(u32::from(address)) >> (32 - bits))
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let high = |address: u128| if bits == 0 { 0 } else { address >> (128 - bits) };
                high(base.into()) == high(address.into())
            }
            _ => false,
        };
    assert_eq!(found, expect, "{network:?} {request:?}");
}

fn check_text(one: &str, request: &str) {
    assert_eq!(of("StringEquals", &[one], request, false), one == request);
    assert_eq!(of("StringLike", &[one], request, false), glob::matches(one, request));
    let caseless = |a: &str, b: &str| of("StringEqualsIgnoreCase", &[a], b, false);
    assert_eq!(caseless(one, request), caseless(request, one));
    if one.is_ascii() && request.is_ascii() {
        assert_eq!(caseless(one, request), one.eq_ignore_ascii_case(request));
    }
    let arn = of("ArnLike", &[one], request, false);
    assert!(!arn || glob::matches(one, request), "{one:?} {request:?}");
}

/// Laws of the operators, and simple references where there are any.
pub fn run(data: &[u8]) {
    let (choice, rest) = data.split_at(data.len().min(3));
    let mut draw = Draw::new(choice);
    let lines = lines::<3>(rest);
    let [one, two, request] = lines.each_ref().map(String::as_str);
    let variables = !draw.one_in(4);
    let (positive, negative) = PAIRS[draw.below(PAIRS.len())];
    let values = [one, two, request];
    check_any(positive, false, values, variables);
    check_any(negative, true, values, variables);
    check_any(OTHERS[draw.below(OTHERS.len())], false, values, variables);
    let (yes, no) = (of(positive, &[one], request, variables), of(negative, &[one], request, variables));
    assert!(!(yes && no), "{positive} {values:?}");
    assert!(yes || no || !positive.starts_with("String"), "{positive} {values:?}");
    check_numbers(values);
    check_addresses(one, request);
    check_text(one, request);
    // Any name of an operator, any value: nothing panics, and print keeps it.
    Operator::parse(two);
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": { positive: { "aws:k": [one, two] }, two: { request: one } } }],
    });
    let Ok(document) = PolicyDocument::parse(&policy.to_string()) else { return };
    for kind in super::policy_parser::TYPES {
        validate_document(&document, kind);
    }
}
