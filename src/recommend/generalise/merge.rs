//! Fewer patterns for many names: first where many words stand in one place, then by their beginnings.

use super::words::{self, Word};
use std::collections::{BTreeMap, BTreeSet};

/// The names below one parent, as words.
pub(super) type Names<'n> = BTreeSet<Vec<Word<'n>>>;

/// A place in which so many different words stand becomes `*`: first only the most varied places, then,
/// while there are too many patterns still, less varied ones.
const VARIETY: [usize; 9] = [64, 32, 16, 8, 6, 5, 4, 3, 2];

/// Merges the names of each parent until all together are at most `budget`, or one for each parent. What
/// is within the budget stays as it is. Every name stays covered.
pub(super) fn fit(parents: &mut [Names<'_>], budget: usize) {
    let merge_all = |parents: &mut [Names<'_>], by: &dyn Fn(&Names<'_>) -> usize| {
        for names in parents.iter_mut() {
            let variety = by(names);
            let slices = names.iter().map(Vec::as_slice).collect();
            *names = merged(&slices, variety);
        }
    };
    // Only what a `*` at the end of another name covers already goes.
    merge_all(parents, &|_| usize::MAX);
    for variety in VARIETY {
        if count(parents) <= budget {
            return;
        }
        merge_all(parents, &|_| variety);
    }
    let deepest = parents.iter().flatten().map(Vec::len).max().unwrap_or_default();
    for depth in (0..deepest).rev() {
        if count(parents) <= budget {
            return;
        }
        for names in parents.iter_mut() {
            *names = cut(names, depth);
        }
    }
}

fn count(parents: &[Names<'_>]) -> usize {
    parents.iter().map(BTreeSet::len).sum()
}

/// Puts a `*` for every place in which at least `variety` words stand, counted by what ends them. What
/// follows these words is merged too, so that `a/out`, `b/out` become `*/out`.
fn merged<'n>(names: &BTreeSet<&[Word<'n>]>, variety: usize) -> Names<'n> {
    let mut by_first: BTreeMap<Word<'n>, BTreeSet<&[Word<'n>]>> = BTreeMap::new();
    let mut words_ending: BTreeMap<Option<char>, BTreeSet<Word<'n>>> = BTreeMap::new();
    for name in names {
        let Some((first, _)) = name.split_first() else { continue };
        words_ending.entry(first.end).or_default().insert(*first);
    }
    let mut out = Names::new();
    for name in names {
        let Some((first, rest)) = name.split_first() else {
            out.insert(Vec::new());
            continue;
        };
        let varied = words_ending.get(&first.end).is_some_and(|words| words.len() >= variety);
        let first = if varied { Word::star(first.end) } else { *first };
        by_first.entry(first).or_default().insert(rest);
    }
    if by_first.contains_key(&Word::star(None)) {
        return Names::from([vec![Word::star(None)]]);
    }
    for (first, rests) in by_first {
        for rest in merged(&rests, variety) {
            let mut name = vec![first];
            for word in rest {
                words::push(&mut name, word);
            }
            out.insert(name);
        }
    }
    out
}

/// Names with the same first `depth` words become these words and a `*`.
fn cut<'n>(names: &Names<'n>, depth: usize) -> Names<'n> {
    let mut by_front: BTreeMap<&[Word<'n>], Vec<&Vec<Word<'n>>>> = BTreeMap::new();
    for name in names {
        by_front.entry(name.get(..depth).unwrap_or(name)).or_default().push(name);
    }
    let mut out = Names::new();
    for (front, names) in by_front {
        let mut one = front.to_vec();
        match names.as_slice() {
            [name] => one.clone_from(name),
            _ => words::push(&mut one, Word::star(None)),
        }
        out.insert(one);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], budget: usize, expect: &[&str]) {
        let mut parents = [names.iter().map(|name| words::abstracted(name)).collect()];
        fit(&mut parents, budget);
        let found: Vec<String> = parents.iter().flatten().map(|name| words::text(name)).collect();
        assert_eq!(found, expect, "{names:?} in {budget}");
    }

    #[test]
    fn names_are_merged_only_as_far_as_the_budget_asks() {
        check(&["a/x*", "b/x*"], 2, &["a/x*", "b/x*"]);
        check(&["a/out/*", "b/out/*", "c/log/*"], 2, &["*/log/*", "*/out/*"]);
        check(&["a/*", "a/b/*", "b/*"], 9, &["a/*", "b/*"]);
        check(&["*", "a/b", "c-d"], 9, &["*"]);
        check(&["p/a/1", "p/b/1", "p/c/1", "q/d"], 2, &["p/*", "q/d"]);
        // Other separators, so no place has two words: the longest common beginning is cut first.
        check(&["a/b/x", "a/b.x", "c"], 2, &["a/*", "c"]);
        check(&["a/b/x", "a.b", "c"], 1, &["*"]);
        check(&[], 1, &[]);
    }

    #[test]
    fn varied_places_go_before_others() {
        let names: Vec<String> =
            (0..40).map(|n| format!("team{n:02}/in/a-{}", if n % 2 == 0 { "x" } else { "y" })).collect();
        check(&names.iter().map(String::as_str).collect::<Vec<_>>(), 10, &["*/in/a-x", "*/in/a-y"]);
    }
}
