//! Which combinations of patterns can one text match at once?
//!
//! All patterns run in parallel over the texts of one base pattern. Letters that no live position asks
//! for are all alike, so one fresh letter stands for them. The search is bounded by its work, not by
//! hope: past the bound it answers "too many".

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// The most positions that one search may step over.
const STEPS_MAX: usize = 3_000_000;

/// The most sets of positions that one search may keep.
const STATES_MAX: usize = 20_000;

/// The search was cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

/// What one answer may cost, in steps of well under a microsecond, shared by everything that it takes.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Cell<usize>,
}

impl Budget {
    pub(crate) fn new(steps: usize) -> Self {
        Self { left: Cell::new(steps) }
    }

    /// Takes some steps; fails when there are not enough left, and then always.
    pub(crate) fn spend(&self, steps: usize) -> Result<(), TooMany> {
        let left = self.left.get().checked_sub(steps);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(TooMany)
    }
}

/// What a position of a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// This character.
    One(char),
    /// Any one character.
    Any,
    /// Any run of characters.
    Star,
}

/// One position of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glyph {
    /// What it matches.
    pub(crate) kind: Kind,
    /// A wildcard that may stand for a colon.
    pub(crate) colon: bool,
    /// A character that may be written in either case.
    pub(crate) caseless: bool,
}

impl Glyph {
    fn matches(self, letter: char) -> bool {
        match self.kind {
            Kind::One(wanted) => wanted == letter || (self.caseless && wanted.eq_ignore_ascii_case(&letter)),
            Kind::Any | Kind::Star => self.colon || letter != ':',
        }
    }
}

/// One text for every combination of patterns that a text of the base can match at once: the bits of
/// the combination, in the order of the patterns, and the text.
pub(crate) type Signatures = BTreeMap<Vec<bool>, String>;

/// Finds every signature, folded by `fold` (patterns of one element become one bit). `permits` says which
/// letters a text may hold at all.
pub(crate) fn signatures(
    base: &[Glyph],
    patterns: &[Vec<Glyph>],
    budget: &Budget,
    permits: impl Fn(char) -> bool,
    fold: impl Fn(&[bool]) -> Vec<bool>,
) -> Result<Signatures, TooMany> {
    budget.spend(base.len() + patterns.iter().map(Vec::len).sum::<usize>())?;
    let machine = Machine::new(base, patterns);
    let mut found = Signatures::new();
    let mut seen: BTreeSet<Vec<u32>> = BTreeSet::new();
    // Each entry: the live positions, the letter that led here, and the entry before it.
    let mut queue: Vec<(Vec<u32>, char, usize)> = vec![(machine.start(), ' ', 0)];
    let (mut next, mut steps) = (0, 0_usize);
    while let Some((state, _, _)) = queue.get(next) {
        let state = state.clone();
        if machine.accepts(&state, 0) {
            let bits: Vec<bool> = (1..=patterns.len()).map(|index| machine.accepts(&state, index)).collect();
            found.entry(fold(&bits)).or_insert_with(|| spell(&queue, next));
        }
        for letter in machine.letters(&state, &permits) {
            steps += state.len();
            budget.spend(state.len())?;
            if steps > STEPS_MAX {
                return Err(TooMany);
            }
            let Some(after) = machine.step(&state, letter) else { continue };
            if seen.insert(after.clone()) {
                if seen.len() > STATES_MAX {
                    return Err(TooMany);
                }
                queue.push((after, letter, next));
            }
        }
        next += 1;
    }
    Ok(found)
}

/// The text that leads to an entry of the queue.
fn spell(queue: &[(Vec<u32>, char, usize)], mut at: usize) -> String {
    let mut letters = Vec::new();
    while at != 0 {
        let Some((_, letter, before)) = queue.get(at) else { break };
        letters.push(*letter);
        at = *before;
    }
    letters.iter().rev().collect()
}

/// All patterns behind one another; a state is the sorted list of live positions. Behind each pattern
/// there is one position for "read to its end".
struct Machine {
    glyphs: Vec<Option<Glyph>>,
    /// Where each pattern starts; the base is the first.
    starts: Vec<u32>,
    /// Where each pattern ends.
    ends: Vec<u32>,
}

impl Machine {
    fn new(base: &[Glyph], patterns: &[Vec<Glyph>]) -> Self {
        let mut machine = Self { glyphs: Vec::new(), starts: Vec::new(), ends: Vec::new() };
        let here = |machine: &Self| u32::try_from(machine.glyphs.len()).unwrap_or(u32::MAX);
        for pattern in std::iter::once(base).chain(patterns.iter().map(Vec::as_slice)) {
            let start = here(&machine);
            machine.starts.push(start);
            machine.glyphs.extend(pattern.iter().copied().map(Some));
            let end = here(&machine);
            machine.ends.push(end);
            machine.glyphs.push(None);
        }
        machine
    }

    fn glyph(&self, position: u32) -> Option<Glyph> {
        self.glyphs.get(usize::try_from(position).ok()?).copied().flatten()
    }

    fn start(&self) -> Vec<u32> {
        let mut state = Vec::new();
        for start in &self.starts {
            self.enter(*start, &mut state);
        }
        state.sort_unstable();
        state.dedup();
        state
    }

    /// A position and all that its stars let one skip to.
    fn enter(&self, mut position: u32, state: &mut Vec<u32>) {
        state.push(position);
        while self.glyph(position).is_some_and(|glyph| glyph.kind == Kind::Star) {
            position += 1;
            state.push(position);
        }
    }

    fn accepts(&self, state: &[u32], pattern: usize) -> bool {
        self.ends.get(pattern).is_some_and(|end| state.binary_search(end).is_ok())
    }

    /// The letters worth trying.
    fn letters(&self, state: &[u32], permits: &impl Fn(char) -> bool) -> Vec<char> {
        let mut wanted = BTreeSet::new();
        for glyph in state.iter().filter_map(|position| self.glyph(*position)) {
            match glyph.kind {
                Kind::One(letter) => {
                    wanted.insert(letter);
                }
                Kind::Any | Kind::Star if !glyph.colon => {
                    wanted.insert(':');
                }
                Kind::Any | Kind::Star => {}
            }
        }
        let taken = |letter: char| wanted.iter().any(|other| other.eq_ignore_ascii_case(&letter));
        let fresh = ('a'..='z')
            .chain('0'..='9')
            .chain(['-', '_'])
            .chain('\u{a1}'..='\u{ff}')
            .find(|letter| permits(*letter) && !taken(*letter));
        wanted.into_iter().filter(|letter| permits(*letter)).chain(fresh).collect()
    }

    /// The state behind a letter; `None` when the base does not match any more.
    fn step(&self, state: &[u32], letter: char) -> Option<Vec<u32>> {
        let mut after = Vec::with_capacity(state.len());
        for position in state {
            let Some(glyph) = self.glyph(*position) else { continue };
            if glyph.matches(letter) {
                self.enter(if glyph.kind == Kind::Star { *position } else { *position + 1 }, &mut after);
            }
        }
        after.sort_unstable();
        after.dedup();
        let base = self.ends.first()?;
        after.first().is_some_and(|first| first <= base).then_some(after)
    }
}

/// The glyphs of a plain pattern whose wildcards match every character.
pub(crate) fn glyphs(pattern: &str) -> Vec<Glyph> {
    pattern.chars().map(|letter| Glyph { kind: kind(letter), colon: true, caseless: false }).collect()
}

fn kind(letter: char) -> Kind {
    match letter {
        '*' => Kind::Star,
        '?' => Kind::Any,
        letter => Kind::One(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::glob::matches;
    use crate::iam::glob::tests::strings;

    fn plenty() -> Budget {
        Budget::new(usize::MAX)
    }

    #[test]
    fn finds_exactly_the_combinations_that_exist() {
        let texts = strings(&['a', 'b', 'c', ':'], 5);
        let patterns = strings(&['a', '*', '?', ':'], 2);
        for base in &patterns {
            for a in &patterns {
                for b in ["a*", "*a", "?b*", "*:a"] {
                    let found = signatures(
                        &glyphs(base),
                        &[glyphs(a), glyphs(b)],
                        &plenty(),
                        |_| true,
                        <[bool]>::to_vec,
                    );
                    let found: BTreeSet<Vec<bool>> = found.unwrap().into_keys().collect();
                    let expect: BTreeSet<Vec<bool>> = texts
                        .iter()
                        .filter(|text| matches(base, text))
                        .map(|text| vec![matches(a, text), matches(b, text)])
                        .collect();
                    assert_eq!(found, expect, "{base} {a} {b}");
                }
            }
        }
    }

    #[test]
    fn witnesses_match_what_they_say() {
        let base = "arn:*:x?y*";
        let patterns = ["arn:a*", "*y", "*:x?yz*", "arn:?:xx*"];
        let glyphs_of: Vec<Vec<Glyph>> = patterns.iter().map(|text| glyphs(text)).collect();
        let found = signatures(&glyphs(base), &glyphs_of, &plenty(), |_| true, <[bool]>::to_vec).unwrap();
        assert!(found.len() > 8);
        for (bits, text) in found {
            assert!(matches(base, &text), "{text}");
            assert_eq!(bits, patterns.map(|pattern| matches(pattern, &text)), "{text}");
        }
    }

    #[test]
    fn gives_up_instead_of_hanging() {
        let many: Vec<Vec<Glyph>> =
            ('a'..='z').map(|letter| glyphs(&format!("*{letter}???????????????"))).collect();
        assert_eq!(signatures(&glyphs("*"), &many, &plenty(), |_| true, <[bool]>::to_vec), Err(TooMany));
        let few = Budget::new(100);
        assert_eq!(signatures(&glyphs("*"), &many, &few, |_| true, <[bool]>::to_vec), Err(TooMany));
    }
}
