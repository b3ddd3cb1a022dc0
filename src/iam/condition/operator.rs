//! Condition operators: their names, and what one request value makes of one policy value.

use crate::base64;
use crate::iam::condition::context::Context;
use crate::iam::condition::value::{Decimal, parse_bool, parse_date, parse_network};
use crate::iam::condition::variable::{Resolved, has_variable, resolve};
use crate::iam::glob::{self, Item};
use crate::iam::reading::{Point, Readings};
use std::cmp::Ordering;

/// A parsed operator name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:`.
    pub set: Option<SetOperator>,
    /// The comparison, without its negation.
    pub comparison: Comparison,
    /// `…Not…`, `NotIpAddress`.
    pub negated: bool,
    /// `…IfExists`.
    pub if_exists: bool,
}

/// How a multivalued key is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetOperator {
    /// Every value of the request satisfies the operator.
    ForAllValues,
    /// Some value of the request does.
    ForAnyValue,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `StringEquals`.
    StringEquals,
    /// `StringEqualsIgnoreCase`.
    StringEqualsIgnoreCase,
    /// `StringLike`.
    StringLike,
    /// `ArnEquals` and `ArnLike`, which are the same.
    Arn,
    /// `NumericEquals`, `NumericLessThan`, …
    Numeric(Relation),
    /// `DateEquals`, `DateLessThan`, …
    Date(Relation),
    /// `Bool`.
    Bool,
    /// `BinaryEquals`.
    Binary,
    /// `IpAddress`.
    IpAddress,
    /// `Null`.
    Null,
}

/// The request's value stands on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// `…Equals`.
    Equal,
    /// `…LessThan`.
    Less,
    /// `…LessThanEquals`.
    LessOrEqual,
    /// `…GreaterThan`.
    Greater,
    /// `…GreaterThanEquals`.
    GreaterOrEqual,
}

impl Operator {
    /// Reads an operator's name as AWS spells it; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (set, rest) = match text.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(SetOperator::ForAllValues), rest),
            Some(("ForAnyValue", rest)) => (Some(SetOperator::ForAnyValue), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let (comparison, negated) = comparison(name)?;
        if comparison == Comparison::Null && if_exists {
            return None;
        }
        Some(Self { set, comparison, negated, if_exists })
    }

    /// May values of this operator hold policy variables?
    pub fn takes_variables(self) -> bool {
        matches!(
            self.comparison,
            Comparison::StringEquals
                | Comparison::StringEqualsIgnoreCase
                | Comparison::StringLike
                | Comparison::Arn
        )
    }
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    use Comparison as C;
    Some(match name {
        "StringEquals" => (C::StringEquals, false),
        "StringNotEquals" => (C::StringEquals, true),
        "StringEqualsIgnoreCase" => (C::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (C::StringEqualsIgnoreCase, true),
        "StringLike" => (C::StringLike, false),
        "StringNotLike" => (C::StringLike, true),
        "ArnEquals" | "ArnLike" => (C::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (C::Arn, true),
        "Bool" => (C::Bool, false),
        "BinaryEquals" => (C::Binary, false),
        "IpAddress" => (C::IpAddress, false),
        "NotIpAddress" => (C::IpAddress, true),
        "Null" => (C::Null, false),
        _ => {
            let (make, relation): (fn(Relation) -> C, &str) = match name.strip_prefix("Numeric") {
                Some(relation) => (C::Numeric, relation),
                None => (C::Date, name.strip_prefix("Date")?),
            };
            let (relation, negated) = match relation {
                "Equals" => (Relation::Equal, false),
                "NotEquals" => (Relation::Equal, true),
                "LessThan" => (Relation::Less, false),
                "LessThanEquals" => (Relation::LessOrEqual, false),
                "GreaterThan" => (Relation::Greater, false),
                "GreaterThanEquals" => (Relation::GreaterOrEqual, false),
                _ => return None,
            };
            (make(relation), negated)
        }
    })
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// What one request value makes of one policy value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// It matches.
    Match,
    /// It does not.
    Mismatch,
    /// One of the two is not of the operator's type.
    Malformed,
    /// The policy value needs a variable that has no value.
    Unresolvable,
    /// It matches if these unknown variables have the right values.
    Unknown(Vec<String>),
}

impl Compared {
    fn of(matched: Option<bool>) -> Self {
        match matched {
            Some(true) => Self::Match,
            Some(false) => Self::Mismatch,
            None => Self::Malformed,
        }
    }
}

/// Where values are compared: the version decides on variables, the context gives them values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'s> {
    pub(crate) context: &'s Context,
    pub(crate) variables: bool,
    pub(crate) readings: &'s Readings,
}

/// Compares one request value with one policy value, by an operator other than `Null`.
pub(crate) fn compare(comparison: Comparison, policy: &str, request: &str, scope: Scope<'_>) -> Compared {
    match comparison {
        Comparison::StringEquals
        | Comparison::StringEqualsIgnoreCase
        | Comparison::StringLike
        | Comparison::Arn
            if scope.variables && has_variable(policy) =>
        {
            compare_with_variables(comparison, policy, request, scope)
        }
        Comparison::StringEquals => Compared::of(Some(policy == request)),
        Comparison::StringEqualsIgnoreCase => Compared::of(Some(same_ignoring_case(policy, request))),
        Comparison::StringLike => Compared::of(Some(glob::matches(policy, request))),
        Comparison::Arn => {
            let (Some(policy), Some(request)) = (six(policy), six(request)) else {
                return Compared::Malformed;
            };
            Compared::of(Some(policy.iter().zip(request).all(|(pattern, text)| glob::matches(pattern, text))))
        }
        Comparison::Numeric(relation) => Compared::of(
            Decimal::parse(request)
                .zip(Decimal::parse(policy))
                .map(|(request, policy)| relation.holds(request.cmp(&policy))),
        ),
        Comparison::Date(relation) => {
            let date = |text: &str| {
                let milliseconds = text.len() >= 12
                    && text.bytes().all(|byte| byte.is_ascii_digit())
                    && !scope.readings.by_default(Point::EpochSeconds);
                parse_date(text, milliseconds)
            };
            Compared::of(
                date(request).zip(date(policy)).map(|(request, policy)| relation.holds(request.cmp(&policy))),
            )
        }
        Comparison::Bool => Compared::of(
            parse_bool(request).zip(parse_bool(policy)).map(|(request, policy)| request == policy),
        ),
        Comparison::Binary => Compared::of(
            base64::decode(request).zip(base64::decode(policy)).map(|(request, policy)| request == policy),
        ),
        Comparison::IpAddress => Compared::of(
            parse_network(request)
                .zip(parse_network(policy))
                .map(|(request, policy)| policy.contains(&request)),
        ),
        // Presence is tested before values are looked at.
        Comparison::Null => Compared::Mismatch,
    }
}

fn compare_with_variables(comparison: Comparison, policy: &str, request: &str, scope: Scope<'_>) -> Compared {
    let wildcards = matches!(comparison, Comparison::StringLike | Comparison::Arn);
    let (items, unknown) = match resolve(policy, wildcards, scope.context, scope.readings) {
        Resolved::Items { items, unknown } => (items, unknown),
        Resolved::Unresolvable => return Compared::Unresolvable,
    };
    let matched = match comparison {
        Comparison::StringEqualsIgnoreCase => glob::items_match(&items, request, same_letter_ignoring_case),
        Comparison::Arn => {
            let parts: Vec<&[Item]> = items.splitn(6, |item| *item == Item::One(':')).collect();
            let Some(request) = six(request) else {
                // Without a value for the variable, it is the pattern that fails, not the request.
                return if unknown.is_empty() { Compared::Malformed } else { Compared::Unknown(unknown) };
            };
            match (parts.len() == request.len(), unknown.is_empty()) {
                (true, true) => parts
                    .iter()
                    .zip(request)
                    .all(|(items, text)| glob::items_match(items, text, |a, b| a == b)),
                (false, true) => return Compared::Malformed,
                // An unknown value may hold colons: the whole text is compared, which only finds more matches.
                (true, false) => glob::items_match(&items, &request.join(":"), |a, b| a == b),
                // It may even be what makes the pattern well-formed.
                (false, false) => true,
            }
        }
        _ => glob::items_match(&items, request, |a, b| a == b),
    };
    match (matched, unknown.is_empty()) {
        (true, true) => Compared::Match,
        (true, false) => Compared::Unknown(unknown),
        (false, _) => Compared::Mismatch,
    }
}

/// The six parts of an ARN or an ARN pattern.
fn six(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

fn same_ignoring_case(a: &str, b: &str) -> bool {
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}

fn same_letter_ignoring_case(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let parsed = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        let expect = Operator {
            set: Some(SetOperator::ForAnyValue),
            comparison: Comparison::StringLike,
            negated: true,
            if_exists: true,
        };
        assert_eq!(parsed, expect);
        for good in ["Null", "ForAllValues:Null", "NumericGreaterThanEquals", "DateNotEquals", "NotIpAddress"]
        {
            assert!(Operator::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "ForAnyValue::StringLike",
            "StringLikes",
            "NullIfExists",
            "Numeric",
            "DateNotLessThan",
            "stringlike",
            "ForSomeValue:Bool",
            "IfExists",
        ] {
            assert_eq!(Operator::parse(bad), None, "{bad}");
        }
    }
}
