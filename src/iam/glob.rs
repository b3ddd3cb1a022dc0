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

/// Is every text that matches `small` matched by `big` too? `true` is always right. `false` is exact
/// when `big` has no `?`; with one it may be too careful (`?*` does cover `*a`).
///
/// A dynamic program over both patterns in which a `*` of `small` is a letter that only `*` matches,
/// and a `?` of `small` a letter that `?` and `*` match. Time |big| × |small|.
pub fn covers(big: &str, small: &str) -> bool {
    covers_with(big, small, |big, small| big == small)
}

/// [`covers`], with ASCII letters compared without regard to case.
pub fn covers_ignore_case(big: &str, small: &str) -> bool {
    covers_with(big, small, |big, small| big.eq_ignore_ascii_case(&small))
}

fn covers_with(big: &str, small: &str, same: impl Fn(char, char) -> bool) -> bool {
    if big == "*" {
        return true;
    }
    if !has_wildcard(small) {
        return matches_with(big, small, same);
    }
    let small: Vec<char> = normalised(small);
    // row[j]: the part of `big` read so far covers the first j letters of `small`.
    let mut row = vec![false; small.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for letter in normalised(big) {
        let mut next = Vec::with_capacity(row.len());
        let mut left = letter == '*' && row.first().copied().unwrap_or(false);
        next.push(left);
        for ((wanted, up), diagonal) in small.iter().zip(row.iter().skip(1)).zip(row.iter()) {
            left = match letter {
                '*' => *up || left,
                '?' => *diagonal && *wanted != '*',
                letter => *diagonal && *wanted != '*' && *wanted != '?' && same(letter, *wanted),
            };
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
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

/// Runs of wildcards in one order: `?` before `*`, one `*` a run (`*?*` and `?*` mean the same).
fn normalised(pattern: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut star = false;
    for letter in pattern.chars() {
        match letter {
            '*' => star = true,
            '?' => out.push('?'),
            other => {
                if std::mem::take(&mut star) {
                    out.push('*');
                }
                out.push(other);
            }
        }
    }
    if star {
        out.push('*');
    }
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

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
        // `c` appears in no pattern: it stands for all other characters.
        let texts = strings(&['a', 'b', 'c'], 5);
        let patterns = strings(&['a', 'b', '*', '?'], 3);
        for big in &patterns {
            for small in &patterns {
                let mut inside = texts.iter().filter(|text| matches(small, text));
                let truth = inside.clone().all(|text| matches(big, text));
                assert!(truth || !covers(big, small), "{big} ⊇ {small}");
                assert!(covers(big, small) == truth || big.contains('?'), "{big} ⊇ {small}");
                assert_eq!(overlaps(big, small), inside.any(|text| matches(big, text)), "{big} ∩ {small}");
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
