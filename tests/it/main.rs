//! The one integration-test binary. A file a topic; cases are data.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic, says why it is skipped, and reads its data from the tree"
)]

mod backtest;
mod bad_input;
mod conformance;
mod contain;
mod coverage;
mod decode_reference;
mod deliveries;
mod emit;
#[cfg(unix)]
mod emit_tools;
#[cfg(unix)]
mod emulator;
mod evaluate;
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "to the fuzzer it is a crate")]
mod fuzz_bodies;
mod fuzz_seeds;
#[cfg(feature = "sql")]
#[path = "../../examples/generate_sample/rng.rs"]
#[expect(clippy::duplicate_mod, reason = "a file of an example, which another test takes in as well")]
mod generator;
mod hostile;
mod identities;
#[cfg(feature = "sql")]
mod investigate;
#[cfg(feature = "sql")]
mod investigate_score;
mod laws;
#[cfg(feature = "sql")]
mod ledger;
#[cfg(feature = "sql")]
mod ledger_rows;
#[cfg(all(feature = "aws", feature = "sql"))]
mod ledger_s3;
#[cfg(feature = "aws")]
mod lookup;
mod needs;
mod organization;
mod personas;
mod policies;
mod protection;
#[cfg(feature = "sql")]
mod query;
mod readme;
mod review;
mod risk;
mod run;
#[cfg(feature = "aws")]
mod s3;
mod sample_logs;
#[cfg(feature = "sql")]
mod scenarios;
mod shapes;
#[cfg(feature = "sql")]
mod security_lake;
mod signed_trail;
mod stop;
mod schema;
mod tidy;
mod trimming;
mod trust;
mod usage;
mod validate_logs;
mod verify;
