//! HCL for Terraform and OpenTofu: the documents as `aws_iam_policy_document`, the policies as resources, and
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
            let name = names.unique(&snake(&format!("{}_{}", change.principal.name, new.name)));
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

fn inline(
    out: &mut String,
    change: &PrincipalChange<'_>,
    new: &NewPolicy,
    (name, document): (&str, &str),
) {
    let kind = change.kind();
    let _ = writeln!(
        out,
        "\nresource \"aws_iam_{kind}_policy\" \"{name}\" {{\n  name   = {}\n  {kind}   = {}\n  policy = {document}\n}}",
        string(&new.name),
        string(&change.principal.name)
    );
    let id = format!("{}:{}", change.principal.name, new.name);
    import(out, &format!("aws_iam_{kind}_policy.{name}"), &id);
}

fn new_version(out: &mut String, policy: &PolicyChange<'_>, (name, document): (&str, &str)) {
    let _ = writeln!(
        out,
        "\nresource \"aws_iam_policy\" \"{name}\" {{\n  name   = {}\n  path   = {}\n  policy = {document}\n
  lifecycle {{\n    # Not in the snapshot; another description would replace the policy.\n    ignore_changes = [description, tags, tags_all]\n  }}\n}}",
        string(&policy.policy.name),
        string(policy_path(policy.arn()))
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
    let _ = writeln!(
        out,
        "\nresource \"aws_iam_policy\" \"{name}\" {{\n  name   = {}\n  policy = {document}\n}}",
        string(&new.name)
    );
    let _ = writeln!(
        out,
        "\nresource \"aws_iam_{kind}_policy_attachment\" \"{name}\" {{\n  {kind}       = {}\n  policy_arn = aws_iam_policy.{name}.arn\n}}",
        string(&change.principal.name)
    );
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
        "\n# Removes {} from the {kind}, and whatever else is not in this list.\nresource \"aws_iam_{kind}_{what}_exclusive\" \"{name}\" {{\n  {kind}_name = {}",
        gone.join(", "),
        string(&change.principal.name)
    );
    let _ = writeln!(out, "  {argument} = [{}]", kept.join(", "));
    if !after.is_empty() {
        let _ = writeln!(out, "  depends_on = [{}]", after.join(", "));
    }
    out.push_str("}\n");
}

fn import(out: &mut String, to: &str, id: &str) {
    let _ = writeln!(out, "\nimport {{\n  to = {to}\n  id = {}\n}}", string(id));
}

fn permission_set(out: &mut String, change: &PrincipalChange<'_>, names: &mut Names) {
    let set = match permission_set::joined(change) {
        Ok(set) => set,
        Err(why) => {
            let _ = writeln!(out, "# Not expressed: the changes cannot be one inline policy: {}", terminal(&why));
            return;
        }
    };
    out.push_str("# It belongs to a permission set, which other accounts may use too: see what they need first.\n");
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
            let _ = writeln!(
                out,
                "\ndata \"aws_iam_policy_document\" \"{name}\" {{\n  version = {}",
                string(builder::version(document))
            );
            if let Some(id) = &document.id {
                let _ = writeln!(out, "  policy_id = {}", string(id));
            }
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
    if let Some(sid) = block.sid {
        let _ = writeln!(out, "    sid    = {}", string(sid));
    }
    let _ = writeln!(out, "    effect = {}", string(block.effect));
    for (name, values) in &block.lists {
        list(out, 4, name, values.iter().map(String::as_str));
    }
    for (name, kind, values) in &block.principals {
        let _ = writeln!(out, "    {name} {{\n      type = {}", string(kind));
        list(out, 6, "identifiers", values.iter().copied());
        out.push_str("    }\n");
    }
    for (test, variable, values) in &block.conditions {
        let _ = writeln!(
            out,
            "    condition {{\n      test     = {}\n      variable = {}",
            string(test),
            string(variable)
        );
        list(out, 6, "values", values.iter().map(String::as_str));
        out.push_str("    }\n");
    }
    out.push_str("  }\n");
}

fn list<'t>(out: &mut String, indent: usize, name: &str, values: impl Iterator<Item = &'t str>) {
    let blanks = " ".repeat(indent);
    let values: Vec<String> = values.map(string).collect();
    if let [only] = values.as_slice() {
        let _ = writeln!(out, "{blanks}{name} = [{only}]");
        return;
    }
    let _ = writeln!(out, "{blanks}{name} = [");
    for value in values {
        let _ = writeln!(out, "{blanks}  {value},");
    }
    let _ = writeln!(out, "{blanks}]");
}
