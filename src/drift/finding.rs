//! Findings: what a reviewer should look at, one kind each with a page in `docs/findings/`.

use super::escalation::OpenWay;
use super::{PrincipalReview, Standing, Verdict};
use crate::iam::reference::AccessLevel;
use crate::usage::ActionRef;
use std::collections::BTreeSet;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look.
    Low,
    /// Should be acted on.
    Medium,
    /// Should be acted on first.
    High,
}

/// What is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// Nothing was used for the whole window, and IAM's own record agrees.
    UnusedPrincipal,
    /// Some granted actions were observable and not used.
    UnusedPermissions,
    /// Calls were refused.
    DeniedAttempts,
    /// Calls succeeded that no policy of the snapshot allows.
    UnexplainedAccess,
    /// Another principal had the same name in the window.
    RecreatedPrincipal,
    /// The policies allow what leads to more permissions, and it was not used.
    PrivilegeEscalation,
    /// The trust policy names principals that were not seen to assume the role.
    UnusedTrust,
}

/// One finding about one principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is the matter.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub message: String,
}

impl Severity {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl FindingKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::UnusedPrincipal,
        Self::UnusedPermissions,
        Self::DeniedAttempts,
        Self::UnexplainedAccess,
        Self::RecreatedPrincipal,
        Self::PrivilegeEscalation,
        Self::UnusedTrust,
    ];

    /// The word for reports and JSON, which is also the name of its page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnusedPrincipal => "unused_principal",
            Self::UnusedPermissions => "unused_permissions",
            Self::DeniedAttempts => "denied_attempts",
            Self::UnexplainedAccess => "unexplained_access",
            Self::RecreatedPrincipal => "recreated_principal",
            Self::PrivilegeEscalation => "privilege_escalation",
            Self::UnusedTrust => "unused_trust",
        }
    }
}

/// The findings about one principal, in the order of [`FindingKind`].
pub fn findings(review: &PrincipalReview<'_>) -> Vec<Finding> {
    if review.standing == Standing::ServiceLinked {
        return Vec::new();
    }
    [
        unused_principal(review),
        unused_permissions(review),
        denied(review),
        unexplained(review),
        recreated(review),
        escalation(review),
        unused_trust(review),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn unused_principal(review: &PrincipalReview<'_>) -> Option<Finding> {
    let dangerous = review.policies.iter().flat_map(|policy| &policy.statements).any(|statement| {
        statement.actions.iter().any(|action| action.action.level == AccessLevel::PermissionsManagement)
    });
    (review.standing == Standing::Unused).then(|| Finding {
        kind: FindingKind::UnusedPrincipal,
        severity: if dangerous { Severity::High } else { Severity::Medium },
        message: "not used at all; IAM's own record agrees".to_owned(),
    })
}

fn unused_permissions(review: &PrincipalReview<'_>) -> Option<Finding> {
    if review.standing == Standing::Unused {
        return None;
    }
    let statements = review.policies.iter().flat_map(|policy| &policy.statements);
    let unused: Vec<_> = statements
        .flat_map(|statement| &statement.actions)
        .filter(|action| action.verdict == Verdict::Unused)
        .map(|action| action.action.level)
        .collect();
    let severity = if unused.contains(&AccessLevel::PermissionsManagement) {
        Severity::High
    } else if unused.iter().any(|level| !matches!(level, AccessLevel::Read | AccessLevel::List)) {
        Severity::Medium
    } else {
        Severity::Low
    };
    let [.., count] = review.counts();
    (count > 0).then(|| Finding {
        kind: FindingKind::UnusedPermissions,
        severity,
        message: format!(
            "{count} granted {} never used",
            if count == 1 { "action was" } else { "actions were" }
        ),
    })
}

fn denied(review: &PrincipalReview<'_>) -> Option<Finding> {
    let count: u64 = review.usage?.denials.values().map(|stats| stats.count).sum();
    (count > 0).then(|| Finding {
        kind: FindingKind::DeniedAttempts,
        severity: Severity::Low,
        message: format!(
            "{count} {} refused: needed, or an attack?",
            if count == 1 { "call was" } else { "calls were" }
        ),
    })
}

fn unexplained(review: &PrincipalReview<'_>) -> Option<Finding> {
    let count: u64 = review.unexplained.iter().map(|row| row.stats.count).sum();
    (count > 0).then(|| Finding {
        kind: FindingKind::UnexplainedAccess,
        severity: Severity::Low,
        message: format!("{count} calls succeeded that no policy here allows"),
    })
}

fn recreated(review: &PrincipalReview<'_>) -> Option<Finding> {
    let ids: Vec<&str> = review.namesakes.iter().map(|(key, _)| key.id.as_str()).collect();
    (!ids.is_empty()).then(|| Finding {
        kind: FindingKind::RecreatedPrincipal,
        severity: Severity::Low,
        message: format!("a former principal of this name is not counted: {}", ids.join(", ")),
    })
}

/// Open ways of which some action was observable and not used: nobody went them.
pub fn unused_ways<'r>(review: &'r PrincipalReview<'_>) -> impl Iterator<Item = &'r OpenWay> {
    let statements = review.policies.iter().flat_map(|policy| &policy.statements);
    let (mut unused, mut other) = (BTreeSet::new(), BTreeSet::new());
    for one in statements.flat_map(|statement| &statement.actions) {
        let set = if one.verdict == Verdict::Unused { &mut unused } else { &mut other };
        set.insert(ActionRef(one.action));
    }
    let rests = move |action| {
        let action = ActionRef(action);
        unused.contains(&action) && !other.contains(&action)
    };
    review.ways.iter().filter(move |open| open.way.known_actions().any(&rests))
}

fn escalation(review: &PrincipalReview<'_>) -> Option<Finding> {
    if review.standing == Standing::Unused {
        return None;
    }
    let names: Vec<&str> = unused_ways(review).map(|open| open.way.name).collect();
    let first = names.first()?;
    Some(Finding {
        kind: FindingKind::PrivilegeEscalation,
        severity: Severity::High,
        message: match names.len() {
            1 => format!("1 unused way to more permissions: {first}"),
            count => format!("{count} unused ways to more permissions, such as {first}"),
        },
    })
}

fn unused_trust(review: &PrincipalReview<'_>) -> Option<Finding> {
    if review.standing == Standing::Unused || review.protected.is_some() {
        return None;
    }
    let never: Vec<&str> = review.trusted.iter().filter(|one| one.never).map(|one| one.name).collect();
    let first = never.first()?;
    let (count, all) = (never.len(), review.trusted.len());
    Some(Finding {
        kind: FindingKind::UnusedTrust,
        severity: Severity::Low,
        message: format!("{count} of {all} trusted principals not seen to assume it: {first}")
            + if count > 1 { ", …" } else { "" },
    })
}
