//! The main job on the sample account: its stories, its determinism, its exit statuses.

use crate::run::{Folder, Ran, root, trailtrim};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const GRANTS: &str = "sample-logs/iam/account-authorization-details.json";

fn sample(more: &[&str]) -> Ran {
    let mut args = vec!["review", "sample-logs", "--grants", GRANTS];
    args.extend(more);
    trailtrim(&args)
}

fn sample_json() -> Value {
    serde_json::from_str(&sample(&["--format", "json", "--quiet"]).stdout).unwrap()
}

fn principal<'v>(review: &'v Value, name: &str) -> &'v Value {
    let all = review["principals"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn policy_file(role: &str, policy: &str, resources: &str) -> Value {
    let out = Folder::new();
    let ran = sample(&["-o", &out.path("r"), "--resources", resources]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    let file = out.path(&format!("r/policies/111122223333/{role}/{policy}.json"));
    serde_json::from_str(&fs::read_to_string(&file).unwrap_or_else(|_| panic!("{file}"))).unwrap()
}

#[test]
fn the_training_roles_policy_is_what_it_used() {
    assert_eq!(
        policy_file("SageMakerTrainingRole", "TrainingAccess", "generalise"),
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "DataAccess",
                    "Effect": "Allow",
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::my-ai-data-bucket/*"
                },
                {
                    "Sid": "DataAccess2",
                    "Effect": "Allow",
                    "Action": "s3:ListBucket",
                    "Resource": "arn:aws:s3:::my-ai-data-bucket"
                },
                {
                    "Sid": "Logs",
                    "Effect": "Allow",
                    "Action": "logs:CreateLogStream",
                    "Resource": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/TrainingJobs:log-stream:*"
                },
                {
                    "Sid": "Logs2",
                    "Effect": "Allow",
                    "Action": "logs:PutLogEvents",
                    "Resource": "arn:aws:logs:*:*:log-group:/aws/sagemaker/*"
                }
            ]
        })
    );
}

#[test]
fn each_action_gets_the_level_that_the_backtest_supports() {
    let review = sample_json();
    let backtest = &principal(&review, "PipelineRole")["backtest"];
    // The pipeline gets a new name now and then, the roles that it is handed do not, the jobs always do.
    for (action, level) in [
        ("sagemaker:StartPipelineExecution", "keep"),
        ("iam:PassRole", "exact"),
        ("sagemaker:DescribeTrainingJob", "generalise"),
    ] {
        assert_eq!(backtest["levels"][action], level, "{action}");
    }
    let trials = backtest["trials"].as_array().unwrap();
    let broken = |resources: &str| -> Vec<(u64, u64)> {
        let of_level = trials.iter().filter(|trial| trial["resources"] == resources);
        let numbers =
            |trial: &Value| (trial["broken_calls"].as_u64().unwrap(), trial["broken_days"].as_u64().unwrap());
        of_level.map(numbers).collect()
    };
    assert_eq!(broken("auto"), [(0, 0); 3]);
    assert_eq!(broken("keep"), [(0, 0); 3]);
    assert_eq!(broken("generalise"), [(30, 30), (30, 30), (0, 0)]);
    let first = &trials.iter().find(|trial| trial["resources"] == "generalise").unwrap()["first_broken"];
    assert_eq!(first["action"], "sagemaker:StartPipelineExecution");
    assert_eq!(backtest["discovery"]["days"], 90);
    let untested = &principal(&review, "LegacyAdminRole")["backtest"];
    assert!(untested.is_null(), "nothing is recommended, so nothing is tested");
}

#[test]
fn a_star_says_what_it_covers() {
    let text = sample(&["--format", "json", "--quiet", "--resources", "generalise"]).stdout;
    let review: Value = serde_json::from_str(&text).unwrap();
    let changes = &principal(&review, "PipelineRole")["policies"][0]["recommendation"]["changes"];
    let all = changes.as_array().unwrap().iter();
    let found: Vec<&Value> =
        all.filter_map(|one| one["wildcards"].get("sagemaker:DescribeTrainingJob")).collect();
    assert_eq!(
        found,
        [&json!([{
            "resource": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/churn-pipeline-*",
            "observed": 45, "matched": 45, "over_grant": 48
        }])]
    );
}

#[test]
fn passing_roles_is_limited_to_the_two_that_were_passed() {
    let policy = policy_file("PipelineRole", "PipelineAccess", "auto");
    let passing: Vec<&Value> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|statement| statement["Action"].to_string().contains("iam:PassRole"))
        .collect();
    assert_eq!(passing.len(), 1);
    assert_eq!(
        passing[0]["Resource"],
        json!([
            "arn:aws:iam::111122223333:role/InferenceRole",
            "arn:aws:iam::111122223333:role/service-role/SageMakerTrainingRole"
        ])
    );
    assert_eq!(
        passing[0]["Condition"],
        json!({"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})
    );
}

#[test]
fn every_recommendation_is_proved_and_every_grant_has_a_verdict() {
    let review = sample_json();
    let mut recommendations = 0;
    for one in review["principals"].as_array().unwrap() {
        for policy in one["policies"].as_array().unwrap() {
            for statement in policy["statements"].as_array().unwrap() {
                let grants = statement["grants"].as_array().unwrap();
                assert!(statement["effect"] == "Deny" || !grants.is_empty(), "{statement}");
                assert!(grants.iter().all(|grant| grant["verdict"].is_string()));
            }
            let recommendation = &policy["recommendation"];
            if recommendation["status"] == "ready" {
                recommendations += 1;
                assert_eq!(recommendation["containment"]["result"], "proved");
                assert_eq!(recommendation["replay"]["broken"], json!([]));
            } else {
                assert!(recommendation["documents"].as_array().is_none_or(Vec::is_empty), "{}", one["name"]);
            }
        }
    }
    assert!(recommendations >= 9, "{recommendations}");
}

#[test]
fn the_roles_tell_their_stories() {
    let review = sample_json();
    let kinds = |name: &str| -> Vec<String> {
        let findings = principal(&review, name)["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds("LegacyAdminRole"), ["unused_principal"]);
    assert!(kinds("ReportingRole").contains(&"recreated_principal".to_owned()));
    assert_eq!(principal(&review, "ReportingRole")["actions"]["protected"], 4, "too young to be judged");
    assert_eq!(
        principal(&review, "AWSReservedSSO_DataScientist_0123456789abcdef")["standing"],
        "permission_set"
    );
    assert_eq!(
        review["service_linked_roles"],
        json!([
            "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
        ])
    );
    assert_eq!(review["coverage"]["events"], 4323);
    assert_eq!(review["coverage"]["duplicates"], 31);
    assert_eq!(review["unmapped"], json!([]));
}

#[test]
fn a_forwarded_call_keeps_its_permission() {
    let review = sample_json();
    let policies = principal(&review, "OrderLambdaRole")["policies"].as_array().unwrap().clone();
    let used: Vec<Value> = policies
        .iter()
        .flat_map(|policy| policy["statements"].as_array().unwrap().clone())
        .flat_map(|statement| statement["used"].as_array().unwrap().clone())
        .filter(|used| used["action"] == "kms:Decrypt")
        .collect();
    assert_eq!(used.len(), 1);
    assert_eq!(used[0]["via"], json!(["dynamodb.amazonaws.com", "s3.amazonaws.com"]));
    assert_eq!(used[0]["count"], 82);
}

/// Copies the sample's log files, flat, under names that sort the other way round.
fn shuffled(into: &Folder) {
    let mut open = vec![root().join("sample-logs/AWSLogs")];
    let mut number = 10_000;
    while let Some(folder) = open.pop() {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                open.push(path);
            } else if !path.to_str().unwrap().contains("Digest") {
                number -= 1;
                fs::copy(&path, into.0.join(format!("{number}.json.gz"))).unwrap();
            }
        }
    }
}

#[test]
fn threads_and_order_do_not_matter() {
    let one = sample(&["--format", "json", "--quiet", "--threads", "1"]).stdout;
    let two = sample(&["--format", "json", "--quiet", "--threads", "2"]).stdout;
    assert!(one.len() > 50_000);
    assert!(one == two, "1 and 2 threads differ");
    let folder = Folder::new();
    shuffled(&folder);
    let other =
        trailtrim(&["review", folder.0.to_str().unwrap(), "--grants", GRANTS, "--format", "json", "--quiet"])
            .stdout;
    // Names of files appear in problems, and the digest is not there to be skipped; nothing else may differ.
    let normal = |text: &str| {
        let mut value: Value = serde_json::from_str(text).unwrap();
        for key in ["files", "files_skipped"] {
            value["coverage"][key] = Value::Null;
        }
        value["problems"][0]["file"] = Value::Null;
        value
    };
    assert!(normal(&one) == normal(&other), "shuffled files differ");
}

#[test]
fn a_second_review_replaces_the_first_and_nothing_else() {
    let out = Folder::new();
    let report = out.path("r");
    assert_eq!(sample(&["-o", &report]).status, 3);
    let stale = Path::new(&report).join("policies/111122223333/Gone/Old.json");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "{}").unwrap();
    assert_eq!(sample(&["-o", &report, "--role", "PipelineRole"]).status, 3);
    assert!(!stale.exists());
    assert!(!Path::new(&report).join("policies/111122223333/SageMakerTrainingRole").exists());
    let foreign = Folder::new();
    foreign.file("policies/mine.json", "{}");
    let ran = sample(&["-o", foreign.0.to_str().unwrap()]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("no review wrote"), "{}", ran.stderr);
    assert!(foreign.0.join("policies/mine.json").exists());
}

#[test]
fn too_little_coverage_refuses_unless_forced() {
    let short = ["--from", "2026-10-20", "--role", "PipelineRole"];
    let refused = sample(&short);
    assert_eq!(refused.status, 3);
    assert!(refused.stderr.contains("30 days with events are needed"), "{}", refused.stderr);
    assert!(refused.stdout.contains("refused"), "{}", refused.stdout);
    let forced = sample(&[&short[..], &["--force"]].concat());
    assert_eq!(forced.status, 3);
    assert!(forced.stdout.contains("policy") || forced.stdout.contains("policies"), "{}", forced.stdout);
}

#[test]
fn exit_statuses() {
    let whole = Folder::new();
    let day = "sample-logs/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/08/03";
    let check = |args: &[&str], status: i32, expect: &str| {
        let mut all = vec!["review", day, "--grants", GRANTS, "--min-window", "1d"];
        all.extend(args);
        let ran = trailtrim(&all);
        assert_eq!(ran.status, status, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{args:?}: {}", ran.stderr);
    };
    check(&[], 0, "");
    check(&["--fail-on", "high"], 1, "");
    check(&["--fail-on", "low", "--role", "SageMakerTrainingRole"], 1, "");
    check(&["--role", "SageMakerTraniingRole"], 2, "did you mean `SageMakerTrainingRole`?");
    check(&["--role", "Nonsense"], 2, "no role or user `Nonsense`");
    check(&["--account", "999999999999"], 2, "no principal of the account");
    check(&["--trails", GRANTS], 2, "is not a trail configuration");
    check(&["--from", "soon"], 2, "neither RFC 3339");
    drop(whole);
}

/// Unused, unobservable, implied.
fn verdicts(review: &Value, name: &str) -> (u64, u64, u64) {
    let actions = &principal(review, name)["actions"];
    let number = |verdict: &str| actions[verdict].as_u64().unwrap();
    (number("unused"), number("unobservable"), number("implied"))
}

#[test]
fn a_known_trail_configuration_settles_what_is_observable() {
    let folder = Folder::new();
    let management =
        r#"{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[]}]}"#;
    let everything = r#"[{"trailList":[{"IsMultiRegionTrail":true}]},
        {"AdvancedEventSelectors":[
          {"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]},
          {"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]}]"#;
    let run = |config: &str| -> Value {
        let file = folder.file("trails.json", config);
        serde_json::from_str(&sample(&["--format", "json", "--quiet", "--trails", &file]).stdout).unwrap()
    };
    let (unused, unobservable, implied) = verdicts(&run(management), "SageMakerTrainingRole");
    assert!(unobservable >= 30, "object actions cannot be judged without data events: {unobservable}");
    // The jobs' definitions name an output, and log groups.
    assert_eq!((unused + unobservable, implied), (178, 2));
    let known = run(everything);
    assert_eq!(verdicts(&known, "SageMakerTrainingRole"), (179, 0, 1));
    let assumptions = known["assumptions"].to_string();
    assert!(!assumptions.contains("--trails"), "{assumptions}");
}

#[test]
fn a_last_use_in_a_region_without_logs_forbids_conclusions() {
    let text = fs::read_to_string(root().join(GRANTS)).unwrap();
    let mut snapshot: Value = serde_json::from_str(&text).unwrap();
    for role in snapshot["RoleDetailList"].as_array_mut().unwrap() {
        if role["RoleName"] == "SageMakerTrainingRole" {
            role["RoleLastUsed"] =
                json!({"LastUsedDate": "2026-10-31T00:00:00+00:00", "Region": "ap-south-1"});
        }
    }
    let folder = Folder::new();
    let file = folder.file("g.json", snapshot.to_string());
    let ran = trailtrim(&["review", "sample-logs", "--grants", &file, "--format", "json", "--quiet"]);
    let review: Value = serde_json::from_str(&ran.stdout).unwrap();
    let (unused, unobservable, _) = verdicts(&review, "SageMakerTrainingRole");
    // What only a service can use that the trust policy leaves out is unused wherever one looks.
    assert!(unused < 10 && unobservable > 165, "{unused} {unobservable}");
}

#[test]
fn without_coverage_nobody_is_unused() {
    let folder = Folder::new();
    let empty = folder.file("x.json", "{\"Records\":[]}");
    for args in [&[empty.as_str()][..], &["sample-logs", "--from", "2026-10-20"]] {
        let ran =
            trailtrim(&[&["review", "--grants", GRANTS, "--format", "json", "--quiet"][..], args].concat());
        assert_eq!(ran.status, 3);
        let review: Value = serde_json::from_str(&ran.stdout).unwrap();
        for one in review["principals"].as_array().unwrap() {
            assert_ne!(one["standing"], "unused", "{args:?}: {}", one["name"]);
            let (unused, ..) = verdicts(&review, one["name"].as_str().unwrap());
            assert_eq!(unused, 0, "{args:?}: {}", one["name"]);
        }
    }
}
