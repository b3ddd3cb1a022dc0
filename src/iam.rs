//! The language of permissions: names, patterns, policy documents and what they decide. Pure; no I/O.

pub mod action;
pub mod arn;
pub mod arn_template;
pub mod glob;
pub mod json;
pub mod policy;
pub mod reference;
pub(crate) mod table;

mod reading;

pub mod condition;
pub mod principal;
pub mod resource;

pub mod evaluate;

pub mod compiled;
pub mod contain;
pub mod quota;
pub mod reach;
pub mod shrink;
pub mod validate;

pub use action::Action;
pub use arn::{AccountId, Arn};
pub use policy::{Effect, PolicyDocument, Statement};
