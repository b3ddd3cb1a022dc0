//! Why something new may be ordinary: a thing that was made shortly before by somebody whose work that is, or a
//! tool of infrastructure as code. A cause lowers what a rule's row counts; it never hides it.

use super::event::EventRow;
use super::facts::Facts;
use super::human::who;
use crate::query::Header;

/// What was made explains what is new for so many seconds (48 h).
const FRESH_SECONDS: i64 = 48 * 3_600;

/// What is left of a weight for each cause, as a part of 100.
const KEPT: u32 = 50;

/// The least that is left of a weight, as a part of 100.
const KEPT_MIN: u32 = 25;

/// The causes that the logs show for a hit, in words. The one who acts must be another than the one who made the
/// thing, unless a tool of infrastructure as code did both: who makes a role and hands it over is no excuse
/// for himself. `is_strange`: the principal was never seen in this network.
pub fn causes(event: &EventRow, rule: &Header, facts: &Facts, is_strange: bool) -> Vec<String> {
    let refs = facts.refs.of(event);
    let names = |made: &EventRow| {
        let name = made.resource.as_str();
        match made.name.as_str() {
            "CreateRole" => refs.iter().any(|one| one.kind == "passed_role" && ends(&one.value, name)),
            "CreateUserProfile" => {
                !made.profile.is_empty() && (made.profile == event.profile || is_theirs(&made.profile, event))
            }
            "CreateUser" => event.actor.kind == "user" && event.actor.name == name,
            "CreateBucket" => refs.iter().any(|one| one.kind.starts_with("s3_") && one.norm == made.bucket),
            "CreateRepository" => {
                refs.iter().any(|one| one.kind == "image" && one.norm.ends_with(&format!("/{name}")))
            }
            _ => false,
        }
    };
    let mut all: Vec<String> = facts
        .made
        .iter()
        .filter(|made| {
            made.time <= event.time
                && event.time - made.time <= FRESH_SECONDS
                && made.account == event.account
                && (made.is_iac || who(made) != who(event))
                && !made.resource.is_empty()
                && names(made)
        })
        .map(|made| {
            format!("{} of {} by {} shortly before ({})", made.name, made.about(), who(made), made.id)
        })
        .collect();
    let in_region = |made: &&EventRow| {
        let age = event.time - made.time;
        made.is_iac
            && made.region == event.region
            && made.account == event.account
            && (0..=FRESH_SECONDS).contains(&age)
    };
    if rule.explained_by_region
        && let Some(made) = facts.made.iter().find(in_region)
    {
        all.push(format!(
            "{} of {} in the region shortly before, by a tool ({})",
            made.name,
            made.about(),
            made.id
        ));
    }
    // What a tool calls itself is its own word: from a network that is new for the principal it is no excuse.
    if event.is_iac && !is_strange {
        all.push("made by a tool of infrastructure as code".to_owned());
    }
    all.sort();
    all.dedup();
    all
}

/// The name of a role at the end of its ARN.
fn ends(arn: &str, name: &str) -> bool {
    arn.rsplit('/').next() == Some(name)
}

/// A profile named after the person who acts: `d-1/ana` and `ana@example.com`.
fn is_theirs(profile: &str, event: &EventRow) -> bool {
    let own = profile.rsplit('/').next().unwrap_or_default().to_lowercase();
    let person = event.actor.human.to_lowercase();
    let short = person.split('@').next().unwrap_or_default();
    !own.is_empty() && !short.is_empty() && own.replace('-', ".") == short.replace('-', ".")
}

/// A weight, lowered by so many causes.
pub fn lowered(weight: u32, causes: usize) -> u32 {
    let kept = (0..causes).fold(100, |kept, _| kept * KEPT / 100).max(KEPT_MIN);
    weight * kept / 100
}

#[cfg(test)]
mod tests {
    use super::super::event::Actor;
    use super::super::facts::{Reference, References};
    use super::*;
    use std::collections::BTreeMap;

    fn by(human: &str, time: i64, name: &str) -> EventRow {
        let actor = Actor { human: human.to_owned(), ..Actor::default() };
        EventRow { key: time, time, name: name.to_owned(), actor, ..EventRow::default() }
    }

    #[test]
    fn what_was_made_shortly_before() {
        let passed = Reference {
            kind: "passed_role".to_owned(),
            path: "roleArn".to_owned(),
            value: "arn:aws:iam::111122223333:role/team/new-job".to_owned(),
            norm: String::new(),
            external: false,
        };
        let hit = by("ana", 200_000, "CreateTrainingJob");
        let check = |made: EventRow, expect: usize| {
            let facts = Facts {
                refs: References(BTreeMap::from([(hit.key, vec![passed.clone()])])),
                made: vec![made.clone()],
                ..Facts::default()
            };
            assert_eq!(causes(&hit, &Header::default(), &facts, false).len(), expect, "{made:?}");
        };
        let role = |human: &str, time: i64, name: &str| EventRow {
            resource: name.to_owned(),
            ..by(human, time, "CreateRole")
        };
        check(role("ci", 150_000, "new-job"), 1);
        check(role("ana", 150_000, "new-job"), 0);
        check(EventRow { is_iac: true, ..role("ana", 150_000, "new-job") }, 1);
        check(role("ci", 1_000, "new-job"), 0);
        check(role("ci", 200_001, "new-job"), 0);
        check(role("ci", 150_000, "job"), 0);
    }

    #[test]
    fn the_name_of_a_tool() {
        let hit = EventRow { is_iac: true, ..by("ci", 200_000, "CreateModel") };
        let count = |is_strange: bool| causes(&hit, &Header::default(), &Facts::default(), is_strange).len();
        assert_eq!((count(false), count(true)), (1, 0));
    }

    #[test]
    fn a_region_is_set_up() {
        let hit = EventRow { region: "eu-west-3".to_owned(), ..by("ci", 200_000, "CreateModel") };
        let made =
            EventRow { is_iac: true, region: "eu-west-3".to_owned(), ..by("tool", 150_000, "CreateBucket") };
        let elsewhere = EventRow { region: "eu-west-1".to_owned(), ..made.clone() };
        let count = |explained_by_region: bool, made: &EventRow| {
            let facts = Facts { made: vec![made.clone()], ..Facts::default() };
            causes(&hit, &Header { explained_by_region, ..Header::default() }, &facts, false).len()
        };
        assert_eq!((count(true, &made), count(false, &made), count(true, &elsewhere)), (1, 0, 0));
    }

    #[test]
    fn a_cause_never_hides() {
        assert_eq!([0, 1, 2, 3, 40].map(|causes| lowered(45, causes)), [45, 22, 11, 11, 11]);
    }

    #[test]
    fn a_profile_of_ones_own() {
        for (profile, human, expect) in [
            ("d-1/ana", "ana@example.com", true),
            ("d-1/ana-lee", "ana.lee@example.com", true),
            ("d-1/ana", "bob@example.com", false),
            ("d-1/", "", false),
        ] {
            assert_eq!(is_theirs(profile, &by(human, 0, "")), expect, "{profile} {human}");
        }
    }
}
