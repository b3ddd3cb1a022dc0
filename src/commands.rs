//! One file a command: the only places where the stages are joined.

pub mod completions;
pub mod coverage;
pub mod digests;
pub mod explain;
#[cfg(feature = "sql")]
pub mod gather;
#[cfg(feature = "sql")]
pub mod investigate;
pub mod judge;
pub mod output;
pub mod progress;
#[cfg(feature = "sql")]
pub mod query;
pub mod read_logs;
#[cfg(feature = "sql")]
pub mod read_parquet;
pub mod ledger;
pub mod recommend;
pub mod review;
pub mod select;
mod unpack;
pub mod usage;
pub mod validate_logs;
pub mod verify;

use crate::time::Timestamp;
use std::io::Write as _;

/// What every command gets besides its own arguments.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The present, for relative times.
    pub now: Timestamp,
    /// Threads; `None` for one a core.
    pub threads: Option<usize>,
    /// No notes on standard error.
    pub quiet: bool,
}

/// How a command ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to report.
    Clean,
    /// Findings at or above the asked severity.
    Findings,
    /// Finished, but coverage is insufficient or some input was unreadable.
    Incomplete,
    /// A verification failed.
    Refuted,
}

impl Outcome {
    /// The exit status of a command that failed.
    pub const FAILED: u8 = 2;

    /// The exit status.
    pub fn status(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Incomplete => 3,
            Self::Refuted => 4,
        }
    }
}

/// Prints an error and its causes on one line, and hints on lines of their own.
pub fn complain(error: &anyhow::Error) {
    let text = format!("{error:#}");
    let mut stderr = anstream::stderr().lock();
    // When standard error is gone, nobody is left to tell.
    let _ = writeln!(stderr, "trailtrim: {text}");
}

/// Writes to standard output; a reader that went away (`| head`) is no error.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write to standard output"))
        }
        _ => Ok(()),
    }
}

/// Writes a note to standard error, unless the user asked for quiet.
pub fn note(settings: &Settings, text: &str) {
    if !settings.quiet {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }
}
