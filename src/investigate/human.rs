//! Who is behind a session, as far as the logs tell.

use super::event::EventRow;
use super::facts::{AROUND_SECONDS, Context, Facts};
use std::collections::BTreeSet;

/// By what a person is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Trusted identity propagation: the Identity Center user's id.
    OnBehalfOf,
    /// The session's source identity, which its holder cannot change.
    SourceIdentity,
    /// The session name of an Identity Center role, which Identity Center chooses.
    IdentityCenter,
    /// The principal is a user.
    User,
    /// Whoever assumed the role: the call that issued the session's key.
    Chain,
    /// Nothing tells.
    Nobody,
}

impl Basis {
    /// The word for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnBehalfOf => "on_behalf_of",
            Self::SourceIdentity => "source_identity",
            Self::IdentityCenter => "identity_center_session",
            Self::User => "user",
            Self::Chain => "assume_role_chain",
            Self::Nobody => "unknown",
        }
    }
}

/// The person behind the events of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Human {
    /// Name or id; empty when nobody can tell.
    pub key: String,
    /// How it is known.
    pub basis: Basis,
    /// The calls that issued the session's keys, nearest first: `who (eventID)`.
    pub chain: Vec<String>,
    /// The number of Studio profiles that share the role; `Some` makes attribution impossible.
    pub shared_by: Option<usize>,
    /// Profiles that somebody opened in the hours before, with who did: a hint, no proof.
    pub opened_before: Vec<String>,
}

impl Human {
    /// From the events of a case, which are all of one principal.
    pub fn of(events: &[&EventRow], facts: &Facts, context: &Context) -> Self {
        let chain = chain(events, context);
        let first = events.iter().find(|event| !event.actor.human.is_empty()).or(events.first());
        let (mut key, mut basis) = first.map_or((String::new(), Basis::Nobody), |event| own(event));
        if key.is_empty()
            && let Some(last) = chain.last()
            && !last.actor.human.is_empty()
        {
            (key, basis) = (last.actor.human.clone(), Basis::Chain);
        }
        let words = |event: &&EventRow| format!("{} ({})", who(event), event.id);
        let mut human = Self {
            chain: chain.iter().map(words).collect(),
            key,
            basis,
            shared_by: None,
            opened_before: Vec::new(),
        };
        if human.key.is_empty() && events.iter().any(|event| event.actor.session == "SageMaker") {
            human.share(events, facts);
        }
        human
    }

    fn share(&mut self, events: &[&EventRow], facts: &Facts) {
        let arns: BTreeSet<&str> = events.iter().map(|event| event.actor.arn.as_str()).collect();
        let profiles: BTreeSet<&String> =
            arns.iter().filter_map(|arn| facts.profiles.get(*arn)).flatten().collect();
        self.shared_by = Some(profiles.len());
        let (first, last) = span(events);
        let opened = facts.opened.iter().filter(|event| {
            event.time >= first - AROUND_SECONDS
                && event.time <= last
                && (profiles.is_empty() || profiles.contains(&event.profile))
        });
        let words: BTreeSet<String> =
            opened.map(|event| format!("{} by {}", event.profile, who(event))).collect();
        self.opened_before = words.into_iter().collect();
    }
}

fn own(event: &EventRow) -> (String, Basis) {
    let actor = &event.actor;
    let basis = if actor.human.is_empty() {
        Basis::Nobody
    } else if !actor.on_behalf_of.is_empty() {
        Basis::OnBehalfOf
    } else if !actor.source_identity.is_empty() {
        Basis::SourceIdentity
    } else if actor.kind == "user" {
        Basis::User
    } else {
        Basis::IdentityCenter
    };
    (actor.human.clone(), basis)
}

/// The person when known, else the principal's name, else its key.
pub fn who(event: &EventRow) -> &str {
    let actor = &event.actor;
    if actor.human.is_empty() { actor.label() } else { &actor.human }
}

/// The calls that issued the keys of these events, nearest first.
fn chain<'f>(events: &[&EventRow], context: &'f Context) -> Vec<&'f EventRow> {
    let keys: BTreeSet<&str> = events.iter().map(|event| event.access_key.as_str()).collect();
    let mut links: Vec<&EventRow> = Vec::new();
    let mut open: Vec<&str> = keys.into_iter().collect();
    while let Some(key) = open.pop() {
        if let Some(issuer) = context.issued.get(key)
            && !links.iter().any(|link| link.key == issuer.key)
        {
            links.push(issuer);
            open.push(&issuer.access_key);
        }
    }
    links
}

/// Time of the first and of the last event.
pub fn span(events: &[&EventRow]) -> (i64, i64) {
    let times = || events.iter().map(|event| event.time);
    (times().min().unwrap_or_default(), times().max().unwrap_or_default())
}
