//! Digest files: what `CloudTrail` signed about the log files that it delivered. Every hour it writes, for
//! each trail and region, a file with the SHA-256 hashes of the log files of that hour and the signature of
//! the digest file before it. Pure: bytes and names in, standings out.
//!
//! Facts: "`CloudTrail` digest file structure" and "Custom implementations of `CloudTrail` log file integrity
//! validation" (`CloudTrail` user guide), and `validate-logs` of the AWS CLI 1.46.3; read 2026-11-22.
//! All hashes are those of the uncompressed content.

pub mod standing;
pub mod keys;
pub mod expected;
pub mod chain;

use crate::iam::json::Json;
use crate::sha256::Sha256;
use crate::time::Timestamp;

/// The one way in which digest files are signed: RSA, PKCS #1 v1.5, over a SHA-256 hash.
const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

/// The one way in which files are hashed.
const HASH_ALGORITHM: &str = "SHA-256";

/// What one digest file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestFile {
    /// The bucket to which it was delivered.
    pub bucket: String,
    /// The key under which it was delivered.
    pub object: String,
    /// Log files delivered from this time on are in it.
    pub start: Timestamp,
    /// Log files delivered after this time are not in it.
    pub end: Timestamp,
    /// The end as it is written, which is what was signed.
    end_text: String,
    /// Which public key belongs to the signature.
    pub fingerprint: String,
    /// The digest file before it; `None` in the first one after validation was switched on.
    pub previous: Option<PreviousDigest>,
    /// The log files, perhaps none.
    pub logs: Vec<DigestedLog>,
}

/// What a digest file says about the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousDigest {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub object: String,
    /// The hash of its content.
    pub hash: Sha256,
    /// Its signature, in hexadecimal digits as written.
    pub signature: String,
}

/// What a digest file says about a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestedLog {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub object: String,
    /// The hash of its content.
    pub hash: Sha256,
}

impl DigestFile {
    /// Reads the content of a digest file. The error is one line, lower case.
    pub fn parse(content: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(content).map_err(|_| "not UTF-8".to_owned())?;
        let json = Json::parse(text).map_err(|error| error.to_string())?;
        let algorithm = required(&json, "digestSignatureAlgorithm")?;
        if algorithm != SIGNATURE_ALGORITHM {
            return Err(format!("signed with `{algorithm}`, not {SIGNATURE_ALGORITHM}"));
        }
        let Some(Json::Array(logs)) = json.get("logFiles") else {
            return Err("no list `logFiles`".to_owned());
        };
        let end_text = required(&json, "digestEndTime")?;
        Ok(Self {
            bucket: required(&json, "digestS3Bucket")?,
            object: required(&json, "digestS3Object")?,
            start: time(&required(&json, "digestStartTime")?)?,
            end: time(&end_text)?,
            end_text,
            fingerprint: required(&json, "digestPublicKeyFingerprint")?,
            previous: PreviousDigest::read(&json)?,
            logs: logs.iter().map(DigestedLog::read).collect::<Result<_, _>>()?,
        })
    }

    /// What the signature is over, given the hash of this file's content: end time, place, hash, and the
    /// signature of the digest file before it, or `null`.
    pub fn signed_text(&self, content: Sha256) -> String {
        let previous = self.previous.as_ref().map_or("null", |previous| &previous.signature);
        format!("{}\n{}/{}\n{content}\n{previous}", self.end_text, self.bucket, self.object)
    }

    /// Is this a later addition to hours that have their digest files already?
    pub fn is_backfill(&self) -> bool {
        chain_of(&self.object).is_some_and(|(_, backfill)| backfill)
    }
}

impl PreviousDigest {
    /// All five fields are there, or all are `null`.
    fn read(json: &Json) -> Result<Option<Self>, String> {
        let fields = ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"]
            .map(|field| format!("previousDigest{field}"));
        if fields.iter().all(|field| json.get(field) == Some(&Json::Null)) {
            return Ok(None);
        }
        let [bucket, object, hash, algorithm, signature] = fields;
        Ok(Some(Self {
            bucket: required(json, &bucket)?,
            object: required(json, &object)?,
            hash: hashed(json, &hash, &algorithm)?,
            signature: required(json, &signature)?,
        }))
    }
}

impl DigestedLog {
    fn read(json: &Json) -> Result<Self, String> {
        Ok(Self {
            bucket: required(json, "s3Bucket")?,
            object: required(json, "s3Object")?,
            hash: hashed(json, "hashValue", "hashAlgorithm")?,
        })
    }
}

/// What stands behind a digest file's name when the file beside it holds its metadata, as
/// `aws s3api head-object` prints them.
pub const METADATA_END: &str = ".metadata.json";

/// The signature in the output of `aws s3api head-object`: `x-amz-meta-signature`, in hexadecimal digits.
pub fn signature_of_head_object(text: &str) -> Result<String, String> {
    let json = Json::parse(text).map_err(|error| error.to_string())?;
    let metadata = json.get("Metadata").ok_or("no `Metadata`: not the output of `aws s3api head-object`")?;
    required(metadata, "signature")
}

/// The chain to which the digest file of a name belongs: the name up to its time, and whether it is a
/// backfill. `None` when the name is no digest file's.
/// `account_CloudTrail-Digest_region_trail_home-region_20150817T150131Z[_backfill].json.gz`
pub fn chain_of(name: &str) -> Option<(&str, bool)> {
    let file = file_name(name);
    let stem = file.strip_suffix(".json")?;
    let (stem, backfill) = stem.strip_suffix("_backfill").map_or((stem, false), |stem| (stem, true));
    let (chain, _) = stem.rsplit_once('_')?;
    chain.contains("_CloudTrail-Digest_").then_some((chain, backfill))
}

/// The last part of a path or key, without `.gz`: files may have been inflated after they were copied.
pub fn file_name(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    file.strip_suffix(".gz").unwrap_or(file)
}

/// Is a file of this machine where a copy of the object belongs? In a copied tree everything from the last
/// `AWSLogs` on is the same; in any other folder the names are, which hold account, region and time.
pub fn is_copy_of(file: &str, object: &str) -> bool {
    if file_name(file) != file_name(object) {
        return false;
    }
    match (tree(file), tree(object)) {
        (Some(here), Some(there)) => here.eq(there),
        (None, _) => true,
        (Some(_), None) => false,
    }
}

/// The folders below the last `AWSLogs`, from the file upwards.
fn tree(name: &str) -> Option<impl Iterator<Item = &str>> {
    let folders = || name.rsplit(['/', '\\']).skip(1);
    folders().any(|part| part == "AWSLogs").then(|| folders().take_while(|part| *part != "AWSLogs"))
}

fn required(json: &Json, key: &str) -> Result<String, String> {
    let found = json.get(key).ok_or_else(|| format!("no `{key}`"))?;
    found.as_str().map(str::to_owned).ok_or_else(|| format!("`{key}` is {}, not a string", found.kind()))
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| format!("`{text}` is no time"))
}

fn hashed(json: &Json, hash: &str, algorithm: &str) -> Result<Sha256, String> {
    let algorithm = required(json, algorithm)?;
    if algorithm != HASH_ALGORITHM {
        return Err(format!("hashed with `{algorithm}`, not {HASH_ALGORITHM}"));
    }
    let text = required(json, hash)?;
    let bytes = hex(&text).and_then(|bytes| bytes.try_into().ok());
    bytes.map(Sha256::new).ok_or_else(|| format!("`{hash}` is no SHA-256 hash"))
}

/// Bytes of hexadecimal digits of either case, two a byte.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8; 2]| {
        let [high, low] = *pair;
        Some(digit(high)? << 4 | digit(low)?)
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests;
