//! Reads digest files and public keys, and joins them with the check of the chain. Only files that were
//! listed are ever opened: the names in a digest file are compared with theirs, never followed.

use crate::report::escape;
use crate::sha256::Sha256;
use crate::source::{Listing, LogObject, LogSource};
use crate::trail::digest::chain::{Chains, DigestResult, Links, Range, StoredDigest};
use crate::trail::digest::keys::PublicKeys;
use crate::trail::digest::standing::{Doubt, Fault, Standing};
use crate::trail::digest::{DigestFile, METADATA_END, chain_of, signature_of_head_object};
use crate::trail::inflate::{self, Limits};
use crate::trail::log_file::{LogFile, LogFileKind};
use anyhow::{Context as _, anyhow};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads the keys of all files; `None` without files.
#[expect(clippy::disallowed_methods, reason = "the rim reads the files that the user names")]
pub fn read_keys(paths: &[PathBuf]) -> anyhow::Result<Option<PublicKeys>> {
    let mut keys = PublicKeys::default();
    for path in paths {
        let shown = escape::terminal(&path.display().to_string());
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
        keys.add(&text).map_err(|why| {
            let why = escape::terminal(&why);
            anyhow!(
                "`{shown}` holds no public keys: {why}\nhint: aws cloudtrail list-public-keys > keys.json"
            )
        })?;
    }
    Ok((!paths.is_empty()).then_some(keys))
}

/// Reads and judges the digest files of a listing, on the current rayon thread pool. Digest files that the
/// user named one by one move from the log files to where they belong.
pub fn check(
    source: &dyn LogSource,
    listing: &mut Listing,
    keys: Option<&PublicKeys>,
    limits: Limits,
    range: Range,
) -> Chains {
    let is_digest = |object: &mut LogObject| LogFile::from_name(&object.name).kind == LogFileKind::Digest;
    listing.digests.extend(listing.objects.extract_if(.., is_digest));
    let (beside, digests): (Vec<&LogObject>, Vec<&LogObject>) =
        listing.digests.iter().partition(|object| object.name.ends_with(METADATA_END));
    let beside: BTreeMap<&str, &LogObject> = beside
        .into_iter()
        .filter_map(|object| Some((object.name.strip_suffix(METADATA_END)?, object)))
        .collect();
    let read = |object: &&LogObject| {
        let metadata = beside.get(&*object.name).copied();
        read_one(source, object, metadata, limits).map_err(|standing| (object.name.clone(), standing))
    };
    let read: Vec<Result<StoredDigest, (String, Standing)>> = digests.par_iter().map(read).collect();
    let (mut stored, mut unread) = (Vec::with_capacity(read.len()), Vec::new());
    for one in read {
        match one {
            Ok(digest) => stored.push(digest),
            Err(file) => unread.push(file),
        }
    }
    let links = Links::new(&stored, unread.iter().map(|(name, _)| name.as_str()));
    let checks: Vec<_> = (0..stored.len()).into_par_iter().map(|index| links.check(index, keys)).collect();
    let mut chains = links.judge(&checks, range);
    for (name, standing) in unread {
        if LogFile::from_name(&name).delivered.is_none_or(|end| range.overlaps(end, end)) {
            let backfill = chain_of(&name).is_some_and(|(_, backfill)| backfill);
            chains.digests.push(DigestResult { file: Some(name.clone()), name, backfill, standing });
        }
    }
    chains.digests.sort();
    chains
}

fn read_one(
    source: &dyn LogSource,
    object: &LogObject,
    metadata: Option<&LogObject>,
    limits: Limits,
) -> Result<StoredDigest, Standing> {
    let (mut bytes, mut text) = (Vec::new(), Vec::new());
    let content = content(source, object, limits, (&mut bytes, &mut text))?;
    let hash = Sha256::of(content);
    let digest = DigestFile::parse(content).map_err(|why| Standing::Invalid(Fault::Format(why)))?;
    let signature = metadata.map(|metadata| {
        // A file beside it that says nothing is as good as none: the digest file stays unverified.
        source.read(metadata, &mut bytes).ok()?;
        signature_of_head_object(std::str::from_utf8(&bytes).ok()?).ok()
    });
    Ok(StoredDigest { file: object.name.clone(), content: hash, digest, signature: signature.flatten() })
}

/// The content of a file as it is hashed.
pub fn content<'a>(
    source: &dyn LogSource,
    object: &LogObject,
    limits: Limits,
    (bytes, text): (&'a mut Vec<u8>, &'a mut Vec<u8>),
) -> Result<&'a [u8], Standing> {
    source.read(object, bytes).map_err(|error| Standing::Unverified(Doubt::Unreadable(error.to_string())))?;
    inflate::whole(bytes, limits, text).map_err(|problem| Standing::Invalid(Fault::Format(problem.message)))
}
