//! The one integration-test binary. A file a topic; cases are data.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may panic, and reads its data from the tree"
)]

mod bad_input;
mod conformance;
mod contain;
mod decode_reference;
mod review;
mod run;
mod sample_logs;
mod tidy;
mod usage;
