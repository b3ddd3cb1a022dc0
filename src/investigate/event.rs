//! The events of a case: what is read of the table `events`.

use crate::query::frame::{Record, Records};

/// The columns of `events` that cases need, in the order in which [`EventRow::read`] takes them.
pub const COLUMNS: [&str; 34] = [
    "event_key",
    "event_id",
    "ts",
    "event_source",
    "event_name",
    "region",
    "recipient_account",
    "principal_key",
    "principal_kind",
    "principal_account",
    "principal_name",
    "principal_arn",
    "session_name",
    "source_identity",
    "on_behalf_of",
    "human_key",
    "access_key_id",
    "invoked_by",
    "source_ip",
    "ip_kind",
    "user_agent",
    "vpc_endpoint_id",
    "error_code",
    "outcome",
    "resource_name",
    "resource_arn",
    "target_profile",
    "bucket",
    "ok",
    "is_write",
    "is_data",
    "is_iac",
    "is_ai",
    "bytes_out",
];

/// One event, as the table `events` has it (`docs/TABLES.md`).
#[expect(clippy::struct_excessive_bools, reason = "columns of a table")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventRow {
    /// `event_key`.
    pub key: i64,
    /// `event_id`.
    pub id: String,
    /// `ts`: seconds since 1970.
    pub time: i64,
    /// `event_source`.
    pub source: String,
    /// `event_name`.
    pub name: String,
    /// `region`.
    pub region: String,
    /// `recipient_account`.
    pub account: String,
    /// Who acted.
    pub actor: Actor,
    /// `access_key_id`.
    pub access_key: String,
    /// `invoked_by`.
    pub invoked_by: String,
    /// `source_ip`.
    pub ip: String,
    /// `ip_kind`.
    pub ip_kind: String,
    /// `user_agent`.
    pub user_agent: String,
    /// `vpc_endpoint_id`.
    pub vpc_endpoint: String,
    /// `error_code`.
    pub error: String,
    /// `outcome`.
    pub outcome: String,
    /// `resource_name`.
    pub resource: String,
    /// `resource_arn`.
    pub resource_arn: String,
    /// `target_profile`.
    pub profile: String,
    /// `bucket`.
    pub bucket: String,
    /// `ok`.
    pub ok: bool,
    /// `is_write`.
    pub is_write: bool,
    /// `is_data`.
    pub is_data: bool,
    /// `is_iac`.
    pub is_iac: bool,
    /// `is_ai`.
    pub is_ai: bool,
    /// `bytes_out`.
    pub bytes_out: i64,
}

/// Who acted, and what the record tells of the person behind a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actor {
    /// `principal_key`.
    pub key: String,
    /// `human_key`.
    pub human: String,
    /// `principal_kind`.
    pub kind: String,
    /// `principal_account`.
    pub account: String,
    /// `principal_name`.
    pub name: String,
    /// `principal_arn`.
    pub arn: String,
    /// `session_name`.
    pub session: String,
    /// `source_identity`.
    pub source_identity: String,
    /// `on_behalf_of`.
    pub on_behalf_of: String,
}

impl Actor {
    /// The principal's name, or its key where the record has none.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.key } else { &self.name }
    }
}

impl EventRow {
    /// From the cells of [`COLUMNS`].
    pub(super) fn read(mut cells: Record<'_>) -> Self {
        let (key, id, time) = (cells.number(), cells.text(), cells.number());
        let (source, name, region, account) = (cells.text(), cells.text(), cells.text(), cells.text());
        let actor = Actor {
            key: cells.text(),
            kind: cells.text(),
            account: cells.text(),
            name: cells.text(),
            arn: cells.text(),
            session: cells.text(),
            source_identity: cells.text(),
            on_behalf_of: cells.text(),
            human: cells.text(),
        };
        Self {
            key,
            id,
            time,
            source,
            name,
            region,
            account,
            actor,
            access_key: cells.text(),
            invoked_by: cells.text(),
            ip: cells.text(),
            ip_kind: cells.text(),
            user_agent: cells.text(),
            vpc_endpoint: cells.text(),
            error: cells.text(),
            outcome: cells.text(),
            resource: cells.text(),
            resource_arn: cells.text(),
            profile: cells.text(),
            bucket: cells.text(),
            ok: cells.flag(),
            is_write: cells.flag(),
            is_data: cells.flag(),
            is_iac: cells.flag(),
            is_ai: cells.flag(),
            bytes_out: cells.number(),
        }
    }

    /// All rows of answers with these columns, sorted by time, each event once.
    pub fn all(answers: impl IntoIterator<Item = Records>) -> Vec<Self> {
        let mut rows: Vec<Self> = Vec::new();
        for answer in answers {
            rows.extend(answer.iter().map(Self::read));
        }
        rows.sort_by_key(|row| (row.time, row.key));
        rows.dedup_by_key(|row| row.key);
        rows
    }

    /// `sagemaker:CreateTrainingJob`: the service as its host begins.
    pub fn call(&self) -> String {
        let host = self.source.strip_suffix(".amazonaws.com").unwrap_or(&self.source);
        format!("{host}:{}", self.name)
    }

    /// What the call was about, as the record names it best.
    pub fn about(&self) -> &str {
        [&self.profile, &self.resource, &self.bucket, &self.resource_arn]
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or("", String::as_str)
    }
}
