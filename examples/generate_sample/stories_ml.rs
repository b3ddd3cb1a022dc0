//! Machine learning: training, notebook, pipeline, inference and batch transform.

use super::account::{
    ACCOUNT, BATCH, DATA_BUCKET, FINANCE_BUCKET, INFERENCE, MAIN_REGION, MODEL_REPOSITORY, NOTEBOOK,
    PIPELINE, SAGEMAKER_BUCKET, TRAINING, main_arn,
};
use super::calls::{
    assume_by_service, create_log_stream, ecr, ecr_token, s3_bucket_location, s3_list, s3_object,
    s3_object_denied, sagemaker,
};
use super::events::{Book, Call, Session};
use serde_json::{Value, json};

const SAGEMAKER: &str = "sagemaker.amazonaws.com";
const CONTAINER_AGENT: &str = "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux#5.10.240 md/arch#x86_64 \
    lang/python#3.12.9 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.40.21";
const NOTEBOOK_AGENT: &str = "AWS-SageMaker-Python-SDK/2.251.1 Python/3.12.9 Linux/5.10.240 Boto3/1.40.21 \
    Botocore/1.40.21 AWS-SageMaker-Notebook-Instance/notebook-al2-v3 lib/churn-research";

/// Objects of the one bucket that training reads. They share no prefix, so that only the bucket covers all.
const TRAINING_KEYS: [&str; 10] = [
    "train/part-00000.parquet",
    "train/part-00001.parquet",
    "train/part-00002.parquet",
    "validation/part-00000.parquet",
    "validation/part-00001.parquet",
    "features/customers.csv",
    "features/contracts.csv",
    "labels/churn.csv",
    "manifest.json",
    "schema.json",
];

pub(crate) fn write_day(book: &mut Book) {
    training(book, 3);
    if trains_from_notebook(book) {
        training(book, 15);
    }
    if book.is_workday() {
        notebook(book);
    }
    pipeline(book);
    inference(book);
    if book.weekday() == 6 {
        batch_transform(book);
    }
}

/// Mondays, Wednesdays and Fridays: the notebook starts a job of its own.
fn trains_from_notebook(book: &Book) -> bool {
    matches!(book.weekday(), 0 | 2 | 4)
}

/// `s3:*` on everything was granted; one bucket is read and a log stream is created.
fn training(book: &mut Book, hour: u32) {
    let start = book.within_hour(hour);
    let job = format!("churn-training-{}-{hour:02}", book.day());
    let session =
        Session::of_role(book, &TRAINING, "SageMaker", start).from("198.51.100.17", CONTAINER_AGENT);
    book.add(start, assume_by_service(book, SAGEMAKER, &session));
    let stream = format!("{job}/algo-1-{}", 1_785_000_000 + book.rng.below(9_000_000));
    book.add(start + 40, create_log_stream(&session, "/aws/sagemaker/TrainingJobs", &stream));
    let prefix = book.rng.pick(&["train/", "validation/", ""]);
    book.add(start + 45, s3_list(&session, DATA_BUCKET, prefix));
    for second in [52, 61] {
        let key = book.rng.pick(&TRAINING_KEYS);
        let call = s3_object(book, &session, "GetObject", DATA_BUCKET, key);
        book.add(start + second, call);
    }
    if book.every(30, 11) && hour == 3 {
        let secret = main_arn("secretsmanager", "secret:warehouse-reader");
        let denied = Call::new(&session, "secretsmanager", "GetSecretValue")
            .denied("AccessDenied", "secretsmanager:GetSecretValue", "warehouse-reader")
            .request(json!({ "secretId": secret }));
        book.add(start + 70, denied);
    }
}

fn notebook(book: &mut Book) {
    let start = book.within_hour(8);
    let session = Session::of_role(book, &NOTEBOOK, "SageMaker", start).from("198.51.100.80", NOTEBOOK_AGENT);
    book.add(start, assume_by_service(book, SAGEMAKER, &session));
    book.add(start + 300, sagemaker(&session, "ListTrainingJobs", json!({ "maxResults": 20 })));
    let job = format!("churn-training-{}-03", book.day());
    let describe = || sagemaker(&session, "DescribeTrainingJob", json!({ "trainingJobName": job }));
    book.add(start + 420, describe());
    if book.every(13, 4) {
        book.add(start + 421, describe().error("ThrottlingException", "Rate exceeded"));
    }
    if trains_from_notebook(book) {
        book.add(start + 24_000, create_training_job(&session, "churn-notebook", book));
        book.add(start + 600, s3_list(&session, SAGEMAKER_BUCKET, "churn/"));
        let key = format!("churn/experiments/{}.json", book.index % 12);
        let call = s3_object(book, &session, "GetObject", SAGEMAKER_BUCKET, &key);
        book.add(start + 640, call);
        let key = format!("churn/source/{}/sourcedir.tar.gz", book.day());
        let call = s3_object(book, &session, "PutObject", SAGEMAKER_BUCKET, &key);
        book.add(start + 700, call);
    }
    notebook_looks_around(book, &session, start);
    notebook_fails(book, &session, start);
}

fn notebook_looks_around(book: &mut Book, session: &Session, start: u32) {
    if book.every(3, 1) {
        book.add(start + 900, ecr(session, "DescribeImages", MODEL_REPOSITORY, &json!({})));
        let call = Call::new(session, "logs", "DescribeLogStreams").api_version("20140328");
        let request = json!({ "logGroupName": "/aws/sagemaker/TrainingJobs", "limit": 5 });
        book.add(start + 950, call.request(request));
    }
    if book.every(5, 2) {
        let host = format!("api.ecr.{MAIN_REGION}.amazonaws.com");
        let call = Call::new(session, "ecr", "DescribeRepositories").host(host).api_version("2015-09-21");
        book.add(start + 890, call.request(json!({ "maxResults": 100 })));
        book.add(start + 560, s3_bucket_location(session, SAGEMAKER_BUCKET));
        book.add(start + 280, Call::new(session, "sts", "GetCallerIdentity"));
    }
    if book.every(7, 3) {
        let request =
            json!({ "resource": "TrainingJob", "maxResults": 10, "sortBy": "Metrics.validation:auc" });
        book.add(start + 1000, sagemaker(session, "Search", request));
    }
}

fn notebook_fails(book: &mut Book, session: &Session, start: u32) {
    if book.every(20, 9) {
        let call = s3_object_denied(book, session, "GetObject", FINANCE_BUCKET, "2026/revenue.parquet");
        book.add(start + 1100, call);
    }
    if book.every(10, 1) {
        let action = "iam:GetRole";
        let call = Call::new(session, "iam", "GetRole").global();
        book.add(start + 290, call.denied("AccessDenied", action, &format!("role {}", NOTEBOOK.name)));
    }
    if book.every(42, 16) {
        let call = sagemaker(session, "ListEndpoints", json!({ "maxResults": 100 }));
        book.add(start + 1200, call.error("ThrottlingException", "Rate exceeded"));
    }
    if book.every(15, 8) {
        let message = "1 validation error detected: Value 'churn_notebook' at 'trainingJobName' failed to \
            satisfy constraint: Member must satisfy regular expression pattern: \
            [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
        let call = create_training_job(session, "churn_notebook", book);
        book.add(start + 1300, call.error("ValidationException", message));
    }
    if book.every(18, 15) {
        let call = s3_object(book, session, "GetObject", SAGEMAKER_BUCKET, "churn/experiments/none.json");
        book.add(start + 1400, call.error("NoSuchKey", "The specified key does not exist."));
    }
}

/// Passes the training role to SageMaker. The job scores what it reads and writes no model.
fn create_training_job(session: &Session, prefix: &str, book: &Book) -> Call {
    let name = format!("{prefix}-{}", book.day());
    let request = json!({
        "trainingJobName": name,
        "algorithmSpecification": {
            "trainingImage": format!("{ACCOUNT}.dkr.ecr.{MAIN_REGION}.amazonaws.com/{MODEL_REPOSITORY}:train"),
            "trainingInputMode": "File",
        },
        "roleArn": TRAINING.arn(),
        "inputDataConfig": [{
            "channelName": "train",
            "dataSource": { "s3DataSource": {
                "s3DataType": "S3Prefix",
                "s3Uri": format!("s3://{DATA_BUCKET}/train/"),
                "s3DataDistributionType": "FullyReplicated",
            } },
        }],
        "outputDataConfig": { "s3OutputPath": format!("s3://{SAGEMAKER_BUCKET}/churn/output/") },
        "resourceConfig": { "instanceType": "ml.m5.2xlarge", "instanceCount": 1, "volumeSizeInGB": 50 },
        "stoppingCondition": { "maxRuntimeInSeconds": 7200 },
    });
    let arn = main_arn("sagemaker", &format!("training-job/{name}"));
    sagemaker(session, "CreateTrainingJob", request).response(json!({ "trainingJobArn": arn }))
}

/// A nightly run that passes two roles: one to its jobs, one to the models it registers.
fn pipeline(book: &mut Book) {
    let start = book.within_hour(2);
    let session =
        Session::of_role(book, &PIPELINE, "SageMaker", start).from("198.51.100.33", CONTAINER_AGENT);
    book.add(start, assume_by_service(book, SAGEMAKER, &session));
    if book.every(30, 0) {
        book.add(start + 5, create_pipeline(&session, book.index));
    }
    let pipeline = format!("churn-nightly-{}", book.index / 30);
    let arn = main_arn(
        "sagemaker",
        &format!("pipeline/{pipeline}/execution/{}", book.rng.base32(12).to_lowercase()),
    );
    let request = json!({ "pipelineName": pipeline, "clientRequestToken": book.rng.uuid() });
    let call = sagemaker(&session, "StartPipelineExecution", request).read_only(false);
    book.add(start + 10, call.response(json!({ "pipelineExecutionArn": arn })));
    let key = format!("pipelines/churn/{}/evaluation.json", book.day());
    pipeline_jobs(book, &session, start);
    let call = s3_object(book, &session, "PutObject", SAGEMAKER_BUCKET, &key);
    book.add(start + 660, call);
    if book.every(2, 0) {
        let call = s3_object(book, &session, "GetObject", SAGEMAKER_BUCKET, &key);
        book.add(start + 700, call);
        book.add(start + 760, create_model(&session, book));
    }
    if book.every(30, 21) {
        let arn = main_arn("sagemaker", "endpoint/churn-live");
        let call = sagemaker(&session, "CreateEndpoint", Value::Null);
        book.add(start + 800, call.denied("AccessDeniedException", "sagemaker:CreateEndpoint", &arn));
    }
}

fn pipeline_jobs(book: &mut Book, session: &Session, start: u32) {
    let processing = format!("churn-prepare-{}", book.day());
    book.add(start + 60, create_processing_job(session, &processing));
    if book.every(28, 13) {
        let again = create_processing_job(session, &format!("{processing}-retry"));
        book.add(start + 62, again.error("ThrottlingException", "Rate exceeded"));
    }
    if book.every(2, 1) {
        let request = json!({ "processingJobName": processing });
        book.add(start + 360, sagemaker(session, "DescribeProcessingJob", request));
    }
    book.add(start + 400, create_training_job(session, "churn-pipeline", book));
    if book.every(40, 6) {
        let message = "The account-level service limit 'ml.p4d.24xlarge for training job usage' is 0 Instances, \
            with current utilization of 0 Instances and a request delta of 1 Instances.";
        let call = create_training_job(session, "churn-pipeline-large", book);
        book.add(start + 420, call.error("ResourceLimitExceeded", message));
    }
    if book.every(2, 0) {
        let request = json!({ "trainingJobName": format!("churn-pipeline-{}", book.day()) });
        book.add(start + 640, sagemaker(session, "DescribeTrainingJob", request));
    }
}

fn create_pipeline(session: &Session, index: i32) -> Call {
    let name = format!("churn-nightly-{}", index / 30);
    let arn = main_arn("sagemaker", &format!("pipeline/{name}"));
    let request = json!({
        "pipelineName": name,
        "pipelineDisplayName": name,
        "pipelineDefinition": "***",
        "clientRequestToken": format!("create-{name}-0123456789abcdef"),
        "roleArn": TRAINING.arn(),
    });
    sagemaker(session, "CreatePipeline", request).response(json!({ "pipelineArn": arn }))
}

fn create_processing_job(session: &Session, name: &str) -> Call {
    let request = json!({
        "processingJobName": name,
        "processingResources": { "clusterConfig": {
            "instanceCount": 1, "instanceType": "ml.m5.xlarge", "volumeSizeInGB": 30,
        } },
        "appSpecification": {
            "imageUri": format!("{ACCOUNT}.dkr.ecr.{MAIN_REGION}.amazonaws.com/{MODEL_REPOSITORY}:prepare"),
        },
        "roleArn": TRAINING.arn(),
    });
    let arn = main_arn("sagemaker", &format!("processing-job/{name}"));
    sagemaker(session, "CreateProcessingJob", request).response(json!({ "processingJobArn": arn }))
}

fn create_model(session: &Session, book: &Book) -> Call {
    let name = format!("churn-{}", book.day());
    let request = json!({
        "modelName": name,
        "primaryContainer": {
            "image": format!("{ACCOUNT}.dkr.ecr.{MAIN_REGION}.amazonaws.com/{MODEL_REPOSITORY}:serve"),
            "modelDataUrl": format!("s3://{SAGEMAKER_BUCKET}/models/churn/model.tar.gz"),
        },
        "executionRoleArn": INFERENCE.arn(),
        "enableNetworkIsolation": false,
    });
    let arn = main_arn("sagemaker", &format!("model/{name}"));
    sagemaker(session, "CreateModel", request).response(json!({ "modelArn": arn }))
}

fn inference(book: &mut Book) {
    let start = book.within_hour(6);
    let session =
        Session::of_role(book, &INFERENCE, "SageMaker", start).from("198.51.100.52", CONTAINER_AGENT);
    book.add(start, assume_by_service(book, SAGEMAKER, &session));
    let call = s3_object(book, &session, "GetObject", SAGEMAKER_BUCKET, "models/churn/model.tar.gz");
    book.add(start + 20, call);
    if book.every(3, 0) {
        pull_image(book, &session, start + 5);
        let stream = format!("AllTraffic/i-0{}", book.rng.hex(16));
        book.add(start + 30, create_log_stream(&session, "/aws/sagemaker/Endpoints/churn-live", &stream));
    }
    if book.every(44, 25) {
        let call = s3_object_denied(book, &session, "GetObject", DATA_BUCKET, "features/customers.csv");
        book.add(start + 50, call);
    }
}

/// Sundays: the same policy as the inference role's, used in another way.
fn batch_transform(book: &mut Book) {
    let start = book.within_hour(21);
    let session = Session::of_role(book, &BATCH, "SageMaker", start).from("198.51.100.53", CONTAINER_AGENT);
    book.add(start, assume_by_service(book, SAGEMAKER, &session));
    pull_image(book, &session, start + 5);
    book.add(start + 15, s3_list(&session, SAGEMAKER_BUCKET, "batch/input/"));
    for key in ["models/churn/model.tar.gz", "batch/input/customers.jsonl"] {
        let call = s3_object(book, &session, "GetObject", SAGEMAKER_BUCKET, key);
        book.add(start + 25, call);
    }
    let key = format!("batch/output/{}/customers.jsonl.out", book.day());
    let call = s3_object(book, &session, "PutObject", SAGEMAKER_BUCKET, &key);
    book.add(start + 900, call);
}

fn pull_image(book: &mut Book, session: &Session, second: u32) {
    book.add(second, ecr_token(session));
    let image = json!({ "imageIds": [{ "imageTag": "serve" }] });
    book.add(second + 2, ecr(session, "BatchGetImage", MODEL_REPOSITORY, &image));
    let digest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let layer = json!({ "layerDigest": digest });
    book.add(second + 4, ecr(session, "GetDownloadUrlForLayer", MODEL_REPOSITORY, &layer));
}
