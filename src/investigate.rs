//! Cases of unusual access: what the rules found, put together by who did it, with everything that a responder asks
//! next: who is behind it, from where, what was touched, what could have been, what stands, what left.
//!
//! A rule is a query (`queries/`). Its rows are hits; hits of one person within six hours are a case, with those
//! of the sessions of roles that were handed over. The score is a noisy-or of weights (`docs/INVESTIGATE.md`).

pub mod blast;
pub mod case;
pub mod cause;
pub mod contain;
pub mod event;
pub mod facts;
pub mod hit;
pub mod human;
pub mod outflow;
pub mod peer;
pub mod pivot;
pub mod standing;
pub mod unknown;

pub use case::Case;
pub use event::EventRow;
pub use facts::Facts;

use crate::query::{Header, Need, Query, Severity};
use blast::Blast;
use hit::Hit;
use std::collections::BTreeSet;

/// The score from which a case is reported, unless the user says otherwise.
pub const SCORE_MIN: u32 = 40;

/// Rows of the catalogue whose rules make cases begin so; general role-review queries do not take part.
const TOPIC: [&str; 3] = ["SM-", "BR-", "AI-"];

/// What a rule is, whether a query or code.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What its header says.
    pub header: Header,
    /// Is it about refused calls? Of any other rule a refused call counts half.
    pub about_refusals: bool,
}

impl Rule {
    /// The rule that a query is.
    pub fn of(query: &Query) -> Self {
        Self {
            name: query.name.clone(),
            header: query.header.clone(),
            about_refusals: query.sql.contains("denied = 1"),
        }
    }

    /// What one of its hits counts, in per cent.
    pub fn weight(&self) -> u32 {
        let severity = self.header.severity.unwrap_or(Severity::Info);
        self.header.weight.unwrap_or_else(|| severity.weight())
    }
}

/// Does a query belong to the topic `sagemaker`?
pub fn is_on_topic(query: &Query) -> bool {
    query.header.ids.iter().any(|id| TOPIC.iter().any(|start| id.starts_with(start)))
}

/// Does a query look at events like this one: does it name the call or its service, or, naming no call at all, look at
/// all of them? Taken from the words of its SQL, so that a rule may be said to look where it looks away later.
pub fn looks_at(query: &Query, event: &EventRow) -> bool {
    let names = |text: &str| query.sql.contains(&format!("'{text}'"));
    let names_calls = query.sql.contains("event_name = '") || query.sql.contains("event_name IN");
    if names_calls || query.sql.contains("event_name LIKE") {
        return names(&event.name);
    }
    names(&event.source) || (event.is_ai && query.sql.contains("is_ai")) || query.sql.contains("denied = 1")
}

/// The rule that is code: it compares what two principals are granted.
pub fn stronger_role() -> Rule {
    Rule {
        name: "passed_role_stronger".to_owned(),
        header: Header {
            ids: vec!["SM-P05".to_owned()],
            title: "A role was handed over that can do more than the one who did".to_owned(),
            meaning: "The role opens ways to more permissions, or reaches more data, than the caller's own \
                      policies do, as the snapshot has them."
                .to_owned(),
            severity: Some(Severity::Critical),
            attack: vec!["T1548.005".to_owned()],
            atlas: vec!["AML.T0012".to_owned()],
            window: "any; together with another rule's hit on the same call".to_owned(),
            needs: vec![Need::Management, Need::Snapshot],
            look_alikes: "platform pipelines, which hand over strong roles by design".to_owned(),
            ..Header::default()
        },
        about_refusals: false,
    }
}

/// Hits of [`stronger_role`]: calls that another rule found and that hand over a role which can do more than
/// the caller. `granted` gives what a principal is granted.
pub fn stronger_roles(
    rule: usize,
    hits: &[Hit],
    facts: &Facts,
    mut granted: impl FnMut(&str) -> Option<Blast>,
) -> Vec<Hit> {
    let found: BTreeSet<(&str, &str)> =
        hits.iter().map(|hit| (hit.event_id.as_str(), hit.principal_key.as_str())).collect();
    let mut all = Vec::new();
    for event in &facts.events {
        if !event.ok || !found.contains(&(event.id.as_str(), event.actor.key.as_str())) {
            continue;
        }
        for one in facts.refs.of(event).iter().filter(|one| one.kind == "passed_role") {
            let mut more = || {
                let (caller, handed) = (granted(&event.actor.arn)?.granted?, granted(&one.value)?.granted?);
                handed.stronger_than(&caller)
            };
            if let Some(more) = more() {
                all.push(Hit {
                    rule,
                    event_id: event.id.clone(),
                    time: event.time,
                    principal_key: event.actor.key.clone(),
                    why: format!("handed over {}, which has {more}", one.value),
                });
            }
        }
    }
    all
}
