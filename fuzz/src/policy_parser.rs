//! Policy texts: parsing, validation for every use, and the round trip through print.

use serde_json::Value;
use trailtrim::iam::PolicyDocument;
use trailtrim::iam::json::Json;
use trailtrim::iam::validate::{PolicyType, Severity, validate, validate_document};

/// Every use of a policy.
pub const TYPES: [PolicyType; 8] = [
    PolicyType::Managed,
    PolicyType::Inline,
    PolicyType::Session,
    PolicyType::Trust,
    PolicyType::Resource,
    PolicyType::VpcEndpoint,
    PolicyType::ServiceControl,
    PolicyType::ResourceControl,
];

/// Do both parsers read the same? Numbers are not compared: the other one rounds them.
fn same(own: &Json, other: &Value) -> bool {
    match (own, other) {
        (Json::Null, Value::Null) | (Json::Number(_), Value::Number(_)) => true,
        (Json::Bool(own), Value::Bool(other)) => own == other,
        (Json::String(own), Value::String(other)) => own == other,
        (Json::Array(own), Value::Array(other)) => {
            own.len() == other.len() && own.iter().zip(other).all(|(own, other)| same(own, other))
        }
        (Json::Object(own), Value::Object(other)) => {
            own.len() == other.len()
                && own.iter().zip(other).all(|((key, own), (name, other))| key == name && same(own, other))
        }
        _ => false,
    }
}

fn check_json(text: &str) {
    let other = serde_json::from_str::<Value>(text);
    match (Json::parse(text), other) {
        (Ok(own), Ok(other)) => assert!(same(&own, &other), "{own:?} {other:?}"),
        // What only the other one refuses: numbers that it cannot hold.
        (Ok(_), Err(error)) => assert!(error.to_string().contains("out of range"), "{error}"),
        // What only this one refuses: one key twice.
        (Err(error), Ok(_)) => assert!(error.to_string().contains("appears twice"), "{error}"),
        (Err(_), Err(_)) => {}
    }
}

/// Nothing panics, both JSON parsers agree, and what is printed means what was read.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check_json(&text);
    let findings = TYPES.map(|kind| validate(&text, kind));
    let Ok(policy) = PolicyDocument::parse(&text) else {
        assert!(findings.iter().all(|found| found.iter().any(|one| one.severity == Severity::Error)));
        return;
    };
    for kind in TYPES {
        validate_document(&policy, kind);
    }
    let (compact, pretty) = (policy.to_compact(), policy.to_pretty());
    for printed in [&compact, &pretty] {
        let again = PolicyDocument::parse(printed).unwrap();
        assert_eq!(again, policy, "{printed}");
        assert_eq!((&again.to_compact(), &again.to_pretty()), (&compact, &pretty));
    }
}
