//! ARN templates of the service reference, `arn:${Partition}:s3:::${BucketName}/${ObjectName}`: which ARNs
//! are of a type, which values their variables have, and how to write one.

use super::arn;

/// Variables whose values may contain `/`, besides those that end in `WithPath`. Every other variable
/// stops there: a bucket's ARN must not match the template of an object.
const WITH_SLASHES: [&str; 7] = [
    "EntityPath",
    "LogGroupName",
    "LogStreamName",
    "ObjectName",
    "ParameterNameWithoutLeadingSlash",
    "RepositoryName",
    "SecretId",
];

/// The one variable whose values may contain `:`.
const WITH_COLONS: &str = "ObjectName";

/// A template taken apart once, for many ARNs. Same answers as the functions of this module.
#[derive(Clone, Debug)]
pub struct Template<'t> {
    /// Partition, service, region, account, resource.
    parts: [Vec<Piece<'t>>; 5],
    literal_len: usize,
}

impl<'t> Template<'t> {
    /// `None` when the text is no ARN template; then no ARN is of its type.
    pub fn new(template: &'t str) -> Option<Self> {
        let parts = arn::split(template)?;
        let parts = [parts.partition, parts.service, parts.region, parts.account, parts.resource];
        Some(Self { parts: parts.map(|part| pieces(part).collect()), literal_len: literal_len(template) })
    }

    /// [`literal_len`].
    pub fn literal_len(&self) -> usize {
        self.literal_len
    }

    /// Does [`bind`] find the ARN to be of this type?
    pub fn matches(&self, arn: &arn::Parts<'_>) -> bool {
        let [partition, service, region, account, resource] = &self.parts;
        // What tells types apart comes first.
        fits(service, arn.service)
            && fits(resource, arn.resource)
            && fits(region, arn.region)
            && fits(account, arn.account)
            && fits(partition, arn.partition)
    }

    /// [`bind`].
    pub fn bind<'a>(&'a self, arn: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let found = arn::split(arn)?;
        let texts = [found.partition, found.service, found.region, found.account, found.resource];
        let mut bindings = Vec::with_capacity(8);
        let mut all = self.parts.iter().zip(texts);
        all.all(|(pieces, text)| bind_pieces(pieces, text, &mut bindings)).then_some(bindings)
    }

    /// [`fill`], appended to `out`.
    pub fn fill_into<'v>(&self, out: &mut String, value: impl Fn(&str) -> Option<&'v str>) {
        out.push_str("arn");
        for part in &self.parts {
            out.push(':');
            for piece in part {
                out.push_str(match piece {
                    Piece::Literal(text) => text,
                    Piece::Variable(name) => value(name).unwrap_or("*"),
                    Piece::Star => "*",
                });
            }
        }
    }

    /// [`fill_all`].
    pub fn fill_all<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
        let mut out = String::with_capacity(128);
        out.push_str("arn");
        for part in &self.parts {
            out.push(':');
            for piece in part {
                out.push_str(match piece {
                    Piece::Literal(text) => text,
                    Piece::Variable(name) => value(name)?,
                    Piece::Star => return None,
                });
            }
        }
        Some(out)
    }
}

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'t> {
    Literal(&'t str),
    Variable(&'t str),
    /// A `*` that the reference itself writes: any text.
    Star,
}

/// The variables of an ARN that is of the template's type, in the template's order; `None` when it is not.
/// A `*` in the template matches any text.
pub fn bind<'a>(template: &'a str, arn: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let (wanted, found) = (arn::split(template)?, arn::split(arn)?);
    let mut bindings = Vec::new();
    for (template, text) in [
        (wanted.partition, found.partition),
        (wanted.service, found.service),
        (wanted.region, found.region),
        (wanted.account, found.account),
        (wanted.resource, found.resource),
    ] {
        let pieces: Vec<_> = pieces(template).collect();
        if !bind_pieces(&pieces, text, &mut bindings) {
            return None;
        }
    }
    Some(bindings)
}

/// The ARN, or ARN pattern, with the values that `value` has for the variables and `*` for the others.
pub fn fill<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    pieces(template)
        .map(|piece| match piece {
            Piece::Literal(text) => text,
            Piece::Variable(name) => value(name).unwrap_or("*"),
            Piece::Star => "*",
        })
        .collect()
}

/// [`fill`], but nothing when a variable has no value or the template has a `*` of its own.
pub fn fill_all<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    pieces(template)
        .map(|piece| match piece {
            Piece::Literal(text) => Some(text),
            Piece::Variable(name) => value(name),
            Piece::Star => None,
        })
        .collect()
}

/// The pattern that every ARN of the type matches: a `*` for each variable.
pub fn to_glob(template: &str) -> String {
    fill(template, |_| None)
}

/// The names of the variables, in order.
pub fn variables(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        Piece::Literal(_) | Piece::Star => None,
    })
}

/// How many characters of the template are fixed: of two types that an ARN matches, the one with more is
/// the better description.
pub fn literal_len(template: &str) -> usize {
    pieces(template)
        .map(|piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Variable(_) | Piece::Star => 0,
        })
        .sum()
}

/// May a value of this variable contain the text? Not when it is empty or has a wildcard, a control
/// character or a separator that would end the variable.
pub fn accepts(variable: &str, value: &str) -> bool {
    // What may be wrong is looked for only when one of its characters is there.
    let odd = memchr::memchr3(b'*', b'?', b'$', value.as_bytes()).is_some();
    is_value(variable, value) && !(odd && (value.contains(['*', '?']) || value.contains("${")))
}

fn is_value(variable: &str, value: &str) -> bool {
    // One pass that never stops, a bit for each thing seen, is quicker than several that may stop.
    let seen = value.bytes().fold(0_u8, |seen, byte| {
        let odd = u8::from(byte.wrapping_sub(0x20) >= 0x5f);
        seen | u8::from(byte == b'/') | u8::from(byte == b':') << 1 | odd << 2
    });
    let (slash, colon, odd) = (seen & 1 != 0, seen & 2 != 0, seen & 4 != 0);
    !value.is_empty()
        && !(odd && value.contains(char::is_control))
        && (!slash || variable.ends_with("WithPath") || WITH_SLASHES.contains(&variable))
        && (!colon || variable == WITH_COLONS)
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let variable = rest.strip_prefix("${").and_then(|inner| inner.split_once('}'));
        // A name stays within its part of the ARN.
        if let Some((name, behind)) = variable.filter(|(name, _)| !name.contains(':')) {
            rest = behind;
            return Some(Piece::Variable(name));
        }
        if let Some(behind) = rest.strip_prefix('*') {
            rest = behind;
            return Some(Piece::Star);
        }
        let mut starts = rest.char_indices().skip(1);
        let end = starts.find(|(at, letter)| *letter == '*' || rest.get(*at..*at + 2) == Some("${"));
        let (literal, behind) = rest.split_at_checked(end.map_or(rest.len(), |(at, _)| at))?;
        rest = behind;
        (!literal.is_empty()).then_some(Piece::Literal(literal))
    })
}

/// Matches the pieces from the left. A variable takes the shortest text that lets the rest match; two
/// variables without a text between them never match, because nothing says where one ends.
fn bind_pieces<'a>(pieces: &[Piece<'a>], text: &'a str, bindings: &mut Vec<(&'a str, &'a str)>) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    let (name, any) = match first {
        Piece::Literal(literal) => {
            return text.strip_prefix(literal).is_some_and(|text| bind_pieces(rest, text, bindings));
        }
        Piece::Variable(name) => (*name, false),
        Piece::Star => ("", true),
    };
    let take = |value: &'a str, behind: &'a str, bindings: &mut Vec<(&'a str, &'a str)>| {
        if !any && !is_value(name, value) {
            return false;
        }
        let before = bindings.len();
        if !any {
            bindings.push((name, value));
        }
        let matched = bind_pieces(rest, behind, bindings);
        if !matched {
            bindings.truncate(before);
        }
        matched
    };
    match rest.first() {
        None => take(text, "", bindings),
        Some(Piece::Literal(next)) => text
            .match_indices(next)
            .filter_map(|(at, _)| text.split_at_checked(at))
            // What no value may contain, no longer value may contain either.
            .take_while(|(value, _)| any || value.is_empty() || is_value(name, value))
            .any(|(value, behind)| take(value, behind, bindings)),
        Some(Piece::Variable(_) | Piece::Star) => false,
    }
}

/// [`bind_pieces`] without the bindings.
fn fits(pieces: &[Piece<'_>], text: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    let good = |value: &str| match first {
        Piece::Variable(name) => is_value(name, value),
        Piece::Literal(_) | Piece::Star => true,
    };
    if let Piece::Literal(literal) = first {
        return text.strip_prefix(literal).is_some_and(|text| fits(rest, text));
    }
    match rest.first() {
        None => good(text),
        Some(Piece::Literal(next)) => {
            match next.as_bytes() {
                // To search for one byte needs no preparation.
                [byte] => fits_at(memchr::memchr_iter(*byte, text.as_bytes()), (text, good), rest),
                next => fits_at(memchr::memmem::find_iter(text.as_bytes(), next), (text, good), rest),
            }
        }
        Some(Piece::Variable(_) | Piece::Star) => false,
    }
}

/// Does the text up to one of the places make a good value, and what is behind it fit the rest?
fn fits_at(
    places: impl Iterator<Item = usize>,
    (text, good): (&str, impl Fn(&str) -> bool),
    rest: &[Piece<'_>],
) -> bool {
    // What no value may contain, no longer value may contain either.
    let mut splits = places.map_while(|at| {
        let (value, behind) = text.split_at_checked(at)?;
        let sound = good(value);
        (sound || value.is_empty()).then_some((sound, behind))
    });
    splits.any(|(sound, behind)| sound && fits(rest, behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::reference::reference;
    use proptest::prelude::*;

    const OBJECT: &str = "arn:${Partition}:s3:::${BucketName}/${ObjectName}";
    const BUCKET: &str = "arn:${Partition}:s3:::${BucketName}";

    #[test]
    fn an_arn_binds_the_variables_of_its_type() {
        for (template, arn, expect) in [
            (
                OBJECT,
                "arn:aws:s3:::b/k:1/x",
                Some(vec![("Partition", "aws"), ("BucketName", "b"), ("ObjectName", "k:1/x")]),
            ),
            (OBJECT, "arn:aws:s3:::b", None),
            (OBJECT, "arn:aws:s3:::b/", None),
            (BUCKET, "arn:aws:s3:::b/k", None),
            (BUCKET, "arn:aws:s3:us-east-1::b", None),
            (BUCKET, "arn:aws:sqs:::b", None),
            (BUCKET, "b", None),
            (
                "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}",
                "arn:aws:lambda:eu-west-1:111122223333:function:f:alias",
                None,
            ),
            (
                "arn:${Partition}:x:::plan:${Name}-${Id}",
                "arn:aws:x:::plan:a-b-c",
                Some(vec![("Partition", "aws"), ("Name", "a"), ("Id", "b-c")]),
            ),
            (
                "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}",
                "arn:aws:iam::111122223333:role/a/b/c",
                Some(vec![("Partition", "aws"), ("Account", "111122223333"), ("RoleNameWithPath", "a/b/c")]),
            ),
            (
                "arn:${Partition}:dms:${Region}::cert:*",
                "arn:aws:dms:r::cert:x/y",
                Some(vec![("Partition", "aws"), ("Region", "r")]),
            ),
        ] {
            assert_eq!(bind(template, arn), expect, "{template} {arn}");
        }
    }

    #[test]
    fn an_arn_of_nothing_but_separators_is_soon_told_apart() {
        // With every place of every separator tried, these would take days.
        let arn = format!("arn:aws:x:::{}", "a/".repeat(2_000));
        let template = format!("arn:${{Partition}}:x:::{}b", "${A}/".repeat(12));
        assert_eq!(bind(&template, &arn), None);
        let apart = Template::new(&template).unwrap();
        assert!(!apart.matches(&arn::split(&arn).unwrap()));
    }

    #[test]
    fn a_template_is_filled() {
        let value = |name: &str| (name == "BucketName").then_some("b");
        assert_eq!(fill(OBJECT, value), "arn:*:s3:::b/*");
        assert_eq!(fill_all(OBJECT, value), None);
        assert_eq!(fill_all(OBJECT, |_| Some("x")).as_deref(), Some("arn:x:s3:::x/x"));
        assert_eq!(to_glob(BUCKET), "arn:*:s3:::*");
        assert_eq!(variables(OBJECT).collect::<Vec<_>>(), ["Partition", "BucketName", "ObjectName"]);
        assert!(literal_len(OBJECT) > literal_len(BUCKET));
    }

    #[test]
    fn every_template_binds_what_it_was_filled_with() {
        let mut templates = 0;
        for action in reference().expand("*") {
            for found in &action.resource_types {
                let names: Vec<_> = variables(found.template).collect();
                let own_name = |name: &str| names.iter().copied().find(|known| *known == name);
                let Some(arn) = fill_all(found.template, own_name) else { continue };
                if found.template.contains("}${") {
                    continue;
                }
                let expect: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
                assert_eq!(bind(found.template, &arn), Some(expect), "{action} {}", found.template);
                assert!(crate::iam::glob::matches(&to_glob(found.template), &arn));
                templates += 1;
            }
        }
        assert!(templates > 10_000, "{templates}");
    }

    proptest! {
        #[test]
        fn a_template_taken_apart_answers_the_same(
            template in "arn(:(\\$\\{[NO]\\}|[a-z*/]){0,4}){4,6}",
            arn in "arn(:[a-z*/]{0,5}){4,6}",
        ) {
            let apart = Template::new(&template);
            let bound = bind(&template, &arn);
            let other = apart.as_ref().and_then(|apart| apart.bind(&arn));
            prop_assert_eq!(&bound, &other);
            let matches = apart.as_ref().zip(arn::split(&arn)).is_some_and(|(apart, arn)| apart.matches(&arn));
            prop_assert_eq!(matches, bound.is_some());
            if let Some(apart) = apart {
                let mut filled = String::new();
                apart.fill_into(&mut filled, |name| (name == "N").then_some("x"));
                prop_assert_eq!(filled, fill(&template, |name| (name == "N").then_some("x")));
                let some = |name: &str| (name == "N").then_some("x");
                prop_assert_eq!(apart.fill_all(some), fill_all(&template, some));
                prop_assert_eq!(apart.fill_all(|_| Some("x")), fill_all(&template, |_| Some("x")));
            }
        }

        #[test]
        fn nothing_panics(template in "(arn:|\\$\\{|\\}|[a-z*:/é-]){0,20}", arn in "(arn:|[a-z*:/é-]){0,30}") {
            bind(&template, &arn);
            fill(&template, |_| Some("x"));
            prop_assert!(literal_len(&template) <= template.len());
        }

        #[test]
        fn an_object_key_survives(key in "[^\\p{Cc}]{1,40}") {
            let arn = format!("arn:aws:s3:::bucket/{key}");
            let bound = bind(OBJECT, &arn).unwrap();
            prop_assert_eq!(bound.last(), Some(&("ObjectName", key.as_str())));
        }
    }
}
