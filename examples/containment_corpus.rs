//! Measures containment proofs on a corpus of policies: one JSON object a line, `{"name": …, "document": …}`.
//!
//! For every policy p and p without one of its actions, q: p ⊆ p and q ⊆ p must be proved, p ⊆ q must not
//! be, unless another statement grants the action again. `cargo run --release --example
//! containment_corpus -- corpus.jsonl [REPEATS]`: each question is asked that often (once if not given), and
//! the fastest answer counts, so that other work on the machine disturbs little.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measuring tool, run by hand on trusted input"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use trailtrim::iam::PolicyDocument;
use trailtrim::iam::contain::{Containment, contain};
use trailtrim::iam::json::Json;

struct Question {
    repeats: usize,
    answers: BTreeMap<String, usize>,
    open: Vec<String>,
    times: Vec<Duration>,
}

impl Question {
    fn new(repeats: usize) -> Self {
        Self { repeats, answers: BTreeMap::new(), open: Vec::new(), times: Vec::new() }
    }

    fn ask(&mut self, name: &str, new: &PolicyDocument, old: &PolicyDocument) -> Containment {
        let (mut took, mut answer) = (Duration::MAX, None);
        for _ in 0..self.repeats {
            let start = Instant::now();
            let one = contain(&[new], &[old]);
            took = took.min(start.elapsed());
            assert!(answer.is_none_or(|before| before == one), "{name}");
            answer = Some(one);
        }
        let answer = answer.unwrap();
        self.times.push(took);
        if took > Duration::from_secs(1) {
            println!("slow: {name} {took:?}");
        }
        let kind = match &answer {
            Containment::Proved { tier } => format!("proved, tier {tier}"),
            Containment::Refuted(_) => "refuted".to_owned(),
            Containment::Unknown(reason) => {
                self.open.push(format!("{name}: {reason}"));
                "unknown".to_owned()
            }
        };
        *self.answers.entry(kind).or_default() += 1;
        answer
    }

    fn report(&mut self, title: &str) {
        self.times.sort();
        let at = |part: usize| self.times[(self.times.len() - 1) * part / 100];
        println!(
            "{title}: {:?}; median {:?}, p99 {:?}, max {:?}",
            self.answers,
            at(50),
            at(99),
            self.times.last().unwrap()
        );
        for line in self.open.iter().take(25) {
            println!("    {line}");
        }
    }
}

/// The policy without the last action of the statement that has most; `None` when none has two.
fn without_one_action(policy: &PolicyDocument) -> Option<PolicyDocument> {
    let mut smaller = policy.clone();
    let allows =
        smaller.statements.iter_mut().filter(|statement| statement.effect == trailtrim::iam::Effect::Allow);
    let actions = allows.filter_map(|statement| statement.action.as_mut()).filter(|element| !element.negated);
    let longest = actions.max_by_key(|element| element.patterns.values.len())?;
    if longest.patterns.values.len() < 2 {
        return None;
    }
    longest.patterns.values.pop();
    Some(smaller)
}

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let repeats = std::env::args().nth(2).map_or(1, |repeats| repeats.parse().unwrap());
    let [mut same, mut less, mut more] = [(); 3].map(|()| Question::new(repeats));
    let mut regranted = Vec::new();
    for line in text.lines() {
        let line = Json::parse(line).unwrap();
        let name = line.get("name").unwrap().as_str().unwrap().to_owned();
        let policy = PolicyDocument::from_json(line.get("document").unwrap().clone()).unwrap();
        same.ask(&name, &policy, &policy);
        let Some(smaller) = without_one_action(&policy) else { continue };
        less.ask(&name, &smaller, &policy);
        if let Containment::Proved { .. } = more.ask(&name, &policy, &smaller) {
            regranted.push(name);
        }
    }
    same.report("p in p");
    less.report("p without one action in p");
    more.report("p in p without one action");
    println!("granted again elsewhere, to be looked at: {regranted:?}");
}
