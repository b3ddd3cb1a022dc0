//! Fills the tables while logs are read: only those that a query names, with only the columns that it names.

use super::read_logs::EventSink;
use crate::query::Asked;
use crate::tables::events::{EVENTS, EventColumn};
use crate::tables::references::{FIELDS, REFS, field_rows, ref_cells, references};
use crate::tables::{Builder, Cell, Column, EventView, Kinds, Table};
use crate::trail::event::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Places for threads; more threads share.
const SLOTS: usize = 64;

/// Collects rows on many threads.
#[derive(Debug)]
pub struct Gather {
    needs_usage: bool,
    events: Option<Vec<&'static EventColumn>>,
    refs: Chosen,
    fields: Chosen,
    slots: Vec<Mutex<Slot>>,
    /// Rows that were read before, by table.
    taken: Mutex<BTreeMap<&'static str, Vec<Builder>>>,
}

/// The places of the columns that are kept of a table; `None` for a table that nobody asks for.
type Chosen = Option<Vec<(usize, Column)>>;

/// What one thread gathered.
#[derive(Debug)]
struct Slot {
    kinds: Kinds,
    events: Builder,
    refs: Builder,
    fields: Builder,
}

impl Gather {
    /// For the tables and columns that a query asks for.
    pub fn new(asked: &Asked) -> Self {
        let events = asked
            .get("events")
            .map(|names| EVENTS.iter().filter(|event| names.contains(event.column.name)).collect::<Vec<_>>());
        let refs = asked.get("refs").map(|names| chosen(&REFS, names));
        let fields = asked.get("fields").map(|names| chosen(&FIELDS, names));
        let needs_usage = asked.contains_key("usage");
        let mut gather =
            Self { needs_usage, events, refs, fields, slots: Vec::new(), taken: Mutex::default() };
        gather.slots = (0..SLOTS).map(|_| Mutex::new(gather.slot())).collect();
        gather
    }

    fn slot(&self) -> Slot {
        Slot {
            kinds: Kinds::default(),
            events: Builder::new(&self.event_columns()),
            refs: Builder::new(&columns(&self.refs)),
            fields: Builder::new(&columns(&self.fields)),
        }
    }

    fn event_columns(&self) -> Vec<Column> {
        self.events.iter().flatten().map(|event| event.column).collect()
    }

    /// The tables, sorted: the same whatever the threads did.
    pub fn finish(self) -> BTreeMap<&'static str, Table> {
        let (events, refs, fields) = (self.event_columns(), columns(&self.refs), columns(&self.fields));
        let (mut of_events, mut of_refs, mut of_fields) = (Vec::new(), Vec::new(), Vec::new());
        for slot in self.slots {
            let slot = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            of_events.push(slot.events);
            of_refs.push(slot.refs);
            of_fields.push(slot.fields);
        }
        let mut taken = self.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (table, rows) in [("events", &mut of_events), ("refs", &mut of_refs), ("fields", &mut of_fields)]
        {
            rows.extend(taken.remove(table).unwrap_or_default());
        }
        let mut tables = BTreeMap::new();
        if self.events.is_some() {
            tables.insert("events", Table::join(&events, of_events));
        }
        if self.refs.is_some() {
            tables.insert("refs", Table::join(&refs, of_refs));
        }
        if self.fields.is_some() {
            tables.insert("fields", Table::join(&fields, of_fields));
        }
        tables
    }
}

fn chosen(columns: &[Column], names: &BTreeSet<&'static str>) -> Vec<(usize, Column)> {
    columns.iter().copied().enumerate().filter(|(_, column)| names.contains(column.name)).collect()
}

fn columns(chosen: &Chosen) -> Vec<Column> {
    chosen.iter().flatten().map(|(_, column)| *column).collect()
}

/// The cells that are kept of a row.
fn kept<'v>(cells: &[Cell<'v>], chosen: &[(usize, Column)]) -> Vec<Cell<'v>> {
    chosen.iter().filter_map(|(place, _)| cells.get(*place).cloned()).collect()
}

impl EventSink for Gather {
    fn add(&self, event: &Event<'_>, fingerprint: u128) {
        let slot = rayon::current_thread_index().unwrap_or_default() % SLOTS;
        let Some(slot) = self.slots.get(slot) else { return };
        // A poisoned lock means a bug elsewhere; the rows are whole.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = slot.kinds.of(event);
        let view = EventView::new(event, kind, fingerprint);
        let time = event.time.seconds();
        if let Some(columns) = &self.events {
            slot.events.push(time, view.key, columns.iter().map(|column| (column.of)(&view)));
        }
        if let Some(chosen) = &self.refs {
            for row in references(&view) {
                slot.refs.push(time, view.key, kept(&ref_cells(&view, &row), chosen));
            }
        }
        if let Some(chosen) = &self.fields {
            for cells in field_rows(&view) {
                slot.fields.push(time, view.key, kept(&cells, chosen));
            }
        }
    }

    fn needs_usage(&self) -> bool {
        self.needs_usage
    }

    fn wanted(&self) -> Vec<(&'static str, Vec<Column>)> {
        let tables = [
            ("events", self.events.as_ref().map(|_| self.event_columns())),
            ("refs", self.refs.as_ref().map(|_| columns(&self.refs))),
            ("fields", self.fields.as_ref().map(|_| columns(&self.fields))),
        ];
        tables.into_iter().filter_map(|(table, columns)| Some((table, columns?))).collect()
    }

    fn take(&self, table: &'static str, rows: Vec<Builder>) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.entry(table).or_default().extend(rows);
    }
}
