//! Pulumi programs in TypeScript.

use super::PrincipalChange;
use super::literal::{self, JSON};
use super::names::camel;
use super::pulumi::{Fields, Item, Resource, Value, program};
use crate::escape::quoted;
use std::fmt::Write as _;

const HEADER: &str = "\
// Made by trailtrim: policies without what their principals did not use.
// Read it, move it into your program, and read the preview: nothing but these policies may change.

import * as aws from \"@pulumi/aws\";
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
                let _ = writeln!(out, "// {text}");
            }
            Item::Resource(one) => resource(&mut out, &one),
            Item::Lookup(variable, function, arguments) => {
                let (module, name) = function.split_once('.').unwrap_or(("", function));
                let arguments = if arguments.is_empty() { String::new() } else { object(&arguments, 0) };
                let _ = writeln!(
                    out,
                    "const {} = aws.{module}.{}Output({arguments});",
                    camel(&variable),
                    camel(name)
                );
            }
            Item::Export(name, variable, property) => {
                let _ = writeln!(
                    out,
                    "export const {} = {}.{};",
                    camel(&name),
                    camel(&variable),
                    camel(property)
                );
            }
        }
    }
    out
}

fn resource(out: &mut String, one: &Resource) {
    let variable = camel(&one.variable);
    // Deleting the stack must take nothing from anybody.
    let mut options = vec!["retainOnDelete: true".to_owned()];
    if !one.ignore.is_empty() {
        let list: Vec<String> = one.ignore.iter().map(|name| quoted(&camel(name))).collect();
        options.push(format!("ignoreChanges: [{}]", list.join(", ")));
    }
    if !one.after.is_empty() {
        let list: Vec<String> = one.after.iter().map(|name| camel(name)).collect();
        options.push(format!("dependsOn: [{}]", list.join(", ")));
    }
    let _ = writeln!(
        out,
        "const {variable} = new aws.{}({}, {}, {{ {} }});",
        one.class,
        quoted(&one.variable),
        object(&one.fields, 0),
        options.join(", ")
    );
}

fn object(fields: &Fields, indent: usize) -> String {
    let inner = indent + 2;
    let members = fields.iter().map(|(name, one)| format!("{}: {}", camel(name), value(one, inner)));
    format!("{{{}}}", lines(&members.collect::<Vec<_>>(), indent))
}

fn lines(parts: &[String], indent: usize) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let blanks = " ".repeat(indent + 2);
    let mut out = String::from("\n");
    for part in parts {
        let _ = writeln!(out, "{blanks}{part},");
    }
    out + &" ".repeat(indent)
}

fn value(one: &Value, indent: usize) -> String {
    let inner = indent + 2;
    match one {
        Value::Text(text) => quoted(text),
        Value::Of(variable, property) => format!("{}.{}", camel(variable), camel(property)),
        Value::FirstOf(variable, property) => format!("{}.{}[0]", camel(variable), camel(property)),
        Value::List(values) => {
            if let [Value::Text(only)] = values.as_slice() {
                return format!("[{}]", quoted(only));
            }
            let values: Vec<String> = values.iter().map(|one| value(one, inner)).collect();
            format!("[{}]", lines(&values, indent))
        }
        Value::Json(json) => format!("JSON.stringify({})", literal::literal(json, JSON, indent)),
        Value::Map(members) => {
            let members = members.iter().map(|(key, one)| format!("{}: {}", quoted(key), value(one, inner)));
            format!("{{{}}}", lines(&members.collect::<Vec<_>>(), indent))
        }
        Value::Input(_, fields) => object(fields, indent),
    }
}
