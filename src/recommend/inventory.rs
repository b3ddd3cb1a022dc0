//! Every resource that the logs name, whoever touched it: what a `*` covers besides what was needed.

use crate::iam::{arn, glob};
use crate::trail::outcome::Outcome;
use crate::usage::{Resource, ResourceName, Usage};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The resources of a summary by type; indexed when first asked.
#[derive(Debug)]
pub struct Inventory<'u> {
    usage: &'u Usage,
    by_type: OnceLock<ByType<'u>>,
}

/// Service prefix and resource type, to sorted ARNs.
type ByType<'u> = BTreeMap<(&'u str, &'static str), Vec<&'u str>>;

impl<'u> Inventory<'u> {
    /// The resources of this summary.
    pub fn new(usage: &'u Usage) -> Self {
        Self { usage, by_type: OnceLock::new() }
    }

    /// The resources of a type under a pattern, sorted. A row that stands for many resources names none,
    /// and a resource that was only asked for in vain may not exist.
    pub fn under(&self, service: &str, kind: &'static str, pattern: &str) -> Vec<&'u str> {
        let by_type = self.by_type.get_or_init(|| index(self.usage));
        let all = by_type.get(&(service, kind)).map_or(&[][..], Vec::as_slice);
        let front = pattern.split(['*', '?']).next().unwrap_or_default();
        let from = all.partition_point(|arn| *arn < front);
        let near = all.iter().skip(from).take_while(|arn| arn.starts_with(front));
        near.copied().filter(|arn| glob::matches(pattern, arn)).collect()
    }
}

/// Service prefix and resource type of a touched resource.
pub(super) fn type_of(name: &ResourceName) -> (&str, &'static str) {
    (arn::split(&name.arn).map_or("", |parts| parts.service), name.kind)
}

fn index(usage: &Usage) -> ByType<'_> {
    let mut by_type: ByType<'_> = BTreeMap::new();
    let calls = usage.principals.values().flat_map(|principal| &principal.calls);
    for (_, resources) in calls.filter(|(call, _)| call.outcome != Outcome::Denied) {
        for resource in resources.keys() {
            if let Resource::Arn(name) = resource {
                by_type.entry(type_of(name)).or_default().push(&name.arn);
            }
        }
    }
    for arns in by_type.values_mut() {
        arns.sort_unstable();
        arns.dedup();
    }
    by_type
}
