//! A ledger gives what one reading of all its logs gives, however the logs came into it.

use crate::run::{Folder, Ran, root, trailtrim};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const GRANTS: &str = "sample-logs/iam/account-authorization-details.json";

/// The sample's tree in three parts. Some files are in the third part too, under new names: their events
/// are delivered twice.
struct Parts {
    folder: Folder,
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

impl Parts {
    fn new() -> Self {
        let folder = Folder::new();
        let sample = root().join("sample-logs");
        for (number, path) in files(&sample.join("AWSLogs")).iter().enumerate() {
            let inside = path.strip_prefix(&sample).unwrap().to_str().unwrap().to_owned();
            let bytes = fs::read(path).unwrap();
            folder.file(&format!("part{}/{inside}", number % 3), &bytes);
            if number % 10 == 0 && inside.contains("_CloudTrail_") {
                let again = inside.replace(".json.gz", "again.json.gz");
                folder.file(&format!("part2/{again}"), &bytes);
            }
        }
        Self { folder }
    }

    fn part(&self, number: usize) -> String {
        self.folder.path(&format!("part{number}"))
    }

    fn ledger(&self, name: &str) -> String {
        self.folder.path(name)
    }

    /// What the commands print of the logs themselves.
    fn expected(&self) -> Vec<Ran> {
        let parts = [0, 1, 2].map(|number| self.part(number));
        let paths: Vec<&str> = parts.iter().map(String::as_str).collect();
        outputs(&paths)
    }
}

/// Everything that a reading comes to, in JSON.
fn outputs(logs: &[&str]) -> Vec<Ran> {
    let rows =
        "SELECT event_key, event_time, event_name, principal_key, error_code, request_json FROM events";
    let named = "SELECT * FROM refs";
    [
        &["usage"][..],
        &["coverage"],
        &["review", "--grants", GRANTS],
        &["query", "--sql", rows],
        &["query", "--sql", named],
    ]
    .iter()
    .map(|command| trailtrim(&[*command, logs, &["--format", "json"]].concat()))
    .collect()
}

#[track_caller]
fn check_same(expected: &[Ran], ledger: &str) {
    for (expect, found) in expected.iter().zip(outputs(&["--ledger", ledger])) {
        assert_eq!((&found.stderr, found.status), (&expect.stderr, expect.status));
        assert!(found.stdout == expect.stdout, "{} and {} bytes", found.stdout.len(), expect.stdout.len());
    }
}

#[track_caller]
fn ingest(paths: &[&str], ledger: &str) -> Ran {
    let ran = trailtrim(&[&["ingest"], paths, &["--ledger", ledger, "--quiet"]].concat());
    // The sample has a file that is cut short on purpose.
    assert!(matches!(ran.status, 0 | 3), "{ran:?}");
    ran
}

#[track_caller]
fn succeeds(args: &[&str]) -> String {
    let ran = trailtrim(args);
    assert_eq!(ran.status, 0, "{ran:?}");
    ran.stdout
}

#[test]
fn a_ledger_is_the_logs_whatever_the_order_and_the_number_of_runs() {
    let parts = Parts::new();
    let expected = parts.expected();
    assert!(expected.iter().all(|ran| ran.stdout.len() > 1_000));
    let [a, b, c] = [0, 1, 2].map(|number| parts.part(number));

    let at_once = parts.ledger("at-once");
    ingest(&[&a, &b, &c], &at_once);
    check_same(&expected, &at_once);
    let again = ingest(&[&a, &b, &c], &at_once);
    assert!(again.stdout.contains(" 0 added") && again.stdout.contains("0 new"), "{}", again.stdout);
    check_same(&expected, &at_once);

    let by_parts = parts.ledger("by-parts");
    for part in [&c, &a, &c, &b, &a] {
        ingest(&[part], &by_parts);
    }
    check_same(&expected, &by_parts);
    assert!(succeeds(&["ledger", "compact", &by_parts]).contains("3 before, 1 now"));
    check_same(&expected, &by_parts);
}

#[test]
fn two_ledgers_become_one() {
    let parts = Parts::new();
    let expected = parts.expected();
    let [a, b, c] = [0, 1, 2].map(|number| parts.part(number));
    let (left, right) = (parts.ledger("left"), parts.ledger("right"));
    ingest(&[&a], &left);
    ingest(&[&b], &right);
    // Nothing of the second part is in the first.
    let merged = succeeds(&["ledger", "merge", &left, &right]);
    assert!(merged.contains("1 of 1 taken over"), "{merged}");
    // The third part has some events of the first and some of the second.
    let third = parts.ledger("third");
    ingest(&[&c], &third);
    let before = outputs(&["--ledger", &left]);
    let refused = trailtrim(&["ledger", "merge", &left, &third]);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(
        refused.stderr.contains("must be read again") && refused.stderr.contains("--logs"),
        "{refused:?}"
    );
    check_same(&before, &left);
    succeeds(&["ledger", "merge", &left, &third, "--logs", &c]);
    check_same(&expected, &left);
    // Once more changes nothing.
    succeeds(&["ledger", "merge", &left, &third]);
    check_same(&expected, &left);
}

#[test]
fn kills_lose_and_double_nothing() {
    let parts = Parts::new();
    let expected = parts.expected();
    let ledger = parts.ledger("killed");
    let [a, b, c] = [0, 1, 2].map(|number| parts.part(number));
    let mut kills = 0;
    for delay in [0, 5, 20, 40, 60, 80, 100, 130, 160, 200, 250, 300] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_trailtrim"))
            .args(["ingest", &b, &c, &a, "--ledger", &ledger, "--quiet"])
            .current_dir(root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        kills += u32::from(!ended);
        // Whatever there is can be read, or there is nothing yet.
        let usage = trailtrim(&["usage", "--ledger", &ledger, "--quiet"]);
        assert!(usage.status == 3 || usage.stderr.contains("no ledger in"), "{usage:?}");
    }
    println!("{kills} runs were killed");
    ingest(&[&b, &c, &a], &ledger);
    check_same(&expected, &ledger);
}

#[test]
fn a_ledger_that_is_not_complete_says_so() {
    let parts = Parts::new();
    let ledger = parts.ledger("half");
    // What a kill between two commits leaves: the first note of what is to come.
    let tree = Folder::new();
    let line = r#"{"eventID":"1","eventTime":"2026-08-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","recipientAccountId":"111122223333"}"#;
    let file = tree.file("day.json", line);
    assert_eq!(ingest(&[&file], &ledger).status, 0);
    let folder = trailtrim::ledger::Ledger::open(Path::new(&ledger)).unwrap();
    assert_eq!(folder.manifest.roots, []);
    let mut writer = trailtrim::ledger::Writer::open(Path::new(&ledger)).unwrap();
    let left = trailtrim::ledger::manifest::Root { path: file.clone(), left: 7, ..Default::default() };
    writer.set_root(left).unwrap();
    // One writer at a time.
    let locked = trailtrim(&["ingest", &file, "--ledger", &ledger]);
    assert_eq!(locked.status, 2);
    assert!(locked.stderr.contains("being written by another process"), "{locked:?}");
    drop(writer);
    let usage = trailtrim(&["usage", "--ledger", &ledger]);
    assert!(usage.status == 3 && usage.stderr.contains("7 files are not in the ledger yet"), "{usage:?}");
    let review = trailtrim(&["review", "--ledger", &ledger, "--grants", GRANTS, "--force"]);
    assert!(review.status == 3 && review.stderr.contains("no recommendations"), "{review:?}");
    ingest(&[&file], &ledger);
    assert_eq!(trailtrim(&["usage", "--ledger", &ledger]).status, 0);
}

#[test]
fn what_could_not_be_read_is_known_until_it_can_be() {
    let (logs, place) = (Folder::new(), Folder::new());
    let ledger = place.path("ledger");
    let record = |number: u32| {
        format!(
            r#"{{"eventID":"{number}","eventTime":"2026-08-0{number}T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","recipientAccountId":"111122223333"}}"#
        )
    };
    let whole = format!(r#"{{"Records":[{},{}]}}"#, record(1), record(2));
    let name = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/08/02/111122223333_CloudTrail_eu-west-1_20260802T0005Z_abc.json";
    let cut = whole.len() - 20;
    logs.file(name, &whole[..cut]);
    let folder = logs.0.to_str().unwrap().to_owned();
    for _ in 0..2 {
        let ran = ingest(&[&folder], &ledger);
        assert!(ran.status == 3 && ran.stderr.is_empty(), "{ran:?}");
        let usage = trailtrim(&["usage", "--ledger", &ledger]);
        assert!(usage.status == 3 && usage.stderr.contains("problem:"), "{usage:?}");
        check_same(&outputs(&[&folder]), &ledger);
    }
    logs.file(name, &whole);
    assert_eq!(ingest(&[&folder], &ledger).status, 0);
    assert_eq!(trailtrim(&["usage", "--ledger", &ledger]).status, 0);
    let usage = |args: &[&str]| trailtrim(&[&["usage", "--format", "json"], args].concat()).stdout;
    assert_eq!(usage(&["--ledger", &ledger]), usage(&[&folder]));
}

#[test]
fn windows_are_whole_days_and_old_days_can_be_dropped() {
    let parts = Parts::new();
    let ledger = parts.ledger("windows");
    let parts_of = [0, 1, 2].map(|number| parts.part(number));
    let paths: Vec<&str> = parts_of.iter().map(String::as_str).collect();
    ingest(&paths, &ledger);
    let usage = |args: &[&str]| trailtrim(&[&["usage", "--format", "json", "--quiet"], args].concat()).stdout;
    let window = ["--from", "2026-09-01", "--to", "2026-09-15"];
    let of_logs = usage(&[&paths[..], &window].concat());
    assert_eq!(usage(&[&["--ledger", &ledger][..], &window].concat()), of_logs);
    let odd = trailtrim(&["usage", "--ledger", &ledger, "--from", "2026-09-01T10:00:00Z"]);
    assert!(odd.status == 2 && odd.stderr.contains("hint: --from 2026-09-01"), "{odd:?}");

    let dropped = succeeds(&["ledger", "compact", &ledger, "--keep", "60d"]);
    assert!(dropped.contains("account days; kept from "), "{dropped}");
    let day = dropped.split("kept from ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let events = |text: &str| {
        let usage: serde_json::Value = serde_json::from_str(text).unwrap();
        usage["principals"].clone()
    };
    let kept = usage(&["--ledger", &ledger]);
    assert_eq!(events(&kept), events(&usage(&[&paths[..], &["--from", &day]].concat())));
    let sql = "SELECT event_id, request_json FROM events";
    let rows = |args: &[&str]| {
        trailtrim(&[&["query", "--sql", sql, "--format", "csv", "--quiet"], args].concat()).stdout
    };
    let left = rows(&["--ledger", &ledger]);
    assert!(left.lines().count() > 100 && left == rows(&[&paths[..], &["--from", &day]].concat()));
    let coverage = trailtrim(&["coverage", "--ledger", &ledger, "--from", "2026-08-05"]);
    assert!(coverage.status == 3 && coverage.stderr.contains("were dropped"), "{coverage:?}");
    // What was dropped does not come back, and what was read is not read again.
    let again = ingest(&paths, &ledger);
    assert!(again.stdout.contains(" 0 new"), "{again:?}");
    assert_eq!(usage(&["--ledger", &ledger]), kept);
}

#[test]
fn mistakes_are_told_from_ledgers() {
    let folder = Folder::new();
    let logs = folder.file("logs/day.json", "{\"Records\":[]}");
    let file = folder.file("other/notes.txt", "mine");
    for (args, expect) in [
        (vec!["usage".to_owned(), "--ledger".to_owned(), folder.path("none")], "no ledger in"),
        (vec!["ledger".to_owned(), "compact".to_owned(), folder.path("none")], "no ledger in"),
        (
            vec!["ingest".to_owned(), logs.clone(), "--ledger".to_owned(), folder.path("other")],
            "holds other files",
        ),
        (
            vec!["ingest".to_owned(), folder.path("nothing"), "--ledger".to_owned(), folder.path("l")],
            "nothing",
        ),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = trailtrim(&args);
        assert!(ran.status == 2 && ran.stderr.contains(expect), "{args:?} {ran:?}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
    assert!(!Path::new(&folder.path("none")).exists());
    // Logs and a ledger at once could count an event twice.
    assert_eq!(trailtrim(&["usage", &logs, "--ledger", &folder.path("l")]).status, 2);
}
