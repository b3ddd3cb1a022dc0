//! `trailtrim verify`: is a policy as safe as it is said to be? Against old policies, against a role's
//! logs, against its certificate, and after it was rolled out.

mod gate;
mod recheck;
mod watch;

use super::{Outcome, Settings, print};
use crate::cli::{FailOn, VerifyArgs, VerifyFormat};
use crate::drift;
use crate::iam::PolicyDocument;
use crate::iam::condition::KeyState;
use crate::iam::contain::{Containment, Witness, contain};
use crate::iam::reference::reference;
use crate::iam::validate::{PolicyType, Severity, validate_document};
use crate::report::checks::{self, Checks, Rule};
use crate::report::escape::terminal;
use anyhow::{Context as _, bail};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(args: &VerifyArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let (checks, complete) = if !args.certificate.is_empty() && args.since.is_some() {
        watch::run(args, settings)?
    } else if !args.certificate.is_empty() {
        recheck::run(args, settings)?
    } else if args.role.is_some() {
        gate::run(args, settings)?
    } else if args.against.is_empty() {
        bail!("nothing to verify against\nhint: --against OLD.json, --role ROLE, or --certificate FILE");
    } else {
        (against(args)?, true)
    };
    match args.format {
        VerifyFormat::Text => print(&checks::text(&checks))?,
        VerifyFormat::Sarif => print(&checks::sarif(&checks))?,
    }
    let floor = match args.fail_on {
        FailOn::Low => drift::Severity::Low,
        FailOn::Medium => drift::Severity::Medium,
        FailOn::High => drift::Severity::High,
    };
    Ok(if checks.reach(floor) {
        Outcome::Refuted
    } else if complete {
        Outcome::Clean
    } else {
        Outcome::Incomplete
    })
}

/// New policies against old ones, both files.
fn against(args: &VerifyArgs) -> anyhow::Result<Checks> {
    if args.files.is_empty() {
        bail!("no new policy to verify\nhint: trailtrim verify NEW.json --against OLD.json");
    }
    let new = read(&args.files)?;
    let old = read(&args.against)?;
    let mut checks = Checks::default();
    for (path, document) in args.files.iter().zip(&new) {
        validity(&mut checks, path, document);
    }
    let file = args.files.first().map(|path| shown(path)).unwrap_or_default();
    containment(&mut checks, &file, &new.iter().collect::<Vec<_>>(), &old.iter().collect::<Vec<_>>());
    Ok(checks)
}

/// Would AWS accept the policy of an identity?
fn validity(checks: &mut Checks, path: &Path, document: &PolicyDocument) {
    for finding in validate_document(document, PolicyType::Inline) {
        let rule =
            if finding.severity == Severity::Error { Rule::InvalidPolicy } else { Rule::PolicyWarning };
        checks.add(rule, shown(path), finding.to_string());
    }
}

/// Do the new policies allow nothing that the old ones do not?
fn containment(checks: &mut Checks, file: &str, new: &[&PolicyDocument], old: &[&PolicyDocument]) {
    match contain(new, old) {
        Containment::Proved { tier } => {
            checks.pass(format!("contained: proved (tier {tier}): nothing is allowed that was not"));
        }
        Containment::Refuted(witness) => {
            checks.add(Rule::NotContained, file, format!("{}: allowed now, and was not", request(&witness)));
        }
        Containment::Unknown(why) => checks.add(Rule::ContainmentUnknown, file, why),
    }
}

#[expect(clippy::disallowed_methods, reason = "the rim reads the files that the user names")]
fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", terminal(&shown(path))))
}

fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<PolicyDocument>> {
    let one = |path: &PathBuf| {
        PolicyDocument::parse(&read_text(path)?).with_context(|| format!("`{}`", terminal(&shown(path))))
    };
    paths.iter().map(one).collect()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A request in words: action, resource, condition keys.
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
    text
}
