//! The one integration-test binary. A file a topic; cases are data.

#![expect(
    clippy::unwrap_used,
    reason = "tests fail by panicking, and helpers outside test functions are not exempt"
)]

mod decode_reference;
