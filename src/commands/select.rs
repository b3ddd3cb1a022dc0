//! Principals by the names that users type.

use crate::grants::{GrantedPrincipal, Snapshot};
use crate::report::escape;
use anyhow::bail;

/// A name that does not exist is answered with one that is at most this many edits away.
const TYPO_EDITS_MAX: usize = 4;

/// The principals that fit; an error with the nearest name when there is none.
pub fn find<'a>(snapshot: &'a Snapshot, wanted: &str) -> anyhow::Result<Vec<&'a GrantedPrincipal>> {
    let found: Vec<_> = snapshot.principals.iter().filter(|principal| principal.is_named(wanted)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let wanted = escape::terminal(wanted);
    match nearest(&wanted, snapshot) {
        Some(name) => bail!("no role or user `{wanted}` in the snapshot\nhint: did you mean `{name}`?"),
        None => bail!("no role or user `{wanted}` in the snapshot"),
    }
}

fn nearest(wanted: &str, snapshot: &Snapshot) -> Option<String> {
    let distance = |name: &str| edits(&wanted.to_lowercase(), &name.to_lowercase());
    let names = snapshot.principals.iter().map(|principal| escape::terminal(&principal.name));
    let (distance, name) = names.map(|name| (distance(&name), name)).min()?;
    (distance <= TYPO_EDITS_MAX).then_some(name)
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
    fn edit_distance() {
        for (a, b, expect) in
            [("", "", 0), ("abc", "abc", 0), ("kitten", "sitting", 3), ("", "ab", 2), ("ä", "a", 1)]
        {
            assert_eq!(edits(a, b), expect, "{a} {b}");
        }
    }
}
