//! Who is trusted to assume a role, and who was seen to do it. Advice only: a trust policy is never
//! changed here.
//!
//! An event of `AssumeRole` names its caller, but not always in the words of a trust policy: somebody of
//! another account appears by account and id, a service by a name of its own choice, a SAML user without
//! the provider. Whoever *may* be a trusted principal counts as that principal.

use super::observability::{Observability, Visible};
use super::{Settings, UsageIndex};
use crate::grants::{GrantedPrincipal, PrincipalType};
use crate::iam::policy::Principals;
use crate::iam::reference::reference;
use crate::iam::{AccountId, Effect, Statement, arn, glob};
use crate::time::DAY_SECONDS;
use crate::trail::grant_change::{Holder, Target};
use crate::trail::identity::PrincipalKind;
use crate::trail::outcome::Outcome;
use crate::usage::{PrincipalKey, PrincipalUsage, Resource, Stats, Usage};
use std::collections::BTreeMap;

/// One principal of a trust policy.
#[derive(Clone, Debug)]
pub struct Trusted<'a> {
    /// `AWS`, `Service`, `Federated`, as written.
    pub kind: &'a str,
    /// As written.
    pub name: &'a str,
    /// Who assumed the role and is, or may be, this principal.
    pub seen: Vec<Assumer<'a>>,
    /// No event of the window is, or may be, its; and the logs would show one.
    pub never: bool,
}

/// Somebody who assumed a role.
#[derive(Clone, Debug)]
pub struct Assumer<'a> {
    /// Who.
    pub key: &'a PrincipalKey,
    /// What else is known of them.
    pub usage: &'a PrincipalUsage,
    /// How often, when, evidence.
    pub stats: Stats,
    /// Does the log name this very role? Else it may have been another one.
    pub named: bool,
    /// How many of the calls are known to have been allowed.
    pub authorized: u64,
}

impl Assumer<'_> {
    fn add(&mut self, stats: &Stats, authorized: u64) {
        self.stats.merge(stats);
        self.authorized += authorized;
    }

    /// The ARN or, where the logs have none, kind, id and account.
    pub fn words(&self) -> String {
        let known = self.usage.arns.first().filter(|_| !self.usage.path_unknown);
        known.cloned().unwrap_or_else(|| match self.key.kind {
            PrincipalKind::Service => self.key.id.clone(),
            kind => {
                let place = if self.key.account.is_empty() { "" } else { " of " };
                let words = kind.as_str().replace('_', " ");
                format!("{words} {}{place}{}", self.key.id, self.key.account)
            }
        })
    }
}

/// Who assumed which role: by the role's ARN, and those who assumed one that the log does not name fully.
#[derive(Debug, Default)]
pub struct Assumptions<'a> {
    by_role: BTreeMap<&'a str, BTreeMap<&'a PrincipalKey, Assumer<'a>>>,
    /// Patterns that stand for many roles; `None` for any.
    vague: Vec<(Option<&'a str>, Assumer<'a>)>,
}

impl<'a> Assumptions<'a> {
    /// Gathers them from the summary. Calls that may have been refused count: they may have succeeded.
    pub fn new(usage: &'a Usage) -> Self {
        let mut found = Self::default();
        for (key, usage) in &usage.principals {
            for (call, resources) in &usage.calls {
                let action = call.action.0;
                if action.service != "sts"
                    || !action.name.starts_with("AssumeRole")
                    || call.outcome == Outcome::Denied
                {
                    continue;
                }
                let allowed = call.outcome == Outcome::Authorized;
                for (resource, stats) in resources {
                    let named = matches!(resource, Resource::Arn(_));
                    let authorized = if allowed { stats.count } else { 0 };
                    let assumer = Assumer { key, usage, stats: stats.clone(), named, authorized };
                    match resource {
                        Resource::Arn(name) => {
                            let by_caller = found.by_role.entry(&name.arn).or_default();
                            let place = by_caller.entry(key);
                            place.and_modify(|one| one.add(stats, authorized)).or_insert(assumer);
                        }
                        Resource::Pattern(name) => found.vague.push((Some(&name.arn), assumer)),
                        _ => found.vague.push((None, assumer)),
                    }
                }
            }
        }
        found
    }

    /// Is an assumption of this very role in the logs?
    pub fn names(&self, role: &str) -> bool {
        self.by_role.contains_key(role)
    }

    /// Everybody who assumed a role, or may have.
    pub fn of(&self, role: &str) -> Vec<&Assumer<'a>> {
        let vague =
            self.vague.iter().filter(|(pattern, _)| pattern.is_none_or(|one| glob::matches(one, role)));
        let exact = self.by_role.get(role).into_iter().flat_map(BTreeMap::values);
        exact.chain(vague.map(|(_, assumer)| assumer)).collect()
    }
}

/// The trusted principals of a role, each once, in the order of its trust policy. Empty for users, and for
/// statements that trust everybody or everybody but some.
pub fn review<'a>(
    principal: &'a GrantedPrincipal,
    index: &UsageIndex<'a>,
    observability: &Observability,
    settings: &Settings,
) -> Vec<Trusted<'a>> {
    let Some(trust) = principal.trust.as_ref().filter(|_| principal.kind == PrincipalType::Role) else {
        return Vec::new();
    };
    let assumers = index.assumptions.of(principal.arn.as_str());
    let mut all: Vec<Trusted<'a>> = Vec::new();
    for (kind, name) in trust.statements.iter().flat_map(trusted) {
        if all.iter().any(|one| (one.kind, one.name) == (kind, name)) {
            continue;
        }
        let seen = assumers.iter().filter(|assumer| may_be(kind, name, assumer));
        all.push(Trusted { kind, name, seen: seen.map(|one| (*one).clone()).collect(), never: false });
    }
    // A service that nobody trusts by the name that it gave is one of those who are trusted.
    let strays = |kind: &str, of: &[PrincipalKind]| {
        let own = all.iter().filter(|one| one.kind == kind);
        let known = own.flat_map(|one| &one.seen).map(|one| one.key).collect::<Vec<_>>();
        assumers.iter().any(|one| of.contains(&one.key.kind) && !known.contains(&one.key))
    };
    let stray_service = strays("Service", &[PrincipalKind::Service]);
    let stray_user = strays("Federated", &[PrincipalKind::WebIdentity, PrincipalKind::Saml]);
    let judged = !assumers.is_empty() && would_show(principal, index, observability, settings);
    for one in &mut all {
        let stray = (one.kind == "Service" && stray_service) || (one.kind == "Federated" && stray_user);
        one.never = judged && one.seen.is_empty() && !stray && is_judged(one);
    }
    all
}

/// `*` is everybody; a kind that is newer than this program is not judged.
fn is_judged(one: &Trusted<'_>) -> bool {
    one.name != "*" && ["AWS", "Service", "Federated"].contains(&one.kind)
}

/// Would an `AssumeRole` of this role be in the logs, and has the trust policy been as it is for a while?
fn would_show(
    principal: &GrantedPrincipal,
    index: &UsageIndex<'_>,
    observability: &Observability,
    settings: &Settings,
) -> bool {
    let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
    let target = Target::Trust(Holder::Role, principal.name.to_lowercase());
    let grace = i64::from(settings.grace_days) * DAY_SECONDS;
    let changed = index.usage.grant_changes.of(&account, target).first();
    let fresh = changed.is_some_and(|change| settings.window_end.seconds() - change.time.seconds() < grace);
    let visible = reference()
        .action("sts", "AssumeRole")
        .is_some_and(|action| observability.can_show(principal.account, action) == Visible::Yes);
    visible && !fresh
}

/// Does the statement let anybody assume the role?
pub fn lets_assume(statement: &Statement) -> bool {
    let assumes = statement.action.as_ref().is_some_and(|matcher| {
        matcher.negated
            || matcher.patterns.values.iter().any(|one| glob::overlaps_ignore_case(one, "sts:AssumeRole*"))
    });
    assumes && statement.effect == Effect::Allow
}

/// The named principals of an Allow statement for `sts:AssumeRole` and its like.
fn trusted(statement: &Statement) -> impl Iterator<Item = (&str, &str)> {
    let element = statement.principal.as_ref().filter(|element| lets_assume(statement) && !element.negated);
    let types = element.and_then(|element| match &element.principals {
        Principals::Typed(types) => Some(types),
        Principals::Everyone => None,
    });
    types
        .into_iter()
        .flatten()
        .flat_map(|(kind, names)| names.values.iter().map(move |name| (kind.as_str(), name.as_str())))
}

/// Is the caller the trusted principal, as far as the log can tell? `kind` and `name` as the trust policy
/// writes them.
pub fn may_be(kind: &str, name: &str, assumer: &Assumer<'_>) -> bool {
    let key = assumer.key;
    match (kind, key.kind) {
        (_, PrincipalKind::Unknown) => true,
        ("Service", PrincipalKind::Service) => {
            let label = |text: &str| text.split('.').next().unwrap_or_default().to_lowercase();
            key.id == name || label(&key.id) == label(name)
        }
        // The log does not name the provider of a SAML user.
        ("Federated", PrincipalKind::Saml) => name.contains(":saml-provider/"),
        ("Federated", PrincipalKind::WebIdentity) => {
            let provider = name.split_once(":oidc-provider/").map_or(name, |(_, host)| host);
            key.id.contains(provider)
        }
        ("AWS", PrincipalKind::Service | PrincipalKind::Saml | PrincipalKind::WebIdentity) => false,
        ("AWS", _) => is_aws(name, assumer),
        _ => false,
    }
}

fn is_aws(name: &str, assumer: &Assumer<'_>) -> bool {
    let key = assumer.key;
    if name == "*" || name == key.id {
        return true;
    }
    let parts = arn::split(name);
    let account = parts.map_or(name, |parts| parts.account);
    if AccountId::parse(account).is_none() || key.account != account {
        return false;
    }
    let Some(parts) = parts.filter(|parts| parts.resource != "root") else { return true };
    // A caller of another account is known by its account and id alone.
    if key.kind == PrincipalKind::Account || assumer.usage.arns.contains(name) {
        return true;
    }
    let own = |text: &str| text.rsplit('/').next().is_some_and(|last| last == assumer.usage.name);
    match parts.resource.strip_prefix("assumed-role/") {
        Some(session) => session.split('/').next() == Some(&*assumer.usage.name),
        None => assumer.usage.path_unknown && own(parts.resource),
    }
}
