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
pub mod near;
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
use std::io::{self, BufWriter, Write};

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
    let text = with_causes(error);
    let mut stderr = anstream::stderr().lock();
    // When standard error is gone, nobody is left to tell.
    let _ = writeln!(stderr, "trailtrim: {text}");
}

/// The message of an error and those of its causes, each thing once: many errors repeat their cause, so that
/// they say everything wherever they are shown alone.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let said = cause.to_string();
        let kind = cause.downcast_ref::<std::io::Error>().map(|cause| cause.kind().to_string());
        if !text.contains(&said) && !kind.is_some_and(|kind| text.contains(&kind)) {
            text.push_str(": ");
            text.push_str(&said);
        }
    }
    text
}

/// Writes to standard output; a reader that went away (`| head`) is no error.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    printed(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes JSON to standard output while it is made. It holds no colours: control characters are escaped.
pub fn print_json(json: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let mut stdout = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    printed(json(&mut stdout).and_then(|()| stdout.flush()))
}

fn printed(done: io::Result<()>) -> anyhow::Result<()> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    enum Said {
        #[error("cannot read `x`: {0}")]
        Twice(#[source] io::Error),
        #[error("`x`: {}", .0.kind())]
        Otherwise(#[source] io::Error),
        #[error("cannot read `x`")]
        Once(#[source] io::Error),
    }

    #[test]
    fn a_cause_is_said_once() {
        let missing = || io::Error::from_raw_os_error(2);
        let message = missing().to_string();
        for (error, expect) in [
            (Said::Twice(missing()).into(), format!("cannot read `x`: {message}")),
            (Said::Otherwise(missing()).into(), "`x`: entity not found".to_owned()),
            (Said::Once(missing()).into(), format!("cannot read `x`: {message}")),
            (anyhow::anyhow!("alone"), "alone".to_owned()),
        ] {
            let error: anyhow::Error = error;
            assert_eq!(with_causes(&error), expect);
            let deeper = Err::<(), _>(error).context("no review").unwrap_err();
            assert_eq!(with_causes(&deeper), format!("no review: {expect}"));
        }
        let other = anyhow::Error::from(Said::Once(io::Error::other("broken"))).context("no `x`");
        assert_eq!(with_causes(&other), "no `x`: cannot read `x`: broken");
    }
}
