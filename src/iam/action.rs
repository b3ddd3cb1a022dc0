//! IAM actions: `service:Name`. AWS compares both halves without regard to case.

use crate::error::ParseError;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// One concrete action, such as `s3:GetObject`. Equality, order and hash ignore ASCII case; the text
/// keeps the spelling that it was parsed from.
#[derive(Clone, Debug)]
pub struct Action {
    text: Box<str>,
    colon: usize,
}

impl Action {
    /// A service prefix of letters, digits and `-`, one colon, a name of letters, digits, `_`, `-` and `.`.
    /// Wildcards are refused: a pattern is not an action.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let good = |part: &str, more: &[char]| {
            !part.is_empty()
                && part.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(&letter))
        };
        match text.split_once(':') {
            Some((service, name)) if good(service, &['-']) && good(name, &['_', '-', '.']) => {
                Ok(Self { text: text.into(), colon: service.len() })
            }
            _ => Err(ParseError::new("not an action", text, "the form is `service:Name`, without wildcards")),
        }
    }

    /// The service prefix: `s3`.
    pub fn service(&self) -> &str {
        self.text.get(..self.colon).unwrap_or_default()
    }

    /// The name behind the colon: `GetObject`.
    pub fn name(&self) -> &str {
        self.text.get(self.colon + 1..).unwrap_or_default()
    }

    /// The whole text: `s3:GetObject`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Eq for Action {}

impl PartialOrd for Action {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Action {
    fn cmp(&self, other: &Self) -> Ordering {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.text.bytes().map(lower).cmp(other.text.bytes().map(lower))
    }
}

impl Hash for Action {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.text.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter() {
        let (a, b) = (Action::parse("S3:getobject").unwrap(), Action::parse("s3:GetObject").unwrap());
        assert_eq!(a, b);
        assert_eq!((b.service(), b.name()), ("s3", "GetObject"));
    }

    #[test]
    fn a_pattern_is_not_an_action() {
        for bad in ["*", "s3:*", "s3", "s3:", ":x", "s3:Get:Object", "s 3:GetObject", "s3:Get Object"] {
            assert!(Action::parse(bad).is_err(), "{bad}");
        }
    }
}
