//! The queries that come with the program: each finds its own events and leaves their look-alikes alone.

use crate::run::{Folder, root, trailtrim};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use trailtrim::cli::{LogArgs, ReadArgs};
use trailtrim::commands::gather::Gather;
use trailtrim::commands::{Settings, read_logs};
use trailtrim::query::{self, Asker, Need, Query, shipped};
use trailtrim::tables::wholes::Params;
use trailtrim::time::Timestamp;

/// 2026-01-01T00:00:00Z; days of the events count from here.
const START: f64 = 1_767_225_600.0;

/// The logs reach from day 0 to day 60, so that the first 30 are the baseline.
const DAYS: f64 = 60.0;

const ACCOUNT: &str = "111122223333";

/// A session of a role.
pub(crate) fn session(role: &str, id: &str, name: &str, key: &str) -> Value {
    json!({
        "type": "AssumedRole",
        "principalId": format!("{id}:{name}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"),
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": id, "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
            "accountId": ACCOUNT, "userName": role,
        }},
    })
}

/// Who acts, by the fixture's short name, with address and user agent.
fn cast(who: &str) -> (Value, &'static str, &'static str) {
    let person = |name: &str, number: u32| {
        let key = format!("ASIAEXAMPLEPERSON{number:03}");
        session("AWSReservedSSO_DataScientist_0123456789abcdef", "AROAEXAMPLESSO0000001", name, &key)
    };
    let boto = "Boto3/1.35.0 md/Botocore#1.35.0 ua/2.0 os/linux lang/python#3.11";
    let terraform = "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 aws-sdk-go-v2/1.30.3";
    match who {
        "ana" => (person("ana@example.com", 1), "198.51.100.1", boto),
        "bob" => (person("bob@example.com", 2), "198.51.100.2", boto),
        "eve" => (person("eve@example.com", 3), "198.51.100.3", boto),
        "ci" => (
            session("ci-deploy", "AROAEXAMPLECI00000001", "GitHubActions", "ASIAEXAMPLECI0000001"),
            "192.0.2.10",
            terraform,
        ),
        "broker" => (
            session("studio-portal", "AROAEXAMPLEPORTAL0001", "portal", "ASIAEXAMPLEPORTAL001"),
            "192.0.2.20",
            boto,
        ),
        "studio" => (
            session("studio-exec", "AROAEXAMPLESTUDIO0001", "SageMaker", "ASIAEXAMPLESTUDIO001"),
            "10.0.0.5",
            boto,
        ),
        "studio_hand" => (
            session("studio-exec", "AROAEXAMPLESTUDIO0001", "ana-by-hand", "ASIAEXAMPLEBYHAND001"),
            "192.0.2.60",
            boto,
        ),
        "user" => (
            json!({"type": "IAMUser", "principalId": "AIDAEXAMPLELEGACY0001", "arn": format!("arn:aws:iam::{ACCOUNT}:user/legacy"),
                "accountId": ACCOUNT, "accessKeyId": "AKIAEXAMPLELEGACY001", "userName": "legacy"}),
            "192.0.2.30",
            boto,
        ),
        "svc" => (
            json!({"type": "AWSService", "invokedBy": "kms.amazonaws.com"}),
            "kms.amazonaws.com",
            "kms.amazonaws.com",
        ),
        "root" => (
            json!({"type": "Root", "principalId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root"), "accountId": ACCOUNT}),
            "192.0.2.40",
            "Mozilla/5.0",
        ),
        "ext" => (
            json!({"type": "AWSAccount", "principalId": "AROAEXAMPLEOUTSIDE001:s", "accountId": "999988887777"}),
            "203.0.113.9",
            boto,
        ),
        other => panic!("nobody is called {other}"),
    }
}

fn time(day: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a few decades")]
    let seconds = (START + day * 86_400.0).round() as i64;
    Timestamp::from_seconds(seconds).unwrap().to_string()
}

/// The record that a line of a fixture stands for.
fn record(event: &Value) -> Value {
    let (mut identity, ip, agent) = cast(event["who"].as_str().unwrap());
    let (service, name) = event["op"].as_str().unwrap().split_once(':').unwrap();
    if let Some(service) = event["invoked_by"].as_str() {
        identity["invokedBy"] = service.into();
    }
    if !event["source_identity"].is_null() {
        identity["sessionContext"]["sourceIdentity"] = event["source_identity"].clone();
    }
    let text = |key: &str, other: &str| event[key].as_str().unwrap_or(other).to_owned();
    let mut record = json!({
        "eventVersion": "1.11",
        "eventID": event["id"],
        "eventTime": time(event["day"].as_f64().unwrap()),
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": name,
        "eventType": text("type", "AwsApiCall"),
        "awsRegion": text("region", "eu-west-1"),
        "recipientAccountId": ACCOUNT,
        "sourceIPAddress": text("ip", ip),
        "userAgent": text("ua", agent),
        "userIdentity": identity,
        "requestParameters": event["request"],
        "responseElements": event["response"],
        "managementEvent": event["data"].is_null(),
        "eventCategory": if event["data"].is_null() { "Management" } else { "Data" },
    });
    for (from, to) in
        [("error", "errorCode"), ("message", "errorMessage"), ("additional", "additionalEventData")]
    {
        if !event[from].is_null() {
            record[to] = event[from].clone();
        }
    }
    if !event["data"].is_null() {
        record["resources"] = json!([{"type": event["data"], "ARN": event["arn"]}]);
    }
    record
}

/// The log of a fixture: its events, and one at each end of the time that it covers.
pub(crate) fn log(events: &[Value]) -> String {
    let ends = [0.0, DAYS].map(
        |day| json!({"id": format!("end-{day}"), "day": day, "who": "ci", "op": "sts:GetCallerIdentity"}),
    );
    let records: Vec<Value> = ends.iter().chain(events).map(record).collect();
    json!({"Records": records}).to_string()
}

pub(crate) fn fixture(query: &Query) -> Vec<Value> {
    let path = root().join(format!("tests/queries/{}.json", query.name));
    serde_json::from_str(
        &fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is missing", path.display())),
    )
    .unwrap()
}

/// The ids that a query answers, or what went wrong.
fn answered(query: &Query, logs: &str) -> Result<BTreeSet<String>, String> {
    let asked = query::asked(&query.sql);
    let gather = Gather::new(&asked);
    let args = LogArgs { paths: vec![logs.into()], read: ReadArgs::default() };
    let settings = Settings { now: Timestamp::default(), threads: Some(2), quiet: true };
    let (logs, _) = read_logs::read_into(&args, &gather, &settings).map_err(|error| error.to_string())?;
    let mut tables = gather.finish();
    tables.insert("params", Params::new(logs.coverage.span(), None).table());
    let (answer, _) = Asker::new(tables).ask(&query.sql).map_err(|error| error.to_string())?;
    let standard = [
        "event_id",
        "event_time",
        "principal_key",
        "principal_name",
        "human_key",
        "account",
        "region",
        "why",
    ];
    if answer.columns.get(..standard.len()).is_none_or(|first| first != standard) {
        return Err(format!("its columns are {:?}", answer.columns));
    }
    Ok(answer.rows.iter().map(|row| row[0].to_text()).collect())
}

#[test]
fn every_query_finds_its_own_and_no_look_alike() {
    let folder = Folder::new();
    let mut faults = Vec::new();
    for query in shipped::all().iter().filter(|query| !query.header.needs.contains(&Need::Snapshot)) {
        let events = fixture(query);
        let file = folder.file(&format!("{}.json", query.name), log(&events));
        let ids = events.iter().map(|event| event["id"].as_str().unwrap().to_owned());
        let expect: BTreeSet<String> = ids.filter(|id| id.starts_with("hit")).collect();
        let look_alikes = events.iter().filter(|event| !event["look"].is_null()).count();
        assert!(!expect.is_empty() && look_alikes >= 2, "{}", query.name);
        match answered(query, &file) {
            Ok(found) if found == expect => {}
            Ok(found) => faults.push(format!("{}: found {found:?} instead of {expect:?}", query.name)),
            Err(error) => faults.push(format!("{}: {error}", query.name)),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_is_shipped() {
    let names = |folder: &str, end: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.extension().is_some_and(|found| found == end))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    let shipped: BTreeSet<String> = shipped::all().into_iter().map(|query| query.name).collect();
    assert_eq!(names("queries", "sql"), shipped);
    let snapshot = ["wide_grants_without_use".to_owned()];
    let fixtures = names("tests/queries", "json");
    assert_eq!(fixtures.into_iter().chain(snapshot).collect::<BTreeSet<_>>(), shipped);
    for query in shipped::all() {
        let text = fs::read_to_string(root().join(format!("queries/{}.sql", query.name))).unwrap();
        assert_eq!(query::Header::parse(&text).as_ref(), Ok(&query.header), "{}", query.name);
    }
}

const SAMPLE: &str = "sample-logs/AWSLogs";
const SNAPSHOT: &str = "sample-logs/iam/account-authorization-details.json";

#[test]
fn the_command() {
    let list = trailtrim(&["query", "--list"]);
    assert_eq!(list.status, 0);
    assert!(list.stdout.contains("root_use"), "{}", list.stdout);
    assert!(list.stdout.lines().all(|line| line.chars().count() <= 80), "{}", list.stdout);
    let by_name = trailtrim(&["query", "iam_changes", SAMPLE]);
    // One file of the sample is cut short.
    assert_eq!(by_name.status, 3, "{}", by_name.stderr);
    assert_eq!(by_name.stdout, trailtrim(&["query", "RR-06", SAMPLE, "--threads", "1"]).stdout);
    assert_eq!(by_name.stdout, trailtrim(&["query", "queries/iam_changes.sql", SAMPLE]).stdout);
    assert!(by_name.stdout.lines().all(|line| line.chars().count() <= 80), "{}", by_name.stdout);
    let count = "SELECT COUNT(*) AS n FROM events";
    let csv = trailtrim(&["query", SAMPLE, "--sql", count, "--format", "csv"]);
    let json = trailtrim(&["query", SAMPLE, "--sql", count, "--format", "json"]);
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["schema"], "trailtrim.query/v1");
    assert_eq!(csv.stdout, format!("n\r\n{}\r\n", value["rows"][0]["n"]));
    assert_eq!(value["rows"][0]["n"], value["coverage"]["events"]);
}

#[test]
fn a_grant_that_nobody_uses() {
    let ran =
        trailtrim(&["query", "wide_grants_without_use", SAMPLE, "--grants", SNAPSHOT, "--format", "json"]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(!value["rows"].as_array().unwrap().is_empty());
    let usage = trailtrim(&[
        "query",
        SAMPLE,
        "--sql",
        "SELECT DISTINCT principal_key, action FROM usage",
        "--format",
        "json",
    ]);
    let used: Value = serde_json::from_str(&usage.stdout).unwrap();
    for row in value["rows"].as_array().unwrap() {
        let service =
            row["why"].as_str().unwrap().split(" grants ").nth(1).unwrap().split(":*").next().unwrap();
        let is_use = |one: &&Value| {
            one["principal_key"] == row["principal_key"]
                && one["action"].as_str().unwrap().starts_with(&format!("{service}:"))
        };
        assert_eq!(used["rows"].as_array().unwrap().iter().find(is_use), None, "{row}");
    }
}

#[test]
fn what_is_missing_comes_first() {
    let folder = Folder::new();
    let log = folder.file("log.json", log(&[]));
    let ran = trailtrim(&["query", "bulk_model_reads", &log]);
    assert_eq!(ran.status, 3);
    assert!(
        ran.stdout.contains("not complete: the logs hold no data event of AWS::S3::Object"),
        "{}",
        ran.stdout
    );
    let ran = trailtrim(&["query", "wide_grants_without_use", &log]);
    assert_eq!(ran.status, 3);
    assert!(ran.stdout.contains("no IAM snapshot was given"), "{}", ran.stdout);
    let ran = trailtrim(&["query", "first_use_of_region", &log, "--from", "2026-02-20"]);
    assert_eq!(ran.status, 3);
    assert!(ran.stdout.contains("the baseline has "), "{}", ran.stdout);
    let csv = trailtrim(&["query", "bulk_model_reads", &log, "--format", "csv"]);
    assert!(csv.stderr.contains("not complete"), "{}", csv.stderr);
}

#[test]
fn wrong_asking_is_refused() {
    for (args, says) in [
        (vec!["query"], "no query is named"),
        (vec!["query", "root_use"], "no logs are named"),
        (vec!["query", "nothing", SAMPLE], "there is no query `nothing`"),
        (
            vec!["query", "SM-N02", SAMPLE],
            "name one of execution_role_new_network, execution_role_outside_aws",
        ),
        (
            vec!["query", SAMPLE, "--sql", "SELECT x FROM events"],
            "there is no column `x` in events\nhint: docs/TABLES.md",
        ),
        (vec!["query", SAMPLE, "--sql", "SELECT evnt_name FROM events"], "hint: did you mean `event_name`?"),
        (
            vec!["query", SAMPLE, "--sql", "SELECT e.evnt_name, u.x FROM events e, usage u"],
            "there is no column `evnt_name` in events, usage\nhint: did you mean `event_name`?",
        ),
        (
            vec!["query", SAMPLE, "--sql", "SELECT 1 FROM event"],
            "no table `event`\nhint: did you mean `events`?",
        ),
        (vec!["query", SAMPLE, "--sql", "SELECT 1 FROM calls"], "hint: the tables are events, "),
        (vec!["query", SAMPLE, "--sql", "SELECT nothing(event_name) FROM events"], "the query failed"),
        (vec!["query", SAMPLE, "--sql", "DELETE"], "the query failed"),
        (vec!["query", SAMPLE, "--sql", "SELECT 1", "--format", "parquet"], "--output"),
    ] {
        let ran = trailtrim(&args);
        assert_eq!(ran.status, 2, "{args:?} {}", ran.stdout);
        assert!(ran.stderr.contains(says), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn own_queries_take_the_place_of_others() {
    let folder = Folder::new();
    folder.file("q/root_use.sql", "-- title: mine\nSELECT 'mine' AS x FROM params");
    folder.file("q/notes.txt", "no query");
    let ran = trailtrim(&["query", "root_use", SAMPLE, "--queries", &folder.path("q")]);
    assert!(ran.stdout.contains("mine"), "{} {}", ran.stdout, ran.stderr);
    folder.file("q/bad.sql", "-- severity: grave\nSELECT 1");
    let ran = trailtrim(&["query", "root_use", SAMPLE, "--queries", &folder.path("q")]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("unknown severity"), "{}", ran.stderr);
}

#[test]
fn order_of_files_and_copies_do_not_matter() {
    let folder = Folder::new();
    let query = shipped::all().into_iter().find(|query| query.name == "iam_changes").unwrap();
    let events = fixture(&query);
    let (front, back) = events.split_at(1);
    let one = folder.file("one/log.json", log(&events));
    folder.file("two/z.json", log(front));
    folder.file("two/a.json", log(back));
    folder.file("two/copy.json", log(&events));
    let sql = [
        "SELECT * FROM events",
        "SELECT * FROM refs",
        "SELECT * FROM fields",
        "SELECT * FROM coverage",
        "SELECT * FROM usage",
    ];
    for sql in sql {
        let rows = |path: &str, threads: &str| {
            let ran = trailtrim(&["query", path, "--sql", sql, "--format", "csv", "--threads", threads]);
            assert_eq!(ran.status, 0, "{sql}: {}", ran.stderr);
            ran.stdout
        };
        assert_eq!(rows(&one, "1"), rows(&folder.path("two"), "3"), "{sql}");
    }
}

#[test]
fn secrets_of_requests_are_in_no_table() {
    let folder = Folder::new();
    let secret = "hunter2-very-secret";
    let event = json!({"id": "s", "day": 1, "who": "ana", "op": "sagemaker:CreateTrainingJob", "request": {
        "trainingJobName": "t",
        "environment": {"DB_PASSWORD": secret},
        "hyperParameters": {"token": secret},
        "algorithmSpecification": {"containerArguments": ["--password", secret], "containerEntrypoint": ["sh", "-c", secret]},
    }, "response": {"sessionToken": secret}});
    let script = json!({"id": "l", "day": 2, "who": "ana", "op": "sagemaker:CreateStudioLifecycleConfig", "request": {
        "studioLifecycleConfigName": "n", "studioLifecycleConfigContent": secret}});
    let log = folder.file("log.json", log(&[event, script]));
    let mut shown = BTreeMap::new();
    for table in ["events", "refs", "fields"] {
        let ran = trailtrim(&["query", &log, "--sql", &format!("SELECT * FROM {table}"), "--format", "json"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(!ran.stdout.contains("hunter2"), "{table}");
        shown.insert(table, ran.stdout);
    }
    assert!(shown["fields"].contains("redacted:sha256="));
    assert!(shown["refs"].contains("redacted:sha256="));
    assert!(shown["events"].contains("redacted:sha256="));
}

/// What stands behind the mark in a page of `docs` is written by a test.
fn check_page(name: &str, generated: &str) {
    const MARK: &str =
        "<!-- Written by `UPDATE_DOCS=1 cargo test --features sql --test it docs_of_queries`. -->\n";
    let path = root().join("docs").join(name);
    let text = fs::read_to_string(&path).unwrap();
    let (front, back) = text.split_once(MARK).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{front}{MARK}{generated}")).unwrap();
        return;
    }
    assert_eq!(back, generated, "{name} is old: run the command that stands in it");
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn tables_page() -> String {
    let mut out = String::new();
    for table in trailtrim::tables::tables() {
        let _ = write!(
            out,
            "\n## `{}`\n\nA row: {}.\n\n| column | type | meaning |\n|---|---|---|\n",
            table.name, table.about
        );
        for column in &table.columns {
            let _ = writeln!(out, "| `{}` | {} | {} |", column.name, column.kind.sql(), cell(column.about));
        }
    }
    out
}

/// The rows of the catalogue: id, meaning, severity, needs, why there is no query.
fn catalogue() -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("queries/catalogue.tsv")).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        line.split('\t').map(str::to_owned).chain(std::iter::repeat(String::new())).take(5).collect()
    })
    .collect()
}

fn queries_page() -> String {
    let queries = shipped::all();
    let mut out = "\n## Queries\n\n| name | ids | finds | severity | ATT&CK | ATLAS | window | needs | look-alikes |\n|---|---|---|---|---|---|---|---|---|\n".to_owned();
    for Query { name, header, .. } in &queries {
        let needs: Vec<String> = header.needs.iter().map(Need::to_string).collect();
        let severity = header.severity.map_or("", |severity| severity.as_str());
        let cells = [
            &format!("[`{name}`](../queries/{name}.sql)"),
            &header.ids.join(" "),
            &header.title,
            severity,
            &header.attack.join(" "),
            &header.atlas.join(" "),
            &header.window,
            &needs.join(", "),
            &header.look_alikes,
        ];
        let _ = writeln!(out, "| {} |", cells.map(cell).join(" | "));
    }
    let by_id: BTreeMap<&str, &str> = queries
        .iter()
        .flat_map(|query| query.header.ids.iter().map(|id| (id.as_str(), query.name.as_str())))
        .collect();
    let rows = catalogue();
    let done = rows.iter().filter(|row| by_id.contains_key(row[0].as_str())).count();
    let _ = write!(
        out,
        "\n## The catalogue: {done} of {} rows have a query\n\n| id | meaning | severity | needs | query |\n|---|---|---|---|---|\n",
        rows.len()
    );
    for row in &rows {
        let query = by_id.get(row[0].as_str()).map_or_else(|| row[4].clone(), |name| format!("`{name}`"));
        let _ =
            writeln!(out, "| {} | {} | {} | {} | {} |", row[0], cell(&row[1]), row[2], row[3], cell(&query));
    }
    out
}

#[test]
fn docs_of_queries_are_up_to_date() {
    check_page("TABLES.md", &tables_page());
    check_page("QUERIES.md", &queries_page());
}

#[test]
fn every_row_of_the_catalogue_has_a_query_or_a_reason() {
    let rows = catalogue();
    assert_eq!(rows.len(), 163);
    let known: BTreeSet<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let queries = shipped::all();
    let answered: BTreeSet<&str> =
        queries.iter().flat_map(|query| query.header.ids.iter().map(String::as_str)).collect();
    for id in &answered {
        assert!(id.starts_with("RR-") || known.contains(id), "{id} is not in the catalogue");
    }
    for row in &rows {
        assert_eq!(row[4].is_empty(), answered.contains(row[0].as_str()), "{row:?}");
    }
}

/// Asks every query of `DuckDB` over the tables as Parquet files, and prints the rows.
const DUCKDB: &str = r#"
import json, pathlib, sys
import duckdb
tables, queries = map(pathlib.Path, sys.argv[1:3])
connection = duckdb.connect()
for table in tables.glob("*.parquet"):
    connection.execute(f"CREATE TABLE {table.stem} AS SELECT * FROM read_parquet(?)", [str(table)])
answers = {}
for query in queries.glob("*.sql"):
    found = connection.execute(query.read_text())
    names = [column[0] for column in found.description]
    answers[query.stem] = [dict(zip(names, row)) for row in found.fetchall()]
print(json.dumps(answers, default=float))
"#;

#[test]
fn duckdb_gives_the_same_rows() {
    use std::process::Command;
    let python = |args: &[&str]| Command::new("python3").args(args).output();
    if !python(&["-c", "import duckdb"]).is_ok_and(|ran| ran.status.success()) {
        println!("skipped: python3 with the package duckdb is not installed");
        return;
    }
    let folder = Folder::new();
    // All fixtures together: every query meets the events of all others.
    let mut events = Vec::new();
    for query in shipped::all().iter().filter(|query| !query.header.needs.contains(&Need::Snapshot)) {
        for mut event in fixture(query) {
            event["id"] = format!("{}/{}", query.name, event["id"].as_str().unwrap()).into();
            events.push(event);
        }
    }
    // A baseline needs days with events.
    events.extend((0..30).map(
        |day| json!({"id": format!("day-{day}"), "day": day, "who": "ci", "op": "sts:GetCallerIdentity"}),
    ));
    let log = folder.file("log.json", log(&events));
    let asked = ["query", &log, "--grants", SNAPSHOT];
    for table in trailtrim::tables::tables() {
        let (sql, file) =
            (format!("SELECT * FROM {}", table.name), folder.path(&format!("tables/{}.parquet", table.name)));
        fs::create_dir_all(folder.path("tables")).unwrap();
        let ran = trailtrim(
            &[asked.as_slice(), &["--sql", &sql, "--format", "parquet", "--output", &file]].concat(),
        );
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }
    let queries = root().join("queries");
    let ran = python(&["-c", DUCKDB, &folder.path("tables"), queries.to_str().unwrap()]).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let theirs: BTreeMap<String, Vec<Value>> = serde_json::from_slice(&ran.stdout).unwrap();
    let mut rows = 0;
    for query in shipped::all() {
        let ran = trailtrim(&["query", &query.name, &log, "--grants", SNAPSHOT, "--format", "json"]);
        let value: Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}: {}", query.name, ran.stderr));
        let texts = |rows: &[Value]| {
            let mut texts: Vec<String> = rows.iter().map(Value::to_string).collect();
            texts.sort();
            texts
        };
        let ours = value["rows"].as_array().unwrap();
        assert_eq!(texts(ours), texts(&theirs[&query.name]), "{}", query.name);
        rows += ours.len();
    }
    assert!(rows > 300, "{rows}");
}
