//! What verifications found: lines for people, SARIF for programs.

use super::escape;
use crate::drift::Severity;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What can be the matter with a policy that is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// AWS would not accept the policy.
    InvalidPolicy,
    /// AWS accepts it, but it does not do what it seems to.
    PolicyWarning,
    /// It allows something that the old policies do not.
    NotContained,
    /// Whether it does is not known.
    ContainmentUnknown,
    /// A call that was made would be refused.
    CallBroken,
    /// Whether a call would be allowed is not known.
    CallUndecided,
    /// A certificate does not say what is so.
    CertificateWrong,
    /// An input is not the one that a certificate was made from.
    InputChanged,
    /// A call was refused that the policy allowed before it was trimmed.
    RefusedSinceTrim,
}

impl Rule {
    /// All rules, in the order of their declaration.
    pub const ALL: [Self; 9] = [
        Self::InvalidPolicy,
        Self::PolicyWarning,
        Self::NotContained,
        Self::ContainmentUnknown,
        Self::CallBroken,
        Self::CallUndecided,
        Self::CertificateWrong,
        Self::InputChanged,
        Self::RefusedSinceTrim,
    ];

    /// The rule's id.
    pub fn id(self) -> &'static str {
        match self {
            Self::InvalidPolicy => "invalid-policy",
            Self::PolicyWarning => "policy-warning",
            Self::NotContained => "not-contained",
            Self::ContainmentUnknown => "containment-unknown",
            Self::CallBroken => "call-broken",
            Self::CallUndecided => "call-undecided",
            Self::CertificateWrong => "certificate-wrong",
            Self::InputChanged => "input-changed",
            Self::RefusedSinceTrim => "refused-since-trim",
        }
    }

    /// What it means, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::InvalidPolicy => "AWS would not accept the policy.",
            Self::PolicyWarning => "AWS accepts the policy, but it does not do what it seems to.",
            Self::NotContained => "The policy allows a request that the old policies do not allow.",
            Self::ContainmentUnknown => "Whether the policy allows something new could not be decided.",
            Self::CallBroken => "A call in the logs would be refused by the policy.",
            Self::CallUndecided => "The logs do not tell whether a call would be allowed by the policy.",
            Self::CertificateWrong => "The certificate does not say what is so.",
            Self::InputChanged => "An input is not the one from which the certificate was made.",
            Self::RefusedSinceTrim => "A call was refused that the policy allowed before it was trimmed.",
        }
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::InvalidPolicy
            | Self::NotContained
            | Self::CallBroken
            | Self::CertificateWrong
            | Self::RefusedSinceTrim => Severity::High,
            Self::ContainmentUnknown => Severity::Medium,
            Self::PolicyWarning | Self::CallUndecided | Self::InputChanged => Severity::Low,
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What kind.
    pub rule: Rule,
    /// The file that it is about.
    pub file: String,
    /// What exactly, in one line.
    pub message: String,
}

/// What was verified, in sentences, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// What was shown to be so.
    pub passed: Vec<String>,
    /// What is the matter.
    pub found: Vec<Check>,
    /// More to read: policies and commands, printed last as they are.
    pub appendix: String,
}

impl Checks {
    /// Notes something that is so.
    pub fn pass(&mut self, sentence: impl Into<String>) {
        self.passed.push(sentence.into());
    }

    /// Notes something that is the matter.
    pub fn add(&mut self, rule: Rule, file: impl Into<String>, message: impl Into<String>) {
        self.found.push(Check { rule, file: file.into(), message: message.into() });
    }

    /// Is anything as bad as this, or worse?
    pub fn reach(&self, severity: Severity) -> bool {
        self.found.iter().any(|one| one.rule.severity() >= severity)
    }
}

/// For the terminal: a line for each. Ends with a newline when there is anything.
pub fn text(checks: &Checks) -> String {
    let mut out = String::new();
    for sentence in &checks.passed {
        let _ = writeln!(out, "{}", escape::terminal(sentence));
    }
    for one in &checks.found {
        let line = if one.file.is_empty() {
            format!("{}: {}", one.rule.id(), one.message)
        } else {
            format!("{}: {}: {}", one.rule.id(), one.file, one.message)
        };
        let _ = writeln!(out, "{}", escape::terminal(&line));
    }
    out.push_str(&checks.appendix);
    out
}

/// SARIF 2.1.0 (OASIS standard of 2020), which code hosts show beside a change.
pub fn sarif(checks: &Checks) -> String {
    let places: BTreeMap<Rule, usize> =
        Rule::ALL.into_iter().enumerate().map(|(index, rule)| (rule, index)).collect();
    let rules = Rule::ALL.map(|rule| {
        json!({
            "id": rule.id(),
            "shortDescription": {"text": rule.meaning()},
            "defaultConfiguration": {"level": level(rule)},
        })
    });
    let result = |one: &Check| -> Value {
        let location = json!([{"physicalLocation": {
            "artifactLocation": {"uri": uri(&one.file)},
            "region": {"startLine": 1},
        }}]);
        json!({
            "ruleId": one.rule.id(),
            "ruleIndex": places.get(&one.rule),
            "level": level(one.rule),
            "message": {"text": one.message},
            "locations": if one.file.is_empty() { json!([]) } else { location },
        })
    };
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "trailtrim",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": checks.found.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    // A value made of strings and numbers always serialises.
    serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
}

fn level(rule: Rule) -> &'static str {
    match rule.severity() {
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// A path as a relative URI reference: what RFC 3986 does not allow in a path is escaped.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'\\' => out.push('/'),
            _ if byte.is_ascii_alphanumeric() || b"/._-~+=@,".contains(&byte) => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let mut checks = Checks::default();
        checks.add(Rule::CallBroken, "a b/ü.json", "s3:GetObject on \u{1b}[2J\"");
        assert_eq!(text(&checks), "call-broken: a b/ü.json: s3:GetObject on \\u{1b}[2J\"\n");
        let value: Value = serde_json::from_str(&sarif(&checks)).unwrap();
        let result = &value["runs"][0]["results"][0];
        assert_eq!(result["message"]["text"], "s3:GetObject on \u{1b}[2J\"");
        assert_eq!(
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "a%20b/%C3%BC.json"
        );
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(value["runs"][0]["tool"]["driver"]["rules"][index]["id"], "call-broken");
    }
}
