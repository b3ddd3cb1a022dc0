//! `explain` and `verify`: the policy engine at the prompt.

use crate::run::{Folder, trailtrim};

const GRANTS: &str = "sample-logs/iam/account-authorization-details.json";

fn explain(args: &[&str], expect: &[&str]) {
    let ran = trailtrim(&[&["explain", "--grants", GRANTS][..], args].concat());
    assert_eq!(ran.status, 0, "{args:?}: {}", ran.stderr);
    for part in expect {
        assert!(ran.stdout.contains(part), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn explain_names_the_statement() {
    let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/orders-x/1";
    let role = "arn:aws:iam::111122223333:role/InferenceRole";
    let passed = "iam:PassedToService=sagemaker.amazonaws.com";
    explain(
        &["SageMakerTrainingRole", "s3:PutObject", "arn:aws:s3:::x/y"],
        &["allowed: s3:PutObject", "by inline policy TrainingAccess, statement 1 (DataAccess)"],
    );
    explain(
        &["CiDeployRole", "cloudformation:DeleteStack", stack],
        &["explicitly denied", "customer managed policy CiDeploy, statement 8 (NeverDeleteProduction)"],
    );
    explain(
        &["CiDeployRole", "ec2:RunInstances"],
        &[
            "implicitly denied",
            "because no policy of the principal allows it",
            "the permissions boundary does not",
        ],
    );
    explain(&["PipelineRole", "iam:PassRole", role], &["depends", "on: iam:passedtoservice"]);
    explain(&["PipelineRole", "iam:PassRole", role, "--context", passed], &["allowed"]);
    explain(
        &["PipelineRole", "iam:PassRole", role, "--absent", "iam:PassedToService"],
        &["implicitly denied"],
    );
    explain(
        &["backup-operator", "ec2:CreateSnapshot", "arn:aws:ec2:eu-west-1::snapshot/x"],
        &["policy of the group Operators"],
    );
}

#[test]
fn explain_refuses_what_it_cannot_answer() {
    for (args, expect) in [
        (&["Pipelinerole2", "s3:GetObject"][..], "did you mean `PipelineRole`?"),
        (&["*Role", "s3:GetObject"], "fits more than one"),
        (&["PipelineRole", "s3:*"], "not an action `s3:*`"),
        (&["PipelineRole", "s3:GetObject", "*", "--context", "nonsense"], "no condition key with a value"),
    ] {
        let ran = trailtrim(&[&["explain", "--grants", GRANTS][..], args].concat());
        assert_eq!(ran.status, 2, "{args:?}");
        assert!(ran.stderr.contains(expect), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn verify_proves_or_shows_what_is_new() {
    let folder = Folder::new();
    let policy = |name: &str, statement: &str| {
        folder.file(name, format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#))
    };
    let wide = policy("wide.json", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let get =
        policy("get.json", r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}"#);
    let put =
        policy("put.json", r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::a/*"}"#);
    let office = policy(
        "office.json",
        r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}"#,
    );
    let invalid = policy("invalid.json", r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":[]}"#);
    let broken = folder.file("broken.json", "{");
    for (new, old, status, expect) in [
        (vec![&get], vec![&wide], 0, "contained: proved"),
        (vec![&get, &put], vec![&wide], 0, "contained: proved"),
        (vec![&wide], vec![&get, &put], 4, "not-contained: "),
        (vec![&get], vec![&office], 4, "s3:GetObject on arn:aws:s3:::a/"),
        (vec![&office], vec![&wide], 0, "contained: proved"),
        (vec![&invalid], vec![&wide], 4, "invalid-policy: "),
        (vec![&broken], vec![&wide], 2, "broken.json"),
        (vec![&get], vec![&broken], 2, "broken.json"),
    ] {
        let mut args = vec!["verify"];
        args.extend(new.iter().map(|path| path.as_str()));
        for path in old {
            args.extend(["--against", path.as_str()]);
        }
        let ran = trailtrim(&args);
        assert_eq!(ran.status, status, "{args:?}: {}{}", ran.stdout, ran.stderr);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(expect), "{args:?}: {}", ran.stdout);
    }
}
