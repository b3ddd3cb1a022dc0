//! The usual work of 74 days: people in Studio and in the console, deployments, pipelines, applications, audits.

use super::DAYS;
use super::cast::{
    ACCOUNT, Actor, BOTO, CLI, CONSOLE, DOMAIN, PEOPLE, Person, known, legacy, machine, notebook, role_arn,
};
use super::requests::{
    CAPTURE, DATA, DEFAULT, FRAUD_IMAGE, Job, MODELS, PYTORCH, RESULTS, SKLEARN, app, arn, base64,
    endpoint_config, get_object, model, object_arn, pipeline, url,
};
use super::trail::{Call, DAY, HOUR, MINUTE, Trail, nth};
use serde_json::{Value, json};

/// Addresses of the builders: rented by the hour, so from many networks.
pub(crate) const BUILDERS: [&str; 8] = [
    "20.55.14.9",
    "4.227.8.31",
    "52.249.61.7",
    "172.183.10.44",
    "13.83.5.90",
    "20.171.3.8",
    "40.76.22.5",
    "68.220.1.17",
];

/// Addresses that AWS gives to a notebook on the internet, a new one at every start.
pub(crate) const NOTEBOOK_NETS: [&str; 7] =
    ["34.241", "52.208", "54.76", "63.32", "3.248", "54.194", "18.200"];

/// The endpoints in production.
const ENDPOINTS: [&str; 3] = ["fraud-prod", "pricing-prod", "search-rank-prod"];

/// The script that stops notebooks which nobody uses.
pub(crate) const IDLE_STOP: &str = "#!/bin/bash\nset -e\n# stop when idle\ncurl -sL https://example.com/tools/auto-stop.py -o /opt/auto-stop.py\n(crontab -l; echo '*/5 * * * * python /opt/auto-stop.py --time 3600') | crontab -\n";

const PIPELINES: [&str; 3] = ["fraud-train", "pricing-train", "search-rank-train"];

pub(crate) const fn is_workday(day: i64) -> bool {
    day % 7 < 5
}

pub(crate) fn add(trail: &mut Trail) {
    for day in 0..DAYS {
        machines(trail, day);
        if is_workday(day) {
            office_hours(trail, day);
        }
    }
    once(trail);
}

fn office_hours(trail: &mut Trail, day: i64) {
    for person in PEOPLE {
        if trail.chance(90) {
            let from_home = trail.chance(35);
            person_day(trail, person, day, from_home);
        }
    }
    for _ in 0..trail.between(1, 3) {
        let now = day * DAY + trail.between(8 * 60, 16 * 60) * MINUTE;
        deployment(trail, now);
    }
    let now = day * DAY + 6 * HOUR + trail.between(0, 40) * MINUTE;
    plan(trail, now);
    let approver = machine("approver", "approval");
    let token = json!({"callbackToken": "a1b2c3d4e5", "outputParameters": []});
    let now = day * DAY + trail.between(9, 15) * HOUR;
    trail.add(now, Call::new(&approver, "sagemaker:SendPipelineExecutionStepSuccess", token));
}

/// A day of a person: opens Studio, works there, looks at the console.
pub(crate) fn person_day(trail: &mut Trail, person: &Person, day: i64, from_home: bool) {
    let start = day * DAY + trail.between(7 * 60, 9 * 60 + 30) * MINUTE;
    let sso = if from_home { person.sso(day).from(&person.home_ip()) } else { person.sso(day) };
    match person.set {
        "MLEngineer" => engineer(trail, person, &sso, start),
        "PlatformAdmin" => admin(trail, &sso, start),
        "Analyst" => analyst(trail, &sso, start),
        _ => {
            opens_studio(trail, person, &sso, start);
            let tasks = trail.between(1, 3);
            for task in 0..tasks {
                let now = start + (task * 2 + 1) * HOUR + trail.between(0, 90) * MINUTE;
                studio_task(trail, person, day, now);
            }
        }
    }
}

fn opens_studio(trail: &mut Trail, person: &Person, sso: &Actor, start: i64) {
    let profile = person.profile();
    let (domain, mut now) = (person.domain(), start);
    let named = json!({"domainId": domain, "userProfileName": profile});
    if person.portal {
        let portal = machine("portal", &format!("lambda{}", start / DAY));
        trail.add(now, Call::new(&portal, "sagemaker:DescribeUserProfile", named));
        let answer = json!({"authorizedUrl": "***"});
        trail.add(
            now + 2,
            Call::new(&portal, "sagemaker:CreatePresignedDomainUrl", url(domain, &profile)).gives(answer),
        );
    } else {
        trail.add(now, Call::new(sso, "sagemaker:ListDomains", Value::Null));
        trail.add(now + 1, Call::new(sso, "sagemaker:DescribeDomain", json!({"domainId": domain})));
        if trail.chance(40) {
            trail.add(
                now + 2,
                Call::new(sso, "sagemaker:ListUserProfiles", json!({"domainIdEquals": domain})),
            );
        }
        trail.add(now + 3, Call::new(sso, "sagemaker:DescribeUserProfile", named));
        now += trail.between(20, 200);
        let answer = json!({"authorizedUrl": "***"});
        trail.add(
            now,
            Call::new(sso, "sagemaker:CreatePresignedDomainUrl", url(domain, &profile)).gives(answer),
        );
    }
    let studio = person.studio(start / DAY);
    let space = format!("{profile}-space");
    now += trail.between(60, 300);
    let named = json!({"domainId": domain, "spaceName": space});
    trail.add(now, Call::new(&studio, "sagemaker:DescribeSpace", named));
    if trail.chance(70) {
        let answer = json!({"appArn": arn("app", &format!("{domain}/{space}/JupyterLab/default"))});
        trail.add(now + 4, Call::new(&studio, "sagemaker:CreateApp", app(domain, &space)).gives(answer));
    }
}

/// Something that a data scientist does in Studio.
fn studio_task(trail: &mut Trail, person: &Person, day: i64, now: i64) {
    let studio = person.studio(day);
    let name = format!("{}-{}", person.name, trail.rng.hex(6));
    match trail.between(0, 6) {
        0 | 1 => trains(trail, &studio, &name, now),
        2 => {
            let job = Job {
                image: SKLEARN.into(),
                output: format!("s3://{RESULTS}/{}/", person.name),
                ..Job::usual(&name)
            };
            let answer = json!({"processingJobArn": arn("processing-job", &name)});
            trail.add(
                now,
                Call::new(&studio, "sagemaker:CreateProcessingJob", job.processing()).gives(answer),
            );
            trail.add(
                now + 240,
                Call::new(&studio, "sagemaker:DescribeProcessingJob", json!({"processingJobName": name})),
            );
        }
        3 => reads(trail, &studio, DATA, "curated/train/part", now),
        4 => {
            for (at, op) in ["sagemaker:ListExperiments", "sagemaker:ListTrialComponents", "sagemaker:Search"]
                .iter()
                .enumerate()
            {
                trail.add(now + nth(at) * 9, Call::new(&studio, op, json!({"maxResults": 50})));
            }
        }
        5 => {
            let group = json!({"modelPackageGroupName": "fraud"});
            trail.add(now, Call::new(&studio, "sagemaker:ListModelPackages", group));
            if trail.chance(30) {
                register(trail, &studio, now + 100);
            }
        }
        _ => {
            let endpoint = arn("endpoint", "sandbox");
            for at in 0..trail.between(1, 5) {
                let call = Call::new(&studio, "sagemaker:InvokeEndpoint", Value::Null);
                trail.add(now + at * 40, call.data("AWS::SageMaker::Endpoint", &endpoint));
            }
        }
    }
}

fn trains(trail: &mut Trail, who: &Actor, name: &str, now: i64) {
    let instance =
        trail.one(&["ml.m5.2xlarge", "ml.m5.4xlarge", "ml.g4dn.xlarge", "ml.g5.2xlarge"]).to_owned();
    let job = Job { instance, ..Job::usual(name) };
    let answer = json!({"trainingJobArn": arn("training-job", name)});
    trail.add(now, Call::new(who, "sagemaker:CreateTrainingJob", job.training()).gives(answer));
    for at in 1..=trail.between(1, 4) {
        trail.add(
            now + at * 300,
            Call::new(who, "sagemaker:DescribeTrainingJob", json!({"trainingJobName": name})),
        );
    }
    if trail.chance(50) {
        let stream = json!({"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": name});
        trail.add(now + 900, Call::new(who, "logs:DescribeLogStreams", stream));
    }
}

fn register(trail: &mut Trail, who: &Actor, now: i64) {
    let body = json!({
        "modelPackageGroupName": "fraud", "modelPackageDescription": "", "modelApprovalStatus": "PendingManualApproval",
        "inferenceSpecification": {"containers": [{"image": FRAUD_IMAGE, "modelDataUrl": format!("s3://{MODELS}/experiments/model.tar.gz")}],
            "supportedContentTypes": ["text/csv"], "supportedResponseMIMETypes": ["text/csv"]},
    });
    let answer = json!({"modelPackageArn": arn("model-package", "fraud/12")});
    trail.add(now, Call::new(who, "sagemaker:CreateModelPackage", body).gives(answer));
}

/// Reads some objects: data events.
pub(crate) fn reads(trail: &mut Trail, who: &Actor, bucket: &str, prefix: &str, now: i64) {
    for at in 0..trail.between(2, 6) {
        let key = format!("{prefix}-{:05}.parquet", trail.between(0, 400));
        let bytes = json!({"bytesTransferredIn": 0, "bytesTransferredOut": trail.between(10_000, 4_000_000), "SignatureVersion": "SigV4"});
        let call = Call::new(who, "s3:GetObject", get_object(bucket, &key));
        trail.add(
            now + at * 3,
            call.data("AWS::S3::Object", &object_arn(bucket, &key)).with("additionalEventData", bytes),
        );
    }
}

fn engineer(trail: &mut Trail, person: &Person, sso: &Actor, start: i64) {
    let endpoint = trail.one(&ENDPOINTS);
    let named = json!({"endpointName": endpoint});
    trail.add(start, Call::new(sso, "sagemaker:ListEndpoints", json!({"maxResults": 100})));
    trail.add(start + 7, Call::new(sso, "sagemaker:DescribeEndpoint", named));
    trail.add(start + 60, Call::new(sso, "monitoring:DescribeAlarms", Value::Null));
    let cli = sso.clone().with(CLI);
    trail.add(
        start + 2 * HOUR,
        Call::new(&cli, "sagemaker:ListModelPackages", json!({"modelPackageGroupName": "fraud"})),
    );
    let package = arn("model-package", "fraud/12");
    trail.add(
        start + 2 * HOUR + 30,
        Call::new(&cli, "sagemaker:DescribeModelPackage", json!({"modelPackageName": package})),
    );
    if trail.chance(40) {
        let body = json!({"modelPackageArn": package, "modelApprovalStatus": "Approved", "approvalDescription": "reviewed"});
        trail.add(
            start + 3 * HOUR,
            Call::new(&cli, "sagemaker:UpdateModelPackage", body).gives(json!({"modelPackageArn": package})),
        );
    }
    if trail.chance(60) {
        opens_studio(trail, person, sso, start + 4 * HOUR);
        studio_task(trail, person, start / DAY, start + 5 * HOUR);
    }
    if trail.chance(35) {
        let name = format!("{}-{}", person.name, trail.rng.hex(6));
        trains(trail, &sso.clone().with(BOTO), &name, start + 6 * HOUR);
    }
}

fn admin(trail: &mut Trail, sso: &Actor, start: i64) {
    let ops = [
        "iam:ListRoles",
        "iam:GetAccountSummary",
        "sagemaker:ListDomains",
        "sagemaker:ListUserProfiles",
        "sagemaker:ListApps",
        "cloudtrail:LookupEvents",
        "ec2:DescribeInstances",
    ];
    for (at, op) in ops.iter().enumerate() {
        if trail.chance(60) {
            trail.add(start + nth(at) * 400, Call::new(sso, op, Value::Null));
        }
    }
    if trail.chance(10) {
        let quota = json!({"serviceCode": "sagemaker"});
        trail.add(start + 3 * HOUR, Call::new(sso, "servicequotas:ListServiceQuotas", quota));
    }
    if trail.chance(15) {
        let ops = [
            "bedrock:ListFoundationModels",
            "bedrock:ListGuardrails",
            "bedrock:GetModelInvocationLoggingConfiguration",
        ];
        for (at, op) in ops.iter().enumerate() {
            trail.add(start + 4 * HOUR + nth(at), Call::new(sso, op, Value::Null));
        }
    }
}

fn analyst(trail: &mut Trail, sso: &Actor, start: i64) {
    for at in 0..trail.between(2, 5) {
        let query = json!({"queryString": "***", "queryExecutionContext": {"database": "reporting"}, "workGroup": "primary"});
        trail.add(start + at * 35 * MINUTE, Call::new(sso, "athena:StartQueryExecution", query));
        reads(trail, sso, "acme-reporting", "daily/part", start + at * 35 * MINUTE + 20);
    }
}

/// A deployment from the builders: model, configuration, endpoint.
fn deployment(trail: &mut Trail, now: i64) {
    let ci = machine("ci", &format!("run{now}")).from(trail.one(&BUILDERS));
    let endpoint = trail.one(&ENDPOINTS);
    let name = format!("{endpoint}-{}", trail.rng.hex(6));
    let data = format!("s3://{MODELS}/released/{endpoint}/model.tar.gz");
    let key = format!("released/{endpoint}/model.tar.gz");
    let put = Call::new(&ci, "s3:PutObject", get_object(MODELS, &key));
    trail.add(now, put.data("AWS::S3::Object", &object_arn(MODELS, &key)));
    let created = json!({"modelArn": arn("model", &name)});
    trail.add(
        now + 30,
        Call::new(&ci, "sagemaker:CreateModel", model(&name, FRAUD_IMAGE, &data)).gives(created),
    );
    let config = endpoint_config(&name, &name, "ml.c5.xlarge", CAPTURE);
    let created = json!({"endpointConfigArn": arn("endpoint-config", &name)});
    trail.add(now + 40, Call::new(&ci, "sagemaker:CreateEndpointConfig", config).gives(created));
    let update =
        json!({"endpointName": endpoint, "endpointConfigName": name, "retainAllVariantProperties": false});
    trail.add(
        now + 50,
        Call::new(&ci, "sagemaker:UpdateEndpoint", update)
            .gives(json!({"endpointArn": arn("endpoint", endpoint)})),
    );
    for at in 1..=trail.between(1, 3) {
        trail.add(
            now + 50 + at * 120,
            Call::new(&ci, "sagemaker:DescribeEndpoint", json!({"endpointName": endpoint})),
        );
    }
    if trail.chance(25) {
        let name = trail.one(&PIPELINES);
        let body = pipeline(name, &role_arn("sagemaker-pipeline"));
        trail.add(
            now + 700,
            Call::new(&ci, "sagemaker:UpdatePipeline", body)
                .gives(json!({"pipelineArn": arn("pipeline", name)})),
        );
    }
}

/// Terraform looks at what there is, and seldom changes it.
fn plan(trail: &mut Trail, now: i64) {
    let terraform = machine("terraform", &format!("run{now}")).from(trail.one(&BUILDERS));
    for (at, op) in [
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "s3:GetBucketPolicy",
        "sagemaker:DescribeDomain",
        "sagemaker:DescribeUserProfile",
        "sagemaker:DescribeNotebookInstance",
    ]
    .iter()
    .enumerate()
    {
        let request = match at {
            0 | 1 => json!({"roleName": trail.one(&["studio-exec", "sagemaker-training", "ml-admin"])}),
            2 => json!({"bucketName": trail.one(&[DATA, MODELS, CAPTURE])}),
            3 => json!({"domainId": DOMAIN}),
            4 => json!({"domainId": DOMAIN, "userProfileName": trail.one(PEOPLE).profile()}),
            _ => json!({"notebookInstanceName": "fraud-notebook"}),
        };
        trail.add(now + nth(at) * 2, Call::new(&terraform, op, request));
    }
}

fn machines(trail: &mut Trail, day: i64) {
    let midnight = day * DAY;
    nightly(trail, day);
    for hour in (0..24).step_by(2) {
        let now = midnight + hour * HOUR + trail.between(0, 100) * MINUTE;
        applications(trail, now);
    }
    if day % 3 == 1 {
        audit(trail, midnight + 4 * HOUR);
    }
    let config = machine("config", &format!("day{day}"));
    for _ in 0..4 {
        let now = midnight + trail.between(0, 1439) * MINUTE;
        let request = json!({"resourceArn": arn("endpoint", trail.one(&ENDPOINTS))});
        trail.add(now, Call::new(&config, "sagemaker:ListTags", request));
    }
    let net = trail.one(&NOTEBOOK_NETS);
    let fraud = notebook(day, &format!("{net}.{}.{}", 40 + day, 7));
    if is_workday(day) && trail.chance(80) {
        let now = midnight + trail.between(8, 14) * HOUR;
        trail.add(now, Call::new(&fraud, "sts:GetCallerIdentity", Value::Null));
        reads(trail, &fraud, DATA, "fraud/cases", now + 60);
        let name = format!("fraud-nb-{}", trail.rng.hex(5));
        trains(trail, &fraud, &name, now + HOUR);
    }
    if is_workday(day) {
        notebooks(trail, day);
    }
}

/// Two people have notebooks of their own, which they start when they need them.
fn notebooks(trail: &mut Trail, day: i64) {
    for (name, instance) in [("anna", "anna-nb"), ("gus", "gus-nb")] {
        if !trail.chance(20) {
            continue;
        }
        let who = known(name).sso(day);
        let now = day * DAY + trail.between(9, 12) * HOUR;
        let named = json!({"notebookInstanceName": instance});
        trail.add(now, Call::new(&who, "sagemaker:StartNotebookInstance", named.clone()));
        let open = json!({"notebookInstanceName": instance, "sessionExpirationDurationInSeconds": 43_200});
        trail.add(now + 400, Call::new(&who, "sagemaker:CreatePresignedNotebookInstanceUrl", open));
        trail.add(now + 6 * HOUR, Call::new(&who, "sagemaker:StopNotebookInstance", named));
    }
}

fn applications(trail: &mut Trail, now: i64) {
    for (name, endpoint) in [("fraud-api", "fraud-prod"), ("pricing-api", "pricing-prod")] {
        let who = machine(name, &format!("pod{}", now / DAY));
        for at in 0..trail.between(1, 3) {
            let call = Call::new(&who, "sagemaker:InvokeEndpoint", Value::Null);
            trail.add(now + at * 11, call.data("AWS::SageMaker::Endpoint", &arn("endpoint", endpoint)));
        }
    }
    let (group, kind) = (json!({"featureGroupName": "fraud-cards"}), "AWS::SageMaker::FeatureGroup");
    let there = arn("feature-group", "fraud-cards");
    let features = machine("features", &format!("run{}", now / DAY));
    trail.add(now + 90, Call::new(&features, "sagemaker:PutRecord", group.clone()).data(kind, &there));
    let api = machine("fraud-api", &format!("pod{}", now / DAY));
    trail.add(now + 95, Call::new(&api, "sagemaker:GetRecord", group).data(kind, &there));
    let chat = machine("chat", &format!("pod{}", now / DAY));
    let asked = json!({"modelId": "eu.anthropic.claude-3-5-sonnet-20240620-v1:0"});
    trail.add(now + 120, Call::new(&chat, "bedrock:Converse", asked));
    let key = json!({"encryptionContext": {"aws:s3:arn": format!("arn:aws:s3:::{DATA}")}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"});
    trail.add(now + 130, Call::new(&api.through("s3.amazonaws.com"), "kms:Decrypt", key));
}

/// Pipelines at night, cleaning, the old batch job.
fn nightly(trail: &mut Trail, day: i64) {
    let midnight = day * DAY;
    let scheduler = machine("scheduler", &format!("day{day}"));
    let runner = machine("pipeline", &format!("day{day}"));
    let training = machine("training", &format!("day{day}"));
    for (at, name) in PIPELINES.iter().enumerate() {
        let now = midnight + HOUR + nth(at) * 1800;
        let started = json!({"pipelineExecutionArn": arn("pipeline", &format!("{name}/execution/{}", trail.rng.hex(12)))});
        trail.add(
            now,
            Call::new(&scheduler, "sagemaker:StartPipelineExecution", json!({"pipelineName": name}))
                .gives(started),
        );
        let job = Job {
            image: SKLEARN.into(),
            output: format!("s3://{DATA}/curated/train/"),
            ..Job::usual(&format!("{name}-{}", trail.rng.hex(8)))
        };
        trail.add(now + 60, Call::new(&runner, "sagemaker:CreateProcessingJob", job.processing()));
        let job = Job {
            image: PYTORCH.into(),
            instance: "ml.g5.12xlarge".into(),
            ..Job::usual(&format!("{name}-{}", trail.rng.hex(8)))
        };
        trail.add(now + 1200, Call::new(&runner, "sagemaker:CreateTrainingJob", job.training()));
        reads(trail, &training, DATA, "curated/train/part", now + 1300);
        let key = format!("experiments/{}/output/model.tar.gz", job.name);
        trail.add(
            now + 1700,
            Call::new(&training, "s3:PutObject", get_object(MODELS, &key))
                .data("AWS::S3::Object", &object_arn(MODELS, &key)),
        );
    }
    register(trail, &runner, midnight + 3 * HOUR);
    let cleaner = machine("cleaner", &format!("day{day}"));
    for _ in 0..trail.between(1, 4) {
        let profile = trail.one(PEOPLE).profile();
        let request = json!({"domainId": DOMAIN, "spaceName": format!("{profile}-space"), "appType": "JupyterLab", "appName": "default"});
        let now = midnight + 21 * HOUR + trail.between(0, 600);
        trail.add(now, Call::new(&cleaner, "sagemaker:DeleteApp", request));
    }
    let kb = machine("kb", &format!("day{day}"));
    let sync = json!({"knowledgeBaseId": "KB7QX2LMNP", "dataSourceId": "DS4RT9VWXY"});
    trail.add(midnight + 2 * HOUR + 300, Call::new(&kb, "bedrock:StartIngestionJob", sync));
    let key = format!("exports/{day}.csv");
    let put = Call::new(&legacy(), "s3:PutObject", get_object("acme-reporting", &key));
    trail.add(midnight + 23 * HOUR, put.data("AWS::S3::Object", &object_arn("acme-reporting", &key)));
}

/// The tool that looks at the account's posture.
fn audit(trail: &mut Trail, now: i64) {
    let posture = machine("posture", &format!("scan{now}"));
    let ops = [
        "sagemaker:ListNotebookInstances",
        "sagemaker:ListDomains",
        "sagemaker:ListModels",
        "sagemaker:ListTrainingJobs",
        "sagemaker:ListEndpoints",
        "bedrock:ListGuardrails",
        "bedrock:GetModelInvocationLoggingConfiguration",
        "s3:ListBuckets",
        "iam:GetAccountAuthorizationDetails",
    ];
    for (number, region) in
        ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-southeast-2"].iter().enumerate()
    {
        for (at, op) in ops.iter().enumerate() {
            trail.add(
                now + nth(number) * 70 + nth(at) * 4,
                Call::new(&posture, op, Value::Null).in_region(region),
            );
        }
    }
}

/// What happened now and then in the first weeks.
fn once(trail: &mut Trail) {
    let terraform = machine("terraform", "monthly").from(BUILDERS[0]);
    let script = json!({"notebookInstanceLifecycleConfigName": "idle-stop", "onStart": [{"content": base64(IDLE_STOP)}]});
    trail.add(
        4 * DAY + 9 * HOUR,
        Call::new(&terraform, "sagemaker:UpdateNotebookInstanceLifecycleConfig", script.clone()),
    );
    trail.add(
        33 * DAY + 9 * HOUR,
        Call::new(&terraform, "sagemaker:UpdateNotebookInstanceLifecycleConfig", script),
    );
    let quarter = machine("quarter", "first");
    let job = Job {
        output: format!("s3://{RESULTS}/quarter/"),
        image: SKLEARN.into(),
        ..Job::usual("quarter-report-1")
    };
    trail.add(2 * DAY + 5 * HOUR, Call::new(&quarter, "sagemaker:CreateProcessingJob", job.processing()));
    let mona = known("mona").sso(11).with(CONSOLE);
    let profile = known("gus").profile();
    let made = json!({"domainId": DOMAIN, "userProfileName": profile, "userSettings": {"executionRole": role_arn("studio-exec")}, "tags": []});
    trail.add(11 * DAY + 10 * HOUR, Call::new(&mona, "sagemaker:CreateUserProfile", made).gives(json!({"userProfileArn": format!("arn:aws:sagemaker:eu-west-1:{ACCOUNT}:user-profile/{DOMAIN}/{profile}")})));
    let key = "code/preprocess.py";
    trail.add(
        12 * DAY + 10 * HOUR,
        Call::new(&known("hana").sso(12).with(BOTO), "s3:PutObject", get_object(DEFAULT, key))
            .data("AWS::S3::Object", &object_arn(DEFAULT, key)),
    );
}
