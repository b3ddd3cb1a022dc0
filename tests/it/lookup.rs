//! Events that are looked up without a trail: pages, throttling, a region that fails, and what is kept.

use crate::run::{Folder, Ran, trailtrim, with_env};
use crate::s3::ENV;
use crate::s3::stub::{Request, Stub, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;
use trailtrim::time::Timestamp;

const ACCOUNT: &str = "111122223333";

/// Events on a page of the stub. AWS gives 50; fewer make pages without many events.
const PAGE: usize = 3;

/// Midnight, sixty days ago: only the last ninety can be looked up.
fn beginning() -> i64 {
    static BEGINNING: OnceLock<i64> = OnceLock::new();
    *BEGINNING.get_or_init(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        i64::try_from(now / 86_400 * 86_400).unwrap() - 60 * 86_400
    })
}

fn time(seconds: i64) -> String {
    Timestamp::from_seconds(seconds).unwrap().to_string()
}

/// What the service holds: seven events in eu-west-1, newest first, two of them in one second; one in
/// us-east-1.
fn events(region: &str) -> Vec<(i64, Value)> {
    let hours: &[i64] = match region {
        "eu-west-1" => &[500, 400, 300, 300, 200, 100, 50],
        "us-east-1" => &[10],
        _ => &[],
    };
    let event = |(number, hour): (usize, &i64)| {
        let seconds = beginning() + hour * 3_600;
        let time = time(seconds);
        let record = json!({
            "eventVersion": "1.11", "eventTime": time, "awsRegion": region,
            "userIdentity": {"type": "IAMUser", "principalId": "AIDASAMPLE", "accountId": ACCOUNT, "userName": "x \"y\"",
                "arn": format!("arn:aws:iam::{ACCOUNT}:user/x")},
            "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "eventID": format!("{region}-{number}"),
            "readOnly": true, "eventType": "AwsApiCall", "managementEvent": true, "eventCategory": "Management",
            "recipientAccountId": ACCOUNT,
        });
        (seconds, record)
    };
    hours.iter().enumerate().map(event).collect()
}

/// A service that answers lookups. `throttled`: so many requests of a region are refused before one is
/// answered; `denied`: a region that refuses all.
fn service(throttled: u32, denied: &'static str) -> Stub {
    let left: Arc<Mutex<BTreeMap<String, u32>>> = Arc::default();
    let answer = move |request: &Request| {
        if request.body.contains("Action=GetCallerIdentity") {
            let body = format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            );
            return (200, body);
        }
        assert!(request.headers["x-amz-target"].ends_with(".LookupEvents"), "{request:?}");
        let region = request.headers["authorization"].split('/').nth(2).unwrap().to_owned();
        let refuse =
            |code: &str, message: &str| (400, json!({"__type": code, "message": message}).to_string());
        if region == denied {
            let message = "User: u is not authorized to perform: cloudtrail:LookupEvents";
            return refuse("AccessDeniedException", message);
        }
        let mut left = left.lock().unwrap();
        let left = left.entry(region.clone()).or_insert(throttled);
        if *left > 0 {
            *left -= 1;
            return refuse("ThrottlingException", "Rate exceeded");
        }
        *left = throttled;
        let asked: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(asked["MaxResults"], 50);
        // Seconds, perhaps written with a fraction.
        let bound = |name: &str| asked[name].to_string().split('.').next().unwrap().parse::<i64>().unwrap();
        let (from, to) = (bound("StartTime"), bound("EndTime"));
        let start: usize = asked["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let fits = |(seconds, _): &(i64, Value)| (from..=to).contains(seconds);
        let all: Vec<_> = events(&region).into_iter().filter(fits).collect();
        let page: Vec<Value> = all
            .iter()
            .skip(start)
            .take(PAGE)
            .map(|(seconds, record)| json!({"EventTime": seconds, "CloudTrailEvent": record.to_string()}))
            .collect();
        let next = (start + PAGE < all.len()).then(|| (start + PAGE).to_string());
        (200, json!({"Events": page, "NextToken": next}).to_string())
    };
    Stub::start(World { other: Some(Box::new(answer)), ..World::default() })
}

fn usage(stub: &Stub, more: &[&str]) -> Ran {
    let args = [
        "usage",
        "lookup-events:",
        "--quiet",
        "--format",
        "json",
        "--from",
        "80d",
        "--endpoint-url",
        &stub.url,
    ];
    with_env(&[&args[..], more].concat(), &ENV)
}

fn lookups(stub: &Stub) -> usize {
    stub.seen().iter().filter(|request| request.headers.contains_key("x-amz-target")).count()
}

fn value(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

/// What a file with the same events gives.
fn expected() -> Value {
    let folder = Folder::new();
    let all: Vec<Value> = ["eu-west-1", "us-east-1"]
        .iter()
        .flat_map(|region| events(region))
        .map(|(_, record)| record)
        .collect();
    let file = folder.file("all.json", json!({"Records": all}).to_string());
    value(&trailtrim(&["usage", &file, "--format", "json"]))["principals"].clone()
}

#[test]
fn pages_of_all_regions_are_one_log() {
    let stub = service(1, "");
    let ran = usage(&stub, &["--regions", "eu-west-1,us-east-1,eu-north-1"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(value(&ran)["events"], 8);
    assert_eq!(value(&ran)["principals"], expected());
    // Three pages, one, and one without events; each was refused once before.
    assert_eq!(lookups(&stub), 10);
}

#[test]
fn a_region_that_fails_is_named_and_forbids_recommendations() {
    let stub = service(0, "eu-north-1");
    let regions = ["--regions", "eu-west-1,eu-north-1"];
    let ran = usage(&stub, &regions);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    let problem = &value(&ran)["problems"][0];
    assert_eq!(problem["file"], "lookup-events:eu-north-1");
    assert_eq!(problem["kind"], "unlisted");
    assert_eq!(problem["message"], "not looked up: access denied: cloudtrail:LookupEvents is missing");
    assert_eq!(value(&ran)["events"], 7);
    let grants = "sample-logs/iam/account-authorization-details.json";
    let args = ["review", "lookup-events:", "--grants", grants, "--force", "--endpoint-url", &stub.url];
    let ran = with_env(&[&args[..], &regions].concat(), &ENV);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("nobody knows what they hold: no recommendations"), "{}", ran.stderr);
    let ran = with_env(&[&args[..], &["--trails", grants]].concat(), &ENV);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
}

#[test]
fn what_was_looked_up_is_kept_and_not_asked_for_again() {
    let cache = Folder::new();
    let folder = cache.path("cache");
    let more = ["--regions", "eu-west-1", "--lookup-cache", &folder];
    let stub = service(0, "");
    let first = usage(&stub, &more);
    assert_eq!((first.status, lookups(&stub)), (0, 3), "{}", first.stderr);
    // Only the last hour may still change.
    let second = usage(&stub, &more);
    assert_eq!((second.status, lookups(&stub)), (0, 4), "{}", second.stderr);
    assert_eq!(value(&first)["principals"], value(&second)["principals"]);
    // What was found is a folder like any other.
    let local = trailtrim(&["usage", &folder, "--format", "json"]);
    assert_eq!((local.status, value(&local)["events"].clone()), (0, json!(7)), "{}", local.stderr);
    // A run that ended behind its second page: the rest is asked for, and nothing counts twice.
    let covered = cache.0.join(format!("cache/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/.covered"));
    let text = std::fs::read_to_string(&covered).unwrap();
    let newest = text.split_whitespace().last().unwrap();
    std::fs::write(&covered, format!("{} {newest}\n", time(beginning() + 100 * 3_600 + 1))).unwrap();
    let third = usage(&stub, &more);
    assert_eq!((third.status, lookups(&stub)), (0, 6), "{}", third.stderr);
    assert_eq!(value(&third)["principals"], value(&first)["principals"]);
    std::fs::write(&covered, "nonsense\n").unwrap();
    let fourth = usage(&stub, &more);
    assert_eq!(fourth.status, 2, "{}", fourth.stderr);
    assert!(fourth.stderr.contains("is not what a lookup wrote"), "{}", fourth.stderr);
}

#[test]
fn a_filter_is_passed_on_and_proves_nothing() {
    let stub = service(0, "");
    let ran = usage(&stub, &["--regions", "us-east-1", "--lookup-attribute", "Username=x"]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stdout.contains("only events with Username=x were asked for"), "{}", ran.stdout);
    let asked = stub.seen().into_iter().find(|request| request.body.contains("LookupAttributes")).unwrap();
    let asked: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(asked["LookupAttributes"], json!([{"AttributeKey": "Username", "AttributeValue": "x"}]));
    assert_eq!(usage(&stub, &["--lookup-attribute", "Name=x"]).status, 2);
}
