//! Errors that name the input at fault. Messages are one line, lower case, with the input in backticks.

/// What a pure module may refuse: a text that is not what it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{input}`: {why}")]
pub struct ParseError {
    what: &'static str,
    input: String,
    why: String,
}

/// The longest input that a message repeats, in characters; logs may carry megabytes in one field.
const QUOTED_CHARS_MAX: usize = 120;

impl ParseError {
    /// `what` names the kind of thing (`not an ARN`), `input` the offending text, `why` the broken rule.
    pub fn new(what: &'static str, input: &str, why: impl Into<String>) -> Self {
        let mut quoted: String = input.chars().take(QUOTED_CHARS_MAX).flat_map(char::escape_debug).collect();
        if input.chars().nth(QUOTED_CHARS_MAX).is_some() {
            quoted.push('…');
        }
        Self { what, input: quoted, why: why.into() }
    }
}
