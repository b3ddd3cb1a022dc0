//! Rows to columns, in little memory: one builder a thread, joined and sorted at the end, so that the table
//! does not depend on the order of files or on the number of threads.

use super::chunk::{Ids, Numbers, ROWS, Strings};
use super::words::Words;
use super::{Cell, Column, Kind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Collects rows. The first two of every row are its time and its event's key, by which rows are sorted.
#[derive(Debug)]
pub struct Builder {
    order: Vec<(i64, i64)>,
    stores: Vec<Store>,
}

/// The values of one column in one builder: whole chunks, and the rows of the one that grows.
#[derive(Debug)]
enum Store {
    Words { words: Words, whole: Vec<Ids>, open: Vec<u32> },
    Texts { whole: Vec<Strings>, text: String, ends: Vec<usize> },
    Numbers { whole: Vec<Numbers>, open: Vec<Option<i64>> },
    Flags { whole: Vec<Ids>, open: Vec<u32> },
}

/// A whole table, rows sorted by time, then event, then as they came.
#[derive(Debug)]
pub struct Table {
    /// The number of rows.
    pub rows: usize,
    columns: Vec<Joined>,
}

/// One column of a whole table, still where the threads put it.
#[derive(Debug)]
pub struct Joined {
    /// Its name, kind and meaning.
    pub column: Column,
    stores: Vec<Store>,
    order: Arc<Order>,
}

/// Where the rows of a whole table are.
#[derive(Debug)]
struct Order {
    /// Part and row of every row.
    rows: Vec<(u32, u32)>,
    /// By chunk of the whole table: the chunks, with their parts, that no later one needs.
    done: Vec<Vec<(u32, u32)>>,
}

impl Order {
    fn new(rows: Vec<(u32, u32)>) -> Self {
        let mut last: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for (chunk, rows) in rows.chunks(ROWS).enumerate() {
            let mut before = None;
            for (part, row) in rows {
                let of = (*part, chunk_of(*row));
                if before != Some(of) {
                    last.insert(of, chunk);
                    before = Some(of);
                }
            }
        }
        let mut done = vec![Vec::new(); rows.len().div_ceil(ROWS)];
        for (of, chunk) in last {
            if let Some(all) = done.get_mut(chunk) {
                all.push(of);
            }
        }
        Self { rows, done }
    }
}

fn chunk_of(row: u32) -> u32 {
    u32::try_from(row as usize / ROWS).unwrap_or(u32::MAX)
}

/// The values of one column of a whole table, in chunks of [`ROWS`] rows.
#[derive(Debug)]
pub enum Data {
    /// Each an index into the words.
    Words(Vec<Ids>, Words),
    /// Texts.
    Texts(Vec<Strings>),
    /// Whole numbers.
    Numbers(Vec<Numbers>),
    /// [`NONE`], [`NO`] or [`YES`].
    Flags(Vec<Ids>),
}

/// A flag that is absent.
pub const NONE: u32 = 0;
/// A flag that is 0.
pub const NO: u32 = 1;
/// A flag that is 1.
pub const YES: u32 = 2;

impl Builder {
    /// For rows of these columns.
    pub fn new(columns: &[Column]) -> Self {
        Self { order: Vec::new(), stores: columns.iter().map(|column| Store::new(column.kind)).collect() }
    }

    /// Adds a row: when, the event's key, and a cell for each column. A cell of another kind than its column
    /// counts as absent, and so does one that is missing.
    pub fn push<'v>(&mut self, time: i64, event_key: i64, cells: impl IntoIterator<Item = Cell<'v>>) {
        self.order.push((time, event_key));
        let is_full = self.order.len().is_multiple_of(ROWS);
        let mut cells = cells.into_iter();
        for store in &mut self.stores {
            store.push(cells.next().as_ref());
            if is_full {
                store.close();
            }
        }
    }

    /// The place of a text in a column of words, for [`Cell::Place`]: quicker for texts that repeat than the text
    /// itself. 0 for a column of another kind.
    pub fn place(&mut self, column: usize, word: &str) -> u32 {
        match self.stores.get_mut(column) {
            Some(Store::Words { words, .. }) => words.place(word),
            _ => 0,
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// The memory that the rows take, about.
    pub fn bytes(&self) -> usize {
        size_of_val(self.order.as_slice()) + self.stores.iter().map(Store::bytes).sum::<usize>()
    }
}

impl Store {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Word => Self::Words { words: Words::default(), whole: Vec::new(), open: Vec::new() },
            Kind::Text => Self::Texts { whole: Vec::new(), text: String::new(), ends: Vec::new() },
            Kind::Number => Self::Numbers { whole: Vec::new(), open: Vec::new() },
            Kind::Flag => Self::Flags { whole: Vec::new(), open: Vec::new() },
        }
    }

    fn push(&mut self, cell: Option<&Cell<'_>>) {
        let given = match cell {
            Some(Cell::Text(text)) => text.as_ref(),
            _ => "",
        };
        match self {
            Self::Words { words, open, .. } => open.push(match cell {
                Some(Cell::Place(place)) => *place,
                _ => words.place(given),
            }),
            Self::Texts { text, ends, .. } => {
                text.push_str(given);
                ends.push(text.len());
            }
            Self::Numbers { open, .. } => open.push(match cell {
                Some(Cell::Number(number)) => *number,
                _ => None,
            }),
            Self::Flags { open, .. } => open.push(match cell {
                Some(Cell::Flag(Some(true))) => YES,
                Some(Cell::Flag(Some(false))) => NO,
                _ => NONE,
            }),
        }
    }

    /// Packs the rows of the chunk that grew.
    fn close(&mut self) {
        match self {
            Self::Words { whole, open, .. } | Self::Flags { whole, open } => {
                whole.push(Ids::of(open));
                open.clear();
            }
            Self::Texts { whole, text, ends } => {
                whole.push(Strings::of(text, ends));
                text.clear();
                ends.clear();
            }
            Self::Numbers { whole, open } => {
                whole.push(Numbers::of(open));
                open.clear();
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Words { words, whole, open } => {
                words.bytes() + whole.iter().map(Ids::bytes).sum::<usize>() + size_of_val(open.as_slice())
            }
            Self::Flags { whole, open } => {
                whole.iter().map(Ids::bytes).sum::<usize>() + size_of_val(open.as_slice())
            }
            Self::Texts { whole, text, ends } => {
                whole.iter().map(Strings::bytes).sum::<usize>() + text.len() + size_of_val(ends.as_slice())
            }
            Self::Numbers { whole, open } => {
                whole.iter().map(Numbers::bytes).sum::<usize>() + size_of_val(open.as_slice())
            }
        }
    }

    /// Frees the memory of a whole chunk.
    fn drop_chunk(&mut self, chunk: usize) {
        match self {
            Self::Words { whole, .. } | Self::Flags { whole, .. } => free(whole, chunk, Ids::Same(NONE, 0)),
            Self::Texts { whole, .. } => free(whole, chunk, Strings::Empty(0)),
            Self::Numbers { whole, .. } => free(whole, chunk, Numbers::Absent(0)),
        }
    }

    fn id(&self, row: usize) -> u32 {
        let (Self::Words { whole, .. } | Self::Flags { whole, .. }) = self else { return 0 };
        whole.get(row / ROWS).map_or(0, |ids| ids.get(row % ROWS))
    }

    fn number(&self, row: usize) -> Option<i64> {
        let Self::Numbers { whole, .. } = self else { return None };
        whole.get(row / ROWS)?.get(row % ROWS)
    }

    fn text<'s>(&'s self, row: usize, room: &'s mut String) -> &'s str {
        let Self::Texts { whole, .. } = self else { return "" };
        whole.get(row / ROWS).map_or("", |strings| strings.get(row % ROWS, room))
    }
}

fn free<C>(whole: &mut [C], chunk: usize, empty: C) {
    if let Some(place) = whole.get_mut(chunk) {
        *place = empty;
    }
}

impl Table {
    /// Joins what the threads gathered. All builders have these columns.
    pub fn join(columns: &[Column], parts: Vec<Builder>) -> Self {
        let mut keys: Vec<(i64, i64, u32, u32)> = Vec::with_capacity(parts.iter().map(Builder::rows).sum());
        let mut joined: Vec<Vec<Store>> = columns.iter().map(|_| Vec::new()).collect();
        for (part, builder) in (0..).zip(parts) {
            keys.extend((0..).zip(builder.order).map(|(row, (time, key))| (time, key, part, row)));
            for (stores, mut store) in joined.iter_mut().zip(builder.stores) {
                store.close();
                stores.push(store);
            }
        }
        keys.sort_unstable();
        let order: Vec<(u32, u32)> = keys.into_iter().map(|(_, _, part, row)| (part, row)).collect();
        let rows = order.len();
        let order = Arc::new(Order::new(order));
        let column = |(column, stores): (&Column, Vec<Store>)| Joined {
            column: *column,
            stores,
            order: Arc::clone(&order),
        };
        Self { rows, columns: columns.iter().zip(joined).map(column).collect() }
    }

    /// Its columns, in order.
    pub fn columns(self) -> Vec<Joined> {
        self.columns
    }
}

impl Joined {
    /// The values, in the order of the table.
    pub fn data(mut self) -> Data {
        match self.column.kind {
            Kind::Word => {
                let (words, places) = merge(&mut self.stores);
                let place = |part: u32, id: u32| places.get(part as usize)?.get(id as usize).copied();
                let id = |part: u32, id: u32| place(part, id).unwrap_or_default();
                Data::Words(self.chunks(|column, rows| column.ids(rows, id)), words)
            }
            Kind::Flag => Data::Flags(self.chunks(|column, rows| column.ids(rows, |_, id| id))),
            Kind::Text => Data::Texts(self.chunks(Self::strings)),
            Kind::Number => Data::Numbers(self.chunks(Self::numbers)),
        }
    }

    /// One chunk after the other. What no other needs is given up at once: both orders in memory would be twice
    /// the column.
    fn chunks<C>(&mut self, chunk: impl Fn(&Self, &[(u32, u32)]) -> C) -> Vec<C> {
        let order = Arc::clone(&self.order);
        let mut all = Vec::with_capacity(order.done.len());
        for (rows, done) in order.rows.chunks(ROWS).zip(&order.done) {
            all.push(chunk(self, rows));
            for (part, of) in done {
                if let Some(store) = self.stores.get_mut(*part as usize) {
                    store.drop_chunk(*of as usize);
                }
            }
        }
        all
    }

    fn ids(&self, rows: &[(u32, u32)], id: impl Fn(u32, u32) -> u32) -> Ids {
        let found = |part: &u32, row: &u32| {
            self.stores.get(*part as usize).map_or(0, |store| store.id(*row as usize))
        };
        Ids::of(&rows.iter().map(|(part, row)| id(*part, found(part, row))).collect::<Vec<_>>())
    }

    fn numbers(&self, rows: &[(u32, u32)]) -> Numbers {
        let found = |(part, row): &(u32, u32)| self.stores.get(*part as usize)?.number(*row as usize);
        Numbers::of(&rows.iter().map(found).collect::<Vec<_>>())
    }

    fn strings(&self, rows: &[(u32, u32)]) -> Strings {
        let mut text = String::new();
        let mut room = String::new();
        let mut ends = Vec::with_capacity(rows.len());
        for (part, row) in rows {
            if let Some(store) = self.stores.get(*part as usize) {
                text.push_str(store.text(*row as usize, &mut room));
            }
            ends.push(text.len());
        }
        Strings::of(&text, &ends)
    }
}

/// One list of words for all parts, and for every part the new places of its words.
fn merge(stores: &mut [Store]) -> (Words, Vec<Vec<u32>>) {
    let mut whole = Words::default();
    let places = stores.iter_mut().map(|store| match store {
        Store::Words { words, .. } => whole.merge(&std::mem::take(words)),
        _ => Vec::new(),
    });
    let places = places.collect();
    (whole, places)
}

#[cfg(test)]
mod tests {
    use super::super::column;
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: [Column; 4] = [
        column("w", Kind::Word, ""),
        column("t", Kind::Text, ""),
        column("n", Kind::Number, ""),
        column("f", Kind::Flag, ""),
    ];

    /// Every row as text, in the order of the table.
    fn rows(parts: Vec<Builder>) -> Vec<String> {
        let table = Table::join(&COLUMNS, parts);
        let rows = table.rows;
        let data: Vec<Data> = table.columns().into_iter().map(Joined::data).collect();
        let cell = |data: &Data, row: usize| {
            let (chunk, row) = (row / ROWS, row % ROWS);
            match data {
                Data::Words(ids, words) => words.get(ids[chunk].get(row) as usize).unwrap().to_owned(),
                Data::Texts(all) => all[chunk].get(row, &mut String::new()).to_owned(),
                Data::Numbers(all) => format!("{:?}", all[chunk].get(row)),
                Data::Flags(all) => {
                    ["None", "Some(false)", "Some(true)"][all[chunk].get(row) as usize].to_owned()
                }
            }
        };
        (0..rows).map(|row| data.iter().map(|data| cell(data, row)).collect::<Vec<_>>().join(" ")).collect()
    }

    fn push(builder: &mut Builder, (time, key, word): (i64, i64, u8)) {
        let cells = [
            Cell::from(format!("w{}", word % 3)),
            Cell::from(format!("t{time}.{key}.{word}")),
            Cell::from(time),
            Cell::Flag((word % 3 > 0).then_some(word % 3 == 1)),
        ];
        builder.push(time, key, cells);
    }

    #[test]
    fn rows_are_in_order_and_whole() {
        let mut one = Builder::new(&COLUMNS);
        let mut two = Builder::new(&COLUMNS);
        push(&mut one, (2, 0, 1));
        push(&mut two, (1, 9, 2));
        push(&mut two, (1, 3, 0));
        two.push(3, 0, [Cell::from(7)]);
        let expect = [
            "w0 t1.3.0 Some(1) None",
            "w2 t1.9.2 Some(1) Some(false)",
            "w1 t2.0.1 Some(2) Some(true)",
            "  None None",
        ];
        assert_eq!(rows(vec![one, two]), expect);
        assert_eq!(rows(vec![]), Vec::<String>::new());
    }

    #[test]
    fn words_by_their_place() {
        let mut by_text = Builder::new(&COLUMNS);
        let mut by_place = Builder::new(&COLUMNS);
        for (time, word) in (0..).zip(["b", "a", "", "b", "a"]) {
            by_text.push(time, 0, [Cell::from(word), Cell::from(word)]);
            let place = by_place.place(0, word);
            by_place.push(time, 0, [Cell::Place(place), Cell::from(word)]);
        }
        assert_eq!(by_place.place(1, "x"), 0);
        assert_eq!(rows(vec![by_place]), rows(vec![by_text]));
    }

    proptest! {
        #[test]
        fn threads_do_not_matter(
            events in proptest::collection::btree_map((0_i64..5, 0_i64..50), (any::<u8>(), 0_usize..3), 0..40),
        ) {
            let mut single = Builder::new(&COLUMNS);
            let mut parts: Vec<Builder> = (0..3).map(|_| Builder::new(&COLUMNS)).collect();
            for ((time, key), (word, part)) in events.iter().rev() {
                push(&mut single, (*time, *key, *word));
                push(&mut parts[*part], (*time, *key, *word));
            }
            prop_assert_eq!(rows(vec![single]), rows(parts));
        }
    }
}
