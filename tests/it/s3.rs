//! Logs in S3, read from a small S3 in this process: the same result as from the folder, whatever goes wrong
//! on the way; and what cannot be read is named.

pub(crate) mod stub;

use crate::run::{Ran, root, trailtrim, with_env};
use crate::signed_trail::{BUCKET, digest_object, trail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use stub::{Request, Stub, World};
#[cfg(unix)]
use {
    crate::emulator::tool,
    std::io::{Read as _, Write as _},
    std::net::{TcpListener, TcpStream},
    std::process::{Child, Command, Stdio},
    std::thread::sleep,
    std::time::Duration,
};

/// Keeps what the machine has configured for AWS out of the tests.
pub(crate) const ENV: [(&str, &str); 6] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_CONFIG_FILE", "/nonexistent"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
];

/// The sample's log files, by their path below `AWSLogs`, digest files included.
pub(crate) fn sample() -> BTreeMap<String, Arc<Vec<u8>>> {
    below(&root().join("sample-logs/AWSLogs"))
}

fn below(folder: &Path) -> BTreeMap<String, Arc<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, Arc::new(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// A world with the sample in the bucket `trail`, each file under the name that `key` makes of its path.
pub(crate) fn world(key: impl Fn(&str) -> String) -> World {
    let objects = sample().into_iter().map(|(name, content)| (key(&name), content)).collect();
    World {
        buckets: BTreeMap::from([("trail".to_owned(), ("us-east-1".to_owned(), objects))]),
        page: 1_000,
        ..World::default()
    }
}

pub(crate) fn in_tree(name: &str) -> String {
    format!("AWSLogs/{name}")
}

/// `usage` of a place, as JSON.
fn usage(stub: &Stub, place: &str, more: &[&str]) -> Ran {
    let args = ["usage", place, "--quiet", "--format", "json", "--endpoint-url", &stub.url];
    with_env(&[&args[..], more].concat(), &ENV)
}

/// The same of the folder; only the names of files in problems are others.
pub(crate) fn expected(more: &[&str]) -> Value {
    let args = ["usage", "sample-logs/AWSLogs", "--quiet", "--format", "json"];
    let ran = trailtrim(&[&args[..], more].concat());
    assert_eq!(ran.status, 3, "one file of the sample is cut: {}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Is it the result of the folder, with names that begin with `shown` instead of the folder's?
pub(crate) fn check(ran: &Ran, shown: &str, expect: &Value) {
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout.replace(shown, "sample-logs/AWSLogs/")).unwrap();
    assert!(found == *expect, "differs from the folder's:\n{}", ran.stdout);
}

#[test]
fn every_layout_gives_what_the_folder_gives() {
    let expect = expected(&[]);
    for (layout, key) in [
        ("AWSLogs/", "AWSLogs/"),
        ("AWSLogs/o-abc123/", "AWSLogs/o-abc123/"),
        ("o-abc123/AWSLogs/o-abc123/", "o-abc123/AWSLogs/o-abc123/"),
        ("team a/é+%/AWSLogs/", "team a/é+%/AWSLogs/"),
        ("flat/", "flat/"),
    ] {
        let stub = Stub::start(world(|name| format!("{key}{name}")));
        check(&usage(&stub, "s3://trail", &[]), &format!("s3://trail/{layout}"), &expect);
        let root = layout.split_once('/').unwrap().0;
        check(&usage(&stub, &format!("s3://trail/{root}"), &[]), &format!("s3://trail/{layout}"), &expect);
        for request in stub.seen() {
            assert_eq!(request.method, "GET", "{request:?}");
            assert!(layout == "flat/" || !request.path.contains("Digest"), "{request:?}");
        }
    }
}

#[test]
fn small_pages_and_small_budgets_change_nothing() {
    let expect = expected(&[]);
    for page in [1, 7, 64] {
        let stub = Stub::start(World { page, ..world(in_tree) });
        check(&usage(&stub, "s3://trail", &["--prefetch-mib", "0"]), "s3://trail/AWSLogs/", &expect);
        let lists = stub.seen().into_iter().filter(|request| request.query.contains_key("list-type"));
        let lists: BTreeSet<_> = lists.map(|request| format!("{:?}", request.query)).collect();
        let gets: BTreeSet<String> = stub
            .seen()
            .into_iter()
            .map(|request| request.path)
            .filter(|path| path.contains("json"))
            .collect();
        assert_eq!(gets.len(), 199, "each log file is fetched, and no digest file");
        assert!(lists.len() >= 199 / page, "{page}: {}", lists.len());
    }
}

#[test]
fn faults_on_the_way_change_nothing() {
    let expect = expected(&[]);
    for (seed, checksums) in [(1, false), (2, true)] {
        let world = World { faults: Some(seed), page: 25, checksums, ..world(in_tree) };
        let stub = Stub::start(world);
        check(&usage(&stub, "s3://trail", &[]), "s3://trail/AWSLogs/", &expect);
        let gets = stub.seen().iter().filter(|request| request.path.contains("json")).count();
        assert!(gets > 230, "there were faults: {gets} requests");
    }
}

#[test]
fn only_the_days_of_the_window_are_listed() {
    let window = ["--from", "2026-09-10", "--to", "2026-09-12"];
    let expect = expected_clean(&window);
    let stub = Stub::start(world(in_tree));
    let ran = usage(&stub, "s3://trail", &window);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&found["principals"], &found["events"]), (&expect["principals"], &expect["events"]));
    let seen = stub.seen();
    let of = |what: fn(&Request) -> bool| seen.iter().filter(move |request| what(request));
    // Bucket, AWSLogs, account, kind; then one for each of the two regions.
    assert_eq!(of(|request| request.query.contains_key("list-type")).count(), 6);
    for request in of(|request| request.path.contains("json")) {
        assert!(request.path.contains("/2026/09/"), "{request:?}");
        let day: u32 = request.path.split("/2026/09/").nth(1).unwrap()[..2].parse().unwrap();
        assert!((9..=12).contains(&day), "{request:?}");
    }
}

/// The folder's result for a window without the file that is cut; `files` counts what was opened, so it differs.
fn expected_clean(more: &[&str]) -> Value {
    let args = ["usage", "sample-logs/AWSLogs", "--quiet", "--format", "json"];
    serde_json::from_str(&trailtrim(&[&args[..], more].concat()).stdout).unwrap()
}

/// The keys of the objects that a result says may not be read.
pub(crate) fn named_as_denied(told: &Value) -> BTreeSet<String> {
    told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|problem| problem["message"] == "access denied: s3:GetObject is missing")
        .map(|problem| problem["file"].as_str().unwrap().replace("s3://trail/", ""))
        .collect()
}

#[test]
fn what_may_not_be_read_is_named() {
    let mut denied: BTreeSet<String> = sample().into_keys().map(|name| in_tree(&name)).take(40).collect();
    denied.retain(|key| !key.contains("Digest"));
    assert!(denied.len() >= 30);
    let stub = Stub::start(World { denied: denied.clone(), ..world(in_tree) });
    let ran = usage(&stub, "s3://trail", &[]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(named_as_denied(&found), denied);
    // Refused once is refused.
    let gets = stub
        .seen()
        .iter()
        .filter(|request| denied.contains(request.path.trim_start_matches("/trail/")))
        .count();
    assert_eq!(gets, denied.len());
}

#[test]
fn what_may_not_be_listed_forbids_recommendations() {
    let region = "AWSLogs/111122223333/CloudTrail/us-east-1/".to_owned();
    let stub = Stub::start(World { denied: BTreeSet::from([region]), ..world(in_tree) });
    let grants = "sample-logs/iam/account-authorization-details.json";
    let args = ["review", "s3://trail", "--grants", grants, "--force", "--endpoint-url", &stub.url];
    let ran = with_env(&args, &ENV);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    let problem = "s3://trail/AWSLogs/111122223333/CloudTrail/us-east-1/: not listed: access denied: s3:ListBucket is missing";
    assert!(ran.stderr.contains(problem), "{}", ran.stderr);
    assert!(ran.stderr.contains("nobody knows what they hold: no recommendations"), "{}", ran.stderr);
}

#[test]
fn a_bucket_elsewhere_is_found() {
    let expect = expected(&[]);
    for silent in [false, true] {
        let mut world = World { silent, ..world(in_tree) };
        world.buckets.get_mut("trail").unwrap().0 = "eu-central-1".to_owned();
        let stub = Stub::start(world);
        check(&usage(&stub, "s3://trail", &[]), "s3://trail/AWSLogs/", &expect);
    }
}

#[test]
fn single_objects_and_folders_mix() {
    let stub = Stub::start(world(in_tree));
    let (name, _) = sample().into_iter().find(|(name, _)| name.contains("CloudTrail/eu-west-1")).unwrap();
    let local = format!("sample-logs/AWSLogs/{name}");
    let remote = format!("s3://trail/AWSLogs/{name}");
    let args = ["usage", &remote, &local, "--format", "json", "--endpoint-url", &stub.url];
    let both = with_env(&args, &ENV);
    let value = |ran: &Ran| serde_json::from_str::<Value>(&ran.stdout).unwrap();
    let alone = value(&trailtrim(&["usage", &local, "--format", "json"]));
    assert_eq!(both.status, 0, "{}", both.stderr);
    assert_eq!(value(&both)["principals"], alone["principals"]);
    assert_eq!(value(&both)["files"], 2);
    assert_eq!(value(&both)["duplicates"], alone["events"], "everything was delivered twice");
    assert_eq!(stub.seen().len(), 2, "one look, one object: {:?}", stub.seen());
}

#[test]
fn the_requester_and_the_role_are_passed_on() {
    let assumed = |request: &Request| {
        assert!(request.body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Freader"));
        let body = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        (200, body.to_owned())
    };
    let stub = Stub::start(World { other: Some(Box::new(assumed)), ..world(in_tree) });
    let more = ["--request-payer", "requester", "--role-arn", "arn:aws:iam::111122223333:role/reader"];
    let args = ["usage", "s3://trail", "--quiet", "--endpoint-url", &stub.url];
    let env = [&ENV[..], &[("AWS_ENDPOINT_URL_STS", stub.url.as_str())]].concat();
    assert_eq!(with_env(&[&args[..], &more].concat(), &env).status, 3);
    for request in stub.seen().iter().filter(|request| request.method == "GET") {
        assert_eq!(request.headers["x-amz-request-payer"], "requester");
        assert!(request.headers["authorization"].contains("Credential=ASSUMED/"));
    }
}

#[test]
fn what_cannot_be_opened_is_said_in_two_lines() {
    let stub = Stub::start(world(in_tree));
    for (place, env, say) in [
        ("s3://", &ENV[..], "`s3://` names no bucket\nhint: s3://bucket/prefix"),
        ("s3://nowhere", &ENV[..], "s3://nowhere/: not listed: there is no such bucket\nhint: "),
        ("s3://trail/empty", &ENV[..], "s3://trail/empty: the folder is empty\nhint: "),
        ("s3://trail", &ENV[2..], "no AWS credentials: "),
    ] {
        let args = ["usage", place, "--endpoint-url", &stub.url];
        let ran = with_env(&args, env);
        assert_eq!(ran.status, 2, "{place}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("trailtrim: ") && ran.stderr.contains(say), "{place}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 2, "{place}: {}", ran.stderr);
    }
}

#[test]
fn digest_files_and_their_signatures_are_read_when_asked_for() {
    let (folder, _) = trail();
    let newest = digest_object(3, "");
    let beside = folder.0.join(format!("{newest}.metadata.json"));
    let metadata: Value = serde_json::from_slice(&fs::read(&beside).unwrap()).unwrap();
    fs::remove_file(beside).unwrap();
    let tree = folder.0.join("AWSLogs");
    let objects = below(&tree).into_iter().map(|(name, content)| (in_tree(&name), content)).collect();
    let signature = metadata["Metadata"]["signature"].as_str().unwrap().to_owned();
    let stub = Stub::start(World {
        buckets: BTreeMap::from([(BUCKET.to_owned(), ("us-east-1".to_owned(), objects))]),
        signatures: BTreeMap::from([(newest, signature)]),
        page: 1_000,
        ..World::default()
    });
    let keys = folder.path("keys.json");
    let place = format!("s3://{BUCKET}/");
    let more = ["--public-keys", &keys, "--endpoint-url", &stub.url];
    let ran = with_env(&[&["validate-logs", &place][..], &more].concat(), &ENV);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    let said = "4/4 digest files valid\n8/8 log files valid\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    let ran = with_env(&[&["usage", &place, "--require-digests"][..], &more].concat(), &ENV);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("8 events"), "{}", ran.stdout);
}

/// Memory for a hundred thousand objects. By hand, because it takes a minute:
/// `cargo test --all-features --test it hundred_thousand -- --ignored --nocapture`
#[cfg(target_os = "linux")]
#[test]
#[ignore = "takes a minute and prints numbers for docs/BENCHMARKS.md"]
fn a_hundred_thousand_objects_are_listed_and_read() {
    let (_, content) = sample().into_iter().find(|(name, _)| name.contains("CloudTrail/eu-west-1")).unwrap();
    let key = |number: usize| {
        let (day, file) = (number / 1_112, number % 1_112);
        let (month, day) = (8 + day / 30, 1 + day % 30);
        format!(
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/{month:02}/{day:02}/111122223333_CloudTrail_eu-west-1_2026{month:02}{day:02}T{:02}{:02}Z_{file:016}.json.gz",
            file / 60,
            file % 60
        )
    };
    let objects: BTreeMap<String, Arc<Vec<u8>>> =
        (0..100_000).map(|number| (key(number), Arc::clone(&content))).collect();
    assert_eq!(objects.len(), 100_000);
    let stub = Stub::start(World {
        buckets: BTreeMap::from([("trail".to_owned(), ("us-east-1".to_owned(), objects))]),
        page: 1_000,
        ..World::default()
    });
    for mib in ["64", "8"] {
        let begin = std::time::Instant::now();
        let args = ["usage", "s3://trail", "--quiet", "--prefetch-mib", mib, "--endpoint-url", &stub.url];
        let program = env!("CARGO_BIN_EXE_trailtrim");
        let mut child = Command::new(program).args(args).envs(ENV).stdout(Stdio::null()).spawn().unwrap();
        let mut peak = String::new();
        while child.try_wait().unwrap().is_none() {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let line = status.lines().find(|line| line.starts_with("VmHWM"));
            peak = line.map_or(peak, ToOwned::to_owned);
            sleep(Duration::from_millis(20));
        }
        assert_eq!(child.wait().unwrap().code(), Some(0));
        println!("{mib} MiB ahead, {} bytes an object: {peak}, {:?}", content.len(), begin.elapsed());
    }
    let lists = stub.seen().iter().filter(|request| request.query.contains_key("list-type")).count();
    println!("{lists} listings in two runs");
}

/// Against another S3 than our own, when there is one (`pip install 'moto[server]'`).
#[cfg(unix)]
#[test]
fn an_emulator_agrees() {
    let Some(server) = tool("moto_server") else {
        println!("skipped: moto_server is not installed");
        return;
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let args = ["-H", "127.0.0.1", "-p", &port.to_string()];
    let child = Command::new(server).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let emulator = Ended(child.unwrap());
    let up = (0..300).any(|_| {
        sleep(Duration::from_millis(100));
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    assert!(up, "the emulator does not answer");
    put(port, "/trail", &[]);
    for (name, content) in sample() {
        put(port, &format!("/trail/{}", in_tree(&name)), &content);
    }
    let url = format!("http://127.0.0.1:{port}");
    let args = ["usage", "s3://trail", "--quiet", "--format", "json", "--endpoint-url", &url];
    check(&with_env(&args, &ENV), "s3://trail/AWSLogs/", &expected(&[]));
    drop(emulator);
}

#[cfg(unix)]
struct Ended(Child);

#[cfg(unix)]
impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
fn put(port: u16, path: &str, content: &[u8]) {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        content.len()
    );
    connection.write_all(&[head.as_bytes(), content].concat()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
}
