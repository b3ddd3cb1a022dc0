//! What definitions name, and for whom.

use super::*;
use crate::trail::request::RequestParameters;
use proptest::prelude::*;

/// `kind used value → roles`, one a line, of an event of SageMaker.
fn found(source: &str, name: &str, request: &str) -> String {
    let event = Event {
        source: format!("{source}.amazonaws.com").into(),
        name: name.to_owned().into(),
        request: RequestParameters::from_raw(request),
        ..Event::default()
    };
    let Some(definition) = Definition::new(&event.source, &event.name) else { return "no definition".into() };
    let References::Known(all) = definition.references(&event) else { return "unreadable".into() };
    let line = |one: &Reference| {
        let value = one.value.as_deref().unwrap_or("?");
        format!("{} {} {value} -> {}", one.kind.as_str(), one.used, one.roles.join(",")).replace("  ", " ")
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Event, parameters, what comes out.
const CASES: &[(&str, &str, &str)] = &[
    (
        "CreateTrainingJob",
        r#"{"roleArn":"R","algorithmSpecification":{"trainingImage":"I"},
            "inputDataConfig":[{"dataSource":{"s3DataSource":{"s3DataType":"S3Prefix","s3Uri":"s3://a/1"}}},
                               {"dataSource":{"s3DataSource":{"s3DataType":"AugmentedManifestFile","s3Uri":"s3://a/2"}}}],
            "outputDataConfig":{"s3OutputPath":"s3://b/","kmsKeyId":"K"},"checkpointConfig":{"s3Uri":"s3://c/"},
            "resourceConfig":{"instanceType":"ml.m5.large","volumeKmsKeyId":"V"},
            "vpcConfig":{"subnets":["s-1","s-2"],"securityGroupIds":["g-1"]},"enableNetworkIsolation":true}"#,
        "image I -> R\ns3_out checkpoint s3://c/ -> R\nposture_flag true -> R\ns3_in s3://a/1 -> R\n\
         s3_in manifest s3://a/2 -> R\nkms_key K -> R\ns3_out s3://b/ -> R\ninstance_type ml.m5.large -> R\n\
         kms_key volume V -> R\nvpc s-1 -> R\nvpc s-2 -> R\nvpc g-1 -> R\n\
         log_group /aws/sagemaker/TrainingJobs -> R",
    ),
    (
        "CreateHyperParameterTuningJob",
        r#"{"trainingJobDefinitions":[{"roleArn":"R1","outputDataConfig":{"s3OutputPath":"s3://one/"}},
                                      {"roleArn":"R2","outputDataConfig":{"s3OutputPath":"s3://two/"}}]}"#,
        "s3_out s3://one/ -> R1\nlog_group /aws/sagemaker/TrainingJobs -> R1\n\
         s3_out s3://two/ -> R2\nlog_group /aws/sagemaker/TrainingJobs -> R2",
    ),
    (
        "CreateModel",
        r#"{"modelName":"m","executionRoleArn":"R","containers":[{"image":"I1"},{"image":"I2","modelDataUrl":"s3://m/1"}]}"#,
        "image I1 -> R\nimage I2 -> R\ns3_in s3://m/1 -> R\nmade_model m -> R\n\
         log_group /aws/sagemaker/Endpoints/* -> R\nlog_group /aws/sagemaker/TransformJobs -> R",
    ),
    (
        "CreateEndpointConfig",
        r#"{"productionVariants":[{"modelName":"m","instanceType":"t"}],"dataCaptureConfig":{"destinationS3Uri":"s3://d/"}}"#,
        "s3_out s3://d/ -> \ninstance_type t -> \nmodel m -> \nlog_group /aws/sagemaker/Endpoints/* -> ",
    ),
    (
        "CreateDomain",
        r#"{"kmsKeyId":"K","defaultUserSettings":{"executionRole":"R","sharingSettings":{"s3OutputPath":"s3://s/"},
            "canvasAppSettings":{"generativeAiSettings":{"amazonBedrockRoleArn":"B"}}}}"#,
        "s3_out s3://s/ -> R\nlog_group /aws/sagemaker/studio -> R\nkms_key K -> ",
    ),
    (
        "CreateProcessingJob",
        r#"{"roleArn":"R","processingInputs":[{"s3Input":{"s3Uri":"HIDDEN_DUE_TO_SECURITY_REASONS"}}]}"#,
        "s3_in ? -> R\nlog_group /aws/sagemaker/ProcessingJobs -> R",
    ),
    ("CreatePipeline", r#"{"roleArn":"R","pipelineDefinition":"***"}"#, "no definition"),
    ("CreateTrainingJob", r#"{"omitted":true,"reason":"too large"}"#, "unreadable"),
    ("CreateTrainingJob", "null", "unreadable"),
    ("ListTrainingJobs", "{}", "no definition"),
];

#[test]
fn a_definition_names_things_for_its_own_role() {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
        lines.sort();
        lines
    };
    for (name, request, expect) in CASES {
        assert_eq!(sorted(&found("sagemaker", name, request)), sorted(expect), "{name} {request}");
    }
}

#[test]
fn too_many_values_are_unknown() {
    let subnets: Vec<String> = (0..500).map(|number| format!("\"subnet-{number}\"")).collect();
    let request = format!(r#"{{"roleArn":"R","vpcConfig":{{"subnets":[{}]}}}}"#, subnets.join(","));
    let all = found("sagemaker", "CreateTrainingJob", &request);
    assert_eq!(all.lines().filter(|line| line.starts_with("vpc")).count(), VALUES_MAX + 1);
    assert!(all.contains("vpc ? -> R"), "{all}");
}

#[test]
fn every_row_is_of_an_operation_that_the_reference_knows() {
    for [prefix, event, path, kind, _] in table::rows::<5>(GENERATED).chain(table::rows::<5>(CURATED)) {
        let known = Definition::new(&format!("{prefix}.amazonaws.com"), event);
        let scopes = known.map_or_else(|| panic!("{prefix} {event}"), |one| &one.scopes);
        assert!(scopes.iter().flat_map(|scope| &scope.rows).any(|row| row.path == path), "{event} {path}");
        assert!(Kind::parse(kind).is_some(), "{kind}");
    }
    for [prefix, event, starts, _] in table::rows::<4>(EVENTS) {
        assert!(Definition::new(&format!("{prefix}.amazonaws.com"), event).is_some(), "{event}");
        assert!(["now", "later"].contains(&starts), "{event}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(
        number in 0usize..700,
        value in "(s3://|arn:aws:iam::1:role/|[a-zé{}*:/-]){0,12}",
        deep in any::<bool>(),
    ) {
        let all: Vec<[&str; 5]> = table::rows(GENERATED).collect();
        let [prefix, event, path, ..] = all[number % all.len()];
        let mut request = serde_json::json!(value);
        for step in path.split('.').rev() {
            let name = step.trim_end_matches("[]");
            request = if deep { serde_json::json!({ name: [request] }) } else { serde_json::json!({ name: request }) };
        }
        found(prefix, event, &request.to_string());
    }
}
