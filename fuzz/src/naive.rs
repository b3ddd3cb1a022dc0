//! A second evaluator, slow and obvious, written from the semantics alone: it shares no code with the
//! crate. Policies are plain JSON values, patterns are matched by recursion.

use serde_json::Value;
use std::collections::BTreeMap;

/// A key of a request.
#[derive(Clone, Debug)]
pub enum Key {
    One(String),
    Many(Vec<String>),
}

pub type Keys = BTreeMap<String, Key>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}

pub fn evaluate(policies: &[Value], action: &str, resource: &str, keys: &Keys) -> Answer {
    let mut answer = Answer::ImplicitDeny;
    for policy in policies {
        let variables = policy["Version"] == "2012-10-17";
        for statement in many(&policy["Statement"]) {
            if !applies(&statement, variables, action, resource, keys) {
                continue;
            }
            if statement["Effect"] == "Deny" {
                return Answer::ExplicitDeny;
            }
            answer = Answer::Allow;
        }
    }
    answer
}

fn applies(statement: &Value, variables: bool, action: &str, resource: &str, keys: &Keys) -> bool {
    let by_action = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(list), _) => texts(list).iter().any(|pattern| action_matches(pattern, action)),
        (None, Some(list)) => !texts(list).iter().any(|pattern| action_matches(pattern, action)),
        (None, None) => false,
    };
    let found = |list: &Value| -> Vec<Option<bool>> {
        texts(list).iter().map(|pattern| resource_matches(pattern, variables, resource, keys)).collect()
    };
    let by_resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(list), _) => found(list).contains(&Some(true)),
        // A pattern without meaning keeps the whole statement from applying.
        (None, Some(list)) => found(list).iter().all(|one| *one == Some(false)),
        (None, None) => true,
    };
    by_action && by_resource && block_holds(&statement["Condition"], variables, keys)
}

fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn texts(value: &Value) -> Vec<String> {
    many(value)
        .iter()
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect()
}

/// `special` marks wildcards, so that a substituted `*` is a plain character.
#[derive(Clone, Copy, PartialEq)]
struct Mark {
    letter: char,
    special: bool,
    crosses: bool,
}

fn marks(text: &str) -> Vec<Mark> {
    text.chars()
        .map(|letter| Mark { letter, special: letter == '*' || letter == '?', crosses: true })
        .collect()
}

fn glob(pattern: &[Mark], text: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    if first.special && first.letter == '*' {
        let mut end = 0;
        loop {
            if glob(rest, &text[end..]) {
                return true;
            }
            if end == text.len() || (text[end] == ':' && !first.crosses) {
                return false;
            }
            end += 1;
        }
    }
    let Some((found, tail)) = text.split_first() else { return false };
    let same = if first.special { first.crosses || *found != ':' } else { first.letter == *found };
    same && glob(rest, tail)
}

fn globs(pattern: &str, text: &str) -> bool {
    glob(&marks(pattern), &text.chars().collect::<Vec<_>>())
}

fn action_matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let parts: Vec<&str> = pattern.split(':').collect();
    match parts.as_slice() {
        [one] => !one.is_empty() && one.chars().all(|letter| letter == '*'),
        [service, name] => {
            let (of, what) = action.split_once(':').unwrap();
            *service == of && !name.is_empty() && !name.contains([' ', ',', '\t']) && globs(name, what)
        }
        _ => false,
    }
}

/// `None`: the pattern has no meaning for this request.
fn resource_matches(pattern: &str, variables: bool, resource: &str, keys: &Keys) -> Option<bool> {
    if !pattern.is_empty() && pattern.chars().all(|letter| letter == '*') {
        return Some(true);
    }
    let mut parts: Vec<String> = pattern.splitn(6, ':').map(str::to_owned).collect();
    if parts[0] != "arn" || parts.len() == 1 && pattern != "arn" {
        return None;
    }
    while parts.len() < 6 {
        parts.push("*".to_owned());
    }
    let asked: Vec<&str> = resource.splitn(6, ':').collect();
    if asked.len() < 6 || asked[0] != "arn" {
        // Only `*` covers "no resource"; whether the pattern has a meaning is not asked.
        return Some(false);
    }
    let head = (1..5).all(|at| globs(&parts[at].to_lowercase(), &asked[at].to_lowercase()));
    let rest = if variables && parts[5].contains("${") {
        match substitute(&parts[5], true, keys) {
            Some(rest) => rest,
            None => return if head { None } else { Some(false) },
        }
    } else {
        marks(&parts[5])
    };
    if head && glob(&rest, &asked[5].chars().collect::<Vec<_>>()) {
        return Some(true);
    }
    // A star that ends a part may run over colons. Letter case differs between head and rest, which the
    // tests avoid by lower-case heads.
    let mut whole = marks("arn:");
    for part in &parts[1..5] {
        let mut part = marks(part);
        let last = part.len().saturating_sub(1);
        for (at, mark) in part.iter_mut().enumerate() {
            mark.crosses = at == last && mark.letter == '*';
        }
        whole.extend(part);
        whole.extend(marks(":"));
    }
    whole.extend(rest);
    Some(glob(&whole, &resource.chars().collect::<Vec<_>>()))
}

fn substitute(text: &str, wildcards: bool, keys: &Keys) -> Option<Vec<Mark>> {
    let plain = |text: &str| -> Vec<Mark> {
        text.chars().map(|letter| Mark { letter, special: false, crosses: true }).collect()
    };
    let given = |text: &str| if wildcards { marks(text) } else { plain(text) };
    let Some(start) = text.find("${") else { return Some(given(text)) };
    let Some(length) = text[start..].find('}') else { return Some(given(text)) };
    let inside = &text[start + 2..start + length];
    let mut out = given(&text[..start]);
    if ["*", "?", "$"].contains(&inside) {
        out.extend(plain(inside));
    } else {
        let (key, default) = match inside.split_once(", '") {
            Some((key, default)) if default.ends_with('\'') => (key, Some(&default[..default.len() - 1])),
            _ => (inside, None),
        };
        match (keys.get(&key.to_lowercase()), default) {
            (Some(Key::One(value)), _) => out.extend(plain(value)),
            (_, Some(default)) => out.extend(plain(default)),
            _ => return None,
        }
    }
    out.extend(substitute(&text[start + length + 1..], wildcards, keys)?);
    Some(out)
}

fn block_holds(block: &Value, variables: bool, keys: &Keys) -> bool {
    let Value::Object(operators) = block else { return true };
    operators.iter().all(|(operator, tests)| {
        tests.as_object().unwrap().iter().all(|(key, values)| {
            test_holds(operator, keys.get(&key.to_lowercase()), &texts(values), (variables, keys))
        })
    })
}

fn test_holds(operator: &str, key: Option<&Key>, values: &[String], scope: (bool, &Keys)) -> bool {
    let (set, name) = operator.split_once(':').map_or((None, operator), |(set, name)| (Some(set), name));
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    if name == "Null" {
        let absent = match key {
            None => true,
            Some(Key::Many(list)) => list.is_empty(),
            Some(Key::One(_)) => false,
        };
        return values.iter().any(|value| value.to_lowercase() == absent.to_string());
    }
    let negated = name.contains("Not");
    let positive = name.replacen("Not", "", 1);
    let one = |request: &String| {
        let results: Vec<Option<bool>> =
            values.iter().map(|value| compare(&positive, value, request, scope)).collect();
        if negated {
            // A malformed value fails; an unresolvable variable is a value that nothing equals.
            results.iter().all(|result| *result == Some(false))
        } else {
            results.contains(&Some(true))
        }
    };
    match (key, set) {
        (None, None) => negated || if_exists,
        (None, Some("ForAllValues")) => true,
        (None, Some(_)) => if_exists,
        (Some(Key::Many(list)), _) if list.is_empty() => test_holds(operator, None, values, scope),
        (Some(Key::One(value)), _) => one(value),
        (Some(Key::Many(list)), Some("ForAllValues")) => list.iter().all(one),
        (Some(Key::Many(list)), Some(_)) => list.iter().any(one),
        (Some(Key::Many(_)), None) => false,
    }
}

/// `None`: malformed.
fn compare(name: &str, policy: &str, request: &str, (variables, keys): (bool, &Keys)) -> Option<bool> {
    if let Some(relation) = name.strip_prefix("Numeric") {
        let (left, right): (f64, f64) = (request.parse().ok()?, policy.parse().ok()?);
        return Some(match relation {
            "Equals" => left.partial_cmp(&right).is_some_and(std::cmp::Ordering::is_eq),
            "LessThan" => left < right,
            "LessThanEquals" => left <= right,
            "GreaterThan" => left > right,
            _ => left >= right,
        });
    }
    let text = |wildcards: bool| -> Option<Vec<Mark>> {
        if variables {
            substitute(policy, wildcards, keys)
        } else if wildcards {
            Some(marks(policy))
        } else {
            Some(policy.chars().map(|letter| Mark { letter, special: false, crosses: true }).collect())
        }
    };
    let letters: Vec<char> = request.chars().collect();
    match name {
        "StringEquals" => Some(text(false).is_some_and(|text| glob(&text, &letters))),
        "StringEqualsIgnoreCase" => Some(text(false).is_some_and(|text| {
            let lower: String = text.iter().map(|mark| mark.letter).collect();
            lower.to_lowercase() == request.to_lowercase()
        })),
        "StringLike" => Some(text(true).is_some_and(|text| glob(&text, &letters))),
        "ArnLike" | "ArnEquals" => {
            let Some(text) = text(true) else { return Some(false) };
            let parts: Vec<&[Mark]> = text.splitn(6, |mark| mark.letter == ':').collect();
            let asked: Vec<Vec<char>> = request.splitn(6, ':').map(|part| part.chars().collect()).collect();
            if parts.len() < 6 || asked.len() < 6 {
                return None;
            }
            Some(parts.iter().zip(&asked).all(|(part, asked)| glob(part, asked)))
        }
        "Bool" => {
            let truth = |text: &str| match text.to_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            };
            Some(truth(request)? == truth(policy)?)
        }
        "IpAddress" => {
            let (network, bits) = policy.split_once('/').unwrap_or((policy, "32"));
            let number = |text: &str| -> Option<u32> {
                let parts: Vec<u32> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
                (parts.len() == 4 && parts.iter().all(|part| *part < 256))
                    .then(|| parts.iter().fold(0, |sum, part| sum * 256 + part))
            };
            let bits: u32 = bits.parse().ok()?;
            let shift = 32 - bits;
            let (left, right) = (number(request)?, number(network)?);
            Some(shift == 32 || left >> shift == right >> shift)
        }
        other => panic!("{other}"),
    }
}
