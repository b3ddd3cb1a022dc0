//! The IAM snapshot: the shape of `aws iam get-account-authorization-details`.

use super::account::{
    ACCOUNT, ADMINISTRATOR, BACKUP_USER, BACKUP_USER_ID, BATCH, CI_DEPLOY, CONFIG, DATA_SCIENTIST, INFERENCE,
    LEGACY_ADMIN, MAIN_REGION, NOTEBOOK, ORDER_LAMBDA, PIPELINE, REPORTING, Role, TRAINING,
};
use super::events::Book;
use super::policies;
use serde_json::{Map, Value, json};
use std::io;

/// Published documents of AWS managed policies; the sample's README names their source.
const MANAGED_POLICIES: &str = include_str!("managed_policies.json");
const SAGEMAKER: &str = "sagemaker.amazonaws.com";

/// One role of the snapshot, before it is written as JSON.
struct RoleDetail {
    role: Role,
    created: &'static str,
    trust: Value,
    inline: Vec<(&'static str, Value)>,
    /// Name and path of each attached policy; the paths of AWS's own begin with `aws:`.
    attached: Vec<&'static str>,
    boundary: Option<&'static str>,
    tags: Vec<(&'static str, &'static str)>,
    /// Time and region, when not during the 90 days.
    last_used_before: Option<(&'static str, &'static str)>,
}

/// The whole snapshot, taken on the evening of the last day. Indented as far as people wrote it; each of
/// AWS's long managed policies fills one line, which saves a third of the file.
pub(crate) fn account_authorization_details(book: &Book) -> io::Result<String> {
    let roles: Vec<RoleDetail> = machine_learning_roles().into_iter().chain(other_roles()).collect();
    let pretty = serde_json::to_string_pretty(&json!({
        "UserDetailList": users(),
        "GroupDetailList": groups(),
        "RoleDetailList": roles.iter().map(|role| role_json(role, book)).collect::<Vec<_>>(),
        "Policies": own_policies(&roles),
    }))?;
    let end = "\n  ]\n}";
    let open = pretty.strip_suffix(end).ok_or_else(|| io::Error::other("`Policies` comes last"))?;
    let managed: Vec<String> =
        managed_policies(&roles)?.iter().map(|policy| format!(",\n    {policy}")).collect();
    Ok(format!("{open}{}{end}\n", managed.concat()))
}

fn detail(role: Role, created: &'static str, trust: Value) -> RoleDetail {
    RoleDetail {
        role,
        created,
        trust,
        inline: Vec::new(),
        attached: Vec::new(),
        boundary: None,
        tags: Vec::new(),
        last_used_before: None,
    }
}

impl RoleDetail {
    fn inline(mut self, name: &'static str, document: Value) -> Self {
        self.inline.push((name, document));
        self
    }

    fn attach(mut self, policy: &'static str) -> Self {
        self.attached.push(policy);
        self
    }

    fn tag(mut self, key: &'static str, value: &'static str) -> Self {
        self.tags.push((key, value));
        self
    }

    fn boundary(mut self, policy: &'static str) -> Self {
        self.boundary = Some(policy);
        self
    }

    fn last_used_before(mut self, time: &'static str, region: &'static str) -> Self {
        self.last_used_before = Some((time, region));
        self
    }
}

fn machine_learning_roles() -> Vec<RoleDetail> {
    let trust = || policies::trusts_service(SAGEMAKER);
    vec![
        detail(TRAINING, "2024-03-05T09:12:44+00:00", trust())
            .inline("TrainingAccess", policies::training_access())
            .tag("team", "data-science"),
        detail(NOTEBOOK, "2024-03-05T09:20:10+00:00", trust())
            .attach("aws:policy/AmazonSageMakerFullAccess")
            .tag("team", "data-science"),
        detail(INFERENCE, "2024-06-18T14:02:31+00:00", trust())
            .attach("policy/ml/ModelServing")
            .tag("team", "data-science"),
        detail(BATCH, "2024-09-02T07:45:09+00:00", trust()).attach("policy/ml/ModelServing"),
        detail(PIPELINE, "2024-06-18T14:10:55+00:00", trust())
            .inline("PipelineAccess", policies::pipeline_access())
            .tag("team", "data-science"),
    ]
}

fn other_roles() -> Vec<RoleDetail> {
    vec![
        detail(CI_DEPLOY, "2025-01-14T10:30:00+00:00", policies::trusts_github())
            .attach("policy/ci/CiDeploy")
            .boundary("policy/ci/CiBoundary")
            .tag("team", "orders"),
        detail(ORDER_LAMBDA, "2024-11-27T16:48:20+00:00", policies::trusts_service("lambda.amazonaws.com"))
            .inline("OrderProcessing", policies::order_processing())
            .attach("aws:policy/service-role/AWSLambdaBasicExecutionRole")
            .tag("team", "orders"),
        detail(REPORTING, "2026-09-21T09:15:00+00:00", policies::trusts_service("lambda.amazonaws.com"))
            .inline(policies::REPORTING_POLICY, policies::reporting()),
        detail(LEGACY_ADMIN, "2024-01-22T11:00:00+00:00", policies::trusts_service("ec2.amazonaws.com"))
            .attach("aws:policy/AdministratorAccess")
            .last_used_before("2025-11-03T12:19:00+00:00", MAIN_REGION),
        detail(DATA_SCIENTIST, "2024-02-12T08:00:00+00:00", policies::trusts_identity_center())
            .inline("AwsSSOInlinePolicy", policies::data_scientist())
            .attach("aws:policy/AmazonSageMakerReadOnly")
            .attach("aws:policy/CloudWatchLogsReadOnlyAccess"),
        detail(ADMINISTRATOR, "2024-02-12T08:00:03+00:00", policies::trusts_identity_center())
            .attach("aws:policy/AdministratorAccess"),
        detail(CONFIG, "2024-01-22T10:31:17+00:00", policies::trusts_service("config.amazonaws.com"))
            .attach("aws:policy/aws-service-role/AWSConfigServiceRolePolicy"),
    ]
}

/// `policy/ml/ModelServing` is the account's own; `aws:policy/…` is AWS's.
fn policy_arn(policy: &str) -> String {
    match policy.strip_prefix("aws:") {
        Some(policy) => format!("arn:aws:iam::aws:{policy}"),
        None => format!("arn:aws:iam::{ACCOUNT}:{policy}"),
    }
}

fn policy_name(policy: &str) -> &str {
    policy.rsplit_once('/').map_or(policy, |(_, name)| name)
}

fn role_json(detail: &RoleDetail, book: &Book) -> Value {
    let mut json = Map::new();
    let mut put = |name: &str, value: Value| json.insert(name.into(), value);
    put("Path", json!(detail.role.path));
    put("RoleName", json!(detail.role.name));
    put("RoleId", json!(detail.role.id));
    put("Arn", json!(detail.role.arn()));
    put("CreateDate", json!(detail.created));
    put("AssumeRolePolicyDocument", detail.trust.clone());
    put("InstanceProfileList", instance_profiles(&detail.role, detail));
    let inline = detail
        .inline
        .iter()
        .map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": document }))
        .collect();
    put("RolePolicyList", Value::Array(inline));
    let attached = detail
        .attached
        .iter()
        .map(|policy| json!({ "PolicyName": policy_name(policy), "PolicyArn": policy_arn(policy) }))
        .collect();
    put("AttachedManagedPolicies", Value::Array(attached));
    if let Some(boundary) = detail.boundary {
        let arn = policy_arn(boundary);
        let boundary = json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
        put("PermissionsBoundary", boundary);
    }
    let tags = detail.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    put("Tags", Value::Array(tags));
    put("RoleLastUsed", last_used(detail, book));
    Value::Object(json)
}

/// What the logs show, to the second; AWS is less exact.
fn last_used(detail: &RoleDetail, book: &Book) -> Value {
    let offset = |time: &str| time.replace('Z', "+00:00");
    if let Some((time, region)) = book.last_used.get(detail.role.id) {
        return json!({ "LastUsedDate": offset(&time.to_string()), "Region": region });
    }
    detail
        .last_used_before
        .map_or_else(|| json!({}), |(time, region)| json!({ "LastUsedDate": time, "Region": region }))
}

/// Only the old administrator role was ever given to a machine.
fn instance_profiles(role: &Role, detail: &RoleDetail) -> Value {
    if role.name != LEGACY_ADMIN.name {
        return json!([]);
    }
    json!([{
        "Path": "/",
        "InstanceProfileName": role.name,
        "InstanceProfileId": "AIPASAMPLELEGACYADMIN",
        "Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/{}", role.name),
        "CreateDate": detail.created,
        "Roles": [{
            "Path": role.path,
            "RoleName": role.name,
            "RoleId": role.id,
            "Arn": role.arn(),
            "CreateDate": detail.created,
            "AssumeRolePolicyDocument": detail.trust,
        }],
    }])
}

fn users() -> Value {
    json!([{
        "Path": "/ops/",
        "UserName": BACKUP_USER,
        "UserId": BACKUP_USER_ID,
        "Arn": format!("arn:aws:iam::{ACCOUNT}:user/ops/{BACKUP_USER}"),
        "CreateDate": "2024-04-09T13:37:52+00:00",
        "GroupList": ["Operators"],
        "AttachedManagedPolicies": [],
        "Tags": [{ "Key": "team", "Value": "operations" }],
    }])
}

fn groups() -> Value {
    json!([{
        "Path": "/ops/",
        "GroupName": "Operators",
        "GroupId": "AGPASAMPLEOPERATORSAA",
        "Arn": format!("arn:aws:iam::{ACCOUNT}:group/ops/Operators"),
        "CreateDate": "2024-04-09T13:30:00+00:00",
        "GroupPolicyList": [
            { "PolicyName": "SnapshotVolumes", "PolicyDocument": policies::snapshot_volumes() },
        ],
        "AttachedManagedPolicies": [],
    }])
}

fn attachments(roles: &[RoleDetail], policy: &str) -> usize {
    roles.iter().filter(|role| role.attached.contains(&policy)).count()
}

/// The account's own policies.
fn own_policies(roles: &[RoleDetail]) -> Vec<Value> {
    let version = |id: &str, default: bool, created: &str, document: &Value| json!({ "Document": document, "VersionId": id, "IsDefaultVersion": default, "CreateDate": created });
    let own = |policy: &str, id: &str, created: &str, updated: &str, versions: Vec<Value>| {
        json!({
            "PolicyName": policy_name(policy),
            "PolicyId": id,
            "Arn": policy_arn(policy),
            "Path": policy.strip_prefix("policy").and_then(|path| path.strip_suffix(policy_name(policy))),
            "DefaultVersionId": versions.first().and_then(|version| version.get("VersionId")),
            "AttachmentCount": attachments(roles, policy),
            "PermissionsBoundaryUsageCount": roles.iter().filter(|role| role.boundary == Some(policy)).count(),
            "IsAttachable": true,
            "CreateDate": created,
            "UpdateDate": updated,
            "PolicyVersionList": versions,
        })
    };
    let (first, second, third) =
        ("2024-06-18T14:00:00+00:00", "2025-01-14T10:20:00+00:00", "2025-05-06T15:24:00+00:00");
    let serving = vec![
        version("v3", true, third, &policies::model_serving()),
        version("v1", false, first, &policies::model_serving_before()),
    ];
    let deploy = vec![version("v1", true, second, &policies::ci_deploy())];
    let boundary = vec![version("v1", true, second, &policies::ci_boundary())];
    vec![
        own("policy/ml/ModelServing", "ANPASAMPLEMODELSERVIN", first, third, serving),
        own("policy/ci/CiDeploy", "ANPASAMPLECIDEPLOYAAA", second, second, deploy),
        own("policy/ci/CiBoundary", "ANPASAMPLECIBOUNDARYA", second, second, boundary),
    ]
}

fn managed_policies(roles: &[RoleDetail]) -> io::Result<Vec<Value>> {
    let published: Map<String, Value> = serde_json::from_str(MANAGED_POLICIES)?;
    let numbered = published.iter().enumerate();
    Ok(numbered.map(|(index, (name, policy))| managed_json(roles, index, name, policy)).collect())
}

/// A managed policy of AWS, with its version in force only: older ones are not needed.
fn managed_json(roles: &[RoleDetail], index: usize, name: &str, published: &Value) -> Value {
    let field = |field: &str| published.get(field).cloned().unwrap_or_default();
    let path = published.get("Path").and_then(Value::as_str).unwrap_or("/");
    json!({
        "PolicyName": name,
        "PolicyId": format!("ANPASAMPLEAWSMANAGED{}", index + 2),
        "Arn": format!("arn:aws:iam::aws:policy{path}{name}"),
        "Path": path,
        "DefaultVersionId": field("DefaultVersionId"),
        "AttachmentCount": attachments(roles, &format!("aws:policy{path}{name}")),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "CreateDate": field("CreateDate"),
        "UpdateDate": field("UpdateDate"),
        "PolicyVersionList": [{
            "Document": field("Document"),
            "VersionId": field("DefaultVersionId"),
            "IsDefaultVersion": true,
            "CreateDate": field("UpdateDate"),
        }],
    })
}
