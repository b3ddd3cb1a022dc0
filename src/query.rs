//! SQL over the tables: which tables and columns a query asks for, what it needs to be answered at all, and its
//! answer. The home of polars' SQL.

pub mod among;
pub mod frame;
pub mod header;
mod joins;
mod predicate;
mod scan;
pub mod shipped;
mod spell;
mod steps;

pub use header::{Header, HeaderError, Need, Severity};

use crate::tables::{Table, tables};
use crate::trail::coverage::{Category, Coverage};
use among::Among;
use frame::{Records, Value};
use polars::prelude::{DataFrame, PolarsError};
use scan::Scan;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The name under which a query file is asked for, its header and its text.
#[derive(Clone, Debug)]
pub struct Query {
    /// The file's name without its end.
    pub name: String,
    /// What stands in its comment lines.
    pub header: Header,
    /// The whole text; the comment lines are SQL comments.
    pub sql: String,
}

/// Why a query cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The SQL is not understood or names what is not there.
    #[error("the query failed: {0}")]
    Sql(#[from] PolarsError),
}

/// Tables and their columns.
pub type Asked = BTreeMap<&'static str, BTreeSet<&'static str>>;

/// The tables that an SQL text names, each with the columns that it names: those of `events` alone are many.
/// A word is taken for a column wherever it stands, so too much may be read and never too little. `*` in
/// place of columns asks for all.
pub fn asked(sql: &str) -> Asked {
    let words: BTreeSet<String> = sql
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .map(str::to_ascii_lowercase)
        .collect();
    let all = asks_for_all(sql);
    let mut asked = Asked::new();
    for table in tables() {
        if words.contains(table.name) {
            let columns = table.columns.iter().map(|column| column.name);
            asked.insert(table.name, columns.filter(|name| all || words.contains(*name)).collect());
        }
    }
    // Computed from it.
    if let Some(events) = asked.get_mut("events")
        && (all || words.contains("event_time"))
    {
        events.insert("ts");
    }
    asked
}

/// `SELECT *`, `e.*`, `DISTINCT *`, `, *`: but not `COUNT(*)`, nor a product.
fn asks_for_all(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    lower.match_indices('*').any(|(at, _)| {
        let before = lower.get(..at).unwrap_or_default().trim_end();
        ["select", "distinct", "all", ",", "."].iter().any(|end| before.ends_with(end))
    })
}

/// The answer of a query.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Names of the columns, in order.
    pub columns: Vec<String>,
    /// The rows: in the query's own order when it has one, else sorted by time and then by all columns.
    pub rows: Vec<Vec<Value>>,
}

/// The tables, ready to be asked. Every question gets a context of its own: one that was used keeps names of the
/// query before.
#[expect(missing_debug_implementations, reason = "frames print whole columns")]
#[derive(Clone, Default)]
pub struct Asker(BTreeMap<&'static str, Arc<Scan>>);

impl Asker {
    /// Takes the tables.
    pub fn new(tables: BTreeMap<&'static str, Table>) -> Self {
        let mut asker = Self::default();
        for (name, table) in tables {
            asker.add(name, table);
        }
        asker
    }

    /// Adds a table, or puts it in the place of the one with its name.
    pub fn add(&mut self, name: &'static str, table: Table) {
        self.0.insert(name, Arc::new(Scan::named(name, table)));
    }

    /// The answer of a query, and its frame.
    pub fn ask(&self, sql: &str) -> Result<(Answer, DataFrame), QueryError> {
        self.ask_among(sql, &[])
    }

    /// The rows of a query whose columns the caller knows, when only some rows of a table can matter.
    pub fn records(&self, sql: &str, among: &[Among]) -> Result<Records, QueryError> {
        Records::of(&steps::collect(&self.0, sql, among)?)
    }

    fn ask_among(&self, sql: &str, among: &[Among]) -> Result<(Answer, DataFrame), QueryError> {
        let frame = steps::collect(&self.0, sql, among)?;
        let mut answer = frame::answer(&frame)?;
        if !has_order(sql) {
            answer.sort();
        }
        Ok((answer, frame))
    }
}

fn has_order(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words.windows(2).any(|pair| pair == ["order", "by"])
}

impl Answer {
    /// Equal answers have equal rows in equal order, whatever the threads did.
    fn sort(&mut self) {
        let time = self.columns.iter().position(|name| name == "event_time");
        let key = |row: &[Value]| time.and_then(|at| row.get(at)).cloned();
        self.rows.sort_by(|a, b| {
            key(a).cmp(&key(b)).then_with(|| {
                a.iter().zip(b).map(|(x, y)| x.cmp(y)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
        });
    }
}

/// Something that a query needs and the input does not have: its answer is then not complete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmet {
    /// What is missing.
    pub need: Need,
    /// One line.
    pub why: String,
}

/// What the input offers.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What the logs cover.
    pub coverage: &'a Coverage,
    /// Was an IAM snapshot given?
    pub has_snapshot: bool,
    /// Days of the baseline, and is that enough?
    pub baseline: (i64, bool),
}

/// What a query needs and the input lacks.
pub fn unmet(needs: &[Need], input: Input<'_>) -> Vec<Unmet> {
    let why = |need: &Need| match need {
        Need::Management => (!has(input.coverage, |category, _| !category.is_data()))
            .then(|| "the logs hold no management event".to_owned()),
        Need::Data(kind) => (!has(input.coverage, |category, found| category.is_data() && found == kind))
            .then(|| format!("the logs hold no data event of {kind}: nothing can be said about it")),
        Need::Snapshot => (!input.has_snapshot).then(|| "no IAM snapshot was given (--grants)".to_owned()),
        Need::Baseline => (!input.baseline.1).then(|| {
            format!(
                "the baseline has {} days with events, 14 are needed: what is new cannot be told",
                input.baseline.0
            )
        }),
    };
    needs.iter().filter_map(|need| Some(Unmet { need: need.clone(), why: why(need)? })).collect()
}

fn has(coverage: &Coverage, fits: impl Fn(Category, &str) -> bool) -> bool {
    coverage.cells().any(|cell| cell.events > 0 && fits(cell.category, cell.resource_type))
}

#[cfg(test)]
mod tests;
