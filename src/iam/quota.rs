//! How big policies may be, and how to split one that is too big. Nothing here ever widens a policy.

use crate::iam::policy::{Matcher, PolicyDocument, Statement};
use std::collections::BTreeSet;

/// What a document is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quota {
    /// One customer managed policy.
    ManagedPolicy,
    /// All inline policies of a user together.
    UserInline,
    /// All inline policies of a role together.
    RoleInline,
    /// All inline policies of a group together.
    GroupInline,
    /// A role's trust policy, default quota.
    TrustPolicy,
    /// An inline session policy together with the ARNs of managed ones.
    SessionPolicy,
    /// One service control policy.
    ServiceControlPolicy,
    /// One resource control policy.
    ResourceControlPolicy,
}

/// A limit on size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The most characters.
    pub characters_max: usize,
    /// Blanks between elements count too.
    pub counts_whitespace: bool,
    /// How many such documents one holder may have. A list that shares one sum (inline policies) has no
    /// limit of its own here.
    pub documents_max: usize,
    /// Where the numbers come from.
    pub source: &'static str,
}

impl Quota {
    /// The default limits; some can be raised on request.
    pub fn limit(self) -> Limit {
        const IAM: &str = "IAM user guide, IAM and AWS STS quotas, 2023-06";
        const ORGANIZATIONS: &str = "Organizations user guide, quotas, 2025";
        let limit = |characters_max, counts_whitespace, documents_max, source| Limit {
            characters_max,
            counts_whitespace,
            documents_max,
            source,
        };
        match self {
            // Ten attached managed policies can be raised to twenty.
            Self::ManagedPolicy => limit(6_144, false, 10, IAM),
            Self::UserInline => limit(2_048, false, usize::MAX, IAM),
            Self::RoleInline => limit(10_240, false, usize::MAX, IAM),
            Self::GroupInline => limit(5_120, false, usize::MAX, IAM),
            // Can be raised to 4,096.
            Self::TrustPolicy => limit(2_048, false, 1, IAM),
            Self::SessionPolicy => limit(2_048, true, 1, IAM),
            Self::ServiceControlPolicy | Self::ResourceControlPolicy => limit(5_120, true, 5, ORGANIZATIONS),
        }
    }
}

/// The size of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Characters of the compact form. Blanks inside strings are counted, to be on the safe side.
    pub characters: usize,
    /// UTF-8 bytes of it; more than the characters where accented letters are. AWS does not say which it
    /// counts.
    pub bytes: usize,
}

/// The size of a document without blanks between its elements.
pub fn size(policy: &PolicyDocument) -> Size {
    let text = policy.to_compact();
    Size { characters: text.chars().count(), bytes: text.len() }
}

/// Do these documents together keep within the quota? The bigger of characters and bytes must.
pub fn fits(policies: &[&PolicyDocument], quota: Quota) -> bool {
    let limit = quota.limit();
    let sizes = policies.iter().map(|policy| size(policy).bytes);
    if limit.documents_max == usize::MAX {
        sizes.sum::<usize>() <= limit.characters_max
    } else {
        policies.len() <= limit.documents_max && sizes.max().unwrap_or(0) <= limit.characters_max
    }
}

/// Why a policy could not be packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoesNotFit {
    /// Too many documents would be needed.
    #[error(
        "does not fit: {documents} policies of at most {characters_max} characters would be needed, {documents_max} are allowed"
    )]
    TooManyDocuments {
        /// How many the packing needs; a better packing may need fewer, but never fewer than the size demands.
        documents: usize,
        /// How many there may be.
        documents_max: usize,
        /// How big each may be.
        characters_max: usize,
    },
    /// One statement alone is too big and cannot be split without changing what it means.
    #[error(
        "does not fit: statement {statement} alone has more than {characters_max} characters and cannot be split"
    )]
    StatementTooBig {
        /// The statement, from 1.
        statement: usize,
        /// How big a document may be.
        characters_max: usize,
    },
}

/// Distributes the statements of a policy over as few documents as a first-fit search finds, each of at
/// most `characters_max` and no more than `documents_max` of them. The documents together mean the same
/// as the policy: statements are moved, and too long ones split by their actions, then by their
/// resources. A policy that fits is returned as it is. `Id` stays with the first document.
pub fn pack(
    policy: &PolicyDocument,
    characters_max: usize,
    documents_max: usize,
) -> Result<Vec<PolicyDocument>, DoesNotFit> {
    if size(policy).bytes <= characters_max && documents_max > 0 {
        return Ok(vec![policy.clone()]);
    }
    let empty = PolicyDocument { statements: Vec::new(), single: false, ..policy.clone() };
    // A document costs its frame, each statement itself and, but for the first, a comma.
    let frame = size(&empty).bytes;
    let room = characters_max.saturating_sub(frame);
    let mut pieces: Vec<(usize, Statement, usize)> = Vec::new();
    for (index, statement) in policy.statements.iter().enumerate() {
        let too_big = DoesNotFit::StatementTooBig { statement: index + 1, characters_max };
        for piece in split_to(statement, room).ok_or(too_big)? {
            let length = statement_size(&piece);
            pieces.push((pieces.len(), piece, length));
        }
    }
    pieces.sort_by_key(|(order, _, length)| (std::cmp::Reverse(*length), *order));
    let mut bins: Vec<(usize, Vec<(usize, Statement)>)> = Vec::new();
    for (order, piece, length) in pieces {
        match bins.iter_mut().find(|(used, _)| used + length < room) {
            Some((used, statements)) => {
                *used += length + 1;
                statements.push((order, piece));
            }
            None => bins.push((length, vec![(order, piece)])),
        }
    }
    if bins.len() > documents_max {
        return Err(DoesNotFit::TooManyDocuments { documents: bins.len(), documents_max, characters_max });
    }
    for (_, statements) in &mut bins {
        statements.sort_by_key(|(order, _)| *order);
    }
    bins.sort_by_key(|(_, statements)| statements.first().map(|(order, _)| *order));
    Ok(bins
        .into_iter()
        .enumerate()
        .map(|(number, (_, statements))| {
            let mut document = PolicyDocument {
                id: policy.id.clone().filter(|_| number == 0),
                statements: statements.into_iter().map(|(_, statement)| statement).collect(),
                ..empty.clone()
            };
            number_sids(&mut document);
            document
        })
        .collect())
}

fn statement_size(statement: &Statement) -> usize {
    serde_json::to_string(&statement.to_json()).map_or(usize::MAX, |text| text.len())
}

/// Room for the digits that a Sid may get.
const SID_DIGITS: usize = 4;

/// The statement in pieces of at most `room`; `None` when it cannot be cut finely enough.
fn split_to(statement: &Statement, room: usize) -> Option<Vec<Statement>> {
    if statement_size(statement) <= room {
        return Some(vec![statement.clone()]);
    }
    let halves = halve(statement)?;
    let mut pieces = Vec::new();
    for half in halves {
        pieces.extend(split_to(&half, room.checked_sub(SID_DIGITS)?)?);
    }
    Some(pieces)
}

/// Two statements that together mean the same: half of the actions each or, when there is only one, half
/// of the resources. Complements cannot be cut.
fn halve(statement: &Statement) -> Option<[Statement; 2]> {
    let cut = |element: &Option<Matcher>| -> Option<[Matcher; 2]> {
        let element =
            element.as_ref().filter(|element| !element.negated && element.patterns.values.len() > 1)?;
        let (a, b) = element.patterns.values.split_at_checked(element.patterns.values.len() / 2)?;
        Some([Matcher::of(a.to_vec()), Matcher::of(b.to_vec())])
    };
    if let Some(halves) = cut(&statement.action) {
        return Some(halves.map(|action| Statement { action: Some(action), ..statement.clone() }));
    }
    let halves = cut(&statement.resource)?;
    Some(halves.map(|resource| Statement { resource: Some(resource), ..statement.clone() }))
}

/// Gives pieces of one statement that ended up in one document different Sids.
fn number_sids(document: &mut PolicyDocument) {
    let sids = document.statements.iter().filter_map(|statement| statement.sid.clone());
    let mut taken: BTreeSet<String> = sids.collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for sid in document.statements.iter_mut().filter_map(|statement| statement.sid.as_mut()) {
        if sid.is_empty() || seen.insert(sid.clone()) {
            continue;
        }
        let fresh =
            (2..=taken.len() + 2).map(|number| format!("{sid}{number}")).find(|sid| !taken.contains(sid));
        if let Some(fresh) = fresh {
            taken.insert(fresh.clone());
            *sid = fresh;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::contain::{Containment, equivalent};

    fn policy(statements: &[String]) -> PolicyDocument {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        PolicyDocument::parse(&text).unwrap()
    }

    fn statement(number: usize, actions: usize, resources: usize, not: &str) -> String {
        let list = |count: usize, make: &dyn Fn(usize) -> String| {
            (0..count).map(|at| format!("\"{}\"", make(at))).collect::<Vec<_>>().join(",")
        };
        let actions = list(actions, &|at| format!("s{number}:Action{at}"));
        let resources = list(resources, &|at| format!("arn:aws:s{number}:::thing{at}/*"));
        format!(
            r#"{{"Sid":"S{number}","Effect":"Allow","{not}Action":[{actions}],"Resource":[{resources}]}}"#
        )
    }

    fn check(policy: &PolicyDocument, characters_max: usize, documents_max: usize, expect: usize) {
        let packed = pack(policy, characters_max, documents_max).unwrap();
        assert_eq!(packed.len(), expect);
        for document in &packed {
            assert!(size(document).characters <= characters_max, "{}", size(document).characters);
            let sids: BTreeSet<_> = document.statements.iter().map(|statement| &statement.sid).collect();
            assert_eq!(sids.len(), document.statements.len());
        }
        let packed: Vec<&PolicyDocument> = packed.iter().collect();
        let (less, more) = equivalent(&packed, &[policy]);
        assert!(matches!(less, Containment::Proved { .. }), "{less:?}");
        assert!(matches!(more, Containment::Proved { .. }), "{more:?}");
    }

    #[test]
    fn statements_are_distributed_and_split() {
        let many = policy(&(0..30).map(|number| statement(number, 10, 2, "")).collect::<Vec<_>>());
        check(&many, 100_000, 1, 1);
        check(&many, 6_144, 10, 2);
        check(&many, 1_000, 20, 9);
        let long = policy(&[statement(1, 400, 3, ""), statement(2, 2, 2, "")]);
        check(&long, 6_144, 10, 2);
        check(&long, 400, 40, 33);
        let wide = policy(&[statement(1, 1, 300, "")]);
        check(&wide, 6_144, 10, 2);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let many = policy(&(0..30).map(|number| statement(number, 10, 2, "")).collect::<Vec<_>>());
        let message = pack(&many, 1_000, 3).unwrap_err().to_string();
        assert_eq!(
            message,
            "does not fit: 9 policies of at most 1000 characters would be needed, 3 are allowed"
        );
        let complement = policy(&[statement(1, 300, 1, "Not")]);
        let message = pack(&complement, 1_000, 3).unwrap_err().to_string();
        assert!(message.contains("statement 1 alone"), "{message}");
    }

    #[test]
    fn sizes_are_counted_without_blanks() {
        let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": []\n}\n";
        let policy = PolicyDocument::parse(text).unwrap();
        assert_eq!(size(&policy).characters, r#"{"Version":"2012-10-17","Statement":[]}"#.len());
        assert!(fits(&[&policy; 10], Quota::ManagedPolicy));
        assert!(!fits(&[&policy; 11], Quota::ManagedPolicy));
        assert!(fits(&[&policy; 52], Quota::UserInline));
        assert!(!fits(&[&policy; 53], Quota::UserInline));
    }
}
