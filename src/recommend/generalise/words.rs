//! Names taken apart into words, and which words look as if a program had made them up.

/// What ends a word. `=` is that of Hive's partitions, `dt=2026-08-01`.
const SEPARATORS: [char; 6] = ['/', '-', '.', '_', ':', '='];

/// Words of a name that are told apart; the rest is one `*`. Nobody reads a pattern that is longer, and a
/// hostile name may consist of separators only.
const WORDS_MAX: usize = 64;

/// A word of hexadecimal digits is an id from this length on, if it has a decimal digit (short git hashes
/// have seven): `0a1b2c3`.
const HEX_CHARS_MIN: usize = 7;

/// A word in which letters and digits take turns is an id from this length on: `7xk2mq9z`,
/// `20260801T120000Z`.
const MIXED_CHARS_MIN: usize = 8;

/// So many digits at an end of a word count something: `part00001`, `2026Q3`. Fewer are part of a name:
/// `resnet50`, `h264`.
const COUNTER_DIGITS_MIN: usize = 4;

/// How the words between area and number of a region's name begin and end (`eu-west-1`, `us-gov-east-1`).
const REGION_AREAS: [&str; 10] = ["af", "ap", "ca", "cn", "eu", "il", "me", "mx", "sa", "us"];
const REGION_DIRECTIONS: [&str; 9] =
    ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];

/// A word and the separator behind it. The last word of a name, and only that, has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word<'n> {
    /// The letters that are kept.
    pub(super) text: &'n str,
    /// Does a `*` follow them?
    pub(super) open: bool,
    /// What ends the word.
    pub(super) end: Option<char>,
}

impl Word<'_> {
    /// A lone `*`.
    pub(super) fn star(end: Option<char>) -> Self {
        Word { text: "", open: true, end }
    }

    fn is_star(&self) -> bool {
        self.open && self.text.is_empty()
    }
}

/// Adds a word; a `*` behind one that ends in `*` is the same `*`, because it stands for separators too.
pub(super) fn push<'n>(words: &mut Vec<Word<'n>>, word: Word<'n>) {
    match words.last_mut().filter(|last| last.open && word.is_star()) {
        Some(last) => last.end = word.end,
        None => words.push(word),
    }
}

/// The words of a name with `*` for the parts that look generated. The result covers the name.
pub(super) fn abstracted(name: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = name;
    for _ in 1..WORDS_MAX {
        let joined = uuid(rest).map(|len| (len, true)).or_else(|| region(rest).map(|len| (len, false)));
        let (len, generated) = match joined {
            Some((len, generated)) => (len, Some(generated)),
            None => (rest.find(SEPARATORS).unwrap_or(rest.len()), None),
        };
        let Some((word, behind)) = rest.split_at_checked(len) else { break };
        let (text, open) = match generated {
            Some(true) => ("", true),
            Some(false) => (word, false),
            None => kept(word),
        };
        let mut letters = behind.chars();
        let end = letters.next();
        push(&mut words, Word { text, open, end });
        if end.is_none() {
            return words;
        }
        rest = letters.as_str();
    }
    push(&mut words, Word::star(None));
    words
}

/// The pattern that the words are.
pub(super) fn text(words: &[Word<'_>]) -> String {
    let mut text = String::new();
    for word in words {
        text.push_str(word.text);
        if word.open {
            text.push('*');
        }
        text.extend(word.end);
    }
    text
}

/// The letters of a word that last, and whether a `*` takes the place of the others.
fn kept(word: &str) -> (&str, bool) {
    // A wildcard comes from rows that stand for many resources.
    if let Some((front, _)) = word.split_once(['*', '?']) {
        return (front, true);
    }
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return (word, false);
    }
    let hex = |letter: u8| letter.is_ascii_digit() || matches!(letter, b'a'..=b'f');
    let upper_hex = |letter: u8| letter.is_ascii_digit() || matches!(letter, b'A'..=b'F');
    let is_hex = word.len() >= HEX_CHARS_MIN && (word.bytes().all(hex) || word.bytes().all(upper_hex));
    if digits == word.len() || is_hex || takes_turns(word, digits) {
        return ("", true);
    }
    let is_digit = |letter: char| letter.is_ascii_digit();
    if word.len() - word.trim_start_matches(is_digit).len() >= COUNTER_DIGITS_MIN {
        return ("", true);
    }
    let front = word.trim_end_matches(is_digit);
    if word.len() - front.len() >= COUNTER_DIGITS_MIN { (front, true) } else { (word, false) }
}

/// Do letters and digits take turns, as in no word that people write?
fn takes_turns(word: &str, digits: usize) -> bool {
    let mut classes = word.bytes().map(|letter| letter.is_ascii_digit());
    let mut last = classes.next();
    let turns = classes.filter(|class| last.replace(*class) != Some(*class)).count();
    word.len() >= MIXED_CHARS_MIN && digits >= 2 && turns >= 2
}

/// The length of a UUID at the start of the text, if there is one and a word ends behind it.
fn uuid(text: &str) -> Option<usize> {
    let mut len = 0;
    let mut groups = text.split('-');
    for (index, size) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        let group = groups.next()?;
        let group = if index == 4 { group.get(..size)? } else { group };
        if group.len() != size || !group.bytes().all(|letter| letter.is_ascii_hexdigit()) {
            return None;
        }
        len += size + usize::from(index < 4);
    }
    ends_word(text, len)
}

/// The length of a region's name at the start of the text: its words belong together, and its number is
/// not counted.
fn region(text: &str) -> Option<usize> {
    let mut parts = text.splitn(5, '-');
    let area = parts.next().filter(|area| REGION_AREAS.contains(area))?;
    let mut part = parts.next()?;
    let mut len = area.len() + 1 + part.len();
    if part == "gov" {
        part = parts.next()?;
        len += 1 + part.len();
    }
    REGION_DIRECTIONS.contains(&part).then_some(())?;
    parts.next()?.bytes().next().filter(u8::is_ascii_digit)?;
    ends_word(text, len + 2)
}

fn ends_word(text: &str, len: usize) -> Option<usize> {
    let behind = text.get(len..)?;
    (behind.is_empty() || behind.starts_with(SEPARATORS)).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::glob;
    use proptest::prelude::*;

    #[test]
    fn what_looks_generated_becomes_a_star() {
        for (name, expect) in [
            ("", ""),
            ("models/churn/model.tar.gz", "models/churn/model.tar.gz"),
            ("raw/2026/08/01/part-00001.parquet", "raw/*/part-*.parquet"),
            ("dt=2026-08-01/part00017", "dt=*/part*"),
            ("churn-xgb-2026-08-01-12-00-00-123", "churn-xgb-*"),
            ("churn-2026-08-01-train", "churn-*-train"),
            ("eni-0abc123def456789a", "eni-*"),
            ("i-0123456789abcdef0", "i-*"),
            ("exec-4f5b3c2a-1d2e-4f60-8a9b-0c1d2e3f4a5b/out", "exec-*/out"),
            ("deadbeef-cafe-babe-feed-deadbeefcafe", "*"),
            ("deadbeef-cafe", "deadbeef-cafe"),
            ("20260801T120000Z.log", "*.log"),
            ("pipelines-7xk2mq9zlw3t-Train-abc", "pipelines-*-Train-abc"),
            ("AWSLogs/111122223333/eu-west-1/x", "AWSLogs/*/eu-west-1/x"),
            ("us-gov-west-1-backup", "us-gov-west-1-backup"),
            ("eu-west-12", "eu-west-*"),
            ("resnet50-v2/h264", "resnet50-v2/h264"),
            ("2026Q3/report", "*/report"),
            ("cache/d41d8cd98f/1", "cache/*"),
            ("x/*", "x/*"),
            ("a*b/c", "a*/c"),
            ("folder/", "folder/"),
            ("é-ß/1é2", "é-ß/1é2"),
        ] {
            assert_eq!(text(&abstracted(name)), expect, "{name}");
        }
        assert_eq!(abstracted(&"-".repeat(5_000)).len(), WORDS_MAX);
    }

    proptest! {
        #[test]
        fn the_pattern_covers_its_name(name in "([a-f0-9]{1,12}|[/=._:*?-]|[A-Zé]|eu-west-|us-gov-){0,80}") {
            let words = abstracted(&name);
            prop_assert!(glob::covers(&text(&words), &name), "{} {name}", text(&words));
            prop_assert!(words.iter().rev().skip(1).all(|word| word.end.is_some()));
            prop_assert!(words.last().is_some_and(|word| word.end.is_none()));
        }
    }
}
