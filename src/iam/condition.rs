//! Conditions: a statement's `Condition` block tested against what is known about a request.

mod context;
mod operator;
mod value;
pub(crate) mod variable;

pub use context::{Context, KeyState, Truth};
pub use operator::{Comparison, Operator, Relation, SetOperator};

pub(crate) use context::union;
pub(crate) use operator::{Compared, Scope, compare};
pub(crate) use value::{Decimal, parse_bool, parse_date, parse_network};

use crate::iam::json::Json;
use crate::iam::policy::{ConditionKey, ConditionOperator};
use crate::iam::reading::{Point, Readings};
use std::borrow::Cow;

/// Does the block hold? All operators, all keys of each, must be satisfied; an empty block is.
///
/// `variables` says whether the document's version knows policy variables (2012-10-17 does). An
/// operator that AWS does not know, which it would not let anybody save, is undecided.
pub fn holds(block: &[ConditionOperator], context: &Context, variables: bool) -> Truth {
    block_holds(block, Scope { context, variables, readings: &Readings::default() })
}

pub(crate) fn block_holds(block: &[ConditionOperator], scope: Scope<'_>) -> Truth {
    let mut all = Truth::True;
    for entry in block {
        for key in &entry.keys {
            all = all.and(atom_holds(&entry.operator, key, scope));
            if all.is_false() {
                return all;
            }
        }
    }
    all
}

/// One key of one operator.
pub(crate) fn atom_holds(operator: &str, test: &ConditionKey, scope: Scope<'_>) -> Truth {
    match Operator::parse(operator) {
        Some(operator) => key_holds(operator, test, scope),
        None => Truth::Unknown(vec![format!("condition operator `{operator}`")]),
    }
}

fn key_holds(operator: Operator, test: &ConditionKey, scope: Scope<'_>) -> Truth {
    let state = match scope.context.get(&test.key) {
        KeyState::Value("") if !scope.readings.by_default(Point::EmptyStringIsPresent) => KeyState::Absent,
        // A multivalued key without values is not there.
        KeyState::List([]) => KeyState::Absent,
        state => state,
    };
    if operator.comparison == Comparison::Null {
        return null_holds(operator, test, &state, scope);
    }
    match state {
        KeyState::Unknown => Truth::Unknown(vec![test.key.to_ascii_lowercase()]),
        KeyState::Absent => absent_holds(operator, scope).into(),
        KeyState::Value(value) => value_holds(operator, &test.values, value, scope),
        KeyState::List(values) => list_holds(operator, &test.values, values, scope),
    }
}

/// An absent key satisfies negated operators and `…IfExists`; under set operators see the arms.
fn absent_holds(operator: Operator, scope: Scope<'_>) -> bool {
    match operator.set {
        None => operator.negated || operator.if_exists,
        Some(SetOperator::ForAllValues) => true,
        Some(SetOperator::ForAnyValue) => {
            operator.if_exists && scope.readings.by_default(Point::AnyValueIfExistsAbsent)
        }
    }
}

fn list_holds(operator: Operator, policy: &[Json], values: &[String], scope: Scope<'_>) -> Truth {
    let each = |value: &String| value_holds(operator, policy, value, scope);
    match operator.set {
        Some(SetOperator::ForAllValues) => values.iter().map(each).fold(Truth::True, Truth::and),
        None if scope.readings.by_default(Point::ListUnderPlainOperator) => Truth::False,
        Some(SetOperator::ForAnyValue) | None => values.iter().map(each).fold(Truth::False, Truth::or),
    }
}

/// One request value against all policy values: any of them or, when negated, none of them.
fn value_holds(operator: Operator, policy: &[Json], request: &str, scope: Scope<'_>) -> Truth {
    let (mut unknown, mut malformed, mut unresolvable) = (Vec::new(), false, false);
    for value in policy {
        match compare(operator.comparison, &scalar_text(value), request, scope) {
            Compared::Match => return Truth::from(!operator.negated),
            Compared::Mismatch => {}
            Compared::Malformed => malformed = true,
            Compared::Unresolvable => unresolvable = true,
            Compared::Unknown(keys) => unknown = union(unknown, keys),
        }
    }
    if operator.negated
        && ((malformed && scope.readings.by_default(Point::MalformedValueNegated))
            || (unresolvable && !scope.readings.by_default(Point::UnresolvedVariableNegated)))
    {
        return Truth::False;
    }
    if unknown.is_empty() { Truth::from(operator.negated) } else { Truth::Unknown(unknown) }
}

fn null_holds(operator: Operator, test: &ConditionKey, state: &KeyState<'_>, scope: Scope<'_>) -> Truth {
    let absent = match state {
        KeyState::Unknown => return Truth::Unknown(vec![test.key.to_ascii_lowercase()]),
        KeyState::Absent => true,
        KeyState::Value(_) | KeyState::List(_) => false,
    };
    if absent && operator.set.is_some() && !scope.readings.by_default(Point::NullUnderSetOperator) {
        return Truth::from(operator.set == Some(SetOperator::ForAllValues));
    }
    Truth::from(test.values.iter().any(|value| parse_bool(&scalar_text(value)) == Some(absent)))
}

/// The text that a scalar of a policy stands for.
pub(crate) fn scalar_text(value: &Json) -> Cow<'_, str> {
    match value {
        Json::String(text) => Cow::Borrowed(text),
        Json::Bool(true) => Cow::Borrowed("true"),
        Json::Bool(false) => Cow::Borrowed("false"),
        Json::Number(number) => Cow::Borrowed(number.as_str()),
        Json::Null | Json::Array(_) | Json::Object(_) => Cow::Borrowed(""),
    }
}
