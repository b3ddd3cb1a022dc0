//! What is left as it is, whatever the logs say: principals for emergencies, what the exclusions file
//! names, principals that are too young, and permissions that were granted a moment ago.

use super::Settings;
use super::verdict::ActionPattern;
use crate::grants::{AttachedPolicy, BreakGlass, Exclusion, GrantedPrincipal, PolicySource, PrincipalType};
use crate::iam::contain::{self, Containment};
use crate::iam::policy::Matcher;
use crate::iam::reference::ActionInfo;
use crate::iam::{Effect, PolicyDocument, Statement, glob};
use crate::time::{DAY_SECONDS, Day, Timestamp};
use crate::trail::grant_change::{Change, Holder, Target, What};
use crate::usage::GrantChanges;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What of one principal is protected, and why.
#[derive(Debug, Default)]
pub struct Protection<'a> {
    /// Why the principal as a whole is, if it is.
    pub whole: Option<Arc<str>>,
    /// The exclusions that fit the principal or something of it, as indices into the file's entries.
    pub exclusions: BTreeSet<usize>,
    /// Entries that fit the principal and name statements or actions, with the reason in words.
    partial: Vec<(&'a Exclusion, Arc<str>)>,
    /// By policy: what of it is newly granted.
    new: Vec<Option<NewGrant>>,
}

/// A policy that changed within the grace period.
#[derive(Debug)]
struct NewGrant {
    why: Arc<str>,
    /// What it granted before, where that is known.
    before: Option<Arc<PolicyDocument>>,
}

/// What of one statement is protected.
#[derive(Debug, Default)]
pub struct StatementProtection<'a> {
    whole: Option<Arc<str>>,
    /// Patterns of actions.
    actions: Vec<(&'a [String], Arc<str>)>,
    /// Patterns of the statement that are newly granted, and those that are not.
    new: Option<NewPatterns<'a>>,
}

#[derive(Debug)]
struct NewPatterns<'a> {
    why: Arc<str>,
    old: Vec<&'a str>,
}

impl<'a> Protection<'a> {
    /// What of a principal is protected.
    pub fn of(principal: &GrantedPrincipal, changes: &GrantChanges, settings: &'a Settings) -> Self {
        let mut protection = Self::default();
        let mut excluded = None;
        for (index, entry) in settings.exclusions.entries.iter().enumerate() {
            if entry.expired(settings.today) || !fits(entry, principal) {
                continue;
            }
            let why: Arc<str> = words(entry).into();
            if entry.sids.is_empty() && entry.actions.is_empty() {
                protection.exclusions.insert(index);
                excluded.get_or_insert(why);
            } else if allow_statements(principal).any(|statement| names_part_of(entry, statement)) {
                protection.exclusions.insert(index);
                protection.partial.push((entry, why));
            }
        }
        let break_glass = break_glass(&settings.exclusions.break_glass, principal).map(Arc::from);
        let too_young = || too_young(principal, settings).map(Arc::from);
        protection.whole = break_glass.or(excluded).or_else(too_young);
        let grace = Grace { principal, changes, settings };
        protection.new = principal.policies.iter().map(|policy| grace.new_grant(policy)).collect();
        protection
    }

    /// Is nothing of the principal protected?
    pub fn is_empty(&self) -> bool {
        self.whole.is_none() && self.partial.is_empty() && self.new.iter().all(Option::is_none)
    }

    /// What of a statement of the policy with this index is protected.
    pub fn statement<'s>(
        &'s self,
        policy: usize,
        statement: &'s Statement,
        version: Option<&str>,
    ) -> StatementProtection<'s> {
        let mut found = StatementProtection { whole: self.whole.clone(), ..StatementProtection::default() };
        for (entry, why) in &self.partial {
            if !sid_fits(entry, statement) {
                continue;
            }
            if entry.actions.is_empty() {
                found.whole.get_or_insert_with(|| why.clone());
            } else {
                found.actions.push((&entry.actions, why.clone()));
            }
        }
        if let Some(Some(new)) = self.new.get(policy) {
            match &new.before {
                None => {
                    found.whole.get_or_insert_with(|| new.why.clone());
                }
                Some(before) => found.new = new_patterns(new, before, statement, version),
            }
        }
        found
    }
}

impl StatementProtection<'_> {
    /// Why an action of the statement is protected, if it is.
    pub fn why(&self, action: &ActionInfo) -> Option<&Arc<str>> {
        let named = |patterns: &[String]| patterns.iter().any(|one| ActionPattern::new(one).names(action));
        let excluded = || self.actions.iter().find(|(patterns, _)| named(patterns)).map(|(_, why)| why);
        let new = || {
            let new = self.new.as_ref()?;
            let old = new.old.iter().any(|one| ActionPattern::new(one).names(action));
            (!old).then_some(&new.why)
        };
        self.whole.as_ref().or_else(excluded).or_else(new)
    }
}

fn allow_statements(principal: &GrantedPrincipal) -> impl Iterator<Item = &Statement> {
    let documents = principal.policies.iter().filter_map(|policy| policy.document.as_deref());
    documents.flat_map(|document| &document.statements).filter(|one| one.effect == Effect::Allow)
}

/// Does an entry fit the principal?
fn fits(entry: &Exclusion, principal: &GrantedPrincipal) -> bool {
    let tagged = |(key, value): (&String, &String)| {
        principal.tags.get(key).is_some_and(|found| glob::matches(value, found))
    };
    (entry.principals.is_empty() || entry.principals.iter().any(|one| principal.is_named(one)))
        && (entry.accounts.is_empty() || principal.account.is_some_and(|id| entry.accounts.contains(&id)))
        && entry.tags.iter().all(tagged)
}

fn sid_fits(entry: &Exclusion, statement: &Statement) -> bool {
    let sid = statement.sid.as_deref().unwrap_or_default();
    entry.sids.is_empty() || entry.sids.iter().any(|front| sid.starts_with(front.as_str()))
}

/// Does an entry fit the statement, or some action of it?
fn names_part_of(entry: &Exclusion, statement: &Statement) -> bool {
    let granted = |wanted: &String| {
        statement.action.as_ref().is_some_and(|matcher| {
            matcher.negated
                || matcher.patterns.values.iter().any(|one| glob::overlaps_ignore_case(wanted, one))
        })
    };
    sid_fits(entry, statement) && (entry.actions.is_empty() || entry.actions.iter().any(granted))
}

/// An entry in words.
fn words(entry: &Exclusion) -> String {
    let until = entry.expires.map(|day| format!(" until {day}")).unwrap_or_default();
    format!("excluded by {}{until}: {}", entry.owner, entry.reason)
}

/// By which name or tag a principal is one for emergencies, if it is.
fn break_glass(given: &BreakGlass, principal: &GrantedPrincipal) -> Option<String> {
    let no = |value: &str| ["false", "no", "0"].iter().any(|no| value.trim().eq_ignore_ascii_case(no));
    let named = |key: &str| given.tags.iter().any(|tag| tag.eq_ignore_ascii_case(key));
    let tag = principal.tags.iter().find(|(key, value)| named(key) && !no(value));
    let name = || given.principals.iter().find(|one| principal.is_named(one));
    match tag {
        Some((key, _)) => Some(format!("for emergencies (break glass): tag `{key}`")),
        None => name().map(|name| format!("for emergencies (break glass): its name fits `{name}`")),
    }
}

/// Why a principal is too young to be judged, if it is.
fn too_young(principal: &GrantedPrincipal, settings: &Settings) -> Option<String> {
    let created = principal.created?;
    is_within(created, settings, settings.age_days_min).then(|| {
        format!(
            "created {}, less than {} days before the end of the window",
            created.day(),
            settings.age_days_min
        )
    })
}

/// Less than so many whole days before the end of the window, or after it.
fn is_within(time: Timestamp, settings: &Settings, days: u32) -> bool {
    (settings.window_end.seconds() - time.seconds()).div_euclid(DAY_SECONDS) < i64::from(days)
}

/// Looks for grants of one principal that are newer than the grace period allows.
struct Grace<'a> {
    principal: &'a GrantedPrincipal,
    changes: &'a GrantChanges,
    settings: &'a Settings,
}

impl Grace<'_> {
    fn is_new(&self, time: Timestamp) -> bool {
        is_within(time, self.settings, self.settings.grace_days)
    }

    fn why(&self, what: &str, day: Day) -> Arc<str> {
        let days = self.settings.grace_days;
        format!("newly granted: {what} {day}, less than {days} days before the end of the window").into()
    }

    fn new_grant(&self, policy: &AttachedPolicy) -> Option<NewGrant> {
        if let Some(change) = self.latest(Target::Boundary(self.holder(), self.principal.name.to_lowercase()))
        {
            return Some(self.whole(change));
        }
        match &policy.source {
            PolicySource::Inline => self.inline(self.holder(), &self.principal.name, policy),
            PolicySource::CustomerManaged { arn } | PolicySource::AwsManaged { arn } => {
                self.managed(self.holder(), &self.principal.name, arn, policy)
            }
            PolicySource::Group { group, arn } => {
                let joined = Target::Membership(self.principal.name.to_lowercase(), group.to_lowercase());
                if let Some(change) = self.latest(joined) {
                    return Some(self.whole(change));
                }
                match arn {
                    Some(arn) => self.managed(Holder::Group, group, arn, policy),
                    None => self.inline(Holder::Group, group, policy),
                }
            }
        }
    }

    fn holder(&self) -> Holder {
        match self.principal.kind {
            PrincipalType::Role => Holder::Role,
            PrincipalType::User => Holder::User,
        }
    }

    fn changes_of(&self, target: Target) -> &[Change] {
        let account = self.principal.account.map(|account| account.to_string()).unwrap_or_default();
        self.changes.of(&account, target)
    }

    /// The latest change that gave something within the grace period.
    fn latest(&self, target: Target) -> Option<&Change> {
        let given = |change: &&Change| change.what != What::Taken && self.is_new(change.time);
        self.changes_of(target).iter().find(given)
    }

    /// The old document is not known, so everything may be new.
    fn whole(&self, change: &Change) -> NewGrant {
        let what = format!("`{}` ({})", change.event_name, change.event_id);
        NewGrant { why: self.why(&what, change.time.day()), before: None }
    }

    fn inline(&self, holder: Holder, name: &str, policy: &AttachedPolicy) -> Option<NewGrant> {
        let target = Target::Inline(holder, name.to_lowercase(), policy.name.to_lowercase());
        let changes = self.changes_of(target.clone());
        let new = self.whole(self.latest(target)?);
        let before = changes.iter().find(|change| !self.is_new(change.time)).map(|change| &change.what);
        let before = match before {
            Some(What::Given(Some(text))) => PolicyDocument::parse(text).ok().map(Arc::new),
            _ => None,
        };
        Some(NewGrant { before, ..new })
    }

    fn managed(&self, holder: Holder, name: &str, arn: &str, policy: &AttachedPolicy) -> Option<NewGrant> {
        let attached = Target::Attachment(holder, name.to_lowercase(), arn.to_owned());
        if let Some(change) = self.latest(attached) {
            return Some(self.whole(change));
        }
        let written = self.latest(Target::Managed(arn.to_owned()));
        let version = policy.versions.first().filter(|version| self.is_new(version.created));
        let Some(version) = version else { return written.map(|change| self.whole(change)) };
        // Another version that was made the default in between may have been any of them.
        let jumped = written.is_some_and(|change| change.event_name == "SetDefaultPolicyVersion");
        let before = policy.versions.iter().find(|one| !self.is_new(one.created) && !jumped);
        let what = written.map_or_else(
            || "the default version is of".to_owned(),
            |change| format!("`{}` ({})", change.event_name, change.event_id),
        );
        Some(NewGrant {
            why: self.why(&what, version.created.day()),
            before: before.and_then(|one| one.document.clone()),
        })
    }
}

/// A statement with more patterns is not looked at one by one: each look is a proof.
const PATTERNS_MAX: usize = 64;

/// The patterns of a statement that the old document did not grant; `None` when it granted the whole
/// statement. What is not proved to be old is new.
fn new_patterns<'s>(
    new: &NewGrant,
    before: &PolicyDocument,
    statement: &'s Statement,
    version: Option<&str>,
) -> Option<NewPatterns<'s>> {
    let granted_before = |statement: &Statement| {
        let document = PolicyDocument {
            version: version.map(str::to_owned),
            id: None,
            statements: vec![statement.clone()],
            single: false,
            unknown: Vec::new(),
        };
        contain::contain(&[&document], &[before])
    };
    if statement.effect == Effect::Deny || matches!(granted_before(statement), Containment::Proved { .. }) {
        return None;
    }
    let mut old = Vec::new();
    if let Some(matcher) = statement.action.as_ref().filter(|matcher| !matcher.negated) {
        for pattern in matcher.patterns.values.iter().take(PATTERNS_MAX) {
            let action = Some(Matcher::of(vec![pattern.clone()]));
            match granted_before(&Statement { action, ..statement.clone() }) {
                Containment::Proved { .. } => old.push(pattern.as_str()),
                Containment::Refuted(_) => {}
                // What makes one proof too hard makes the others so.
                Containment::Unknown(_) => break,
            }
        }
    }
    Some(NewPatterns { why: new.why.clone(), old })
}
