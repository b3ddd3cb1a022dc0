//! Which statements a call rests on: every statement that may have allowed it is credited.

use crate::grants::GrantedPrincipal;
use crate::iam::compiled::{Applying, CompiledPolicies};
use crate::iam::condition::Context;
use crate::iam::evaluate::Request;
use crate::iam::{AccountId, Action, Effect, Statement, glob};
use crate::trail::outcome::Outcome;
use crate::usage::{CallKey, PrincipalUsage, Resource, Stats};

/// One row of the summary: a call, what it touched, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The call.
    pub call: &'a CallKey,
    /// What it touched.
    pub resource: &'a Resource,
    /// Count, span, evidence.
    pub stats: &'a Stats,
}

/// All rows that speak for a need: authorized calls, and undecided ones, which may have been authorized.
pub fn uses(usage: &PrincipalUsage) -> impl Iterator<Item = Use<'_>> {
    usage.calls.iter().filter(|(call, _)| call.outcome != Outcome::Denied).flat_map(|(call, resources)| {
        resources.iter().map(move |(resource, stats)| Use { call, resource, stats })
    })
}

/// A use, prepared for the policy engine.
#[derive(Debug)]
pub struct Replay<'a> {
    /// The row that is replayed.
    pub row: Use<'a>,
    principal: &'a str,
    action: Action,
    account: Option<AccountId>,
    context: Context,
}

impl<'a> Replay<'a> {
    /// `None` when the row's action is no well-formed action, which the embedded reference excludes.
    pub fn new(principal: &'a GrantedPrincipal, row: Use<'a>) -> Option<Self> {
        let action =
            Action::parse(&format!("{}:{}", row.call.action.0.service, row.call.action.0.name)).ok()?;
        let mut context = Context::open();
        context.set("aws:PrincipalArn", principal.arn.as_str());
        if let Some(account) = principal.account {
            context.set("aws:PrincipalAccount", account.to_string());
        }
        context.set("aws:RequestedRegion", row.call.region.as_str());
        context.set("aws:ViaAWSService", if row.call.via.is_some() { "true" } else { "false" });
        match &row.call.via {
            // The chain may hold further services, which the event does not name.
            Some(_) => context.set_unknown("aws:CalledVia"),
            None => context.set_absent("aws:CalledVia"),
        };
        if let Some(service) = &row.call.passed_to {
            context.set("iam:PassedToService", service.as_str());
        }
        Some(Self { row, principal: principal.arn.as_str(), action, account: principal.account, context })
    }

    /// The same call with one more condition key, of one value or as a list of one.
    #[must_use]
    pub fn with(&self, shown: Option<(&str, &str, bool)>) -> Self {
        let mut context = self.context.clone();
        match shown {
            Some((key, value, true)) => {
                context.set_list(key, [value]);
            }
            Some((key, value, false)) => {
                context.set(key, value);
            }
            None => {}
        }
        Self { context, action: self.action.clone(), ..*self }
    }

    /// The request as the engine takes it; `None` when the touched resource is not known.
    pub fn request(&self) -> Option<Request<'_>> {
        let resource = match self.row.resource {
            Resource::Star => "*",
            Resource::Arn(name) | Resource::Pattern(name) => &name.arn,
            Resource::Unknown | Resource::Role(_) => return None,
        };
        Some(self.request_for(resource))
    }

    /// The request with a resource of the caller's choice.
    pub fn request_for<'r>(&'r self, resource: &'r str) -> Request<'r> {
        Request {
            principal: self.principal,
            action: &self.action,
            resource,
            resource_account: self.account,
            context: &self.context,
        }
    }

    /// The Allow statements that may have allowed the call. With an unknown resource, any of a statement's
    /// resources may have been meant; with a pattern that stands for many, any that the pattern overlaps.
    pub fn may_rest_on<'p>(&self, policies: &CompiledPolicies<'p>) -> impl Iterator<Item = Applying<'p>> {
        let (found, pattern) = match self.row.resource {
            Resource::Star => (policies.applying(&self.request_for("*")), None),
            Resource::Arn(name) => (policies.applying(&self.request_for(&name.arn)), None),
            Resource::Unknown | Resource::Role(_) => (self.applying_somewhere(policies), None),
            Resource::Pattern(name) => (self.applying_somewhere(policies), Some(&*name.arn)),
        };
        found.into_iter().filter(move |one| {
            one.statement.effect == Effect::Allow
                && pattern.is_none_or(|pattern| may_meet(one.statement, pattern))
        })
    }

    fn applying_somewhere<'p>(&self, policies: &CompiledPolicies<'p>) -> Vec<Applying<'p>> {
        policies.applying_somewhere(&self.request_for("*"))
    }
}

/// Can a resource under `pattern` be one of the statement's? Variables may stand for anything.
pub(super) fn may_meet(statement: &Statement, pattern: &str) -> bool {
    let Some(resource) = &statement.resource else { return true };
    resource.negated
        || resource.patterns.values.iter().any(|mine| mine.contains("${") || glob::overlaps(mine, pattern))
}
