//! What the fuzz targets run, a module a target. `cargo test` of the crate runs the same functions on the
//! seeds (`tests/it/fuzz_seeds.rs`), and its tests share the reference implementations.

pub mod draw;
pub mod naive;
pub mod reference;
pub mod world;

pub mod arn;
pub mod condition_values;
pub mod contain;
pub mod decode;
pub mod digest;
pub mod evaluate;
pub mod glob;
pub mod inflate;
pub mod ocsf;
pub mod policy_parser;
