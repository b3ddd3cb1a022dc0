//! Stops at every step of a write, damage in every file, and rows that become the summary that they were.

use super::disk::Disk;
use super::manifest::{Manifest, Root, SCHEMA, SCHEMA_BEFORE, TableKind};
use super::reader::MANIFEST;
use super::table::{Cells, Table};
use super::*;
use crate::sha256::Sha256;
use crate::source::LogSource as _;
use crate::source::dir::DirSource;
use crate::tables::chunk::{Ids, Numbers, Strings};
use crate::tables::{Builder, Data};
use crate::time::Day;
use crate::trail::coverage::Coverage;
use crate::trail::decode;
use crate::trail::inflate::{self, Limits};
use crate::usage::{Fold, Usage};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// A new empty folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("trailtrim-ledger-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A log with events of some numbers; every number is another event, ten of them a day, and every third starts a
/// training job, whose request has rows of its own.
fn log(events: &[u32]) -> String {
    let one = |number: &u32| {
        let what = if number.is_multiple_of(3) {
            format!(
                r#""eventSource":"sagemaker.amazonaws.com","eventName":"CreateTrainingJob","requestParameters":{{"trainingJobName":"t{number}","roleArn":"arn:aws:iam::111122223333:role/R","outputDataConfig":{{"s3OutputPath":"s3://out/{number}"}}}}"#
            )
        } else {
            format!(
                r#""eventSource":"s3.amazonaws.com","eventName":"GetObject","requestParameters":{{"bucketName":"b","key":"k{number}"}},"resources":[{{"ARN":"arn:aws:s3:::b/k{number}"}}]"#
            )
        };
        format!(
            r#"{{"eventID":"e{number}","eventTime":"2026-08-{:02}T0{}:00:00Z","awsRegion":"eu-west-1","recipientAccountId":"11112222333{}","userIdentity":{{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/u","accountId":"111122223333","userName":"u"}},{what}}}"#,
            number / 10 + 1,
            number % 10,
            number / 10 % 2,
        )
    };
    events.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Folds logs for one commit, as `ingest` does. The rows of all logs but the last are written before the commit.
fn gather(
    writer: &Writer,
    logs: &[(&str, &str)],
) -> Result<(Batch, BTreeMap<Place, Vec<u128>>), LedgerError> {
    let seen = writer.seen();
    let mut days: BTreeMap<Day, (Fold, Coverage)> = BTreeMap::new();
    let mut objects = Vec::new();
    let (begun, mut rows) = (Begun::default(), EventRows::default());
    for (name, text) in logs {
        writer.write_rows(&begun, std::mem::take(&mut rows))?;
        let mut by_day = BTreeMap::new();
        let decoded = decode::decode(name, text, &mut |event| {
            let day = event.time.day();
            *by_day.entry(day).or_default() += 1;
            let fingerprint = event.fingerprint().0;
            if seen.first_time(event, fingerprint) {
                rows.add(event, fingerprint);
                let (fold, coverage) = days.entry(day).or_default();
                fold.add(event);
                coverage.add_event(event);
            }
        });
        objects.push(Object {
            key: (*name).to_owned(),
            name: (*name).to_owned(),
            named: false,
            size: text.len() as u64,
            sha256: Some(Sha256::of(text.as_bytes())),
            etag: name.ends_with('1').then(|| format!("{name}-2").into()),
            content: Content::Decoded(Box::new(decoded)),
            days: by_day,
        });
    }
    let part = |(fold, coverage): (Fold, Coverage)| DayPart { usage: fold.finish(), coverage };
    let days = days.into_iter().map(|(day, of)| (day, part(of))).collect();
    Ok((Batch { days, objects, rows: vec![rows], begun }, seen.finish()?))
}

fn add(writer: &mut Writer, logs: &[(&str, &str)]) -> Result<(), LedgerError> {
    let new: Vec<(&str, &str)> = logs
        .iter()
        .filter(|(name, text)| !writer.has_content(name, Sha256::of(text.as_bytes())))
        .copied()
        .collect();
    let (batch, fresh) = gather(writer, &new)?;
    writer.commit(batch, &fresh, Root::default())
}

/// Everything that a ledger says, as text.
fn told(folder: &Path) -> Result<String, LedgerError> {
    let ledger = Ledger::open(folder)?;
    let (mut usage, mut coverage) = (Usage::default(), Coverage::default());
    for part in ledger.parts(&[TableKind::Usage, TableKind::Coverage], Window::default()) {
        ledger.add(part, &mut usage, &mut coverage)?;
    }
    let mut objects = ledger.objects()?;
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(ledger.days_without_rows(&coverage).len(), 0);
    let rows = rows_told(&ledger, Window::default())?;
    Ok(format!("{usage:#?} {coverage:#?} {objects:#?} {rows}"))
}

fn chunks<C>(all: &[C], len: fn(&C) -> usize, cell: impl Fn(&C, usize) -> String) -> Vec<Vec<String>> {
    all.iter().map(|one| (0..len(one)).map(|row| cell(one, row)).collect()).collect()
}

/// All rows of a ledger, as text.
fn rows_told(ledger: &Ledger, window: Window) -> Result<String, LedgerError> {
    let mut told = String::new();
    for kind in TableKind::ROWS {
        let columns = rows::columns(kind);
        let mut builders = Vec::new();
        for part in ledger.parts(&[kind], window) {
            let mut builder = Builder::new(&columns);
            ledger.rows(part, &columns)?.add_to(&mut builder);
            builders.push(builder);
        }
        let table = crate::tables::Table::join(&columns, builders);
        let _ = writeln!(told, "{kind} {}", table.rows);
        for column in table.columns() {
            let name = column.column.name;
            let cells = |chunks: Vec<Vec<String>>| chunks.concat().join(", ");
            let told_of = match column.data() {
                Data::Words(ids, words) => cells(chunks(&ids, Ids::len, |ids, row| {
                    format!("{:?}", words.get(ids.get(row) as usize).unwrap())
                })),
                Data::Texts(all) => {
                    let text = |all: &Strings, row| format!("{:?}", all.get(row, &mut String::new()));
                    cells(chunks(&all, Strings::len, text))
                }
                Data::Numbers(all) => {
                    cells(chunks(&all, Numbers::len, |all, row| format!("{:?}", all.get(row))))
                }
                Data::Flags(all) => cells(chunks(&all, Ids::len, |all, row| {
                    ["None", "Some(false)", "Some(true)"][all.get(row) as usize].to_owned()
                })),
            };
            let _ = writeln!(told, "{name} [{told_of}]");
        }
    }
    Ok(told)
}

/// Three batches that have days and events in common.
fn batches() -> [Vec<(&'static str, String)>; 3] {
    let numbers = |range: std::ops::Range<u32>| range.collect::<Vec<_>>();
    [
        vec![("a", log(&numbers(0..8))), ("b", log(&numbers(6..12)))],
        vec![("c", log(&numbers(4..15)))],
        vec![("d", log(&numbers(0..3))), ("e", log(&numbers(12..20)))],
    ]
}

fn borrowed<'a>(batch: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    batch.iter().map(|(name, text)| (*name, text.as_str())).collect()
}

/// What the ledger says after 0, 1, 2 and 3 batches.
fn states() -> Vec<String> {
    let folder = Folder::new();
    let mut writer = Writer::open(&folder.0).unwrap();
    writer.set_root(Root { path: "x".into(), left: 1, ..Root::default() }).unwrap();
    let mut states = vec![told(&folder.0).unwrap()];
    for batch in &batches() {
        add(&mut writer, &borrowed(batch)).unwrap();
        states.push(told(&folder.0).unwrap());
    }
    states
}

/// The rows of events as they are gathered from the logs themselves.
fn rows_of(logs: &[&str]) -> String {
    let folder = Folder::new();
    let mut writer = Writer::open(&folder.0).unwrap();
    let (mut rows, seen) = (EventRows::default(), writer.seen());
    let mut coverage = Coverage::default();
    for text in logs {
        decode::decode("x", text, &mut |event| {
            let fingerprint = event.fingerprint().0;
            if seen.first_time(event, fingerprint) {
                rows.add(event, fingerprint);
                coverage.add_event(event);
            }
        });
    }
    let fresh = seen.finish().unwrap();
    writer.commit(Batch { rows: vec![rows], ..Batch::default() }, &fresh, Root::default()).unwrap();
    rows_told(&writer.ledger, Window::default()).unwrap()
}

#[test]
fn rows_are_whole_in_one_order_and_in_one_place() {
    let all = batches();
    let logs: Vec<&str> = all.iter().flatten().map(|(_, text)| text.as_str()).collect();
    let told = rows_of(&logs);
    for expect in [
        "events 20\n",
        "refs 14\n",
        "fields 21\n",
        "event_name [\"CreateTrainingJob\", \"GetObject\", \"GetObject\", \"CreateTrainingJob\"",
        "event_id [\"e0\", \"e1\", \"e2\",",
        "kind [\"passed_role\", \"s3_out\", \"passed_role\",",
        "norm [\"arn:aws:iam::111122223333:role/R\", \"out\",",
        "path [\"trainingJobName\", \"roleArn\", \"outputDataConfig.s3OutputPath\",",
        "external [Some(true), None,",
    ] {
        assert!(told.contains(expect), "{expect} {told}");
    }
    let mut backwards = logs.clone();
    backwards.reverse();
    assert_eq!(rows_of(&backwards), told);
    assert!(states()[3].ends_with(&told));
}

/// The days that are asked for, and no others; what was ingested without rows is told.
#[test]
fn days_without_rows_are_known() {
    let folder = Folder::new();
    let mut writer = Writer::open(&folder.0).unwrap();
    let logs = [log(&(0..15).collect::<Vec<_>>()), log(&(15..30).collect::<Vec<_>>())];
    let (mut batch, fresh) = gather(&writer, &[("a", &logs[0])]).unwrap();
    batch.rows.clear();
    writer.commit(batch, &fresh, Root::default()).unwrap();
    let (batch, fresh) = gather(&writer, &[("b", &logs[1])]).unwrap();
    writer.commit(batch, &fresh, Root::default()).unwrap();
    for compacted in [false, true] {
        if compacted {
            writer.compact(None).unwrap();
        }
        let ledger = Ledger::open(&folder.0).unwrap();
        let missing = |window| {
            let (mut usage, mut coverage) = (Usage::default(), Coverage::default());
            for part in ledger.parts(&[TableKind::Coverage], window) {
                ledger.add(part, &mut usage, &mut coverage).unwrap();
            }
            let days = ledger.days_without_rows(&coverage);
            days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let from = |day: &str| Window { from: manifest::day_of(day), to: None };
        assert_eq!(missing(Window::default()), "2026-08-01 2026-08-02", "{compacted}");
        assert_eq!(missing(from("2026-08-02")), "2026-08-02");
        assert_eq!(missing(from("2026-08-03")), "");
        let told = rows_told(&ledger, from("2026-08-03")).unwrap();
        assert!(told.contains("event_id [\"e20\", \"e21\"") && told.contains("events 10\n"), "{told}");
    }
}

/// A ledger of the version before is read, and becomes one of this version when it is written.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test writes its own files")]
fn a_ledger_of_the_version_before_is_read() {
    let folder = Folder::new();
    let mut writer = Writer::open(&folder.0).unwrap();
    let (mut batch, fresh) = gather(&writer, &[("a", &log(&[1, 2]))]).unwrap();
    batch.rows.clear();
    writer.commit(batch, &fresh, Root::default()).unwrap();
    let before = Manifest { schema: SCHEMA_BEFORE.to_owned(), ..writer.ledger.manifest.clone() };
    drop(writer);
    fs::write(folder.0.join(MANIFEST), before.text().unwrap()).unwrap();
    let mut writer = Writer::open(&folder.0).unwrap();
    assert_eq!(writer.ledger.manifest.schema, SCHEMA_BEFORE);
    add(&mut writer, &[("b", &log(&[2, 30]))]).unwrap();
    let ledger = Ledger::open(&folder.0).unwrap();
    assert_eq!(ledger.manifest.schema, SCHEMA);
    assert!(rows_told(&ledger, Window::default()).unwrap().contains("event_id [\"e30\"]"));
}

#[test]
fn folded_day_by_day_it_is_what_one_fold_of_everything_is() {
    let folder = Folder::new();
    let mut writer = Writer::open(&folder.0).unwrap();
    let all = batches();
    let once: Vec<(&str, &str)> = all.iter().flat_map(|batch| borrowed(batch)).collect();
    add(&mut writer, &once).unwrap();
    let mut fold = Fold::default();
    decode::decode("all", &log(&(0..20).collect::<Vec<_>>()), &mut |event| fold.add(event));
    let whole = format!("{:#?}", fold.finish());
    let told = told(&folder.0).unwrap();
    assert!(told.starts_with(&whole), "{told} {whole}");
    assert_eq!(told, states()[3]);
}

/// A process that is stopped before any step leaves what was there before the step, and the next one ends
/// where one that was never stopped ends.
#[test]
fn a_stop_at_any_step_leaves_a_whole_ledger() {
    let states = states();
    let all = batches();
    let mut stops = 0;
    for steps in 0.. {
        let folder = Folder::new();
        let stopping = Disk { steps_left: Some(AtomicI64::new(steps)) };
        let run = |disk: Disk| -> Result<(), LedgerError> {
            let mut writer = Writer::open_with(&folder.0, disk)?;
            for batch in &all {
                add(&mut writer, &borrowed(batch))?;
            }
            writer.compact(None).map(drop)
        };
        let stopped = run(stopping).is_err();
        match told(&folder.0) {
            Ok(told) => assert!(states.contains(&told), "after {steps} steps: {told}"),
            Err(LedgerError::Missing { .. }) => assert!(stopped),
            Err(error) => panic!("after {steps} steps: {error}"),
        }
        run(Disk::default()).unwrap();
        assert_eq!(told(&folder.0).unwrap(), states[3], "after {steps} steps");
        let segments = fs::read_dir(folder.0.join("segments")).unwrap().count();
        assert_eq!(segments, 1, "after {steps} steps");
        if !stopped {
            break;
        }
        stops += 1;
    }
    assert!(stops > 50, "{stops}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads and damages its own files")]
fn damage_is_told_and_never_believed() {
    let folder = Folder::new();
    let mut writer = Writer::open(&folder.0).unwrap();
    add(&mut writer, &borrowed(&batches()[0])).unwrap();
    drop(writer);
    let whole = told(&folder.0).unwrap();
    let mut damaged = 0;
    for path in files(&folder.0) {
        if path.ends_with("LOCK") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let mut variants = vec![bytes[..bytes.len() / 2].to_vec(), Vec::new()];
        for at in [0, bytes.len() / 3, bytes.len() - 1] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 4;
            variants.push(flipped);
        }
        for variant in variants {
            fs::write(&path, variant).unwrap();
            let read: Result<(), _> =
                told(&folder.0).and_then(|_| Writer::open(&folder.0)).and_then(|mut writer| {
                    add(&mut writer, &borrowed(&batches()[1]))?;
                    panic!("{} is damaged, and was used", path.display())
                });
            let Err(error) = read else { panic!("{} is damaged, and nobody said so", path.display()) };
            assert!(matches!(error, LedgerError::Damaged { .. } | LedgerError::Schema { .. }), "{error}");
            damaged += 1;
        }
        fs::write(&path, bytes).unwrap();
    }
    assert!(damaged > 40, "{damaged}");
    assert_eq!(told(&folder.0).unwrap(), whole);
}

/// What a disk that is full or a copy that broke off leaves.
#[test]
fn parquet_that_is_cut_is_refused() {
    let text = (0..300).map(|number| Some(format!("value {}", number % 7))).collect();
    let numbers = (0..300).collect();
    let bytes = table::write(vec![("text", Cells::Text(text)), ("number", Cells::Numbers(numbers))]).unwrap();
    for end in 0..bytes.len() {
        assert!(Table::read(&bytes[..end]).is_err(), "{end}");
    }
    assert_eq!(Table::read(&bytes).unwrap().rows(), 300);
}

/// The sample holds every part of a summary but a few; those are beside it.
#[test]
fn the_sample_s_days_are_read_as_they_were_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let source = DirSource::new([root]);
    let (mut bytes, mut text) = (Vec::new(), Vec::new());
    let mut days: BTreeMap<Day, (Fold, Coverage)> = BTreeMap::new();
    for object in source.list().objects {
        source.read(&object, &mut bytes).unwrap();
        let inflated = inflate::inflate(&bytes, Limits::default(), &mut text);
        decode::decode(&object.name, &inflated.text, &mut |event| {
            let (fold, coverage) = days.entry(event.time.day()).or_default();
            fold.add(event);
            coverage.add_event(event);
        });
    }
    assert!(days.len() > 50);
    let mut all = String::new();
    for (day, (fold, coverage)) in days {
        let usage = fold.finish();
        let (mut read, mut counted) = (Usage::default(), Coverage::default());
        for bytes in usage_table::write(&usage).unwrap().values() {
            usage_table::read(bytes, day, &mut read).unwrap();
        }
        for (account, bytes) in coverage_table::write(&coverage).unwrap() {
            coverage_table::read(&bytes, (account, day), &mut counted).unwrap();
        }
        let whole = format!("{usage:#?}");
        assert!(format!("{read:#?}") == whole, "{day}");
        assert_eq!(counted, coverage, "{day}");
        all += &whole;
    }
    for expect in
        ["PassedRole", "Denied", "DenialKey", "Need {", "Model {", "Given(", "Star", "Unknown", "unmapped"]
    {
        assert!(all.contains(expect), "{expect}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test writes its own files")]
fn another_version_s_ledger_is_refused() {
    let folder = Folder::new();
    drop(Writer::open(&folder.0).unwrap());
    let text = Manifest::new().text().unwrap().replace(SCHEMA, "trailtrim.ledger/v9");
    fs::write(folder.0.join(MANIFEST), text).unwrap();
    for error in [Ledger::open(&folder.0).map(drop), Writer::open(&folder.0).map(drop)] {
        let message = error.unwrap_err().to_string();
        assert!(message.contains("trailtrim.ledger/v9") && message.contains(SCHEMA), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// However events are spread over objects and commits, the ledger says the same.
    #[test]
    fn the_order_of_commits_does_not_matter(
        events in prop::collection::vec((0..30_u32, 0..4_usize), 1..30),
        compact in any::<bool>(),
    ) {
        let folder = Folder::new();
        let mut writer = Writer::open(&folder.0).unwrap();
        for part in [2, 0, 3, 1] {
            let mine: Vec<u32> = events.iter().filter(|(_, of)| *of == part).map(|(number, _)| *number).collect();
            add(&mut writer, &[(["w", "x", "y", "z"][part], &log(&mine))]).unwrap();
        }
        if compact {
            writer.compact(None).unwrap();
        }
        drop(writer);
        let distinct: std::collections::BTreeSet<u32> = events.iter().map(|(number, _)| *number).collect();
        let mut fold = Fold::default();
        decode::decode("all", &log(&distinct.into_iter().collect::<Vec<_>>()), &mut |event| fold.add(event));
        let whole = format!("{:#?}", fold.finish());
        prop_assert!(told(&folder.0).unwrap().starts_with(&whole));
    }
}
