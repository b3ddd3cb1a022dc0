//! Condition keys whose values the request itself shows: `sagemaker:InstanceTypes`, `sagemaker:VpcSubnets`.

use crate::iam::table;
use crate::trail::Event;
use crate::trail::action_map::{prefixes_of, unversioned};
use crate::trail::definitions::plain;
use crate::trail::passed_roles::{at_path, is_blank, unwrapped};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static TABLE: &str = include_str!("../../data/condition_paths.tsv");

/// Where the requests of one `eventSource` and `eventName` show values of condition keys, looked up once for
/// many events.
#[derive(Debug, Default)]
pub struct ConditionPaths {
    paths: Vec<(&'static str, &'static str)>,
}

impl ConditionPaths {
    /// Looks in the table; `None` when no request of this kind shows any.
    pub fn new(source: &str, name: &str) -> Option<&'static Self> {
        static ALL: LazyLock<BTreeMap<&str, BTreeMap<&str, ConditionPaths>>> =
            LazyLock::new(ConditionPaths::embedded);
        let name = name.to_ascii_lowercase();
        let named = ALL.get(name.as_str()).or_else(|| ALL.get(unversioned(&name)?))?;
        prefixes_of(source).find_map(|prefix| named.get(prefix))
    }

    fn embedded() -> BTreeMap<&'static str, BTreeMap<&'static str, Self>> {
        let mut all: BTreeMap<&str, BTreeMap<&str, Self>> = BTreeMap::new();
        for [prefix, event, path, key] in table::rows::<4>(TABLE) {
            all.entry(event).or_default().entry(prefix).or_default().paths.push((path, key));
        }
        all
    }

    /// The keys that the request of an event shows, with all their values. A key of which one value is hidden
    /// is left out, as is every key when the parameters are missing or were cut.
    pub fn values(&self, event: &Event<'_>) -> BTreeMap<&'static str, BTreeSet<String>> {
        let mut all: BTreeMap<&str, Option<BTreeSet<String>>> = BTreeMap::new();
        let Some(parameters) = event.request.parse() else { return BTreeMap::new() };
        let request = unwrapped(&parameters);
        for (path, key) in &self.paths {
            for value in at_path(request, path).into_iter().filter(|value| !is_blank(value)) {
                let known = all.entry(key).or_insert_with(|| Some(BTreeSet::new()));
                match (known.as_mut(), plain(value)) {
                    (Some(values), Some(value)) => {
                        values.insert(value);
                    }
                    _ => *known = None,
                }
            }
        }
        all.into_iter().filter_map(|(key, values)| Some((key, values?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::reference::reference;
    use crate::trail::request::RequestParameters;

    #[test]
    fn every_row_is_a_key_of_the_action() {
        for [prefix, event, path, key] in table::rows::<4>(TABLE) {
            let action = reference().action(prefix, event).unwrap_or_else(|| panic!("{event}"));
            let keys = reference().condition_keys(action);
            assert!(keys.iter().any(|known| known.name == key), "{event} {path} {key}");
        }
    }

    #[test]
    fn a_request_shows_values() {
        let check = |request: &str, expect: &str| {
            let event = Event { request: RequestParameters::from_raw(request), ..Event::default() };
            let paths = ConditionPaths::new("sagemaker.amazonaws.com", "CreateTrainingJob").unwrap();
            assert_eq!(format!("{:?}", paths.values(&event)), expect, "{request}");
        };
        check(
            r#"{"vpcConfig":{"subnets":["b","a"]},"enableNetworkIsolation":true}"#,
            r#"{"sagemaker:NetworkIsolation": {"true"}, "sagemaker:VpcSubnets": {"a", "b"}}"#,
        );
        check(r#"{"vpcConfig":{"subnets":["a","HIDDEN_DUE_TO_SECURITY_REASONS"]}}"#, "{}");
        check(r#"{"omitted":true}"#, "{}");
        assert!(ConditionPaths::new("s3.amazonaws.com", "CreateTrainingJob").is_none());
    }
}
