//! Changes of grants that the logs show: IAM writes that may give somebody a permission, by what they change.
//!
//! Operations and members: IAM API reference, 2026-08.

use crate::time::Timestamp;
use crate::trail::event::Event;
use crate::trail::identity;
use crate::trail::request::texts;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// How many changes of one target are kept: the latest ones.
pub const CHANGES_MAX: usize = 8;

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

/// All changes, by account and target; of each the latest, latest first. The same in any order of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantChanges {
    targets: BTreeMap<(String, Target), Vec<Change>>,
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
            _ => return None,
        })
    }
}

impl GrantChanges {
    /// Adds an event of an operation. Calls that failed, and those whose arguments the log does not
    /// carry, change nothing that is known here.
    pub fn add(&mut self, operation: Operation, event: &Event<'_>) {
        if !event.error_code.is_empty() {
            return;
        }
        let Some(request) = event.request.parse() else { return };
        let Some((target, what)) = read(operation, &request, event) else { return };
        let account = identity::acted_in(event).map(|account| account.to_string()).unwrap_or_default();
        let change = Change {
            time: event.time,
            event_id: event.id.to_string(),
            event_name: event.name.to_string(),
            what,
        };
        offer(self.targets.entry((account, target)).or_default(), change);
    }

    /// Adds the changes that another part of the logs shows.
    pub fn merge(&mut self, other: Self) {
        for (target, changes) in other.targets {
            match self.targets.entry(target) {
                Entry::Vacant(place) => {
                    place.insert(changes);
                }
                Entry::Occupied(mut place) => {
                    for change in changes {
                        offer(place.get_mut(), change);
                    }
                }
            }
        }
    }

    /// The latest changes of a target, latest first.
    pub fn of(&self, account: &str, target: Target) -> &[Change] {
        self.targets.get(&(account.to_owned(), target)).map_or(&[], Vec::as_slice)
    }
}

/// Keeps the latest changes; equal times are ordered by their content, so the choice is the same in any
/// order.
fn offer(changes: &mut Vec<Change>, change: Change) {
    let place = changes.partition_point(|one| *one > change);
    if place < CHANGES_MAX && changes.get(place) != Some(&change) {
        changes.truncate(CHANGES_MAX - 1);
        changes.insert(place, change);
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
        Operation::Join => (Target::Membership(lower("userName")?, lower("groupName")?), What::Given(None)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::decode;

    fn event(number: usize, name: &str, request: &str, more: &str) -> String {
        format!(
            r#"{{"eventID":"e{number}","eventTime":"2026-08-{:02}T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{name}","recipientAccountId":"111122223333","requestParameters":{request}{more}}}"#,
            number % 28 + 1
        )
    }

    fn changes(lines: &[String]) -> GrantChanges {
        let mut changes = GrantChanges::default();
        let decoded = decode("t", &lines.join("\n"), &mut |event| {
            let operation = Operation::of(&event.source, &event.name).unwrap();
            changes.add(operation, &event);
        });
        assert_eq!(decoded.problems, []);
        changes
    }

    #[test]
    fn every_operation_names_its_target() {
        use Holder::{Group, Role, User};
        let (name, arn) = (|text: &str| text.to_owned(), "arn:aws:iam::111122223333:policy/P");
        let given = What::Given(None);
        for (event_name, request, expect, what) in [
            (
                "PutRolePolicy",
                r#"{"roleName":"R","policyName":"P","policyDocument":"{}"}"#,
                Target::Inline(Role, name("r"), name("p")),
                What::Given(Some("{}".into())),
            ),
            (
                "DeleteUserPolicy",
                r#"{"userName":"U","policyName":"P"}"#,
                Target::Inline(User, name("u"), name("p")),
                What::Taken,
            ),
            (
                "AttachGroupPolicy",
                r#"{"groupName":"G","policyArn":"arn:aws:iam::111122223333:policy/P"}"#,
                Target::Attachment(Group, name("g"), name(arn)),
                given.clone(),
            ),
            (
                "DetachRolePolicy",
                r#"{"roleName":"R","policyArn":"arn:aws:iam::111122223333:policy/P"}"#,
                Target::Attachment(Role, name("r"), name(arn)),
                What::Taken,
            ),
            (
                "DeleteRolePermissionsBoundary",
                r#"{"roleName":"R"}"#,
                Target::Boundary(Role, name("r")),
                given.clone(),
            ),
            (
                "CreatePolicyVersion",
                r#"{"policyArn":"arn:aws:iam::111122223333:policy/P","setAsDefault":true,"policyDocument":"{}"}"#,
                Target::Managed(name(arn)),
                What::Given(Some("{}".into())),
            ),
            (
                "SetDefaultPolicyVersion",
                r#"{"policyArn":"arn:aws:iam::111122223333:policy/P","versionId":"v1"}"#,
                Target::Managed(name(arn)),
                given.clone(),
            ),
            (
                "AddUserToGroup",
                r#"{"groupName":"G","userName":"U"}"#,
                Target::Membership(name("u"), name("g")),
                given.clone(),
            ),
        ] {
            let found = changes(&[event(1, event_name, request, "")]);
            let [change] = found.of("111122223333", expect.clone()) else {
                panic!("{event_name}: {found:?}")
            };
            assert_eq!(
                (&change.what, change.event_name.as_str(), change.event_id.as_str()),
                (&what, event_name, "e1")
            );
            assert!(found.of("999999999999", expect).is_empty());
        }
        let created = r#","responseElements":{"policy":{"arn":"arn:aws:iam::111122223333:policy/P"}}"#;
        let found = changes(&[event(1, "CreatePolicy", r#"{"policyName":"P"}"#, created)]);
        assert_eq!(found.of("111122223333", Target::Managed(name(arn))).len(), 1);
    }

    #[test]
    fn what_changed_nothing_is_no_change() {
        for (name, request, more) in [
            ("PutRolePolicy", r#"{"roleName":"R","policyName":"P"}"#, r#","errorCode":"AccessDenied""#),
            ("CreatePolicyVersion", r#"{"policyArn":"a"}"#, ""),
            ("CreatePolicyVersion", r#"{"policyArn":"a","setAsDefault":false}"#, ""),
            ("AttachRolePolicy", r#"{"omitted":true}"#, ""),
            ("AttachRolePolicy", "null", ""),
            ("CreatePolicy", r#"{"policyName":"P"}"#, ""),
        ] {
            assert_eq!(changes(&[event(1, name, request, more)]), GrantChanges::default(), "{name}");
        }
        assert_eq!(Operation::of("iam.amazonaws.com", "UpdateAssumeRolePolicy"), None);
        assert_eq!(Operation::of("s3.amazonaws.com", "PutRolePolicy"), None);
    }

    #[test]
    fn the_latest_stay_in_any_order() {
        let lines: Vec<String> = (0..20)
            .map(|number| event(number, "PutRolePolicy", r#"{"roleName":"R","policyName":"P"}"#, ""))
            .collect();
        let whole = changes(&lines);
        let latest = whole.of("111122223333", Target::Inline(Holder::Role, "r".into(), "p".into()));
        assert_eq!((latest.len(), latest[0].event_id.as_str()), (CHANGES_MAX, "e19"));
        assert_eq!(latest[CHANGES_MAX - 1].event_id, "e12");
        for cut in [1, 7, 13] {
            let (front, back) = lines.split_at(cut);
            let mut merged = changes(back);
            merged.merge(changes(front));
            merged.merge(changes(front));
            assert_eq!(merged, whole, "{cut}");
        }
    }
}
