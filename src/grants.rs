//! What each principal is granted: reads IAM snapshots. Part of the rim: it may touch the disk.

use crate::sha256::Sha256;
use std::path::Path;

pub mod exclusions;
pub mod snapshot;
pub mod trails;

pub use exclusions::{BreakGlass, Exclusion, Exclusions, ExclusionsError};
pub use snapshot::{
    AttachedPolicy, Boundary, GrantedPrincipal, LastUsed, Original, PolicySource, PolicyVersion,
    PrincipalType, Snapshot, SnapshotProblem,
};
pub use trails::{DataScope, Selectors, TrailsError};

/// A file that was read as input, for certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// The path as the user gave it.
    pub name: String,
    /// The hash of its bytes.
    pub sha256: Sha256,
}

impl InputFile {
    /// Of a file that was read from `path`.
    pub fn new(path: &Path, bytes: &[u8]) -> Self {
        Self { name: path.display().to_string(), sha256: Sha256::of(bytes) }
    }
}
