//! A `CloudFormation` template in YAML. Documents are YAML values, which hold every JSON value exactly.

use super::names::{Names, pascal};
use super::{PolicyChange, PrincipalChange, aws_cli, literal, policy_path};
use crate::escape::{quoted, terminal};
use crate::iam::PolicyDocument;
use crate::iam::json::Json;
use crate::recommend::Step;
use std::fmt::Write as _;

/// All changes as one template.
pub fn emit(changes: &[PrincipalChange<'_>]) -> String {
    let mut head = "\
# Made by trailtrim: policies without what their principals did not use.
# Policies are retained when the stack is deleted, so that deleting it takes nothing from anybody.
"
    .to_owned();
    let mut resources = String::new();
    let mut names = Names::default();
    for change in changes {
        let _ = writeln!(head, "# {}", terminal(&format!("{} ({})", change.title(), change.principal.arn)));
        for line in remarks(change) {
            let _ = writeln!(head, "#   {line}");
        }
        if change.is_permission_set() {
            continue;
        }
        for policy in &change.policies {
            for new in &policy.documents {
                let id = names.unique(&pascal(&change.new_title(new)));
                let (class, properties) = resource(change, policy, &new.name, &new.document);
                let _ = writeln!(
                    resources,
                    "  {id}:\n    Type: AWS::IAM::{class}\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:"
                );
                for (key, value) in &properties {
                    let _ = write!(resources, "      {key}:");
                    yaml(&mut resources, value, 8);
                }
            }
        }
    }
    let resources =
        if resources.is_empty() { "Resources: {}\n".to_owned() } else { format!("Resources:\n{resources}") };
    format!("{head}AWSTemplateFormatVersion: \"2010-09-09\"\n{resources}")
}

/// What the template does not do, and what must come before it; lines for comments.
pub(super) fn remarks(change: &PrincipalChange<'_>) -> Vec<String> {
    let mut lines: Vec<String> =
        change.left_out.iter().map(|why| format!("Left as it is: {}", terminal(why))).collect();
    if change.is_permission_set() {
        lines.push(
            "Not expressed: it belongs to a permission set, and a template must hold all of that, also what the snapshot lacks."
                .to_owned(),
        );
        return lines;
    }
    for policy in &change.policies {
        match policy.step {
            Step::NewVersion => lines.push(format!(
                "Import {} into the stack first (create a change set of type IMPORT), by its ARN {}.",
                policy.title(),
                terminal(policy.arn())
            )),
            Step::DeleteInline | Step::Detach | Step::CreateAndDetach => {
                let last = aws_cli::commands(change, policy, &|_| String::new()).pop();
                lines.push(format!("Not expressed: {}. When the stack is up:", removal(policy)));
                lines.extend(last.map(|command| terminal(&command)));
            }
            Step::PutInline | Step::UpdatePermissionSet => {}
        }
    }
    lines
}

fn removal(policy: &PolicyChange<'_>) -> String {
    let verb = if policy.step == Step::DeleteInline { "delete" } else { "detach" };
    format!("{verb} {}", policy.title())
}

fn resource(
    change: &PrincipalChange<'_>,
    policy: &PolicyChange<'_>,
    name: &str,
    document: &PolicyDocument,
) -> (String, Vec<(String, Json)>) {
    let text = |value: &str| Json::String(value.to_owned());
    let who = text(&change.principal.name);
    let kind = pascal(change.kind());
    let mut properties = Vec::new();
    let mut add = |key: &str, value: Json| properties.push((key.to_owned(), value));
    let class = match policy.step {
        Step::PutInline => {
            add("PolicyName", text(name));
            add(&format!("{kind}Name"), who);
            format!("{kind}Policy")
        }
        Step::NewVersion => {
            add("ManagedPolicyName", text(name));
            // Its holders are not listed, so the stack leaves them alone.
            add("Path", text(policy_path(policy.arn())));
            "ManagedPolicy".to_owned()
        }
        _ => {
            add("ManagedPolicyName", text(name));
            add(&format!("{kind}s"), Json::Array(vec![who]));
            "ManagedPolicy".to_owned()
        }
    };
    add("PolicyDocument", template_value(document));
    (class, properties)
}

/// The document as a value of a template, or as JSON text when the template would read more into it: keys
/// that are functions, and references that are resolved inside of strings.
pub(super) fn template_value(document: &PolicyDocument) -> Json {
    let json = document.to_json();
    if !reads_more_into(&json) && !literal::compact(&json).contains("{{resolve:") {
        return json;
    }
    let text = literal::compact(&json).replace("{{resolve:", "{\\u007bresolve:");
    Json::String(text)
}

fn reads_more_into(json: &Json) -> bool {
    match json {
        Json::Array(values) => values.iter().any(reads_more_into),
        Json::Object(members) => members
            .iter()
            .any(|(key, value)| key == "Ref" || key.starts_with("Fn::") || reads_more_into(value)),
        _ => false,
    }
}

/// A value behind `key:` or `-`; the cursor stands behind that, and is at the start of a line afterwards.
fn yaml(out: &mut String, json: &Json, indent: usize) {
    let blanks = " ".repeat(indent);
    match json {
        Json::Array(values) if !values.is_empty() => {
            out.push('\n');
            for value in values {
                let _ = write!(out, "{blanks}-");
                yaml_item(out, value, indent + 2);
            }
        }
        Json::Object(members) if !members.is_empty() => {
            out.push('\n');
            for (key, value) in members {
                let _ = write!(out, "{blanks}{}:", scalar(key));
                yaml(out, value, indent + 2);
            }
        }
        other => {
            let _ = writeln!(out, " {}", plain_value(other));
        }
    }
}

/// An element of a list; the first member of an object stands beside the dash.
fn yaml_item(out: &mut String, json: &Json, indent: usize) {
    match json {
        Json::Object(members) if !members.is_empty() => {
            for (index, (key, value)) in members.iter().enumerate() {
                let blanks = if index == 0 { " ".to_owned() } else { " ".repeat(indent) };
                let _ = write!(out, "{blanks}{}:", scalar(key));
                yaml(out, value, indent + 2);
            }
        }
        other => yaml(out, other, indent),
    }
}

fn plain_value(json: &Json) -> String {
    match json {
        Json::String(text) => scalar(text),
        other => literal::compact(other),
    }
}

/// A string: bare when every YAML reader takes it for one, else in quotes.
fn scalar(text: &str) -> String {
    const OTHER_MEANING: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let bare = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || ":/._*-".contains(letter))
        && !text.ends_with(':')
        && !OTHER_MEANING.contains(&text.to_ascii_lowercase().as_str());
    if bare { text.to_owned() } else { quoted(text) }
}
