//! The tables behind the mapping, read once and sorted for binary search.

use super::{ActionList, Mapping, prefixes_of};
use crate::iam::reference::{ActionInfo, order_ignoring_case, reference};
use crate::iam::table;
use memchr::memmem::Finder;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

static GENERATED_ACTIONS: &str = include_str!("../../../data/generated/action_map.tsv");
static CURATED_ACTIONS: &str = include_str!("../../../data/action_map.tsv");
static GENERATED_SOURCES: &str = include_str!("../../../data/generated/event_sources.tsv");
static CURATED_SOURCES: &str = include_str!("../../../data/event_sources.tsv");
static WITHOUT_PERMISSION: &str = include_str!("../../../data/events_without_permission.tsv");
static PARAMETER_RULES: &str = include_str!("../../../data/parameter_rules.tsv");

/// The tables.
pub(super) struct Tables {
    rows: Vec<Row>,
    sources: Vec<(&'static str, Vec<&'static str>)>,
    /// Host, event name or `*`, whether it is a call at all.
    without_permission: Vec<(&'static str, &'static str, bool)>,
    rules: Vec<RuleRow>,
}

pub(super) struct Row {
    prefix: &'static str,
    event: &'static str,
    actions: Actions,
}

/// The actions of a row, looked up when the row is used: a look-up parses a service of the reference.
#[derive(Debug, Default)]
pub(super) struct Actions {
    names: [&'static str; 2],
    found: OnceLock<Listed>,
}

#[derive(Clone, Debug, Default)]
struct Listed {
    primary: Vec<&'static ActionInfo>,
    secondary: Vec<&'static ActionInfo>,
}

/// All rules about the parameters of one event.
#[derive(Debug)]
pub(super) struct RuleRow {
    prefix: &'static str,
    event: &'static str,
    pub(super) rules: Vec<Rule>,
    /// What the call asked for in every case, and in some, when its parameters are not known.
    pub(super) unknown: Actions,
}

#[derive(Debug)]
pub(super) struct Rule {
    parameter: &'static str,
    /// Finds the parameter in the text of a request.
    pub(super) name: Finder<'static>,
    test: Test,
    pub(super) actions: Actions,
}

#[derive(Debug)]
enum Test {
    There,
    Contains(&'static str),
    StartsWith(&'static str),
}

pub(super) enum Found {
    Row(&'static Row),
    Action(&'static ActionInfo),
}

impl Row {
    pub(super) fn mapping(&'static self) -> Mapping {
        self.actions.mapping()
    }
}

impl Actions {
    fn new(primary: &'static str, secondary: &'static str) -> Self {
        Self { names: [primary, secondary], found: OnceLock::new() }
    }

    fn listed(&self) -> &Listed {
        let [primary, secondary] = self.names;
        self.found.get_or_init(|| Listed { primary: known(primary), secondary: known(secondary) })
    }

    pub(super) fn mapping(&'static self) -> Mapping {
        let Listed { primary, secondary } = self.listed();
        Mapping::Actions { primary: ActionList::Many(primary), secondary: ActionList::Many(secondary) }
    }
}

impl Rule {
    pub(super) fn holds(&self, parameters: &Value) -> bool {
        let Some(fields) = parameters.as_object() else { return false };
        let values = fields
            .iter()
            .filter(|(name, value)| name.eq_ignore_ascii_case(self.parameter) && !value.is_null())
            .map(|(_, value)| value);
        match self.test {
            Test::There => values.count() > 0,
            Test::Contains(wanted) => values.filter_map(first_text).any(|text| text.contains(wanted)),
            Test::StartsWith(wanted) => values.filter_map(first_text).any(|text| {
                text.trim_start().get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
            }),
        }
    }
}

/// A string, or the first of an array: S3 writes some headers as arrays of one.
fn first_text(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.as_array()?.first()?.as_str())
}

impl Tables {
    pub(super) fn get() -> &'static Self {
        static TABLES: LazyLock<Tables> = LazyLock::new(Tables::embedded);
        &TABLES
    }

    fn embedded() -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for [prefix, event, primary, secondary] in
            table::rows::<4>(GENERATED_ACTIONS).chain(table::rows::<4>(CURATED_ACTIONS))
        {
            rows.push(Row { prefix, event, actions: Actions::new(primary, secondary) });
        }
        // The sort is stable and the curated rows come last: keep the last of equals.
        rows.sort_by(|a, b| key_order((a.prefix, a.event), (b.prefix, b.event)));
        rows.reverse();
        rows.dedup_by(|a, b| (a.prefix, a.event) == (b.prefix, b.event));
        rows.reverse();

        let mut rules: Vec<RuleRow> = Vec::new();
        for [prefix, event, condition, primary, secondary] in table::rows::<5>(PARAMETER_RULES) {
            let rule = rule(condition, Actions::new(primary, secondary));
            match rules.last_mut().filter(|last| (last.prefix, last.event) == (prefix, event)) {
                Some(last) => last.rules.push(rule),
                None => rules.push(RuleRow { prefix, event, rules: vec![rule], unknown: Actions::default() }),
            }
        }
        rules.sort_by(|a, b| key_order((a.prefix, a.event), (b.prefix, b.event)));
        let mut tables = Self { rows, sources: sources(), without_permission: exempt(), rules };
        tables.weigh_unknown_parameters();
        tables
    }

    fn weigh_unknown_parameters(&mut self) {
        let Self { rows, rules, .. } = self;
        for row in rules {
            let found = rows.binary_search_by(|r| key_order((r.prefix, r.event), (row.prefix, row.event)));
            let own = reference().action(row.prefix, row.event).into_iter().collect();
            let plain = match found.ok().and_then(|at| rows.get(at)) {
                Some(row) => row.actions.listed().clone(),
                None => Listed { primary: own, secondary: Vec::new() },
            };
            let cases = || row.rules.iter().map(|rule| rule.actions.listed()).chain([&plain]);
            let mut all: Vec<_> =
                cases().flat_map(|case| case.primary.iter().chain(&case.secondary).copied()).collect();
            all.sort();
            all.dedup();
            let (primary, secondary) =
                all.into_iter().partition(|action| cases().all(|case| case.primary.contains(action)));
            row.unknown.found = OnceLock::from(Listed { primary, secondary });
        }
    }

    pub(super) fn without_permission(&self, host: &str, name: &str) -> Option<Mapping> {
        let wanted = |entry: &(&str, &str, bool)| key_order((entry.0, entry.1), (host, name));
        let found = self.without_permission.get(self.without_permission.binary_search_by(wanted).ok()?)?;
        Some(if found.2 { Mapping::NoPermissionNeeded } else { Mapping::NotAnApiCall })
    }

    pub(super) fn prefixes(&self, host: &str) -> Option<&[&'static str]> {
        let at = self.sources.binary_search_by(|entry| order_ignoring_case(entry.0, host)).ok()?;
        self.sources.get(at).map(|(_, prefixes)| prefixes.as_slice())
    }

    pub(super) fn row_or_action(&'static self, host: &str, name: &str) -> Option<Found> {
        let lookup = |prefix: &str| {
            let wanted = |row: &Row| key_order((row.prefix, row.event), (prefix, name));
            match self.rows.binary_search_by(wanted) {
                Ok(at) => self.rows.get(at).map(Found::Row),
                Err(_) => reference().action(prefix, name).map(Found::Action),
            }
        };
        match self.prefixes(host) {
            Some(prefixes) => prefixes.iter().find_map(|prefix| lookup(prefix)),
            None => lookup(host),
        }
    }

    pub(super) fn rules_for(&'static self, source: &str, name: &str) -> Option<&'static RuleRow> {
        prefixes_of(source).find_map(|prefix| {
            let wanted = |row: &RuleRow| key_order((row.prefix, row.event), (prefix, name));
            self.rules.get(self.rules.binary_search_by(wanted).ok()?)
        })
    }
}

fn key_order(a: (&str, &str), b: (&str, &str)) -> Ordering {
    order_ignoring_case(a.0, b.0).then_with(|| order_ignoring_case(a.1, b.1))
}

/// The actions of a list; a test sees to it that the reference has them all.
fn known(field: &'static str) -> Vec<&'static ActionInfo> {
    table::list(field).filter_map(|name| reference().action_named(name)).collect()
}

fn rule(condition: &'static str, actions: Actions) -> Rule {
    let (parameter, test) = if let Some((parameter, text)) = condition.split_once('~') {
        (parameter, Test::Contains(text))
    } else if let Some((parameter, text)) = condition.split_once('^') {
        (parameter, Test::StartsWith(text))
    } else {
        (condition, Test::There)
    };
    Rule { parameter, name: Finder::new(parameter), test, actions }
}

fn sources() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for [host, prefixes] in table::rows::<2>(GENERATED_SOURCES).chain(table::rows::<2>(CURATED_SOURCES)) {
        found.insert(host, table::list(prefixes).collect());
    }
    found.into_iter().collect()
}

fn exempt() -> Vec<(&'static str, &'static str, bool)> {
    let mut found: Vec<_> = table::rows::<3>(WITHOUT_PERMISSION)
        .map(|[host, name, class]| (host, name, class == "free"))
        .collect();
    found.sort_by(|a, b| key_order((a.0, a.1), (b.0, b.1)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_tables_is_in_the_reference() {
        let actions = |text| table::rows::<5>(text).flat_map(|row| row.into_iter().skip(2));
        let lists =
            actions(GENERATED_ACTIONS).chain(actions(CURATED_ACTIONS)).chain(actions(PARAMETER_RULES));
        for name in lists.flat_map(table::list).filter(|name| name.contains(':')) {
            let found = reference().action_named(name).map(ToString::to_string);
            assert_eq!(found.as_deref(), Some(name));
        }
        assert!(Tables::get().rows.len() > 900, "{}", Tables::get().rows.len());
        for row in &Tables::get().rows {
            let (prefix, event) = (row.prefix, row.event);
            assert!(reference().has_service(prefix), "{prefix}:{event}");
            assert!(
                !row.actions.listed().primary.is_empty() || !row.actions.listed().secondary.is_empty(),
                "{prefix}:{event}"
            );
            assert_eq!(event, event.to_lowercase(), "{prefix}");
        }
        for (host, prefixes) in &Tables::get().sources {
            for prefix in prefixes {
                assert!(reference().has_service(prefix), "{host} → {prefix}");
            }
        }
        for row in &Tables::get().rules {
            let plain = super::super::map(&format!("{}.amazonaws.com", row.prefix), row.event);
            assert!(matches!(plain, Mapping::Actions { .. }), "{}:{}", row.prefix, row.event);
            assert!(!row.unknown.listed().secondary.is_empty());
        }
    }

    #[test]
    fn start_up_takes_a_few_milliseconds() {
        // Printed, not asserted: the time of a debug build says nothing.
        reference();
        let start = std::time::Instant::now();
        let tables = Tables::embedded();
        println!("action map: {} rows in {:?}", tables.rows.len(), start.elapsed());
        assert!(tables.rows.is_sorted_by(|a, b| key_order((a.prefix, a.event), (b.prefix, b.event)).is_lt()));
    }
}
