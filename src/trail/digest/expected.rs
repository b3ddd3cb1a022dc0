//! The log files that digest files name, and whether a file of this machine is one of them.

use super::standing::{Doubt, Fault, Standing};
use super::{DigestFile, file_name, is_copy_of};
use crate::sha256::Sha256;
use std::collections::{BTreeMap, BTreeSet};

/// What digest files say about log files, by the files' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    by_name: BTreeMap<String, Vec<Expectation>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Expectation {
    bucket: String,
    object: String,
    hash: Sha256,
    /// Is the digest file valid?
    proven: bool,
    /// Must the log file be there?
    wanted: bool,
}

impl Expected {
    /// Adds what a digest file says that is not invalid. `proven`: it is valid. `wanted`: the log files that
    /// are not there are reported.
    pub(super) fn add(&mut self, digest: &DigestFile, proven: bool, wanted: bool) {
        for log in &digest.logs {
            self.by_name.entry(file_name(&log.object).to_owned()).or_default().push(Expectation {
                bucket: log.bucket.clone(),
                object: log.object.clone(),
                hash: log.hash,
                proven,
                wanted,
            });
        }
    }

    /// Does any digest file name a log file of this name?
    pub fn names(&self, file: &str) -> bool {
        self.by_name.contains_key(file_name(file))
    }

    /// Judges a log file. `content` is the hash of its content, or why there is none.
    pub fn judge(&self, file: &str, content: Result<Sha256, Fault>) -> Standing {
        let named = self.by_name.get(file_name(file)).into_iter().flatten();
        let named: Vec<&Expectation> = named.filter(|one| is_copy_of(file, &one.object)).collect();
        if named.is_empty() {
            return Standing::Unverified(Doubt::NotListed);
        }
        let content = match content {
            Ok(content) => content,
            Err(fault) => return Standing::Invalid(fault),
        };
        let mut same = named.iter().filter(|one| one.hash == content).peekable();
        if same.peek().is_none() {
            return Standing::Invalid(Fault::HashDiffers);
        }
        if same.any(|one| one.proven) {
            Standing::Valid
        } else {
            Standing::Unverified(Doubt::DigestUnverified)
        }
    }

    /// The wanted objects (`s3://bucket/key`) of which no file is a copy, each once, in order.
    pub fn missing<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let mut here: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for file in files {
            here.entry(file_name(file)).or_default().push(file);
        }
        let there = |name: &str, object: &str| {
            here.get(name).is_some_and(|files| files.iter().any(|file| is_copy_of(file, object)))
        };
        let missing = self.by_name.iter().flat_map(|(name, expectations)| {
            expectations.iter().filter(move |one| one.wanted && !there(name, &one.object))
        });
        missing.map(|one| format!("s3://{}/{}", one.bucket, one.object)).collect()
    }
}
