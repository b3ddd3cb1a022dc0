//! The tables `events`, `refs` and `fields`: rows for queries, by account and UTC day, sorted by time, then by
//! event.

use super::manifest::TableKind;
use super::seen::Place;
use super::table::{self, Flags, Integers, Table, Texts};
use crate::tables::events::{self, EVENTS};
use crate::tables::references::{FIELDS, REFS, field_rows, ref_cells, references};
use crate::tables::{Builder, Cell, Column, EventView, Kind, Kinds};
use crate::trail::event::Event;
use crate::trail::identity;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The columns by which rows are sorted, in this order.
pub(super) const ORDER: [&str; 2] = ["ts", "event_key"];

/// The columns of a table of rows; none for any other table.
pub(super) fn columns(kind: TableKind) -> Vec<Column> {
    match kind {
        TableKind::Events => events::columns(),
        TableKind::Refs => REFS.to_vec(),
        TableKind::Fields => FIELDS.to_vec(),
        TableKind::Objects | TableKind::Usage | TableKind::Coverage | TableKind::Seen => Vec::new(),
    }
}

/// The rows of new events that one thread has met, not written yet.
#[derive(Debug, Default)]
pub struct EventRows {
    kinds: Kinds,
    places: BTreeMap<Place, OfPlace>,
}

/// A builder for each of [`TableKind::ROWS`].
#[derive(Debug)]
struct OfPlace([Builder; TableKind::ROWS.len()]);

impl EventRows {
    /// Adds the rows of an event that the ledger does not have.
    pub fn add(&mut self, event: &Event<'_>, fingerprint: u128) {
        let kind = self.kinds.of(event);
        let view = EventView::new(event, kind, fingerprint);
        let place = (identity::acted_in(event), event.time.day());
        let new = || OfPlace(TableKind::ROWS.map(|kind| Builder::new(&columns(kind))));
        let OfPlace([events, refs, fields]) = self.places.entry(place).or_insert_with(new);
        let time = event.time.seconds();
        events.push(time, view.key, EVENTS.iter().map(|column| (column.of)(&view)));
        for row in references(&view) {
            refs.push(time, view.key, ref_cells(&view, &row));
        }
        for cells in field_rows(&view) {
            fields.push(time, view.key, cells);
        }
    }

    /// The memory that the rows take, about.
    pub fn bytes(&self) -> usize {
        self.places.values().flat_map(|of| &of.0).map(Builder::bytes).sum()
    }
}

/// One Parquet file of rows.
pub(super) struct RowsFile {
    pub(super) kind: TableKind,
    pub(super) place: Place,
    pub(super) rows: u64,
    pub(super) bytes: Vec<u8>,
}

/// The rows of all threads as files: one for each account, day and table that has rows.
/// Compressed on all threads.
pub(super) fn write(parts: Vec<EventRows>) -> Vec<Result<RowsFile, String>> {
    let mut places: BTreeMap<Place, [Vec<Builder>; TableKind::ROWS.len()]> = BTreeMap::new();
    for (place, OfPlace(builders)) in parts.into_iter().flat_map(|part| part.places) {
        let of = places.entry(place).or_default();
        of.iter_mut().zip(builders).for_each(|(all, builder)| all.push(builder));
    }
    let tables = places.into_iter().flat_map(|(place, tables)| {
        TableKind::ROWS.into_iter().zip(tables).map(move |(kind, builders)| (place, kind, builders))
    });
    let tables: Vec<_> =
        tables.filter(|(.., builders)| builders.iter().any(|builder| builder.rows() > 0)).collect();
    let file = |(place, kind, builders)| {
        let whole = crate::tables::Table::join(&columns(kind), builders);
        let rows = whole.rows as u64;
        Ok(RowsFile { kind, place, rows, bytes: table::write_rows(whole)? })
    };
    tables.into_par_iter().map(file).collect()
}

/// Some columns of one file of rows.
#[derive(Debug)]
pub struct Rows {
    count: usize,
    times: Integers,
    keys: Integers,
    columns: Vec<Cells>,
}

/// The values of one column.
#[derive(Debug)]
enum Cells {
    Words(Texts),
    Texts(Texts),
    Numbers(Integers),
    Flags(Flags),
}

/// Reads the given columns of a file. An error says what is wrong with it.
pub(super) fn read(bytes: &[u8], columns: &[Column]) -> Result<Rows, String> {
    let names = columns.iter().map(|column| column.name);
    let mut wanted: Vec<&str> = names.chain(ORDER).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let table = Table::read_columns(bytes, &wanted)?;
    let cells = |column: &Column| {
        Ok(match column.kind {
            Kind::Word => Cells::Words(table.text(column.name)?),
            Kind::Text => Cells::Texts(table.text(column.name)?),
            Kind::Number => Cells::Numbers(table.integers(column.name)?),
            Kind::Flag => Cells::Flags(table.flags(column.name)?),
        })
    };
    let [times, keys] = ORDER.map(|name| table.integers(name));
    let columns = columns.iter().map(cells).collect::<Result<_, String>>()?;
    Ok(Rows { count: table.rows(), times: times?, keys: keys?, columns })
}

impl Rows {
    /// Adds all rows; the builder has the columns that were read.
    pub fn add_to(&self, builder: &mut Builder) {
        let columns = self.columns.iter().enumerate();
        let places: Vec<Vec<u32>> = columns
            .map(|(at, column)| match column {
                Cells::Words(texts) => texts.places(|word| builder.place(at, word)),
                _ => Vec::new(),
            })
            .collect();
        for row in 0..self.count {
            let at = |numbers: &Integers| numbers.get(row).unwrap_or_default();
            let cells = self.columns.iter().zip(&places).map(|(column, places)| match column {
                Cells::Words(_) => Cell::Place(places.get(row).copied().unwrap_or_default()),
                Cells::Texts(texts) => Cell::from(texts.at(row)),
                Cells::Numbers(numbers) => Cell::Number(numbers.get(row)),
                Cells::Flags(flags) => Cell::Flag(flags.get(row)),
            });
            builder.push(at(&self.times), at(&self.keys), cells);
        }
    }
}
