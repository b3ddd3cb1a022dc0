//! What the fuzz targets run, a module a target. `cargo test` of the crate runs the same functions on the
//! seeds (`tests/it/fuzz_seeds.rs`), and its tests share the reference implementations.

pub mod draw;

pub mod glob;
pub mod inflate;
pub mod policy_parser;
