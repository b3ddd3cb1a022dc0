//! What a Pulumi program of either language holds: resources, lookups and exports, in order.
//!
//! Two shapes: a role with its trust policy and inline policies as `aws.iam.RolePolicy`, exporting name and
//! ARN of the role; and a managed `aws.iam.Policy` made with `aws.iam.get_policy_document`, exporting its ARN,
//! with the attachment.

use super::builder::{self, Block};
use super::names::{Names, snake};
use super::{NewPolicy, PolicyChange, PrincipalChange, permission_set, policy_path};
use crate::escape::{shell, terminal};
use crate::grants::{PolicySource, PrincipalType};
use crate::iam::PolicyDocument;
use crate::iam::json::Json;
use crate::recommend::Step;

/// A value of an argument.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    Text(String),
    /// A property of something defined before: variable, property in snake case.
    Of(String, &'static str),
    /// The first element of a list property.
    FirstOf(String, &'static str),
    /// A list.
    List(Vec<Value>),
    /// The text of a JSON value.
    Json(Json),
    /// A map with keys as they are.
    Map(Vec<(String, Value)>),
    /// An input object: its class in Python, its members in snake case.
    Input(&'static str, Fields),
}

/// Arguments in order: name in snake case, value.
pub type Fields = Vec<(&'static str, Value)>;

/// A part of a program.
#[derive(Clone, Debug)]
pub enum Item {
    /// A line for people.
    Comment(String),
    /// A resource.
    Resource(Resource),
    /// A function that looks something up: variable, name in snake case, arguments.
    Lookup(String, &'static str, Fields),
    /// A value that the stack exports: its name, variable, property.
    Export(String, String, &'static str),
}

/// A resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The variable, in snake case.
    pub variable: String,
    /// `iam.RolePolicy`.
    pub class: &'static str,
    /// The arguments.
    pub fields: Fields,
    /// Properties, in snake case, that the program does not manage.
    pub ignore: &'static [&'static str],
    /// Resources that come first: variables.
    pub after: Vec<String>,
}

/// What the roles of a snapshot do not tell.
const ROLE_UNKNOWN: &[&str] = &["description", "max_session_duration"];

/// The program.
pub fn program(changes: &[PrincipalChange<'_>]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut names = Names::default();
    for change in changes {
        let mut parts = Parts { change, names: &mut names, items: &mut items };
        parts.comment(&format!("{} ({})", change.title(), change.principal.arn));
        for why in &change.left_out {
            parts.comment(&format!("Left as it is: {why}"));
        }
        if change.is_permission_set() {
            parts.permission_set();
        } else if !change.policies.is_empty() {
            parts.principal();
        }
    }
    items
}

/// The parts of one principal.
struct Parts<'p, 'a> {
    change: &'p PrincipalChange<'a>,
    names: &'p mut Names,
    items: &'p mut Vec<Item>,
}

impl Parts<'_, '_> {
    fn comment(&mut self, text: &str) {
        self.items.push(Item::Comment(terminal(text)));
    }

    fn resource(&mut self, variable: &str, class: &'static str, fields: Fields) {
        self.guarded(variable, class, fields, &[]);
    }

    fn guarded(
        &mut self,
        variable: &str,
        class: &'static str,
        fields: Fields,
        ignore: &'static [&'static str],
    ) {
        let variable = variable.to_owned();
        self.items.push(Item::Resource(Resource { variable, class, fields, ignore, after: Vec::new() }));
    }

    fn export(&mut self, variable: &str, property: &'static str) {
        let name = format!("{variable}_{property}");
        self.items.push(Item::Export(name, variable.to_owned(), property));
    }

    fn principal(&mut self) {
        let who = self.holder();
        let (mut attached, mut attachments) = (Vec::new(), Vec::new());
        for policy in &self.change.policies {
            for new in &policy.documents {
                let name = self.names.unique(&snake(&self.change.new_title(new)));
                match policy.step {
                    Step::PutInline => self.inline(&name, new, &who),
                    Step::NewVersion => self.managed(&format!("{name}_policy"), new, Some(policy)),
                    _ => {
                        let variable = format!("{name}_policy");
                        self.managed(&variable, new, None);
                        attached.push(Value::Of(variable, "arn"));
                        attachments.push(self.attach(&name, &who));
                    }
                }
            }
        }
        self.removals(&who, attached, &attachments);
    }

    /// The role, and how it is referred to. Users are referred to by name.
    fn holder(&mut self) -> Value {
        let principal = self.change.principal;
        let name = || Value::Text(principal.name.clone());
        if principal.kind == PrincipalType::User {
            return name();
        }
        let Some(trust) = &principal.trust else {
            self.comment("The snapshot does not hold the trust policy, so the role is not defined here.");
            return name();
        };
        let variable = snake(&principal.name);
        let variable = variable.strip_suffix("_role").unwrap_or(&variable);
        let variable = self.names.unique(&format!("{variable}_role"));
        self.comment("The role exists: adopt it before the first `pulumi up`, which would else create it.");
        self.adopt("aws:iam/role:Role", &variable, &principal.name);
        let mut fields = vec![
            ("name", name()),
            ("path", Value::Text(principal.path.clone())),
            ("assume_role_policy", Value::Json(trust.to_json())),
        ];
        if let Some(boundary) = &principal.boundary {
            fields.push(("permissions_boundary", Value::Text(boundary.arn.clone())));
        }
        if !principal.tags.is_empty() {
            let tags = principal.tags.iter().map(|(key, value)| (key.clone(), Value::Text(value.clone())));
            fields.push(("tags", Value::Map(tags.collect())));
        }
        self.guarded(&variable, "iam.Role", fields, ROLE_UNKNOWN);
        self.export(&variable, "name");
        self.export(&variable, "arn");
        Value::Of(variable, "name")
    }

    fn adopt(&mut self, class: &str, variable: &str, id: &str) {
        self.comment(&format!("  pulumi import {class} {} {}", shell(variable), shell(id)));
    }

    fn inline(&mut self, name: &str, new: &NewPolicy, who: &Value) {
        let (class, holder) = match self.change.principal.kind {
            PrincipalType::Role => ("iam.RolePolicy", "role"),
            PrincipalType::User => ("iam.UserPolicy", "user"),
            PrincipalType::Group => ("iam.GroupPolicy", "group"),
        };
        let fields = vec![
            ("name", Value::Text(new.name.clone())),
            (holder, who.clone()),
            ("policy", Value::Json(new.document.to_json())),
        ];
        self.resource(&format!("{name}_inline"), class, fields);
    }

    /// A managed policy; `old` is the one that it is a new version of.
    fn managed(&mut self, variable: &str, new: &NewPolicy, old: Option<&PolicyChange<'_>>) {
        if let Some(old) = old {
            self.comment("The policy exists: adopt it before the first `pulumi up`.");
            self.adopt("aws:iam/policy:Policy", variable, old.arn());
        }
        let document = self.document(&format!("{variable}_document"), &new.document);
        let mut fields = vec![("name", Value::Text(new.name.clone()))];
        if let Some(old) = old {
            fields.push(("path", Value::Text(policy_path(old.arn()).to_owned())));
        }
        fields.push(("policy", document));
        // Another description would replace the policy.
        let ignore: &[&str] = if old.is_some() { &["description", "tags"] } else { &[] };
        self.guarded(variable, "iam.Policy", fields, ignore);
        self.export(variable, "arn");
    }

    /// The document by `get_policy_document`, or as JSON when that cannot hold it.
    fn document(&mut self, variable: &str, document: &PolicyDocument) -> Value {
        match builder::blocks(document) {
            Ok(blocks) => {
                let mut fields = vec![("version", Value::Text(builder::version(document).to_owned()))];
                if let Some(id) = &document.id {
                    fields.push(("policy_id", Value::Text(id.clone())));
                }
                fields.push(("statements", Value::List(blocks.iter().map(statement).collect())));
                self.items.push(Item::Lookup(variable.to_owned(), "iam.get_policy_document", fields));
                Value::Of(variable.to_owned(), "json")
            }
            Err(why) => {
                self.comment(&format!("JSON, because get_policy_document cannot hold this document: {why}."));
                Value::Json(document.to_json())
            }
        }
    }

    fn attach(&mut self, name: &str, who: &Value) -> String {
        let (class, holder) = match self.change.principal.kind {
            PrincipalType::Role => ("iam.RolePolicyAttachment", "role"),
            PrincipalType::User => ("iam.UserPolicyAttachment", "user"),
            PrincipalType::Group => ("iam.GroupPolicyAttachment", "group"),
        };
        let variable = format!("{name}_attachment");
        let fields = vec![(holder, who.clone()), ("policy_arn", Value::Of(format!("{name}_policy"), "arn"))];
        self.resource(&variable, class, fields);
        variable
    }

    /// Lists of all that stays: what is not in them is detached or deleted.
    fn removals(&mut self, who: &Value, mut attached: Vec<Value>, attachments: &[String]) {
        let change = self.change;
        let is_role = change.principal.kind == PrincipalType::Role;
        let holder = if is_role { "role_name" } else { "user_name" };
        for inline in [true, false] {
            let gone: Vec<String> = change.removed(inline).map(PolicyChange::title).collect();
            if gone.is_empty() {
                continue;
            }
            let text = |text: &String| Value::Text(text.clone());
            let kept = change.kept(inline).map(|policy| match &policy.source {
                PolicySource::CustomerManaged { arn } | PolicySource::AwsManaged { arn } => text(arn),
                PolicySource::Inline | PolicySource::Group { .. } => text(&policy.name),
            });
            let kept: Vec<Value> = kept.collect();
            let (class, list, after) = if inline {
                let class = if is_role { "iam.RolePoliciesExclusive" } else { "iam.UserPoliciesExclusive" };
                (class, ("policy_names", Value::List(kept)), Vec::new())
            } else {
                let class = if is_role {
                    "iam.RolePolicyAttachmentsExclusive"
                } else {
                    "iam.UserPolicyAttachmentsExclusive"
                };
                attached.extend(kept);
                (class, ("policy_arns", Value::List(attached.clone())), attachments.to_vec())
            };
            self.comment(&format!("Removes {}, and whatever else is not in this list.", gone.join(", ")));
            let end = if inline { "inline_policies" } else { "managed_policies" };
            let variable = self.names.unique(&format!("{}_{end}", snake(&change.principal.name)));
            let fields = vec![(holder, who.clone()), list];
            self.items.push(Item::Resource(Resource { variable, class, fields, ignore: &[], after }));
        }
    }

    fn permission_set(&mut self) {
        let set = match permission_set::joined(self.change) {
            Ok(set) => set,
            Err(why) => {
                self.comment(&format!("Not expressed: the changes cannot be one inline policy: {why}"));
                return;
            }
        };
        self.comment("It belongs to a permission set, which other accounts may use too: see what they need.");
        for policy in &set.detach {
            self.comment(&format!(
                "Detach {} from the permission set: what was used of it is in the inline policy.",
                policy.name
            ));
        }
        let Some(inline) = set.inline else {
            self.comment("Delete its inline policy: nothing of it was used.");
            return;
        };
        let name = self.names.unique(&snake(&format!("permission_set_{}", set.name)));
        let (instances, found) = (format!("{name}_instances"), format!("{name}_found"));
        let instance = || Value::FirstOf(format!("{name}_instances"), "arns");
        let lookup = vec![("instance_arn", instance()), ("name", Value::Text(set.name.to_owned()))];
        self.items.push(Item::Lookup(instances, "ssoadmin.get_instances", Vec::new()));
        self.items.push(Item::Lookup(found.clone(), "ssoadmin.get_permission_set", lookup));
        let fields = vec![
            ("instance_arn", instance()),
            ("permission_set_arn", Value::Of(found, "arn")),
            ("inline_policy", Value::Json(inline.to_json())),
        ];
        self.resource(&name, "ssoadmin.PermissionSetInlinePolicy", fields);
    }
}

fn statement(block: &Block<'_>) -> Value {
    let text = |text: &str| Value::Text(text.to_owned());
    let texts = |list: &[String]| Value::List(list.iter().map(|one| text(one)).collect());
    let mut fields: Fields = Vec::new();
    if let Some(sid) = block.sid {
        fields.push(("sid", text(sid)));
    }
    fields.push(("effect", text(block.effect)));
    fields.extend(block.lists.iter().map(|(name, values)| (*name, texts(values))));
    for (name, class) in [
        ("principals", "iam.GetPolicyDocumentStatementPrincipalArgs"),
        ("not_principals", "iam.GetPolicyDocumentStatementNotPrincipalArgs"),
    ] {
        let of_name = block.principals.iter().filter(|(one, ..)| *one == name);
        let principals: Vec<Value> = of_name
            .map(|(_, kind, values)| {
                let values = Value::List(values.iter().map(|one| text(one)).collect());
                Value::Input(class, vec![("type", text(kind)), ("identifiers", values)])
            })
            .collect();
        if !principals.is_empty() {
            fields.push((name, Value::List(principals)));
        }
    }
    let conditions = block.conditions.iter().map(|(test, variable, values)| {
        let fields = vec![("test", text(test)), ("variable", text(variable)), ("values", texts(values))];
        Value::Input("iam.GetPolicyDocumentStatementConditionArgs", fields)
    });
    let conditions: Vec<Value> = conditions.collect();
    if !conditions.is_empty() {
        fields.push(("conditions", Value::List(conditions)));
    }
    Value::Input("iam.GetPolicyDocumentStatementArgs", fields)
}
