//! ARNs, templates of ARNs, and resource patterns: two bytes that choose a real template, then three
//! lines: a text, a template, a pattern.

use super::draw::{Draw, lines};
use super::naive::{self, Answer};
use std::sync::OnceLock;
use trailtrim::iam::arn::{AccountId, Arn, split};
use trailtrim::iam::arn_template::{Template, bind, fill, fill_all, literal_len, to_glob, variables};
use trailtrim::iam::condition::Context;
use trailtrim::iam::evaluate::{Decision, Request, evaluate_identity};
use trailtrim::iam::reference::reference;
use trailtrim::iam::{Action, PolicyDocument, glob};

/// Templates longer than this are not tried: nobody but AWS writes them.
const TEMPLATE_BYTES_MAX: usize = 80;

fn templates() -> &'static [&'static str] {
    static ALL: OnceLock<Vec<&'static str>> = OnceLock::new();
    ALL.get_or_init(|| {
        let actions = reference().expand("*");
        let types = actions.iter().flat_map(|action| &action.resource_types);
        let mut all: Vec<&str> = types.map(|of| of.template).collect();
        all.sort_unstable();
        all.dedup();
        all
    })
}

fn check_arn(text: &str) {
    let parts = split(text);
    let again =
        parts.map(|of| ["arn", of.partition, of.service, of.region, of.account, of.resource].join(":"));
    assert!(again.is_none_or(|again| again == text));
    match Arn::parse(text) {
        Ok(arn) => {
            assert_eq!((arn.as_str(), Some(arn.parts())), (text, parts));
            assert_eq!(
                arn.account().map(|id| id.to_string()),
                arn.account().map(|_| arn.parts().account.to_owned())
            );
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
    if let Some(id) = AccountId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
}

fn check_template(template: &str, text: &str) {
    let apart = Template::new(template);
    let bound = bind(template, text);
    assert_eq!(apart.as_ref().and_then(|apart| apart.bind(text)), bound, "{template:?} {text:?}");
    let matches = apart.as_ref().zip(split(text)).is_some_and(|(apart, parts)| apart.matches(&parts));
    assert_eq!(matches, bound.is_some(), "{template:?} {text:?}");
    assert!(literal_len(template) <= template.len());
    let value =
        |name: &str| bound.as_ref()?.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    if let Some(apart) = &apart {
        let mut filled = String::new();
        apart.fill_into(&mut filled, value);
        assert_eq!(filled, fill(template, value));
    }
    if let Some(bound) = &bound {
        assert!(glob::matches(&to_glob(template), text), "{template:?} {text:?}");
        assert_eq!(variables(template).count(), bound.len());
        let mut names: Vec<&str> = bound.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        if let Some(filled) = fill_all(template, value).filter(|_| names.len() == bound.len()) {
            assert_eq!(filled, text);
        }
    }
}

/// One pattern, as `Resource` and as `NotResource`, against the naive evaluator. Its recursion is short
/// enough for short patterns, and it knows letter case in lower-case heads only.
fn check_pattern(pattern: &str, text: &str) {
    let short = text.len() <= 48 && pattern.len() <= 48 && pattern.matches('*').count() <= 4;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase());
    if !short || !plain(text) || !plain(pattern) {
        return;
    }
    let keys = naive::Keys::from([("aws:u".to_owned(), naive::Key::One("u*".to_owned()))]);
    let context = Context::closed().with("aws:u", "u*");
    let action = Action::parse("a:b").unwrap();
    for element in ["Resource", "NotResource"] {
        for version in ["2012-10-17", "2008-10-17"] {
            let policy = serde_json::json!({
                "Version": version,
                "Statement": [{ "Effect": "Allow", "Action": "*", element: pattern }],
            });
            let document = PolicyDocument::parse(&policy.to_string()).unwrap();
            let request = Request {
                principal: "*",
                action: &action,
                resource: text,
                resource_account: None,
                context: &context,
            };
            let found = evaluate_identity(&request, &[&document]).decision == Decision::Allowed;
            let expect = naive::evaluate(&[policy], "a:b", text, &keys) == Answer::Allow;
            assert_eq!(found, expect, "{element} {pattern:?} {text:?} {version}");
        }
    }
}

/// Round trips, and every pair of functions that must agree.
pub fn run(data: &[u8]) {
    let (choice, rest) = data.split_at(data.len().min(2));
    let mut draw = Draw::new(choice);
    let number = draw.below(256) * 256 + draw.below(256);
    let [text, template, pattern] = lines::<3>(rest);
    check_arn(&text);
    check_arn(&template);
    check_template(templates()[number % templates().len()], &text);
    if template.len() <= TEMPLATE_BYTES_MAX && text.len() <= 4 * TEMPLATE_BYTES_MAX {
        check_template(&template, &text);
    }
    check_pattern(&pattern, &text);
}
