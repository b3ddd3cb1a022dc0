//! A crowded row: the many resources of one kind of call become few patterns.
//!
//! There is a ladder of [`Level`]s from fine to coarse. Each level maps an ARN to a pattern, or leaves it as
//! it is, and coarser levels map the results of finer ones as they map the ARN itself. So there are never
//! more patterns on a coarser level than on a finer one, and the level that a set of ARNs gets, the finest
//! on which at most the allowed number is left, depends on the set alone: a part of the set never stops
//! on a coarser level than the whole, and the whole goes on from the coarsest level that a part has reached.

use super::{Resource, ResourceName, Stats};
use crate::iam::reference::reference;
use crate::iam::{arn, arn_template};
use std::collections::BTreeMap;

/// How far the ARNs of a crowded row are widened; from coarse to fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every variable behind the account becomes `*`: `arn:aws:s3:::*/*`.
    AllNames,
    /// The last variable of the ARN's template becomes `*`: `arn:aws:s3:::bucket/*`.
    LastName,
    /// Of the last variable's value so many directories are kept, at least one:
    /// `arn:aws:s3:::bucket/one/two/*`. A value with fewer directories stays as it is.
    Directories(u8),
}

/// The finest level. Deeper directories are mostly dates and runs, which no policy should name.
const FINEST: Level = Level::Directories(8);

/// Where an ARN is, as against which one it is: kept on every level.
const PLACE_VARIABLES: [&str; 3] = ["Partition", "Region", "Account"];

impl Level {
    fn coarser(self) -> Option<Self> {
        match self {
            Self::AllNames => None,
            Self::LastName => Some(Self::AllNames),
            Self::Directories(0 | 1) => Some(Self::LastName),
            Self::Directories(kept) => Some(Self::Directories(kept - 1)),
        }
    }
}

/// Applies the allowed number of resources to one kind of call.
pub(super) fn collapse(resources: &mut BTreeMap<Resource, Stats>, resources_max: usize) {
    let mut templates = Templates::default();
    let mut next = Some(FINEST);
    if let Some(level) = templates.reached(resources.keys()) {
        widen(resources, level, &mut templates);
        next = level.coarser();
    }
    while let Some(level) = next.filter(|_| resources.len() > resources_max) {
        widen(resources, level, &mut templates);
        next = level.coarser();
    }
}

fn widen(resources: &mut BTreeMap<Resource, Stats>, level: Level, templates: &mut Templates) {
    for (resource, stats) in std::mem::take(resources) {
        let wide = resource.name().and_then(|name| {
            let arn = templates.widened((name.kind, &name.arn), level)?;
            Some(Resource::Pattern(ResourceName { arn, ..name.clone() }))
        });
        resources.entry(wide.unwrap_or(resource)).or_default().merge(&stats);
    }
}

/// The templates of the resource types used so far, each looked up and taken apart once.
#[derive(Debug, Default)]
pub(super) struct Templates(Vec<Known>);

#[derive(Debug)]
struct Known {
    service: Box<str>,
    kind: &'static str,
    template: Option<arn_template::Template<'static>>,
}

impl Templates {
    fn of(&mut self, kind: &'static str, arn: &str) -> Option<&arn_template::Template<'static>> {
        let service = arn::split(arn).map_or("", |parts| parts.service);
        let known = self.0.iter().position(|one| one.kind == kind && *one.service == *service);
        let index = known.unwrap_or_else(|| {
            let template = reference().template(service, kind).and_then(arn_template::Template::new);
            self.0.push(Known { service: service.into(), kind, template });
            self.0.len() - 1
        });
        self.0.get(index)?.template.as_ref()
    }

    /// The pattern for an ARN, or for a pattern of a finer level; `None` when it stays as it is, because it
    /// has fewer directories or is not of its type's template.
    pub(super) fn widened(&mut self, (kind, arn): (&'static str, &str), level: Level) -> Option<String> {
        widened_by(self.of(kind, arn)?, arn, level)
    }

    /// The coarsest level to which any of these was widened; `None` when none was.
    pub(super) fn reached<'r>(&mut self, resources: impl Iterator<Item = &'r Resource>) -> Option<Level> {
        resources.filter_map(|resource| self.level_of(resource)).min()
    }

    /// The level to which a pattern was widened. Where the last name is the only one, nothing tells
    /// [`Level::AllNames`] from [`Level::LastName`], and nothing has to: both map it alike.
    fn level_of(&mut self, resource: &Resource) -> Option<Level> {
        let Resource::Pattern(name) = resource else { return None };
        let bindings = self.of(name.kind, &name.arn)?.bind(&name.arn)?;
        let mut names = bindings.iter().rev().filter(|(name, _)| !PLACE_VARIABLES.contains(name));
        let (_, last) = names.next()?;
        if *last == "*" {
            let mut others = names.peekable();
            let all = others.peek().is_some() && others.all(|(_, value)| *value == "*");
            return Some(if all { Level::AllNames } else { Level::LastName });
        }
        let kept = last.bytes().filter(|byte| *byte == b'/').count();
        u8::try_from(kept).ok().map(Level::Directories)
    }
}

/// The pattern for an ARN of the template's type; `None` when it is of another or stays as it is.
pub(super) fn widened_by(template: &arn_template::Template<'_>, arn: &str, level: Level) -> Option<String> {
    let bindings = template.bind(arn)?;
    let is_place = |name: &str| PLACE_VARIABLES.contains(&name);
    let (last, value) = bindings.iter().rev().find(|(name, _)| !is_place(name))?;
    let directory = match level {
        Level::Directories(kept) => Some(directory(value, kept)?),
        Level::LastName | Level::AllNames => None,
    };
    let mut out = String::with_capacity(arn.len() + 16);
    template.fill_into(&mut out, |wanted| {
        let (_, value) = bindings.iter().find(|(name, _)| *name == wanted)?;
        match level {
            Level::Directories(_) | Level::LastName if wanted == *last => directory.as_deref(),
            Level::AllNames if !is_place(wanted) => None,
            _ => Some(value),
        }
    });
    Some(out)
}

/// The first `kept` directories of a name and `*`; `None` when it has fewer.
fn directory(name: &str, kept: u8) -> Option<String> {
    let (end, _) = name.match_indices('/').nth(usize::from(kept).checked_sub(1)?)?;
    name.get(..=end).map(|directory| format!("{directory}*"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn object(arn: &str) -> Resource {
        Resource::Arn(ResourceName { kind: "object", arn: arn.to_owned(), complete: true })
    }

    /// The resources of a row with these ARNs, collapsed.
    fn row(arns: impl IntoIterator<Item = String>, max: usize) -> BTreeMap<Resource, Stats> {
        let mut row: BTreeMap<Resource, Stats> = BTreeMap::new();
        for (at, arn) in arns.into_iter().enumerate() {
            let time = Timestamp::from_seconds(i64::try_from(at).unwrap()).unwrap();
            row.entry(object(&arn)).or_default().add(time, "id");
        }
        collapse(&mut row, max);
        row
    }

    #[track_caller]
    fn check(arns: impl IntoIterator<Item = String>, max: usize, expect: &[&str]) {
        let row = row(arns, max);
        let found: Vec<_> = row.keys().map(|resource| resource.name().unwrap().arn.as_str()).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn prefixes_stay_apart_as_long_as_there_is_room() {
        let objects = |keys: fn(u32) -> String| (0..60).map(move |at| format!("arn:aws:s3:::b/{}", keys(at)));
        let two = ["arn:aws:s3:::b/p0/*", "arn:aws:s3:::b/p1/*"];
        check(objects(|at| format!("p{}/f{at}", at % 2)), 59, &two);
        check(objects(|at| format!("p{}/f{at}", at % 2)), 2, &two);
        check(objects(|at| format!("p{}/f{at}", at % 2)), 1, &["arn:aws:s3:::b/*"]);
        // Days below the prefixes: the finest level that has room.
        let days = |at: u32| format!("p{}/d{}/f{at}", at % 2, at % 4 / 2);
        check(objects(days), 3, &two);
        let four = [
            "arn:aws:s3:::b/p0/d0/*",
            "arn:aws:s3:::b/p0/d1/*",
            "arn:aws:s3:::b/p1/d0/*",
            "arn:aws:s3:::b/p1/d1/*",
        ];
        check(objects(days), 4, &four);
        // What lies above the kept directories stays as it is.
        let mixed = objects(|at| if at == 0 { "readme".into() } else { format!("p{}/f{at}", at % 2) });
        let beside = ["arn:aws:s3:::b/readme", "arn:aws:s3:::b/p0/*", "arn:aws:s3:::b/p1/*"];
        check(mixed, 5, &beside);
        let buckets = (0..60).map(|at| format!("arn:aws:s3:::b{at}/k"));
        check(buckets, 5, &["arn:aws:s3:::*/*"]);
    }

    #[test]
    fn five_thousand_objects_under_forty_prefixes_are_forty_patterns() {
        let arns = (0..5_000).map(|at| format!("arn:aws:s3:::data/prefix-{}/part-{at}.parquet", at % 40));
        let row = row(arns, super::super::RESOURCES_MAX);
        assert_eq!(row.len(), 40);
        assert!(row.keys().all(|resource| matches!(resource, Resource::Pattern(_))));
        assert!(row.values().all(|stats| stats.count == 125));
    }

    #[test]
    fn a_level_is_found_again_from_its_patterns() {
        let template = reference().template("s3", "object").and_then(arn_template::Template::new).unwrap();
        let arn = "arn:aws:s3:::b/one/two/three";
        for (level, expect) in [
            (Level::Directories(3), None),
            (Level::Directories(2), Some("arn:aws:s3:::b/one/two/*")),
            (Level::Directories(1), Some("arn:aws:s3:::b/one/*")),
            (Level::LastName, Some("arn:aws:s3:::b/*")),
            (Level::AllNames, Some("arn:aws:s3:::*/*")),
        ] {
            let found = widened_by(&template, arn, level);
            assert_eq!(found.as_deref(), expect);
            let Some(arn) = found else { continue };
            let pattern = Resource::Pattern(ResourceName { kind: "object", arn, complete: true });
            assert_eq!(Templates::default().level_of(&pattern), Some(level));
        }
    }

    proptest! {
        /// The rule is a function of the set: however the set is divided, and whatever parts are merged
        /// first, the same bytes come out as from the whole at once.
        #[test]
        fn parts_collapsed_and_merged_are_the_whole_collapsed(
            keys in prop::collection::vec(("[ab](/[abc]?){0,4}", 0..3_u8, 0..4_usize), 0..40),
            max in 1..12_usize,
        ) {
            let arns = |of: &dyn Fn(usize) -> bool| -> Vec<String> {
                keys.iter()
                    .filter(|(.., part)| of(*part))
                    .map(|(key, bucket, _)| format!("arn:aws:s3:::b{bucket}/{key}"))
                    .collect()
            };
            let names = |row: &BTreeMap<Resource, Stats>| -> Vec<(Resource, u64)> {
                row.iter().map(|(resource, stats)| (resource.clone(), stats.count)).collect()
            };
            let merged = |mut one: BTreeMap<Resource, Stats>, other: BTreeMap<Resource, Stats>| {
                for (resource, stats) in other {
                    one.entry(resource).or_default().merge(&stats);
                }
                collapse(&mut one, max);
                one
            };
            let part = |wanted: usize| row(arns(&|part| part == wanted), max);
            let whole = names(&row(arns(&|_| true), max));
            let left = merged(merged(merged(part(0), part(1)), part(2)), part(3));
            let tree = merged(merged(part(3), part(1)), merged(part(2), part(0)));
            prop_assert_eq!(names(&left), whole.clone());
            prop_assert_eq!(names(&tree), whole);
        }
    }
}
