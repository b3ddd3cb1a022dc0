//! Proofs must hold whatever the disputed points of the semantics mean: they are attacked with requests
//! that are evaluated under every reading.

use crate::iam::action::Action;
use crate::iam::condition::Context;
use crate::iam::contain::{Containment, contain};
use crate::iam::evaluate::{Decision, Request, evaluate_identity_read};
use crate::iam::policy::PolicyDocument;
use crate::iam::reading::{Point, Readings};

/// A small deterministic source of choices (xorshift64).
struct Choices(u64);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % count
    }

    fn of<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }

    fn list(&mut self, from: &[&str]) -> String {
        let count = 1 + self.below(2);
        let items: Vec<String> = (0..count).map(|_| format!("\"{}\"", self.of(from))).collect();
        format!("[{}]", items.join(","))
    }
}

const ACTION_PATTERNS: &[&str] = &["*", "a:*", "a:x*", "a:xy", "a:?y", "b:*", "?:xy", "a:x y"];

const RESOURCE_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:a:::*",
    "arn:aws:a:::x/*",
    "arn:aws:a:::*/y",
    "arn:aws:a:r:1:x",
    "arn:aws:a:*:1:x",
    "arn:aws:a:*:*:x",
    "arn:aws:a:r*:*:*x",
    "arn:aws:a:?:1:*",
    "arn:aws:a:*:1:*",
    "arn:aws:a:*:1:?*",
    "arn:aws:a*:*:1:x",
    "arn:aws:a",
    "arn:aws:a:::${aws:k}",
    "arn:aws:a:::x${aws:k}",
    "arn:aws:a:::${aws:k}${aws:l}",
    "bad",
];

const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:a:::x/y",
    "arn:aws:a:::x*",
    "arn:aws:a:::x",
    "arn:aws:a:::",
    "arn:aws:a:r:1:x",
    "arn:aws:a:r:2:1:x",
    "arn:aws:a:r:1:y:1:x",
    "arn:aws:a:r:1:y:x",
    "arn:aws:a:r:2:x:1:",
    "arn:aws:a:r::1:x",
];

const OPERATORS: &[(&str, &[&str])] = &[
    ("StringEquals", &["x", "xy", "x*", "${aws:l}", "${aws:none}", "${*}", ""]),
    ("StringNotEquals", &["x", "xy", "${aws:l}", "${aws:none, 'x'}"]),
    ("StringLike", &["x*", "*y", "?", "${aws:l}*", "*", ""]),
    ("StringNotLike", &["x*", "*y", "${aws:l}*"]),
    ("StringEqualsIgnoreCase", &["X", "xy"]),
    ("ArnLike", &["arn:aws:a:::*", "arn:aws:*:x", "arn:*:*:*:*:x*", "arn:aws:a:::${aws:l}"]),
    ("ArnNotEquals", &["arn:aws:a:::*", "arn:aws:*:x"]),
    ("Bool", &["true", "false", "x"]),
    ("Null", &["true", "false"]),
    ("NumericLessThan", &["5", "6", "x"]),
    ("NumericNotEquals", &["5", "7.0", "x"]),
    ("DateLessThan", &["2020", "2021-01-01T00:00:00Z", "1577836800"]),
    ("DateNotEquals", &["2020", "1577836800000"]),
    ("IpAddress", &["10.0.0.0/8", "10.1.0.0/16", "x"]),
    ("NotIpAddress", &["10.1.0.0/16", "10.1.2.3", "x"]),
];

const VALUES: &[&str] = &[
    "x",
    "xy",
    "X",
    "y",
    "x*",
    "",
    "true",
    "5",
    "7",
    "10.1.2.3",
    "10.2.0.0",
    "2020",
    "1577836800000",
    "arn:aws:a:::x",
    "arn:aws:a:r:1:x",
    "arn:aws:b:x:x:x:x",
];

fn statement(choices: &mut Choices) -> String {
    let effect = if choices.below(4) == 0 { "Deny" } else { "Allow" };
    let not = |choices: &mut Choices| if choices.below(5) == 0 { "Not" } else { "" };
    let (not_action, not_resource) = (not(choices), not(choices));
    let (actions, resources) = (choices.list(ACTION_PATTERNS), choices.list(RESOURCE_PATTERNS));
    let mut condition = String::new();
    if choices.below(3) > 0 {
        let (operator, values) = OPERATORS[choices.below(OPERATORS.len())];
        let set = ["", "", "", "ForAllValues:", "ForAnyValue:"][choices.below(5)];
        let tail = if operator != "Null" && choices.below(4) == 0 { "IfExists" } else { "" };
        let key = choices.of(&["aws:k", "aws:K", "aws:l"]);
        condition =
            format!(r#","Condition":{{"{set}{operator}{tail}":{{"{key}":{}}}}}"#, choices.list(values));
    }
    format!(
        r#"{{"Effect":"{effect}","{not_action}Action":{actions},"{not_resource}Resource":{resources}{condition}}}"#
    )
}

fn document(version: &str, statements: &[String]) -> PolicyDocument {
    PolicyDocument::parse(&format!(r#"{{"Version":"{version}","Statement":[{}]}}"#, statements.join(",")))
        .unwrap()
}

fn context(choices: &mut Choices) -> Context {
    let mut context = Context::closed();
    for key in ["aws:k", "aws:l"] {
        match choices.below(5) {
            0 => {}
            1 => {
                let list = [choices.of(VALUES), choices.of(VALUES)];
                context.set_list(key, list[..choices.below(3)].to_vec());
            }
            _ => {
                context.set(key, choices.of(VALUES));
            }
        }
    }
    context
}

#[test]
fn proofs_hold_under_every_reading() {
    let mut choices = Choices(0x9E37_79B9_7F4A_7C15);
    let mut counts = [0_usize; 3];
    for _ in 0..cases() {
        let version = |choices: &mut Choices| if choices.below(6) == 0 { "2008-10-17" } else { "2012-10-17" };
        let statements: Vec<String> = (0..=choices.below(3)).map(|_| statement(&mut choices)).collect();
        let mut changed = statements.clone();
        match choices.below(4) {
            0 => changed = (0..=choices.below(2)).map(|_| statement(&mut choices)).collect(),
            1 => changed.push(statement(&mut choices)),
            2 => {
                changed.remove(choices.below(changed.len()));
            }
            _ => {
                let at = choices.below(changed.len());
                changed[at] = statement(&mut choices);
            }
        }
        let old_version = version(&mut choices);
        let new_version = if choices.below(8) == 0 { version(&mut choices) } else { old_version };
        let (old, new) = (document(old_version, &statements), document(new_version, &changed));
        match contain(&[&new], &[&old]) {
            Containment::Proved { tier } => {
                counts[usize::from(tier)] += 1;
                attack(&new, &old, &mut choices);
            }
            Containment::Refuted(_) => counts[2] += 1,
            Containment::Unknown(_) => {}
        }
    }
    // The test means something only if all three answers are given often.
    assert!(counts.iter().all(|count| *count > cases() / 50), "{counts:?}");
}

/// How many pairs of policies are compared; raised by hand for a thorough run.
fn cases() -> usize {
    600
}

fn attack(new: &PolicyDocument, old: &PolicyDocument, choices: &mut Choices) {
    for _ in 0..60 {
        let action = Action::parse(choices.of(&["a:xy", "a:x", "a:y", "b:xy", "c:xy"])).unwrap();
        let context = context(choices);
        let resource = choices.of(RESOURCES);
        let request =
            Request { principal: "*", action: &action, resource, resource_account: None, context: &context };
        let readings = Point::ALL.map(Readings::flipping);
        for reading in std::iter::once(&Readings::default()).chain(&readings) {
            let allowed = |policy: &PolicyDocument| {
                evaluate_identity_read(&request, &[policy], reading).decision == Decision::Allowed
            };
            assert!(
                !allowed(new) || allowed(old),
                "{} in {}: {action} {resource} {context:?} {reading:?}",
                new.to_compact(),
                old.to_compact()
            );
        }
    }
}
