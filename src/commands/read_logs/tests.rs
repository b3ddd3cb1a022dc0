//! Many large files on many threads.

use super::*;
use crate::source::memory::MemorySource;

/// A file with so many events, which are the file's own.
pub(in crate::commands) fn text(file: usize, events: usize) -> Vec<u8> {
    let event = |number: usize| {
        format!(
            r#"{{"eventID":"{file}-{number}","eventTime":"2026-08-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","userIdentity":{{}},"requestParameters":{{"pad":"{}"}}}}"#,
            "x".repeat(1_000)
        )
    };
    format!("{{\"Records\":[{}]}}", (0..events).map(event).collect::<Vec<_>>().join(",")).into_bytes()
}

/// Reads so many files of so many events, as gzip or not, and gives the peak of the texts in memory.
fn check(files: usize, events: usize, packed: bool, bytes_max: u64) -> u64 {
    let pool = ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let source = (0..files).fold(MemorySource::new(), |source, file| {
        let text = text(file, events);
        let bytes = if packed { inflate::gzip(&text).unwrap() } else { text };
        source.with(&format!("{file}.json"), bytes)
    });
    let in_flight = InFlight::new(bytes_max, 4);
    let progress = Progress::new(false);
    let logs =
        pool.install(|| read_within(&source, source.list(), Options::default(), &progress, &in_flight));
    assert_eq!(logs.problems, []);
    assert_eq!(logs.coverage.counts.events_distinct, (files * events) as u64);
    in_flight.peak()
}

#[test]
fn threads_read_within_the_budget() {
    let one = text(0, 500).len() as u64;
    for packed in [false, true] {
        for (files_at_once, expect) in [(1, 1), (2, 2), (100, 4)] {
            let peak = check(12, 500, packed, files_at_once * (one + one / 4));
            assert!(peak <= expect * (one + one / 4), "{peak} for {files_at_once} files of {one}");
            // Of a packed file that takes most of the budget only windows are there.
            assert!(peak >= one || (packed && files_at_once == 1));
        }
    }
    assert!(check(1, 500, true, one) < one / 2);
    // Less than one file: one after the other.
    assert!(check(12, 500, true, 1) < one + one / 2);
}

#[test]
fn files_that_several_threads_decode_are_read_to_their_end_in_any_budget() {
    for bytes_max in [1, 15 << 20, u64::MAX] {
        for files in [1, 5] {
            for packed in [false, true] {
                check(files, 6_000, packed, bytes_max);
            }
        }
    }
}
