//! `trailtrim explain`: which statement allows or denies something.

use super::{Outcome, print, select};
use crate::cli::ExplainArgs;
use crate::grants::{GrantedPrincipal, PolicySource, Snapshot};
use crate::iam::condition::Context;
use crate::iam::evaluate::{Decision, Evaluation, Layer, Policies, Request, StatementRef, evaluate};
use crate::iam::{Action, PolicyDocument, Statement};
use crate::report::escape::terminal;
use anyhow::{anyhow, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Runs the command.
pub fn run(args: &ExplainArgs) -> anyhow::Result<Outcome> {
    let snapshot = Snapshot::read(&args.grants)?;
    let found = select::find(&snapshot, &args.principal)?;
    let [principal] = found[..] else {
        let names: Vec<String> = found.iter().map(|one| terminal(one.arn.as_str())).collect();
        bail!("`{}` fits more than one: {}\nhint: use an ARN", terminal(&args.principal), names.join(", "));
    };
    let action = Action::parse(&args.action)?;
    let context = context(args, principal)?;
    // Documents that the snapshot does not hold are named in the output, because they may decide.
    let held: Vec<(&str, &PolicySource, &PolicyDocument)> = principal
        .policies
        .iter()
        .filter_map(|policy| Some((policy.name.as_str(), &policy.source, policy.document.as_deref()?)))
        .collect();
    let identity: Vec<&PolicyDocument> = held.iter().map(|(.., document)| *document).collect();
    let boundary = principal.boundary.as_ref().and_then(|boundary| boundary.document.as_deref());
    let request = Request {
        principal: principal.arn.as_str(),
        action: &action,
        resource: &args.resource,
        resource_account: None,
        context: &context,
    };
    let evaluation = evaluate(&request, &Policies { identity: &identity, boundary, ..Policies::default() });
    let mut out = format!(
        "{}: {} on {} by {}\n",
        word(&evaluation.decision),
        action,
        terminal(&args.resource),
        terminal(principal.arn.as_str())
    );
    for at in &evaluation.deciding {
        let _ = writeln!(out, "  {}", place(*at, &held, principal));
    }
    reasons(&mut out, &evaluation, principal);
    print(&out)?;
    Ok(Outcome::Clean)
}

fn context(args: &ExplainArgs, principal: &GrantedPrincipal) -> anyhow::Result<Context> {
    let mut context = Context::open();
    context.set("aws:PrincipalArn", principal.arn.as_str());
    if let Some(account) = principal.account {
        context.set("aws:PrincipalAccount", account.to_string());
    }
    let mut given: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pair in &args.context {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            anyhow!(
                "`{}` is no condition key with a value\nhint: --context aws:SourceIp=192.0.2.1",
                terminal(pair)
            )
        })?;
        given.entry(key).or_default().push(value);
    }
    for (key, values) in given {
        match values[..] {
            [value] => context.set(key, value),
            _ => context.set_list(key, values),
        };
    }
    for key in &args.absent {
        context.set_absent(key);
    }
    Ok(context)
}

fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::ExplicitlyDenied => "explicitly denied",
        Decision::ImplicitlyDenied => "implicitly denied",
        Decision::Depends(_) => "depends",
    }
}

/// A statement as a person finds it: kind and name of the policy, number and Sid.
fn place(
    at: StatementRef,
    held: &[(&str, &PolicySource, &PolicyDocument)],
    principal: &GrantedPrincipal,
) -> String {
    let boundary = principal.boundary.as_ref();
    let (policy, document) = match (at.layer, held.get(at.policy)) {
        (Layer::Boundary, _) => {
            let arn = boundary.map(|boundary| boundary.arn.as_str()).unwrap_or_default();
            (
                format!("permissions boundary {arn}"),
                boundary.and_then(|boundary| boundary.document.as_deref()),
            )
        }
        (_, Some((name, source, document))) => {
            let kind = match source {
                PolicySource::Inline => "inline policy".to_owned(),
                PolicySource::CustomerManaged { .. } => "customer managed policy".to_owned(),
                PolicySource::AwsManaged { .. } => "AWS managed policy".to_owned(),
                PolicySource::Group { group, .. } => format!("policy of the group {group}:"),
            };
            (format!("{kind} {name}"), Some(*document))
        }
        (_, None) => ("a policy".to_owned(), None),
    };
    let statement: Option<&Statement> = document.and_then(|document| document.statements.get(at.statement));
    let sid = statement.and_then(|statement| statement.sid.as_deref()).filter(|sid| !sid.is_empty());
    let sid = sid.map(|sid| format!(" ({sid})")).unwrap_or_default();
    terminal(&format!("by {policy}, statement {}{sid}", at.statement + 1))
}

/// What the answer depends on, and what it leaves out.
fn reasons(out: &mut String, evaluation: &Evaluation, principal: &GrantedPrincipal) {
    if let Decision::Depends(keys) = &evaluation.decision {
        let _ = writeln!(out, "  on: {}", terminal(&keys.join(", ")));
        let _ = writeln!(out, "  hint: --context KEY=VALUE or --absent KEY settles a key");
    }
    let silent =
        if evaluation.decision == Decision::ImplicitlyDenied { evaluation.silent.as_slice() } else { &[] };
    for layer in silent {
        let what = match layer {
            Layer::Boundary => "the permissions boundary does not allow it",
            _ => "no policy of the principal allows it",
        };
        let _ = writeln!(out, "  because {what}");
    }
    for point in &evaluation.rests_on {
        let _ = writeln!(out, "  rests on a disputed point of the semantics: {point}");
    }
    for policy in principal.policies.iter().filter(|policy| policy.document.is_none()) {
        let _ = writeln!(out, "  not considered: the snapshot does not hold {}", terminal(&policy.name));
    }
    if let Some(boundary) = principal.boundary.as_ref().filter(|boundary| boundary.document.is_none()) {
        let _ = writeln!(
            out,
            "  not considered: the snapshot does not hold the boundary {}",
            terminal(&boundary.arn)
        );
    }
    out.push_str("  not considered: resource policies, SCPs, RCPs, session policies\n");
}
