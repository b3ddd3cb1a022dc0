//! The layout's own rules, executed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A file with more lines of code than this asks to be split. Tests and blank lines do not count.
const FILE_LINES_MAX: usize = 500;

/// Outside crates and the modules that may name them.
const CONFINED: &[(&str, &[&str])] = &[
    ("aws_config", &["source"]),
    ("aws_sdk_cloudtrail", &["source"]),
    ("aws_sdk_s3", &["source"]),
    ("aws_sdk_sts", &["source"]),
    ("tokio", &["source"]),
    ("polars", &["ledger", "query", "source"]),
    ("sqlparser", &["query"]),
    ("clap", &["cli", "commands", "main"]),
    ("clap_complete", &["cli", "commands"]),
    ("rayon", &["commands", "ledger", "query"]),
    ("flate2", &["trail/inflate", "iam/reference"]),
    ("libdeflater", &["trail/inflate"]),
    ("simdutf8", &["trail/inflate"]),
    ("ctrlc", &["commands/progress"]),
    ("indicatif", &["commands/progress"]),
    ("foldhash", &["usage", "trail/decode", "ledger", "query"]),
    ("anyhow", &["commands", "main"]),
    ("anstream", &["commands"]),
    ("ipnet", &["iam"]),
    ("ring", &["sha256", "trail/digest/keys"]),
    ("jiff", &["time", "iam"]),
    ("toml", &["grants"]),
    ("serde_json", &["iam", "trail", "grants", "ledger", "report", "tables"]),
];

/// What only the rim may use.
const RIM: [(&str, &[&str]); 5] = [
    ("std::fs", &["source", "grants", "ledger", "commands"]),
    ("std::env", &["source/parquet"]),
    ("TcpStream", &[]),
    ("UdpSocket", &[]),
    ("SystemTime", &["main"]),
];

fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(&root).unwrap().with_extension("");
                found.insert(name.to_str().unwrap().replace('\\', "/"), fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// The code of a file, without its test module and without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let production = text.split("\n#[cfg(test)]\n").next().unwrap();
    production.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"))
}

fn is_test(name: &str) -> bool {
    name.ends_with("/tests") || name.contains("/tests/")
}

#[test]
fn modules_use_only_earlier_ones() {
    let sources = sources();
    let order: Vec<&str> =
        code(&sources["lib"]).filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() >= 10, "lib.rs lists the modules: {order:?}");
    let place = |module: &str| order.iter().position(|one| *one == module);
    let mut breaches = Vec::new();
    for (name, text) in sources.iter().filter(|(name, _)| *name != "lib" && *name != "main") {
        let own = name.split('/').next().unwrap();
        let own_place = place(own).unwrap_or_else(|| panic!("`{own}` is not in lib.rs"));
        for line in code(text) {
            for mention in line.split("crate::").skip(1) {
                let used =
                    mention.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap();
                if place(used).is_some_and(|used| used > own_place) {
                    breaches.push(format!("{name}: `{own}` uses the later `{used}`"));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

fn breaches(rules: &[(&str, &[&str])]) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !is_test(name)) {
        for (what, homes) in rules {
            let at_home = homes.iter().any(|home| name == home || name.starts_with(&format!("{home}/")));
            // As a whole word: `ring` is not in `String::new`.
            let uses = |line: &str| {
                line.match_indices(what).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    let after = &line[at + what.len()..];
                    !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
                        && ["::", ";", "("].iter().any(|end| after.starts_with(end))
                })
            };
            if !at_home && code(text).any(uses) {
                breaches.push(format!("{name}: `{what}` belongs in {homes:?}"));
            }
        }
    }
    breaches
}

#[test]
fn outside_crates_stay_at_home() {
    assert_eq!(breaches(CONFINED), Vec::<String>::new());
}

#[test]
fn only_the_rim_touches_the_world() {
    assert_eq!(breaches(&RIM), Vec::<String>::new());
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut complaints = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !is_test(name)) {
        let lines = code(text).count();
        if lines > FILE_LINES_MAX {
            complaints.push(format!("{name} has {lines} lines of code"));
        }
        if !text.starts_with("//!") {
            complaints.push(format!("{name} does not open with what it is for"));
        }
        if name.ends_with("utils") || name.ends_with("helpers") {
            complaints.push(format!("{name}: name it after what it holds"));
        }
    }
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn every_kind_of_finding_has_its_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings");
    let mut pages: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    pages.sort();
    let mut kinds = trailtrim::drift::FindingKind::ALL.map(|kind| kind.as_str().to_owned());
    kinds.sort();
    assert_eq!(pages, kinds);
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.to_owned()];
    let mut breaches = Vec::new();
    // Spelt in pieces, so that this file does not contain them.
    let foreign = [["../", "shared"].concat(), ["/wo", "rk/"].concat()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if ["target", ".git", "AWSLogs", "review", "node_modules"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if let Ok(text) = fs::read_to_string(&path)
                && foreign.iter().any(|word| text.contains(word))
            {
                breaches.push(path.display().to_string());
            }
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}
