//! Hits put together: by who acted, six hours apart at most, with the sessions of the roles that were handed
//! over.

use super::cause::{causes, lowered};
use super::event::{Actor, EventRow};
use super::facts::{AROUND_SECONDS, Context, FOLLOWED_SECONDS, Facts};
use super::hit::Hit;
use super::human::Human;
use super::peer::Peers;
use super::standing::{self, Left};
use super::{Rule, outflow::Outflow};
use crate::iam::arn;
use crate::query::among::Windows;
use std::collections::{BTreeMap, BTreeSet};

/// One case.
#[derive(Clone, Debug)]
pub struct Case<'f> {
    /// Equal for the same case in another run: from who acted and the first event that a rule found.
    pub id: String,
    /// 0 to 100: how sure it is that somebody should look ([`score`]).
    pub score: u32,
    /// First and last event that a rule found, or that the user asked about.
    pub span: (i64, i64),
    /// Who acted; the first is the one who began.
    pub actors: Vec<&'f Actor>,
    /// The person behind the one who began.
    pub human: Human,
    /// What the rules found, heaviest first.
    pub reasons: Vec<Reason>,
    /// What happened, by time; at most [`TIMELINE_MAX`] events: those that a rule found first, then what changed
    /// something, then the earlier ones.
    pub timeline: Vec<Moment>,
    /// The ids of all events that a rule found, by time.
    pub evidence: Vec<String>,
    /// So many more events count in everything else that a case tells.
    pub omitted: usize,
    /// The names of all calls.
    pub calls: BTreeSet<String>,
    /// The access keys that its actors used, each behind the key of who did.
    pub access_keys: BTreeSet<(String, String)>,
    /// Roles that were handed over in events that a rule found, with the first such event.
    pub handed: BTreeMap<String, &'f EventRow>,
    /// What calls left behind.
    pub changes: Vec<Left>,
    /// What may have left the account.
    pub outflow: Outflow,
    /// Addresses, each with the time of the actor's first event from it: `(address, first, events here)`.
    pub places: Vec<(String, i64, usize)>,
}

/// What one rule says about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which rule, as an index into the rules.
    pub rule: usize,
    /// What it counts here, in per cent: its weight, less for refused calls and for what a cause explains.
    pub weight: u32,
    /// Its sentences, each once, in the order of time; at most [`WHYS_MAX`].
    pub whys: Vec<String>,
    /// What it found, by time.
    pub event_ids: Vec<String>,
    /// Why it counts less than its weight.
    pub lowered: Vec<String>,
}

/// So many sentences of one rule are kept; the events are all named.
pub const WHYS_MAX: usize = 5;

/// So many events of a case are in its timeline.
pub const TIMELINE_MAX: usize = 250;

/// One event of a case.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The event.
    pub event: EventRow,
    /// Did a rule find it?
    pub found: bool,
    /// Is it of a session of a role that was handed over?
    pub followed: bool,
}

/// An event, and the rule's hit on it; what the user asked about comes without one.
type Found<'f> = (Option<&'f Hit>, &'f EventRow);

/// Hits of one actor that belong together.
#[derive(Clone, Debug)]
pub struct Group<'f> {
    /// Who began.
    actor: &'f Actor,
    /// Each hit with its event, by time; events that the user asked about come without a hit.
    found: Vec<Found<'f>>,
    /// Groups of sessions of handed-over roles that were taken in.
    joined: Vec<&'f Actor>,
}

/// Groups the hits: one principal and person, gaps of six hours at most. Sorted by their first event.
/// `asked`: keys of events that the user asked about; they make groups even where no rule found them.
pub fn groups<'f>(hits: &'f [Hit], asked: &BTreeSet<i64>, facts: &'f Facts) -> Vec<Group<'f>> {
    let by_id: BTreeMap<(&str, &str), &EventRow> =
        facts.events.iter().map(|event| ((event.id.as_str(), event.actor.key.as_str()), event)).collect();
    let of_hits = hits.iter().filter_map(|hit| {
        let event = by_id.get(&(hit.event_id.as_str(), hit.principal_key.as_str()))?;
        Some((Some(hit), *event))
    });
    let of_asked = facts.events.iter().filter(|event| asked.contains(&event.key)).map(|event| (None, event));
    let mut by_actor: BTreeMap<(&str, &str), Vec<Found<'_>>> = BTreeMap::new();
    for one in of_hits.chain(of_asked) {
        let actor = &one.1.actor;
        by_actor.entry((actor.key.as_str(), actor.human.as_str())).or_default().push(one);
    }
    let mut groups: Vec<Group<'f>> = Vec::new();
    for mut found in by_actor.into_values() {
        found.sort_by_key(order);
        let mut last: Option<i64> = None;
        for one in found {
            let near = last.is_some_and(|last| one.1.time - last <= AROUND_SECONDS);
            last = Some(one.1.time);
            match groups.last_mut().filter(|_| near) {
                Some(group) => group.found.push(one),
                None => groups.push(Group { actor: &one.1.actor, found: vec![one], joined: Vec::new() }),
            }
        }
    }
    let mut groups = linked(groups, facts);
    groups.sort_by_key(|group| (group.span(), group.actor));
    groups
}

/// Groups of one actor about the same thing, up to two days apart, as one: who takes his time is not safer. The
/// groups come by actor and time.
fn linked<'f>(groups: Vec<Group<'f>>, facts: &Facts) -> Vec<Group<'f>> {
    let mut whole: Vec<Group<'f>> = Vec::new();
    for group in groups {
        let is_same = |last: &&mut Group<'f>| {
            (&last.actor.key, &last.actor.human) == (&group.actor.key, &group.actor.human)
                && group.span().0 - last.span().1 <= LINKED_SECONDS
                && !last.things(facts).is_disjoint(&group.things(facts))
        };
        match whole.last_mut().filter(is_same) {
            Some(last) => last.found.extend(group.found),
            None => whole.push(group),
        }
    }
    whole
}

/// What happens to one thing belongs together for so many seconds (48 h).
const LINKED_SECONDS: i64 = 48 * 3_600;

/// Kinds of references that name one thing, unlike buckets and roles, which much has to do with.
const THINGS: [&str; 4] = ["image", "lifecycle_config", "made_model", "model"];

impl<'f> Group<'f> {
    /// The things that the events are about that rules found: who asks about all events of somebody gets them
    /// by the day.
    fn things(&self, facts: &Facts) -> BTreeSet<String> {
        let of = |event: &EventRow| {
            let own = if event.profile.is_empty() { &event.resource } else { &event.profile };
            let refs = facts.refs.of(event).iter().filter(|one| THINGS.contains(&one.kind.as_str()));
            let named = refs.map(|one| one.value.clone());
            named.chain([own.clone()]).filter(|name| !name.is_empty()).collect::<Vec<_>>()
        };
        self.found.iter().filter(|(hit, _)| hit.is_some()).flat_map(|(_, event)| of(event)).collect()
    }

    /// Does a rule's hit at or after a time belong to it?
    pub fn is_since(&self, time: i64) -> bool {
        self.found.iter().any(|(hit, event)| hit.is_some() && event.time >= time)
    }

    /// Does an event that the user asked about belong to it?
    pub fn is_about(&self, asked: &BTreeSet<i64>) -> bool {
        self.found.iter().any(|(_, event)| asked.contains(&event.key))
    }

    /// Who began, and those whose groups were taken in.
    fn actors(&self) -> impl Iterator<Item = &'f Actor> {
        std::iter::once(self.actor).chain(self.joined.iter().copied())
    }

    fn span(&self) -> (i64, i64) {
        super::human::span(&self.found.iter().map(|(_, event)| *event).collect::<Vec<_>>())
    }

    /// Around every event that was found: who did it, from, to.
    fn windows(&self) -> impl Iterator<Item = (&'f str, i64, i64)> {
        self.found.iter().map(|(_, event)| {
            (event.actor.key.as_str(), event.time - AROUND_SECONDS, event.time + AROUND_SECONDS)
        })
    }

    /// The roles that the found events hand over, each with the first event that did.
    fn handed(&self, facts: &'f Facts) -> BTreeMap<String, &'f EventRow> {
        let mut all = BTreeMap::new();
        for (_, event) in self.found.iter().filter(|(_, event)| event.ok) {
            for one in facts.refs.of(event).iter().filter(|one| one.kind == "passed_role") {
                all.entry(one.value.clone()).or_insert(*event);
            }
        }
        all
    }
}

/// Account and name of a role's ARN.
fn role_name(role: &str) -> Option<(String, String)> {
    let parts = arn::split(role)?;
    let name = parts.resource.strip_prefix("role/")?.rsplit('/').next()?;
    Some((parts.account.to_owned(), name.to_owned()))
}

/// Takes groups of sessions of a role into the group that handed the role over: one case, who began first.
pub fn join<'f>(groups: Vec<Group<'f>>, facts: &'f Facts) -> Vec<Group<'f>> {
    let mut whole: Vec<Group<'f>> = Vec::new();
    // By account and name of a role: the groups that handed it over, and with which event.
    let mut by_role: BTreeMap<(String, String), Vec<(usize, &'f EventRow)>> = BTreeMap::new();
    for group in groups {
        let (first, _) = group.span();
        let handed_it = |(_, event): &&(usize, &EventRow)| {
            event.time <= first
                && first - event.time <= FOLLOWED_SECONDS
                && event.actor.key != group.actor.key
        };
        let own = (group.actor.account.clone(), group.actor.name.clone());
        let handed = by_role.get(&own).filter(|_| group.actor.kind == "role");
        let other = handed.into_iter().flatten().filter(handed_it).map(|(at, _)| *at).min();
        let at = other.unwrap_or(whole.len());
        for (role, event) in group.handed(facts) {
            let Some(role) = role_name(&role) else { continue };
            let all = by_role.entry(role).or_default();
            // The first event counts.
            if other.is_none() || all.iter().all(|(other, _)| *other != at) {
                all.push((at, event));
            }
        }
        match whole.get_mut(at) {
            Some(other) => {
                other.found.extend(group.found);
                other.joined.push(group.actor);
            }
            None => whole.push(group),
        }
    }
    for group in &mut whole {
        group.found.sort_by_key(order);
    }
    whole
}

/// By time.
fn order((hit, event): &Found<'_>) -> (i64, i64, Option<usize>) {
    (event.time, event.key, hit.map(|hit| hit.rule))
}

/// What all groups together say about one.
struct Around<'f> {
    peers: Peers,
    /// Principals and the addresses of networks in which they are new.
    strange: BTreeSet<(&'f str, &'f str)>,
}

impl Around<'_> {
    fn is_strange(&self, event: &EventRow) -> bool {
        self.strange.contains(&(event.actor.key.as_str(), event.ip.as_str()))
    }
}

/// What the rule about new networks found.
fn strange<'f>(groups: &[Group<'f>], rules: &[Rule]) -> BTreeSet<(&'f str, &'f str)> {
    const NEW_NETWORK: &str = "SM-N01";
    let is_new = |hit: &Hit| {
        rules.get(hit.rule).is_some_and(|rule| rule.header.ids.iter().any(|id| id == NEW_NETWORK))
    };
    groups
        .iter()
        .flat_map(|group| &group.found)
        .filter(|(hit, _)| hit.is_some_and(is_new))
        .map(|(_, event)| (event.actor.key.as_str(), event.ip.as_str()))
        .collect()
}

/// The reasons of a group, heaviest first, and their score.
fn reasons(group: &Group<'_>, rules: &[Rule], facts: &Facts, around: &Around<'_>) -> Vec<Reason> {
    let mut by_rule: BTreeMap<usize, Reason> = BTreeMap::new();
    let is_general = |rule: usize| rules.get(rule).is_some_and(|rule| rule.header.general);
    let particular: BTreeSet<i64> = group
        .found
        .iter()
        .filter(|(hit, _)| hit.is_some_and(|hit| !is_general(hit.rule)))
        .map(|(_, event)| event.key)
        .collect();
    for (hit, event) in &group.found {
        let Some(hit) = hit else { continue };
        let Some(rule) = rules.get(hit.rule) else { continue };
        let mut lower = causes(event, &rule.header, facts, around.is_strange(event));
        let mut weight = lowered(rule.weight(), lower.len());
        let (rare, common) = around.peers.lowered(hit.rule, weight);
        weight = rare;
        lower.extend(common);
        if !event.ok && !rule.about_refusals {
            weight /= 2;
            lower.push("refused or failed".to_owned());
        }
        if rule.header.general && particular.contains(&event.key) {
            weight /= 2;
            lower.push("a rule that says more found the same event".to_owned());
        }
        let reason = by_rule.entry(hit.rule).or_insert_with(|| Reason {
            rule: hit.rule,
            weight: 0,
            whys: Vec::new(),
            event_ids: Vec::new(),
            lowered: lower.clone(),
        });
        if weight > reason.weight {
            (reason.weight, reason.lowered) = (weight, lower);
        }
        if reason.whys.len() < WHYS_MAX && !reason.whys.contains(&hit.why) {
            reason.whys.push(hit.why.clone());
        }
        if !reason.event_ids.contains(&event.id) {
            reason.event_ids.push(event.id.clone());
        }
    }
    let mut all: Vec<Reason> = by_rule.into_values().collect();
    all.sort_by_key(|reason| (std::cmp::Reverse(reason.weight), reason.rule));
    all
}

/// Noisy-or of the reasons' weights: `100 × (1 − Π (1 − weight ÷ 100))`, rounded. Each reason makes the rest
/// less likely to be an accident; no number of weak ones reaches 100.
pub fn score(reasons: &[Reason]) -> u32 {
    let mut ordinary = 1.0_f64;
    for reason in reasons {
        ordinary *= 1.0 - f64::from(reason.weight.min(100)) / 100.0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let score = ((1.0 - ordinary) * 100.0).round() as u32;
    score
}

/// A group and what it comes to.
#[derive(Clone, Debug)]
pub struct Scored<'f> {
    /// The hits.
    pub group: Group<'f>,
    /// Heaviest first.
    pub reasons: Vec<Reason>,
    /// 0 to 100.
    pub score: u32,
}

/// What every group comes to: only of those that are shown more is asked.
pub fn scored<'f>(groups: Vec<Group<'f>>, rules: &[Rule], facts: &Facts) -> Vec<Scored<'f>> {
    let hits = groups.iter().flat_map(|group| &group.found);
    let hits = hits.filter_map(|(hit, event)| Some(((*hit)?, &event.actor)));
    let around = Around { peers: Peers::new(rules, hits, facts.active), strange: strange(&groups, rules) };
    let all: Vec<Vec<Reason>> = groups.iter().map(|group| reasons(group, rules, facts, &around)).collect();
    let of = |(group, reasons): (Group<'f>, Vec<Reason>)| Scored { group, score: score(&reasons), reasons };
    groups.into_iter().zip(all).map(of).collect()
}

/// So many cases are told at once: what is asked about them is in memory.
pub const TOLD_AT_ONCE: usize = 48;

/// Puts those beside each other that happened at the same time: what is asked about several is asked once, and of
/// few days.
pub fn gather(scored: &mut [Scored<'_>]) {
    scored.sort_by_cached_key(|one| (one.group.span(), one.group.actor.key.clone()));
}

/// Makes cases. `facts` says what the hits are about, `context` what the same principals did around them, and what
/// sessions of roles that were handed over did.
pub fn cases<'f>(scored: Vec<Scored<'f>>, facts: &'f Facts, context: &Context) -> Vec<Case<'f>> {
    let acts = Acts::new(context);
    scored.into_iter().map(|one| case(one, facts, context, &acts)).collect()
}

/// Puts the cases in the order in which somebody should look at them.
pub fn rank(cases: &mut [Case<'_>]) {
    cases.sort_by(|a, b| {
        b.score.cmp(&a.score).then_with(|| a.first().cmp(&b.first())).then_with(|| a.id.cmp(&b.id))
    });
}

fn case<'f>(scored: Scored<'f>, facts: &'f Facts, context: &Context, acts: &Acts<'_>) -> Case<'f> {
    let Scored { group, reasons, score } = scored;
    let handed = group.handed(facts);
    let all = acts.seen(&group, &handed);
    let events: Vec<&EventRow> = all.iter().map(|one| one.event).collect();
    let own: Vec<&EventRow> =
        events.iter().filter(|event| event.actor.key == group.actor.key).copied().collect();
    let first = group.found.iter().map(|(_, event)| *event).min_by_key(|event| (event.time, event.key));
    let seed = format!("{}\n{}\n{}", group.actor.key, group.actor.human, first.map_or("", |event| &event.id));
    let hash = crate::sha256::Sha256::of(seed.as_bytes()).to_string();
    let actors: Vec<&Actor> = group.actors().collect();
    let used = events.iter().filter(|event| actors.iter().any(|actor| actor.key == event.actor.key));
    Case {
        id: format!("case-{}", hash.get(..12).unwrap_or_default()),
        score,
        span: group.span(),
        human: Human::of(&own, facts, context),
        reasons,
        changes: standing::left(&events, &context.undone),
        outflow: Outflow::of(&events, &context.refs),
        places: places(&own, context),
        evidence: all.iter().filter(|one| one.found).map(|one| one.event.id.clone()).collect(),
        calls: events.iter().map(|event| event.name.clone()).collect(),
        access_keys: used.map(|event| (event.actor.key.clone(), event.access_key.clone())).collect(),
        actors,
        handed,
        omitted: all.len().saturating_sub(TIMELINE_MAX),
        timeline: timeline(all),
    }
}

/// The events that are kept, by time.
fn timeline(mut seen: Vec<Seen<'_>>) -> Vec<Moment> {
    if seen.len() > TIMELINE_MAX {
        seen.sort_by_key(|one| (!one.found, !one.event.is_write, one.event.time, one.event.key));
        seen.truncate(TIMELINE_MAX);
        seen.sort_by_key(|one| (one.event.time, one.event.key));
    }
    let moment =
        |one: Seen<'_>| Moment { event: one.event.clone(), found: one.found, followed: one.followed };
    seen.into_iter().map(moment).collect()
}

/// The windows around what was found, by principal.
pub fn windows(scored: &[Scored<'_>]) -> BTreeMap<String, Windows> {
    let windows = scored.iter().flat_map(|one| one.group.windows());
    Windows::by_key(windows.map(|(key, from, to)| (key.to_owned(), from, to)))
}

/// Where the sessions of roles that were handed over are looked for, by the role's name.
pub fn to_follow(scored: &[Scored<'_>], facts: &Facts) -> BTreeMap<String, Windows> {
    let one = |(role, event): (String, &EventRow)| {
        let (_, name) = role_name(&role)?;
        Some((name, event.time, event.time + FOLLOWED_SECONDS))
    };
    Windows::by_key(scored.iter().flat_map(|scored| scored.group.handed(facts)).filter_map(one))
}

/// One event of a case, where it is.
#[derive(Clone, Copy)]
struct Seen<'c> {
    event: &'c EventRow,
    found: bool,
    followed: bool,
}

/// What principals did, found by who they are, each by time.
struct Acts<'c> {
    /// By principal and person.
    own: BTreeMap<(&'c str, &'c str), Vec<&'c EventRow>>,
    /// Sessions of roles, by account and name.
    followed: BTreeMap<(&'c str, &'c str), Vec<&'c EventRow>>,
}

impl<'c> Acts<'c> {
    fn new(context: &'c Context) -> Self {
        let mut acts = Self { own: BTreeMap::new(), followed: BTreeMap::new() };
        for event in &context.events {
            acts.own.entry((&event.actor.key, &event.actor.human)).or_default().push(event);
        }
        for event in &context.followed {
            acts.followed.entry((&event.actor.account, &event.actor.name)).or_default().push(event);
        }
        for all in acts.own.values_mut().chain(acts.followed.values_mut()) {
            all.sort_by_key(|event| (event.time, event.key));
        }
        acts
    }

    /// The events of the actors within six hours of what was found of them, and of the roles that were handed over.
    /// Other cases may have asked for more of the same principals: it is not told here.
    fn seen<'s>(&self, group: &Group<'s>, handed: &BTreeMap<String, &'s EventRow>) -> Vec<Seen<'s>>
    where
        'c: 's,
    {
        let found: BTreeSet<i64> =
            group.found.iter().filter(|(hit, _)| hit.is_some()).map(|(_, event)| event.key).collect();
        let seen = |followed: bool| {
            let found = &found;
            move |event: &'s EventRow| Seen { event, found: found.contains(&event.key), followed }
        };
        let windows = Windows::by_key(group.windows());
        let actors: BTreeSet<(&str, &str)> =
            group.actors().map(|actor| (actor.key.as_str(), actor.human.as_str())).collect();
        let mut all: Vec<Seen<'s>> = group.found.iter().map(|(_, event)| *event).map(seen(false)).collect();
        for actor in actors {
            let (Some(acts), Some(windows)) = (self.own.get(&actor), windows.get(actor.0)) else { continue };
            let near = acts.iter().copied().filter(|event| windows.contain(event.time));
            all.extend(near.map(seen(false)));
        }
        for (role, event) in handed {
            let Some((account, name)) = role_name(role) else { continue };
            let acts = self.followed.get(&(account.as_str(), name.as_str()));
            let acts = within(acts, event.time, event.time + FOLLOWED_SECONDS).iter().copied();
            all.extend(acts.filter(|act| act.actor.key != group.actor.key).map(seen(true)));
        }
        all.sort_by_key(|one| (one.event.time, one.event.key, one.followed));
        all.dedup_by_key(|one| one.event.key);
        all
    }
}

/// The part of a list by time that lies in a window, both ends included.
fn within<'a, 'f>(all: Option<&'a Vec<&'f EventRow>>, from: i64, to: i64) -> &'a [&'f EventRow] {
    let Some(all) = all else { return &[] };
    let start = all.partition_point(|event| event.time < from);
    let end = all.partition_point(|event| event.time <= to);
    all.get(start..end).unwrap_or_default()
}

fn places(own: &[&EventRow], context: &Context) -> Vec<(String, i64, usize)> {
    let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for event in own {
        let key = (event.actor.key.as_str(), event.actor.human.as_str(), event.ip.as_str());
        *counts.entry(key).or_default() += 1;
    }
    let place = |((key, human, ip), count): ((&str, &str, &str), usize)| {
        let known = (key.to_owned(), human.to_owned(), ip.to_owned());
        (ip.to_owned(), context.places.get(&known).copied().unwrap_or_default(), count)
    };
    counts.into_iter().map(place).collect()
}

impl Case<'_> {
    /// Time of the first event that a rule found, or that the user asked about.
    pub fn first(&self) -> i64 {
        self.span.0
    }

    /// Time of the last one.
    pub fn last(&self) -> i64 {
        self.span.1
    }

    /// The case in a sentence: who, and what the heaviest reasons say, in the order of time.
    pub fn sentence(&self) -> String {
        const SAID: usize = 3;
        let mut said: Vec<(usize, &str)> = Vec::new();
        for reason in self.reasons.iter().take(SAID) {
            let at =
                reason.event_ids.first().and_then(|id| self.evidence.iter().position(|found| found == id));
            said.push((at.unwrap_or_default(), reason.whys.first().map_or("", String::as_str)));
        }
        said.sort_by_key(|(at, _)| *at);
        let what: Vec<&str> = said.into_iter().map(|(_, why)| why).collect();
        let more = match self.reasons.len().saturating_sub(SAID) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        format!("{}: {}{more}", self.who(), what.join("; then "))
    }

    /// The one who began: person and principal, as far as known.
    pub fn who(&self) -> String {
        let Some(actor) = self.actors.first() else { return String::new() };
        let name = actor.label();
        if self.human.key.is_empty() || self.human.key == name {
            name.to_owned()
        } else {
            format!("{} as {name}", self.human.key)
        }
    }
}

#[cfg(test)]
mod tests;
