//! The scripts for the aws CLI, run against an IAM emulator: they make the recommended policies, take them
//! back byte by byte, and do no harm when they are run twice.
//!
//! Needs `moto_server` and `aws` (`pip install 'moto[server]' awscli`), on the path or in the virtual
//! environment that the variable `TRAILTRIM_TEST_VENV` names.

use crate::run::{Folder, root, trailtrim};
use serde_json::Value;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

const ACCOUNT: &str = "111122223333";
const SAMPLE: &str = "sample-logs/iam/account-authorization-details.json";
const FULL: &str = "arn:aws:iam::111122223333:policy/ci/CiDeploy";

/// The folder of an installed tool: that of the virtual environment, else one of the path.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let venv = std::env::var_os("TRAILTRIM_TEST_VENV").map(|venv| PathBuf::from(venv).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = venv.into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    // A launcher may be on the path and know no such program, so it has to answer.
    let answers = |file: &PathBuf, question| {
        Command::new(file).arg(question).output().is_ok_and(|ran| ran.status.success())
    };
    found
        .into_iter()
        .find(|file| file.is_file() && ["--version", "--help"].iter().any(|question| answers(file, question)))
}

/// A running emulator, ended with the test.
struct Emulator {
    server: Child,
    url: String,
    python: PathBuf,
    path: std::ffi::OsString,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Emulator {
    /// Starts one on a free port; `None`, with the reason printed, when it is not installed.
    fn start() -> Option<Self> {
        let (Some(server), Some(aws)) = (tool("moto_server"), tool("aws")) else {
            println!("skipped: moto_server and aws are not installed");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut folders = vec![server.parent().unwrap().to_owned(), aws.parent().unwrap().to_owned()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let child = Command::new(&server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_ACCOUNT_ID", ACCOUNT)
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let emulator = Self {
            server: child,
            url: format!("http://127.0.0.1:{port}"),
            python: server.parent().unwrap().join("python3"),
            path: std::env::join_paths(folders).unwrap(),
        };
        let up = (0..600).any(|_| {
            sleep(Duration::from_millis(100));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(up, "the emulator does not answer");
        Some(emulator)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Output {
        Command::new(program)
            .args(args)
            .current_dir(root())
            .env("PATH", &self.path)
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .output()
            .unwrap()
    }

    /// What `account.py` prints.
    fn account(&self, args: &[&str]) -> String {
        let ran = self.command(&self.python, &[&["tests/it/emulator/account.py"], args].concat());
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    fn dump(&self) -> Value {
        serde_json::from_str(&self.account(&["dump", &self.url])).unwrap()
    }

    /// Runs a script; gives its exit status and all that it said.
    fn script(&self, shell: &str, file: &str) -> (i32, String) {
        let ran = self.command(shell, &[file]);
        let said = [ran.stdout, ran.stderr].concat();
        (ran.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
    }
}

fn json(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

/// The default versions of the account's policies, and everything else but the other versions.
fn effective(dump: &Value) -> Value {
    let mut dump = dump.clone();
    for policy in dump["policies"].as_object_mut().unwrap().values_mut() {
        let default = policy["default"].as_str().unwrap().to_owned();
        let text = policy["versions"][&default].clone();
        *policy = text;
    }
    dump
}

#[test]
fn scripts_apply_and_take_back() {
    let Some(emulator) = Emulator::start() else { return };
    let folder = Folder::new();
    let snapshot = folder.path("snapshot.json");
    emulator.account(&["load", &emulator.url, SAMPLE, &snapshot]);
    emulator.account(&["fill", &emulator.url, FULL]);
    let before = emulator.dump();

    let out = folder.path("out");
    let select = ["--role", "SageMakerTrainingRole", "--role", "CiDeployRole", "--role", "OrderLambdaRole"];
    let common = [&["recommend", "sample-logs", "--grants", &snapshot], &select[..]].concat();
    // The sample holds one file that is cut short on purpose.
    let ran = trailtrim(&[&common[..], &["--format", "aws-cli", "-o", &out]].concat());
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    let scripts = |end: &str| {
        let name = |role: &str| format!("{out}/{ACCOUNT}/role-{role}.{end}.sh");
        ["SageMakerTrainingRole", "CiDeployRole", "OrderLambdaRole"].map(name)
    };
    for script in scripts("apply") {
        let (status, said) = emulator.script("sh", &script);
        assert_eq!(status, 0, "{script}: {said}");
    }
    let applied = emulator.dump();
    let recommended = trailtrim(&[&common[..], &["--format", "json"]].concat());
    check_applied(&applied, &serde_json::from_str(&recommended.stdout).unwrap());
    // The oldest version that was not the default made room.
    let versions: Vec<&str> =
        applied["policies"][FULL]["versions"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        (versions, &applied["policies"][FULL]["default"]),
        (vec!["v1", "v3", "v4", "v5", "v6"], &"v6".into())
    );

    for script in scripts("apply") {
        let (status, said) = emulator.script("bash", &script);
        assert!(status == 0 && said.contains("already"), "{script}: {said}");
    }
    assert_eq!(emulator.dump(), applied, "applying twice changes nothing");

    for script in scripts("rollback") {
        let (status, said) = emulator.script("bash", &script);
        assert_eq!(status, 0, "{script}: {said}");
    }
    let restored = emulator.dump();
    assert_eq!(effective(&restored), effective(&before), "the texts are the stored ones, byte by byte");
    for script in scripts("rollback") {
        let (status, said) = emulator.script("sh", &script);
        assert_eq!(status, 0, "{script}: {said}");
    }
    assert_eq!(emulator.dump(), restored, "taking back twice changes nothing");

    changed_since_the_snapshot(&emulator, &scripts("apply")[0]);
}

/// Every recommended document is there, and the policies that it replaces are detached.
fn check_applied(applied: &Value, recommended: &Value) {
    let mut seen = 0;
    for principal in recommended["principals"].as_array().unwrap() {
        let role = &applied["roles"][principal["name"].as_str().unwrap()];
        for change in principal["changes"].as_array().unwrap() {
            let attached = role["attached"].as_array().unwrap();
            if change["step"] == "create_policy_and_detach" {
                assert!(!attached.contains(&change["arn"]), "{change}");
            }
            for new in change["documents"].as_array().unwrap() {
                let name = new["name"].as_str().unwrap();
                let (found, of_role) = match change["step"].as_str().unwrap() {
                    "put_inline_policy" => (json(&role["inline"][name]), true),
                    step => {
                        let made = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
                        let arn = if step == "create_policy_version" {
                            change["arn"].as_str().unwrap()
                        } else {
                            &made
                        };
                        let policy = &applied["policies"][arn];
                        let default = policy["default"].as_str().unwrap();
                        (json(&policy["versions"][default]), attached.contains(&arn.into()))
                    }
                };
                assert!(found == new["document"] && of_role, "{name}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 4);
}

/// A policy that somebody else has changed is left alone.
fn changed_since_the_snapshot(emulator: &Emulator, script: &str) {
    let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}"#;
    let put =
        ["iam", "put-role-policy", "--role-name", "SageMakerTrainingRole", "--policy-name", "TrainingAccess"];
    let ran = emulator.command("aws", &[&put[..], &["--policy-document", other]].concat());
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let (status, said) = emulator.script("sh", script);
    assert!(status == 1 && said.contains("stopped: role SageMakerTrainingRole"), "{said}");
    let kept = emulator.dump();
    assert_eq!(kept["roles"]["SageMakerTrainingRole"]["inline"]["TrainingAccess"], other);
}
