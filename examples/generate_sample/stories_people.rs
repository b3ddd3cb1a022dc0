//! People: two Identity Center users, the account's root, an IAM user; and the services' own events.

use super::account::{
    ACCOUNT, ADMINISTRATOR, ANA, BACKUP_USER, BACKUP_USER_ID, BACKUP_USER_KEY, BEN, DATA_BUCKET,
    DATA_SCIENTIST, FINANCE_BUCKET, Human, MAIN_REGION, ORDERS_KEY_ARN, REPORTING, REPORTING_BEFORE, Role,
    main_arn,
};
use super::calls::{assumed, s3_bucket_location, s3_object, sagemaker};
use super::events::{Book, Call, Session};
use super::policies;
use super::stories_apps::REPORTING_RECREATED;
use serde_json::{Value, json};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const CONSOLE_AGENT: &str =
    "aws-internal/3 aws-sdk-java/1.12.791 Linux/5.10.240 OpenJDK_64-Bit_Server_VM/25.462";
const BACKUP_AGENT: &str = "aws-cli/2.31.8 md/awscrt#0.28.1 ua/2.1 os/linux#6.12.41 md/arch#x86_64 \
    lang/python#3.13.7 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off";
const SAML_PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE";
const NOTEBOOK_INSTANCE: &str = "churn-research";

pub(crate) fn write_day(book: &mut Book) {
    if book.is_workday() {
        scientist(book, ANA, 7);
    }
    if matches!(book.weekday(), 1 | 3) {
        scientist(book, BEN, 10);
    }
    if book.every(7, 4) {
        administer(book);
    }
    if book.index == REPORTING_RECREATED {
        recreate_reporting_role(book);
    }
    if book.index == 63 {
        root_signs_in(book);
    }
    back_up(book);
    if book.index == 30 {
        rotate_key(book);
    }
}

/// Identity Center exchanges the portal's assertion for a role and opens the console.
fn sign_in(book: &mut Book, human: Human, role: &Role, second: u32) -> Session {
    let caller = Session {
        identity: json!({
            "type": "SAMLUser",
            "principalId": format!("{SAML_PROVIDER}:{}", human.email),
            "userName": human.email,
            "identityProvider": "aws-sso",
        }),
        arn: String::new(),
        ip: human.ip.into(),
        agent: BROWSER.into(),
    };
    let request = json!({
        "roleArn": role.arn(), "principalArn": SAML_PROVIDER,
        "roleSessionName": human.email, "durationSeconds": 28_800,
    });
    let call = Call::new(&caller, "sts", "AssumeRoleWithSAML").request(request).global();
    let session = Session::of_role(book, role, human.email, second).from(human.ip, BROWSER);
    let response = assumed(book, &session);
    let call = call
        .response(response)
        .resource(json!({ "accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": role.arn() }));
    book.add(second, call);
    let login = Call::new(&session, "signin", "ConsoleLogin")
        .response(json!({ "ConsoleLogin": "Success" }))
        .additional(json!({ "MobileVersion": "No", "MFAUsed": "No" }))
        .event_type("AwsConsoleSignIn")
        .global()
        .host(format!("{MAIN_REGION}.signin.aws.amazon.com"));
    book.add(second + 3, login);
    session.from(human.ip, CONSOLE_AGENT)
}

fn scientist(book: &mut Book, human: Human, hour: u32) {
    let start = book.within_hour(hour);
    let mut session = sign_in(book, human, &DATA_SCIENTIST, start);
    let is_ana = human.email == ANA.email;
    if !is_ana && book.weekday() == 3 {
        session = session.on_behalf_of(human);
    }
    book.add(start + 60, sagemaker(&session, "ListTrainingJobs", json!({ "maxResults": 10 })));
    let job = json!({ "trainingJobName": format!("churn-training-{}-03", book.day()) });
    if !is_ana || book.weekday() < 2 {
        book.add(start + 90, sagemaker(&session, "DescribeTrainingJob", job));
    }
    if is_ana {
        let instance = json!({ "notebookInstanceName": NOTEBOOK_INSTANCE });
        if book.weekday() == 0 {
            book.add(
                start + 120,
                sagemaker(&session, "StartNotebookInstance", instance.clone()).read_only(false),
            );
        }
        if book.weekday() == 4 {
            book.add(start + 30_000, sagemaker(&session, "StopNotebookInstance", instance));
        }
    } else {
        book.add(start + 150, sagemaker(&session, "ListModels", json!({ "maxResults": 10 })));
        let groups = json!({ "logGroupNamePrefix": "/aws/sagemaker/", "limit": 50 });
        let call = Call::new(&session, "logs", "DescribeLogGroups").request(groups).api_version("20140328");
        book.add(start + 180, call);
    }
    if book.every(9, 1) {
        let call = s3_object(book, &session, "GetObject", DATA_BUCKET, "schema.json");
        book.add(start + 240, call);
        book.add(start + 230, s3_bucket_location(&session, DATA_BUCKET));
        let buckets = Call::new(&session, "s3", "ListBuckets").global();
        book.add(start + 210, buckets.request(json!({ "Host": "s3.us-east-1.amazonaws.com" })));
    }
    scientist_fails(book, &session, start, is_ana);
}

fn scientist_fails(book: &mut Book, session: &Session, start: u32, is_ana: bool) {
    if is_ana && book.every(21, 10) {
        let model = main_arn("sagemaker", "model/churn-2026-08-03");
        let call = sagemaker(session, "DeleteModel", json!({ "modelName": "churn-2026-08-03" }));
        book.add(start + 300, call.denied("AccessDeniedException", "sagemaker:DeleteModel", &model));
    }
    if !is_ana && book.every(35, 15) {
        let users = format!("arn:aws:iam::{ACCOUNT}:user/");
        let call = Call::new(session, "iam", "ListUsers").global();
        book.add(start + 310, call.denied("AccessDenied", "iam:ListUsers", &users));
    }
}

/// Ana has the administrator permission set as well and looks after the account on Fridays.
fn administer(book: &mut Book) {
    let start = book.within_hour(14);
    let session = sign_in(book, ANA, &ADMINISTRATOR, start);
    book.add(start + 40, Call::new(&session, "iam", "ListRoles").global());
    book.add(start + 70, Call::new(&session, "organizations", "DescribeOrganization").global());
    let request = json!({ "filter": ["Role", "User", "Group", "LocalManagedPolicy", "AWSManagedPolicy"] });
    let snapshot = Call::new(&session, "iam", "GetAccountAuthorizationDetails").request(request).global();
    book.add(start + 100, snapshot);
}

/// Same name, new role: what the old one did proves nothing about the new one.
fn recreate_reporting_role(book: &mut Book) {
    let start = 9 * 3600;
    let session = sign_in(book, ANA, &ADMINISTRATOR, start);
    let iam = |name| Call::new(&session, "iam", name).global();
    let policy = json!({ "roleName": REPORTING.name, "policyName": policies::REPORTING_POLICY });
    book.add(start + 720, iam("DeleteRolePolicy").request(policy));
    book.add(start + 726, iam("DeleteRole").request(json!({ "roleName": REPORTING_BEFORE.name })));
    let trust = policies::trusts_service("lambda.amazonaws.com").to_string();
    let request = json!({
        "roleName": REPORTING.name, "path": REPORTING.path,
        "description": "Nightly report", "assumeRolePolicyDocument": trust,
    });
    let role = json!({ "role": {
        "path": REPORTING.path, "roleName": REPORTING.name, "roleId": REPORTING.id, "arn": REPORTING.arn(),
        "createDate": "Sep 21, 2026 9:15:00 AM", "assumeRolePolicyDocument": trust,
    } });
    book.add(start + 900, iam("CreateRole").request(request).response(role));
    let request = json!({
        "roleName": REPORTING.name, "policyName": policies::REPORTING_POLICY,
        "policyDocument": policies::reporting().to_string(),
    });
    book.add(start + 906, iam("PutRolePolicy").request(request));
}

fn root_signs_in(book: &mut Book) {
    let arn = format!("arn:aws:iam::{ACCOUNT}:root");
    let session = Session {
        identity: json!({
            "type": "Root", "principalId": ACCOUNT, "arn": arn, "accountId": ACCOUNT, "accessKeyId": "",
        }),
        arn,
        ip: ANA.ip.into(),
        agent: BROWSER.into(),
    };
    let login = Call::new(&session, "signin", "ConsoleLogin")
        .response(json!({ "ConsoleLogin": "Success" }))
        .additional(json!({ "MobileVersion": "No", "MFAUsed": "Yes" }))
        .event_type("AwsConsoleSignIn")
        .global()
        .host("signin.aws.amazon.com");
    book.add(8 * 3600 + 240, login);
}

/// An IAM user with a long-lived key; his group grants, he has no policy of his own.
fn back_up(book: &mut Book) {
    let start = book.within_hour(22);
    let session = backup_session();
    let ec2 = |name| Call::new(&session, "ec2", name);
    let volume = "vol-0a1b2c3d4e5f60718";
    let snapshot = format!("snap-0{}", book.rng.hex(16));
    let request = json!({ "volumeId": volume, "description": format!("nightly {}", book.day()) });
    let response = json!({
        "requestId": book.rng.uuid(), "snapshotId": snapshot, "volumeId": volume, "status": "pending",
        "ownerId": ACCOUNT, "volumeSize": "200",
    });
    book.add(start, ec2("CreateSnapshot").request(request).response(response));
    if book.every(7, 6) {
        book.add(
            start + 5,
            ec2("DescribeSnapshots").request(json!({ "ownersSet": { "items": [{ "owner": "self" }] } })),
        );
        let delete = ec2("DeleteSnapshot").request(json!({ "snapshotId": snapshot }));
        let response = json!({ "requestId": book.rng.uuid(), "_return": true });
        book.add(start + 9, delete.response(response));
    }
    if book.index == 2 {
        let delete = ec2("DeleteSnapshot").request(json!({ "snapshotId": snapshot, "DryRun": true }));
        let message = "Request would have succeeded, but DryRun flag is set.";
        book.add(start + 12, delete.error("Client.DryRunOperation", message));
    }
    if book.every(50, 22) {
        share_snapshot(book, &session, start + 15, &snapshot);
    }
    if book.every(60, 33) {
        let call = s3_object(book, &session, "GetObject", FINANCE_BUCKET, "2026/revenue.parquet");
        let resource = format!("\"arn:aws:s3:::{FINANCE_BUCKET}/2026/revenue.parquet\"");
        book.add(start + 20, call.denied("AccessDenied", "s3:GetObject", &resource));
    }
}

fn backup_session() -> Session {
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/ops/{BACKUP_USER}");
    Session {
        identity: json!({
            "type": "IAMUser", "principalId": BACKUP_USER_ID, "arn": arn, "accountId": ACCOUNT,
            "accessKeyId": BACKUP_USER_KEY, "userName": BACKUP_USER,
        }),
        arn,
        ip: "203.0.113.7".into(),
        agent: BACKUP_AGENT.into(),
    }
}

fn share_snapshot(book: &mut Book, session: &Session, second: u32, snapshot: &str) {
    let action = "ec2:ModifySnapshotAttribute";
    let message = format!(
        "You are not authorized to perform this operation. User: {} is not authorized to perform: {action} on \
         resource: arn:aws:ec2:{MAIN_REGION}::snapshot/{snapshot} because no identity-based policy allows the \
         {action} action. Encoded authorization failure message: {}",
        session.arn,
        book.rng.base32(64)
    );
    let request = json!({ "snapshotId": snapshot, "attributeType": "CREATE_VOLUME_PERMISSION" });
    let call = Call::new(session, "ec2", "ModifySnapshotAttribute").request(request);
    book.add(second, call.error("Client.UnauthorizedOperation", message));
}

/// A service's own doing: no caller, no permission.
fn rotate_key(book: &mut Book) {
    let rotation = Call::new(&Session::of_service("kms.amazonaws.com"), "kms", "RotateKey")
        .resource(json!({ "accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": ORDERS_KEY_ARN }))
        .request(Value::Null)
        .event_type("AwsServiceEvent");
    book.add(5 * 3600 + 1111, rotation);
}
