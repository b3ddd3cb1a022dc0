//! Who assumed a role, as requests for its trust policy.

use super::{KEY, named};
use crate::drift::trust::{self, Assumer};
use crate::grants::GrantedPrincipal;
use crate::iam::condition::Context;
use crate::iam::evaluate::{Decision, Policies, Request, evaluate};
use crate::iam::{AccountId, Action, PolicyDocument, Statement, arn};
use crate::recommend::selfcheck::{self, Fate};
use crate::recommend::vpc_endpoint::everything;
use crate::time::Day;
use crate::trail::coverage::members::{Members, Membership};
use crate::trail::identity::PrincipalKind;

/// The assumptions of one caller.
pub(super) struct Call<'r> {
    pub(super) assumer: &'r Assumer<'r>,
    /// The caller's account; none for services, federated users and callers that the log does not name.
    pub(super) account: Option<AccountId>,
    member: Option<Membership<'r>>,
    role: &'r GrantedPrincipal,
    /// The caller in the words of the statement: every principal that it is, or may be.
    principals: Vec<String>,
}

impl<'r> Call<'r> {
    pub(super) fn new(
        assumer: &'r Assumer<'r>,
        role: &'r GrantedPrincipal,
        statement: &Statement,
        members: &'r Members,
    ) -> Self {
        let account = match assumer.key.kind {
            PrincipalKind::Role
            | PrincipalKind::ServiceLinkedRole
            | PrincipalKind::User
            | PrincipalKind::Root
            | PrincipalKind::FederatedUser
            | PrincipalKind::Account => AccountId::parse(&assumer.key.account),
            _ => None,
        };
        let may_be = |(kind, name): &(&str, &str)| *name == "*" || trust::may_be(kind, name, assumer);
        let words = named(statement).into_iter().filter(may_be);
        let principals = words.map(|(_, name)| spoken(name, assumer, account, role)).collect();
        let member = account.and_then(|account| members.of(account));
        Self { assumer, account, member, role, principals }
    }

    /// Was its account known to be a member on this day?
    fn is_member_on(&self, day: Day) -> bool {
        self.member.is_some_and(|one| one.first <= day && day <= one.last)
    }

    /// Is its account a member, as far as is known, and was it still one on the day of its last call?
    pub(super) fn is_member(&self) -> bool {
        let last = self.assumer.stats.span.map(|(_, last)| last.day());
        self.member.is_some_and(|one| last.is_some_and(|day| day <= one.last))
    }

    /// May a policy have allowed the call?
    pub(super) fn may_rest_on(&self, policy: &PolicyDocument) -> bool {
        let decisions = self.principals.iter().filter_map(|principal| self.decision(principal, policy));
        decisions.into_iter().any(|one| matches!(one, Decision::Allowed | Decision::Depends(_)))
    }

    /// What a new trust policy does to the call, for every principal that the caller may be.
    pub(super) fn fates(&self, old: &PolicyDocument, new: &PolicyDocument) -> Vec<Fate> {
        let fate = |principal: &String| {
            Some(selfcheck::fate(&self.decision(principal, old)?, &self.decision(principal, new)?))
        };
        self.principals.iter().filter_map(fate).collect()
    }

    /// The caller's own policies let it make the call: it was made.
    fn decision(&self, principal: &str, trust: &PolicyDocument) -> Option<Decision> {
        let name = match self.assumer.key.kind {
            PrincipalKind::Saml => "sts:AssumeRoleWithSAML",
            PrincipalKind::WebIdentity => "sts:AssumeRoleWithWebIdentity",
            _ => "sts:AssumeRole",
        };
        let action = Action::parse(name).ok()?;
        let context = self.context();
        let request = Request {
            principal,
            action: &action,
            resource: self.role.arn.as_str(),
            resource_account: self.role.account,
            context: &context,
        };
        let own = everything();
        let policies = Policies { identity: &[&own], resource: Some(trust), ..Policies::default() };
        Some(evaluate(&request, &policies).decision)
    }

    fn context(&self) -> Context {
        let mut context = Context::open();
        match (self.account, self.member) {
            // Callers that the log does not name may be anybody.
            (None, _) if self.assumer.key.kind == PrincipalKind::Unknown => {}
            (None, _) => {
                context.set_absent(KEY);
            }
            (Some(account), member) => {
                context.set("aws:PrincipalAccount", account.to_string());
                if let Some(member) = member {
                    context.set(KEY, member.organization);
                }
            }
        }
        if let Some(arn) = known_arn(self.assumer) {
            context.set("aws:PrincipalArn", arn);
        }
        context
    }
}

fn known_arn<'r>(assumer: &'r Assumer<'_>) -> Option<&'r str> {
    assumer.usage.arns.first().filter(|_| !assumer.usage.path_unknown).map(String::as_str)
}

/// A caller that is, or may be, a principal of a trust policy, as a request names it: where the policy speaks
/// of a whole account, or of everybody, by the caller's own ARN, else by its account.
fn spoken(name: &str, assumer: &Assumer<'_>, account: Option<AccountId>, role: &GrantedPrincipal) -> String {
    let whole = name == "*" || AccountId::parse(name).is_some() || name.ends_with(":root");
    match account {
        _ if !whole => name.to_owned(),
        None => assumer.key.id.clone(),
        Some(account) => known_arn(assumer).map_or_else(
            || {
                let partition = arn::split(role.arn.as_str()).map_or("aws", |parts| parts.partition);
                format!("arn:{partition}:iam::{account}:root")
            },
            str::to_owned,
        ),
    }
}

/// How the condition would have done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tested {
    /// It would have refused nothing; the first days of the parts that were replayed.
    Held(Vec<Day>),
    /// It would have refused a later call.
    Broken,
    /// It would not have been made before any split that has later calls.
    Not,
}

/// Replays the calls behind each split against the condition, where it would have been made from the calls
/// before: when there were any, all by accounts that were known to be members then.
pub(super) fn test(calls: &[Call<'_>], splits: &[Day]) -> Tested {
    let mut held = Vec::new();
    for split in splits {
        let days =
            || calls.iter().flat_map(|call| call.assumer.stats.days.iter().map(move |day| (call, day)));
        let member = |(call, day): (&Call<'_>, Day)| call.is_member_on(day);
        let before: Vec<bool> = days().filter(|(_, day)| day < split).map(member).collect();
        let after: Vec<bool> = days().filter(|(_, day)| day >= split).map(member).collect();
        if before.is_empty() || after.is_empty() || before.contains(&false) {
            continue;
        }
        if after.contains(&false) {
            return Tested::Broken;
        }
        held.push(*split);
    }
    if held.is_empty() { Tested::Not } else { Tested::Held(held) }
}
