//! The table `coverage`: distinct events by region, category and resource type, of one account and UTC day.

use super::seen::Place;
use super::table::{Cells, Table};
use super::words::{CATEGORIES, meant};
use crate::iam::AccountId;
use crate::time::Timestamp;
use crate::trail::coverage::{Category, Cell, Coverage};
use std::collections::BTreeMap;

#[derive(Default)]
struct Columns {
    region: Vec<Option<String>>,
    category: Vec<Option<String>>,
    resource_type: Vec<Option<String>>,
    events: Vec<u64>,
    first: Vec<Option<i64>>,
    last: Vec<Option<i64>>,
}

/// What was counted on one day as Parquet, by account; none for events without one.
pub(super) fn write(coverage: &Coverage) -> Result<BTreeMap<Option<AccountId>, Vec<u8>>, String> {
    let mut accounts: BTreeMap<Option<AccountId>, Columns> = BTreeMap::new();
    let Some((first, last)) = coverage.span() else { return Ok(BTreeMap::new()) };
    for cell in coverage.cells() {
        let columns = accounts.entry(cell.account).or_default();
        columns.region.push(Some(cell.region.to_owned()));
        columns.category.push(Some(cell.category.as_str().to_owned()));
        columns.resource_type.push(Some(cell.resource_type.to_owned()));
        columns.events.push(cell.events);
        columns.first.push(Some(first.seconds()));
        columns.last.push(Some(last.seconds()));
    }
    accounts.into_iter().map(|(account, columns)| Ok((account, columns.parquet()?))).collect()
}

impl Columns {
    fn parquet(self) -> Result<Vec<u8>, String> {
        super::table::write(vec![
            ("region", Cells::Text(self.region)),
            ("category", Cells::Text(self.category)),
            ("resource_type", Cells::Text(self.resource_type)),
            ("events", Cells::Numbers(self.events)),
            ("first", Cells::Times(self.first)),
            ("last", Cells::Times(self.last)),
        ])
    }
}

/// Adds the rows of one table. An error says what is wrong with it.
pub(super) fn read(bytes: &[u8], (account, day): Place, coverage: &mut Coverage) -> Result<(), String> {
    let table = Table::read(bytes)?;
    let (regions, categories) = (table.text("region")?, table.text("category")?);
    let (types, events) = (table.text("resource_type")?, table.numbers("events")?);
    let (firsts, lasts) = (table.times("first")?, table.times("last")?);
    for row in 0..table.rows() {
        let time = |seconds: Option<i64>| Timestamp::from_seconds(seconds?);
        let found = meant(&CATEGORIES, Category::as_str, categories.at(row))
            .zip(time(firsts.get(row)))
            .zip(time(lasts.get(row)));
        let Some(((category, first), last)) = found else {
            return Err(format!("row {row} is not what this version writes"));
        };
        let cell = Cell {
            account,
            region: regions.at(row),
            day,
            category,
            resource_type: types.at(row),
            events: events.at(row),
        };
        coverage.add_counted(&cell, (first, last));
    }
    Ok(())
}
