#![no_main]
use std::time::Instant;
use trailtrim::iam::contain::{Containment, contain, diff};
use trailtrim::iam::condition::Context;
use trailtrim::iam::compiled::CompiledPolicies;
use trailtrim::iam::evaluate::*;
use trailtrim::iam::{Action, PolicyDocument};
use trailtrim::iam::validate::*;
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if text.len() < 100 { return; }
    let docs: Vec<PolicyDocument> = text.lines().filter_map(|l| PolicyDocument::parse(l).ok()).collect();
    let [new, old, ..] = &docs[..] else { return };
    let say = |c: &Containment| match c { Containment::Proved{tier} => format!("proved {tier}"), Containment::Refuted(_) => "refuted".into(), Containment::Unknown(r) => format!("unknown {}", r.chars().take(150).collect::<String>()) };
    let t = Instant::now();
    let f = validate(text.lines().next().unwrap(), PolicyType::Managed);
    eprintln!("PROBE validate {} findings {:?}", f.len(), t.elapsed());
    let ctx = Context::open().with("aws:k", "a".repeat(3000));
    for (r, a) in [("arn:aws:s3:::".to_owned() + &"a".repeat(2000), "s3:".to_owned() + &"a".repeat(60)), ("arn:aws:s3:e:1:".to_owned() + &"a".repeat(1000) + ":" + &"a".repeat(1000), "s3:aaaa".to_owned())] {
        let action = Action::parse(&a).unwrap();
        let request = Request { principal: "arn:aws:iam::111122223333:user/Ana", action: &action, resource: &r, resource_account: None, context: &ctx };
        let t = Instant::now();
        let d = evaluate_identity(&request, &[new, old]).decision;
        eprintln!("PROBE evaluate {} {:?}", format!("{d:?}").chars().take(60).collect::<String>(), t.elapsed());
        let t = Instant::now();
        let c = CompiledPolicies::new(&[new, old]);
        let t1 = t.elapsed();
        c.evaluate(&request);
        eprintln!("PROBE compiled {t1:?} {:?}", t.elapsed());
    }
    let t = Instant::now(); let c = contain(&[new], &[new]); eprintln!("PROBE own {} {:?}", say(&c), t.elapsed());
    let t = Instant::now(); let c = contain(&[new], &[old]); eprintln!("PROBE contain {} {:?}", say(&c), t.elapsed());
    let t = Instant::now(); let c = contain(&[old], &[new]); eprintln!("PROBE reverse {} {:?}", say(&c), t.elapsed());
    if std::env::var("DIFF").is_ok() {
    let t = Instant::now(); let c = diff(&[new], &[old]); eprintln!("PROBE diff {:?} {:?}", c.map(|c| c.len()), t.elapsed()); }
});
