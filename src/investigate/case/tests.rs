//! Which hits are one case, and what it scores.

use super::super::facts::Reference;
use super::*;
use crate::query::{Header, Severity};
use proptest::prelude::*;

const HOUR: i64 = 3_600;

fn event(id: &str, actor: &str, hours: i64) -> EventRow {
    let (key, human) = actor.split_once('/').unwrap_or((actor, ""));
    let actor = Actor {
        key: key.to_owned(),
        human: human.to_owned(),
        name: key.to_owned(),
        account: "111122223333".to_owned(),
        kind: "role".to_owned(),
        ..Actor::default()
    };
    let key =
        i64::from(id.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))));
    EventRow { key, id: id.to_owned(), time: hours * HOUR, actor, ok: true, ..EventRow::default() }
}

fn hit(rule: usize, event: &EventRow) -> Hit {
    Hit {
        rule,
        event_id: event.id.clone(),
        time: event.time,
        principal_key: event.actor.key.clone(),
        why: format!("why {rule}"),
    }
}

fn rule(severity: Severity) -> Rule {
    let header = Header { severity: Some(severity), ..Header::default() };
    Rule { name: severity.as_str().to_owned(), header, about_refusals: false }
}

fn facts(mut events: Vec<EventRow>) -> Facts {
    events.sort_by_key(|event| (event.time, event.key));
    Facts { events, ..Facts::default() }
}

/// The ids of each case's evidence, and its score.
fn told(facts: &Facts, hits: &[Hit], rules: &[Rule]) -> Vec<(String, u32)> {
    all_of(facts, hits, rules).iter().map(|case| (case.evidence.join(" "), case.score)).collect()
}

fn all_of<'f>(facts: &'f Facts, hits: &'f [Hit], rules: &[Rule]) -> Vec<Case<'f>> {
    let groups = join(groups(hits, &BTreeSet::new(), facts), facts);
    let context = Context { events: facts.events.clone(), ..Context::default() };
    let mut cases = cases(scored(groups, rules, facts), facts, &context);
    rank(&mut cases);
    cases
}

#[test]
fn a_long_timeline_keeps_what_matters_and_counts_the_rest() {
    let ids: Vec<String> = (0..600).map(|number| format!("e{number:03}")).collect();
    let made = |(number, id): (usize, &String)| {
        let name = format!("Call{}", number % 7);
        let is_write = number >= 590;
        EventRow { key: i64::try_from(number).unwrap(), is_write, name, bytes_out: 1, ..event(id, "r", 0) }
    };
    let facts = facts(ids.iter().enumerate().map(made).collect());
    // Every second one of the last 300 was found; of the others the writes come before the early ones.
    let found = |number: usize| number >= 300 && number.is_multiple_of(2);
    let number = |event: &EventRow| usize::try_from(event.key).unwrap();
    let hits: Vec<Hit> =
        facts.events.iter().filter(|event| found(number(event))).map(|event| hit(0, event)).collect();
    let rules = [rule(Severity::High)];
    let cases = all_of(&facts, &hits, &rules);
    let [case] = cases.as_slice() else { panic!("{} cases", cases.len()) };
    let kept: Vec<usize> = case.timeline.iter().map(|moment| number(&moment.event)).collect();
    let expect = (0..600).filter(|number| *number < 95 || found(*number) || *number >= 590);
    assert_eq!(kept, expect.collect::<Vec<_>>());
    assert_eq!((case.timeline.len(), case.omitted, case.evidence.len()), (TIMELINE_MAX, 350, 150));
    assert_eq!((case.outflow.bytes, case.calls.len()), (600, 7));

    let more: Vec<Hit> = facts.events.iter().map(|event| hit(0, event)).collect();
    assert_eq!(all_of(&facts, &more, &rules)[0].evidence, ids);
}

#[test]
fn one_person_within_six_hours() {
    let rules = [rule(Severity::High), rule(Severity::Medium)];
    let events = [
        event("a1", "r/ana", 0),
        event("a2", "r/ana", 6),
        event("a3", "r/ana", 13),
        event("b1", "r/bob", 1),
        event("c1", "q/ana", 1),
    ];
    let facts = facts(events.to_vec());
    let mut hits: Vec<Hit> = events.iter().map(|event| hit(0, event)).collect();
    hits.push(hit(1, &events[0]));
    let told = told(&facts, &hits, &rules);
    // 1 - 0.55 * 0.75 = 0.5875; the same rule twice counts once.
    let expect = [("a1 a2", 59), ("c1", 45), ("b1", 45), ("a3", 45)];
    let expect: BTreeSet<_> = expect.map(|(ids, score)| (ids.to_owned(), score)).into();
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), expect);
}

#[test]
fn a_role_that_was_handed_over_is_followed() {
    let rules = [rule(Severity::High)];
    let check = |hours: i64, handed: bool, expect: &[&str]| {
        let first = event("hand", "person", 0);
        let second = event("use", "strong", hours);
        let mut facts = facts(vec![first.clone(), second.clone()]);
        if handed {
            let role = Reference {
                kind: "passed_role".to_owned(),
                path: "roleArn".to_owned(),
                value: "arn:aws:iam::111122223333:role/path/strong".to_owned(),
                norm: String::new(),
                external: false,
            };
            facts.refs.0.insert(first.key, vec![role]);
        }
        let told = told(&facts, &[hit(0, &first), hit(0, &second)], &rules);
        let ids: Vec<&str> = told.iter().map(|(ids, _)| ids.as_str()).collect();
        assert_eq!(ids, expect, "{hours} {handed}");
    };
    check(23, true, &["hand use"]);
    check(23, false, &["hand", "use"]);
    check(25, true, &["hand", "use"]);
    check(-1, true, &["use", "hand"]);
}

#[test]
fn a_refused_call_counts_half() {
    let refused = EventRow { ok: false, ..event("a", "r", 0) };
    let facts = facts(vec![refused.clone()]);
    let mut about = rule(Severity::High);
    assert_eq!(told(&facts, &[hit(0, &refused)], &[about.clone()]), [("a".to_owned(), 22)]);
    about.about_refusals = true;
    assert_eq!(told(&facts, &[hit(0, &refused)], &[about]), [("a".to_owned(), 45)]);
}

#[test]
fn who_takes_his_time_about_one_thing() {
    let rules = [rule(Severity::Medium), rule(Severity::Medium)];
    let about =
        |id: &str, hours: i64, thing: &str| EventRow { resource: thing.to_owned(), ..event(id, "r", hours) };
    let check = |hours: i64, thing: &str, expect: &[&str]| {
        let (one, other) = (about("a", 0, "notebook"), about("b", hours, thing));
        let facts = facts(vec![one.clone(), other.clone()]);
        let told = told(&facts, &[hit(0, &one), hit(1, &other)], &rules);
        assert_eq!(told.iter().map(|(ids, _)| ids.as_str()).collect::<Vec<_>>(), expect, "{hours} {thing}");
    };
    check(30, "notebook", &["a b"]);
    check(30, "other", &["a", "b"]);
    check(30, "", &["a", "b"]);
    check(49, "notebook", &["a", "b"]);
}

#[test]
fn what_is_general_counts_where_nothing_says_more() {
    let mut general = rule(Severity::Medium);
    general.header.general = true;
    let rules = [rule(Severity::High), general];
    let (one, other) = (event("a", "r", 0), event("b", "r", 1));
    let facts = facts(vec![one.clone(), other.clone()]);
    let score = |hits: &[Hit]| told(&facts, hits, &rules)[0].1;
    // 1 - 0.55 * 0.88
    assert_eq!(score(&[hit(0, &one), hit(1, &one)]), 52);
    assert_eq!(score(&[hit(0, &one), hit(1, &other)]), 59);
    assert_eq!(score(&[hit(1, &one)]), 25);
}

#[test]
fn scores() {
    let check = |weights: &[u32], expect: u32| {
        let reason = |weight: &u32| Reason {
            rule: 0,
            weight: *weight,
            whys: Vec::new(),
            event_ids: Vec::new(),
            lowered: Vec::new(),
        };
        assert_eq!(score(&weights.iter().map(reason).collect::<Vec<_>>()), expect, "{weights:?}");
    };
    check(&[], 0);
    check(&[45], 45);
    check(&[25, 25], 44);
    check(&[12; 4], 40);
    check(&[12; 3], 32);
    check(&[70, 45], 84);
    check(&[100, 1], 100);
}

proptest! {
    /// More hits never make a score smaller, and every hit's event is in exactly one case.
    #[test]
    fn nothing_is_lost(places in proptest::collection::vec((0_usize..3, 0_i64..40, 0_usize..3), 1..30)) {
        let rules = [rule(Severity::High), rule(Severity::Medium), rule(Severity::Low)];
        let event = |(number, (actor, hours, _)): (usize, &(usize, i64, usize))| {
            event(&format!("e{number}"), ["a/x", "b", "c/y"][*actor], *hours)
        };
        let events: Vec<EventRow> = places.iter().enumerate().map(event).collect();
        let facts = facts(events.clone());
        let mut hits: Vec<Hit> =
            events.iter().zip(&places).map(|(event, (_, _, rule))| hit(*rule, event)).collect();
        let all = told(&facts, &hits, &rules);
        let mut found: Vec<&str> = all.iter().flat_map(|(ids, _)| ids.split(' ')).collect();
        found.sort_unstable();
        let mut expect: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
        expect.sort_unstable();
        prop_assert_eq!(found, expect);
        let highest = all.iter().map(|(_, score)| *score).max();
        hits.pop();
        let fewer = told(&facts, &hits, &rules).iter().map(|(_, score)| *score).max();
        prop_assert!(fewer <= highest);
    }
}
