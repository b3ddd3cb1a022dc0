//! `CloudTrail` in, least-privilege policies out, with proof.
//!
//! Data walks through the modules in the order in which they are listed here, once:
//!
//! ```text
//! source ──bytes──▶ trail (decode) ──events──▶ usage ─┐
//!  dir, s3, lookup      └─problems──▶ coverage ───────┼─▶ drift ─verdicts─▶ recommend ─▶ report
//! grants ──policies──▶ iam (evaluate, contain) ───────┘
//! ```
//!
//! A module uses only modules listed before it; a test enforces that. [`iam`] and [`trail`] are
//! the two languages of the field: pure, without any I/O. [`source`] and [`grants`] are the rim.

pub mod error;
pub mod escape;
pub mod time;
pub mod sha256;
pub mod base64;

pub mod iam;
pub mod trail;

pub mod source;
pub mod grants;

pub mod usage;
pub mod tables;
#[cfg(feature = "sql")]
pub mod ledger;
pub mod drift;
pub mod recommend;

#[cfg(feature = "sql")]
pub mod query;
#[cfg(feature = "sql")]
pub mod investigate;

pub mod report;
pub mod cli;
pub mod commands;
