//! A made-up trail with digest files, signed with keys that were made for these tests and sign nothing else.

use crate::run::{Folder, root};
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::rsa::KeyPair;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use trailtrim::sha256::Sha256;

pub(crate) const BUCKET: &str = "trail-bucket";
pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";

/// One of the two keys in `tests/data/digest`: `signing` or `other`.
pub(crate) struct Key(KeyPair);

impl Key {
    pub(crate) fn new(name: &str) -> Self {
        let der = fs::read(root().join(format!("tests/data/digest/{name}.der"))).unwrap();
        Self(KeyPair::from_der(&der).unwrap())
    }

    /// The signature in hexadecimal digits.
    pub(crate) fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        self.0.sign(&ring::signature::RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
        signature.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// As `aws cloudtrail list-public-keys` prints it.
    pub(crate) fn list(&self, fingerprint: &str) -> String {
        let value = base64(self.0.public().as_ref());
        json!({"PublicKeyList": [{"Value": value, "Fingerprint": fingerprint, "ValidityStartTime": 1.5e9}]})
            .to_string()
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let value = (0..3).fold(0, |value, index| value << 8 | usize::from(*bytes.get(index).unwrap_or(&0)));
        let digit = |place: usize| char::from(DIGITS[value >> (18 - 6 * place) & 63]);
        (0..4).map(|place| if place <= bytes.len() { digit(place) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// One event, of a user who lists buckets.
pub(crate) fn log(hour: usize, number: usize) -> String {
    json!({"Records": [{
        "eventVersion": "1.11", "eventTime": format!("2026-10-01T{hour:02}:{:02}:00Z", 10 * number),
        "userIdentity": {"type": "IAMUser", "principalId": "AIDASAMPLE", "accountId": ACCOUNT, "userName": "x",
            "arn": format!("arn:aws:iam::{ACCOUNT}:user/x")},
        "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "awsRegion": REGION,
        "eventID": format!("{hour}-{number}"), "readOnly": true, "eventType": "AwsApiCall",
        "managementEvent": true, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
    }]})
    .to_string()
}

/// The key of a log file, delivered in the hour.
pub(crate) fn log_object(hour: usize, number: usize) -> String {
    format!(
        "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/10/01/{ACCOUNT}_CloudTrail_{REGION}_20261001T{hour:02}{:02}Z_abc{number}.json.gz",
        10 * number + 5
    )
}

/// The key of the digest file of an hour; `suffix` is `_backfill` or nothing.
pub(crate) fn digest_object(hour: usize, suffix: &str) -> String {
    format!(
        "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/10/01/{ACCOUNT}_CloudTrail-Digest_{REGION}_my_trail.1_{REGION}_20261001T{:02}0000Z{suffix}.json.gz",
        hour + 1
    )
}

/// The last digest file that was written.
pub(crate) struct Written {
    pub(crate) object: String,
    pub(crate) content: String,
    pub(crate) signature: String,
}

/// Writes and signs a digest file of an hour with its two log files.
pub(crate) fn digest(
    folder: &Folder,
    key: &Key,
    hour: usize,
    suffix: &str,
    before: Option<&Written>,
) -> Written {
    let object = digest_object(hour, suffix);
    // A backfill names log files of its own.
    let numbers = if suffix.is_empty() { [1, 2] } else { [3, 4] };
    let logs = numbers.map(|number| {
        let (object, content) = (log_object(hour, number), log(hour, number));
        folder.file(&object, gzip(content.as_bytes()));
        json!({"s3Bucket": BUCKET, "s3Object": object, "hashValue": Sha256::of(content.as_bytes()).to_string(),
            "hashAlgorithm": "SHA-256"})
    });
    let end = format!("2026-10-01T{:02}:00:00Z", hour + 1);
    let content = json!({
        "awsAccountId": ACCOUNT,
        "digestStartTime": format!("2026-10-01T{hour:02}:00:00Z"), "digestEndTime": end,
        "digestS3Bucket": BUCKET, "digestS3Object": object,
        "digestPublicKeyFingerprint": "31e8b5433410dfb61a9dc45cc65b22ff",
        "digestSignatureAlgorithm": "SHA256withRSA",
        "previousDigestS3Bucket": before.map(|_| BUCKET),
        "previousDigestS3Object": before.map(|before| &before.object),
        "previousDigestHashValue": before.map(|before| Sha256::of(before.content.as_bytes()).to_string()),
        "previousDigestHashAlgorithm": before.map(|_| "SHA-256"),
        "previousDigestSignature": before.map(|before| &before.signature),
        "logFiles": logs,
    })
    .to_string();
    // Written down here a second time, from AWS's description and not from the program.
    let previous = before.map_or("null", |before| &before.signature);
    let hash = Sha256::of(content.as_bytes());
    let signature = key.sign(&format!("{end}\n{BUCKET}/{object}\n{hash}\n{previous}"));
    folder.file(&object, gzip(content.as_bytes()));
    Written { object, content, signature }
}

/// Saves the signature of a digest file beside it.
pub(crate) fn save_signature(folder: &Folder, written: &Written) {
    let metadata: Value =
        json!({"Metadata": {"signature": written.signature, "signature-algorithm": "SHA256withRSA"}});
    folder.file(&format!("{}.metadata.json", written.object), metadata.to_string());
}

/// Four hours with two log files each, all signatures there, and `keys.json`.
pub(crate) fn trail() -> (Folder, Key) {
    let (folder, key) = (Folder::new(), Key::new("signing"));
    let mut before: Option<Written> = None;
    for hour in 0..4 {
        before = Some(digest(&folder, &key, hour, "", before.as_ref()));
    }
    save_signature(&folder, before.as_ref().unwrap());
    folder.file("keys.json", key.list("31e8b5433410dfb61a9dc45cc65b22ff"));
    (folder, key)
}
