//! What `review` and the commands beside it share: logs and snapshot in, every principal judged and its
//! policies trimmed.

use super::Settings;
use super::read_logs::{self, Logs};
use super::select;
use crate::cli::{JudgeArgs, Resources, SharedPolicies};
use crate::drift::{self, GroupUsage, Observability, PolicyReview, PrincipalReview, UsageIndex};
use crate::grants::{Exclusion, Exclusions, GrantedPrincipal, InputFile, Selectors, Snapshot};
use crate::iam::AccountId;
use crate::iam::reference::reference;
use crate::recommend::shared::{self, SharedKey};
use crate::recommend::{
    self, Backtest, Choice, Inventory, Options, Recommendation, ResourceLevel, Shared, backtest,
};
use crate::report::certificate::Input;
use crate::report::{escape, text};
use crate::time::{Day, Timestamp};
use crate::trail::coverage::Coverage;
use anyhow::{anyhow, bail};
use rayon::ThreadPool;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Logs and snapshot, read and ready to be judged.
#[derive(Debug)]
pub struct Judge {
    /// What the logs hold, with identities resolved by the snapshot.
    pub logs: Logs,
    /// The principals that the user asked for.
    pub snapshot: Snapshot,
    /// First and last second of the window.
    pub window: Option<(Timestamp, Timestamp)>,
    /// Everything that was read, for certificates.
    pub inputs: Vec<Input>,
    /// What is taken for granted because nothing in the input says otherwise, in sentences.
    pub assumptions: Vec<String>,
    /// Reviewed accounts with too few days, and how many they have.
    pub short: BTreeMap<String, usize>,
    groups: GroupUsage,
    observability: Observability,
    judgement: drift::Settings,
    /// Recommendations are shown although the coverage is short.
    pub forced: bool,
    choice: Choice,
    union: bool,
    pool: ThreadPool,
}

impl Judge {
    /// Reads what the user named. Errors: an unreadable snapshot or trail configuration, a selection that
    /// fits nobody, a mistake in the exclusions, no log file at all.
    pub fn read(args: &JudgeArgs, settings: &Settings) -> anyhow::Result<Self> {
        read_logs::check_trails(&args.logs, &args.trails)?;
        let exclusions = exclusions(args)?;
        let mut snapshot = Snapshot::read(&args.grants)?;
        let selectors = if args.trails.is_empty() { None } else { Some(Selectors::read(&args.trails)?) };
        check_selection(&snapshot, args)?;
        let (mut logs, pool) = read_logs::read_given(&args.logs, true, settings)?;
        drift::resolve::identities(&mut logs.usage, &snapshot);
        drift::resolve::passed_roles(&mut logs.usage, &snapshot);
        let groups = drift::group_usage(&logs.usage, &snapshot);
        keep_selected(&mut snapshot, args);
        let window = logs.coverage.span();
        // After a reading that is not whole, silence proves nothing, whatever the user forces.
        let partial = logs.is_partial();
        let forced = args.force && !partial;
        let min_window = if partial { u32::MAX } else { args.min_window };
        let days_min = if forced { 1 } else { usize::try_from(min_window).unwrap_or(usize::MAX) };
        let inputs = inputs(&logs, &snapshot, selectors.as_ref(), &exclusions);
        let mut assumptions = assumptions(&logs.coverage, selectors.as_ref(), args.min_window);
        assumptions.push(genuine(args.logs.read.require_digests).to_owned());
        assumptions.extend(drift::needs::gaps(&logs.usage));
        assumptions.extend(logs.kept_from.map(|day| {
            format!(
                "nothing before {day} matters: the ledger's older days were dropped (`ledger compact --keep`)"
            )
        }));
        let observability = Observability::new(&logs.coverage, &logs.usage, selectors, days_min);
        let judgement = drift::Settings {
            window_start: window.map_or(settings.now, |(first, _)| first),
            window_end: window.map_or(settings.now, |(_, last)| last),
            age_days_min: args.min_age,
            grace_days: args.grace,
            exclusions,
            today: settings.now.day(),
        };
        let short = short_accounts(&snapshot, &logs.coverage, min_window);
        let choice = match args.resources {
            Resources::Auto => None,
            Resources::Exact => Some(ResourceLevel::Exact),
            Resources::Generalise => Some(ResourceLevel::Generalise),
            Resources::Keep => Some(ResourceLevel::Keep),
        };
        Ok(Self {
            logs,
            snapshot,
            window,
            inputs,
            assumptions,
            short,
            groups,
            observability,
            judgement,
            forced,
            choice,
            union: args.shared == SharedPolicies::Union,
            pool,
        })
    }

    /// Judges every principal, in the order of the snapshot, on all threads. `one` gets the verdicts, the
    /// recommendations, and whether the coverage allows to show these.
    pub fn each<T: Send>(
        &self,
        one: impl Fn(&PrincipalReview<'_>, Vec<Recommendation>, bool) -> T + Sync,
    ) -> Vec<T> {
        let usage = UsageIndex::new(&self.logs.usage).with_groups(&self.groups);
        let known = Inventory::new(&self.logs.usage);
        let shared = self.pool.install(|| self.shared(&usage, &known));
        let options = Options { choice: self.choice, window: self.window, known: &known, shared: &shared };
        let judged = |principal: &GrantedPrincipal| {
            let review = drift::review_principal(principal, &usage, &self.observability, &self.judgement);
            let recommendations = recommend::recommend(&review, &options);
            one(&review, recommendations, self.may_recommend(principal))
        };
        self.pool.install(|| self.snapshot.principals.par_iter().map(judged).collect())
    }

    /// The policies that are trimmed once for all of their holders. These are judged here once more, each
    /// policy by itself, so that the verdicts on all principals need not be in memory together.
    fn shared(&self, usage: &UsageIndex<'_>, known: &Inventory<'_>) -> Shared {
        let principals = &self.snapshot.principals;
        let one = |(key, places): (SharedKey, Vec<(usize, usize)>)| {
            let holders: Vec<(PrincipalReview<'_>, Backtest, usize)> = places
                .iter()
                .filter_map(|(at, policy)| {
                    let principal = principals.get(*at)?;
                    let review =
                        drift::review_principal(principal, usage, &self.observability, &self.judgement);
                    let backtest = backtest::backtest(&review, self.window);
                    Some((review, backtest, *policy))
                })
                .collect();
            let policies: Vec<&PolicyReview<'_>> =
                holders.iter().filter_map(|(review, _, policy)| review.policies.get(*policy)).collect();
            let level = |action| {
                let of = holders.iter().map(|(_, backtest, _)| backtest.level(self.choice, action));
                of.max().unwrap_or(ResourceLevel::Keep)
            };
            (key, shared::trimmed(&policies, &level, known))
        };
        shared::places(principals, self.union).into_par_iter().map(one).collect()
    }

    /// The entries of the exclusions file, and whether each is over.
    pub fn exclusions(&self) -> impl Iterator<Item = (&Exclusion, bool)> {
        let drift::Settings { exclusions, today, .. } = &self.judgement;
        exclusions.entries.iter().map(|entry| (entry, entry.expired(*today)))
    }

    /// Does the coverage of the principal's account allow recommendations?
    fn may_recommend(&self, principal: &GrantedPrincipal) -> bool {
        let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
        self.forced || !self.short.contains_key(&account)
    }
}

fn inputs(
    logs: &Logs,
    snapshot: &Snapshot,
    selectors: Option<&Selectors>,
    exclusions: &Exclusions,
) -> Vec<Input> {
    let logs = logs.sha256.map(|hash| Input {
        kind: "logs".to_owned(),
        name: None,
        files: logs.files,
        sha256: hash.to_string(),
    });
    let file = |kind: &'static str| {
        move |file: &InputFile| Input {
            kind: kind.to_owned(),
            name: Some(file.name.clone()),
            files: 1,
            sha256: file.sha256.to_string(),
        }
    };
    let trails = selectors.map(|selectors| selectors.files.as_slice()).unwrap_or_default();
    logs.into_iter()
        .chain(snapshot.files.iter().map(file("grants")))
        .chain(trails.iter().map(file("trails")))
        .chain(exclusions.file.iter().map(file("exclusions")))
        .collect()
}

/// A mistake in the exclusions could cost a permission that somebody meant to keep: it ends the run.
fn exclusions(args: &JudgeArgs) -> anyhow::Result<Exclusions> {
    let Some(path) = &args.exclusions else { return Ok(Exclusions::default()) };
    Exclusions::read(path).map_err(|error| anyhow!(escape::terminal(&error.to_string())))
}

/// A name that fits nobody is an error, with the nearest one; better now than after reading the logs.
fn check_selection(snapshot: &Snapshot, args: &JudgeArgs) -> anyhow::Result<()> {
    for wanted in &args.role {
        select::find(snapshot, wanted)?;
    }
    for wanted in &args.account {
        if !snapshot.principals.iter().any(|one| one.account.is_some_and(|id| id.to_string() == *wanted)) {
            bail!("no principal of the account `{}` in the snapshot", escape::terminal(wanted));
        }
    }
    Ok(())
}

/// Keeps the principals that the user asked for.
fn keep_selected(snapshot: &mut Snapshot, args: &JudgeArgs) {
    snapshot.principals.retain(|principal| {
        let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
        (args.role.is_empty() || args.role.iter().any(|wanted| principal.is_named(wanted)))
            && (args.account.is_empty() || args.account.contains(&account))
    });
}

fn short_accounts(snapshot: &Snapshot, coverage: &Coverage, days_min: u32) -> BTreeMap<String, usize> {
    let mut short = BTreeMap::new();
    for account in snapshot.principals.iter().filter_map(|principal| principal.account) {
        let days = coverage.days(account).len();
        if u32::try_from(days).is_ok_and(|days| days < days_min) {
            short.insert(account.to_string(), days);
        }
    }
    short
}

/// What is taken for granted because nothing in the input says otherwise.
fn assumptions(coverage: &Coverage, selectors: Option<&Selectors>, days_min: u32) -> Vec<String> {
    let regions: BTreeSet<String> = coverage.cells().map(|cell| cell.region.to_owned()).collect();
    let mut all = Vec::new();
    if selectors.and_then(|selectors| selectors.multi_region) != Some(true) {
        let regions: Vec<String> = regions.into_iter().collect();
        all.push(format!(
            "no principal acted in a region other than {}: a call elsewhere would not be in these logs (--trails with describe-trails output settles it)",
            text::wrapped_list(&regions, 8)
        ));
    }
    all.extend(quiet_regions(coverage, days_min));
    if selectors.is_none() {
        let kinds: BTreeSet<String> = coverage
            .cells()
            .filter(|cell| cell.category.is_data())
            .map(|cell| cell.resource_type.to_owned())
            .collect();
        for kind in kinds {
            all.push(format!(
                "data events of {kind} are logged for every resource of the type, as for those that were seen (--trails settles it)"
            ));
        }
        all.push(
            "management events are logged completely on the days that were delivered (--trails settles it)"
                .to_owned(),
        );
    }
    all.push(format!(
        "the service reference of {} is complete: an action that is newer is kept, not judged",
        reference().date()
    ));
    all
}

/// Why the logs are taken for what `CloudTrail` delivered.
fn genuine(digests_required: bool) -> &'static str {
    if digests_required {
        "the public keys are CloudTrail's: a digest file signed with one of them proves every log file that was used"
    } else {
        "the logs are genuine: digest files were not checked (--require-digests checks them)"
    }
}

/// Regions with few days: the logs do not tell a quiet region from one that was not logged all the time.
fn quiet_regions(coverage: &Coverage, days_min: u32) -> Option<String> {
    let mut days: BTreeMap<(AccountId, &str), BTreeSet<Day>> = BTreeMap::new();
    for cell in coverage.cells() {
        let Some(account) = cell.account else { continue };
        days.entry((account, cell.region)).or_default().insert(cell.day);
    }
    let quiet = days.iter().filter(|(_, days)| u32::try_from(days.len()).is_ok_and(|days| days < days_min));
    let quiet: Vec<String> = quiet
        .map(|((account, region), days)| {
            format!("{} of {account} ({} days)", escape::terminal(region), days.len())
        })
        .collect();
    (!quiet.is_empty())
        .then(|| format!("these regions were quiet, not unlogged: {}", text::wrapped_list(&quiet, 6)))
}
