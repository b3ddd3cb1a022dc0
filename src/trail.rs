//! The language of `CloudTrail`: log files, events, who acted and how it ended. Pure; no I/O.

pub mod action_map;
pub mod event;
pub mod passed_roles;
pub mod problem;
pub mod request;
pub mod resource_map;

pub use event::Event;
pub use problem::{Problem, ProblemKind};
