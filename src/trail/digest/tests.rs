use super::*;
use proptest::prelude::*;

#[test]
fn hexadecimal_digits() {
    for (text, expect) in [
        ("", Some(&[][..])),
        ("00fF", Some(&[0, 255])),
        ("0", None),
        ("0g", None),
        ("+1", None),
        ("é", None),
        ("0é0", None),
    ] {
        assert_eq!(hex(text).as_deref(), expect, "{text}");
    }
}

#[test]
fn names_tell_chains_and_copies() {
    let digest = "p/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/10/01/111122223333_CloudTrail-Digest_eu-west-1_my_trail.1_us-east-1_20261001T010000Z";
    let chain = "111122223333_CloudTrail-Digest_eu-west-1_my_trail.1_us-east-1";
    for (name, expect) in [
        (format!("{digest}.json.gz"), Some((chain, false))),
        (format!("{digest}_backfill.json.gz"), Some((chain, true))),
        (format!("{digest}.json"), Some((chain, false))),
        (digest.to_owned(), None),
        ("export.json".to_owned(), None),
        (String::new(), None),
    ] {
        assert_eq!(chain_of(&name), expect, "{name}");
    }
    let object = "p/AWSLogs/o-1/1/CloudTrail/r/2026/10/01/x.json.gz";
    for (file, expect) in [
        ("logs/AWSLogs/o-1/1/CloudTrail/r/2026/10/01/x.json.gz", true),
        ("C:\\logs\\AWSLogs\\o-1\\1\\CloudTrail\\r\\2026\\10\\01\\x.json", true),
        ("logs/o-1/1/CloudTrail/r/2026/10/01/x.json.gz", true),
        ("x.json.gz", true),
        ("logs/AWSLogs/o-1/1/CloudTrail/r/2026/10/02/x.json.gz", false),
        ("AWSLogs/1/CloudTrail/r/2026/10/01/x.json.gz", false),
        // The last `AWSLogs` counts: a prefix is the choice of whoever made the trail.
        ("AWSLogs/o-1/1/CloudTrail/r/2026/10/01/AWSLogs/2/CloudTrail/x.json.gz", false),
        ("y.json.gz", false),
        ("", false),
    ] {
        assert_eq!(is_copy_of(file, object), expect, "{file}");
    }
    assert!(!is_copy_of("AWSLogs/x.json", "x.json"));
}

/// The example in the user guide, shortened.
const EXAMPLE: &str = r#"{"awsAccountId":"111122223333","digestStartTime":"2015-08-17T14:01:31Z",
    "digestEndTime":"2015-08-17T15:01:31Z","digestS3Bucket":"b","digestS3Object":"AWSLogs\/k.json.gz",
    "digestPublicKeyFingerprint":"31e8","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,
    "previousDigestS3Bucket":"b","previousDigestS3Object":"j",
    "previousDigestHashValue":"97fb791cf91ffc440d274f8190dbdd9aa09c34432aba82739df18b6d3c13df2d",
    "previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"50887ccf",
    "logFiles":[{"s3Bucket":"b","s3Object":"l","hashAlgorithm":"SHA-256",
    "hashValue":"9bb6196fc6b84d6f075a56548feca262bd99ba3c2de41b618e5b6e22c1fc71f6"}]}"#;

#[test]
fn what_is_signed() {
    let digest = DigestFile::parse(EXAMPLE.as_bytes()).unwrap();
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(
        digest.signed_text(Sha256::of(b"abc")),
        format!("2015-08-17T15:01:31Z\nb/AWSLogs/k.json.gz\n{hash}\n50887ccf")
    );
    assert_eq!(digest.logs[0].object, "l");
    let first = DigestFile { previous: None, ..digest };
    assert!(first.signed_text(Sha256::of(b"abc")).ends_with("\nnull"));
}

#[test]
fn what_is_missing_or_of_another_kind_is_named() {
    for (from, to, expect) in [
        ("SHA256withRSA", "SHA1withRSA", "signed with `SHA1withRSA`"),
        ("SHA-256", "MD5", "hashed with `MD5`"),
        ("97fb", "97f", "is no SHA-256 hash"),
        ("\"logFiles\"", "\"files\"", "no list `logFiles`"),
        (
            "\"previousDigestSignature\":\"50887ccf\"",
            "\"previousDigestSignature\":null",
            "`previousDigestSignature` is null",
        ),
        ("\"digestEndTime\":\"2015", "\"digestEndTime\":\"x", "is no time"),
        ("\"digestS3Bucket\":\"b\"", "\"digestS3Bucket\":\"b\",\"digestS3Bucket\":\"c\"", "twice"),
        ("{", "[", "`:` instead of"),
    ] {
        let text = EXAMPLE.replacen(from, to, 1);
        assert_ne!(text, EXAMPLE, "{from}");
        let why = DigestFile::parse(text.as_bytes()).unwrap_err();
        assert!(why.contains(expect), "{from}: {why}");
    }
    assert!(DigestFile::parse(b"\xff").is_err());
}

proptest! {
    #[test]
    fn damaged_digest_files_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for (index, byte) in flips {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        if let Ok(digest) = DigestFile::parse(&bytes) {
            let _ = (digest.signed_text(Sha256::of(&bytes)), digest.is_backfill());
        }
    }

    #[test]
    fn any_two_names_are_compared(a in ".{0,40}", b in "(AWSLogs|/|x|\\.gz|\\\\){0,9}") {
        let _ = (is_copy_of(&a, &b), is_copy_of(&b, &a), chain_of(&a));
        prop_assert!(is_copy_of(&b, &b));
    }
}
