//! The tables that are made of summaries: `usage`, `grants`, `coverage`, and the one row of `params`.

use super::Kind::{Flag, Number, Text, Word};
use super::view::principal_key;
use super::{Builder, Cell, Column, Table, column};
use crate::grants::snapshot::{GrantedPrincipal, Snapshot};
use crate::iam::policy::{Effect, PolicyDocument, Statement};
use crate::time::{DAY_SECONDS, Day, Timestamp};
use crate::trail::coverage::Coverage;
use crate::trail::passed_roles::RoleReference;
use crate::usage::{Basis, CallKey, PrincipalKey, PrincipalUsage, Resource, Stats, Usage};
use std::collections::BTreeSet;

/// The columns of `usage`.
pub const USAGE: [Column; 18] = [
    column("principal_key", Word, "`events.principal_key`"),
    column("principal_kind", Word, "`role`, `user`, `root`, …"),
    column("principal_account", Word, "the principal's account"),
    column("principal_name", Word, "its name"),
    column("principal_arn", Word, "its ARN"),
    column("action", Word, "the IAM action: `s3:GetObject`"),
    column("basis", Word, "`direct`, `secondary` (may be needed too) or `passed_role`"),
    column("outcome", Word, "`authorized`, `denied` or `undecided`"),
    column("region", Word, "`awsRegion`"),
    column("event_source", Word, "`eventSource`"),
    column("event_name", Word, "`eventName`"),
    column("via", Word, "service that called with the principal's own permission"),
    column("passed_to", Word, "for `iam:PassRole` the service that got the role"),
    column(
        "resource",
        Word,
        "ARN, pattern or role name; `*` when the action knows no resource, empty when the event does not tell",
    ),
    column("events", Number, "distinct events"),
    column("first_ts", Number, "time of the first one, seconds since 1970"),
    column("last_ts", Number, "time of the last one"),
    column("last_event_id", Text, "`eventID` of the last one"),
];

/// The columns of `grants`.
pub const GRANTS: [Column; 14] = [
    column("principal_key", Word, "`events.principal_key`"),
    column("principal_kind", Word, "`role`, `user` or `group`"),
    column("principal_account", Word, "the principal's account"),
    column("principal_name", Word, "its name"),
    column("principal_arn", Word, "its ARN"),
    column("policy_name", Word, "name of the policy"),
    column("policy_source", Word, "`inline`, `customer_managed`, `aws_managed`, `group` or `boundary`"),
    column("policy_arn", Word, "ARN of a managed policy"),
    column("statement", Word, "`Sid`, else the number of the statement"),
    column("effect", Word, "`Allow` or `Deny`"),
    column("action_pattern", Word, "element of `Action`, or of `NotAction` behind a `!`"),
    column("resource_pattern", Word, "element of `Resource`, or of `NotResource` behind a `!`"),
    column("has_condition", Flag, "does the statement have a condition?"),
    column("created_ts", Number, "when the principal was created, seconds since 1970"),
];

/// The columns of `coverage`.
pub const COVERAGE: [Column; 6] = [
    column("account", Word, "account in which the calls acted"),
    column("region", Word, "`awsRegion`"),
    column("day", Word, "UTC day: `2026-01-31`"),
    column("category", Word, "`management_read`, `management_write`, `data_read`, …"),
    column("resource_type", Word, "for data events `AWS::S3::Object` and the like"),
    column("events", Number, "distinct events"),
];

/// The columns of `params`.
pub const PARAMS: [Column; 5] = [
    column("first_ts", Number, "time of the first event, seconds since 1970"),
    column("split", Number, "end of the baseline: what is called new was never seen before it"),
    column("end_ts", Number, "time behind the last event"),
    column(
        "baseline_days",
        Number,
        "days from the first event to the split; when fewer of them have events, those",
    ),
    column("has_baseline", Flag, "is the baseline long enough (14 days)?"),
];

/// The shortest baseline against which something is called new, in days (`docs/QUERIES.md`).
pub const BASELINE_DAYS_MIN: i64 = 14;

/// The usual baseline, in days.
pub const BASELINE_DAYS: i64 = 30;

/// The times with which queries compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Time of the first event.
    pub first: i64,
    /// The end of the baseline.
    pub split: i64,
    /// The time behind the last event.
    pub end: i64,
    /// Days before the split that have events, when somebody counted them.
    pub days_with_events: Option<i64>,
}

impl Params {
    /// From the span of the events and the start of what is asked about. Without the latter the baseline is 30
    /// days, or half of what there is when that is more than 14 days and less than 30.
    pub fn new(span: Option<(Timestamp, Timestamp)>, since: Option<Timestamp>) -> Self {
        let (first, last) = span.map_or((0, -1), |(first, last)| (first.seconds(), last.seconds()));
        let end = last + 1;
        let half = (end - first) / 2;
        let usual = half.clamp(BASELINE_DAYS_MIN * DAY_SECONDS, BASELINE_DAYS * DAY_SECONDS);
        let split = since.map_or((first + usual).min(end), Timestamp::seconds);
        Self { first, split, end, days_with_events: None }
    }

    /// With the days that the logs cover: a few events in a long time are no baseline, because silence proves
    /// nothing.
    #[must_use]
    pub fn covered(self, coverage: &Coverage) -> Self {
        let before = |day: &Day| day.start().seconds() < self.split;
        let days: BTreeSet<Day> =
            coverage.cells().filter(|cell| cell.events > 0).map(|cell| cell.day).filter(before).collect();
        Self { days_with_events: i64::try_from(days.len()).ok(), ..self }
    }

    /// Whole days of the baseline, or those of them with events when these are fewer.
    pub fn baseline_days(&self) -> i64 {
        let days = ((self.split - self.first) / DAY_SECONDS).max(0);
        self.days_with_events.map_or(days, |with_events| days.min(with_events))
    }

    /// Is it long enough?
    pub fn has_baseline(&self) -> bool {
        self.baseline_days() >= BASELINE_DAYS_MIN
    }

    /// The table `params`.
    pub fn table(&self) -> Table {
        let mut builder = Builder::new(&PARAMS);
        let cells = [self.first, self.split, self.end, self.baseline_days()].map(Cell::from);
        builder.push(0, 0, cells.into_iter().chain([self.has_baseline().into()]));
        Table::join(&PARAMS, vec![builder])
    }
}

/// The table `usage`.
pub fn usage(usage: &Usage) -> Table {
    let mut builder = Builder::new(&USAGE);
    for (key, one) in &usage.principals {
        for (call, resources) in &one.calls {
            for (resource, stats) in resources {
                builder.push(0, 0, usage_cells((key, one), call, (resource, stats)));
            }
        }
    }
    Table::join(&USAGE, vec![builder])
}

fn usage_cells<'v>(
    (key, usage): (&'v PrincipalKey, &'v PrincipalUsage),
    call: &'v CallKey,
    (resource, stats): (&'v Resource, &'v Stats),
) -> [Cell<'v>; 18] {
    let basis = match call.basis {
        Basis::Direct => "direct",
        Basis::Secondary => "secondary",
        Basis::PassedRole => "passed_role",
    };
    let resource = match resource {
        Resource::Star => "*",
        Resource::Unknown => "",
        Resource::Arn(name) | Resource::Pattern(name) => &name.arn,
        Resource::Role(RoleReference::Arn(arn) | RoleReference::InstanceProfileArn(arn)) => arn.as_str(),
        Resource::Role(RoleReference::Name(name) | RoleReference::InstanceProfileName(name)) => name,
    };
    let at = |time: Option<Timestamp>| Cell::Number(time.map(Timestamp::seconds));
    [
        principal_key(key.kind.as_str(), &key.account, &key.id).into(),
        key.kind.as_str().into(),
        key.account.as_str().into(),
        usage.name.as_str().into(),
        usage.arns.first().map_or("", String::as_str).into(),
        call.action.0.to_string().into(),
        basis.into(),
        call.outcome.as_str().into(),
        call.region.as_str().into(),
        call.event.0.as_str().into(),
        call.event.1.as_str().into(),
        call.via.as_deref().unwrap_or_default().into(),
        call.passed_to.as_deref().unwrap_or_default().into(),
        resource.into(),
        i64::try_from(stats.count).unwrap_or(i64::MAX).into(),
        at(stats.span.map(|(first, _)| first)),
        at(stats.span.map(|(_, last)| last)),
        stats.evidence.first().map(|(_, id)| id.to_string()).unwrap_or_default().into(),
    ]
}

/// The table `grants`; without a snapshot it has no rows.
pub fn grants(snapshot: Option<&Snapshot>) -> Table {
    let mut builder = Builder::new(&GRANTS);
    for principal in snapshot.map(|snapshot| &snapshot.principals).into_iter().flatten() {
        for policy in &principal.policies {
            if let Some(document) = &policy.document {
                let arn = policy.source.arn().unwrap_or_default();
                add_document(&mut builder, principal, (&policy.name, policy.source.as_str(), arn), document);
            }
        }
        if let Some(boundary) = &principal.boundary
            && let Some(document) = &boundary.document
        {
            let name = boundary.arn.rsplit('/').next().unwrap_or_default();
            add_document(&mut builder, principal, (name, "boundary", &boundary.arn), document);
        }
    }
    Table::join(&GRANTS, vec![builder])
}

fn add_document(
    builder: &mut Builder,
    principal: &GrantedPrincipal,
    (name, source, arn): (&str, &str, &str),
    document: &PolicyDocument,
) {
    let account = principal.account.map(|account| account.to_string()).unwrap_or_default();
    for (number, statement) in (1..).zip(&document.statements) {
        let sid = statement.sid.clone().unwrap_or_else(|| number.to_string());
        for (action, resource) in pairs(statement) {
            builder.push(
                0,
                0,
                [
                    principal_key(principal.kind.as_str(), &account, &principal.id).into(),
                    principal.kind.as_str().into(),
                    account.as_str().into(),
                    principal.name.as_str().into(),
                    principal.arn.as_str().into(),
                    name.into(),
                    source.into(),
                    arn.into(),
                    sid.as_str().into(),
                    if statement.effect == Effect::Allow { "Allow" } else { "Deny" }.into(),
                    action.into(),
                    resource.into(),
                    (!statement.condition.is_empty()).into(),
                    Cell::Number(principal.created.map(Timestamp::seconds)),
                ],
            );
        }
    }
}

/// Every action with every resource; the negated forms behind a `!`.
fn pairs(statement: &Statement) -> Vec<(String, String)> {
    let listed = |matcher: Option<&crate::iam::policy::Matcher>| -> Vec<String> {
        let Some(matcher) = matcher else { return vec![String::new()] };
        let mark = if matcher.negated { "!" } else { "" };
        matcher.patterns.values.iter().map(|value| format!("{mark}{value}")).collect()
    };
    let resources = listed(statement.resource.as_ref());
    let actions = listed(statement.action.as_ref());
    actions
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| (action.clone(), resource.clone())))
        .collect()
}

/// The table `coverage`.
pub fn coverage(coverage: &Coverage) -> Table {
    let mut builder = Builder::new(&COVERAGE);
    for cell in coverage.cells() {
        builder.push(
            0,
            0,
            [
                cell.account.map(|account| account.to_string()).unwrap_or_default().into(),
                cell.region.into(),
                cell.day.to_string().into(),
                cell.category.as_str().into(),
                cell.resource_type.into(),
                i64::try_from(cell.events).unwrap_or(i64::MAX).into(),
            ],
        );
    }
    Table::join(&COVERAGE, vec![builder])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline() {
        let at = |days: i64| Timestamp::from_seconds(1_700_000_000 + days * DAY_SECONDS);
        let check = |days: i64, since: Option<i64>, expect: (i64, bool)| {
            let span = at(0).zip(at(days));
            let params = Params::new(span, since.and_then(at));
            assert_eq!((params.baseline_days(), params.has_baseline()), expect, "{days} {since:?}");
        };
        check(90, None, (30, true));
        check(60, None, (30, true));
        check(40, None, (20, true));
        check(20, None, (14, true));
        check(10, None, (10, false));
        check(90, Some(80), (80, true));
        check(90, Some(3), (3, false));
        check(90, Some(-3), (0, false));
        let none = Params::new(None, None);
        assert_eq!((none.first, none.split, none.end, none.has_baseline()), (0, 0, 0, false));
    }
}
