//! The table `usage`: a summary as rows, and rows as a summary. One table holds every part of the summary;
//! the column `kind` says which part a row is of. A table is of one account and one UTC day.

use super::table::{Cells, Flags, Numbers, Table, Texts, Times};
use super::words::{
    self, BASES, HOLDERS, LEVELS, OUTCOMES, PRINCIPAL_KINDS, listed, meant, table_name, word,
};
use crate::iam::reference::reference;
use crate::iam::{AccountId, Arn};
use crate::time::{Day, Timestamp};
use crate::trail::definitions::{Kind as NeedKind, Starts};
use crate::trail::grant_change::{Change, Target, What};
use crate::trail::identity::PrincipalKind;
use crate::trail::outcome::Outcome;
use crate::trail::passed_roles::RoleReference;
use crate::usage::contexts::{Calls, Observed};
use crate::usage::definitions::{Actor, Model, Need};
use crate::usage::{
    ActionRef, CallKey, ContextKey, Contexts, DenialKey, EventId, PrincipalKey, PrincipalUsage, Resource,
    ResourceName, Stats, Usage,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One row to be written.
#[derive(Default)]
struct Row<'a> {
    kind: &'static str,
    principal: Option<&'a PrincipalKey>,
    call: Option<&'a CallKey>,
    event: (&'a str, &'a str),
    region: &'a str,
    via: Option<&'a str>,
    resource: Option<&'a Resource>,
    stats: Option<&'a Stats>,
    detail: Option<Value>,
}

/// The columns of one account's table.
#[derive(Default)]
struct Columns {
    texts: [Vec<Option<String>>; TEXTS.len()],
    complete: Vec<Option<bool>>,
    count: Vec<u64>,
    first: Vec<Option<i64>>,
    last: Vec<Option<i64>>,
}

/// The columns of text, in the order in which they stand in the file.
const TEXTS: [&str; 17] = [
    "kind",
    "principal_kind",
    "principal_account",
    "principal_id",
    "action",
    "basis",
    "outcome",
    "region",
    "event_source",
    "event_name",
    "via",
    "passed_to",
    "resource_form",
    "resource_type",
    "resource",
    "evidence",
    "detail",
];

/// The same columns, by place.
#[derive(Clone, Copy)]
enum Text {
    Kind,
    PrincipalKind,
    PrincipalAccount,
    PrincipalId,
    Action,
    Basis,
    Outcome,
    Region,
    EventSource,
    EventName,
    Via,
    PassedTo,
    ResourceForm,
    ResourceType,
    Resource,
    Evidence,
    Detail,
}

/// A summary of one UTC day as Parquet, by account; none for rows without one.
pub(super) fn write(usage: &Usage) -> Result<BTreeMap<Option<AccountId>, Vec<u8>>, String> {
    let mut accounts: BTreeMap<Option<AccountId>, Columns> = BTreeMap::new();
    let mut push = |account: &str, row: Row<'_>| {
        accounts.entry(AccountId::parse(account)).or_default().push(&row);
    };
    for (key, principal) in &usage.principals {
        principal_rows(key, principal, &mut |row| push(&key.account, row));
    }
    definition_rows(usage, &mut push);
    for (account, target, changes) in usage.grant_changes.iter() {
        for change in changes {
            let detail = json!([target_json(target), change_json(change), account]);
            push(account, Row { kind: "grant_change", detail: Some(detail), ..Row::default() });
        }
    }
    accounts.into_iter().map(|(account, columns)| Ok((account, columns.parquet()?))).collect()
}

fn principal_rows<'a>(key: &'a PrincipalKey, usage: &'a PrincipalUsage, push: &mut impl FnMut(Row<'a>)) {
    let base = |kind| Row { kind, principal: Some(key), ..Row::default() };
    let detail = json!({ "name": usage.name, "arns": usage.arns, "path_unknown": usage.path_unknown });
    push(Row { stats: Some(&usage.events), detail: Some(detail), ..base("principal") });
    for (call, resources) in &usage.calls {
        let event = (call.event.0.as_str(), call.event.1.as_str());
        for (resource, stats) in resources {
            let (region, via) = (call.region.as_str(), call.via.as_deref());
            let (call, resource, stats) = (Some(call), Some(resource), Some(stats));
            push(Row { call, event, region, via, resource, stats, ..base("call") });
        }
    }
    for (context, seen) in &usage.contexts {
        let event = (context.event.0.as_str(), context.event.1.as_str());
        let keys: serde_json::Map<String, Value> =
            seen.keys.iter().map(|(key, one)| ((*key).to_owned(), observed_json(one))).collect();
        let detail = Some(json!({ "events": seen.events, "keys": keys }));
        push(Row { event, region: &context.region, via: context.via.as_deref(), detail, ..base("context") });
    }
    for (denial, stats) in &usage.denials {
        let event = (denial.event.0.as_str(), denial.event.1.as_str());
        let detail = Some(json!([denial.action, denial.resource, denial.policy_type]));
        push(Row { event, stats: Some(stats), detail, ..base("denial") });
    }
    for ((source, name), stats) in &usage.unmapped {
        push(Row { event: (source, name), stats: Some(stats), ..base("unmapped") });
    }
}

fn definition_rows<'a>(usage: &'a Usage, push: &mut impl FnMut(&str, Row<'a>)) {
    let definitions = &usage.definitions;
    for (actor, needs) in &definitions.needs {
        let (account, who) = match actor {
            Actor::Role(arn) => (arn.split(':').nth(4).unwrap_or_default(), json!(arn)),
            Actor::Model(model) => (model.account.as_str(), model_json(model)),
        };
        for (need, stats) in needs {
            let event = (need.event.0.as_str(), need.event.1.as_str());
            let detail = json!([
                who,
                need.kind.as_str(),
                need.used,
                need.path,
                need.starts == Starts::Now,
                word(&LEVELS, &need.level),
                need.value
            ]);
            let detail = Some(detail);
            push(
                account,
                Row {
                    kind: "need",
                    event,
                    region: &need.region,
                    stats: Some(stats),
                    detail,
                    ..Row::default()
                },
            );
        }
    }
    for (model, roles) in &definitions.models {
        let detail = Some(json!([model_json(model), roles]));
        push(&model.account, Row { kind: "model", detail, ..Row::default() });
    }
    for ((account, source, name), stats) in &definitions.unreadable {
        let detail = Some(json!(account));
        push(
            account,
            Row { kind: "unreadable", event: (source, name), stats: Some(stats), detail, ..Row::default() },
        );
    }
    if definitions.dropped {
        push("", Row { kind: "dropped", ..Row::default() });
    }
}

impl Columns {
    fn push(&mut self, row: &Row<'_>) {
        let (form, kind, name, complete) = row.resource.map_or(("", "", "", None), resource_parts);
        let owned = |text: &str| Some(text.to_owned());
        let call = row.call;
        let texts = [
            owned(row.kind),
            owned(row.principal.map_or("", |key| key.kind.as_str())),
            owned(row.principal.map_or("", |key| &key.account)),
            owned(row.principal.map_or("", |key| &key.id)),
            call.map(|call| call.action.0.to_string()),
            call.map(|call| word(&BASES, &call.basis).to_owned()),
            call.map(|call| call.outcome.as_str().to_owned()),
            owned(row.region),
            owned(row.event.0),
            owned(row.event.1),
            row.via.map(str::to_owned),
            call.and_then(|call| call.passed_to.clone()),
            owned(form),
            owned(kind),
            owned(name),
            row.stats.map(evidence_json),
            row.detail.as_ref().map(Value::to_string),
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.push(text);
        }
        self.complete.push(complete);
        self.count.push(row.stats.map_or(0, |stats| stats.count));
        let span = row.stats.and_then(|stats| stats.span);
        self.first.push(span.map(|(first, _)| first.seconds()));
        self.last.push(span.map(|(_, last)| last.seconds()));
    }

    fn parquet(self) -> Result<Vec<u8>, String> {
        let texts = TEXTS.into_iter().zip(self.texts).map(|(name, cells)| (name, Cells::Text(cells)));
        let others = [
            ("complete", Cells::Flags(self.complete)),
            ("count", Cells::Numbers(self.count)),
            ("first", Cells::Times(self.first)),
            ("last", Cells::Times(self.last)),
        ];
        super::table::write(texts.chain(others).collect())
    }
}

/// Form, type, name, and whether all types that the action checks were in the event.
fn resource_parts(resource: &Resource) -> (&'static str, &str, &str, Option<bool>) {
    match resource {
        Resource::Star => ("star", "", "", None),
        Resource::Unknown => ("unknown", "", "", None),
        Resource::Arn(name) => ("arn", name.kind, &name.arn, Some(name.complete)),
        Resource::Pattern(name) => ("pattern", name.kind, &name.arn, Some(name.complete)),
        Resource::Role(RoleReference::Arn(arn)) => ("role_arn", "", arn.as_str(), None),
        Resource::Role(RoleReference::Name(name)) => ("role_name", "", name, None),
        Resource::Role(RoleReference::InstanceProfileArn(arn)) => ("profile_arn", "", arn.as_str(), None),
        Resource::Role(RoleReference::InstanceProfileName(name)) => ("profile_name", "", name, None),
    }
}

fn evidence_json(stats: &Stats) -> String {
    let one = |(time, id): &(Timestamp, EventId)| json!([time.seconds(), id]);
    Value::Array(stats.evidence.iter().map(one).collect()).to_string()
}

fn observed_json(observed: &Observed) -> Value {
    let values: BTreeMap<&str, u64> =
        observed.values.iter().map(|(value, calls)| (value.as_str(), calls.count)).collect();
    json!({ "present": observed.present, "many": observed.many, "values": values })
}

fn model_json(model: &Model) -> Value {
    json!([model.account, model.region, model.name])
}

fn target_json(target: &Target) -> Value {
    let who = |holder| word(&HOLDERS, holder);
    match target {
        Target::Inline(holder, name, policy) => json!(["inline", who(holder), name, policy]),
        Target::Attachment(holder, name, policy) => json!(["attachment", who(holder), name, policy]),
        Target::Managed(arn) => json!(["managed", arn]),
        Target::Membership(user, group) => json!(["membership", user, group]),
        Target::Boundary(holder, name) => json!(["boundary", who(holder), name]),
        Target::Trust(holder, name) => json!(["trust", who(holder), name]),
    }
}

fn change_json(change: &Change) -> Value {
    let (given, document) = match &change.what {
        What::Given(document) => (true, document.as_deref()),
        What::Taken => (false, None),
    };
    json!([change.time.seconds(), change.event_id, change.event_name, given, document])
}

/// The columns of a table that was read.
struct Read {
    day: Day,
    texts: Vec<Texts>,
    complete: Flags,
    count: Numbers,
    first: Times,
    last: Times,
}

/// Adds the rows of one day's table to a summary. An error says what is wrong with the table.
pub(super) fn read(bytes: &[u8], day: Day, usage: &mut Usage) -> Result<(), String> {
    let table = Table::read(bytes)?;
    let read = Read {
        day,
        texts: TEXTS.iter().map(|name| table.text(name)).collect::<Result<_, _>>()?,
        complete: table.flags("complete")?,
        count: table.numbers("count")?,
        first: table.times("first")?,
        last: table.times("last")?,
    };
    let mut part = Usage::default();
    for row in 0..table.rows() {
        read.add(row, &mut part).ok_or_else(|| format!("row {row} is not what this version writes"))?;
    }
    usage.merge(part);
    Ok(())
}

impl Read {
    fn text(&self, row: usize, column: Text) -> &str {
        self.option(row, column).unwrap_or_default()
    }

    fn option(&self, row: usize, column: Text) -> Option<&str> {
        self.texts.get(column as usize)?.get(row)
    }

    fn add(&self, row: usize, usage: &mut Usage) -> Option<()> {
        match self.text(row, Text::Kind) {
            "need" => self.add_need(row, usage),
            "model" => {
                let detail = self.detail(row)?;
                let roles = detail.get(1)?.as_array()?.iter().map(|role| role.as_str().map(str::to_owned));
                let roles = roles.collect::<Option<Vec<_>>>()?;
                usage.definitions.models.entry(model(detail.get(0)?)?).or_default().extend(roles);
                Some(())
            }
            "unreadable" => {
                let (source, name) = self.event(row);
                let key = (self.detail(row)?.as_str()?.to_owned(), source, name);
                usage.definitions.unreadable.entry(key).or_default().merge(&self.stats(row)?);
                Some(())
            }
            "dropped" => {
                usage.definitions.dropped = true;
                Some(())
            }
            "grant_change" => {
                let detail = self.detail(row)?;
                let (target, change) = (target(detail.get(0)?)?, change(detail.get(1)?)?);
                usage.grant_changes.insert(detail.get(2)?.as_str()?, target, change);
                Some(())
            }
            _ => self.add_to_principal(row, usage),
        }
    }

    fn add_to_principal(&self, row: usize, usage: &mut Usage) -> Option<()> {
        let key = PrincipalKey {
            kind: meant(&PRINCIPAL_KINDS, PrincipalKind::as_str, self.text(row, Text::PrincipalKind))?,
            account: self.text(row, Text::PrincipalAccount).to_owned(),
            id: self.text(row, Text::PrincipalId).to_owned(),
        };
        let mine = usage.principals.entry(key).or_default();
        match self.text(row, Text::Kind) {
            "principal" => {
                let detail = self.detail(row)?;
                detail.get("name")?.as_str()?.clone_into(&mut mine.name);
                mine.path_unknown = detail.get("path_unknown")?.as_bool()?;
                for arn in detail.get("arns")?.as_array()? {
                    mine.arns.insert(arn.as_str()?.to_owned());
                }
                mine.events = self.stats(row)?;
            }
            "call" => self.add_call(row, mine)?,
            "context" => {
                let region = self.text(row, Text::Region).to_owned();
                let key = ContextKey { event: self.event(row), region, via: self.via(row) };
                mine.contexts.insert(key, contexts(&self.detail(row)?, self.day)?);
            }
            "denial" => {
                let detail = self.detail(row)?;
                let text = |at: usize| detail.get(at)?.as_str().map(str::to_owned);
                let (action, resource, policy_type) = (text(0)?, text(1)?, text(2)?);
                let key = DenialKey { event: self.event(row), action, resource, policy_type };
                mine.denials.insert(key, self.stats(row)?);
            }
            "unmapped" => mine.unmapped.entry(self.event(row)).or_default().merge(&self.stats(row)?),
            _ => return None,
        }
        Some(())
    }

    /// An action that the embedded reference does not know (any more) is a call that no table maps.
    fn add_call(&self, row: usize, mine: &mut PrincipalUsage) -> Option<()> {
        let stats = self.stats(row)?;
        let (service, name) = self.text(row, Text::Action).split_once(':')?;
        let Some(action) = reference().action(service, name) else {
            mine.unmapped.entry(self.event(row)).or_default().merge(&stats);
            return Some(());
        };
        let key = CallKey {
            action: ActionRef(action),
            basis: listed(&BASES, self.text(row, Text::Basis))?,
            outcome: meant(&OUTCOMES, Outcome::as_str, self.text(row, Text::Outcome))?,
            region: self.text(row, Text::Region).to_owned(),
            event: self.event(row),
            via: self.via(row),
            passed_to: self.option(row, Text::PassedTo).map(str::to_owned),
        };
        mine.calls.entry(key).or_default().insert(self.resource(row)?, stats);
        Some(())
    }

    fn add_need(&self, row: usize, usage: &mut Usage) -> Option<()> {
        let detail = self.detail(row)?;
        let text = |at: usize| detail.get(at)?.as_str();
        let actor = match detail.get(0)? {
            Value::String(arn) => Actor::Role(arn.clone()),
            other => Actor::Model(model(other)?),
        };
        let need = Need {
            event: self.event(row),
            region: self.text(row, Text::Region).to_owned(),
            kind: NeedKind::parse(text(1)?)?,
            used: table_name(text(2)?)?,
            path: table_name(text(3)?)?,
            starts: if detail.get(4)?.as_bool()? { Starts::Now } else { Starts::Later },
            level: listed(&LEVELS, text(5)?)?,
            value: match detail.get(6)? {
                Value::Null => None,
                value => Some(value.as_str()?.to_owned()),
            },
        };
        usage.definitions.needs.entry(actor).or_default().insert(need, self.stats(row)?);
        Some(())
    }

    fn resource(&self, row: usize) -> Option<Resource> {
        let name = self.text(row, Text::Resource);
        let named = || {
            let kind = table_name(self.text(row, Text::ResourceType))?;
            Some(ResourceName { kind, arn: name.to_owned(), complete: self.complete.at(row) })
        };
        let arn = || Arn::parse(name).ok();
        Some(match self.text(row, Text::ResourceForm) {
            "star" => Resource::Star,
            "unknown" => Resource::Unknown,
            "arn" => Resource::Arn(named()?),
            "pattern" => Resource::Pattern(named()?),
            "role_arn" => Resource::Role(RoleReference::Arn(arn()?)),
            "role_name" => Resource::Role(RoleReference::Name(name.to_owned())),
            "profile_arn" => Resource::Role(RoleReference::InstanceProfileArn(arn()?)),
            "profile_name" => Resource::Role(RoleReference::InstanceProfileName(name.to_owned())),
            _ => return None,
        })
    }

    fn event(&self, row: usize) -> (String, String) {
        (self.text(row, Text::EventSource).to_owned(), self.text(row, Text::EventName).to_owned())
    }

    fn via(&self, row: usize) -> Option<String> {
        self.option(row, Text::Via).map(str::to_owned)
    }

    fn detail(&self, row: usize) -> Option<Value> {
        serde_json::from_str(self.text(row, Text::Detail)).ok()
    }

    /// Count, span and evidence; the day is the table's, which the span does not leave.
    fn stats(&self, row: usize) -> Option<Stats> {
        let time = |seconds: Option<i64>| Timestamp::from_seconds(seconds?);
        let (first, last) = (time(self.first.get(row))?, time(self.last.get(row))?);
        let mut stats = Stats { count: self.count.at(row), span: Some((first, last)), ..Stats::default() };
        if first.day() != self.day || last.day() != self.day {
            return None;
        }
        stats.days.insert(self.day);
        let evidence: Vec<(i64, String)> = serde_json::from_str(self.text(row, Text::Evidence)).ok()?;
        for (seconds, id) in evidence {
            stats.evidence.push((Timestamp::from_seconds(seconds)?, EventId::new(&id)));
        }
        Some(stats)
    }
}

fn contexts(detail: &Value, day: Day) -> Option<Contexts> {
    let mut contexts = Contexts { events: detail.get("events")?.as_u64()?, ..Contexts::default() };
    for (key, one) in detail.get("keys")?.as_object()? {
        let mut observed = Observed {
            present: one.get("present")?.as_u64()?,
            many: one.get("many")?.as_bool()?,
            ..Observed::default()
        };
        for (value, calls) in one.get("values")?.as_object()? {
            let mut seen = Calls { count: calls.as_u64()?, ..Calls::default() };
            seen.days.insert(day);
            observed.values.insert(value.clone(), seen);
        }
        contexts.keys.insert(table_name(key)?, observed);
    }
    Some(contexts)
}

fn model(value: &Value) -> Option<Model> {
    let text = |at: usize| value.get(at)?.as_str().map(str::to_owned);
    Some(Model { account: text(0)?, region: text(1)?, name: text(2)? })
}

fn target(value: &Value) -> Option<Target> {
    let text = |at: usize| value.get(at)?.as_str().map(str::to_owned);
    let holder = || words::listed(&HOLDERS, value.get(1)?.as_str()?);
    Some(match value.get(0)?.as_str()? {
        "inline" => Target::Inline(holder()?, text(2)?, text(3)?),
        "attachment" => Target::Attachment(holder()?, text(2)?, text(3)?),
        "managed" => Target::Managed(text(1)?),
        "membership" => Target::Membership(text(1)?, text(2)?),
        "boundary" => Target::Boundary(holder()?, text(2)?),
        "trust" => Target::Trust(holder()?, text(2)?),
        _ => return None,
    })
}

fn change(value: &Value) -> Option<Change> {
    let text = |at: usize| value.get(at)?.as_str().map(str::to_owned);
    let document = value.get(4)?.as_str().map(Into::into);
    let what = if value.get(3)?.as_bool()? { What::Given(document) } else { What::Taken };
    let time = Timestamp::from_seconds(value.get(0)?.as_i64()?)?;
    Some(Change { time, event_id: text(1)?, event_name: text(2)?, what })
}
