//! Which fields of a request name a resource.

use crate::iam::table;
use serde_json::Value;
use std::sync::LazyLock;

static TABLE: &str = include_str!("../../../data/resource_fields.tsv");

/// Variables that could mean anything: the rule "first letter lowered" is not applied to them.
const TOO_GENERAL: [&str; 12] = [
    "Alias",
    "Id",
    "Key",
    "Name",
    "Path",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "Token",
    "Type",
    "UUID",
    "Version",
];

/// A field of the request that holds a value of a template's variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) path: String,
    pub(super) kind: Kind,
}

/// How the field's text becomes the value; the kinds of `data/resource_fields.tsv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Url,
    Path,
    Create,
    Created,
    Never,
}

/// The fields for a variable, in the order in which they are tried: those of the table, else the
/// variable's own name with its first letter lowered.
pub(super) fn fields_of(service: &str, kind: &str, variable: &str) -> Vec<Field> {
    static ROWS: LazyLock<Vec<[&str; 5]>> = LazyLock::new(|| table::rows(TABLE).collect());
    let mut found: Vec<Field> = ROWS
        .iter()
        .filter(|[of, of_kind, of_variable, ..]| {
            *of == service && (*of_kind == kind || *of_kind == "*") && *of_variable == variable
        })
        .map(|[.., path, kind]| Field { path: (*path).to_owned(), kind: parse(kind) })
        .collect();
    if found.is_empty() && !TOO_GENERAL.contains(&variable) {
        found.push(Field { path: lower_first(variable), kind: Kind::Name });
    }
    found
}

fn parse(kind: &str) -> Kind {
    match kind {
        "name" | "key" => Kind::Name,
        "url" => Kind::Url,
        "path" => Kind::Path,
        "create" => Kind::Create,
        "created" => Kind::Created,
        _ => Kind::Never,
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// The strings at a path; letter case of names does not matter, because services write `dBInstance…` and
/// `dbInstance…`.
pub(super) fn texts<'v>(value: &'v Value, path: &str) -> Vec<&'v str> {
    let mut found = vec![value];
    for step in path.split('.') {
        let (name, each) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
        found = found
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(|fields| fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
            .collect();
        if each {
            found = found.into_iter().filter_map(Value::as_array).flatten().collect();
        }
    }
    found.into_iter().filter_map(Value::as_str).collect()
}

/// Undoes `%2F`; nothing when the result would not be text.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit()? * 16 + digit()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::arn_template;
    use crate::iam::reference::reference;

    #[test]
    fn every_row_names_a_variable_of_the_type() {
        for [service, kind, variable, path, how] in table::rows::<5>(TABLE) {
            let types =
                reference().types_of(service).iter().filter(|known| kind == "*" || known.name == kind);
            let known =
                types.flat_map(|known| arn_template::variables(known.template)).any(|name| name == variable);
            assert!(known, "{service} {kind} {variable}");
            assert!(!path.is_empty(), "{service} {kind} {variable}");
            assert_eq!(parse(how) == Kind::Never, how == "never", "{how}");
        }
    }

    #[test]
    fn percent_signs_are_undone() {
        for (text, expect) in [
            ("a%2Fb", Some("a/b")),
            ("%C3%A9", Some("é")),
            ("%", None),
            ("%2", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            assert_eq!(percent_decoded(text).as_deref(), expect, "{text}");
        }
    }
}
