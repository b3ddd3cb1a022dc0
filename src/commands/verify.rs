//! `trailtrim verify`: are new policies contained in old ones?

use super::{Outcome, print};
use crate::cli::VerifyArgs;
use crate::iam::PolicyDocument;
use crate::iam::condition::KeyState;
use crate::iam::contain::{Containment, Witness, contain};
use crate::iam::reference::reference;
use crate::iam::validate::{PolicyType, Severity, validate_document};
use crate::report::escape::terminal;
use anyhow::Context as _;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let new = read(&args.new)?;
    let old = read(&args.against)?;
    let mut out = String::new();
    let mut refused = false;
    for (path, document) in args.new.iter().zip(&new) {
        for finding in validate_document(document, PolicyType::Inline) {
            refused |= finding.severity == Severity::Error;
            let word = if finding.severity == Severity::Error { "invalid" } else { "warning" };
            let _ = writeln!(out, "{word}: {}: {}", shown(path), terminal(&finding.to_string()));
        }
    }
    let answer = contain(&new.iter().collect::<Vec<_>>(), &old.iter().collect::<Vec<_>>());
    let proved = match answer {
        Containment::Proved { tier } => {
            let _ = writeln!(out, "contained: proved (tier {tier}): nothing is allowed that was not");
            true
        }
        Containment::Refuted(witness) => {
            let _ = writeln!(out, "not contained: {}", request(&witness));
            false
        }
        Containment::Unknown(why) => {
            let _ = writeln!(out, "unknown: {}", terminal(&why));
            false
        }
    };
    print(&out)?;
    Ok(if proved && !refused { Outcome::Clean } else { Outcome::Refuted })
}

#[expect(clippy::disallowed_methods, reason = "the rim reads the files that the user names")]
fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<PolicyDocument>> {
    let one = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", shown(path)))?;
        PolicyDocument::parse(&text).with_context(|| format!("`{}`", shown(path)))
    };
    paths.iter().map(one).collect()
}

fn shown(path: &Path) -> String {
    terminal(&path.display().to_string())
}

/// The request that the new policies allow and the old ones do not.
fn request(witness: &Witness) -> String {
    // Proofs work on lower-cased names; people read AWS's spelling.
    let known = reference().action_named(witness.action.as_str()).map(ToString::to_string);
    let action = known.unwrap_or_else(|| witness.action.to_string());
    let mut text = format!("{action} on {}", witness.resource);
    for (key, state) in witness.context.iter() {
        let value = match state {
            KeyState::Value(value) => value.to_owned(),
            KeyState::List(values) => values.join(", "),
            KeyState::Absent | KeyState::Unknown => continue,
        };
        let _ = write!(text, ", {key} = {value}");
    }
    terminal(&format!("{text}: allowed now, and was not"))
}
