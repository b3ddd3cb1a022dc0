//! A query in steps. Every `WITH` table is answered before what follows, and what it holds narrows the tables that
//! are joined to it: of `FROM f JOIN events e ON e.event_key = f.event_key` only the events are read whose keys
//! stand in `f`. Polars reads both sides of a join before it looks at either.
//!
//! This changes no answer. A row of a table whose column is equal to no value of the other side of an inner join is
//! in no row of the join; and a row of an outer join beside it that would now come without it has nothing in the
//! place of the column, is equal to nothing, and goes as well.

use super::QueryError;
use super::among::{Among, Set, Values};
use super::scan::{Narrow, Scan, View};
use super::spell;
use polars::prelude::{DataFrame, DataType, IntoLazy as _, LazyFrame};
use polars::sql::SQLContext;
use sqlparser::ast::{
    BinaryOperator, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Query, Select,
    SetExpr, Statement, TableAlias, TableFactor, TableWithJoins, With,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

/// More values than this are not looked up: most of the table would be left.
const VALUES_MAX: usize = 1 << 20;

/// The answer of a query to these tables. Of those that `among` names only some rows are there.
pub(super) fn collect(
    tables: &BTreeMap<&'static str, Arc<Scan>>,
    sql: &str,
    among: &[Among],
) -> Result<DataFrame, QueryError> {
    let view = |(name, scan): (&&'static str, &Arc<Scan>)| {
        let only: Vec<&Among> = among.iter().filter(|one| one.table == *name).collect();
        let only = if only.is_empty() { None } else { Some(scan.among(&only)?) };
        Ok((*name, View { scan: Arc::clone(scan), only, narrow: Vec::new() }))
    };
    let views = tables.iter().map(view).collect::<Result<BTreeMap<_, _>, QueryError>>()?;
    let mut steps = Steps { views, answers: BTreeMap::new() };
    let Some(mut query) = parse(sql) else {
        // For the error that says what is wrong with it.
        return steps.execute(sql, Vec::new());
    };
    spell::spell_out(&mut query);
    if let Some(with) = query.with.take_if(|with| is_plain(with)) {
        for step in with.cte_tables {
            let answer = steps.answer(*step.query)?;
            steps.answers.insert(step.alias.name.value, answer);
        }
    }
    steps.answer(query)
}

/// The query that a text is; `None` for several, for other statements, and for what is not understood.
pub(super) fn parse(sql: &str) -> Option<Query> {
    // As polars reads it.
    let options = ParserOptions { trailing_commas: true, ..ParserOptions::default() };
    let parser = Parser::new(&GenericDialect).with_options(options);
    let statements = parser.try_with_sql(sql).ok()?.parse_statements().ok()?;
    match <[Statement; 1]>::try_from(statements).ok()? {
        [Statement::Query(query)] => Some(*query),
        _ => None,
    }
}

fn is_plain(with: &With) -> bool {
    !with.recursive && with.cte_tables.iter().all(|step| step.alias.columns.is_empty() && step.from.is_none())
}

/// What a step may read.
struct Steps {
    views: BTreeMap<&'static str, View>,
    /// The steps before, by name. They hide tables of the same name.
    answers: BTreeMap<String, DataFrame>,
}

/// A table of one `SELECT`: the name by which its columns are called, and its own.
struct Source {
    alias: String,
    table: String,
}

/// `e.principal_key = f.principal_key`.
type Equal = [(String, String); 2];

impl Steps {
    fn answer(&self, mut query: Query) -> Result<DataFrame, QueryError> {
        let mut narrowed = Vec::new();
        self.narrow(&mut query, &mut narrowed)?;
        self.execute(&query.to_string(), narrowed)
    }

    fn execute(&self, sql: &str, narrowed: Vec<(String, LazyFrame)>) -> Result<DataFrame, QueryError> {
        let mut context = SQLContext::new();
        for (name, view) in &self.views {
            context.register(name, view.clone().lazy()?);
        }
        for (name, answer) in &self.answers {
            context.register(name, answer.clone().lazy());
        }
        for (name, frame) in narrowed {
            context.register(&name, frame);
        }
        Ok(context.execute(sql)?.collect()?)
    }

    /// Puts narrowed tables in the place of those that are joined to steps.
    fn narrow(&self, query: &mut Query, narrowed: &mut Vec<(String, LazyFrame)>) -> Result<(), QueryError> {
        // Names of an inner `WITH` may hide those out here.
        if query.with.is_some() {
            return Ok(());
        }
        self.narrow_body(&mut query.body, narrowed)
    }

    fn narrow_body(
        &self,
        body: &mut SetExpr,
        narrowed: &mut Vec<(String, LazyFrame)>,
    ) -> Result<(), QueryError> {
        match body {
            SetExpr::Select(select) => self.narrow_select(select, narrowed),
            SetExpr::Query(query) => self.narrow(query, narrowed),
            SetExpr::SetOperation { left, right, .. } => {
                self.narrow_body(left, narrowed)?;
                self.narrow_body(right, narrowed)
            }
            _ => Ok(()),
        }
    }

    fn narrow_select(
        &self,
        select: &mut Select,
        narrowed: &mut Vec<(String, LazyFrame)>,
    ) -> Result<(), QueryError> {
        let sources: Vec<Source> = select.from.iter().flat_map(factors).filter_map(source).collect();
        let mut equals = Vec::new();
        select.from.iter().flat_map(|from| &from.joins).for_each(|join| {
            if let JoinOperator::Join(JoinConstraint::On(on)) | JoinOperator::Inner(JoinConstraint::On(on)) =
                &join.join_operator
            {
                conjuncts(on, &mut equals);
            }
        });
        for factor in select.from.iter_mut().flat_map(factors_mut) {
            if let TableFactor::Derived { subquery, lateral: false, .. } = factor {
                self.narrow(subquery, narrowed)?;
                continue;
            }
            let Some(own) = source(factor) else { continue };
            let Some(view) = self.views.get(own.table.as_str()) else { continue };
            let tests = self.tests(&own, view, &sources, &equals)?;
            if self.answers.contains_key(&own.table) || tests.is_empty() {
                continue;
            }
            let TableFactor::Table { name, alias, .. } = factor else { continue };
            let new = format!("{}__{}", own.table, narrowed.len());
            *name = ObjectName::from(Ident::new(&new));
            let named =
                || TableAlias { explicit: true, name: Ident::new(own.alias), columns: Vec::new(), at: None };
            alias.get_or_insert_with(named);
            narrowed.push((new, View { narrow: tests, ..view.clone() }.lazy()?));
        }
        Ok(())
    }

    /// What the steps that a table is joined to say about its columns.
    fn tests(
        &self,
        own: &Source,
        view: &View,
        sources: &[Source],
        equals: &[Equal],
    ) -> Result<Vec<Narrow>, QueryError> {
        let mut tests = Vec::new();
        for [left, right] in equals {
            for (mine, other) in [(left, right), (right, left)] {
                let step = sources.iter().find(|source| source.alias == other.0 && mine.0 == own.alias);
                let Some(step) = step.and_then(|step| self.answers.get(&step.table)) else { continue };
                let Some(values) = values(step, &other.1)? else { continue };
                if view.scan.has(&mine.1, &values) {
                    tests.push(Narrow { column: mine.1.clone(), values: Arc::new(values) });
                }
            }
        }
        Ok(tests)
    }
}

fn factors(from: &TableWithJoins) -> impl Iterator<Item = &TableFactor> {
    std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation))
}

fn factors_mut(from: &mut TableWithJoins) -> impl Iterator<Item = &mut TableFactor> {
    std::iter::once(&mut from.relation).chain(from.joins.iter_mut().map(|join| &mut join.relation))
}

fn source(factor: &TableFactor) -> Option<Source> {
    let TableFactor::Table { name: ObjectName(parts), alias, args: None, sample: None, .. } = factor else {
        return None;
    };
    let [ObjectNamePart::Identifier(name)] = parts.as_slice() else { return None };
    let table = name.value.clone();
    let alias = match alias {
        Some(alias) if alias.columns.is_empty() => alias.name.value.clone(),
        Some(_) => return None,
        None => table.clone(),
    };
    Some(Source { alias, table })
}

/// The equalities of two tables' columns that must all hold.
fn conjuncts(on: &Expr, equals: &mut Vec<Equal>) {
    match on {
        Expr::Nested(inner) => conjuncts(inner, equals),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, equals);
            conjuncts(right, equals);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            equals.extend(column(left).zip(column(right)).map(|(left, right)| [left, right]));
        }
        _ => {}
    }
}

fn column(expr: &Expr) -> Option<(String, String)> {
    let Expr::CompoundIdentifier(parts) = expr else { return None };
    let [table, column] = parts.as_slice() else { return None };
    Some((table.value.clone(), column.value.clone()))
}

/// The values of a column; `None` for too many, and for those that are not looked up.
fn values(frame: &DataFrame, name: &str) -> Result<Option<Values>, QueryError> {
    if frame.height() > VALUES_MAX {
        return Ok(None);
    }
    let Ok(column) = frame.column(name) else { return Ok(None) };
    Ok(match column.dtype() {
        DataType::String => {
            let mut texts = Set::default();
            for text in column.str()?.iter().flatten() {
                if !texts.contains(text) {
                    texts.insert(text.to_owned());
                }
            }
            Some(Values::Texts(texts))
        }
        DataType::Int64 => Some(Values::Numbers(column.i64()?.iter().flatten().collect())),
        _ => None,
    })
}
