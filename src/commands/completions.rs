//! `trailtrim completions`.

use super::{Outcome, print};
use crate::cli::Cli;
use clap::CommandFactory;

/// Prints the completion script of a shell.
pub fn run(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "trailtrim", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Clean)
}
