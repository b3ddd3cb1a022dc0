//! `query`, `investigate` and `explain-event` answer from a ledger what they answer from the logs themselves.

use crate::query::{fixture, log};
use crate::run::{Folder, Ran, root, trailtrim};
use crate::scenarios::{Account, Attacks, SPLIT};
use std::path::PathBuf;
use trailtrim::cli::{LogArgs, ReadArgs};
use trailtrim::commands::gather::Gather;
use trailtrim::commands::{Settings, read_logs};
use trailtrim::grants::snapshot::Snapshot;
use trailtrim::query::{self, Asked, Asker, Query, shipped};
use trailtrim::tables::Table;
use trailtrim::tables::wholes::{self, Params};
use trailtrim::time::Timestamp;

const GRANTS: &str = "sample-logs/iam/account-authorization-details.json";

#[track_caller]
fn ingest(paths: &[&str], ledger: &str) -> Ran {
    let ran = trailtrim(&[&["ingest"], paths, &["--ledger", ledger, "--quiet"]].concat());
    assert_eq!(ran.status, 0, "{ran:?}");
    ran
}

/// What all queries ask for, from logs or from a ledger.
fn asker(queries: &[Query], paths: Vec<PathBuf>, ledger: Option<PathBuf>) -> Asker {
    let mut asked = Asked::new();
    for query in queries {
        for (table, columns) in query::asked(&query.sql) {
            asked.entry(table).or_default().extend(columns);
        }
    }
    let gather = Gather::new(&asked);
    let args = LogArgs { paths, read: ReadArgs { ledger, ..ReadArgs::default() } };
    let settings = Settings { now: Timestamp::default(), threads: Some(2), quiet: true };
    let (logs, _) = read_logs::read_into(&args, &gather, &settings).unwrap();
    let mut tables = gather.finish();
    let snapshot = Snapshot::read(&[root().join(GRANTS)]).unwrap();
    let others: [(_, Table); 4] = [
        ("usage", wholes::usage(&logs.usage)),
        ("grants", wholes::grants(Some(&snapshot))),
        ("coverage", wholes::coverage(&logs.coverage)),
        ("params", Params::new(logs.coverage.span(), None).table()),
    ];
    tables.extend(others);
    Asker::new(tables)
}

#[test]
fn every_query_answers_the_same_from_a_ledger() {
    let folder = Folder::new();
    let mut queries = shipped::all();
    let with_events = queries.iter().filter(|query| query.name != "wide_grants_without_use");
    for (number, query) in with_events.enumerate() {
        let mut events = fixture(query);
        for event in &mut events {
            // Fixtures have ids in common, and copies of an event that differ are not what this is about.
            event["id"] = format!("{}-{}", query.name, event["id"].as_str().unwrap()).into();
        }
        folder.file(&format!("logs{}/{}.json", number % 2, query.name), log(&events));
    }
    let all = |table: &str| {
        let sql = format!("SELECT * FROM {table}");
        Query { name: table.to_owned(), header: query::Header::default(), sql }
    };
    queries.extend(["events", "refs", "fields", "usage", "coverage"].map(all));
    let [a, b] = ["logs0", "logs1"].map(|name| folder.path(name));
    let ledger = folder.path("ledger");
    let of_logs = asker(&queries, vec![(&a).into(), (&b).into()], None);
    ingest(&[&b], &ledger);
    ingest(&[&a, &b], &ledger);
    for compacted in [false, true] {
        if compacted {
            assert_eq!(trailtrim(&["ledger", "compact", &ledger]).status, 0);
        }
        let of_ledger = asker(&queries, Vec::new(), Some((&ledger).into()));
        let mut with_rows = 0;
        for query in &queries {
            let [(expect, _), (found, _)] =
                [&of_logs, &of_ledger].map(|asker| asker.ask(&query.sql).unwrap());
            assert_eq!(found.columns, expect.columns, "{}", query.name);
            assert!(found.rows == expect.rows, "{} {compacted}: {:?} {:?}", query.name, found, expect);
            with_rows += u32::from(!expect.rows.is_empty());
        }
        assert!(with_rows > 140, "{with_rows}");
    }
}

/// Equal to the last byte, standard error and status with them.
#[track_caller]
fn check_same(command: &[&str], logs: &[&str], ledger: &str) -> String {
    let expect = trailtrim(&[command, logs].concat());
    let found = trailtrim(&[command, &["--ledger", ledger]].concat());
    assert_eq!((found.status, &found.stderr), (expect.status, &expect.stderr), "{command:?}");
    assert!(matches!(expect.status, 0 | 3), "{expect:?}");
    assert!(found.stdout == expect.stdout, "{command:?}: {} {}", found.stdout, expect.stdout);
    found.stdout
}

#[test]
fn cases_are_the_same_from_a_ledger() {
    let folder = Folder::new();
    let account = Account::new(1, Attacks::Core);
    let logs = account.write(&folder, "logs", 1_000);
    let ledger = folder.path("ledger");
    ingest(&[&logs], &ledger);
    let json = ["--since", SPLIT, "--format", "json"];
    let cases = check_same(&[&["investigate", "sagemaker"], &json[..]].concat(), &[&logs], &ledger);
    assert!(cases.contains("\"trailtrim.cases/v1\"") && cases.len() > 20_000, "{}", cases.len());
    check_same(&["investigate", "--since", SPLIT, "--grants", GRANTS], &[&logs], &ledger);
    let event = account.scenarios[0].events.first().unwrap();
    let one = check_same(&["explain-event", event, "--format", "json"], &[&logs], &ledger);
    assert!(one.contains(event.as_str()));
    // A window, which may begin long after the ledger does.
    let window = ["--from", "2026-02-01", "--to", "2026-03-01", "--format", "csv"];
    for sql in [
        "SELECT * FROM events",
        "SELECT kind, norm, COUNT(*) AS n FROM refs GROUP BY kind, norm",
        "SELECT event_time, principal_key FROM events WHERE is_write = 1 AND denied = 0",
        "SELECT COUNT(*) AS n FROM fields f JOIN events e ON e.event_key = f.event_key WHERE e.is_write = 1",
    ] {
        let told = check_same(&[&["query", "--sql", sql], &window[..]].concat(), &[&logs], &ledger);
        assert!(told.lines().count() > 1, "{told}");
    }
}

#[test]
fn a_ledger_without_events_says_so() {
    let folder = Folder::new();
    let day = |day: u32| {
        let name = format!("{day}.json");
        folder.file(
            &name,
            format!(
                r#"{{"eventID":"{day}","eventTime":"2026-08-{day:02}T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"eu-west-1","recipientAccountId":"111122223333"}}"#
            ),
        )
    };
    let ledger = folder.path("ledger");
    ingest(&[&day(1), &day(2), "--no-events"], &ledger);
    let files = |end: &str| {
        let all = walk(&folder.0.join("ledger"));
        all.iter().filter(|path| path.to_string_lossy().ends_with(end)).count()
    };
    assert_eq!((files("usage.parquet"), files("events.parquet")), (2, 0));
    let query = ["query", "--sql", "SELECT event_id FROM events", "--format", "csv", "--quiet"];
    let ask = |more: &[&str]| trailtrim(&[&query[..], &["--ledger", &ledger], more].concat());
    for command in [
        &query[..],
        &["query", "root_use"],
        &["investigate", "sagemaker"],
        &["investigate"],
        &["explain-event", "1"],
    ] {
        let ran = trailtrim(&[command, &["--ledger", &ledger]].concat());
        assert_eq!(ran.status, 2, "{ran:?}");
        let says = "has no events of 2 days, 2026-08-01 to 2026-08-02, only what they come to";
        assert!(ran.stderr.contains(says) && ran.stderr.contains("hint: name the logs, or"), "{ran:?}");
    }
    // What needs no events is answered.
    let coverage = ["query", "--sql", "SELECT COUNT(day) AS n FROM coverage", "--format", "csv", "--quiet"];
    assert_eq!(trailtrim(&[&coverage[..], &["--ledger", &ledger]].concat()).stdout, "n\r\n2\r\n");
    let status = trailtrim(&["ledger", "status", &ledger]);
    assert!(status.stdout.contains("rows      0 of 2 events"), "{status:?}");

    ingest(&[&day(3), &day(4)], &ledger);
    let status = trailtrim(&["ledger", "status", &ledger]);
    assert!(status.stdout.contains("rows      2 of 4 events"), "{status:?}");
    let ran = ask(&[]);
    assert!(ran.status == 2 && ran.stderr.contains("hint: --from 2026-08-03, or name"), "{ran:?}");
    assert_eq!(ask(&["--from", "2026-08-03"]).stdout, "event_id\r\n3\r\n4\r\n");
    assert_eq!(ask(&["--from", "2026-08-02"]).status, 2);
}

#[test]
fn logs_beside_a_ledger_are_refused() {
    let folder = Folder::new();
    let ledger = folder.path("ledger");
    let file = folder.file("log.json", log(&[]));
    ingest(&[&file], &ledger);
    for (args, says) in [
        (vec!["query", "root_use", &file], "is named beside --ledger"),
        (vec!["query", "--sql", "SELECT 1 AS x FROM events", &file], "is named beside --ledger"),
        (vec!["investigate", "sagemaker", &file], "is named beside --ledger"),
        (vec!["explain-event", "x", &file], "is named beside --ledger"),
        (vec!["query", "root_use", "--from", "2026-01-05T10:00:00Z"], "hint: --from 2026-01-05"),
    ] {
        let ran = trailtrim(&[&args[..], &["--ledger", &ledger]].concat());
        assert!(ran.status == 2 && ran.stderr.contains(says), "{args:?} {ran:?}");
    }
    assert_eq!(trailtrim(&["query", "root_use", "--ledger", &ledger]).status, 0);
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}
