//! Requests and answers in the shape in which `CloudTrail` records them: names in lower camel case, what was left
//! empty in the console as empty text, ARNs in the answer.

use super::cast::{ACCOUNT, role_arn};
use super::trail::HOME;
use serde_json::{Value, json};

/// The account's buckets.
pub(crate) const DATA: &str = "acme-ml-data";
pub(crate) const MODELS: &str = "acme-ml-models";
pub(crate) const CAPTURE: &str = "acme-ml-capture";
pub(crate) const RESULTS: &str = "acme-ml-results";
pub(crate) const DEFAULT: &str = "sagemaker-eu-west-1-111122223333";

/// An image of AWS's own for `PyTorch`, and the account's own images.
pub(crate) const PYTORCH: &str = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.4.0-gpu-py311-cu124-ubuntu22.04-sagemaker";
pub(crate) const SKLEARN: &str =
    "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3";
pub(crate) const FRAUD_IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud-serving:prod";

pub(crate) fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:sagemaker:{HOME}:{ACCOUNT}:{kind}/{name}")
}

/// The subnets in which the account's jobs run.
pub(crate) fn vpc() -> Value {
    json!({"securityGroupIds": ["sg-0c3f1a2b4d5e6f708"], "subnets": ["subnet-0a11b22c33d44e55f", "subnet-0b22c33d44e55f66a"]})
}

/// What jobs of every kind have.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) image: String,
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) instance: String,
    pub(crate) count: i64,
}

impl Job {
    /// A job of a data scientist, as the account's template has it.
    pub(crate) fn usual(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            role: role_arn("sagemaker-training"),
            image: PYTORCH.to_owned(),
            input: format!("s3://{DATA}/curated/train/"),
            output: format!("s3://{MODELS}/experiments/"),
            instance: "ml.m5.2xlarge".to_owned(),
            count: 1,
        }
    }

    /// `CreateTrainingJob`.
    pub(crate) fn training(&self) -> Value {
        json!({
            "trainingJobName": self.name,
            "hyperParameters": {"epochs": "20", "sagemaker_program": "train.py", "sagemaker_submit_directory": format!("s3://{DEFAULT}/{}/source/sourcedir.tar.gz", self.name)},
            "algorithmSpecification": {"trainingImage": self.image, "trainingInputMode": "File", "enableSageMakerMetricsTimeSeries": true},
            "roleArn": self.role,
            "inputDataConfig": [{"channelName": "training", "contentType": "", "compressionType": "None", "recordWrapperType": "None",
                "dataSource": {"s3DataSource": {"s3DataType": "S3Prefix", "s3Uri": self.input, "s3DataDistributionType": "FullyReplicated"}}}],
            "outputDataConfig": {"kmsKeyId": "", "s3OutputPath": self.output, "compressionType": "GZIP"},
            "resourceConfig": {"instanceType": self.instance, "instanceCount": self.count, "volumeSizeInGB": 50, "volumeKmsKeyId": ""},
            "vpcConfig": vpc(),
            "stoppingCondition": {"maxRuntimeInSeconds": 86_400},
            "tags": [],
            "enableNetworkIsolation": false,
            "enableInterContainerTrafficEncryption": false,
            "enableManagedSpotTraining": false,
        })
    }

    /// `CreateProcessingJob`.
    pub(crate) fn processing(&self) -> Value {
        json!({
            "processingJobName": self.name,
            "processingInputs": [
                {"inputName": "input-1", "s3Input": {"s3Uri": self.input, "localPath": "/opt/ml/processing/input", "s3DataType": "S3Prefix", "s3InputMode": "File"}},
                {"inputName": "code", "s3Input": {"s3Uri": format!("s3://{DEFAULT}/code/preprocess.py"), "localPath": "/opt/ml/processing/input/code", "s3DataType": "S3Prefix", "s3InputMode": "File"}},
            ],
            "processingOutputConfig": {"kmsKeyId": "", "outputs": [
                {"outputName": "out", "s3Output": {"s3Uri": self.output, "localPath": "/opt/ml/processing/output", "s3UploadMode": "EndOfJob"}}]},
            "processingResources": {"clusterConfig": {"instanceCount": self.count, "instanceType": self.instance, "volumeSizeInGB": 30, "volumeKmsKeyId": ""}},
            "stoppingCondition": {"maxRuntimeInSeconds": 86_400},
            "appSpecification": {"imageUri": self.image, "containerEntrypoint": ["python3", "/opt/ml/processing/input/code/preprocess.py"]},
            "networkConfig": {"enableInterContainerTrafficEncryption": false, "enableNetworkIsolation": false, "vpcConfig": vpc()},
            "roleArn": self.role,
        })
    }

    /// The definition of a training job inside a tuning job.
    pub(crate) fn definition(&self) -> Value {
        let mut body = self.training();
        if let Some(fields) = body.as_object_mut() {
            for gone in ["trainingJobName", "tags", "hyperParameters"] {
                fields.remove(gone);
            }
            fields.insert("definitionName".into(), format!("{}-def", self.name).into());
            fields.insert("staticHyperParameters".into(), json!({"epochs": "20"}));
        }
        body
    }

    /// `CreateTransformJob` of a model.
    pub(crate) fn transform(&self, model: &str) -> Value {
        json!({
            "transformJobName": self.name, "modelName": model, "maxConcurrentTransforms": 0, "batchStrategy": "",
            "transformInput": {"compressionType": "None", "contentType": "text/csv", "splitType": "Line",
                "dataSource": {"s3DataSource": {"s3DataType": "S3Prefix", "s3Uri": self.input}}},
            "transformOutput": {"s3OutputPath": self.output, "accept": "text/csv", "assembleWith": "Line", "kmsKeyId": ""},
            "transformResources": {"instanceType": self.instance, "instanceCount": self.count, "volumeKmsKeyId": ""},
        })
    }
}

/// `CreateHyperParameterTuningJob`.
pub(crate) fn tuning(name: &str) -> Value {
    json!({
        "hyperParameterTuningJobName": name,
        "hyperParameterTuningJobConfig": {
            "strategy": "Bayesian",
            "hyperParameterTuningJobObjective": {"type": "Maximize", "metricName": "validation:auc"},
            "resourceLimits": {"maxNumberOfTrainingJobs": 10, "maxParallelTrainingJobs": 2},
            "trainingJobEarlyStoppingType": "Auto",
        },
        "tags": [],
    })
}

/// `CreateModel` of one container.
pub(crate) fn model(name: &str, image: &str, data: &str) -> Value {
    json!({
        "modelName": name,
        "primaryContainer": {"containerHostname": "", "image": image, "mode": "SingleModel", "modelDataUrl": data, "environment": {"SAGEMAKER_PROGRAM": "inference.py"}},
        "executionRoleArn": role_arn("sagemaker-inference"),
        "vpcConfig": vpc(),
        "enableNetworkIsolation": false,
        "tags": [],
    })
}

/// `CreateEndpointConfig` with capture of what is asked and answered into this bucket, when one is given.
pub(crate) fn endpoint_config(name: &str, model: &str, instance: &str, capture: &str) -> Value {
    let mut body = json!({
        "endpointConfigName": name,
        "productionVariants": [{"variantName": "AllTraffic", "modelName": model, "initialInstanceCount": 2, "instanceType": instance, "initialVariantWeight": 1}],
        "tags": [],
        "kmsKeyId": "",
    });
    if !capture.is_empty() {
        body["dataCaptureConfig"] = json!({"enableCapture": true, "initialSamplingPercentage": 20, "destinationS3Uri": format!("s3://{capture}/fraud"),
            "kmsKeyId": "", "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}]});
    }
    body
}

/// `CreateMonitoringSchedule` of an endpoint.
pub(crate) fn schedule(name: &str, endpoint: &str, image: &str) -> Value {
    json!({
        "monitoringScheduleName": name,
        "monitoringScheduleConfig": {
            "scheduleConfig": {"scheduleExpression": "cron(0 * ? * * *)"},
            "monitoringType": "DataQuality",
            "monitoringJobDefinition": {
                "monitoringInputs": [{"endpointInput": {"endpointName": endpoint, "localPath": "/opt/ml/processing/input", "s3InputMode": "File", "s3DataDistributionType": "FullyReplicated"}}],
                "monitoringOutputConfig": {"kmsKeyId": "", "monitoringOutputs": [{"s3Output": {"s3Uri": format!("s3://{CAPTURE}/reports"), "localPath": "/opt/ml/processing/output", "s3UploadMode": "Continuous"}}]},
                "monitoringResources": {"clusterConfig": {"instanceCount": 1, "instanceType": "ml.m5.xlarge", "volumeSizeInGB": 20, "volumeKmsKeyId": ""}},
                "monitoringAppSpecification": {"imageUri": image},
                "roleArn": role_arn("sagemaker-monitoring"),
            },
        },
        "tags": [],
    })
}

/// `CreatePresignedDomainUrl`.
pub(crate) fn url(domain: &str, profile: &str) -> Value {
    json!({"domainId": domain, "userProfileName": profile, "landingUri": "studio::", "expiresInSeconds": 300, "sessionExpirationDurationInSeconds": 43_200})
}

/// `CreateApp` of a profile's space.
pub(crate) fn app(domain: &str, space: &str) -> Value {
    json!({"domainId": domain, "spaceName": space, "appType": "JupyterLab", "appName": "default",
        "resourceSpec": {"instanceType": "ml.t3.medium", "sageMakerImageArn": "arn:aws:sagemaker:eu-west-1:819792524951:image/jupyter-distribution-cpu"}, "tags": []})
}

/// The steps of a pipeline, as the SDK writes them.
pub(crate) fn pipeline(name: &str, role: &str) -> Value {
    json!({
        "pipelineName": name, "pipelineDisplayName": name, "roleArn": role, "clientRequestToken": "a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "pipelineDefinition": "{\"Version\":\"2020-12-01\",\"Steps\":[{\"Name\":\"Train\",\"Type\":\"Training\"}]}",
    })
}

pub(crate) fn get_object(bucket: &str, key: &str) -> Value {
    json!({"bucketName": bucket, "Host": format!("{bucket}.s3.{HOME}.amazonaws.com"), "key": key})
}

pub(crate) fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

/// A script as the API takes it: base64 (RFC 4648).
pub(crate) fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |bits: u32| char::from(ALPHABET[(bits & 63) as usize]);
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits =
            chunk.iter().chain([0, 0].iter()).take(3).fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            out.push(if place <= chunk.len() { letter(bits >> (18 - 6 * place)) } else { '=' });
        }
    }
    out
}

#[test]
fn scripts_are_base64() {
    for (text, expect) in [("", ""), ("f", "Zg=="), ("ab", "YWI="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
        assert_eq!(base64(text), expect);
    }
}
