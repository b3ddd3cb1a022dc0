//! Counts what validation says about a corpus of managed policies: one JSON object a line,
//! `{"name": …, "document": …}`. AWS accepted them all, so no error may be found.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a measuring tool, run by hand on trusted input"
)]

use trailtrim::iam::PolicyDocument;
use trailtrim::iam::json::Json;
use trailtrim::iam::validate::{PolicyType, Severity, validate_document};

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let (mut policies, mut errors, mut warnings) = (0, 0, 0);
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line = Json::parse(line).unwrap();
        let policy = PolicyDocument::from_json(line.get("document").unwrap().clone()).unwrap();
        policies += 1;
        for finding in validate_document(&policy, PolicyType::Managed) {
            let name = line.get("name").unwrap().as_str().unwrap();
            match finding.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
            println!("{:?} {name}: {finding}", finding.severity);
        }
    }
    println!("{policies} policies, {errors} errors, {warnings} warnings");
}
