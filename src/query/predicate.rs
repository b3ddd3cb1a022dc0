//! What a predicate looks at: which columns, and only at its own row?

use polars::prelude::*;

/// A part of a predicate, all of which must hold.
pub(super) struct Conjunct {
    pub(super) expr: Expr,
    /// The columns that it names.
    pub(super) columns: Vec<PlSmallStr>,
}

/// The conjuncts of a predicate; `None` when what holds for a row may depend on other rows.
pub(super) fn conjuncts(expr: &Expr) -> Option<Vec<Conjunct>> {
    let mut all = Vec::new();
    split(expr, &mut all);
    let conjunct = |expr: Expr| is_of_row(&expr).then(|| Conjunct { columns: columns(&expr), expr });
    all.into_iter().map(conjunct).collect()
}

fn split(expr: &Expr, all: &mut Vec<Expr>) {
    match expr {
        Expr::BinaryExpr { left, op: Operator::And | Operator::LogicalAnd, right } => {
            split(left, all);
            split(right, all);
        }
        other => all.push(other.clone()),
    }
}

/// The columns that an expression names, each once.
pub(super) fn columns(expr: &Expr) -> Vec<PlSmallStr> {
    let mut names = Vec::new();
    for node in expr {
        if let Expr::Column(name) = node
            && !names.contains(name)
        {
            names.push(name.clone());
        }
    }
    names
}

/// Only what is known to look at one row after the other.
fn is_of_row(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(_) => true,
        Expr::Alias(inner, _) | Expr::Cast { expr: inner, .. } => is_of_row(inner),
        Expr::BinaryExpr { left, right, .. } => is_of_row(left) && is_of_row(right),
        Expr::Ternary { predicate, truthy, falsy } => {
            [predicate, truthy, falsy].into_iter().all(|part| is_of_row(part))
        }
        Expr::Function { input, function: FunctionExpr::Boolean(BooleanFunction::IsIn { .. }) } => {
            input.split_first().is_some_and(|(value, list)| is_of_row(value) && list.iter().all(is_constant))
        }
        Expr::Function { input, function } => is_function_of_row(function) && input.iter().all(is_of_row),
        _ => false,
    }
}

fn is_function_of_row(function: &FunctionExpr) -> bool {
    use BooleanFunction::{AllHorizontal, AnyHorizontal, IsBetween, IsNotNull, IsNull, Not};
    match function {
        FunctionExpr::Boolean(function) => {
            matches!(function, IsNull | IsNotNull | IsBetween { .. } | AllHorizontal | AnyHorizontal | Not)
        }
        FunctionExpr::StringExpr(function) => !matches!(function, StringFunction::ConcatVertical { .. }),
        FunctionExpr::Abs | FunctionExpr::Negate | FunctionExpr::Coalesce => true,
        _ => false,
    }
}

/// A list of literals: the same for all rows.
fn is_constant(expr: &Expr) -> bool {
    expr.into_iter()
        .all(|node| matches!(node, Expr::Literal(_) | Expr::Agg(AggExpr::Implode { .. }) | Expr::Cast { .. }))
}
