//! What a `SELECT` says about its tables: which it joins by equal columns, and which rows of one it wants.

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Select,
    TableAlias, TableFactor, TableWithJoins, visit_expressions,
};
use std::ops::ControlFlow;

/// A table of one `SELECT`: the name by which its columns are called, and its own.
pub(super) struct Source {
    pub(super) alias: String,
    pub(super) table: String,
    /// Of a left join: a row may come without one of this table.
    pub(super) is_optional: bool,
}

/// Tables, and what joins them.
pub(super) struct Joins {
    sources: Vec<Source>,
    /// Of inner joins.
    equals: Vec<[Column; 2]>,
    /// All of these hold for every row.
    filters: Vec<Expr>,
    /// Does no join keep a row of its right side that has no left one?
    is_left: bool,
}

/// `e.principal_key`.
struct Column {
    alias: String,
    name: String,
}

impl Source {
    /// Of a plain table.
    pub(super) fn of(factor: &TableFactor) -> Option<Self> {
        let TableFactor::Table { name: ObjectName(parts), alias, args: None, sample: None, .. } = factor
        else {
            return None;
        };
        let [ObjectNamePart::Identifier(name)] = parts.as_slice() else { return None };
        let alias = match alias {
            Some(alias) if alias.columns.is_empty() => &alias.name,
            Some(_) => return None,
            None => name,
        };
        (is_plain(name) && is_plain(alias)).then(|| Self {
            alias: alias.value.clone(),
            table: name.value.clone(),
            is_optional: false,
        })
    }

    /// Its alias, for a table that gets another name.
    pub(super) fn named(&self) -> TableAlias {
        TableAlias { explicit: true, name: Ident::new(&self.alias), columns: Vec::new(), at: None }
    }
}

/// Functions that look at one row and give the same every time.
const OF_ROW: [&str; 9] =
    ["abs", "coalesce", "ends_with", "floor", "length", "lower", "split_part", "starts_with", "upper"];

/// Does a `WHERE` ask each row by itself? Polars takes averages and windows in it too: they are of all rows of the join,
/// so no part of the `WHERE` may take a row away before.
fn is_of_row(filter: &Expr) -> bool {
    let found = visit_expressions(filter, |expression| match expression {
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_lowercase();
            let known = function.over.is_none() && OF_ROW.contains(&name.as_str());
            if known { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_continue()
}

/// A name that may be written again as it is.
fn is_plain(name: &Ident) -> bool {
    name.quote_style.is_none()
}

impl Joins {
    /// Of a `SELECT`.
    pub(super) fn of(select: &Select) -> Self {
        use JoinOperator::{CrossJoin, Inner, Join, Left, LeftOuter};
        let mut equals = Vec::new();
        let mut is_left = true;
        for join in select.from.iter().flat_map(|from| &from.joins) {
            match &join.join_operator {
                Join(JoinConstraint::On(on)) | Inner(JoinConstraint::On(on)) => {
                    let mut all = Vec::new();
                    conjuncts(on, &mut all);
                    equals.extend(all.into_iter().filter_map(equal));
                }
                Left(_) | LeftOuter(_) | CrossJoin(_) => {}
                _ => is_left = false,
            }
        }
        let mut filters = Vec::new();
        select
            .selection
            .iter()
            .filter(|filter| is_of_row(filter))
            .for_each(|filter| conjuncts(filter, &mut filters));
        let filters = filters.into_iter().cloned().collect();
        let sources = select.from.iter().flat_map(sources).collect();
        Self { sources, equals, filters, is_left }
    }

    /// Its tables.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// The columns of a table that must be equal to a column of another one: `(own, other, its column)`.
    pub(super) fn of_table(&self, alias: &str) -> impl Iterator<Item = (&str, &Source, &str)> {
        let both = self.equals.iter().flat_map(|[left, right]| [(left, right), (right, left)]);
        both.filter(move |(own, _)| own.alias == alias).filter_map(|(own, other)| {
            let source = self.sources.iter().find(|source| source.alias == other.alias)?;
            Some((own.name.as_str(), source, other.name.as_str()))
        })
    }

    /// What the `WHERE` says about one row of a table, or about it and one of the others. A join that keeps rows of
    /// its right side could bring back a row whose left one was thrown away: nothing is said then.
    pub(super) fn filter(&self, alias: &str, others: &[&Source]) -> Option<String> {
        let is_known = |name: &str| name == alias || others.iter().any(|other| other.alias == name);
        let is_about = |filter: &&Expr| {
            let mut names = 0;
            let found = visit_expressions(*filter, |expr| match expr {
                Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                    [table, _] if is_known(&table.value) => {
                        names += usize::from(table.value == alias);
                        ControlFlow::Continue(())
                    }
                    _ => ControlFlow::Break(()),
                },
                Expr::Identifier(_) | Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            });
            found.is_continue() && names > 0
        };
        let about: Vec<String> =
            self.filters.iter().filter(is_about).map(|filter| format!("({filter})")).collect();
        (self.is_left && !about.is_empty()).then(|| about.join(" AND "))
    }
}

fn sources(from: &TableWithJoins) -> impl Iterator<Item = Source> {
    let joined = from.joins.iter().filter_map(|join| {
        let is_optional = matches!(join.join_operator, JoinOperator::Left(_) | JoinOperator::LeftOuter(_));
        Some(Source { is_optional, ..Source::of(&join.relation)? })
    });
    Source::of(&from.relation).into_iter().chain(joined)
}

/// The tables of a `FROM`.
pub(super) fn factors_mut(from: &mut TableWithJoins) -> impl Iterator<Item = &mut TableFactor> {
    std::iter::once(&mut from.relation).chain(from.joins.iter_mut().map(|join| &mut join.relation))
}

/// The parts that must all hold.
fn conjuncts<'e>(expr: &'e Expr, all: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Nested(inner) => conjuncts(inner, all),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, all);
            conjuncts(right, all);
        }
        other => all.push(other),
    }
}

fn equal(expr: &Expr) -> Option<[Column; 2]> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return None };
    Some([column(left)?, column(right)?])
}

fn column(expr: &Expr) -> Option<Column> {
    let Expr::CompoundIdentifier(parts) = expr else { return None };
    let [table, name] = parts.as_slice() else { return None };
    (is_plain(table) && is_plain(name))
        .then(|| Column { alias: table.value.clone(), name: name.value.clone() })
}
