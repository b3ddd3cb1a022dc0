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

/// With no more entries than this, looking through all of them is quicker than a table.
const LISTED_MAX: usize = 8;

/// Finds the entries of a list by what they hold, without a copy of it: the owner of the list says which
/// entry is the wanted one.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    hasher: foldhash::fast::RandomState,
    /// Open addressing with linear probing. The upper half is the hash, the lower the number of the entry and
    /// one; 0 is a free place. The length is a power of two.
    slots: Vec<u64>,
    len: usize,
}

impl Index {
    /// The hash of some texts and numbers; never a part of any result.
    pub(super) fn hash(&self, key: impl Hash) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The number of the entry with this hash for which `is_it` holds.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        if self.slots.is_empty() {
            return (0..self.len).find(|number| is_it(*number));
        }
        let mut place = self.place(hash);
        loop {
            let slot = self.slots.get(place).copied().filter(|slot| *slot != 0)?;
            if slot >> 32 == hash >> 32 {
                let number = usize::try_from((slot & u64::from(u32::MAX)) - 1).ok()?;
                if is_it(number) {
                    return Some(number);
                }
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    /// Adds the entry whose number is the number of entries so far. `hash_of` gives the hash of every one.
    pub(super) fn push(&mut self, hash_of: impl Fn(&Self, usize) -> u64) {
        self.len += 1;
        let crowded = self.slots.len() < self.len.saturating_mul(2);
        if self.len <= LISTED_MAX {
            return;
        }
        if !crowded {
            return self.put(hash_of(self, self.len - 1), self.len - 1);
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
        if let (Some(slot), Ok(number)) = (self.slots.get_mut(place), u32::try_from(number + 1)) {
            *slot = hash >> 32 << 32 | u64::from(number);
        }
    }

    fn place(&self, hash: u64) -> usize {
        usize::try_from(hash & u64::from(u32::MAX)).unwrap_or_default() & (self.slots.len().max(1) - 1)
    }
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
