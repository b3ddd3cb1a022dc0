//! The resources of one kind of call while they are counted: found by their bytes, collapsed when crowded.

use super::collapse::{Level, Templates, collapse};
use super::memo::Index;
use super::{Resource, ResourceName, Stats};
use crate::trail::event::Event;
use std::collections::BTreeMap;

/// Resources and how often they were touched.
#[derive(Debug, Default)]
pub(super) struct Rows {
    found: Index,
    list: Vec<(Resource, Stats)>,
    /// Some ARNs were collapsed into patterns: new ones are widened before they are looked up.
    wide: Option<(Level, Templates)>,
    /// More resources than this are collapsed.
    resources_max: usize,
    /// With more rows than this they are collapsed now.
    crowded: usize,
    collapses: u32,
}

impl Rows {
    /// How often the rows were collapsed: until the next time they stay where they are.
    pub(super) fn collapses(&self) -> u32 {
        self.collapses
    }

    /// Is the row that got this number, when they had been collapsed so often, still there?
    pub(super) fn is_at(&self, row: usize, collapses: u32) -> bool {
        self.collapses == collapses && row < self.list.len()
    }

    /// Counts the row with this number once more.
    pub(super) fn count_again(&mut self, row: usize, event: &Event<'_>) {
        if let Some((_, stats)) = self.list.get_mut(row) {
            stats.add(event.time, &event.id);
        }
    }

    pub(super) fn new(resources_max: usize) -> Self {
        Self { resources_max, crowded: resources_max, ..Self::default() }
    }

    /// Counts a resource that is no ARN, and gives the number of its row.
    pub(super) fn count(&mut self, resource: Resource, event: &Event<'_>) -> usize {
        let hash = self.found.hash(0);
        let list = &self.list;
        let found =
            self.found.find(hash, |number| list.get(number).is_some_and(|(known, _)| *known == resource));
        self.count_at(found, event, || resource)
    }

    /// Counts an ARN, and gives the number of its row; it is copied only when it is the first of its kind.
    pub(super) fn count_arn(
        &mut self,
        (kind, arn, complete): (&'static str, &str, bool),
        event: &Event<'_>,
    ) -> usize {
        let wide = self.wide.as_mut().and_then(|(level, templates)| templates.widened((kind, arn), *level));
        let is_wide = wide.is_some();
        let shown = wide.as_deref().unwrap_or(arn);
        let list = &self.list;
        let is_it = |number: usize| {
            let name = match list.get(number) {
                Some((Resource::Arn(name), _)) if !is_wide => name,
                Some((Resource::Pattern(name), _)) if is_wide => name,
                _ => return false,
            };
            name.arn == shown && name.kind == kind && name.complete == complete
        };
        let found = self.found.find(self.found.hash(shown), is_it);
        self.count_at(found, event, || {
            let name = |arn| ResourceName { kind, arn, complete };
            match wide {
                Some(pattern) => Resource::Pattern(name(pattern)),
                None => Resource::Arn(name(arn.to_owned())),
            }
        })
    }

    fn count_at(
        &mut self,
        found: Option<usize>,
        event: &Event<'_>,
        resource: impl FnOnce() -> Resource,
    ) -> usize {
        if let Some(number) = found {
            self.count_again(number, event);
            return number;
        }
        let mut stats = Stats::default();
        stats.add(event.time, &event.id);
        let number = self.list.len();
        self.push(resource(), stats);
        if self.list.len() <= self.crowded {
            return number;
        }
        self.collapse();
        // Nobody knows where it went.
        usize::MAX
    }

    fn push(&mut self, resource: Resource, stats: Stats) {
        self.list.push((resource, stats));
        let list = &self.list;
        self.found.push(|index, number| match list.get(number).and_then(|(known, _)| known.name()) {
            Some(name) => index.hash(name.arn.as_str()),
            None => index.hash(0),
        });
    }

    /// Collapses what there is. The next time is not before the list has doubled: names that nothing
    /// collapses must not be tried again for every event.
    fn collapse(&mut self) {
        let (resources_max, collapses) = (self.resources_max, self.collapses);
        let collapsed = std::mem::take(self).into_map();
        for (resource, stats) in collapsed {
            self.push(resource, stats);
        }
        let mut templates = Templates::default();
        let level = templates.reached(self.list.iter().map(|(resource, _)| resource));
        self.wide = level.map(|level| (level, templates));
        self.resources_max = resources_max;
        self.collapses = collapses.wrapping_add(1);
        self.crowded = self.list.len().max(resources_max).saturating_mul(2);
    }

    /// The rows in order, collapsed as [`super::RESOURCES_MAX`] says.
    pub(super) fn into_map(self) -> BTreeMap<Resource, Stats> {
        let mut rows: BTreeMap<Resource, Stats> = self.list.into_iter().collect();
        collapse(&mut rows, self.resources_max);
        rows
    }
}
