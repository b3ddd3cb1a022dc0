//! One story, told through the program: somebody opens another's workspace, hands a strong role to a job, and
//! the job's session makes a key.

use crate::query::session;
use crate::run::{Folder, Ran, trailtrim};
use serde_json::{Value, json};
use std::process::Command;
use trailtrim::time::Timestamp;

const ACCOUNT: &str = "111122223333";

/// 2026-01-01T00:00:00Z; days count from here.
const START: i64 = 1_767_225_600;

/// A job's name that tries to be a command and markup.
const HOSTILE: &str = "j'; rm -rf ~ <script>alert(1)</script>";

fn who(name: &str) -> (Value, &'static str) {
    let person = |name: &str, key: &str| {
        session("AWSReservedSSO_DataScientist_0123456789abcdef", "AROAEXAMPLESSO0000001", name, key)
    };
    match name {
        "ana" => (person("ana@example.com", "ASIAEXAMPLEANA000001"), "198.51.100.1"),
        "eve" => (person("eve@example.com", "ASIAEXAMPLEEVE000001"), "198.51.100.3"),
        "ci" => (session("ci", "AROAEXAMPLECI00000001", "run", "ASIAEXAMPLECI0000001"), "192.0.2.10"),
        "job" => {
            (session("admin-exec", "AROAEXAMPLEADMIN00001", "SageMaker", "ASIAEXAMPLEJOB000001"), "10.0.0.9")
        }
        "ops" => (session("ops", "AROAEXAMPLEOPS0000001", "work", "ASIAEXAMPLEOPS000001"), "192.0.2.77"),
        "dora" => (
            json!({"type": "IAMUser", "principalId": "AIDAEXAMPLEDORA000001", "userName": "dora", "accountId": ACCOUNT,
                "arn": format!("arn:aws:iam::{ACCOUNT}:user/dora"), "accessKeyId": "AKIAEXAMPLEDORA00001"}),
            "192.0.2.77",
        ),
        other => panic!("nobody is called {other}"),
    }
}

fn event(id: &str, hours: i64, name: &str, call: &str, request: &Value) -> Value {
    let (identity, ip) = who(name);
    let (service, call) = call.split_once(':').unwrap();
    json!({
        "eventVersion": "1.11", "eventID": id, "eventName": call,
        "eventTime": Timestamp::from_seconds(START + hours * 3_600).unwrap().to_string(),
        "eventSource": format!("{service}.amazonaws.com"), "eventType": "AwsApiCall",
        "awsRegion": "eu-west-1", "recipientAccountId": ACCOUNT, "sourceIPAddress": ip,
        "userAgent": "Boto3/1.35.0", "userIdentity": identity, "requestParameters": request,
        "responseElements": null, "managementEvent": true, "eventCategory": "Management",
    })
}

fn job(name: &str, role: &str, bucket: &str) -> Value {
    json!({
        "trainingJobName": name, "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
        "outputDataConfig": {"s3OutputPath": format!("s3://{bucket}/out")},
        "resourceConfig": {"instanceType": "ml.m5.large", "instanceCount": 1},
    })
}

fn profile(name: &str) -> Value {
    json!({"domainId": "d-1", "userProfileName": name})
}

/// Sixty quiet days, and a bad one.
fn story() -> Vec<Value> {
    let mut all = Vec::new();
    for day in 0..70 {
        let at = day * 24;
        for name in ["ana", "eve"] {
            all.push(event(
                &format!("{name}-{day}"),
                at,
                name,
                "sagemaker:CreatePresignedDomainUrl",
                &profile(name),
            ));
        }
        all.push(event(
            &format!("ci-{day}"),
            at + 1,
            "ci",
            "sagemaker:CreateTrainingJob",
            &job("nightly", "train-exec", "team-out"),
        ));
    }
    let bad = 65 * 24 + 10;
    let notebook = json!({"notebookInstanceName": "scratch", "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/train-exec")});
    all.extend([
        event("bad-1", bad, "eve", "sagemaker:CreatePresignedDomainUrl", &profile("ana")),
        event(
            "bad-2",
            bad + 1,
            "eve",
            "sagemaker:CreateTrainingJob",
            &job(HOSTILE, "admin-exec", "drop-box"),
        ),
        event("bad-3", bad + 2, "job", "iam:CreateAccessKey", &json!({"userName": "legacy"})),
        event("bad-4", bad + 2, "eve", "sagemaker:CreateNotebookInstance", &notebook),
        event(
            "bad-5",
            bad + 3,
            "eve",
            "sagemaker:DeleteNotebookInstance",
            &json!({"notebookInstanceName": "scratch"}),
        ),
    ]);
    all
}

fn log(events: &[Value]) -> String {
    json!({"Records": events}).to_string()
}

fn snapshot() -> String {
    let role = |name: &str, id: &str, path: &str, action: &str| {
        json!({
            "RoleName": name, "RoleId": id, "Path": path, "CreateDate": "2024-01-01T00:00:00+00:00",
            "Arn": format!("arn:aws:iam::{ACCOUNT}:role{path}{name}"),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "InstanceProfileList": [], "AttachedManagedPolicies": [], "Tags": [],
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": action, "Resource": "*"},
            ]}}],
        })
    };
    let sso = "AWSReservedSSO_DataScientist_0123456789abcdef";
    json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [
            role(sso, "AROAEXAMPLESSO0000001", "/aws-reserved/sso.amazonaws.com/", "sagemaker:Describe*"),
            role("admin-exec", "AROAEXAMPLEADMIN00001", "/", "*"),
        ],
    })
    .to_string()
}

struct Told {
    folder: Folder,
    log: String,
    snapshot: String,
}

fn told() -> Told {
    let folder = Folder::new();
    let log = folder.file("log.json", log(&story()));
    let snapshot = folder.file("snapshot.json", snapshot());
    Told { folder, log, snapshot }
}

impl Told {
    fn run(&self, args: &[&str]) -> Ran {
        let mut all = vec!["investigate", "sagemaker", &self.log, "--grants", &self.snapshot];
        all.extend(args);
        trailtrim(&all)
    }

    fn cases(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--format", "json"]].concat());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        serde_json::from_str(&ran.stdout).unwrap()
    }
}

fn texts(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_case_says_what_a_responder_asks() {
    let told = told();
    let value = told.cases(&["--since", "2026-03-01"]);
    assert_eq!(value["schema"], "trailtrim.cases/v1");
    assert_eq!(value["cases"].as_array().unwrap().len(), 1, "{value:#}");
    let case = &value["cases"][0];
    assert_eq!(case["human"]["key"], "eve@example.com");
    assert_eq!(case["human"]["basis"], "identity_center_session");
    assert!(case["score"].as_u64().unwrap() > 90, "{}", case["score"]);
    let rules = texts(&case["reasons"], "query");
    for rule in
        ["presigned_url_for_other_profile", "passrole_new_role", "passed_role_stronger", "new_output_bucket"]
    {
        assert!(rules.iter().any(|one| one == rule), "{rule} is not in {rules:?}");
    }
    // The session of the role that was handed over belongs to the case.
    assert_eq!(texts(&case["joined"], "name"), ["admin-exec"]);
    let evidence: Vec<&str> =
        case["evidence"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    for id in ["bad-1", "bad-2", "bad-3"] {
        assert!(evidence.contains(&id), "{id} is not in {evidence:?}");
    }
    let stands: Vec<(&str, bool)> = case["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["what"].as_str().unwrap(), one["undone_by"].is_null()))
        .collect();
    assert!(stands.contains(&("notebook", false)) && stands.contains(&("access key", true)), "{stands:?}");
    assert_eq!(texts(&case["outflow"]["buckets"], "bucket"), ["drop-box"]);
    let radius = case["blast_radius"].as_array().unwrap();
    let of = |name: &str| radius.iter().find(|one| one["arn"].as_str().unwrap().ends_with(name)).unwrap();
    assert!(of("admin-exec")["granted"]["ways"].as_array().unwrap().len() > 10);
    assert_eq!(of("abcdef")["granted"]["ways"], json!([]));
    let unknown = case["unknowns"].as_array().unwrap();
    assert!(unknown.iter().any(|one| one.as_str().unwrap().contains("no data event of S3")), "{unknown:?}");
}

#[test]
fn order_and_repetition_do_not_matter() {
    let told = told();
    let expect = told.cases(&[]);
    let mut events = story();
    events.reverse();
    let twice: Vec<Value> = events.iter().chain(&events).cloned().collect();
    let other = Told { log: told.folder.file("other.json", log(&twice)), ..told };
    let found = other.cases(&["--threads", "1"]);
    assert_eq!(found["cases"], expect["cases"]);
}

#[test]
fn what_is_hostile_stays_text() {
    let told = told();
    for format in ["table", "json", "markdown", "html", "dot"] {
        let ran = told.run(&["--format", format]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("alert(1)"), "{format} does not show the job");
        if format == "html" {
            assert!(!ran.stdout.contains("<script"), "{format}");
            assert!(ran.stdout.contains("<svg"), "{format}");
        }
        if format == "markdown" {
            // Commands are an indented block, in which nothing is markup.
            let text = ran.stdout.lines().filter(|line| !line.starts_with("    "));
            let raw = text.filter(|line| line.replace("\\<", "").contains("<script"));
            assert_eq!(raw.collect::<Vec<_>>(), Vec::<&str>::new());
        }
        if format == "table" {
            let quoted = "aws sagemaker stop-training-job --training-job-name 'j'\\''; rm -rf ~";
            assert!(ran.stdout.contains(quoted), "{}", ran.stdout);
            // Only commands, which are copied whole, and single words may be longer.
            let long = ran.stdout.lines().filter(|line| line.chars().count() > 80);
            let may = |line: &str| {
                line.starts_with("  aws ") || line.starts_with("  # ") || !line.trim().contains(' ')
            };
            assert!(long.clone().all(may), "{:?}", long.collect::<Vec<_>>());
        }
    }
}

/// A browser's own reading of the page: what the logs say stays text there too.
#[test]
fn the_page_in_a_browser() {
    let browsers = ["chromium", "google-chrome"];
    let is_there =
        |name: &&&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    let Some(browser) = browsers.iter().find(is_there) else {
        println!("skipped: no browser ({})", browsers.join(", "));
        return;
    };
    let told = told();
    let page = told.folder.0.join("page.html");
    let ran = told.run(&["--format", "html", "--output", page.to_str().unwrap()]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let args = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"];
    let out = Command::new(browser).args(args).arg(format!("file://{}", page.display())).output().unwrap();
    let dom = String::from_utf8(out.stdout).unwrap();
    assert!(dom.contains("&lt;script&gt;alert(1)"), "{dom}");
    assert!(!dom.contains("<script") && dom.contains("<svg") && !dom.contains("http://"), "{dom}");
}

#[test]
fn what_is_known_already() {
    let told = told();
    let count = |args: &[&str]| told.cases(args)["cases"].as_array().unwrap().len();
    for (args, expect) in [
        (["--principal", "eve@example.com"], 71),
        (["--access-key", "ASIAEXAMPLEJOB000001"], 1),
        (["--ip", "10.0.0.9"], 1),
        (["--resource", "drop-box"], 1),
        (["--resource", "d-1/ana"], 71),
        (["--resource", "nowhere"], 0),
    ] {
        assert_eq!(count(&args), expect, "{args:?}");
    }
    let none = trailtrim(&["investigate", "sagemaker"]);
    assert_eq!(none.status, 2, "{}", none.stdout);
    let failed = told.run(&["--fail-on", "90"]);
    assert_eq!(failed.status, 1);
}

#[test]
fn who_is_behind_a_session() {
    let told = told();
    let at = 66 * 24 + 5;
    let mut assumed = event("issue", at, "dora", "sts:AssumeRole", &json!({"roleSessionName": "work"}));
    assumed["responseElements"] = json!({"credentials": {"accessKeyId": "ASIAEXAMPLEOPS000001"}});
    let owner = |id: &str, name: &str| {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/admin-exec");
        let request =
            json!({"domainId": "d-1", "userProfileName": name, "userSettings": {"executionRole": role}});
        event(id, 2, "ci", "sagemaker:CreateUserProfile", &request)
    };
    let mut events = story();
    events.extend([
        assumed,
        event("chained", at + 1, "ops", "sagemaker:CreateTrainingJob", &job("j", "new-exec", "new-bucket")),
        owner("profile-1", "ana"),
        owner("profile-2", "eve"),
        event("shared", 68 * 24, "job", "iam:CreateAccessKey", &json!({"userName": "other"})),
    ]);
    let told = Told { log: told.folder.file("people.json", log(&events)), ..told };
    let value = told.cases(&["--since", "2026-03-01"]);
    let of = |id: &str| {
        let holds = |case: &&Value| case["evidence"].as_array().unwrap().iter().any(|one| one == id);
        value["cases"].as_array().unwrap().iter().find(holds).unwrap_or_else(|| panic!("no case of {id}"))
    };
    let chained = &of("chained")["human"];
    assert_eq!((&chained["key"], &chained["basis"]), (&json!("dora"), &json!("assume_role_chain")));
    assert_eq!(chained["issued_to"], json!(["dora (issue)"]));
    let shared = &of("shared")["human"];
    assert_eq!(
        (&shared["key"], &shared["shared"], &shared["profiles"]),
        (&json!(""), &json!(true), &json!(2))
    );
    assert_eq!(shared["opened_before"], json!(["d-1/ana by ana@example.com", "d-1/eve by eve@example.com"]));
    let unknowns = of("shared")["unknowns"].to_string();
    assert!(unknowns.contains("attribution impossible (2 profiles)"), "{unknowns}");
}

#[test]
fn one_event() {
    let told = told();
    let ran = trailtrim(&["explain-event", "bad-2", &told.log, "--grants", &told.snapshot]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for words in ["passrole_new_role", "passed_role roleArn", "sagemaker:CreateTrainingJob", "looked at by"] {
        assert!(ran.stdout.contains(words), "{words} is not in {}", ran.stdout);
    }
    let json = trailtrim(&["explain-event", "bad-2", &told.log, "--format", "json"]);
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["schema"], "trailtrim.event/v1");
    let found = texts(&value["found_by"], "query");
    assert!(found.iter().any(|one| one == "new_output_bucket"), "{found:?}");
    let none = trailtrim(&["explain-event", "nobody", &told.log]);
    assert_eq!(none.status, 2);
    assert!(none.stderr.contains("no event `nobody`"), "{}", none.stderr);
}

#[test]
fn a_short_log_says_what_it_cannot_tell() {
    let folder = Folder::new();
    let events: Vec<Value> =
        story().into_iter().filter(|event| event["eventID"].as_str().unwrap().starts_with("bad")).collect();
    let file = folder.file("short.json", log(&events));
    let ran = trailtrim(&["investigate", "sagemaker", &file]);
    assert!(ran.stdout.contains("no baseline: 0 days with events, 14 are"), "{}", ran.stdout);
    assert!(ran.stdout.contains("could not be evaluated: their silence says nothing"), "{}", ran.stdout);
}
