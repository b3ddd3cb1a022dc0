//! Logs in S3, kept in a ledger: the same ledger as of the folder, whatever goes wrong on the way, and nothing is
//! fetched twice.

use crate::run::{Folder, Ran, trailtrim, with_env};
use crate::s3::stub::{Stub, World};
use crate::s3::{ENV, check, expected, in_tree, named_as_denied, sample, world};
use std::collections::BTreeSet;

/// The log files of the sample, without its digest files.
const LOGS: usize = 199;

fn ingest(stub: &Stub, place: &str, ledger: &str, more: &[&str]) -> Ran {
    let args = ["ingest", place, "--ledger", ledger, "--quiet", "--endpoint-url", &stub.url];
    with_env(&[&args[..], more].concat(), &ENV)
}

fn usage(ledger: &str) -> Ran {
    trailtrim(&["usage", "--ledger", ledger, "--quiet", "--format", "json"])
}

/// The rows of a place, in an order.
fn rows(place: &[&str]) -> String {
    let sql = "SELECT event_id, event_time, principal_key, request_json FROM events";
    let ran = trailtrim(&[&["query", "--sql", sql, "--format", "csv", "--quiet"], place].concat());
    assert_eq!(ran.status, 3, "one file of the sample is cut: {ran:?}");
    assert!(ran.stdout.lines().count() > 1_000);
    ran.stdout
}

/// The keys that were fetched, each as often as it was.
fn fetched(stub: &Stub) -> Vec<String> {
    let requests = stub.seen().into_iter().filter(|request| request.path.contains(".json"));
    requests.map(|request| request.path).collect()
}

#[test]
fn faults_on_the_way_change_no_ledger() {
    let (expect, expect_rows) = (expected(&[]), rows(&["sample-logs/AWSLogs"]));
    for (faults, page) in [(None, 1_000), (Some(5), 25), (Some(6), 1_000)] {
        let (folder, stub) = (Folder::new(), Stub::start(World { page, faults, ..world(in_tree) }));
        let ledger = folder.path("ledger");
        let ran = ingest(&stub, "s3://trail", &ledger, &[]);
        assert!(ran.status == 3 && ran.stdout.contains("199 listed, 0 known, 199 added"), "{ran:?}");
        check(&usage(&ledger), "s3://trail/AWSLogs/", &expect);
        assert!(rows(&["--ledger", &ledger]) == expect_rows, "{faults:?}");
        if faults.is_some() {
            assert!(fetched(&stub).len() > 230, "there were faults");
        }
    }
}

#[test]
fn what_is_in_the_ledger_is_not_fetched_again() {
    let (folder, expect) = (Folder::new(), expected(&[]));
    let ledger = folder.path("ledger");
    // The first days only, and then everything.
    let mut first = world(in_tree);
    let days = &mut first.buckets.get_mut("trail").unwrap().1;
    let all = days.len();
    days.retain(|key, _| !key.contains("/2026/10/"));
    assert!(days.len() > 50 && days.len() < all);
    let stub = Stub::start(first);
    ingest(&stub, "s3://trail", &ledger, &[]);
    let before: BTreeSet<String> = fetched(&stub).into_iter().collect();
    let stub = Stub::start(world(in_tree));
    assert_eq!(ingest(&stub, "s3://trail/AWSLogs/", &ledger, &[]).status, 3);
    let both: Vec<String> = fetched(&stub).into_iter().filter(|key| before.contains(key)).collect();
    let again: BTreeSet<&String> = both.iter().collect();
    assert!(again.len() <= 1, "only a file that is cut is read again: {again:?}");
    assert_eq!(fetched(&stub).iter().collect::<BTreeSet<_>>().len(), LOGS - before.len() + again.len());
    check(&usage(&ledger), "s3://trail/AWSLogs/", &expect);
    // The same tree elsewhere is the same tree.
    let ran = trailtrim(&["ingest", "sample-logs", "--ledger", &ledger, "--quiet"]);
    assert!(ran.stdout.contains(" 0 new"), "{ran:?}");
    // Old days are not even listed.
    let stub = Stub::start(world(in_tree));
    let ran = ingest(&stub, "s3://trail", &ledger, &["--from", "2026-10-01"]);
    assert!(ran.stdout.contains("68 listed, 67 known") && ran.stdout.contains(" 0 new"), "{ran:?}");
    let lists = stub.seen().into_iter().filter_map(|request| request.query.get("start-after").cloned());
    let lists: Vec<String> = lists.collect();
    assert!(!lists.is_empty() && lists.iter().all(|after| !after.contains("/2026/08/")), "{lists:?}");
}

/// Names that say nothing: what was listed tells whether the bytes are known.
#[test]
fn objects_of_other_names_are_known_by_their_etags() {
    let (folder, name) = (Folder::new(), |number: usize| format!("exports/{number}.json.gz"));
    let ledger = folder.path("ledger");
    let logs = sample().into_iter().filter(|(name, _)| !name.contains("Digest")).map(|(_, content)| content);
    let contents: Vec<_> = logs.take(40).collect();
    let of = |contents: &[std::sync::Arc<Vec<u8>>]| {
        let objects = contents.iter().enumerate().map(|(number, content)| (name(number), content.clone()));
        let mut world = world(in_tree);
        world.buckets.get_mut("trail").unwrap().1 = objects.collect();
        world
    };
    let stub = Stub::start(of(&contents));
    let ran = ingest(&stub, "s3://trail/exports/", &ledger, &[]);
    assert!(ran.status == 0 && ran.stdout.contains("40 listed, 0 known, 40 added"), "{ran:?}");
    let stub = Stub::start(of(&contents));
    let ran = ingest(&stub, "s3://trail/exports/", &ledger, &[]);
    assert!(ran.status == 0 && ran.stdout.contains("40 listed, 40 known, 0 added"), "{ran:?}");
    assert_eq!(fetched(&stub), [""; 0]);

    // Another object under a known name, one of whose bytes nobody knows when it is fetched, and one that is known
    // under another name.
    let mut others = contents.clone();
    others.swap(3, 4);
    others.push(contents[5].clone());
    let changed = BTreeSet::from([name(4)]);
    let stub = Stub::start(World { changed, ..of(&others) });
    let ran = ingest(&stub, "s3://trail/exports/", &ledger, &[]);
    assert!(ran.status == 3 && ran.stdout.contains("41 listed, 38 known, 3 added"), "{ran:?}");
    assert!(usage(&ledger).stdout.contains("changed since it was listed; run it again"), "{ran:?}");
    let asked = [3, 4, 40].map(|number| format!("/trail/{}", name(number)));
    assert_eq!(fetched(&stub).into_iter().collect::<BTreeSet<_>>(), asked.into());
    let stub = Stub::start(of(&others));
    let ran = ingest(&stub, "s3://trail/exports/", &ledger, &[]);
    assert!(ran.status == 0 && ran.stdout.contains("41 listed, 40 known, 1 added"), "{ran:?}");
    assert!(ran.stdout.contains(" 0 new"), "{ran:?}");
}

#[test]
fn what_two_ledgers_have_in_common_is_read_again_from_s3() {
    let (folder, expect) = (Folder::new(), expected(&[]));
    let (left, right) = (folder.path("left"), folder.path("right"));
    let mut first = world(in_tree);
    let days = &mut first.buckets.get_mut("trail").unwrap().1;
    days.retain(|key, _| !key.contains("/2026/10/"));
    ingest(&Stub::start(first), "s3://trail", &left, &[]);
    let stub = Stub::start(world(in_tree));
    ingest(&stub, "s3://trail", &right, &[]);
    let args = ["ledger", "merge", &left, &right, "--quiet", "--endpoint-url", &stub.url, "--logs"];
    for (place, status, says) in [
        ("s3://trail/AWSLogs/111122223333/CloudTrail/us-east-1/", 2, "are not there"),
        ("s3://trail", 0, "overlap"),
    ] {
        let ran = with_env(&[&args[..], &[place]].concat(), &ENV);
        let said = [&*ran.stdout, &ran.stderr].concat();
        assert!(ran.status == status && said.contains(says), "{place}: {ran:?}");
    }
    check(&usage(&left), "s3://trail/AWSLogs/", &expect);
}

#[test]
fn what_could_not_be_fetched_is_named_and_read_the_next_time() {
    let (folder, expect) = (Folder::new(), expected(&[]));
    let ledger = folder.path("ledger");
    let denied: BTreeSet<String> = sample()
        .into_keys()
        .filter(|name| !name.contains("Digest"))
        .map(|name| in_tree(&name))
        .take(30)
        .collect();
    let stub = Stub::start(World { denied: denied.clone(), ..world(in_tree) });
    let ran = ingest(&stub, "s3://trail", &ledger, &[]);
    assert_eq!(ran.status, 3, "{ran:?}");
    let told: serde_json::Value = serde_json::from_str(&usage(&ledger).stdout).unwrap();
    assert_eq!(named_as_denied(&told), denied);
    assert!(told["events"].as_u64() < expect["events"].as_u64());
    // The next run fetches these, and the file that is cut.
    let stub = Stub::start(world(in_tree));
    ingest(&stub, "s3://trail", &ledger, &[]);
    let fetched: BTreeSet<String> =
        fetched(&stub).into_iter().map(|path| path.replace("/trail/", "")).collect();
    assert!(fetched.is_superset(&denied) && fetched.len() <= denied.len() + 1, "{fetched:?}");
    check(&usage(&ledger), "s3://trail/AWSLogs/", &expect);
}

#[test]
fn places_that_cannot_be_listed_leave_a_ledger_that_says_so() {
    let folder = Folder::new();
    let ledger = folder.path("ledger");
    let region = "AWSLogs/111122223333/CloudTrail/us-east-1/".to_owned();
    let stub = Stub::start(World { denied: BTreeSet::from([region]), ..world(in_tree) });
    let ran = ingest(&stub, "s3://trail", &ledger, &[]);
    assert_eq!(ran.status, 3, "{ran:?}");
    let grants = "sample-logs/iam/account-authorization-details.json";
    let ran = trailtrim(&["review", "--ledger", &ledger, "--grants", grants, "--force"]);
    let problem = "s3://trail/AWSLogs/111122223333/CloudTrail/us-east-1/: not listed: access denied: s3:ListBucket is missing";
    assert!(ran.status == 3 && ran.stderr.contains(problem), "{ran:?}");
    assert!(ran.stderr.contains("no recommendations"), "{ran:?}");
    for (place, says) in
        [("s3://nowhere", "there is no such bucket"), ("lookup-events:", "cannot be kept in a ledger")]
    {
        let ran = ingest(&stub, place, &folder.path("none"), &[]);
        assert!(ran.status == 2 && ran.stderr.contains(says), "{ran:?}");
    }
}
