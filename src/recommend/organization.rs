//! `aws:PrincipalOrgID` for trust policies that let other accounts in: a role that only members of one
//! organization assumed may be limited to that organization. Proposals only; a trust policy is never changed.
//!
//! The key is in a request when its principal is a member of an organization (IAM user guide, "AWS global
//! condition context keys", 2026), so services and federated users do not have it, and a statement that trusts
//! them gets no such condition. No event carries the key: who is a member follows from the names of the files
//! that an organization trail delivered ([`Members`]). In a role's own policies the key would always hold, and
//! is not proposed.

mod calls;

use crate::drift::trust;
use crate::drift::{PrincipalReview, Standing};
use crate::grants::PrincipalType;
use crate::iam::policy::Principals;
use crate::iam::quota::{self, Quota};
use crate::iam::validate::PolicyType;
use crate::iam::{AccountId, PolicyDocument, Statement, arn};
use crate::recommend::propose::Candidate;
use crate::recommend::selfcheck::{self, Fate};
use crate::time::{Day, Timestamp};
use crate::trail::coverage::members::Members;
use calls::{Call, Tested};
use std::collections::{BTreeMap, BTreeSet};

/// The key.
pub const KEY: &str = "aws:PrincipalOrgID";

/// The operator that it is proposed with.
pub const OPERATOR: &str = "StringEquals";

/// Fewer assumptions could be chance: the number that other conditions need.
pub const CALLS_MIN: u64 = super::propose::CALLS_MIN;

/// Ids of events that a proposal carries.
const EVIDENCE_MAX: usize = 3;

/// A trust statement that lets principals of other accounts in.
#[derive(Clone, Debug, PartialEq)]
pub struct TrustCondition {
    /// The statement, from 0.
    pub statement: usize,
    /// Its Sid.
    pub sid: Option<String>,
    /// Assumptions by other accounts that rest, or may rest, on the statement: those from accounts that were
    /// members of an organization at the time, and all.
    pub support: (u64, u64),
    /// The condition, or why there is none.
    pub result: Result<TrustProposal, NoCondition>,
}

/// The condition that a statement may get.
#[derive(Clone, Debug, PartialEq)]
pub struct TrustProposal {
    /// `o-…`.
    pub organization: String,
    /// The other accounts that assumed the role by the statement.
    pub accounts: BTreeSet<AccountId>,
    /// Ids of some of the supporting events, at most three.
    pub evidence: BTreeSet<String>,
    /// The backtest: the first days of the parts in which the condition, made from what was seen before, would
    /// have refused nothing.
    pub held_from: Vec<Day>,
    /// The trust policy with the condition.
    pub document: PolicyDocument,
}

/// Why a statement gets no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCondition {
    /// It trusts services or identity providers as well, which are of no organization.
    OtherKinds,
    /// No file name tells an organization.
    NoOrganization,
    /// Callers without an account that is known: services, federated users, and callers that the log does
    /// not name; how many calls.
    NoAccount(u64),
    /// Accounts that are not known to be members, or were not any more, and how often they assumed the role.
    UnknownAccounts(BTreeMap<AccountId, u64>),
    /// The callers, or the accounts that the statement names, are of several organizations.
    Several(BTreeSet<String>),
    /// Fewer assumptions by other accounts than a proposal needs.
    TooFew(u64),
    /// The longer policy would break a rule of AWS's.
    Invalid(String),
    /// It would be too large: its characters, and the quota.
    TooLarge(usize, usize),
    /// The replay refuses an observed call.
    Refused(u64),
    /// Made from the first part of the window, it would have refused a later call.
    Broken,
    /// Nothing in the window tests it.
    Untested,
}

impl NoCondition {
    /// The word for JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::OtherKinds => "other_principals",
            Self::NoOrganization => "organization_unknown",
            Self::NoAccount(_) => "callers_without_account",
            Self::UnknownAccounts(_) => "accounts_unknown",
            Self::Several(_) => "several_organizations",
            Self::TooFew(_) => "too_few_assumptions",
            Self::Invalid(_) => "invalid",
            Self::TooLarge(..) => "too_large",
            Self::Refused(_) => "refuses_observed_calls",
            Self::Broken => "broken_in_backtest",
            Self::Untested => "not_backtested",
        }
    }
}

/// One answer for each statement of a role's trust policy that lets principals of other accounts in and does
/// not speak of organizations yet. None for other principals, for service-linked roles, and for what must not
/// be changed.
pub fn trust_conditions(
    review: &PrincipalReview<'_>,
    members: &Members,
    window: Option<(Timestamp, Timestamp)>,
) -> Vec<TrustCondition> {
    let principal = review.principal;
    let settled = review.standing == Standing::ServiceLinked || review.protected.is_some();
    let role = principal.kind == PrincipalType::Role && !settled;
    let Some(trust) = principal.trust.as_ref().filter(|_| role) else { return Vec::new() };
    let splits = super::backtest::splits(window).map(Vec::from).unwrap_or_default();
    let all = trust.statements.iter().enumerate();
    let open = all.filter(|(_, statement)| is_open(statement, principal.account));
    open.map(|(at, statement)| Ask { review, members, splits: &splits, trust, at, statement }.answer())
        .collect()
}

/// The principals that a statement names, as (type, name); `"*"` is everybody of all accounts.
fn named(statement: &Statement) -> Vec<(&str, &str)> {
    match statement.principal.as_ref().map(|element| &element.principals) {
        None => Vec::new(),
        Some(Principals::Everyone) => vec![("AWS", "*")],
        Some(Principals::Typed(types)) => types
            .iter()
            .flat_map(|(kind, names)| names.values.iter().map(move |name| (kind.as_str(), name.as_str())))
            .collect(),
    }
}

/// The account of an `AWS` principal; none for `*` and for the id of a principal that was deleted.
fn account_of(name: &str) -> Option<AccountId> {
    AccountId::parse(arn::split(name).map_or(name, |parts| parts.account))
}

/// Does the statement let principals of other accounts in, without a word on organizations?
fn is_open(statement: &Statement, own: Option<AccountId>) -> bool {
    let negated = statement.principal.as_ref().is_none_or(|element| element.negated);
    let mut keys = statement.condition.iter().flat_map(|operator| &operator.keys);
    let spoken = keys.any(|key| {
        ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"].iter().any(|one| key.key.eq_ignore_ascii_case(one))
    });
    let other = |(kind, name): &(&str, &str)| {
        *kind == "AWS" && (*name == "*" || account_of(name).is_some_and(|account| Some(account) != own))
    };
    trust::lets_assume(statement) && !negated && !spoken && named(statement).iter().any(other)
}

/// One statement, and what is known about it.
struct Ask<'r, 'a> {
    review: &'r PrincipalReview<'a>,
    members: &'r Members,
    splits: &'r [Day],
    trust: &'r PolicyDocument,
    at: usize,
    statement: &'r Statement,
}

impl<'r> Ask<'r, '_> {
    fn answer(&self) -> TrustCondition {
        let alone = PolicyDocument { statements: vec![self.statement.clone()], ..self.trust.clone() };
        let all = self.review.assumers.iter();
        let all = all.map(|assumer| Call::new(assumer, self.review.principal, self.statement, self.members));
        let calls: Vec<Call<'_>> = all.filter(|call| call.may_rest_on(&alone)).collect();
        TrustCondition {
            statement: self.at,
            sid: self.statement.sid.clone(),
            support: self.support(&calls),
            result: self.proposal(&calls),
        }
    }

    /// Assumptions by other accounts: those from members, and all. A call between accounts is in the logs of
    /// both, so the larger number of the same caller counts.
    fn support(&self, calls: &[Call<'_>]) -> (u64, u64) {
        let mut by_caller: BTreeMap<(AccountId, &str), (u64, bool)> = BTreeMap::new();
        for call in calls.iter().filter(|call| call.assumer.named) {
            let Some(account) = call.account.filter(|account| Some(*account) != self.own()) else { continue };
            let entry = by_caller.entry((account, &call.assumer.key.id)).or_insert((0, true));
            entry.0 = entry.0.max(call.assumer.authorized);
            entry.1 &= call.is_member();
        }
        let all = by_caller.values().map(|(count, _)| count).sum();
        let from_members = by_caller.values().filter(|(_, member)| *member).map(|(count, _)| count).sum();
        (from_members, all)
    }

    fn own(&self) -> Option<AccountId> {
        self.review.principal.account
    }

    /// The accounts that the statement names, its own role's included.
    fn named_accounts(&self) -> BTreeSet<AccountId> {
        named(self.statement).into_iter().filter_map(|(_, name)| account_of(name)).collect()
    }

    fn proposal(&self, calls: &[Call<'_>]) -> Result<TrustProposal, NoCondition> {
        if named(self.statement).iter().any(|(kind, _)| *kind != "AWS") {
            return Err(NoCondition::OtherKinds);
        }
        if self.members.is_empty() {
            return Err(NoCondition::NoOrganization);
        }
        let nobody: u64 =
            calls.iter().filter(|call| call.account.is_none()).map(|call| call.assumer.stats.count).sum();
        if nobody > 0 {
            return Err(NoCondition::NoAccount(nobody));
        }
        let unknown = self.unknown_accounts(calls);
        if !unknown.is_empty() {
            return Err(NoCondition::UnknownAccounts(unknown));
        }
        let (supporting, _) = self.support(calls);
        if supporting < CALLS_MIN {
            return Err(NoCondition::TooFew(supporting));
        }
        let organization = self.organization(calls)?;
        let document = self.document(&organization)?;
        let refused = self.refused(&document);
        if refused > 0 {
            return Err(NoCondition::Refused(refused));
        }
        let held_from = match calls::test(calls, &self.testable()) {
            Tested::Held(days) => days,
            Tested::Broken => return Err(NoCondition::Broken),
            Tested::Not => return Err(NoCondition::Untested),
        };
        let others = calls.iter().filter(|call| call.account != self.own());
        let evidence =
            others.clone().flat_map(|call| &call.assumer.stats.evidence).map(|(_, id)| id.to_string());
        let evidence: BTreeSet<String> = evidence.collect();
        Ok(TrustProposal {
            organization,
            accounts: others.filter_map(|call| call.account).collect(),
            evidence: evidence.into_iter().take(EVIDENCE_MAX).collect(),
            held_from,
            document,
        })
    }

    /// Callers' accounts that were not known to be members on the day of their last call, and accounts that the
    /// statement names and that are not known to be members in the last part of the window.
    fn unknown_accounts(&self, calls: &[Call<'_>]) -> BTreeMap<AccountId, u64> {
        let mut unknown: BTreeMap<AccountId, u64> = BTreeMap::new();
        for call in calls.iter().filter(|call| !call.is_member()) {
            let Some(account) = call.account else { continue };
            *unknown.entry(account).or_default() += call.assumer.stats.count;
        }
        for account in self.named_accounts() {
            let recent =
                self.members.of(account).filter(|one| self.splits.iter().all(|day| one.last >= *day));
            if recent.is_none() {
                unknown.entry(account).or_default();
            }
        }
        unknown
    }

    /// The one organization of all callers and of all accounts that the statement names.
    fn organization(&self, calls: &[Call<'_>]) -> Result<String, NoCondition> {
        let of_callers = calls.iter().filter_map(|call| call.account);
        let accounts: BTreeSet<AccountId> = of_callers.chain(self.named_accounts()).collect();
        let memberships = accounts.into_iter().filter_map(|account| self.members.of(account));
        let mut all: BTreeSet<String> = memberships.map(|one| one.organization.to_owned()).collect();
        match (all.pop_first(), all.len()) {
            (Some(one), 0) => Ok(one),
            (first, _) => Err(NoCondition::Several(all.into_iter().chain(first).collect())),
        }
    }

    /// The trust policy with the condition: one more test in an Allow statement, so it allows nothing new.
    fn document(&self, organization: &str) -> Result<PolicyDocument, NoCondition> {
        let mut document = self.trust.clone();
        if let Some(statement) = document.statements.get_mut(self.at) {
            let values = BTreeSet::from([organization.to_owned()]);
            Candidate { key: KEY, operator: OPERATOR, values }.add_to(&mut statement.condition);
        }
        if let Some(rule) = selfcheck::invalid(&[&document], self.trust, PolicyType::Trust) {
            return Err(NoCondition::Invalid(rule));
        }
        let (size, limit) = (quota::size(&document).bytes, Quota::TrustPolicy.limit().characters_max);
        if size > limit {
            return Err(NoCondition::TooLarge(size, limit));
        }
        Ok(document)
    }

    /// Observed calls, by whatever statement, that the new policy would refuse or allow less certainly.
    fn refused(&self, new: &PolicyDocument) -> u64 {
        let principal = self.review.principal;
        let all = self.review.assumers.iter();
        // Every statement's principals, so that each caller asks in the words of the statement that lets it in.
        let asks = all.flat_map(|assumer| {
            let by = |statement: &'r Statement| Call::new(assumer, principal, statement, self.members);
            self.trust.statements.iter().map(by)
        });
        let broken = asks.filter(|call| call.fates(self.trust, new).contains(&Fate::Broken));
        broken.map(|call| call.assumer.stats.count).sum()
    }

    /// The splits before which all accounts that the statement names were known to be members.
    fn testable(&self) -> Vec<Day> {
        let known = |split: &Day| {
            let mut named = self.named_accounts().into_iter();
            named.all(|account| self.members.of(account).is_some_and(|one| one.first < *split))
        };
        self.splits.iter().copied().filter(known).collect()
    }
}
