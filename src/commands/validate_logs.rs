//! `trailtrim validate-logs`: are the logs what `CloudTrail` delivered?

use super::{Outcome, Settings, digests, print};
use crate::cli::{PlainFormat, ValidateArgs};
use crate::report::escape;
use crate::report::validation::{self, LogResult, ValidationReport};
use crate::sha256::Sha256;
use crate::source::open::{self, Request, Window};
use crate::source::{LogObject, LogSource};
use crate::trail::Problem;
use crate::trail::digest::chain::{Chains, Range};
use crate::trail::digest::standing::{Fault, Standing};
use crate::trail::inflate::Limits;
use crate::trail::log_file::{LogFile, LogFileKind};
use anyhow::{Context as _, bail};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

/// Runs the command.
pub fn run(args: &ValidateArgs, settings: &Settings) -> anyhow::Result<Outcome> {
    let keys = digests::read_keys(&args.public_keys)?;
    let pool = ThreadPoolBuilder::new()
        .num_threads(settings.threads.unwrap_or(0))
        .build()
        .context("cannot start threads")?;
    let resolve = |moment: Option<crate::cli::Moment>| moment.map(|moment| moment.resolve(settings.now));
    let range = Range { from: resolve(args.from), to: resolve(args.to) };
    let window = Window { from: range.from, to: range.to, now: settings.now };
    let (paths, aws) = (args.paths.clone(), args.aws.options());
    let source = open::open(&Request { paths, digests: true, window, aws, ..Request::default() })?;
    let limits = Limits::given(args.max_file_mib);
    let mut listing = source.list();
    if let (true, true, Some(problem)) =
        (listing.objects.is_empty(), listing.digests.is_empty(), listing.problems.first())
    {
        bail!(escape::terminal(&format!("{}: {}", problem.file, problem.message)));
    }
    let chains = pool.install(|| digests::check(&source, &mut listing, keys.as_ref(), limits, range));
    let logs = pool.install(|| logs(&source, &listing.objects, &chains, (limits, range)));
    let report = ValidationReport {
        range,
        public_keys: keys.as_ref().map(crate::trail::digest::keys::PublicKeys::len),
        chains: &chains,
        logs: &logs,
        problems: &listing.problems,
    };
    print(&match args.format {
        PlainFormat::Table => validation::text(&report),
        PlainFormat::Json => validation::json(&report),
    })?;
    Ok(outcome(&chains, &logs, &listing.problems))
}

/// Judges the log files, and adds those that are missing. Ordered by name.
fn logs(
    source: &dyn LogSource,
    objects: &[LogObject],
    chains: &Chains,
    (limits, range): (Limits, Range),
) -> Vec<LogResult> {
    let one = |(bytes, text): &mut (Vec<u8>, Vec<u8>), object: &LogObject| {
        let name = LogFile::from_name(&object.name);
        // Any other file is no business of digest files.
        let is_log = name.kind == LogFileKind::Events || chains.expected.names(&object.name);
        if !is_log || !name.delivered.is_none_or(|delivered| range.holds(delivered)) {
            return None;
        }
        let standing = match digests::content(source, object, limits, (bytes, text)) {
            Err(Standing::Unverified(doubt)) => Standing::Unverified(doubt),
            Err(Standing::Invalid(fault)) => chains.expected.judge(&object.name, Err(fault)),
            Err(Standing::Valid) => Standing::Valid,
            Ok(content) => chains.expected.judge(&object.name, Ok(Sha256::of(content))),
        };
        Some(LogResult { name: object.name.clone(), standing })
    };
    let mut results: Vec<LogResult> =
        objects.par_iter().map_init(<(Vec<u8>, Vec<u8>)>::default, one).flatten().collect();
    let missing = chains.expected.missing(objects.iter().map(|object| object.name.as_str()));
    results.extend(
        missing.into_iter().map(|name| LogResult { name, standing: Standing::Invalid(Fault::NotFound) }),
    );
    results.sort();
    results
}

fn outcome(chains: &Chains, logs: &[LogResult], problems: &[Problem]) -> Outcome {
    let standings = || {
        let digests = chains.digests.iter().map(|digest| &digest.standing);
        digests.chain(logs.iter().map(|log| &log.standing))
    };
    if standings().any(|standing| matches!(standing, Standing::Invalid(_))) {
        return Outcome::Refuted;
    }
    let proven = standings().all(|standing| *standing == Standing::Valid) && !chains.digests.is_empty();
    if proven && chains.gaps.is_empty() && problems.is_empty() { Outcome::Clean } else { Outcome::Incomplete }
}
