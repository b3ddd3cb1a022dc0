//! The fuzzer's bytes as choices: what the fuzzer changes is then a choice, not the syntax around it.

/// Choices, one a byte; behind the last byte every choice is the first one.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'d>(&'d [u8]);

impl<'d> Draw<'d> {
    /// Choices made by these bytes.
    pub fn new(data: &'d [u8]) -> Self {
        Self(data)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// One of a list.
    pub fn of<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }

    /// Yes in one of so many cases, but never without bytes.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    /// A text of up to `longest` letters of the alphabet.
    pub fn text(&mut self, alphabet: &[&str], longest: usize) -> String {
        (0..self.below(longest + 1)).map(|_| self.of(alphabet)).collect()
    }

    /// A list of one to `most` texts as JSON.
    pub fn list(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> String) -> serde_json::Value {
        (0..=self.below(most)).map(|_| one(self)).collect::<Vec<_>>().into()
    }
}

/// The input's lines, the last one with everything that is left; empty ones where there are too few.
pub fn lines<const COUNT: usize>(data: &[u8]) -> [String; COUNT] {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(COUNT, '\n');
    std::array::from_fn(|_| lines.next().unwrap_or_default().to_owned())
}
