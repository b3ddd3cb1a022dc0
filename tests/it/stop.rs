//! Ctrl-C while logs are read: what was read is kept, is marked as incomplete, and recommends nothing.

use crate::run::{Folder, trailtrim};
use crate::signed_trail::log;
use rayon::ThreadPoolBuilder;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use trailtrim::commands::progress::Progress;
use trailtrim::commands::read_logs::{self, Options};
use trailtrim::source::memory::MemorySource;
use trailtrim::source::{Listing, LogObject, LogSource, SourceError};
use trailtrim::trail::ProblemKind;

const GRANTS: &str = "sample-logs/iam/account-authorization-details.json";

/// Asks to stop while the file of this number is read.
struct Stopping {
    inner: MemorySource,
    at: usize,
    read: AtomicUsize,
    progress: Arc<Progress>,
}

impl LogSource for Stopping {
    fn list(&self) -> Listing {
        self.inner.list()
    }

    fn read(&self, object: &LogObject, into: &mut Vec<u8>) -> Result<(), SourceError> {
        if self.read.fetch_add(1, Ordering::Relaxed) == self.at {
            self.progress.stop();
        }
        self.inner.read(object, into)
    }
}

#[test]
fn files_under_way_are_finished_and_the_rest_is_named() {
    for (at, events, left) in [(0, 1, ": 4 files"), (2, 3, ": 2 files"), (4, 5, ""), (9, 5, "")] {
        let inner = (0..5)
            .fold(MemorySource::new(), |source, hour| source.with(&format!("{hour}.json"), log(hour, 1)));
        let progress = Progress::new(false);
        let source = Stopping { inner, at, read: AtomicUsize::new(0), progress: Arc::clone(&progress) };
        let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let logs = pool.install(|| read_logs::read(&source, source.list(), Options::default(), &progress));
        assert_eq!(logs.coverage.counts.events, events, "{at}");
        assert_eq!((logs.stopped, progress.files()), (!left.is_empty(), events), "{at}");
        let messages: Vec<_> = logs.problems.iter().map(|one| (one.kind, one.message.as_str())).collect();
        match messages[..] {
            [] => assert_eq!(left, "", "{at}"),
            [(ProblemKind::Stopped, message)] => {
                assert!(!left.is_empty() && message.contains(left), "{at}: {message}");
            }
            _ => panic!("{at}: {messages:?}"),
        }
    }
}

/// A run that has read the sample and waits at a pipe, with another file behind it.
struct Waiting {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    pipe: Option<fs::File>,
    _folder: Folder,
}

impl Waiting {
    /// `None`, with a reason on standard output, where the tools for pipes and signals are missing.
    fn new() -> Option<Self> {
        let folder = Folder::new();
        let pipes = [folder.path("1.json"), folder.path("2.json")];
        let made = Command::new("mkfifo").args(&pipes).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: no mkfifo");
            return None;
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_trailtrim"))
            .args(["review", "sample-logs", &pipes[0], &pipes[1], "--threads", "1", "--force"])
            .args(["--grants", GRANTS, "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        // Opens as soon as the program reads it, which it does last: pipes have no size.
        let pipe = OpenOptions::new().write(true).open(&pipes[0]).unwrap();
        Some(Self { child, stderr, pipe: Some(pipe), _folder: folder })
    }

    fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn heard(&mut self) {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        assert!(line.contains("Ctrl-C again"), "{line}");
    }
}

#[test]
#[cfg(unix)]
fn the_first_ctrl_c_shows_what_was_read() {
    let Some(mut run) = Waiting::new() else { return };
    run.interrupt();
    run.heard();
    drop(run.pipe.take());
    let mut text = String::new();
    run.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let mut notes = String::new();
    run.stderr.read_to_string(&mut notes).unwrap();
    assert_eq!(run.child.wait().unwrap().code(), Some(3), "{notes}");
    let review: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(review["coverage"]["events"], 4_323);
    assert!(
        notes.contains("the reading of the logs was stopped before its end: no recommendations\n"),
        "{notes}"
    );
    let problems = review["problems"].as_array().unwrap();
    assert!(problems.iter().any(|one| one["kind"] == "stopped"), "{problems:?}");
    // Although --force was given: a file that was not read may hold the use of anything.
    let whole =
        trailtrim(&["review", "sample-logs", "--force", "--grants", GRANTS, "--format", "json"]).stdout;
    for sign in ["\"documents\"", "\"unused_principal\""] {
        assert!(whole.contains(sign) && !text.contains(sign), "{sign}");
    }
}

#[test]
#[cfg(unix)]
fn the_second_ctrl_c_ends_at_once() {
    let Some(mut run) = Waiting::new() else { return };
    run.interrupt();
    run.heard();
    run.interrupt();
    assert_eq!(run.child.wait().unwrap().code(), Some(130));
}
