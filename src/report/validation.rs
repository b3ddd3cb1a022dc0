//! What `validate-logs` found, as text in the manner of `aws cloudtrail validate-logs` and as
//! `trailtrim.validation/v1`.

use super::escape;
use super::text::grouped;
use crate::trail::Problem;
use crate::trail::digest::chain::{Chains, DigestResult, Range};
use crate::trail::digest::standing::Standing;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The name and version of the JSON form.
pub const SCHEMA: &str = "trailtrim.validation/v1";

/// Files of one kind that the text lists because nothing proves them; the JSON has all. Invalid ones are
/// always listed.
const UNVERIFIED_SHOWN_MAX: usize = 10;

/// The result for one log file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogResult {
    /// The file, or `s3://bucket/key` when it is missing.
    pub name: String,
    /// What it turned out to be.
    pub standing: Standing,
}

/// Everything that a validation found.
#[derive(Clone, Copy, Debug)]
pub struct ValidationReport<'a> {
    /// The time that was asked for.
    pub range: Range,
    /// The number of public keys; `None` when none were given.
    pub public_keys: Option<usize>,
    /// The digest files.
    pub chains: &'a Chains,
    /// The log files, those that are missing included.
    pub logs: &'a [LogResult],
    /// What could not be listed.
    pub problems: &'a [Problem],
}

/// Numbers of files by standing.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    valid: u64,
    invalid: u64,
    unverified: u64,
}

impl<'a> FromIterator<&'a Standing> for Tally {
    fn from_iter<I: IntoIterator<Item = &'a Standing>>(standings: I) -> Self {
        let mut tally = Self::default();
        for standing in standings {
            *match standing {
                Standing::Valid => &mut tally.valid,
                Standing::Invalid(_) => &mut tally.invalid,
                Standing::Unverified(_) => &mut tally.unverified,
            } += 1;
        }
        tally
    }
}

impl Tally {
    fn line(self, name: &str) -> String {
        let total = grouped(self.valid + self.invalid + self.unverified);
        let mut line = format!("{}/{total} {name} files valid", grouped(self.valid));
        for (number, word) in [(self.invalid, "INVALID"), (self.unverified, "not verified")] {
            if number > 0 {
                let _ = write!(line, ", {} {word}", grouped(number));
            }
        }
        line + "\n"
    }

    fn json(self) -> Value {
        json!({"valid": self.valid, "invalid": self.invalid, "unverified": self.unverified})
    }
}

impl ValidationReport<'_> {
    fn digests(&self, backfill: bool) -> impl Iterator<Item = &DigestResult> {
        self.chains.digests.iter().filter(move |digest| digest.backfill == backfill)
    }

    fn tallies(&self) -> [Tally; 3] {
        let digests = |backfill| self.digests(backfill).map(|digest| &digest.standing).collect();
        [digests(false), digests(true), self.logs.iter().map(|log| &log.standing).collect()]
    }
}

/// Everything that is not valid, and the sums. Ends with a newline.
pub fn text(report: &ValidationReport<'_>) -> String {
    let mut out = String::new();
    let named = |digest: &'_ DigestResult| (digest.name.clone(), digest.standing.clone());
    list(&mut out, "Digest file", report.digests(false).map(named));
    list(&mut out, "Backfill digest file", report.digests(true).map(named));
    list(&mut out, "Log file", report.logs.iter().map(|log| (log.name.clone(), log.standing.clone())));
    for gap in &report.chains.gaps {
        let chain = escape::terminal(&gap.chain);
        let _ = writeln!(out, "{chain}\n  no digest files from {} to {}", gap.from, gap.to);
    }
    for problem in report.problems {
        let _ = writeln!(out, "{}", escape::terminal(&format!("{}\n  {}", problem.file, problem.message)));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let bound = |time: Option<_>, open: &str| {
        time.map_or_else(|| open.to_owned(), |time: crate::time::Timestamp| time.to_string())
    };
    let (from, to) = (bound(report.range.from, "the first"), bound(report.range.to, "the last"));
    let _ = writeln!(out, "Results requested for {from} to {to}");
    if report.chains.digests.is_empty() {
        out.push_str("No digest files found\n");
    } else {
        match report.chains.found {
            Some((first, last)) => {
                let _ = writeln!(out, "Results found for {first} to {last}:");
            }
            None => out.push_str("No valid digest files found\n"),
        }
    }
    out.push('\n');
    let [digests, backfills, logs] = report.tallies();
    out.push_str(&digests.line("digest"));
    if report.digests(true).next().is_some() {
        out.push_str(&backfills.line("backfill digest"));
    }
    out.push_str(&logs.line("log"));
    out
}

/// Two lines a file: the name may be longer than any terminal is wide.
fn list(out: &mut String, kind: &str, files: impl Iterator<Item = (String, Standing)>) {
    let mut unverified = 0;
    for (name, standing) in files.filter(|(_, standing)| *standing != Standing::Valid) {
        if matches!(standing, Standing::Unverified(_)) {
            unverified += 1;
            if unverified > UNVERIFIED_SHOWN_MAX {
                continue;
            }
        }
        let (name, standing) = (escape::terminal(&name), escape::terminal(&standing.to_string()));
        let _ = writeln!(out, "{kind} {name}\n  {standing}");
    }
    if unverified > UNVERIFIED_SHOWN_MAX {
        let _ = writeln!(out, "{kind}s: {} more are not verified", unverified - UNVERIFIED_SHOWN_MAX);
    }
}

/// The whole result as one JSON text with a final newline; files that are valid are only counted.
pub fn json(report: &ValidationReport<'_>) -> String {
    let [digests, backfills, logs] = report.tallies();
    let file = |kind: &str, name: &str, file: Option<&str>, standing: &Standing| {
        (*standing != Standing::Valid).then(|| {
            json!({
                "kind": kind, "name": name, "file": file, "standing": standing.as_str(),
                "reason": standing.reason(), "message": standing.to_string(),
            })
        })
    };
    let of_digests = report.chains.digests.iter().filter_map(|digest| {
        let kind = if digest.backfill { "backfill_digest" } else { "digest" };
        file(kind, &digest.name, digest.file.as_deref(), &digest.standing)
    });
    let of_logs = report.logs.iter().filter_map(|log| {
        let here = !log.name.starts_with("s3://");
        file("log", &log.name, here.then_some(&log.name), &log.standing)
    });
    let gaps = report
        .chains
        .gaps
        .iter()
        .map(|gap| json!({"chain": gap.chain, "from": gap.from.to_string(), "to": gap.to.to_string()}));
    let problems = report.problems.iter().map(
        |problem| json!({"file": problem.file, "kind": problem.kind.as_str(), "message": problem.message}),
    );
    let time = |time: Option<crate::time::Timestamp>| time.map(|time| time.to_string());
    let value = json!({
        "schema": SCHEMA,
        "tool": {"name": "trailtrim", "version": env!("CARGO_PKG_VERSION")},
        "requested": {"from": time(report.range.from), "to": time(report.range.to)},
        "found": report.chains.found.map(|(from, to)| json!({"from": from.to_string(), "to": to.to_string()})),
        "public_keys": report.public_keys,
        "digests": digests.json(),
        "backfill_digests": backfills.json(),
        "logs": logs.json(),
        "gaps": gaps.collect::<Vec<_>>(),
        "files": of_digests.chain(of_logs).collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
    });
    // A value made of strings, numbers and booleans always serialises.
    serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default()
}
