//! A cursor over JSON text that borrows, never recurses and knows exactly where it failed.
//!
//! `CloudTrail` text is hostile: one field may nest a hundred thousand levels. General parsers recurse
//! when they skip a value (`sonic-rs` without any limit), so the walk over a log is done here, with the
//! nesting kept in one integer.

mod marks;

use marks::string_mark;
pub(super) use marks::{Lanes, Plain, Work, string_end, work};
use std::borrow::Cow;
use std::ops::Range;

/// The deepest nesting of a value that is walked, in levels. `serde_json` stops at the same depth.
pub(super) const DEPTH_LEVELS_MAX: u32 = 127;

/// Why a value could not be walked; [`Cursor::at`] is the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text ends inside the value.
    End,
    /// The value nests deeper than [`DEPTH_LEVELS_MAX`].
    TooDeep,
    /// A character that JSON does not allow here; what was expected instead.
    Syntax(&'static str),
}

/// A position in JSON text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes from the start of the text.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Moves to a byte offset, at most to the end.
    pub(super) fn go(&mut self, at: usize) {
        self.at = at.min(self.text.len());
    }

    /// The text from `start` to the cursor.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The text behind the cursor.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The whole text as bytes.
    #[inline]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The text of a range of bytes; empty when it is none.
    pub(super) fn between(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    #[inline]
    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Consumes these bytes when they come next, without skipping blanks.
    #[inline]
    pub(super) fn take(&mut self, wanted: &[u8]) -> bool {
        let found = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(wanted));
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    /// Skips blanks; the byte at the cursor, which is not consumed.
    #[inline]
    pub(super) fn token(&mut self) -> Option<u8> {
        loop {
            match self.byte()? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Consumes one byte when the next token is that byte.
    #[inline]
    pub(super) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.token() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// [`Self::eat`], or a fault that says what was expected.
    #[inline]
    fn need(&mut self, wanted: u8, what: &'static str) -> Result<(), Fault> {
        if self.eat(wanted) { Ok(()) } else { Err(self.unexpected(what)) }
    }

    /// The fault for a token that does not fit.
    pub(super) fn unexpected(&self, what: &'static str) -> Fault {
        if self.at >= self.text.len() { Fault::End } else { Fault::Syntax(what) }
    }

    /// The next key of the object whose `{` (first) or whose last value was consumed; its `:` is consumed
    /// as well. `None` behind the closing `}`.
    pub(super) fn key(&mut self, first: bool) -> Result<Option<Cow<'a, str>>, Fault> {
        if self.eat(b'}') {
            return Ok(None);
        }
        if !first {
            self.need(b',', "`,` or `}`")?;
            self.token();
        }
        let key = self.string()?;
        self.need(b':', "`:`")?;
        Ok(Some(key))
    }

    /// [`Self::key`] as the text has it, escapes and all.
    pub(super) fn key_text(&mut self, first: bool) -> Result<Option<&'a str>, Fault> {
        if self.eat(b'}') {
            return Ok(None);
        }
        if !first {
            self.need(b',', "`,` or `}`")?;
            self.token();
        }
        let start = self.at + 1;
        self.skip_string()?;
        let key = self.text.get(start..self.at - 1).unwrap_or_default();
        self.need(b':', "`:`")?;
        Ok(Some(key))
    }

    /// Is there another element in the array whose `[` (first) or whose last element was consumed?
    pub(super) fn element(&mut self, first: bool) -> Result<bool, Fault> {
        if self.eat(b']') {
            return Ok(false);
        }
        if !first {
            self.need(b',', "`,` or `]`")?;
        }
        Ok(true)
    }

    /// A string, its escapes decoded; borrowed when it has none.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.at + 1;
        if self.skip_plain_string() {
            return Ok(Cow::Borrowed(self.text.get(start..self.at - 1).unwrap_or_default()));
        }
        let escaped = self.skip_any_string()?;
        let raw = self.text.get(start..self.at - 1).unwrap_or_default();
        Ok(if escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) })
    }

    #[inline]
    pub(super) fn skip_string(&mut self) -> Result<(), Fault> {
        if self.skip_plain_string() { Ok(()) } else { self.skip_any_string().map(|_| ()) }
    }

    /// Consumes a string without escapes, as nearly all are. `false` when anything else comes; nothing is
    /// consumed then.
    #[inline]
    fn skip_plain_string(&mut self) -> bool {
        let end = (self.byte() == Some(b'"')).then(|| string_end(Plain, self.bytes(), self.at + 1)).flatten();
        self.at = end.map_or(self.at, |end| end + 1);
        end.is_some()
    }

    /// A run of digits, which may be empty.
    pub(super) fn digits(&mut self) -> &'a str {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.since(start)
    }

    /// Consumes a string; `true` when it contains a backslash. A raw line break inside a string is
    /// refused: it means that a quote was lost, and the damage must not reach the next line.
    #[inline(never)]
    fn skip_any_string(&mut self) -> Result<bool, Fault> {
        if self.byte() != Some(b'"') {
            return Err(self.unexpected("a string"));
        }
        self.at += 1;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let Some(offset) = string_mark(rest) else {
                self.at = self.text.len();
                return Err(Fault::End);
            };
            self.at += offset + 1;
            match rest.get(offset) {
                Some(b'"') => return Ok(escaped),
                Some(b'\\') => {
                    escaped = true;
                    self.skip_escape()?;
                }
                _ => return Err(Fault::Syntax("no line break inside a string")),
            }
        }
    }

    /// Where the inside of a string ends that begins at `at` and has escapes. `None` when it has no end, or what JSON
    /// does not know.
    #[cold]
    #[inline(never)]
    pub(super) fn escaped_end(&self, at: usize) -> Option<usize> {
        let mut cursor = self.clone();
        cursor.go(at.checked_sub(1)?);
        cursor.skip_any_string().ok()?;
        cursor.at().checked_sub(1)
    }

    /// The cursor is behind a backslash. Four hexadecimal digits are checked when they are decoded.
    fn skip_escape(&mut self) -> Result<(), Fault> {
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.unexpected("an escape that JSON knows")),
        }
    }

    /// Consumes a number, `true`, `false` or `null`.
    fn skip_scalar(&mut self) -> Result<(), Fault> {
        let start = self.at;
        // The word and what cannot be a part of it.
        if (self.take(b"null") || self.take(b"true") || self.take(b"false"))
            && matches!(self.byte(), Some(b',' | b'}' | b']'))
        {
            return Ok(());
        }
        self.at = start;
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.'))
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let number = word.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
            && word.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'e' | b'E' | b'+' | b'-' | b'.'));
        if number || matches!(word, b"true" | b"false" | b"null") {
            self.at += length;
            return Ok(());
        }
        // A word cut off by the end of the text is the end, not an error of the text.
        if length == rest.len() {
            self.at = self.text.len();
        }
        Err(self.unexpected("a value"))
    }

    /// Consumes one value of any kind and returns its text. The structure is checked: brackets, commas,
    /// colons, strings, words. Neither recursion nor allocation, whatever the nesting.
    pub(super) fn skip_value(&mut self) -> Result<&'a str, Fault> {
        self.token();
        let start = self.at;
        // One bit a level, 1 for an object; the lowest bit is the innermost level.
        let mut objects: u128 = 0;
        let mut depth: u32 = 0;
        loop {
            // Here a value begins.
            match self.token() {
                Some(b'"') => self.skip_string()?,
                Some(open @ (b'{' | b'[')) => {
                    self.at += 1;
                    let close = if open == b'{' { b'}' } else { b']' };
                    if !self.eat(close) {
                        if depth == DEPTH_LEVELS_MAX {
                            return Err(Fault::TooDeep);
                        }
                        objects = objects << 1 | u128::from(open == b'{');
                        depth += 1;
                        self.skip_member_key(objects)?;
                        continue;
                    }
                }
                _ => self.skip_scalar()?,
            }
            // Here a value has ended; close as many levels as end with it.
            loop {
                if depth == 0 {
                    return Ok(self.since(start));
                }
                let object = objects & 1 == 1;
                match self.token() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_member_key(objects)?;
                        break;
                    }
                    Some(b'}') if object => self.at += 1,
                    Some(b']') if !object => self.at += 1,
                    _ => return Err(self.unexpected(if object { "`,` or `}`" } else { "`,` or `]`" })),
                }
                objects >>= 1;
                depth -= 1;
            }
        }
    }

    /// In an object, a value has a key in front of it.
    #[inline]
    fn skip_member_key(&mut self, objects: u128) -> Result<(), Fault> {
        if objects & 1 == 0 {
            return Ok(());
        }
        self.token();
        self.skip_string()?;
        self.need(b':', "`:`")
    }

    /// Consumes one object by counting brackets outside strings, whatever their kind and however deep:
    /// finds the end of a record that [`Self::skip_value`] refuses. `false` when there is no end.
    pub(super) fn skip_balanced(&mut self) -> bool {
        let mut depth: usize = 0;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let Some(offset) = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))
            else {
                self.at = self.text.len();
                return false;
            };
            self.at += offset;
            match self.byte() {
                Some(b'"') => {
                    if self.skip_string().is_err() {
                        return false;
                    }
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                _ => depth = depth.saturating_sub(1),
            }
            self.at += 1;
            if depth == 0 {
                return true;
            }
        }
    }

    /// The text of a scalar value, its escapes decoded; empty for `null`, arrays and objects, which are
    /// consumed.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        match self.token() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.skip_value().map(|_| Cow::Borrowed("")),
            _ => {
                let start = self.at;
                self.skip_scalar()?;
                Ok(Cow::Borrowed(Some(self.since(start)).filter(|word| *word != "null").unwrap_or_default()))
            }
        }
    }
}

/// Decodes JSON escapes. A surrogate without its partner and four digits that are none become U+FFFD:
/// one odd character must not cost a record.
pub(super) fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut letters = after.chars();
        let letter = match letters.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (letter, behind) = unicode_escape(letters.as_str());
                out.push(letter);
                rest = behind;
                continue;
            }
            Some(itself) => itself,
            None => '\u{fffd}',
        };
        out.push(letter);
        rest = letters.as_str();
    }
    out.push_str(rest);
    out
}

/// The character that the text behind `\u` stands for, and what follows it.
fn unicode_escape(text: &str) -> (char, &str) {
    let unit = |text: &str| {
        let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let Some(high) = unit(text) else { return ('\u{fffd}', text) };
    let behind = text.get(4..).unwrap_or_default();
    if let Some(letter) = char::from_u32(high) {
        return (letter, behind);
    }
    // A surrogate: only a high one followed by an escaped low one is a character.
    let low = behind.strip_prefix("\\u").and_then(unit);
    match low {
        Some(low @ 0xdc00..=0xdfff) if high < 0xdc00 => {
            let letter = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            (letter.unwrap_or('\u{fffd}'), behind.get(6..).unwrap_or_default())
        }
        _ => ('\u{fffd}', behind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: Result<&str, Fault>) {
        assert_eq!(Cursor::new(text).skip_value(), expect, "{text}");
    }

    #[test]
    fn a_value_ends_where_json_says() {
        for (text, expect) in [
            ("{}", "{}"),
            (" [ ] x", "[ ]"),
            (r#"{"a":[1,{"b":"}\"]"}],"c":null} tail"#, r#"{"a":[1,{"b":"}\"]"}],"c":null}"#),
            ("-1.5e+3,", "-1.5e+3"),
            ("true]", "true"),
            (r#""a\\" "#, r#""a\\""#),
        ] {
            check(text, Ok(expect));
        }
        for text in [
            r#"{"a":[1}"#,
            "[1,]",
            "{1:2}",
            r#"{"a" 1}"#,
            r#"{"a":1,}"#,
            "[1 2]",
            "nul ",
            "\"a\nb\"",
            r#""\x""#,
        ] {
            assert!(matches!(Cursor::new(text).skip_value(), Err(Fault::Syntax(_))), "{text}");
        }
        for text in ["", " ", "[", r#"{"a""#, r#""abc"#, r#""abc\"#, r#"{"a":[1,"#, "[tru"] {
            check(text, Err(Fault::End));
        }
    }

    #[test]
    fn nesting_is_limited_without_recursion() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        // The innermost empty array opens no level of its own.
        assert!(Cursor::new(&nested(128)).skip_value().is_ok());
        check(&nested(129), Err(Fault::TooDeep));
        let deep = format!("{} tail", nested(1_000_000));
        check(&deep, Err(Fault::TooDeep));
        let mut cursor = Cursor::new(&deep);
        assert!(cursor.skip_balanced());
        assert_eq!(cursor.at(), 2_000_000);
    }

    #[test]
    fn odd_escapes_become_the_replacement_character() {
        for (raw, expect) in [
            (r#"a\"b\\c\/\b\f\n\r\t"#, "a\"b\\c/\u{8}\u{c}\n\r\t"),
            (r"\u00e9\u20AC", "é€"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d!", "\u{fffd}!"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"\u12", "\u{fffd}12"),
            (r"\u+123", "\u{fffd}+123"),
            (r"\uzzé", "\u{fffd}zzé"),
        ] {
            assert_eq!(unescape(raw), expect, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_walked_without_a_panic(text in r#"([\[\]{}",:\\u0-9a-f \n]|true|null|é|\\ud83d){0,60}"#) {
            let mut cursor = Cursor::new(&text);
            let walked = cursor.skip_value();
            // Whatever serde_json accepts is walked to the same end.
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert_eq!(walked, Ok(text.trim()));
            }
            Cursor::new(&text).skip_balanced();
            unescape(&text);
        }
    }
}
