//! A proposed policy of a role: would every call that the role made still be allowed, and nothing more?

use super::{containment, read, shown, validity};
use crate::cli::{JudgeArgs, LogArgs, VerifyArgs};
use crate::commands::judge::Judge;
use crate::commands::review::note_problems;
use crate::commands::{Settings, note};
use crate::drift::PrincipalReview;
use crate::grants::{AttachedPolicy, GrantedPrincipal, PolicySource};
use crate::iam::PolicyDocument;
use crate::recommend::ReplayCounts;
use crate::recommend::selfcheck::replay;
use crate::report::checks::{Checks, Rule};
use crate::report::escape::terminal;
use anyhow::{Context as _, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Resources shown for one action whose calls would be refused.
const RESOURCES_SHOWN_MAX: usize = 3;

/// The word of `--replaces` that means every policy of the role.
const ALL: &str = "all";

/// What was found, and whether all input could be read.
pub(super) fn run(args: &VerifyArgs, settings: &Settings) -> anyhow::Result<(Checks, bool)> {
    let Some((policy, logs)) = args.files.split_first().filter(|(_, logs)| !logs.is_empty()) else {
        bail!(
            "a policy and logs are needed\nhint: trailtrim verify POLICY.json LOGS --role ROLE --grants FILE"
        );
    };
    let files: Vec<PathBuf> = [policy].into_iter().chain(&args.with).cloned().collect();
    let new = read(&files)?;
    let mut checks = Checks::default();
    for (path, document) in files.iter().zip(&new) {
        validity(&mut checks, path, document);
    }
    let role = args.role.as_deref().unwrap_or_default();
    let judge = judge(args, logs, vec![role.to_owned()], settings)?;
    let [principal] = judge.snapshot.principals.as_slice() else {
        let names: Vec<String> =
            judge.snapshot.principals.iter().map(|one| terminal(one.arn.as_str())).collect();
        bail!("`{}` fits more than one: {}\nhint: use an ARN", terminal(role), names.join(", "));
    };
    let replaced = replaced(args, principal, policy)?;
    let old: Vec<&PolicyDocument> =
        replaced.iter().filter_map(|index| principal.policies.get(*index)?.document.as_deref()).collect();
    containment(&mut checks, &shown(policy), &new.iter().collect::<Vec<_>>(), &old);
    for counts in judge.each(|review, _, _| replayed(review, &replaced, &new)) {
        add_replay(&mut checks, &shown(policy), &counts);
    }
    Ok((checks, judge.logs.problems.is_empty()))
}

/// The logs and the roles, without any judgement about what is unused.
pub(super) fn judge(
    args: &VerifyArgs,
    logs: &[PathBuf],
    roles: Vec<String>,
    settings: &Settings,
) -> anyhow::Result<Judge> {
    let logs = LogArgs { paths: logs.to_vec(), read: args.read.clone() };
    let judge = Judge::read(&JudgeArgs::for_replay(logs, args.grants.clone(), roles), settings)?;
    note_problems(&judge.logs.problems, settings);
    if judge.logs.coverage.counts.events_distinct == 0 {
        note(settings, "the logs hold no event of the chosen time: nothing was replayed");
    }
    Ok(judge)
}

/// Replays the calls of a judged principal with `new` in place of the policies `replaced`.
pub(super) fn replayed(
    review: &PrincipalReview<'_>,
    replaced: &[usize],
    new: &[PolicyDocument],
) -> ReplayCounts {
    replay(review, |index| match replaced.iter().position(|one| *one == index) {
        Some(0) => Some(new),
        Some(_) => Some(&[]),
        None => None,
    })
}

/// Says how the replay ended.
pub(super) fn add_replay(checks: &mut Checks, file: &str, counts: &ReplayCounts) {
    let mut sentence = format!("replay: {} distinct calls allowed as before", counts.allowed);
    for (count, what) in [
        (counts.undecided, "undecided"),
        (counts.unknown_resource, "with an unknown resource"),
        (counts.unexplained, "that the role's policies never allowed"),
    ] {
        if count > 0 {
            let _ = write!(sentence, ", {count} {what}");
        }
    }
    checks.pass(sentence);
    for (action, resources) in by_action(&counts.broken) {
        let more = resources.len().saturating_sub(RESOURCES_SHOWN_MAX);
        let mut list = resources.into_iter().take(RESOURCES_SHOWN_MAX).collect::<Vec<_>>().join(", ");
        if more > 0 {
            let _ = write!(list, " and {more} more");
        }
        checks.add(Rule::CallBroken, file, format!("{action}: was made and would be refused, on {list}"));
    }
    for (reason, count) in &counts.undecided_because {
        let calls = if *count == 1 { "call depends" } else { "calls depend" };
        checks.add(
            Rule::CallUndecided,
            file,
            format!("{count} {calls} on {reason}, which the logs do not show"),
        );
    }
}

/// Broken calls, `action on resource`, by action.
fn by_action(broken: &[String]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in broken {
        let (action, resource) = one.split_once(" on ").unwrap_or((one, "*"));
        all.entry(action).or_default().insert(resource);
    }
    all
}

/// Which of the role's policies the new one replaces: those that the user named, the one of the file's
/// name, or the only one.
fn replaced(
    args: &VerifyArgs,
    principal: &GrantedPrincipal,
    file: &std::path::Path,
) -> anyhow::Result<Vec<usize>> {
    let own = |policy: &AttachedPolicy| !matches!(policy.source, PolicySource::Group { .. });
    let candidates: Vec<(usize, &AttachedPolicy)> =
        principal.policies.iter().enumerate().filter(|(_, policy)| own(policy)).collect();
    let named = |wanted: &str| -> Vec<usize> {
        let fits = |policy: &AttachedPolicy| policy.name == wanted || policy.source.arn() == Some(wanted);
        candidates.iter().filter(|(_, policy)| fits(policy)).map(|(index, _)| *index).collect()
    };
    if args.replaces.iter().any(|one| one == ALL) {
        return Ok(candidates.iter().map(|(index, _)| *index).collect());
    }
    if !args.replaces.is_empty() {
        let mut all = Vec::new();
        for wanted in &args.replaces {
            let found = named(wanted);
            if found.is_empty() {
                bail!("the role has no policy `{}`\nhint: {}", terminal(wanted), choices(&candidates));
            }
            all.extend(found);
        }
        return Ok(all);
    }
    if let [(only, _)] = candidates.as_slice() {
        return Ok(vec![*only]);
    }
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let found = stem.map(|stem| named(&stem)).unwrap_or_default();
    if found.len() == 1 {
        return Ok(found);
    }
    Err(anyhow::anyhow!("which policy does it replace?\nhint: {}", choices(&candidates)))
        .context("--replaces")
}

fn choices(candidates: &[(usize, &AttachedPolicy)]) -> String {
    let names: Vec<String> = candidates.iter().map(|(_, policy)| terminal(&policy.name)).collect();
    format!("--replaces with one of: {}; or --replaces {ALL}", names.join(", "))
}
