//! `trailtrim ingest` and `trailtrim ledger`, and the reading of ledgers for all other commands.

#[cfg(feature = "sql")]
mod admin;
#[cfg(feature = "sql")]
mod gathering;
#[cfg(feature = "sql")]
mod ingest;
#[cfg(feature = "sql")]
mod merge;
#[cfg(feature = "sql")]
mod read;
#[cfg(feature = "sql")]
mod tables;

#[cfg(feature = "sql")]
pub use self::{admin::run, ingest::run as ingest, read::read};

#[cfg(not(feature = "sql"))]
pub use lean::{ingest, read, run};

/// A build without polars cannot read Parquet.
#[cfg(not(feature = "sql"))]
mod lean {
    use crate::cli::{IngestArgs, LedgerCommand, ReadArgs};
    use crate::commands::read_logs::{Logs, Options};
    use crate::commands::{Outcome, Settings};
    use std::path::Path;

    fn absent<T>() -> anyhow::Result<T> {
        anyhow::bail!(
            "this build has no ledger: it was made without the feature `sql`\nhint: build it with `--features sql`"
        )
    }

    /// Says what is missing.
    pub fn ingest(_: &IngestArgs, _: &Settings) -> anyhow::Result<Outcome> {
        absent()
    }

    /// Says what is missing.
    pub fn run(_: &LedgerCommand, _: &Settings) -> anyhow::Result<Outcome> {
        absent()
    }

    /// Says what is missing.
    pub fn read(_: &Path, _: &ReadArgs, _: Options<'_>, _: &Settings) -> anyhow::Result<Logs> {
        absent()
    }
}
