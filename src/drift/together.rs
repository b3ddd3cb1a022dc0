//! One policy, several holders: what any of them needs is needed.

use super::verdict::{ActionReview, PolicyReview, StatementReview, grants_of};

/// The reviews of one policy by its holders as one: each action has the strongest of its verdicts, and all
/// uses. `None` without reviews, or when the holders do not have the same document.
pub fn together<'a>(reviews: &[&PolicyReview<'a>]) -> Option<PolicyReview<'a>> {
    let (first, others) = reviews.split_first()?;
    let document = first.policy.document.as_deref()?;
    if others.iter().any(|other| other.policy.document.as_deref() != Some(document)) {
        return None;
    }
    let mut statements = Vec::with_capacity(first.statements.len());
    for (index, statement) in first.statements.iter().enumerate() {
        let same: Vec<&StatementReview<'a>> =
            reviews.iter().map(|review| review.statements.get(index)).collect::<Option<_>>()?;
        statements.push(statement_of(statement, &same)?);
    }
    Some(PolicyReview { policy: first.policy, statements })
}

fn statement_of<'a>(
    first: &StatementReview<'a>,
    same: &[&StatementReview<'a>],
) -> Option<StatementReview<'a>> {
    let mut actions = Vec::with_capacity(first.actions.len());
    for index in 0..first.actions.len() {
        let reviews: Vec<&ActionReview<'a>> =
            same.iter().map(|review| review.actions.get(index)).collect::<Option<_>>()?;
        let strongest = reviews.iter().min_by_key(|review| review.verdict)?;
        if reviews.iter().any(|review| !std::ptr::eq(review.action, strongest.action)) {
            return None;
        }
        actions.push(ActionReview {
            action: strongest.action,
            verdict: strongest.verdict,
            why: strongest.why.clone(),
            protected: reviews.iter().find_map(|review| review.protected.clone()),
            uses: reviews.iter().flat_map(|review| review.uses.iter().copied()).collect(),
            implied: reviews.iter().flat_map(|review| review.implied.iter().cloned()).collect(),
        });
    }
    let grants = grants_of(first.statement, &actions);
    Some(StatementReview { statement: first.statement, actions, grants })
}
