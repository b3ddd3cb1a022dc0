//! Writes the made-up account of `sample-logs/`: the same bytes on every run.
//!
//! ```text
//! cargo run --example generate_sample -- sample-logs
//! ```
//!
//! The folder's README tells what the account holds and why. Nothing in it is real.

// The test of the committed folder includes the same file, so that generator and test cannot differ.
#[path = "sample.rs"]
mod sample;

use anyhow::Context;
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let folder: PathBuf =
        std::env::args_os().nth(1).context("which folder? hint: `generate_sample sample-logs`")?.into();
    sample::write_to(&folder).with_context(|| format!("cannot write the sample to `{}`", folder.display()))
}
