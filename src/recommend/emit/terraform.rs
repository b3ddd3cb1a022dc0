//! HCL for Terraform and `OpenTofu`: the documents as `aws_iam_policy_document`, the policies as resources, and
//! `import` blocks for those that exist.

use super::builder::{self, Block};
use super::names::{Names, snake};
use super::{NewPolicy, PolicyChange, PrincipalChange, literal, permission_set, policy_path};
use crate::escape::{quoted, terminal};
use crate::grants::PolicySource;
use crate::iam::PolicyDocument;
use crate::recommend::Step;
use std::fmt::Write as _;

/// What every file starts with.
const HEADER: &str = "\
# Made by trailtrim: policies without what their principals did not use.
# Read it, move it into your configuration, and read the plan: nothing but these policies may change.
# `import` needs Terraform 1.5 or newer.
";

/// All changes as one configuration.
pub fn emit(changes: &[PrincipalChange<'_>]) -> String {
    let mut out = HEADER.to_owned();
    let mut names = Names::default();
    for change in changes {
        let _ = writeln!(out, "\n# {}", terminal(&format!("{} ({})", change.title(), change.principal.arn)));
        for why in &change.left_out {
            let _ = writeln!(out, "# Left as it is: {}", terminal(why));
        }
        if change.is_permission_set() {
            permission_set(&mut out, change, &mut names);
        } else {
            principal(&mut out, change, &mut names);
        }
    }
    out
}

/// A string: a template in which nothing is evaluated.
pub fn string(text: &str) -> String {
    escaped(&quoted(text))
}

fn escaped(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

fn principal(out: &mut String, change: &PrincipalChange<'_>, names: &mut Names) {
    let mut attachments = Vec::new();
    let mut attached: Vec<String> = Vec::new();
    for policy in &change.policies {
        for new in &policy.documents {
            let name = names.unique(&snake(&change.new_title(new)));
            let document = document(out, &name, &new.document);
            match policy.step {
                Step::PutInline => inline(out, change, new, (&name, &document)),
                Step::NewVersion => new_version(out, policy, (&name, &document)),
                _ => {
                    create_and_attach(out, change, new, (&name, &document));
                    attached.push(format!("aws_iam_policy.{name}.arn"));
                    attachments.push(format!("aws_iam_{}_policy_attachment.{name}", change.kind()));
                }
            }
        }
    }
    let name = snake(&change.principal.name);
    if change.removed(true).next().is_some() {
        let kept: Vec<String> = change.kept(true).map(|policy| string(&policy.name)).collect();
        exclusive(out, change, (&names.unique(&name), "policies", "policy_names"), (&kept, &[]));
    }
    if change.removed(false).next().is_some() {
        let kept = change.kept(false).filter_map(|policy| match &policy.source {
            PolicySource::CustomerManaged { arn } | PolicySource::AwsManaged { arn } => Some(string(arn)),
            _ => None,
        });
        attached.extend(kept);
        let name = names.unique(&name);
        exclusive(out, change, (&name, "policy_attachments", "policy_arns"), (&attached, &attachments));
    }
}

fn inline(out: &mut String, change: &PrincipalChange<'_>, new: &NewPolicy, (name, document): (&str, &str)) {
    let kind = change.kind();
    let _ = writeln!(out, "\nresource \"aws_iam_{kind}_policy\" \"{name}\" {{");
    let attributes = [
        ("name", string(&new.name)),
        (kind, string(&change.principal.name)),
        ("policy", document.to_owned()),
    ];
    body(out, 2, &attributes);
    out.push_str("}\n");
    let id = format!("{}:{}", change.principal.name, new.name);
    import(out, &format!("aws_iam_{kind}_policy.{name}"), &id);
}

fn new_version(out: &mut String, policy: &PolicyChange<'_>, (name, document): (&str, &str)) {
    let _ = writeln!(out, "\nresource \"aws_iam_policy\" \"{name}\" {{");
    let attributes = [
        ("name", string(&policy.policy.name)),
        ("path", string(policy_path(policy.arn()))),
        ("policy", document.to_owned()),
    ];
    body(out, 2, &attributes);
    out.push_str(
        "
  lifecycle {
    # Not in the snapshot; another description would replace the policy.
    ignore_changes = [description, tags, tags_all]
  }
}
",
    );
    import(out, &format!("aws_iam_policy.{name}"), policy.arn());
}

fn create_and_attach(
    out: &mut String,
    change: &PrincipalChange<'_>,
    new: &NewPolicy,
    (name, document): (&str, &str),
) {
    let kind = change.kind();
    let _ = writeln!(out, "\nresource \"aws_iam_policy\" \"{name}\" {{");
    body(out, 2, &[("name", string(&new.name)), ("policy", document.to_owned())]);
    let _ = writeln!(out, "}}\n\nresource \"aws_iam_{kind}_policy_attachment\" \"{name}\" {{");
    let attributes =
        [(kind, string(&change.principal.name)), ("policy_arn", format!("aws_iam_policy.{name}.arn"))];
    body(out, 2, &attributes);
    out.push_str("}\n");
}

/// The list of all that stays: what is not in it is detached or deleted.
fn exclusive(
    out: &mut String,
    change: &PrincipalChange<'_>,
    (name, what, argument): (&str, &str, &str),
    (kept, after): (&[String], &[String]),
) {
    let kind = change.kind();
    let gone: Vec<String> = change.removed(what == "policies").map(PolicyChange::title).collect();
    let _ = writeln!(
        out,
        "\n# Removes {} from the {kind}, and whatever else is not in this list.\nresource \"aws_iam_{kind}_{what}_exclusive\" \"{name}\" {{",
        gone.join(", ")
    );
    let holder = format!("{kind}_name");
    let mut attributes = vec![(holder.as_str(), string(&change.principal.name)), (argument, list(kept, 2))];
    if !after.is_empty() {
        attributes.push(("depends_on", list(after, 2)));
    }
    body(out, 2, &attributes);
    out.push_str("}\n");
}

fn import(out: &mut String, to: &str, id: &str) {
    let _ = writeln!(out, "\nimport {{\n  to = {to}\n  id = {}\n}}", string(id));
}

fn permission_set(out: &mut String, change: &PrincipalChange<'_>, names: &mut Names) {
    let set = match permission_set::joined(change) {
        Ok(set) => set,
        Err(why) => {
            let _ =
                writeln!(out, "# Not expressed: the changes cannot be one inline policy: {}", terminal(&why));
            return;
        }
    };
    out.push_str(
        "# It belongs to a permission set, which other accounts may use too: see what they need first.\n",
    );
    for policy in &set.detach {
        let _ = writeln!(
            out,
            "# Detach {} from the permission set: what was used of it is in the inline policy.",
            terminal(&policy.name)
        );
    }
    let Some(inline) = &set.inline else {
        out.push_str("# Delete its inline policy: nothing of it was used.\n");
        return;
    };
    let name = names.unique(&snake(&format!("permission_set_{}", set.name)));
    let document = document(out, &name, inline);
    let _ = writeln!(
        out,
        "
data \"aws_ssoadmin_instances\" \"{name}\" {{}}

data \"aws_ssoadmin_permission_set\" \"{name}\" {{
  instance_arn = one(data.aws_ssoadmin_instances.{name}.arns)
  name         = {}
}}

resource \"aws_ssoadmin_permission_set_inline_policy\" \"{name}\" {{
  instance_arn       = one(data.aws_ssoadmin_instances.{name}.arns)
  permission_set_arn = data.aws_ssoadmin_permission_set.{name}.arn
  inline_policy      = {document}
}}",
        string(set.name)
    );
}

/// Writes the document, and gives the expression for its JSON.
fn document(out: &mut String, name: &str, document: &PolicyDocument) -> String {
    match builder::blocks(document) {
        Ok(blocks) => {
            let _ = writeln!(out, "\ndata \"aws_iam_policy_document\" \"{name}\" {{");
            let mut attributes = vec![("version", string(builder::version(document)))];
            attributes.extend(document.id.iter().map(|id| ("policy_id", string(id))));
            body(out, 2, &attributes);
            for block in &blocks {
                statement(out, block);
            }
            out.push_str("}\n");
            format!("data.aws_iam_policy_document.{name}.json")
        }
        Err(why) => {
            let text = escaped(&literal::literal(&document.to_json(), literal::JSON, 4));
            let _ = writeln!(
                out,
                "\nlocals {{\n  # JSON, because aws_iam_policy_document cannot hold this document: {}.\n  {name} = <<-JSON\n    {text}\n  JSON\n}}",
                terminal(why)
            );
            format!("local.{name}")
        }
    }
}

fn statement(out: &mut String, block: &Block<'_>) {
    out.push_str("\n  statement {\n");
    let mut attributes: Vec<(&str, String)> = Vec::new();
    attributes.extend(block.sid.map(|sid| ("sid", string(sid))));
    attributes.push(("effect", string(block.effect)));
    attributes.extend(block.lists.iter().map(|(name, values)| (*name, strings(values, 4))));
    body(out, 4, &attributes);
    for (name, kind, values) in &block.principals {
        let attributes = [("type", string(kind)), ("identifiers", strings(values, 6))];
        nested(out, name, &attributes);
    }
    for (test, variable, values) in &block.conditions {
        let attributes =
            [("test", string(test)), ("variable", string(variable)), ("values", strings(values, 6))];
        nested(out, "condition", &attributes);
    }
    out.push_str("  }\n");
}

fn nested(out: &mut String, name: &str, attributes: &[(&str, String)]) {
    let _ = writeln!(out, "\n    {name} {{");
    body(out, 6, attributes);
    out.push_str("    }\n");
}

/// Attributes as `terraform fmt` has them: those on consecutive single lines have their signs in one column.
fn body(out: &mut String, indent: usize, attributes: &[(&str, String)]) {
    let blanks = " ".repeat(indent);
    for run in attributes.chunk_by(|(_, a), (_, b)| !a.contains('\n') && !b.contains('\n')) {
        let width = run.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in run {
            let _ = writeln!(out, "{blanks}{name:width$} = {value}");
        }
    }
}

fn strings(values: &[impl AsRef<str>], indent: usize) -> String {
    list(&values.iter().map(|value| string(value.as_ref())).collect::<Vec<_>>(), indent)
}

/// A list of expressions: on one line when there is at most one.
fn list(values: &[String], indent: usize) -> String {
    if values.len() < 2 {
        return format!("[{}]", values.concat());
    }
    let blanks = " ".repeat(indent);
    let lines: Vec<String> = values.iter().map(|value| format!("{blanks}  {value},\n")).collect();
    let lines = lines.concat();
    format!("[\n{lines}{blanks}]")
}
