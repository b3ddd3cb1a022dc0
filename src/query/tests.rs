//! What a query asks for and what it needs.

use super::*;
use crate::tables::wholes::Params;
use crate::time::Timestamp;

fn names(sql: &str) -> String {
    let line = |(table, columns): (&&str, &BTreeSet<&str>)| {
        format!("{table}({})", columns.iter().copied().collect::<Vec<_>>().join(","))
    };
    asked(sql).iter().map(line).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_query_asks_for() {
    for (sql, expect) in [
        ("SELECT event_id FROM events", "events(event_id)"),
        ("select E.Event_Time from Events e", "events(ts)"),
        ("SELECT COUNT(*) AS n, 6 * 2 AS m FROM events GROUP BY region", "events(region)"),
        (
            "SELECT r.value FROM refs r JOIN events e ON e.event_key = r.event_key",
            "events(event_key) refs(event_key,value)",
        ),
        ("SELECT 1", ""),
    ] {
        assert_eq!(names(sql), expect, "{sql}");
    }
    for all in [
        "SELECT * FROM params",
        "SELECT p.* FROM params p",
        "SELECT 1, * FROM params",
        "SELECT DISTINCT\n* FROM params",
    ] {
        assert_eq!(names(all), "params(baseline_days,end_ts,first_ts,has_baseline,split)", "{all}");
    }
}

fn params() -> BTreeMap<&'static str, Table> {
    let span = Timestamp::from_seconds(0).zip(Timestamp::from_seconds(90 * 86_400));
    BTreeMap::from([("params", Params::new(span, None).table())])
}

fn ask(sql: &str, tables: BTreeMap<&'static str, Table>) -> Result<(Answer, DataFrame), QueryError> {
    Asker::new(tables)?.ask(sql)
}

#[test]
fn an_answer() {
    let (answer, _) =
        ask("SELECT split, has_baseline, 'x' AS t, NULL AS n, 0.5 AS d FROM params", params()).unwrap();
    assert_eq!(answer.columns, ["split", "has_baseline", "t", "n", "d"]);
    let texts: Vec<String> = answer.rows[0].iter().map(Value::to_text).collect();
    assert_eq!(texts, ["2592000", "1", "x", "", "0.5"]);
    assert!(ask("SELECT nothing FROM params", params()).is_err());
    assert!(ask("SELECT", params()).is_err());
    assert!(ask("", params()).is_err());
}

#[test]
fn rows_are_sorted_unless_the_query_does() {
    let union =
        "SELECT 2 AS n FROM params UNION ALL SELECT 1 AS n FROM params UNION ALL SELECT 3 AS n FROM params";
    let shown = |sql: &str| {
        let (answer, _) = ask(sql, params()).unwrap();
        answer.rows.iter().map(|row| row[0].to_text()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(shown(union), "1,2,3");
    assert_eq!(shown(&format!("SELECT n FROM ({union}) u ORDER  BY n DESC")), "3,2,1");
}

#[test]
fn headers() {
    let text = "-- id: SM-A01 SM-A02\n-- title: T\n-- meaning: one\n--   and more\n-- severity: high\n-- needs: management, data AWS::S3::Object, baseline\nSELECT 1 -- id: X\n";
    let header = Header::parse(text).unwrap();
    assert_eq!(header.ids, ["SM-A01", "SM-A02"]);
    assert_eq!(header.meaning, "one and more");
    assert_eq!(header.severity, Some(Severity::High));
    assert_eq!(header.needs, [Need::Management, Need::Data("AWS::S3::Object".to_owned()), Need::Baseline]);
    assert_eq!(Header::parse("SELECT 1"), Ok(Header::default()));
    for bad in ["-- severity: grave\n", "-- need: management\n", "-- needs: luck\n"] {
        assert!(Header::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn needs() {
    let coverage = Coverage::default();
    let check = |needs: &[Need], has_snapshot: bool, baseline: (i64, bool), expect: usize| {
        let input = Input { coverage: &coverage, has_snapshot, baseline };
        assert_eq!(unmet(needs, input).len(), expect, "{needs:?}");
    };
    let data = Need::Data("AWS::S3::Object".to_owned());
    check(&[Need::Management, data, Need::Snapshot, Need::Baseline], false, (3, false), 4);
    check(&[Need::Snapshot, Need::Baseline], true, (30, true), 0);
    check(&[], false, (0, false), 0);
}

#[test]
fn every_shipped_query_is_whole() {
    let mut ids = BTreeSet::new();
    for query in shipped::all() {
        let Query { name, header, sql } = &query;
        assert!(!header.title.is_empty() && !header.meaning.is_empty(), "{name}");
        assert!(header.severity.is_some() && !header.needs.is_empty() && !header.ids.is_empty(), "{name}");
        assert!(!header.window.is_empty() && !header.look_alikes.is_empty(), "{name}");
        let own: BTreeSet<&String> = header.ids.iter().collect();
        assert_eq!(own.len(), header.ids.len(), "{name} names a row twice");
        ids.extend(header.ids.iter().cloned());
        // What the case builder relies on.
        for column in ["event_id", "event_time", "principal_key", "account", "region", "why"] {
            assert!(sql.contains(column), "{name} lacks {column}");
        }
    }
    assert!(ids.len() >= 30);
}
