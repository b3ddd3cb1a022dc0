//! The one integration-test binary. A file a topic; cases are data.

mod sample_logs;
