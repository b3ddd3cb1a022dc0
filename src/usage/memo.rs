//! Bytes to numbers, for looking up again what was seen before. Never iterated, so that no order of a hash
//! reaches a result.

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

/// Appends a text behind its length, so that two texts never look like two others.
pub(super) fn push(key: &mut Vec<u8>, text: &str) {
    key.extend_from_slice(&text.len().to_le_bytes());
    key.extend_from_slice(text.as_bytes());
}
