//! Policies for VPC endpoints: who used which actions through each endpoint, as its policy. The default
//! policy of an endpoint allows everything, so any of these is contained in it; what is checked is that
//! every call that was seen through the endpoint stays allowed.

use crate::iam::condition::Context;
use crate::iam::evaluate::{Decision, Policies, Request, evaluate};
use crate::iam::json::Json;
use crate::iam::policy::{ConditionKey, ConditionOperator, Matcher, PrincipalElement, Principals};
use crate::iam::{Action, Effect, PolicyDocument, Statement};
use crate::trail::outcome::Outcome;
use crate::usage::{PrincipalUsage, Usage};
use std::collections::{BTreeMap, BTreeSet};

/// The largest endpoint policy, in characters with white space (AWS `PrivateLink` guide, quotas, 2025).
pub const POLICY_CHARS_MAX: usize = 20_480;

/// The policy of one endpoint.
#[derive(Clone, Debug)]
pub struct EndpointPolicy {
    /// `vpce-…`.
    pub endpoint: String,
    /// Where the calls were recorded, and so where the endpoint is.
    pub region: String,
    /// The policy.
    pub document: PolicyDocument,
    /// Calls that were seen through the endpoint.
    pub calls: u64,
}

/// Who did what through one endpoint.
#[derive(Default)]
struct Seen {
    /// By the principal's ARN.
    actions: BTreeMap<String, BTreeSet<String>>,
    regions: BTreeSet<String>,
    calls: u64,
    unknowns: BTreeSet<String>,
}

/// A policy for each endpoint in the logs, sorted by its id. Errors come with the endpoint: a caller whose ARN is
/// not known, a call that maps to no action, a policy that is too large, a call that would be refused.
pub fn endpoint_policies(usage: &Usage) -> Vec<Result<EndpointPolicy, (String, String)>> {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for principal in usage.principals.values() {
        collect(principal, &mut seen);
    }
    // A principal that came through too many endpoints to be counted came through any of them.
    let many: Vec<&PrincipalUsage> = usage.principals.values().filter(|one| too_many(one)).collect();
    let all = seen.into_iter().map(|(endpoint, mut seen)| {
        for principal in &many {
            seen.unknowns.insert(format!("{} used too many endpoints to tell which", principal.name));
        }
        policy(&endpoint, seen).map_err(|why| (endpoint, why))
    });
    all.collect()
}

/// The key under which the fold keeps the endpoint's id.
const ENDPOINT_KEY: &str = "aws:SourceVpce";

fn too_many(principal: &PrincipalUsage) -> bool {
    principal.contexts.values().any(|one| one.keys.get(ENDPOINT_KEY).is_some_and(|key| key.many))
}

fn collect(principal: &PrincipalUsage, seen: &mut BTreeMap<String, Seen>) {
    for (key, contexts) in &principal.contexts {
        let Some(endpoints) = contexts.keys.get(ENDPOINT_KEY) else { continue };
        let actions: BTreeSet<String> = principal
            .calls_with(Outcome::Authorized)
            .filter(|(call, _)| call.event == key.event && call.via == key.via && call.passed_to.is_none())
            .map(|(call, _)| call.action.0.to_string())
            .collect();
        for (endpoint, calls) in &endpoints.values {
            let one = seen.entry(endpoint.clone()).or_default();
            one.calls += calls.count;
            one.regions.insert(key.region.clone());
            if actions.is_empty() {
                one.unknowns.insert(format!("`{}` maps to no action", key.event.1));
            }
            match principal.arns.first().filter(|_| !principal.path_unknown) {
                Some(arn) => one.actions.entry(arn.clone()).or_default().extend(actions.iter().cloned()),
                None => {
                    one.unknowns
                        .insert(format!("the ARN of `{}`, which used it, is not known", principal.name));
                }
            }
        }
    }
}

fn policy(endpoint: &str, seen: Seen) -> Result<EndpointPolicy, String> {
    if let Some(unknown) = seen.unknowns.into_iter().next() {
        return Err(unknown);
    }
    let mut regions = seen.regions.into_iter();
    let (Some(region), None) = (regions.next(), regions.next()) else {
        return Err("its calls were recorded in several regions".to_owned());
    };
    // Principals with the same actions share a statement.
    let mut groups: BTreeMap<BTreeSet<String>, Vec<String>> = BTreeMap::new();
    for (arn, actions) in seen.actions.iter().filter(|(_, actions)| !actions.is_empty()) {
        groups.entry(actions.clone()).or_default().push(arn.clone());
    }
    let statements = groups.into_iter().map(|(actions, arns)| statement(actions, arns)).collect();
    let document = PolicyDocument {
        version: Some("2012-10-17".to_owned()),
        id: None,
        statements,
        single: false,
        unknown: Vec::new(),
    };
    let size = document.to_pretty().chars().count();
    if size > POLICY_CHARS_MAX {
        return Err(format!("does not fit: {size} of {POLICY_CHARS_MAX} characters"));
    }
    for (arn, actions) in &seen.actions {
        if let Some(action) = actions.iter().find(|action| !allows(&document, arn, action)) {
            return Err(format!("{action} by {arn} would be refused"));
        }
    }
    Ok(EndpointPolicy { endpoint: endpoint.to_owned(), region, document, calls: seen.calls })
}

/// Sessions of a role have the role's ARN in `aws:PrincipalArn`, whatever their names are.
fn statement(actions: BTreeSet<String>, arns: Vec<String>) -> Statement {
    let values = arns.into_iter().map(Json::String).collect();
    let key = ConditionKey { key: "aws:PrincipalArn".to_owned(), values, scalar: false };
    Statement {
        sid: None,
        effect: Effect::Allow,
        principal: Some(PrincipalElement { negated: false, principals: Principals::Everyone }),
        action: Some(Matcher::of(actions.into_iter().collect())),
        resource: Some(Matcher::of(vec!["*".to_owned()])),
        condition: vec![ConditionOperator { operator: "StringEquals".to_owned(), keys: vec![key] }],
        unknown: Vec::new(),
    }
}

/// Does the endpoint's policy let the call through, whatever its resource?
fn allows(document: &PolicyDocument, arn: &str, action: &str) -> bool {
    let Ok(action) = Action::parse(action) else { return false };
    let mut context = Context::open();
    context.set("aws:PrincipalArn", arn);
    let everything = everything();
    let request = Request {
        principal: arn,
        action: &action,
        resource: "arn:aws:example:::anything",
        resource_account: None,
        context: &context,
    };
    let policies = Policies { identity: &[&everything], vpc_endpoint: Some(document), ..Policies::default() };
    evaluate(&request, &policies).decision == Decision::Allowed
}

/// A policy that allows everything.
pub(super) fn everything() -> PolicyDocument {
    PolicyDocument {
        version: Some("2012-10-17".to_owned()),
        id: None,
        statements: vec![Statement {
            sid: None,
            effect: Effect::Allow,
            principal: None,
            action: Some(Matcher::of(vec!["*".to_owned()])),
            resource: Some(Matcher::of(vec!["*".to_owned()])),
            condition: Vec::new(),
            unknown: Vec::new(),
        }],
        single: false,
        unknown: Vec::new(),
    }
}
