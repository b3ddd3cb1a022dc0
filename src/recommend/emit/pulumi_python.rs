//! Pulumi programs in Python.

use super::PrincipalChange;
use super::literal::{self, PYTHON};
use super::pulumi::{Fields, Item, Resource, Value, program};
use crate::escape::quoted;
use std::fmt::Write as _;

const HEADER: &str = "\
# Made by trailtrim: policies without what their principals did not use.
# Read it, move it into your program, and read the preview: nothing but these policies may change.

import json

import pulumi
import pulumi_aws as aws
";

/// All changes as one program.
pub fn emit(changes: &[PrincipalChange<'_>]) -> String {
    let mut out = HEADER.to_owned();
    let mut after_comment = false;
    for item in program(changes) {
        let is_comment = matches!(item, Item::Comment(_));
        if !after_comment && !matches!(item, Item::Export(..)) {
            out.push('\n');
        }
        after_comment = is_comment;
        match item {
            Item::Comment(text) => {
                let _ = writeln!(out, "# {text}");
            }
            Item::Resource(one) => resource(&mut out, &one),
            Item::Lookup(variable, function, arguments) => {
                let _ = writeln!(out, "{variable} = aws.{function}({})", call(&arguments, None, 0));
            }
            Item::Export(name, variable, property) => {
                let _ = writeln!(out, "pulumi.export({}, {variable}.{property})", quoted(&name));
            }
        }
    }
    out
}

fn resource(out: &mut String, one: &Resource) {
    let names = |list: &mut dyn Iterator<Item = String>| list.collect::<Vec<_>>().join(", ");
    // Deleting the stack must take nothing from anybody.
    let mut options = vec!["retain_on_delete=True".to_owned()];
    if !one.ignore.is_empty() {
        let list = names(&mut one.ignore.iter().map(|name| quoted(name)));
        options.push(format!("ignore_changes=[{list}]"));
    }
    if !one.after.is_empty() {
        options.push(format!("depends_on=[{}]", names(&mut one.after.iter().cloned())));
    }
    let options = format!("opts=pulumi.ResourceOptions({})", options.join(", "));
    let arguments = call(&one.fields, Some((&quoted(&one.variable), &options)), 0);
    let _ = writeln!(out, "{} = aws.{}({arguments})", one.variable, one.class);
}

/// Arguments between the parentheses of a call; `ends` stand before and behind the named ones.
fn call(fields: &Fields, ends: Option<(&str, &str)>, indent: usize) -> String {
    let inner = indent + 4;
    let mut arguments: Vec<String> =
        fields.iter().map(|(name, one)| format!("{name}={}", value(one, inner))).collect();
    if let Some((first, last)) = ends {
        arguments.insert(0, first.to_owned());
        arguments.push(last.to_owned());
    }
    lines(&arguments, indent)
}

fn lines(parts: &[String], indent: usize) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let blanks = " ".repeat(indent + 4);
    let mut out = String::from("\n");
    for part in parts {
        let _ = writeln!(out, "{blanks}{part},");
    }
    out + &" ".repeat(indent)
}

fn value(one: &Value, indent: usize) -> String {
    let inner = indent + 4;
    match one {
        Value::Text(text) => quoted(text),
        Value::Of(variable, property) => format!("{variable}.{property}"),
        Value::FirstOf(variable, property) => format!("{variable}.{property}[0]"),
        Value::List(values) => {
            if let [Value::Text(only)] = values.as_slice() {
                return format!("[{}]", quoted(only));
            }
            let values: Vec<String> = values.iter().map(|one| value(one, inner)).collect();
            format!("[{}]", lines(&values, indent))
        }
        Value::Json(json) => format!("json.dumps({})", literal::literal(json, PYTHON, indent)),
        Value::Map(members) => {
            let members = members.iter().map(|(key, one)| format!("{}: {}", quoted(key), value(one, inner)));
            format!("{{{}}}", lines(&members.collect::<Vec<_>>(), indent))
        }
        Value::Input(class, fields) => format!("aws.{class}({})", call(fields, None, indent)),
    }
}
