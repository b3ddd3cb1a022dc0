//! How many decisions a second, on one core: `cargo run --release --example decision_rate -- policy.json`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measuring tool, run by hand on trusted input"
)]

use std::time::Instant;
use trailtrim::iam::compiled::CompiledPolicies;
use trailtrim::iam::condition::Context;
use trailtrim::iam::evaluate::{Request, evaluate_identity};
use trailtrim::iam::{Action, PolicyDocument};

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let policy = PolicyDocument::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let documents = [&policy];
    let compiled = CompiledPolicies::new(&documents);
    let context =
        Context::open().with("aws:SourceIp", "203.0.113.7").with("aws:PrincipalAccount", "111122223333");
    let asks = [
        ("sagemaker:CreateTrainingJob", "arn:aws:sagemaker:eu-west-1:111122223333:training-job/x"),
        ("sagemaker:InvokeEndpoint", "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/e"),
        ("s3:GetObject", "arn:aws:s3:::sagemaker-data/a/b/c.csv"),
        ("s3:PutObject", "arn:aws:s3:::other/a"),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/AmazonSageMaker-x"),
        ("logs:CreateLogGroup", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/x"),
        ("ec2:DescribeVpcs", "*"),
        ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/t"),
    ];
    let actions: Vec<Action> = asks.iter().map(|(action, _)| Action::parse(action).unwrap()).collect();
    let request = |at: usize| Request {
        principal: "arn:aws:sts::111122223333:assumed-role/r/s",
        action: actions.get(at).unwrap(),
        resource: asks.get(at).unwrap().1,
        resource_account: None,
        context: &context,
    };
    println!("{} statements", policy.statements.len());
    for (at, (action, resource)) in asks.iter().enumerate() {
        assert_eq!(compiled.evaluate(&request(at)), evaluate_identity(&request(at), &documents));
        let rounds = 200_000_u32;
        let start = Instant::now();
        let mut deciding = 0;
        for _ in 0..rounds {
            deciding += compiled.evaluate(&request(at)).deciding.len();
        }
        let nanos = start.elapsed().as_nanos() as f64 / f64::from(rounds);
        println!(
            "{nanos:6.0} ns  {action} {resource}: {:?}, {deciding}",
            compiled.evaluate(&request(at)).decision
        );
    }
    let start = Instant::now();
    let rounds = 200_000_usize;
    for round in 0..rounds {
        let one = request(round % asks.len());
        std::hint::black_box(compiled.evaluate(&one));
    }
    println!("mixed: {:.0} decisions a second", rounds as f64 / start.elapsed().as_secs_f64());
}
