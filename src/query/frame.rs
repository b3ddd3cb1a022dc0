//! Tables as polars frames, and polars' answers as plain values.

use super::{Answer, QueryError, scan};
use crate::tables::Table;
use polars::prelude::*;
use std::cmp::Ordering;
use std::io::Cursor;

/// One value of an answer.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Number(i64),
    /// Any other number.
    Decimal(f64),
    /// Text, and everything else as text.
    Text(String),
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl Value {
    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Number(_) => 1,
            Self::Decimal(_) => 2,
            Self::Text(_) => 3,
        }
    }

    /// As text; nothing is empty.
    pub fn to_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    fn of(value: &AnyValue<'_>) -> Self {
        match value {
            AnyValue::Null => Self::Null,
            AnyValue::Boolean(flag) => Self::Number(i64::from(*flag)),
            AnyValue::String(text) => Self::Text((*text).to_owned()),
            AnyValue::StringOwned(text) => Self::Text(text.to_string()),
            AnyValue::Float32(number) => Self::Decimal(f64::from(*number)),
            AnyValue::Float64(number) => Self::Decimal(*number),
            other => other.extract::<i64>().map_or_else(|| Self::Text(other.to_string()), Self::Number),
        }
    }
}

/// A table as a frame.
pub fn frame(table: Table) -> Result<DataFrame, QueryError> {
    scan::whole(table)
}

/// The values of a frame.
pub(super) fn answer(frame: &DataFrame) -> Result<Answer, QueryError> {
    let columns = frame.get_column_names().iter().map(ToString::to_string).collect();
    let mut rows: Vec<Vec<Value>> = (0..frame.height()).map(|_| Vec::with_capacity(frame.width())).collect();
    for column in frame.columns() {
        match column.dtype() {
            DataType::String => {
                let texts = column.str()?.iter();
                let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
                rows.iter_mut().zip(texts).for_each(|(row, value)| row.push(text(value)));
            }
            DataType::Int64 => {
                let numbers = column.i64()?.iter();
                let number = |number: Option<i64>| number.map_or(Value::Null, Value::Number);
                rows.iter_mut().zip(numbers).for_each(|(row, value)| row.push(number(value)));
            }
            _ => {
                for (number, row) in rows.iter_mut().enumerate() {
                    row.push(Value::of(&column.get(number)?));
                }
            }
        }
    }
    Ok(Answer { columns, rows })
}

/// The rows of an answer whose columns are known, one at a time.
#[expect(missing_debug_implementations, reason = "frames print whole columns")]
pub struct Records {
    columns: Vec<Cells>,
    rows: usize,
}

enum Cells {
    Texts(StringChunked),
    Numbers(Int64Chunked),
}

/// One row; its cells are taken one after the other.
#[expect(missing_debug_implementations, reason = "frames print whole columns")]
#[derive(Clone, Copy)]
pub struct Record<'r> {
    columns: &'r [Cells],
    row: usize,
}

impl Records {
    pub(super) fn of(frame: &DataFrame) -> Result<Self, QueryError> {
        let cells = |column: &Column| {
            Ok(match column.dtype() {
                DataType::String => Cells::Texts(column.str()?.rechunk().into_owned()),
                _ => Cells::Numbers(column.cast(&DataType::Int64)?.i64()?.rechunk().into_owned()),
            })
        };
        let columns = frame.columns().iter().map(cells).collect::<Result<_, QueryError>>()?;
        Ok(Self { columns, rows: frame.height() })
    }

    /// All rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        (0..self.rows).map(|row| Record { columns: &self.columns, row })
    }
}

impl<'r> Record<'r> {
    fn next(&mut self) -> Option<&'r Cells> {
        let (first, rest) = self.columns.split_first()?;
        self.columns = rest;
        Some(first)
    }

    /// The text of the next cell; empty where there is none.
    pub fn text(&mut self) -> String {
        match self.next() {
            Some(Cells::Texts(all)) => all.get(self.row).unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }

    /// The number of the next cell; 0 where there is none.
    pub fn number(&mut self) -> i64 {
        match self.next() {
            Some(Cells::Numbers(all)) => all.get(self.row).unwrap_or_default(),
            _ => 0,
        }
    }

    /// Is the number of the next cell 1?
    pub fn flag(&mut self) -> bool {
        self.number() == 1
    }
}

/// The frame as a Parquet file.
pub fn parquet(mut frame: DataFrame) -> Result<Vec<u8>, QueryError> {
    let mut bytes = Cursor::new(Vec::new());
    ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Snappy).finish(&mut frame)?;
    Ok(bytes.into_inner())
}
