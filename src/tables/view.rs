//! One event as the columns see it: what costs something is found out once, when a column asks for it.

use crate::iam::reference::AccessLevel;
use crate::trail::action_map::{self, Mapping};
use crate::trail::definitions::Definition;
use crate::trail::event::{Event, EventCategory};
use crate::trail::fields::{self, Additional, Field};
use crate::trail::identity::Principal;
use crate::trail::outcome::Outcome;
use crate::trail::passed_roles::Places;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Hosts, before `.amazonaws.com`, of the AI services; those of SageMaker and Bedrock go by their beginning.
const AI_HOSTS: [&str; 3] = ["comprehend", "rekognition", "textract"];

/// Hosts of the services whose requests the table `fields` holds beside those of AI services: what is done
/// around a job, in identity, secrets, logs and code.
const BESIDE_HOSTS: [&str; 21] = [
    "athena",
    "budgets",
    "cloudtrail",
    "codebuild",
    "cognito-idp",
    "ecr",
    "elasticfilesystem",
    "events",
    "glue",
    "iam",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "ram",
    "secretsmanager",
    "servicecatalog",
    "servicequotas",
    "ssm",
    "states",
    "sts",
];

/// What is the same for all events of one source and name.
#[derive(Debug)]
pub struct EventKind {
    /// Is it a call of an AI service?
    pub is_ai: bool,
    /// Does it change something, by the access level of its action? `None` when no action is known.
    pub is_write: Option<bool>,
    /// Are the scalars of its requests kept in the table `fields`?
    pub has_fields: bool,
    /// Where its requests name things.
    pub definition: Option<&'static Definition>,
    /// Where its requests hand over roles.
    pub places: Option<Places>,
    /// The members of a request that may name what the call is about, best first, in lower case.
    pub names: Vec<String>,
}

/// The kinds of events met so far; one a thread.
#[derive(Debug, Default)]
pub struct Kinds {
    known: BTreeMap<String, BTreeMap<String, Arc<EventKind>>>,
}

impl Kinds {
    /// The kind of an event.
    pub fn of(&mut self, event: &Event<'_>) -> Arc<EventKind> {
        let (source, name) = (event.source.as_ref(), event.name.as_ref());
        if let Some(kind) = self.known.get(source).and_then(|names| names.get(name)) {
            return Arc::clone(kind);
        }
        let kind = Arc::new(EventKind::new(source, name));
        self.known.entry(source.to_owned()).or_default().insert(name.to_owned(), Arc::clone(&kind));
        kind
    }
}

impl EventKind {
    fn new(source: &str, name: &str) -> Self {
        let host = source.strip_suffix(".amazonaws.com").unwrap_or(source);
        let is_ai = is_ai_host(host);
        Self {
            is_ai,
            is_write: is_write(source, name),
            has_fields: is_ai || BESIDE_HOSTS.contains(&host),
            definition: Definition::new(source, name),
            places: Places::new(source, name),
            names: names_of(name),
        }
    }
}

fn is_ai_host(host: &str) -> bool {
    host.contains("sagemaker") || host.starts_with("bedrock") || AI_HOSTS.contains(&host)
}

fn is_write(source: &str, name: &str) -> Option<bool> {
    let Mapping::Actions { primary, .. } = action_map::map(source, name) else { return None };
    let mut levels = primary.iter().map(|action| action.level).peekable();
    levels.peek()?;
    Some(levels.any(|level| !matches!(level, AccessLevel::List | AccessLevel::Read)))
}

/// `UpdateNotebookInstance` → `notebookInstanceName`, `notebookInstanceArn`, …; then the names that services
/// give to what a call is about.
fn names_of(event: &str) -> Vec<String> {
    let noun = event.find(|letter: char| letter.is_ascii_lowercase()).and_then(|start| {
        let verb_end = event.get(start..)?.find(|letter: char| letter.is_ascii_uppercase())?;
        event.get(start + verb_end..)
    });
    let noun = noun.unwrap_or_default().to_ascii_lowercase();
    let noun = noun.strip_prefix("presigned").unwrap_or(&noun);
    let noun = ["presignedurls", "presignedurl", "urls", "url"]
        .iter()
        .find_map(|end| noun.strip_suffix(end))
        .unwrap_or(noun);
    let mut names = Vec::new();
    if !noun.is_empty() {
        names.extend(["name", "arn", "id", ""].map(|end| format!("{noun}{end}")));
    }
    let general = [
        "endpointname",
        "modelpackagename",
        "trackingservername",
        "trainingjobname",
        "pipelinename",
        "rolename",
        "username",
        "groupname",
        "functionname",
        "bucketname",
        "repositoryname",
        "loggroupname",
        "secretid",
        "keyid",
        "target",
        "resourceidentifier",
        "modelid",
        "guardrailidentifier",
        "agentid",
        "knowledgebaseid",
        "collectionid",
        "featuregroupname",
        "name",
        "arn",
        "resourcearn",
        "rolearn",
    ];
    names.extend(general.map(str::to_owned));
    names
}

/// An event for the columns.
#[derive(Debug)]
pub struct EventView<'e> {
    /// The event.
    pub event: &'e Event<'e>,
    /// What holds for its kind.
    pub kind: Arc<EventKind>,
    /// The upper half of its fingerprint: by it tables are joined.
    pub key: i64,
    principal: OnceCell<Principal<'e>>,
    outcome: OnceCell<Outcome>,
    principal_key: OnceCell<String>,
    request: OnceCell<Option<Value>>,
    fields: OnceCell<Vec<Field>>,
    additional: OnceCell<Additional>,
}

impl<'e> EventView<'e> {
    /// The view of an event; its fingerprint is given because the reader knows it already.
    pub fn new(event: &'e Event<'e>, kind: Arc<EventKind>, fingerprint: u128) -> Self {
        let bytes = fingerprint.to_be_bytes();
        let key = bytes.first_chunk::<8>().copied().unwrap_or_default();
        Self {
            event,
            kind,
            key: i64::from_be_bytes(key),
            principal: OnceCell::new(),
            outcome: OnceCell::new(),
            principal_key: OnceCell::new(),
            request: OnceCell::new(),
            fields: OnceCell::new(),
            additional: OnceCell::new(),
        }
    }

    /// Who acted.
    pub fn principal(&self) -> &Principal<'e> {
        self.principal.get_or_init(|| Principal::of(self.event))
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        *self.outcome.get_or_init(|| Outcome::of(self.event))
    }

    /// Does the event record access to data rather than management?
    pub fn is_data(&self) -> bool {
        self.event.category == EventCategory::Data
    }

    /// The request, read once; `None` when it is missing, was cut or is no object.
    pub fn request(&self) -> Option<&Value> {
        self.request.get_or_init(|| self.event.request.parse()).as_ref()
    }

    /// The scalars of the request, without secrets.
    pub fn fields(&self) -> &[Field] {
        self.fields.get_or_init(|| self.request().map(fields::fields).unwrap_or_default())
    }

    /// The first value at a path, given in lower case.
    pub fn field(&self, path: &str) -> &str {
        let found = self.fields().iter().find(|field| field.path.eq_ignore_ascii_case(path));
        found.map_or("", |field| &field.value)
    }

    /// What `additionalEventData` says.
    pub fn additional(&self) -> Additional {
        *self.additional.get_or_init(|| fields::additional(self.event.raw))
    }

    /// What the call is about, as its request names it, else the end of the first resource's ARN.
    pub fn resource_name(&self) -> &str {
        let named = self.kind.names.iter().map(|name| self.field(name)).find(|value| !value.is_empty());
        named.unwrap_or_else(|| {
            let arn = self.event.resources.first().map_or("", |resource| &resource.arn);
            arn.rsplit('/').next().unwrap_or_default()
        })
    }

    /// The key of the caller: kind, account and the id that is never used again.
    pub fn principal_key(&self) -> &str {
        self.principal_key.get_or_init(|| {
            let principal = self.principal();
            let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
            principal_key(principal.kind.as_str(), &account, &principal.id)
        })
    }
}

/// `role:111122223333:AROAEXAMPLE`: equal in all tables.
pub fn principal_key(kind: &str, account: &str, id: &str) -> String {
    format!("{kind}:{account}:{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::request::RequestParameters;

    #[test]
    fn what_a_call_is_about() {
        let check = |name: &str, request: &str, expect: &str| {
            let event = Event {
                source: "sagemaker.amazonaws.com".into(),
                name: name.to_owned().into(),
                request: RequestParameters::from_raw(request),
                ..Event::default()
            };
            let view = EventView::new(&event, Kinds::default().of(&event), 0);
            assert_eq!(view.resource_name(), expect, "{name} {request}");
        };
        check("UpdateNotebookInstance", r#"{"roleArn":"r","notebookInstanceName":"n"}"#, "n");
        check("CreatePresignedNotebookInstanceUrl", r#"{"notebookInstanceName":"n"}"#, "n");
        check("CreatePresignedDomainUrl", r#"{"domainId":"d-1","userProfileName":"u"}"#, "d-1");
        check("CreatePartnerAppPresignedUrl", r#"{"arn":"a"}"#, "a");
        check("CreatePresignedMlflowTrackingServerUrl", r#"{"trackingServerName":"t"}"#, "t");
        check("UpdateModelPackage", r#"{"modelPackageArn":"m","modelApprovalStatus":"Approved"}"#, "m");
        check("StartSession", r#"{"resourceIdentifier":"arn:x"}"#, "arn:x");
        check("InvokeModel", r#"{"modelId":"m"}"#, "m");
        check("StartPipelineExecution", r#"{"pipelineName":"p","clientRequestToken":"t"}"#, "p");
        check("Search", "{}", "");
    }

    #[test]
    fn kinds() {
        let of = |source: &str, name: &str| EventKind::new(&format!("{source}.amazonaws.com"), name);
        for (source, name, is_ai, is_write) in [
            ("sagemaker", "CreateTrainingJob", true, Some(true)),
            ("sagemaker", "ListModels", true, Some(false)),
            ("bedrock", "InvokeModel", true, Some(false)),
            ("s3", "PutObject", false, Some(true)),
            ("signin", "ConsoleLogin", false, None),
            ("novel", "DoIt", false, None),
        ] {
            let kind = of(source, name);
            assert_eq!((kind.is_ai, kind.is_write), (is_ai, is_write), "{source} {name}");
        }
    }
}
