//! A request as the resource rules see it: most are small and plain, and are read without being parsed.

use super::fields;
use crate::trail::request::RequestParameters;
use crate::trail::scan::Cursor;
use memchr::memmem;
use serde_json::Value;
use std::cell::OnceCell;
use std::sync::LazyLock;

/// A request with more members than this is parsed.
const MEMBERS_MAX: usize = 24;

/// The longest number that is believed without a parser, in digits.
const DIGITS_MAX: usize = 15;

/// The parameters of one call. Same answers as the parsed [`Value`], which is made when it must be.
#[derive(Debug)]
pub(super) struct Request<'e> {
    parameters: RequestParameters<'e>,
    flat: OnceCell<Option<Vec<Member<'e>>>>,
    parsed: OnceCell<Option<Value>>,
    has_no_arn: OnceCell<bool>,
}

/// A member of the outermost object.
#[derive(Debug)]
struct Member<'e> {
    key: &'e str,
    /// The value, when it is a string.
    text: Option<&'e str>,
}

impl<'e> Request<'e> {
    pub(super) fn new(parameters: RequestParameters<'e>) -> Self {
        Self { parameters, flat: OnceCell::new(), parsed: OnceCell::new(), has_no_arn: OnceCell::new() }
    }

    /// The members, when the parameters are plain.
    fn flat(&self) -> Option<&[Member<'e>]> {
        self.flat.get_or_init(|| self.parameters.raw().and_then(flat)).as_deref()
    }

    /// The parsed parameters: `None` when they are missing, left out or no object.
    pub(super) fn parsed(&self) -> Option<&Value> {
        self.parsed.get_or_init(|| self.parameters.parse()).as_ref()
    }

    /// Are there parameters at all?
    pub(super) fn is_some(&self) -> bool {
        self.flat().is_some() || self.parsed().is_some()
    }

    /// The string under a name of the outermost object.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.flat() {
            Some(members) => members.iter().find(|member| member.key == name)?.text,
            None => self.parsed()?.get(name)?.as_str(),
        }
    }

    /// [`Self::text`], or the first string of an array.
    pub(super) fn first_text(&self, name: &str) -> Option<&str> {
        if let Some(members) = self.flat() {
            let member = members.iter().find(|member| member.key == name)?;
            if member.text.is_some() {
                return member.text;
            }
        }
        let value = self.parsed()?.get(name)?;
        value.as_str().or_else(|| value.as_array()?.first()?.as_str())
    }

    /// [`fields::texts`].
    pub(super) fn texts(&self, path: &str) -> Vec<&str> {
        if let Some(members) = self.flat() {
            let first = path.split('.').next().unwrap_or_default();
            let name = first.strip_suffix("[]").unwrap_or(first);
            let mut fitting = members.iter().filter(|member| member.key.eq_ignore_ascii_case(name));
            if name.len() == path.len() {
                return fitting.filter_map(|member| member.text).collect();
            }
            if fitting.next().is_none() {
                return Vec::new();
            }
        }
        self.parsed().map(|value| fields::texts(value, path)).unwrap_or_default()
    }

    /// Is it certain that no string in the parameters is an ARN?
    pub(super) fn has_no_arn(&self) -> bool {
        *self.has_no_arn.get_or_init(|| has_no_arn(self.parameters))
    }
}

/// Without an escape, a string that starts with `arn:` shows as such in the text.
pub(super) fn has_no_arn(parameters: RequestParameters<'_>) -> bool {
    static ARN: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("\"arn:"));
    let Some(raw) = parameters.raw() else { return true };
    memchr::memchr(b'\\', raw.as_bytes()).is_none() && ARN.find(raw.as_bytes()).is_none()
}

/// The members of a plain object: no escapes, no name twice, nothing that a strict parser could refuse, and
/// not the mark of parameters that were left out.
fn flat(raw: &str) -> Option<Vec<Member<'_>>> {
    if raw.bytes().fold(false, |odd, byte| odd | matches!(byte, ..b' ' | b'\\')) {
        return None;
    }
    let mut cursor = Cursor::new(raw);
    if !cursor.eat(b'{') {
        return None;
    }
    let mut members: Vec<Member<'_>> = Vec::with_capacity(8);
    let mut first = true;
    loop {
        let start = cursor.key_text(std::mem::take(&mut first)).ok()?;
        let Some(key) = start else { break };
        let value = cursor.skip_value().ok()?;
        let text = value.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let known = members.iter().any(|member| member.key == key);
        if known || members.len() == MEMBERS_MAX || key == "omitted" {
            return None;
        }
        if text.is_none() && !has_plain_numbers(value) {
            return None;
        }
        members.push(Member { key, text });
    }
    (cursor.at() == raw.len()).then_some(members)
}

/// Are all numbers of a value, whose structure is sound, plain and short?
fn has_plain_numbers(value: &str) -> bool {
    // Between quotes and outside of them by turns: there are no escapes.
    value.split('"').enumerate().all(|(index, part)| {
        index % 2 == 1
            || part.split(['{', '}', '[', ']', ',', ':', ' ']).all(|word| match word.as_bytes() {
                [] | b"true" | b"false" | b"null" | b"0" => true,
                digits => {
                    digits.len() <= DIGITS_MAX
                        && digits.first() != Some(&b'0')
                        && digits.iter().all(u8::is_ascii_digit)
                }
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(raw: &str) -> Result<(), TestCaseError> {
        let request = Request::new(RequestParameters::from_raw(raw));
        let value = RequestParameters::from_raw(raw).parse();
        prop_assert_eq!(request.is_some(), value.is_some(), "{}", raw);
        for name in ["a", "B", "arn"] {
            let found = value.as_ref().and_then(|value| value.get(name));
            prop_assert_eq!(request.text(name), found.and_then(Value::as_str), "{}", raw);
            let first =
                found.and_then(|value| value.as_str().or_else(|| value.as_array()?.first()?.as_str()));
            prop_assert_eq!(request.first_text(name), first, "{}", raw);
        }
        for path in ["a", "b", "a.b", "a[]", "b[].a"] {
            let expect = value.as_ref().map(|value| fields::texts(value, path)).unwrap_or_default();
            prop_assert_eq!(request.texts(path), expect, "{} {}", raw, path);
        }
        Ok(())
    }

    #[test]
    fn plain_requests_are_read_without_a_parser() {
        for raw in [r#"{"a":"x","b":{"c":[1,2,"z"]},"n":12}"#, "{}", r#"{"a":null,"B":["q"]}"#] {
            assert!(flat(raw).is_some(), "{raw}");
            check(raw).unwrap();
        }
        for raw in [
            r#"{"a":01}"#,
            r#"{"a":1.5}"#,
            r#"{"a":"\u0061"}"#,
            r#"{"omitted":true}"#,
            r#"{"a":1,"a":2}"#,
            "{\"a\":\"\u{1}\"}",
            "[]",
            r#"{"a":1} x"#,
            r#"{"a":[-]}"#,
        ] {
            assert!(flat(raw).is_none(), "{raw}");
            check(raw).unwrap();
        }
    }

    proptest! {
        #[test]
        fn a_request_reads_the_same_parsed_or_not(
            raw in r#"\{("(a|A|b|B|arn|omitted)":("[a-z:\\]{0,4}"|[0-9.e-]{1,3}|true|null|\["x",1\]|\{"b":"y"\}|\[\{"a":"z"\}\]),?){0,4}\}"#,
        ) {
            check(&raw)?;
            check(&raw.replace(",}", "}"))?;
        }
    }
}
