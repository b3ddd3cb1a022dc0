//! JSON values as literals of several languages, in which nothing is invisible.

use crate::escape::{self, quoted};
use crate::iam::json::Json;

/// The words in which languages differ from JSON.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    null: &'static str,
    yes: &'static str,
    no: &'static str,
    step: usize,
}

/// JSON, and with it TypeScript.
pub const JSON: Words = Words { null: "null", yes: "true", no: "false", step: 2 };

/// Python.
pub const PYTHON: Words = Words { null: "None", yes: "True", no: "False", step: 4 };

/// A literal over several lines. The first line is not indented; the others are by `indent` blanks and more.
pub fn literal(json: &Json, words: Words, indent: usize) -> String {
    let mut out = String::new();
    write(&mut out, json, words, Some(indent));
    out
}

/// JSON over several lines.
pub fn pretty(json: &Json) -> String {
    literal(json, JSON, 0)
}

/// JSON on one line, without blanks between the elements.
pub fn compact(json: &Json) -> String {
    let mut out = String::new();
    write(&mut out, json, JSON, None);
    out
}

/// Is a text safe to be shown and stored as it is?
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(|letter| escape::deceives(letter) && !matches!(letter, '\n' | '\r' | '\t'))
}

fn write(out: &mut String, json: &Json, words: Words, indent: Option<usize>) {
    match json {
        Json::Null => out.push_str(words.null),
        Json::Bool(true) => out.push_str(words.yes),
        Json::Bool(false) => out.push_str(words.no),
        Json::Number(number) => out.push_str(number.as_str()),
        Json::String(text) => out.push_str(&quoted(text)),
        Json::Array(values) => {
            list(out, ('[', ']'), values, (words, indent), |out, value, inner| {
                write(out, value, words, inner);
            });
        }
        Json::Object(members) => {
            list(out, ('{', '}'), members, (words, indent), |out, (key, value), inner| {
                out.push_str(&quoted(key));
                out.push_str(if inner.is_some() { ": " } else { ":" });
                write(out, value, words, inner);
            });
        }
    }
}

fn list<T>(
    out: &mut String,
    (open, close): (char, char),
    items: &[T],
    (words, indent): (Words, Option<usize>),
    mut item: impl FnMut(&mut String, &T, Option<usize>),
) {
    out.push(open);
    let inner = indent.map(|indent| indent + words.step);
    for (index, one) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        line(out, inner);
        item(out, one, inner);
    }
    if !items.is_empty() {
        line(out, indent);
    }
    out.push(close);
}

fn line(out: &mut String, indent: Option<usize>) {
    if let Some(indent) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    }
}
