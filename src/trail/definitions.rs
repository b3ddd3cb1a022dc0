//! What the definition of a job, model or endpoint names in its request: where it reads and writes, the
//! image that it runs, its keys, its network. The role that is handed over in the same request acts on it,
//! and needs permissions for it, also where no data event shows the act.

mod value;

pub use value::{canonical, whole_bucket};

use crate::iam::table;
use crate::trail::Event;
use crate::trail::action_map::{prefixes_of, unversioned};
use crate::trail::event::EventType;
use crate::trail::passed_roles::{at_path, is_blank, role_paths, text, unwrapped};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static GENERATED: &str = include_str!("../../data/generated/definition_paths.tsv");
static CURATED: &str = include_str!("../../data/definition_paths.tsv");
static EVENTS: &str = include_str!("../../data/definition_events.tsv");

/// More values than this at one path of one request are not read; what they are is unknown.
const VALUES_MAX: usize = 200;

/// A longer value is unknown, in bytes: an S3 key has at most 1,024 (S3 user guide), escapes aside.
const VALUE_BYTES_MAX: usize = 2_048;

/// What a path of a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Objects that are read.
    S3In,
    /// Objects that are written.
    S3Out,
    /// A container image.
    Image,
    /// A KMS key.
    KmsKey,
    /// A network, subnet or security group.
    Vpc,
    /// A log group, which no request names: the operation's own.
    LogGroup,
    /// The type of a machine.
    InstanceType,
    /// A script that runs at the start, by name.
    LifecycleConfig,
    /// The text of a script, or where it lies.
    Script,
    /// A switch that makes the thing safer or less safe.
    PostureFlag,
    /// A resource policy.
    ResourcePolicy,
    /// The model whose role acts.
    Model,
    /// The model that the call makes.
    MadeModel,
}

impl Kind {
    /// The word of the tables.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// The kind of a word of the tables.
    pub fn parse(word: &str) -> Option<Self> {
        KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    }
}

const KINDS: [(&str, Kind); 13] = [
    ("s3_in", Kind::S3In),
    ("s3_out", Kind::S3Out),
    ("image", Kind::Image),
    ("kms_key", Kind::KmsKey),
    ("vpc", Kind::Vpc),
    ("log_group", Kind::LogGroup),
    ("instance_type", Kind::InstanceType),
    ("lifecycle_config", Kind::LifecycleConfig),
    ("script", Kind::Script),
    ("posture_flag", Kind::PostureFlag),
    ("resource_policy", Kind::ResourcePolicy),
    ("model", Kind::Model),
    ("made_model", Kind::MadeModel),
];

/// When the role of a definition acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Starts {
    /// The call itself starts a job.
    Now,
    /// Something else does, possibly never: an endpoint, a schedule.
    Later,
}

/// What a request names at one path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// What it is.
    pub kind: Kind,
    /// How it is used, a word of `data/definition_paths.tsv`: `volume`, `checkpoint`, `manifest`; else empty.
    pub used: &'static str,
    /// Where it stands in `requestParameters`; empty for a log group.
    pub path: &'static str,
    /// The value as the request has it; `None` when the event hides it or it is no text, number or switch.
    pub value: Option<String>,
    /// The roles that act on it, as the request names them. None when the caller or a model's role acts.
    pub roles: Vec<String>,
}

/// What one event defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum References {
    /// These, in the order of the tables; possibly none.
    Known(Vec<Reference>),
    /// The parameters are missing or were cut: what they named is unknown.
    Unreadable,
}

/// Where the requests of one `eventSource` and `eventName` name things, looked up once for many events.
#[derive(Debug, Default)]
pub struct Definition {
    scopes: Vec<Scope>,
    log_groups: Vec<&'static str>,
    starts: Option<Starts>,
}

/// A part of a request in which one set of roles acts: the whole, or each element of a list of definitions.
#[derive(Debug)]
struct Scope {
    /// The path of the part; empty for the whole request.
    prefix: &'static str,
    /// The paths of the roles, from the part.
    roles: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    path: &'static str,
    /// The path from the scope's part.
    tail: &'static str,
    kind: Kind,
    used: &'static str,
}

impl Definition {
    /// Looks in the tables; `None` when no request of this kind names anything.
    pub fn new(source: &str, name: &str) -> Option<&'static Self> {
        static ALL: LazyLock<BTreeMap<&str, BTreeMap<&str, Definition>>> =
            LazyLock::new(Definition::embedded);
        let name = name.to_ascii_lowercase();
        let named = ALL.get(name.as_str()).or_else(|| ALL.get(unversioned(&name)?))?;
        prefixes_of(source).find_map(|prefix| named.get(prefix))
    }

    /// When its role acts.
    pub fn starts(&self) -> Starts {
        self.starts.unwrap_or(Starts::Later)
    }

    /// What an event of this kind names. Whether the call succeeded is for the caller to ask.
    pub fn references(&self, event: &Event<'_>) -> References {
        if event.event_type != EventType::ApiCall {
            return References::Known(Vec::new());
        }
        let Some(parameters) = event.request.parse() else { return References::Unreadable };
        let request = unwrapped(&parameters);
        let mut found = Vec::new();
        for scope in &self.scopes {
            for part in parts(request, scope.prefix) {
                self.read(part, scope, &mut found);
            }
        }
        References::Known(found)
    }

    fn read(&self, part: &Value, scope: &Scope, found: &mut Vec<Reference>) {
        let roles: BTreeSet<&str> =
            scope.roles.iter().flat_map(|path| at_path(part, path)).filter_map(text).collect();
        let roles: Vec<String> = roles.into_iter().map(str::to_owned).collect();
        let before = found.len();
        for row in &scope.rows {
            row.read(part, &roles, found);
        }
        let acts = |one: &Reference| one.kind == Kind::Model;
        if roles.is_empty() && !found.get(before..).unwrap_or_default().iter().any(acts) {
            return;
        }
        for group in &self.log_groups {
            let value = Some((*group).to_owned());
            found.push(Reference { kind: Kind::LogGroup, used: "", path: "", value, roles: roles.clone() });
        }
    }

    fn embedded() -> BTreeMap<&'static str, BTreeMap<&'static str, Self>> {
        let curated: Vec<[&str; 5]> = table::rows(CURATED).collect();
        let replaced: BTreeSet<_> =
            curated.iter().map(|[prefix, event, path, ..]| (*prefix, *event, *path)).collect();
        let generated =
            table::rows::<5>(GENERATED).filter(|row| !replaced.contains(&(row[0], row[1], row[2])));
        let mut all: BTreeMap<&str, BTreeMap<&str, Self>> = BTreeMap::new();
        for [prefix, event, path, kind, used] in generated.chain(curated.iter().copied()) {
            let Some(kind) = Kind::parse(kind) else { continue };
            let operation = all.entry(event).or_default().entry(prefix).or_default();
            operation.place(prefix, event, (path, kind, used));
        }
        for [prefix, event, starts, groups] in table::rows::<4>(EVENTS) {
            let Some(definition) = all.get_mut(event).and_then(|named| named.get_mut(prefix)) else {
                continue;
            };
            definition.starts = Some(if starts == "now" { Starts::Now } else { Starts::Later });
            definition.log_groups = table::list(groups).collect();
        }
        all
    }

    /// Files a path under the innermost part of the request that holds a role.
    fn place(&mut self, prefix: &str, event: &str, (path, kind, used): (&'static str, Kind, &'static str)) {
        let roles: Vec<(&str, &str)> = role_paths(prefix, event).map(split_last).collect();
        let inside = |part: &str| part.is_empty() || tail(path, part).is_some();
        let part =
            roles.iter().map(|(part, _)| *part).filter(|part| inside(part)).max_by_key(|part| part.len());
        let part = part.unwrap_or_default();
        let row = Row { path, tail: tail(path, part).unwrap_or(path), kind, used };
        if let Some(scope) = self.scopes.iter_mut().find(|scope| scope.prefix == part) {
            scope.rows.push(row);
        } else {
            let roles = roles.iter().filter(|(of, _)| *of == part).map(|(_, last)| *last).collect();
            self.scopes.push(Scope { prefix: part, roles, rows: vec![row] });
        }
    }
}

impl Row {
    fn read(&self, part: &Value, roles: &[String], found: &mut Vec<Reference>) {
        let (above, last) = split_last(self.tail);
        let values = parts(part, above)
            .into_iter()
            .flat_map(|above| at_path(above, last).into_iter().map(move |value| (above, value)))
            .filter(|(_, value)| !is_blank(value));
        for (number, (above, value)) in values.take(VALUES_MAX + 1).enumerate() {
            let readable = Some(value).filter(|_| number < VALUES_MAX).and_then(plain);
            let used = if self.kind == Kind::S3In && lists_objects(above) { "manifest" } else { self.used };
            found.push(Reference {
                kind: self.kind,
                used,
                path: self.path,
                value: readable,
                roles: roles.to_vec(),
            });
        }
    }
}

/// The objects at a path; the value itself for no path.
fn parts<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    if path.is_empty() { vec![value] } else { at_path(value, path) }
}

/// The path of the object that holds a member, and the member's own name.
fn split_last(path: &'static str) -> (&'static str, &'static str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// A path from a part of the request on.
fn tail(path: &'static str, part: &str) -> Option<&'static str> {
    if part.is_empty() { Some(path) } else { path.strip_prefix(part)?.strip_prefix('.') }
}

/// Names the object a list of other objects, which the request does not show?
fn lists_objects(data_source: &Value) -> bool {
    let kind = data_source.get("s3DataType").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("ManifestFile")
}

/// A value as text. What the log hides (`HIDDEN_DUE_TO_SECURITY_REASONS`, `***`) is unknown.
pub(super) fn plain(value: &Value) -> Option<String> {
    let plain = match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        other => text(other)?.to_owned(),
    };
    let hidden = plain.starts_with("HIDDEN_DUE_TO") || plain.bytes().all(|byte| byte == b'*');
    (!hidden && plain.len() <= VALUE_BYTES_MAX).then_some(plain)
}

#[cfg(test)]
mod tests;
