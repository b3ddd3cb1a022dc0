//! `CloudTrail`'s public keys and the check of a signature.

use crate::base64;
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
                let der = base64::decode_lines(value)
                    .ok_or_else(|| format!("the key `{fingerprint}` is not base64"))?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
