//! Resource scopes: the resources that were touched, never wider than the old statement.

use super::ResourceLevel;
use super::generalise::{self, creates};
use super::inventory::{Inventory, type_of};
use crate::drift::{ActionReview, Verdict};
use crate::iam::reference::ActionInfo;
use crate::iam::{Statement, arn, arn_template, glob};
use crate::usage::{Resource, ResourceName};
use std::collections::BTreeSet;

/// More resources than this for one action of a statement are not listed: a policy that lists hundreds of
/// names is neither read nor within the quota. `exact` falls back to `generalise`, and that to the old scope.
const RESOURCES_LISTED_MAX: usize = 40;

/// What a `*` in a proposed resource covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    /// The resource with the `*`.
    pub pattern: String,
    /// Resources that the action touched; a row that stands for many counts as one.
    pub observed: usize,
    /// How many of them the pattern covers.
    pub matched: usize,
    /// Resources of the same types that it covers too, and that the logs show with other actions or other
    /// principals only. A lower bound: what exists and was never touched, or does not exist yet, is in no log.
    pub over_grant: usize,
}

/// What the wildcards in the resources that [`resources`] found cover.
pub fn wildcards(review: &ActionReview<'_>, resources: &[String], known: &Inventory<'_>) -> Vec<Wildcard> {
    let touched = touched(review).unwrap_or_default();
    let names: BTreeSet<&str> = touched.iter().map(|name| name.arn.as_str()).collect();
    let count = |pattern: &String| {
        let matched: Vec<_> = touched.iter().filter(|name| glob::covers(pattern, &name.arn)).collect();
        let types: BTreeSet<_> = matched.iter().map(|name| type_of(name)).collect();
        let others = types.iter().flat_map(|(service, kind)| known.under(service, kind, pattern));
        let over_grant = others.filter(|arn| !names.contains(arn)).count();
        Wildcard { pattern: pattern.clone(), observed: touched.len(), matched: matched.len(), over_grant }
    };
    let wild = resources.iter().filter(|one| glob::has_wildcard(one));
    // Resource types that were not touched, but that the action may check too, have nothing to compare with.
    wild.map(count).filter(|one| one.matched > 0).collect()
}

/// The resources that an action of a statement may be limited to, sorted; `None` when it must keep the
/// statement's own: it is protected, some use is not known to the last resource, the statement uses variables or
/// `NotResource`, or nothing would change.
pub fn resources(
    review: &ActionReview<'_>,
    statement: &Statement,
    level: ResourceLevel,
) -> Option<Vec<String>> {
    let matcher = statement.resource.as_ref()?;
    let old = &matcher.patterns.values;
    let variable = || old.iter().any(|pattern| pattern.contains("${"));
    let fixed = level == ResourceLevel::Keep || review.protected.is_some();
    if fixed || review.verdict != Verdict::Used || matcher.negated || variable() {
        return None;
    }
    let touched = touched(review)?;
    let before = usable(review.action, old);
    let scope = |patterns: BTreeSet<String>| {
        let mut scope = within(patterns, &touched, old)?;
        scope.extend(other_types(review.action, &touched, old));
        let scope = without_covered(&scope);
        (!scope.is_empty() && scope.len() <= RESOURCES_LISTED_MAX).then_some(scope)
    };
    // A row that stands for many resources has no names to list.
    let crowded = review.uses.iter().any(|row| matches!(row.resource, Resource::Pattern(_)));
    let listed = level == ResourceLevel::Exact && !crowded && touched.len() <= RESOURCES_LISTED_MAX;
    let exact = listed.then(|| scope(exact(review.action, &touched))).flatten();
    let scope = exact.or_else(|| scope(generalise::patterns(review.action, &touched)))?;
    (scope != before).then(|| scope.into_iter().collect())
}

/// What the action touched, or needs by a definition; `None` when that is not known to the last resource.
fn touched<'r>(review: &'r ActionReview<'_>) -> Option<BTreeSet<&'r ResourceName>> {
    let known = |resource: &'r Resource| match resource {
        Resource::Arn(name) | Resource::Pattern(name) if name.complete && !name.arn.contains("${") => {
            Some(name)
        }
        _ => None,
    };
    let used = review.uses.iter().map(|row| known(row.resource));
    used.chain(review.implied.iter().map(|one| one.resource.as_ref())).collect()
}

/// The touched resources as they are, but for the names of what the action creates: the next one has
/// another name, and a policy that lists the old ones forbids every use.
fn exact(action: &ActionInfo, touched: &BTreeSet<&ResourceName>) -> BTreeSet<String> {
    let (made, found): (BTreeSet<_>, BTreeSet<_>) =
        touched.iter().partition(|name| creates(action, name.kind));
    let mut exact = generalise::patterns(action, &made);
    exact.extend(found.into_iter().map(|name| name.arn.clone()));
    exact
}

/// Keeps patterns inside the old ones: a pattern when an old one covers it, else those old ones that the
/// resources under it matched. `None` when there are none, which leaves the statement alone.
fn within(
    patterns: BTreeSet<String>,
    touched: &BTreeSet<&ResourceName>,
    old: &[String],
) -> Option<BTreeSet<String>> {
    let mut scope = BTreeSet::new();
    for pattern in patterns {
        let names = touched.iter().map(|name| name.arn.as_str());
        scope.extend(inside(&pattern, names.filter(|arn| glob::covers(&pattern, arn)), old)?);
    }
    Some(scope)
}

/// The names kept inside the old patterns, each as it is; `None` when one of them is not inside, when they are
/// too many, or when nothing would change.
pub(super) fn limited(names: &BTreeSet<&str>, old: &[String]) -> Option<Vec<String>> {
    let mut scope: BTreeSet<String> = BTreeSet::new();
    for name in names {
        scope.extend(inside(name, std::iter::once(*name), old)?);
    }
    let scope = without_covered(&scope);
    let changes = scope.iter().ne(old.iter().collect::<BTreeSet<_>>());
    (changes && scope.len() <= RESOURCES_LISTED_MAX && !old.iter().any(|one| one.contains("${")))
        .then(|| scope.into_iter().collect())
}

/// One pattern kept inside the old ones, see [`within`]. `meant` are the resources under it.
fn inside<'m>(
    pattern: &str,
    meant: impl Iterator<Item = &'m str>,
    old: &[String],
) -> Option<BTreeSet<String>> {
    if old.iter().any(|old| glob::covers(old, pattern)) {
        return Some(BTreeSet::from([pattern.to_owned()]));
    }
    let mut scope = BTreeSet::new();
    for arn in meant {
        let mut matched = old.iter().filter(|old| glob::overlaps(old, arn)).peekable();
        matched.peek()?;
        scope.extend(matched.cloned());
    }
    Some(scope)
}

/// Resource types that the action may check besides the touched ones keep all that the old statement
/// gives them. Where every type is optional, they are alternatives (an object or an access point's
/// object), and the one that was touched is the one that is meant.
fn other_types(action: &ActionInfo, touched: &BTreeSet<&ResourceName>, old: &[String]) -> Vec<String> {
    if !action.resource_types.iter().any(|kind| kind.required) {
        return Vec::new();
    }
    let partition =
        touched.first().and_then(|name| arn::split(&name.arn)).map_or("*", |parts| parts.partition);
    let mut scope = Vec::new();
    for kind in action.resource_types.iter().filter(|kind| !touched.iter().any(|name| name.kind == kind.name))
    {
        let template =
            arn_template::fill(kind.template, |name| Some(partition).filter(|_| name == "Partition"));
        if old.iter().any(|pattern| glob::covers(pattern, &template)) {
            scope.push(template);
        } else {
            scope.extend(old.iter().filter(|pattern| glob::overlaps(pattern, &template)).cloned());
        }
    }
    scope
}

/// The old patterns that can mean a resource of a type that the action takes.
fn usable(action: &ActionInfo, old: &[String]) -> BTreeSet<String> {
    let templates: Vec<String> =
        action.resource_types.iter().map(|kind| arn_template::to_glob(kind.template)).collect();
    let can_match = |pattern: &String| templates.iter().any(|template| glob::overlaps(template, pattern));
    old.iter().filter(|pattern| can_match(pattern)).cloned().collect()
}

/// Drops patterns that another one covers.
fn without_covered(scope: &BTreeSet<String>) -> BTreeSet<String> {
    let covered = |one: &String| {
        scope.iter().any(|other| {
            other != one && glob::covers(other, one) && !(glob::covers(one, other) && one < other)
        })
    };
    scope.iter().filter(|one| !covered(one)).cloned().collect()
}
