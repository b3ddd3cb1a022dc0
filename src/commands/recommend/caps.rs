//! Caps instead of trimmed policies: permissions boundaries and policies of VPC endpoints, as documents or as
//! scripts of the aws CLI.

use crate::cli::EmitFormat;
use crate::commands::judge::Judge;
use crate::commands::{Settings, note};
use crate::escape::{file_name, shell, terminal};
use crate::grants::GrantedPrincipal;
use crate::iam::PolicyDocument;
use crate::iam::json::Json;
use crate::recommend::boundary::{Boundary, boundary};
use crate::recommend::emit::{File, literal};
use crate::recommend::vpc_endpoint::{EndpointPolicy, endpoint_policies};
use crate::sha256::Sha256;
use anyhow::bail;
use std::fmt::Write as _;

/// The longest name of a managed policy (IAM API reference, `CreatePolicy`).
const POLICY_NAME_CHARS_MAX: usize = 128;

/// One cap, ready to be shown.
pub(super) struct Cap {
    /// What it caps: a principal's ARN, an endpoint's id.
    subject: String,
    /// The name of the policy; an endpoint's policy has none.
    name: Option<String>,
    document: Json,
    stem: String,
    apply: String,
    rollback: String,
}

/// A boundary for each principal of which something would be removed.
pub(super) fn boundaries(judge: &Judge, settings: &Settings) -> Vec<Cap> {
    let all = judge.each(|review, recommendations, may_recommend| {
        (may_recommend && !recommendations.is_empty()).then(|| boundary(review, &recommendations))
    });
    let mut caps = Vec::new();
    for (principal, answer) in judge.snapshot.principals.iter().zip(all) {
        match answer {
            Some(Ok(one)) => {
                let sentence = format!(
                    "{}: {} distinct calls allowed by the boundary, {} undecided, {} with an unknown resource",
                    principal.name, one.allowed, one.undecided, one.unknown_resource
                );
                note(settings, &terminal(&sentence));
                caps.push(boundary_cap(principal, &one));
            }
            Some(Err(why)) => note(settings, &terminal(&format!("{}: no boundary: {why}", principal.name))),
            None => {}
        }
    }
    caps
}

fn boundary_cap(principal: &GrantedPrincipal, one: &Boundary) -> Cap {
    let kind = principal.kind.as_str();
    let who = format!("--{kind}-name {}", shell(&principal.name));
    // The name holds the content, so that a policy of this name is this policy.
    let hash = Sha256::of(one.document.to_compact().as_bytes()).to_string();
    let end = format!("-boundary-{}", hash.chars().take(8).collect::<String>());
    let name: String =
        principal.name.chars().take(POLICY_NAME_CHARS_MAX - end.len()).collect::<String>() + &end;
    let parts = principal.arn.parts();
    let arn = shell(&format!("arn:{}:iam::{}:policy/{name}", parts.partition, parts.account));
    let there = format!("aws iam get-policy --policy-arn {arn} >/dev/null 2>&1");
    let apply = format!(
        "{there} ||\n  aws iam create-policy --policy-name {} --policy-document {}\naws iam put-{kind}-permissions-boundary {who} --permissions-boundary {arn}\n",
        shell(&name),
        word(&one.document)
    );
    let mut rollback = match &principal.boundary {
        Some(old) => format!(
            "aws iam put-{kind}-permissions-boundary {who} --permissions-boundary {}\n",
            shell(&old.arn)
        ),
        None => format!("aws iam delete-{kind}-permissions-boundary {who}\n"),
    };
    let _ = write!(rollback, "if {there}; then\n  aws iam delete-policy --policy-arn {arn}\nfi\n");
    Cap {
        subject: principal.arn.to_string(),
        name: Some(name),
        document: one.document.to_json(),
        stem: format!("{}/{kind}-{}-boundary", file_name(parts.account), file_name(&principal.name)),
        apply,
        rollback,
    }
}

/// A policy for each VPC endpoint in the logs.
pub(super) fn endpoints(judge: &Judge, settings: &Settings) -> Vec<Cap> {
    let mut caps = Vec::new();
    for answer in endpoint_policies(&judge.logs.usage) {
        match answer {
            Ok(one) => {
                note(settings, &terminal(&format!("{}: {} calls seen", one.endpoint, one.calls)));
                caps.push(endpoint_cap(&one));
            }
            Err((endpoint, why)) => note(settings, &terminal(&format!("{endpoint}: no policy: {why}"))),
        }
    }
    caps
}

fn endpoint_cap(one: &EndpointPolicy) -> Cap {
    let which = format!("--region {} --vpc-endpoint-id {}", shell(&one.region), shell(&one.endpoint));
    Cap {
        subject: one.endpoint.clone(),
        name: None,
        document: one.document.to_json(),
        stem: file_name(&one.endpoint),
        apply: format!("aws ec2 modify-vpc-endpoint {which} --policy-document {}\n", word(&one.document)),
        rollback: format!(
            "# The endpoint's present policy is not in the snapshot: save it with describe-vpc-endpoints\n# before the change. This restores the default, which allows everything.\naws ec2 modify-vpc-endpoint {which} --reset-policy\n"
        ),
    }
}

fn word(document: &PolicyDocument) -> String {
    shell(&document.to_compact())
}

fn json(cap: &Cap) -> Json {
    let text = |value: &str| Json::String(value.to_owned());
    let mut members = vec![("subject".to_owned(), text(&cap.subject))];
    members.extend(cap.name.iter().map(|name| ("name".to_owned(), text(name))));
    members.push(("document".to_owned(), cap.document.clone()));
    Json::Object(members)
}

/// The caps as one text.
pub(super) fn text(format: EmitFormat, caps: &[Cap]) -> anyhow::Result<String> {
    let script = |part: fn(&Cap) -> &str| {
        let mut out = String::from("#!/bin/sh\nset -eu\n");
        for cap in caps {
            let _ = write!(out, "\n# {}\n{}", terminal(&cap.subject), part(cap));
        }
        out
    };
    match format {
        EmitFormat::Json => Ok(literal::pretty(&Json::Array(caps.iter().map(json).collect())) + "\n"),
        EmitFormat::AwsCli => Ok(script(|cap| &cap.apply)),
        EmitFormat::AwsCliRollback => Ok(script(|cap| &cap.rollback)),
        _ => bail!("boundaries and endpoint policies have the forms json, aws-cli and aws-cli-rollback"),
    }
}

/// The caps as files, a few for each.
pub(super) fn files(format: EmitFormat, caps: &[Cap]) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for cap in caps {
        let one = std::slice::from_ref(cap);
        let mut file = |format, end: &str| -> anyhow::Result<()> {
            files.push(File { path: format!("{}{end}", cap.stem), text: text(format, one)? });
            Ok(())
        };
        match format {
            EmitFormat::AwsCli => {
                file(EmitFormat::AwsCli, ".apply.sh")?;
                file(EmitFormat::AwsCliRollback, ".rollback.sh")?;
            }
            EmitFormat::AwsCliRollback => file(format, ".rollback.sh")?,
            _ => {
                text(format, one)?;
                let pretty = literal::pretty(&cap.document) + "\n";
                files.push(File { path: format!("{}.json", cap.stem), text: pretty });
            }
        }
    }
    Ok(files)
}
