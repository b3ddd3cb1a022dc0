//! Honest change in the window of test. Each of these is new to the account and none is an attack: the price of
//! looking for what is new.

use super::background::{BUILDERS, IDLE_STOP, NOTEBOOK_NETS, is_workday, person_day, reads};
use super::cast::{
    ACCOUNT, Actor, BOTO, CONSOLE, DOMAIN, Person, RISK_DOMAIN, STUDIO, known, machine, notebook, role_arn,
};
use super::requests::{
    CAPTURE, DATA, FRAUD_IMAGE, Job, MODELS, RESULTS, SKLEARN, arn, base64, endpoint_config, get_object,
    model, object_arn, pipeline, url,
};
use super::trail::{Call, DAY, HOUR, MINUTE, Trail, nth};
use super::{DAYS, SPLIT_DAY};
use serde_json::{Value, json};

/// A day of the window of test at an hour, in seconds from the start of the log.
pub(crate) fn at(day: i64, hour: i64) -> i64 {
    (SPLIT_DAY + day) * DAY + hour * HOUR
}

pub(crate) fn add(trail: &mut Trail) {
    joiners(trail);
    new_project(trail);
    new_region(trail);
    networks(trail);
    machines_new_to_people(trail);
    debugging(trail);
    refused(trail);
    rotation(trail);
    retirement(trail);
    reviewer(trail);
    workshop(trail);
    model_upgrade(trail);
    quarter(trail);
    first_uses(trail);
}

/// Two people join: the platform's administrator makes their profiles, and they begin to work.
fn joiners(trail: &mut Trail) {
    let new = [
        Person { name: "olga", set: "DataScientist", home: "109.70", portal: true, risk: false },
        Person { name: "paul", set: "DataScientist", home: "185.53", portal: false, risk: false },
    ];
    for (person, day) in new.iter().zip([3, 6]) {
        let terraform = machine("terraform", "joiners").from(trail.one(&BUILDERS));
        let maker = if person.portal { terraform } else { known("mona").sso(SPLIT_DAY + day) };
        let made = json!({"domainId": DOMAIN, "userProfileName": person.profile(), "userSettings": {"executionRole": role_arn(STUDIO)}, "tags": []});
        let answer = json!({"userProfileArn": format!("arn:aws:sagemaker:eu-west-1:{ACCOUNT}:user-profile/{DOMAIN}/{}", person.profile())});
        trail.add(at(day, 7), Call::new(&maker, "sagemaker:CreateUserProfile", made).gives(answer));
        for later in SPLIT_DAY + day..DAYS {
            if is_workday(later) {
                let from_home = trail.chance(30);
                person_day(trail, person, later, from_home);
            }
        }
    }
}

/// A project: its role, bucket and repository come from Terraform, then two people work with them.
fn new_project(trail: &mut Trail) {
    let terraform = machine("terraform", "project").from(trail.one(&BUILDERS));
    let now = at(4, 10);
    let made: [(&str, Value); 5] = [
        (
            "iam:CreateRole",
            json!({"roleName": "churn-model-training", "path": "/", "assumeRolePolicyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"sagemaker.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"}),
        ),
        (
            "iam:PutRolePolicy",
            json!({"roleName": "churn-model-training", "policyName": "data", "policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"arn:aws:s3:::acme-churn/*\"}]}"}),
        ),
        (
            "s3:CreateBucket",
            json!({"bucketName": "acme-churn", "Host": "s3.eu-west-1.amazonaws.com", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
        ),
        (
            "ecr:CreateRepository",
            json!({"repositoryName": "churn-training", "imageTagMutability": "IMMUTABLE"}),
        ),
        (
            "sagemaker:CreateModelPackageGroup",
            json!({"modelPackageGroupName": "churn", "modelPackageGroupDescription": "", "tags": []}),
        ),
    ];
    for (number, (op, request)) in made.into_iter().enumerate() {
        trail.add(now + nth(number) * 9, Call::new(&terraform, op, request));
    }
    for name in ["emil", "bela"] {
        for day in [4, 5, 6, 10, 11] {
            let studio = known(name).studio(SPLIT_DAY + day);
            let name = format!("churn-{name}-{}", trail.rng.hex(5));
            let job = Job {
                role: role_arn("churn-model-training"),
                image: format!("{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/churn-training:1.0"),
                input: "s3://acme-churn/train/".into(),
                output: "s3://acme-churn/models/".into(),
                ..Job::usual(&name)
            };
            let answer = json!({"trainingJobArn": arn("training-job", &name)});
            let now = at(day, 12) + trail.between(0, 120) * MINUTE;
            trail.add(now, Call::new(&studio, "sagemaker:CreateTrainingJob", job.training()).gives(answer));
        }
    }
    let ci = machine("ci", "churn").from(trail.one(&BUILDERS));
    let body = pipeline("churn-train", &role_arn("sagemaker-pipeline"));
    trail.add(
        at(11, 15),
        Call::new(&ci, "sagemaker:CreatePipeline", body)
            .gives(json!({"pipelineArn": arn("pipeline", "churn-train")})),
    );
}

/// The builders deploy a copy of an endpoint in a second region: Terraform makes the bucket the day before, and the
/// application calls the endpoint from then on.
fn new_region(trail: &mut Trail) {
    let terraform = machine("terraform", "second").from(trail.one(&BUILDERS));
    let bucket = json!({"bucketName": format!("{MODELS}-eu-central-1"), "Host": "s3.eu-central-1.amazonaws.com", "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}});
    trail.add(at(6, 14), Call::new(&terraform, "s3:CreateBucket", bucket).in_region("eu-central-1"));
    let endpoint = arn("endpoint", "pricing-prod").replace("eu-west-1", "eu-central-1");
    for hour in 0..40 {
        let api = machine("pricing-api", &format!("second{}", hour / 12));
        let call = Call::new(&api, "sagemaker:InvokeEndpoint", Value::Null).in_region("eu-central-1");
        trail.add(at(7, 16) + hour * 3 * HOUR, call.data("AWS::SageMaker::Endpoint", &endpoint));
    }
    for day in [7, 10, 11] {
        let ci = machine("ci", &format!("second{day}")).from(trail.one(&BUILDERS));
        let name = format!("pricing-prod-{}", trail.rng.hex(6));
        let data = format!("s3://{MODELS}-eu-central-1/released/pricing-prod/model.tar.gz");
        let image = FRAUD_IMAGE.replace("eu-west-1", "eu-central-1");
        let (now, region) = (at(day, 13) + trail.between(0, 90) * MINUTE, "eu-central-1");
        trail
            .add(now, Call::new(&ci, "sagemaker:CreateModel", model(&name, &image, &data)).in_region(region));
        let config = endpoint_config(&name, &name, "ml.c5.xlarge", CAPTURE);
        trail.add(now + 20, Call::new(&ci, "sagemaker:CreateEndpointConfig", config).in_region(region));
        let body = json!({"endpointName": "pricing-prod", "endpointConfigName": name});
        let op = if day == 7 { "sagemaker:CreateEndpoint" } else { "sagemaker:UpdateEndpoint" };
        trail.add(now + 40, Call::new(&ci, op, body).in_region(region));
    }
}

/// People's networks change: a new provider, a telephone, a hotel; so does the address of the notebook.
fn networks(trail: &mut Trail) {
    for (name, net, days) in [
        ("bela", "145.224", 2..14),
        ("fay", "37.4", 5..7),
        ("hana", "91.141", 8..9),
        ("kurt", "62.46", 1..13),
    ] {
        for day in days {
            let day = SPLIT_DAY + day;
            if is_workday(day) && trail.chance(70) {
                let who = known(name).sso(day).from(&format!("{net}.{}.9", 3 + day % 5)).with(BOTO);
                let now = day * DAY + 18 * HOUR + trail.between(0, 100) * MINUTE;
                trail.add(now, Call::new(&who, "sagemaker:ListTrainingJobs", json!({"maxResults": 20})));
                trail.add(
                    now + 30,
                    Call::new(
                        &who,
                        "sagemaker:DescribeTrainingJob",
                        json!({"trainingJobName": format!("{name}-run")}),
                    ),
                );
            }
        }
    }
    // Early, before it is used: a new start has a session and an address of its own.
    let other = if trail.chance(50) { "99.81" } else { trail.one(&NOTEBOOK_NETS) };
    let fraud = notebook(10 * DAYS, &format!("{other}.12.8"));
    trail.add(at(6, 5), Call::new(&fraud, "sts:GetCallerIdentity", Value::Null));
    reads(trail, &fraud, DATA, "fraud/cases", at(6, 5) + 90);
}

/// A planned fine-tuning on a large machine.
fn machines_new_to_people(trail: &mut Trail) {
    for day in [5, 7] {
        let who = known("ivan").sso(SPLIT_DAY + day).with(BOTO);
        let name = format!("finetune-{}", trail.rng.hex(6));
        let job = Job { instance: "ml.g6e.12xlarge".into(), count: 2, ..Job::usual(&name) };
        trail.add(
            at(day, 14),
            Call::new(&who, "sagemaker:CreateTrainingJob", job.training())
                .gives(json!({"trainingJobArn": arn("training-job", &name)})),
        );
    }
}

/// Somebody looks for a fault: in the job that she made herself; and an administrator in a colleague's notebook.
fn debugging(trail: &mut Trail) {
    let hana = known("hana").sso(SPLIT_DAY + 6).with(BOTO);
    let name = format!("hana-debug-{}", trail.rng.hex(4));
    let mut body = Job::usual(&name).training();
    body["remoteDebugConfig"] = json!({"enableRemoteDebug": true});
    trail.add(
        at(6, 11),
        Call::new(&hana, "sagemaker:CreateTrainingJob", body)
            .gives(json!({"trainingJobArn": arn("training-job", &name)})),
    );
    let target = json!({"target": format!("sagemaker-training-job:{name}_algo-1")});
    trail.add(
        at(6, 11) + 900,
        Call::new(&hana, "ssm:StartSession", target).gives(json!({"sessionId": "hana-0a1b2c"})),
    );
    let mona = known("mona").sso(SPLIT_DAY + 7).with(CONSOLE);
    let named = json!({"notebookInstanceName": "gus-nb"});
    trail.add(at(7, 10), Call::new(&mona, "sagemaker:DescribeNotebookInstance", named.clone()));
    trail.add(at(7, 10) + 60, Call::new(&mona, "sagemaker:CreatePresignedNotebookInstanceUrl", named));
}

/// What is refused to honest people: a permission that is missing yet, an application that is not complete.
fn refused(trail: &mut Trail) {
    let gus = known("gus").studio(SPLIT_DAY + 3);
    for (number, action) in
        ["sagemaker:CreateFeatureGroup", "sagemaker:ListFeatureGroups", "glue:GetDatabases"]
            .iter()
            .enumerate()
    {
        let call = Call::new(&gus, action, json!({})).refused(action);
        trail.add(at(3, 14) + nth(number) * 70, call);
    }
    let terraform = machine("terraform", "refused").from(trail.one(&BUILDERS));
    for retry in 0..5 {
        let request = json!({"roleName": "churn-model-training", "policyName": "data"});
        trail.add(
            at(4, 9) + retry * 40,
            Call::new(&terraform, "iam:PutRolePolicy", request).refused("iam:PutRolePolicy"),
        );
    }
    let nils = known("nils").sso(SPLIT_DAY + 10);
    for bucket in [DATA, MODELS] {
        let call = Call::new(&nils, "s3:ListObjects", json!({"bucketName": bucket})).refused("s3:ListBucket");
        trail.add(
            at(10, 9) + trail_offset(bucket),
            call.data("AWS::S3::Object", &format!("arn:aws:s3:::{bucket}")),
        );
    }
}

fn trail_offset(bucket: &str) -> i64 {
    i64::try_from(bucket.len()).unwrap_or(0) * 20
}

/// Terraform changes an execution role for a newer one, a lifecycle script and an image.
fn rotation(trail: &mut Trail) {
    let terraform = machine("terraform", "rotation").from(trail.one(&BUILDERS));
    let role = role_arn("risk-studio-exec-v2");
    let trust = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"sagemaker.amazonaws.com\"},\"Action\":[\"sts:AssumeRole\",\"sts:SetSourceIdentity\"]}]}";
    let calls: [(&str, Value); 6] = [
        ("iam:CreateRole", json!({"roleName": "risk-studio-exec-v2", "assumeRolePolicyDocument": trust})),
        (
            "iam:AttachRolePolicy",
            json!({"roleName": "risk-studio-exec-v2", "policyArn": format!("arn:aws:iam::{ACCOUNT}:policy/risk-studio")}),
        ),
        (
            "sagemaker:UpdateDomain",
            json!({"domainId": RISK_DOMAIN, "defaultUserSettings": {"executionRole": role}}),
        ),
        (
            "sagemaker:UpdateUserProfile",
            json!({"domainId": RISK_DOMAIN, "userProfileName": known("jana").profile(), "userSettings": {"executionRole": role}}),
        ),
        (
            "sagemaker:UpdateNotebookInstanceLifecycleConfig",
            json!({"notebookInstanceLifecycleConfigName": "idle-stop", "onStart": [{"content": base64(&IDLE_STOP.replace("3600", "2700"))}]}),
        ),
        (
            "sagemaker:CreateImageVersion",
            json!({"imageName": "lab", "baseImage": format!("{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/lab:2026-03"), "clientToken": "t1"}),
        ),
    ];
    for (number, (op, request)) in calls.into_iter().enumerate() {
        trail.add(at(10, 6) + nth(number) * 15, Call::new(&terraform, op, request));
    }
}

/// An endpoint that nobody needs goes, and its monitoring with it.
fn retirement(trail: &mut Trail) {
    let ci = machine("ci", "retire").from(trail.one(&BUILDERS));
    let name = json!({"endpointName": "search-rank-old"});
    let calls = [
        ("sagemaker:DeleteMonitoringSchedule", json!({"monitoringScheduleName": "search-rank-old-drift"})),
        ("sagemaker:DeleteEndpoint", name),
        ("sagemaker:DeleteEndpointConfig", json!({"endpointConfigName": "search-rank-old"})),
        ("sagemaker:DeleteModel", json!({"modelName": "search-rank-old"})),
    ];
    for (number, (op, request)) in calls.into_iter().enumerate() {
        trail.add(at(12, 10) + nth(number) * 30, Call::new(&ci, op, request));
    }
}

/// A new reviewer of models.
fn reviewer(trail: &mut Trail) {
    for day in [10, 12] {
        let who = known("emil").sso(SPLIT_DAY + day);
        let package = arn("model-package", "churn/1");
        let body = json!({"modelPackageArn": package, "modelApprovalStatus": "Approved", "approvalDescription": "reviewed with hana"});
        trail.add(
            at(day, 15),
            Call::new(&who, "sagemaker:UpdateModelPackage", body).gives(json!({"modelPackageArn": package})),
        );
    }
}

/// An afternoon at which three people try services that they never used.
fn workshop(trail: &mut Trail) {
    for name in ["anna", "carl", "lena"] {
        let who: Actor = known(name).sso(SPLIT_DAY + 5);
        let mut now = at(5, 13) + trail.between(0, 30) * MINUTE;
        let file = json!({"document": {"s3Object": {"bucket": "acme-workshop", "name": format!("{name}.png")}}, "featureTypes": ["TABLES"]});
        let chat = json!({"modelId": "eu.amazon.nova-lite-v1:0"});
        for _ in 0..trail.between(2, 5) {
            trail.add(now, Call::new(&who, "bedrock:Converse", chat.clone()));
            now += trail.between(30, 300);
        }
        trail.add(now, Call::new(&who, "textract:AnalyzeDocument", file));
    }
}

/// The chat moves to the next version of its model.
fn model_upgrade(trail: &mut Trail) {
    for hour in 0..40 {
        let chat = machine("chat", "new");
        let asked = json!({"modelId": "eu.anthropic.claude-sonnet-4-20250514-v1:0"});
        trail.add(at(10, 8) + hour * 2 * HOUR, Call::new(&chat, "bedrock:Converse", asked));
    }
}

fn quarter(trail: &mut Trail) {
    let job = Job {
        output: format!("s3://{RESULTS}/quarter/"),
        image: SKLEARN.into(),
        ..Job::usual("quarter-report-2")
    };
    trail.add(
        at(2, 5),
        Call::new(&machine("quarter", "second"), "sagemaker:CreateProcessingJob", job.processing()),
    );
}

/// People do for the first time what belongs to their work.
fn first_uses(trail: &mut Trail) {
    let anna = known("anna").studio(SPLIT_DAY + 4);
    let body = json!({"autoMLJobName": "anna-auto", "inputDataConfig": [{"dataSource": {"s3DataSource": {"s3DataType": "S3Prefix", "s3Uri": format!("s3://{DATA}/curated/train/")}}, "targetAttributeName": "label"}],
        "outputDataConfig": {"s3OutputPath": format!("s3://{MODELS}/experiments/"), "kmsKeyId": ""}, "roleArn": role_arn("sagemaker-training")});
    trail.add(at(4, 12), Call::new(&anna, "sagemaker:CreateAutoMLJob", body));
    let ivan = known("ivan").sso(SPLIT_DAY + 11);
    let alert = json!({"monitoringScheduleName": "pricing-drift", "monitoringAlertName": "drift", "datapointsToAlert": 2, "evaluationPeriod": 3});
    trail.add(at(11, 10), Call::new(&ivan, "sagemaker:UpdateMonitoringAlert", alert));
    let gus = known("gus").sso(SPLIT_DAY + 11);
    let url = url(DOMAIN, &known("gus").profile());
    trail.add(
        at(11, 20),
        Call::new(&gus.from("178.115.90.4").with(CONSOLE), "sagemaker:CreatePresignedDomainUrl", url),
    );
    let key = "curated/train/extra.parquet";
    let put = Call::new(&known("bela").studio(SPLIT_DAY + 5), "s3:PutObject", get_object(DATA, key));
    trail.add(at(5, 12), put.data("AWS::S3::Object", &object_arn(DATA, key)));
}
