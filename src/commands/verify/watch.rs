//! After a rollout: was anything refused that the policy allowed before it was trimmed? If so, the exact
//! statement that gives it back.

use super::recheck::Opened;
use super::shown;
use crate::cli::{LogArgs, Moment, VerifyArgs};
use crate::commands::read_logs::{self, Logs};
use crate::commands::review::note_problems;
use crate::commands::{Settings, note};
use crate::iam::condition::Context;
use crate::iam::contain::{Containment, contain};
use crate::iam::evaluate::{Decision, Request, evaluate_identity, statement_applies};
use crate::iam::policy::Matcher;
use crate::iam::{Action, Effect, PolicyDocument, Statement, quota};
use crate::report::checks::{Checks, Rule};
use crate::report::escape::terminal;
use crate::trail::outcome::Outcome;
use crate::usage::{Basis, PrincipalUsage, Stats};
use anyhow::{Context as _, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Kinds of policies in denial messages that a trimmed identity policy cannot be behind.
const OTHER_LAYERS: [&str; 6] = [
    "service control policy",
    "resource control policy",
    "permissions boundary",
    "session policy",
    "VPC endpoint policy",
    "role trust policy",
];

/// What was found, and whether all input could be read.
pub(super) fn run(args: &VerifyArgs, settings: &Settings) -> anyhow::Result<(Checks, bool)> {
    if args.files.is_empty() && args.read.ledger.is_none() {
        bail!("no logs to look at\nhint: trailtrim verify LOGS --certificate FILE --since TIME");
    }
    let opened: Vec<Opened> =
        args.certificate.iter().map(|path| Opened::read(path)).collect::<anyhow::Result<_>>()?;
    let since = args.since.map(|since| since.resolve(settings.now));
    let mut read = args.read.clone();
    read.from = since.map(Moment::At);
    let logs = LogArgs { paths: args.files.clone(), read };
    let (logs, _) = read_logs::read_given(&logs, false, settings)?;
    note_problems(&logs.problems, settings);
    if logs.coverage.counts.events_distinct == 0 {
        note(settings, "the logs hold no event since then: nothing is known about the rollout");
        return Ok((Checks::default(), false));
    }
    let mut checks = Checks::default();
    for one in &opened {
        look_at(&mut checks, one, &logs, args)?;
    }
    Ok((checks, logs.problems.is_empty()))
}

/// A refused call: an action and, where it is known, a resource.
type Refused = BTreeMap<(String, Option<String>), Stats>;

fn look_at(checks: &mut Checks, one: &Opened, logs: &Logs, args: &VerifyArgs) -> anyhow::Result<()> {
    let holder = &one.certificate.principal;
    let mut refused = Refused::new();
    let mut events = 0;
    for (key, usage) in &logs.usage.principals {
        if key.id == holder.id || usage.arns.contains(&holder.arn) {
            events += usage.events.count;
            collect(usage, &mut refused);
        }
    }
    let context = context(&holder.arn);
    let mut lost: Vec<(&(String, Option<String>), &Stats)> = Vec::new();
    for (call, stats) in &refused {
        if was_lost(one, &context, call) {
            lost.push((call, stats));
        }
    }
    if lost.is_empty() {
        checks.pass(format!(
            "{}: {events} events since, {} kinds of refused calls, none that the old policy allowed",
            one.subject(),
            refused.len()
        ));
        return Ok(());
    }
    for ((action, resource), stats) in &lost {
        let on = resource.as_deref().unwrap_or("a resource that the log does not name");
        let latest = stats.span.map(|(_, time)| format!(", last {time}")).unwrap_or_default();
        let event = stats.evidence.first().map(|(_, id)| format!(", event {id}")).unwrap_or_default();
        checks.add(
            Rule::RefusedSinceTrim,
            shown(&one.path),
            format!("{}: {action} on {on}: refused {} times{latest}{event}", one.subject(), stats.count),
        );
    }
    let actions: BTreeSet<&str> = lost.iter().map(|((action, _), _)| action.as_str()).collect();
    restore(checks, one, &actions, args)
}

/// The refused calls of a principal, by the action that was missing: the one that the message names, else
/// those that the operation needs.
fn collect(usage: &PrincipalUsage, refused: &mut Refused) {
    let mut unnamed: BTreeSet<&(String, String)> = BTreeSet::new();
    for (key, stats) in &usage.denials {
        if key.action.is_empty() {
            unnamed.insert(&key.event);
        } else if !OTHER_LAYERS.contains(&key.policy_type.as_str()) {
            let resource = Some(key.resource.clone()).filter(|resource| resource.starts_with("arn:"));
            refused.entry((key.action.clone(), resource)).or_default().merge(stats);
        }
    }
    let rows = usage.calls_with(Outcome::Denied).filter(|(call, _)| unnamed.contains(&call.event));
    for (call, resources) in rows.filter(|(call, _)| call.basis != Basis::Secondary) {
        for (resource, stats) in resources {
            let name = resource.name().map(|name| name.arn.clone());
            refused.entry((call.action.0.to_string(), name)).or_default().merge(stats);
        }
    }
}

fn context(arn: &str) -> Context {
    let mut context = Context::open();
    context.set("aws:PrincipalArn", arn);
    context
}

/// Did the old policy allow, perhaps under a condition, what the new ones do not?
fn was_lost(one: &Opened, context: &Context, (action, resource): &(String, Option<String>)) -> bool {
    let Ok(action) = Action::parse(action) else { return false };
    let new: Vec<&PolicyDocument> = one.new.iter().collect();
    let decide = |policies: &[&PolicyDocument], resource: &str| {
        let request = Request {
            principal: &one.certificate.principal.arn,
            action: &action,
            resource,
            resource_account: None,
            context,
        };
        evaluate_identity(&request, policies).decision
    };
    match resource {
        Some(resource) => {
            matches!(decide(&[&one.old], resource), Decision::Allowed | Decision::Depends(_))
                && matches!(decide(&new, resource), Decision::ImplicitlyDenied)
        }
        // Without a resource, an action that is gone altogether is the only thing to be sure about.
        None => names(&[&one.old], &action) && !names(&new, &action),
    }
}

/// Does any Allow statement name the action?
fn names(policies: &[&PolicyDocument], action: &Action) -> bool {
    policies.iter().flat_map(|policy| &policy.statements).any(|statement| allows(statement, action))
}

/// Does the statement allow the action on some resource, under some condition?
fn allows(statement: &Statement, action: &Action) -> bool {
    let bare = Statement { resource: None, condition: Vec::new(), ..statement.clone() };
    let context = Context::open();
    let request = Request { principal: "", action, resource: "*", resource_account: None, context: &context };
    statement.effect == Effect::Allow && !statement_applies(&request, &bare, None).is_false()
}

/// The new policy with the lost actions given back as the old statements had them, proved to be no more
/// than the old policy; printed, and written when the user named a folder.
fn restore(
    checks: &mut Checks,
    one: &Opened,
    actions: &BTreeSet<&str>,
    args: &VerifyArgs,
) -> anyhow::Result<()> {
    let statements = given_back(&one.old, actions);
    let (mut patched, others) = match one.new.split_first() {
        Some((first, others)) => (first.clone(), others),
        None => (PolicyDocument { statements: Vec::new(), ..one.old.clone() }, &[][..]),
    };
    patched.single = false;
    patched.statements.extend(statements.iter().cloned());
    let together: Vec<&PolicyDocument> = [&patched].into_iter().chain(others).collect();
    let name = one.certificate.new.first().map_or(&one.certificate.policy.name, |new| &new.name);
    let Containment::Proved { .. } = contain(&together, &[&one.old]) else {
        let _ = writeln!(
            checks.appendix,
            "\nthe patch of {} could not be proved to stay within the old policy: restore that one",
            terminal(name)
        );
        return Ok(());
    };
    let _ = writeln!(checks.appendix, "\nadd to {} (proved to stay within the old policy):", terminal(name));
    for statement in &statements {
        let text = serde_json_text(statement);
        let _ = writeln!(checks.appendix, "{text}");
    }
    let size = quota::size(&patched).bytes;
    if size > one.certificate.quota.limit_chars {
        let _ = writeln!(checks.appendix, "with it the policy has {size} characters: over the quota");
    }
    if let Some(folder) = &args.output {
        write(folder, name, &patched)?;
    }
    Ok(())
}

/// The old statements that allow any of the actions, each with just these.
fn given_back(old: &PolicyDocument, actions: &BTreeSet<&str>) -> Vec<Statement> {
    let mut statements = Vec::new();
    for statement in &old.statements {
        let own: Vec<String> = actions
            .iter()
            .filter(|name| Action::parse(name).is_ok_and(|action| allows(statement, &action)))
            .map(|name| (*name).to_owned())
            .collect();
        if !own.is_empty() {
            let sid = format!("Restored{}", statements.len() + 1);
            statements.push(Statement {
                sid: Some(sid),
                action: Some(Matcher::of(own)),
                ..statement.clone()
            });
        }
    }
    statements
}

/// A statement as text for the terminal: JSON has no control characters of its own.
fn serde_json_text(statement: &Statement) -> String {
    let document = PolicyDocument {
        version: None,
        id: None,
        statements: vec![statement.clone()],
        single: true,
        unknown: Vec::new(),
    };
    let text = document.to_pretty();
    text.lines().map(terminal).collect::<Vec<_>>().join("\n")
}

#[expect(clippy::disallowed_methods, reason = "the rim writes where the user says")]
fn write(folder: &std::path::Path, name: &str, policy: &PolicyDocument) -> anyhow::Result<()> {
    let path = folder.join(format!("{}.json", crate::report::escape::file_name(name)));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, policy.to_pretty()))
        .with_context(|| format!("cannot write `{}`", terminal(&shown(&path))))
}
