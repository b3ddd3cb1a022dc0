//! Hits put together: by who acted, six hours apart at most, with the sessions of the roles that were handed
//! over.

use super::cause::{causes, lowered};
use super::event::{Actor, EventRow};
use super::facts::{AROUND_SECONDS, FOLLOWED_SECONDS, Facts};
use super::hit::Hit;
use super::human::Human;
use super::peer::Peers;
use super::standing::{self, Left};
use super::{Rule, outflow::Outflow};
use crate::iam::arn;
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
    /// What happened, by time.
    pub timeline: Vec<Moment<'f>>,
    /// Roles that were handed over in events that a rule found, with the first such event.
    pub handed: BTreeMap<String, &'f EventRow>,
    /// What calls left behind.
    pub changes: Vec<Left<'f>>,
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

/// One event of a case.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'f> {
    /// The event.
    pub event: &'f EventRow,
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
            let refs = facts.refs_of(event).iter().filter(|one| THINGS.contains(&one.kind.as_str()));
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

    /// The roles that the found events hand over, each with the first event that did.
    fn handed(&self, facts: &'f Facts) -> BTreeMap<String, &'f EventRow> {
        let mut all = BTreeMap::new();
        for (_, event) in self.found.iter().filter(|(_, event)| event.ok) {
            for one in facts.refs_of(event).iter().filter(|one| one.kind == "passed_role") {
                all.entry(one.value.clone()).or_insert(*event);
            }
        }
        all
    }
}

/// Where the sessions of roles that were handed over are looked for: `(name, from, to)`.
pub fn to_follow(scored: &[Scored<'_>], facts: &Facts) -> Vec<(String, i64, i64)> {
    let one = |(role, event): (String, &EventRow)| {
        let (_, name) = role_name(&role)?;
        Some((name, event.time, event.time + FOLLOWED_SECONDS))
    };
    scored.iter().flat_map(|scored| scored.group.handed(facts)).filter_map(one).collect()
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
    for group in groups {
        let (first, _) = group.span();
        let own = (group.actor.account.as_str(), group.actor.name.as_str());
        let handed_it = |other: &&mut Group<'f>| {
            other.handed(facts).iter().any(|(role, event)| {
                event.time <= first
                    && first - event.time <= FOLLOWED_SECONDS
                    && event.actor.key != group.actor.key
                    && role_name(role).is_some_and(|(account, name)| (account.as_str(), name.as_str()) == own)
            })
        };
        match whole.iter_mut().find(handed_it).filter(|_| group.actor.kind == "role") {
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

/// Makes the cases. `facts` says what the hits are about, `context` what the same principals did around them,
/// `followed` what sessions of roles that were handed over did.
pub fn cases<'f>(
    scored: Vec<Scored<'f>>,
    facts: &'f Facts,
    context: &'f Facts,
    followed: &'f [EventRow],
) -> Vec<Case<'f>> {
    let acts = Acts::new(context, followed);
    let mut cases: Vec<Case<'f>> = scored.into_iter().map(|one| case(one, facts, context, &acts)).collect();
    cases.sort_by(|a, b| {
        b.score.cmp(&a.score).then_with(|| a.first().cmp(&b.first())).then_with(|| a.id.cmp(&b.id))
    });
    cases
}

fn case<'f>(scored: Scored<'f>, facts: &'f Facts, context: &'f Facts, acts: &Acts<'f>) -> Case<'f> {
    let Scored { group, reasons, score } = scored;
    let handed = group.handed(facts);
    let timeline = acts.timeline(&group, &handed);
    let events: Vec<&EventRow> = timeline.iter().map(|moment| moment.event).collect();
    let own: Vec<&EventRow> =
        events.iter().filter(|event| event.actor.key == group.actor.key).copied().collect();
    let first = group.found.iter().map(|(_, event)| *event).min_by_key(|event| (event.time, event.key));
    let seed = format!("{}\n{}\n{}", group.actor.key, group.actor.human, first.map_or("", |event| &event.id));
    let hash = crate::sha256::Sha256::of(seed.as_bytes()).to_string();
    Case {
        id: format!("case-{}", hash.get(..12).unwrap_or_default()),
        score,
        span: group.span(),
        actors: group.actors().collect(),
        human: Human::of(&own, context),
        reasons,
        changes: standing::left(&events, &context.undone),
        outflow: Outflow::of(&events, context),
        places: places(&own, context),
        handed,
        timeline,
    }
}

/// The windows around what was found: principal, from, to.
pub fn windows(scored: &[Scored<'_>]) -> Vec<(String, i64, i64)> {
    let found = scored.iter().flat_map(|one| &one.group.found);
    let window = |event: &EventRow| {
        (event.actor.key.clone(), event.time - AROUND_SECONDS, event.time + AROUND_SECONDS)
    };
    found.map(|(_, event)| window(event)).collect()
}

/// What principals did, found by who they are, each by time.
struct Acts<'f> {
    /// By principal and person.
    own: BTreeMap<(&'f str, &'f str), Vec<&'f EventRow>>,
    /// Sessions of roles, by account and name.
    followed: BTreeMap<(&'f str, &'f str), Vec<&'f EventRow>>,
}

impl<'f> Acts<'f> {
    fn new(context: &'f Facts, followed: &'f [EventRow]) -> Self {
        let mut acts = Self { own: BTreeMap::new(), followed: BTreeMap::new() };
        for event in &context.events {
            acts.own.entry((&event.actor.key, &event.actor.human)).or_default().push(event);
        }
        for event in followed {
            acts.followed.entry((&event.actor.account, &event.actor.name)).or_default().push(event);
        }
        for all in acts.own.values_mut().chain(acts.followed.values_mut()) {
            all.sort_by_key(|event| (event.time, event.key));
        }
        acts
    }

    /// The events of the actors within six hours of what was found, and of the roles that were handed over.
    fn timeline(&self, group: &Group<'f>, handed: &BTreeMap<String, &'f EventRow>) -> Vec<Moment<'f>> {
        let found: BTreeSet<i64> =
            group.found.iter().filter(|(hit, _)| hit.is_some()).map(|(_, event)| event.key).collect();
        let moment = |followed: bool| {
            let found = &found;
            move |event: &'f EventRow| Moment { event, found: found.contains(&event.key), followed }
        };
        let (first, last) = group.span();
        let actors: BTreeSet<(&str, &str)> =
            group.actors().map(|actor| (actor.key.as_str(), actor.human.as_str())).collect();
        let mut all: Vec<Moment<'f>> =
            group.found.iter().map(|(_, event)| *event).map(moment(false)).collect();
        for actor in actors {
            let around = within(self.own.get(&actor), first - AROUND_SECONDS, last + AROUND_SECONDS);
            all.extend(around.iter().copied().map(moment(false)));
        }
        for (role, event) in handed {
            let Some((account, name)) = role_name(role) else { continue };
            let acts = self.followed.get(&(account.as_str(), name.as_str()));
            let acts = within(acts, event.time, event.time + FOLLOWED_SECONDS).iter().copied();
            all.extend(acts.filter(|act| act.actor.key != group.actor.key).map(moment(true)));
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

fn places(own: &[&EventRow], facts: &Facts) -> Vec<(String, i64, usize)> {
    let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for event in own {
        let key = (event.actor.key.as_str(), event.actor.human.as_str(), event.ip.as_str());
        *counts.entry(key).or_default() += 1;
    }
    let place = |((key, human, ip), count): ((&str, &str, &str), usize)| {
        let known = (key.to_owned(), human.to_owned(), ip.to_owned());
        (ip.to_owned(), facts.places.get(&known).copied().unwrap_or_default(), count)
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

    /// The events that a rule found, by time.
    pub fn found(&self) -> impl Iterator<Item = &EventRow> {
        self.timeline.iter().filter(|moment| moment.found).map(|moment| moment.event)
    }

    /// The case in a sentence: who, and what the heaviest reasons say, in the order of time.
    pub fn sentence(&self) -> String {
        const SAID: usize = 3;
        let mut said: Vec<(usize, &str)> = Vec::new();
        for reason in self.reasons.iter().take(SAID) {
            let at = reason.event_ids.first().and_then(|id| self.found().position(|event| event.id == *id));
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
