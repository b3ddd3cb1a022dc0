//! The `trailtrim` program: parse the arguments, run one command, map its outcome to an exit status.

use clap::Parser;
use std::process::ExitCode;
use trailtrim::cli::{Cli, Command};
use trailtrim::commands::{self, Outcome};
use trailtrim::time::Timestamp;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(outcome) => ExitCode::from(outcome.status()),
        Err(error) => {
            commands::complain(&error);
            ExitCode::from(Outcome::FAILED)
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<Outcome> {
    let settings = commands::Settings { now: now(), threads: cli.threads, quiet: cli.quiet };
    match &cli.command {
        Command::Review(args) => commands::review::run(args, &settings),
        Command::Recommend(args) => commands::recommend::run(args, &settings),
        #[cfg(feature = "sql")]
        Command::Query(args) => commands::query::run(args, &settings),
        #[cfg(feature = "sql")]
        Command::Investigate(args) => commands::investigate::run(args, &settings),
        #[cfg(feature = "sql")]
        Command::ExplainEvent(args) => commands::investigate::explain(args, &settings),
        Command::Usage(args) => commands::usage::run(args, &settings),
        Command::Explain(args) => commands::explain::run(args),
        Command::Verify(args) => commands::verify::run(args, &settings),
        Command::Coverage(args) => commands::coverage::run(args, &settings),
        Command::Ingest(args) => commands::ledger::ingest(args, &settings),
        Command::Ledger(command) => commands::ledger::run(command, &settings),
        Command::ValidateLogs(args) => commands::validate_logs::run(args, &settings),
        #[cfg(feature = "sql")]
        Command::ReadParquet => commands::read_parquet::run(),
        Command::Completions { shell } => commands::completions::run(*shell),
    }
}

/// The one place where the clock is read.
#[expect(clippy::disallowed_methods, reason = "everything else takes the time as an argument")]
fn now() -> Timestamp {
    let seconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok());
    seconds.and_then(Timestamp::from_seconds).unwrap_or_default()
}
