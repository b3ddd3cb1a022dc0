//! Plain values for policy variables, to look for a witness that an unknown variable hides.

use crate::iam::condition::Operator;
use crate::iam::condition::variable::{Piece, has_variable, pieces};
use crate::iam::evaluate::has_variables;
use crate::iam::json::Json;
use crate::iam::policy::PolicyDocument;
use std::collections::BTreeMap;

/// A value for every variable that the documents use. Keys are lower-cased.
pub(crate) fn values<'p>(documents: impl Iterator<Item = &'p PolicyDocument>) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    for document in documents.filter(|document| has_variables(document.version.as_deref())) {
        for_each_text(&mut document.clone(), |text| {
            for piece in pieces(text) {
                if let Piece::Variable { key, .. } = piece {
                    let key = key.to_ascii_lowercase();
                    let number = keys.len() + 1;
                    let account = key.ends_with("account");
                    let value = if account { "111122223333".to_owned() } else { format!("value{number}") };
                    keys.entry(key).or_insert(value);
                }
            }
        });
    }
    keys
}

/// The document with its variables replaced. Escapes such as `${*}` stay.
pub(crate) fn fill(document: &PolicyDocument, values: &BTreeMap<String, String>) -> PolicyDocument {
    let mut filled = document.clone();
    if has_variables(document.version.as_deref()) {
        for_each_text(&mut filled, |text| {
            let whole: String = pieces(text)
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.to_owned(),
                    Piece::Character(letter) => format!("${{{letter}}}"),
                    Piece::Variable { key, .. } => {
                        values.get(&key.to_ascii_lowercase()).cloned().unwrap_or_default()
                    }
                })
                .collect();
            *text = whole;
        });
    }
    filled
}

/// Visits the texts in which variables have a meaning.
fn for_each_text(document: &mut PolicyDocument, mut visit: impl FnMut(&mut String)) {
    for statement in &mut document.statements {
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
}
