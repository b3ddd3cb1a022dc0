//! The published schema describes what is printed: a small validator for the keywords that it uses.

use crate::run::{Folder, root, trailtrim};
use serde_json::Value;
use std::fs;

fn check(value: &Value, schema: &Value, whole: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/$defs/").unwrap();
        let target = &whole["$defs"][name];
        assert!(target.is_object(), "the schema lacks `{name}`");
        return check(value, target, whole, at, faults);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = |choice: &Value| {
            let mut own = Vec::new();
            check(value, choice, whole, at, &mut own);
            own.is_empty()
        };
        if !choices.iter().any(fits) {
            check(value, &choices[0], whole, at, faults);
        }
        return;
    }
    let known = [
        "$schema",
        "title",
        "description",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "$defs",
    ];
    for keyword in schema.as_object().unwrap().keys() {
        assert!(known.contains(&keyword.as_str()), "the validator does not know `{keyword}`");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => vec![kind],
    };
    if !types.contains(&kind) {
        faults.push(format!("{at} is {kind}"));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        faults.push(format!("{at} is {value}"));
    }
    if schema.get("const").is_some_and(|one| one != value) {
        faults.push(format!("{at} is {value}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(item, &schema["items"], whole, &format!("{at}[{index}]"), faults);
    }
    members(value, schema, whole, at, faults);
}

fn members(value: &Value, schema: &Value, whole: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(members) = value.as_object() else { return };
    for (key, member) in members {
        let place = format!("{at}.{key}");
        match (schema["properties"].get(key), &schema["additionalProperties"]) {
            (Some(one), _) => check(member, one, whole, &place, faults),
            (None, Value::Object(_)) => check(member, &schema["additionalProperties"], whole, &place, faults),
            (None, Value::Bool(false)) => faults.push(format!("{place} is not in the schema")),
            (None, _) => {}
        }
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(key) {
            faults.push(format!("{at}.{key} is missing"));
        }
    }
}

#[test]
fn the_samples_review_fits_the_schema() {
    let text = fs::read_to_string(root().join("docs/schemas/review.v1.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let grants = "sample-logs/iam/account-authorization-details.json";
    let folder = Folder::new();
    let exclusions = folder.file(
        "x.toml",
        "[[exclusion]]\nowner = \"o\"\nreason = \"r\"\nexpires = 2020-01-01\nactions = [\"s3:*\"]\n",
    );
    for more in [
        &["--format", "json", "--exclusions", &exclusions][..],
        &["--format", "json"],
        &["--format", "json", "--from", "2026-10-25"],
        &["--format", "json", "--to", "2020-01-01"],
    ] {
        let ran = trailtrim(&[&["review", "sample-logs", "--grants", grants][..], more].concat());
        let review: Value = serde_json::from_str(&ran.stdout).unwrap();
        let mut faults = Vec::new();
        check(&review, &schema, &schema, "$", &mut faults);
        assert_eq!(faults, Vec::<String>::new(), "{more:?}");
    }
}

#[test]
fn the_samples_certificates_fit_the_schema() {
    let text = fs::read_to_string(root().join("docs/schemas/certificate.v1.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let folder = Folder::new();
    let grants = "sample-logs/iam/account-authorization-details.json";
    trailtrim(&["review", "sample-logs", "--grants", grants, "--quiet", "-o", &folder.path("review")]);
    let ran = trailtrim(&["review", "sample-logs", "--grants", grants, "--quiet", "--format", "json"]);
    let review: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut certificates = 0;
    for principal in review["principals"].as_array().unwrap() {
        for policy in principal["policies"].as_array().unwrap() {
            let Some(file) = policy["recommendation"]["certificate"].as_str() else { continue };
            let text = fs::read_to_string(folder.path(&format!("review/{file}"))).unwrap();
            let mut faults = Vec::new();
            check(&serde_json::from_str(&text).unwrap(), &schema, &schema, "$", &mut faults);
            assert_eq!(faults, Vec::<String>::new(), "{file}");
            certificates += 1;
        }
    }
    assert!(certificates >= 10, "{certificates}");
}
