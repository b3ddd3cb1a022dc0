//! Rows to columns, in little memory: one builder a thread, joined and sorted at the end, so that the table
//! does not depend on the order of files or on the number of threads.

use super::{Cell, Column, Kind};
use std::sync::Arc;

/// Collects rows. The first two of every row are its time and its event's key, by which rows are sorted.
#[derive(Debug)]
pub struct Builder {
    order: Vec<(i64, i64)>,
    stores: Vec<Store>,
}

/// The values of one column in one builder.
#[derive(Debug)]
enum Store {
    Words(Words),
    Texts { text: String, ends: Vec<usize> },
    Numbers(Vec<Option<i64>>),
    Flags(Vec<Option<bool>>),
}

/// Texts as numbers of a list.
#[derive(Debug, Default)]
struct Words {
    ids: Vec<u32>,
    list: Vec<Box<str>>,
    /// The bytes of all words of the list.
    bytes: usize,
    #[expect(clippy::disallowed_types, reason = "only asked for keys, never iterated")]
    found: std::collections::HashMap<Box<str>, u32>,
}

/// A whole table, rows sorted by time, then event, then as they came.
#[derive(Debug)]
pub struct Table {
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The number of rows.
    pub rows: usize,
    parts: Vec<Builder>,
    /// Part and row of every row.
    order: Arc<Vec<(u32, u32)>>,
}

/// The texts of a column, still where the threads put them: a copy of all would be large.
#[derive(Debug)]
pub struct Texts {
    stores: Vec<Store>,
    order: Arc<Vec<(u32, u32)>>,
}

impl Texts {
    /// One for each row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        let text = |(part, row): &(u32, u32)| {
            self.stores.get(*part as usize).map_or("", |store| store.text(*row as usize))
        };
        self.order.iter().map(text)
    }
}

/// The values of one column of a whole table.
#[derive(Debug)]
pub enum Data {
    /// Each an index into the words.
    Words {
        /// One for each row.
        ids: Vec<u32>,
        /// What they stand for.
        words: Vec<Box<str>>,
    },
    /// One for each row.
    Texts(Texts),
    /// One for each row.
    Numbers(Vec<Option<i64>>),
    /// One for each row.
    Flags(Vec<Option<bool>>),
}

impl Words {
    fn add(&mut self, text: &str) {
        let known = self.found.get(text).copied();
        let id = known.unwrap_or_else(|| {
            let id = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
            self.bytes += text.len();
            self.list.push(text.into());
            self.found.insert(text.into(), id);
            id
        });
        self.ids.push(id);
    }
}

impl Builder {
    /// For rows of these columns.
    pub fn new(columns: &[Column]) -> Self {
        let store = |column: &Column| match column.kind {
            Kind::Word => Store::Words(Words::default()),
            Kind::Text => Store::Texts { text: String::new(), ends: Vec::new() },
            Kind::Number => Store::Numbers(Vec::new()),
            Kind::Flag => Store::Flags(Vec::new()),
        };
        Self { order: Vec::new(), stores: columns.iter().map(store).collect() }
    }

    /// Adds a row: when, the event's key, and a cell for each column. A cell of another kind than its column
    /// counts as absent, and so does one that is missing.
    pub fn push<'v>(&mut self, time: i64, event_key: i64, cells: impl IntoIterator<Item = Cell<'v>>) {
        self.order.push((time, event_key));
        let mut cells = cells.into_iter();
        for store in &mut self.stores {
            store.push(cells.next().as_ref());
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
    fn push(&mut self, cell: Option<&Cell<'_>>) {
        let text = match cell {
            Some(Cell::Text(text)) => text.as_ref(),
            _ => "",
        };
        match self {
            Self::Words(words) => words.add(text),
            Self::Texts { text: all, ends } => {
                all.push_str(text);
                ends.push(all.len());
            }
            Self::Numbers(all) => all.push(match cell {
                Some(Cell::Number(number)) => *number,
                _ => None,
            }),
            Self::Flags(all) => all.push(match cell {
                Some(Cell::Flag(flag)) => *flag,
                _ => None,
            }),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            // A word stands in the list and among the keys, each time behind its place and length.
            Self::Words(words) => {
                size_of_val(words.ids.as_slice()) + 2 * (words.bytes + size_of_val(words.list.as_slice()))
            }
            Self::Texts { text, ends } => text.len() + size_of_val(ends.as_slice()),
            Self::Numbers(all) => size_of_val(all.as_slice()),
            Self::Flags(all) => size_of_val(all.as_slice()),
        }
    }

    fn text(&self, row: usize) -> &str {
        let Self::Texts { text, ends } = self else { return "" };
        let start = row.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
        ends.get(row).and_then(|end| text.get(start..*end)).unwrap_or_default()
    }

    fn id(&self, row: usize) -> u32 {
        let Self::Words(words) = self else { return 0 };
        words.ids.get(row).copied().unwrap_or_default()
    }

    fn number(&self, row: usize) -> Option<i64> {
        let Self::Numbers(all) = self else { return None };
        all.get(row).copied().flatten()
    }

    fn flag(&self, row: usize) -> Option<bool> {
        let Self::Flags(all) = self else { return None };
        all.get(row).copied().flatten()
    }
}

impl Table {
    /// Joins what the threads gathered. All builders have these columns.
    pub fn join(columns: &[Column], parts: Vec<Builder>) -> Self {
        let mut keys: Vec<(i64, i64, u32, u32)> = Vec::with_capacity(parts.iter().map(Builder::rows).sum());
        for (part, builder) in (0..).zip(&parts) {
            keys.extend((0..).zip(&builder.order).map(|(row, (time, key))| (*time, *key, part, row)));
        }
        keys.sort_unstable();
        let order: Vec<(u32, u32)> = keys.into_iter().map(|(_, _, part, row)| (part, row)).collect();
        let mut parts = parts;
        for part in &mut parts {
            part.order = Vec::new();
        }
        Self { columns: columns.to_vec(), rows: order.len(), parts, order: Arc::new(order) }
    }

    /// The values of a column, given out once: what was given out is gone from the table.
    pub fn take(&mut self, column: usize) -> Option<Data> {
        let kind = self.columns.get(column)?.kind;
        let taken = |part: &mut Builder| {
            let place = part.stores.get_mut(column);
            place.map_or(Store::Flags(Vec::new()), |place| std::mem::replace(place, Store::Flags(Vec::new())))
        };
        let mut stores: Vec<Store> = self.parts.iter_mut().map(taken).collect();
        if kind == Kind::Text {
            return Some(Data::Texts(Texts { stores, order: Arc::clone(&self.order) }));
        }
        let words = merge_words(&mut stores);
        let rows = self.order.iter().map(|(part, row)| (stores.get(*part as usize), *row as usize));
        Some(match kind {
            Kind::Number => Data::Numbers(rows.map(|(store, row)| store?.number(row)).collect()),
            Kind::Flag => Data::Flags(rows.map(|(store, row)| store?.flag(row)).collect()),
            Kind::Word | Kind::Text => Data::Words {
                ids: rows.map(|(store, row)| store.map_or(0, |store| store.id(row))).collect(),
                words,
            },
        })
    }
}

/// One list of words for all parts, whose ids are changed to it.
fn merge_words(stores: &mut [Store]) -> Vec<Box<str>> {
    let mut whole = Words::default();
    for store in stores {
        let Store::Words(own) = store else { continue };
        own.found.clear();
        for word in std::mem::take(&mut own.list) {
            whole.add(&word);
        }
        // The ids that were just given out are the translation.
        let translation = std::mem::take(&mut whole.ids);
        for id in &mut own.ids {
            *id = translation.get(*id as usize).copied().unwrap_or_default();
        }
    }
    whole.list
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
        let mut table = Table::join(&COLUMNS, parts);
        let data: Vec<Data> = (0..COLUMNS.len()).map(|column| table.take(column).unwrap()).collect();
        let cell = |data: &Data, row: usize| match data {
            Data::Words { ids, words } => words[ids[row] as usize].to_string(),
            Data::Texts(all) => all.iter().nth(row).unwrap().to_owned(),
            Data::Numbers(all) => format!("{:?}", all[row]),
            Data::Flags(all) => format!("{:?}", all[row]),
        };
        (0..table.rows)
            .map(|row| data.iter().map(|data| cell(data, row)).collect::<Vec<_>>().join(" "))
            .collect()
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
