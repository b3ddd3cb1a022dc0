//! Fewer, shorter action patterns that mean the same today. Off unless asked for: AWS adds about two
//! hundred actions a month, and a wildcard that is exact today grants more tomorrow.

use crate::iam::action::Action;
use crate::iam::glob;
use crate::iam::reference::AccessLevel;
use std::collections::{BTreeMap, BTreeSet};

/// All actions that exist, at one point in time.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The day on which the list was true.
    pub date: String,
    /// Every action with its level.
    pub actions: BTreeMap<Action, AccessLevel>,
}

/// A shortened list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The patterns, sorted; what could not be shortened is among them as it was.
    pub patterns: Vec<String>,
    /// For each new pattern, the actions that it stands for.
    pub replaced: BTreeMap<String, Vec<String>>,
    /// The catalogue's date: on any later day, a new pattern may match more.
    pub date: String,
}

/// Replaces actions of level List or Read by `service:Prefix*`, where the prefix ends between two words
/// and the pattern matches, in the whole catalogue, nothing but actions of the list at those levels. Actions
/// of other levels, unknown ones and patterns stay as they are.
pub fn shrink(actions: &[String], catalogue: &Catalogue) -> Shrunk {
    let harmless = |level: AccessLevel| matches!(level, AccessLevel::List | AccessLevel::Read);
    let mut kept: BTreeSet<String> = BTreeSet::new();
    let mut candidates: BTreeSet<Action> = BTreeSet::new();
    for text in actions {
        match Action::parse(text).ok().and_then(|action| catalogue.actions.get_key_value(&action)) {
            Some((action, level)) if harmless(*level) => {
                candidates.insert(action.clone());
            }
            _ => {
                kept.insert(text.clone());
            }
        }
    }
    let mut replaced = BTreeMap::new();
    while let Some(first) = candidates.pop_first() {
        let pattern = prefixes(&first).into_iter().find_map(|pattern| {
            let matched = expand(&pattern, catalogue);
            let exact = matched.len() > 1
                && matched.iter().all(|action| *action == &first || candidates.contains(action));
            exact.then(|| {
                (pattern, matched.into_iter().map(|action| action.as_str().to_owned()).collect::<Vec<_>>())
            })
        });
        match pattern {
            Some((pattern, matched)) => {
                candidates.retain(|action| !matched.iter().any(|text| text == action.as_str()));
                replaced.insert(pattern, matched);
            }
            None => {
                kept.insert(first.as_str().to_owned());
            }
        }
    }
    let patterns =
        kept.into_iter().chain(replaced.keys().cloned()).collect::<BTreeSet<_>>().into_iter().collect();
    Shrunk { patterns, replaced, date: catalogue.date.clone() }
}

/// The actions of the catalogue that a pattern of one service matches.
fn expand<'c>(pattern: &str, catalogue: &'c Catalogue) -> Vec<&'c Action> {
    catalogue.actions.keys().filter(|action| glob::matches_ignore_case(pattern, action.as_str())).collect()
}

/// `service:Word*`, `service:WordWord*`, …, the shortest first, the whole name with a `*` last.
fn prefixes(action: &Action) -> Vec<String> {
    let starts = action.name().char_indices().skip(1).filter(|(_, letter)| letter.is_ascii_uppercase());
    starts
        .map(|(at, _)| at)
        .chain([action.name().len()])
        .filter_map(|at| action.name().get(..at))
        .map(|prefix| format!("{}:{prefix}*", action.service()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use AccessLevel::{List, PermissionsManagement, Read, Write};

    fn catalogue() -> Catalogue {
        let all = [
            ("s3:GetObject", Read),
            ("s3:GetObjectAcl", Read),
            ("s3:GetObjectTagging", Read),
            ("s3:GetBucketAcl", Read),
            ("s3:GetBucketPolicy", Read),
            ("s3:ListBucket", List),
            ("s3:ListAllMyBuckets", List),
            ("s3:PutObject", Write),
            ("s3:PutObjectAcl", PermissionsManagement),
            ("s3:ListAndDelete", Write),
            ("s3express:GetObject", Read),
        ];
        Catalogue {
            date: "2026-01-01".to_owned(),
            actions: all.iter().map(|(action, level)| (Action::parse(action).unwrap(), *level)).collect(),
        }
    }

    fn check(actions: &[&str], expect: &[&str]) {
        let actions: Vec<String> = actions.iter().map(|text| (*text).to_owned()).collect();
        let shrunk = shrink(&actions, &catalogue());
        assert_eq!(shrunk.patterns, expect);
        for (pattern, matched) in &shrunk.replaced {
            let again: Vec<String> =
                expand(pattern, &catalogue()).iter().map(|action| action.as_str().to_owned()).collect();
            assert_eq!(&again, matched);
        }
    }

    #[test]
    fn only_exact_prefixes_of_reading_actions() {
        check(&["s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging"], &["s3:GetObject*"]);
        check(
            &[
                "s3:GetObject",
                "s3:GetObjectAcl",
                "s3:GetObjectTagging",
                "s3:GetBucketAcl",
                "S3:getbucketpolicy",
            ],
            &["s3:Get*"],
        );
        check(&["s3:GetObject", "s3:GetObjectAcl"], &["s3:GetObject", "s3:GetObjectAcl"]);
        check(&["s3:PutObject", "s3:PutObjectAcl"], &["s3:PutObject", "s3:PutObjectAcl"]);
        // A wildcard must not cover a Write action, wanted or not.
        check(
            &["s3:ListBucket", "s3:ListAllMyBuckets", "s3:ListAndDelete"],
            &["s3:ListAllMyBuckets", "s3:ListAndDelete", "s3:ListBucket"],
        );
        check(&["s3:Put*", "nosuch:Get", "*"], &["*", "nosuch:Get", "s3:Put*"]);
        check(&[], &[]);
    }
}
