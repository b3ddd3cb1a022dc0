//! Changes of grants: IAM writes that may give somebody a permission, and what they change.
//!
//! Operations and members: IAM API reference, 2026-08.

use crate::time::Timestamp;
use crate::trail::event::Event;
use crate::trail::identity;
use crate::trail::request::texts;
use serde_json::Value;
use std::sync::Arc;

/// A longer document is not kept, in bytes. IAM's own limit for inline policies is 10,240 characters
/// without blanks (IAM user guide, quotas).
const DOCUMENT_BYTES_MAX: usize = 1 << 16;

/// Who holds a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A role.
    Role,
    /// A user.
    User,
    /// A group.
    Group,
}

/// What an IAM write changes, in one account. Names are in lower case: IAM's are unique without regard
/// to letter case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An inline policy: holder, its name, the policy's name.
    Inline(Holder, String, String),
    /// The attachment of a managed policy: holder, its name, the policy's ARN.
    Attachment(Holder, String, String),
    /// The default version of a managed policy: its ARN.
    Managed(String),
    /// A user's membership in a group: user, group.
    Membership(String, String),
    /// The permissions boundary: holder, its name.
    Boundary(Holder, String),
    /// The trust policy: holder, its name. It grants nothing to the holder, but to others.
    Trust(Holder, String),
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// When.
    pub time: Timestamp,
    /// `eventID`.
    pub event_id: String,
    /// `eventName`.
    pub event_name: String,
    /// What it did.
    pub what: What,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The target holds now, with this document where the event carries one.
    Given(Option<Arc<str>>),
    /// The target holds no longer.
    Taken,
}

/// An IAM operation that changes grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `Put…Policy`, `Delete…Policy`: is it given?
    Inline(Holder, bool),
    /// `Attach…Policy`, `Detach…Policy`.
    Attach(Holder, bool),
    /// `Put…PermissionsBoundary`, `Delete…PermissionsBoundary`. Either may widen what holds in effect.
    Boundary(Holder),
    /// `CreatePolicy`: the ARN is in the response.
    Create,
    /// `CreatePolicyVersion`, which is a change when the version becomes the default one.
    Version,
    /// `SetDefaultPolicyVersion`.
    Default,
    /// `AddUserToGroup`.
    Join,
    /// `UpdateAssumeRolePolicy`.
    Trust,
}

impl Operation {
    /// The operation of an event, when it is one.
    pub fn of(source: &str, name: &str) -> Option<Self> {
        use Holder::{Group, Role, User};
        if source != "iam.amazonaws.com" {
            return None;
        }
        Some(match name {
            "PutRolePolicy" => Self::Inline(Role, true),
            "PutUserPolicy" => Self::Inline(User, true),
            "PutGroupPolicy" => Self::Inline(Group, true),
            "DeleteRolePolicy" => Self::Inline(Role, false),
            "DeleteUserPolicy" => Self::Inline(User, false),
            "DeleteGroupPolicy" => Self::Inline(Group, false),
            "AttachRolePolicy" => Self::Attach(Role, true),
            "AttachUserPolicy" => Self::Attach(User, true),
            "AttachGroupPolicy" => Self::Attach(Group, true),
            "DetachRolePolicy" => Self::Attach(Role, false),
            "DetachUserPolicy" => Self::Attach(User, false),
            "DetachGroupPolicy" => Self::Attach(Group, false),
            "PutRolePermissionsBoundary" | "DeleteRolePermissionsBoundary" => Self::Boundary(Role),
            "PutUserPermissionsBoundary" | "DeleteUserPermissionsBoundary" => Self::Boundary(User),
            "CreatePolicy" => Self::Create,
            "CreatePolicyVersion" => Self::Version,
            "SetDefaultPolicyVersion" => Self::Default,
            "AddUserToGroup" => Self::Join,
            "UpdateAssumeRolePolicy" => Self::Trust,
            _ => return None,
        })
    }

    /// What an event of the operation changed, and in which account. Calls that failed, and those whose
    /// arguments the log does not carry, change nothing that is known here.
    pub fn change(self, event: &Event<'_>) -> Option<(String, Target, Change)> {
        if !event.error_code.is_empty() {
            return None;
        }
        let (target, what) = read(self, &event.request.parse()?, event)?;
        let account = identity::acted_in(event).map(|account| account.to_string()).unwrap_or_default();
        let (event_id, event_name) = (event.id.to_string(), event.name.to_string());
        Some((account, target, Change { time: event.time, event_id, event_name, what }))
    }
}

fn read(operation: Operation, request: &Value, event: &Event<'_>) -> Option<(Target, What)> {
    let text = |name: &str| texts(request, name).first().map(|text| (*text).to_owned());
    let lower = |name: &str| text(name).map(|text| text.to_lowercase());
    let holder = |holder: Holder| {
        lower(match holder {
            Holder::Role => "roleName",
            Holder::User => "userName",
            Holder::Group => "groupName",
        })
    };
    let given =
        || What::Given(text("policyDocument").filter(|text| text.len() <= DOCUMENT_BYTES_MAX).map(Arc::from));
    Some(match operation {
        Operation::Inline(who, put) => {
            let target = Target::Inline(who, holder(who)?, lower("policyName")?);
            (target, if put { given() } else { What::Taken })
        }
        Operation::Attach(who, attach) => {
            let target = Target::Attachment(who, holder(who)?, text("policyArn")?);
            (target, if attach { What::Given(None) } else { What::Taken })
        }
        Operation::Boundary(who) => (Target::Boundary(who, holder(who)?), What::Given(None)),
        Operation::Create => {
            let response = event.response.parse()?;
            let arn = texts(&response, "policy.arn").first().map(|text| (*text).to_owned())?;
            (Target::Managed(arn), given())
        }
        Operation::Version => {
            // Absent means false.
            let default = request.get("setAsDefault").and_then(Value::as_bool) == Some(true);
            return default.then_some((Target::Managed(text("policyArn")?), given()));
        }
        Operation::Default => (Target::Managed(text("policyArn")?), What::Given(None)),
        Operation::Trust => (Target::Trust(Holder::Role, holder(Holder::Role)?), given()),
        Operation::Join => (Target::Membership(lower("userName")?, lower("groupName")?), What::Given(None)),
    })
}
