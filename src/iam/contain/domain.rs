//! What the values of one condition key can make of the tests on it.

use crate::iam::condition::{
    Comparison, Context, Decimal, KeyState, Operator, Scope, SetOperator, Truth, atom_holds, parse_date,
    parse_network,
};
use crate::iam::contain::cover::Atom;
use crate::iam::contain::signature::{Budget, Glyph, Kind, glyphs, signatures};
use crate::iam::json::Json;
use crate::iam::policy::ConditionKey;
use crate::iam::reading::Readings;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The most ways in which one key may bear on the tests.
const OUTCOMES_MAX: usize = 4_096;

/// The most distinct values that a multivalued key is tried with, all subsets of them.
const LIST_VALUES_MAX: usize = 8;

/// What a key of a witness is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A single value.
    Value(String),
    /// Several values, or none.
    List(Vec<String>),
    /// Not there.
    Absent,
    /// Some value that was not constructed.
    Opaque,
}

/// The truth of every test on a key, and a state of the key that makes it so.
pub(crate) type Outcomes = Vec<(Vec<bool>, State)>;

/// All truth vectors that the atoms on one key can have at once; maybe some more, never fewer.
/// `None`: too many.
pub(crate) fn outcomes(key: &str, atoms: &[&Atom], budget: &Budget) -> Option<Outcomes> {
    let plain: Vec<usize> =
        (0..atoms.len()).filter(|at| atoms.get(*at).is_some_and(|atom| !opaque(atom))).collect();
    let chosen: Vec<&Atom> = plain.iter().filter_map(|at| atoms.get(*at).copied()).collect();
    let states = states(&chosen, budget)?;
    // Every state is tried against every value of every test.
    let sizes = |atom: &&Atom| 1 + atom.values.iter().map(|value| 1 + value.len() / 4).sum::<usize>();
    let constants: usize = chosen.iter().map(sizes).sum();
    budget.spend(states.len().saturating_mul(constants)).ok()?;
    let mut found: BTreeMap<Vec<bool>, State> = BTreeMap::new();
    let mut order: Vec<Vec<bool>> = Vec::new();
    let tests: Vec<(String, ConditionKey)> = chosen.iter().map(|atom| test(atom)).collect();
    let mut add = |vector: Vec<bool>, state: &State| {
        if let Entry::Vacant(place) = found.entry(vector) {
            order.push(place.key().clone());
            place.insert(state.clone());
        }
    };
    // The default readings first: what they show can be confirmed.
    let mut disputed: Vec<(Vec<bool>, &State)> = Vec::new();
    for state in &states {
        let mut vectors = vectors(key, &tests, state).into_iter();
        let by_default = if *state == State::Opaque { None } else { vectors.next() };
        disputed.extend(vectors.map(|vector| (vector, state)));
        if let Some(vector) = by_default {
            add(vector, state);
        }
    }
    for (vector, state) in disputed {
        add(vector, state);
    }
    if found.len() > OUTCOMES_MAX {
        return None;
    }
    let opaques = atoms.len() - plain.len();
    if opaques >= 10 || order.len() << opaques > OUTCOMES_MAX {
        return None;
    }
    let mut all = Outcomes::new();
    for vector in order {
        let state = found.get(&vector).cloned().unwrap_or(State::Opaque);
        for guess in 0..1_usize << opaques {
            let (mut known, mut bit) = (vector.iter(), 0);
            let full = (0..atoms.len())
                .map(|at| {
                    if plain.binary_search(&at).is_ok() {
                        known.next().copied().unwrap_or(false)
                    } else {
                        bit += 1;
                        guess >> (bit - 1) & 1 == 1
                    }
                })
                .collect();
            all.push((full, state.clone()));
        }
    }
    Some(all)
}

/// A test whose truth is a free choice: its values depend on variables, or nobody knows the operator.
fn opaque(atom: &Atom) -> bool {
    let Some(operator) = Operator::parse(&atom.operator) else { return true };
    let caseless = operator.comparison == Comparison::StringEqualsIgnoreCase;
    atom.variables || (caseless && !atom.values.iter().all(|value| value.is_ascii()))
}

fn test(atom: &Atom) -> (String, ConditionKey) {
    let values = atom.values.iter().cloned().map(Json::String).collect();
    (atom.operator.clone(), ConditionKey { key: atom.key.clone(), values, scalar: false })
}

/// The truth of the tests in one state, by the default reading of disputed points and, for each point
/// that comes up, by the other one.
fn vectors(key: &str, tests: &[(String, ConditionKey)], state: &State) -> Vec<Vec<bool>> {
    let mut context = Context::closed();
    match state {
        State::Value(text) => {
            context.set(key, text.clone());
        }
        State::List(values) => {
            context.set_list(key, values.iter().cloned());
        }
        State::Absent => {}
        State::Opaque => {
            // Nothing is known about the values: everything may be true.
            let count = tests.len().min(12);
            return (0..1_usize << count)
                .map(|bits| (0..tests.len()).map(|at| bits >> at.min(12) & 1 == 1).collect())
                .collect();
        }
    }
    debug_assert!(*state == State::Absent || context.get(key) != KeyState::Absent);
    let read = |readings: &Readings| -> Vec<bool> {
        let scope = Scope { context: &context, variables: false, readings };
        tests.iter().map(|(operator, test)| atom_holds(operator, test, scope) == Truth::True).collect()
    };
    let readings = Readings::default();
    let mut all = vec![read(&readings)];
    for point in readings.touched() {
        let other = read(&Readings::flipping(point));
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Type {
    Text,
    Number,
    Date,
    Address,
    Bytes,
}

fn type_of(comparison: Comparison) -> Option<Type> {
    Some(match comparison {
        Comparison::StringEquals
        | Comparison::StringEqualsIgnoreCase
        | Comparison::StringLike
        | Comparison::Arn
        | Comparison::Bool => Type::Text,
        Comparison::Numeric(_) => Type::Number,
        Comparison::Date(_) => Type::Date,
        Comparison::IpAddress => Type::Address,
        Comparison::Binary => Type::Bytes,
        Comparison::Null => return None,
    })
}

/// States that show everything the tests can tell apart. `None`: too many.
fn states(atoms: &[&Atom], budget: &Budget) -> Option<Vec<State>> {
    let parsed: Vec<(Operator, &Atom)> = atoms
        .iter()
        .filter_map(|atom| Operator::parse(&atom.operator).map(|operator| (operator, *atom)))
        .collect();
    let types: BTreeSet<Type> =
        parsed.iter().filter_map(|(operator, _)| type_of(operator.comparison)).collect();
    let constants = || parsed.iter().flat_map(|(_, atom)| atom.values.iter().map(String::as_str));
    let mut types = types.into_iter();
    let values = match (types.next(), types.next()) {
        (None, _) => vec!["x".to_owned()],
        (Some(_), Some(_)) => return if atoms.len() > 10 { None } else { Some(vec![State::Opaque]) },
        (Some(Type::Text), None) => texts(&parsed, budget)?,
        (Some(Type::Number), None) => numbers(constants())?,
        (Some(Type::Date), None) => dates(constants()),
        (Some(Type::Address), None) => addresses(constants()),
        (Some(Type::Bytes), None) => {
            constants().map(str::to_owned).chain(["AAAAAAAAAAAA".to_owned(), "!".to_owned()]).collect()
        }
    };
    let mut states: Vec<State> = values.iter().cloned().map(State::Value).collect();
    states.push(State::Absent);
    states.push(State::Value(String::new()));
    let sets = parsed.iter().any(|(operator, _)| operator.set.is_some());
    if sets {
        let distinct = distinct(&parsed, &values);
        if distinct.len() > LIST_VALUES_MAX {
            return None;
        }
        for subset in 1..1_usize << distinct.len() {
            let chosen = distinct.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
            states.push(State::List(chosen.map(|(_, value)| value.clone()).collect()));
        }
    } else {
        states.extend(values.into_iter().map(|value| State::List(vec![value])));
    }
    Some(states)
}

/// One value for each way in which a single value can bear on the tests.
fn distinct(parsed: &[(Operator, &Atom)], values: &[String]) -> Vec<String> {
    let mut seen: BTreeSet<Vec<Vec<bool>>> = BTreeSet::new();
    let tests: Vec<(String, ConditionKey)> = parsed
        .iter()
        .map(|(operator, atom)| {
            let (name, test) = test(atom);
            let prefix = match operator.set {
                Some(SetOperator::ForAllValues) => "ForAllValues:",
                Some(SetOperator::ForAnyValue) => "ForAnyValue:",
                None => "",
            };
            (name.strip_prefix(prefix).unwrap_or(&name).to_owned(), test)
        })
        .collect();
    values
        .iter()
        .filter(|value| seen.insert(vectors("k", &rekeyed(&tests), &State::Value((*value).clone()))))
        .cloned()
        .collect()
}

fn rekeyed(tests: &[(String, ConditionKey)]) -> Vec<(String, ConditionKey)> {
    tests
        .iter()
        .map(|(operator, test)| (operator.clone(), ConditionKey { key: "k".to_owned(), ..test.clone() }))
        .collect()
}

/// A text for every combination of text tests.
fn texts(parsed: &[(Operator, &Atom)], budget: &Budget) -> Option<Vec<String>> {
    let mut patterns: Vec<Vec<Glyph>> = Vec::new();
    let mut owners: Vec<usize> = Vec::new();
    let mut add = |owner: usize, pattern: Vec<Glyph>| {
        patterns.push(pattern);
        owners.push(owner);
    };
    let mut literals: BTreeSet<String> = BTreeSet::new();
    for (owner, (operator, atom)) in parsed.iter().enumerate() {
        for value in &atom.values {
            match operator.comparison {
                Comparison::StringEquals => {
                    literals.insert(value.clone());
                    add(owner, literal(value, false));
                }
                Comparison::StringEqualsIgnoreCase => add(owner, literal(value, true)),
                Comparison::StringLike => add(owner, glyphs(value)),
                Comparison::Arn => add(owner, arn(value)),
                Comparison::Bool => {
                    add(owner, literal("true", true));
                    add(parsed.len(), literal("false", true));
                }
                _ => {}
            }
        }
    }
    // Whether a text has the form of an ARN, and whether it is a truth value, matters too.
    add(parsed.len() + 1, arn("*:*:*:*:*:*"));
    let owners_max = parsed.len() + 2;
    let globs = parsed
        .iter()
        .any(|(operator, _)| matches!(operator.comparison, Comparison::StringLike | Comparison::Arn));
    if !globs && patterns.len() > 64 {
        return many_literals(parsed);
    }
    let fold = |bits: &[bool]| {
        let mut folded = vec![false; owners_max];
        for (bit, owner) in bits.iter().zip(&owners) {
            if let Some(place) = folded.get_mut(*owner) {
                *place |= *bit;
            }
        }
        folded
    };
    let found = signatures(&glyphs("*"), &patterns, budget, |_| true, fold).ok()?;
    let mut values: Vec<String> = found.into_values().collect();
    // A text that a list of exact values names is kinder to read than one that the search spelled.
    values.sort_by_key(|value| (!literals.contains(value), value.is_empty()));
    Some(values)
}

/// Many plain texts of one operator: each is its own point, and everything else is one.
fn many_literals(parsed: &[(Operator, &Atom)]) -> Option<Vec<String>> {
    let comparisons: BTreeSet<Comparison> = parsed.iter().map(|(operator, _)| operator.comparison).collect();
    let texts = [Comparison::StringEquals, Comparison::StringEqualsIgnoreCase];
    if comparisons.iter().filter(|one| **one != Comparison::Null).count() != 1
        || !comparisons.iter().any(|one| texts.contains(one))
    {
        return None;
    }
    let mut values: Vec<String> = parsed.iter().flat_map(|(_, atom)| atom.values.iter().cloned()).collect();
    let longest = values.iter().map(String::len).max().unwrap_or(0);
    values.push("x".repeat(longest + 1));
    Some(values)
}

fn literal(text: &str, caseless: bool) -> Vec<Glyph> {
    text.chars().map(|letter| Glyph { kind: Kind::One(letter), colon: true, caseless }).collect()
}

/// An ARN pattern: wildcards before the fifth colon do not match colons.
fn arn(text: &str) -> Vec<Glyph> {
    let mut colons = 0;
    let mut out = Vec::new();
    for mut glyph in glyphs(text) {
        colons += usize::from(glyph.kind == Kind::One(':'));
        glyph.colon = colons >= 5;
        out.push(glyph);
    }
    if colons < 5 {
        // Malformed: it matches nothing.
        out.clear();
        out.push(Glyph { kind: Kind::One('\u{0}'), colon: false, caseless: false });
    }
    out
}

/// Every constant, a number between each two neighbours, one below, one above, and no number.
fn numbers<'a>(constants: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    let mut sorted: Vec<(Decimal, &str)> =
        constants.filter_map(|text| Decimal::parse(text).map(|number| (number, text))).collect();
    sorted.sort();
    sorted.dedup_by(|a, b| a.0 == b.0);
    let mut values: Vec<String> = sorted.iter().map(|(_, text)| (*text).to_owned()).collect();
    for pair in sorted.windows(2) {
        if let [(low, _), (high, _)] = pair {
            values.push(low.between(high)?);
        }
    }
    values.extend(sorted.first().map(|(low, _)| low.below()));
    values.extend(sorted.last().map(|(high, _)| high.above()));
    values.push("x".to_owned());
    Some(values)
}

/// Every constant, and a nanosecond before and behind it.
fn dates<'a>(constants: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut points: BTreeSet<i128> = BTreeSet::new();
    for text in constants {
        for milliseconds in [false, true] {
            points.extend(parse_date(text, milliseconds));
        }
    }
    let near: BTreeSet<i128> = points.iter().flat_map(|point| [point - 1, *point, point + 1]).collect();
    near.into_iter().flat_map(date_texts).chain(["x".to_owned()]).collect()
}

/// Texts that [`parse_date`] reads as this number of nanoseconds or, outside the years that have names, as
/// the whole seconds around it.
fn date_texts(nanos: i128) -> Vec<String> {
    let Ok(seconds) = i64::try_from(nanos.div_euclid(1_000_000_000)) else { return Vec::new() };
    let fraction = nanos.rem_euclid(1_000_000_000);
    match crate::time::Timestamp::from_seconds(seconds) {
        Some(time) => vec![format!("{}.{fraction:09}Z", time.to_string().trim_end_matches('Z'))],
        None => vec![seconds.to_string(), seconds.saturating_add(1).to_string()],
    }
}

/// The first and the last address of every network and their neighbours: each set of networks that an
/// address can lie in at once starts at one of them. And an address of either family, and none.
fn addresses<'a>(constants: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut values: BTreeSet<IpAddr> = BTreeSet::new();
    for network in constants.filter_map(parse_network) {
        let (first, last) = (network.network(), network.broadcast());
        values.extend([Some(first), Some(last), before(first), behind(last)].into_iter().flatten());
    }
    values.extend(["192.0.2.1".parse::<IpAddr>(), "2001:db8::1".parse::<IpAddr>()].into_iter().flatten());
    values.iter().map(IpAddr::to_string).chain(["x".to_owned()]).collect()
}

fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address).checked_sub(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => u128::from(address).checked_sub(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

fn behind(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address).checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => u128::from(address).checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}
