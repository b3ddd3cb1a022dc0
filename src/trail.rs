//! The language of `CloudTrail`: log files, events, who acted and how it ended. Pure; no I/O.

pub mod problem;
pub mod request;
mod scan;

pub mod event;

pub mod log_file;
pub mod inflate;
pub mod decode;
pub mod ocsf;
pub mod digest;

pub mod identity;
pub mod outcome;
pub mod action_map;
pub mod resource_map;
pub mod passed_roles;
pub mod definitions;
pub mod condition_values;
pub mod indicators;
pub mod fields;
pub mod grant_change;
pub mod coverage;

pub use coverage::Coverage;
pub use decode::{Decoded, decode};
pub use event::Event;
pub use identity::{Principal, PrincipalKind};
pub use outcome::Outcome;
pub use problem::{Problem, ProblemKind};
