//! What each principal is granted: reads IAM snapshots. Part of the rim: it may touch the disk.

pub mod exclusions;
pub mod snapshot;
pub mod trails;

pub use exclusions::{BreakGlass, Exclusion, Exclusions, ExclusionsError};
pub use snapshot::{
    AttachedPolicy, Boundary, GrantedPrincipal, LastUsed, PolicySource, PolicyVersion, PrincipalType,
    Snapshot, SnapshotProblem,
};
pub use trails::{DataScope, Selectors, TrailsError};
