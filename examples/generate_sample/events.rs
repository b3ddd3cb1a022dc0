//! Records in the shape of `CloudTrail`'s event version 1.11, and the book that collects them.

use super::account::{ACCOUNT, GLOBAL_REGION, Human, IDENTITY_STORE_ARN, MAIN_REGION, Role};
use super::rng::Rng;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use trailtrim::time::{Day, Timestamp};

const DAYS: i32 = 90;
/// 2026-08-03, in days since 1970-01-01; the ninetieth day is 2026-10-31.
const FIRST_DAY: i32 = 20_668;
const SEED: u64 = 0x7261_696c_7472_696d;

/// All events so far, and the day that is being written.
pub(crate) struct Book {
    pub(crate) rng: Rng,
    pub(crate) events: Vec<Event>,
    /// 0 to 89; −1 before the first day.
    pub(crate) index: i32,
    /// When and where each role, by its id, was last used.
    pub(crate) last_used: BTreeMap<String, (Timestamp, &'static str)>,
}

/// A finished record.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) time: Timestamp,
    pub(crate) region: &'static str,
    pub(crate) json: String,
}

/// Who calls, from where and with what program.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) identity: Value,
    pub(crate) arn: String,
    pub(crate) ip: String,
    pub(crate) agent: String,
}

/// One call before it has a time and identifiers.
pub(crate) struct Call {
    session: Session,
    source: &'static str,
    name: &'static str,
    region: &'static str,
    host: Option<String>,
    request: Value,
    response: Value,
    additional: Value,
    error: Option<(&'static str, String)>,
    resources: Vec<Value>,
    data_event: bool,
    read_only: bool,
    shared: bool,
    api_version: &'static str,
    event_type: &'static str,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self { rng: Rng::new(SEED), events: Vec::new(), index: -1, last_used: BTreeMap::new() }
    }

    /// Turns the page; false after the last day.
    pub(crate) fn next_day(&mut self) -> bool {
        self.index += 1;
        self.index < DAYS
    }

    pub(crate) fn day(&self) -> Day {
        Day::from_epoch_days(FIRST_DAY + self.index)
    }

    /// The point `second` seconds after midnight.
    pub(crate) fn at(&self, second: u32) -> Timestamp {
        self.day().start().plus_seconds(i64::from(second))
    }

    /// 0 is Monday: the first day is one.
    pub(crate) fn weekday(&self) -> i32 {
        self.index % 7
    }

    pub(crate) fn is_workday(&self) -> bool {
        self.weekday() < 5
    }

    /// True on every `period`-th day, first on day `first`.
    pub(crate) fn every(&self, period: i32, first: i32) -> bool {
        self.index % period == first
    }

    /// A second of the day within an hour, so that stories keep their order but not their minute.
    pub(crate) fn within_hour(&mut self, hour: u32) -> u32 {
        hour * 3600 + self.rng.below(2400)
    }

    /// Records a call `second` seconds after midnight.
    pub(crate) fn add(&mut self, second: u32, call: Call) {
        let time = self.at(second);
        let region = call.region;
        if let Some(id) = call.session.role_id() {
            let last = self.last_used.entry(id.into()).or_default();
            *last = (time, region).max(*last);
        }
        let json = call.into_record(time, &mut self.rng).to_string();
        self.events.push(Event { time, region, json });
    }
}

impl Session {
    /// A session of a role that was opened at `second` of the current day.
    pub(crate) fn of_role(book: &mut Book, role: &Role, name: &str, second: u32) -> Self {
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}/{name}", role.name);
        let identity = json!({
            "type": "AssumedRole",
            "principalId": format!("{}:{name}", role.id),
            "arn": arn,
            "accountId": ACCOUNT,
            "accessKeyId": format!("ASIASAMPLE{}", book.rng.base32(10)),
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": role.id,
                    "arn": role.arn(),
                    "accountId": ACCOUNT,
                    "userName": role.name,
                },
                "attributes": { "creationDate": book.at(second).to_string(), "mfaAuthenticated": "false" },
            },
        });
        Self { identity, arn, ip: String::new(), agent: String::new() }
    }

    /// The service itself, not on anybody's behalf.
    pub(crate) fn of_service(service: &str) -> Self {
        let identity = json!({ "type": "AWSService", "invokedBy": service });
        Self { identity, arn: String::new(), ip: service.into(), agent: service.into() }
    }

    /// The session's name: what follows the last `/` of its ARN.
    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit_once('/').map_or("", |(_, name)| name)
    }

    fn role_id(&self) -> Option<&str> {
        self.identity.pointer("/sessionContext/sessionIssuer/principalId").and_then(Value::as_str)
    }

    /// The ARN of the role behind the session, with its path.
    pub(crate) fn role_arn(&self) -> &str {
        self.identity.pointer("/sessionContext/sessionIssuer/arn").and_then(Value::as_str).unwrap_or("")
    }

    pub(crate) fn from(mut self, ip: &str, agent: &str) -> Self {
        self.ip = ip.into();
        self.agent = agent.into();
        self
    }

    /// The same session, forwarded by a service that calls on its behalf.
    pub(crate) fn forwarded_by(&self, service: &str) -> Self {
        let mut forwarded = self.clone().from(service, service);
        forwarded.put("invokedBy", json!(service));
        forwarded
    }

    /// The same session with the Identity Center user whom it stands for.
    pub(crate) fn on_behalf_of(mut self, human: Human) -> Self {
        let user = json!({ "userId": human.user_id, "identityStoreArn": IDENTITY_STORE_ARN });
        self.put("onBehalfOf", user);
        self
    }

    fn put(&mut self, name: &str, value: Value) {
        if let Some(identity) = self.identity.as_object_mut() {
            identity.insert(name.into(), value);
        }
    }
}

impl Call {
    /// A management event in the main region; it reads when its name says so.
    pub(crate) fn new(session: &Session, source: &'static str, name: &'static str) -> Self {
        let reads = ["Get", "List", "Describe", "BatchGet", "BatchCheck", "Search", "AssumeRole"];
        Self {
            session: session.clone(),
            source,
            name,
            region: MAIN_REGION,
            host: None,
            request: Value::Null,
            response: Value::Null,
            additional: Value::Null,
            error: None,
            resources: Vec::new(),
            data_event: false,
            read_only: reads.iter().any(|prefix| name.starts_with(prefix)),
            shared: false,
            api_version: "",
            event_type: "AwsApiCall",
        }
    }

    pub(crate) fn request(mut self, request: Value) -> Self {
        self.request = request;
        self
    }

    pub(crate) fn response(mut self, response: Value) -> Self {
        self.response = response;
        self
    }

    pub(crate) fn additional(mut self, additional: Value) -> Self {
        self.additional = additional;
        self
    }

    /// The call failed: no response.
    pub(crate) fn error(mut self, code: &'static str, message: impl Into<String>) -> Self {
        self.error = Some((code, message.into()));
        self.response = Value::Null;
        self
    }

    /// The call was denied for want of a statement that allows it.
    pub(crate) fn denied(self, code: &'static str, action: &str, resource: &str) -> Self {
        let who = self.session.arn.clone();
        let message = format!(
            "User: {who} is not authorized to perform: {action} on resource: {resource} \
             because no identity-based policy allows the {action} action"
        );
        self.error(code, message)
    }

    pub(crate) fn resource(mut self, resource: Value) -> Self {
        self.resources.push(resource);
        self
    }

    pub(crate) fn data_event(mut self) -> Self {
        self.data_event = true;
        self
    }

    pub(crate) fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Carries a `sharedEventID`, as events do that a service causes in a customer's account.
    pub(crate) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    pub(crate) fn region(mut self, region: &'static str) -> Self {
        self.region = region;
        self
    }

    pub(crate) fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// A service without regions.
    pub(crate) fn global(self) -> Self {
        let host = format!("{}.amazonaws.com", self.source);
        self.region(GLOBAL_REGION).host(host)
    }

    pub(crate) fn api_version(mut self, version: &'static str) -> Self {
        self.api_version = version;
        self
    }

    pub(crate) fn event_type(mut self, event_type: &'static str) -> Self {
        self.event_type = event_type;
        self
    }

    fn into_record(self, time: Timestamp, rng: &mut Rng) -> Value {
        let tls = self.tls_details();
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| record.insert(name.into(), value);
        put("eventVersion", json!("1.11"));
        put("userIdentity", self.session.identity);
        put("eventTime", json!(time.to_string()));
        put("eventSource", json!(format!("{}.amazonaws.com", self.source)));
        put("eventName", json!(self.name));
        put("awsRegion", json!(self.region));
        put("sourceIPAddress", json!(self.session.ip));
        put("userAgent", json!(self.session.agent));
        if let Some((code, message)) = self.error {
            put("errorCode", json!(code));
            put("errorMessage", json!(message));
        }
        put("requestParameters", self.request);
        put("responseElements", self.response);
        if !self.additional.is_null() {
            put("additionalEventData", self.additional);
        }
        if self.event_type == "AwsApiCall" {
            let request_id = if self.source == "s3" { rng.base32(16) } else { rng.uuid() };
            put("requestID", json!(request_id));
        }
        put("eventID", json!(rng.uuid()));
        put("readOnly", json!(self.read_only));
        if !self.resources.is_empty() {
            put("resources", Value::Array(self.resources));
        }
        put("eventType", json!(self.event_type));
        if !self.api_version.is_empty() {
            put("apiVersion", json!(self.api_version));
        }
        put("managementEvent", json!(!self.data_event));
        put("recipientAccountId", json!(ACCOUNT));
        if self.shared {
            put("sharedEventID", json!(rng.uuid()));
        }
        put("eventCategory", json!(if self.data_event { "Data" } else { "Management" }));
        if let Some(tls) = tls {
            put("tlsDetails", tls);
        }
        Value::Object(record)
    }

    /// Calls between services carry none.
    fn tls_details(&self) -> Option<Value> {
        if self.session.ip.ends_with(".amazonaws.com") || self.event_type == "AwsServiceEvent" {
            return None;
        }
        let default_host = || format!("{}.{}.amazonaws.com", self.source, self.region);
        Some(json!({
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": self.host.clone().unwrap_or_else(default_host),
        }))
    }
}
