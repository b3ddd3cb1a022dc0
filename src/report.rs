//! Showing: what a review contains, once, and its forms. Decides nothing.

pub mod coverage;
pub mod escape;
pub mod json;
pub mod markdown;
pub mod model;
pub mod text;
pub mod usage;
pub mod validation;

pub use model::Report;
