//! Security Lake: the same events as OCSF in Parquet give what the log files give, and damaged or foreign
//! Parquet is a problem of its file alone.

use crate::run::{Folder, Ran, trailtrim};
use polars::prelude::{JsonFormat, JsonReader, ParquetCompression, ParquetWriter, SerReader as _};
use serde_json::{Value, json};
use std::io::Cursor;

const LAKE: &str =
    "lake/aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260801/part";

/// Calls of a role: jobs that hand over another role, and one that is refused.
fn log() -> Vec<Value> {
    let record = |number: usize| {
        let refused = number == 3;
        let mut record = json!({
            "eventVersion": "1.11", "eventID": format!("e{number}"), "eventType": "AwsApiCall",
            "eventTime": format!("2026-08-01T10:0{number}:00Z"), "eventSource": "sagemaker.amazonaws.com",
            "eventName": if number.is_multiple_of(2) { "CreateTrainingJob" } else { "DescribeTrainingJob" },
            "awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "eventCategory": "Management",
            "readOnly": !number.is_multiple_of(2), "managementEvent": true, "sourceIPAddress": "192.0.2.1",
            "userAgent": "aws-cli", "requestID": format!("r{number}"), "vpcEndpointId": "vpce-1",
            "userIdentity": {"type": "AssumedRole", "principalId": "AROAR:s", "accountId": "111122223333",
                "arn": "arn:aws:sts::111122223333:assumed-role/R/s", "accessKeyId": "ASIAX",
                "sessionContext": {"attributes": {"creationDate": "2026-08-01T08:13:20Z", "mfaAuthenticated": "false"},
                    "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/p/R", "principalId": "AROAR",
                        "accountId": "111122223333", "userName": "R"}}},
            "requestParameters": {"trainingJobName": format!("job{number}"), "roleArn": "arn:aws:iam::111122223333:role/Worker",
                "vpcConfig": {"subnets": ["subnet-1", "subnet-2"]}},
        });
        if refused {
            record["errorCode"] = json!("AccessDenied");
            record["errorMessage"] =
                json!("User: x is not authorized to perform: sagemaker:DescribeTrainingJob");
        }
        record
    };
    (0..6).map(record).collect()
}

/// A record in the columns of source version 2.
fn row(record: &Value) -> Value {
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let issuer = &record["userIdentity"]["sessionContext"]["sessionIssuer"];
    let time = trailtrim::time::Timestamp::parse(&text("eventTime")).unwrap().seconds() * 1_000;
    let pair = |key: &str, value: String| json!({"key": key, "value": value});
    let mut unmapped = vec![
        pair("recipientAccountId", text("recipientAccountId")),
        pair("readOnly", record["readOnly"].to_string()),
        pair("managementEvent", record["managementEvent"].to_string()),
    ];
    for name in ["type", "principalId", "accountId", "userName"] {
        let key = format!("userIdentity.sessionContext.sessionIssuer.{name}");
        unmapped.push(pair(&key, issuer[name].as_str().unwrap().to_owned()));
    }
    json!({
        "metadata": {"product": {"name": "CloudTrail", "version": text("eventVersion"), "feature": {"name": text("eventCategory")}},
            "uid": text("eventID"), "event_code": text("eventType"), "version": "1.1.0"},
        "time": time, "class_uid": 6003, "cloud": {"region": text("awsRegion"), "provider": "AWS"},
        "api": {"operation": text("eventName"), "service": {"name": text("eventSource")},
            "request": {"uid": text("requestID"), "data": record["requestParameters"].to_string()},
            "response": {"error": text("errorCode"), "message": text("errorMessage")}},
        "actor": {"user": {"type": "AssumedRole", "uid": record["userIdentity"]["arn"], "uid_alt": record["userIdentity"]["principalId"],
            "account": {"uid": "111122223333"}, "credential_uid": "ASIAX"},
            "session": {"created_time": 1_785_572_000_000_i64, "is_mfa": false, "issuer": issuer["arn"]}},
        "http_request": {"user_agent": text("userAgent")}, "src_endpoint": {"ip": text("sourceIPAddress"), "uid": text("vpcEndpointId")},
        "unmapped": unmapped,
    })
}

fn parquet(rows: &[Value]) -> Vec<u8> {
    let text = rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let reader = JsonReader::new(Cursor::new(text)).with_json_format(JsonFormat::JsonLines);
    let mut frame = reader.finish().unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Uncompressed)
        .finish(&mut frame)
        .unwrap();
    bytes
}

fn rows() -> Vec<Value> {
    log().iter().map(row).collect()
}

fn json_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

fn usage(args: &[&str]) -> (i32, Value) {
    let ran = trailtrim(&[&["usage", "--format", "json"], args].concat());
    (ran.status, json_of(&ran))
}

#[test]
fn the_same_events_as_from_log_files() {
    let folder = Folder::new();
    let logs = folder.file("logs/log.json", json!({"Records": log()}).to_string());
    let all = rows();
    folder.file(&format!("{LAKE}1.gz.parquet"), parquet(&all[..4]));
    // An event of the first file again.
    folder.file(&format!("{LAKE}2.gz.parquet"), parquet(&all[3..]));
    // Other sources of the lake are left alone.
    folder.file(
        "lake/aws/VPC_FLOW/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260801/x.gz.parquet",
        "PAR1",
    );
    let lake = folder.path("lake");
    let (status, found) = usage(&[&lake]);
    let (_, expect) = usage(&[&logs]);
    assert_eq!(status, 0, "{found:#}");
    for name in ["events", "principals", "unmapped"] {
        assert_eq!(found[name], expect[name], "{name}");
    }
    assert!(expect["principals"].to_string().contains("iam:PassRole"), "{expect:#}");
    let ledger = folder.path("ledger");
    let ran = trailtrim(&["ingest", &lake, "--ledger", &ledger, "--quiet"]);
    assert!(ran.status == 0 && ran.stdout.contains("7 in the added objects: 6 new, 1 known"), "{ran:?}");
    assert_eq!(usage(&["--ledger", &ledger]).1["principals"], expect["principals"]);
    assert!(trailtrim(&["ingest", &lake, "--ledger", &ledger, "--quiet"]).stdout.contains(" 0 new"));
    // The layout's folders say whose files they are.
    let coverage = json_of(&trailtrim(&["coverage", &lake, "--format", "json"]));
    assert!(coverage.to_string().contains("eu-west-1"));
}

#[test]
fn damaged_parquet_loses_itself_alone() {
    let folder = Folder::new();
    let good = parquet(&rows());
    folder.file("logs/log.json", json!({"Records": log()}).to_string());
    let bad = format!("logs/{}", LAKE.trim_start_matches("lake/"));
    let logs = folder.path("logs");
    let mut kept = 0;
    for (number, at) in (0..24).map(|number| (number, 5 + number * (good.len() - 6) / 24)) {
        let mut bytes = good.clone();
        // Lengths become enormous, and other things wrong.
        bytes[at..(at + 4).min(good.len())].fill(if number % 2 == 0 { 0xff } else { 0x7f });
        folder.file(&format!("{bad}.gz.parquet"), bytes);
        let (status, found) = usage(&[&logs, "--quiet"]);
        assert!(matches!(status, 0 | 3), "{at}");
        // What the damaged file still says is not more than it said.
        assert!(found["events"].as_u64().is_some_and(|events| (6..=12).contains(&events)), "{at} {found:#}");
        kept += usize::from(status == 0);
    }
    assert!(kept < 20, "{kept}");
    for (bytes, expect) in [
        (good[..good.len() / 2].to_vec(), "no readable Parquet"),
        (b"PAR1".to_vec(), "no readable Parquet"),
        (parquet(&[json!({"metadata": {"product": {"name": "Route 53"}}})]), "without rows of CloudTrail"),
    ] {
        folder.file(&format!("{bad}.gz.parquet"), bytes);
        let (status, found) = usage(&[&logs, "--quiet"]);
        assert_eq!((status, &found["events"]), (3, &6.into()), "{expect}");
        assert!(found["problems"].to_string().contains(expect), "{expect} {found:#}");
    }
}

#[test]
fn rows_without_their_whole_request_forbid_recommendations() {
    let folder = Folder::new();
    let mut all = rows();
    for row in &mut all {
        row["metadata"]["version"] = json!("1.0.0-rc.2");
        row["api"]["request"].as_object_mut().unwrap().remove("data");
        let list = json!({"key": "requestParameters.vpcConfig.subnets[]", "value": "subnet-1,subnet-2"});
        row["unmapped"].as_array_mut().unwrap().push(list);
    }
    let lake = folder.file("part.gz.parquet", parquet(&all));
    let (status, found) = usage(&[&lake, "sample-logs"]);
    assert_eq!(status, 3);
    let problems = found["problems"].to_string();
    assert!(
        problems.contains("6 rows were left out, the first is row 0: lists of its request are joined"),
        "{problems}"
    );
    let grants = "sample-logs/iam/account-authorization-details.json";
    let ran = trailtrim(&["review", &lake, "sample-logs", "--grants", grants]);
    assert!(ran.status == 3 && ran.stderr.contains("no recommendations"), "{}", ran.stderr);
}
