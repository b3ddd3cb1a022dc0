//! Parquet in memory: columns to bytes and back. The one place that names polars here.

use super::rows::ORDER;
use crate::tables;
use crate::tables::build::{Data, NONE, YES};
use crate::tables::chunk::Strings;
use polars::prelude::{
    BooleanChunked, ChunkedArray, Column, DataFrame, Int64Chunked, IntoColumn as _, IntoSeries as _,
    NewChunkedArray as _, ParallelStrategy, ParquetReader, ParquetWriter, PolarsResult, SerReader as _,
    SortMultipleOptions, StringChunked, StringChunkedBuilder, TimeUnit, UInt64Chunked, UInt64Type,
};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One column to be written.
#[derive(Debug)]
pub(super) enum Cells {
    /// Text.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Numbers(Vec<u64>),
    /// Yes or no.
    Flags(Vec<Option<bool>>),
    /// Seconds since 1970-01-01; written as points in time.
    Times(Vec<Option<i64>>),
}

/// Milliseconds in a second: Parquet has no unit that is coarser.
const MILLISECONDS: i64 = 1_000;

/// The columns as one Parquet file. The same columns give the same bytes.
pub(super) fn write(columns: Vec<(&'static str, Cells)>) -> Result<Vec<u8>, String> {
    let columns: Vec<Column> = columns.into_iter().map(|(name, cells)| cells.named(name)).collect();
    DataFrame::new_infer_height(columns).and_then(bytes_of).map_err(|error| error.to_string())
}

/// Compressed with zstd; what repeats in a column is stored once.
fn bytes_of(mut frame: DataFrame) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).set_parallel(false).finish(&mut frame)?;
    Ok(bytes)
}

/// A table of rows as one Parquet file. The same rows give the same bytes.
pub(super) fn write_rows(table: tables::Table) -> Result<Vec<u8>, String> {
    let columns: Vec<Column> =
        table.columns().into_iter().map(|column| column_of(column.column.name, column.data())).collect();
    DataFrame::new_infer_height(columns).and_then(bytes_of).map_err(|error| error.to_string())
}

fn column_of(name: &str, data: Data) -> Column {
    let name = name.into();
    match data {
        Data::Words(ids, words) => {
            let ids = ids.iter().flat_map(|ids| (0..ids.len()).map(|row| ids.get(row) as usize));
            let words = ids.map(|id| words.get(id).unwrap_or_default());
            StringChunked::from_iter_values(name, words).into_column()
        }
        Data::Texts(all) => {
            let rows = all.iter().map(Strings::len).sum();
            let mut texts = StringChunkedBuilder::new(name, rows);
            let mut room = String::new();
            for all in &all {
                (0..all.len()).for_each(|row| texts.append_value(all.get(row, &mut room)));
            }
            texts.finish().into_column()
        }
        Data::Numbers(all) => {
            let numbers = all.iter().flat_map(|all| (0..all.len()).map(|row| all.get(row)));
            Int64Chunked::from_iter_options(name, numbers).into_column()
        }
        Data::Flags(ids) => {
            let ids = ids.iter().flat_map(|ids| (0..ids.len()).map(|row| ids.get(row)));
            let flags = ids.map(|id| (id != NONE).then_some(id == YES));
            BooleanChunked::from_iter_options(name, flags).into_column()
        }
    }
}

/// Files of rows as one, sorted again. An error says what is wrong with them.
pub(super) fn merge_rows(files: &[Vec<u8>]) -> Result<Vec<u8>, String> {
    let frames = files.iter().map(|bytes| Table::read(bytes).map(|table| table.0));
    let frames = frames.collect::<Result<Vec<DataFrame>, String>>()?;
    let merge = || -> PolarsResult<Vec<u8>> {
        let mut frames = frames.into_iter();
        let mut whole = frames.next().unwrap_or_default();
        for frame in frames {
            whole.vstack_mut(&frame)?;
        }
        // What is equal stays as it came: the rows of one event have an order of their own.
        let order = SortMultipleOptions::new().with_maintain_order(true);
        let mut sorted = whole.sort(ORDER, order)?;
        sorted.rechunk_mut();
        bytes_of(sorted)
    };
    merge().map_err(|error| error.to_string())
}

impl Cells {
    fn named(self, name: &str) -> Column {
        let name = name.into();
        match self {
            Self::Text(cells) => StringChunked::from_iter_options(name, cells.into_iter()).into_column(),
            Self::Numbers(cells) => UInt64Chunked::from_vec(name, cells).into_column(),
            Self::Flags(cells) => BooleanChunked::from_iter_options(name, cells.into_iter()).into_column(),
            Self::Times(cells) => {
                let scaled = cells.into_iter().map(|time| time.map(|time| time.saturating_mul(MILLISECONDS)));
                let cells = Int64Chunked::from_iter_options(name, scaled);
                cells.into_datetime(TimeUnit::Milliseconds, None).into_series().into_column()
            }
        }
    }
}

/// A Parquet file that was read.
#[derive(Debug)]
pub(super) struct Table(DataFrame);

impl Table {
    /// Reads Parquet. An error says what is wrong with it. Give it only bytes whose hash was checked: the
    /// decoder may panic over others, which is caught here, and may end the process when a damaged length asks
    /// for more memory than there is (polars 0.55.2), which nothing can catch.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        Self::read_some(bytes, None)
    }

    /// [`Self::read`], and of the columns only these; nothing else is decoded.
    pub(super) fn read_columns(bytes: &[u8], columns: &[&str]) -> Result<Self, String> {
        Self::read_some(bytes, Some(columns.iter().map(ToString::to_string).collect()))
    }

    fn read_some(bytes: &[u8], columns: Option<Vec<String>>) -> Result<Self, String> {
        let read = || -> PolarsResult<DataFrame> {
            let reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
            reader.with_columns(columns).set_rechunk(true).finish()
        };
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(frame)) => Ok(Self(frame)),
            Ok(Err(error)) => Err(format!("no readable Parquet: {error}")),
            Err(_) => Err("no readable Parquet".to_owned()),
        }
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> usize {
        self.0.height()
    }

    /// Is there a column with this name?
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get_column_index(name).is_some()
    }

    fn column<T>(&self, name: &str, typed: impl FnOnce(&Column) -> PolarsResult<T>) -> Result<T, String> {
        self.0.column(name).and_then(typed).map_err(|error| format!("column `{name}`: {error}"))
    }

    /// A column of text.
    pub(super) fn text(&self, name: &str) -> Result<Texts, String> {
        self.column(name, |column| Ok(Texts(column.str()?.clone())))
    }

    /// A column of numbers.
    pub(super) fn numbers(&self, name: &str) -> Result<Numbers, String> {
        self.column(name, |column| Ok(Numbers(column.u64()?.clone())))
    }

    /// A column of numbers that may be negative or absent.
    pub(super) fn integers(&self, name: &str) -> Result<Integers, String> {
        self.column(name, |column| Ok(Integers(column.i64()?.clone())))
    }

    /// A column of yes and no.
    pub(super) fn flags(&self, name: &str) -> Result<Flags, String> {
        self.column(name, |column| Ok(Flags(column.bool()?.clone())))
    }

    /// A column of points in time.
    pub(super) fn times(&self, name: &str) -> Result<Times, String> {
        self.column(name, |column| Ok(Times(column.datetime()?.physical().clone())))
    }
}

/// The numbers of texts by their views.
#[expect(clippy::disallowed_types, reason = "only asked for keys, never iterated")]
type ByView = std::collections::HashMap<u128, u32, foldhash::fast::RandomState>;

/// Text, by row.
#[derive(Debug)]
pub(super) struct Texts(StringChunked);

impl Texts {
    /// The text of a row; `None` where there is none.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        self.0.get(row)
    }

    /// The text of every row as the number that `place` gives it. It is asked once for a text that the file has once,
    /// as it has all texts of a column with a dictionary.
    pub(super) fn places(&self, mut place: impl FnMut(&str) -> u32) -> Vec<u32> {
        let mut places = Vec::with_capacity(self.0.len());
        if self.0.null_count() > 0 {
            places.extend((0..self.0.len()).map(|row| place(self.at(row))));
            return places;
        }
        for texts in self.0.downcast_iter() {
            // Where the bytes lie, or the bytes themselves of a short text: equal views are equal texts.
            let mut known = ByView::default();
            let mut last = None;
            for (row, view) in texts.views().iter().enumerate() {
                let view = view.as_u128();
                let found = match last {
                    Some((same, found)) if same == view => found,
                    _ => {
                        let text = || texts.get(row).unwrap_or_default();
                        *known.entry(view).or_insert_with(|| place(text()))
                    }
                };
                last = Some((view, found));
                places.push(found);
            }
        }
        places
    }

    /// The text of a row; empty where there is none.
    pub(super) fn at(&self, row: usize) -> &str {
        self.get(row).unwrap_or_default()
    }
}

/// Numbers, by row.
#[derive(Debug)]
pub(super) struct Numbers(ChunkedArray<UInt64Type>);

impl Numbers {
    /// The number of a row; 0 where there is none.
    pub(super) fn at(&self, row: usize) -> u64 {
        self.0.get(row).unwrap_or_default()
    }
}

/// Numbers that may be negative or absent, by row.
#[derive(Debug)]
pub(super) struct Integers(Int64Chunked);

impl Integers {
    /// The number of a row; `None` where there is none.
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        self.0.get(row)
    }
}

/// Yes or no, by row.
#[derive(Debug)]
pub(super) struct Flags(BooleanChunked);

impl Flags {
    /// Of a row; `None` where there is nothing.
    pub(super) fn get(&self, row: usize) -> Option<bool> {
        self.0.get(row)
    }

    /// Of a row; no where there is nothing.
    pub(super) fn at(&self, row: usize) -> bool {
        self.get(row).unwrap_or_default()
    }
}

/// Points in time, by row.
#[derive(Debug)]
pub(super) struct Times(Int64Chunked);

impl Times {
    /// Seconds since 1970-01-01.
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        self.0.get(row).map(|time| time.div_euclid(MILLISECONDS))
    }
}
