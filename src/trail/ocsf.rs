//! Rows of Security Lake, which are `CloudTrail` events in the terms of OCSF, back to `CloudTrail` records, for
//! the one decoder to read.
//!
//! Columns by the mapping tables that AWS publishes in `ocsf/examples` (`mappings/markdown/AWS`, 2024): source
//! version 2 (OCSF 1.1.0 and later) keeps the request and the response as JSON, version 1 (1.0.0-rc.2) takes
//! them apart into `unmapped`, joins what stood in lists, and moves some names into other columns. A row that
//! does not carry the whole request is refused, because what it does not show would look like silence. What a
//! row does not say is not in the record.

use crate::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Refused rows that are told one by one.
const REFUSED_MAX: usize = 20;

/// The deepest member that is built from a path, in names.
const PATH_NAMES_MAX: usize = 32;

/// The records of many rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// One record a line.
    pub text: String,
    /// Rows that were refused: number, from 0, and why; the first of them.
    pub refused: Vec<(usize, String)>,
    /// All of them.
    pub refused_count: usize,
    /// Rows of other products than `CloudTrail`.
    pub others: usize,
}

/// Reads rows, one JSON object a line.
pub fn records(rows: &str) -> Records {
    let mut found = Records::default();
    for (number, line) in rows.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let row = serde_json::from_str(line).map_err(|error| error.to_string());
        match row.and_then(|row: Value| if is_cloudtrail(&row) { record(&row).map(Some) } else { Ok(None) }) {
            Ok(Some(record)) => {
                found.text.push_str(&record.to_string());
                found.text.push('\n');
            }
            Ok(None) => found.others += 1,
            Err(why) => {
                found.refused_count += 1;
                if found.refused.len() < REFUSED_MAX {
                    found.refused.push((number, why));
                }
            }
        }
    }
    found
}

fn is_cloudtrail(row: &Value) -> bool {
    text(row, &["metadata", "product", "name"]) == Some("CloudTrail")
}

/// The record of one row, or what it lacks.
fn record(row: &Value) -> Result<Value, String> {
    let unmapped = unmapped(row);
    let mut record = Record::default();
    for (names, path) in PLAIN {
        record.put(names, text(row, path));
    }
    let address = text(row, &["src_endpoint", "ip"]).or(text(row, &["src_endpoint", "domain"]));
    record.put(&["sourceIPAddress"], address);
    record.put(&["eventTime"], time(row, &["time"]).as_deref());
    record.put(&["requestID"], text(row, &["api", "request", "uid"]).filter(|id| *id != "''"));
    let category = text(row, &["metadata", "product", "feature", "name"]);
    record.put(&["eventCategory"], category.filter(|name| CATEGORIES.contains(name)));
    identity(row, &mut record);
    resources(row, &mut record);
    console_login(row, &mut record);
    let request = whole_request(row, &unmapped, &mut record)?;
    let response = json(row, &["api", "response", "data"])?;
    for (path, value) in &unmapped {
        let of_request = path.starts_with("requestParameters");
        let of_response = path.starts_with("responseElements");
        // Lists were joined by commas: what stood in them is not known.
        let has_column = (of_request && request) || (of_response && response.is_some());
        if !path.contains("[]") && !has_column {
            record.put_path(path, value);
        }
    }
    if let Some(response) = response {
        record.members.insert("responseElements".to_owned(), response);
    }
    record.complete()
}

/// Names of `CloudTrail` and where OCSF has their text.
const PLAIN: [(&[&str], &[&str]); 17] = [
    (&["eventVersion"], &["metadata", "product", "version"]),
    (&["eventID"], &["metadata", "uid"]),
    (&["eventType"], &["metadata", "event_code"]),
    (&["eventSource"], &["api", "service", "name"]),
    (&["eventName"], &["api", "operation"]),
    (&["apiVersion"], &["api", "version"]),
    (&["errorCode"], &["api", "response", "error"]),
    (&["errorMessage"], &["api", "response", "message"]),
    (&["awsRegion"], &["cloud", "region"]),
    (&["recipientAccountId"], &["cloud", "account", "uid"]),
    (&["vpcEndpointId"], &["src_endpoint", "uid"]),
    (&["userAgent"], &["http_request", "user_agent"]),
    (&["userIdentity", "type"], &["actor", "user", "type"]),
    (&["userIdentity", "userName"], &["actor", "user", "name"]),
    (&["userIdentity", "accessKeyId"], &["actor", "user", "credential_uid"]),
    (&["userIdentity", "invokedBy"], &["actor", "invoked_by"]),
    (&["userIdentity", "sessionContext", "sessionIssuer", "arn"], &["actor", "session", "issuer"]),
];

/// Values of `eventCategory`; the column also has words for "one of them".
const CATEGORIES: [&str; 4] = ["Management", "Data", "Insight", "NetworkActivity"];

/// Members of records that are true or false.
const SWITCHES: [&str; 2] = ["readOnly", "managementEvent"];

fn identity(row: &Value, record: &mut Record) {
    let user = |name| text(row, &["actor", "user", name]);
    // Version 1: `uid` is the principal's id and `uuid` its ARN; version 2: `uid_alt` and `uid`.
    let (id, arn) = match (user("uid_alt"), user("uid")) {
        (Some(id), arn) => (Some(id), arn),
        (None, Some(arn)) if arn.starts_with("arn:") => (None, Some(arn)),
        (None, id) => (id, user("uuid")),
    };
    record.put(&["userIdentity", "principalId"], id);
    record.put(&["userIdentity", "arn"], arn);
    let account = user("account_uid").or(text(row, &["actor", "user", "account", "uid"]));
    record.put(&["userIdentity", "accountId"], account);
    let attributes = |name| ["userIdentity", "sessionContext", "attributes", name];
    let created = time(row, &["actor", "session", "created_time"]);
    record.put(&attributes("creationDate"), created.as_deref());
    let session = row.get("actor").and_then(|actor| actor.get("session"));
    let mfa = session.and_then(|session| session.get("is_mfa").or(session.get("mfa"))?.as_bool());
    record.put(&attributes("mfaAuthenticated"), mfa.map(|mfa| if mfa { "true" } else { "false" }));
    let provider = text(row, &["actor", "idp", "name"]);
    let place: &[&str] = match user("type") {
        Some("WebIdentityUser" | "SAMLUser") => &["userIdentity", "identityProvider"],
        _ => &["userIdentity", "sessionContext", "webIdFederationData", "federatedProvider"],
    };
    record.put(place, provider);
}

/// What the record of a sign-in to the console says of its end, and whether a second factor was used.
fn console_login(row: &Value, record: &mut Record) {
    if text(row, &["api", "operation"]) != Some("ConsoleLogin") {
        return;
    }
    let mfa = row.get("is_mfa").or(row.get("mfa")).and_then(Value::as_bool);
    record.put(&["additionalEventData", "MFAUsed"], mfa.map(|mfa| if mfa { "Yes" } else { "No" }));
    let end = text(row, &["status"]).filter(|end| ["Success", "Failure"].contains(end));
    record.put(&["responseElements", "ConsoleLogin"], end);
}

fn resources(row: &Value, record: &mut Record) {
    let one = |resource: &Value| {
        let mut found = Record::default();
        found.put(&["ARN"], text(resource, &["uid"]));
        let account = text(resource, &["account_uid"]).or(text(resource, &["account", "uid"]));
        found.put(&["accountId"], account.or(text(resource, &["owner", "account", "uid"])));
        found.put(&["type"], text(resource, &["type"]));
        Value::Object(found.members)
    };
    let all: Vec<Value> =
        row.get("resources").and_then(Value::as_array).into_iter().flatten().map(one).collect();
    if !all.is_empty() {
        record.members.insert("resources".to_owned(), Value::Array(all));
    }
}

/// Puts the request in place where it is one column, or is whole without `unmapped`. Says whether that is so;
/// an error where it is not whole either way.
fn whole_request(
    row: &Value,
    unmapped: &BTreeMap<String, String>,
    record: &mut Record,
) -> Result<bool, String> {
    if let Some(request) = json(row, &["api", "request", "data"])? {
        record.members.insert("requestParameters".to_owned(), request);
        return Ok(true);
    }
    let version = text(row, &["metadata", "version"]).unwrap_or_default();
    if !version.starts_with("1.0.0-rc") {
        // The column is there, and empty: so was the request.
        let stray = unmapped.keys().any(|path| path.starts_with("requestParameters"));
        return if stray { Err("its request is not in `api.request.data`".to_owned()) } else { Ok(true) };
    }
    if unmapped.keys().any(|path| path.starts_with("requestParameters") && path.contains("[]")) {
        return Err("lists of its request are joined (source version 1)".to_owned());
    }
    let name = text(row, &["api", "operation"]).unwrap_or_default();
    match row.get("class_uid").and_then(Value::as_u64) {
        Some(3002) if name.starts_with("AssumeRole") => {
            record.put(&["requestParameters", "roleArn"], text(row, &["user", "uuid"]));
            record.put(&["requestParameters", "roleSessionName"], text(row, &["user", "name"]));
            Ok(false)
        }
        Some(3002 | 3005 | 6003) => Ok(false),
        _ => Err("names of its request are in other columns (source version 1)".to_owned()),
    }
}

/// `unmapped`: an object, or a list of keys and values.
fn unmapped(row: &Value) -> BTreeMap<String, String> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    match row.get("unmapped") {
        Some(Value::Object(members)) => {
            members.iter().filter_map(|(key, value)| Some((key.clone(), scalar(value)?))).collect()
        }
        Some(Value::Array(pairs)) => {
            let pair = |pair: &Value| Some((scalar(pair.get("key")?)?, scalar(pair.get("value")?)?));
            pairs.iter().filter_map(pair).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// A text that is not empty.
fn text<'r>(row: &'r Value, path: &[&str]) -> Option<&'r str> {
    let found = path.iter().try_fold(row, |value, name| value.get(name))?;
    found.as_str().filter(|text| !text.is_empty())
}

/// Milliseconds since 1970-01-01 as `CloudTrail` writes a time.
fn time(row: &Value, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(row, |value, name| value.get(name))?;
    Some(Timestamp::from_seconds(found.as_i64()?.div_euclid(1_000))?.to_string())
}

/// A column that holds JSON.
fn json(row: &Value, path: &[&str]) -> Result<Option<Value>, String> {
    let Some(text) = text(row, path) else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|_| format!("`{}` is not JSON", path.join(".")))
}

/// A record that is being built.
#[derive(Default)]
struct Record {
    members: Map<String, Value>,
}

impl Record {
    fn put(&mut self, names: &[&str], value: Option<&str>) {
        if let Some(value) = value {
            self.set(names, Value::String(value.to_owned()));
        }
    }

    /// A member by its path, unless a column has it already.
    fn put_path(&mut self, path: &str, value: &str) {
        let names: Vec<&str> = path.split('.').collect();
        if names.len() > PATH_NAMES_MAX {
            return;
        }
        let value = match value {
            "true" | "false" if SWITCHES.contains(&path) => Value::Bool(value == "true"),
            _ => Value::String(value.to_owned()),
        };
        self.set(&names, value);
    }

    fn set(&mut self, names: &[&str], value: Value) {
        let Some((last, parents)) = names.split_last() else { return };
        let mut place = &mut self.members;
        for name in parents {
            let member = place.entry((*name).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(members) = member else { return };
            place = members;
        }
        place.entry((*last).to_owned()).or_insert(value);
    }

    /// The record, when it has what tells events and callers apart.
    fn complete(self) -> Result<Value, String> {
        // A column that is missing may have been filled from `unmapped`, with anything.
        for name in ["eventID", "eventTime", "eventSource", "eventName", "awsRegion"] {
            let value = self.members.get(name).and_then(Value::as_str).unwrap_or_default();
            if value.is_empty() || (name == "eventTime" && Timestamp::parse(value).is_none()) {
                return Err(format!("the row has no `{name}`"));
            }
        }
        let who = self.members.get("userIdentity");
        let known = |names: &[&str]| names.iter().any(|name| who.is_some_and(|who| who.get(name).is_some()));
        if !known(&["principalId", "arn", "accountId", "userName", "invokedBy"]) {
            return Err("the row does not say who called".to_owned());
        }
        Ok(Value::Object(self.members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(row: &Value) -> Result<Value, String> {
        let found = records(&format!("\n{row}\n"));
        assert_eq!(found.others, 0, "{row}");
        match found.refused.into_iter().next() {
            Some((0, why)) => Err(why),
            Some(_) => panic!("{row}"),
            None => Ok(serde_json::from_str(&found.text).unwrap()),
        }
    }

    /// A row of source version 2.
    fn second() -> Value {
        json!({
            "metadata": {"product": {"name": "CloudTrail", "version": "1.11", "feature": {"name": "Management"}},
                "uid": "e1", "event_code": "AwsApiCall", "version": "1.1.0"},
            "time": 1_722_506_400_999_i64, "class_uid": 6003,
            "cloud": {"region": "eu-west-1", "provider": "AWS"},
            "api": {"operation": "CreateTrainingJob", "version": null, "service": {"name": "sagemaker.amazonaws.com"},
                "request": {"uid": "r1", "data": "{\"roleArn\":\"arn:aws:iam::111122223333:role/T\",\"subnets\":[\"a,b\",\"c\"]}"},
                "response": {"error": null, "message": null, "data": "{\"trainingJobArn\":\"x\"}"}},
            "resources": [{"uid": "arn:x", "account": {"uid": "111122223333"}, "type": "T"}],
            "actor": {"user": {"type": "AssumedRole", "name": null, "uid": "arn:aws:sts::111122223333:assumed-role/R/s",
                "uid_alt": "AROAR:s", "account": {"uid": "111122223333"}, "credential_uid": "ASIAX"},
                "session": {"created_time": 1_722_500_000_000_i64, "is_mfa": false, "issuer": "arn:aws:iam::111122223333:role/p/R"},
                "invoked_by": null, "idp": {"name": null}},
            "http_request": {"user_agent": "aws-cli"}, "src_endpoint": {"uid": "vpce-1", "ip": "192.0.2.1", "domain": null},
            "unmapped": [
                {"key": "recipientAccountId", "value": "111122223333"}, {"key": "readOnly", "value": "false"},
                {"key": "managementEvent", "value": "true"},
                {"key": "userIdentity.sessionContext.sessionIssuer.principalId", "value": "AROAR"},
                {"key": "tlsDetails.tlsVersion", "value": "TLSv1.3"}, {"key": "other[].list", "value": "a,b"}],
        })
    }

    #[test]
    fn rows_of_version_2_are_whole_records() {
        let expect = json!({
            "eventVersion": "1.11", "eventID": "e1", "eventType": "AwsApiCall", "eventSource": "sagemaker.amazonaws.com",
            "eventName": "CreateTrainingJob", "awsRegion": "eu-west-1", "vpcEndpointId": "vpce-1", "userAgent": "aws-cli",
            "eventTime": "2024-08-01T10:00:00Z", "sourceIPAddress": "192.0.2.1", "requestID": "r1",
            "eventCategory": "Management", "recipientAccountId": "111122223333", "readOnly": false, "managementEvent": true,
            "userIdentity": {"type": "AssumedRole", "principalId": "AROAR:s", "accountId": "111122223333",
                "arn": "arn:aws:sts::111122223333:assumed-role/R/s", "accessKeyId": "ASIAX",
                "sessionContext": {"attributes": {"creationDate": "2024-08-01T08:13:20Z", "mfaAuthenticated": "false"},
                    "sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/p/R", "principalId": "AROAR"}}},
            "resources": [{"ARN": "arn:x", "accountId": "111122223333", "type": "T"}],
            "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/T", "subnets": ["a,b", "c"]},
            "responseElements": {"trainingJobArn": "x"}, "tlsDetails": {"tlsVersion": "TLSv1.3"},
        });
        assert_eq!(one(&second()), Ok(expect.clone()));
        // The same with `unmapped` as an object.
        let mut row = second();
        let pairs = row["unmapped"].as_array().unwrap().clone();
        let members: Map<String, Value> = pairs
            .iter()
            .map(|pair| (pair["key"].as_str().unwrap().to_owned(), pair["value"].clone()))
            .collect();
        row["unmapped"] = Value::Object(members);
        assert_eq!(one(&row), Ok(expect));
        // No request, and none that is elsewhere.
        row["api"]["request"]["data"] = Value::Null;
        assert_eq!(one(&row).unwrap().get("requestParameters"), None);
        row["unmapped"]["requestParameters.roleArn"] = json!("x");
        assert_eq!(one(&row), Err("its request is not in `api.request.data`".to_owned()));
        row["api"]["request"]["data"] = json!("{");
        assert_eq!(one(&row), Err("`api.request.data` is not JSON".to_owned()));
    }

    /// A row of source version 1 of a class, with these members of `unmapped`.
    fn first(class: u64, name: &str, unmapped: &Value) -> Value {
        json!({"metadata": {"product": {"name": "CloudTrail"}, "uid": "e", "version": "1.0.0-rc.2"}, "time": 0,
            "class_uid": class, "cloud": {"region": "r"}, "api": {"operation": name, "service": {"name": "s"}, "request": {"uid": "''"}},
            "actor": {"user": {"type": "IAMUser", "uid": "AIDAX", "uuid": "arn:aws:iam::1:user/x", "account_uid": "1"}},
            "user": {"uuid": "arn:role", "name": "session"}, "unmapped": unmapped})
    }

    #[test]
    fn rows_of_version_1_are_records_when_their_request_is_whole() {
        let request = |row: &Value| one(row).map(|record| record["requestParameters"].clone());
        let plain = json!({"requestParameters.a.b": "true", "requestParameters.c": "1", "responseElements.x[].y": "a,b"});
        assert_eq!(request(&first(3005, "Get", &plain)), Ok(json!({"a": {"b": "true"}, "c": "1"})));
        let record = one(&first(3005, "Get", &plain)).unwrap();
        assert_eq!(record["userIdentity"]["principalId"], "AIDAX");
        assert_eq!(record["userIdentity"]["arn"], "arn:aws:iam::1:user/x");
        assert_eq!((record.get("requestID"), record.get("responseElements")), (None, None));
        assert!(request(&first(3005, "Get", &json!({"requestParameters.list[]": "a,b"}))).is_err());
        let assumed = json!({"roleArn": "arn:role", "roleSessionName": "session"});
        assert_eq!(request(&first(3002, "AssumeRole", &json!({}))), Ok(assumed));
        let mut login = first(3002, "ConsoleLogin", &json!({}));
        assert_eq!(request(&login), Ok(Value::Null));
        (login["mfa"], login["status"]) = (json!(true), json!("Failure"));
        let record = one(&login).unwrap();
        assert_eq!(record["additionalEventData"], json!({"MFAUsed": "Yes"}));
        assert_eq!(record["responseElements"], json!({"ConsoleLogin": "Failure"}));
        assert!(request(&first(3001, "CreateRole", &json!({}))).is_err());
        // A member cannot be a value and an object; the column wins.
        let twice = json!({"eventName": "Other", "eventName.x": "y", "userIdentity": "z"});
        assert_eq!(one(&first(3005, "Get", &twice)).unwrap()["eventName"], "Get");
    }

    #[test]
    fn what_is_no_event_is_told_apart() {
        for (change, expect) in [
            ("/metadata/uid", "the row has no `eventID`"),
            ("/time", "the row has no `eventTime`"),
            ("/api/service/name", "the row has no `eventSource`"),
            ("/cloud/region", "the row has no `awsRegion`"),
        ] {
            let mut row = second();
            *row.pointer_mut(change).unwrap() = Value::Null;
            assert_eq!(one(&row), Err(expect.to_owned()), "{change}");
        }
        for (unmapped, missing) in [
            (json!({"eventName.x": "y"}), "eventName"),
            (json!({"eventName": ""}), "eventName"),
            (json!({"eventName": "Get", "eventTime": "yesterday"}), "eventTime"),
        ] {
            let mut row = second();
            row["api"]["operation"] = Value::Null;
            if missing == "eventTime" {
                row["time"] = Value::Null;
            }
            row["unmapped"] = unmapped;
            assert_eq!(one(&row), Err(format!("the row has no `{missing}`")));
        }
        let mut row = second();
        row["actor"] = Value::Null;
        row["unmapped"] = Value::Null;
        assert_eq!(one(&row), Err("the row does not say who called".to_owned()));
        let found = records("{\"metadata\":{\"product\":{\"name\":\"VPC Flowlogs\"}}}\n[]\nnot json\n");
        assert_eq!((found.others, found.refused_count, found.text.as_str()), (2, 1, ""));
        let many = records(&"{\n".repeat(REFUSED_MAX + 5));
        assert_eq!((many.refused.len(), many.refused_count), (REFUSED_MAX, REFUSED_MAX + 5));
    }
}
