//! What cases need to know besides their rules' answers, asked of the tables.

use super::event::{COLUMNS, EventRow};
use super::hit::Hit;
use super::standing;
use crate::query::among::{Among, Values, Windows};
use crate::query::frame::{Record, Records};
use crate::query::{Asker, QueryError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What belongs to a case lies within so many seconds of what a rule found (6 h).
pub const AROUND_SECONDS: i64 = 6 * 3_600;

/// A role that was handed over is followed for so many seconds (24 h): a job may wait for its machine.
pub const FOLLOWED_SECONDS: i64 = 24 * 3_600;

/// What scores the hits.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the rules found and the user asked about. Sorted by time.
    pub events: Vec<EventRow>,
    /// What the requests of these events name, by event.
    pub refs: References,
    /// Roles, profiles, users and projects that were made: what is new because of them is less strange.
    pub made: Vec<EventRow>,
    /// Studio profiles that were opened or given an app, by time.
    pub opened: Vec<EventRow>,
    /// Profiles by the execution role that they were given.
    pub profiles: BTreeMap<String, BTreeSet<String>>,
    /// Principals, each with the person behind it where one is known, that used AI services after the baseline.
    pub active: usize,
}

/// What tells some cases.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// What was found, and what the same principals did around it: AI calls, writes, refusals, data that left.
    /// Sorted by time.
    pub events: Vec<EventRow>,
    /// What the sessions of roles that were handed over did, by time.
    pub followed: Vec<EventRow>,
    /// What the requests of these events name, by event.
    pub refs: References,
    /// The call that issued a session's key, by the key's id.
    pub issued: BTreeMap<String, EventRow>,
    /// First event of a person or principal from an address: `(principal, human, address)`.
    pub places: BTreeMap<(String, String, String), i64>,
    /// Calls that undo what others left behind, by time.
    pub undone: Vec<EventRow>,
}

/// What requests name, by the key of their event.
#[derive(Clone, Debug, Default)]
pub struct References(pub BTreeMap<i64, Vec<Reference>>);

impl References {
    /// What the request of an event names.
    pub fn of(&self, event: &EventRow) -> &[Reference] {
        self.0.get(&event.key).map_or(&[], Vec::as_slice)
    }
}

/// One row of the table `refs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// `kind`.
    pub kind: String,
    /// `path`.
    pub path: String,
    /// `value`.
    pub value: String,
    /// `norm`.
    pub norm: String,
    /// `external`.
    pub external: bool,
}

/// Calls that make things whose newness explains what else is new.
pub const MAKING: [&str; 7] = [
    "CreateRole",
    "CreateUserProfile",
    "CreateDomain",
    "CreateProject",
    "CreateUser",
    "CreateBucket",
    "CreateRepository",
];

/// SQL texts of everything that is asked here, for [`crate::query::asked`].
pub fn sqls() -> Vec<String> {
    let looked_up = "SELECT principal_key, principal_name, source_ip, event_id, issued_key_id, resource_name, ts FROM events";
    let asked = [context_sql(), made_sql(), opened_sql(), issued_sql(), followed_sql(), undone_sql()];
    let fixed = [REFS_SQL, PROFILES_SQL, PLACES_SQL, ACTIVE_SQL, looked_up].map(str::to_owned);
    asked.into_iter().chain(fixed).collect()
}

fn columns() -> String {
    COLUMNS.map(|name| format!("e.{name}")).join(", ")
}

/// All columns of events: those among which it is asked.
pub(super) fn events_sql() -> String {
    format!("SELECT {} FROM events e", columns())
}

fn context_sql() -> String {
    format!(
        "SELECT {} FROM events e WHERE e.is_ai = 1 OR e.is_write = 1 OR e.denied = 1 OR e.bytes_out > 0",
        columns()
    )
}

const REFS_SQL: &str = "SELECT r.event_key, r.kind, r.path, r.value, r.norm, r.external FROM refs r";

fn made_sql() -> String {
    let names = MAKING.map(|name| format!("'{name}'")).join(", ");
    format!("SELECT {} FROM events e WHERE e.ok = 1 AND e.event_name IN ({names})", columns())
}

fn opened_sql() -> String {
    format!(
        "SELECT {} FROM events e WHERE e.ok = 1 AND e.target_profile <> '' \
         AND e.event_name IN ('CreatePresignedDomainUrl', 'CreateApp')",
        columns()
    )
}

const PROFILES_SQL: &str = "SELECT DISTINCT r.value, e.target_profile \
    FROM refs r JOIN events e ON e.event_key = r.event_key \
    WHERE e.is_ai = 1 AND e.ok = 1 AND r.kind = 'passed_role' AND r.path = 'userSettings.executionRole' \
    AND e.target_profile <> ''";

fn issued_sql() -> String {
    format!(
        "SELECT e.issued_key_id, {} FROM events e WHERE e.event_source = 'sts.amazonaws.com' ORDER BY e.ts",
        columns()
    )
}

const PLACES_SQL: &str = "SELECT e.principal_key, e.human_key, e.source_ip, MIN(e.ts) AS first_ts \
    FROM events e GROUP BY e.principal_key, e.human_key, e.source_ip";

fn undone_sql() -> String {
    let names: Vec<String> = standing::undoing().into_iter().map(|name| format!("'{name}'")).collect();
    format!("SELECT {} FROM events e WHERE e.ok = 1 AND e.event_name IN ({})", columns(), names.join(", "))
}

const ACTIVE_SQL: &str = "SELECT COUNT(DISTINCT e.actor_key) AS n FROM events e CROSS JOIN params p \
    WHERE e.is_ai = 1 AND e.ts >= p.split AND e.invoked_by = ''";

fn followed_sql() -> String {
    format!("SELECT {} FROM events e WHERE e.principal_kind = 'role'", columns())
}

/// The events of an answer and others, each once, by time.
fn sorted(answer: Records, others: Vec<EventRow>) -> Vec<EventRow> {
    let mut events = EventRow::all([answer]);
    events.extend(others);
    events.sort_by_key(|row| (row.time, row.key));
    events.dedup_by_key(|row| row.key);
    events
}

/// The events with one of these values in one of the columns.
pub(super) fn events_of<'v>(
    columns: &'static [&'static str],
    values: impl IntoIterator<Item = &'v str>,
) -> Among {
    let values: BTreeSet<&str> = values.into_iter().collect();
    let values = Values::Texts(values.into_iter().map(str::to_owned).collect());
    Among { table: "events", columns, values: Arc::new(values) }
}

/// The events of principals within windows: the column that names them, then each with first and last second.
fn events_within(column: &'static [&'static str], windows: BTreeMap<String, Windows>) -> Among {
    Among { table: "events", columns: column, values: Arc::new(Values::Windows(windows)) }
}

impl Facts {
    /// Asks for what scores the hits, and events that the user asks about.
    pub fn ask(asker: &Asker, hits: &[Hit], pivot: &[EventRow]) -> Result<Self, QueryError> {
        let found = [
            events_of(&["principal_key"], hits.iter().map(|hit| hit.principal_key.as_str())),
            events_of(&["event_id"], hits.iter().map(|hit| hit.event_id.as_str())),
        ];
        let events = sorted(asker.records(&events_sql(), &found)?, pivot.to_vec());
        let rows = |answer: Records| EventRow::all([answer]);
        Ok(Self {
            refs: refs(asker, events.iter())?,
            made: rows(asker.records(&made_sql(), &[])?),
            opened: rows(asker.records(&opened_sql(), &[])?),
            profiles: profiles(&asker.records(PROFILES_SQL, &[])?),
            active: active(&asker.records(ACTIVE_SQL, &[])?),
            events,
        })
    }

    /// Asks for what tells cases: what principals did within windows, what the sessions of roles did,
    /// `(name, from, to)`, and everything about it. Roles of one name in several accounts are not told apart here.
    pub fn around(
        &self,
        asker: &Asker,
        windows: BTreeMap<String, Windows>,
        handed: BTreeMap<String, Windows>,
    ) -> Result<Context, QueryError> {
        let is_near = |event: &&EventRow| {
            windows.get(&event.actor.key).is_some_and(|windows| windows.contain(event.time))
        };
        let found: Vec<EventRow> = self.events.iter().filter(is_near).cloned().collect();
        let among = [events_within(&["principal_key"], windows)];
        let events = sorted(asker.records(&context_sql(), &among)?, found);
        let among = [events_within(&["principal_name"], handed)];
        let followed = EventRow::all([asker.records(&followed_sql(), &among)?]);
        let all = || events.iter().chain(&followed);
        Ok(Context {
            refs: refs(asker, all())?,
            issued: issued(asker, &events)?,
            places: places(asker, &events)?,
            undone: undone(asker, all())?,
            events,
            followed,
        })
    }
}

fn refs<'e>(asker: &Asker, events: impl Iterator<Item = &'e EventRow>) -> Result<References, QueryError> {
    let keys = Values::Numbers(events.map(|event| event.key).collect());
    let among = Among { table: "refs", columns: &["event_key"], values: Arc::new(keys) };
    let mut all: BTreeMap<i64, Vec<Reference>> = BTreeMap::new();
    for mut cells in asker.records(REFS_SQL, &[among])?.iter() {
        let key = cells.number();
        all.entry(key).or_default().push(Reference {
            kind: cells.text(),
            path: cells.text(),
            value: cells.text(),
            norm: cells.text(),
            external: cells.flag(),
        });
    }
    for list in all.values_mut() {
        list.sort();
        list.dedup();
    }
    Ok(References(all))
}

fn active(answer: &Records) -> usize {
    let count = answer.iter().next().map(|mut row| row.number());
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

fn profiles(answer: &Records) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mut row in answer.iter() {
        all.entry(row.text()).or_default().insert(row.text());
    }
    all
}

/// Who issued the keys, and the keys of those, up to the first that nobody issued. A chain ends after a few
/// links: role chaining is rare, and a log may claim anything.
fn issued(asker: &Asker, events: &[EventRow]) -> Result<BTreeMap<String, EventRow>, QueryError> {
    const LINKS_MAX: usize = 5;
    let mut all: BTreeMap<String, EventRow> = BTreeMap::new();
    let mut open: BTreeSet<String> = events.iter().map(|event| event.access_key.clone()).collect();
    for _ in 0..LINKS_MAX {
        open.retain(|key| key.starts_with("ASIA") && !all.contains_key(key));
        if open.is_empty() {
            break;
        }
        let among = events_of(&["issued_key_id"], open.iter().map(String::as_str));
        open.clear();
        for mut row in asker.records(&issued_sql(), &[among])?.iter() {
            let key = row.text();
            let event = EventRow::read(row);
            open.insert(event.access_key.clone());
            all.entry(key).or_insert(event);
        }
    }
    Ok(all)
}

fn places(asker: &Asker, events: &[EventRow]) -> Result<BTreeMap<(String, String, String), i64>, QueryError> {
    let among = [
        events_of(&["principal_key"], events.iter().map(|event| event.actor.key.as_str())),
        events_of(&["source_ip"], events.iter().map(|event| event.ip.as_str())),
    ];
    let answer = asker.records(PLACES_SQL, &among)?;
    let place = |mut row: Record<'_>| ((row.text(), row.text(), row.text()), row.number());
    Ok(answer.iter().map(place).collect())
}

fn undone<'e>(
    asker: &Asker,
    events: impl Iterator<Item = &'e EventRow>,
) -> Result<Vec<EventRow>, QueryError> {
    let changed = events
        .filter(|event| event.ok && !event.resource.is_empty() && standing::change(event).is_some())
        .map(|event| event.resource.as_str());
    let among = [events_of(&["resource_name"], changed)];
    Ok(EventRow::all([asker.records(&undone_sql(), &among)?]))
}
