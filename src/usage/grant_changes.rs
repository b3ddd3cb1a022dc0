//! Changes of grants that the logs show, by what they change.

use crate::trail::event::Event;
use crate::trail::grant_change::{Change, Operation, Target};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// How many changes of one target are kept: the latest ones.
pub const CHANGES_MAX: usize = 8;

/// All changes, by account and target; of each the latest, latest first. The same in any order of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantChanges {
    targets: BTreeMap<(String, Target), Vec<Change>>,
}

impl GrantChanges {
    /// Adds what an event of an operation changed, if it changed anything.
    pub fn add(&mut self, operation: Operation, event: &Event<'_>) {
        if let Some((account, target, change)) = operation.change(event) {
            offer(self.targets.entry((account, target)).or_default(), change);
        }
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

    /// Adds one change of an account's target.
    pub fn insert(&mut self, account: &str, target: Target, change: Change) {
        offer(self.targets.entry((account.to_owned(), target)).or_default(), change);
    }

    /// All changes that are kept: account, target, changes with the latest first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Target, &[Change])> {
        self.targets.iter().map(|((account, target), changes)| (account.as_str(), target, changes.as_slice()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::decode;
    use crate::trail::grant_change::{Holder, What};

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
            changes.add(operation, event);
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
        assert_eq!(Operation::of("iam.amazonaws.com", "TagRole"), None);
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
