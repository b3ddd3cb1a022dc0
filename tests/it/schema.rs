//! The published schema describes what is printed: a small validator for the keywords that it uses.

use crate::run::{Folder, root, trailtrim};
use crate::signed_trail;
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

/// What is printed fits the schema.
#[track_caller]
pub(crate) fn fits(schema: &str, printed: &Value) {
    let text = fs::read_to_string(root().join("docs/schemas").join(schema)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let mut faults = Vec::new();
    check(printed, &schema, &schema, "$", &mut faults);
    assert_eq!(faults, Vec::<String>::new());
}

/// Runs the program with each of the arguments; what it prints fits the schema.
#[track_caller]
fn prints(schema: &str, command: &[&str], variants: &[&[&str]]) {
    for more in variants {
        let ran = trailtrim(&[command, &["--format", "json"], more].concat());
        let printed: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        println!("{command:?} {more:?}");
        fits(schema, &printed);
    }
}

#[test]
fn the_samples_review_fits_the_schema() {
    let grants = "sample-logs/iam/account-authorization-details.json";
    let folder = Folder::new();
    let exclusions = folder.file(
        "x.toml",
        "[[exclusion]]\nowner = \"o\"\nreason = \"r\"\nexpires = 2020-01-01\nactions = [\"s3:*\"]\n",
    );
    prints(
        "review.v1.json",
        &["review", "sample-logs", "--grants", grants],
        &[&["--exclusions", &exclusions], &[], &["--from", "2026-10-25"], &["--to", "2020-01-01"]],
    );
}

#[test]
fn a_validation_fits_the_schema() {
    let (folder, key) = signed_trail::trail();
    fs::remove_file(folder.0.join(signed_trail::digest_object(1, ""))).unwrap();
    signed_trail::digest(&folder, &key, 9, "", None);
    let (root, keys) = (folder.0.to_str().unwrap(), folder.path("keys.json"));
    prints(
        "validation.v1.json",
        &["validate-logs", root],
        &[&[], &["--public-keys", &keys, "--from", "2026-10-01"]],
    );
    prints("validation.v1.json", &["validate-logs", "sample-logs"], &[&[]]);
}

#[test]
fn coverage_fits_the_schema() {
    prints(
        "coverage.v1.json",
        &["coverage", "sample-logs"],
        &[&[], &["--from", "2026-06-01"], &["--to", "2020-01-01"]],
    );
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
