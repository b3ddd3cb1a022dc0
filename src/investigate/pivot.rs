//! Events that the user asks about: those of a principal, an access key, an address, a resource.

use super::event::{COLUMNS, EventRow};
use crate::query::{Asker, QueryError};
use crate::tables::{Builder, Cell, Column, Kind, Table};

/// What the user knows already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pivot {
    /// Name, ARN or key of a role or user, or the person behind a session.
    Principal(String),
    /// An access key's id.
    AccessKey(String),
    /// An address, as `sourceIPAddress` has it.
    Ip(String),
    /// Name, ARN, bucket, profile, or anything that a request names.
    Resource(String),
    /// One event, by its id.
    Event(String),
}

impl Pivot {
    fn value(&self) -> &str {
        match self {
            Self::Principal(value)
            | Self::AccessKey(value)
            | Self::Ip(value)
            | Self::Resource(value)
            | Self::Event(value) => value,
        }
    }

    fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Principal(_) => &["principal_name", "principal_arn", "principal_key", "human_key"],
            Self::AccessKey(_) => &["access_key_id", "issued_key_id"],
            Self::Ip(_) => &["source_ip"],
            Self::Event(_) => &["event_id"],
            Self::Resource(_) => &["resource_name", "resource_arn", "bucket", "target_profile", "s3_key"],
        }
    }
}

/// The SQL that finds the events; the value is in a table of its own, so that nothing has to be quoted.
pub fn sqls(pivot: &Pivot) -> Vec<String> {
    let columns = COLUMNS.map(|name| format!("e.{name}")).join(", ");
    let any =
        pivot.columns().iter().map(|name| format!("e.{name} = p.value")).collect::<Vec<_>>().join(" OR ");
    let mut all =
        vec![format!("SELECT {columns} FROM events e CROSS JOIN pivot p WHERE {any} ORDER BY e.ts")];
    if matches!(pivot, Pivot::Resource(_)) {
        all.push(format!(
            "SELECT {columns} FROM events e JOIN refs r ON r.event_key = e.event_key CROSS JOIN pivot p \
             WHERE r.value = p.value OR r.norm = p.value ORDER BY e.ts"
        ));
    }
    all
}

/// The events, by time.
pub fn events(asker: &mut Asker, pivot: &Pivot) -> Result<Vec<EventRow>, QueryError> {
    let columns = [Column { name: "value", kind: Kind::Word, about: "" }];
    let mut builder = Builder::new(&columns);
    builder.push(0, 0, [Cell::from(pivot.value())]);
    asker.add("pivot", Table::join(&columns, vec![builder]))?;
    let answers: Vec<_> =
        sqls(pivot).iter().map(|sql| Ok(asker.ask(sql)?.0)).collect::<Result<_, QueryError>>()?;
    Ok(EventRow::all(&answers))
}
