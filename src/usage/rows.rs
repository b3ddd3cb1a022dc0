//! The resources of one kind of call while they are counted: found by their bytes, collapsed when crowded.

use super::memo::{self, Memo};
use super::{Resource, ResourceName, Stats, collapse, fold};
use crate::iam::reference::reference;
use crate::iam::{arn, arn_template};
use crate::trail::event::Event;
use crate::trail::passed_roles::RoleReference;
use std::collections::BTreeMap;

/// Resources and how often they were touched.
#[derive(Debug, Default)]
pub(super) struct Rows {
    found: Memo,
    list: Vec<(Resource, Stats)>,
    /// Some ARNs were collapsed into patterns: new ones are widened before they are looked up. Holds the
    /// templates used so far, by service and type.
    wide: Option<Vec<Widening>>,
    /// More resources than this are collapsed.
    resources_max: usize,
    /// With more rows than this they are collapsed now.
    crowded: usize,
}

#[derive(Debug)]
struct Widening {
    service: Box<str>,
    kind: &'static str,
    template: Option<arn_template::Template<'static>>,
}

impl Rows {
    pub(super) fn new(resources_max: usize) -> Self {
        Self { resources_max, crowded: resources_max, ..Self::default() }
    }

    /// Counts a resource that is no ARN.
    pub(super) fn count(&mut self, resource: Resource, event: &Event<'_>) {
        let mut key = Vec::new();
        encode(&resource, &mut key);
        self.count_by(&key, event, || resource);
    }

    /// Counts an ARN; a row is made only when it is the first of its kind.
    pub(super) fn count_arn(
        &mut self,
        (kind, arn, complete): (&'static str, &str, bool),
        event: &Event<'_>,
        key: &mut Vec<u8>,
    ) {
        key.clear();
        if let Some(widenings) = &mut self.wide {
            let pattern = widen(widenings, kind, arn);
            encode_name(PATTERN, (kind, &pattern, complete), key);
            self.count_by(key, event, || Resource::Pattern(ResourceName { kind, arn: pattern, complete }));
        } else {
            encode_name(ARN, (kind, arn, complete), key);
            self.count_by(key, event, || Resource::Arn(ResourceName { kind, arn: arn.to_owned(), complete }));
        }
    }

    fn count_by(&mut self, key: &[u8], event: &Event<'_>, resource: impl FnOnce() -> Resource) {
        if let Some((_, stats)) = self.found.get(key).and_then(|index| self.list.get_mut(index)) {
            return stats.add(event.time, &event.id);
        }
        self.found.put(key, self.list.len());
        let mut stats = Stats::default();
        stats.add(event.time, &event.id);
        self.list.push((resource(), stats));
        if self.list.len() > self.crowded {
            self.collapse();
        }
    }

    /// Collapses what there is. The next time is not before the list has doubled: names that nothing
    /// collapses must not be tried again for every event.
    fn collapse(&mut self) {
        let resources_max = self.resources_max;
        let collapsed = std::mem::take(self).into_map();
        let mut key = Vec::new();
        for (resource, stats) in collapsed {
            key.clear();
            encode(&resource, &mut key);
            self.found.put(&key, self.list.len());
            self.list.push((resource, stats));
        }
        self.wide = Some(Vec::new());
        self.resources_max = resources_max;
        self.crowded = self.list.len().max(resources_max).saturating_mul(2);
    }

    /// The rows in order, collapsed as [`super::RESOURCES_MAX`] says.
    pub(super) fn into_map(self) -> BTreeMap<Resource, Stats> {
        let mut rows: BTreeMap<Resource, Stats> = self.list.into_iter().collect();
        collapse(&mut rows, self.resources_max);
        rows
    }
}

/// [`widened`] to [`fold::Level::LastName`], with the template looked up once.
fn widen(widenings: &mut Vec<Widening>, kind: &'static str, arn: &str) -> String {
    let service = arn::split(arn).map_or("", |parts| parts.service);
    let known = widenings.iter().position(|one| one.kind == kind && *one.service == *service);
    let index = known.unwrap_or_else(|| {
        let template = reference().template(service, kind).and_then(arn_template::Template::new);
        widenings.push(Widening { service: service.into(), kind, template });
        widenings.len() - 1
    });
    let template = widenings.get(index).and_then(|one| one.template.as_ref());
    let pattern = template.and_then(|template| fold::widened_by(template, arn, fold::Level::LastName));
    pattern.unwrap_or_else(|| arn.to_owned())
}

const ARN: u8 = 0;
const PATTERN: u8 = 1;

/// The bytes by which a resource is found: different for different resources.
fn encode(resource: &Resource, key: &mut Vec<u8>) {
    let mut role = |tag: u8, name: &str| {
        key.push(tag);
        memo::push(key, name);
    };
    match resource {
        Resource::Arn(name) => encode_name(ARN, (name.kind, &name.arn, name.complete), key),
        Resource::Pattern(name) => encode_name(PATTERN, (name.kind, &name.arn, name.complete), key),
        Resource::Star => key.push(2),
        Resource::Unknown => key.push(3),
        Resource::Role(RoleReference::Arn(arn)) => role(4, arn.as_str()),
        Resource::Role(RoleReference::Name(name)) => role(5, name),
        Resource::Role(RoleReference::InstanceProfileArn(arn)) => role(6, arn.as_str()),
        Resource::Role(RoleReference::InstanceProfileName(name)) => role(7, name),
    }
}

fn encode_name(tag: u8, (kind, arn, complete): (&str, &str, bool), key: &mut Vec<u8>) {
    key.extend_from_slice(&[tag, u8::from(complete)]);
    memo::push(key, kind);
    memo::push(key, arn);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::fold::widened;

    #[test]
    fn widening_with_a_kept_template_is_the_same() {
        for (kind, arn) in [
            ("object", "arn:aws:s3:::b/x/y:z"),
            ("object", "arn:aws:sqs:eu-west-1:111122223333:q"),
            ("log-stream", "arn:aws:logs:eu-west-1:111122223333:log-group:/a:log-stream:b/c"),
            ("role", "arn:aws:iam::111122223333:role/a/b"),
            ("nothing", "no arn"),
        ] {
            let name = ResourceName { kind, arn: arn.to_owned(), complete: true };
            let expect = widened(Resource::Arn(name), fold::Level::LastName);
            assert_eq!(widen(&mut Vec::new(), kind, arn), expect.name().unwrap().arn);
        }
    }
}
