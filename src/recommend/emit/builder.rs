//! What the policy builders of infrastructure tools can say exactly. What they cannot is embedded as JSON.

use crate::iam::json::Json;
use crate::iam::policy::{ConditionKey, Matcher, Principals, Statement};
use crate::iam::{Effect, PolicyDocument};
use std::collections::BTreeSet;

/// The types of principals that `aws_iam_policy_document` names (provider documentation, 5.100, 2025).
const PRINCIPAL_TYPES: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

/// One statement in the terms of `aws_iam_policy_document`, of Terraform and of Pulumi.
#[derive(Debug)]
pub struct Block<'a> {
    /// `sid`; none when it is empty, which means the same.
    pub sid: Option<&'a str>,
    /// `Allow` or `Deny`.
    pub effect: &'static str,
    /// `actions`, `not_actions`, `resources`, `not_resources`, those that are there.
    pub lists: Vec<(&'static str, &'a [String])>,
    /// `principals` or `not_principals`, type, identifiers.
    pub principals: Vec<(&'static str, &'a str, Vec<&'a str>)>,
    /// Operator, key, values as text.
    pub conditions: Vec<(&'a str, &'a str, Vec<String>)>,
}

/// The statements for `aws_iam_policy_document`; an error says why the document cannot be written with it.
///
/// It keeps sets, not lists, and always an array of statements; both mean the same to IAM. A value that is
/// a number or a boolean becomes text, as IAM reads it.
pub fn blocks(document: &PolicyDocument) -> Result<Vec<Block<'_>>, &'static str> {
    if document.to_compact().contains("&{") {
        return Err("it holds `&{`, which the policy builder would read as a policy variable");
    }
    if document.version.as_deref().is_some_and(|version| !["2008-10-17", "2012-10-17"].contains(&version)) {
        return Err("the policy builder does not know its version");
    }
    if document.statements.is_empty() || !document.unknown.is_empty() {
        return Err("it has elements, or lacks some, that the policy builder does not know");
    }
    let mut sids = BTreeSet::new();
    if !document.statements.iter().filter_map(sid).all(|sid| sids.insert(sid)) {
        return Err("the policy builder refuses a Sid that is there twice");
    }
    document.statements.iter().map(block).collect()
}

/// The version in words: absent means the old one.
pub fn version(document: &PolicyDocument) -> &str {
    document.version.as_deref().unwrap_or("2008-10-17")
}

/// Why the document cannot be written with the classes of the CDK, if it cannot: they write the current
/// version and check how actions look (aws-cdk-lib 2, `PolicyStatement`, 2026-11).
pub fn cdk_obstacle(document: &PolicyDocument) -> Option<&'static str> {
    let text = document.to_compact();
    let plain = |matcher: &Matcher| !matcher.patterns.values.is_empty();
    let statement = |one: &Statement| {
        one.unknown.is_empty()
            && one.principal.is_none()
            && one.action.as_ref().is_some_and(|action| {
                plain(action) && action.patterns.values.iter().all(|action| cdk_action(action))
            })
            && one.resource.as_ref().is_some_and(plain)
            && one.condition.iter().flat_map(|one| &one.keys).all(|key| !key.values.is_empty())
    };
    if text.contains("Token[") {
        return Some("it holds what the CDK would read as a token");
    }
    if text.contains("{{resolve:") {
        return Some("it holds what CloudFormation would read as a reference to a secret");
    }
    if version(document) != "2012-10-17" && text.contains("${") {
        return Some("the classes of the CDK write version 2012-10-17, in which `${` starts a variable");
    }
    let whole = document.id.is_none() && document.unknown.is_empty() && !document.statements.is_empty();
    (!whole || !document.statements.iter().all(statement))
        .then_some("the classes of the CDK refuse, or do not know, an element of it")
}

/// `*`, or a service, a colon, and letters, digits and `*`.
fn cdk_action(action: &str) -> bool {
    let fits =
        |text: &str, more: char| text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == more);
    action == "*"
        || action.split_once(':').is_some_and(|(service, name)| {
            !service.is_empty() && !name.is_empty() && fits(service, '-') && fits(name, '*')
        })
}

fn sid(statement: &Statement) -> Option<&str> {
    statement.sid.as_deref().filter(|sid| !sid.is_empty())
}

fn block(statement: &Statement) -> Result<Block<'_>, &'static str> {
    const EMPTY: &str = "the policy builder leaves out empty lists";
    if !statement.unknown.is_empty() {
        return Err("a statement has an element that the policy builder does not know");
    }
    let mut lists = Vec::new();
    for (matcher, plain, negated) in
        [(&statement.action, "actions", "not_actions"), (&statement.resource, "resources", "not_resources")]
    {
        let Some(matcher) = matcher else { continue };
        if matcher.patterns.values.is_empty() {
            return Err(EMPTY);
        }
        lists.push((if matcher.negated { negated } else { plain }, matcher.patterns.values.as_slice()));
    }
    let mut conditions = Vec::new();
    for operator in &statement.condition {
        if operator.keys.is_empty() {
            return Err(EMPTY);
        }
        for key in &operator.keys {
            let values = values(key).ok_or("the policy builder cannot hold one of its condition values")?;
            conditions.push((operator.operator.as_str(), key.key.as_str(), values));
        }
    }
    Ok(Block {
        sid: sid(statement),
        effect: if statement.effect == Effect::Allow { "Allow" } else { "Deny" },
        lists,
        principals: principals(statement).ok_or("the policy builder does not know one of its principals")?,
        conditions,
    })
}

fn principals(statement: &Statement) -> Option<Vec<(&'static str, &str, Vec<&str>)>> {
    let Some(element) = &statement.principal else { return Some(Vec::new()) };
    let name = if element.negated { "not_principals" } else { "principals" };
    match &element.principals {
        Principals::Everyone => Some(vec![(name, "*", vec!["*"])]),
        Principals::Typed(types) if types.is_empty() => None,
        Principals::Typed(types) => types
            .iter()
            .map(|(kind, patterns)| {
                let known = PRINCIPAL_TYPES.contains(&kind.as_str()) && !patterns.values.is_empty();
                let values = patterns.values.iter().map(String::as_str).collect();
                known.then_some((name, kind.as_str(), values))
            })
            .collect(),
    }
}

/// The values as text, when that is what IAM makes of them: strings, booleans and whole numbers.
fn values(key: &ConditionKey) -> Option<Vec<String>> {
    if key.values.is_empty() {
        return None;
    }
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(number) if is_integer(number.as_str()) => Some(number.as_str().to_owned()),
        _ => None,
    };
    key.values.iter().map(text).collect()
}
/// A number that every format reads as the same digits: an integer in plain decimal notation.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text != "-0" && digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit())
}
