//! How far permissions reach: on anything, on a family of resources, on named ones, or on none.
//!
//! A policy says which resources it means by patterns; how much that is cannot be counted without the
//! account's inventory. So examples are asked about: a made-up resource of each type that the action works
//! on, which only a wide grant covers, and an example for every pattern that the policies themselves name.

use crate::iam::compiled::CompiledPolicies;
use crate::iam::condition::Context;
use crate::iam::evaluate::{Decision, Request};
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::{Action, Arn, PolicyDocument, arn_template, glob};
use std::collections::BTreeSet;

/// How much an action may be used on. The order is that of breadth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breadth {
    /// Nothing.
    None,
    /// Resources that are named one by one.
    Named,
    /// Resources that a pattern with a wildcard names: one bucket's objects, names with one beginning.
    Family,
    /// Any resource of some type that the action works on; also actions that know no resources.
    Any,
}

/// What stands for names that nobody chose: no pattern means it by chance.
const MADE_UP: &str = "zz9trailtrim";

/// Examples for the resource patterns of some policies.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    /// Widest first.
    all: Vec<(Breadth, String)>,
}

impl Examples {
    /// An example for each resource pattern of these documents, of Deny statements and `NotResource` too:
    /// what an exception leaves free is what may be used. To compare policies, give the documents of all.
    pub fn of(documents: &[&PolicyDocument]) -> Self {
        let statements = documents.iter().flat_map(|document| &document.statements);
        let matchers = statements.filter_map(|statement| statement.resource.as_ref());
        let patterns: BTreeSet<&String> =
            matchers.flat_map(|matcher| &matcher.patterns.values).filter(|text| *text != "*").collect();
        let mut all: Vec<(Breadth, String)> = patterns.into_iter().map(|text| example(text)).collect();
        all.sort_by(|a, b| b.cmp(a));
        all.dedup();
        Self { all }
    }
}

/// A pattern with every wildcard and variable replaced by a made-up name.
fn example(pattern: &str) -> (Breadth, String) {
    let mut text = String::with_capacity(pattern.len() + MADE_UP.len());
    let mut rest = pattern;
    let mut wide = false;
    while let Some(at) = rest.find(['*', '?', '$']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        // A variable stands for one value at a time.
        let variable = from.strip_prefix("${").and_then(|inner| inner.split_once('}'));
        let (name, after) = if let Some((_, after)) = variable {
            (MADE_UP, after)
        } else {
            let mut letters = from.chars();
            let name = match letters.next() {
                Some('*') => MADE_UP,
                Some('?') => "z",
                _ => "$",
            };
            wide |= name != "$";
            (name, letters.as_str())
        };
        text.push_str(name);
        rest = after;
    }
    text.push_str(rest);
    (if wide { Breadth::Family } else { Breadth::Named }, text)
}

/// What one principal's policies reach.
#[derive(Debug)]
pub struct Reach<'p> {
    principal: &'p Arn,
    policies: CompiledPolicies<'p>,
    boundary: Option<CompiledPolicies<'p>>,
    examples: &'p Examples,
}

impl<'p> Reach<'p> {
    /// `boundary`: the permissions boundary, where there is one and it is known.
    pub fn new(
        principal: &'p Arn,
        policies: &[&'p PolicyDocument],
        boundary: Option<&'p PolicyDocument>,
        examples: &'p Examples,
    ) -> Self {
        let boundary = boundary.map(|boundary| CompiledPolicies::new(&[boundary]));
        Self { principal, policies: CompiledPolicies::new(policies), boundary, examples }
    }

    /// How much an action may be used on, as far as identity policies and boundary say. What depends on
    /// conditions counts as allowed. `passed_to`: the service that a role is handed to, for `iam:PassRole`.
    pub fn breadth(&self, action: &ActionInfo, passed_to: Option<&str>) -> Breadth {
        let Ok(parsed) = Action::parse(&action.to_string()) else { return Breadth::None };
        let mut context = Context::open();
        context.set("aws:PrincipalArn", self.principal.as_str());
        if let Some(service) = passed_to {
            context.set("iam:PassedToService", service);
        }
        let may = |resource: &str| self.may((&parsed, &context), resource);
        if action.resource_types.is_empty() {
            return if may("*") { Breadth::Any } else { Breadth::None };
        }
        if action.resource_types.iter().any(|kind| may(&self.made_up(kind.template))) {
            return Breadth::Any;
        }
        let of_the_service =
            |text: &str| action.resource_types.iter().any(|kind| is_near(kind.template, text));
        let example = self.examples.all.iter().find(|(_, text)| of_the_service(text) && may(text));
        example.map_or(Breadth::None, |(breadth, _)| *breadth)
    }

    /// A resource of the principal's own account that nobody has.
    fn made_up(&self, template: &str) -> String {
        let parts = self.principal.parts();
        arn_template::fill(template, |name| match name {
            "Partition" => Some(parts.partition),
            "Account" => Some(parts.account),
            _ => Some(MADE_UP),
        })
    }

    fn may(&self, (action, context): (&Action, &Context), resource: &str) -> bool {
        let request = Request {
            principal: self.principal.as_str(),
            action,
            resource,
            resource_account: self.principal.account(),
            context,
        };
        let allows = |policies: &CompiledPolicies<'_>| {
            matches!(policies.evaluate(&request).decision, Decision::Allowed | Decision::Depends(_))
        };
        allows(&self.policies) && self.boundary.as_ref().is_none_or(allows)
    }
}

/// May the text be a resource of the template's service? An action is not asked about others'.
fn is_near(template: &str, text: &str) -> bool {
    let service = |text: &str| text.split(':').nth(2).unwrap_or_default().to_owned();
    let (own, other) = (service(template), service(text));
    own == other || other.contains(MADE_UP) || own.contains("${") || glob::has_wildcard(&own)
}

/// The actions of the reference that Allow statements of these documents name.
pub fn named(documents: &[&PolicyDocument]) -> Vec<&'static ActionInfo> {
    let mut all: Vec<&'static ActionInfo> = Vec::new();
    let statements = documents.iter().flat_map(|document| &document.statements);
    for statement in statements.filter(|statement| statement.effect == crate::iam::Effect::Allow) {
        let Some(matcher) = &statement.action else { continue };
        let named = matcher.patterns.values.iter().flat_map(|pattern| reference().expand(pattern));
        if !matcher.negated {
            all.extend(named);
            continue;
        }
        let left_out: BTreeSet<(&str, &str)> = named.map(|action| (action.service, action.name)).collect();
        let rest = reference().expand("*").into_iter();
        all.extend(rest.filter(|action| !left_out.contains(&(action.service, action.name))));
    }
    all.sort_by_key(|action| (action.service, action.name));
    all.dedup_by_key(|action| (action.service, action.name));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_examples() {
        for (pattern, breadth, text) in [
            ("arn:aws:s3:::a", Breadth::Named, "arn:aws:s3:::a"),
            ("arn:aws:s3:::a/*", Breadth::Family, "arn:aws:s3:::a/zz9trailtrim"),
            ("arn:aws:s3:::a?", Breadth::Family, "arn:aws:s3:::az"),
            ("arn:aws:s3:::a/${aws:username}/x", Breadth::Named, "arn:aws:s3:::a/zz9trailtrim/x"),
            ("arn:aws:s3:::$a${b", Breadth::Named, "arn:aws:s3:::$a${b"),
            ("é*ü", Breadth::Family, "ézz9trailtrimü"),
        ] {
            assert_eq!(example(pattern), (breadth, text.to_owned()), "{pattern}");
        }
    }

    #[test]
    fn breadth_is_what_the_policies_leave() {
        let check = |statements: &str, boundary: Option<&str>, action: &str, expect: Breadth| {
            let document = |text: &str| {
                PolicyDocument::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{text}]}}"#)).unwrap()
            };
            let (policy, boundary) = (document(statements), boundary.map(document));
            let principal = Arn::parse("arn:aws:iam::111122223333:role/r").unwrap();
            let examples = Examples::of(&[&policy]);
            let reach = Reach::new(&principal, &[&policy], boundary.as_ref(), &examples);
            let (action, passed_to) = action.split_once('>').map_or((action, None), |(a, s)| (a, Some(s)));
            let found = reach.breadth(reference().action_named(action).unwrap(), passed_to);
            assert_eq!(found, expect, "{statements} {action}");
        };
        let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let on = |resource: &str| format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"{resource}"}}"#);
        check(all, None, "s3:GetObject", Breadth::Any);
        check(all, None, "s3:ListAllMyBuckets", Breadth::Any);
        check(all, Some(&on("arn:aws:s3:::*")), "s3:GetObject", Breadth::Any);
        check(all, Some(&on("*")), "sqs:SendMessage", Breadth::None);
        check(&on("arn:aws:s3:::*"), None, "s3:GetObject", Breadth::Any);
        check(&on("arn:aws:s3:::b/*"), None, "s3:GetObject", Breadth::Family);
        check(&on("arn:aws:s3:::b/k"), None, "s3:GetObject", Breadth::Named);
        check(&on("arn:aws:s3:::b/k"), None, "sqs:SendMessage", Breadth::None);
        check(&on("arn:aws:s3:::b/k"), None, "s3:ListAllMyBuckets", Breadth::None);
        check("", None, "s3:GetObject", Breadth::None);
        let but = r#",{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::mine/*"}"#;
        check(&format!("{all}{but}"), None, "s3:GetObject", Breadth::Family);
        check(&format!("{all}{but}"), None, "sqs:SendMessage", Breadth::None);
        let condition = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#;
        check(condition, None, "s3:GetObject", Breadth::Any);
        let pass = r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/x","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}"#;
        check(pass, None, "iam:PassRole>lambda.amazonaws.com", Breadth::Named);
        check(pass, None, "iam:PassRole>ec2.amazonaws.com", Breadth::None);
    }
}
