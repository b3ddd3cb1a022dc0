//! Where log files come from. With `grants`, the only modules that touch the world outside.

#[cfg(feature = "aws")]
mod aws;
pub mod dir;
#[cfg(feature = "aws")]
mod lookup;
pub mod memory;
pub mod open;
#[cfg(feature = "sql")]
pub mod parquet;
#[cfg(feature = "aws")]
mod s3;

use crate::trail::log_file::{LogFile, LogFileKind};
use crate::trail::{Problem, ProblemKind};
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

/// A place with log files. Reading may happen on several threads at once.
pub trait LogSource: Sync {
    /// Everything that may be a log file, ordered by name, each object once. Never fails as a whole: what
    /// cannot be listed is a problem, and the rest is listed.
    fn list(&self) -> Listing;

    /// Replaces the content of `into` by the object's bytes, as they are stored.
    fn read(&self, object: &LogObject, into: &mut Vec<u8>) -> Result<(), SourceError>;

    /// These objects will be read next, each once and mostly in this order. A source that must wait for
    /// bytes begins to fetch them.
    fn prefetch(&self, _order: &Arc<Vec<LogObject>>) {}

    /// Reads an object again whose bytes turned out damaged, until it is clear what is stored: the damage may
    /// have been done on the way. A place that always gives the same bytes leaves `into` as it is.
    fn read_again(&self, _object: &LogObject, _into: &mut Vec<u8>) {}
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
    /// S3's `ETag` as listed, without its quotes: another one after every change of the bytes. `None` elsewhere.
    pub etag: Option<Box<str>>,
    /// What the source opens, where that is not what `name` shows; else empty, so that a hundred thousand
    /// names are in memory once.
    location: OsString,
}

impl LogObject {
    /// What the source opens.
    fn location(&self) -> &OsStr {
        if self.location.is_empty() { OsStr::new(&self.name) } else { &self.location }
    }
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
    /// The service behind the source did not give the object, or not whole.
    #[error("{why}")]
    Refused {
        /// The object's name.
        name: String,
        /// What the service answered, and what to do about it; one line.
        why: String,
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
            SourceError::Io { name, .. } | SourceError::Refused { name, .. } => {
                (name, ProblemKind::Unreadable)
            }
            SourceError::TooLarge { name, .. } => (name, ProblemKind::TooLarge),
        };
        Self { file, record: None, kind, message }
    }
}

/// Ends of names that are taken for logs when a folder is walked.
const LOG_ENDS: [&str; 5] = [".json", ".jsonl", ".ndjson", ".gz", ".log"];

/// Ends of names that are other things, although one of [`LOG_ENDS`] fits.
const OTHER_ENDS: [&str; 3] = [".tar.gz", ".csv.gz", ".parquet.gz"];

/// Does a name end as logs do? Files found in a folder are not opened to find out.
fn may_be_log(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    LOG_ENDS.iter().any(|end| name.ends_with(end)) && !OTHER_ENDS.iter().any(|end| name.ends_with(end))
}

impl Listing {
    /// Adds an object that was found in a folder, or counts it as left out for its name. With `digests`,
    /// digest files are listed as well.
    fn add_found(&mut self, object: LogObject, digests: bool) {
        match LogFile::from_name(&object.name).kind {
            LogFileKind::Digest => {
                self.skipped.digests += 1;
                if digests {
                    self.digests.push(object);
                }
            }
            LogFileKind::Insight => self.skipped.insights += 1,
            LogFileKind::Unknown if !may_be_log(&object.name) => self.skipped.others += 1,
            LogFileKind::Events | LogFileKind::Unknown => self.objects.push(object),
        }
    }

    /// Everything that was found so far, in whatever list it ended up, but for files of other kinds.
    fn found(&self) -> usize {
        self.objects.len() + self.skipped.digests + self.skipped.insights
    }

    /// What to say of a folder in which nothing was found.
    fn empty(&self) -> String {
        match self.skipped.others {
            0 => "the folder is empty".to_owned(),
            others => format!("no log file in the folder; {others} other files"),
        }
    }

    /// Both listings as one.
    #[cfg(feature = "aws")]
    fn with(mut self, other: Self) -> Self {
        self.objects.extend(other.objects);
        self.digests.extend(other.digests);
        self.skipped.digests += other.skipped.digests;
        self.skipped.insights += other.skipped.insights;
        self.skipped.others += other.skipped.others;
        self.problems.extend(other.problems);
        self.sorted()
    }

    /// The order and uniqueness that [`LogSource::list`] promises.
    fn sorted(mut self) -> Self {
        for objects in [&mut self.objects, &mut self.digests] {
            // The one that the user named wins over the same object found in a folder.
            objects.sort_by(|a, b| (a.location(), !a.named, &a.name).cmp(&(b.location(), !b.named, &b.name)));
            objects.dedup_by(|later, kept| later.location() == kept.location());
            objects.sort_by(|a, b| (&a.name, a.location()).cmp(&(&b.name, b.location())));
        }
        self.problems.sort();
        self
    }
}
