//! The changes as one JSON text: `trailtrim.recommend/v1`, described in `docs/schemas/`.

use super::{PolicyChange, PrincipalChange, literal};
use crate::iam::json::Json;

/// The name and version of the format.
pub const SCHEMA: &str = "trailtrim.recommend/v1";

/// One object with all principals.
pub fn emit(changes: &[PrincipalChange<'_>]) -> String {
    let principals = changes.iter().map(principal).collect();
    let whole = object([("schema", text(SCHEMA)), ("principals", Json::Array(principals))]);
    literal::pretty(&whole) + "\n"
}

fn principal(change: &PrincipalChange<'_>) -> Json {
    object([
        ("arn", text(change.principal.arn.as_str())),
        ("name", text(&change.principal.name)),
        ("type", text(change.kind())),
        ("changes", Json::Array(change.policies.iter().map(policy).collect())),
        ("left_out", Json::Array(change.left_out.iter().map(|why| text(why)).collect())),
    ])
}

fn policy(change: &PolicyChange<'_>) -> Json {
    let documents = change
        .documents
        .iter()
        .map(|new| object([("name", text(&new.name)), ("document", new.document.to_json())]));
    object([
        ("policy", text(&change.policy.name)),
        ("arn", if change.arn().is_empty() { Json::Null } else { text(change.arn()) }),
        ("step", text(change.step.as_str())),
        ("documents", Json::Array(documents.collect())),
    ])
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn text(value: &str) -> Json {
    Json::String(value.to_owned())
}
