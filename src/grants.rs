//! What each principal is granted: reads IAM snapshots. Part of the rim: it may touch the disk.

pub mod snapshot;
pub mod trails;

pub use snapshot::{
    AttachedPolicy, Boundary, GrantedPrincipal, LastUsed, Original, PolicySource, PrincipalType, Snapshot,
    SnapshotProblem,
};
pub use trails::{DataScope, Selectors, TrailsError};
