//! What a principal is to SageMaker, in the forms of the report.

use super::escape::code;
use super::json::with_stats;
use super::text::wrapped_list;
use crate::drift::Verdict;
use crate::drift::persona::{Minimum, Persona, Personas};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Names listed in one line.
const NAMES_LISTED: usize = 8;

/// All personas and what is granted beyond their minimums.
pub(super) fn json(personas: &Personas) -> Value {
    let beyond = Verdict::ALL.iter().zip(personas.beyond);
    let beyond: serde_json::Map<String, Value> =
        beyond.map(|(verdict, count)| (verdict.as_str().to_owned(), count.into())).collect();
    json!({
        "personas": personas.list.iter().map(persona).collect::<Vec<_>>(),
        "beyond_minimum": if personas.list.is_empty() { Value::Null } else { Value::Object(beyond) },
    })
}

fn persona(one: &Persona) -> Value {
    let because = one.because.iter().map(|(name, stats)| with_stats(json!({"operation": name}), stats));
    let minimum = one.minimum.iter().map(|one| {
        json!({
            "action": one.action.0.to_string(),
            "when": one.when,
            "verdict": one.verdict.map(Verdict::as_str),
        })
    });
    let guardrails = one.guardrails.iter().map(|guardrail| {
        let on = if guardrail.on_caller { "caller" } else { "own" };
        json!({"key": guardrail.key, "on": on, "present": guardrail.present})
    });
    json!({
        "persona": one.name,
        "because": because.collect::<Vec<_>>(),
        "minimum": minimum.collect::<Vec<_>>(),
        "guardrails": guardrails.collect::<Vec<_>>(),
    })
}

/// A paragraph for each persona, and what is granted beyond all of them.
pub(super) fn markdown(out: &mut String, personas: &Personas) {
    for one in &personas.list {
        let because: Vec<String> = one
            .because
            .iter()
            .map(|(name, stats)| format!("{} {}", code(name), times(stats.count)))
            .collect();
        let _ = writeln!(out, "SageMaker: {} ({}).", one.title, wrapped_list(&because, NAMES_LISTED));
        let listed = |minimum: &dyn Fn(&&Minimum) -> bool| {
            let names: Vec<String> =
                one.minimum.iter().filter(minimum).map(|one| code(&one.action.0.to_string())).collect();
            wrapped_list(&names, NAMES_LISTED)
        };
        let always = |one: &&Minimum| one.when == "always";
        let granted = one.minimum.iter().filter(always).filter(|one| one.verdict.is_some()).count();
        let used = one.minimum.iter().filter(always).filter(|one| one.verdict == Some(Verdict::Used)).count();
        let _ = writeln!(
            out,
            "AWS documents {} actions as enough for that: {granted} are granted, {used} were seen in use.",
            one.minimum.iter().filter(always).count()
        );
        let missing = listed(&|one| one.when == "always" && one.verdict.is_none());
        if !missing.is_empty() {
            let _ = writeln!(out, "Of these it does not have {missing}.");
        }
        let keys = |on_caller: bool| {
            let open = one.guardrails.iter().filter(|key| key.on_caller == on_caller && !key.present);
            wrapped_list(&open.map(|key| code(key.key)).collect::<Vec<_>>(), NAMES_LISTED)
        };
        for (on_caller, whose) in [(false, "its own policies"), (true, "the policies of who starts it")] {
            let keys = keys(on_caller);
            if !keys.is_empty() {
                let _ = writeln!(out, "Conditions to think of in {whose}: {keys}.");
            }
        }
        out.push('\n');
    }
    let [used, .., unused] = personas.beyond;
    let beyond: usize = personas.beyond.iter().sum();
    if beyond > 0 {
        let _ = writeln!(
            out,
            "Beyond these minimums {beyond} actions are granted; {used} of them were used, {unused} are unused.\n"
        );
    }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
