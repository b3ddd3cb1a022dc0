//! The ledger: what was read of logs, kept on disk, so that the next run reads only what is new.
//!
//! A ledger is a folder of immutable segments and one `MANIFEST.json` that says which of them count. A
//! commit writes a new segment, waits until it is on the disk, and puts a new manifest into the place of the
//! old one: a kill at any moment leaves the old ledger or the new one, and at most a folder that nothing
//! names, which the next writer removes. `docs/LEDGER.md` describes the layout.
//!
//! Events are folded by UTC day, and what is written of a day is the day's [`crate::usage::Usage`]. As the
//! summary is the same in any order and any partition, the days together are what one reading of all logs
//! gives.

mod compact;
mod coverage_table;
mod disk;
pub mod manifest;
pub mod objects;
mod reader;
mod rows;
mod seen;
mod segment;
mod table;
mod usage_table;
mod words;
mod writer;

pub use compact::Dropped;
pub use objects::{Content, Object};
pub use reader::{Ledger, Part, Window};
pub use rows::{EventRows, Rows};
pub use seen::{Place, Seen};
pub use writer::{Batch, Begun, DayPart, Writer};

use std::io;
use std::path::Path;

/// Why a ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is none.
    #[error("no ledger in `{path}`\nhint: trailtrim ingest LOGS --ledger {path}")]
    Missing {
        /// The folder.
        path: String,
    },
    /// The folder holds other things.
    #[error("`{path}` holds other files and no ledger\nhint: name a new or empty folder")]
    Occupied {
        /// The folder.
        path: String,
    },
    /// Another process writes it.
    #[error("the ledger `{path}` is being written by another process\nhint: wait until that one ends")]
    Locked {
        /// The folder.
        path: String,
    },
    /// Another version of the program wrote it.
    #[error(
        "`{path}` has the schema `{found}`; this version reads `{}`\nhint: ingest the logs into a new ledger",
        manifest::SCHEMA
    )]
    Schema {
        /// The manifest.
        path: String,
        /// What it says.
        found: String,
    },
    /// A file is not what was written.
    #[error("`{path}` is damaged: {why}\nhint: ingest the logs into a new ledger")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The system refused.
    #[error("`{path}`: {}", .source.kind())]
    Io {
        /// The file or folder.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
}

impl LedgerError {
    fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.display().to_string(), why: why.into() }
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::Io { path, source }
    }

    /// Does the error say that a file is not there? It may be that a compaction has just replaced it.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

#[cfg(test)]
mod tests;
