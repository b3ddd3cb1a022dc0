//! What a query asks for and what it needs.

mod made;

use super::among::Values;
use super::*;
use crate::tables::wholes::Params;
use crate::tables::{Builder, Cell, Column, Kind};
use crate::time::Timestamp;
use polars::prelude::{DataType, IntoLazy, TimeUnit, col, lit};
use proptest::prelude::*;

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
    Asker::new(tables).ask(sql)
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

/// A table with rows in several chunks, made from numbers alone.
fn table_of(rows: &[(u8, u8)]) -> Table {
    let column = |name, kind| Column { name, kind, about: "" };
    let columns = [
        column("ts", Kind::Number),
        column("event_name", Kind::Word),
        column("event_id", Kind::Text),
        column("n", Kind::Number),
        column("ok", Kind::Flag),
    ];
    let mut builder = Builder::new(&columns);
    for (place, (a, b)) in (0..).zip(rows) {
        let id =
            if a % 2 == 0 { format!("00000000-0000-4000-8000-0000000000{b:02x}") } else { format!("id{b}") };
        let cells = [
            Cell::from(i64::from(*a)),
            Cell::from(["Get", "GetAll", "Put", ""][usize::from(a % 4)]),
            Cell::from(id),
            Cell::Number((b % 5 > 0).then_some(i64::from(b % 5))),
            Cell::Flag((b % 3 > 0).then_some(b % 3 == 1)),
        ];
        builder.push(i64::from(*a), place, cells);
    }
    Table::join(&columns, vec![builder])
}

/// Questions whose filters are looked up in words, in numbers, in both, and in more than one row.
const FILTERED: [&str; 32] = [
    "WITH f AS (SELECT event_name, ts FROM events) SELECT e.ts, f.ts AS t FROM f JOIN events e ON e.event_name = f.event_name LEFT JOIN params p ON p.split = f.ts WHERE f.ts > p.split OR p.split IS NULL",
    "WITH events__0 AS (SELECT event_name FROM refs WHERE ok = 1), f AS (SELECT event_name, ts FROM events WHERE ok = 1) SELECT e.ts, z.event_name FROM f JOIN events e ON e.ts = f.ts JOIN events__0 z ON z.event_name = e.event_name",
    "WITH f AS (SELECT event_name, ts, n FROM events) SELECT e.ts, f.n FROM f JOIN events e ON e.event_name = f.event_name WHERE f.ts > AVG(f.ts)",
    "WITH f AS (SELECT event_name, ts, n FROM events) SELECT e.ts, f.ts AS t FROM f JOIN events e ON e.event_name = f.event_name WHERE f.ts >= MAX(f.ts) - 9 AND COALESCE(f.n, 1) > 0",
    "SELECT e.ts, r.ts AS t FROM refs r JOIN events e ON e.event_name = r.event_name WHERE r.n > AVG(r.n) AND r.ok = 1",
    "WITH f AS (SELECT event_name, MIN(ts) AS t FROM events GROUP BY event_name) SELECT e.event_id, f.t FROM f JOIN events e ON e.event_name = f.event_name AND e.ts = f.t WHERE e.ok = 1 AND f.t > 3",
    "WITH f AS (SELECT ts, n FROM events WHERE ok = 1) SELECT e.ts, f.n FROM events e JOIN f ON f.n = e.n LEFT JOIN f g ON g.ts = e.ts WHERE f.ts < 100 AND g.n IS NULL",
    "WITH f AS (SELECT event_name, n FROM events WHERE n > 2) SELECT a.ts AS t, b.n AS m FROM f JOIN events a ON a.event_name = f.event_name FULL JOIN refs b ON b.ts = a.ts WHERE f.n IS NULL OR f.n = 3",
    "WITH f AS (SELECT ts, n FROM events WHERE ok = 1) SELECT e.ts AS t, b.n AS m FROM events e JOIN f ON f.ts = e.ts RIGHT JOIN refs b ON b.ts = e.ts WHERE f.n IS NULL OR f.n = 2",
    "WITH f AS (SELECT ts, n FROM events WHERE ok = 1) SELECT b.ts, b.n FROM refs b LEFT JOIN events e ON e.ts = b.ts JOIN f ON f.n = e.n WHERE f.ts > 50 OR b.n = 1",
    "WITH f AS (SELECT DISTINCT n FROM events WHERE ok = 0) SELECT x.ts FROM (SELECT e.ts, e.n FROM events e JOIN f ON f.n = e.n) x WHERE x.n > 1 UNION ALL SELECT e.ts FROM events e JOIN f ON f.n = e.n",
    "SELECT e.ts, r.n FROM events e JOIN refs r ON r.event_id = e.event_id WHERE r.event_name = 'Get' AND e.ok = 1",
    "SELECT events.ts, r.n FROM events JOIN refs r ON r.event_id = events.event_id CROSS JOIN params p WHERE r.ts >= p.split AND r.n IN (1, 2) AND (r.n = 1 OR events.n = 2)",
    "WITH f AS (SELECT event_id FROM refs WHERE ok = 1) SELECT e.ts FROM events e JOIN f ON f.event_id = e.event_id WHERE f.event_id LIKE 'id%' AND e.n IN (1, 2)",
    "SELECT a.ts, b.n FROM events a JOIN events b ON b.ts = a.ts WHERE a.event_name NOT IN ('Put', '') AND b.n IN (1, 3)",
    "SELECT a.ts, b.n FROM events a LEFT JOIN events b ON b.n = a.ts WHERE b.event_name NOT IN ('Put') OR NOT a.n IN (2)",
    "SELECT ts, event_name, event_id, n, ok FROM events WHERE event_name = 'Get'",
    "SELECT ts, event_id FROM events WHERE event_name LIKE 'Get%' AND ok = 1 AND n > 2",
    "SELECT ts, n FROM events WHERE event_name IN ('Put', 'Get', 'None') AND ts >= 9 AND ts < 200",
    "SELECT event_id FROM events WHERE event_name NOT LIKE '%All' AND event_id LIKE 'id%'",
    "SELECT ts, n FROM events WHERE ok IS NULL",
    "SELECT ts, n FROM events WHERE n IS NOT NULL AND (ok = 0 OR event_name = '')",
    "SELECT ts, n FROM events WHERE NOT (ok = 1) OR n = 3",
    "SELECT COUNT(*) AS c FROM events",
    "SELECT COUNT(*) AS c FROM events WHERE event_name <> 'Get' AND ok = 1",
    "SELECT event_name, COUNT(*) AS c, MIN(ts) AS t FROM events WHERE n BETWEEN 1 AND 3 GROUP BY event_name",
    "SELECT ts, event_id FROM events WHERE event_name IN (SELECT event_name FROM events WHERE ok = 1)",
    "SELECT a.ts, b.n FROM events a JOIN events b ON b.ts = a.ts WHERE a.event_name = 'Put' AND b.ok = 1",
    "SELECT event_time, ts FROM events WHERE event_time >= '1970-01-01T00:01:00Z' AND event_name <> ''",
    "SELECT CASE WHEN ok = 1 THEN event_name ELSE 'no' END AS x FROM events WHERE COALESCE(n, 0) + ts > 100",
    "SELECT ts FROM events WHERE 1 = 0",
    "SELECT ts, r FROM (SELECT ts, ROW_NUMBER() OVER (ORDER BY ts, event_id) AS r FROM events) x WHERE r < 4",
];

/// As SQL has it. Polars takes the table (0.55).
#[test]
fn a_step_hides_a_table_of_its_name() {
    let asker = Asker::new(tables_of(&[(0, 1), (0, 4), (0, 3)]));
    let ask = |sql: &str| asker.ask(sql).unwrap().0.rows;
    let hidden = "WITH events AS (SELECT n FROM events WHERE ok = 1), g AS (SELECT n, COUNT(*) AS c FROM events GROUP BY n) SELECT e.n, g.c FROM events e JOIN g ON g.n = e.n";
    assert_eq!(ask(hidden), [[1, 1], [4, 1]].map(|row| row.map(Value::Number)));
    let inner = "WITH f AS (SELECT ts, n FROM events WHERE ok = 1) SELECT e.n FROM f JOIN events e ON e.ts = f.ts AND e.n = f.n";
    assert_eq!(ask(inner), [[1], [4]].map(|row| row.map(Value::Number)));
}

/// The tables that the questions are about.
fn tables_of(rows: &[(u8, u8)]) -> BTreeMap<&'static str, Table> {
    let others: Vec<(u8, u8)> = rows.iter().step_by(2).map(|(a, b)| (b % 64, *a)).collect();
    let mut params = params();
    params.extend([("events", table_of(rows)), ("refs", table_of(&others))]);
    params
}

/// The answer when everything is a frame before the question is asked; `None` where polars has none.
fn plainly(rows: &[(u8, u8)], sql: &str) -> Option<Answer> {
    let time = (col("ts") * lit(1_000_000_i64)).cast(DataType::Datetime(TimeUnit::Microseconds, None));
    let time = time.dt().to_string("%Y-%m-%dT%H:%M:%SZ").alias("event_time");
    let mut context = polars::sql::SQLContext::new();
    for (name, table) in tables_of(rows) {
        let frame = frame::frame(table).unwrap().lazy();
        let has_time = name == "events";
        context.register(name, if has_time { frame.with_column(time.clone()) } else { frame });
    }
    let mut answer = frame::answer(&context.execute(sql).ok()?.collect().ok()?).ok()?;
    answer.sort();
    Some(answer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_filter_gives_what_a_whole_table_gives(rows in prop::collection::vec(any::<(u8, u8)>(), 0..60)) {
        let asker = Asker::new(tables_of(&rows));
        for sql in FILTERED {
            let answer = asker.ask(sql).unwrap().0;
            let expect = plainly(&rows, sql).unwrap();
            prop_assert_eq!((&answer.columns, &answer.rows), (&expect.columns, &expect.rows), "{}", sql);
        }
        // What looks at more than one row is asked of all of them.
        let view = scan::View { scan: Arc::clone(&asker.0["events"]), only: Vec::new(), narrow: Vec::new() };
        let above = view.lazy().unwrap().filter(col("n").gt(col("n").mean()).and(col("ok").eq(lit(1))));
        let above = above.select([col("ts"), col("n")]).collect().unwrap();
        let whole = frame::frame(table_of(&rows)).unwrap().lazy();
        let expect = whole.filter(col("n").gt(col("n").mean()).and(col("ok").eq(lit(1))));
        prop_assert!(above.equals_missing(&expect.select([col("ts"), col("n")]).collect().unwrap()));
        let sql = "SELECT ts, event_id, n FROM events WHERE ok = 1";
        let texts = Values::Texts(["id7", "Put"].map(str::to_owned).into_iter().collect());
        let of = |name: &str, windows: &[(i64, i64)]| (name.to_owned(), windows.iter().copied().collect());
        let windows = Values::Windows([of("Put", &[(40, 50), (0, 9)]), of("Get", &[(8, 8)]), of("no", &[(0, 9)])].into());
        let numbers = Values::Numbers([1, 4, 250].into_iter().collect());
        for (columns, values, same) in [
            (&["event_name"] as &[&str], texts.clone(), "event_name = 'Put'"),
            (&["event_id", "event_name"], texts, "(event_name = 'Put' OR event_id = 'id7')"),
            (&["n"], numbers, "n IN (1, 4, 250)"),
            (&["event_name"], windows, "((event_name = 'Put' AND (ts < 10 OR ts BETWEEN 40 AND 50)) OR (event_name = 'Get' AND ts = 8))"),
        ] {
            let answer = asker.ask_among(sql, &[Among { table: "events", columns, values: Arc::new(values) }]).unwrap().0;
            let expect = plainly(&rows, &format!("{sql} AND {same}")).unwrap();
            prop_assert_eq!(&answer.rows, &expect.rows, "{}", same);
        }
    }
}
