//! `x IN ('a', 'b')` written as `(x = 'a' OR x = 'b')`. The two mean the same, but polars reads a whole table
//! before a join when a list stands in what it is filtered by (0.55: a list counts as an aggregate).

use sqlparser::ast::{BinaryOperator, Expr, Query, Value, visit_expressions_mut};
use std::ops::ControlFlow;

/// Spells out the lists of literals behind columns.
pub(super) fn spell_out(query: &mut Query) {
    let _ = visit_expressions_mut(query, |expr| {
        if let Some(spelled) = list(expr) {
            *expr = spelled;
        }
        ControlFlow::<()>::Continue(())
    });
}

fn list(expr: &Expr) -> Option<Expr> {
    let Expr::InList { expr: column, list, negated } = expr else { return None };
    let is_column = matches!(**column, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    if !is_column || !list.iter().all(is_literal) {
        return None;
    }
    let (sign, between) = match negated {
        true => (BinaryOperator::NotEq, BinaryOperator::And),
        false => (BinaryOperator::Eq, BinaryOperator::Or),
    };
    let binary = |left: Expr, op: &BinaryOperator, right: Expr| Expr::BinaryOp {
        left: Box::new(left),
        op: op.clone(),
        right: Box::new(right),
    };
    let one = |value: &Expr| binary((**column).clone(), &sign, value.clone());
    let all = list.iter().map(one).reduce(|all, one| binary(all, &between, one))?;
    Some(Expr::Nested(Box::new(all)))
}

fn is_literal(expr: &Expr) -> bool {
    let Expr::Value(value) = expr else { return false };
    matches!(value.value, Value::SingleQuotedString(_) | Value::Number(..))
}

#[cfg(test)]
mod tests {
    use super::super::steps::parse;
    use super::*;

    fn spelled_out(filter: &str) -> String {
        let mut query = parse(&format!("SELECT 1 FROM t WHERE {filter}")).unwrap();
        spell_out(&mut query);
        query.to_string().replace("SELECT 1 FROM t WHERE ", "")
    }

    #[test]
    fn lists_are_spelled_out() {
        for (filter, expect) in [
            ("a IN ('x')", "(a = 'x')"),
            ("e.a in\n ('x', 2)  AND b = 1", "(e.a = 'x' OR e.a = 2) AND b = 1"),
            ("a NOT IN ('x','y')", "(a <> 'x' AND a <> 'y')"),
            ("b = 1 OR NOT a IN ('it''s', 'IN (1)')", "b = 1 OR NOT (a = 'it''s' OR a = 'IN (1)')"),
            ("((a IN (1)) AND (b IN (2)))", "(((a = 1)) AND ((b = 2)))"),
            ("a IN ('x') OR \"b\" IN ('y')", "(a = 'x') OR (\"b\" = 'y')"),
            ("a IN (SELECT x FROM y WHERE z IN (1))", "a IN (SELECT x FROM y WHERE (z = 1))"),
            ("CASE WHEN a IN (1) THEN 1 ELSE 0 END = 1", "CASE WHEN (a = 1) THEN 1 ELSE 0 END = 1"),
        ] {
            assert_eq!(spelled_out(filter), expect);
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for filter in [
            "a || b IN ('x')",
            "a IN (SELECT x FROM y)",
            "a IN (b, 'x')",
            "a IN (-1)",
            "a IN (NULL, 1)",
            "f(a) IN ('x')",
            "a BETWEEN 1 AND b",
            "x = 'a IN (1)'",
        ] {
            assert_eq!(spelled_out(filter), filter);
        }
    }
}
