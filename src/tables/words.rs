//! Texts as numbers of a list, each text once.

use crate::usage::Index;

/// A list of different texts and the way back from a text to its place.
#[derive(Clone, Debug, Default)]
pub struct Words {
    text: String,
    ends: Vec<usize>,
    index: Index,
    /// The place of the text that was asked for last: rows that follow each other are often alike.
    last: u32,
}

impl Words {
    /// The number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Are there no texts?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The memory that they take, about: a text, its end, and its place among all.
    pub fn bytes(&self) -> usize {
        self.text.len() + 3 * size_of_val(self.ends.as_slice())
    }

    /// The place of a text, which may be new.
    #[inline]
    pub fn place(&mut self, word: &str) -> u32 {
        if self.get(self.last as usize) != Some(word) {
            self.last = self.search(word);
        }
        self.last
    }

    fn search(&mut self, word: &str) -> u32 {
        let hash = self.index.hash(word);
        let found = self.index.find(hash, |place| get(&self.text, &self.ends, place) == Some(word));
        let place = found.unwrap_or_else(|| {
            self.text.push_str(word);
            self.ends.push(self.text.len());
            let (text, ends) = (&self.text, &self.ends);
            self.index.push(|index, place| index.hash(get(text, ends, place).unwrap_or_default()));
            self.ends.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// The text at a place.
    #[inline]
    pub fn get(&self, place: usize) -> Option<&str> {
        get(&self.text, &self.ends, place)
    }

    /// All, by place.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    /// Takes in another list: its places, each the place here.
    pub(super) fn merge(&mut self, other: &Self) -> Vec<u32> {
        other.iter().map(|word| self.place(word)).collect()
    }
}

fn get<'t>(text: &'t str, ends: &[usize], place: usize) -> Option<&'t str> {
    let start = match place.checked_sub(1) {
        Some(before) => *ends.get(before)?,
        None => 0,
    };
    text.get(start..*ends.get(place)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_one_place() {
        let mut words = Words::default();
        let given = ["b", "", "a", "b", "", "é", "b", "a"];
        assert_eq!(given.map(|word| words.place(word)), [0, 1, 2, 0, 1, 3, 0, 2]);
        assert_eq!(words.iter().collect::<Vec<_>>(), ["b", "", "a", "é"]);
        let mut others = Words::default();
        assert_eq!(["é", "c"].map(|word| others.place(word)), [0, 1]);
        assert_eq!(words.merge(&others), [3, 4]);
        assert_eq!((words.get(4), words.get(5), words.len()), (Some("c"), None, 5));
    }
}
