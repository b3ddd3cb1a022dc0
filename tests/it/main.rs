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

mod bad_input;
mod conformance;
mod contain;
mod coverage;
mod decode_reference;
mod evaluate;
mod identities;
mod laws;
mod naive;
mod policies;
mod readme;
mod review;
mod run;
mod sample_logs;
mod signed_trail;
mod stop;
mod schema;
mod tidy;
mod trimming;
mod usage;
mod validate_logs;
