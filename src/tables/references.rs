//! The tables `refs` and `fields`: what requests name.

use super::Kind::{Flag, Number, Text, Word};
use super::view::EventView;
use super::{Cell, Column, column};
use crate::iam::{AccountId, arn};
use crate::trail::definitions::{Kind, Reference, References};
use crate::trail::identity;
use crate::trail::passed_roles::RoleReference;

/// The columns of `refs`.
pub const REFS: [Column; 9] = [
    column("event_key", Number, "the event: `events.event_key`"),
    column("event_id", Text, "`eventID`"),
    column("ts", Number, "`eventTime`, seconds since 1970"),
    column(
        "kind",
        Word,
        "`passed_role`, `s3_in`, `s3_out`, `image`, `kms_key`, `vpc`, `instance_type`, `lifecycle_config`, `script`, `posture_flag`, `resource_policy`, `model`, `made_model`",
    ),
    column("path", Word, "where it stands in the request; `[]` is any element of a list"),
    column(
        "value",
        Word,
        "the value; of a script or policy what is kept of secrets; empty when the log hides it",
    ),
    column(
        "norm",
        Word,
        "what to compare: the bucket, the image without tag, the family of the machine, else `value`",
    ),
    column("account", Word, "account that the value names; empty when it names none"),
    column("external", Flag, "is that account another than the one of the event? Null when it names none"),
];

/// The columns of `fields`.
pub const FIELDS: [Column; 5] = [
    column("event_key", Number, "the event: `events.event_key`"),
    column("ts", Number, "`eventTime`, seconds since 1970"),
    column("path", Word, "where it stands in the request; `[]` is any element of a list"),
    column(
        "value",
        Word,
        "the value, at most 1,024 bytes; of what may be a secret its hash and what it gives away",
    ),
    column("number", Number, "the value as a whole number; null when it is none"),
];

/// A row of `refs`, without the columns of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefRow {
    /// What it is.
    pub kind: &'static str,
    /// Where it stands.
    pub path: String,
    /// The value.
    pub value: String,
    /// What to compare.
    pub norm: String,
    /// The account that the value names.
    pub account: Option<AccountId>,
    /// Is it another account's?
    pub external: Option<bool>,
}

/// The rows of `refs` of one event.
pub fn references(view: &EventView<'_>) -> Vec<RefRow> {
    let own = identity::acted_in(view.event);
    let mut rows = Vec::new();
    if let Some(places) = &view.kind.places {
        rows.extend(
            places.named_in(view.event).into_iter().map(|(path, role)| passed_role(path, &role, own)),
        );
    }
    let defined = view.kind.definition.map(|definition| definition.references(view.event));
    if let Some(References::Known(all)) = defined {
        rows.extend(all.iter().filter(|one| one.kind != Kind::LogGroup).map(|one| named(one, view, own)));
    }
    rows
}

/// The cells of a row of `refs`, in the order of [`REFS`].
pub fn ref_cells<'v>(view: &'v EventView<'_>, row: &'v RefRow) -> [Cell<'v>; 9] {
    [
        view.key.into(),
        (&*view.event.id).into(),
        view.event.time.seconds().into(),
        row.kind.into(),
        row.path.as_str().into(),
        row.value.as_str().into(),
        row.norm.as_str().into(),
        row.account.map(|account| account.to_string()).unwrap_or_default().into(),
        Cell::Flag(row.external),
    ]
}

/// The cells of the rows of `fields` of one event, in the order of [`FIELDS`]; none for events of services
/// that have nothing to do with AI.
pub fn field_rows<'v>(view: &'v EventView<'_>) -> impl Iterator<Item = [Cell<'v>; 5]> {
    let fields = if view.kind.has_fields { view.fields() } else { &[] };
    fields.iter().map(|field| {
        [
            view.key.into(),
            view.event.time.seconds().into(),
            field.path.as_str().into(),
            field.value.as_str().into(),
            Cell::Number(field.value.parse().ok()),
        ]
    })
}

fn passed_role(path: &str, role: &RoleReference, own: Option<AccountId>) -> RefRow {
    let (value, account) = match role {
        RoleReference::Arn(arn) | RoleReference::InstanceProfileArn(arn) => {
            (arn.as_str().to_owned(), AccountId::parse(arn.parts().account))
        }
        RoleReference::Name(name) | RoleReference::InstanceProfileName(name) => (name.clone(), None),
    };
    row("passed_role", path, (value.clone(), value), account, own)
}

fn named(reference: &Reference, view: &EventView<'_>, own: Option<AccountId>) -> RefRow {
    let kind = reference.kind;
    let value = match kind {
        // The text itself may hold secrets: what `fields` shows of it.
        Kind::Script | Kind::ResourcePolicy => view.field(reference.path).to_owned(),
        _ => reference.value.clone().unwrap_or_default(),
    };
    let account = match kind {
        Kind::Image => AccountId::parse(value.split('.').next().unwrap_or_default()),
        _ => arn::split(&value).and_then(|parts| AccountId::parse(parts.account)),
    };
    let norm = norm(kind, &value);
    row(kind.as_str(), reference.path, (value, norm), account, own)
}

fn row(
    kind: &'static str,
    path: &str,
    (value, norm): (String, String),
    account: Option<AccountId>,
    own: Option<AccountId>,
) -> RefRow {
    let external = account.zip(own).map(|(account, own)| account != own);
    RefRow { kind, path: path.to_owned(), value, norm, account, external }
}

/// What two values have in common that mean the same thing.
fn norm(kind: Kind, value: &str) -> String {
    match kind {
        Kind::S3In | Kind::S3Out => bucket(value).to_owned(),
        // A tag or digest is a version of the same repository; a port is not in ECR's names.
        Kind::Image => {
            let name = value.split('@').next().unwrap_or_default();
            match name.rsplit_once(':') {
                Some((front, tag)) if !tag.contains('/') => front.to_owned(),
                _ => name.to_owned(),
            }
        }
        // `ml.p4d.24xlarge` → `p4d`
        Kind::InstanceType => {
            let bare = value.strip_prefix("ml.").unwrap_or(value);
            bare.split('.').next().unwrap_or_default().to_owned()
        }
        _ => value.to_owned(),
    }
}

/// The bucket of `s3://bucket/key`, `https://bucket.s3.region.amazonaws.com/key`,
/// `https://s3.region.amazonaws.com/bucket/key`, an ARN, or the bare name.
fn bucket(value: &str) -> &str {
    let first = |text: &'static str| value.strip_prefix(text);
    if let Some(rest) = first("s3://").or_else(|| first("s3a://")).or_else(|| first("s3n://")) {
        return rest.split('/').next().unwrap_or_default();
    }
    if let Some(rest) = value.strip_prefix("https://") {
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.starts_with("s3.") || host.starts_with("s3-") {
            return path.split('/').next().unwrap_or_default();
        }
        return host.split_once(".s3").map_or(host, |(bucket, _)| bucket);
    }
    let rest = arn::split(value).map_or(value, |parts| parts.resource);
    rest.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::view::Kinds;
    use super::*;
    use crate::trail::event::Event;
    use crate::trail::request::RequestParameters;

    fn rows(name: &str, request: &str) -> String {
        let event = Event {
            source: "sagemaker.amazonaws.com".into(),
            name: name.to_owned().into(),
            recipient_account: AccountId::parse("111122223333"),
            request: RequestParameters::from_raw(request),
            ..Event::default()
        };
        let view = EventView::new(&event, Kinds::default().of(&event), 0);
        let line = |row: &RefRow| {
            let account = row.account.map(|account| account.to_string()).unwrap_or_default();
            format!("{} {} {} {} {account} {:?}", row.kind, row.path, row.value, row.norm, row.external)
        };
        references(&view).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_request_names_things() {
        let check =
            |name: &str, request: &str, expect: &str| assert_eq!(rows(name, request), expect, "{request}");
        check(
            "CreateTrainingJob",
            r#"{"roleArn":"arn:aws:iam::111122223333:role/R","algorithmSpecification":{"trainingImage":"999988887777.dkr.ecr.eu-west-1.amazonaws.com/a/b:1"},
                "outputDataConfig":{"s3OutputPath":"s3://out/x/","kmsKeyId":""},"resourceConfig":{"instanceType":"ml.p4d.24xlarge"}}"#,
            "passed_role roleArn arn:aws:iam::111122223333:role/R arn:aws:iam::111122223333:role/R 111122223333 Some(false)\n\
             image algorithmSpecification.trainingImage 999988887777.dkr.ecr.eu-west-1.amazonaws.com/a/b:1 999988887777.dkr.ecr.eu-west-1.amazonaws.com/a/b 999988887777 Some(true)\n\
             s3_out outputDataConfig.s3OutputPath s3://out/x/ out  None\n\
             instance_type resourceConfig.instanceType ml.p4d.24xlarge p4d  None",
        );
        check(
            "UpdateUserProfile",
            r#"{"userSettings":{"executionRole":"arn:aws:iam::444455556666:role/R"}}"#,
            "passed_role userSettings.executionRole arn:aws:iam::444455556666:role/R arn:aws:iam::444455556666:role/R 444455556666 Some(true)",
        );
        check("ListModels", "{}", "");
    }

    #[test]
    fn buckets() {
        for (value, expect) in [
            ("s3://b/k/l", "b"),
            ("s3://b", "b"),
            ("https://b.s3.eu-west-1.amazonaws.com/k", "b"),
            ("https://b.s3-eu-west-1.amazonaws.com/k", "b"),
            ("https://s3.eu-west-1.amazonaws.com/b/k", "b"),
            ("arn:aws:s3:::b/k", "b"),
            ("b", "b"),
            ("", ""),
        ] {
            assert_eq!(bucket(value), expect, "{value}");
        }
    }
}
