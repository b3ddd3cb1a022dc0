//! IAM wildcards: `*` is any run of characters, also an empty one, `?` is exactly one; nothing else is
//! special. Characters, not bytes. No function here backtracks exponentially.

/// Does `text` match `pattern`, letter case respected?
///
/// On a mismatch only the last `*` can be the one to give way, so one remembered position is enough:
/// time is at most |pattern| × |text|, memory constant.
pub fn matches(pattern: &str, text: &str) -> bool {
    if pattern.is_ascii() && text.is_ascii() {
        return bytes_match(pattern.as_bytes(), text.as_bytes(), |pattern, text| pattern == text);
    }
    matches_with(pattern, text, |pattern, text| pattern == text)
}

/// [`matches()`], with ASCII letters compared without regard to case.
pub fn matches_ignore_case(pattern: &str, text: &str) -> bool {
    if pattern.is_ascii() && text.is_ascii() {
        return bytes_match(pattern.as_bytes(), text.as_bytes(), |pattern, text| {
            pattern.eq_ignore_ascii_case(&text)
        });
    }
    matches_with(pattern, text, |pattern, text| pattern.eq_ignore_ascii_case(&text))
}

/// The same for ASCII texts, which nearly all are: no decoding.
fn bytes_match(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut resume: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', [])), _) | (None, None) => return true,
            (Some((b'*', rest)), _) => {
                resume = Some((rest, text));
                pattern = rest;
                continue;
            }
            (Some((wanted, rest)), Some((found, tail))) if *wanted == b'?' || same(*wanted, *found) => {
                (pattern, text) = (rest, tail);
                continue;
            }
            // The text is used up; every later start would be shorter still.
            (Some(_), None) => return false,
            _ => {}
        }
        let Some((after_star, from)) = resume else { return false };
        let Some((_, from)) = from.split_first() else { return false };
        (pattern, text) = (after_star, from);
        resume = Some((after_star, from));
    }
}

/// One position of a pattern whose wildcards were told from literal characters already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Item {
    /// Exactly this character.
    One(char),
    /// `?`.
    Any,
    /// `*`.
    Star,
}

impl Item {
    /// What a character of a pattern means.
    pub(crate) fn of(letter: char) -> Self {
        match letter {
            '*' => Self::Star,
            '?' => Self::Any,
            letter => Self::One(letter),
        }
    }
}

/// [`matches`] for a pattern whose wildcards are marked, with a comparison of characters.
pub(crate) fn items_match(pattern: &[Item], text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.iter(), text.chars());
    let mut resume: Option<(std::slice::Iter<'_, Item>, std::str::Chars<'_>)> = None;
    loop {
        match pattern.next() {
            Some(Item::Star) => {
                resume = Some((pattern.clone(), text.clone()));
                continue;
            }
            Some(item) => match (item, text.next()) {
                (Item::One(wanted), Some(found)) if same(*wanted, found) => continue,
                (Item::Any, Some(_)) => continue,
                (_, Some(_)) => {}
                (_, None) => return false,
            },
            None if text.as_str().is_empty() => return true,
            None => {}
        }
        let Some((after_star, mut from)) = resume.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        text = from.clone();
        resume = Some((after_star, from));
    }
}

fn matches_with(pattern: &str, text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to resume when a character fails: behind the last `*`, one character further in the text.
    let mut resume: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        match pattern.next() {
            Some('*') => {
                if pattern.as_str().is_empty() {
                    return true;
                }
                resume = Some((pattern.clone(), text.clone()));
                continue;
            }
            Some(wanted) => {
                if let Some(found) = text.next() {
                    if wanted == '?' || same(wanted, found) {
                        continue;
                    }
                } else {
                    // The text is used up; every later start would be shorter still.
                    return false;
                }
            }
            None if text.as_str().is_empty() => return true,
            None => {}
        }
        let Some((after_star, mut from)) = resume.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        text = from.clone();
        resume = Some((after_star, from));
    }
}

/// Does the pattern contain a wildcard?
pub fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// Is every text that matches `small` matched by `big` too? Exact. Time |big| × |small| at worst, no memory
/// for ASCII patterns.
///
/// A letter that neither pattern names is matched by `?` and `*` alone, so `small` may be read as one text
/// in which each `?` is such a letter, and each `*` a run of them, of a length that an opponent chooses.
/// `big` takes the leftmost place for each of its pieces, as in [`matches()`]; the opponent wants it to end
/// as far right as possible. For the `?` beside a `*` of `big`, which only count letters, empty runs take
/// it furthest. For a piece between two stars, from its first literal to its last, long runs do: then it
/// fits only between two stars of `small`, and wherever it fits so, it fits for runs of any length.
/// Further right is never better for `big`, so the opponent's choices do not get in each other's way.
pub fn covers(big: &str, small: &str) -> bool {
    covers_with(big, small, |big, small| big == small, |big, small| big == small)
}

/// [`covers()`], with ASCII letters compared without regard to case.
pub fn covers_ignore_case(big: &str, small: &str) -> bool {
    covers_with(
        big,
        small,
        |big, small| big.eq_ignore_ascii_case(&small),
        |big, small| big.eq_ignore_ascii_case(&small),
    )
}

fn covers_with(
    big: &str,
    small: &str,
    same_byte: impl Fn(u8, u8) -> bool,
    same_char: impl Fn(char, char) -> bool,
) -> bool {
    if big == "*" {
        return true;
    }
    if big.is_ascii() && small.is_ascii() {
        return if has_wildcard(small) {
            slices_cover(big.as_bytes(), small.as_bytes(), same_byte)
        } else {
            bytes_match(big.as_bytes(), small.as_bytes(), same_byte)
        };
    }
    let (big, small): (Vec<char>, Vec<char>) = (big.chars().collect(), small.chars().collect());
    slices_cover(&big, &small, same_char)
}

/// [`covers()`] letter by letter.
fn slices_cover<L: Copy + PartialEq + From<u8>>(big: &[L], small: &[L], same: impl Fn(L, L) -> bool) -> bool {
    let (any, star) = (L::from(b'?'), L::from(b'*'));
    // Literals and `?` of `big` against as many letters of `small`.
    let fits = |piece: &[L], letters: &[L]| {
        piece.iter().zip(letters).all(|(wanted, found)| {
            *found != star && (*wanted == any || (*found != any && same(*wanted, *found)))
        })
    };
    let mut pieces = big.split(|letter| *letter == star);
    let Some(first) = pieces.next() else { return false };
    let Some(last) = pieces.next_back() else { return first.len() == small.len() && fits(first, small) };
    let (head, mut needed) = without_tail(first, any);
    let Some((start, mut rest)) = small.split_at_checked(head.len()) else { return false };
    if !fits(head, start) {
        return false;
    }
    for piece in pieces {
        let (piece, behind) = without_tail(piece, any);
        let piece = without_head(piece, any, &mut needed);
        if piece.is_empty() {
            needed += behind;
            continue;
        }
        let Some(searched) = behind_letters(rest, needed, star) else { return false };
        let mut places = searched.windows(piece.len());
        let Some(place) = places.position(|letters| fits(piece, letters)) else { return false };
        rest = searched.get(place + piece.len()..).unwrap_or_default();
        needed = behind;
    }
    let tail = without_head(last, any, &mut needed);
    let Some(rest) = behind_letters(rest, needed, star) else { return false };
    rest.len().checked_sub(tail.len()).and_then(|at| rest.get(at..)).is_some_and(|end| fits(tail, end))
}

/// A piece without the `?` at its end, and how many those are.
fn without_tail<L: Copy + PartialEq>(piece: &[L], any: L) -> (&[L], usize) {
    let end = piece.iter().rposition(|letter| *letter != any).map_or(0, |last| last + 1);
    let (piece, tail) = piece.split_at_checked(end).unwrap_or((piece, &[]));
    (piece, tail.len())
}

/// A piece without the `?` at its start, which are added to those needed in front of it.
fn without_head<'p, L: Copy + PartialEq>(piece: &'p [L], any: L, needed: &mut usize) -> &'p [L] {
    let start = piece.iter().position(|letter| *letter != any).unwrap_or(piece.len());
    *needed += start;
    piece.get(start..).unwrap_or_default()
}

/// What is behind so many letters, stars not counted; `None` when there are fewer.
fn behind_letters<L: Copy + PartialEq>(pattern: &[L], letters: usize, star: L) -> Option<&[L]> {
    let Some(last) = letters.checked_sub(1) else { return Some(pattern) };
    let (at, _) = pattern.iter().enumerate().filter(|(_, letter)| **letter != star).nth(last)?;
    pattern.get(at + 1..)
}

/// Is there a text that matches both patterns? Exact. Time |a| × |b|.
pub fn overlaps(a: &str, b: &str) -> bool {
    overlaps_with(a, b, |a, b| a == b)
}

/// [`overlaps`], with ASCII letters compared without regard to case.
pub fn overlaps_ignore_case(a: &str, b: &str) -> bool {
    overlaps_with(a, b, |a, b| a.eq_ignore_ascii_case(&b))
}

fn overlaps_with(a: &str, b: &str, same: impl Fn(char, char) -> bool) -> bool {
    if a == "*" || b == "*" {
        return true;
    }
    let b: Vec<char> = b.chars().collect();
    // row[j]: some text matches the part of `a` read so far and the first j letters of `b`.
    let mut row = vec![true];
    for letter in &b {
        let reachable = row.last().copied().unwrap_or(false) && *letter == '*';
        row.push(reachable);
    }
    for letter in a.chars() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = letter == '*' && row.first().copied().unwrap_or(false);
        next.push(left);
        for ((other, up), diagonal) in b.iter().zip(row.iter().skip(1)).zip(row.iter()) {
            left = match (letter, *other) {
                ('*', _) | (_, '*') => *up || left || *diagonal,
                ('?', _) | (_, '?') => *diagonal,
                (letter, other) => *diagonal && same(letter, other),
            };
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The obvious recursive matcher, exponential and right.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), None) => naive(rest, text),
            (Some(('*', rest)), Some((_, tail))) => naive(rest, text) || naive(pattern, tail),
            (None, Some(_)) | (Some(_), None) => false,
            (Some((wanted, rest)), Some((found, tail))) => {
                (*wanted == '?' || wanted == found) && naive(rest, tail)
            }
        }
    }

    /// All texts over an alphabet up to a length.
    pub(crate) fn strings(alphabet: &[char], longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last
                .iter()
                .flat_map(|text| alphabet.iter().map(move |letter| format!("{text}{letter}")))
                .collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn agrees_with_the_naive_matcher_on_every_short_string() {
        let texts = strings(&['a', 'b', ':', '/'], 6);
        for pattern in strings(&['a', '*', '?', ':'], 4) {
            let letters: Vec<char> = pattern.chars().collect();
            for text in &texts {
                let expect = naive(&letters, &text.chars().collect::<Vec<_>>());
                assert_eq!(matches(&pattern, text), expect, "{pattern} ~ {text}");
                let decoded = matches_with(&pattern, text, |pattern, text| pattern == text);
                assert_eq!(decoded, expect, "{pattern} ~ {text}");
            }
        }
    }

    #[test]
    fn covers_and_overlaps_agree_with_enumeration() {
        // `:` and `/` appear in no pattern: they stand for all other characters.
        let texts = strings(&['a', 'b', ':', '/'], 6);
        let patterns = strings(&['a', 'b', '*', '?'], 4);
        // One bit a text.
        let matched: Vec<Vec<u64>> = patterns
            .iter()
            .map(|pattern| {
                let bits = |texts: &[String]| {
                    texts.iter().fold(0, |bits, text| bits << 1 | u64::from(matches(pattern, text)))
                };
                texts.chunks(64).map(bits).collect()
            })
            .collect();
        for (big, of_big) in patterns.iter().zip(&matched) {
            for (small, of_small) in patterns.iter().zip(&matched) {
                let mut both = of_big.iter().zip(of_small);
                let truth = both.clone().all(|(big, small)| small & !big == 0);
                assert_eq!(covers(big, small), truth, "{big} ⊇ {small}");
                assert_eq!(
                    overlaps(big, small),
                    both.any(|(big, small)| big & small != 0),
                    "{big} ∩ {small}"
                );
            }
        }
    }

    /// The texts that decide whether a pattern is covered by one of `length` letters: every `?` a letter of
    /// no pattern, and runs of such letters, also longer ones, for every `*`.
    fn hardest(small: &str, length: usize) -> Vec<String> {
        small.chars().fold(vec![String::new()], |texts, letter| {
            let runs = match letter {
                '*' => (0..length + 2).map(|count| "#".repeat(count)).collect(),
                '?' => vec!["#".to_owned()],
                letter => vec![letter.to_string()],
            };
            texts.iter().flat_map(|text| runs.iter().map(move |run| format!("{text}{run}"))).collect()
        })
    }

    /// Pieces of the regular expression with stars between them.
    fn pattern(piece: &'static str, stars: usize) -> impl Strategy<Value = String> {
        prop::collection::vec(piece, 1..stars + 2).prop_map(|pieces| pieces.join("*"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_096, ..ProptestConfig::default() })]

        #[test]
        fn covers_is_exact(big in pattern("[abé?]{0,3}", 4), small in pattern("[abé?]{0,3}", 3)) {
            let truth = hardest(&small, big.len()).iter().all(|text| matches(&big, text));
            prop_assert_eq!(covers(&big, &small), truth);
            let (upper, lower) = (big.to_ascii_uppercase(), small.as_str());
            prop_assert_eq!(covers_ignore_case(&upper, lower), truth);
        }

        #[test]
        fn what_is_made_from_a_pattern_is_covered(small in pattern("[ab?]{0,3}", 3), at in any::<prop::sample::Index>(), more in "[ab?*]{0,2}") {
            // A letter of the smaller pattern becomes a wildcard, or a star becomes something.
            let letters: Vec<char> = small.chars().collect();
            prop_assume!(!letters.is_empty());
            let at = at.index(letters.len());
            let with = |text: &str| -> String {
                letters.iter().enumerate().map(|(place, letter)| if place == at { text.to_owned() } else { letter.to_string() }).collect()
            };
            if letters[at] == '*' {
                prop_assert!(covers(&small, &with(&more)), "{} {}", small, with(&more));
            } else {
                prop_assert!(covers(&with("?"), &small) && covers(&with("*"), &small) && !covers(&small, &with("*")));
            }
        }
    }

    #[test]
    fn stars_do_not_blow_up() {
        let pattern = "*a".repeat(200);
        assert!(!matches(&pattern, &"a".repeat(199)));
        assert!(!matches(&pattern, &("a".repeat(5_000) + "b")));
    }

    #[test]
    fn nothing_but_the_two_wildcards_is_special() {
        assert!(matches("a.[b]\\", "a.[b]\\"));
        assert!(!matches("a.c", "abc"));
        assert!(matches("?", "é"));
        assert!(matches_ignore_case("S3:get*", "s3:GetObject"));
    }
}
