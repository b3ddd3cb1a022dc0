//! `CloudTrail`'s public keys and the check of a signature.

use crate::iam::json::Json;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use std::collections::{BTreeMap, BTreeSet};

/// Public keys by fingerprint, as `aws cloudtrail list-public-keys` prints them. A fingerprint is AWS's name
/// for a key; a signature is only ever checked against the keys that the user gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicKeys {
    /// PKCS #1 `RSAPublicKey`, DER. More than one when files contradict each other.
    by_fingerprint: BTreeMap<String, BTreeSet<Vec<u8>>>,
}

/// The answer to whether a signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// The holder of the private key signed this text.
    Right,
    /// Nobody with the key of this fingerprint signed this text.
    Wrong,
    /// No key with this fingerprint was given.
    UnknownKey,
}

impl PublicKeys {
    /// Adds the keys of one file: the output of `list-public-keys`, or an array of such outputs (one a
    /// region). The error is one line, lower case.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let json = Json::parse(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
        let outputs = match json {
            Json::Array(outputs) => outputs,
            one => vec![one],
        };
        for output in &outputs {
            let Some(Json::Array(keys)) = output.get("PublicKeyList") else {
                return Err("no list `PublicKeyList`".to_owned());
            };
            for key in keys {
                let text =
                    |name| key.get(name).and_then(Json::as_str).ok_or(format!("a key without `{name}`"));
                let (value, fingerprint) = (text("Value")?, text("Fingerprint")?);
                let der = base64(value).ok_or_else(|| format!("the key `{fingerprint}` is not base64"))?;
                self.by_fingerprint.entry(fingerprint.to_owned()).or_default().insert(der);
            }
        }
        Ok(())
    }

    /// The number of fingerprints.
    pub fn len(&self) -> usize {
        self.by_fingerprint.len()
    }

    /// Are there no keys?
    pub fn is_empty(&self) -> bool {
        self.by_fingerprint.is_empty()
    }

    /// Checks a signature, given in hexadecimal digits, over a text: RSA, PKCS #1 v1.5, SHA-256.
    pub fn check(&self, fingerprint: &str, text: &str, signature: &str) -> SignatureCheck {
        let Some(keys) = self.by_fingerprint.get(fingerprint) else { return SignatureCheck::UnknownKey };
        let Some(signature) = super::hex(signature) else { return SignatureCheck::Wrong };
        let signed = |der: &Vec<u8>| {
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der);
            key.verify(text.as_bytes(), &signature).is_ok()
        };
        if keys.iter().any(signed) { SignatureCheck::Right } else { SignatureCheck::Wrong }
    }
}

/// RFC 4648 with padding, line breaks ignored; `None` when it is anything else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        Some(u32::from(value))
    };
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (quads, rest) = text.as_chunks::<4>();
    let mut out = Vec::with_capacity(quads.len() * 3);
    for (index, quad) in quads.iter().enumerate() {
        let padding = quad.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 < quads.len()) {
            return None;
        }
        let mut value = 0;
        for byte in quad.iter().take(4 - padding) {
            value = value << 6 | digit(*byte)?;
        }
        value <<= 6 * padding;
        out.extend(value.to_be_bytes().iter().skip(1).take(3 - padding));
    }
    rest.is_empty().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_the_rfc() {
        // RFC 4648, section 10.
        for (text, expect) in [
            ("", Some("")),
            ("Zg==", Some("f")),
            ("bG8=", Some("lo")),
            ("Zm9v", Some("foo")),
            ("Zm9v\nYmFy", Some("foobar")),
            ("Zm9vYg==", Some("foob")),
            ("Zg", None),
            ("Zg==Zg==", None),
            ("Z===", None),
            ("Zm9*", None),
            ("====", None),
        ] {
            assert_eq!(base64(text).as_deref(), expect.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn refuses_other_files() {
        for text in [
            "",
            "{}",
            "[7]",
            "{\"PublicKeyList\":[{}]}",
            "{\"PublicKeyList\":[{\"Fingerprint\":\"a\",\"Value\":\"*\"}]}",
        ] {
            assert!(PublicKeys::default().add(text).is_err(), "{text}");
        }
    }
}
