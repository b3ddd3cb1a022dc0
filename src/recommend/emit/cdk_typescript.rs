//! A stack of the AWS CDK in TypeScript: resources of the first level, because the roles exist and are not
//! the stack's, with documents of the class `iam.PolicyDocument`.

use super::builder;
use super::cloudformation::{remarks, template_value};
use super::literal::{self, JSON};
use super::names::{Names, pascal};
use super::{PolicyChange, PrincipalChange, policy_path};
use crate::escape::{quoted, terminal};
use crate::iam::json::Json;
use crate::iam::policy::Matcher;
use crate::iam::{Effect, PolicyDocument, Statement};
use crate::recommend::Step;
use std::fmt::Write as _;

const HEADER: &str = "\
// Made by trailtrim: policies without what their principals did not use.
// Policies are retained when the stack is deleted, so that deleting it takes nothing from anybody.

import * as cdk from \"aws-cdk-lib\";
import * as iam from \"aws-cdk-lib/aws-iam\";
import { Construct } from \"constructs\";

";

/// All changes as one stack, `TrimmedPolicies`.
pub fn emit(changes: &[PrincipalChange<'_>]) -> String {
    let mut out = HEADER.to_owned();
    let mut body = String::new();
    let mut names = Names::default();
    for change in changes {
        let _ = writeln!(out, "// {}", terminal(&format!("{} ({})", change.title(), change.principal.arn)));
        for line in remarks(change) {
            let _ = writeln!(out, "//   {line}");
        }
        if change.is_permission_set() {
            continue;
        }
        for policy in &change.policies {
            for new in &policy.documents {
                let id = names.unique(&pascal(&change.new_title(new)));
                resource(&mut body, change, policy, (&id, &new.name, &new.document));
            }
        }
    }
    let _ = write!(
        out,
        "export class TrimmedPolicies extends cdk.Stack {{
  constructor(scope: Construct, id: string, props?: cdk.StackProps) {{
    super(scope, id, props);
{body}  }}
}}
"
    );
    out
}

fn resource(
    out: &mut String,
    change: &PrincipalChange<'_>,
    policy: &PolicyChange<'_>,
    (id, name, document): (&str, &str, &PolicyDocument),
) {
    let kind = change.kind();
    let who = quoted(&change.principal.name);
    let mut fields: Vec<String> = Vec::new();
    let class = if policy.step == Step::PutInline {
        fields.push(format!("{kind}Name: {who},"));
        fields.push(format!("policyName: {},", quoted(name)));
        format!("Cfn{}Policy", pascal(kind))
    } else {
        fields.push(format!("managedPolicyName: {},", quoted(name)));
        if policy.step == Step::NewVersion {
            // Its holders are not listed, so the stack leaves them alone.
            fields.push(format!("path: {},", quoted(policy_path(policy.arn()))));
        } else {
            fields.push(format!("{kind}s: [{who}],"));
        }
        "CfnManagedPolicy".to_owned()
    };
    let variable = format!("{}Policy", lower_first(id));
    let mut override_text = None;
    if let Some(why) = builder::cdk_obstacle(document) {
        fields.push(format!("// Not of the class PolicyDocument: {}", terminal(why)));
        let json = match opaque(document) {
            // The resource wants an object; the override below is the document.
            Json::String(text) => {
                override_text = Some(text);
                "{}".to_owned()
            }
            json => literal::literal(&json, JSON, 6),
        };
        fields.push(format!("policyDocument: {json},"));
    } else {
        fields.push(format!("policyDocument: {},", policy_document(document)));
    }
    let _ = writeln!(out, "\n    const {variable} = new iam.{class}(this, {}, {{", quoted(id));
    for field in fields {
        let _ = writeln!(out, "      {field}");
    }
    out.push_str("    });\n");
    if let Some(text) = override_text {
        let _ = writeln!(out, "    {variable}.addPropertyOverride(\"PolicyDocument\", {});", quoted(&text));
    }
    let _ = writeln!(out, "    {variable}.applyRemovalPolicy(cdk.RemovalPolicy.RETAIN);");
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// The document as a value that neither the CDK nor `CloudFormation` reads more into.
fn opaque(document: &PolicyDocument) -> Json {
    let value = template_value(document);
    let text = match &value {
        Json::String(text) => text.clone(),
        other => literal::compact(other),
    };
    if text.contains("Token[") { Json::String(text.replace("Token[", "Token\\u005b")) } else { value }
}

fn policy_document(document: &PolicyDocument) -> String {
    let mut out = String::from("new iam.PolicyDocument({\n        statements: [\n");
    for one in &document.statements {
        statement(&mut out, one);
    }
    out + "        ],\n      })"
}

fn statement(out: &mut String, one: &Statement) {
    out.push_str("          new iam.PolicyStatement({\n");
    if let Some(sid) = one.sid.as_deref().filter(|sid| !sid.is_empty()) {
        let _ = writeln!(out, "            sid: {},", quoted(sid));
    }
    let effect = if one.effect == Effect::Allow { "ALLOW" } else { "DENY" };
    let _ = writeln!(out, "            effect: iam.Effect.{effect},");
    let mut list = |matcher: Option<&Matcher>, plain: &str, negated: &str| {
        let Some(matcher) = matcher else { return };
        let name = if matcher.negated { negated } else { plain };
        let values = matcher.patterns.values.iter().cloned().map(Json::String).collect();
        let _ = writeln!(out, "            {name}: {},", literal::literal(&Json::Array(values), JSON, 12));
    };
    list(one.action.as_ref(), "actions", "notActions");
    list(one.resource.as_ref(), "resources", "notResources");
    if let Json::Object(members) = one.to_json()
        && let Some((_, condition)) = members.iter().find(|(key, _)| key == "Condition")
    {
        let _ = writeln!(out, "            conditions: {},", literal::literal(condition, JSON, 12));
    }
    out.push_str("          }),\n");
}
