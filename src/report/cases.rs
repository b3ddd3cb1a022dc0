//! Cases of unusual access, in all forms. What could not be evaluated comes first: no case is no proof.

pub mod graph;
pub mod html;
pub mod json;
pub mod markdown;
pub mod page;
pub mod text;

use crate::iam::reach::Breadth;
use crate::investigate::Rule;
use crate::investigate::blast::Blast;
use crate::investigate::case::Case;
use crate::tables::wholes::Params;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Everything that `investigate` shows.
#[derive(Clone, Debug)]
pub struct CasesReport<'a> {
    /// Distinct events that were read.
    pub events: u64,
    /// The first and the last event's time.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The baseline.
    pub params: Params,
    /// Are only cases after the baseline shown?
    pub since: bool,
    /// All rules.
    pub rules: &'a [Rule],
    /// Rules that the input cannot feed.
    pub not_evaluated: &'a [NotEvaluated],
    /// The cases that are shown, highest score first.
    pub cases: Vec<CaseReport<'a>>,
    /// How many cases have a lower score.
    pub below: usize,
    /// The lowest score that is shown.
    pub min_score: u32,
}

/// One case, with what was asked about it.
#[derive(Clone, Debug)]
pub struct CaseReport<'a> {
    /// The case.
    pub case: Case<'a>,
    /// What its principals could do; empty without a snapshot.
    pub blast: Vec<Blast>,
    /// What the logs cannot tell.
    pub unknowns: Vec<String>,
    /// Commands that stop it.
    pub commands: Vec<String>,
}

/// A rule whose silence means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvaluated {
    /// Which, as an index into the rules.
    pub rule: usize,
    /// Why, each a line.
    pub whys: Vec<String>,
}

impl CasesReport<'_> {
    /// Why rules could not be evaluated, each with the names of these rules; the widest gap first.
    pub(crate) fn gaps(&self) -> Vec<(&str, Vec<&str>)> {
        let mut by_why: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for one in self.not_evaluated {
            let Some(rule) = self.rules.get(one.rule) else { continue };
            for why in &one.whys {
                by_why.entry(why).or_default().push(&rule.name);
            }
        }
        let mut all: Vec<_> = by_why.into_iter().collect();
        all.sort_by_key(|(why, rules)| (std::cmp::Reverse(rules.len()), *why));
        all
    }
}

/// How far an action reaches, in a word.
pub(crate) fn breadth(breadth: Breadth) -> &'static str {
    match breadth {
        Breadth::None => "nothing",
        Breadth::Named => "named resources",
        Breadth::Family => "a family of resources",
        Breadth::Any => "any resource",
    }
}

/// A time of an event, in UTC.
pub(crate) fn time(seconds: i64) -> String {
    Timestamp::from_seconds(seconds).map(|time| time.to_string()).unwrap_or_default()
}
