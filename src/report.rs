//! Showing: what a review contains, once, and its forms. Decides nothing.

pub mod backtest;
#[cfg(feature = "sql")]
pub mod cases;
pub mod certificate;
pub mod checks;
pub mod coverage;
#[cfg(feature = "sql")]
pub mod event;
pub mod json;
pub mod markdown;
pub mod model;
mod personas;
mod proposals;
#[cfg(feature = "sql")]
pub mod rows;
pub mod text;
mod stream;
mod trust_conditions;
pub mod usage;
pub mod validation;

pub use crate::escape;
pub use model::Report;
