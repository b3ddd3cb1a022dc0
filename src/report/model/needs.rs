//! What definitions imply for a statement, ready to be shown.

use crate::drift::ActionReview;
use crate::usage::Stats;
use std::collections::BTreeMap;

/// One thing that definitions name and an action is needed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpliedNeed {
    /// `s3:PutObject`.
    pub action: String,
    /// `eventSource` and `eventName` of the definitions.
    pub event: (String, String),
    /// What the definitions name, a word of `data/definition_paths.tsv`.
    pub kind: &'static str,
    /// Where it stands in their requests; empty when the operation itself implies it.
    pub path: &'static str,
    /// The value; `None` when the log does not show it.
    pub value: Option<String>,
    /// The resource that the action is needed on, as an ARN or pattern; `None` when the value does not tell.
    pub resource: Option<String>,
    /// How often and when it was defined.
    pub stats: Stats,
}

/// The implied needs of a statement's actions; equal ones of several regions are one.
pub(super) fn implied(actions: &[ActionReview<'_>]) -> Vec<ImpliedNeed> {
    let mut all: BTreeMap<_, ImpliedNeed> = BTreeMap::new();
    for one in actions.iter().flat_map(|review| &review.implied) {
        let need = ImpliedNeed {
            action: one.action.to_string(),
            event: one.need.event.clone(),
            kind: one.need.kind.as_str(),
            path: one.need.path,
            value: one.need.value.clone(),
            resource: one.resource.as_ref().map(|name| name.arn.clone()),
            stats: Stats::default(),
        };
        let ImpliedNeed { action, event, path, value, resource, .. } = need.clone();
        all.entry((action, event, path, value, resource)).or_insert(need).stats.merge(one.stats);
    }
    all.into_values().collect()
}
