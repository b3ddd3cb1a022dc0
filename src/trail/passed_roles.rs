//! `iam:PassRole` is never an event. The roles that a call hands to a service stand in its parameters, at
//! the places that `data/role_paths.tsv` and its generated companion list.

use crate::iam::reference::order_ignoring_case;
use crate::iam::{Arn, table};
use crate::trail::Event;
use crate::trail::action_map::{Mapping, map, prefixes_of, unversioned};
use crate::trail::event::EventType;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static GENERATED: &str = include_str!("../../data/generated/role_paths.tsv");
static CURATED: &str = include_str!("../../data/role_paths.tsv");
static PASSED_TO: &str = include_str!("../../data/passed_to.tsv");

/// The roles that a call passed to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassedRoles {
    /// The call passes no role: it cannot, or the parameters have none.
    None,
    /// These roles, sorted, without repetition; never empty.
    Roles(Vec<PassedRole>),
    /// The call can pass a role that the event does not show: no place is known, the parameters were not
    /// logged, or a template or configuration named the role. Those that the event does show are listed.
    Unknown(Vec<PassedRole>),
}

/// One passed role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PassedRole {
    /// The role, as far as the event names it.
    pub role: RoleReference,
    /// The service principal that got it, the value of `iam:PassedToService`, where one is certain.
    pub passed_to: Option<&'static str>,
}

/// How an event names a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleReference {
    /// `arn:aws:iam::111122223333:role/path/name`.
    Arn(Arn),
    /// The name alone, or with a path in front: `service-role/name`. The role is the caller's account's.
    Name(String),
    /// An instance profile; the role is the one that the profile holds.
    InstanceProfileArn(Arn),
    /// The name of an instance profile of the caller's account.
    InstanceProfileName(String),
}

/// The longest name of a role or instance profile with its path, in bytes (IAM quotas: 512 and 128).
const NAME_BYTES_MAX: usize = 640;

/// Where the calls of one `eventSource` and `eventName` name roles, looked up once for many events.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    rows: &'static [Row],
    /// A place that is not known: some call passes a role that no event shows.
    unlisted: bool,
    passed_to: Option<&'static str>,
}

impl Places {
    /// Looks in the tables; `None` when such a call cannot pass a role.
    pub fn new(source: &str, name: &str) -> Option<Self> {
        let tables = Tables::get();
        let (service, name, rows) = tables.rows_for(source, name)?;
        let unlisted = rows.iter().any(|row| row.path.is_empty());
        Some(Self { rows, unlisted, passed_to: tables.passed_to(service, name) })
    }

    /// Every role that the request names, with its path, also when others stay unknown.
    pub fn named_in(&self, event: &Event<'_>) -> Vec<(&'static str, RoleReference)> {
        let parameters = event.request.parse().filter(|_| event.event_type == EventType::ApiCall);
        let Some(parameters) = parameters else { return Vec::new() };
        let request = unwrapped(&parameters);
        let roles = self.rows.iter().filter(|row| row.kind != Kind::Indirect).flat_map(|row| {
            let values = at_path(request, row.path).into_iter().filter_map(text);
            values.filter_map(|value| match role(value, row.kind) {
                Named::Role(role) => Some((row.path, role)),
                Named::Blank | Named::Other => None,
            })
        });
        roles.collect()
    }

    /// [`passed_roles`] for an event with this source and name.
    pub fn roles_of(&self, event: &Event<'_>) -> PassedRoles {
        if event.event_type != EventType::ApiCall {
            return PassedRoles::None;
        }
        let Some(parameters) = event.request.parse() else {
            // No parameters at all: a call that was refused early, or that CloudTrail cut.
            return PassedRoles::Unknown(Vec::new());
        };
        let request = unwrapped(&parameters);
        let passed_to = self.passed_to;
        let mut roles = BTreeSet::new();
        let mut unknown = self.unlisted;
        for row in self.rows {
            for value in at_path(request, row.path) {
                if row.kind == Kind::Indirect {
                    unknown |= !is_blank(value);
                    continue;
                }
                match text(value).map(|text| role(text, row.kind)) {
                    Some(Named::Role(role)) => {
                        roles.insert(PassedRole { role, passed_to });
                    }
                    Some(Named::Blank) => {}
                    Some(Named::Other) | None => unknown |= !is_blank(value),
                }
            }
        }
        let roles: Vec<_> = roles.into_iter().collect();
        match (unknown, roles.is_empty()) {
            (true, _) => PassedRoles::Unknown(roles),
            (false, true) => PassedRoles::None,
            (false, false) => PassedRoles::Roles(roles),
        }
    }
}

/// The roles that a call passed. Denied calls too are answered: they ask for the permission.
pub fn passed_roles(event: &Event<'_>) -> PassedRoles {
    if event.event_type != EventType::ApiCall {
        return PassedRoles::None;
    }
    Places::new(&event.source, &event.name).map_or(PassedRoles::None, |places| places.roles_of(event))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Role,
    Profile,
    Indirect,
}

#[derive(Debug)]
struct Row {
    prefix: &'static str,
    event: &'static str,
    path: &'static str,
    kind: Kind,
}

struct Tables {
    /// Sorted by prefix and event.
    rows: Vec<Row>,
    /// Prefix, event or `*`, principal.
    passed_to: Vec<[&'static str; 3]>,
}

impl Tables {
    fn get() -> &'static Self {
        static TABLES: LazyLock<Tables> = LazyLock::new(Tables::embedded);
        &TABLES
    }

    fn embedded() -> Self {
        let curated: Vec<[&str; 4]> = table::rows(CURATED).collect();
        let replaced: BTreeSet<_> = curated.iter().map(|[prefix, event, ..]| (*prefix, *event)).collect();
        let generated = table::rows::<4>(GENERATED).filter(|row| !replaced.contains(&(row[0], row[1])));
        let mut rows: Vec<Row> = generated
            .chain(curated.iter().copied())
            .map(|[prefix, event, path, kind]| Row { prefix, event, path, kind: kind_of(kind) })
            .collect();
        rows.sort_by(|a, b| {
            key_order((a.prefix, a.event), (b.prefix, b.event)).then_with(|| a.path.cmp(b.path))
        });
        let mut passed_to: Vec<[&str; 3]> = table::rows(PASSED_TO).collect();
        passed_to.sort_by(|a, b| key_order((a[0], a[1]), (b[0], b[1])));
        Self { rows, passed_to }
    }

    /// The service, the event's name in the tables' sense, and its rows, when the call can pass a role.
    fn rows_for<'e>(
        &'static self,
        source: &str,
        name: &'e str,
    ) -> Option<(&'static str, &'e str, &'static [Row])> {
        let names = [Some(name), unversioned(name)];
        for prefix in prefixes_of(source) {
            for name in names.into_iter().flatten() {
                let rows = self.rows_of(prefix, name);
                if let Some(first) = rows.first() {
                    return Some((first.prefix, name, rows));
                }
            }
        }
        // The reference lists iam:PassRole under the action, whose name can differ from the event's.
        let Mapping::Actions { primary, .. } = map(source, name) else { return None };
        primary.iter().find_map(|action| {
            let rows = self.rows_of(action.service, action.name);
            (!rows.is_empty()).then_some((action.service, action.name, rows))
        })
    }

    fn rows_of(&'static self, prefix: &str, name: &str) -> &'static [Row] {
        let key = |row: &Row| key_order((row.prefix, row.event), (prefix, name));
        let start = self.rows.partition_point(|row| key(row).is_lt());
        let end = self.rows.partition_point(|row| key(row).is_le());
        self.rows.get(start..end).unwrap_or_default()
    }

    fn passed_to(&self, service: &str, name: &str) -> Option<&'static str> {
        let find = |name: &str| {
            let at =
                self.passed_to.binary_search_by(|row| key_order((row[0], row[1]), (service, name))).ok()?;
            self.passed_to.get(at).map(|[_, _, principal]| *principal)
        };
        find(name).or_else(|| find("*")).filter(|principal| *principal != "-")
    }
}

/// The paths at which an operation names roles, by service prefix and event name.
pub(super) fn role_paths(prefix: &str, event: &str) -> impl Iterator<Item = &'static str> {
    let rows = Tables::get().rows_of(prefix, event).iter();
    rows.filter(|row| row.kind == Kind::Role && !row.path.is_empty()).map(|row| row.path)
}

fn key_order(a: (&str, &str), b: (&str, &str)) -> Ordering {
    order_ignoring_case(a.0, b.0).then_with(|| order_ignoring_case(a.1, b.1))
}

fn kind_of(kind: &str) -> Kind {
    match kind {
        "profile" => Kind::Profile,
        "indirect" => Kind::Indirect,
        _ => Kind::Role,
    }
}

/// Newer EC2 operations wrap their parameters once more: `{"CreateFleetRequest": {…}}`.
pub(super) fn unwrapped(parameters: &Value) -> &Value {
    let Some(fields) = parameters.as_object() else { return parameters };
    let mut all = fields.iter();
    match (all.next(), all.next()) {
        (Some((name, inner)), None) if name.ends_with("Request") && inner.is_object() => inner,
        _ => parameters,
    }
}

/// All values at a path. Letter case of names does not matter, arrays and EC2's `{"items": […]}` are walked
/// through where the path does not expect them: a role that is found once too often is only kept.
pub(super) fn at_path<'v>(request: &'v Value, path: &str) -> Vec<&'v Value> {
    if path.is_empty() {
        return Vec::new();
    }
    let mut found = vec![request];
    for step in path.split('.') {
        let name = step.trim_end_matches("[]").trim_end_matches("{}");
        found = found
            .into_iter()
            .flat_map(elements)
            .filter_map(Value::as_object)
            .flat_map(|fields| fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
            .collect();
        if step.contains("{}") {
            let maps = found.into_iter().filter_map(Value::as_object);
            found = maps.flat_map(|fields| fields.values()).collect();
        }
    }
    found.into_iter().flat_map(elements).collect()
}

fn elements(value: &Value) -> Vec<&Value> {
    let items = value.get("items").and_then(Value::as_array);
    match value.as_array().or(items) {
        Some(elements) => elements.iter().collect(),
        None => vec![value],
    }
}

/// The text of a value; `EC2` writes some as `{"content": "…", "tag": 1}`.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("content")?.as_str())
}

pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

enum Named {
    Role(RoleReference),
    Blank,
    /// A text that names no role that is understood here.
    Other,
}

fn role(text: &str, kind: Kind) -> Named {
    if text.is_empty() {
        return Named::Blank;
    }
    if text.starts_with("arn:") {
        let Ok(arn) = Arn::parse(text) else { return Named::Other };
        let parts = arn.parts();
        return match (parts.service, parts.resource.split_once('/')) {
            ("iam", Some(("role", _))) => Named::Role(RoleReference::Arn(arn)),
            ("iam", Some(("instance-profile", _))) => Named::Role(RoleReference::InstanceProfileArn(arn)),
            _ => Named::Other,
        };
    }
    // The characters of IAM names and paths; anything else is a placeholder of the log or an expression.
    let good = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-/".contains(letter);
    if text.len() > NAME_BYTES_MAX || !text.chars().all(good) || text.starts_with("HIDDEN_DUE_TO") {
        return Named::Other;
    }
    let name = text.trim_start_matches('/').to_owned();
    Named::Role(match kind {
        Kind::Profile => RoleReference::InstanceProfileName(name),
        Kind::Role | Kind::Indirect => RoleReference::Name(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::request::RequestParameters;
    use proptest::prelude::*;

    fn text_of(passed: PassedRoles) -> String {
        let list = |roles: Vec<PassedRole>| {
            let one = |found: PassedRole| {
                let role = match found.role {
                    RoleReference::Arn(arn) => format!("role {arn}"),
                    RoleReference::Name(name) => format!("role {name}"),
                    RoleReference::InstanceProfileArn(arn) => format!("profile {arn}"),
                    RoleReference::InstanceProfileName(name) => format!("profile {name}"),
                };
                format!("{role} to {}", found.passed_to.unwrap_or("?"))
            };
            roles.into_iter().map(one).collect::<Vec<_>>().join("; ")
        };
        match passed {
            PassedRoles::None => "none".into(),
            PassedRoles::Roles(roles) => list(roles),
            PassedRoles::Unknown(roles) => format!("unknown; {}", list(roles)),
        }
    }

    fn check(source: &'static str, name: &'static str, request: &str, expect: &str) {
        let request = request.replace("ROLE", "arn:aws:iam::111122223333:role/r");
        let event = Event {
            source: format!("{source}.amazonaws.com").into(),
            name: name.into(),
            request: RequestParameters::from_raw(&request),
            ..Event::default()
        };
        let expect = expect.replace("ROLE", "arn:aws:iam::111122223333:role/r");
        assert_eq!(text_of(passed_roles(&event)), expect, "{source} {name} {request}");
    }

    /// Source, event name, parameters, what comes out.
    const PASSES: &[(&str, &str, &str, &str)] = &[
        ("sagemaker", "CreateTrainingJob", r#"{"roleArn":"ROLE"}"#, "role ROLE to sagemaker.amazonaws.com"),
        (
            "sagemaker",
            "CreateModel",
            r#"{"executionRoleArn":"ROLE"}"#,
            "role ROLE to sagemaker.amazonaws.com",
        ),
        (
            "sagemaker",
            "CreateCluster",
            r#"{"instanceGroups":[{"executionRole":"ROLE"}]}"#,
            "role ROLE to sagemaker.amazonaws.com",
        ),
        (
            "sagemaker",
            "CreateDomain",
            r#"{"defaultUserSettings":{"executionRole":"ROLE"}}"#,
            "role ROLE to sagemaker.amazonaws.com",
        ),
        (
            "sagemaker",
            "CreateHyperParameterTuningJob",
            r#"{"trainingJobDefinition":{"roleArn":"ROLE"}}"#,
            "role ROLE to sagemaker.amazonaws.com",
        ),
        (
            "bedrock",
            "CreateAgent",
            r#"{"agentResourceRoleArn":"ROLE"}"#,
            "role ROLE to bedrock.amazonaws.com",
        ),
        (
            "comprehend",
            "UpdateEndpoint",
            r#"{"desiredDataAccessRoleArn":"ROLE"}"#,
            "role ROLE to comprehend.amazonaws.com",
        ),
        ("lambda", "CreateFunction20150331", r#"{"role":"ROLE"}"#, "role ROLE to lambda.amazonaws.com"),
        (
            "lambda",
            "UpdateFunctionConfiguration20150331v2",
            r#"{"role":"ROLE"}"#,
            "role ROLE to lambda.amazonaws.com",
        ),
        ("lambda", "UpdateFunctionConfiguration20150331v2", r#"{"timeout":3}"#, "none"),
        (
            "ecs",
            "RegisterTaskDefinition",
            r#"{"taskRoleArn":"ROLE","executionRoleArn":"x"}"#,
            "role ROLE to ecs-tasks.amazonaws.com; role x to ecs-tasks.amazonaws.com",
        ),
        ("ecs", "RunTask", r#"{"overrides":{"taskRoleArn":"ROLE"}}"#, "role ROLE to ecs-tasks.amazonaws.com"),
        ("glue", "CreateJob", r#"{"role":"service-role/g"}"#, "role service-role/g to glue.amazonaws.com"),
        ("states", "CreateStateMachine", r#"{"roleArn":"ROLE"}"#, "role ROLE to states.amazonaws.com"),
        (
            "cloudformation",
            "CreateStack",
            r#"{"roleARN":"ROLE"}"#,
            "role ROLE to cloudformation.amazonaws.com",
        ),
        ("codebuild", "CreateProject", r#"{"serviceRole":"ROLE"}"#, "role ROLE to codebuild.amazonaws.com"),
        (
            "codepipeline",
            "CreatePipeline",
            r#"{"pipeline":{"roleArn":"ROLE"}}"#,
            "role ROLE to codepipeline.amazonaws.com",
        ),
        ("events", "PutTargets", r#"{"targets":[{"roleArn":"ROLE"}]}"#, "role ROLE to events.amazonaws.com"),
        (
            "scheduler",
            "CreateSchedule",
            r#"{"target":{"roleArn":"ROLE"}}"#,
            "role ROLE to scheduler.amazonaws.com",
        ),
        (
            "batch",
            "RegisterJobDefinition",
            r#"{"containerProperties":{"jobRoleArn":"ROLE"}}"#,
            "role ROLE to ecs-tasks.amazonaws.com",
        ),
        (
            "elasticmapreduce",
            "RunJobFlow",
            r#"{"serviceRole":"s","jobFlowRole":"p"}"#,
            "role s to ?; profile p to ?",
        ),
        (
            "firehose",
            "CreateDeliveryStream",
            r#"{"s3DestinationConfiguration":{"roleARN":"ROLE"}}"#,
            "role ROLE to firehose.amazonaws.com",
        ),
        ("rds", "CreateDBInstance", r#"{"monitoringRoleArn":"ROLE"}"#, "role ROLE to ?"),
        ("dms", "CreateEndpoint", r#"{"serviceAccessRoleArn":"ROLE"}"#, "role ROLE to dms.amazonaws.com"),
        ("eks", "CreateCluster", r#"{"roleArn":"ROLE"}"#, "role ROLE to eks.amazonaws.com"),
        ("eks", "CreateNodegroup", r#"{"nodeRole":"ROLE"}"#, "role ROLE to ec2.amazonaws.com"),
        (
            "apprunner",
            "CreateService",
            r#"{"instanceConfiguration":{"instanceRoleArn":"ROLE"}}"#,
            "role ROLE to ?",
        ),
        (
            "iam",
            "AddRoleToInstanceProfile",
            r#"{"roleName":"r","instanceProfileName":"p"}"#,
            "role r to ec2.amazonaws.com",
        ),
        (
            "s3",
            "PutBucketReplication",
            r#"{"ReplicationConfiguration":{"Role":"ROLE"},"replication":""}"#,
            "role ROLE to s3.amazonaws.com",
        ),
    ];

    #[test]
    fn a_role_is_found_where_the_call_names_it() {
        for (source, name, request, expect) in PASSES {
            check(source, name, request, expect);
        }
    }

    #[test]
    fn an_instance_profile_stands_for_its_role() {
        let arn = "arn:aws:iam::111122223333:instance-profile/p";
        let request = format!(r#"{{"iamInstanceProfile":{{"arn":"{arn}"}}}}"#);
        check("ec2", "RunInstances", &request, &format!("profile {arn} to ec2.amazonaws.com"));
        check(
            "ec2",
            "RunInstances",
            r#"{"iamInstanceProfile":{"name":"p"}}"#,
            "profile p to ec2.amazonaws.com",
        );
        check("ec2", "RunInstances", r#"{"instanceType":"t3.micro"}"#, "none");
        check(
            "ec2",
            "AssociateIamInstanceProfile",
            r#"{"AssociateIamInstanceProfileRequest":{"IamInstanceProfile":{"Name":"p"},"InstanceId":"i-1"}}"#,
            "profile p to ec2.amazonaws.com",
        );
        check(
            "ec2",
            "CreateLaunchTemplate",
            r#"{"CreateLaunchTemplateRequest":{"LaunchTemplateData":{"IamInstanceProfile":{"Arn":"arn:aws:iam::1:instance-profile/p"}}}}"#,
            "profile arn:aws:iam::1:instance-profile/p to ec2.amazonaws.com",
        );
    }

    #[test]
    fn what_the_event_does_not_show_is_unknown() {
        check("sagemaker", "CreateTrainingJob", "null", "unknown; ");
        check("sagemaker", "CreateTrainingJob", r#"{"omitted":true}"#, "unknown; ");
        check(
            "sagemaker",
            "CreateTrainingJob",
            r#"{"roleArn":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
            "unknown; ",
        );
        check("sagemaker", "CreateTrainingJob", r#"{"roleArn":"arn:aws:s3:::b"}"#, "unknown; ");
        check("ec2", "RunInstances", r#"{"launchTemplate":{"launchTemplateId":"lt-1"}}"#, "unknown; ");
        check("datapipeline", "PutPipelineDefinition", r#"{"pipelineObjects":[{"id":"x"}]}"#, "unknown; ");
        check("config", "PutConformancePack", "{}", "unknown; ");
        // Nothing to pass here, whatever the parameters say.
        check("s3", "GetObject", r#"{"roleArn":"ROLE"}"#, "none");
        check("sts", "AssumeRole", r#"{"roleArn":"ROLE"}"#, "none");
        check("iam", "AttachRolePolicy", r#"{"roleName":"r"}"#, "none");
        check("nowhere", "CreateThing", r#"{"roleArn":"ROLE"}"#, "none");
    }

    #[test]
    fn every_operation_that_needs_pass_role_is_listed() {
        for action in crate::iam::reference::reference().expand("*") {
            if action.dependents.contains(&"iam:PassRole") {
                assert!(!Tables::get().rows_of(action.service, action.name).is_empty(), "{action}");
            }
        }
        for row in &Tables::get().rows {
            assert!(
                crate::iam::reference::reference().has_service(row.prefix),
                "{} {}",
                row.prefix,
                row.event
            );
        }
        for [service, name, principal] in table::rows::<3>(PASSED_TO) {
            assert!(principal == "-" || principal.ends_with(".amazonaws.com"), "{service} {name}");
            let known = name == "*" || !Tables::get().rows_of(service, name).is_empty();
            assert!(known, "{service} {name}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(number in 0usize..1_500, value in "(arn:aws:iam::1:role/|[a-zé{}*:/-]){0,12}", deep in any::<bool>()) {
            let rows = &Tables::get().rows;
            let row = &rows[number % rows.len()];
            let mut request = serde_json::json!(value);
            for step in row.path.split('.').rev() {
                let name = step.trim_end_matches("[]").trim_end_matches("{}");
                request = if deep { serde_json::json!({ name: [request] }) } else { serde_json::json!({ name: request }) };
            }
            let raw = request.to_string();
            let source = format!("{}.amazonaws.com", row.prefix);
            passed_roles(&Event { source: source.into(), name: row.event.into(), request: RequestParameters::from_raw(&raw), ..Event::default() });
        }
    }
}
