//! `MANIFEST.json` and the `segment.json` of every segment: what belongs to a ledger.

use super::LedgerError;
use super::seen::Place;
use super::words::{PROBLEM_KINDS, meant};
use crate::iam::AccountId;
use crate::sha256::Sha256;
use crate::source::Skipped;
use crate::time::{Day, Timestamp};
use crate::trail::{Problem, ProblemKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// The version of the layout and of all tables.
pub const SCHEMA: &str = "trailtrim.ledger/v2";

/// The version before, which is read too: it had no tables of rows. The next commit makes it [`SCHEMA`].
pub(super) const SCHEMA_BEFORE: &str = "trailtrim.ledger/v1";

/// The whole ledger: replaced as one file by every commit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`], or the one before.
    pub schema: String,
    /// The number of the next segment; no number is used twice.
    pub next: u64,
    /// Events before this UTC day are not kept.
    pub kept_from: Option<String>,
    /// The live segments, oldest first.
    pub segments: Vec<SegmentName>,
    /// What was ingested, as the user named it.
    pub roots: Vec<Root>,
    /// SHA-256 of this text with nothing in this place.
    pub sha256: String,
}

/// A segment, and the hash of its `segment.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentName {
    /// The folder in `segments`.
    pub name: String,
    /// SHA-256 of its `segment.json`.
    pub sha256: String,
}

/// A place that was ingested: what its last listing said beside the objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The path or address as the user named it.
    pub path: String,
    /// Digest files that were left out by name.
    pub digests: u64,
    /// Insight files that were left out by name.
    pub insights: u64,
    /// Other files that were left out by name.
    pub others: u64,
    /// What could not be listed: file, kind, message.
    pub problems: Vec<(String, String, String)>,
    /// Objects that were listed and are not read yet: above 0 after an ingest that did not end.
    pub left: u64,
}

/// One segment: what one commit added. It never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The version of the program that folded the events.
    pub program: String,
    /// The date of the service reference by which it did.
    pub reference: String,
    /// Its files.
    pub files: Vec<FileEntry>,
}

/// One file of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// What it holds.
    pub table: TableKind,
    /// The account, empty for events without one and for objects.
    pub account: String,
    /// The UTC day, empty for objects.
    pub day: String,
    /// Counted from 0 where a segment has several files of one table, account and day.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub number: u64,
    /// The number of rows; noted for tables of rows only.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The tables of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Log files.
    Objects,
    /// Who did what.
    Usage,
    /// What was delivered.
    Coverage,
    /// Fingerprints of events.
    Seen,
    /// The rows of the table `events`.
    Events,
    /// The rows of the table `refs`.
    Refs,
    /// The rows of the table `fields`.
    Fields,
}

impl TableKind {
    /// The tables of rows, which queries read.
    pub const ROWS: [Self; 3] = [Self::Events, Self::Refs, Self::Fields];

    /// Does it hold rows for queries?
    pub fn is_rows(self) -> bool {
        Self::ROWS.contains(&self)
    }
}

impl fmt::Display for TableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Objects => "objects",
            Self::Usage => "usage",
            Self::Coverage => "coverage",
            Self::Seen => "seen",
            Self::Events => "events",
            Self::Refs => "refs",
            Self::Fields => "fields",
        })
    }
}

/// The folder of rows without an account, which is no account's name.
const NO_ACCOUNT: &str = "none";

impl FileEntry {
    /// An entry for these bytes.
    pub(super) fn new(table: TableKind, place: Option<Place>, bytes: &[u8]) -> Self {
        let account = place.and_then(|(account, _)| account);
        Self {
            table,
            account: account.map(|account| account.to_string()).unwrap_or_default(),
            day: place.map(|(_, day)| day.to_string()).unwrap_or_default(),
            number: 0,
            rows: 0,
            bytes: bytes.len() as u64,
            sha256: Sha256::of(bytes).to_string(),
        }
    }

    /// The folder of an account's day in a segment, and the name in it. Made of checked parts only: what a
    /// manifest says cannot lead out of the ledger.
    pub(super) fn path(&self) -> (String, String) {
        let folder = self.place().map(|(account, day)| {
            let account = account.map_or_else(|| NO_ACCOUNT.to_owned(), |account| account.to_string());
            format!("account={account}/day={day}")
        });
        let name = match self.number {
            0 => format!("{}.parquet", self.table),
            number => format!("{}-{number}.parquet", self.table),
        };
        (folder.unwrap_or_default(), name)
    }

    /// The account and UTC day; `None` for a table of the whole segment.
    pub fn place(&self) -> Option<Place> {
        (self.table != TableKind::Objects).then_some(())?;
        Some((AccountId::parse(&self.account), day_of(&self.day)?))
    }
}

/// Reads `2026-01-31`.
pub(super) fn day_of(text: &str) -> Option<Day> {
    Timestamp::parse(&format!("{text}T00:00:00Z")).map(Timestamp::day)
}

impl Manifest {
    /// That of a new ledger.
    pub(super) fn new() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            next: 1,
            kept_from: None,
            segments: Vec::new(),
            roots: Vec::new(),
            sha256: String::new(),
        }
    }

    /// Reads the text of a manifest. `path` is for messages.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, LedgerError> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let damaged = |error: serde_json::Error| LedgerError::damaged(path, error.to_string());
        let head: Head = serde_json::from_str(text).map_err(damaged)?;
        if head.schema != SCHEMA && head.schema != SCHEMA_BEFORE {
            return Err(LedgerError::Schema { path: path.display().to_string(), found: head.schema });
        }
        let mut manifest: Self = serde_json::from_str(text).map_err(damaged)?;
        manifest.sha256.clear();
        if manifest.text().is_none_or(|again| again != text) {
            return Err(LedgerError::damaged(path, "its SHA-256 is not the one that it notes"));
        }
        Ok(manifest)
    }

    /// The text of the file, with its hash.
    pub(super) fn text(&self) -> Option<String> {
        let plain = serde_json::to_string_pretty(&Self { sha256: String::new(), ..self.clone() }).ok()?;
        let sha256 = Sha256::of(plain.as_bytes()).to_string();
        serde_json::to_string_pretty(&Self { sha256, ..self.clone() }).ok()
    }

    /// Events before this day are not kept.
    pub fn kept_from(&self) -> Option<Day> {
        day_of(self.kept_from.as_deref()?)
    }

    /// Replaces what is known of a place; places inside it are part of it.
    pub(super) fn set_root(&mut self, root: Root) {
        let inside = |other: &Root| Path::new(&other.path).starts_with(&root.path);
        self.roots.retain(|other| !inside(other));
        // A place that left nothing to say needs no entry.
        if root != (Root { path: root.path.clone(), ..Root::default() }) {
            self.roots.push(root);
        }
        self.roots.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

impl Root {
    /// What could not be listed.
    pub fn problems(&self) -> Vec<Problem> {
        let one = |(file, kind, message): &(String, String, String)| Problem {
            file: file.clone(),
            record: None,
            kind: meant(&PROBLEM_KINDS, ProblemKind::as_str, kind).unwrap_or(ProblemKind::Unreadable),
            message: message.clone(),
        };
        self.problems.iter().map(one).collect()
    }

    /// A place that was listed. `left`: objects that are to be read.
    pub fn listed(path: String, skipped: Skipped, problems: &[Problem], left: u64) -> Self {
        let one = |problem: &Problem| {
            (problem.file.clone(), problem.kind.as_str().to_owned(), problem.message.clone())
        };
        Self {
            path,
            digests: skipped.digests as u64,
            insights: skipped.insights as u64,
            others: skipped.others as u64,
            problems: problems.iter().map(one).collect(),
            left,
        }
    }
}
