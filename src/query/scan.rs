//! A table as polars reads it: what a query filters by is looked up in the words of a column before a row is
//! touched, and only the rows and columns that are left become a frame. What a query leaves is not bounded: a filter
//! that keeps most rows makes most of the table into text.

use super::QueryError;
use super::among::Values;
use super::predicate::{self, Conjunct};
use crate::tables::Table;
use crate::tables::build::{Data, Joined};
use crate::tables::chunk::{Ids, Numbers, ROWS, Strings};
use crate::time::Timestamp;
use polars::prelude::*;
use rayon::prelude::*;
use std::any::Any;
use std::sync::Arc;

/// A table that is read only where a query asks.
pub(super) struct Scan {
    schema: SchemaRef,
    rows: usize,
    columns: Vec<Stored>,
}

/// A column as it is kept.
pub(super) struct Stored {
    name: PlSmallStr,
    pub(super) cells: Cells,
}

pub(super) enum Cells {
    Words {
        ids: Vec<Ids>,
        words: StringChunked,
    },
    Texts(Vec<Strings>),
    Numbers(Arc<Vec<Numbers>>),
    /// Seconds since 1970, shown as text: as text it would be most of the table.
    Times(Arc<Vec<Numbers>>),
    /// `words` are the three values of a flag, by id.
    Flags {
        ids: Vec<Ids>,
        words: Int32Chunked,
    },
}

/// Which rows are left, by chunk; `None` for all of it.
pub(super) type Rows = Vec<Option<Vec<u32>>>;

/// What is left of a chunk.
pub(super) struct Part<'r> {
    chunk: usize,
    kept: Option<&'r [u32]>,
    /// How many rows.
    pub(super) rows: usize,
}

/// A table as polars reads it.
#[derive(Clone)]
pub(super) struct View {
    pub(super) scan: Arc<Scan>,
    /// Only the rows for which these hold are there.
    pub(super) only: Vec<Narrow>,
    /// Rows for which one of these does not hold may be left out: they are not asked for.
    pub(super) narrow: Vec<Narrow>,
}

/// Values that one of some columns must have.
#[derive(Clone)]
pub(super) struct Narrow {
    pub(super) columns: Vec<String>,
    pub(super) values: Arc<Values>,
}

impl View {
    /// As a frame that is computed when it is asked.
    pub(super) fn lazy(self) -> PolarsResult<LazyFrame> {
        let schema = Some(Arc::clone(&self.scan.schema));
        LazyFrame::anonymous_scan(
            Arc::new(self),
            ScanArgsAnonymous { schema, ..ScanArgsAnonymous::default() },
        )
    }
}

/// The table as a whole frame.
pub(super) fn whole(table: Table) -> Result<DataFrame, QueryError> {
    let scan = Scan::new(table);
    let columns: Vec<&Stored> = scan.columns.iter().collect();
    Ok(scan.frame(&columns, &scan.all())?)
}

impl Scan {
    /// The table of this name.
    pub(super) fn named(name: &str, table: Table) -> Self {
        let mut scan = Self::new(table);
        if name == "events" {
            scan.add_time();
        }
        scan
    }

    fn new(table: Table) -> Self {
        let rows = table.rows;
        let columns: Vec<Stored> = table.columns().into_par_iter().map(Stored::new).collect();
        let schema = columns.iter().map(|column| Field::new(column.name.clone(), column.cells.dtype()));
        Self { schema: Arc::new(schema.collect()), rows, columns }
    }

    /// `event_time` is made of `ts`, for the rows that are left.
    fn add_time(&mut self) {
        let name = PlSmallStr::from_static("event_time");
        let Ok(Stored { cells: Cells::Numbers(seconds), .. }) = self.column("ts") else { return };
        let cells = Cells::Times(Arc::clone(seconds));
        let mut schema = Schema::clone(&self.schema);
        schema.with_column(name.clone(), cells.dtype());
        self.schema = Arc::new(schema);
        self.columns.push(Stored { name, cells });
    }

    pub(super) fn all(&self) -> Rows {
        vec![None; self.rows.div_ceil(ROWS)]
    }

    pub(super) fn column(&self, name: &str) -> PolarsResult<&Stored> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| polars_err!(ColumnNotFound: "{name}"))
    }

    fn chosen(&self, names: &[PlSmallStr]) -> PolarsResult<Vec<&Stored>> {
        names.iter().map(|name| self.column(name)).collect()
    }

    pub(super) fn part<'r>(&self, chunk: usize, kept: Option<&'r [u32]>) -> Part<'r> {
        Part { chunk, kept, rows: kept.map_or_else(|| ROWS.min(self.rows - ROWS * chunk), <[u32]>::len) }
    }

    fn parts<'r>(&self, rows: &'r Rows) -> Vec<Part<'r>> {
        rows.iter().enumerate().map(|(chunk, kept)| self.part(chunk, kept.as_deref())).collect()
    }

    fn frame(&self, columns: &[&Stored], rows: &Rows) -> PolarsResult<DataFrame> {
        let parts = self.parts(rows);
        let height = height(&parts);
        let series = columns.par_iter().map(|column| column.series(&parts, height).map(Column::from));
        DataFrame::new(height, series.collect::<PolarsResult<Vec<_>>>()?)
    }

    /// The rows for which all conjuncts hold and that are asked for: first the conjuncts about one column of words or
    /// flags, the fewest words first, then what the table is narrowed by, then what is left of the predicate, chunk
    /// by chunk.
    fn matching<'n>(
        &self,
        conjuncts: Vec<Conjunct>,
        narrow: impl Iterator<Item = &'n Narrow>,
    ) -> PolarsResult<Rows> {
        let mut rows = self.all();
        let mut others: Vec<Expr> = Vec::new();
        let mut by_word: Vec<(usize, &Stored, Expr)> = Vec::new();
        for conjunct in conjuncts {
            let column = match conjunct.columns.as_slice() {
                [only] => Some(self.column(only)?),
                _ => None,
            };
            match column.and_then(|column| Some((column.cells.words()?, column))) {
                Some((words, column)) => by_word.push((words, column, conjunct.expr)),
                None => others.push(conjunct.expr),
            }
        }
        by_word.sort_by_key(|(words, ..)| *words);
        for (words, column, expr) in by_word {
            // With few rows left it is quicker to look at them than at all words.
            if words > height(&self.parts(&rows)) {
                others.push(expr);
            } else {
                let wanted = column.wanted(&expr)?;
                let (Cells::Words { ids, .. } | Cells::Flags { ids, .. }) = &column.cells else { continue };
                rows.par_iter_mut().zip(ids).for_each(|(rows, ids)| *rows = ids.keep(rows.take(), &wanted));
            }
        }
        for one in narrow {
            rows = self.narrow(rows, one)?;
        }
        match others.into_iter().reduce(Expr::and) {
            Some(expr) => self.filtered(rows, &expr),
            None => Ok(rows),
        }
    }

    fn filtered(&self, rows: Rows, expr: &Expr) -> PolarsResult<Rows> {
        let columns = self.chosen(&predicate::columns(expr))?;
        let one = |(chunk, kept): (usize, Option<Vec<u32>>)| {
            let part = self.part(chunk, kept.as_deref());
            if part.rows == 0 {
                return Ok(kept);
            }
            let height = part.rows;
            let series = columns.iter().map(|column| column.series(std::slice::from_ref(&part), height));
            let series = series.map(|series| series.map(Column::from)).collect::<PolarsResult<Vec<_>>>()?;
            let holding = holding(DataFrame::new(height, series)?, expr)?;
            let row =
                |place: u32| kept.as_ref().map_or(Some(place), |kept| kept.get(place as usize).copied());
            let held = (0..).zip(holding).filter(|(_, holds)| *holds);
            Ok(Some(held.filter_map(|(place, _)| row(place)).collect()))
        };
        rows.into_par_iter().enumerate().map(one).collect()
    }
}

impl AnonymousScan for View {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn allows_predicate_pushdown(&self) -> bool {
        true
    }

    fn allows_projection_pushdown(&self) -> bool {
        true
    }

    fn schema(&self, _infer_schema_length: Option<usize>) -> PolarsResult<SchemaRef> {
        Ok(Arc::clone(&self.scan.schema))
    }

    fn scan(&self, args: AnonymousScanArgs) -> PolarsResult<DataFrame> {
        let scan = &self.scan;
        let names: Vec<PlSmallStr> = match &args.with_columns {
            Some(names) => names.to_vec(),
            None => scan.schema.iter_names().cloned().collect(),
        };
        let columns = scan.chosen(&names)?;
        let conjuncts = args.predicate.as_ref().map_or(Some(Vec::new()), predicate::conjuncts);
        let frame = match (conjuncts, args.predicate) {
            (Some(conjuncts), _) => {
                let narrow = self.only.iter().chain(&self.narrow);
                scan.frame(&columns, &scan.matching(conjuncts, narrow)?)?
            }
            (None, None) => scan.frame(&columns, &scan.all())?,
            // Something that looks at more than its row: at all rows, then.
            (None, Some(expr)) => {
                let mut all = names.clone();
                all.extend(predicate::columns(&expr).into_iter().filter(|name| !names.contains(name)));
                let rows = scan.matching(Vec::new(), self.only.iter())?;
                let frame = scan.frame(&scan.chosen(&all)?, &rows)?.lazy().filter(expr);
                frame.select(names.into_iter().map(col).collect::<Vec<_>>()).collect()?
            }
        };
        Ok(match args.n_rows {
            Some(rows) => frame.head(Some(rows)),
            None => frame,
        })
    }
}

impl Stored {
    fn new(joined: Joined) -> Self {
        let name = PlSmallStr::from_static(joined.column.name);
        let cells = match joined.data() {
            Data::Words(ids, words) => {
                Cells::Words { ids, words: StringChunked::from_iter_values(name.clone(), words.iter()) }
            }
            Data::Texts(all) => Cells::Texts(all),
            Data::Numbers(all) => Cells::Numbers(Arc::new(all)),
            Data::Flags(ids) => {
                Cells::Flags { ids, words: Int32Chunked::new(name.clone(), &[None, Some(0), Some(1)]) }
            }
        };
        Self { name, cells }
    }

    /// For which words the predicate holds.
    fn wanted(&self, expr: &Expr) -> PolarsResult<Vec<bool>> {
        let words = match &self.cells {
            Cells::Words { words, .. } => words.clone().into_column(),
            Cells::Flags { words, .. } => words.clone().into_column(),
            Cells::Texts(_) | Cells::Numbers(_) | Cells::Times(_) => return Ok(Vec::new()),
        };
        holding(DataFrame::new(words.len(), vec![words])?, expr)
    }

    /// The values of the rows that are left.
    fn series(&self, parts: &[Part<'_>], height: usize) -> PolarsResult<Series> {
        let name = self.name.clone();
        let picked = |all: &[Ids]| {
            let mut picked = Vec::with_capacity(height);
            each(all, parts, |ids, row| picked.push(ids.get(row)));
            IdxCa::from_vec(name.clone(), picked)
        };
        Ok(match &self.cells {
            Cells::Words { ids, words } => words.take(&picked(ids))?.into_series(),
            Cells::Flags { ids, words } => words.take(&picked(ids))?.into_series(),
            Cells::Texts(all) => {
                let mut cells = StringChunkedBuilder::new(name, height);
                let mut room = String::new();
                each(all, parts, |strings, row| cells.append_value(strings.get(row, &mut room)));
                cells.finish().into_series()
            }
            Cells::Times(all) => {
                let mut cells = StringChunkedBuilder::new(name, height);
                let mut clock = Clock::default();
                each(all, parts, |seconds, row| {
                    cells.append_option(seconds.get(row).and_then(|at| clock.show(at)));
                });
                cells.finish().into_series()
            }
            Cells::Numbers(all) => {
                let mut cells = Vec::with_capacity(height);
                each(all, parts, |numbers, row| cells.push(numbers.get(row)));
                Series::new(name, cells)
            }
        })
    }
}

/// Seconds as text: rows come by time, so that the day is mostly that of the row before.
#[derive(Default)]
struct Clock {
    day: Option<i64>,
    /// The day as text, `T`, and room for the time of day.
    text: String,
}

impl Clock {
    fn show(&mut self, seconds: i64) -> Option<&str> {
        let day = seconds.div_euclid(86_400);
        if self.day != Some(day) {
            self.text = format!("{}T", Timestamp::from_seconds(seconds)?.day());
            self.day = Some(day);
        }
        self.text.truncate(self.text.find('T')? + 1);
        let of_day = seconds.rem_euclid(86_400);
        for (part, end) in [(of_day / 3_600, ':'), (of_day / 60 % 60, ':'), (of_day % 60, 'Z')] {
            for digit in [part / 10, part % 10] {
                self.text.push(char::from(b'0' + u8::try_from(digit).ok()?));
            }
            self.text.push(end);
        }
        Some(&self.text)
    }
}

fn height(parts: &[Part<'_>]) -> usize {
    parts.iter().map(|part| part.rows).sum()
}

/// Whether the predicate holds, for each row of a frame: unknown is no.
fn holding(frame: DataFrame, expr: &Expr) -> PolarsResult<Vec<bool>> {
    let height = frame.height();
    let mask = frame.lazy().select([expr.clone().alias("mask")]).collect()?;
    let mask = mask.column("mask")?.bool()?;
    // A predicate without a column has one value for all rows.
    let holds = |row: usize| mask.get(if mask.len() == 1 { 0 } else { row }) == Some(true);
    Ok((0..height).map(holds).collect())
}

/// Every row that is left, in order.
fn each<C>(chunks: &[C], parts: &[Part<'_>], mut row: impl FnMut(&C, usize)) {
    for part in parts {
        let Some(chunk) = chunks.get(part.chunk) else { continue };
        match part.kept {
            Some(kept) => kept.iter().for_each(|kept| row(chunk, *kept as usize)),
            None => (0..part.rows).for_each(|place| row(chunk, place)),
        }
    }
}

impl Cells {
    fn dtype(&self) -> DataType {
        match self {
            Self::Words { .. } | Self::Texts(_) | Self::Times(_) => DataType::String,
            Self::Numbers(_) => DataType::Int64,
            Self::Flags { .. } => DataType::Int32,
        }
    }

    /// How many different values there are; `None` when they are not listed.
    fn words(&self) -> Option<usize> {
        match self {
            Self::Words { words, .. } => Some(words.len()),
            Self::Flags { words, .. } => Some(words.len()),
            Self::Texts(_) | Self::Numbers(_) | Self::Times(_) => None,
        }
    }
}
