//! `trailtrim ledger merge`. What a ledger keeps is folded: an event that two ledgers have cannot be taken out
//! of the counts of one of them. So the segments that have nothing in common with the ledger are taken over
//! as they are, and of the others the log files themselves are read again, as an ingest reads them. Where
//! these are needed and not at hand, nothing is changed.

use super::admin::read_again;
use super::ingest::{Reading, key};
use super::read::complaint;
use crate::commands::progress::Progress;
use crate::commands::read_logs::in_flight::InFlight;
use crate::commands::{Outcome, Settings, print};
use crate::ledger::manifest::{Root, SegmentName};
use crate::ledger::{Ledger, LedgerError, Object, Writer};
use crate::report::escape;
use crate::sha256::Sha256;
use crate::source::open::{self, Opened, Request};
use crate::source::{Listing, LogObject, LogSource as _, Skipped};
use crate::trail::inflate::Limits;
use anyhow::bail;
use rayon::ThreadPoolBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Runs the command.
pub(super) fn run(
    folder: &Path,
    other: &Path,
    logs: &Request,
    settings: &Settings,
) -> anyhow::Result<Outcome> {
    let theirs = Ledger::open(other).map_err(|error| complaint(&error))?;
    let mut writer = Writer::open(folder).map_err(|error| complaint(&error))?;
    let plan = Plan::new(&writer, &theirs).map_err(|error| complaint(&error))?;
    let (source, objects) = if plan.again.is_empty() {
        (None, Vec::new())
    } else {
        let source = open::open(logs)?;
        let objects = found(&plan, &source, &logs.paths)?;
        (Some(source), objects)
    };
    let left = objects.len() as u64;
    let under_way = Root { path: format!("merge of {}", other.display()), left, ..Root::default() };
    let mut roots = theirs.manifest.roots.clone();
    if left > 0 {
        roots.push(under_way.clone());
    }
    writer.adopt(&theirs, &plan.apart, roots).map_err(|error| complaint(&error))?;
    let mut out =
        format!("segments  {} of {} taken over as they are\n", plan.apart.len(), theirs.segments.len());
    if let Some(source) = source.filter(|_| left > 0) {
        let pool = ThreadPoolBuilder::new().num_threads(settings.threads.unwrap_or(0)).build()?;
        let rows =
            theirs.segments.iter().flat_map(|(_, segment)| &segment.files).any(|file| file.table.is_rows());
        let reading = Reading {
            source: &source,
            limits: Limits::given(None),
            expected: None,
            roots: &logs.paths,
            rows,
            in_flight: InFlight::of_threads(pool.current_num_threads()),
        };
        let listing = Listing { objects, skipped: Skipped::default(), ..Listing::default() };
        let progress = Progress::new(!settings.quiet);
        progress.stop_on_ctrl_c();
        let done = pool.install(|| reading.all_as(&under_way, listing, &mut writer, &progress));
        let (sums, _) = done.map_err(|error| complaint(&error))?;
        let _ = writeln!(out, "overlap   {}", read_again(sums));
        if sums.left > 0 {
            print(&out)?;
            return Ok(Outcome::Incomplete);
        }
    }
    print(&out)?;
    Ok(Outcome::Clean)
}

/// What becomes of the other ledger's segments.
struct Plan<'a> {
    /// Taken over.
    apart: BTreeSet<&'a str>,
    /// Objects of the others that the ledger does not have, by key.
    again: BTreeMap<String, Object>,
}

impl<'a> Plan<'a> {
    fn new(writer: &Writer, theirs: &'a Ledger) -> Result<Self, LedgerError> {
        let mut plan = Self { apart: BTreeSet::new(), again: BTreeMap::new() };
        for (name, segment) in &theirs.segments {
            if writer.is_apart(theirs, name, segment)? {
                plan.apart.insert(&name.name);
            } else {
                plan.read_again(writer, theirs, name)?;
            }
        }
        Ok(plan)
    }

    fn read_again(
        &mut self,
        writer: &Writer,
        theirs: &Ledger,
        name: &SegmentName,
    ) -> Result<(), LedgerError> {
        for object in theirs.objects_of(name)? {
            let known = object.sha256.is_some_and(|hash| writer.has_content(&object.key, hash));
            if !known && !writer.has_same(&object) {
                self.again.insert(object.key.clone(), object);
            }
        }
        Ok(())
    }
}

/// The objects that are to be read again, each with the bytes that the other ledger read. An error names
/// what is missing.
fn found(plan: &Plan<'_>, source: &Opened, logs: &[PathBuf]) -> anyhow::Result<Vec<LogObject>> {
    let mut bytes = Vec::new();
    let mut objects = BTreeMap::new();
    for object in source.list().objects {
        let key = key(&object.name, logs);
        let Some(wanted) = plan.again.get(&key) else { continue };
        let same = source.read(&object, &mut bytes).is_ok() && wanted.sha256 == Some(Sha256::of(&bytes));
        // What could not be read then may be read now.
        if same || wanted.sha256.is_none() {
            objects.entry(key).or_insert(object);
        }
    }
    let missing: Vec<&Object> =
        plan.again.values().filter(|object| !objects.contains_key(&object.key)).collect();
    if let Some(first) = missing.first() {
        bail!(
            "both ledgers have events of the same days in common: {} log files must be read again, and {} of them are not there, `{}` first\nhint: --logs PATH names the logs of the other ledger",
            plan.again.len(),
            missing.len(),
            escape::terminal(&first.name)
        );
    }
    Ok(objects.into_values().collect())
}
