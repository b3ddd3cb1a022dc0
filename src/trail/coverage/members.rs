//! Which accounts belong to which organization, as far as the names of log files prove it.
//!
//! No event names the organization of its caller, but an organization trail delivers into
//! `AWSLogs/<organization>/<account>/CloudTrail/…`, one folder for each account, and logs the management
//! account and all member accounts. An account that leaves is not logged any more, and its folder stays
//! (`CloudTrail` user guide, "Creating a trail for an organization", 2023-06). So a log file with events
//! proves that the account was a member when these happened, and says nothing of later days.

use crate::iam::AccountId;
use crate::time::{Day, Timestamp};
use crate::trail::log_file::{LogFile, LogFileKind};
use std::collections::BTreeMap;

/// How many memberships are kept: ten times the accounts that one organization can have (10,000 by default;
/// Organizations user guide, quotas, 2025). More are somebody's file names, not organizations, and prove
/// nothing.
const MEMBERSHIPS_MAX: usize = 100_000;

/// The first and the last day of the events by which an account is known to be a member.
type Days = (Day, Day);

/// The memberships that file names prove. A sum, as the rest of the coverage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    by_account: BTreeMap<AccountId, BTreeMap<Box<str>, Days>>,
    memberships: usize,
    /// There were more than [`MEMBERSHIPS_MAX`].
    too_many: bool,
}

/// The organization that an account belonged to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership<'a> {
    /// `o-…`.
    pub organization: &'a str,
    /// The day of the first event that shows it.
    pub first: Day,
    /// The day of the last one.
    pub last: Day,
}

impl Members {
    /// Notes what the name of a file says in which there were events between two points in time.
    pub(super) fn add_file(&mut self, name: &LogFile<'_>, (first, last): (Timestamp, Timestamp)) {
        let Some(account) = name.account else { return };
        if name.kind == LogFileKind::Events && is_organization(name.organization) {
            self.add(account, name.organization, (first.day(), last.day()));
        }
    }

    fn add(&mut self, account: AccountId, organization: &str, (first, last): Days) {
        if self.too_many {
            return;
        }
        let organizations = self.by_account.entry(account).or_default();
        if let Some(days) = organizations.get_mut(organization) {
            *days = (days.0.min(first), days.1.max(last));
            return;
        }
        organizations.insert(organization.into(), (first, last));
        self.memberships += 1;
        if self.memberships > MEMBERSHIPS_MAX {
            *self = Self { too_many: true, ..Self::default() };
        }
    }

    /// Adds another part.
    pub(super) fn merge(&mut self, other: Self) {
        if other.too_many {
            *self = other;
            return;
        }
        for (account, organizations) in other.by_account {
            for (organization, days) in organizations {
                self.add(account, &organization, days);
            }
        }
    }

    /// Is no membership known at all?
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    /// The organization that an account belonged to last; `None` when no file name says it, or when two say
    /// different things of the same time.
    pub fn of(&self, account: AccountId) -> Option<Membership<'_>> {
        let all = self.by_account.get(&account)?;
        let (organization, (first, last)) = all.iter().max_by_key(|(_, days)| days.1)?;
        // On the day on which it changed from one to the other, both log it.
        let contradicted =
            all.iter().any(|(other, days)| other != organization && (days.1 > *first || days.1 == *last));
        (!contradicted).then_some(Membership { organization, first: *first, last: *last })
    }
}

/// The form of an organization's id (Organizations API reference, `Organization`, 2025).
fn is_organization(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str = "111122223333";
    const ORG: &str = "o-a1b2c3d4e5";

    fn account(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    fn members(files: &[(&str, i64, i64)]) -> Members {
        let mut members = Members::default();
        for (name, first, last) in files {
            let time = |day: i64| Timestamp::from_seconds(day * 86_400).unwrap();
            members.add_file(&LogFile::from_name(name), (time(*first), time(*last)));
        }
        members
    }

    fn path(organization: &str, account: &str) -> String {
        format!("p/AWSLogs/{organization}/{account}/CloudTrail/eu-west-1/2026/08/01/x.json.gz")
    }

    #[test]
    fn only_the_folders_of_an_organization_trail_prove_membership() {
        let check = |name: &str, expect: bool| {
            assert_eq!(members(&[(name, 1, 2)]).of(account(ONE)).is_some(), expect, "{name}");
        };
        check(&path(ORG, ONE), true);
        let file = "111122223333_CloudTrail_eu-west-1_20260801T0005Z_x.json.gz";
        check(&format!("AWSLogs/{ORG}/{ONE}/CloudTrail/eu-west-1/2026/08/01/{file}"), true);
        check(&format!("{ORG}/AWSLogs/{ONE}/CloudTrail/eu-west-1/2026/08/01/{file}"), false);
        // A file that was put into another account's folder.
        check(&format!("AWSLogs/{ORG}/444455556666/CloudTrail/eu-west-1/2026/08/01/{file}"), false);
        check(&format!("AWSLogs/{ORG}/{ONE}/CloudTrail-Digest/eu-west-1/2026/08/01/x.json.gz"), false);
        check(&format!("AWSLogs/{ORG}/{ONE}/vpcflowlogs/eu-west-1/2026/08/01/x.log.gz"), false);
        for id in
            ["o-short", "o-A1B2C3D4E5", "o-a1b2c3d4e5_", "x-a1b2c3d4e5", &format!("o-{}", "a".repeat(33))]
        {
            check(&path(id, ONE), false);
        }
        check(file, false);
    }

    #[test]
    fn the_last_organization_counts_and_contradictions_say_nothing() {
        let other = "o-zzzzzzzzzz";
        // As (organization, first day, last day); the days and the organization that count.
        let check = |files: &[(&str, i64, i64)], expect: Option<(&str, i32, i32)>| {
            let files: Vec<(String, i64, i64)> =
                files.iter().map(|(id, first, last)| (path(id, ONE), *first, *last)).collect();
            let files: Vec<(&str, i64, i64)> = files.iter().map(|(n, a, b)| (n.as_str(), *a, *b)).collect();
            let members = members(&files);
            let found = members.of(account(ONE));
            let found = found.map(|one| (one.organization, one.first.epoch_days(), one.last.epoch_days()));
            assert_eq!(found, expect, "{files:?}");
        };
        check(&[], None);
        check(&[(ORG, 5, 6), (ORG, 1, 2)], Some((ORG, 1, 6)));
        check(&[(ORG, 1, 5), (other, 5, 9)], Some((other, 5, 9)));
        check(&[(other, 5, 9), (ORG, 1, 6)], None);
        check(&[(other, 1, 9), (ORG, 1, 9)], None);
        check(&[(ORG, 5, 5), (other, 5, 5)], None);
    }

    #[test]
    fn hostile_names_do_not_fill_the_memory() {
        let mut many = Members::default();
        for number in 0..=MEMBERSHIPS_MAX {
            let id = format!("o-{number:010}");
            many.add(account(ONE), &id, (Day::from_epoch_days(1), Day::from_epoch_days(1)));
        }
        let nothing = Members { too_many: true, ..Members::default() };
        assert_eq!(many, nothing);
        many.add(account(ONE), ORG, (Day::from_epoch_days(1), Day::from_epoch_days(1)));
        let mut merged = members(&[(&path(ORG, ONE), 1, 1)]);
        merged.merge(many.clone());
        many.merge(members(&[(&path(ORG, ONE), 1, 1)]));
        assert_eq!((&merged, &many), (&nothing, &nothing));
        assert!(merged.is_empty());
    }

    proptest! {
        #[test]
        fn order_and_partition_do_not_matter(
            files in prop::collection::vec((0..3_usize, 0..3_usize, 0..9_i64, 0..9_i64), 0..20),
            cut in any::<prop::sample::Index>(),
        ) {
            let names: Vec<(String, i64, i64)> = files
                .iter()
                .map(|(id, who, first, more)| {
                    let name = path([ORG, "o-zzzzzzzzzz", "no"][*id], [ONE, "444455556666", "7"][*who]);
                    (name, *first, first + more)
                })
                .collect();
            let names: Vec<(&str, i64, i64)> = names.iter().map(|(n, a, b)| (n.as_str(), *a, *b)).collect();
            let (left, right) = names.split_at(cut.index(names.len() + 1));
            let mut merged = members(right);
            merged.merge(members(left));
            prop_assert_eq!(merged, members(&names));
        }
    }
}
