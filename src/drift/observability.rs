//! What these logs could have shown. Silence about anything else proves nothing.

use super::needs;
use crate::grants::Selectors;
use crate::iam::AccountId;
use crate::iam::reference::{AccessLevel, ActionInfo, Visibility, reference};
use crate::time::Day;
use crate::trail::coverage::{Category, Cell, Coverage};
use crate::usage::{DaySet, Usage};
use std::collections::{BTreeMap, BTreeSet};

/// Sources of management events that a trail may leave out, because they are many
/// (`CloudTrail` user guide, "Logging management events").
const EXCLUDABLE_SOURCES: [(&str, &str); 2] =
    [("kms", "kms.amazonaws.com"), ("rds-data", "rdsdata.amazonaws.com")];

/// Services whose operations that change nothing for the reader, but have the access level Write, are
/// logged with `readOnly: true`: `kms:Decrypt`, `sts:AssumeRole`. Seen in logs of 2021 to 2026.
const READ_ONLY_WRITERS: [&str; 2] = ["kms", "sts"];

/// Services without regions: their events are recorded in the partition's first region, wherever the
/// caller was (`CloudTrail` user guide, "About global service events"; service pages, as known in 2026).
const GLOBAL_SERVICES: [&str; 24] = [
    "account",
    "artifact",
    "aws-portal",
    "billing",
    "budgets",
    "ce",
    "chime",
    "cloudfront",
    "consolidatedbilling",
    "cur",
    "ecr-public",
    "freetier",
    "globalaccelerator",
    "health",
    "iam",
    "invoicing",
    "organizations",
    "payments",
    "route53",
    "route53domains",
    "shield",
    "support",
    "tax",
    "waf",
];

/// Where global services record their events: the first region of each partition; Oregon for a few.
const GLOBAL_REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "cn-north-1", "us-gov-west-1"];

/// What the logs of each account can show.
#[derive(Clone, Debug)]
pub struct Observability {
    accounts: BTreeMap<AccountId, AccountView>,
    selectors: Option<Selectors>,
    /// Account and event source of every mapped call.
    sources_seen: BTreeSet<(String, String)>,
    /// Bucket, and whether its data events write, to the days on which there were any.
    buckets_seen: BTreeMap<(String, bool), DaySet>,
    days_min: usize,
}

/// One account's delivered days and regions.
#[derive(Clone, Debug, Default)]
struct AccountView {
    days: BTreeMap<Kind, BTreeSet<Day>>,
    regions: BTreeSet<String>,
}

/// What trails switch on and off separately: a category and, for data events, a resource type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Management or data, reading or writing.
    pub category: Category,
    /// `AWS::S3::Object`; empty for management events.
    pub resource_type: String,
}

impl Kind {
    /// The kind of a number of the coverage table.
    pub fn of(cell: &Cell<'_>) -> Self {
        Self { category: cell.category, resource_type: cell.resource_type.to_owned() }
    }

    /// In words: `AWS::S3::Object data events, write`.
    pub fn words(&self) -> String {
        let (what, how) = match self.category {
            Category::ManagementRead => ("management", ", read"),
            Category::ManagementWrite => ("management", ", write"),
            Category::ManagementUnknown => ("management", ", read or write"),
            Category::DataRead => ("data", ", read"),
            Category::DataWrite => ("data", ", write"),
            Category::DataUnknown => ("data", ", read or write"),
            Category::Network => ("network activity", ""),
            Category::Other => ("other", ""),
        };
        let blank = if self.resource_type.is_empty() { "" } else { " " };
        format!("{}{blank}{what} events{how}", self.resource_type)
    }
}

/// What the answer of [`Observability::can_show`] depends on; far fewer than there are actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    visibility: Visibility<'static>,
    writes: bool,
    /// A service with a rule of its own.
    special: Option<&'static str>,
}

fn buckets_seen(usage: &Usage) -> BTreeMap<(String, bool), DaySet> {
    let mut seen: BTreeMap<(String, bool), DaySet> = BTreeMap::new();
    for (call, resources) in usage.principals.values().flat_map(|principal| &principal.calls) {
        let action = call.action.0;
        if action.service != "s3" || !matches!(action.visibility, Visibility::Data(_)) {
            continue;
        }
        let writes = !matches!(action.level, AccessLevel::Read | AccessLevel::List);
        for (resource, stats) in resources {
            let bucket = resource.name().and_then(|name| needs::bucket_of(&name.arn));
            if let Some(bucket) = bucket {
                seen.entry((bucket.to_owned(), writes)).or_default().merge(&stats.days);
            }
        }
    }
    seen
}

/// Would a use of an action have been seen?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// Yes: had it been used in the covered time and regions, an event would show it.
    Yes,
    /// No, and why not.
    No(String),
}

impl Observability {
    /// `days_min`: on how many days an event category must have been delivered for its silence to count.
    pub fn new(coverage: &Coverage, usage: &Usage, selectors: Option<Selectors>, days_min: usize) -> Self {
        let mut accounts: BTreeMap<AccountId, AccountView> = BTreeMap::new();
        for cell in coverage.cells() {
            let Some(account) = cell.account else { continue };
            let view = accounts.entry(account).or_default();
            view.days.entry(Kind::of(&cell)).or_default().insert(cell.day);
            view.regions.insert(cell.region.to_string());
        }
        let calls = usage.principals.iter().flat_map(|(key, principal)| {
            principal.calls.keys().map(|call| (key.account.clone(), call.event.0.clone()))
        });
        let sources_seen = calls.collect();
        Self { accounts, selectors, sources_seen, buckets_seen: buckets_seen(usage), days_min }
    }

    /// Are so many days enough for silence to count?
    pub fn is_long_enough(&self, days: i64) -> bool {
        usize::try_from(days).is_ok_and(|days| days >= self.days_min.max(1))
    }

    /// [`Self::can_show`] for one resource. A trail may log the data events of some buckets only: of a bucket,
    /// such events must have been seen for long enough, unless the trail's configuration is known.
    pub fn can_show_on(&self, account: Option<AccountId>, action: &ActionInfo, arn: &str) -> bool {
        if self.can_show(account, action) != Visible::Yes {
            return false;
        }
        if self.selectors.is_some() || !matches!(action.visibility, Visibility::Data(_)) {
            return true;
        }
        let writes = !matches!(action.level, AccessLevel::Read | AccessLevel::List);
        let seen =
            needs::bucket_of(arn).and_then(|bucket| self.buckets_seen.get(&(bucket.to_owned(), writes)));
        seen.is_some_and(|days| i64::try_from(days.count()).is_ok_and(|days| self.is_long_enough(days)))
    }

    /// Regions with at least one event of the account.
    pub fn regions(&self, account: AccountId) -> BTreeSet<String> {
        self.accounts.get(&account).map(|view| view.regions.clone()).unwrap_or_default()
    }

    /// Were events of the account delivered on enough days for the silence of a whole principal to count?
    pub fn covers_account(&self, account: Option<AccountId>) -> bool {
        let view = account.and_then(|account| self.accounts.get(&account));
        let days = view.map(|view| view.days.values().flatten().collect::<BTreeSet<_>>().len());
        days.is_some_and(|days| days >= self.days_min.max(1))
    }

    /// Does the coverage reach into a region? Global services report to one region only, so every log
    /// covers them.
    pub fn covers_region(&self, account: AccountId, region: &str) -> bool {
        let everywhere = self.selectors.as_ref().and_then(|selectors| selectors.multi_region) == Some(true);
        everywhere || self.accounts.get(&account).is_some_and(|view| view.regions.contains(region))
    }

    /// The class of an action: actions of one class have the same answer.
    pub fn class(action: &ActionInfo) -> Class {
        let named = EXCLUDABLE_SOURCES.iter().map(|(service, _)| *service);
        let mut special = named.chain(READ_ONLY_WRITERS).chain(GLOBAL_SERVICES);
        Class {
            visibility: action.visibility,
            writes: !matches!(action.level, AccessLevel::Read | AccessLevel::List),
            special: special.find(|service| *service == action.service),
        }
    }

    /// Would a use of this action by a principal of this account have been seen?
    pub fn can_show(&self, account: Option<AccountId>, action: &ActionInfo) -> Visible {
        let found = account.and_then(|account| Some((account, self.accounts.get(&account)?)));
        let Some((account, view)) = found else {
            return Visible::No("the logs hold no event of the principal's account".to_owned());
        };
        if GLOBAL_SERVICES.contains(&action.service)
            && !GLOBAL_REGIONS.iter().any(|region| self.covers_region(account, region))
        {
            return Visible::No(
                "a global service, recorded in us-east-1, of which the logs hold nothing".to_owned(),
            );
        }
        self.can_show_at((account, view), action, 0)
    }

    fn can_show_at(&self, at: (AccountId, &AccountView), action: &ActionInfo, depth: usize) -> Visible {
        match &action.visibility {
            Visibility::Management => self.management(at, action),
            Visibility::Data(kind) => self.data(at.1, action, kind),
            Visibility::NotLogged => Visible::No("CloudTrail does not record this operation".to_owned()),
            Visibility::Unknown => {
                Visible::No("no API operation of this name is known to be recorded by CloudTrail".to_owned())
            }
            Visibility::ServiceOnly(_) => {
                Visible::No("only a service that assumes the role can use it".to_owned())
            }
            // A permission without an operation of its own shows through the operations that check it.
            // Tables are one level deep; the limit guards against one that refers to itself.
            Visibility::Carried(_) if depth > 1 => {
                Visible::No("its carrying operations are not known".to_owned())
            }
            Visibility::Carried(carriers) => {
                for carrier in *carriers {
                    let seen = reference().action_named(carrier).map_or_else(
                        || Visible::No("unknown operation".to_owned()),
                        |carrier| self.can_show_at(at, carrier, depth + 1),
                    );
                    if let Visible::No(why) = seen {
                        return Visible::No(format!("checked inside `{carrier}`: {why}"));
                    }
                }
                Visible::Yes
            }
        }
    }

    fn management(&self, (account, view): (AccountId, &AccountView), action: &ActionInfo) -> Visible {
        let excludable = EXCLUDABLE_SOURCES.iter().find(|(service, _)| *service == action.service);
        if let Some((_, source)) = excludable {
            let known =
                self.selectors.as_ref().map(|selectors| !selectors.excluded_sources.contains(*source));
            if !known
                .unwrap_or_else(|| self.sources_seen.contains(&(account.to_string(), (*source).to_owned())))
            {
                return Visible::No(format!(
                    "trails may leave out `{source}`, and these logs hold no event of it"
                ));
            }
        }
        let writes = !matches!(action.level, AccessLevel::Read | AccessLevel::List);
        let mut needed = vec![if writes { Category::ManagementWrite } else { Category::ManagementRead }];
        if writes && READ_ONLY_WRITERS.contains(&action.service) {
            needed.push(Category::ManagementRead);
        }
        for category in needed {
            let configured = self.selectors.as_ref().map(|selectors| match category {
                Category::ManagementWrite => selectors.management_write,
                _ => selectors.management_read,
            });
            let kind = Kind { category, resource_type: String::new() };
            if let Visible::No(why) = self.delivered(view, &kind, configured) {
                return Visible::No(why);
            }
        }
        Visible::Yes
    }

    fn data(&self, view: &AccountView, action: &ActionInfo, kind: &str) -> Visible {
        let writes = !matches!(action.level, AccessLevel::Read | AccessLevel::List);
        let category = if writes { Category::DataWrite } else { Category::DataRead };
        let configured = self.selectors.as_ref().map(|selectors| {
            selectors.data.get(kind).is_some_and(|scope| if writes { scope.write } else { scope.read })
        });
        self.delivered(view, &Kind { category, resource_type: kind.to_owned() }, configured)
    }

    /// A category is covered when the configuration logs it all, or, unless the configuration is known,
    /// when its events were delivered on enough days; and the account was delivered on enough days at all.
    fn delivered(&self, view: &AccountView, kind: &Kind, configured: Option<bool>) -> Visible {
        if configured == Some(false) {
            return Visible::No(format!(
                "the trail's event selectors leave out {} (or some of them)",
                kind.words()
            ));
        }
        let days = if configured == Some(true) {
            view.days.values().flatten().collect::<BTreeSet<_>>().len()
        } else {
            view.days.get(kind).map_or(0, BTreeSet::len)
        };
        if days == 0 {
            return Visible::No(format!("the logs hold no {}", kind.words()));
        }
        if days < self.days_min {
            return Visible::No(format!(
                "{} on {days} days only, {} are needed",
                kind.words(),
                self.days_min
            ));
        }
        Visible::Yes
    }
}
