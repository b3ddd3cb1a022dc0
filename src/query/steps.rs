//! A query in steps. Every `WITH` table is answered before what follows, and what it holds narrows the tables that
//! are joined to it: of `FROM f JOIN events e ON e.event_key = f.event_key` only the events are read whose keys
//! stand in `f`. Polars reads both sides of a join before it looks at either.
//!
//! This changes no answer. A row of a table whose column is equal to no value of the other side of an inner join is
//! in no row of the join; and a row of an outer join beside it that would now come without it has nothing in the
//! place of the column, is equal to nothing, and goes as well. Values of rows that the `WHERE` throws away count only
//! where no join can bring a row back that lost its other side ([`Joins::filter`]).

use super::QueryError;
use super::among::{Among, Set, Values};
use super::joins::{self, Joins, Source};
use super::scan::{Narrow, Scan, View};
use super::spell;
use polars::prelude::{DataFrame, DataType, IntoLazy as _, LazyFrame};
use polars::sql::SQLContext;
use sqlparser::ast::{Ident, ObjectName, Query, Select, SetExpr, Statement, TableFactor, With};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

const EVENTS: &str = "events";

/// Has one row.
const PARAMS: &str = "params";

/// More values than this are not looked up: most of the table would be left.
const VALUES_MAX: usize = 1 << 20;

/// The answer of a query to these tables. Of those that `among` names only some rows are there.
pub(super) fn collect(
    tables: &BTreeMap<&'static str, Arc<Scan>>,
    sql: &str,
    among: &[Among],
) -> Result<DataFrame, QueryError> {
    let view = |(name, scan): (&&'static str, &Arc<Scan>)| {
        let only = among.iter().filter(|one| one.table == *name).map(Among::narrow).collect();
        (*name, View { scan: Arc::clone(scan), only, narrow: Vec::new() })
    };
    let mut steps = Steps { views: tables.iter().map(view).collect(), answers: BTreeMap::new() };
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
        let joins = Joins::of(select);
        for factor in select.from.iter_mut().flat_map(joins::factors_mut) {
            if let TableFactor::Derived { subquery, lateral: false, .. } = factor {
                self.narrow(subquery, narrowed)?;
                continue;
            }
            let Some(own) = Source::of(factor) else { continue };
            let Some(view) = self.views.get(own.table.as_str()) else { continue };
            if self.answers.contains_key(&own.table) {
                continue;
            }
            let narrow = self.narrow_by(&own, view, &joins)?;
            let TableFactor::Table { name, alias, .. } = factor else { continue };
            if narrow.is_empty() {
                continue;
            }
            let new = self.free_name(&own.table, narrowed.len());
            *name = ObjectName::from(Ident::new(&new));
            alias.get_or_insert_with(|| own.named());
            narrowed.push((new, View { narrow, ..view.clone() }.lazy()?));
        }
        Ok(())
    }

    /// A name that no table has.
    fn free_name(&self, table: &str, number: usize) -> String {
        let mut name = format!("{table}__{number}");
        while self.answers.contains_key(&name) || self.views.contains_key(name.as_str()) {
            name.push('_');
        }
        name
    }

    /// What the tables that a table is joined to say about its columns.
    fn narrow_by(&self, own: &Source, view: &View, joins: &Joins) -> Result<Vec<Narrow>, QueryError> {
        let mut all = Vec::new();
        for (column, other, theirs) in joins.of_table(&own.alias) {
            let Some(values) = self.values(other, theirs, joins)? else { continue };
            if view.scan.has(column, &values) {
                all.push(Narrow { columns: vec![column.to_owned()], values: Arc::new(values) });
            }
        }
        Ok(all)
    }

    /// The values of a column of a step, or of a table of which the query wants some rows; `None` for what may have
    /// too many.
    fn values(&self, other: &Source, column: &str, joins: &Joins) -> Result<Option<Values>, QueryError> {
        let is_params = |source: &&Source| source.table == PARAMS && !self.answers.contains_key(PARAMS);
        // Where every row has the one of `params`.
        let params: Vec<&Source> =
            joins.sources().filter(is_params).filter(|source| !source.is_optional).collect();
        let filter = joins.filter(&other.alias, &params);
        let step = self.answers.get(&other.table);
        match (step, &filter) {
            (Some(step), None) => return values(step, column),
            (None, None) => return Ok(None),
            // Of events there may be any number.
            (None, Some(_)) if other.table == EVENTS || is_params(&other) => return Ok(None),
            _ => {}
        }
        let crossed: Vec<String> =
            params.iter().map(|params| format!(" CROSS JOIN {PARAMS} AS {}", params.alias)).collect();
        let crossed = crossed.concat();
        let (table, alias) = (&other.table, &other.alias);
        let filter = filter.unwrap_or_default();
        let sql =
            format!("SELECT DISTINCT {alias}.{column} AS v FROM {table} AS {alias}{crossed} WHERE {filter}");
        values(&self.execute(&sql, Vec::new())?, "v")
    }
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
