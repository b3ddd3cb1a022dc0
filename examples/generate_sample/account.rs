//! Who and what there is in the account: one place for every name, path and identifier.

/// AWS's documentation uses this account number.
pub(crate) const ACCOUNT: &str = "111122223333";
/// Where the work is done.
pub(crate) const MAIN_REGION: &str = "eu-west-1";
/// Where the events of global services are recorded.
pub(crate) const GLOBAL_REGION: &str = "us-east-1";

pub(crate) const DATA_BUCKET: &str = "my-ai-data-bucket";
/// The default bucket of the SageMaker SDK; `AmazonSageMakerFullAccess` covers it by its name.
pub(crate) const SAGEMAKER_BUCKET: &str = "sagemaker-eu-west-1-111122223333";
pub(crate) const DEPLOY_BUCKET: &str = "orders-deploy-artifacts";
/// In us-east-1, behind a CDN.
pub(crate) const DOCS_BUCKET: &str = "orders-docs-site";
pub(crate) const INVOICE_BUCKET: &str = "order-invoices";
pub(crate) const FINANCE_BUCKET: &str = "finance-reports";
pub(crate) const ORDERS_TABLE: &str = "orders";
pub(crate) const ORDERS_KEY_ARN: &str =
    "arn:aws:kms:eu-west-1:111122223333:key/6f1c7f0a-2b7d-4c55-9d0e-3a8f5b1e7c24";
pub(crate) const ORDER_FUNCTION: &str = "order-processor";
pub(crate) const REPORT_FUNCTION: &str = "nightly-report";
pub(crate) const MODEL_REPOSITORY: &str = "churn-model";
pub(crate) const ORDERS_REPOSITORY: &str = "orders-api";

/// A role: its name may be used again, its id never is.
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
}

impl Role {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role{}{}", self.path, self.name)
    }
}

pub(crate) const TRAINING: Role =
    Role { name: "SageMakerTrainingRole", path: "/service-role/", id: "AROASAMPLETRAINING222" };
pub(crate) const NOTEBOOK: Role =
    Role { name: "DataScienceNotebookRole", path: "/service-role/", id: "AROASAMPLENOTEBOOK333" };
pub(crate) const INFERENCE: Role = Role { name: "InferenceRole", path: "/", id: "AROASAMPLEINFERENCE44" };
pub(crate) const BATCH: Role = Role { name: "BatchTransformRole", path: "/", id: "AROASAMPLEBATCHTRANSF" };
pub(crate) const PIPELINE: Role = Role { name: "PipelineRole", path: "/", id: "AROASAMPLEPIPELINE555" };
pub(crate) const CI_DEPLOY: Role = Role { name: "CiDeployRole", path: "/ci/", id: "AROASAMPLECIDEPLOY666" };
pub(crate) const ORDER_LAMBDA: Role =
    Role { name: "OrderLambdaRole", path: "/service-role/", id: "AROASAMPLEORDERLAMBDA" };
pub(crate) const REPORTING_BEFORE: Role =
    Role { name: "ReportingRole", path: "/", id: "AROASAMPLEREPORTINGAA" };
pub(crate) const REPORTING: Role = Role { name: "ReportingRole", path: "/", id: "AROASAMPLEREPORTINGZZ" };
pub(crate) const LEGACY_ADMIN: Role =
    Role { name: "LegacyAdminRole", path: "/", id: "AROASAMPLELEGACYADMIN" };
pub(crate) const DATA_SCIENTIST: Role = Role {
    name: "AWSReservedSSO_DataScientist_0123456789abcdef",
    path: "/aws-reserved/sso.amazonaws.com/eu-west-1/",
    id: "AROASAMPLESSODATASCIE",
};
pub(crate) const ADMINISTRATOR: Role = Role {
    name: "AWSReservedSSO_AdministratorAccess_fedcba9876543210",
    path: "/aws-reserved/sso.amazonaws.com/eu-west-1/",
    id: "AROASAMPLESSOADMINIST",
};
pub(crate) const CONFIG: Role = Role {
    name: "AWSServiceRoleForConfig",
    path: "/aws-service-role/config.amazonaws.com/",
    id: "AROASAMPLECONFIGSLR77",
};

/// An Identity Center user: session name and the user's id in the identity store.
#[derive(Clone, Copy)]
pub(crate) struct Human {
    pub(crate) email: &'static str,
    pub(crate) user_id: &'static str,
    pub(crate) ip: &'static str,
}

pub(crate) const ANA: Human =
    Human { email: "ana@example.com", user_id: "d2a5f4c4-7061-70b1-9c1d-0f1e2d3c4b5a", ip: "203.0.113.24" };
pub(crate) const BEN: Human =
    Human { email: "ben@example.com", user_id: "92c514f4-50d1-70e8-8a64-5b6c7d8e9f01", ip: "203.0.113.61" };
pub(crate) const IDENTITY_STORE_ARN: &str = "arn:aws:identitystore::111122223333:identitystore/d-9367sample";

pub(crate) const BACKUP_USER: &str = "backup-operator";
pub(crate) const BACKUP_USER_ID: &str = "AIDASAMPLEBACKUPOPERA";
pub(crate) const BACKUP_USER_KEY: &str = "AKIASAMPLEBACKUPKEY2";

pub(crate) fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

pub(crate) fn main_arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{MAIN_REGION}:{ACCOUNT}:{resource}")
}
