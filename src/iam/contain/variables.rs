//! Plain values for policy variables, to look for a witness that an unknown variable hides.

use crate::iam::condition::Operator;
use crate::iam::condition::variable::{Piece, has_variable, pieces};
use crate::iam::evaluate::has_variables;
use crate::iam::json::Json;
use crate::iam::policy::{ConditionKey, ConditionOperator, Effect, PolicyDocument, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// A value for every variable that the documents use. Keys are lower-cased.
pub(crate) fn values<'p>(documents: impl Iterator<Item = &'p PolicyDocument>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for document in documents.filter(|document| has_variables(document.version.as_deref())) {
        for key in document.statements.iter().flat_map(used) {
            let number = values.len() + 1;
            let account = key.ends_with("account");
            let value = if account { "111122223333".to_owned() } else { format!("value{number}") };
            values.entry(key).or_insert(value);
        }
    }
    values
}

/// The document with its variables replaced. Escapes such as `${*}` stay.
pub(crate) fn fill(document: &PolicyDocument, values: &BTreeMap<String, String>) -> PolicyDocument {
    let mut filled = document.clone();
    if has_variables(document.version.as_deref()) {
        for statement in &mut filled.statements {
            for_each_text(statement, |text| *text = replaced(text, values));
        }
    }
    filled
}

/// [`fill`], and every Allow statement tests that the variables it used have these values: a request that
/// it allows carries them.
pub(crate) fn pin(document: &PolicyDocument, values: &BTreeMap<String, String>) -> PolicyDocument {
    let mut pinned = fill(document, values);
    if !has_variables(document.version.as_deref()) {
        return pinned;
    }
    for (statement, before) in pinned.statements.iter_mut().zip(&document.statements) {
        if statement.effect == Effect::Allow {
            let keys = used(before);
            let tests = keys.iter().filter_map(|key| Some((key, values.get(key)?))).map(|(key, value)| {
                ConditionKey { key: key.clone(), values: vec![Json::String(value.clone())], scalar: true }
            });
            let keys: Vec<ConditionKey> = tests.collect();
            if !keys.is_empty() {
                statement.condition.push(ConditionOperator { operator: "StringEquals".to_owned(), keys });
            }
        }
    }
    pinned
}

/// The variables of a statement, lower-cased.
fn used(statement: &Statement) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for_each_text(&mut statement.clone(), |text| {
        keys.extend(pieces(text).into_iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key.to_ascii_lowercase()),
            Piece::Text(_) | Piece::Character(_) => None,
        }));
    });
    keys
}

fn replaced(text: &str, values: &BTreeMap<String, String>) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Character(letter) => format!("${{{letter}}}"),
            Piece::Variable { key, .. } => values.get(&key.to_ascii_lowercase()).cloned().unwrap_or_default(),
        })
        .collect()
}

/// Visits the texts in which variables have a meaning.
fn for_each_text(statement: &mut Statement, mut visit: impl FnMut(&mut String)) {
    let resources = statement.resource.iter_mut().flat_map(|element| &mut element.patterns.values);
    resources.filter(|text| has_variable(text)).for_each(&mut visit);
    for entry in &mut statement.condition {
        if !Operator::parse(&entry.operator).is_some_and(Operator::takes_variables) {
            continue;
        }
        for value in entry.keys.iter_mut().flat_map(|test| &mut test.values) {
            if let Json::String(text) = value
                && has_variable(text)
            {
                visit(text);
            }
        }
    }
}
