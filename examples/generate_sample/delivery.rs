//! How `CloudTrail` delivers: a file or two per region and day, the same twice at times, once not to the end.

use super::account::{ACCOUNT, GLOBAL_REGION, MAIN_REGION};
use super::events::{Book, Event};
use super::rng::Rng;
use super::sha256;
use serde_json::json;
use trailtrim::time::Day;

/// The bucket that the trail writes to.
const TRAIL_BUCKET: &str = "account-trail-111122223333";
/// This day's first file of the main region is delivered a second time, under another name.
const DELIVERED_TWICE: i32 = 41;
/// This day's last file of the main region lacks its second half.
const CUT: i32 = 60;
/// The day whose first file of the main region a digest file names.
const DIGESTED: i32 = 86;
/// On every fifth day, from day 1, the main region has a file before noon of its own.
const TWO_FILES_PERIOD: i32 = 5;
/// On every day of this period one event of the first file comes again in the second.
const EVENT_AGAIN_PERIOD: i32 = 10;

/// A file of the sample: where it goes and what it holds.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) content: Content,
}

/// What a file holds.
pub(crate) enum Content {
    Plain(String),
    Gzip(String),
    /// The first half of the compressed bytes.
    GzipCut(String),
}

/// All log files and the digest file.
pub(crate) fn deliver(book: Book) -> Vec<File> {
    let Book { mut rng, mut events, .. } = book;
    events.sort_by_key(|event| event.time);
    let mut files = Vec::new();
    let mut index = 0;
    while let Some(first) = events.first() {
        let day = first.time.day();
        let later = events.split_off(events.partition_point(|event| event.time.day() == day));
        deliver_day(&mut files, &mut rng, day, index, events);
        events = later;
        index += 1;
    }
    files
}

fn deliver_day(files: &mut Vec<File>, rng: &mut Rng, day: Day, index: i32, events: Vec<Event>) {
    let noon = day.start().plus_seconds(43_200);
    let (global, mut main): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|event| event.region == GLOBAL_REGION);
    if index % TWO_FILES_PERIOD == 1 {
        let morning: Vec<Event> = main.extract_if(.., |event| event.time < noon).collect();
        if index % EVENT_AGAIN_PERIOD == 6 {
            main.extend(morning.first().cloned());
        }
        deliver_morning(files, rng, day, index, records(&morning));
    }
    let main = records(&main);
    let content = if index == CUT { Content::GzipCut(main) } else { Content::Gzip(main) };
    files.push(File { path: log_path(rng, day, MAIN_REGION, "2355"), content });
    let path = log_path(rng, day, GLOBAL_REGION, "2355");
    files.push(File { path, content: Content::Gzip(records(&global)) });
}

fn deliver_morning(files: &mut Vec<File>, rng: &mut Rng, day: Day, index: i32, log: String) {
    let path = log_path(rng, day, MAIN_REGION, "1205");
    if index == DELIVERED_TWICE {
        let path = log_path(rng, day, MAIN_REGION, "1210");
        files.push(File { path, content: Content::Gzip(log.clone()) });
    }
    if index == DIGESTED {
        files.push(digest(rng, day, &path, &log));
    }
    files.push(File { path, content: Content::Gzip(log) });
}

fn records(events: &[Event]) -> String {
    let records: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
    format!("{{\"Records\":[{}]}}", records.join(","))
}

fn log_path(rng: &mut Rng, day: Day, region: &str, minute: &str) -> String {
    let date = day.to_string();
    let (folder, compact) = (date.replace('-', "/"), date.replace('-', ""));
    let unique = rng.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 16);
    let name = format!("{ACCOUNT}_CloudTrail_{region}_{compact}T{minute}Z_{unique}.json.gz");
    format!("AWSLogs/{ACCOUNT}/CloudTrail/{region}/{folder}/{name}")
}

/// One digest file: not events, and not to be taken for events. It names one log file with its true hash;
/// its own signature is metadata of the object in S3 and not part of the sample.
fn digest(rng: &mut Rng, day: Day, log_path: &str, log: &str) -> File {
    let date = day.to_string();
    let (folder, compact) = (date.replace('-', "/"), date.replace('-', ""));
    let path = format!(
        "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{MAIN_REGION}/{folder}/{ACCOUNT}_CloudTrail-Digest_{MAIN_REGION}_account-trail_{MAIN_REGION}_{compact}T123000Z.json.gz"
    );
    let digest = json!({
        "awsAccountId": ACCOUNT,
        "digestStartTime": format!("{date}T11:30:00Z"),
        "digestEndTime": format!("{date}T12:30:00Z"),
        "digestS3Bucket": TRAIL_BUCKET,
        "digestS3Object": path,
        "digestPublicKeyFingerprint": rng.hex(32),
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": format!("{date}T11:59:59Z"),
        "oldestEventTime": format!("{date}T00:00:00Z"),
        "previousDigestS3Bucket": null,
        "previousDigestS3Object": null,
        "previousDigestHashValue": null,
        "previousDigestHashAlgorithm": null,
        "previousDigestSignature": null,
        "logFiles": [{
            "s3Bucket": TRAIL_BUCKET,
            "s3Object": log_path,
            "hashValue": sha256::hex(log.as_bytes()),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": format!("{date}T11:59:59Z"),
            "oldestEventTime": format!("{date}T00:00:00Z"),
        }],
    });
    File { path, content: Content::Gzip(digest.to_string()) }
}
