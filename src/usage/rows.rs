//! The resources of one kind of call while they are counted: found by their bytes, collapsed when crowded.

use super::collapse::{Level, Templates, collapse};
use super::memo::Index;
use super::tally::{Counted, Tallies};
use super::{Resource, ResourceName, Stats};
use std::collections::BTreeMap;

/// Resources and how often they were touched.
#[derive(Debug, Default)]
pub(super) struct Rows {
    found: Index,
    /// Each with the number of its tally.
    list: Vec<(Resource, usize)>,
    /// Some ARNs were collapsed into patterns: new ones are widened before they are looked up.
    wide: Option<Box<(Level, Templates)>>,
    /// More resources than this are collapsed.
    resources_max: usize,
    /// With more rows than this they are collapsed now.
    crowded: usize,
}

impl Rows {
    pub(super) fn new(resources_max: usize) -> Self {
        Self { resources_max, crowded: resources_max, ..Self::default() }
    }

    /// Counts a resource that is no ARN, and gives the number of its tally, which is taken when the rows are
    /// collapsed.
    pub(super) fn count(&mut self, resource: Resource, event: &Counted<'_>, tallies: &mut Tallies) -> usize {
        let hash = self.found.hash(0);
        let list = &self.list;
        let found =
            self.found.find(hash, |number| list.get(number).is_some_and(|(known, _)| *known == resource));
        self.count_at(found, (event, tallies), || resource)
    }

    /// Counts an ARN, likewise; it is copied only when it is the first of its kind.
    pub(super) fn count_arn(
        &mut self,
        (kind, arn, complete): (&'static str, &str, bool),
        event: &Counted<'_>,
        tallies: &mut Tallies,
    ) -> usize {
        let wide = self.wide.as_mut().and_then(|wide| {
            let (level, templates) = &mut **wide;
            templates.widened((kind, arn), *level)
        });
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
        self.count_at(found, (event, tallies), || {
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
        (event, tallies): (&Counted<'_>, &mut Tallies),
        resource: impl FnOnce() -> Resource,
    ) -> usize {
        if let Some((_, tally)) = found.and_then(|number| self.list.get(number)) {
            tallies.add(*tally, event);
            return *tally;
        }
        let tally = tallies.make();
        tallies.add(tally, event);
        self.push(resource(), tally);
        if self.list.len() > self.crowded {
            self.collapse(tallies);
        }
        tally
    }

    fn push(&mut self, resource: Resource, tally: usize) {
        self.list.push((resource, tally));
        let list = &self.list;
        self.found.push(|index, number| match list.get(number).and_then(|(known, _)| known.name()) {
            Some(name) => index.hash(name.arn.as_str()),
            None => index.hash(0),
        });
    }

    /// Collapses what there is. The next time is not before the list has doubled: names that nothing
    /// collapses must not be tried again for every event.
    fn collapse(&mut self, tallies: &mut Tallies) {
        let resources_max = self.resources_max;
        let rows = std::mem::take(self).into_map(tallies);
        for (resource, stats) in rows {
            self.push(resource, tallies.make_of(stats));
        }
        let mut templates = Templates::default();
        let level = templates.reached(self.list.iter().map(|(resource, _)| resource));
        self.wide = level.map(|level| Box::new((level, templates)));
        self.resources_max = resources_max;
        self.crowded = self.list.len().max(resources_max).saturating_mul(2);
    }

    /// The rows in order, collapsed as [`super::RESOURCES_MAX`] says; their tallies are taken.
    pub(super) fn into_map(self, tallies: &mut Tallies) -> BTreeMap<Resource, Stats> {
        let rows = self.list.into_iter().map(|(resource, tally)| (resource, tallies.take(tally)));
        let mut rows: BTreeMap<Resource, Stats> = rows.collect();
        collapse(&mut rows, self.resources_max);
        rows
    }
}
