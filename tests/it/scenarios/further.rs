//! Twenty attacks more: other rows of the catalogue, other people.

use super::Scenario;
use super::attacks::{Scene, hosting, spread, stolen, strong};
use super::cast::{
    ACCOUNT, Actor, BOTO, CLI, CONSOLE, DOMAIN, PEOPLE, RISK_DOMAIN, STRANGER, known, machine, notebook,
    role_arn, token,
};
use super::requests::{
    CAPTURE, FRAUD_IMAGE, MODELS, arn, endpoint_config, get_object, object_arn, pipeline, schedule, url,
};
use super::trail::{Attack, Call, DAY, HOUR, MINUTE, Trail};
use serde_json::{Value, json};

pub(super) fn add(trail: &mut Trail) -> Vec<Scenario> {
    let scenes: [Scene; 20] = [
        models_downloaded,
        artefact_overwritten,
        profile_made,
        notebook_of_another,
        pipeline_edited,
        traces_off,
        extraction,
        features_read,
        workforce_opened,
        interpreter_escape,
        cluster_made,
        destruction,
        schedule_as_cron,
        api_key,
        sieve,
        dumps_and_results,
        image_rolled,
        root,
        many_profiles,
        secrets,
    ];
    spread(trail, &scenes, 13)
}

fn models_downloaded(trail: &mut Trail, now: i64) -> Scenario {
    let person = known("emil");
    let who = person.sso(now / DAY).from(&person.home_ip()).with(BOTO);
    let mut attack = Attack::new(trail, now, "models_downloaded", "SM-X04");
    attack.by(&who).call(
        Call::new(&who, "s3:ListObjects", json!({"bucketName": MODELS, "prefix": "experiments/"}))
            .data("AWS::S3::Object", &format!("arn:aws:s3:::{MODELS}")),
    );
    for number in 0..32 {
        let key = format!("experiments/run-{number:03}/output/model.tar.gz");
        let bytes = json!({"bytesTransferredOut": 480_000_000_i64 + number});
        let call = Call::new(&who, "s3:GetObject", get_object(MODELS, &key))
            .data("AWS::S3::Object", &object_arn(MODELS, &key));
        attack.call(call.with("additionalEventData", bytes));
    }
    attack.end()
}

fn artefact_overwritten(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("fay").sso(now / DAY).with(BOTO);
    let mut attack = Attack::new(trail, now, "artefact_overwritten", "SM-T01 SM-T02");
    let key = "released/fraud-prod/model.tar.gz";
    attack.by(&who).call(
        Call::new(&who, "s3:GetObject", get_object(MODELS, key))
            .data("AWS::S3::Object", &object_arn(MODELS, key)),
    );
    attack.wait(40 * MINUTE).call(
        Call::new(&who, "s3:PutObject", get_object(MODELS, key))
            .data("AWS::S3::Object", &object_arn(MODELS, key)),
    );
    attack.wait(2 * HOUR).call(Call::new(
        &who,
        "sagemaker:CreateEndpointConfig",
        endpoint_config("fraud-prod-r", "fraud-prod-a1b2c3", "ml.c5.xlarge", CAPTURE),
    ));
    attack.call(Call::new(
        &who,
        "sagemaker:UpdateEndpoint",
        json!({"endpointName": "fraud-prod", "endpointConfigName": "fraud-prod-r"}),
    ));
    attack.end()
}

fn profile_made(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "ivan", now);
    let mut attack = Attack::new(trail, now, "profile_made", "SM-A12 SM-P01");
    attack.by(&who).call(Call::new(&who, "sagemaker:ListDomains", Value::Null));
    let made = json!({"domainId": DOMAIN, "userProfileName": "default-20260306", "userSettings": {"executionRole": strong()}, "tags": []});
    attack.call(Call::new(&who, "sagemaker:CreateUserProfile", made));
    attack.wait(3 * MINUTE).call(Call::new(
        &who,
        "sagemaker:CreatePresignedDomainUrl",
        url(DOMAIN, "default-20260306"),
    ));
    attack.end()
}

fn notebook_of_another(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("dana").sso(now / DAY);
    let mut attack = Attack::new(trail, now, "notebook_of_another", "SM-A02");
    attack.by(&who).call(Call::new(&who, "sagemaker:ListNotebookInstances", Value::Null));
    attack.call(Call::new(
        &who,
        "sagemaker:CreatePresignedNotebookInstanceUrl",
        json!({"notebookInstanceName": "anna-nb"}),
    ));
    attack.end()
}

fn pipeline_edited(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("jana").sso(now / DAY).with(CLI);
    let mut attack = Attack::new(trail, now, "pipeline_edited", "SM-P08");
    let named = json!({"pipelineName": "fraud-train"});
    attack.by(&who).call(Call::new(&who, "sagemaker:DescribePipeline", named.clone()));
    let body = pipeline("fraud-train", &role_arn("sagemaker-pipeline"));
    attack.call(Call::new(&who, "sagemaker:UpdatePipeline", body.clone()));
    attack.call(Call::new(&who, "sagemaker:StartPipelineExecution", named));
    attack.wait(30 * MINUTE).call(Call::new(&who, "sagemaker:UpdatePipeline", body));
    attack.end()
}

fn traces_off(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "mona", now);
    let mut attack = Attack::new(trail, now, "traces_off", "SM-E02 SM-E12");
    let update = json!({"domainId": RISK_DOMAIN, "domainSettingsForUpdate": {"executionRoleIdentityConfig": "DISABLED"}});
    attack.by(&who).call(Call::new(&who, "sagemaker:UpdateDomain", update));
    attack.call(Call::new(&who, "logs:DeleteLogGroup", json!({"logGroupName": "/aws/sagemaker/studio"})));
    attack.call(Call::new(
        &who,
        "logs:PutRetentionPolicy",
        json!({"logGroupName": "/aws/sagemaker/TrainingJobs", "retentionInDays": 1}),
    ));
    attack.end()
}

fn extraction(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("kurt").studio(now / DAY);
    let mut attack = Attack::new(trail, now, "extraction", "SM-I01 SM-I02 SM-I04 SM-I07");
    attack.by(&who).call(Call::new(
        &who,
        "sagemaker:DescribeEndpoint",
        json!({"endpointName": "fraud-prod"}),
    ));
    attack.call(Call::new(&who, "sagemaker:DescribeModel", json!({"modelName": "fraud-prod-a1b2c3"})));
    for _ in 0..140 {
        attack.call(
            Call::new(&who, "sagemaker:InvokeEndpoint", Value::Null)
                .data("AWS::SageMaker::Endpoint", &arn("endpoint", "fraud-prod")),
        );
    }
    attack.end()
}

fn features_read(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("carl").studio(now / DAY);
    let mut attack = Attack::new(trail, now, "features_read", "SM-X13 SM-X14");
    let group = json!({"featureGroupName": "fraud-cards"});
    attack.by(&who).call(Call::new(&who, "sagemaker:DescribeFeatureGroup", group.clone()));
    for _ in 0..30 {
        attack.call(
            Call::new(&who, "sagemaker:BatchGetRecord", group.clone())
                .data("AWS::SageMaker::FeatureGroup", &arn("feature-group", "fraud-cards")),
        );
    }
    let query = json!({"queryString": "***", "queryExecutionContext": {"database": "sagemaker_featurestore"}, "workGroup": "primary"});
    attack.call(Call::new(&who, "athena:StartQueryExecution", query));
    attack.end()
}

fn workforce_opened(trail: &mut Trail, now: i64) -> Scenario {
    let who = notebook(now / DAY, "52.208.14.3");
    let mut attack = Attack::new(trail, now, "workforce_opened", "SM-A13 SM-A14");
    let user = json!({"userPoolId": "eu-west-1_AbCdEfGhI", "username": "reviewer7"});
    attack.by(&who).call(Call::new(&who, "cognito-idp:AdminCreateUser", user.clone()));
    attack.call(Call::new(&who, "cognito-idp:AdminAddUserToGroup", user));
    attack.call(Call::new(
        &who,
        "sagemaker:UpdateWorkforce",
        json!({"workforceName": "default", "sourceIpConfig": {"cidrs": ["0.0.0.0/0"]}}),
    ));
    attack.end()
}

fn interpreter_escape(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("gus").sso(now / DAY).with(BOTO);
    let mut attack = Attack::new(trail, now, "interpreter_escape", "BR-P02");
    let made = json!({"name": "calc", "executionRoleArn": strong(), "networkConfiguration": {"networkMode": "PUBLIC"}, "clientToken": "t"});
    attack.by(&who).call(
        Call::new(&who, "bedrock-agentcore:CreateCodeInterpreter", made)
            .gives(json!({"codeInterpreterId": "calc-a1b2c3d4e5", "status": "READY"})),
    );
    attack.wait(2 * MINUTE).call(Call::new(
        &who,
        "bedrock-agentcore:StartCodeInterpreterSession",
        json!({"codeInterpreterIdentifier": "calc-a1b2c3d4e5"}),
    ));
    attack.call(Call::new(
        &who,
        "bedrock-agentcore:InvokeCodeInterpreter",
        json!({"codeInterpreterIdentifier": "calc-a1b2c3d4e5"}),
    ));
    attack.end()
}

fn cluster_made(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "hana", now);
    let mut attack = Attack::new(trail, now, "cluster_made", "SM-G08 SM-P15 SM-L05");
    let body = json!({"clusterName": "pretrain", "tags": [], "instanceGroups": [{"instanceGroupName": "workers", "instanceType": "ml.p5.48xlarge", "instanceCount": 4, "threadsPerCore": 1, "executionRole": strong(),
        "lifeCycleConfig": {"sourceS3Uri": format!("s3://hp-bootstrap-{}/scripts/", attack.trail.rng.hex(5)), "onCreate": "on_create.sh"}}]});
    attack.by(&who).call(Call::new(&who, "sagemaker:ListClusters", Value::Null));
    attack.call(
        Call::new(&who, "sagemaker:CreateCluster", body)
            .gives(json!({"clusterArn": arn("cluster", "abc123def456")})),
    );
    attack.end()
}

fn destruction(trail: &mut Trail, now: i64) -> Scenario {
    let ip = hosting(trail);
    let who = machine("ci", &format!("leak{now}")).from(&ip).with(CLI);
    let mut attack = Attack::new(trail, now, "destruction", "SM-T14");
    attack.by(&who).calls(&who, &["sts:GetCallerIdentity", "sagemaker:ListEndpoints"]);
    for (op, field, name) in [
        ("DeleteEndpoint", "endpointName", "fraud-prod"),
        ("DeleteEndpoint", "endpointName", "pricing-prod"),
        ("DeleteEndpoint", "endpointName", "search-rank-prod"),
        ("DeleteModelPackage", "modelPackageName", "fraud/12"),
        ("DeleteNotebookInstance", "notebookInstanceName", "anna-nb"),
        ("DeleteNotebookInstance", "notebookInstanceName", "gus-nb"),
        ("DeleteFeatureGroup", "featureGroupName", "fraud-cards"),
    ] {
        attack.call(Call::new(&who, &format!("sagemaker:{op}"), json!({field: name})));
    }
    attack.end()
}

fn schedule_as_cron(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("anna").studio(now / DAY);
    let mut attack = Attack::new(trail, now, "schedule_as_cron", "SM-L08");
    let image = format!("{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/anna-tools:latest");
    attack.by(&who).call(
        Call::new(
            &who,
            "sagemaker:CreateMonitoringSchedule",
            schedule("pricing-health", "pricing-prod", &image),
        )
        .gives(json!({"monitoringScheduleArn": arn("monitoring-schedule", "pricing-health")})),
    );
    attack.end()
}

fn api_key(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("lena").sso(now / DAY);
    let mut attack = Attack::new(trail, now, "api_key", "SM-L09 BR-K01");
    let user = json!({"userName": "BedrockAPIKey-x7q2"});
    attack.by(&who).call(Call::new(&who, "iam:CreateUser", user.clone()).in_region("us-east-1"));
    attack.call(Call::new(&who, "iam:AttachUserPolicy", json!({"userName": "BedrockAPIKey-x7q2", "policyArn": "arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess"})).in_region("us-east-1"));
    let made = json!({"userName": "BedrockAPIKey-x7q2", "serviceName": "bedrock.amazonaws.com", "credentialAgeDays": 36_600});
    attack.call(Call::new(&who, "iam:CreateServiceSpecificCredential", made).in_region("us-east-1"));
    let ip = hosting(attack.trail);
    let identity = json!({"type": "IAMUser", "principalId": format!("AIDA{}", token("apikey", 17)), "arn": format!("arn:aws:iam::{ACCOUNT}:user/BedrockAPIKey-x7q2"), "accountId": ACCOUNT, "userName": "BedrockAPIKey-x7q2"});
    let phantom = Actor {
        name: "BedrockAPIKey-x7q2".into(),
        human: None,
        identity,
        ip,
        agent: "python-requests/2.32.3".into(),
        endpoint: None,
    };
    attack.wait(HOUR);
    for _ in 0..6 {
        let call = Call::new(
            &phantom,
            "bedrock:Converse",
            json!({"modelId": "anthropic.claude-3-opus-20240229-v1:0"}),
        );
        attack.call(call.with("additionalEventData", json!({"callWithBearerToken": true})));
    }
    attack.end()
}

fn sieve(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "nils", now);
    let mut attack = Attack::new(trail, now, "sieve", "AI-M01 AI-T01 AI-T02");
    attack.by(&who);
    for number in 0..60 {
        let document = json!({"document": {"s3Object": {"bucket": "acme-claims-archive", "name": format!("scan-{number}.pdf")}}, "featureTypes": ["FORMS"]});
        attack.now -= 50;
        attack.call(Call::new(&who, "textract:AnalyzeDocument", document));
        attack.now -= 50;
        attack.call(Call::new(&who, "comprehend:DetectPiiEntities", Value::Null));
    }
    attack.call(Call::new(
        &who,
        "rekognition:DetectText",
        json!({"image": {"s3Object": {"bucket": "acme-claims-archive", "name": "photo-1.jpg"}}}),
    ));
    attack.end()
}

fn dumps_and_results(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("ivan").sso(now / DAY).with(BOTO);
    let bucket = format!("diag-{}", trail.rng.hex(6));
    let mut attack = Attack::new(trail, now, "dumps_and_results", "SM-X06 SM-X10");
    let mut body = endpoint_config("pricing-async", "pricing-prod-a1", "ml.c5.xlarge", "");
    body["productionVariants"][0]["coreDumpConfig"] =
        json!({"destinationS3Uri": format!("s3://{bucket}/core"), "kmsKeyId": ""});
    body["asyncInferenceConfig"] = json!({"outputConfig": {"s3OutputPath": format!("s3://{bucket}/out"), "s3FailurePath": "", "kmsKeyId": ""}});
    attack.by(&who).call(Call::new(&who, "sagemaker:CreateEndpointConfig", body));
    attack.call(Call::new(
        &who,
        "sagemaker:UpdateEndpoint",
        json!({"endpointName": "pricing-prod", "endpointConfigName": "pricing-async"}),
    ));
    attack.end()
}

fn image_rolled(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "fay", now);
    let mut attack = Attack::new(trail, now, "image_rolled", "SM-L06");
    let base = format!("{STRANGER}.dkr.ecr.eu-west-1.amazonaws.com/lab:latest");
    attack.by(&who).call(Call::new(&who, "sagemaker:ListImages", Value::Null));
    attack.call(Call::new(
        &who,
        "sagemaker:CreateImageVersion",
        json!({"imageName": "lab", "baseImage": base, "clientToken": "t2"}),
    ));
    let custom =
        json!({"customImages": [{"imageName": "lab", "imageVersionNumber": 7, "appImageConfigName": "lab"}]});
    attack.call(Call::new(
        &who,
        "sagemaker:UpdateDomain",
        json!({"domainId": DOMAIN, "defaultUserSettings": {"jupyterLabAppSettings": custom}}),
    ));
    attack.end()
}

fn root(trail: &mut Trail, now: i64) -> Scenario {
    let ip = hosting(trail);
    let identity = json!({"type": "Root", "principalId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root"), "accountId": ACCOUNT, "accessKeyId": "ASIAEXAMPLEROOTKEY01", "sessionContext": {"attributes": {"creationDate": "2026-03-10T02:00:00Z", "mfaAuthenticated": "false"}}});
    let who =
        Actor { name: ACCOUNT.into(), human: None, identity, ip, agent: CONSOLE.into(), endpoint: None };
    let mut attack = Attack::new(trail, now, "root", "SM-N07");
    attack.by(&who).call(Call::new(&who, "sagemaker:ListNotebookInstances", Value::Null));
    let body = json!({"notebookInstanceName": "nb1", "instanceType": "ml.p3.8xlarge", "roleArn": role_arn("sagemaker-training"), "directInternetAccess": "Enabled", "tags": []});
    attack.call(Call::new(&who, "sagemaker:CreateNotebookInstance", body));
    attack.end()
}

fn many_profiles(trail: &mut Trail, now: i64) -> Scenario {
    let who = stolen(trail, "dana", now);
    let mut attack = Attack::new(trail, now, "many_profiles", "SM-A01 SM-A04");
    attack.by(&who).call(Call::new(&who, "sagemaker:ListUserProfiles", json!({"domainIdEquals": DOMAIN})));
    for person in PEOPLE.iter().filter(|person| !person.risk && person.name != "dana").take(5) {
        attack.call(Call::new(&who, "sagemaker:CreatePresignedDomainUrl", url(DOMAIN, &person.profile())));
    }
    attack.end()
}

fn secrets(trail: &mut Trail, now: i64) -> Scenario {
    let who = known("emil").studio(now / DAY);
    let mut attack = Attack::new(trail, now, "secrets", "SM-X16");
    attack.by(&who).call(Call::new(&who, "secretsmanager:ListSecrets", Value::Null));
    for name in ["snowflake", "redshift", "salesforce", "github"] {
        attack.call(Call::new(
            &who,
            "secretsmanager:GetSecretValue",
            json!({"secretId": format!("AmazonSageMaker-{name}")}),
        ));
    }
    attack.call(Call::new(
        &who,
        "sagemaker:DescribeModel",
        json!({"modelName": FRAUD_IMAGE.len().to_string()}),
    ));
    attack.end()
}
