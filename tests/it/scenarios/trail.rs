//! The trail as it is written: who calls what when.

use super::cast::{ACCOUNT, Actor};
use super::{DAYS, Scenario};
use crate::generator::Rng;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trailtrim::time::Timestamp;

/// 2026-01-05T00:00:00Z, a Monday.
const START: i64 = 1_767_571_200;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;

/// The region in which the account works.
pub(crate) const HOME: &str = "eu-west-1";

/// A call, as it will be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    who: Actor,
    op: String,
    request: Value,
    response: Value,
    extra: Value,
    region: String,
}

impl Call {
    /// `op` is `service:EventName`.
    pub(crate) fn new(who: &Actor, op: &str, request: Value) -> Self {
        Self {
            who: who.clone(),
            op: op.to_owned(),
            request,
            response: Value::Null,
            extra: json!({}),
            region: HOME.to_owned(),
        }
    }

    pub(crate) fn gives(mut self, response: Value) -> Self {
        self.response = response;
        self
    }

    pub(crate) fn in_region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    pub(crate) fn fails(mut self, code: &str, message: &str) -> Self {
        self.response = Value::Null;
        self.extra["errorCode"] = code.into();
        self.extra["errorMessage"] = message.into();
        self
    }

    /// Refused for want of a permission, in the words of IAM.
    pub(crate) fn refused(self, action: &str) -> Self {
        let arn = self.who.identity["arn"].as_str().unwrap_or_default().to_owned();
        let message = format!(
            "User: {arn} is not authorized to perform: {action} because no identity-based policy allows the {action} action"
        );
        self.fails("AccessDeniedException", &message)
    }

    /// A data event on this resource.
    pub(crate) fn data(mut self, kind: &str, arn: &str) -> Self {
        self.extra["resources"] = json!([{"accountId": ACCOUNT, "type": kind, "ARN": arn}]);
        self.extra["managementEvent"] = false.into();
        self.extra["eventCategory"] = "Data".into();
        self
    }

    /// A field that few records have.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.extra[field] = value;
        self
    }
}

/// A place in a list, to count time by.
pub(crate) fn nth(place: usize) -> i64 {
    i64::try_from(place).unwrap()
}

/// Do these names only read? As `readOnly` has it.
fn reads(name: &str) -> bool {
    [
        "Get",
        "List",
        "Describe",
        "Search",
        "Head",
        "Lookup",
        "BatchGet",
        "Query",
        "Invoke",
        "Converse",
        "Detect",
        "Analyze",
        "Retrieve",
        "AssumeRole",
        "Select",
        "Download",
        "BatchCheck",
    ]
    .iter()
    .any(|verb| name.starts_with(verb))
}

/// The events so far, and the source of chance.
pub(crate) struct Trail {
    pub(crate) rng: Rng,
    events: Vec<(i64, Value)>,
}

impl Trail {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), events: Vec::new() }
    }

    pub(crate) fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed);
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u32::try_from(most - least + 1).unwrap();
        least + i64::from(self.rng.below(span))
    }

    /// Does it happen, with so many percent?
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.rng.below(100) < percent
    }

    /// One of the items.
    pub(crate) fn one<T: Copy>(&mut self, items: &[T]) -> T {
        let bound = u32::try_from(items.len()).unwrap();
        items[usize::try_from(self.rng.below(bound)).unwrap()]
    }

    /// Records a call at a time, in seconds from the start of the log; gives its event id.
    pub(crate) fn add(&mut self, time: i64, call: Call) -> String {
        let id = self.rng.uuid();
        let request_id = self.rng.uuid();
        let (service, name) = call.op.split_once(':').unwrap();
        let mut record = json!({
            "eventVersion": "1.11",
            "userIdentity": call.who.identity,
            "eventTime": Timestamp::from_seconds(START + time).unwrap().to_string(),
            "eventSource": format!("{service}.amazonaws.com"),
            "eventName": name,
            "awsRegion": call.region,
            "sourceIPAddress": call.who.ip,
            "userAgent": call.who.agent,
            "requestParameters": call.request,
            "responseElements": call.response,
            "requestID": request_id,
            "eventID": id,
            "readOnly": reads(name),
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        });
        if let Some(endpoint) = &call.who.endpoint {
            record["vpcEndpointId"] = endpoint.as_str().into();
            record["vpcEndpointAccountId"] = ACCOUNT.into();
        }
        if let Value::Object(extra) = call.extra {
            for (field, value) in extra {
                record[field] = value;
            }
        }
        self.events.push((time.min(DAYS * DAY - 1), record));
        id
    }

    pub(crate) fn into_records(mut self) -> Vec<Value> {
        self.events.sort_by_key(|(time, record)| (*time, record["eventID"].to_string()));
        self.events.into_iter().map(|(_, record)| record).collect()
    }
}

/// An attack while it is written: it goes on in time, and notes every event.
pub(crate) struct Attack<'t> {
    pub(crate) trail: &'t mut Trail,
    /// Seconds from the start of the log.
    pub(crate) now: i64,
    scenario: Scenario,
}

impl<'t> Attack<'t> {
    pub(crate) fn new(trail: &'t mut Trail, now: i64, name: &'static str, ids: &'static str) -> Self {
        let scenario = Scenario { name, ids, principal: String::new(), human: None, events: BTreeSet::new() };
        Self { trail, now, scenario }
    }

    /// Whom a good report names.
    pub(crate) fn by(&mut self, who: &Actor) -> &mut Self {
        self.scenario.principal.clone_from(&who.name);
        self.scenario.human.clone_from(&who.human);
        self
    }

    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now += seconds;
        self
    }

    /// The next call, some 20 to 90 seconds after the one before.
    pub(crate) fn call(&mut self, call: Call) -> &mut Self {
        self.now += self.trail.between(20, 90);
        let id = self.trail.add(self.now, call);
        self.scenario.events.insert(id);
        self
    }

    /// Calls without a body to speak of, one after the other.
    pub(crate) fn calls(&mut self, who: &Actor, ops: &[&str]) -> &mut Self {
        for op in ops {
            self.call(Call::new(who, op, Value::Null));
        }
        self
    }

    pub(crate) fn end(self) -> Scenario {
        self.scenario
    }
}
