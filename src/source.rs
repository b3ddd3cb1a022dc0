//! Where log files come from. With `grants`, the only modules that touch the world outside.

pub mod dir;
pub mod memory;

use crate::trail::{Problem, ProblemKind};
use std::ffi::OsString;
use std::io;

/// A place with log files. Reading may happen on several threads at once.
pub trait LogSource: Sync {
    /// Everything that may be a log file, ordered by name, each object once. Never fails as a whole: what
    /// cannot be listed is a problem, and the rest is listed.
    fn list(&self) -> Listing;

    /// Replaces the content of `into` by the object's bytes, as they are stored.
    fn read(&self, object: &LogObject, into: &mut Vec<u8>) -> Result<(), SourceError>;
}

/// One object of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogObject {
    /// The name to show: path, key or `-`. Characters that are no Unicode are replaced.
    pub name: String,
    /// Size in bytes as listed; 0 when it is not known in advance.
    pub size: u64,
    /// Did the user name this very object? Otherwise it was found in a folder, and being no log is no
    /// mistake of the user.
    pub named: bool,
    /// What the source opens: not always what `name` shows.
    location: OsString,
}

/// The objects of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Candidates, ordered by name.
    pub objects: Vec<LogObject>,
    /// Digest files and what lies beside them, ordered by name; empty unless the source was asked for them.
    pub digests: Vec<LogObject>,
    /// What was left out by name alone.
    pub skipped: Skipped,
    /// What could not be listed.
    pub problems: Vec<Problem>,
}

/// Numbers of files left out by name alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Digest files.
    pub digests: usize,
    /// Insight files.
    pub insights: usize,
    /// Hidden files and files whose names are of other kinds: `README.md`, `.DS_Store`.
    pub others: usize,
}

/// Why an object could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system refused.
    #[error("{}", .source.kind())]
    Io {
        /// The object's name.
        name: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The object is larger than what is read at all.
    #[error("larger than {bytes_max} bytes")]
    TooLarge {
        /// The object's name.
        name: String,
        /// The limit, in bytes.
        bytes_max: u64,
    },
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        let (file, kind) = match error {
            SourceError::Io { name, .. } => (name, ProblemKind::Unreadable),
            SourceError::TooLarge { name, .. } => (name, ProblemKind::TooLarge),
        };
        Self { file, record: None, kind, message }
    }
}

impl Listing {
    /// The order and uniqueness that [`LogSource::list`] promises.
    fn sorted(mut self) -> Self {
        for objects in [&mut self.objects, &mut self.digests] {
            // The one that the user named wins over the same object found in a folder.
            objects.sort_by(|a, b| (&a.location, !a.named, &a.name).cmp(&(&b.location, !b.named, &b.name)));
            objects.dedup_by(|later, kept| later.location == kept.location);
            objects.sort_by(|a, b| (&a.name, &a.location).cmp(&(&b.name, &b.location)));
        }
        self.problems.sort();
        self
    }
}
