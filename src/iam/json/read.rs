//! Text to [`Json`].

use super::{Json, JsonError, Number};
use std::collections::BTreeSet;

/// The deepest nesting that is read, in levels; `serde_json` stops at the same depth.
const LEVELS_MAX: usize = 127;

/// The longest key or number that a message repeats, in characters.
const SHOWN_CHARS_MAX: usize = 120;

pub(super) fn read(text: &str) -> Result<Json, JsonError> {
    let mut reader = Reader { text, at: 0, levels: 0 };
    let value = reader.value()?;
    match reader.token() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("the end of the text")),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    levels: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips blanks; the byte at the cursor, which is not consumed.
    fn token(&mut self) -> Option<u8> {
        let rest = self.rest().trim_start_matches([' ', '\n', '\r', '\t']);
        self.at = self.text.len() - rest.len();
        rest.bytes().next()
    }

    /// Consumes the byte if it is the next token.
    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.token() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn fail(&self, at: usize, why: impl Into<String>) -> JsonError {
        let before = self.text.get(..at).unwrap_or_default();
        let column = before.rfind('\n').map_or(at, |line| at - line - 1) + 1;
        JsonError { why: why.into(), line: before.matches('\n').count() + 1, column }
    }

    fn unexpected(&self, wanted: &str) -> JsonError {
        let found = self
            .rest()
            .chars()
            .next()
            .map_or("EOF".to_owned(), |letter| format!("`{}`", letter.escape_debug()));
        self.fail(self.at, format!("{found} instead of {wanted}"))
    }

    fn value(&mut self) -> Result<Json, JsonError> {
        match self.token() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let words = [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
                let rest = self.rest();
                let found = words.into_iter().find(|(word, _)| rest.starts_with(word));
                let (word, value) = found.ok_or_else(|| self.unexpected("a value"))?;
                self.at += word.len();
                Ok(value)
            }
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, JsonError>) -> Result<Json, JsonError> {
        if self.levels == LEVELS_MAX {
            return Err(self.fail(self.at, format!("more than {LEVELS_MAX} levels")));
        }
        self.levels += 1;
        self.at += 1;
        let value = read(self);
        self.levels -= 1;
        value
    }

    fn array(&mut self) -> Result<Json, JsonError> {
        let mut values = Vec::new();
        if self.eat(b']') {
            return Ok(Json::Array(values));
        }
        loop {
            values.push(self.value()?);
            if self.eat(b']') {
                return Ok(Json::Array(values));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Json, JsonError> {
        let (mut members, mut seen) = (Vec::new(), BTreeSet::new());
        if self.eat(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            if self.token() != Some(b'"') {
                return Err(self.unexpected("a key"));
            }
            let start = self.at;
            let key = self.string()?;
            if !seen.insert(key.clone()) {
                return Err(
                    self.fail(start, format!("the key `{}` appears twice in one object", shown(&key)))
                );
            }
            if !self.eat(b':') {
                return Err(self.unexpected("`:`"));
            }
            members.push((key, self.value()?));
            if self.eat(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    /// The string whose opening quote is at the cursor.
    fn string(&mut self) -> Result<String, JsonError> {
        let start = self.at;
        let (mut escaped, mut end) = (false, start + 1);
        loop {
            let rest = self.text.as_bytes().get(end..).unwrap_or_default();
            let Some(mark) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(self.fail(start, "EOF in a string"));
            };
            end += mark + 1;
            if rest.get(mark) == Some(&b'"') {
                break;
            }
            escaped = true;
            end += 1;
        }
        let quoted = self.text.get(start..end).unwrap_or_default();
        if quoted.bytes().any(|byte| byte < b' ') {
            return Err(self.fail(start, "a string with a control character"));
        }
        self.at = end;
        if escaped {
            let wrong = |_| self.fail(start, "a string with an escape that JSON does not have");
            return serde_json::from_str(quoted).map_err(wrong);
        }
        Ok(quoted.trim_matches('"').to_owned())
    }

    /// The number whose first byte is at the cursor.
    fn number(&mut self) -> Result<Json, JsonError> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| is_of_number(*byte)).count();
        let text = rest.get(..length).unwrap_or_default();
        if !is_number(text) {
            return Err(self.fail(self.at, format!("`{}` is no number", shown(text))));
        }
        self.at += length;
        Ok(Json::Number(Number(text.into())))
    }
}

/// A text for a message: short, on one line.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// `-`? (`0` or digits without a leading zero) (`.` digits)? (`e` sign? digits)?
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
