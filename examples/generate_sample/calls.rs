//! Calls of single services: request, response and `resources[]` as each service records them.

use super::account::{
    ACCOUNT, DOCS_BUCKET, GLOBAL_REGION, MAIN_REGION, ORDERS_KEY_ARN, ORDERS_TABLE, main_arn, object_arn,
};
use super::events::{Book, Call, Session};
use serde_json::{Value, json};

fn bucket_region(bucket: &str) -> &'static str {
    if bucket == DOCS_BUCKET { GLOBAL_REGION } else { MAIN_REGION }
}

fn bucket_resource(bucket: &str) -> Value {
    json!({ "accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}") })
}

/// A management or data call of S3 on a bucket, without its resources.
fn s3_call(session: &Session, name: &'static str, bucket: &str, mut request: Value) -> Call {
    let region = bucket_region(bucket);
    let host = format!("{bucket}.s3.{region}.amazonaws.com");
    if let Some(request) = request.as_object_mut() {
        request.insert("bucketName".into(), json!(bucket));
        request.insert("Host".into(), json!(host));
    }
    let additional = json!({
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": 0,
        "AuthenticationMethod": "AuthHeader",
        "bytesTransferredOut": 0,
    });
    Call::new(session, "s3", name).region(region).host(host).request(request).additional(additional)
}

/// `GetObject` or `PutObject`.
pub(crate) fn s3_object(
    book: &mut Book,
    session: &Session,
    name: &'static str,
    bucket: &str,
    key: &str,
) -> Call {
    let bytes = 512 * (1 + book.rng.below(9000));
    let (sent, received) = if name == "PutObject" { (bytes, 0) } else { (0, bytes) };
    let additional = json!({
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": sent,
        "SSEApplied": "Default_SSE_S3",
        "AuthenticationMethod": "AuthHeader",
        "bytesTransferredOut": received,
    });
    s3_call(session, name, bucket, json!({ "key": key }))
        .additional(additional)
        .data_event()
        .resource(json!({ "type": "AWS::S3::Object", "ARN": object_arn(bucket, key) }))
        .resource(bucket_resource(bucket))
}

/// An object call that S3 denied; its messages put the resource between quotation marks.
pub(crate) fn s3_object_denied(
    book: &mut Book,
    session: &Session,
    name: &'static str,
    bucket: &str,
    key: &str,
) -> Call {
    let action = format!("s3:{name}");
    let resource = format!("\"{}\"", object_arn(bucket, key));
    s3_object(book, session, name, bucket, key).denied("AccessDenied", &action, &resource)
}

/// Both versions of the API's list call have this event name; version 2 shows as `list-type`.
pub(crate) fn s3_list(session: &Session, bucket: &str, prefix: &str) -> Call {
    let request = json!({ "list-type": "2", "prefix": prefix, "encoding-type": "url" });
    s3_call(session, "ListObjects", bucket, request)
        .data_event()
        .resource(json!({ "type": "AWS::S3::Object", "ARNPrefix": object_arn(bucket, prefix) }))
        .resource(bucket_resource(bucket))
}

pub(crate) fn s3_bucket_location(session: &Session, bucket: &str) -> Call {
    s3_call(session, "GetBucketLocation", bucket, json!({ "location": "" })).resource(bucket_resource(bucket))
}

/// A service takes a role of this account. The role is the object of this call, not its subject.
pub(crate) fn assume_by_service(book: &Book, service: &str, session: &Session) -> Call {
    let (name, role_arn) = (session.name(), session.role_arn());
    Call::new(&Session::of_service(service), "sts", "AssumeRole")
        .request(json!({ "roleArn": role_arn, "roleSessionName": name, "durationSeconds": 3600 }))
        .response(assumed(book, session))
        .resource(json!({ "accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": role_arn }))
        .shared()
}

/// What the calls of the `AssumeRole` family answer: the session that they open, without its token.
pub(crate) fn assumed(book: &Book, session: &Session) -> Value {
    json!({
        "credentials": {
            "accessKeyId": session.identity.get("accessKeyId"),
            "expiration": book.at(86_399).to_string(),
        },
        "assumedRoleUser": {
            "assumedRoleId": session.identity.get("principalId"),
            "arn": session.arn,
        },
    })
}

pub(crate) fn sagemaker(session: &Session, name: &'static str, request: Value) -> Call {
    Call::new(session, "sagemaker", name)
        .host(format!("api.sagemaker.{MAIN_REGION}.amazonaws.com"))
        .request(request)
}

pub(crate) fn create_log_stream(session: &Session, group: &str, stream: &str) -> Call {
    Call::new(session, "logs", "CreateLogStream")
        .request(json!({ "logGroupName": group, "logStreamName": stream }))
        .api_version("20140328")
}

pub(crate) fn ecr_token(session: &Session) -> Call {
    Call::new(session, "ecr", "GetAuthorizationToken")
        .host(format!("api.ecr.{MAIN_REGION}.amazonaws.com"))
        .api_version("2015-09-21")
}

/// A call of ECR on one repository, with the request fields that the call adds.
pub(crate) fn ecr(session: &Session, name: &'static str, repository: &str, fields: &Value) -> Call {
    let mut request = json!({ "registryId": ACCOUNT, "repositoryName": repository });
    if let (Some(request), Some(fields)) = (request.as_object_mut(), fields.as_object()) {
        request.extend(fields.clone());
    }
    let arn = main_arn("ecr", &format!("repository/{repository}"));
    Call::new(session, "ecr", name)
        .host(format!("api.ecr.{MAIN_REGION}.amazonaws.com"))
        .request(request)
        .resource(json!({ "accountId": ACCOUNT, "ARN": arn }))
        .api_version("2015-09-21")
}

/// A data call of DynamoDB on the orders table.
pub(crate) fn dynamodb(session: &Session, name: &'static str, request: Value) -> Call {
    let arn = main_arn("dynamodb", &format!("table/{ORDERS_TABLE}"));
    Call::new(session, "dynamodb", name)
        .read_only(matches!(name, "GetItem" | "Query" | "Scan"))
        .request(request)
        .data_event()
        .resource(json!({ "accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": arn }))
        .api_version("2012-08-10")
}

/// S3 or DynamoDB decrypts with the caller's own permission: a forward access session.
pub(crate) fn decrypt_forwarded(session: &Session, service: &str, context: &Value) -> Call {
    let request = json!({ "encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": context });
    Call::new(&session.forwarded_by(service), "kms", "Decrypt")
        .read_only(true)
        .request(request)
        .resource(json!({ "accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": ORDERS_KEY_ARN }))
}
