//! Events that the user asks about: those of a principal, an access key, an address, a resource.

use super::event::EventRow;
use super::facts::{events_of, events_sql};
use crate::query::among::{Among, Values};
use crate::query::{Asker, QueryError};
use std::sync::Arc;

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

/// SQL texts that name what is read to find the events, for [`crate::query::asked`].
pub fn sqls(pivot: &Pivot) -> Vec<String> {
    let looked_up = format!("SELECT {} FROM events", pivot.columns().join(", "));
    let mut all = vec![events_sql(), looked_up];
    if matches!(pivot, Pivot::Resource(_)) {
        all.extend([NAMED_SQL.to_owned(), "SELECT value, norm FROM refs".to_owned()]);
    }
    all
}

/// Events whose requests name something.
const NAMED_SQL: &str = "SELECT DISTINCT r.event_key FROM refs r";

/// The events, by time.
pub fn events(asker: &Asker, pivot: &Pivot) -> Result<Vec<EventRow>, QueryError> {
    let own = events_of(pivot.columns(), [pivot.value()]);
    let mut answers = vec![asker.records(&events_sql(), &[own])?];
    if let Pivot::Resource(value) = pivot {
        let named = Arc::new(Values::Texts(std::iter::once(value.clone()).collect()));
        let named = Among { table: "refs", columns: &["value", "norm"], values: named };
        let keys = asker.records(NAMED_SQL, &[named])?;
        let keys = Arc::new(Values::Numbers(keys.iter().map(|mut row| row.number()).collect()));
        let among = Among { table: "events", columns: &["event_key"], values: keys };
        answers.push(asker.records(&events_sql(), &[among])?);
    }
    Ok(EventRow::all(answers))
}
