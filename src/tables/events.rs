//! The table `events`: a row an event.

use super::Kind::{Flag, Number, Text, Word};
use super::view::EventView;
use super::{Cell, Column, Kind, column};
use crate::iam::arn;
use crate::trail::event::{EventCategory, EventType};
use crate::trail::fields::{self, Field};
use crate::trail::identity;
use crate::trail::outcome::Outcome;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// A column of `events` and how its value is found.
#[derive(Clone, Copy, Debug)]
pub struct EventColumn {
    /// Name, kind and meaning.
    pub column: Column,
    /// The value for one event.
    pub of: for<'v, 'e> fn(&'v EventView<'e>) -> Cell<'v>,
}

/// The columns, in order.
pub fn columns() -> Vec<Column> {
    EVENTS.iter().map(|event| event.column).collect()
}

const fn of(
    name: &'static str,
    kind: Kind,
    about: &'static str,
    of: for<'v, 'e> fn(&'v EventView<'e>) -> Cell<'v>,
) -> EventColumn {
    EventColumn { column: column(name, kind, about), of }
}

/// The columns of `events`, in order. `event_time` comes besides, computed from `ts` when a query asks for it.
pub static EVENTS: &[EventColumn] = &[
    of(
        "event_key",
        Number,
        "identity of the event, the same in every table and run: by it tables are joined",
        |v| v.key.into(),
    ),
    of("event_id", Text, "`eventID`", |v| (&*v.event.id).into()),
    of("ts", Number, "`eventTime`, seconds since 1970", |v| v.event.time.seconds().into()),
    of("event_source", Word, "`eventSource`: `sagemaker.amazonaws.com`", |v| (&*v.event.source).into()),
    of("event_name", Word, "`eventName`", |v| (&*v.event.name).into()),
    of(
        "event_type",
        Word,
        "`api_call`, `service_event`, `console_action`, `console_sign_in`, `vpc_endpoint`, `insight`, `other`",
        |v| event_type(v.event.event_type).into(),
    ),
    of("event_category", Word, "`management`, `data`, `insight`, `network_activity`, `other`", |v| {
        category(v.event.category).into()
    }),
    of("region", Word, "`awsRegion`", |v| (&*v.event.region).into()),
    of("recipient_account", Word, "account whose trail has this copy, else the caller's", |v| {
        account(identity::acted_in(v.event)).into()
    }),
    of("principal_account", Word, "account of the caller's role or user", |v| {
        account(v.principal().account).into()
    }),
    of(
        "principal_kind",
        Word,
        "`role`, `service_linked_role`, `user`, `root`, `federated_user`, `service`, `account`, …",
        |v| v.principal().kind.as_str().into(),
    ),
    of(
        "principal_key",
        Word,
        "kind, account and unique id of the caller's role or user: `role:111122223333:AROAEXAMPLE`",
        |v| v.principal_key().into(),
    ),
    of("principal_name", Word, "name of the role or user", |v| (&*v.principal().name).into()),
    of("principal_arn", Word, "ARN of the role or user whose policies decide", |v| {
        v.principal().arn.as_deref().unwrap_or_default().into()
    }),
    of("session_name", Word, "name of the role session", |v| (&*v.principal().session).into()),
    of("source_identity", Word, "`sourceIdentity` of the session", |v| {
        (&*v.event.identity.source_identity).into()
    }),
    of("on_behalf_of", Word, "`onBehalfOf.userId`: the Identity Center user behind the session", |v| {
        (&*v.event.identity.on_behalf_of).into()
    }),
    of(
        "human_key",
        Word,
        "who is behind the session: `on_behalf_of`, else `source_identity`, else the session name of an Identity Center role, else the name of a user; empty when nobody can tell",
        |v| human_key(v).into(),
    ),
    of(
        "actor_key",
        Word,
        "`principal_key`, and behind a `/` the `human_key` when there is one: whose habits are compared",
        |v| Cell::Text(actor_key(v)),
    ),
    of("access_key_id", Word, "`accessKeyId`", |v| (&*v.event.identity.access_key_id).into()),
    of("access_key_kind", Word, "`AKIA` for a long-term key, `ASIA` for a session's, else empty", |v| {
        access_key_kind(v).into()
    }),
    of(
        "mfa",
        Flag,
        "was the session, or the sign-in, made with a second factor? Null when the record does not say",
        |v| Cell::Flag(v.event.identity.mfa.or(v.additional().mfa_used)),
    ),
    of("invoked_by", Word, "service that made the call for the caller or for itself", |v| {
        (&*v.event.identity.invoked_by).into()
    }),
    of("source_ip", Word, "`sourceIPAddress`", |v| (&*v.event.source_ip).into()),
    of("ip_kind", Word, "`public` or `private` address, `service` for AWS itself, `unknown`", |v| {
        ip_kind(&v.event.source_ip).into()
    }),
    of("ip_net", Word, "network of a public address: its first 16 bits (IPv4) or 32 bits (IPv6)", |v| {
        ip_net(&v.event.source_ip).into()
    }),
    of("vpc_endpoint_id", Word, "`vpcEndpointId`", |v| (&*v.event.vpc_endpoint_id).into()),
    of("user_agent", Word, "`userAgent`", |v| (&*v.event.user_agent).into()),
    of(
        "ua_family",
        Word,
        "tool behind the user agent: `console`, `aws-cli`, `boto3`, `terraform`, …, `other`",
        |v| ua_family(v).into(),
    ),
    of("is_iac", Flag, "did a tool of infrastructure as code make the call?", |v| {
        matches!(ua_family(v), "terraform" | "cloudformation" | "pulumi" | "cdk").into()
    }),
    of("error_code", Word, "`errorCode`", |v| (&*v.event.error_code).into()),
    of("error_message", Word, "`errorMessage`", |v| (&*v.event.error_message).into()),
    of("outcome", Word, "`authorized`, `denied` or `undecided` (validation, throttling)", |v| {
        v.outcome().as_str().into()
    }),
    of("denied", Flag, "was the permission refused?", |v| (v.outcome() == Outcome::Denied).into()),
    of("ok", Flag, "did the call succeed: no error?", |v| {
        (v.event.error_code.is_empty() && v.outcome() == Outcome::Authorized).into()
    }),
    of("read_only", Flag, "`readOnly`; null when the record does not say", |v| Cell::Flag(v.event.read_only)),
    of(
        "is_write",
        Flag,
        "does it change something? By the access level of its action, else by `readOnly`",
        |v| v.kind.is_write.unwrap_or(v.event.read_only == Some(false)).into(),
    ),
    of("is_data", Flag, "is it a data event?", |v| v.is_data().into()),
    of(
        "is_ai",
        Flag,
        "is it a call of SageMaker, Bedrock, AgentCore, Rekognition, Textract or Comprehend?",
        |v| v.kind.is_ai.into(),
    ),
    of("resource_type", Word, "`resources[].type` of the first resource", |v| {
        v.event.resources.first().map_or("", |one| &one.kind).into()
    }),
    of("resource_arn", Text, "`resources[].ARN` of the first resource that has one", |v| {
        resource_arn(v).into()
    }),
    of(
        "resource_name",
        Word,
        "what the call is about, as its request names it; else the end of `resource_arn`",
        |v| v.resource_name().into(),
    ),
    of("target_profile", Word, "user profile that the request names, behind its domain: `d-1/anna`", |v| {
        target_profile(v).into()
    }),
    of("lifecycle_config", Word, "lifecycle configuration that the request attaches to a notebook", |v| {
        v.field("lifecycleConfigName").into()
    }),
    of(
        "script_flags",
        Word,
        "what scripts, arguments and settings of the request give away, sorted: `,base64_decode,fetch,`",
        |v| script_flags(v).into(),
    ),
    of("script_sha256", Word, "SHA-256 of the first script of the request", |v| script_sha256(v).into()),
    of("approval", Word, "`modelApprovalStatus` of the request", |v| v.field("modelApprovalStatus").into()),
    of("bucket", Word, "S3 bucket of the request", |v| v.field("bucketName").into()),
    of("s3_key", Text, "S3 key of the request", |v| v.field("key").into()),
    of(
        "policy_external",
        Flag,
        "does a resource policy in the request name everybody or another account?",
        |v| policy_external(v).into(),
    ),
    of("model_id", Word, "model that is invoked", |v| v.field("modelId").into()),
    of("bearer_token", Flag, "was an API key used instead of a signature?", |v| {
        Cell::Flag(v.additional().bearer_token)
    }),
    of("bytes_out", Number, "bytes that a data event sent out", |v| Cell::Number(v.additional().bytes_out)),
    of("issued_key_id", Text, "`accessKeyId` of the session that the call issued (`sts`)", |v| {
        issued_key(v).into()
    }),
    of("request_json", Text, "`requestParameters`, secrets replaced", |v| {
        v.request().map(fields::redacted).unwrap_or_default().into()
    }),
    of("response_json", Text, "`responseElements`, secrets replaced", |v| {
        v.event.response.parse().map(|response| fields::redacted(&response)).unwrap_or_default().into()
    }),
];

fn account(account: Option<crate::iam::AccountId>) -> String {
    account.map(|account| account.to_string()).unwrap_or_default()
}

fn event_type(kind: EventType) -> &'static str {
    match kind {
        EventType::ApiCall => "api_call",
        EventType::ServiceEvent => "service_event",
        EventType::ConsoleAction => "console_action",
        EventType::ConsoleSignIn => "console_sign_in",
        EventType::VpcEndpoint => "vpc_endpoint",
        EventType::Insight => "insight",
        EventType::Other => "other",
    }
}

fn category(category: EventCategory) -> &'static str {
    match category {
        EventCategory::Management => "management",
        EventCategory::Data => "data",
        EventCategory::Insight => "insight",
        EventCategory::NetworkActivity => "network_activity",
        EventCategory::Other => "other",
    }
}

/// The person or program behind the session, where the record tells. A Studio session is called `SageMaker`
/// for every user of its role, and other session names may be anybody's choice.
fn human_key<'v>(view: &'v EventView<'_>) -> &'v str {
    let identity = &view.event.identity;
    let principal = view.principal();
    if !identity.on_behalf_of.is_empty() {
        &identity.on_behalf_of
    } else if !identity.source_identity.is_empty() {
        &identity.source_identity
    } else if principal.is_identity_center_role() {
        &principal.session
    } else if principal.kind == identity::PrincipalKind::User {
        &principal.name
    } else {
        ""
    }
}

fn actor_key<'v>(view: &'v EventView<'_>) -> Cow<'v, str> {
    let human = human_key(view);
    let key = view.principal_key();
    if human.is_empty() || view.principal().kind == identity::PrincipalKind::User {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(format!("{key}/{human}"))
    }
}

fn access_key_kind<'v>(view: &'v EventView<'_>) -> &'v str {
    view.event
        .identity
        .access_key_id
        .get(..4)
        .filter(|kind| matches!(*kind, "AKIA" | "ASIA"))
        .unwrap_or_default()
}

fn ip_kind(source: &str) -> &'static str {
    match source.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            // 100.64.0.0/10 is shared address space (RFC 6598).
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && second & 0xc0 == 64;
            if ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared {
                "private"
            } else {
                "public"
            }
        }
        Ok(IpAddr::V6(ip)) => {
            let local = ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local();
            if local { "private" } else { "public" }
        }
        Err(_) if source.ends_with(".amazonaws.com") || source == "AWS Internal" => "service",
        Err(_) => "unknown",
    }
}

fn ip_net(source: &str) -> String {
    if ip_kind(source) != "public" {
        return String::new();
    }
    match source.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            let [first, second, ..] = ip.octets();
            format!("{first}.{second}.0.0/16")
        }
        Ok(IpAddr::V6(ip)) => {
            let [first, second, ..] = ip.segments();
            format!("{first:x}:{second:x}::/32")
        }
        Err(_) => String::new(),
    }
}

/// User agents by what they contain, in lower case; the first that fits. The words are those that the tools
/// put there themselves (seen in published samples, 2026-08).
const UA_FAMILIES: [(&str, &str); 22] = [
    ("terraform", "terraform"),
    ("opentofu", "terraform"),
    ("pulumi", "pulumi"),
    ("aws-cdk", "cdk"),
    ("cloudformation", "cloudformation"),
    ("pacu", "attack-tool"),
    ("stratus-red-team", "attack-tool"),
    ("trufflehog", "attack-tool"),
    ("kali", "attack-tool"),
    ("parrot", "attack-tool"),
    ("pentoo", "attack-tool"),
    ("aws-sagemaker-python-sdk", "sagemaker-sdk"),
    ("aws-cli", "aws-cli"),
    ("boto3", "boto3"),
    ("botocore", "boto3"),
    ("powershell", "powershell"),
    ("aws-sdk-", "aws-sdk"),
    ("console.amazonaws.com", "console"),
    ("signin.amazonaws.com", "console"),
    ("aws-internal", "aws-internal"),
    ("mozilla/", "console"),
    ("curl/", "curl"),
];

fn ua_family(view: &EventView<'_>) -> &'static str {
    let event = view.event;
    if event.identity.invoked_by == "cloudformation.amazonaws.com" {
        return "cloudformation";
    }
    let agent = event.user_agent.to_ascii_lowercase();
    if agent.is_empty() {
        return "";
    }
    if agent.ends_with(".amazonaws.com") && !agent.contains(' ') && !agent.contains("console") {
        return if agent.starts_with("cloudformation") { "cloudformation" } else { "aws-service" };
    }
    UA_FAMILIES.iter().find(|(word, _)| agent.contains(word)).map_or("other", |(_, family)| family)
}

fn resource_arn<'v>(view: &'v EventView<'_>) -> &'v str {
    view.event.resources.iter().map(|one| &*one.arn).find(|arn| !arn.is_empty()).unwrap_or_default()
}

/// Only STS answers with keys of sessions; the id is no secret.
fn issued_key(view: &EventView<'_>) -> String {
    if view.event.source != "sts.amazonaws.com" {
        return String::new();
    }
    let response = view.event.response.parse();
    let id = response.as_ref().and_then(|response| response.pointer("/credentials/accessKeyId")?.as_str());
    id.unwrap_or_default().to_owned()
}

fn target_profile(view: &EventView<'_>) -> String {
    let profile = view.field("userProfileName");
    if profile.is_empty() { String::new() } else { format!("{}/{profile}", view.field("domainId")) }
}

/// Only AI services run what a request brings along; elsewhere the words would mislead.
fn scripts<'v>(view: &'v EventView<'_>) -> impl Iterator<Item = &'v Field> {
    let fields = if view.kind.is_ai { view.fields() } else { &[] };
    fields.iter().filter(|field| field.secret.is_some())
}

fn script_flags(view: &EventView<'_>) -> String {
    let all: BTreeSet<&str> = scripts(view)
        .filter_map(|field| field.secret.as_ref())
        .flat_map(|secret| &secret.indicators)
        .copied()
        .collect();
    if all.is_empty() {
        return String::new();
    }
    format!(",{},", all.into_iter().collect::<Vec<_>>().join(","))
}

fn script_sha256(view: &EventView<'_>) -> String {
    let is_script = |field: &&Field| {
        let path = field.path.to_ascii_lowercase();
        path.ends_with("content") || path.ends_with("pipelinedefinition")
    };
    let script = scripts(view).find(is_script).and_then(|field| field.secret.as_ref());
    script.map(|secret| secret.sha256.to_string()).unwrap_or_default()
}

/// Members that hold a resource policy as text, in lower case.
const POLICY_FIELDS: [&str; 5] =
    ["resourcepolicy", "policydocument", "policy", "policytext", "repositorypolicy"];

/// A principal `*`, or an account that is neither the caller's nor the trail's.
fn policy_external(view: &EventView<'_>) -> bool {
    let own = [identity::acted_in(view.event), view.principal().account];
    let own: Vec<String> = own.into_iter().flatten().map(|account| account.to_string()).collect();
    let named = |path: &str| POLICY_FIELDS.contains(&path.to_ascii_lowercase().as_str());
    let policies = view.fields().iter().filter(|field| named(&field.path));
    policies.flat_map(|field| principals(&field.value)).any(|principal| {
        let account = arn::split(&principal).map_or(principal.as_str(), |parts| parts.account);
        principal == "*"
            || (crate::iam::AccountId::parse(account).is_some() && !own.iter().any(|one| one == account))
    })
}

/// The AWS principals that the statements of a policy allow something.
fn principals(policy: &str) -> Vec<String> {
    use crate::iam::policy::{Effect, PolicyDocument, Principals};
    let Ok(document) = PolicyDocument::parse(policy) else { return Vec::new() };
    let allowed = document.statements.into_iter().filter(|statement| statement.effect == Effect::Allow);
    let of = |principals: Principals| match principals {
        Principals::Everyone => vec!["*".to_owned()],
        Principals::Typed(all) => all
            .into_iter()
            .filter(|(kind, _)| kind == "AWS")
            .flat_map(|(_, patterns)| patterns.values)
            .collect(),
    };
    allowed.filter_map(|statement| statement.principal).flat_map(|element| of(element.principals)).collect()
}
