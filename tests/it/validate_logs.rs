//! `trailtrim validate-logs`: every way of tampering with a signed trail, and what is said about it.

use crate::run::{Folder, trailtrim};
use crate::signed_trail::{
    BUCKET, Key, Written, digest, digest_object, gzip, log, log_object, save_signature, trail,
};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::fs;
use std::io::Read as _;

/// What is not valid: kind, reason, and a part of the name.
type Findings<'a> = &'a [(&'a str, &'a str, &'a str)];

fn validate(folder: &Folder, more: &[&str]) -> (i32, Value) {
    let keys = folder.path("keys.json");
    let mut args = vec!["validate-logs", folder.0.to_str().unwrap(), "--format", "json"];
    if fs::exists(&keys).unwrap() {
        args.extend(["--public-keys", &keys]);
    }
    args.extend(more);
    let ran = trailtrim(&args);
    let value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    (ran.status, value)
}

/// What is not valid is exactly what is expected, in any order.
fn check(what: &str, folder: &Folder, more: &[&str], status: i32, expect: Findings<'_>) -> Value {
    let (found, value) = validate(folder, more);
    let text = |file: &Value, field: &str| file[field].as_str().unwrap().to_owned();
    let files = value["files"].as_array().unwrap().iter();
    let mut shown: Vec<_> =
        files.map(|file| (text(file, "kind"), text(file, "reason"), text(file, "name"))).collect();
    for (kind, reason, name) in expect {
        let at = shown.iter().position(|file| file.0 == *kind && file.1 == *reason && file.2.contains(name));
        shown.remove(at.unwrap_or_else(|| panic!("{what}: no {kind} {reason} {name} in {shown:#?}")));
    }
    assert_eq!(shown, [], "{what}: and these");
    assert_eq!(found, status, "{what}: {value:#}");
    value
}

fn content(folder: &Folder, object: &str) -> String {
    let mut text = String::new();
    GzDecoder::new(&*fs::read(folder.0.join(object)).unwrap()).read_to_string(&mut text).unwrap();
    text
}

fn edit(folder: &Folder, object: &str, from: &str, to: &str) {
    let old = content(folder, object);
    let new = old.replace(from, to);
    assert_ne!(old, new, "{object} does not hold {from}");
    folder.file(object, gzip(new.as_bytes()));
}

fn remove(folder: &Folder, object: &str) {
    fs::remove_file(folder.0.join(object)).unwrap();
}

fn swap(folder: &Folder, a: &str, b: &str) {
    let (a, b) = (folder.0.join(a), folder.0.join(b));
    let (old_a, old_b) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
    fs::write(a, old_b).unwrap();
    fs::write(b, old_a).unwrap();
}

#[test]
fn an_untouched_trail_is_valid() {
    let (folder, _) = trail();
    let value = check("untouched", &folder, &[], 0, &[]);
    assert_eq!(value["digests"]["valid"], 4);
    assert_eq!(value["logs"]["valid"], 8);
    assert_eq!(value["found"]["from"], "2026-10-01T00:00:00Z");
    assert_eq!(value["found"]["to"], "2026-10-01T04:00:00Z");
    let args = ["validate-logs", folder.0.to_str().unwrap(), "--public-keys", &folder.path("keys.json")];
    let text = trailtrim(&args).stdout;
    assert!(text.contains("4/4 digest files valid\n8/8 log files valid\n"), "{text}");
}

/// What is done to a trail of four hours, the exit status, and what is found.
type Tampering = (&'static str, fn(&Folder), i32, Findings<'static>);

/// With log files.
const LOGS: &[Tampering] = &[
    (
        "a log is altered",
        |f| edit(f, &log_object(1, 1), "ListBuckets", "ListBucketz"),
        4,
        &[("log", "hash_differs", "T0115Z")],
    ),
    ("a log is deleted", |f| remove(f, &log_object(1, 1)), 4, &[("log", "not_found", "T0115Z")]),
    (
        "a log is cut",
        |f| {
            let bytes = gzip(log(1, 1).as_bytes());
            f.file(&log_object(1, 1), &bytes[..bytes.len() - 9]);
        },
        4,
        &[("log", "format", "T0115Z")],
    ),
    (
        "a log has a second member",
        |f| {
            let bytes = [gzip(log(1, 1).as_bytes()), gzip(log(9, 9).as_bytes())].concat();
            f.file(&log_object(1, 1), bytes);
        },
        4,
        &[("log", "format", "T0115Z")],
    ),
    (
        "a log is added",
        |f| {
            f.file(&log_object(1, 5), gzip(log(1, 5).as_bytes()));
        },
        3,
        &[("log", "not_listed", "abc5")],
    ),
    (
        "two logs change places",
        |f| swap(f, &log_object(1, 1), &log_object(2, 1)),
        4,
        &[("log", "hash_differs", "T0115Z"), ("log", "hash_differs", "T0215Z")],
    ),
    (
        "a log is moved to another folder",
        |f| {
            remove(f, &log_object(1, 1));
            f.file(&log_object(1, 1).replace("2026/10", "2026/11"), gzip(log(1, 1).as_bytes()));
        },
        4,
        &[("log", "not_listed", "2026/11"), ("log", "not_found", "T0115Z")],
    ),
];

/// With digest files.
const DIGESTS: &[Tampering] = &[
    (
        "a digest no longer names a log",
        |f| edit(f, &digest_object(1, ""), &log_object(1, 1), &log_object(8, 1)),
        4,
        &[
            ("digest", "hash_differs", "T020000Z"),
            ("log", "not_listed", "T0115Z"),
            ("log", "not_listed", "T0125Z"),
        ],
    ),
    (
        "a digest's end is altered",
        |f| edit(f, &digest_object(1, ""), "2026-10-01T02:00:00Z", "2026-10-01T02:00:01Z"),
        4,
        &[
            ("digest", "hash_differs", "T020000Z"),
            ("log", "not_listed", "T0115Z"),
            ("log", "not_listed", "T0125Z"),
        ],
    ),
    (
        "the newest digest is altered",
        |f| edit(f, &digest_object(3, ""), "SHA-256", "SHA-256 "),
        4,
        &[
            ("digest", "format", "T040000Z"),
            ("digest", "no_signature", "T030000Z"),
            ("log", "digest_unverified", "T0215Z"),
            ("log", "digest_unverified", "T0225Z"),
            ("log", "not_listed", "T0315Z"),
            ("log", "not_listed", "T0325Z"),
        ],
    ),
    (
        "a digest is removed",
        |f| remove(f, &digest_object(1, "")),
        4,
        &[
            ("digest", "no_signature", "T010000Z"),
            ("digest", "not_found", "T020000Z"),
            ("log", "digest_unverified", "T0015Z"),
            ("log", "digest_unverified", "T0025Z"),
            ("log", "not_listed", "T0115Z"),
            ("log", "not_listed", "T0125Z"),
        ],
    ),
    (
        "two digests change places",
        |f| swap(f, &digest_object(1, ""), &digest_object(2, "")),
        4,
        &[
            ("digest", "moved", "T020000Z"),
            ("digest", "moved", "T030000Z"),
            ("log", "not_listed", "T0115Z"),
            ("log", "not_listed", "T0125Z"),
            ("log", "not_listed", "T0215Z"),
            ("log", "not_listed", "T0225Z"),
        ],
    ),
    (
        "a digest is cut",
        |f| {
            let bytes = fs::read(f.0.join(digest_object(1, ""))).unwrap();
            f.file(&digest_object(1, ""), &bytes[..bytes.len() / 2]);
        },
        4,
        &[
            ("digest", "format", "T020000Z"),
            ("digest", "no_signature", "T010000Z"),
            ("log", "digest_unverified", "T0015Z"),
            ("log", "digest_unverified", "T0025Z"),
            ("log", "not_listed", "T0115Z"),
            ("log", "not_listed", "T0125Z"),
        ],
    ),
    (
        "a digest claims another bucket",
        |f| edit(f, &digest_object(2, ""), "digestS3Bucket\":\"trail-bucket", "digestS3Bucket\":\"mine"),
        4,
        &[
            ("digest", "no_signature", "s3://mine/"),
            ("digest", "not_found", "s3://trail-bucket/"),
            ("log", "digest_unverified", "T0215Z"),
            ("log", "digest_unverified", "T0225Z"),
        ],
    ),
];

/// With signatures and keys.
const SIGNATURES: &[Tampering] = &[
    (
        "a signature is altered where the next digest holds it",
        |f| {
            let next: Value = serde_json::from_str(&content(f, &digest_object(2, ""))).unwrap();
            let signature = next["previousDigestSignature"].as_str().unwrap();
            edit(f, &digest_object(2, ""), signature, &signature.chars().rev().collect::<String>());
        },
        4,
        &[
            ("digest", "hash_differs", "T030000Z"),
            ("digest", "signature_failed", "T020000Z"),
            ("log", "not_listed", "T0115Z"),
            ("log", "not_listed", "T0125Z"),
            ("log", "not_listed", "T0215Z"),
            ("log", "not_listed", "T0225Z"),
        ],
    ),
    (
        "the saved signature is of another digest",
        |f| {
            let other = content(f, &digest_object(3, ""));
            let signature = serde_json::from_str::<Value>(&other).unwrap()["previousDigestSignature"].clone();
            let metadata = serde_json::json!({"Metadata": {"signature": signature}});
            f.file(&format!("{}.metadata.json", digest_object(3, "")), metadata.to_string());
        },
        4,
        &[
            ("digest", "signature_failed", "T040000Z"),
            ("log", "not_listed", "T0315Z"),
            ("log", "not_listed", "T0325Z"),
        ],
    ),
    (
        "the newest signature was not saved",
        |f| remove(f, &format!("{}.metadata.json", digest_object(3, ""))),
        3,
        &[
            ("digest", "no_signature", "T040000Z"),
            ("log", "digest_unverified", "T0315Z"),
            ("log", "digest_unverified", "T0325Z"),
        ],
    ),
    (
        "another key of the same fingerprint",
        |f| {
            f.file("keys.json", Key::new("other").list("31e8b5433410dfb61a9dc45cc65b22ff"));
        },
        4,
        &[("digest", "signature_failed", "T010000Z")],
    ),
    (
        "a key of another fingerprint",
        |f| {
            f.file("keys.json", Key::new("signing").list("00"));
        },
        4,
        &[("digest", "unknown_key", "T010000Z")],
    ),
];

#[test]
fn every_tampering_is_found() {
    for (what, tamper, status, expect) in [LOGS, DIGESTS, SIGNATURES].into_iter().flatten() {
        let (folder, _) = trail();
        tamper(&folder);
        // A wrong key refutes everything in the same way; one of each kind is enough to name.
        if what.contains("key") {
            let (found, value) = validate(&folder, &[]);
            assert_eq!(
                (found, &value["digests"]["invalid"], &value["logs"]["valid"]),
                (*status, &4.into(), &0.into()),
                "{what}"
            );
            let reason = &value["files"][0]["reason"];
            assert_eq!(reason, expect[0].1, "{what}");
            continue;
        }
        check(what, &folder, &[], *status, expect);
    }
}

#[test]
fn without_keys_nothing_is_valid_and_links_still_refute() {
    let (folder, _) = trail();
    remove(&folder, "keys.json");
    let (status, value) = validate(&folder, &[]);
    assert_eq!(status, 3);
    assert_eq!((&value["digests"]["unverified"], &value["logs"]["unverified"]), (&4.into(), &8.into()));
    assert_eq!(value["public_keys"], Value::Null);
    edit(&folder, &digest_object(1, ""), "SHA256withRSA\"", "SHA256withRSA\" ");
    let (status, value) = validate(&folder, &[]);
    assert_eq!((status, &value["digests"]["invalid"]), (4, &1.into()), "{value:#}");
}

#[test]
fn only_the_range_is_asked_for() {
    let (folder, _) = trail();
    // The signature of the third hour is in the digest file of the fourth, which is not asked for itself.
    remove(&folder, &format!("{}.metadata.json", digest_object(3, "")));
    let value = check("until three", &folder, &["--to", "2026-10-01T03:00:00Z"], 0, &[]);
    assert_eq!((&value["digests"]["valid"], &value["logs"]["valid"]), (&3.into(), &6.into()));
    // The first digest file of a copied tree names one that was not copied: reported when it is asked for.
    remove(&folder, &digest_object(0, ""));
    for hour in [1, 2] {
        remove(&folder, &log_object(0, hour));
    }
    let to = ["--to", "2026-10-01T03:00:00Z"];
    check("the rest", &folder, &to, 0, &[]);
    let from = ["--from", "2026-10-01T00:00:00Z", to[0], to[1]];
    check("from midnight", &folder, &from, 4, &[("digest", "not_found", "T010000Z")]);
    check("from one", &folder, &["--from", "2026-10-01T01:00:00Z", to[0], to[1]], 0, &[]);
}

#[test]
fn a_restart_is_a_gap_and_a_backfill_a_chain_of_its_own() {
    let (folder, key) = trail();
    let restarted = digest(&folder, &key, 7, "", None);
    save_signature(&folder, &restarted);
    let value = check("restart", &folder, &[], 3, &[]);
    assert_eq!(value["gaps"][0]["from"], "2026-10-01T04:00:00Z");
    assert_eq!(value["gaps"][0]["to"], "2026-10-01T07:00:00Z");
    let (folder, key) = trail();
    let first = digest(&folder, &key, 0, "_backfill", None);
    let second = digest(&folder, &key, 2, "_backfill", Some(&first));
    save_signature(&folder, &second);
    let value = check("backfill", &folder, &[], 0, &[]);
    assert_eq!((&value["backfill_digests"]["valid"], &value["logs"]["valid"]), (&2.into(), &12.into()));
    edit(&folder, &log_object(2, 4), "ListBuckets", "DeleteBucket");
    edit(&folder, &second.object, "2026-10-01T02:00:00Z", "2026-10-01T02:00:01Z");
    check(
        "backfill altered",
        &folder,
        &[],
        4,
        &[
            ("backfill_digest", "signature_failed", "_backfill"),
            ("log", "not_listed", "T0235Z"),
            ("log", "not_listed", "T0245Z"),
        ],
    );
}

#[test]
fn flat_folders_and_inflated_files_are_the_same_files() {
    let (folder, _) = trail();
    let flat = Folder::new();
    for entry in walk(&folder.0) {
        let name = entry.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&entry).unwrap();
        match name.strip_suffix(".gz") {
            Some(plain) if name.contains("T02") => {
                let mut text = Vec::new();
                GzDecoder::new(&*bytes).read_to_end(&mut text).unwrap();
                flat.file(plain, text);
            }
            _ => drop(flat.file(name, bytes)),
        }
    }
    let value = check("flat", &flat, &[], 0, &[]);
    assert_eq!((&value["digests"]["valid"], &value["logs"]["valid"]), (&4.into(), &8.into()));
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_hostile_digest_reads_nothing_else() {
    let (outside, key) = (Folder::new(), Key::new("signing"));
    let secret = outside.file("secret_CloudTrail_x.json", "secret");
    for object in
        [secret.as_str(), "../../../../etc/passwd", "AWSLogs/../../etc/passwd", "\\u001b[2J/x", "", "/"]
    {
        let folder = Folder::new();
        let written = digest(&folder, &key, 0, "", None);
        edit(&folder, &written.object, &log_object(0, 1), object);
        let content = content(&folder, &written.object);
        let hash = trailtrim::sha256::Sha256::of(content.as_bytes());
        let signature = key.sign(&format!("2026-10-01T01:00:00Z\n{BUCKET}/{}\n{hash}\nnull", written.object));
        save_signature(&folder, &Written { signature, ..written });
        folder.file("keys.json", key.list("31e8b5433410dfb61a9dc45cc65b22ff"));
        let (status, value) = validate(&folder, &[]);
        assert_eq!((status, &value["digests"]["valid"]), (4, &1.into()), "{object}: {value:#}");
        // The one that it names instead is missing, whatever there is at that place.
        let missing = value["files"].as_array().unwrap().iter().find(|file| file["reason"] == "not_found");
        assert_eq!(
            missing.unwrap()["name"],
            format!("s3://{BUCKET}/{}", object.replace("\\u001b", "\u{1b}"))
        );
        let args = ["validate-logs", folder.0.to_str().unwrap(), "--public-keys", &folder.path("keys.json")];
        assert!(!trailtrim(&args).stdout.contains('\u{1b}'));
    }
}

#[test]
fn required_digests_keep_unproven_files_out() {
    let (folder, _) = trail();
    let root = folder.0.to_str().unwrap();
    let keys = folder.path("keys.json");
    let usage = |more: &[&str]| {
        let ran = trailtrim(&[&["usage", root, "--format", "json"], more].concat());
        let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        (ran.status, value)
    };
    let required = ["--require-digests", "--public-keys", &keys];
    let (status, value) = usage(&required);
    assert_eq!((status, &value["events"]), (0, &8.into()), "{value:#}");
    edit(&folder, &log_object(1, 1), "ListBuckets", "CreateBucket");
    folder.file("111122223333_CloudTrail_eu-west-1_20261001T0000Z_x.json", log(5, 1));
    folder.file("export.json", log(5, 2));
    let (status, value) = usage(&required);
    assert_eq!((status, &value["events"]), (3, &7.into()), "{value:#}");
    let problems: Vec<_> =
        value["problems"].as_array().unwrap().iter().map(|one| one["message"].as_str().unwrap()).collect();
    assert_eq!(
        problems,
        [
            "no valid digest file names it",
            "INVALID: hash value doesn't match",
            "no valid digest file names it",
        ]
        .map(|text| if text.starts_with("no") {
            format!("not verified: {text}")
        } else {
            text.to_owned()
        })
    );
    assert_eq!(usage(&[]).1["events"], 10);
    let refused = trailtrim(&["usage", root, "--require-digests"]);
    assert_eq!(refused.status, 2, "{}", refused.stderr);
}

/// What digest files do not prove is not in the ledger, as it is not in what is read at once; what they prove
/// later comes with the next run.
#[cfg(feature = "sql")]
#[test]
fn a_ledger_keeps_only_what_digests_prove() {
    let (folder, _) = trail();
    let outside = Folder::new();
    let (root, ledger) = (folder.0.to_str().unwrap(), outside.path("ledger"));
    let keys = folder.path("keys.json");
    let required = ["--require-digests", "--public-keys", &keys];
    let ingest = || trailtrim(&[&["ingest", root, "--ledger", &ledger], &required[..]].concat());
    let usage = |args: &[&str]| {
        let ran = trailtrim(&[&["usage", "--format", "json"], args].concat());
        let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        (ran.status, value["events"].clone(), value["problems"].clone())
    };
    let good = fs::read(folder.0.join(log_object(1, 1))).unwrap();
    edit(&folder, &log_object(1, 1), "ListBuckets", "CreateBucket");
    folder.file("111122223333_CloudTrail_eu-west-1_20261001T0000Z_x.json", log(5, 1));
    let first = ingest();
    assert_eq!(first.status, 3, "{first:?}");
    assert!(first.stdout.contains("7 in the added objects: 7 new"), "{first:?}");
    let at_once = usage(&[&[root], &required[..]].concat());
    assert_eq!(usage(&["--ledger", &ledger]), at_once);
    assert_eq!((at_once.0, &at_once.1), (3, &7.into()), "{at_once:?}");
    let problems = at_once.2.to_string();
    assert!(
        problems.contains("hash value doesn't match") && problems.contains("no valid digest file names it")
    );
    // The true file comes back.
    folder.file(&log_object(1, 1), &good);
    fs::remove_file(folder.path("111122223333_CloudTrail_eu-west-1_20261001T0000Z_x.json")).unwrap();
    let second = ingest();
    assert!(second.stdout.contains("1 in the added objects: 1 new"), "{second:?}");
    assert_eq!(usage(&["--ledger", &ledger]).1, 8);
    // Without keys nothing is proven, and nothing is written.
    let none = outside.path("none");
    let refused = trailtrim(&["ingest", root, "--ledger", &none, "--require-digests"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(!std::path::Path::new(&none).exists());
}

#[test]
fn wrong_input_is_named() {
    let folder = Folder::new();
    let nothing = folder.file("nothing.json", "{}");
    let root = folder.0.to_str().unwrap();
    for (args, status, expect) in [
        (vec!["validate-logs", root, "--public-keys", &nothing], 2, "holds no public keys"),
        (vec!["validate-logs", "no/such/folder"], 2, "no/such/folder"),
        (vec!["validate-logs", root], 3, "No digest files found"),
    ] {
        let ran = trailtrim(&args);
        assert_eq!(ran.status, status, "{args:?}: {}", ran.stderr);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(expect), "{args:?}: {ran:?}");
    }
}
