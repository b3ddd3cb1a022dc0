//! What definitions imply, and what is proposed beyond a recommendation.

use crate::run::{Folder, trailtrim};
use crate::trimming::{background, event};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/app/Worker";
const ID: &str = "AROAWORKER";

/// A management event of SageMaker: somebody else's call, on a day of August.
fn definition(number: usize, name: &str, day: usize, request: &Value) -> String {
    let mut call: Value = serde_json::from_str(&event(number, 7, false, day)).unwrap();
    call["eventSource"] = json!("sagemaker.amazonaws.com");
    call["eventName"] = json!(name);
    call["readOnly"] = json!(false);
    call["requestParameters"] = request.clone();
    call.to_string()
        .replace("AROAWORKER", "AROAOTHER")
        .replace("role/app/Worker", "role/Other")
        .replace("ROLE", ROLE)
        + "\n"
}

fn training(output: &str) -> Value {
    json!({
        "roleArn": "ROLE",
        "inputDataConfig": [{"dataSource": {"s3DataSource": {"s3DataType": "S3Prefix", "s3Uri": "s3://inputs/data/"}}}],
        "outputDataConfig": {"s3OutputPath": output},
    })
}

/// Reviews the role, which has this one statement, after the background and these lines.
fn review(statement: &Value, lines: &str, format: &str) -> String {
    let folder = Folder::new();
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"}}]});
    let snapshot = json!({"RoleDetailList": [{
        "RoleName": "Worker", "RoleId": ID, "Arn": ROLE, "Path": "/app/", "AssumeRolePolicyDocument": trust,
        "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": policy}]}]});
    let grants = folder.file("grants.json", snapshot.to_string());
    // The background's bucket gets a name that S3 accepts.
    let log = folder.file("log.jsonl", (background() + lines).replace(r"arn:aws:s3:::a", "arn:aws:s3:::aaa"));
    trailtrim(&[
        "review",
        &log,
        "--grants",
        &grants,
        "--format",
        format,
        "--quiet",
        "--resources",
        "generalise",
    ])
    .stdout
}

fn role(statement: &Value, lines: &str) -> Value {
    let review: Value = serde_json::from_str(&review(statement, lines, "json")).unwrap();
    review["principals"][0].clone()
}

fn allow(actions: &[&str], resource: &Value) -> Value {
    json!({"Sid": "S", "Effect": "Allow", "Action": actions, "Resource": resource})
}

/// The verdict on an action and its reason.
fn verdict(role: &Value, action: &str) -> (String, String) {
    let statement = &role["policies"][0]["statements"][0];
    if statement["used"].as_array().unwrap().iter().any(|used| used["action"] == action) {
        return ("used".to_owned(), String::new());
    }
    let groups = statement["not_used"].as_array().unwrap();
    let named = |group: &&Value| group["actions"].as_array().unwrap().iter().any(|one| one == action);
    let group = groups.iter().find(named).unwrap_or_else(|| panic!("no {action}"));
    (group["verdict"].as_str().unwrap().to_owned(), group["reason"].as_str().unwrap().to_owned())
}

/// The resources of the recommended statement for an action.
fn recommended(role: &Value, action: &str) -> Value {
    let document = &role["policies"][0]["recommendation"]["documents"][0]["document"];
    let statements = document["Statement"].as_array().unwrap_or_else(|| panic!("{role}"));
    let of = |one: &&Value| {
        one["Action"] == action || one["Action"].as_array().is_some_and(|all| all.iter().any(|a| a == action))
    };
    statements.iter().find(of).unwrap_or_else(|| panic!("no {action} in {document}"))["Resource"].clone()
}

#[test]
fn a_job_s_definition_is_a_need() {
    let granted = allow(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "kms:CreateGrant"], &json!("*"));
    let job = definition(1, "CreateTrainingJob", 9, &training("s3://outputs/models/"));
    let one = role(&granted, &job);
    let (put, why) = verdict(&one, "s3:PutObject");
    assert_eq!(put, "implied");
    assert_eq!(
        why,
        "implied by definitions: CreateTrainingJob of 2026-08-10 writes s3://outputs/models/ (event e1)"
    );
    assert_eq!(verdict(&one, "s3:GetObject").0, "implied");
    assert_eq!(verdict(&one, "s3:DeleteObject").0, "unused");
    let implied = &one["policies"][0]["statements"][0]["implied_by_definitions"];
    assert_eq!(implied.as_array().unwrap().len(), 2, "{implied}");
    assert_eq!(implied[1]["path"], "outputDataConfig.s3OutputPath");
    assert_eq!(implied[1]["resource"], "arn:aws:s3:::outputs/models/*");

    for (name, lines) in [
        ("no definition", String::new()),
        ("another role", job.replace("role/app/Worker", "role/app/Else")),
        ("refused", job.replace("\"eventID\"", "\"errorCode\":\"AccessDenied\",\"eventID\"")),
        ("failed", job.replace("\"eventID\"", "\"errorCode\":\"ValidationException\",\"eventID\"")),
    ] {
        assert_eq!(verdict(&role(&granted, &lines), "s3:PutObject").0, "unused", "{name}");
    }
}

#[test]
fn a_definition_that_was_cut_is_unknown_and_no_proof_of_no_need() {
    let granted = allow(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], &json!("*"));
    for request in [json!(null), json!({"omitted": true, "originalSize": 120_000})] {
        let one = role(&granted, &definition(1, "CreateTrainingJob", 9, &request));
        let expect = (
            "implied".to_owned(),
            "a `CreateTrainingJob` whose parameters are not in the log may need it".to_owned(),
        );
        assert_eq!(verdict(&one, "s3:PutObject"), expect);
        assert_eq!(verdict(&one, "s3:DeleteObject").0, "unused", "no definition implies it");
    }
    let hidden = training("HIDDEN_DUE_TO_SECURITY_REASONS");
    let one = role(&granted, &definition(1, "CreateTrainingJob", 9, &hidden));
    assert_eq!(verdict(&one, "s3:PutObject").0, "implied");
    assert_eq!(
        one["policies"][0]["proposals"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["actions"][0] == "s3:PutObject")
            .count(),
        0
    );
}

#[test]
fn a_model_s_role_acts_for_what_runs_the_model() {
    let granted =
        allow(&["s3:GetObject", "s3:PutObject", "ecr:BatchGetImage", "s3:DeleteObject"], &json!("*"));
    let capture = json!({"productionVariants": [{"modelName": "m"}], "dataCaptureConfig": {"destinationS3Uri": "s3://captured/x"}});
    let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/serve:1";
    let model = json!({"modelName": "m", "executionRoleArn": "ROLE", "primaryContainer": {"image": image}});
    let endpoint = definition(1, "CreateEndpointConfig", 3, &capture);
    let made = definition(2, "CreateModel", 9, &model);
    for lines in [endpoint.clone() + &made, made.clone() + &endpoint] {
        let one = role(&granted, &lines);
        assert_eq!(verdict(&one, "s3:PutObject").0, "implied");
        assert_eq!(verdict(&one, "ecr:BatchGetImage").0, "implied");
        assert_eq!(verdict(&one, "s3:GetObject").0, "unused");
    }
    assert_eq!(verdict(&role(&granted, &made), "s3:PutObject").0, "unused");
}

#[test]
fn narrowing_covers_what_was_used_and_what_is_implied() {
    let granted = allow(&["s3:GetObject", "s3:PutObject"], &json!("arn:aws:s3:::*"));
    let used: String = (0..12).map(|day| event(500 + day, 0, false, day) + "\n").collect();
    let job = definition(1, "CreateTrainingJob", 9, &training("s3://outputs/models/"));
    assert_eq!(recommended(&role(&granted, &used), "s3:GetObject"), json!("arn:aws:s3:::aaa/x/*"));
    let one = role(&granted, &(used.clone() + &job));
    assert_eq!(
        recommended(&one, "s3:GetObject"),
        json!(["arn:aws:s3:::aaa/x/*", "arn:aws:s3:::inputs/data/*"])
    );
    // Only implied: the default keeps the old scope, the proposal names the new one.
    assert_eq!(recommended(&one, "s3:PutObject"), json!("arn:aws:s3:::*"));
    // One job of one day is no test: what would have been proposed before it?
    assert_eq!(one["policies"][0]["proposals"], json!([]));
    assert_eq!(one["policies"][0]["proposals_withheld"]["not_backtested"], 1);
    let again = |output: &str| definition(2, "CreateTrainingJob", 25, &training(output));
    let twice = role(&granted, &(used.clone() + &job + &again("s3://outputs/models/")));
    let proposals = twice["policies"][0]["proposals"].as_array().unwrap();
    let put = proposals.iter().find(|one| one["actions"] == json!(["s3:PutObject"])).unwrap();
    assert_eq!(put["resources"], json!(["arn:aws:s3:::outputs/models/*"]));
    assert_eq!(put["support"], json!({"calls": 2, "of": 2}));
    // Each split before the second job tests the proposal made from the first.
    assert_eq!(put["backtest_held_from"], json!(["2026-08-16", "2026-08-21", "2026-08-26"]));
    let other = role(&granted, &(used.clone() + &job + &again("s3://elsewhere/models/")));
    assert_eq!(other["policies"][0]["proposals"], json!([]));
    assert_eq!(other["policies"][0]["proposals_withheld"]["broken_in_backtest"], 1);
    // A list of other objects does not tell them: nothing is narrowed.
    let manifest = json!({"roleArn": "ROLE", "inputDataConfig": [{"dataSource": {"s3DataSource":
        {"s3DataType": "ManifestFile", "s3Uri": "s3://inputs/list"}}}]});
    let listed = role(&granted, &(used + &definition(1, "CreateTrainingJob", 9, &manifest)));
    assert_eq!(recommended(&listed, "s3:GetObject"), json!("arn:aws:s3:::*"));
}

#[test]
fn many_jobs_without_a_use_that_would_show_are_no_need() {
    let granted = allow(&["s3:PutObject", "s3:DeleteObject"], &json!("*"));
    // The background writes to bucket `aaa` on 31 days, so that its data events are known to be logged.
    let jobs = |number: usize, bucket: &str| -> String {
        let request = training(&format!("s3://{bucket}/out/"));
        (0..number).map(|index| definition(index, "CreateTrainingJob", index * 2, &request)).collect()
    };
    let of = |lines: &str| verdict(&role(&granted, lines), "s3:PutObject").0;
    // Ten jobs from the first day of thirty-one on.
    assert_eq!(of(&jobs(10, "aaa")), "unused");
    assert_eq!(of(&jobs(9, "aaa")), "implied", "too few");
    assert_eq!(of(&jobs(10, "elsewhere")), "implied", "a bucket whose data events were never seen");
    let late: String = (0..10)
        .map(|index| definition(index, "CreateTrainingJob", 20 + index, &training("s3://aaa/out/")))
        .collect();
    assert_eq!(of(&late), "implied", "not long enough");
    let later =
        json!({"executionRoleArn": "ROLE", "dataCaptureConfig": {"destinationS3Uri": "s3://aaa/out/"}});
    let endpoints: String =
        (0..12).map(|index| definition(index, "CreateEndpointConfig", index * 2, &later)).collect();
    assert_eq!(of(&endpoints), "implied", "an endpoint may write tomorrow");
}

#[test]
fn an_address_in_a_definition_is_hostile() {
    let granted = allow(&["s3:PutObject", "s3:DeleteObject"], &json!("*"));
    for output in [
        "s3://bucket/](javascript:x)<script>\u{1b}[31m*?${aws:username}",
        "s3://b*/x",
        "s3://",
        "file:///etc/passwd",
        &format!("s3://bucket/{}", "x".repeat(5000)),
    ] {
        let job = definition(1, "CreateTrainingJob", 9, &training(output));
        let one = role(&granted, &job);
        assert_eq!(verdict(&one, "s3:PutObject").0, "implied", "{output}");
        let document = &one["policies"][0]["recommendation"]["documents"][0]["document"];
        assert_eq!(document["Statement"][0]["Resource"], "*", "{document}");
        let proposals = one["policies"][0]["proposals"].to_string();
        assert!(!proposals.contains("u001b") && !proposals.contains("${"), "{proposals}");
        for format in ["table", "markdown"] {
            let shown = review(&granted, &job, format);
            // Between backticks Markdown takes everything as it is.
            let plain: String = shown.split('`').step_by(2).collect();
            assert!(!plain.contains("<script>") && !shown.contains('\u{1b}'), "{shown}");
        }
    }
}

/// `count` reads of bucket `aaa` over all of August, each changed by `change`.
fn calls(count: usize, change: impl Fn(usize, &mut Value)) -> String {
    let one = |index: usize| {
        let mut call: Value =
            serde_json::from_str(&event(700 + index, 0, false, index * 31 / count)).unwrap();
        change(index, &mut call);
        call.to_string() + "\n"
    };
    (0..count).map(one).collect()
}

/// Key and values of the proposed conditions for an action, with their support.
fn conditions(role: &Value, action: &str) -> Vec<String> {
    let all = role["policies"][0]["proposals"].as_array().unwrap().iter();
    let of = all.filter(|one| {
        one["condition"].is_object() && one["actions"].as_array().unwrap().iter().any(|a| a == action)
    });
    let text = |one: &Value| {
        let condition = &one["condition"];
        let values: Vec<&str> =
            condition["values"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        format!(
            "{} {} {}",
            condition["operator"].as_str().unwrap(),
            condition["key"].as_str().unwrap(),
            values.join(",")
        )
    };
    of.map(text).collect()
}

#[test]
fn a_condition_is_proposed_when_every_call_met_it() {
    let granted = allow(&["s3:GetObject", "s3:PutObject"], &json!("*"));
    let endpoint = "StringEquals aws:SourceVpce vpce-1";
    let through = |count: usize, without: usize| {
        calls(count, |index, call| {
            if index != without {
                call["vpcEndpointId"] = json!("vpce-1");
            }
        })
    };
    for (lines, expect) in [
        (through(12, 99), vec![endpoint]),
        (through(12, 5), vec![]),
        (through(9, 99), vec![]),
        // The second endpoint came late: the proposal of the first half would have refused it.
        (
            calls(12, |index, call| {
                call["vpcEndpointId"] = json!(if index < 11 { "vpce-1" } else { "vpce-2" });
            }),
            vec![],
        ),
        // Seventeen endpoints are not kept.
        (calls(17, |index, call| call["vpcEndpointId"] = json!(format!("vpce-{index}"))), vec![]),
    ] {
        let one = role(&granted, &lines);
        assert_eq!(conditions(&one, "s3:GetObject"), expect, "{lines}");
        let document = &one["policies"][0]["recommendation"]["documents"][0]["document"];
        assert!(!document.to_string().contains("Condition"), "never in the default document");
    }
    let one = role(&granted, &through(12, 99));
    let proposals = one["policies"][0]["proposals"].as_array().unwrap();
    let vpce = proposals.iter().find(|one| one["condition"]["key"] == "aws:SourceVpce").unwrap();
    assert_eq!(vpce["support"], json!({"calls": 12, "of": 12}));
    assert_eq!(
        vpce["document"]["Statement"][0]["Condition"],
        json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}})
    );
    // A bucket is in one region; what is granted on everything is not.
    let everywhere = allow(&["ec2:DescribeVpcs", "s3:PutObject"], &json!("*"));
    let looks: String = (0..12).map(|day| event(800 + day, 7, false, day * 2) + "\n").collect();
    assert_eq!(
        conditions(&role(&everywhere, &looks), "ec2:DescribeVpcs"),
        ["StringEquals aws:RequestedRegion eu-west-1"]
    );
}

#[test]
fn forwarded_calls_propose_the_forwarder() {
    let granted = allow(&["s3:GetObject", "kms:Decrypt", "s3:PutObject"], &json!("*"));
    let forwarded = |service: &'static str| {
        move |_: usize, call: &mut Value| call["userIdentity"]["invokedBy"] = json!(service)
    };
    let one = role(&granted, &calls(12, forwarded("athena.amazonaws.com")));
    assert!(
        conditions(&one, "s3:GetObject")
            .contains(&"ForAnyValue:StringEquals aws:CalledVia athena.amazonaws.com".to_owned())
    );
    let one = role(&granted, &calls(12, forwarded("glue.amazonaws.com")));
    assert!(conditions(&one, "s3:GetObject").contains(&"Bool aws:ViaAWSService true".to_owned()));
    let mixed = calls(12, |index, call| {
        if index > 0 {
            call["userIdentity"]["invokedBy"] = json!("glue.amazonaws.com");
        }
    });
    assert!(!conditions(&role(&granted, &mixed), "s3:GetObject").iter().any(|one| one.contains("Via")));
    let decrypt = calls(12, |_, call| {
        call["eventSource"] = json!("kms.amazonaws.com");
        call["eventName"] = json!("Decrypt");
        call["managementEvent"] = json!(true);
        call["eventCategory"] = json!("Management");
        call["userIdentity"]["invokedBy"] = json!("s3.amazonaws.com");
        call["resources"] = json!([{"type": "AWS::KMS::Key", "ARN": "arn:aws:kms:eu-west-1:111122223333:key/6f1c7f0a-2b7d-4c55-9d0e-3a8f5b1e7c24"}]);
    });
    let one = role(&granted, &decrypt);
    assert_eq!(conditions(&one, "kms:Decrypt"), ["StringEquals kms:ViaService s3.eu-west-1.amazonaws.com"]);
}

#[test]
fn what_requests_show_is_proposed_for_sagemaker() {
    let granted = allow(&["sagemaker:CreateTrainingJob", "iam:PassRole", "s3:PutObject"], &json!("*"));
    let jobs = calls(12, |index, call| {
        let mut request = training("s3://aaa/out/");
        request["roleArn"] = json!("arn:aws:iam::111122223333:role/Job");
        request["resourceConfig"] = json!({"instanceType": (["ml.m5.large", "ml.m5.xlarge"][index % 2])});
        request["vpcConfig"] = json!({"subnets": ["subnet-1", "subnet-2"]});
        if index > 0 {
            request["enableNetworkIsolation"] = json!(true);
        }
        call["eventSource"] = json!("sagemaker.amazonaws.com");
        call["eventName"] = json!("CreateTrainingJob");
        call["managementEvent"] = json!(true);
        call["eventCategory"] = json!("Management");
        call["readOnly"] = json!(false);
        call["requestParameters"] = request;
        call["resources"] = json!([]);
    });
    let one = role(&granted, &jobs);
    let found = conditions(&one, "sagemaker:CreateTrainingJob");
    for expect in [
        "ForAllValues:StringEquals sagemaker:InstanceTypes ml.m5.large,ml.m5.xlarge",
        "ForAllValues:StringEquals sagemaker:VpcSubnets subnet-1,subnet-2",
    ] {
        assert!(found.contains(&expect.to_owned()), "{expect}: {found:?}");
    }
    assert!(!found.iter().any(|one| one.contains("NetworkIsolation")), "one call did not show it");
    assert_eq!(
        conditions(&one, "iam:PassRole"),
        ["StringEquals iam:PassedToService sagemaker.amazonaws.com"]
    );
    let proposals = one["policies"][0]["proposals"].as_array().unwrap();
    let subnets = proposals.iter().find(|one| one["condition"]["key"] == "sagemaker:VpcSubnets").unwrap();
    assert!(
        subnets["document"].to_string().contains(r#""Null":{"sagemaker:VpcSubnets":"false"}"#),
        "{subnets}"
    );
}
