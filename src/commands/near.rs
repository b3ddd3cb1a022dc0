//! The name that was meant, where there is none of the one that was typed.

/// A name that does not exist is answered with one that is at most this many edits away, and half its letters.
const TYPO_EDITS_MAX: usize = 4;

/// The nearest name; of several the first in order. `None` when all are far away.
pub fn near<N: AsRef<str> + Ord>(wanted: &str, names: impl Iterator<Item = N>) -> Option<N> {
    let wanted = wanted.to_lowercase();
    let (distance, name) = names.map(|name| (edits(&wanted, &name.as_ref().to_lowercase()), name)).min()?;
    (distance <= TYPO_EDITS_MAX.min(wanted.chars().count() / 2)).then_some(name)
}

/// Levenshtein distance in characters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((other, diagonal), up) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(letter != *other)).min(up + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_near_and_another_word_is_not() {
        let names = || ["event_name", "event_names", "event_source"].into_iter();
        assert_eq!(near("evnt_Name", names()), Some("event_name"));
        assert_eq!(near("bucket", names()), None);
        assert_eq!(near("x", ["y"].into_iter()), None);
    }

    #[test]
    fn edit_distance() {
        for (a, b, expect) in
            [("", "", 0), ("abc", "abc", 0), ("kitten", "sitting", 3), ("", "ab", 2), ("ä", "a", 1)]
        {
            assert_eq!(edits(a, b), expect, "{a} {b}");
        }
    }
}
