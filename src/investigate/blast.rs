//! The blast radius: what the principals of a case could do, beside what they did.

use crate::drift::escalation;
use crate::grants::{GrantedPrincipal, Snapshot};
use crate::iam::PolicyDocument;
use crate::iam::reach::{self, Breadth, Examples, Reach};
use crate::iam::reference::reference;
use crate::recommend::risk::{self, Risk};
use crate::trail::outcome::Outcome;
use crate::usage::Usage;
use std::collections::BTreeSet;

/// Actions whose reach a responder asks about first: data, secrets, keys, identities, machines.
pub const ASKED: [&str; 16] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:PutBucketPolicy",
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "dynamodb:GetItem",
    "ecr:BatchGetImage",
    "sts:AssumeRole",
    "iam:PassRole",
    "iam:CreateAccessKey",
    "lambda:InvokeFunction",
    "sagemaker:CreatePresignedDomainUrl",
    "sagemaker:InvokeEndpoint",
    "bedrock:InvokeModel",
    "ec2:RunInstances",
];

/// What one principal could do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blast {
    /// The principal.
    pub arn: String,
    /// Did it act, or was it only handed over?
    pub acted: bool,
    /// `None` when the snapshot does not have it: nothing is known then.
    pub granted: Option<Granted>,
}

/// What the policies of a principal give it: identity policies and boundary, as the snapshot has them. What
/// depends on conditions counts as allowed; organization policies are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Granted actions.
    pub actions: usize,
    /// Those of them that the logs show as used by the principal in their whole span.
    pub used: usize,
    /// Ways to more permissions, each with the least breadth of its actions.
    pub ways: Vec<(&'static str, Breadth)>,
    /// The reach of [`ASKED`], without what is not granted.
    pub reach: Vec<(&'static str, Breadth)>,
    /// Risk in points (`docs/RISK.md`).
    pub risk: Risk,
}

/// The blast radius of a principal by its ARN.
pub fn blast(arn: &str, acted: bool, snapshot: &Snapshot, usage: &Usage) -> Blast {
    let principal = snapshot.principals.iter().find(|principal| is(principal, arn));
    Blast { arn: arn.to_owned(), acted, granted: principal.map(|principal| granted(principal, usage)) }
}

/// A session's record may lack the path of its role: then the name decides.
fn is(principal: &GrantedPrincipal, arn: &str) -> bool {
    let own = principal.arn.as_str();
    let short = |arn: &str| {
        let parts = crate::iam::arn::split(arn)?;
        let (kind, rest) = parts.resource.split_once('/')?;
        Some((parts.account.to_owned(), kind.to_owned(), rest.rsplit('/').next()?.to_owned()))
    };
    own == arn || (short(arn).is_some() && short(own) == short(arn))
}

fn granted(principal: &GrantedPrincipal, usage: &Usage) -> Granted {
    let documents: Vec<&PolicyDocument> =
        principal.policies.iter().filter_map(|policy| policy.document.as_deref()).collect();
    let boundary = principal.boundary.as_ref().and_then(|boundary| boundary.document.as_deref());
    let examples = Examples::of(&documents.iter().copied().chain(boundary).collect::<Vec<_>>());
    let reach = Reach::new(&principal.arn, &documents, boundary, &examples);
    let named: BTreeSet<String> = reach::named(&documents)
        .into_iter()
        .filter(|action| reach.breadth(action, None) != Breadth::None)
        .map(ToString::to_string)
        .collect();
    let used = used(principal, usage);
    let asked = ASKED.into_iter().filter_map(|name| {
        let breadth = reach.breadth(reference().action_named(name)?, None);
        (breadth != Breadth::None).then_some((name, breadth))
    });
    Granted {
        actions: named.len(),
        used: named.intersection(&used).count(),
        ways: escalation::open(&reach).iter().map(|way| (way.way.name, way.breadth)).collect(),
        reach: asked.collect(),
        risk: risk::risk(&documents, &reach),
    }
}

/// The actions that the logs show as authorized for the principal, whatever its earlier identities.
fn used(principal: &GrantedPrincipal, usage: &Usage) -> BTreeSet<String> {
    let own = usage.principals.values().filter(|one| one.arns.iter().any(|arn| is(principal, arn)));
    own.flat_map(|one| one.calls.keys())
        .filter(|call| call.outcome == Outcome::Authorized)
        .map(|call| call.action.0.to_string())
        .collect()
}

impl Granted {
    /// Why the principal can do more than another one, in words; `None` when nothing says so. Compared are
    /// ways to more permissions and the reach of [`ASKED`], which is not all that there is.
    pub fn stronger_than(&self, other: &Self) -> Option<String> {
        let breadth = |list: &[(&'static str, Breadth)], name: &str| {
            list.iter().find(|(known, _)| *known == name).map_or(Breadth::None, |(_, breadth)| *breadth)
        };
        let more = |own: &[(&'static str, Breadth)], others: &[(&'static str, Breadth)]| {
            own.iter()
                .filter(|(name, reach)| *reach > breadth(others, name))
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
        };
        let ways = more(&self.ways, &other.ways);
        let reach = more(&self.reach, &other.reach);
        let listed = |all: &[&str]| {
            const SHOWN: usize = 3;
            let shown = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
            match all.len().saturating_sub(SHOWN) {
                0 => shown,
                rest => format!("{shown} and {rest} more"),
            }
        };
        match (ways.is_empty(), reach.is_empty()) {
            (true, true) => None,
            (false, _) => Some(format!("{} more ways to more permissions ({})", ways.len(), listed(&ways))),
            (true, false) => Some(format!("a wider reach of {}", listed(&reach))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(ways: &[(&'static str, Breadth)], reach: &[(&'static str, Breadth)]) -> Granted {
        Granted { actions: 1, used: 0, ways: ways.to_vec(), reach: reach.to_vec(), risk: Risk::default() }
    }

    #[test]
    fn every_action_that_is_asked_about_exists() {
        for name in ASKED {
            assert!(reference().action_named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn who_is_stronger() {
        let weak = granted(&[("a", Breadth::Named)], &[("s3:GetObject", Breadth::Family)]);
        let wide = granted(&[("a", Breadth::Named)], &[("s3:GetObject", Breadth::Any)]);
        let more = granted(&[("a", Breadth::Named), ("b", Breadth::Named)], &[]);
        let check = |one: &Granted, other: &Granted, expect: Option<&str>| {
            assert_eq!(one.stronger_than(other).as_deref(), expect);
        };
        check(&weak, &weak, None);
        check(&weak, &wide, None);
        check(&wide, &weak, Some("a wider reach of s3:GetObject"));
        check(&more, &weak, Some("1 more ways to more permissions (b)"));
    }
}
