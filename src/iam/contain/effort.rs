//! What it takes to compare one statement with many, told beforehand from the patterns' literal
//! beginnings: two patterns that differ there are told apart at once, all others letter by letter.

use crate::iam::policy::{Matcher, Statement};
use std::collections::BTreeMap;

/// As much of a literal beginning is looked at, in bytes.
const BEGINNING_BYTES_MAX: usize = 48;

/// What it takes to tell two patterns apart by their beginnings, in pairs of letters.
const PAIR: usize = 2;

/// The patterns of many statements, by their beginnings.
#[derive(Debug, Default)]
pub(crate) struct Effort {
    actions: Beginnings,
    resources: Beginnings,
}

impl Effort {
    /// The patterns of some statements.
    pub(crate) fn of<'s>(statements: impl Iterator<Item = &'s Statement>) -> Self {
        let mut effort = Self::default();
        for statement in statements {
            effort.actions.add(statement.action.as_ref());
            effort.resources.add(statement.resource.as_ref());
        }
        effort.actions.sum();
        effort.resources.sum();
        effort
    }

    /// How many pairs of letters a comparison of the statement with all others looks at, at most.
    pub(crate) fn against(&self, statement: &Statement) -> usize {
        let cost = |beginnings: &Beginnings, element: Option<&Matcher>| -> usize {
            let patterns = element.into_iter().flat_map(|element| &element.patterns.values);
            patterns
                .map(|text| PAIR * beginnings.count + text.len().saturating_mul(beginnings.met_by(text)))
                .sum()
        };
        cost(&self.actions, statement.action.as_ref()) + cost(&self.resources, statement.resource.as_ref())
    }
}

/// Bytes of patterns by their lower-cased literal beginnings.
#[derive(Debug, Default)]
struct Beginnings {
    count: usize,
    /// Sorted; behind each the bytes of its patterns.
    exact: BTreeMap<String, usize>,
    /// The keys of `exact` with the bytes of all patterns before them.
    before: Vec<(String, usize)>,
    total: usize,
}

impl Beginnings {
    fn add(&mut self, element: Option<&Matcher>) {
        for text in element.into_iter().flat_map(|element| &element.patterns.values) {
            self.count += 1;
            *self.exact.entry(beginning(text)).or_default() += text.len();
        }
    }

    fn sum(&mut self) {
        for (text, bytes) in &self.exact {
            self.before.push((text.clone(), self.total));
            self.total += bytes;
        }
    }

    /// The bytes of the patterns whose beginning does not tell them from the text's.
    fn met_by(&self, text: &str) -> usize {
        let own = beginning(text);
        let shorter: usize =
            (0..own.len()).filter_map(|end| own.get(..end)).filter_map(|start| self.exact.get(start)).sum();
        let from = self.before.partition_point(|(text, _)| *text < own);
        let behind = self.before.partition_point(|(text, _)| *text < own || text.starts_with(&own));
        let bytes = |at: usize| self.before.get(at).map_or(self.total, |(_, bytes)| *bytes);
        shorter + bytes(behind) - bytes(from)
    }
}

/// The text up to its first wildcard or variable, lower-cased: letter case matters in some parts only.
fn beginning(text: &str) -> String {
    let literal = text.split(['*', '?', '$']).next().unwrap_or_default();
    let end = (0..=literal.len().min(BEGINNING_BYTES_MAX)).rev().find(|end| literal.is_char_boundary(*end));
    literal.get(..end.unwrap_or(0)).unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::policy::PolicyDocument;

    fn document(actions: &[&str]) -> PolicyDocument {
        let text = format!(r#"{{"Statement":{{"Effect":"Allow","Action":{actions:?},"Resource":"*"}}}}"#);
        PolicyDocument::parse(&text).unwrap()
    }

    #[test]
    fn only_patterns_that_may_meet_count() {
        let old = document(&["s3:Get*", "S3:GetObject", "s3:GetObjectAcl", "sqs:*", "*", "s3:Put*"]);
        let effort = Effort::of(old.statements.iter());
        for (action, met) in [
            ("s3:GetObject", 1 + 7 + 12 + 15),
            ("s3:Getobject*", 1 + 7 + 12 + 15),
            ("s3:GetObjects", 1 + 7 + 12),
            ("s3:Put", 1 + 7),
            ("s3:*", 1 + 7 + 12 + 15 + 7),
            ("ec2:*", 1),
            ("*", 1 + 7 + 12 + 15 + 5 + 7),
        ] {
            let statement = &document(&[action]).statements[0];
            // The one resource meets itself.
            let expect = 6 * PAIR + action.len() * met + PAIR + 1;
            assert_eq!(effort.against(statement), expect, "{action}");
        }
    }
}
