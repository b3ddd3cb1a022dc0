//! The tables that queries read: one row an event, one row a thing that a request names, and so on. Pure: how
//! they are stored or asked is for others.
//!
//! [`tables()`] is the whole schema, with what every column means; `docs/TABLES.md` is written from it.

pub mod build;
pub mod chunk;
pub mod events;
pub mod references;
pub mod view;
pub mod wholes;
pub mod words;

pub use build::{Builder, Data, Table};
pub use view::{EventView, Kinds};

use std::borrow::Cow;

/// How a column's values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text that repeats from row to row: names, ARNs. SQL `VARCHAR`, empty when the record does not say.
    Word,
    /// Text that rarely repeats: ids, object keys. SQL `VARCHAR`, empty when the record does not say.
    Text,
    /// A whole number. SQL `BIGINT`, null when the record does not say.
    Number,
    /// 0 or 1. SQL `INTEGER`, null when the record does not say.
    Flag,
}

impl Kind {
    /// The type in SQL.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Word | Self::Text => "VARCHAR",
            Self::Number => "BIGINT",
            Self::Flag => "INTEGER",
        }
    }
}

/// One value of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'v> {
    /// For [`Kind::Word`] and [`Kind::Text`].
    Text(Cow<'v, str>),
    /// For [`Kind::Word`]: a text by the place that [`Builder::place`] of the same builder and column gave.
    Place(u32),
    /// For [`Kind::Number`].
    Number(Option<i64>),
    /// For [`Kind::Flag`].
    Flag(Option<bool>),
}

impl<'v> From<&'v str> for Cell<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<bool> for Cell<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(Some(flag))
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name in SQL.
    pub name: &'static str,
    /// How it is kept.
    pub kind: Kind,
    /// What it means, in one line.
    pub about: &'static str,
}

/// A table's name, meaning and columns.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// The name in SQL.
    pub name: &'static str,
    /// What one row is.
    pub about: &'static str,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// All tables.
pub fn tables() -> Vec<TableInfo> {
    let info = |name, about, columns: &[Column]| TableInfo { name, about, columns: columns.to_vec() };
    vec![
        info("events", "an event of the logs, each once", &events::columns()),
        info(
            "refs",
            "a thing that the request of an event names: role, bucket, image, key, switch",
            &references::REFS,
        ),
        info(
            "fields",
            "a scalar of the request of an event of an AI service or of a service beside it",
            &references::FIELDS,
        ),
        info("usage", "what a principal did with one action on one resource, summed up", &wholes::USAGE),
        info(
            "grants",
            "an action pattern on a resource pattern, granted or denied to a principal of the snapshot",
            &wholes::GRANTS,
        ),
        info("coverage", "the number of events of one account, region, day and category", &wholes::COVERAGE),
        info("params", "the one row with what a query compares with", &wholes::PARAMS),
    ]
}

/// Spelling for tables of columns.
const fn column(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, kind, about }
}
