//! Digest files: a chain of up to eight, one after the other behind zero bytes. Without a signature nothing
//! is ever valid, whatever they say about each other.

use trailtrim::sha256::Sha256;
use trailtrim::trail::digest::chain::{Links, Range, StoredDigest};
use trailtrim::trail::digest::keys::PublicKeys;
use trailtrim::trail::digest::standing::Standing;
use trailtrim::trail::digest::{DigestFile, signature_of_head_object};

/// Digest files in one input.
const FILES_MAX: usize = 8;

pub fn run(data: &[u8]) {
    let mut keys = PublicKeys::default();
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = (keys.add(text), signature_of_head_object(text));
    }
    let parse = |content: &[u8]| {
        let digest = DigestFile::parse(content).ok()?;
        let signature = digest.previous.as_ref().map(|previous| previous.signature.clone());
        Some(StoredDigest { file: digest.object.clone(), content: Sha256::of(content), digest, signature })
    };
    let stored: Vec<StoredDigest> = data.split(|byte| *byte == 0).take(FILES_MAX).filter_map(parse).collect();
    let links = Links::new(&stored, []);
    for keys in [None, Some(&keys)] {
        let checks: Vec<_> = (0..stored.len()).map(|index| links.check(index, keys)).collect();
        let chains = links.judge(&checks, Range::default());
        // Each file once, and at most one missing before each.
        assert!(chains.digests.len() <= 2 * stored.len());
        assert!(chains.digests.iter().all(|digest| digest.standing != Standing::Valid));
        assert!(chains.gaps.iter().all(|gap| gap.from < gap.to));
        for log in stored.iter().flat_map(|one| &one.digest.logs) {
            assert_ne!(chains.expected.judge(&log.object, Ok(log.hash)), Standing::Valid);
        }
        let names = || stored.iter().flat_map(|one| &one.digest.logs).map(|log| log.object.as_str());
        // A key without a folder `AWSLogs` may have the same name as one with it, and is no copy of that.
        assert!(chains.expected.missing(names()).len() <= names().count());
    }
}
