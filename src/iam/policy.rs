//! Policy documents: parsed with nothing lost, printed in one canonical form.
//!
//! Parsing accepts every document whose elements have a readable shape and keeps what it does not
//! know; whether AWS would accept the document is a separate question.

use crate::error::ParseError;
use crate::iam::json::Json;

/// A policy document: identity, resource, trust, boundary or service control policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    /// `2012-10-17` or `2008-10-17`; absent means the latter.
    pub version: Option<String>,
    /// The optional `Id`.
    pub id: Option<String>,
    /// The statements, in order. Never more than one when [`Self::single`] is set.
    pub statements: Vec<Statement>,
    /// `Statement` was written as one object instead of an array.
    pub single: bool,
    /// Members that the grammar does not know, kept as written.
    pub unknown: Vec<(String, Json)>,
}

/// What a statement does when it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Grants, unless something denies.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The statement's name; unique in its document when present.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`, in resource and trust policies.
    pub principal: Option<PrincipalElement>,
    /// `Action` or `NotAction`.
    pub action: Option<Matcher>,
    /// `Resource` or `NotResource`; trust policies have none.
    pub resource: Option<Matcher>,
    /// The `Condition` block: operators in the order written. Empty when there is none.
    pub condition: Vec<ConditionOperator>,
    /// Members that the grammar does not know, kept as written.
    pub unknown: Vec<(String, Json)>,
}

/// `Action`, `NotAction`, `Resource` or `NotResource`: a list of patterns, matched as a union or, when
/// negated, as the complement of the union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// The `Not…` form.
    pub negated: bool,
    /// The patterns.
    pub patterns: Patterns,
}

/// A string or an array of strings. JSON `null` inside an array is dropped, as AWS does.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Patterns {
    /// The strings, in order.
    pub values: Vec<String>,
    /// Written as one bare string; kept so that an untouched element prints as it was.
    pub scalar: bool,
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalElement {
    /// The `NotPrincipal` form.
    pub negated: bool,
    /// Which principals.
    pub principals: Principals,
}

/// The value of a principal element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principals {
    /// The bare string `"*"`.
    Everyone,
    /// Type (`AWS`, `Service`, `Federated`, `CanonicalUser`) and its values, in order.
    Typed(Vec<(String, Patterns)>),
}

/// One operator of a condition block, with its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionOperator {
    /// As written: `StringLike`, `ForAnyValue:StringEqualsIfExists`, …
    pub operator: String,
    /// Keys in the order written.
    pub keys: Vec<ConditionKey>,
}

/// One key of an operator, with the values that it is compared to.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionKey {
    /// As written: `aws:SourceVpce`.
    pub key: String,
    /// Scalars as written: strings, numbers or booleans.
    pub values: Vec<Json>,
    /// Written as one bare scalar.
    pub scalar: bool,
}

impl PolicyDocument {
    /// Parses a JSON text. Errors name the statement, the element and the value at fault.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let json = Json::parse(text).map_err(|error| refuse(text, error.to_string()))?;
        Self::from_json(json)
    }

    /// Reads a policy out of a JSON value that was parsed already.
    pub fn from_json(json: Json) -> Result<Self, ParseError> {
        let Json::Object(members) = json else {
            return Err(refuse(json.kind(), "a policy is a JSON object"));
        };
        let mut policy =
            Self { version: None, id: None, statements: Vec::new(), single: false, unknown: Vec::new() };
        for (key, value) in members {
            match (key.as_str(), value) {
                ("Version", Json::String(text)) => policy.version = Some(text),
                ("Id", Json::String(text)) => policy.id = Some(text),
                ("Statement", Json::Array(values)) => {
                    policy.statements = values
                        .into_iter()
                        .enumerate()
                        .map(|(index, value)| Statement::from_json(value, index))
                        .collect::<Result<_, _>>()?;
                }
                ("Statement", value @ Json::Object(_)) => {
                    policy.single = true;
                    policy.statements = vec![Statement::from_json(value, 0)?];
                }
                ("Version" | "Id" | "Statement", value) => {
                    return Err(refuse(&key, format!("must not be {}", value.kind())));
                }
                (_, value) => policy.unknown.push((key, value)),
            }
        }
        Ok(policy)
    }

    /// The canonical value: known members in the grammar's order, unknown ones behind them.
    pub fn to_json(&self) -> Json {
        let mut members = Vec::new();
        push_text(&mut members, "Version", self.version.as_deref());
        push_text(&mut members, "Id", self.id.as_deref());
        let mut statements: Vec<Json> = self.statements.iter().map(Statement::to_json).collect();
        let statements = match statements.pop() {
            Some(only) if self.single && statements.is_empty() => only,
            last => {
                statements.extend(last);
                Json::Array(statements)
            }
        };
        members.push(("Statement".to_owned(), statements));
        members.extend(self.unknown.iter().cloned());
        Json::Object(members)
    }

    /// Canonical bytes: two blanks of indentation, a final newline.
    pub fn to_pretty(&self) -> String {
        // Serialising a value made of strings, numbers and booleans cannot fail.
        serde_json::to_string_pretty(&self.to_json()).map(|text| text + "\n").unwrap_or_default()
    }

    /// Canonical bytes on one line.
    pub fn to_compact(&self) -> String {
        self.to_json().to_compact()
    }
}

impl Statement {
    fn from_json(json: Json, index: usize) -> Result<Self, ParseError> {
        let at = |what: &str| format!("statement {}: {what}", index + 1);
        let Json::Object(members) = json else {
            return Err(refuse(json.kind(), at("must be an object")));
        };
        let mut effect = None;
        let mut statement = Self {
            sid: None,
            effect: Effect::Deny,
            principal: None,
            action: None,
            resource: None,
            condition: Vec::new(),
            unknown: Vec::new(),
        };
        for (key, value) in members {
            match key.as_str() {
                "Sid" => match value {
                    Json::String(text) => statement.sid = Some(text),
                    other => return Err(refuse(other.kind(), at("`Sid` must be a string"))),
                },
                "Effect" => {
                    effect = Some(match value.as_str() {
                        Some("Allow") => Effect::Allow,
                        Some("Deny") => Effect::Deny,
                        other => {
                            return Err(refuse(
                                other.unwrap_or("?"),
                                at("`Effect` must be `Allow` or `Deny`"),
                            ));
                        }
                    });
                }
                "Action" | "NotAction" => {
                    set(&mut statement.action, matcher(&key, value, index)?, &key, index)?;
                }
                "Resource" | "NotResource" => {
                    set(&mut statement.resource, matcher(&key, value, index)?, &key, index)?;
                }
                "Principal" | "NotPrincipal" => {
                    set(&mut statement.principal, principal(&key, value, index)?, &key, index)?;
                }
                "Condition" => statement.condition = condition(value, index)?,
                _ => statement.unknown.push((key, value)),
            }
        }
        statement.effect = effect.ok_or_else(|| refuse("Effect", at("`Effect` is missing")))?;
        Ok(statement)
    }

    /// The canonical value of the statement.
    pub fn to_json(&self) -> Json {
        let mut members = Vec::new();
        push_text(&mut members, "Sid", self.sid.as_deref());
        push_text(&mut members, "Effect", Some(if self.effect == Effect::Allow { "Allow" } else { "Deny" }));
        if let Some(element) = &self.principal {
            let value = match &element.principals {
                Principals::Everyone => Json::String("*".to_owned()),
                Principals::Typed(types) => Json::Object(
                    types.iter().map(|(kind, values)| (kind.clone(), values.to_json())).collect(),
                ),
            };
            members.push((if element.negated { "NotPrincipal" } else { "Principal" }.to_owned(), value));
        }
        if let Some(action) = &self.action {
            members.push((
                if action.negated { "NotAction" } else { "Action" }.to_owned(),
                action.patterns.to_json(),
            ));
        }
        if let Some(resource) = &self.resource {
            let name = if resource.negated { "NotResource" } else { "Resource" };
            members.push((name.to_owned(), resource.patterns.to_json()));
        }
        if !self.condition.is_empty() {
            members.push(("Condition".to_owned(), condition_to_json(&self.condition)));
        }
        members.extend(self.unknown.iter().cloned());
        Json::Object(members)
    }
}

impl Matcher {
    /// `Action` or `Resource` with these patterns, written as a bare string when there is exactly one.
    pub fn of(values: Vec<String>) -> Self {
        Self { negated: false, patterns: Patterns { scalar: values.len() == 1, values } }
    }
}

impl Patterns {
    fn from_json(json: Json, name: &str, index: usize) -> Result<Self, ParseError> {
        let wrong = |kind: &str| {
            refuse(kind, format!("statement {}: `{name}` must be a string or an array of strings", index + 1))
        };
        match json {
            Json::String(text) => Ok(Self { values: vec![text], scalar: true }),
            Json::Array(values) => {
                let mut texts = Vec::with_capacity(values.len());
                for value in values {
                    match value {
                        Json::String(text) => texts.push(text),
                        Json::Null => {}
                        other => return Err(wrong(other.kind())),
                    }
                }
                Ok(Self { values: texts, scalar: false })
            }
            other => Err(wrong(other.kind())),
        }
    }

    fn to_json(&self) -> Json {
        scalar_or_array(self.values.iter().cloned().map(Json::String).collect(), self.scalar)
    }
}

fn refuse(input: &str, why: impl Into<String>) -> ParseError {
    ParseError::new("not a policy document", input, why)
}

fn push_text(members: &mut Vec<(String, Json)>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        members.push((name.to_owned(), Json::String(text.to_owned())));
    }
}

fn scalar_or_array(mut values: Vec<Json>, scalar: bool) -> Json {
    match values.pop() {
        Some(only) if scalar && values.is_empty() => only,
        last => {
            values.extend(last);
            Json::Array(values)
        }
    }
}

/// `X` and `NotX` share a place: both at once is an error, as AWS has it.
fn set<T>(place: &mut Option<T>, value: T, name: &str, index: usize) -> Result<(), ParseError> {
    if place.replace(value).is_some() {
        let positive = name.trim_start_matches("Not");
        let why = format!("statement {}: only one of `{positive}` and `Not{positive}` is allowed", index + 1);
        return Err(refuse(name, why));
    }
    Ok(())
}

fn matcher(name: &str, value: Json, index: usize) -> Result<Matcher, ParseError> {
    Ok(Matcher { negated: name.starts_with("Not"), patterns: Patterns::from_json(value, name, index)? })
}

fn principal(name: &str, value: Json, index: usize) -> Result<PrincipalElement, ParseError> {
    let negated = name.starts_with("Not");
    let principals = match value {
        Json::String(text) if text == "*" => Principals::Everyone,
        Json::Object(types) => Principals::Typed(
            types
                .into_iter()
                .map(|(kind, value)| Ok((kind, Patterns::from_json(value, name, index)?)))
                .collect::<Result<_, ParseError>>()?,
        ),
        other => {
            let why = format!("statement {}: `{name}` must be `\"*\"` or an object", index + 1);
            return Err(refuse(other.as_str().unwrap_or(other.kind()), why));
        }
    };
    Ok(PrincipalElement { negated, principals })
}

fn condition(value: Json, index: usize) -> Result<Vec<ConditionOperator>, ParseError> {
    let wrong = |kind: &str, what: &str| refuse(kind, format!("statement {}: `Condition` {what}", index + 1));
    let Json::Object(operators) = value else {
        return Err(wrong(value.kind(), "must be an object"));
    };
    let mut block = Vec::with_capacity(operators.len());
    for (operator, keys) in operators {
        let Json::Object(keys) = keys else {
            return Err(wrong(keys.kind(), "must hold one object an operator"));
        };
        let mut entry = ConditionOperator { operator, keys: Vec::with_capacity(keys.len()) };
        for (key, value) in keys {
            let (values, scalar) = match value {
                Json::Array(values) => (values, false),
                value => (vec![value], true),
            };
            if let Some(bad) =
                values.iter().find(|value| matches!(value, Json::Array(_) | Json::Object(_) | Json::Null))
            {
                return Err(wrong(bad.kind(), "values must be strings, numbers or booleans"));
            }
            entry.keys.push(ConditionKey { key, values, scalar });
        }
        block.push(entry);
    }
    Ok(block)
}

fn condition_to_json(block: &[ConditionOperator]) -> Json {
    let keys = |operator: &ConditionOperator| {
        operator
            .keys
            .iter()
            .map(|key| (key.key.clone(), scalar_or_array(key.values.clone(), key.scalar)))
            .collect()
    };
    Json::Object(
        block.iter().map(|operator| (operator.operator.clone(), Json::Object(keys(operator)))).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) {
        let policy = PolicyDocument::parse(text).unwrap();
        assert_eq!(policy.to_compact(), text);
        assert_eq!(PolicyDocument::parse(&policy.to_pretty()).unwrap(), policy);
    }

    #[test]
    fn parse_then_print_keeps_everything() {
        round_trip(
            r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":["*"]}],"Extra":{"b":1,"a":[null,true]}}"#,
        );
        round_trip(
            r#"{"Statement":{"Effect":"Deny","NotAction":["a:b","c:d"],"NotResource":"*","Condition":{"StringLike":{"aws:b":["x","y"],"aws:a":"z"},"Bool":{"aws:SecureTransport":false}},"Note":"kept"}}"#,
        );
        round_trip(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"a.amazonaws.com","AWS":["1","2"]},"Action":"sts:AssumeRole"},{"Effect":"Deny","NotPrincipal":"*","Action":"*","Resource":"*"}]}"#,
        );
    }

    fn refused(text: &str, expect: &str) {
        let message = PolicyDocument::parse(text).unwrap_err().to_string();
        assert!(message.contains(expect), "{message}");
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        refused(r#"[]"#, "a JSON object");
        refused(r#"{"Statement":[{"Effect":"Allow","Effect":"Deny"}]}"#, "`Effect` appears twice");
        refused(r#"{"Statement":[{"Effect":"allow"}]}"#, "statement 1: `Effect`");
        refused(r#"{"Statement":[{"Effect":"Allow"},{"Sid":"x"}]}"#, "statement 2: `Effect` is missing");
        refused(r#"{"Statement":[{"Effect":"Allow","Action":[],"NotAction":"x"}]}"#, "only one of `Action`");
        refused(r#"{"Statement":[{"Effect":"Allow","Action":7}]}"#, "`Action` must be a string");
        refused(r#"{"Statement":7}"#, "must not be a number");
        refused(r#"{"Statement":[{"Effect":"Allow","Condition":{"Bool":{"k":[{}]}}}]}"#, "must be strings");
        refused("{", "EOF");
    }
}
