//! Who acts in the account: people, the roles behind which they work, and machines.

use crate::generator::Rng;
use serde_json::{Value, json};

/// The account, and one of somebody whom it does not know.
pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const STRANGER: &str = "444455556666";

/// The Studio domain of the data scientists, and that of the team for risk, which passes on the profile's name.
pub(crate) const DOMAIN: &str = "d-lab7x2kq9mfa";
pub(crate) const RISK_DOMAIN: &str = "d-risk3vt8zqwn";

pub(crate) const CONSOLE: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
pub(crate) const BOTO: &str = "Boto3/1.35.86 md/Botocore#1.35.86 ua/2.0 os/macos#24.1.0 md/arch#arm64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#legacy";
pub(crate) const CLI: &str = "aws-cli/2.22.12 md/awscrt#0.23.4 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.6 md/pyimpl#CPython md/prompt#off md/command#sagemaker.list";
pub(crate) const NOTEBOOK: &str = "Boto3/1.34.162 md/Botocore#1.34.162 ua/2.0 os/linux#5.10.228 md/arch#x86_64 lang/python#3.11.10 AWS-SageMaker-Python-SDK/2.232.2 Python/3.11.10 Linux/5.10.228 AWS-SageMaker-Notebook-Instance/JupyterLab";
pub(crate) const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.81.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.32.6 ua/2.1 os/linux lang/go#1.23.3 md/GOOS#linux md/GOARCH#amd64";
pub(crate) const GO: &str =
    "aws-sdk-go-v2/1.32.6 ua/2.1 os/linux lang/go#1.22.9 md/GOOS#linux md/GOARCH#amd64";

/// A caller: who, from where, with what.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    /// The role's or user's name.
    pub(crate) name: String,
    /// The person behind it, when the log tells.
    pub(crate) human: Option<String>,
    pub(crate) identity: Value,
    pub(crate) ip: String,
    pub(crate) agent: String,
    pub(crate) endpoint: Option<String>,
}

impl Actor {
    pub(crate) fn from(mut self, ip: &str) -> Self {
        ip.clone_into(&mut self.ip);
        self.endpoint = None;
        self
    }

    pub(crate) fn with(mut self, agent: &str) -> Self {
        agent.clone_into(&mut self.agent);
        self
    }

    /// A service calls with this caller's permissions.
    pub(crate) fn through(mut self, service: &str) -> Self {
        self.identity["invokedBy"] = service.into();
        service.clone_into(&mut self.ip);
        service.clone_into(&mut self.agent);
        self
    }
}

/// Text that looks random and belongs to a name.
pub(crate) fn token(name: &str, length: usize) -> String {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Rng::new(seed).base32(length)
}

/// A session of a role. `key` tells sessions apart: each has an access key of its own.
pub(crate) fn session(role: &str, name: &str, key: &str) -> Actor {
    let id = format!("AROA{}", token(role, 17));
    let path = if role.starts_with("AWSReservedSSO_") {
        "aws-reserved/sso.amazonaws.com/eu-west-1/"
    } else if role.starts_with("AmazonSageMaker-ExecutionRole") {
        "service-role/"
    } else {
        ""
    };
    let identity = json!({
        "type": "AssumedRole",
        "principalId": format!("{id}:{name}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"),
        "accountId": ACCOUNT,
        "accessKeyId": format!("ASIA{}", token(&format!("{role}/{name}/{key}"), 16)),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role", "principalId": id, "arn": role_arn(&format!("{path}{role}")),
                "accountId": ACCOUNT, "userName": role,
            },
            "attributes": {"creationDate": "2026-01-05T07:00:00Z", "mfaAuthenticated": "false"},
        },
    });
    Actor {
        name: role.to_owned(),
        human: None,
        identity,
        ip: "10.20.4.17".into(),
        agent: BOTO.into(),
        endpoint: None,
    }
}

pub(crate) fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// A person of the company.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    /// Permission set of Identity Center.
    pub(crate) set: &'static str,
    /// The first two numbers of the address at home.
    pub(crate) home: &'static str,
    /// Opens Studio from the company's own portal instead of the console.
    pub(crate) portal: bool,
    /// Works in the domain of the risk team.
    pub(crate) risk: bool,
}

const fn person(name: &'static str, set: &'static str, home: &'static str) -> Person {
    Person { name, set, home, portal: false, risk: false }
}

/// Everybody who works with the account from its first day on.
pub(crate) const PEOPLE: &[Person] = &[
    person("anna", "DataScientist", "84.112"),
    Person { portal: true, ..person("bela", "DataScientist", "91.64") },
    Person { portal: true, ..person("carl", "DataScientist", "62.178") },
    Person { portal: true, ..person("dana", "DataScientist", "77.119") },
    Person { portal: true, ..person("emil", "DataScientist", "89.144") },
    Person { portal: true, ..person("fay", "DataScientist", "212.186") },
    person("gus", "DataScientist", "178.115"),
    person("hana", "MLEngineer", "80.109"),
    person("ivan", "MLEngineer", "93.82"),
    Person { risk: true, ..person("jana", "DataScientist", "188.22") },
    Person { risk: true, ..person("kurt", "DataScientist", "213.47") },
    Person { risk: true, ..person("lena", "DataScientist", "86.56") },
    person("mona", "PlatformAdmin", "46.125"),
    person("nils", "Analyst", "193.81"),
];

pub(crate) fn known(name: &str) -> Person {
    *PEOPLE.iter().find(|person| person.name == name).unwrap()
}

/// The company's own way out to the internet.
pub(crate) const OFFICE: &str = "194.232.79.10";

impl Person {
    /// The person's session of Identity Center on a day, from the office.
    pub(crate) fn sso(&self, day: i64) -> Actor {
        let mail = format!("{}@example.com", self.name);
        let set = token(self.set, 16).to_lowercase();
        let mut actor = session(&format!("AWSReservedSSO_{}_{set}", self.set), &mail, &format!("day{day}"));
        actor.human = Some(mail);
        actor.from(OFFICE).with(CONSOLE)
    }

    pub(crate) fn home_ip(&self) -> String {
        format!("{}.33.{}", self.home, 20 + self.name.len())
    }

    /// The person's user profile in Studio.
    pub(crate) fn profile(&self) -> String {
        format!("{}-{}", self.name, token(self.name, 5).to_lowercase())
    }

    pub(crate) fn domain(&self) -> &'static str {
        if self.risk { RISK_DOMAIN } else { DOMAIN }
    }

    /// The person's work in Studio: under the role that the domain's profiles share.
    pub(crate) fn studio(&self, day: i64) -> Actor {
        let role = if self.risk { "risk-studio-exec" } else { STUDIO };
        let mut actor = session(role, "SageMaker", &format!("{}{day}", self.name)).with(NOTEBOOK);
        if self.risk {
            actor.identity["sessionContext"]["sourceIdentity"] = self.profile().into();
            actor.human = Some(self.profile());
        }
        actor.ip = format!("10.20.{}.{}", 8 + self.name.len(), 10 + self.home.len());
        actor.endpoint = Some("vpce-0a1b2c3d4e5f60718".into());
        actor
    }
}

/// The execution role that the data scientists' profiles share.
pub(crate) const STUDIO: &str = "studio-exec";

/// A machine by its short name. `key` tells its sessions apart.
pub(crate) fn machine(name: &str, key: &str) -> Actor {
    let role = |role: &str, session_name: &str| session(role, session_name, key);
    match name {
        "ci" => role("ci-deploy", "GitHubActions").with(BOTO),
        "terraform" => role("terraform-apply", "GitHubActions").with(TERRAFORM),
        "portal" => role("studio-portal", "portal-api").from("52.214.8.19").with(BOTO),
        "pipeline" => role("sagemaker-pipeline", "SageMaker").through("sagemaker.amazonaws.com"),
        "training" => role("sagemaker-training", "SageMaker").from("10.20.60.12").with(BOTO),
        "scheduler" => role("events-run-pipeline", "Events").through("events.amazonaws.com"),
        "fraud-api" => role("fraud-api", "1735689600000000000").from("10.40.3.7").with(GO),
        "pricing-api" => role("pricing-api", "1735689600000000000").from("10.40.5.9").with(GO),
        "features" => role("feature-ingest", "glue").from("10.40.9.3").with(BOTO),
        "chat" => role("chat-app", "chat-app").from("10.40.7.2").with(BOTO),
        "kb" => role("kb-sync", "kb-sync").from("52.18.77.4").with(BOTO),
        "posture" => role("security-audit", "cspm").from("35.176.92.11").with(GO),
        "cleaner" => role("studio-idle-cleaner", "idle-cleaner").from("52.50.91.7").with(BOTO),
        "quarter" => role("quarterly-report", "report").from("10.40.2.2").with(BOTO),
        "approver" => role("approval-callback", "approval-callback").from("52.30.4.41").with(BOTO),
        "config" => role("AWSServiceRoleForConfig", "AWSConfig-Describe").through("config.amazonaws.com"),
        other => panic!("no machine is called {other}"),
    }
}

/// The notebook of the fraud team: straight on the internet, so with AWS's own addresses.
pub(crate) fn notebook(day: i64, ip: &str) -> Actor {
    session("AmazonSageMaker-ExecutionRole-20240110T101010", "SageMaker", &format!("nb{}", day / 5))
        .from(ip)
        .with(NOTEBOOK)
}

/// The user of an old batch job, with a key that never ends.
pub(crate) fn legacy() -> Actor {
    let identity = json!({
        "type": "IAMUser", "principalId": format!("AIDA{}", token("legacy-batch", 17)),
        "arn": format!("arn:aws:iam::{ACCOUNT}:user/legacy-batch"), "accountId": ACCOUNT,
        "accessKeyId": format!("AKIA{}", token("legacy-batch", 16)), "userName": "legacy-batch",
    });
    Actor {
        name: "legacy-batch".into(),
        human: Some("legacy-batch".into()),
        identity,
        ip: "194.232.79.44".into(),
        agent: "aws-cli/1.18.69 Python/3.8.10 Linux/5.4.0 botocore/1.16.19".into(),
        endpoint: None,
    }
}
