//! A made-up account with 74 days of `CloudTrail`: people and machines at their usual work, honest change in the
//! last 14 days, and attacks of which every event is known. All that looks random comes from the seed.
//!
//! The attacks were written from the text of the catalogue of what is unusual around `SageMaker` and from
//! published techniques, before and apart from the look at what the queries can find. They are made up all the
//! same, and by the same project: `docs/SCORING.md` says what a score over them is worth.

mod attacks;
mod background;
mod cast;
mod churn;
mod evasions;
mod further;
mod requests;
mod trail;

use crate::run::Folder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trail::Trail;

/// Days of the log, and the day with which the window of test begins.
pub(crate) const DAYS: i64 = 74;
pub(crate) const SPLIT_DAY: i64 = 60;

/// `SPLIT_DAY` as a date: for `--since`.
pub(crate) const SPLIT: &str = "2026-03-06";

/// Which attacks are put into the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attacks {
    /// None: what the program then reports is wrong.
    None,
    /// Twenty, over the groups of the catalogue.
    Core,
    /// Twenty more.
    Further,
    /// Slower than a window, split over two principals, by another call.
    Evasions,
}

/// An attack and what a good report says of it.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Rows of the catalogue that describe it.
    pub(crate) ids: &'static str,
    /// The principal under which it is done.
    pub(crate) principal: String,
    /// The person behind it, when the log tells.
    pub(crate) human: Option<String>,
    /// Every event of the attacker.
    pub(crate) events: BTreeSet<String>,
}

/// The account: its records in order of time, and the attacks among them.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) records: Vec<Value>,
    pub(crate) scenarios: Vec<Scenario>,
}

impl Account {
    pub(crate) fn new(seed: u64, attacks: Attacks) -> Self {
        // Every part has random numbers of its own: the background is the same whatever is put into it.
        let mut trail = Trail::new(seed);
        background::add(&mut trail);
        trail.reseed(seed ^ 0x0c4a_a1e5);
        churn::add(&mut trail);
        trail.reseed(seed ^ 0xa77a_c4e5);
        let scenarios = match attacks {
            Attacks::None => Vec::new(),
            Attacks::Core => attacks::add(&mut trail),
            Attacks::Further => further::add(&mut trail),
            Attacks::Evasions => evasions::add(&mut trail),
        };
        Self { records: trail.into_records(), scenarios }
    }

    /// The ids of all events of attackers.
    pub(crate) fn labelled(&self) -> BTreeSet<&str> {
        self.scenarios.iter().flat_map(|one| one.events.iter().map(String::as_str)).collect()
    }

    /// Writes the log into a folder, so many records a file, and gives its path.
    pub(crate) fn write(&self, folder: &Folder, name: &str, a_file: usize) -> String {
        write(folder, name, &self.records, a_file)
    }
}

/// Writes records as log files into a folder and gives its path.
pub(crate) fn write(folder: &Folder, name: &str, records: &[Value], a_file: usize) -> String {
    for (number, chunk) in records.chunks(a_file).enumerate() {
        folder.file(&format!("{name}/{number:03}.json"), json!({"Records": chunk}).to_string());
    }
    folder.path(name)
}

#[test]
fn an_account_is_made_from_its_seed_alone() {
    let text = |seed| serde_json::to_string(&Account::new(seed, Attacks::Core).records).unwrap();
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
}

#[test]
fn every_event_is_one_and_every_label_is_an_event() {
    let quiet = Account::new(1, Attacks::None);
    let ids = |account: &Account| -> BTreeSet<String> {
        account.records.iter().map(|record| record["eventID"].as_str().unwrap().to_owned()).collect()
    };
    let background = ids(&quiet);
    assert!(
        quiet.scenarios.is_empty() && (14_000..24_000).contains(&background.len()),
        "{}",
        background.len()
    );
    for (attacks, least) in [(Attacks::Core, 20), (Attacks::Further, 20), (Attacks::Evasions, 10)] {
        let account = Account::new(1, attacks);
        let all = ids(&account);
        assert_eq!(all.len(), account.records.len(), "every id once");
        assert!(account.scenarios.len() >= least);
        let names: BTreeSet<&str> = account.scenarios.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), account.scenarios.len());
        let labelled = account.labelled();
        assert_eq!(labelled.len(), account.scenarios.iter().map(|one| one.events.len()).sum::<usize>());
        assert!(account.scenarios.iter().all(|one| !one.events.is_empty()));
        // What is put in is labelled to the last event, and nothing else changed.
        let added: BTreeSet<&str> = all.difference(&background).map(String::as_str).collect();
        assert_eq!(added, labelled);
        for record in
            account.records.iter().filter(|record| labelled.contains(record["eventID"].as_str().unwrap()))
        {
            assert!(record["eventTime"].as_str().unwrap() >= SPLIT, "{record}");
        }
    }
}

#[test]
fn records_are_in_order_and_whole() {
    let account = Account::new(2, Attacks::Further);
    let times: Vec<&str> =
        account.records.iter().map(|record| record["eventTime"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    for record in &account.records {
        for field in
            ["eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "recipientAccountId"]
        {
            assert!(record[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {record}");
        }
        assert!(record["userIdentity"]["type"].is_string(), "{record}");
        assert_eq!(record["managementEvent"] == json!(false), record["eventCategory"] == "Data", "{record}");
    }
}

/// Not a test: writes accounts for a look by hand, into the folder that `SCENARIOS_OUT` names.
#[test]
#[ignore = "writes files, when SCENARIOS_OUT names a folder"]
fn write_accounts() {
    let Some(out) = std::env::var_os("SCENARIOS_OUT") else { return };
    let out = std::path::Path::new(&out);
    for seed in 1..=5 {
        for (name, attacks) in [
            ("none", Attacks::None),
            ("core", Attacks::Core),
            ("further", Attacks::Further),
            ("evasions", Attacks::Evasions),
        ] {
            let account = Account::new(seed, attacks);
            let folder = out.join(format!("{name}-{seed}"));
            std::fs::create_dir_all(folder.join("logs")).unwrap();
            let text = json!({"Records": account.records}).to_string();
            std::fs::write(folder.join("logs/log.json"), text).unwrap();
            let labels: Vec<Value> = account.scenarios.iter().map(|one| json!({"name": one.name, "ids": one.ids, "principal": one.principal, "human": one.human, "events": one.events})).collect();
            std::fs::write(folder.join("labels.json"), json!(labels).to_string()).unwrap();
        }
    }
}
