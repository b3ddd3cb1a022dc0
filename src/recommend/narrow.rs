//! Resource scopes: the resources that were touched, never wider than the old statement.

use crate::drift::{ActionReview, Verdict};
use crate::iam::reference::ActionInfo;
use crate::iam::{Statement, arn, arn_template, glob};
use crate::trail::resource_map::is_stable;
use crate::usage::fold::{Level, widened};
use crate::usage::{Resource, ResourceName};
use std::collections::BTreeSet;

/// More resources than this in one statement are given up in favour of the old scope: a policy that
/// lists hundreds of names is neither read nor within the quota.
const RESOURCES_LISTED_MAX: usize = 40;

/// The resources that an action of a statement may be limited to, sorted; `None` when it must keep the
/// statement's own: it is protected, some use is not known to the last resource, the statement uses variables or
/// `NotResource`, or nothing would change.
///
/// Names that are given once and stay (buckets, roles, keys, tables, endpoints) are listed as they are.
/// Names that each run makes anew (objects, jobs, log streams) become `*` under the same parent, in the
/// same partition, region and account.
pub fn resources(review: &ActionReview<'_>, statement: &Statement) -> Option<Vec<String>> {
    let matcher = statement.resource.as_ref()?;
    let old = &matcher.patterns.values;
    if review.verdict != Verdict::Used
        || review.protected.is_some()
        || matcher.negated
        || old.iter().any(|pattern| pattern.contains("${"))
    {
        return None;
    }
    let mut touched: BTreeSet<&ResourceName> = BTreeSet::new();
    for row in &review.uses {
        match row.resource {
            Resource::Arn(name) | Resource::Pattern(name) if name.complete && !name.arn.contains("${") => {
                touched.insert(name);
            }
            _ => return None,
        }
    }
    for one in &review.implied {
        touched.insert(one.resource.as_ref()?);
    }
    let mut scope: BTreeSet<String> = BTreeSet::new();
    for name in &touched {
        scope.extend(within(&candidate(review.action, name), &name.arn, old)?);
    }
    scope.extend(other_types(review.action, &touched, old));
    let scope = without_covered(&scope);
    let before = usable(review.action, old);
    if scope.is_empty() || scope.len() > RESOURCES_LISTED_MAX || scope == before {
        return None;
    }
    Some(scope.into_iter().collect())
}

/// The names kept inside the old patterns, each as it is; `None` when one of them is not inside, when they are
/// too many, or when nothing would change.
pub(super) fn limited(names: &BTreeSet<&str>, old: &[String]) -> Option<Vec<String>> {
    let mut scope: BTreeSet<String> = BTreeSet::new();
    for name in names {
        scope.extend(within(name, name, old)?);
    }
    let scope = without_covered(&scope);
    let changes = scope.iter().ne(old.iter().collect::<BTreeSet<_>>());
    (changes && scope.len() <= RESOURCES_LISTED_MAX && !old.iter().any(|one| one.contains("${")))
        .then(|| scope.into_iter().collect())
}

/// The scope that one touched resource asks for.
fn candidate(action: &ActionInfo, name: &ResourceName) -> String {
    let passes_role = (action.service, action.name) == ("iam", "PassRole");
    let service = arn::split(&name.arn).map_or("", |parts| parts.service);
    if passes_role || (is_stable(service, name.kind) && !creates(action, name.kind)) {
        return name.arn.clone();
    }
    match widened(Resource::Arn(name.clone()), Level::LastName) {
        Resource::Pattern(pattern) => pattern.arn,
        _ => name.arn.clone(),
    }
}

/// Does the action make resources of this type, as `CreatePipeline` makes a `pipeline`? The next one will
/// have another name, however long its names last.
fn creates(action: &ActionInfo, kind: &str) -> bool {
    let Some(made) = action.name.strip_prefix("Create") else { return false };
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    letters(made).eq_ignore_ascii_case(&letters(kind))
}

/// Keeps a scope inside the old patterns: the candidate when one of them covers it, else those of them
/// that the touched resource matched. `None` when there are none, which leaves the statement alone.
fn within(candidate: &str, arn: &str, old: &[String]) -> Option<Vec<String>> {
    if old.iter().any(|pattern| glob::covers(pattern, candidate)) {
        return Some(vec![candidate.to_owned()]);
    }
    let matched: Vec<String> = old.iter().filter(|pattern| glob::overlaps(pattern, arn)).cloned().collect();
    (!matched.is_empty()).then_some(matched)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::reference::reference;

    #[test]
    fn what_is_created_has_a_new_name_each_time() {
        for (service, action, kind, expect) in [
            ("sagemaker", "CreatePipeline", "pipeline", true),
            ("sagemaker", "CreateTrainingJob", "training-job", true),
            ("s3", "CreateBucket", "bucket", true),
            ("iam", "CreateRole", "role", true),
            ("cloudfront", "CreateInvalidation", "distribution", false),
            ("sagemaker", "StartPipelineExecution", "pipeline", false),
            ("s3", "GetObject", "object", false),
        ] {
            let action = reference().action(service, action).unwrap();
            assert_eq!(creates(action, kind), expect, "{action} {kind}");
        }
    }
}
