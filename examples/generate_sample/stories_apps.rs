//! Software: deployment, the order function, the nightly report and AWS Config.

use super::account::{
    ACCOUNT, CI_DEPLOY, CONFIG, DEPLOY_BUCKET, DOCS_BUCKET, FINANCE_BUCKET, GLOBAL_REGION, INVOICE_BUCKET,
    LEGACY_ADMIN, MAIN_REGION, ORDER_FUNCTION, ORDER_LAMBDA, ORDERS_KEY_ARN, ORDERS_REPOSITORY, ORDERS_TABLE,
    REPORT_FUNCTION, REPORTING, REPORTING_BEFORE, Role, main_arn, object_arn,
};
use super::calls::{
    assume_by_service, assumed, create_log_stream, decrypt_forwarded, dynamodb, ecr, ecr_token, s3_list,
    s3_object,
};
use super::events::{Book, Call, Session};
use serde_json::{Value, json};

const RUNNER_AGENT: &str =
    "aws-sdk-nodejs/2.1692.0 linux/v20.19.4 configure-aws-credentials-for-github-actions";
const CLI_AGENT: &str = "aws-cli/2.31.8 md/awscrt#0.28.1 ua/2.1 os/linux#6.11.0-azure md/arch#x86_64 \
    lang/python#3.13.7 md/pyimpl#CPython exec-env/GitHub_Actions cfg/retry-mode#standard md/installer#exe";
const FUNCTION_AGENT: &str = "Boto3/1.40.4 md/Botocore#1.40.4 ua/2.1 os/linux#5.10.240 md/arch#aarch64 \
    lang/python#3.13.5 md/pyimpl#CPython exec-env/AWS_Lambda_python3.13 cfg/retry-mode#legacy Botocore/1.40.4";
const GITHUB_SUBJECT: &str = "repo:example-org/orders:ref:refs/heads/main";
const STACK: &str = "orders-api";
const STACK_ID: &str = "stack/orders-api/5b0f6a10-4f1e-11f0-8d2a-0a1b2c3d4e5f";
/// The day on which the reporting role is deleted and made again: 2026-09-21.
pub(crate) const REPORTING_RECREATED: i32 = 49;

pub(crate) fn write_day(book: &mut Book) {
    publish_docs(book);
    if book.weekday() == 3 {
        deploy(book);
    }
    handle_orders(book, 9);
    if matches!(book.weekday(), 0 | 2 | 4) {
        handle_orders(book, 18);
    }
    report(book);
    record_configuration(book);
}

/// A workflow run exchanges its token for the role; the caller has no identity in this account.
fn open_ci_session(book: &mut Book, second: u32) -> Session {
    let ip = book.rng.pick(&["192.0.2.15", "192.0.2.88", "192.0.2.143", "192.0.2.201"]);
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com");
    let caller = Session {
        identity: json!({
            "type": "WebIdentityUser",
            "principalId": format!("{provider}:sts.amazonaws.com:{GITHUB_SUBJECT}"),
            "userName": GITHUB_SUBJECT,
            "identityProvider": provider,
        }),
        arn: String::new(),
        ip: ip.into(),
        agent: RUNNER_AGENT.into(),
    };
    let session = Session::of_role(book, &CI_DEPLOY, "GitHubActions", second).from(ip, CLI_AGENT);
    let mut response = assumed(book, &session);
    if let Some(response) = response.as_object_mut() {
        response.insert("subjectFromWebIdentityToken".into(), json!(GITHUB_SUBJECT));
        response.insert("provider".into(), json!(provider));
        response.insert("audience".into(), json!("sts.amazonaws.com"));
    }
    let call = Call::new(&caller, "sts", "AssumeRoleWithWebIdentity")
        .request(json!({
            "roleArn": CI_DEPLOY.arn(), "roleSessionName": "GitHubActions", "durationSeconds": 3600,
        }))
        .response(response)
        .resource(json!({ "accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": CI_DEPLOY.arn() }))
        .global();
    book.add(second, call);
    session
}

/// Every night, in us-east-1: the documentation site and its CDN.
fn publish_docs(book: &mut Book) {
    let start = book.within_hour(1);
    let session = open_ci_session(book, start);
    book.add(start + 20, s3_list(&session, DOCS_BUCKET, ""));
    if book.weekday() == 0 {
        let call = s3_object(book, &session, "GetObject", DOCS_BUCKET, "sitemap.xml");
        book.add(start + 24, call);
    }
    let key = book.rng.pick(&["index.html", "api/reference.html", "changes.html"]);
    let call = s3_object(book, &session, "PutObject", DOCS_BUCKET, key);
    book.add(start + 30, call);
    let reference = format!("cli-{start}");
    let request = json!({
        "distributionId": "E2SAMPLEDOCS77",
        "invalidationBatch": {
            "paths": { "items": ["/*"], "quantity": 1 },
            "callerReference": reference,
        },
    });
    let call = Call::new(&session, "cloudfront", "CreateInvalidation").request(request).global();
    book.add(start + 36, call.api_version("2020_05_31"));
}

/// Thursdays: image, artifact, stack, function.
fn deploy(book: &mut Book) {
    let start = book.within_hour(13);
    let session = open_ci_session(book, start);
    push_image(book, &session, start + 60);
    let template = format!("orders/{}/template.yaml", book.day());
    let key = format!("orders/{}/function.zip", book.day());
    for (second, key) in [(200, &template), (204, &key)] {
        let call = s3_object(book, &session, "PutObject", DEPLOY_BUCKET, key);
        book.add(start + second, call);
    }
    change_stack(book, &session, start + 210, &template);
    let lambda_reads = session.forwarded_by("lambda.amazonaws.com");
    let call = s3_object(book, &lambda_reads, "GetObject", DEPLOY_BUCKET, &key);
    book.add(start + 300, call);
    let call = lambda(
        &session,
        "UpdateFunctionCode20150331v2",
        json!({
            "functionName": ORDER_FUNCTION, "s3Bucket": DEPLOY_BUCKET, "s3Key": key,
            "publish": false, "dryRun": false,
        }),
    );
    book.add(start + 300, call.response(function_response("orders")));
    let get = lambda(&session, "GetFunction20150331v2", json!({ "functionName": ORDER_FUNCTION }));
    book.add(start + 310, get);
    deploy_fails(book, &session, start);
}

fn lambda(session: &Session, name: &'static str, request: Value) -> Call {
    Call::new(session, "lambda", name).request(request)
}

fn function_response(suffix: &str) -> Value {
    json!({
        "functionName": ORDER_FUNCTION,
        "functionArn": main_arn("lambda", &format!("function:{ORDER_FUNCTION}")),
        "runtime": "python3.13",
        "role": ORDER_LAMBDA.arn(),
        "handler": format!("{suffix}.handler"),
        "timeout": 30,
        "memorySize": 256,
    })
}

fn push_image(book: &mut Book, session: &Session, second: u32) {
    let digest = format!("sha256:{}", book.rng.hex(64));
    let upload = book.rng.uuid();
    book.add(second, ecr_token(session));
    let calls: [(u32, &'static str, Value); 5] = [
        (5, "BatchCheckLayerAvailability", json!({ "layerDigests": [digest] })),
        (6, "InitiateLayerUpload", json!({})),
        (9, "UploadLayerPart", json!({ "uploadId": upload, "partFirstByte": 0, "partLastByte": 8_388_607 })),
        (15, "CompleteLayerUpload", json!({ "uploadId": upload, "layerDigests": [digest] })),
        (18, "PutImage", json!({ "imageTag": format!("build-{}", book.index) })),
    ];
    for (offset, name, fields) in calls {
        book.add(second + offset, ecr(session, name, ORDERS_REPOSITORY, &fields));
    }
}

/// CloudFormation changes the function with the caller's own permission: a forward access session.
fn change_stack(book: &mut Book, session: &Session, second: u32, template_key: &str) {
    let change_set = format!("release-{}", book.day());
    let stack_arn = main_arn("cloudformation", STACK_ID);
    let call = |name| Call::new(session, "cloudformation", name).api_version("2010-05-15");
    let named = json!({ "stackName": stack_arn, "changeSetName": change_set });
    let create = call("CreateChangeSet").request(json!({
        "stackName": STACK,
        "changeSetName": change_set,
        "changeSetType": "UPDATE",
        "templateURL": format!("https://{DEPLOY_BUCKET}.s3.{MAIN_REGION}.amazonaws.com/{template_key}"),
        "capabilities": ["CAPABILITY_IAM"],
    }));
    let change_set_id = main_arn("cloudformation", &format!("changeSet/{change_set}/{}", book.rng.uuid()));
    book.add(second, create.response(json!({ "id": change_set_id, "stackId": stack_arn })));
    let forwarded = session.forwarded_by("cloudformation.amazonaws.com");
    let template = s3_object(book, &forwarded, "GetObject", DEPLOY_BUCKET, template_key);
    book.add(second + 1, template);
    book.add(second + 20, call("DescribeChangeSet").request(named.clone()));
    book.add(second + 25, call("ExecuteChangeSet").request(named));
    let request = json!({ "functionName": ORDER_FUNCTION, "memorySize": 256, "timeout": 30 });
    let configure = lambda(&forwarded, "UpdateFunctionConfiguration20150331v2", request);
    book.add(second + 40, configure.response(function_response("orders")));
    book.add(second + 70, call("DescribeStacks").request(json!({ "stackName": stack_arn })));
}

fn deploy_fails(book: &mut Book, session: &Session, start: u32) {
    let stack_arn = main_arn("cloudformation", STACK_ID);
    let call = |name| Call::new(session, "cloudformation", name).api_version("2010-05-15");
    if book.every(28, 10) {
        let update =
            call("UpdateStack").request(json!({ "stackName": stack_arn, "usePreviousTemplate": true }));
        book.add(start + 320, update.error("ValidationException", "No updates are to be performed."));
    }
    if book.every(42, 24) {
        let message = format!(
            "User: {} is not authorized to perform: cloudformation:DeleteStack on resource: {stack_arn} \
             with an explicit deny in an identity-based policy",
            session.arn
        );
        let delete = call("DeleteStack").request(json!({ "stackName": stack_arn }));
        book.add(start + 330, delete.error("AccessDenied", message));
    }
    if book.index == 38 {
        let create = lambda(
            session,
            "CreateFunction20150331",
            json!({
                "functionName": "order-migration", "runtime": "python3.13", "role": LEGACY_ADMIN.arn(),
                "handler": "migrate.handler", "publish": false,
            }),
        );
        let denied = create.denied("AccessDeniedException", "iam:PassRole", &LEGACY_ADMIN.arn());
        book.add(start + 340, denied);
    }
}

/// An event invokes the function; the function works with its own role.
fn handle_orders(book: &mut Book, hour: u32) {
    let start = book.within_hour(hour);
    let function_arn = main_arn("lambda", &format!("function:{ORDER_FUNCTION}"));
    let invoke = Call::new(&Session::of_service("events.amazonaws.com"), "lambda", "Invoke")
        .request(json!({ "functionName": function_arn, "invocationType": "Event", "sourceAccount": ACCOUNT }))
        .data_event()
        .shared()
        .resource(json!({ "accountId": ACCOUNT, "type": "AWS::Lambda::Function", "ARN": function_arn }));
    book.add(start, invoke);
    let session =
        Session::of_role(book, &ORDER_LAMBDA, ORDER_FUNCTION, start).from("203.0.113.140", FUNCTION_AGENT);
    if hour == 9 && book.every(2, 1) {
        book.add(start + 1, assume_by_service(book, "lambda.amazonaws.com", &session));
    }
    let order = format!("o-{}", 100_000 + book.rng.below(900_000));
    let key = json!({ "tableName": ORDERS_TABLE, "key": { "orderId": order } });
    book.add(start + 3, dynamodb(&session, "GetItem", key.clone()));
    if hour == 9 {
        // A container of the function lives for hours; it logs to one stream.
        let stream = format!("{}/[$LATEST]{}", book.day(), book.rng.hex(32));
        book.add(start + 2, create_log_stream(&session, "/aws/lambda/order-processor", &stream));
        if book.every(2, 0) {
            let context = json!({
                "aws:dynamodb:tableName": ORDERS_TABLE, "aws:dynamodb:subscriberId": ACCOUNT,
            });
            book.add(start + 3, decrypt_forwarded(&session, "dynamodb.amazonaws.com", &context));
        }
        book.add(start + 6, dynamodb(&session, "UpdateItem", key.clone()));
    } else {
        let put =
            json!({ "tableName": ORDERS_TABLE, "key": { "orderId": order }, "items": ["orderId", "state"] });
        book.add(start + 6, dynamodb(&session, "PutItem", put));
        read_invoice(book, &session, start + 8, &order);
    }
    orders_fail(book, &session, start, &key);
}

fn read_invoice(book: &mut Book, session: &Session, second: u32, order: &str) {
    let key = format!("invoices/{order}.pdf");
    let call = s3_object(book, session, "GetObject", INVOICE_BUCKET, &key);
    book.add(second, call);
    let context = json!({ "aws:s3:arn": object_arn(INVOICE_BUCKET, &key) });
    book.add(second, decrypt_forwarded(session, "s3.amazonaws.com", &context));
    if book.every(4, 0) {
        let queue = format!("https://sqs.{MAIN_REGION}.amazonaws.com/{ACCOUNT}/order-events");
        let request = json!({ "queueUrl": queue, "attributeNames": ["ApproximateNumberOfMessages"] });
        book.add(second + 5, Call::new(session, "sqs", "GetQueueAttributes").request(request));
    }
}

fn orders_fail(book: &mut Book, session: &Session, start: u32, key: &Value) {
    if book.every(12, 5) {
        let put = dynamodb(session, "PutItem", key.clone());
        let message = "The conditional request failed";
        book.add(start + 9, put.error("ConditionalCheckFailedException", message));
    }
    if book.every(30, 17) {
        let table = main_arn("dynamodb", &format!("table/{ORDERS_TABLE}"));
        let scan = dynamodb(session, "Scan", json!({ "tableName": ORDERS_TABLE }));
        book.add(start + 12, scan.denied("AccessDenied", "dynamodb:Scan", &table));
    }
}

/// Before it was made again, the role asked Athena as well; the role of today never did.
fn report(book: &mut Book) {
    let start = book.within_hour(4);
    if book.index == REPORTING_RECREATED {
        return;
    }
    let old = book.index < REPORTING_RECREATED;
    let role: &Role = if old { &REPORTING_BEFORE } else { &REPORTING };
    let session = Session::of_role(book, role, REPORT_FUNCTION, start).from("203.0.113.141", FUNCTION_AGENT);
    if book.every(4, 2) {
        book.add(start, assume_by_service(book, "lambda.amazonaws.com", &session));
    }
    if book.every(2, 0) {
        book.add(start + 5, s3_list(&session, FINANCE_BUCKET, "2026/"));
    }
    let key = format!("2026/daily/{}.csv", book.day());
    let call = s3_object(book, &session, "GetObject", FINANCE_BUCKET, &key);
    book.add(start + 8, call);
    if old && book.every(7, 0) {
        query_athena(book, &session, start + 12);
    }
}

fn query_athena(book: &mut Book, session: &Session, second: u32) {
    let query = json!({ "queryExecutionId": book.rng.uuid() });
    let start = Call::new(session, "athena", "StartQueryExecution")
        .request(json!({
            "queryString": "***OMITTED***",
            "clientRequestToken": book.rng.uuid(),
            "workGroup": "reports",
        }))
        .response(query.clone());
    book.add(second, start);
    let catalog = session.forwarded_by("athena.amazonaws.com");
    let table = Call::new(&catalog, "glue", "GetTable")
        .request(json!({ "databaseName": "finance", "name": "revenue", "catalogId": ACCOUNT }));
    book.add(second + 1, table);
    book.add(second + 9, Call::new(session, "athena", "GetQueryExecution").request(query.clone()));
    book.add(second + 10, Call::new(session, "athena", "GetQueryResults").request(query));
}

/// A service-linked role at work: nobody can edit it, and nobody should try.
fn record_configuration(book: &mut Book) {
    let start = book.within_hour(11);
    let session =
        Session::of_role(book, &CONFIG, "AWSConfig-Describe", start).forwarded_by("config.amazonaws.com");
    let call = match book.index % 3 {
        0 => Call::new(&session, "ec2", "DescribeVolumes").request(json!({ "maxResults": 1000 })),
        1 => Call::new(&session, "kms", "DescribeKey")
            .request(json!({ "keyId": ORDERS_KEY_ARN }))
            .resource(json!({ "accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": ORDERS_KEY_ARN })),
        _ => {
            Call::new(&session, "iam", "ListRoles").region(GLOBAL_REGION).request(json!({ "maxItems": 1000 }))
        }
    };
    book.add(start, call);
}
