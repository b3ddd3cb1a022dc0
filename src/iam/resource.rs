//! Resource patterns: which requests a `Resource` or `NotResource` element covers.
//!
//! A pattern and an ARN are compared part by part, split at the first five colons. The first five parts
//! ignore letter case, the resource part does not.

use crate::iam::arn::{self, Parts};
use crate::iam::condition::variable::{Resolved, has_variable, resolve};
use crate::iam::condition::{Scope, Truth, union};
use crate::iam::glob::{self, Item};
use crate::iam::policy::Matcher;
use crate::iam::reading::{Point, Readings};

/// Where a document is attached: it decides how a resource pattern with fewer than six parts is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyKind {
    /// Identity policy, boundary or session policy: missing parts are `*`.
    Identity,
    /// Resource policy, trust policy or VPC endpoint policy: missing parts are `*` if there is a `*`.
    Resource,
    /// Service control policy: missing parts are `*` if the pattern ends in one.
    ServiceControl,
    /// Resource control policy: no part may be missing.
    ResourceControl,
}

/// The resource of a request, split once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceText<'r> {
    text: &'r str,
    parts: Option<Parts<'r>>,
    /// Has colons behind the fifth, so that a `*` may have something to cross.
    deep: bool,
}

impl<'r> ResourceText<'r> {
    pub(crate) fn new(text: &'r str) -> Self {
        let parts = arn::split(text);
        Self { text, parts, deep: parts.is_some_and(|parts| parts.resource.contains(':')) }
    }
}

/// A resource pattern cut into its parts, missing ones filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape<'p> {
    /// Only stars: everything, also "no resource".
    Everything,
    /// Six parts.
    Parts(Parts<'p>),
    /// Nothing that AWS would accept.
    Unusable,
}

/// Cuts a pattern into parts by the rules of the place where its document is attached.
pub(crate) fn shape(pattern: &str, kind: PolicyKind) -> Shape<'_> {
    if !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') {
        return Shape::Everything;
    }
    if let Some(parts) = arn::split(pattern) {
        return Shape::Parts(parts);
    }
    let mut given = pattern.splitn(6, ':');
    let padded = match kind {
        PolicyKind::Identity => true,
        PolicyKind::Resource => pattern.contains('*'),
        PolicyKind::ServiceControl => pattern.ends_with('*'),
        PolicyKind::ResourceControl => false,
    };
    if given.next() != Some("arn") || !padded {
        return Shape::Unusable;
    }
    let mut part = || given.next().unwrap_or("*");
    Shape::Parts(Parts {
        partition: part(),
        service: part(),
        region: part(),
        account: part(),
        resource: part(),
    })
}

enum Matched {
    Yes,
    No,
    /// The pattern is malformed or needs a variable without a value.
    Unusable,
    /// These variables decide; without any values for them the pattern may also be unusable.
    Unknown(Vec<String>),
    /// No value of these variables makes it match, but it may be unusable without one.
    Never(Vec<String>),
}

/// One string of an element, ready to be matched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern<'p> {
    shape: Shape<'p>,
    has_variable: bool,
}

impl<'p> Pattern<'p> {
    pub(crate) fn new(text: &'p str, kind: PolicyKind) -> Self {
        let shape = shape(text, kind);
        let has_variable = matches!(shape, Shape::Parts(parts) if has_variable(parts.resource));
        Self { shape, has_variable }
    }
}

/// Does a `Resource` or `NotResource` element cover the request's resource? A statement without one
/// covers everything.
pub(crate) fn element_covers(
    element: Option<&Matcher>,
    kind: PolicyKind,
    resource: &ResourceText<'_>,
    scope: Scope<'_>,
) -> Truth {
    let Some(element) = element else { return Truth::True };
    let patterns = element.patterns.values.iter().map(|text| Pattern::new(text, kind));
    patterns_cover(element.negated, patterns, resource, scope)
}

/// [`element_covers`] for patterns that were read already.
pub(crate) fn patterns_cover<'p>(
    negated: bool,
    patterns: impl Iterator<Item = Pattern<'p>>,
    resource: &ResourceText<'_>,
    scope: Scope<'_>,
) -> Truth {
    let (mut covered, mut unusable, mut unknown, mut unusable_unknown) =
        (false, false, Vec::new(), Vec::new());
    for pattern in patterns {
        match pattern_covers(&pattern, resource, scope) {
            Matched::Yes if !negated => return Truth::True,
            Matched::Yes => covered = true,
            Matched::No => {}
            Matched::Unusable => unusable = true,
            Matched::Unknown(keys) => unknown = union(unknown, keys),
            Matched::Never(keys) => unusable_unknown = union(unusable_unknown, keys),
        }
    }
    if negated {
        if covered || (unusable && scope.readings.by_default(Point::UnusableNotResource)) {
            return Truth::False;
        }
        unknown = union(unknown, unusable_unknown);
    }
    if unknown.is_empty() { Truth::from(negated) } else { Truth::Unknown(unknown) }
}

fn pattern_covers(pattern: &Pattern<'_>, resource: &ResourceText<'_>, scope: Scope<'_>) -> Matched {
    let parts = match pattern.shape {
        Shape::Everything => return Matched::Yes,
        Shape::Parts(parts) => parts,
        Shape::Unusable => return Matched::Unusable,
    };
    if scope.variables && pattern.has_variable {
        return match resolve(parts.resource, true, scope.context, scope.readings) {
            // Only a pattern that would otherwise be looked at needs its variables.
            Resolved::Unresolvable if resource.parts.is_some_and(|of| head_covers(&parts, &of)) => {
                Matched::Unusable
            }
            Resolved::Unresolvable => Matched::No,
            Resolved::Items { items, unknown } => {
                let covered = parts_cover(&parts, Rest::Items(&items), resource, scope.readings);
                match (covered, unknown.is_empty()) {
                    (true, true) => Matched::Yes,
                    (false, true) => Matched::No,
                    (true, false) => Matched::Unknown(unknown),
                    (false, false) => Matched::Never(unknown),
                }
            }
        };
    }
    if parts_cover(&parts, Rest::Text(parts.resource), resource, scope.readings) {
        Matched::Yes
    } else {
        Matched::No
    }
}

#[derive(Clone, Copy)]
enum Rest<'p> {
    Text(&'p str),
    Items(&'p [Item]),
}

fn parts_cover(
    pattern: &Parts<'_>,
    rest: Rest<'_>,
    resource: &ResourceText<'_>,
    readings: &Readings,
) -> bool {
    let Some(parts) = &resource.parts else { return false };
    let tail = || match rest {
        Rest::Text(text) => glob::matches(text, parts.resource),
        Rest::Items(items) => glob::items_match(items, parts.resource, |a, b| a == b),
    };
    let covered = (head_covers(pattern, parts) && tail())
        || (resource.deep
            && crosses(pattern, rest, resource.text)
            && readings.by_default(Point::StarCrossesColon));
    covered && (!type_wildcard(pattern) || readings.by_default(Point::ResourceTypeWildcard))
}

/// Partition, service, region and account.
fn head_covers(pattern: &Parts<'_>, parts: &Parts<'_>) -> bool {
    glob::matches_ignore_case(pattern.service, parts.service)
        && glob::matches_ignore_case(pattern.partition, parts.partition)
        && glob::matches_ignore_case(pattern.region, parts.region)
        && glob::matches_ignore_case(pattern.account, parts.account)
}

/// Is the word before the first `/` or `:` of the resource part a pattern, in a service whose resources
/// have such a word? S3's do not.
pub(crate) fn type_wildcard(pattern: &Parts<'_>) -> bool {
    let word = pattern.resource.split_once(['/', ':']).map(|(word, _)| word);
    word.is_some_and(glob::has_wildcard) && !pattern.service.eq_ignore_ascii_case("s3")
}

/// Does the pattern match when a `*` that ends one of the first five parts may run over colons?
fn crosses(pattern: &Parts<'_>, rest: Rest<'_>, text: &str) -> bool {
    let head = [pattern.partition, pattern.service, pattern.region, pattern.account];
    if !head.iter().any(|part| part.ends_with('*')) {
        return false;
    }
    let mut letters: Vec<Letter> = "arn:".chars().map(Letter::caseless).collect();
    for part in head {
        letters.extend(part.chars().map(Letter::caseless));
        if let Some(last) = letters.last_mut().filter(|last| last.kind == Item::Star) {
            last.crosses = true;
        }
        letters.push(Letter::caseless(':'));
    }
    let exact = |kind: Item| Letter { kind, crosses: true, caseless: false };
    match rest {
        Rest::Text(text) => letters.extend(text.chars().map(|letter| exact(Item::of(letter)))),
        Rest::Items(items) => letters.extend(items.iter().copied().map(exact)),
    }
    // row[j]: the letters so far match the first j characters.
    let text: Vec<char> = text.chars().collect();
    let mut row = vec![false; text.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for letter in letters {
        let mut next = Vec::with_capacity(row.len());
        let mut left = letter.kind == Item::Star && row.first() == Some(&true);
        next.push(left);
        for ((found, up), diagonal) in text.iter().zip(row.iter().skip(1)).zip(row.iter()) {
            let may = *found != ':' || letter.crosses;
            left = match letter.kind {
                Item::Star => *up || (left && may),
                Item::Any => *diagonal && may,
                Item::One(wanted) => {
                    *diagonal && (wanted == *found || (letter.caseless && wanted.eq_ignore_ascii_case(found)))
                }
            };
            next.push(left);
        }
        row = next;
    }
    row.last() == Some(&true)
}

/// One position of a pattern over a whole ARN.
#[derive(Clone, Copy)]
struct Letter {
    kind: Item,
    /// May stand for a colon.
    crosses: bool,
    caseless: bool,
}

impl Letter {
    fn caseless(letter: char) -> Self {
        Self { kind: Item::of(letter), crosses: false, caseless: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::condition::Context;

    fn covers(pattern: &str, kind: PolicyKind, negated: bool, resource: &str) -> Truth {
        let context = Context::closed().with("aws:username", "ana").with("aws:star", "*");
        let readings = Readings::default();
        let element = Matcher { negated, ..Matcher::of(vec![pattern.to_owned()]) };
        let scope = Scope { context: &context, variables: true, readings: &readings };
        element_covers(Some(&element), kind, &ResourceText::new(resource), scope)
    }

    fn check(pattern: &str, resource: &str, expect: bool) {
        let found = covers(pattern, PolicyKind::Identity, false, resource);
        assert_eq!(found, Truth::from(expect), "{pattern} ~ {resource}");
        if !pattern.contains("none") {
            let found = covers(pattern, PolicyKind::Identity, true, resource);
            assert_eq!(found, Truth::from(!expect), "not {pattern} ~ {resource}");
        }
    }

    #[test]
    fn patterns_match_part_by_part() {
        check("*", "*", true);
        check("**", "arn:aws:s3:::b", true);
        check("arn:aws:s3:::*", "*", false);
        check("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y", true);
        check("arn:aws:s3:::b/*", "arn:aws:s3:::b", false);
        check("arn:aws:S3:::b", "arn:aws:s3:::b", true);
        check("arn:aws:s3:::B", "arn:aws:s3:::b", false);
        check("arn:aws:sqs:eu-*:1:q", "arn:aws:sqs:eu-west-1:1:q", true);
        check("arn:aws:sqs:*:q", "arn:aws:sqs:eu-west-1:1:q", false);
        // A star that ends a part may run over colons.
        check("arn:aws:logs:*:1:x", "arn:aws:logs:eu:1:group:1:x", true);
        check("arn:aws:logs:*u:1:x", "arn:aws:logs:eu:1:group:1:x", false);
        check("arn:aws:logs:*:*:*:/aws-glue/*", "arn:aws:logs:eu:1:log-group:/aws-glue/x", true);
        // Short patterns.
        check("arn:aws:s3", "arn:aws:s3:::b", true);
        check("arn:aws:sqs:eu:2", "arn:aws:sqs:eu:1:q", false);
        for negated in [false, true] {
            let unusable = covers("s3:::b", PolicyKind::Identity, negated, "arn:aws:s3:::b");
            assert_eq!(unusable, Truth::False);
        }
    }

    #[test]
    fn variables_stay_in_the_resource_part() {
        check("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/ana/x", true);
        check("arn:aws:s3:::b/${aws:star}", "arn:aws:s3:::b/x", false);
        check("arn:aws:s3:::b/${aws:star}", "arn:aws:s3:::b/*", true);
        check("arn:aws:s3:::b/${aws:none}", "arn:aws:s3:::b/x", false);
        check("arn:aws:sqs:${aws:username}:1:q", "arn:aws:sqs:ana:1:q", false);
        let unusable = covers("arn:aws:s3:::b/${aws:none}", PolicyKind::Identity, true, "arn:aws:s3:::b/x");
        assert_eq!(unusable, Truth::False);
    }

    #[test]
    fn short_patterns_depend_on_the_place() {
        let q = "arn:aws:s3:::b";
        for (pattern, kind, expect) in [
            ("arn:aws:s3", PolicyKind::Resource, false),
            ("arn:aws:s3:*", PolicyKind::Resource, true),
            ("arn:aws:*:", PolicyKind::ServiceControl, false),
            ("arn:aws:s3:*", PolicyKind::ServiceControl, true),
            ("arn:aws:s3:*", PolicyKind::ResourceControl, false),
        ] {
            assert_eq!(covers(pattern, kind, false, q), Truth::from(expect), "{pattern} {kind:?}");
        }
    }
}
