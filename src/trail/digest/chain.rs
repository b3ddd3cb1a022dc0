//! The chain of digest files. Away from S3, the signature of a digest file stands in the digest file after
//! it; the newest one's is in the object's metadata alone, unless the user saved it beside the file.
//!
//! A signature that fits proves a digest file by itself, wherever it was found. That files are missing is
//! shown by the names that each file gives of the one before it.

use super::expected::Expected;
use super::keys::{PublicKeys, SignatureCheck};
use super::standing::{Doubt, Fault, Standing};
use super::{DigestFile, chain_of, file_name, is_copy_of};
use crate::sha256::Sha256;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A digest file as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDigest {
    /// The file.
    pub file: String,
    /// The hash of its content.
    pub content: Sha256,
    /// Its content.
    pub digest: DigestFile,
    /// Its own signature in hexadecimal digits, when the user saved it.
    pub signature: Option<String>,
}

/// The time for which results are asked; either end may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

impl Range {
    /// Does any of the time from `start` to `end` lie in the range?
    pub fn overlaps(self, start: Timestamp, end: Timestamp) -> bool {
        self.from.is_none_or(|from| end > from) && self.to.is_none_or(|to| start < to)
    }

    /// Does a point in time lie in the range?
    pub fn holds(self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time < to)
    }
}

/// The result for one digest file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DigestResult {
    /// `s3://bucket/key` as the digest file says, or the file when it is none.
    pub name: String,
    /// The file; `None` when it is missing.
    pub file: Option<String>,
    /// Is it a backfill?
    pub backfill: bool,
    /// What it turned out to be.
    pub standing: Standing,
}

/// A time without digest files that is no deletion: validation was switched on again after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The chain: account, region, trail and home region, as in the files' names.
    pub chain: String,
    /// The end of the last digest file before.
    pub from: Timestamp,
    /// The start of the first one after.
    pub to: Timestamp,
}

/// What became of all digest files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chains {
    /// The digest files in the range and those that are missing there, ordered by name.
    pub digests: Vec<DigestResult>,
    /// Times without digest files, in the range, ordered.
    pub gaps: Vec<Gap>,
    /// The time that the valid digest files in the range cover, from the first to the last.
    pub found: Option<(Timestamp, Timestamp)>,
    /// The log files that are named.
    pub expected: Expected,
}

/// What the signatures say about one digest file, apart from its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// No public keys were given.
    NoKeys,
    /// No signature is known.
    NoSignature,
    /// What the keys say about the signatures that are known.
    Signature(SignatureCheck),
}

/// Digest files, and which of them names which as the one before it.
#[derive(Debug)]
pub struct Links<'a> {
    stored: &'a [StoredDigest],
    /// Names of digest files that are there, and cannot be read.
    unread: BTreeSet<&'a str>,
    /// By bucket and key.
    places: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    /// For each digest file those that name its place as the one before them.
    next: Vec<Vec<usize>>,
    /// By chain, ordered by end.
    chains: BTreeMap<(&'a str, bool), Vec<usize>>,
}

impl<'a> Links<'a> {
    /// Links digest files by the names in them. `unread`: names of digest files that cannot be read; they are
    /// not missing.
    pub fn new(stored: &'a [StoredDigest], unread: impl IntoIterator<Item = &'a str>) -> Self {
        let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut chains: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, StoredDigest { digest, .. }) in stored.iter().enumerate() {
            places.entry((&*digest.bucket, &*digest.object)).or_default().push(index);
            if let Some(chain) = chain_of(&digest.object) {
                chains.entry(chain).or_default().push(index);
            }
        }
        let mut next = vec![Vec::new(); stored.len()];
        for (index, StoredDigest { digest, .. }) in stored.iter().enumerate() {
            let Some(previous) = &digest.previous else { continue };
            for before in places.get(&(&*previous.bucket, &*previous.object)).into_iter().flatten() {
                if let Some(next) = next.get_mut(*before) {
                    next.push(index);
                }
            }
        }
        let end = |index: &usize| stored.get(*index).map(|one| one.digest.end);
        for chain in chains.values_mut() {
            chain.sort_by_key(end);
        }
        let unread = unread.into_iter().map(file_name).collect();
        Self { stored, unread, places, next, chains }
    }

    /// Checks the signatures that are known of one digest file, by its index. The costly part: a few
    /// ten-thousandths of a second, independent of all other digest files.
    pub fn check(&self, index: usize, keys: Option<&PublicKeys>) -> Check {
        let (Some(one), Some(keys)) = (self.stored.get(index), keys) else { return Check::NoKeys };
        let text = one.digest.signed_text(one.content);
        let theirs = self.next(index).filter_map(|(_, next)| next.digest.previous.as_ref());
        let signatures = one.signature.iter().chain(theirs.map(|previous| &previous.signature));
        let mut answer = Check::NoSignature;
        for signature in signatures {
            answer = Check::Signature(keys.check(&one.digest.fingerprint, &text, signature));
            if answer == Check::Signature(SignatureCheck::Right) {
                break;
            }
        }
        answer
    }

    /// Judges all digest files. `checks` holds the answer of [`Self::check`] for each.
    pub fn judge(&self, checks: &[Check], range: Range) -> Chains {
        let standings = self.standings(checks);
        let mut result = Chains::default();
        for (one, standing) in self.stored.iter().zip(standings) {
            let StoredDigest { file, digest, .. } = one;
            let in_range = range.overlaps(digest.start, digest.end);
            if !matches!(standing, Standing::Invalid(_)) {
                result.expected.add(digest, standing == Standing::Valid, in_range);
                self.look_back(digest, range, &mut result);
            }
            if !in_range {
                continue;
            }
            if standing == Standing::Valid {
                let (start, end) = result.found.unwrap_or((digest.start, digest.end));
                result.found = Some((start.min(digest.start), end.max(digest.end)));
            }
            result.digests.push(DigestResult {
                name: format!("s3://{}/{}", digest.bucket, digest.object),
                file: Some(file.clone()),
                backfill: digest.is_backfill(),
                standing,
            });
        }
        result.digests.sort();
        result.digests.dedup();
        result.gaps.sort();
        result.gaps.dedup();
        result
    }

    /// From the newest to the oldest: what a digest file says about the one before it counts for something
    /// only when it is not invalid itself.
    fn standings(&self, checks: &[Check]) -> Vec<Standing> {
        let mut order: Vec<usize> = (0..self.stored.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(self.stored.get(*index).map(|one| one.digest.end)));
        let mut standings = vec![Standing::Unverified(Doubt::NoSignature); self.stored.len()];
        for index in order {
            let check = checks.get(index).copied().unwrap_or(Check::NoKeys);
            let Some(one) = self.stored.get(index) else { continue };
            let standing = self.standing(index, one, check, &standings);
            if let Some(slot) = standings.get_mut(index) {
                *slot = standing;
            }
        }
        standings
    }

    fn standing(&self, index: usize, one: &StoredDigest, check: Check, known: &[Standing]) -> Standing {
        let is_invalid = |next: usize| matches!(known.get(next), Some(Standing::Invalid(_)));
        let other_hash = |(next, stored): (usize, &StoredDigest)| {
            let says = stored.digest.previous.as_ref().is_some_and(|previous| previous.hash != one.content);
            says && !is_invalid(next)
        };
        if !is_copy_of(&one.file, &one.digest.object) {
            return Standing::Invalid(Fault::Moved);
        }
        match check {
            Check::Signature(SignatureCheck::Right) => Standing::Valid,
            _ if self.next(index).any(other_hash) => Standing::Invalid(Fault::HashDiffers),
            Check::NoKeys => Standing::Unverified(Doubt::NoKeys),
            Check::NoSignature => Standing::Unverified(Doubt::NoSignature),
            Check::Signature(SignatureCheck::UnknownKey) => {
                Standing::Invalid(Fault::UnknownKey(one.digest.fingerprint.clone()))
            }
            Check::Signature(SignatureCheck::Wrong) => Standing::Invalid(Fault::SignatureFailed),
        }
    }

    /// Is the digest file before this one where it should be? The first file of a copied tree always names
    /// one that was not copied; that is reported only when there is an older one, or the range asks for it.
    fn look_back(&self, digest: &DigestFile, range: Range, result: &mut Chains) {
        let Some((chain, backfill)) = chain_of(&digest.object) else { return };
        if !(range.from.is_none_or(|from| digest.start > from) && range.to.is_none_or(|to| digest.start < to))
        {
            return;
        }
        let older = self.older((chain, backfill), digest.start);
        match &digest.previous {
            Some(previous) => {
                let here = self.places.contains_key(&(&*previous.bucket, &*previous.object))
                    || self.unread.contains(file_name(&previous.object));
                if !here && (older.is_some() || range.from.is_some()) {
                    result.digests.push(DigestResult {
                        name: format!("s3://{}/{}", previous.bucket, previous.object),
                        file: None,
                        backfill,
                        standing: Standing::Invalid(Fault::NotFound),
                    });
                }
            }
            // Between two backfills there is always a time without one.
            None if backfill => {}
            None => result.gaps.extend(older.filter(|older| older.end < digest.start).map(|older| Gap {
                chain: chain.to_owned(),
                from: older.end,
                to: digest.start,
            })),
        }
    }

    /// The last digest file of a chain that ends no later than this.
    fn older(&self, chain: (&str, bool), start: Timestamp) -> Option<&DigestFile> {
        let chain = self.chains.get(&chain)?;
        let until = |index: &usize| self.stored.get(*index).is_some_and(|one| one.digest.end <= start);
        let index = chain.get(..chain.partition_point(until))?.last()?;
        self.stored.get(*index).map(|one| &one.digest)
    }

    fn next(&self, index: usize) -> impl Iterator<Item = (usize, &'a StoredDigest)> {
        let next = self.next.get(index).into_iter().flatten();
        next.filter_map(|next| Some((*next, self.stored.get(*next)?)))
    }
}
