//! Verdicts: for each action that a statement grants, and for each of its grants.

use super::credit::{self, Replay, Use};
use super::needs::{self, Implied};
use super::observability::{Class, Observability, Visible};
use super::protection::{Protection, StatementProtection};
use super::{PrincipalReview, Standing};
use crate::grants::{AttachedPolicy, GrantedPrincipal, LastUsed};
use crate::iam::compiled::CompiledPolicies;
use crate::iam::policy::{PrincipalElement, Principals};
use crate::iam::reference::{ActionInfo, Visibility, reference};
use crate::iam::{Effect, PolicyDocument, Statement, glob};
use crate::time::Timestamp;
use crate::trail::action_map;
use crate::trail::outcome::Outcome;
use crate::usage::{ActionRef, Basis, PrincipalUsage, Resource};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known about the need for a grant. The order is the order of strength: a grant that covers
/// several actions gets the first verdict that any of them has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// An authorized call rests on it.
    Used,
    /// Another use may need it: passed roles, dependent actions, undecided calls, definitions of jobs.
    Implied,
    /// Left as it is: excluded, for emergencies, too young, or granted a moment ago.
    Protected,
    /// These logs could not have shown a use.
    Unobservable,
    /// A use would have been seen, and none was. The only verdict that removes anything.
    Unused,
}

impl Verdict {
    /// All verdicts, strongest first.
    pub const ALL: [Self; 5] = [Self::Used, Self::Implied, Self::Protected, Self::Unobservable, Self::Unused];

    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Implied => "implied",
            Self::Protected => "protected",
            Self::Unobservable => "unobservable",
            Self::Unused => "unused",
        }
    }
}

/// One policy of a principal.
#[derive(Debug)]
pub struct PolicyReview<'a> {
    /// The policy.
    pub policy: &'a AttachedPolicy,
    /// One for each statement of its document; empty when the document is not there.
    pub statements: Vec<StatementReview<'a>>,
}

/// One statement.
#[derive(Debug)]
pub struct StatementReview<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Every action of the service reference that an Allow statement names, sorted. Empty for Deny.
    pub actions: Vec<ActionReview<'a>>,
    /// Every grant: action pattern × resource pattern. Empty for Deny.
    pub grants: Vec<GrantReview>,
}

/// One action of one statement.
#[derive(Debug)]
pub struct ActionReview<'a> {
    /// The action.
    pub action: &'static ActionInfo,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one line; for a used action empty, its uses say why.
    pub why: Arc<str>,
    /// Why it is left as it is, used or not; neither removed nor narrowed.
    pub protected: Option<Arc<str>>,
    /// The rows that may rest on this statement.
    pub uses: Vec<Use<'a>>,
    /// What definitions imply and may rest on this statement.
    pub implied: Vec<Implied<'a>>,
}

/// One grant: one action pattern × one resource pattern of one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantReview {
    /// As written; `NotAction` patterns are joined by blanks behind the word `NotAction`.
    pub action_pattern: String,
    /// As written; `NotResource` patterns likewise.
    pub resource_pattern: String,
    /// The strongest verdict of its actions.
    pub verdict: Verdict,
    /// How many actions have which verdict, in the order of [`Verdict::ALL`].
    pub counts: [usize; 5],
    /// Why, where no action of the reference is meant.
    pub why: Option<String>,
}

/// What the verdicts of one principal rest on.
#[derive(Debug)]
pub struct Inputs<'a, 'o> {
    /// Who.
    pub principal: &'a GrantedPrincipal,
    /// What it did.
    pub usage: Option<&'a PrincipalUsage>,
    /// How it can be changed.
    pub standing: Standing,
    /// What of it is left as it is.
    pub protection: Protection<'o>,
    /// What the logs can show.
    pub observability: &'o Observability,
    /// What definitions imply for it.
    pub implied: BTreeMap<ActionRef, Vec<Implied<'a>>>,
    /// Host and name of definitions in its account that may hand it over: the log does not carry them.
    pub unreadable: Vec<(&'a str, &'a str)>,
}

/// Reviews all policies; the second value holds the authorized uses that no statement explains.
pub fn review_policies<'a>(inputs: &Inputs<'a, '_>) -> (Vec<PolicyReview<'a>>, Vec<Use<'a>>) {
    let rows = inputs.usage.into_iter().flat_map(credit::uses);
    let replays: Vec<Replay<'a>> = rows.filter_map(|row| Replay::new(inputs.principal, row)).collect();
    let mut explained = vec![false; replays.len()];
    let judge = Judge::new(inputs, None);
    let documents: Vec<&PolicyDocument> =
        inputs.principal.policies.iter().filter_map(|policy| policy.document.as_deref()).collect();
    let compiled = CompiledPolicies::new(&documents);
    // By document and statement.
    let mut credited: BTreeMap<(usize, usize), Credited<'a>> = BTreeMap::new();
    for (replay, explained) in replays.iter().zip(&mut explained) {
        for one in replay.may_rest_on(&compiled) {
            *explained = true;
            let place = credited.entry((one.at.policy, one.at.statement)).or_default();
            place.entry(replay.row.call.action).or_default().push(replay.row);
        }
    }
    let mut policies = Vec::new();
    // Counts the policies whose document is there.
    let mut number = 0;
    for (place, policy) in inputs.principal.policies.iter().enumerate() {
        let mut statements = Vec::new();
        if let Some(document) = policy.document.as_deref() {
            for (index, statement) in document.statements.iter().enumerate() {
                let credited = credited.remove(&(number, index)).unwrap_or_default();
                let protection = inputs.protection.statement(place, statement, document.version.as_deref());
                statements.push(judge.statement(statement, credited, &protection));
            }
            number += 1;
        }
        policies.push(PolicyReview { policy, statements });
    }
    let unexplained = replays.iter().zip(&explained).filter(|(replay, explained)| {
        let call = replay.row.call;
        !**explained && call.basis == Basis::Direct && call.outcome == Outcome::Authorized
    });
    (policies, unexplained.map(|(replay, _)| replay.row).collect())
}

/// The rows that may rest on one statement, by action.
type Credited<'a> = BTreeMap<ActionRef, Vec<Use<'a>>>;

/// Why nothing of an unused principal is needed.
const NOT_USED_AT_ALL: &str =
    "the principal was not used at all: no event, and IAM's own record of the last use agrees";

/// Decides on actions that no call credits, from what is known about the principal as a whole.
#[derive(Debug)]
struct Judge<'i, 'a, 'o> {
    inputs: &'i Inputs<'a, 'o>,
    /// Actions that calls of this principal depend on, with one such call's action.
    dependents: BTreeMap<(&'static str, &'static str), &'static ActionInfo>,
    /// Actions that this principal used or tried, for carried permissions.
    attempted: BTreeSet<(&'static str, &'static str)>,
    /// Services of which this principal called something that no table maps: it may have been anything.
    unmapped: BTreeMap<String, String>,
    /// A region of the last use that the logs do not cover.
    blind_region: Option<Arc<str>>,
    /// What the logs can show, by class of action: a few answers for thousands of actions.
    visible: RefCell<BTreeMap<Class, (Verdict, Arc<str>)>>,
    /// The reason of a principal that was not used at all.
    not_used: Option<Arc<str>>,
}

impl<'i, 'a, 'o> Judge<'i, 'a, 'o> {
    /// `end`: as if the logs ended there.
    fn new(inputs: &'i Inputs<'a, 'o>, end: Option<Timestamp>) -> Self {
        let mut dependents = BTreeMap::new();
        let mut attempted = BTreeSet::new();
        for row in inputs.usage.into_iter().flat_map(credit::uses).filter(|row| row.stats.begins_before(end))
        {
            let action = row.call.action.0;
            if !attempted.insert((action.service, action.name)) {
                continue;
            }
            for dependent in &action.dependents {
                if let Some(known) = reference().action_named(dependent) {
                    dependents.entry((known.service, known.name)).or_insert(action);
                }
            }
        }
        let not_used = (inputs.standing == Standing::Unused).then(|| Arc::from(NOT_USED_AT_ALL));
        let visible = RefCell::default();
        let unmapped = unmapped_services(inputs, end);
        Self {
            inputs,
            dependents,
            attempted,
            unmapped,
            blind_region: blind_region(inputs),
            visible,
            not_used,
        }
    }

    fn statement(
        &self,
        statement: &'a Statement,
        mut credited: Credited<'a>,
        protection: &StatementProtection<'_>,
    ) -> StatementReview<'a> {
        let mut actions = Vec::new();
        let mut grants = Vec::new();
        if let (Effect::Allow, Some(matcher)) = (statement.effect, &statement.action) {
            let named = named_actions(matcher.negated, &matcher.patterns.values);
            actions = named
                .into_iter()
                .map(|action| {
                    let uses = credited.remove(&ActionRef(action)).unwrap_or_default();
                    let implied = self.implied_by(action, statement);
                    self.action(action, uses, (implied, protection.why(action).cloned()))
                })
                .collect();
            grants = grants_of(statement, &actions);
        }
        StatementReview { statement, actions, grants }
    }

    fn action(
        &self,
        action: &'static ActionInfo,
        uses: Vec<Use<'a>>,
        (implied, protected): (Vec<Implied<'a>>, Option<Arc<str>>),
    ) -> ActionReview<'a> {
        let latest = implied.iter().max_by_key(|one| (one.stats.span.map(|(_, last)| last), one.need));
        let (verdict, why) = match (strongest(&uses), latest) {
            (Some((Verdict::Used, why)), _) => (Verdict::Used, Arc::from(why)),
            (_, Some(latest)) => (Verdict::Implied, latest.reason().into()),
            (Some((verdict, why)), _) => (verdict, Arc::from(why)),
            (None, _) => self.without_use(action, protected.as_ref()),
        };
        ActionReview { action, verdict, why, protected, uses, implied }
    }

    /// What definitions imply for an action and may rest on a statement.
    fn implied_by(&self, action: &'static ActionInfo, statement: &Statement) -> Vec<Implied<'a>> {
        let implied = self.inputs.implied.get(&ActionRef(action)).into_iter().flatten();
        implied.filter(|one| one.may_rest_on(statement)).cloned().collect()
    }

    fn without_use(&self, action: &'static ActionInfo, protected: Option<&Arc<str>>) -> (Verdict, Arc<str>) {
        if let Some(why) = &self.not_used {
            return (Verdict::Unused, why.clone());
        }
        if let Some(by) = self.dependents.get(&(action.service, action.name)) {
            return (Verdict::Implied, format!("`{by}`, which was called, may need it").into());
        }
        if let Some(name) = self.may_be_defined(action) {
            let why = format!("a `{name}` whose parameters are not in the log may need it");
            return (Verdict::Implied, why.into());
        }
        if let Some(why) = protected {
            return (Verdict::Protected, why.clone());
        }
        if (action.service, action.name) == ("iam", "PassRole") {
            let why = "no event shows it; no call that was seen hands over a role, but not every such call is known";
            return (Verdict::Unobservable, Arc::from(why));
        }
        if let Some(carrier) = self.carrier_called(action) {
            let why = format!("may have been checked inside `{carrier}`, which was called");
            return (Verdict::Implied, why.into());
        }
        if let Some(call) = self.unmapped.get(action.service) {
            return (
                Verdict::Implied,
                format!("`{call}` was called, which no table maps to an action").into(),
            );
        }
        if let Visibility::ServiceOnly(services) = &action.visibility
            && self.inputs.observability.covers_account(self.inputs.principal.account)
            && let Some(trust) = &self.inputs.principal.trust
            && !services.iter().any(|service| trusts(trust, service))
        {
            let why =
                format!("only {} can use it, and the trust policy names none of them", services.join(", "));
            return (Verdict::Unused, why.into());
        }
        if let Some(why) = &self.blind_region {
            return (Verdict::Unobservable, why.clone());
        }
        let answer = || match self.inputs.observability.can_show(self.inputs.principal.account, action) {
            Visible::Yes => (Verdict::Unused, Arc::from("a use would have been recorded, and none was")),
            Visible::No(why) => (Verdict::Unobservable, Arc::from(why)),
        };
        self.visible.borrow_mut().entry(Observability::class(action)).or_insert_with(answer).clone()
    }

    /// The definition, if there is one, that may hand over this role and need this action, and that the log
    /// does not carry.
    fn may_be_defined(&self, action: &ActionInfo) -> Option<&'a str> {
        if !needs::can_be_implied(action) {
            return None;
        }
        let trust = self.inputs.principal.trust.as_ref();
        let may_get_it = |source: &str| trust.is_none_or(|trust| trusts(trust, source));
        self.inputs.unreadable.iter().find(|(source, _)| may_get_it(source)).map(|(_, name)| *name)
    }

    fn carrier_called(&self, action: &ActionInfo) -> Option<&'static str> {
        let Visibility::Carried(carriers) = &action.visibility else { return None };
        carriers.iter().copied().find(|carrier| {
            let known = reference().action_named(carrier);
            known.is_some_and(|known| self.attempted.contains(&(known.service, known.name)))
        })
    }
}

/// The verdicts as they would have been, had the logs ended earlier. What such logs can show, and which
/// definitions they do not carry, is taken from the whole window, so that an action is called unused although it might have been called unobservable:
/// the fit removes more than a review on that day would have, never less.
#[derive(Debug)]
pub struct Earlier<'i, 'a, 'o> {
    judge: Judge<'i, 'a, 'o>,
    end: Timestamp,
}

impl<'i, 'a, 'o> Earlier<'i, 'a, 'o> {
    /// As if no event at `end` or later were in the logs.
    pub fn new(inputs: &'i Inputs<'a, 'o>, end: Timestamp) -> Self {
        Self { judge: Judge::new(inputs, Some(end)), end }
    }

    /// The earlier verdict on an action, from the one of the whole window: with fewer events nothing is
    /// needed that is not needed with all, so only what a use keeps is judged again.
    pub fn action(&self, whole: &ActionReview<'a>) -> ActionReview<'a> {
        let uses = whole.uses.iter().filter(|row| row.stats.begins_before(Some(self.end)));
        let implied = whole.implied.iter().filter(|one| one.stats.begins_before(Some(self.end)));
        let besides = (implied.cloned().collect(), whole.protected.clone());
        let mut earlier = self.judge.action(whole.action, uses.copied().collect(), besides);
        if !matches!(whole.verdict, Verdict::Used | Verdict::Implied) {
            (earlier.verdict, earlier.why) = (whole.verdict, whole.why.clone());
        }
        earlier
    }
}

/// Service prefixes of the principal's unmapped calls, each with the name of one such call.
fn unmapped_services(inputs: &Inputs<'_, '_>, end: Option<Timestamp>) -> BTreeMap<String, String> {
    let mut services = BTreeMap::new();
    let calls = inputs.usage.into_iter().flat_map(|usage| &usage.unmapped);
    for ((source, name), _) in calls.filter(|(_, stats)| stats.begins_before(end)) {
        let own = source.split('.').next().unwrap_or_default();
        for prefix in action_map::prefixes_of(source).chain([own]) {
            services.entry(prefix.to_owned()).or_insert_with(|| name.clone());
        }
    }
    services
}

/// May the service assume the role? Anything but a plain list of principals that leaves it out may let it in.
fn trusts(trust: &PolicyDocument, service: &str) -> bool {
    trust.statements.iter().filter(|statement| statement.effect == Effect::Allow).any(|statement| {
        match &statement.principal {
            Some(PrincipalElement { negated: false, principals: Principals::Typed(types) }) => {
                types.iter().any(|(kind, names)| {
                    kind == "Service" && names.values.iter().any(|name| name == service || name == "*")
                })
            }
            _ => true,
        }
    })
}

/// IAM's record of the last use names a region; when the logs hold nothing of that region, the role was
/// used where these logs cannot see.
fn blind_region(inputs: &Inputs<'_, '_>) -> Option<Arc<str>> {
    let LastUsed::At { region, .. } = &inputs.principal.last_used else { return None };
    let account = inputs.principal.account?;
    (!region.is_empty() && !inputs.observability.covers_region(account, region)).then(|| {
        Arc::from(format!("IAM recorded a use in {region}, and the logs hold nothing of that region"))
    })
}

/// The verdict that the uses of an action support, the strongest first.
fn strongest(uses: &[Use<'_>]) -> Option<(Verdict, &'static str)> {
    let of = |row: &Use<'_>| match (row.call.outcome, row.call.basis, row.resource) {
        (Outcome::Undecided, ..) => {
            (Verdict::Implied, "called, but the error does not tell whether it was allowed")
        }
        (_, Basis::Secondary, _) => (Verdict::Implied, "an operation that was called may need it"),
        (_, Basis::PassedRole, Resource::Unknown | Resource::Role(_)) => (
            Verdict::Implied,
            "an operation that can hand over a role was called; the log does not show which role",
        ),
        _ => (Verdict::Used, ""),
    };
    uses.iter().map(of).min()
}

/// The actions of the reference that the patterns name, sorted.
fn named_actions(negated: bool, patterns: &[String]) -> Vec<&'static ActionInfo> {
    let parts: Vec<ActionPattern<'_>> = patterns.iter().map(|pattern| ActionPattern::new(pattern)).collect();
    if negated {
        let excluded = |action: &ActionInfo| parts.iter().any(|pattern| pattern.names(action));
        return reference().expand("*").into_iter().filter(|action| !excluded(action)).collect();
    }
    let mut named: Vec<ActionRef> =
        patterns.iter().flat_map(|pattern| reference().expand(pattern)).map(ActionRef).collect();
    // Each expansion is sorted, and sorting runs that are sorted is cheap.
    named.sort();
    named.dedup();
    named.into_iter().map(|action| action.0).collect()
}

/// An action pattern, taken apart once for many actions.
#[derive(Clone, Copy, Debug)]
pub struct ActionPattern<'p> {
    everything: bool,
    service: &'p str,
    name: &'p str,
}

impl<'p> ActionPattern<'p> {
    /// Takes a pattern apart; one without a colon that is not all `*` names nothing.
    pub fn new(pattern: &'p str) -> Self {
        let everything = !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
        let (service, name) = pattern.split_once(':').unwrap_or_default();
        Self { everything, service, name }
    }

    /// The reviews whose action it names, of reviews that are sorted by action.
    pub fn named_in<'r, 'a>(self, reviews: &'r [ActionReview<'a>]) -> Vec<&'r ActionReview<'a>> {
        if self.everything {
            return reviews.iter().collect();
        }
        let service = self.service.to_ascii_lowercase();
        let start = reviews.partition_point(|review| review.action.service < service.as_str());
        let of_service = reviews.iter().skip(start).take_while(|review| review.action.service == service);
        of_service.filter(|review| self.names(review.action)).collect()
    }

    /// Does it name this action?
    pub fn names(self, action: &ActionInfo) -> bool {
        self.everything
            || (self.service.eq_ignore_ascii_case(action.service)
                && (self.name == "*" || glob::matches_ignore_case(self.name, action.name)))
    }
}

pub(super) fn grants_of(statement: &Statement, actions: &[ActionReview<'_>]) -> Vec<GrantReview> {
    let Some(matcher) = &statement.action else { return Vec::new() };
    let resources: Vec<(String, Option<&str>)> = match &statement.resource {
        None => vec![("*".to_owned(), None)],
        Some(resource) if resource.negated => {
            vec![(format!("NotResource {}", resource.patterns.values.join(" ")), None)]
        }
        Some(resource) => {
            resource.patterns.values.iter().map(|one| (one.clone(), Some(one.as_str()))).collect()
        }
    };
    let patterns: Vec<(String, Option<&str>)> = if matcher.negated {
        vec![(format!("NotAction {}", matcher.patterns.values.join(" ")), None)]
    } else {
        matcher.patterns.values.iter().map(|one| (one.clone(), Some(one.as_str()))).collect()
    };
    let mut grants = Vec::new();
    for (action_pattern, one) in &patterns {
        let one = one.map(ActionPattern::new);
        let meant: Vec<&ActionReview<'_>> =
            one.map_or_else(|| actions.iter().collect(), |pattern| pattern.named_in(actions));
        for (resource_pattern, only) in &resources {
            grants.push(grant(action_pattern, resource_pattern, *only, &meant));
        }
    }
    grants
}

fn grant(
    action_pattern: &str,
    resource_pattern: &str,
    only: Option<&str>,
    meant: &[&ActionReview<'_>],
) -> GrantReview {
    let mut counts = [0; 5];
    for review in meant {
        let verdict = on_resource(review, only);
        for (count, one) in counts.iter_mut().zip(Verdict::ALL) {
            *count += usize::from(one == verdict);
        }
    }
    let strongest =
        Verdict::ALL.iter().zip(counts).find(|(_, count)| *count > 0).map(|(verdict, _)| *verdict);
    GrantReview {
        action_pattern: action_pattern.to_owned(),
        resource_pattern: resource_pattern.to_owned(),
        verdict: strongest.unwrap_or(Verdict::Unobservable),
        counts,
        why: strongest.is_none().then(|| {
            format!("the service reference of {} knows no action of this name; kept", reference().date())
        }),
    }
}

/// A used action counts as used on the resource patterns that its uses may have met, elsewhere as unused.
fn on_resource(review: &ActionReview<'_>, only: Option<&str>) -> Verdict {
    let Some(pattern) = only.filter(|_| review.verdict == Verdict::Used) else { return review.verdict };
    let met = |row: &Use<'_>| match row.resource {
        Resource::Star | Resource::Unknown | Resource::Role(_) => true,
        Resource::Arn(name) | Resource::Pattern(name) => {
            pattern.contains("${") || glob::overlaps(pattern, &name.arn)
        }
    };
    let needed = |one: &Implied<'_>| {
        let name = one.resource.as_ref();
        name.is_none_or(|name| pattern.contains("${") || glob::overlaps(pattern, &name.arn))
    };
    match (review.uses.iter().any(met), review.implied.iter().any(needed)) {
        (true, _) => Verdict::Used,
        (false, true) => Verdict::Implied,
        (false, false) => Verdict::Unused,
    }
}

impl PrincipalReview<'_> {
    /// How many actions of all Allow statements have which verdict, in the order of [`Verdict::ALL`].
    /// An action that several statements grant counts once, with its strongest verdict.
    pub fn counts(&self) -> [usize; 5] {
        let all = self.strongest();
        Verdict::ALL.map(|verdict| all.iter().filter(|(_, one)| *one == verdict).count())
    }

    /// Every granted action once, with the strongest verdict on it, sorted.
    pub fn strongest(&self) -> Vec<(ActionRef, Verdict)> {
        let statements = self.policies.iter().flat_map(|policy| &policy.statements);
        let mut all: Vec<(ActionRef, Verdict)> =
            statements.flat_map(|one| &one.actions).map(|one| (ActionRef(one.action), one.verdict)).collect();
        // The strongest verdict of each action comes first and is the one that stays.
        all.sort();
        all.dedup_by_key(|(action, _)| *action);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_found_by_their_service() {
        let reviews: Vec<ActionReview<'_>> = named_actions(false, &["*".to_owned()])
            .into_iter()
            .map(|action| ActionReview {
                action,
                verdict: Verdict::Unused,
                why: Arc::from(""),
                protected: None,
                uses: Vec::new(),
                implied: Vec::new(),
            })
            .collect();
        assert!(reviews.len() > 20_000);
        for pattern in
            ["*", "**", "s3:*", "S3:get*", "a4b:*", "zzz:*", "", "s3", "xray:Put?*", "s*:GetObject"]
        {
            let pattern = ActionPattern::new(pattern);
            let slow: Vec<&str> = reviews
                .iter()
                .filter(|review| pattern.names(review.action))
                .map(|review| review.action.name)
                .collect();
            let found: Vec<&str> =
                pattern.named_in(&reviews).iter().map(|review| review.action.name).collect();
            assert_eq!(found, slow, "{pattern:?}");
        }
    }
}
