//! `trailtrim read-parquet`, which is not in the help: the process that reads a Parquet file for another one.

use super::Outcome;
use crate::source::parquet;
use anyhow::anyhow;
use std::io::{self, Read as _};

/// Reads Parquet from standard input and writes its rows to standard output as JSON lines.
pub fn run() -> anyhow::Result<Outcome> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    parquet::convert(&bytes, &mut io::stdout().lock()).map_err(|why| anyhow!(why))?;
    Ok(Outcome::Clean)
}
