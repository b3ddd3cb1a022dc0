//! Policy variables: `${aws:username}`, `${aws:username, 'nobody'}`, `${*}`.

use crate::iam::condition::context::{Context, KeyState, union};
use crate::iam::glob::Item;
use crate::iam::reading::{Point, Readings};

/// A pattern with its variables replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// Every variable has a value, or is unknown and stands for any run of characters.
    Items {
        /// The pattern.
        items: Vec<Item>,
        /// The unknown variables' keys, sorted.
        unknown: Vec<String>,
    },
    /// A variable has no value and no default.
    Unresolvable,
}

/// Does the text hold something that looks like a variable?
pub(crate) fn has_variable(text: &str) -> bool {
    text.contains("${")
}

/// The pieces of a text with variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// Plain text; wildcards in it are active where wildcards are.
    Text(&'t str),
    /// `${*}`, `${?}` or `${$}`: this character.
    Character(char),
    /// A key and the text to take when the request does not carry it.
    Variable {
        /// The condition key.
        key: &'t str,
        /// The default, without quotes.
        default: Option<&'t str>,
    },
}

/// Cuts a text into pieces. A `${` without a closing brace is plain text.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let Some((inside, after)) = behind.split_once('}') else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(match inside {
            "*" => Piece::Character('*'),
            "?" => Piece::Character('?'),
            "$" => Piece::Character('$'),
            inside => variable(inside),
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn variable(inside: &str) -> Piece<'_> {
    let default =
        inside.split_once(", '").and_then(|(key, quoted)| quoted.strip_suffix('\'').map(|text| (key, text)));
    match default {
        Some((key, text)) => Piece::Variable { key, default: Some(text) },
        None => Piece::Variable { key: inside, default: None },
    }
}

/// Replaces the variables of a pattern. `wildcards` says whether `*` and `?` of the pattern are active.
pub(crate) fn resolve(text: &str, wildcards: bool, context: &Context, readings: &Readings) -> Resolved {
    let mut items = Vec::with_capacity(text.len());
    let mut unknown = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => {
                items.extend(
                    text.chars().map(|letter| if wildcards { Item::of(letter) } else { Item::One(letter) }),
                );
            }
            Piece::Character(letter) => items.push(Item::One(letter)),
            Piece::Variable { key, default } => {
                let value = match (context.get(key), default) {
                    (KeyState::Value(""), default) if !readings.by_default(Point::EmptyStringIsPresent) => {
                        default
                    }
                    (KeyState::Value(value), _) => Some(value),
                    (KeyState::Absent | KeyState::List(_), default) => default,
                    (KeyState::Unknown, _) => {
                        unknown = union(unknown, vec![key.to_ascii_lowercase()]);
                        items.push(Item::Star);
                        continue;
                    }
                };
                let Some(value) = value else { return Resolved::Unresolvable };
                let active = wildcards
                    && crate::iam::glob::has_wildcard(value)
                    && !readings.by_default(Point::VariableValueLiteral);
                items.extend(
                    value.chars().map(|letter| if active { Item::of(letter) } else { Item::One(letter) }),
                );
            }
        }
    }
    Resolved::Items { items, unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        let context = Context::closed().with("aws:username", "a*").with_list("aws:TagKeys", ["x"]);
        let shown = match resolve(text, true, &context, &Readings::default()) {
            Resolved::Items { items, .. } => Some(
                items
                    .iter()
                    .map(|item| match item {
                        Item::Star => "<star>".to_owned(),
                        Item::Any => "<any>".to_owned(),
                        Item::One(letter) => letter.to_string(),
                    })
                    .collect::<String>(),
            ),
            Resolved::Unresolvable => None,
        };
        assert_eq!(shown.as_deref(), expect, "{text}");
    }

    #[test]
    fn variables_become_literals() {
        check("x/${aws:UserName}/*", Some("x/a*/<star>"));
        check("${*}${?}${$}?", Some("*?$<any>"));
        check("${aws:none}", None);
        check("${aws:TagKeys}", None);
        check("${aws:none, 'd e'}!", Some("d e!"));
        check("${aws:username, 'd'}", Some("a*"));
        check("${open", Some("${open"));
        check("${aws:none,'d'}", None);
    }

    #[test]
    fn an_unknown_variable_is_any_text() {
        let resolved = resolve("a${aws:B}", true, &Context::open(), &Readings::default());
        let items = vec![Item::One('a'), Item::Star];
        assert_eq!(resolved, Resolved::Items { items, unknown: vec!["aws:b".to_owned()] });
    }
}
