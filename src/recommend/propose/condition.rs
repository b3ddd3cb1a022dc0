//! Conditions that all calls of an action met.

use crate::drift::credit::Use;
use crate::grants::PrincipalType;
use crate::iam::json::Json;
use crate::iam::policy::{ConditionKey, ConditionOperator};
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::{Statement, arn};
use crate::usage::contexts::Calls;
use crate::usage::{Contexts, DaySet};
use std::collections::BTreeSet;

/// A condition with more values than this reads like a list of everything.
const VALUES_PROPOSED_MAX: usize = 8;

/// Services that set `aws:CalledVia` (IAM user guide, "AWS global condition context keys", 2026).
const CALLED_VIA: [&str; 4] =
    ["athena.amazonaws.com", "cloudformation.amazonaws.com", "dynamodb.amazonaws.com", "kms.amazonaws.com"];

/// Services whose calls carry the region of the service, not of the caller's wish, or of another call.
const NO_REGION: [&str; 6] = ["iam", "sts", "organizations", "route53", "cloudfront", "support"];

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The key, in the spelling of the reference.
    pub key: &'static str,
    /// The operator.
    pub operator: &'static str,
    /// The values.
    pub values: BTreeSet<String>,
}

/// A value that calls of one row had, and on which days.
pub(super) type Sight<'u> = (String, &'u DaySet);

/// A value of a key that a call showed.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) key: &'static str,
    pub(super) value: String,
    /// The key has several values.
    pub(super) list: bool,
}

impl Candidate {
    /// Can the other one's values join this one's?
    pub(super) fn fits(&self, other: &Self) -> bool {
        (self.key, self.operator) == (other.key, other.operator)
    }

    /// Is it worth having? A switch that must be off, or very many names, is not.
    pub(super) fn is_selective(&self) -> bool {
        match self.operator {
            "Bool" => self.values.iter().all(|value| value == "true"),
            _ => self.values.len() <= VALUES_PROPOSED_MAX,
        }
    }

    /// Appends it to a condition block.
    pub(in crate::recommend) fn add_to(&self, block: &mut Vec<ConditionOperator>) {
        put(block, self.operator, self.key, self.values.iter().cloned().collect());
        if self.operator.starts_with("ForAllValues") {
            // `ForAllValues` holds for a request without the key.
            put(block, "Null", self.key, vec!["false".to_owned()]);
        }
    }

    /// The values of the key that the calls of a row showed, with their days; `None` when they did not show all.
    pub(super) fn sights<'u>(&self, row: &Use<'u>, context: &'u Contexts) -> Option<Vec<Sight<'u>>> {
        shown(self.key, row, context)
    }

    /// The values that the calls of a row showed, one context each; none when they did not show all.
    pub(super) fn contexts(&self, row: &Use<'_>, context: &Contexts) -> Vec<Option<Shown>> {
        let list = self.operator.starts_with("For");
        let shown = shown(self.key, row, context).unwrap_or_default();
        shown.into_iter().map(|(value, _)| Some(Shown { key: self.key, value, list })).collect()
    }
}

fn put(block: &mut Vec<ConditionOperator>, operator: &str, key: &str, values: Vec<String>) {
    let scalar = values.len() == 1;
    let values = values.into_iter().map(Json::String).collect();
    let key = ConditionKey { key: key.to_owned(), values, scalar };
    match block.iter_mut().find(|known| known.operator == operator) {
        Some(known) => known.keys.push(key),
        None => block.push(ConditionOperator { operator: operator.to_owned(), keys: vec![key] }),
    }
}

/// All conditions that every call of an action met, where the action has the key and the statement does
/// not speak of it yet.
pub(super) fn candidates(
    principal: PrincipalType,
    action: &'static ActionInfo,
    statement: &Statement,
    rows: &[(Use<'_>, &Contexts)],
) -> Vec<Candidate> {
    let spoken = |key: &str| {
        let keys = statement.condition.iter().flat_map(|operator| &operator.keys);
        keys.into_iter().any(|known| known.key.eq_ignore_ascii_case(key))
    };
    let mut found = Vec::new();
    for (key, operator) in keys_of(principal, action, statement, rows) {
        let sights: Option<Vec<Vec<Sight<'_>>>> =
            rows.iter().map(|(row, context)| shown(key, row, context)).collect();
        let sights = sights.into_iter().flatten().flatten();
        let values: BTreeSet<String> = sights.map(|(value, _)| value).collect();
        let arns = operator != "ArnEquals" || values.iter().all(|value| value.starts_with("arn:"));
        if !values.is_empty() && arns && !spoken(key) {
            found.push(Candidate { key, operator, values });
        }
    }
    found
}

/// The keys that may be proposed for an action, each with its operator.
fn keys_of(
    principal: PrincipalType,
    action: &'static ActionInfo,
    statement: &Statement,
    rows: &[(Use<'_>, &Contexts)],
) -> Vec<(&'static str, &'static str)> {
    if (action.service, action.name) == ("iam", "PassRole") {
        return vec![("iam:PassedToService", "StringEquals")];
    }
    let own = reference().condition_keys(action);
    let via_key = own.iter().any(|key| key.name == "kms:ViaService");
    let via: Option<Vec<&str>> = rows.iter().map(|(row, _)| row.call.via.as_deref()).collect();
    let mut keys = match via {
        Some(_) if via_key => vec![("kms:ViaService", "StringEquals")],
        Some(all) if all.iter().all(|service| CALLED_VIA.contains(service)) => {
            vec![("aws:CalledVia", "ForAnyValue:StringEquals")]
        }
        Some(_) => vec![("aws:ViaAWSService", "Bool")],
        None => Vec::new(),
    };
    if !pins_region(statement) && !NO_REGION.contains(&action.service) {
        keys.push(("aws:RequestedRegion", "StringEquals"));
    }
    keys.push(("aws:SourceVpce", "StringEquals"));
    if principal == PrincipalType::User {
        keys.push(("aws:MultiFactorAuthPresent", "Bool"));
    }
    for key in own.iter().filter(|key| key.name.starts_with("sagemaker:")) {
        match key.kind {
            "ArrayOfString" => keys.push((key.name, "ForAllValues:StringEquals")),
            "String" => keys.push((key.name, "StringEquals")),
            "Bool" => keys.push((key.name, "Bool")),
            "ARN" => keys.push((key.name, "ArnEquals")),
            _ => {}
        }
    }
    keys
}

/// Do the statement's resources name the region already? A bucket is in one region.
fn pins_region(statement: &Statement) -> bool {
    let Some(resource) = &statement.resource else { return false };
    let plain = |text: &str| !text.is_empty() && !text.contains(['*', '?', '$']);
    let pins = |pattern: &String| {
        arn::split(pattern).is_some_and(|parts| {
            let bucket = parts.resource.split('/').next().unwrap_or_default();
            plain(parts.region) || (parts.service == "s3" && plain(bucket))
        })
    };
    !resource.negated && resource.patterns.values.iter().all(pins)
}

/// The values of a key that the calls of a row had; `None` unless every one of them showed it.
fn shown<'u>(key: &str, row: &Use<'u>, context: &'u Contexts) -> Option<Vec<Sight<'u>>> {
    let via = row.call.via.as_deref().filter(|service| service.ends_with(".amazonaws.com"));
    // What is the same for all calls of a row.
    let value = match key {
        "iam:PassedToService" => row.call.passed_to.clone(),
        "aws:RequestedRegion" => Some(row.call.region.clone()).filter(|region| !region.is_empty()),
        "aws:ViaAWSService" => via.map(|_| "true".to_owned()),
        "aws:CalledVia" => via.map(str::to_owned),
        // `s3.eu-west-1.amazonaws.com` (KMS developer guide, "kms:ViaService").
        "kms:ViaService" => via
            .and_then(|service| service.strip_suffix(".amazonaws.com"))
            .filter(|service| !service.contains('.'))
            .map(|service| format!("{service}.{}.amazonaws.com", row.call.region)),
        _ => {
            let observed = context.keys.get(key)?;
            let known = observed.present == context.events && !observed.many;
            let sight = |(value, calls): (&String, &'u Calls)| (value.clone(), &calls.days);
            return known.then(|| observed.values.iter().map(sight).collect());
        }
    };
    Some(vec![(value?, &row.stats.days)])
}
