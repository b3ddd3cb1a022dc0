//! What a review contains: plain values, ready to be shown in any form.

mod needs;

pub use needs::ImpliedNeed;

use super::certificate::Input;
use super::escape;
use crate::drift::credit::Use;
use crate::drift::finding::{self, Finding};
use crate::drift::trust;
use crate::drift::{Personas, PolicyReview, PrincipalReview, Standing, StatementReview, Verdict};
use crate::grants::{AttachedPolicy, Exclusion, GrantedPrincipal, PolicySource, PrincipalType};
use crate::iam::contain::Containment;
use crate::iam::reference::ActionInfo;
use crate::iam::{Effect, PolicyDocument};
use crate::recommend::emit::{self, PrincipalChange, aws_cli};
use crate::recommend::risk::{self, Comparison};
use crate::recommend::{
    Backtest, Choice, Proposal, Proposals, Recommendation, ReplayCounts, Status, Step, TrustCondition,
    Wildcard, Withheld,
};
use crate::time::Timestamp;
use crate::trail::{Outcome, Problem};
use crate::usage::{Resource, Stats};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A whole review.
#[derive(Debug)]
pub struct Report {
    /// Version of this program.
    pub tool_version: &'static str,
    /// Date of the embedded service reference.
    pub reference_date: String,
    /// First and last second of the window.
    pub window: Option<(Timestamp, Timestamp)>,
    /// What the logs cover.
    pub coverage: CoverageReport,
    /// Everything that was read, for certificates.
    pub inputs: Vec<Input>,
    /// What the conclusions take for granted, in sentences.
    pub assumptions: Vec<String>,
    /// Why the coverage is not sufficient, when it is not.
    pub insufficient: Option<String>,
    /// Recommendations are shown in spite of insufficient coverage.
    pub forced: bool,
    /// One for each principal, the most removable grants first.
    pub principals: Vec<PrincipalReport>,
    /// The entries of the exclusions file.
    pub exclusions: Vec<ExclusionReport>,
    /// Service-linked roles, which nobody can edit: ARNs.
    pub service_linked: Vec<String>,
    /// API calls that no table maps, by (`eventSource`, `eventName`), of all principals.
    pub unmapped: Vec<((String, String), Stats)>,
    /// Files and records that could not be used.
    pub problems: Vec<Problem>,
    /// Places of the snapshot that could not be used: what and why.
    pub snapshot_problems: Vec<(String, String)>,
}

/// One entry of the exclusions file.
#[derive(Clone, Debug)]
pub struct ExclusionReport {
    /// The entry.
    pub entry: Exclusion,
    /// Was it applied?
    pub state: ExclusionState,
    /// ARNs of the reviewed principals that it fits, sorted.
    pub principals: Vec<String>,
}

/// What became of an exclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExclusionState {
    /// It fits somebody and was applied.
    Used,
    /// It fits nobody who was reviewed.
    Unused,
    /// Its last day is over: it was not applied.
    Expired,
}

impl ExclusionState {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Expired => "expired",
        }
    }
}

/// What the logs cover.
#[derive(Clone, Debug, Default)]
pub struct CoverageReport {
    /// Log files that were found.
    pub files: u64,
    /// Log files that could not be read, wholly or in part.
    pub files_with_problems: u64,
    /// Files that are no logs: digests, insights, others.
    pub files_skipped: u64,
    /// Records decoded.
    pub records: u64,
    /// Distinct events.
    pub events: u64,
    /// Deliveries of an event that was there already.
    pub duplicates: u64,
    /// Of the events, those that could not be compared with all others.
    pub possible_duplicates: u64,
    /// By account.
    pub accounts: Vec<AccountCoverage>,
}

/// One account's coverage.
#[derive(Clone, Debug, Default)]
pub struct AccountCoverage {
    /// The account.
    pub account: String,
    /// Days with at least one event.
    pub days: usize,
    /// Regions with at least one event.
    pub regions: Vec<String>,
    /// Event category in words, days, events.
    pub categories: Vec<(String, usize, u64)>,
}

/// One principal.
#[derive(Debug)]
pub struct PrincipalReport {
    /// The ARN.
    pub arn: String,
    /// The unique id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The account; empty when the ARN names none.
    pub account: String,
    /// `role` or `user`.
    pub kind: &'static str,
    /// How it can be changed.
    pub standing: Standing,
    /// Why it is left as it is for now, if it is.
    pub protected: Option<String>,
    /// The exclusions that fit it, as indices into the file's entries.
    pub exclusions: BTreeSet<usize>,
    /// Distinct granted actions by verdict, in the order of [`Verdict::ALL`].
    pub counts: [usize; 5],
    /// All events of the principal.
    pub events: Stats,
    /// Refused calls.
    pub denied: u64,
    /// What to look at.
    pub findings: Vec<Finding>,
    /// One for each policy.
    pub policies: Vec<PolicyReport>,
    /// How the trimmed policies would have done in the window; `None` when there are none.
    pub backtest: Option<Arc<Backtest>>,
    /// Refused calls by what the message names: event, action, resource, policy type.
    pub denials: Vec<(crate::usage::DenialKey, Stats)>,
    /// Calls that no policy explains: action, resource.
    pub unexplained: Vec<(String, String, Stats)>,
    /// Unmapped API calls.
    pub unmapped: Vec<((String, String), Stats)>,
    /// Trusted principals: type and name as written, were they never seen, who was.
    pub trusted: Vec<TrustedReport>,
    /// Statements of its trust policy that let other accounts in.
    pub trust_conditions: Vec<TrustCondition>,
    /// What it is to SageMaker.
    pub personas: Personas,
    /// Ways to more permissions that are open: name, actions, not used.
    pub ways: Vec<(&'static str, &'static [&'static str], bool)>,
    /// Risk before and after what is recommended.
    pub risk: Comparison,
    /// Ids of other principals of the same name, with their events.
    pub namesakes: Vec<(String, Stats)>,
}

/// One principal of a trust policy.
#[derive(Clone, Debug)]
pub struct TrustedReport {
    /// `AWS`, `Service`, `Federated`.
    pub kind: String,
    /// As written.
    pub name: String,
    /// Not seen to assume the role, and the logs would show it.
    pub never: bool,
    /// Who assumed the role and is, or may be, this principal.
    pub seen: Vec<(String, Stats)>,
}

/// One policy of one principal.
#[derive(Debug)]
pub struct PolicyReport {
    /// The name.
    pub name: String,
    /// `inline`, `customer_managed`, `aws_managed`, `group`.
    pub source: &'static str,
    /// The ARN of a managed policy.
    pub arn: Option<String>,
    /// Principals and groups that hold it.
    pub holders: usize,
    /// One for each statement.
    pub statements: Vec<StatementReport>,
    /// The proposed change.
    pub recommendation: Option<RecommendationReport>,
    /// What may be done beyond it.
    pub proposals: Vec<Proposal>,
    /// How many more the backtest took away.
    pub withheld: Withheld,
}

/// One statement.
#[derive(Debug)]
pub struct StatementReport {
    /// Its Sid.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Verdict by grant.
    pub grants: Vec<crate::drift::GrantReview>,
    /// Used actions with their evidence.
    pub used: Vec<UsedAction>,
    /// All other actions.
    pub others: Vec<ActionGroup>,
    /// What definitions of jobs and models imply.
    pub implied: Vec<ImpliedNeed>,
}

/// Service and name of an action of the reference.
pub type ActionName = (&'static str, &'static str);

/// More actions than this in one group are given as numbers by service.
const ACTIONS_LISTED_MAX: usize = 500;

/// Actions with the same verdict for the same reason.
#[derive(Debug)]
pub struct ActionGroup {
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub why: Arc<str>,
    /// How many.
    pub count: usize,
    /// Which, sorted; empty when they are too many to be listed.
    pub names: Vec<ActionName>,
    /// How many of which service, when they are too many to be listed.
    pub services: BTreeMap<&'static str, usize>,
}

/// Groups actions by verdict and reason. There are few groups, and actions with one reason mostly share
/// its text, so a search among the groups is short.
fn grouped<'r>(
    actions: impl Iterator<Item = (Verdict, &'r Arc<str>, &'static ActionInfo)>,
) -> Vec<ActionGroup> {
    let mut groups: Vec<ActionGroup> = Vec::new();
    for (verdict, why, action) in actions {
        let same = |group: &&mut ActionGroup| {
            group.verdict == verdict && (Arc::ptr_eq(&group.why, why) || group.why == *why)
        };
        let name = (action.service, action.name);
        match groups.iter_mut().find(same) {
            Some(group) => group.names.push(name),
            None => groups.push(ActionGroup {
                verdict,
                why: why.clone(),
                count: 0,
                names: vec![name],
                services: BTreeMap::new(),
            }),
        }
    }
    for group in &mut groups {
        group.count = group.names.len();
        if group.count > ACTIONS_LISTED_MAX {
            for (service, _) in std::mem::take(&mut group.names) {
                *group.services.entry(service).or_default() += 1;
            }
        }
    }
    groups.sort_by(|a, b| (a.verdict, &a.why).cmp(&(b.verdict, &b.why)));
    groups
}

/// One used action.
#[derive(Debug)]
pub struct UsedAction {
    /// `s3:GetObject`.
    pub action: String,
    /// Count, span, evidence.
    pub stats: Stats,
    /// The touched resources; `None` where the log does not tell.
    pub resources: BTreeSet<Option<String>>,
    /// Services that made the call with the principal's permissions.
    pub via: BTreeSet<String>,
}

/// A proposed change.
#[derive(Debug)]
pub struct RecommendationReport {
    /// How the change is made.
    pub step: Step,
    /// May it be applied?
    pub status: Status,
    /// The new policies, when all checks passed; none when nothing is left of the old one.
    pub documents: Vec<NewPolicy>,
    /// The aws CLI commands that make the change, to be run in the output folder.
    pub commands: Vec<String>,
    /// Characters without white space, and the limit.
    pub size_chars: (usize, usize),
    /// New ⊆ old.
    pub containment: Containment,
    /// The replay.
    pub replay: ReplayCounts,
    /// How far resources are limited.
    pub choice: Choice,
    /// The document before.
    pub old: Option<Arc<PolicyDocument>>,
    /// Where its certificate is written, relative to the output folder, when it may be applied.
    pub certificate: String,
    /// By old statement: Sid, number of statements that replace it, removed actions, actions with a
    /// narrower scope.
    pub changes: Vec<ChangeReport>,
}

/// One new policy.
#[derive(Debug)]
pub struct NewPolicy {
    /// Its name.
    pub name: String,
    /// Where it is written, relative to the output folder.
    pub file: String,
    /// The document.
    pub document: PolicyDocument,
}

/// What became of one statement.
#[derive(Debug)]
pub struct ChangeReport {
    /// Its Sid.
    pub sid: Option<String>,
    /// As it was.
    pub unchanged: bool,
    /// How many statements replace it.
    pub replaced_by: usize,
    /// Removed actions by reason.
    pub removed: Vec<ActionGroup>,
    /// Kept actions whose resources are fewer now.
    pub narrowed: Vec<(String, Vec<String>)>,
    /// What the wildcards in these cover.
    pub wildcards: Vec<(String, Vec<Wildcard>)>,
}

impl PrincipalReport {
    /// Builds the report of one principal. `show` is false when the coverage forbids recommendations.
    pub fn new(review: &PrincipalReview<'_>, recommendations: Vec<Recommendation>, show: bool) -> Self {
        let principal = review.principal;
        let backtest = recommendations.first().filter(|_| show).map(|one| one.backtest.clone());
        let risk = risk::compare(review, if show { &recommendations } else { &[] });
        let change = PrincipalChange::new(principal, &recommendations);
        let commands = change.policies.iter().map(|one| {
            let commands = aws_cli::commands(&change, one, &|new| file(principal, one.policy, new));
            (one.recommendation.policy, commands)
        });
        let mut commands: BTreeMap<usize, Vec<String>> = commands.collect();
        let mut by_policy: BTreeMap<usize, Recommendation> =
            recommendations.into_iter().map(|one| (one.policy, one)).collect();
        let policies = review.policies.iter().enumerate().map(|(index, policy)| {
            let recommendation = by_policy.remove(&index).filter(|_| show);
            let commands = commands.remove(&index).unwrap_or_default();
            policy_report(principal, policy, recommendation.map(|one| (one, commands)))
        });
        let usage = review.usage;
        Self {
            arn: principal.arn.to_string(),
            id: principal.id.clone(),
            name: principal.name.clone(),
            account: principal.account.map(|account| account.to_string()).unwrap_or_default(),
            kind: principal.kind.as_str(),
            standing: review.standing,
            protected: review.protected.clone(),
            exclusions: review.exclusions.clone(),
            counts: review.counts(),
            events: usage.map(|usage| usage.events.clone()).unwrap_or_default(),
            denied: usage.map_or(0, |usage| usage.denials.values().map(|stats| stats.count).sum()),
            findings: finding::findings(review),
            policies: policies.collect(),
            backtest,
            denials: usage.into_iter().flat_map(|usage| usage.denials.clone()).collect(),
            unexplained: unexplained(&review.unexplained),
            unmapped: usage.into_iter().flat_map(|usage| usage.unmapped.clone()).collect(),
            trusted: review.trusted.iter().map(trusted_report).collect(),
            trust_conditions: Vec::new(),
            personas: review.personas.clone(),
            ways: ways(review),
            risk,
            namesakes: review
                .namesakes
                .iter()
                .map(|(key, usage)| (key.id.clone(), usage.events.clone()))
                .collect(),
        }
    }

    /// Adds what may be done beyond the recommendations.
    #[must_use]
    pub fn with_proposals(mut self, proposals: Proposals) -> Self {
        for proposal in proposals.made {
            if let Some(policy) = self.policies.get_mut(proposal.policy) {
                policy.proposals.push(proposal);
            }
        }
        for (index, withheld) in proposals.withheld {
            if let Some(policy) = self.policies.get_mut(index) {
                policy.withheld = withheld;
            }
        }
        self
    }

    /// Adds what may be done with the trust policy.
    #[must_use]
    pub fn with_trust_conditions(self, trust_conditions: Vec<TrustCondition>) -> Self {
        Self { trust_conditions, ..self }
    }

    /// Granted actions, all verdicts together.
    pub fn granted(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Actions that may be removed.
    pub fn unused(&self) -> usize {
        let [.., unused] = self.counts;
        unused
    }
}

fn trusted_report(one: &trust::Trusted<'_>) -> TrustedReport {
    TrustedReport {
        kind: one.kind.to_owned(),
        name: one.name.to_owned(),
        never: one.never,
        seen: one.seen.iter().map(|assumer| (assumer.words(), assumer.stats.clone())).collect(),
    }
}

fn ways(review: &PrincipalReview<'_>) -> Vec<(&'static str, &'static [&'static str], bool)> {
    let unused: BTreeSet<&str> = finding::unused_ways(review).map(|open| open.way.name).collect();
    let ways = review.ways.iter().map(|open| open.way);
    ways.map(|way| (way.name, way.actions.as_slice(), unused.contains(way.name))).collect()
}

fn unexplained(rows: &[Use<'_>]) -> Vec<(String, String, Stats)> {
    let mut merged: BTreeMap<(String, String), Stats> = BTreeMap::new();
    for row in rows {
        let key = (row.call.action.0.to_string(), resource_text(row.resource).unwrap_or_default());
        merged.entry(key).or_default().merge(row.stats);
    }
    merged.into_iter().map(|((action, resource), stats)| (action, resource, stats)).collect()
}

fn resource_text(resource: &Resource) -> Option<String> {
    match resource {
        Resource::Star => Some("*".to_owned()),
        Resource::Unknown | Resource::Role(_) => None,
        Resource::Arn(name) | Resource::Pattern(name) => Some(name.arn.clone()),
    }
}

fn policy_report(
    principal: &GrantedPrincipal,
    review: &PolicyReview<'_>,
    recommendation: Option<(Recommendation, Vec<String>)>,
) -> PolicyReport {
    let policy = review.policy;
    let arn = policy.source.arn().map(str::to_owned);
    PolicyReport {
        name: policy.name.clone(),
        source: policy.source.as_str(),
        holders: policy.holders,
        statements: review.statements.iter().map(statement_report).collect(),
        recommendation: recommendation
            .map(|(one, commands)| recommendation_report(principal, policy, one, commands)),
        proposals: Vec::new(),
        withheld: Withheld::default(),
        arn,
    }
}

fn statement_report(review: &StatementReview<'_>) -> StatementReport {
    let others = review.actions.iter().filter(|one| one.verdict != Verdict::Used);
    let others = grouped(others.map(|one| (one.verdict, &one.why, one.action)));
    let mut used = Vec::new();
    for one in review.actions.iter().filter(|one| one.verdict == Verdict::Used) {
        let mut row = UsedAction {
            action: one.action.to_string(),
            stats: Stats::default(),
            resources: BTreeSet::new(),
            via: BTreeSet::new(),
        };
        // Undecided calls stand beside the authorized ones and prove nothing.
        for one_use in one.uses.iter().filter(|one_use| one_use.call.outcome == Outcome::Authorized) {
            row.stats.merge(one_use.stats);
            row.resources.insert(resource_text(one_use.resource));
            row.via.extend(one_use.call.via.clone());
        }
        used.push(row);
    }
    StatementReport {
        sid: review.statement.sid.clone(),
        effect: review.statement.effect,
        grants: review.grants.clone(),
        used,
        others,
        implied: needs::implied(&review.actions),
    }
}

fn recommendation_report(
    principal: &GrantedPrincipal,
    policy: &AttachedPolicy,
    recommendation: Recommendation,
    commands: Vec<String>,
) -> RecommendationReport {
    let documents = emit::named(principal, policy, &recommendation).into_iter().map(|new| NewPolicy {
        file: file(principal, policy, &new),
        name: new.name,
        document: new.document,
    });
    RecommendationReport {
        step: recommendation.step,
        old: policy.document.clone(),
        certificate: certificate_file(principal, policy),
        commands,
        documents: if recommendation.status == Status::Ready { documents.collect() } else { Vec::new() },
        size_chars: (recommendation.size_chars, recommendation.quota_chars),
        containment: recommendation.proof.containment,
        replay: recommendation.proof.replay,
        choice: recommendation.choice,
        changes: recommendation.changes.into_iter().map(change_report).collect(),
        status: recommendation.status,
    }
}

/// Where the files of a principal go, relative to the output folder. A user or group may have the name of a
/// role; no name in IAM holds a `~`.
fn folder(principal: &GrantedPrincipal) -> String {
    let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
    let mark = match principal.kind {
        PrincipalType::Role => "",
        PrincipalType::User => "~user",
        PrincipalType::Group => "~group",
    };
    format!("policies/{}/{}{mark}", escape::file_name(&account), escape::file_name(&principal.name))
}

/// An inline policy may have the name of a managed one that the principal holds too: their files differ.
fn twin_mark(principal: &GrantedPrincipal, policy: &AttachedPolicy) -> &'static str {
    let twins = principal.policies.iter().filter(|one| one.name.eq_ignore_ascii_case(&policy.name)).count();
    if twins > 1 && policy.source != PolicySource::Inline { "~managed" } else { "" }
}

/// Where a new policy is written.
fn file(principal: &GrantedPrincipal, policy: &AttachedPolicy, new: &emit::NewPolicy) -> String {
    let twin = twin_mark(principal, policy);
    format!("{}/{}{twin}.json", folder(principal), escape::file_name(&new.name))
}

/// Where the certificate of a change is written.
fn certificate_file(principal: &GrantedPrincipal, policy: &AttachedPolicy) -> String {
    let twin = twin_mark(principal, policy);
    format!("{}/{}{twin}~certificate.json", folder(principal), escape::file_name(&policy.name))
}

fn change_report(change: crate::recommend::StatementChange) -> ChangeReport {
    let removed = grouped(change.removed.iter().map(|one| (Verdict::Unused, &one.why, one.action)));
    let narrowed = change.narrowed.into_iter().map(|(action, resources)| (action.0.to_string(), resources));
    ChangeReport {
        sid: change.sid,
        unchanged: change.unchanged,
        replaced_by: change.replaced_by,
        removed,
        narrowed: narrowed.collect(),
        wildcards: change.wildcards.into_iter().map(|(action, all)| (action.0.to_string(), all)).collect(),
    }
}
