//! The embedded service reference: which services, actions, resource types and condition keys AWS has,
//! on the day that [`Reference::date`] names. `data/README.md` says where the facts come from.

mod visibility;

pub use visibility::Visibility;

use super::{glob, table};
use std::cmp::Ordering;
use std::fmt;
use std::io::Read;
use std::sync::{LazyLock, OnceLock};

static COMPRESSED: &[u8] = include_bytes!("../../data/generated/reference.tsv.zlib");

/// How many times larger than its compressed bytes the text is, rounded up.
const INFLATED_TIMES: usize = 6;

/// The reference, inflated and indexed at the first call.
pub fn reference() -> &'static Reference {
    static REFERENCE: LazyLock<Reference> = LazyLock::new(Reference::embedded);
    &REFERENCE
}

/// Services in the order of their prefixes, actions in the order of their names without regard to case.
#[derive(Debug, Default)]
pub struct Reference {
    date: &'static str,
    services: Vec<Service>,
}

/// A service is parsed when somebody asks for it: few logs and few policies touch more than some dozen.
#[derive(Debug)]
struct Service {
    prefix: &'static str,
    text: &'static str,
    parsed: OnceLock<Parsed>,
}

#[derive(Debug, Default)]
struct Parsed {
    types: Vec<ResourceType>,
    keys: Vec<ConditionKey>,
    actions: Vec<ActionInfo>,
}

/// One resource type of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// The name in the reference, `bucket`; unique within its service.
    pub name: &'static str,
    /// The ARN template, `arn:${Partition}:s3:::${BucketName}`.
    pub template: &'static str,
}

/// One condition key that an action of the service may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionKey {
    /// The key, `s3:prefix` or `aws:RequestTag/${TagKey}`.
    pub name: &'static str,
    /// `String`, `ARN`, `Bool`, `Numeric`, `Date`, `IPAddress`, or `ArrayOf…` one of them.
    pub kind: &'static str,
}

/// A resource type in its role for one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceTypeRef {
    /// The name in the reference.
    pub name: &'static str,
    /// The ARN template of the type.
    pub template: &'static str,
    /// Must a policy name a resource of this type? When every type of an action is optional, they are
    /// alternatives of which one applies.
    pub required: bool,
}

/// What the reference says about one action.
#[derive(Debug)]
pub struct ActionInfo {
    /// The service prefix, `s3`.
    pub service: &'static str,
    /// The name in the reference's spelling, `GetObject`.
    pub name: &'static str,
    /// The access level.
    pub level: AccessLevel,
    /// Does an API operation lead to it? Without one, no event bears its name.
    pub has_operation: bool,
    /// The resource types that it works on; none means that policies must say `*`.
    pub resource_types: Vec<ResourceTypeRef>,
    /// Actions that the caller needs besides, `iam:PassRole`.
    pub dependents: Vec<&'static str>,
    /// How a use of it shows in `CloudTrail`.
    pub visibility: Visibility<'static>,
    keys: &'static str,
}

/// The access levels of the Service Authorization Reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Names resources.
    List,
    /// Reads contents.
    Read,
    /// Changes tags only.
    Tagging,
    /// Creates, changes or deletes resources.
    Write,
    /// Grants or modifies permissions.
    PermissionsManagement,
}

impl AccessLevel {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Tagging => "tagging",
            Self::Write => "write",
            Self::PermissionsManagement => "permissions_management",
        }
    }
}

impl Reference {
    fn embedded() -> Self {
        let mut text = String::with_capacity(COMPRESSED.len() * INFLATED_TIMES);
        // The bytes are part of the program; a test reads them whole.
        if flate2::read::ZlibDecoder::new(COMPRESSED).read_to_string(&mut text).is_err() {
            return Self::default();
        }
        Self::index(text.leak())
    }

    fn index(text: &'static str) -> Self {
        let mut parts = text.split("\nS\t");
        let date = table::stamp(parts.next().unwrap_or_default(), "date").unwrap_or_default();
        let services = parts.map(|part| {
            let (prefix, text) = part.split_once('\n').unwrap_or((part, ""));
            Service { prefix, text, parsed: OnceLock::new() }
        });
        Self { date, services: services.collect() }
    }

    /// The day of the facts, `YYYY-MM-DD`.
    pub fn date(&self) -> &'static str {
        self.date
    }

    /// The numbers of services and of actions.
    pub fn counts(&self) -> (usize, usize) {
        (self.services.len(), self.services.iter().map(|service| service.parsed().actions.len()).sum())
    }

    /// Is there a service with this prefix? Letter case does not matter.
    pub fn has_service(&self, service: &str) -> bool {
        self.service(service).is_some()
    }

    /// An action by service prefix and name; letter case does not matter.
    pub fn action(&self, service: &str, name: &str) -> Option<&ActionInfo> {
        let actions = &self.service(service)?.parsed().actions;
        let found = actions.binary_search_by(|action| order_ignoring_case(action.name, name)).ok()?;
        actions.get(found)
    }

    /// [`Self::action`] from the whole text, `s3:GetObject`.
    pub fn action_named(&self, text: &str) -> Option<&ActionInfo> {
        let (service, name) = text.split_once(':')?;
        self.action(service, name)
    }

    /// All actions that an action pattern of a policy matches, in the order of the reference: `s3:Get*`,
    /// `s3:*`, `*`. IAM accepts wildcards behind the colon only; a service prefix with one matches nothing.
    pub fn expand(&self, pattern: &str) -> Vec<&ActionInfo> {
        if pattern == "*" {
            return self.services.iter().flat_map(|service| &service.parsed().actions).collect();
        }
        let Some((service, name)) = pattern.split_once(':') else { return Vec::new() };
        if !glob::has_wildcard(name) {
            return self.action(service, name).into_iter().collect();
        }
        self.actions_of(service)
            .iter()
            .filter(|action| name == "*" || glob::matches_ignore_case(name, action.name))
            .collect()
    }

    /// The actions of a service; none when there is no such service.
    pub fn actions_of(&self, service: &str) -> &[ActionInfo] {
        self.service(service).map_or(&[], |service| &service.parsed().actions)
    }

    /// The resource types of a service; none when there is no such service.
    pub fn types_of(&self, service: &str) -> &[ResourceType] {
        self.service(service).map_or(&[], |service| &service.parsed().types)
    }

    /// The ARN template of a resource type.
    pub fn template(&self, service: &str, resource_type: &str) -> Option<&'static str> {
        self.types_of(service)
            .iter()
            .find(|candidate| candidate.name == resource_type)
            .map(|found| found.template)
    }

    /// The condition keys that the reference lists for an action, besides the global ones.
    pub fn condition_keys(&self, action: &ActionInfo) -> Vec<ConditionKey> {
        let keys = self.service(action.service).map_or(&[][..], |service| &service.parsed().keys);
        table::list(action.keys)
            .filter_map(|number| keys.get(number.parse::<usize>().ok()?).copied())
            .collect()
    }

    fn service(&self, prefix: &str) -> Option<&Service> {
        let found =
            self.services.binary_search_by(|service| order_ignoring_case(service.prefix, prefix)).ok()?;
        self.services.get(found)
    }
}

impl Service {
    fn parsed(&self) -> &Parsed {
        self.parsed.get_or_init(|| self.parse())
    }

    fn parse(&self) -> Parsed {
        let mut parsed = Parsed::default();
        parsed.actions.reserve(self.text.matches("\nA\t").count() + 1);
        for [kind, name, a, b, c, d] in table::rows::<6>(self.text) {
            match kind {
                "T" => parsed.types.push(ResourceType { name, template: a }),
                "K" => parsed.keys.push(ConditionKey { name, kind: a }),
                _ => {
                    let has_operation = a.ends_with('O');
                    let types = table::list(b).filter_map(|field| type_ref(field, &parsed.types)).collect();
                    parsed.actions.push(ActionInfo {
                        service: self.prefix,
                        name,
                        level: level(a),
                        has_operation,
                        resource_types: types,
                        dependents: table::list(c).collect(),
                        visibility: visibility::of(self.prefix, name, has_operation),
                        keys: d,
                    });
                }
            }
        }
        parsed
    }
}

impl fmt::Display for ActionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

/// Two actions are the same when service and name are.
impl PartialEq for ActionInfo {
    fn eq(&self, other: &Self) -> bool {
        (self.service, self.name) == (other.service, other.name)
    }
}

impl Eq for ActionInfo {}

impl PartialOrd for ActionInfo {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ActionInfo {
    fn cmp(&self, other: &Self) -> Ordering {
        self.service.cmp(other.service).then_with(|| order_ignoring_case(self.name, other.name))
    }
}

/// ASCII order of the lower-cased texts.
pub(crate) fn order_ignoring_case(a: &str, b: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
}

fn level(field: &str) -> AccessLevel {
    match field.as_bytes().first() {
        Some(b'L') => AccessLevel::List,
        Some(b'R') => AccessLevel::Read,
        Some(b'T') => AccessLevel::Tagging,
        Some(b'P') => AccessLevel::PermissionsManagement,
        _ => AccessLevel::Write,
    }
}

/// `?3`: type number 3 of the service, optional.
fn type_ref(field: &'static str, types: &[ResourceType]) -> Option<ResourceTypeRef> {
    let number = field.trim_start_matches('?');
    let found = types.get(number.parse::<usize>().ok()?)?;
    Some(ResourceTypeRef {
        name: found.name,
        template: found.template,
        required: number.len() == field.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_reference_is_there() {
        assert_eq!(reference().counts(), (456, 22_091));
        assert_eq!(reference().date().len(), "2026-01-01".len());
        let types: usize = reference().services.iter().map(|service| service.parsed().types.len()).sum();
        let keys: usize = reference().services.iter().map(|service| service.parsed().keys.len()).sum();
        assert_eq!((types, keys), (2_334, 2_578));
        for action in reference().expand("*") {
            for dependent in &action.dependents {
                assert!(reference().action_named(dependent).is_some(), "{action} needs {dependent}");
            }
        }
    }

    #[test]
    fn every_action_is_found_by_its_name() {
        for action in reference().expand("*") {
            assert_eq!(reference().action(action.service, &action.name.to_uppercase()), Some(action));
        }
        assert_eq!(reference().action("s3", "GetObjects"), None);
        assert_eq!(reference().action("s4", "GetObject"), None);
    }

    #[test]
    fn a_pattern_expands_behind_the_colon_only() {
        for (pattern, expect) in [
            ("s3:GetObject", 1),
            ("S3:getobject", 1),
            ("s3:GetObject?agging", 1),
            ("s3:*", reference().actions_of("s3").len()),
            ("s*:GetObject", 0),
            ("*:*", 0),
            ("s3", 0),
            ("", 0),
            ("*", 22_091),
        ] {
            assert_eq!(reference().expand(pattern).len(), expect, "{pattern}");
        }
        assert!(reference().expand("s3:get*").is_sorted());
    }

    #[test]
    fn an_action_knows_its_resources() {
        let action = reference().action_named("s3:GetObject").unwrap();
        let types: Vec<_> = action.resource_types.iter().map(|found| (found.name, found.required)).collect();
        assert_eq!(types, [("accesspointobject", false), ("object", false)]);
        assert_eq!(reference().template("s3", "bucket"), Some("arn:${Partition}:s3:::${BucketName}"));
        let list = reference().action_named("s3:ListBucket").unwrap();
        let keys = reference().condition_keys(list);
        assert!(keys.contains(&ConditionKey { name: "s3:prefix", kind: "String" }), "{keys:?}");
        assert!(
            reference().action_named("lambda:CreateFunction").unwrap().dependents.contains(&"iam:PassRole")
        );
        assert_eq!(list.to_string(), "s3:ListBucket");
    }

    #[test]
    fn start_up_takes_a_few_milliseconds() {
        // Printed, not asserted: the time of a debug build says nothing.
        let start = std::time::Instant::now();
        let embedded = Reference::embedded();
        println!("reference: index of {} services in {:?}", embedded.services.len(), start.elapsed());
        let start = std::time::Instant::now();
        assert!(embedded.action("s3", "GetObject").is_some());
        println!("reference: s3 in {:?}", start.elapsed());
        let start = std::time::Instant::now();
        let (services, actions) = embedded.counts();
        println!("reference: all {actions} actions in {:?}", start.elapsed());
        assert_eq!(services, 456);
    }
}
