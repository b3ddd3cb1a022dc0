//! `requestParameters` and `responseElements`: text until a field is asked for.

use serde_json::Value;

/// A JSON object of an event, kept as the text that the log carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestParameters<'a> {
    raw: Option<&'a str>,
}

impl<'a> RequestParameters<'a> {
    /// From the text of a JSON value; `null` is the same as no text.
    pub fn from_raw(raw: &'a str) -> Self {
        Self { raw: Some(raw.trim()).filter(|text| *text != "null" && !text.is_empty()) }
    }

    /// The text, when the event carries any.
    pub fn raw(self) -> Option<&'a str> {
        self.raw
    }

    /// The parsed value. `None` when the event carries none, when it is not an object, and when
    /// `CloudTrail` left it out because it was over 100 KB: then the arguments are *unknown*.
    pub fn parse(self) -> Option<Value> {
        let value: Value = serde_json::from_str(self.raw?).ok()?;
        (value.is_object() && !is_omitted(&value)).then_some(value)
    }
}

/// `CloudTrail` replaces an object that is too large by `{"omitted": true, …}`.
fn is_omitted(value: &Value) -> bool {
    value.get("omitted").is_some_and(|flag| *flag == Value::Bool(true))
}

/// All strings at a path such as `instanceGroups[].executionRole`: names separated by `.`, `[]` for every
/// element of an array. A path that leads nowhere gives nothing. Letter case of names is respected.
pub fn texts<'v>(value: &'v Value, path: &str) -> Vec<&'v str> {
    let mut found = vec![value];
    for step in path.split('.') {
        let (name, each) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
        found = found.into_iter().filter_map(|value| value.get(name)).collect();
        if each {
            found = found.into_iter().filter_map(Value::as_array).flatten().collect();
        }
    }
    found.into_iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_every_string() {
        let request = RequestParameters::from_raw(
            r#"{"roleArn":"a","groups":[{"role":"b"},{"role":"c"},{"other":1}],"list":["d","e"],"n":7}"#,
        );
        let value = request.parse().unwrap();
        for (path, expect) in [
            ("roleArn", vec!["a"]),
            ("groups[].role", vec!["b", "c"]),
            ("list[]", vec!["d", "e"]),
            ("list", vec![]),
            ("n", vec![]),
            ("rolearn", vec![]),
            ("groups[].role.x", vec![]),
        ] {
            assert_eq!(texts(&value, path), expect, "{path}");
        }
    }

    #[test]
    fn left_out_is_not_empty() {
        for raw in ["null", "", "7", "[]", r#"{"omitted":true,"originalSize":120000}"#, "{"] {
            assert_eq!(RequestParameters::from_raw(raw).parse(), None, "{raw}");
        }
        assert!(RequestParameters::from_raw("{}").parse().is_some());
    }
}
