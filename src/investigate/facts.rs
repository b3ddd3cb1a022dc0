//! What cases need to know besides their rules' answers, asked of the tables.

use super::event::{COLUMNS, Cells, EventRow};
use super::hit::Hit;
use super::standing;
use crate::query::frame::{Among, Values};
use crate::query::{Answer, Asker, QueryError};
use crate::tables::{Builder, Cell, Column, Kind, Table};
use std::collections::{BTreeMap, BTreeSet};

/// What belongs to a case lies within so many seconds of what a rule found (6 h).
pub const AROUND_SECONDS: i64 = 6 * 3_600;

/// A role that was handed over is followed for so many seconds (24 h): a job may wait for its machine.
pub const FOLLOWED_SECONDS: i64 = 24 * 3_600;

/// Everything that is known about the events of all cases.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the rules found and the user asked about; as context what the same principals did around it: AI
    /// calls, writes, refusals, data that left. Sorted by time.
    pub events: Vec<EventRow>,
    /// What the requests of these events name, by event.
    pub refs: BTreeMap<i64, Vec<Reference>>,
    /// Roles, profiles, users and projects that were made: what is new because of them is less strange.
    pub made: Vec<EventRow>,
    /// Studio profiles that were opened or given an app, by time.
    pub opened: Vec<EventRow>,
    /// Profiles by the execution role that they were given.
    pub profiles: BTreeMap<String, BTreeSet<String>>,
    /// The call that issued a session's key, by the key's id.
    pub issued: BTreeMap<String, EventRow>,
    /// First event of a person or principal from an address: `(principal, human, address)`.
    pub places: BTreeMap<(String, String, String), i64>,
    /// Principals, each with the person behind it where one is known, that used AI services after the baseline.
    pub active: usize,
    /// Calls that undo what others left behind, by time.
    pub undone: Vec<EventRow>,
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
    vec![
        context_sql(),
        hits_sql(),
        refs_sql(),
        made_sql(),
        opened_sql(),
        profiles_sql(),
        issued_sql(),
        places_sql(),
        undone_sql(),
        active_sql(),
        followed_sql(),
    ]
}

fn columns() -> String {
    COLUMNS.map(|name| format!("e.{name}")).join(", ")
}

fn context_sql() -> String {
    format!(
        "SELECT {} FROM events e JOIN wanted w ON w.principal_key = e.principal_key \
         WHERE e.ts >= w.from_ts AND e.ts <= w.to_ts \
         AND (e.is_ai = 1 OR e.is_write = 1 OR e.denied = 1 OR e.bytes_out > 0) ORDER BY e.ts",
        columns()
    )
}

fn hits_sql() -> String {
    format!("SELECT {} FROM events e JOIN found f ON f.event_id = e.event_id ORDER BY e.ts", columns())
}

fn refs_sql() -> String {
    "SELECT r.event_key, r.kind, r.path, r.value, r.norm, r.external \
     FROM refs r JOIN chosen c ON c.event_key = r.event_key ORDER BY r.ts"
        .to_owned()
}

fn made_sql() -> String {
    let names = MAKING.map(|name| format!("'{name}'")).join(", ");
    format!("SELECT {} FROM events e WHERE e.ok = 1 AND e.event_name IN ({names}) ORDER BY e.ts", columns())
}

fn opened_sql() -> String {
    format!(
        "SELECT {} FROM events e WHERE e.ok = 1 AND e.target_profile <> '' \
         AND e.event_name IN ('CreatePresignedDomainUrl', 'CreateApp') ORDER BY e.ts",
        columns()
    )
}

fn profiles_sql() -> String {
    "SELECT DISTINCT r.value, e.target_profile FROM refs r JOIN events e ON e.event_key = r.event_key \
     WHERE e.ok = 1 AND r.kind = 'passed_role' AND r.path = 'userSettings.executionRole' \
     AND e.target_profile <> '' ORDER BY r.value"
        .to_owned()
}

fn issued_sql() -> String {
    format!(
        "SELECT e.issued_key_id, {} FROM events e JOIN keys k ON k.access_key_id = e.issued_key_id \
         WHERE e.event_source = 'sts.amazonaws.com' ORDER BY e.ts",
        columns()
    )
}

fn places_sql() -> String {
    "SELECT e.principal_key, e.human_key, e.source_ip, MIN(e.ts) AS first_ts \
     FROM events e JOIN actors a ON a.principal_key = e.principal_key AND a.human_key = e.human_key \
     GROUP BY e.principal_key, e.human_key, e.source_ip"
        .to_owned()
}

fn undone_sql() -> String {
    let names: Vec<String> = standing::undoing().into_iter().map(|name| format!("'{name}'")).collect();
    format!(
        "SELECT {} FROM events e JOIN changed c ON c.resource_name = e.resource_name \
         WHERE e.ok = 1 AND e.event_name IN ({}) ORDER BY e.ts",
        columns(),
        names.join(", ")
    )
}

fn active_sql() -> String {
    "SELECT COUNT(DISTINCT e.actor_key) AS n FROM events e CROSS JOIN params p \
     WHERE e.is_ai = 1 AND e.ts >= p.split AND e.invoked_by = ''"
        .to_owned()
}

fn followed_sql() -> String {
    format!(
        "SELECT {} FROM events e JOIN handed h ON h.principal_name = e.principal_name \
         AND h.principal_account = e.principal_account \
         WHERE e.ts >= h.from_ts AND e.ts <= h.to_ts AND e.principal_kind = 'role' ORDER BY e.ts",
        columns()
    )
}

/// A small table of texts, and of times behind them.
fn table<const T: usize, const N: usize>(
    texts: [&'static str; T],
    numbers: [&'static str; N],
    rows: impl IntoIterator<Item = ([String; T], [i64; N])>,
) -> Table {
    let column = |kind: Kind| move |name: &'static str| Column { name, kind, about: "" };
    let columns: Vec<Column> = texts
        .into_iter()
        .map(column(Kind::Word))
        .chain(numbers.into_iter().map(column(Kind::Number)))
        .collect();
    let mut builder = Builder::new(&columns);
    for (texts, numbers) in rows {
        let cells = texts.into_iter().map(Cell::from).chain(numbers.into_iter().map(Cell::from));
        builder.push(0, 0, cells);
    }
    Table::join(&columns, vec![builder])
}

/// The events of answers and others, each once, by time.
fn sorted(answers: &[Answer], others: &[EventRow]) -> Vec<EventRow> {
    let mut events = EventRow::all(answers);
    events.extend_from_slice(others);
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
    Among { table: "events", columns, values: Values::Texts(values.into_iter().map(str::to_owned).collect()) }
}

/// Overlapping windows of one principal as one: a row of a join must not come twice.
fn joined<K: Ord + Clone>(windows: impl IntoIterator<Item = (K, i64, i64)>) -> Vec<(K, i64, i64)> {
    let mut all: Vec<(K, i64, i64)> = windows.into_iter().collect();
    all.sort();
    let mut whole: Vec<(K, i64, i64)> = Vec::new();
    for (key, from, to) in all {
        match whole.last_mut() {
            Some(last) if last.0 == key && from <= last.2 => last.2 = last.2.max(to),
            _ => whole.push((key, from, to)),
        }
    }
    whole
}

impl Facts {
    /// Asks for what scores the hits, and events that the user asks about.
    pub fn ask(asker: &mut Asker, hits: &[Hit], pivot: &[EventRow]) -> Result<Self, QueryError> {
        let found: BTreeSet<&str> = hits.iter().map(|hit| hit.event_id.as_str()).collect();
        let among = [
            events_of(&["principal_key"], hits.iter().map(|hit| hit.principal_key.as_str())),
            events_of(&["event_id"], found.iter().copied()),
        ];
        let rows = found.into_iter().map(|id| ([id.to_owned()], []));
        asker.add("found", table(["event_id"], [], rows))?;
        let events = sorted(&[asker.ask_among(&hits_sql(), &among)?.0], pivot);
        let rows = |answer: Answer| EventRow::all(&[answer]);
        Ok(Self {
            refs: refs(asker, &events)?,
            made: rows(asker.ask(&made_sql())?.0),
            opened: rows(asker.ask(&opened_sql())?.0),
            profiles: profiles(&asker.ask(&profiles_sql())?.0),
            active: active(&asker.ask(&active_sql())?.0),
            events,
            ..Self::default()
        })
    }

    /// Asks for what tells the cases: what principals did within windows, and everything about it.
    pub fn around(&self, asker: &mut Asker, windows: Vec<(String, i64, i64)>) -> Result<Self, QueryError> {
        let windows = joined(windows);
        let among = events_of(&["principal_key"], windows.iter().map(|(key, ..)| key.as_str()));
        let mut by_key: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
        for (key, from, to) in &windows {
            by_key.entry(key).or_default().push((*from, *to));
        }
        let is_near = |event: &&EventRow| {
            let windows = by_key.get(event.actor.key.as_str()).map_or(&[] as &[_], Vec::as_slice);
            windows.iter().any(|(from, to)| (*from..=*to).contains(&event.time))
        };
        let found: Vec<EventRow> = self.events.iter().filter(is_near).cloned().collect();
        let rows = windows.iter().map(|(key, from, to)| ([key.clone()], [*from, *to]));
        asker.add("wanted", table(["principal_key"], ["from_ts", "to_ts"], rows))?;
        let events = sorted(&[asker.ask_among(&context_sql(), &[among])?.0], &found);
        Ok(Self {
            refs: refs(asker, &events)?,
            issued: issued(asker, &events)?,
            places: places(asker, &events)?,
            undone: undone(asker, &events)?,
            made: self.made.clone(),
            opened: self.opened.clone(),
            profiles: self.profiles.clone(),
            active: self.active,
            events,
        })
    }

    /// What the sessions of roles did within windows: `(account, name, from, to)`.
    pub fn followed(
        asker: &mut Asker,
        handed: Vec<((String, String), i64, i64)>,
    ) -> Result<Vec<EventRow>, QueryError> {
        let handed = joined(handed);
        let among = events_of(&["principal_name"], handed.iter().map(|((_, name), ..)| name.as_str()));
        let rows = handed.into_iter().map(|((account, name), from, to)| ([account, name], [from, to]));
        asker.add("handed", table(["principal_account", "principal_name"], ["from_ts", "to_ts"], rows))?;
        Ok(EventRow::all(&[asker.ask_among(&followed_sql(), &[among])?.0]))
    }

    /// What the request of an event names.
    pub fn refs_of(&self, event: &EventRow) -> &[Reference] {
        self.refs.get(&event.key).map_or(&[], Vec::as_slice)
    }
}

fn refs(asker: &mut Asker, events: &[EventRow]) -> Result<BTreeMap<i64, Vec<Reference>>, QueryError> {
    let keys = Values::Numbers(events.iter().map(|event| event.key).collect());
    let among = Among { table: "refs", columns: &["event_key"], values: keys };
    let rows = events.iter().map(|event| ([], [event.key]));
    asker.add("chosen", table([], ["event_key"], rows))?;
    let mut all: BTreeMap<i64, Vec<Reference>> = BTreeMap::new();
    for row in &asker.ask_among(&refs_sql(), &[among])?.0.rows {
        let mut cells = Cells::of(row);
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
    Ok(all)
}

fn active(answer: &Answer) -> usize {
    let count = answer.rows.first().map(|row| Cells::of(row).number());
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

fn profiles(answer: &Answer) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in &answer.rows {
        let mut cells = Cells::of(row);
        all.entry(cells.text()).or_default().insert(cells.text());
    }
    all
}

/// Who issued the keys, and the keys of those, up to the first that nobody issued. A chain ends after a few
/// links: role chaining is rare, and a log may claim anything.
fn issued(asker: &mut Asker, events: &[EventRow]) -> Result<BTreeMap<String, EventRow>, QueryError> {
    const LINKS_MAX: usize = 5;
    let mut all: BTreeMap<String, EventRow> = BTreeMap::new();
    let mut open: BTreeSet<String> = events.iter().map(|event| event.access_key.clone()).collect();
    for _ in 0..LINKS_MAX {
        open.retain(|key| key.starts_with("ASIA") && !all.contains_key(key));
        if open.is_empty() {
            break;
        }
        asker.add("keys", table(["access_key_id"], [], open.iter().map(|key| ([key.clone()], []))))?;
        let among = events_of(&["issued_key_id"], open.iter().map(String::as_str));
        open.clear();
        for row in &asker.ask_among(&issued_sql(), &[among])?.0.rows {
            let key = Cells::of(row).text();
            let event = EventRow::read(row.get(1..).unwrap_or_default());
            open.insert(event.access_key.clone());
            all.entry(key).or_insert(event);
        }
    }
    Ok(all)
}

fn places(
    asker: &mut Asker,
    events: &[EventRow],
) -> Result<BTreeMap<(String, String, String), i64>, QueryError> {
    let actors: BTreeSet<[String; 2]> =
        events.iter().map(|event| [event.actor.key.clone(), event.actor.human.clone()]).collect();
    let among = events_of(&["principal_key"], actors.iter().map(|[key, _]| key.as_str()));
    asker
        .add("actors", table(["principal_key", "human_key"], [], actors.into_iter().map(|key| (key, []))))?;
    let answer = asker.ask_among(&places_sql(), &[among])?.0;
    let place = |row: &Vec<crate::query::frame::Value>| {
        let mut cells = Cells::of(row);
        ((cells.text(), cells.text(), cells.text()), cells.number())
    };
    Ok(answer.rows.iter().map(place).collect())
}

fn undone(asker: &mut Asker, events: &[EventRow]) -> Result<Vec<EventRow>, QueryError> {
    let names: BTreeSet<&str> = events
        .iter()
        .filter(|event| event.ok && !event.resource.is_empty() && standing::change(event).is_some())
        .map(|event| event.resource.as_str())
        .collect();
    let rows = names.into_iter().map(|name| ([name.to_owned()], []));
    asker.add("changed", table(["resource_name"], [], rows))?;
    Ok(EventRow::all(&[asker.ask(&undone_sql())?.0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_do_not_overlap() {
        let windows = [("b", 5, 9), ("a", 0, 3), ("a", 2, 7), ("a", 8, 9), ("b", 1, 5), ("a", 1, 2)];
        assert_eq!(joined(windows), [("a", 0, 7), ("a", 8, 9), ("b", 1, 9)]);
    }
}
