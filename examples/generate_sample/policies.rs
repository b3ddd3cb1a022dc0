//! What the account's own policies say. Managed policies of AWS are in `managed_policies.json`.

use super::account::{
    ACCOUNT, DATA_BUCKET, DEPLOY_BUCKET, DOCS_BUCKET, FINANCE_BUCKET, INVOICE_BUCKET, ORDER_LAMBDA,
    ORDERS_KEY_ARN, SAGEMAKER_BUCKET, main_arn,
};
use serde_json::{Value, json};

pub(crate) const REPORTING_POLICY: &str = "ReadReports";

fn document(statements: Value) -> Value {
    let mut document = json!({ "Version": "2012-10-17" });
    if let Some(document) = document.as_object_mut() {
        document.insert("Statement".into(), statements);
    }
    document
}

fn bucket_and_objects(bucket: &str) -> Value {
    json!([format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")])
}

/// A service takes the role.
pub(crate) fn trusts_service(service: &str) -> Value {
    document(json!([
        { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }
    ]))
}

/// Identity Center's trust policy.
pub(crate) fn trusts_identity_center() -> Value {
    let provider = format!("arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE");
    document(json!([{
        "Effect": "Allow",
        "Principal": { "Federated": provider },
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": { "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
    }]))
}

/// Runs of one repository's workflow on its main branch.
pub(crate) fn trusts_github() -> Value {
    let host = "token.actions.githubusercontent.com";
    document(json!([{
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{host}") },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": { format!("{host}:aud"): "sts.amazonaws.com" },
            "StringLike": { format!("{host}:sub"): "repo:example-org/orders:ref:refs/heads/main" },
        },
    }]))
}

/// The policy that the sample exists for: everything in S3, one bucket read.
pub(crate) fn training_access() -> Value {
    document(json!([
        { "Sid": "DataAccess", "Effect": "Allow", "Action": "s3:*", "Resource": "*" },
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "arn:aws:logs:*:*:log-group:/aws/sagemaker/*",
        },
    ]))
}

/// Shared by inference and batch transform, version 3.
pub(crate) fn model_serving() -> Value {
    let objects = format!("arn:aws:s3:::{SAGEMAKER_BUCKET}/*");
    let bucket = format!("arn:aws:s3:::{SAGEMAKER_BUCKET}");
    document(json!([
        { "Sid": "ReadModels", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
          "Resource": [bucket, objects] },
        { "Sid": "WriteScores", "Effect": "Allow", "Action": ["s3:PutObject", "s3:DeleteObject"],
          "Resource": format!("{objects}") },
        { "Sid": "Images", "Effect": "Allow", "Action": "ecr:*", "Resource": "*" },
        { "Sid": "Metrics", "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*" },
        { "Sid": "Logs", "Effect": "Allow",
          "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
          "Resource": main_arn("logs", "log-group:/aws/sagemaker/Endpoints/*") },
    ]))
}

/// The first version of the same policy, no longer in force.
pub(crate) fn model_serving_before() -> Value {
    document(json!([
        { "Effect": "Allow", "Action": ["s3:*", "ecr:*", "cloudwatch:*", "logs:*"], "Resource": "*" },
    ]))
}

pub(crate) fn pipeline_access() -> Value {
    document(json!([
        {
            "Sid": "RunJobs",
            "Effect": "Allow",
            "Action": [
                "sagemaker:AddTags",
                "sagemaker:CreateModel",
                "sagemaker:CreatePipeline",
                "sagemaker:CreateProcessingJob",
                "sagemaker:CreateTrainingJob",
                "sagemaker:CreateTransformJob",
                "sagemaker:DeleteModel",
                "sagemaker:DeletePipeline",
                "sagemaker:Describe*",
                "sagemaker:StartPipelineExecution",
                "sagemaker:StopPipelineExecution",
                "sagemaker:StopProcessingJob",
                "sagemaker:StopTrainingJob",
                "sagemaker:UpdatePipeline",
            ],
            "Resource": "*",
        },
        {
            "Sid": "PassRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": "*",
            "Condition": { "StringEquals": { "iam:PassedToService": "sagemaker.amazonaws.com" } },
        },
        {
            "Sid": "Artifacts",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
            "Resource": bucket_and_objects(SAGEMAKER_BUCKET),
        },
    ]))
}

/// Attached to the deployment role only; its Deny and its Sids are the team's and stay.
pub(crate) fn ci_deploy() -> Value {
    document(json!([
        { "Sid": "Stacks", "Effect": "Allow", "Action": "cloudformation:*",
          "Resource": main_arn("cloudformation", "stack/orders-*/*") },
        {
            "Sid": "Functions",
            "Effect": "Allow",
            "Action": [
                "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunction",
                "lambda:PublishVersion", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
            ],
            "Resource": main_arn("lambda", "function:order-*"),
        },
        { "Sid": "RegistryLogin", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*" },
        {
            "Sid": "PushImages",
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability", "ecr:BatchDeleteImage", "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
            ],
            "Resource": main_arn("ecr", "repository/orders-*"),
        },
        {
            "Sid": "Buckets",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
            "Resource": [
                format!("arn:aws:s3:::{DEPLOY_BUCKET}"), format!("arn:aws:s3:::{DEPLOY_BUCKET}/*"),
                format!("arn:aws:s3:::{DOCS_BUCKET}"), format!("arn:aws:s3:::{DOCS_BUCKET}/*"),
            ],
        },
        { "Sid": "RefreshDocs", "Effect": "Allow",
          "Action": ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"],
          "Resource": format!("arn:aws:cloudfront::{ACCOUNT}:distribution/*") },
        { "Sid": "PassFunctionRole", "Effect": "Allow", "Action": "iam:PassRole", "Resource": ORDER_LAMBDA.arn(),
          "Condition": { "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } } },
        { "Sid": "NeverDeleteProduction", "Effect": "Deny",
          "Action": ["cloudformation:DeleteStack", "s3:DeleteBucket", "lambda:DeleteFunction"], "Resource": "*" },
    ]))
}

/// The most that any deployment role may have.
pub(crate) fn ci_boundary() -> Value {
    document(json!([
        { "Sid": "Services", "Effect": "Allow",
          "Action": ["cloudformation:*", "cloudfront:*", "ecr:*", "lambda:*", "s3:*"], "Resource": "*" },
        { "Sid": "PassToFunctions", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
          "Condition": { "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } } },
    ]))
}

pub(crate) fn data_scientist() -> Value {
    document(json!([
        { "Sid": "OwnNotebook", "Effect": "Allow",
          "Action": [
            "sagemaker:CreatePresignedNotebookInstanceUrl",
            "sagemaker:StartNotebookInstance",
            "sagemaker:StopNotebookInstance",
          ],
          "Resource": main_arn("sagemaker", "notebook-instance/*") },
        { "Sid": "SeeBuckets", "Effect": "Allow",
          "Action": ["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "Resource": "*" },
        { "Sid": "ReadData", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
          "Resource": bucket_and_objects(DATA_BUCKET) },
    ]))
}

pub(crate) fn order_processing() -> Value {
    let table = main_arn("dynamodb", "table/orders");
    document(json!([
        {
            "Sid": "Orders",
            "Effect": "Allow",
            "Action": [
                "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            "Resource": [table, format!("{table}/index/*")],
        },
        { "Sid": "Queue", "Effect": "Allow",
          "Action": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"],
          "Resource": main_arn("sqs", "order-events") },
        { "Sid": "Invoices", "Effect": "Allow", "Action": "s3:GetObject",
          "Resource": format!("arn:aws:s3:::{INVOICE_BUCKET}/*") },
        { "Sid": "Key", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
          "Resource": ORDERS_KEY_ARN },
    ]))
}

pub(crate) fn reporting() -> Value {
    document(json!([
        { "Sid": "Reports", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
          "Resource": bucket_and_objects(FINANCE_BUCKET) },
        { "Sid": "Queries", "Effect": "Allow",
          "Action": [
            "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "glue:GetTable",
          ],
          "Resource": "*" },
    ]))
}

/// The operators' group.
pub(crate) fn snapshot_volumes() -> Value {
    document(json!([{
        "Sid": "Snapshots",
        "Effect": "Allow",
        "Action": [
            "ec2:CopySnapshot", "ec2:CreateSnapshot", "ec2:CreateTags", "ec2:DeleteSnapshot",
            "ec2:DescribeSnapshots", "ec2:DescribeVolumes",
        ],
        "Resource": "*",
    }]))
}
