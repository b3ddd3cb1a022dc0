//! The promises of the summary, against a plain way of making it that remembers nothing.

use super::*;
use crate::iam::AccountId;
use crate::iam::reference::reference;
use crate::trail::action_map::{self, Mapping};
use crate::trail::condition_values::ConditionPaths;
use crate::trail::definitions::Definition;
use crate::trail::event::{Event, EventResource, SessionIssuer, UserIdentity};
use crate::trail::identity::{self, Principal};
use crate::trail::passed_roles::{self, PassedRole, PassedRoles};
use crate::trail::request::RequestParameters;
use crate::trail::resource_map::{self, Resources};
use proptest::prelude::*;

/// Few enough that a handful of events crowds a row, and small numbers of names collapse.
const MAX: usize = 3;

/// The texts that an event borrows.
#[derive(Clone, Debug)]
struct Made {
    who: usize,
    call: usize,
    name: u8,
    other: u8,
    seconds: i64,
    id: u8,
    denied: bool,
}

fn made() -> impl Strategy<Value = Made> {
    (0..4_usize, 0..9_usize, 0..9_u8, 0..6_u8, 0..5_i64, any::<u8>(), prop::bool::weighted(0.2)).prop_map(
        |(who, call, name, other, seconds, id, denied)| Made { who, call, name, other, seconds, id, denied },
    )
}

fn identity_of(who: usize) -> UserIdentity<'static> {
    let account = AccountId::parse("111122223333");
    let role = |session: &'static str| UserIdentity {
        kind: "AssumedRole".into(),
        principal_id: format!("AROAEXAMPLE:{session}").into(),
        arn: format!("arn:aws:sts::111122223333:assumed-role/r/{session}").into(),
        account,
        issuer: Some(SessionIssuer {
            kind: "Role".into(),
            principal_id: "AROAEXAMPLE".into(),
            arn: "arn:aws:iam::111122223333:role/path/r".into(),
            account,
            user_name: "r".into(),
        }),
        ..UserIdentity::default()
    };
    match who {
        0 => role("one"),
        1 => UserIdentity { invoked_by: "athena.amazonaws.com".into(), ..role("two") },
        2 => UserIdentity { issuer: None, ..role("three") },
        _ => UserIdentity {
            kind: "IAMUser".into(),
            principal_id: "AIDAEXAMPLE".into(),
            arn: "arn:aws:iam::111122223333:user/u".into(),
            account,
            user_name: "u".into(),
            ..UserIdentity::default()
        },
    }
}

/// Source, name, request, ARNs in `resources[]`; `$N` and `$O` are the event's names.
const CALLS: [(&str, &str, &str, &[&str]); 9] = [
    ("s3", "GetObject", r#"{"bucketName":"b$O","key":"k$N"}"#, &["arn:aws:s3:::b$O/k$N", "arn:aws:s3:::b$O"]),
    ("s3", "GetObject", r#"{"bucketName":"b$O","key":"k$N","versionId":"v"}"#, &["arn:aws:s3:::b$O/k$N"]),
    ("s3", "ListObjects", r#"{"bucketName":"b$O"}"#, &["arn:aws:s3:::b$O"]),
    ("logs", "CreateLogStream", r#"{"logGroupName":"/g$O","logStreamName":"s$N"}"#, &[]),
    ("ec2", "DescribeInstances", "null", &[]),
    (
        "sagemaker",
        "CreateTrainingJob",
        r#"{"trainingJobName":"j$N","roleArn":"arn:aws:iam::111122223333:role/r$O","outputDataConfig":{"s3OutputPath":"s3://bucket/$N"},"resourceConfig":{"instanceType":"ml.$O"}}"#,
        &[],
    ),
    ("sqs", "SendMessage", r#"{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/111122223333/q$N"}"#, &[]),
    ("s3", "PutObject", r#"{"bucketName":"b","key":"p$O/q$N/k"}"#, &["arn:aws:s3:::b/p$O/q$N/k"]),
    ("nosuch", "Thing$O", "{}", &[]),
];

/// Hands an event to `each`.
fn with(made: &Made, each: &mut dyn FnMut(&Event<'_>)) {
    let filled =
        |text: &str| text.replace("$N", &made.name.to_string()).replace("$O", &made.other.to_string());
    let (source, name, request, arns) = CALLS[made.call];
    let request = filled(request);
    let resource = |arn: &&str| EventResource { arn: filled(arn).into(), ..EventResource::default() };
    each(&Event {
        id: format!("{:03}", made.id).into(),
        source: format!("{source}.amazonaws.com").into(),
        name: filled(name).into(),
        region: ["eu-west-1", "us-east-1"][usize::from(made.other % 2)].into(),
        time: Timestamp::from_seconds(made.seconds).unwrap(),
        recipient_account: AccountId::parse("111122223333"),
        vpc_endpoint_id: ["", "vpce-1"][usize::from(made.name % 2)].into(),
        identity: identity_of(made.who),
        error_code: if made.denied { "AccessDenied" } else { "" }.into(),
        resources: arns.iter().map(resource).collect(),
        request: RequestParameters::from_raw(&request),
        ..Event::default()
    });
}

fn folded(events: &[Made]) -> Usage {
    let mut fold = Fold::with_resources_max(MAX);
    for made in events {
        with(made, &mut |event| fold.add(event));
    }
    fold.finish()
}

/// What [`Fold`] must come to: every event looked at by itself, rows collapsed once at the end.
fn plainly(events: &[Made]) -> Usage {
    let mut usage = Usage::default();
    for made in events {
        with(made, &mut |event| add_plainly(&mut usage, event));
    }
    for principal in usage.principals.values_mut() {
        principal.calls.values_mut().for_each(|rows| collapse(rows, MAX));
    }
    usage
}

fn add_plainly(usage: &mut Usage, event: &Event<'_>) {
    if let Some(definition) = Definition::new(&event.source, &event.name) {
        usage.definitions.add(definition, event);
    }
    let principal = Principal::of(event);
    let key = PrincipalKey {
        kind: principal.kind,
        account: principal.account.map(|account| account.to_string()).unwrap_or_default(),
        id: principal.id.to_string(),
    };
    let mine = usage.principals.entry(key).or_default();
    mine.arns.extend(principal.arn.as_ref().map(ToString::to_string));
    mine.path_unknown |= !principal.path_known;
    mine.name = principal.name.to_string();
    mine.events.add(event.time, &event.id);
    let outcome = Outcome::of(event);
    if outcome == Outcome::Denied {
        mine.denials.entry(fold::denial(event)).or_default().add(event.time, &event.id);
    }
    let names = (event.source.to_string(), event.name.to_string());
    if outcome == Outcome::Authorized {
        let via = identity::via(event).map(str::to_owned);
        let key = ContextKey { event: names.clone(), region: event.region.to_string(), via };
        let paths = ConditionPaths::new(&event.source, &event.name);
        mine.contexts.entry(key).or_default().add(event, paths);
    }
    let mut count = |action, basis, passed_to: Option<&str>, resource| {
        let key = CallKey {
            action: ActionRef(action),
            basis,
            outcome,
            region: event.region.to_string(),
            event: names.clone(),
            via: identity::via(event).map(str::to_owned),
            passed_to: passed_to.map(str::to_owned),
        };
        let rows = mine.calls.entry(key).or_default();
        rows.entry(resource).or_default().add(event.time, &event.id);
    };
    let (primary, secondary) = match action_map::actions_of(event) {
        Mapping::Actions { primary, secondary } => (primary, secondary),
        Mapping::NoPermissionNeeded | Mapping::NotAnApiCall => return,
        Mapping::Unmapped => return mine.unmapped.entry(names).or_default().add(event.time, &event.id),
    };
    let direct = primary.iter().map(|action| (action, Basis::Direct));
    for (action, basis) in direct.chain(secondary.iter().map(|action| (action, Basis::Secondary))) {
        match resource_map::resources(event, action) {
            Resources::Star => count(action, basis, None, Resource::Star),
            Resources::Unknown => count(action, basis, None, Resource::Unknown),
            Resources::Arns { arns, complete } => {
                for (kind, arn) in arns {
                    let arn = arn.to_string();
                    count(action, basis, None, Resource::Arn(ResourceName { kind, arn, complete }));
                }
            }
        }
    }
    if let PassedRoles::Roles(roles) = passed_roles::passed_roles(event) {
        let action = reference().action("iam", "PassRole").unwrap();
        for PassedRole { role, passed_to } in roles {
            let RoleReference::Arn(arn) = role else { panic!("only ARNs are passed here") };
            let name = ResourceName { kind: "role", arn: arn.to_string(), complete: true };
            count(action, Basis::PassedRole, passed_to, Resource::Arn(name));
        }
    }
}

fn text(usage: &Usage) -> String {
    format!("{usage:#?}")
}

#[test]
fn the_cases_reach_what_they_are_for() {
    let events: Vec<Made> = (0..9)
        .flat_map(|call| {
            (0..9).map(move |name| Made {
                who: 0,
                call,
                name,
                other: name % 3,
                seconds: 0,
                id: name,
                denied: false,
            })
        })
        .collect();
    let all = text(&folded(&events));
    for expect in [
        "Pattern",
        "PassRole",
        "s3://bucket/8",
        "GetObjectVersion",
        "Star",
        "nosuch",
        "arn:aws:s3:::b0/*",
        "arn:aws:s3:::b/p0/*",
        "SendMessage",
    ] {
        assert!(all.contains(expect), "{expect} {all}");
    }
}

#[test]
fn evidence_is_the_latest_in_any_order() {
    let events = [(5, "e"), (9, "a"), (9, "b"), (1, "z"), (7, "q"), (7, "q")];
    let mut forward = Stats::default();
    let mut backward = Stats::default();
    for (time, id) in events {
        forward.add(Timestamp::from_seconds(time).unwrap(), id);
    }
    for (time, id) in events.iter().rev() {
        let mut one = Stats::default();
        one.add(Timestamp::from_seconds(*time).unwrap(), id);
        backward.merge(&one);
    }
    assert_eq!(forward, backward);
    let ids: Vec<_> = forward.evidence.iter().map(|(_, id)| id.to_string()).collect();
    assert_eq!((forward.count, ids), (6, ["b", "a", "q"].map(String::from).into()));
}

/// Many more callers than are kept by number, some of them again and again.
#[test]
fn a_caller_found_by_its_number_is_the_same_caller() {
    let record = |at: usize| {
        let user = at * 37 % 400;
        format!(
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","principalId":"AIDA{user}","arn":"arn:aws:iam::111122223333:user/u{user}","accountId":"111122223333","userName":"u{user}"}},"eventTime":"2024-05-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","eventID":"{at}"}}"#
        )
    };
    let log: Vec<String> = (0..1_200).map(|at| record(at / 2)).collect();
    let (mut by_number, mut by_fields) = (Fold::default(), Fold::default());
    let mut numbers = std::collections::BTreeSet::new();
    crate::trail::decode("f", &log.join("\n"), &mut |event| {
        by_number.add(event);
        let mut event = event.clone();
        numbers.insert(event.identity.number.take().unwrap());
        by_fields.add(&event);
    });
    assert!(numbers.len() > 300 && numbers.len() < 1_000, "{}", numbers.len());
    let found = by_number.finish();
    assert!(found.principals.len() > 100, "{}", found.principals.len());
    assert_eq!(text(&found), text(&by_fields.finish()));
}

proptest! {
    #[test]
    fn what_is_remembered_changes_nothing(events in prop::collection::vec(made(), 0..60)) {
        prop_assert_eq!(text(&folded(&events)), text(&plainly(&events)));
    }

    #[test]
    fn order_and_partition_do_not_matter(
        events in prop::collection::vec((made(), 0..3_usize), 0..60),
        turn in any::<prop::sample::Index>(),
    ) {
        let whole: Vec<Made> = events.iter().map(|(made, _)| made.clone()).collect();
        let mut turned = events.clone();
        turned.rotate_left(turn.index(events.len() + 1).min(events.len()));
        turned.sort_by_key(|(made, _)| made.name % 2);
        let mut merged = Usage::default();
        for part in [2, 0, 1] {
            let mine: Vec<Made> =
                turned.iter().filter(|(_, of)| *of == part).map(|(made, _)| made.clone()).collect();
            merged.merge_within(folded(&mine), MAX);
        }
        prop_assert_eq!(text(&merged), text(&folded(&whole)));
    }
}
