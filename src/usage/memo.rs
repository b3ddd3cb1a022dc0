//! Bytes to numbers, for looking up again what was seen before. Never iterated, so that no order of a hash
//! reaches a result.

use std::hash::{BuildHasher, Hash};

/// A map from keys of bytes to indices of a list that its owner keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo {
    #[expect(clippy::disallowed_types, reason = "only asked for keys, never iterated")]
    found: std::collections::HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
}

impl Memo {
    pub(super) fn get(&self, key: &[u8]) -> Option<usize> {
        self.found.get(key).and_then(|index| usize::try_from(*index).ok())
    }

    /// Remembers a key; an index beyond 32 bits is forgotten, and found the slow way again.
    pub(super) fn put(&mut self, key: &[u8], index: usize) {
        if let Ok(index) = u32::try_from(index) {
            self.found.insert(key.into(), index);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    pub(super) fn clear(&mut self) {
        self.found.clear();
    }
}

/// Small keys to numbers.
#[derive(Clone, Debug)]
pub(super) struct Numbers<K> {
    #[expect(clippy::disallowed_types, reason = "only asked for keys, never iterated")]
    found: std::collections::HashMap<K, usize, foldhash::fast::RandomState>,
}

impl<K: Eq + Hash> Numbers<K> {
    /// The number of a key; a new key gets the one that `make` gives.
    #[inline]
    pub(super) fn of(&mut self, key: K, make: impl FnOnce() -> usize) -> usize {
        *self.found.entry(key).or_insert_with(make)
    }
}

#[expect(clippy::disallowed_types, reason = "only asked for keys, never iterated")]
impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Self { found: std::collections::HashMap::default() }
    }
}

/// Few different texts, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    index: Index,
    list: Vec<Box<str>>,
    /// The number of the text that was asked for last.
    last: usize,
}

impl Texts {
    /// The number of a text, which may be new.
    #[inline]
    pub(super) fn number(&mut self, text: &str) -> usize {
        if self.get(self.last) != Some(text) {
            self.last = self.search(text);
        }
        self.last
    }

    fn search(&mut self, text: &str) -> usize {
        let list = &self.list;
        let is_it = |number: usize| list.get(number).is_some_and(|known| **known == *text);
        self.index.find(self.index.hash(text), is_it).unwrap_or_else(|| {
            self.list.push(text.into());
            let list = &self.list;
            self.index.push(|index, number| index.hash(list.get(number).map_or("", |known| known)));
            list.len() - 1
        })
    }

    /// The text of a number.
    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<&str> {
        self.list.get(number).map(|text| &**text)
    }
}

/// With no more entries than this, looking through all of them is quicker than a table.
const LISTED_MAX: usize = 8;

/// Finds the entries of a list by what they hold, without a copy of it: the owner of the list says which
/// entry is the wanted one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    hasher: foldhash::fast::RandomState,
    /// The upper half is the hash, the lower the number of the entry and one. A list of all entries, and with
    /// more than [`LISTED_MAX`] a table with open addressing and linear probing, where 0 is a free place and
    /// the length a power of two.
    slots: Vec<u64>,
    len: usize,
}

impl Index {
    /// The hash of some texts and numbers; never a part of any result.
    pub(crate) fn hash(&self, key: impl Hash) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The number of the entry with this hash for which `is_it` holds.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let wanted = |slot: u64| {
            let number = usize::try_from((slot & u64::from(u32::MAX)).checked_sub(1)?).ok()?;
            (slot >> 32 == hash >> 32 && is_it(number)).then_some(number)
        };
        if self.len <= LISTED_MAX {
            return self.slots.iter().find_map(|slot| wanted(*slot));
        }
        let mut place = self.place(hash);
        loop {
            let slot = self.slots.get(place).copied().filter(|slot| *slot != 0)?;
            if let Some(number) = wanted(slot) {
                return Some(number);
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    /// Adds the entry whose number is the number of entries so far. `hash_of` gives the hash of every one.
    pub(crate) fn push(&mut self, hash_of: impl Fn(&Self, usize) -> u64) {
        let number = self.len;
        self.len += 1;
        if self.len <= LISTED_MAX {
            return self.slots.push(slot(hash_of(self, number), number));
        }
        if self.slots.len() >= self.len.saturating_mul(2) {
            return self.put(hash_of(self, number), number);
        }
        self.slots = vec![0; self.len.next_power_of_two() * 4];
        for number in 0..self.len {
            self.put(hash_of(self, number), number);
        }
    }

    fn put(&mut self, hash: u64, number: usize) {
        let mut place = self.place(hash);
        while self.slots.get(place).is_some_and(|slot| *slot != 0) {
            place = (place + 1) & (self.slots.len() - 1);
        }
        if let Some(free) = self.slots.get_mut(place) {
            *free = slot(hash, number);
        }
    }

    fn place(&self, hash: u64) -> usize {
        usize::try_from(hash & u64::from(u32::MAX)).unwrap_or_default() & (self.slots.len().max(1) - 1)
    }
}

/// 0 for a number that is too large to be kept, which is then not found again.
fn slot(hash: u64, number: usize) -> u64 {
    u32::try_from(number + 1).map_or(0, |number| hash >> 32 << 32 | u64::from(number))
}

/// Appends a text behind its length, so that two texts never look like two others.
pub(super) fn push(key: &mut Vec<u8>, text: &str) {
    key.extend_from_slice(&text.len().to_le_bytes());
    key.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_index_finds_what_a_search_finds(texts in prop::collection::vec("[a-c]{0,4}", 0..200)) {
            let mut list: Vec<&str> = Vec::new();
            let mut index = Index::default();
            for text in &texts {
                let expect = list.iter().position(|known| known == text);
                let hash = index.hash(text.as_str());
                prop_assert_eq!(index.find(hash, |number| list[number] == text), expect);
                if expect.is_none() {
                    list.push(text);
                    index.push(|index, number| index.hash(list[number]));
                }
            }
        }
    }
}
