//! Wildcards: three lines, two patterns and a text.

use super::draw;
use trailtrim::iam::glob::{
    covers, covers_ignore_case, has_wildcard, matches, matches_ignore_case, overlaps, overlaps_ignore_case,
};

/// All positions of the pattern that may be reached, letter by letter of the text: slow and obvious.
fn naive(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let skip = |live: &mut Vec<bool>| {
        for (at, letter) in pattern.iter().enumerate() {
            if live[at] && *letter == '*' {
                live[at + 1] = true;
            }
        }
    };
    let mut live = vec![false; pattern.len() + 1];
    live[0] = true;
    skip(&mut live);
    for letter in text.chars() {
        let mut next = vec![false; live.len()];
        for (at, wanted) in pattern.iter().enumerate().filter(|(at, _)| live[*at]) {
            next[at] |= *wanted == '*';
            next[at + 1] |= *wanted == '?' || (*wanted == letter && *wanted != '*');
        }
        skip(&mut next);
        live = next;
    }
    live[pattern.len()]
}

/// Texts of the pattern: every `?` a letter that nobody else uses, every `*` a run of those; all
/// combinations of these lengths of runs.
fn texts_of(pattern: &str, runs: &[usize]) -> Vec<String> {
    pattern.chars().fold(vec![String::new()], |texts, letter| {
        let pieces: Vec<String> = match letter {
            '*' => runs.iter().map(|count| "\u{1}".repeat(*count)).collect(),
            '?' => vec!["\u{1}".to_owned()],
            letter => vec![letter.to_string()],
        };
        texts.iter().flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}"))).collect()
    })
}

fn check_covers(big: &str, small: &str, text: &str) {
    let claim = covers(big, small);
    assert!(!claim || !matches(small, text) || matches(big, text), "{big:?} ⊇ {small:?}: {text:?}");
    // An exact answer, where it can be had: runs of all lengths, or of all lengths at once.
    let (length, stars) = (big.chars().count() + 2, small.matches('*').count());
    let all: Vec<usize> = (0..length).collect();
    if length.checked_pow(u32::try_from(stars).unwrap()).is_some_and(|count| count <= 2_000) {
        let truth = texts_of(small, &all).iter().all(|text| matches(big, text));
        assert!(claim == truth || big.contains('\u{1}') || small.contains('\u{1}'), "{big:?} ⊇ {small:?}");
    } else if claim && small.len() < 400 {
        for runs in [0, 1, 2, length] {
            assert!(texts_of(small, &[runs]).iter().all(|text| matches(big, text)), "{big:?} ⊇ {small:?}");
        }
    }
    assert!(!claim || covers_ignore_case(big, small));
    assert!(!claim || overlaps(big, small));
}

/// The matcher against the obvious one; what cover and overlap mean, for the text and for all texts.
pub fn run(data: &[u8]) {
    let [one, other, text] = draw::lines::<3>(data);
    for pattern in [&one, &other] {
        assert_eq!(matches(pattern, &text), naive(pattern, &text), "{pattern:?} {text:?}");
        let (lower, text_lower) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
        assert_eq!(matches_ignore_case(pattern, &text), naive(&lower, &text_lower), "{pattern:?} {text:?}");
        assert!(covers("*", pattern) && covers(pattern, pattern) && overlaps(pattern, pattern));
        assert!(has_wildcard(pattern) || matches(pattern, pattern));
    }
    check_covers(&one, &other, &text);
    check_covers(&other, &one, &text);
    assert_eq!(overlaps(&one, &other), overlaps(&other, &one));
    assert!(!overlaps(&one, &other) || overlaps_ignore_case(&one, &other));
    assert!(overlaps(&one, &other) || !(matches(&one, &text) && matches(&other, &text)), "{one:?} {other:?}");
    let whole = covers(&one, &text);
    assert!(has_wildcard(&text) || whole == matches(&one, &text));
}
