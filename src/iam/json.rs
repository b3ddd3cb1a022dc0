//! JSON values that keep what a policy says exactly: the order of keys, every digit of a number, and no
//! object that has one key twice. AWS rejects such policies, while an ordinary map silently keeps the last
//! value; and a number that went through binary floating point is another number (`0.1` of a policy is
//! compared as a decimal).
//!
//! `serde_json` reads numbers into binary ones, or with its feature `arbitrary_precision` changes how
//! every crate of the program sees them. So the text is read here; printing is left to it.

mod read;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// A JSON value as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object; keys in the order in which they were written, each once.
    Object(Vec<(String, Json)>),
}

/// A JSON number, digit by digit as it was written: `1.0` is not `1`. Made by parsing alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(Box<str>);

impl Number {
    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no JSON value, or none of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} at line {line} column {column}")]
pub struct JsonError {
    /// What was found, or what was expected.
    pub why: String,
    /// From 1.
    pub line: usize,
    /// In bytes, from 1.
    pub column: usize,
}

impl Json {
    /// Parses a whole text: RFC 8259, at most 127 levels deep, no key twice in one object. The message of
    /// the error names line and column, or the key that is there twice.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        read::read(text)
    }

    /// The value on one line, members in their order.
    pub fn to_compact(&self) -> String {
        // Serialising a value made of strings, numbers and booleans cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The value of a key, when this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// What the value is, in JSON's own words, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Through the raw text, so that nothing is lost on the way; only text formats can do that.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(D::Error::custom)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => {
                let raw = RawValue::from_string(value.0.to_string()).map_err(S::Error::custom)?;
                raw.serialize(serializer)
            }
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(values) => values.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_to_the_last_digit() {
        for number in
            ["0", "-0", "1.0", "0.1", "1e400", "-1E-400", "10000000000000000000001", "1.10", "2.50e+007"]
        {
            let text = format!("[{number}]");
            let json = Json::parse(&text).unwrap();
            assert_eq!(json, Json::Array(vec![Json::Number(Number(number.into()))]));
            assert_eq!(serde_json::to_string(&json).unwrap(), text);
        }
        for bad in ["01", "-", "1.", ".1", "1e", "1e+", "+1", "0x1", "NaN", "1_0", "--1", "1.e1", "٣"] {
            assert!(Json::parse(&format!("[{bad}]")).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_kind_of_value() {
        let text =
            " { \"a\\u00e9\\n\" : [ null , true , false , \"\\ud83d\\ude00é\" , { } , [ ] ] , \"\" : -1 } \n";
        let json = Json::parse(text).unwrap();
        assert_eq!(
            serde_json::to_string(&json).unwrap(),
            "{\"aé\\n\":[null,true,false,\"😀é\",{},[]],\"\":-1}"
        );
        assert_eq!(json.get(""), Some(&Json::Number(Number("-1".into()))));
    }

    fn refused(text: &str, expect: &str) {
        let message = Json::parse(text).unwrap_err().to_string();
        assert!(message.contains(expect), "{text}: {message}");
    }

    #[test]
    fn errors_say_where() {
        refused("", "EOF instead of a value at line 1 column 1");
        refused("{\n \"a\": 1,\n}", "`}` instead of a key at line 3 column 1");
        refused("{\"a\" 1}", "`1` instead of `:` at line 1 column 6");
        refused("[1 2]", "`2` instead of `,` or `]` at line 1 column 4");
        refused("[1", "EOF instead of `,` or `]`");
        refused("{} {}", "`{` instead of the end of the text at line 1 column 4");
        refused(
            "{\"a\":1,\"b\":2,\"\\u0061\":3}",
            "the key `a` appears twice in one object at line 1 column 14",
        );
        refused("\"a", "EOF in a string at line 1 column 1");
        refused("[\"a\nb\"]", "a string with a control character at line 1 column 2");
        refused("\"\\x\"", "a string with an escape that JSON does not have at line 1 column 1");
        refused("\"\\ud800\"", "a string with an escape");
        refused("[nul]", "`n` instead of a value");
        refused("[é]", "`é` instead of a value");
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(Json::parse(&nested(127)).is_ok());
        refused(&nested(128), "more than 127 levels at line 1 column 128");
        refused(&"{\"a\":".repeat(1_000_000), "more than 127 levels");
    }
}
