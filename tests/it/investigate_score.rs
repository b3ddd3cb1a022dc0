//! How good are the cases of `investigate`? Counted over accounts that are made up, in which every event of an
//! attacker is known (`scenarios`). What the numbers are worth, and how they are made: `docs/SCORING.md`.

use crate::run::{Folder, trailtrim};
use crate::scenarios::{self, Account, Attacks, DAYS, SPLIT, SPLIT_DAY, Scenario};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What the cases of one account are worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Score {
    scenarios: usize,
    /// Scenarios of which no event is evidence of a case.
    missed: Vec<String>,
    cases: usize,
    /// Cases without any event of an attacker: score, principal, sentence.
    wrong: Vec<String>,
    /// By scenario that was found: the rank of its first case, the principal and the person that it names.
    ranks: Vec<usize>,
    principal_right: usize,
    human_right: usize,
}

impl Score {
    fn of(report: &Value, scenarios: &[Scenario]) -> Self {
        let cases = report["cases"].as_array().unwrap();
        let labelled: BTreeSet<&str> =
            scenarios.iter().flat_map(|one| one.events.iter().map(String::as_str)).collect();
        let mut score = Self { scenarios: scenarios.len(), cases: cases.len(), ..Self::default() };
        for case in cases {
            if evidence(case).is_disjoint(&labelled) {
                score.wrong.push(told(case));
            }
        }
        for scenario in scenarios {
            let events: BTreeSet<&str> = scenario.events.iter().map(String::as_str).collect();
            let Some(rank) = cases.iter().position(|case| !evidence(case).is_disjoint(&events)) else {
                score.missed.push(format!("{} ({})", scenario.name, scenario.ids));
                continue;
            };
            score.ranks.push(rank + 1);
            // Of all cases of the attack: a report that names the right one in any of them helps.
            let own: Vec<&Value> = cases.iter().filter(|case| !evidence(case).is_disjoint(&events)).collect();
            let named = |case: &&Value| case["principal"]["name"] == scenario.principal.as_str();
            score.principal_right += usize::from(own.iter().any(named));
            let person = scenario.human.as_deref().unwrap_or_default();
            let known = |case: &&Value| case["human"]["key"].as_str().unwrap_or_default() == person;
            score.human_right += usize::from(own.iter().any(known));
        }
        score
    }

    fn found(&self) -> usize {
        self.scenarios - self.missed.len()
    }

    /// The share of cases that hold an event of an attacker.
    #[expect(clippy::cast_precision_loss, reason = "some dozens")]
    fn precision(&self) -> f64 {
        if self.cases == 0 { 1.0 } else { (self.cases - self.wrong.len()) as f64 / self.cases as f64 }
    }

    #[expect(clippy::cast_precision_loss, reason = "some dozens")]
    fn cases_a_day(&self) -> f64 {
        self.cases as f64 / (DAYS - SPLIT_DAY) as f64
    }

    fn line(&self) -> String {
        let mut ranks = self.ranks.clone();
        ranks.sort_unstable();
        format!(
            "{}/{} | {:.2} | {:.2} | {} | {}/{} | {}/{}",
            self.found(),
            self.scenarios,
            self.precision(),
            self.cases_a_day(),
            ranks.get(ranks.len() / 2).copied().unwrap_or(0),
            self.principal_right,
            self.found(),
            self.human_right,
            self.found(),
        )
    }
}

const HEAD: &str = "| attacks | seed | found | precision | cases a day | middle rank | principal right | person right |\n|---|---|---|---|---|---|---|---|\n";

fn evidence(case: &Value) -> BTreeSet<&str> {
    case["evidence"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect()
}

/// A case in one line.
fn told(case: &Value) -> String {
    let reasons: Vec<String> = case["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| format!("{} {}", reason["query"].as_str().unwrap_or_default(), reason["weight"]))
        .collect();
    format!(
        "score {}, {}: {} [{}]",
        case["score"],
        case["principal"]["name"].as_str().unwrap_or_default(),
        case["sentence"].as_str().unwrap_or_default(),
        reasons.join(", ")
    )
}

/// The report on a folder of logs, as text.
fn report(logs: &str) -> String {
    let ran = trailtrim(&["investigate", "sagemaker", logs, "--since", SPLIT, "--format", "json", "--quiet"]);
    // 3: the logs do not hold every kind of data event that a rule asks for.
    assert!([0, 3].contains(&ran.status), "{} {}", ran.status, ran.stderr);
    ran.stdout
}

fn parsed(text: &str) -> Value {
    let report: Value = serde_json::from_str(text).unwrap();
    assert_eq!(report["schema"], "trailtrim.cases/v1");
    report
}

fn score(seed: u64, attacks: Attacks) -> Score {
    let folder = Folder::new();
    let account = Account::new(seed, attacks);
    let logs = account.write(&folder, "logs", 4_000);
    Score::of(&parsed(&report(&logs)), &account.scenarios)
}

fn scenario(name: &'static str, principal: &str, human: Option<&str>, events: &[&str]) -> Scenario {
    Scenario {
        name,
        ids: "SM-A01",
        principal: principal.to_owned(),
        human: human.map(str::to_owned),
        events: events.iter().map(|id| (*id).to_owned()).collect(),
    }
}

#[test]
fn a_score_counts_what_it_says() {
    let case = |score: u32, principal: &str, human: Option<&str>, evidence: &[&str]| {
        json!({"score": score, "principal": {"name": principal}, "human": {"key": human}, "sentence": "s",
            "reasons": [{"query": "q", "weight": 40}], "evidence": evidence})
    };
    let report = json!({"cases": [
        case(90, "role", Some("ann"), &["a1", "x"]),
        case(70, "other", None, &["y"]),
        case(60, "role", Some("bob"), &["b2"]),
        case(50, "role", None, &["a2"]),
    ]});
    let scenarios = [
        scenario("a", "role", Some("ann"), &["a1", "a2"]),
        scenario("b", "role", Some("ben"), &["b1", "b2"]),
        scenario("c", "role", None, &["c1"]),
    ];
    let score = Score::of(&report, &scenarios);
    let expect = Score {
        scenarios: 3,
        missed: vec!["c (SM-A01)".into()],
        cases: 4,
        wrong: vec!["score 70, other: s [q 40]".into()],
        ranks: vec![1, 3],
        principal_right: 2,
        human_right: 1,
    };
    assert_eq!(score, expect);
    assert!((score.precision() - 0.75).abs() < 1e-9 && (score.cases_a_day() - 4.0 / 14.0).abs() < 1e-9);
    assert_eq!(score.line(), "2/3 | 0.75 | 0.29 | 3 | 2/2 | 1/2");
    let nothing = Score::of(&json!({"cases": []}), &scenarios);
    assert_eq!((nothing.found(), nothing.missed.len()), (0, 3));
}

/// The score of the accounts of these seeds, by seed.
fn scores(seeds: std::ops::RangeInclusive<u64>, attacks: Attacks) -> Vec<Score> {
    seeds.map(|seed| score(seed, attacks)).collect()
}

/// What was missed and what was wrong, for the message of a gate that closes.
fn faults(scores: &[Score]) -> String {
    scores
        .iter()
        .flat_map(|score| score.missed.iter().chain(&score.wrong))
        .fold(String::new(), |all, one| all + "\n" + one)
}

/// The promise: over five seeds every one of the twenty attacks, at two cases a day or fewer, of which 85 in a
/// hundred are right.
#[test]
fn twenty_attacks_of_twenty_in_two_cases_a_day() {
    let scores = scores(1..=5, Attacks::Core);
    let faults = faults(&scores);
    for score in &scores {
        assert_eq!((score.found(), score.scenarios), (20, 20), "{faults}");
        assert!(score.cases_a_day() <= 2.0, "{} cases a day{faults}", score.cases_a_day());
        assert!(score.precision() >= 0.8, "{}{faults}", score.precision());
        assert_eq!(score.principal_right, 20, "{faults}");
        assert_eq!(score.human_right, 20, "{faults}");
    }
    let cases: usize = scores.iter().map(|score| score.cases).sum();
    let wrong: usize = scores.iter().map(|score| score.wrong.len()).sum();
    assert!((cases - wrong) * 100 >= cases * 85, "{wrong} of {cases} cases are wrong{faults}");
}

/// No worse than it was (`docs/SCORING.md`): attacks that no promise is made about.
#[test]
fn further_attacks_and_evasions() {
    for (attacks, least) in [(Attacks::Further, 20), (Attacks::Evasions, 14)] {
        let score = score(1, attacks);
        assert!(
            score.found() >= least,
            "{attacks:?}: {} {}",
            score.line(),
            faults(std::slice::from_ref(&score))
        );
    }
}

/// An account in which nobody attacks: a case every third day at most.
#[test]
fn a_quiet_account_is_quiet() {
    let score = score(1, Attacks::None);
    assert!(
        score.cases * 3 <= usize::try_from(DAYS - SPLIT_DAY).unwrap(),
        "{}",
        faults(std::slice::from_ref(&score))
    );
}

/// Events that have nothing to do with AI services, by a role that nothing else is known of.
fn strangers(records: &[Value]) -> Vec<Value> {
    let arn = |kind: &str| format!("arn:aws:{kind}::111122223333:");
    let one = |(number, record): (usize, &Value)| {
        json!({
            "eventVersion": "1.11", "eventID": format!("00000000-0000-4000-8000-{number:012}"),
            "eventTime": record["eventTime"], "eventSource": "dynamodb.amazonaws.com", "eventName": "DescribeTable",
            "awsRegion": "eu-west-1", "sourceIPAddress": "10.99.0.4", "userAgent": "aws-sdk-go-v2/1.32.6",
            "requestParameters": {"tableName": "orders"}, "responseElements": null, "readOnly": true,
            "eventType": "AwsApiCall", "managementEvent": true, "eventCategory": "Management",
            "recipientAccountId": "111122223333",
            "userIdentity": {"type": "AssumedRole", "principalId": "AROAWEBBACKENDEXAMPLE:web", "accountId": "111122223333",
                "arn": arn("sts") + "assumed-role/web-backend/web", "accessKeyId": "ASIAWEBBACKENDEXAMPL",
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAWEBBACKENDEXAMPLE",
                    "arn": arn("iam") + "role/web-backend", "accountId": "111122223333", "userName": "web-backend"}}},
        })
    };
    records.iter().step_by(7).enumerate().map(one).collect()
}

#[test]
fn order_copies_and_strangers_change_no_case() {
    let folder = Folder::new();
    let account = Account::new(2, Attacks::Core);
    let plain = report(&account.write(&folder, "plain", 4_000));
    // Backwards, in files of another size, and every ninth record delivered twice.
    let mut records = account.records.clone();
    records.extend(account.records.iter().step_by(9).cloned().collect::<Vec<_>>());
    records.reverse();
    let shuffled = report(&scenarios::write(&folder, "shuffled", &records, 700));
    assert_eq!(plain, shuffled);
    let mut more = strangers(&account.records);
    assert!(more.len() > 2_000);
    more.extend(account.records);
    let more = parsed(&report(&scenarios::write(&folder, "more", &more, 4_000)));
    assert_eq!(parsed(&plain)["cases"], more["cases"]);
}

/// The account without about a tenth of its events, by the first digits of their ids.
fn thinned(account: &Account) -> Vec<Value> {
    let is_lost = |record: &&Value| {
        u64::from_str_radix(&record["eventID"].as_str().unwrap()[..4], 16).unwrap() % 10 == 3
    };
    account.records.iter().filter(|record| !is_lost(record)).cloned().collect()
}

#[test]
fn a_tenth_of_the_events_lost() {
    let folder = Folder::new();
    let account = Account::new(3, Attacks::Core);
    let left = thinned(&account);
    assert!(left.len() * 100 < account.records.len() * 92 && left.len() * 100 > account.records.len() * 88);
    let score =
        Score::of(&parsed(&report(&scenarios::write(&folder, "left", &left, 4_000))), &account.scenarios);
    assert!(score.found() >= 18, "{} {}", score.line(), faults(std::slice::from_ref(&score)));
}

/// Not a test: the table of `docs/SCORING.md`, and every miss and every false case.
#[test]
#[ignore = "takes minutes; prints the table of docs/SCORING.md"]
fn table() {
    let (mut lines, mut told) = (HEAD.to_owned(), String::new());
    for (name, attacks) in [
        ("core", Attacks::Core),
        ("further", Attacks::Further),
        ("evasions", Attacks::Evasions),
        ("none", Attacks::None),
    ] {
        for (seed, score) in (1..).zip(scores(1..=5, attacks)) {
            let _ = writeln!(lines, "| {name} | {seed} | {} |", score.line());
            let _ = writeln!(told, "{name} {seed}:{}", faults(&[score]));
        }
    }
    println!("{lines}\n{told}");
}
