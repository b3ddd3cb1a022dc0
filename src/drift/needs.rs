//! What a role needs for what definitions name: a job that is to read `s3://bucket/data/` with a role needs
//! `s3:GetObject` there, whether or not a data event shows the reading.

use super::credit::{self, Use};
use super::observability::Observability;
use crate::grants::GrantedPrincipal;
use crate::iam::reference::{ActionInfo, reference};
use crate::iam::{Statement, arn, glob, table};
use crate::time::{DAY_SECONDS, Timestamp};
use crate::trail::definitions::{Kind, Starts};
use crate::usage::definitions::{Actor, Need};
use crate::usage::{ActionRef, PrincipalUsage, Resource, ResourceName, Stats, Usage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static TABLE: &str = include_str!("../../data/definition_needs.tsv");

/// So many jobs must have run without a use before the logs outweigh what the jobs' definitions say.
const JOBS_MIN: u64 = 10;

/// The most characters of a value that a reason quotes.
const VALUE_SHOWN_MAX: usize = 120;

/// One action that a definition implies for the role that it hands over.
#[derive(Clone, Debug)]
pub struct Implied<'a> {
    /// The action.
    pub action: &'static ActionInfo,
    /// On which resource, as an ARN or a pattern; `None` when the definition does not tell.
    pub resource: Option<ResourceName>,
    /// What the definition names.
    pub need: &'a Need,
    /// How often and when it was defined.
    pub stats: &'a Stats,
}

/// The needs of the summary by role ARN, those of models given to the roles that they were made with.
#[derive(Debug, Default)]
pub struct NeedsIndex<'a> {
    by_role: BTreeMap<&'a str, Vec<(&'a Need, &'a Stats)>>,
}

impl<'a> NeedsIndex<'a> {
    /// Indexes a summary.
    pub fn new(usage: &'a Usage) -> Self {
        let mut by_role: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (actor, needs) in &usage.definitions.needs {
            let roles: Vec<&str> = match actor {
                Actor::Role(arn) => vec![arn],
                Actor::Model(model) => {
                    let roles = usage.definitions.models.get(model);
                    roles.into_iter().flatten().map(String::as_str).collect()
                }
            };
            for role in roles {
                by_role.entry(role).or_default().extend(needs);
            }
        }
        Self { by_role }
    }

    /// What definitions since the principal was created name for it.
    pub fn of(&self, principal: &GrantedPrincipal) -> Vec<(&'a Need, &'a Stats)> {
        let all = self.by_role.get(principal.arn.as_str()).into_iter().flatten();
        let own = |stats: &Stats| {
            let last = stats.span.map(|(_, last)| last);
            principal.created.is_none_or(|created| last.is_some_and(|last| last >= created))
        };
        all.filter(|(_, stats)| own(stats)).copied().collect()
    }
}

/// The host and name of a definition of the account whose parameters the log does not carry.
pub fn unreadable<'a>(usage: &'a Usage, account: &str) -> Vec<(&'a str, &'a str)> {
    let all = usage.definitions.unreadable.keys().filter(|(of, ..)| of == account);
    all.map(|(_, source, name)| (source.as_str(), name.as_str())).collect()
}

/// May some definition imply this action?
pub fn can_be_implied(action: &ActionInfo) -> bool {
    table_rows().iter().any(|[.., name, _]| {
        name.split_once(':').is_some_and(|(service, name)| (service, name) == (action.service, action.name))
    })
}

/// What the definitions of these logs leave open, in sentences for the assumptions of a report.
pub fn gaps(usage: &Usage) -> Vec<String> {
    let definitions = &usage.definitions;
    let mut gaps = Vec::new();
    let unreadable: u64 = definitions.unreadable.values().map(|stats| stats.count).sum();
    if unreadable > 0 {
        gaps.push(format!(
            "{unreadable} definitions of jobs or models carry no parameters: what their roles need is not known from them"
        ));
    }
    let models = definitions.needs.keys().filter_map(|actor| match actor {
        Actor::Model(model) => Some(model),
        Actor::Role(_) => None,
    });
    let lost = models.filter(|model| !definitions.models.contains_key(model)).count();
    if lost > 0 {
        gaps.push(format!(
            "{lost} models that jobs or endpoints run were made before these logs: what their roles need is not known from the definitions"
        ));
    }
    if definitions.dropped {
        gaps.push(
            "the logs define more roles or models than are kept: some needs of roles are not known"
                .to_owned(),
        );
    }
    gaps
}

/// All that the needs of a principal imply, except what the logs refute.
pub fn implied<'a>(
    principal: &GrantedPrincipal,
    needs: &[(&'a Need, &'a Stats)],
    usage: Option<&PrincipalUsage>,
    observability: &Observability,
    window_end: Timestamp,
) -> BTreeMap<ActionRef, Vec<Implied<'a>>> {
    let mut all: Vec<Implied<'a>> = Vec::new();
    for (need, stats) in needs.iter().copied() {
        for (action, kind) in actions_of(need) {
            let resource = resource(principal, need, action, kind);
            all.push(Implied { action, resource, need, stats });
        }
    }
    let mut found: BTreeMap<ActionRef, Vec<Implied<'a>>> = BTreeMap::new();
    for one in all {
        found.entry(ActionRef(one.action)).or_default().push(one);
    }
    for (action, implied) in &mut found {
        let refuted = Refutation { principal, action: action.0, usage, observability, window_end };
        let gone = refuted.of(implied);
        implied.retain(|one| !gone.contains(&key(one)));
    }
    found.retain(|_, implied| !implied.is_empty());
    found
}

fn table_rows() -> &'static [[&'static str; 4]] {
    static ROWS: LazyLock<Vec<[&str; 4]>> = LazyLock::new(|| table::rows(TABLE).collect());
    &ROWS
}

/// The actions of the table for a need, each with the type of the resource that the value names.
fn actions_of(need: &Need) -> impl Iterator<Item = (&'static ActionInfo, &'static str)> {
    let (kind, used) = (need.kind.as_str(), if need.used.is_empty() { "-" } else { need.used });
    let fits = move |row: &&[&str; 4]| row[0] == kind && row[1] == used;
    table_rows()
        .iter()
        .filter(fits)
        .filter_map(|[_, _, action, of]| Some((reference().action_named(action)?, *of)))
}

/// The ARN or pattern that a need's value stands for.
fn resource(
    principal: &GrantedPrincipal,
    need: &Need,
    action: &ActionInfo,
    kind: &str,
) -> Option<ResourceName> {
    let kind = action.resource_types.iter().find(|known| known.name == kind)?.name;
    let value = need.value.as_deref()?;
    let role = principal.arn.parts();
    let (partition, account) = (role.partition, role.account);
    let of_s3 = || value.strip_prefix("s3://")?.split_once('/');
    let arn = match (need.kind, kind) {
        (Kind::S3In | Kind::S3Out, "bucket") => format!("arn:{partition}:s3:::{}", of_s3()?.0),
        (Kind::S3In | Kind::S3Out, _) => {
            let (bucket, key) = of_s3()?;
            // A policy cannot say these characters plainly: everything that starts alike is meant.
            let special = |letter: char| "*?$".contains(letter) || !(' '..='~').contains(&letter);
            let plain = key.split(special).next().unwrap_or_default();
            format!("arn:{partition}:s3:::{bucket}/{plain}*")
        }
        (Kind::Image, _) => {
            let (registry, repository) = value.split_once('/')?;
            let mut labels = registry.split('.');
            let (owner, region) = (labels.next()?, labels.nth(2)?);
            format!("arn:{partition}:ecr:{region}:{owner}:repository/{repository}")
        }
        (Kind::KmsKey, _) if value.starts_with("arn:") => value.to_owned(),
        (Kind::KmsKey, _) => format!("arn:{partition}:kms:{}:{account}:key/{value}", need.region),
        (Kind::LogGroup, _) => {
            let end = if kind == "log-stream" { "log-stream:*" } else { "*" };
            format!("arn:{partition}:logs:{}:{account}:log-group:{value}:{end}", need.region)
        }
        _ => return None,
    };
    Some(ResourceName { kind, arn, complete: true })
}

/// What is refuted together: one operation's needs at one bucket, or at one resource.
type Key = (String, String);

fn key(one: &Implied<'_>) -> Key {
    let arn = one.resource.as_ref().map(|name| name.arn.as_str()).unwrap_or_default();
    let place = if one.action.service == "s3" { arn.split('/').next().unwrap_or_default() } else { arn };
    (one.need.event.1.clone(), place.to_owned())
}

/// Whether the logs outweigh the definitions: many jobs that ran at once, over a long time, named a
/// resource, every use there would have been recorded, and none was.
struct Refutation<'r> {
    principal: &'r GrantedPrincipal,
    action: &'static ActionInfo,
    usage: Option<&'r PrincipalUsage>,
    observability: &'r Observability,
    window_end: Timestamp,
}

impl Refutation<'_> {
    fn of(&self, implied: &[Implied<'_>]) -> BTreeSet<Key> {
        let keys: BTreeSet<Key> = implied.iter().map(key).collect();
        let refuted = |wanted: &Key| {
            let own: Vec<&Implied<'_>> = implied.iter().filter(|one| key(one) == *wanted).collect();
            self.ran_long_enough(&own) && own.iter().all(|one| self.would_have_shown(one))
        };
        keys.into_iter().filter(refuted).collect()
    }

    fn ran_long_enough(&self, own: &[&Implied<'_>]) -> bool {
        let mut jobs: BTreeMap<&str, u64> = BTreeMap::new();
        for one in own {
            let count = jobs.entry(one.need.path).or_default();
            // One job has one value at a plain path, and can have several in a list.
            let listed = one.need.path.contains("[]");
            *count = if listed { (*count).max(one.stats.count) } else { *count + one.stats.count };
        }
        let first = own.iter().filter_map(|one| one.stats.span).map(|(first, _)| first).min();
        let days = first.map(|first| (self.window_end.seconds() - first.seconds()).div_euclid(DAY_SECONDS));
        jobs.values().any(|count| *count >= JOBS_MIN)
            && days.is_some_and(|days| self.observability.is_long_enough(days))
            && own.iter().all(|one| one.need.starts == Starts::Now)
    }

    fn would_have_shown(&self, one: &Implied<'_>) -> bool {
        let Some(name) = &one.resource else { return false };
        self.observability.can_show_on(self.principal.account, self.action, &name.arn)
            && !self.usage.into_iter().flat_map(credit::uses).any(|row| self.meets(&row, &name.arn))
    }

    /// May the role have used the action there?
    fn meets(&self, row: &Use<'_>, arn: &str) -> bool {
        ActionRef(self.action) == row.call.action
            && match row.resource {
                Resource::Star | Resource::Unknown | Resource::Role(_) => true,
                Resource::Arn(name) | Resource::Pattern(name) => glob::overlaps(&name.arn, arn),
            }
    }
}

impl Implied<'_> {
    /// Can the need rest on this statement? Its conditions may hold.
    pub fn may_rest_on(&self, statement: &Statement) -> bool {
        self.resource.as_ref().is_none_or(|name| credit::may_meet(statement, &name.arn))
    }

    /// The reason in one line: the latest definition, what it names and its event.
    pub fn reason(&self) -> String {
        let Need { event: (_, name), kind, value, .. } = self.need;
        let verb = match kind {
            Kind::S3In => "reads",
            Kind::S3Out => "writes",
            Kind::Image => "runs",
            Kind::KmsKey => "uses the key",
            Kind::LogGroup => "runs containers that log to",
            _ => "names",
        };
        let day = self.stats.span.map(|(_, last)| last.day().to_string()).unwrap_or_default();
        let value = value.as_deref().unwrap_or("something that the log does not show");
        let mut shown: String = value.chars().take(VALUE_SHOWN_MAX).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        let id = self.stats.evidence.first().map(|(_, id)| format!(" (event {id})")).unwrap_or_default();
        format!("implied by definitions: {name} of {day} {verb} {shown}{id}")
    }
}

/// The bucket of an S3 ARN.
pub(super) fn bucket_of(arn: &str) -> Option<&str> {
    let parts = arn::split(arn).filter(|parts| parts.service == "s3" && parts.account.is_empty())?;
    parts.resource.split('/').next().filter(|bucket| !glob::has_wildcard(bucket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_an_action_and_a_type_of_it() {
        for [kind, used, action, of] in table::rows::<4>(TABLE) {
            let known = reference().action_named(action).unwrap_or_else(|| panic!("{action}"));
            assert!(of == "-" || known.resource_types.iter().any(|one| one.name == of), "{action} {of}");
            let words = ["s3_in", "s3_out", "image", "kms_key", "vpc", "log_group"];
            assert!(words.contains(&kind) && !used.is_empty(), "{kind} {used}");
        }
    }
}
