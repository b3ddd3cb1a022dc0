//! From an event to the ARNs that IAM weighed when it decided about the call. A wrong ARN would narrow a
//! policy to the wrong resource, so whatever is not certain is [`Resources::Unknown`].

mod fields;
mod special;
mod request;

use crate::iam::arn_template::{self, Template};
use crate::iam::reference::{ActionInfo, ResourceTypeRef};
use crate::iam::table;
use crate::iam::{AccountId, Arn, arn};
use crate::trail::Event;
use fields::{Field, Kind, fields_of};
use request::Request;
use serde_json::Value;
use special::{Special, special_case};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

pub(super) use special::is_access_point_alias;

static STABLE: &str = include_str!("../../data/stable_types.tsv");

/// A call that names more resources than this, counted, is treated as one that names none.
const ARNS_MAX: usize = 1_000;

/// Calls that read one resource and write another of the same type; the event's own fields name the target.
const TWO_OF_A_KIND: [&str; 7] = ["Clone", "Copy", "Import", "Merge", "Replicate", "Restore", "Swap"];

/// The resources of one call for one of its actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resources {
    /// The action has no resource types: IAM weighs `*`.
    Star,
    /// What the event names, each with its type in the reference, sorted, without repetition.
    Arns {
        /// Type name and ARN. A log group's ARN ends in `:*`, as `CloudWatch` Logs itself writes it.
        arns: Vec<(&'static str, Arn)>,
        /// Every required type of the action has an ARN; when all its types are alternatives, one of
        /// them has. Otherwise IAM weighed more resources than are listed.
        complete: bool,
    },
    /// The event does not say, or does not say with certainty.
    Unknown,
}

/// Does a resource type have names that last, like a bucket or a role, or is it made anew by every run, like
/// an object or a training job? A type that `data/stable_types.tsv` does not list counts as made anew.
pub fn is_stable(service: &str, resource_type: &str) -> bool {
    static TYPES: LazyLock<BTreeSet<[&str; 2]>> = LazyLock::new(|| table::rows(STABLE).collect());
    TYPES.contains(&[service, resource_type])
}

/// The ARNs that the event names for one of the actions of its call, from `resources[]`, from the response,
/// or built from the request through the templates of the action's resource types.
pub fn resources(event: &Event<'_>, action: &ActionInfo) -> Resources {
    Weighing::new(action).resources(&Call::new(event))
}

/// One action with its resource types taken apart once, for many events.
#[derive(Debug)]
pub struct Weighing<'r> {
    action: &'r ActionInfo,
    types: Vec<TypeOf>,
}

#[derive(Debug)]
struct TypeOf {
    found: ResourceTypeRef,
    template: Option<Template<'static>>,
    /// The variables that name the resource, with the fields of a request that may hold their values.
    variables: Vec<(&'static str, Vec<Field>)>,
}

impl<'r> Weighing<'r> {
    /// Takes the action's templates apart.
    pub fn new(action: &'r ActionInfo) -> Self {
        let type_of = |found: &ResourceTypeRef| TypeOf {
            found: *found,
            template: Template::new(found.template),
            variables: arn_template::variables(found.template)
                .filter(|name| !matches!(*name, "Partition" | "Region" | "Account"))
                .map(|name| (name, fields_of(action.service, found.name, name)))
                .collect(),
        };
        Self { action, types: action.resource_types.iter().map(type_of).collect() }
    }

    /// The action.
    pub fn action(&self) -> &'r ActionInfo {
        self.action
    }

    /// Has every call the same resources for the other action? The actions' own names matter to few services.
    pub fn is_like(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.action, other.action);
        let reads = |action: &ActionInfo| action.name.starts_with("GetObject");
        mine.service == theirs.service
            && mine.service != "kms"
            && reads(mine) == reads(theirs)
            && mine.resource_types == theirs.resource_types
    }

    /// [`resources`] of a call's event.
    pub fn resources(&self, call: &Call<'_>) -> Resources {
        if self.types.is_empty() {
            return Resources::Star;
        }
        let event = call.event;
        let mut arns: Vec<(&'static str, Arn)> = Vec::new();
        match special_case(call, self) {
            Special::Only(found) => arns = found,
            Special::None => {
                let listed = Listed::new(self, event);
                for found in &self.types {
                    let of_type = call.arns_of(self, found, &listed);
                    arns.extend(of_type.into_iter().map(|arn| (found.found.name, arn)));
                }
            }
        }
        if arns.is_empty() || arns.len() > ARNS_MAX {
            return Resources::Unknown;
        }
        arns.sort();
        arns.dedup();
        let two_of_a_kind =
            self.action.service != "s3" && TWO_OF_A_KIND.iter().any(|verb| event.name.starts_with(verb));
        let named = |kind: &TypeOf| arns.iter().any(|(name, _)| *name == kind.found.name);
        let complete = !two_of_a_kind && self.types.iter().filter(|kind| kind.found.required).all(named);
        Resources::Arns { arns, complete }
    }

    /// The type that describes the ARN best.
    fn best(&self, text: &str) -> Option<&TypeOf> {
        let parts = arn::split(text)?;
        let fitting = self.types.iter().filter(|kind| kind.matches(&parts));
        let best = fitting.max_by_key(|kind| {
            let literal = kind.template.as_ref().map_or(0, Template::literal_len);
            (literal, std::cmp::Reverse(kind.found.name))
        });
        best.filter(|_| !has_wildcard(text))
    }

    fn type_named(&self, name: &str) -> Option<&TypeOf> {
        self.types.iter().find(|kind| kind.found.name == name)
    }
}

impl TypeOf {
    /// Two types may share a template; then both are described.
    fn is_like(&self, other: &Self) -> bool {
        self.found.template == other.found.template
    }

    fn matches(&self, arn: &arn::Parts<'_>) -> bool {
        self.template.as_ref().is_some_and(|template| template.matches(arn))
    }

    fn matches_text(&self, arn: &str) -> bool {
        arn::split(arn).is_some_and(|parts| self.matches(&parts))
    }
}

/// The ARNs in `resources[]` that one of an action's types describes, each with the type that does it best.
struct Listed<'w, 'e>(Vec<(&'w TypeOf, &'e str)>);

impl<'w, 'e> Listed<'w, 'e> {
    fn new(weighing: &'w Weighing<'_>, event: &'e Event<'_>) -> Self {
        let arns = event.resources.iter().map(|resource| &*resource.arn);
        Self(arns.filter_map(|arn| Some((weighing.best(arn)?, arn))).collect())
    }

    fn of(&self, kind: &TypeOf) -> impl Iterator<Item = Arn> {
        let ours = self.0.iter().filter(move |(best, _)| best.is_like(kind));
        ours.filter_map(|(_, arn)| Arn::parse(arn).ok())
    }
}

/// What a call is about, looked at when somebody asks, and once for all its actions.
#[derive(Debug)]
pub struct Call<'e> {
    event: &'e Event<'e>,
    request: Request<'e>,
    response: OnceCell<Option<Value>>,
    response_has_arn: OnceCell<bool>,
    partition: &'e str,
    /// The account in which a bare name is looked up; `None` when the event does not say.
    account: Option<AccountId>,
}

impl<'e> Call<'e> {
    /// The call behind an event.
    pub fn new(event: &'e Event<'e>) -> Self {
        let (caller, recipient) = (event.identity.account, event.recipient_account);
        // A copy for the owner of a shared resource does not say in whose account a bare name stands, and
        // neither does the caller's.
        let account = match (caller, recipient) {
            _ if !event.shared_id.is_empty() => None,
            (Some(caller), Some(recipient)) if caller != recipient => None,
            (caller, recipient) => caller.or(recipient),
        };
        let partition = arn::split(&event.identity.arn)
            .map(|parts| parts.partition)
            .filter(|partition| partition.starts_with("aws"))
            .unwrap_or_else(|| partition_of(&event.region));
        Self {
            event,
            request: Request::new(event.request),
            response: OnceCell::new(),
            response_has_arn: OnceCell::new(),
            partition,
            account,
        }
    }

    /// Was the response of no consequence, because nobody asked for it or there is none?
    pub fn is_told_by_the_request(&self) -> bool {
        self.response_has_arn.get().is_none() || self.event.response.raw().is_none()
    }

    /// The ARNs of one type: the first place that names any is believed.
    fn arns_of(&self, weighing: &Weighing<'_>, kind: &TypeOf, listed: &Listed<'_, '_>) -> Vec<Arn> {
        let service = weighing.action.service;
        let weighed = |arn| as_iam_weighs_it(service, kind.found.name, arn);
        let listed: Vec<Arn> = listed.of(kind).map(weighed).collect();
        if !listed.is_empty() {
            return listed;
        }
        let parse = |text: &str| {
            let best = weighing.best(text).filter(|best| best.is_like(kind));
            best.and_then(|_| Arn::parse(text).ok())
        };
        if *self.response_has_arn.get_or_init(|| !request::has_no_arn(self.event.response)) {
            let response = self.response.get_or_init(|| self.event.response.parse());
            let answered = response.as_ref().map(|response| arn_fields(response, 2)).unwrap_or_default();
            let found: Vec<Arn> = answered.into_iter().filter_map(parse).map(weighed).collect();
            if !found.is_empty() {
                return found;
            }
        }
        if !self.request.has_no_arn() {
            let asked = self.request.parsed().map(|request| arn_fields(request, 0)).unwrap_or_default();
            let found: Vec<Arn> = asked.into_iter().filter_map(parse).map(weighed).collect();
            if !found.is_empty() {
                return found;
            }
        }
        self.built(service, kind).into_iter().map(weighed).collect()
    }

    /// Builds the ARNs of a type from the fields of the request.
    fn built(&self, service: &str, kind: &TypeOf) -> Vec<Arn> {
        if !self.request.is_some() {
            return Vec::new();
        }
        if kind.variables.is_empty() && !kind.found.required {
            // Nothing in the event tells that this alternative is the one.
            return Vec::new();
        }
        // Values of the variables so far; before the first variable there is one row without any.
        let mut rows: Option<Vec<Vec<(&str, String)>>> = None;
        let mut account = self.owner();
        for (name, fields) in &kind.variables {
            let values = self.values(service, kind, (name, fields));
            if let [Named::Arn(arn), ..] = &values[..] {
                return vec![arn.clone()];
            }
            let mut longer = Vec::new();
            for value in values {
                let Named::Name(value, owner) = value else { continue };
                account = owner.or(account);
                match &rows {
                    None => longer.push(vec![(*name, value)]),
                    Some(rows) => {
                        longer.extend(rows.iter().map(|row| {
                            row.iter().cloned().chain([(*name, value.clone())]).collect::<Vec<_>>()
                        }));
                    }
                }
            }
            // Without a value for one variable, only a whole ARN in another one's place could name the resource.
            if longer.len() > ARNS_MAX || (longer.is_empty() && self.request.has_no_arn()) {
                return Vec::new();
            }
            rows = Some(longer);
        }
        let rows = rows.unwrap_or_else(|| vec![Vec::new()]);
        rows.iter().filter_map(|row| self.filled(kind, row, account)).collect()
    }

    fn filled(&self, kind: &TypeOf, row: &[(&str, String)], account: Option<AccountId>) -> Option<Arn> {
        let region = Some(&*self.event.region).filter(|region| !region.is_empty());
        let account = account.map(AccountId::digits);
        let account = account.as_ref().and_then(|digits| std::str::from_utf8(digits).ok());
        let text = kind.template.as_ref()?.fill_all(|name| match name {
            "Partition" => Some(self.partition),
            "Region" => region,
            "Account" => account,
            name => row.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str()),
        })?;
        if kind.matches_text(&text) { Arn::parse(&text).ok() } else { None }
    }

    /// The account that a bare name belongs to: the one that the request names, else the caller's.
    fn owner(&self) -> Option<AccountId> {
        let named = ["registryId", "catalogId"].iter().find_map(|field| self.request.text(field));
        named.map_or(self.account, AccountId::parse)
    }

    /// The values that the request has for a variable of a template.
    fn values(&self, service: &str, kind: &TypeOf, (variable, fields): (&str, &[Field])) -> Vec<Named> {
        for field in fields {
            if field.kind == Kind::Never {
                return Vec::new();
            }
            let found: Vec<Named> = self
                .request
                .texts(&field.path)
                .into_iter()
                .filter_map(|text| self.named(service, kind, variable, (text, field)))
                .collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn named(
        &self,
        service: &str,
        kind: &TypeOf,
        variable: &str,
        (text, field): (&str, &Field),
    ) -> Option<Named> {
        if text.starts_with("arn:") {
            let arn = Arn::parse(text).ok().filter(|_| kind.matches_text(text));
            return arn.filter(|arn| !has_wildcard(arn.as_str())).map(Named::Arn);
        }
        // These services lower the case of names in ARNs; the request has the name as the user wrote it.
        if matches!(service, "sagemaker" | "rds") && text.contains(char::is_uppercase) {
            return None;
        }
        let (value, owner) = match field.kind {
            Kind::Url => queue(text)?,
            Kind::Path => (text.strip_prefix('/').unwrap_or(text).to_owned(), None),
            Kind::Create => (self.with_path(text)?, None),
            Kind::Created if !self.event.name.starts_with("Create") => return None,
            Kind::Name | Kind::Created | Kind::Never => (text.to_owned(), None),
        };
        let plausible = arn_template::accepts(variable, &value) && !value.starts_with("HIDDEN_DUE_TO");
        plausible.then_some(Named::Name(value, owner))
    }

    /// The path of an IAM name is known only to the call that creates it.
    fn with_path(&self, name: &str) -> Option<String> {
        if !self.event.name.starts_with("Create") || name.contains('/') {
            return None;
        }
        let path = self.request.text("path").unwrap_or("/");
        let path = path.strip_prefix('/')?;
        (path.is_empty() || path.ends_with('/')).then(|| format!("{path}{name}"))
    }
}

/// A value of a variable, or the whole ARN where the request has that instead.
enum Named {
    Name(String, Option<AccountId>),
    Arn(Arn),
}

/// `CloudWatch` Logs weighs the streams of a group with the group: its ARN carries `:*`.
fn as_iam_weighs_it(service: &str, kind: &str, arn: Arn) -> Arn {
    if service == "logs" && kind == "log-group" {
        return Arn::parse(&format!("{arn}:*")).unwrap_or(arn);
    }
    arn
}

/// The ARNs in fields whose name ends in `arn` or `arns`, `depth` objects down.
fn arn_fields(value: &Value, depth: usize) -> Vec<&str> {
    let Some(fields) = value.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in fields {
        let lower = name.to_ascii_lowercase();
        // The source of an invocation permission is somebody else's resource.
        if (lower.ends_with("arn") || lower.ends_with("arns")) && lower != "sourcearn" {
            let several = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            found.extend(value.as_str().into_iter().chain(several).filter(|text| text.starts_with("arn:")));
        }
        if depth > 0 {
            found.extend(arn_fields(value, depth - 1));
        }
    }
    found
}

/// `https://sqs.eu-west-1.amazonaws.com/111122223333/name`.
fn queue(url: &str) -> Option<(String, Option<AccountId>)> {
    let (_, path) = url.split_once("://")?.1.split_once('/')?;
    let (account, name) = path.split_once('/')?;
    Some((name.to_owned(), Some(AccountId::parse(account)?)))
}

fn has_wildcard(text: &str) -> bool {
    memchr::memchr2(b'*', b'?', text.as_bytes()).is_some()
}

/// The partition of a region, by the prefixes that AWS uses.
fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("us-isof-") => "aws-iso-f",
        _ if region.starts_with("eu-isoe-") => "aws-iso-e",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::reference::reference;
    use crate::trail::event::EventResource;
    use crate::trail::request::RequestParameters;
    use proptest::prelude::*;

    fn event(
        name: &'static str,
        request: &'static str,
        response: &'static str,
        arns: &[&'static str],
    ) -> Event<'static> {
        Event {
            name: name.into(),
            region: "eu-west-1".into(),
            recipient_account: AccountId::parse("111122223333"),
            request: RequestParameters::from_raw(request),
            response: RequestParameters::from_raw(response),
            resources: arns
                .iter()
                .map(|arn| EventResource { arn: (*arn).into(), ..EventResource::default() })
                .collect(),
            ..Event::default()
        }
    }

    fn text(resources: Resources) -> String {
        match resources {
            Resources::Star => "*".into(),
            Resources::Unknown => "?".into(),
            Resources::Arns { arns, complete } => {
                let arns: Vec<_> = arns.iter().map(|(kind, arn)| format!("{kind}={arn}")).collect();
                format!("{}{}", arns.join(" "), if complete { "" } else { " …" })
            }
        }
    }

    fn check(action: &str, event: &Event<'_>, expect: &str) {
        let info = reference().action_named(action).unwrap();
        assert_eq!(text(resources(event, info)), expect, "{action} {event:?}");
    }

    #[test]
    fn listed_resources_go_to_the_action_that_weighs_them() {
        let both = ["arn:aws:s3:::b/k", "arn:aws:s3:::b", "arn:aws:s3:::b/*", ""];
        let read = event("GetObject", r#"{"bucketName":"b","key":"k"}"#, "", &both);
        check("s3:GetObject", &read, "object=arn:aws:s3:::b/k");
        check("s3:ListBucket", &read, "bucket=arn:aws:s3:::b");
        check("s3:ListAllMyBuckets", &read, "*");
        let key = event("Decrypt", "{}", "", &["arn:aws:kms:eu-west-1:111122223333:key/85b4"]);
        check("kms:Decrypt", &key, "key=arn:aws:kms:eu-west-1:111122223333:key/85b4");
    }

    #[test]
    fn a_copy_reads_the_source_and_writes_the_target() {
        let request = r#"{"bucketName":"to","key":"k","x-amz-copy-source":"/from/a%2Fb?versionId=7"}"#;
        let copy = event(
            "CopyObject",
            request,
            "",
            &["arn:aws:s3:::from/a/b", "arn:aws:s3:::to/k", "arn:aws:s3:::to"],
        );
        check("s3:GetObject", &copy, "object=arn:aws:s3:::from/a/b");
        check("s3:GetObjectVersion", &copy, "object=arn:aws:s3:::from/a/b");
        check("s3:PutObject", &copy, "object=arn:aws:s3:::to/k");
        check("s3:GetObject", &event("CopyObject", r#"{"bucketName":"to","key":"k"}"#, "", &[]), "?");
    }

    #[test]
    fn an_access_point_is_weighed_itself() {
        let request = r#"{"bucketName":"arn:aws:s3:eu-west-1:111122223333:accesspoint/p","key":"k"}"#;
        let point = event("GetObject", request, "", &["arn:aws:s3:::b/k"]);
        check(
            "s3:GetObject",
            &point,
            "accesspointobject=arn:aws:s3:eu-west-1:111122223333:accesspoint/p/object/k",
        );
        check(
            "s3:GetObject",
            &event("GetObject", r#"{"bucketName":"p-abc-s3alias","key":"k"}"#, "", &[]),
            "?",
        );
    }

    /// Action, event name, parameters, what comes out.
    const NAMES: &[(&str, &str, &str, &str)] = &[
        ("s3:GetObject", "GetObject", r#"{"bucketName":"b","key":"a:b/c"}"#, "object=arn:aws:s3:::b/a:b/c"),
        ("s3:GetObject", "GetObject", r#"{"bucketName":"b","key":"a*"}"#, "?"),
        ("s3:GetObject", "GetObject", r#"{"bucketName":"b"}"#, "?"),
        (
            "lambda:GetFunction",
            "GetFunction20150331v2",
            r#"{"functionName":"f"}"#,
            "function=arn:aws:lambda:eu-west-1:111122223333:function:f",
        ),
        ("lambda:GetFunction", "GetFunction20150331v2", r#"{"functionName":"f:prod"}"#, "?"),
        (
            "lambda:GetFunction",
            "GetFunction20150331v2",
            r#"{"functionName":"arn:aws:lambda:us-east-1:444455556666:function:f"}"#,
            "function=arn:aws:lambda:us-east-1:444455556666:function:f",
        ),
        (
            "dynamodb:Query",
            "Query",
            r#"{"tableName":"t","indexName":"i"}"#,
            "index=arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i table=arn:aws:dynamodb:eu-west-1:111122223333:table/t",
        ),
        (
            "sqs:SendMessage",
            "SendMessage",
            r#"{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/444455556666/q"}"#,
            "queue=arn:aws:sqs:eu-west-1:444455556666:q",
        ),
        ("sqs:SendMessage", "SendMessage", r#"{"queueUrl":"https://example.com/q"}"#, "?"),
        (
            "sns:Publish",
            "Publish",
            r#"{"topicArn":"arn:aws:sns:eu-west-1:1:t","message":"HIDDEN"}"#,
            "topic=arn:aws:sns:eu-west-1:1:t",
        ),
        ("kms:DescribeKey", "DescribeKey", r#"{"keyId":"alias/a"}"#, "?"),
        (
            "kms:DescribeKey",
            "DescribeKey",
            r#"{"keyId":"85b4"}"#,
            "key=arn:aws:kms:eu-west-1:111122223333:key/85b4",
        ),
        (
            "logs:CreateLogStream",
            "CreateLogStream",
            r#"{"logGroupName":"/aws/x","logStreamName":"s"}"#,
            "log-stream=arn:aws:logs:eu-west-1:111122223333:log-group:/aws/x:log-stream:s",
        ),
        (
            "logs:CreateLogGroup",
            "CreateLogGroup",
            r#"{"logGroupName":"/aws/x"}"#,
            "log-group=arn:aws:logs:eu-west-1:111122223333:log-group:/aws/x:*",
        ),
        ("secretsmanager:GetSecretValue", "GetSecretValue", r#"{"secretId":"db"}"#, "?"),
        (
            "ssm:GetParameter",
            "GetParameter",
            r#"{"name":"/a/b"}"#,
            "parameter=arn:aws:ssm:eu-west-1:111122223333:parameter/a/b",
        ),
        (
            "ecr:BatchGetImage",
            "BatchGetImage",
            r#"{"registryId":"444455556666","repositoryName":"a/b"}"#,
            "repository=arn:aws:ecr:eu-west-1:444455556666:repository/a/b",
        ),
        ("iam:GetRole", "GetRole", r#"{"roleName":"r"}"#, "?"),
        (
            "iam:CreateRole",
            "CreateRole",
            r#"{"roleName":"r","path":"/p/"}"#,
            "role=arn:aws:iam::111122223333:role/p/r",
        ),
        ("iam:CreateRole", "CreateRole", r#"{"roleName":"r"}"#, "role=arn:aws:iam::111122223333:role/r"),
        (
            "states:StartExecution",
            "StartExecution",
            r#"{"stateMachineArn":"arn:aws:states:eu-west-1:1:stateMachine:m","name":"run"}"#,
            "statemachine=arn:aws:states:eu-west-1:1:stateMachine:m",
        ),
        ("states:StartExecution", "StartExecution", r#"{"name":"run"}"#, "?"),
        (
            "ec2:TerminateInstances",
            "TerminateInstances",
            r#"{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}}"#,
            "instance=arn:aws:ec2:eu-west-1:111122223333:instance/i-1 instance=arn:aws:ec2:eu-west-1:111122223333:instance/i-2",
        ),
        (
            "sts:AssumeRole",
            "AssumeRole",
            r#"{"roleArn":"arn:aws:iam::444455556666:role/p/r"}"#,
            "role=arn:aws:iam::444455556666:role/p/r",
        ),
        ("athena:StartQueryExecution", "StartQueryExecution", r#"{"queryString":"HIDDEN"}"#, "?"),
        ("s3:GetObject", "GetObject", "null", "?"),
    ];

    #[test]
    fn names_become_arns() {
        for (action, name, request, expect) in NAMES {
            check(action, &event(name, request, "", &[]), expect);
        }
    }

    #[test]
    fn sagemaker_names_become_arns() {
        let arn = |tail: &str| format!("arn:aws:sagemaker:eu-west-1:111122223333:{tail}");
        for (action, request, response, expect) in [
            (
                "CreateTrainingJob",
                r#"{"trainingJobName":"j"}"#,
                "",
                format!("training-job={}", arn("training-job/j")),
            ),
            // SageMaker lowers names in ARNs, so a name with capitals proves nothing.
            ("CreateTrainingJob", r#"{"trainingJobName":"J"}"#, "", "?".into()),
            (
                "CreateTrainingJob",
                r#"{"trainingJobName":"J"}"#,
                r#"{"trainingJobArn":"arn:aws:sagemaker:eu-west-1:111122223333:training-job/j"}"#,
                format!("training-job={}", arn("training-job/j")),
            ),
            (
                "DescribeAutoMLJob",
                r#"{"autoMLJobName":"a"}"#,
                "",
                format!("automl-job={}", arn("automl-job/a")),
            ),
            (
                "CreatePresignedDomainUrl",
                r#"{"domainId":"d-1","userProfileName":"u"}"#,
                "",
                format!("user-profile={}", arn("user-profile/d-1/u")),
            ),
            // The id of a new domain is not in the request.
            ("CreateDomain", r#"{"domainName":"d"}"#, "", "?".into()),
            (
                "DeletePartnerApp",
                r#"{"arn":"arn:aws:sagemaker:eu-west-1:111122223333:partner-app/app-1"}"#,
                "",
                format!("partner-app={}", arn("partner-app/app-1")),
            ),
            (
                "DescribeModelBiasJobDefinition",
                r#"{"jobDefinitionName":"b"}"#,
                "",
                format!("model-bias-job-definition={}", arn("model-bias-job-definition/b")),
            ),
            ("ListTrainingJobs", "{}", "", "*".into()),
        ] {
            check(&format!("sagemaker:{action}"), &event("x", request, response, &[]), &expect);
        }
    }

    #[test]
    fn a_qualifier_changes_the_resource() {
        let listed = ["arn:aws:lambda:eu-west-1:111122223333:function:f"];
        let plain = event("Invoke", r#"{"functionName":"f"}"#, "", &listed);
        check("lambda:InvokeFunction", &plain, &format!("function={}", listed[0]));
        let aliased = event("Invoke", r#"{"functionName":"f","qualifier":"prod"}"#, "", &listed);
        let info = reference().action_named("lambda:InvokeFunction").unwrap();
        let Resources::Arns { arns, .. } = resources(&aliased, info) else { panic!() };
        assert_eq!(arns.len(), 1);
        assert_eq!(arns[0].1.as_str(), format!("{}:prod", listed[0]));
    }

    #[test]
    fn re_encryption_weighs_one_key_for_each_action() {
        let keys = ["arn:aws:kms:eu-west-1:111122223333:key/1", "arn:aws:kms:eu-west-1:111122223333:key/2"];
        let request = r#"{"sourceKeyId":"1","destinationKeyId":"arn:aws:kms:eu-west-1:111122223333:key/2"}"#;
        let call = event("ReEncrypt", request, "", &keys);
        check("kms:ReEncryptFrom", &call, &format!("key={}", keys[0]));
        check("kms:ReEncryptTo", &call, &format!("key={}", keys[1]));
        let aliased = event("ReEncrypt", r#"{"destinationKeyId":"alias/a"}"#, "", &keys);
        check("kms:ReEncryptFrom", &aliased, "?");
        check("kms:ReEncryptTo", &aliased, "?");
    }

    #[test]
    fn another_account_s_copy_names_no_account() {
        let mut foreign = event("GetFunction20150331v2", r#"{"functionName":"f"}"#, "", &[]);
        foreign.identity.account = AccountId::parse("444455556666");
        check("lambda:GetFunction", &foreign, "?");
    }

    #[test]
    fn partitions_follow_the_region() {
        for (region, arn, expect) in [
            ("cn-north-1", "", "arn:aws-cn:s3:::b/k"),
            ("us-gov-west-1", "", "arn:aws-us-gov:s3:::b/k"),
            ("eu-west-1", "arn:aws-cn:iam::1:user/u", "arn:aws-cn:s3:::b/k"),
            ("", "", "arn:aws:s3:::b/k"),
        ] {
            let mut event = event("GetObject", r#"{"bucketName":"b","key":"k"}"#, "", &[]);
            event.region = region.into();
            event.identity.arn = arn.into();
            check("s3:GetObject", &event, &format!("object={expect}"));
        }
    }

    #[test]
    fn stable_types_are_types_of_the_reference() {
        for [service, kind] in table::rows::<2>(STABLE) {
            assert!(reference().template(service, kind).is_some(), "{service} {kind}");
        }
        assert!(is_stable("s3", "bucket") && !is_stable("s3", "object"));
        assert!(!is_stable("sagemaker", "training-job"));
    }

    proptest! {
        #[test]
        fn nothing_panics(
            number in 0usize..22_091,
            field in "bucketName|key|functionName|queueUrl|keyId|roleName|x-amz-copy-source|resourceArn",
            value in "(arn:|https://|/|:|%|[a-z0-9é*?${}-]){0,20}",
            listed in "(arn:aws:|s3|:|/|[a-z]){0,12}",
        ) {
            let request = serde_json::json!({ field: value }).to_string();
            let event = Event {
                name: "CopyObject".into(),
                request: RequestParameters::from_raw(&request),
                resources: vec![EventResource { arn: listed.into(), ..EventResource::default() }],
                ..Event::default()
            };
            for action in reference().expand("*").into_iter().skip(number).take(1) {
                if let Resources::Arns { arns, .. } = resources(&event, action) {
                    for (_, arn) in arns {
                        prop_assert!(arn.as_str().ends_with(":*") || !arn.as_str().contains(['*', '?']));
                    }
                }
            }
        }
    }
}
