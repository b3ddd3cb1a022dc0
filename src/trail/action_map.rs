//! From an event to the IAM actions that the call asked for. An event's source is not a service prefix
//! and its name is not an action; tables in `data/` lead from one to the other.

mod tables;

use crate::iam::reference::{AccessLevel, ActionInfo, reference};
use crate::trail::Event;
use crate::trail::event::EventType;
use memchr::memmem::Finder;
use serde_json::Value;
use std::sync::LazyLock;
use tables::{Found, RuleRow, Tables};

/// What stands behind an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// IAM actions.
    Actions {
        /// The call asked for every one of these. Empty when it asked for one of several that the event
        /// does not tell apart; then they are all in `secondary`.
        primary: ActionList,
        /// The call may have asked for these too.
        secondary: ActionList,
    },
    /// A call that no identity policy decides.
    NoPermissionNeeded,
    /// A sign-in, a console page, something that a service did of its own accord.
    NotAnApiCall,
    /// A call that the tables do not know.
    Unmapped,
}

/// Actions of the reference, without an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionList {
    /// One action.
    One(&'static ActionInfo),
    /// Any number, from a table.
    Many(&'static [&'static ActionInfo]),
    /// The actions of a list, and behind them the actions of a service that set tags; one may be in both.
    AndTagging(&'static [&'static ActionInfo], &'static [ActionInfo]),
}

impl ActionList {
    const EMPTY: Self = Self::Many(&[]);

    /// The actions in the order of the table: the one that gives the call its name first.
    pub fn iter(self) -> impl Iterator<Item = &'static ActionInfo> {
        let (one, listed, service) = match self {
            Self::One(action) => (Some(action), &[][..], &[][..]),
            Self::Many(actions) => (None, actions, &[][..]),
            Self::AndTagging(actions, service) => (None, actions, service),
        };
        let tagging = service.iter().filter(|action| sets_tags(action));
        one.into_iter().chain(listed.iter().copied()).chain(tagging)
    }

    /// Is it the very same list of the tables? Much quicker than to compare what is in it.
    pub fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::One(mine), Self::One(theirs)) => std::ptr::eq(mine, theirs),
            (Self::Many(mine), Self::Many(theirs)) => std::ptr::eq(mine, theirs),
            (Self::AndTagging(mine, service), Self::AndTagging(theirs, other)) => {
                std::ptr::eq(mine, theirs) && std::ptr::eq(service, other)
            }
            _ => false,
        }
    }

    /// Is there none?
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

/// The mapping of `eventSource` and `eventName`; letter case of the name does not matter. Parameters are
/// not considered: [`actions_of`] does that.
pub fn map(source: &str, name: &str) -> Mapping {
    let tables = Tables::get();
    let Some(host) = host(source) else { return Mapping::Unmapped };
    if let Some(class) = tables.without_permission(host, name) {
        return class;
    }
    let found = tables.row_or_action(host, name).or_else(|| tables.row_or_action(host, unversioned(name)?));
    match found {
        Some(Found::Row(row)) => row.mapping(),
        Some(Found::Action(action)) => {
            Mapping::Actions { primary: ActionList::One(action), secondary: ActionList::EMPTY }
        }
        None => tables.without_permission(host, "*").unwrap_or(Mapping::Unmapped),
    }
}

/// What the tables say about one `eventSource` and `eventName`, looked up once for many events.
#[derive(Clone, Copy, Debug)]
pub struct Lookup {
    plain: Mapping,
    rules: Option<&'static RuleRow>,
}

impl Lookup {
    /// Looks in the tables.
    pub fn new(source: &str, name: &str) -> Self {
        let plain = map(source, name);
        let rules = matches!(plain, Mapping::Actions { .. }).then(|| Tables::get().rules_for(source, name));
        Self { plain, rules: rules.flatten() }
    }

    /// [`actions_of`] for an event with this source and name.
    pub fn actions_of(&self, event: &Event<'_>) -> Mapping {
        if event.event_type != EventType::ApiCall {
            return Mapping::NotAnApiCall;
        }
        match self.plain {
            Mapping::Actions { .. } => with_tags(event, self.by_parameters(event)),
            other => other,
        }
    }

    /// Applies the rules of `data/parameter_rules.tsv`.
    fn by_parameters(&self, event: &Event<'_>) -> Mapping {
        static OMITTED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("omitted"));
        let Some(row) = self.rules else { return self.plain };
        let Some(raw) = event.request.raw() else { return row.unknown.mapping() };
        // Parsing is worth its time only when the text has one of the names at all.
        let has = |name: &Finder<'_>| name.find(raw.as_bytes()).is_some();
        if !row.rules.iter().any(|rule| has(&rule.name)) && !has(&OMITTED) {
            return self.plain;
        }
        let Some(parameters) = event.request.parse() else { return row.unknown.mapping() };
        let rule = row.rules.iter().find(|rule| rule.holds(&parameters));
        rule.map_or(self.plain, |rule| rule.actions.mapping())
    }
}

/// The actions that an event's call asked for, with the rules about its parameters: `GetObject` with a
/// `versionId` asks for `s3:GetObjectVersion`, a resource that is created with tags may ask for the
/// service's tagging actions. Only an `AwsApiCall` asks for anything.
pub fn actions_of(event: &Event<'_>) -> Mapping {
    Lookup::new(&event.source, &event.name).actions_of(event)
}

/// Many services weigh their tagging action besides when a request carries tags, and log one event.
fn with_tags(event: &Event<'_>, mapping: Mapping) -> Mapping {
    let Mapping::Actions { primary, secondary } = mapping else { return mapping };
    let Some(first) = primary.iter().next() else { return mapping };
    if first.level == AccessLevel::Tagging || !carries_tags(event) {
        return mapping;
    }
    let service = reference().actions_of(first.service);
    let secondary = match secondary {
        ActionList::Many(listed) | ActionList::AndTagging(listed, _) => {
            ActionList::AndTagging(listed, service)
        }
        // No table has a single action in second place.
        ActionList::One(_) => secondary,
    };
    Mapping::Actions { primary, secondary }
}

/// A tagging action that does not take tags away.
fn sets_tags(action: &ActionInfo) -> bool {
    let takes =
        |verb: &str| action.name.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb));
    action.level == AccessLevel::Tagging && !["un", "remove", "delete", "replicate"].into_iter().any(takes)
}

/// Is there a field of the request whose name begins with `tag` and that is not empty?
fn carries_tags(event: &Event<'_>) -> bool {
    static NAMES: LazyLock<[Finder<'static>; 2]> =
        LazyLock::new(|| [Finder::new("\"tag"), Finder::new("\"Tag")]);
    let named = |raw: &str| NAMES.iter().any(|name| name.find(raw.as_bytes()).is_some());
    if !event.request.raw().is_some_and(named) {
        return false;
    }
    let Some(parameters) = event.request.parse() else { return false };
    let tagged = |fields: &serde_json::Map<String, Value>| {
        fields.iter().any(|(name, value)| {
            let tag = name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("tag"));
            tag && !matches!(value, Value::Null)
                && value != ""
                && value.as_array().is_none_or(|all| !all.is_empty())
        })
    };
    let Some(fields) = parameters.as_object() else { return false };
    // Newer EC2 operations wrap their parameters once more.
    tagged(fields) || fields.values().filter_map(Value::as_object).any(tagged)
}

/// The service prefixes that an event source may stand for, the likeliest first.
pub fn prefixes_of(source: &str) -> impl Iterator<Item = &str> {
    let host = host(source).unwrap_or_default();
    let listed = Tables::get().prefixes(host);
    let own = Some(host).filter(|host| listed.is_none() && reference().has_service(host));
    listed.unwrap_or_default().iter().copied().chain(own)
}

/// `CreateFunction20150331v2` and `CreateFunction2020_05_31` carry the version of the API behind the
/// operation's name: a day, with or without a revision. `None` when the name does not end like that.
pub(crate) fn unversioned(name: &str) -> Option<&str> {
    let without_revision = match name.rsplit_once('v') {
        Some((front, revision)) if is_digits(revision) && revision.len() <= 2 => front,
        _ => name,
    };
    let day = |length: usize| {
        let cut = without_revision.len().checked_sub(length)?;
        let (front, back) = without_revision.split_at_checked(cut)?;
        let mut parts = back.split('_').collect::<Vec<_>>();
        if let [all] = parts[..] {
            let (year, rest) = all.split_at_checked(4)?;
            let (month, day) = rest.split_at_checked(2)?;
            parts = vec![year, month, day];
        }
        let [year, month, day] = parts[..] else { return None };
        let plausible = year.len() == 4
            && year.starts_with("20")
            && (1..=12).contains(&two_digits(month)?)
            && (1..=31).contains(&two_digits(day)?)
            && is_digits(year);
        (plausible && !front.is_empty()).then_some(front)
    };
    day("2015_03_31".len()).or_else(|| day("20150331".len()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn two_digits(text: &str) -> Option<u8> {
    (text.len() == 2 && is_digits(text)).then(|| text.parse().ok()).flatten()
}

/// `s3` from `s3.amazonaws.com`.
fn host(source: &str) -> Option<&str> {
    source.strip_suffix(".amazonaws.com").or_else(|| source.strip_suffix(".amazonaws.com.cn"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::request::RequestParameters;
    use proptest::prelude::*;

    fn names(list: ActionList) -> String {
        list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn text(mapping: Mapping) -> String {
        match mapping {
            Mapping::Actions { primary, secondary } if secondary.is_empty() => names(primary),
            Mapping::Actions { primary, secondary } => format!("{} | {}", names(primary), names(secondary)),
            Mapping::NoPermissionNeeded => "free".into(),
            Mapping::NotAnApiCall => "no call".into(),
            Mapping::Unmapped => "unmapped".into(),
        }
    }

    #[test]
    fn an_event_leads_to_its_actions() {
        for (source, name, expect) in [
            ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
            ("s3", "HeadBucket", "s3:ListBucket"),
            ("s3", "ListObjects", "s3:ListBucket"),
            ("s3", "HeadObject", "s3:GetObject"),
            ("s3", "DeleteObjects", "s3:DeleteObject | s3:DeleteObjectVersion"),
            ("s3", "PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
            ("s3", "GetBucketReplication", "s3:GetReplicationConfiguration"),
            ("s3", "DeleteAccountPublicAccessBlock", "s3:PutAccountPublicAccessBlock"),
            ("s3", "WriteGetObjectResponse", "s3-object-lambda:WriteGetObjectResponse"),
            ("s3", "JobCreated", "no call"),
            ("lambda", "Invoke", "lambda:InvokeFunction"),
            ("lambda", "CreateFunction20150331", "lambda:CreateFunction"),
            ("lambda", "updatefunctioncode20150331V2", "unmapped"),
            ("lambda", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"),
            ("cloudfront", "CreateFunction2020_05_31", "cloudfront:CreateFunction"),
            (
                "cloudfront",
                "CreateDistributionWithTags2020_05_31",
                "cloudfront:CreateDistribution | cloudfront:TagResource",
            ),
            ("ec2", "CreateInstance20150331", "unmapped"),
            ("apigateway", "CreateRestApi", "apigateway:POST"),
            ("apigateway", "UpdateRoute", "apigateway:PATCH"),
            ("monitoring", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
            ("tagging", "GetResources", "tag:GetResources"),
            ("autoscaling", "RegisterScalableTarget", "application-autoscaling:RegisterScalableTarget"),
            ("kms", "ReEncrypt", "kms:ReEncryptFrom kms:ReEncryptTo"),
            ("dynamodb", "TransactGetItems", "dynamodb:GetItem"),
            ("sqs", "SendMessageBatch", "sqs:SendMessage"),
            ("bedrock", "Converse", "bedrock:InvokeModel"),
            ("sts", "GetCallerIdentity", "free"),
            ("sts", "AssumeRole", "sts:AssumeRole"),
            ("signin", "ConsoleLogin", "no call"),
            ("billingconsole", "GetBillsForBillingPeriod", "no call"),
            ("metrics-sagemaker", "BatchPutMetrics", "sagemaker:BatchPutMetrics"),
            ("nowhere", "DoSomething", "unmapped"),
        ] {
            assert_eq!(text(map(&format!("{source}.amazonaws.com"), name)), expect, "{source} {name}");
        }
        assert_eq!(map("aws:s3", "ObjectCreated:Put"), Mapping::Unmapped);
    }

    #[test]
    fn a_version_is_stripped_only_where_it_is_one() {
        for (name, expect) in [
            ("CreateFunction20150331", Some("CreateFunction")),
            ("CreateFunction20150331v2", Some("CreateFunction")),
            ("CreateFunction2020_05_31", Some("CreateFunction")),
            ("CreateFunction20151331", None),
            ("CreateFunction19990331", None),
            ("CreateFunctionV2", None),
            ("Createv2", None),
            ("20150331", None),
            ("é0150331", None),
            ("", None),
        ] {
            assert_eq!(unversioned(name), expect, "{name}");
        }
    }

    #[test]
    fn parameters_change_the_action() {
        let check = |source: &'static str, name: &'static str, request: &'static str, expect: &str| {
            let event = Event {
                source: source.into(),
                name: name.into(),
                request: RequestParameters::from_raw(request),
                ..Event::default()
            };
            assert_eq!(text(actions_of(&event)), expect, "{name} {request}");
        };
        let s3 = "s3.amazonaws.com";
        check(s3, "GetObject", r#"{"key":"k"}"#, "s3:GetObject");
        check(s3, "GetObject", r#"{"key":"versionId"}"#, "s3:GetObject");
        check(s3, "GetObject", r#"{"key":"k","versionId":"v"}"#, "s3:GetObjectVersion");
        check(s3, "GetObject", r#"{"key":"k","versionId":null}"#, "s3:GetObject");
        check(s3, "GetObject", "null", " | s3:GetObject s3:GetObjectVersion");
        check(s3, "GetObject", r#"{"omitted":true}"#, " | s3:GetObject s3:GetObjectVersion");
        check(
            s3,
            "UploadPartCopy",
            r#"{"x-amz-copy-source":"/b/k?versionId=1"}"#,
            "s3:GetObjectVersion s3:PutObject",
        );
        check(
            s3,
            "GetObjectAttributes",
            r#"{"versionId":"v"}"#,
            "s3:GetObjectVersion s3:GetObjectVersionAttributes",
        );
        let dynamodb = "dynamodb.amazonaws.com";
        check(dynamodb, "ExecuteStatement", r#"{"statement":"  Select * from t"}"#, "dynamodb:PartiQLSelect");
        check(
            dynamodb,
            "ExecuteStatement",
            "{}",
            " | dynamodb:PartiQLSelect dynamodb:PartiQLInsert dynamodb:PartiQLUpdate dynamodb:PartiQLDelete",
        );
    }

    #[test]
    fn tags_at_creation_may_need_the_tagging_action() {
        let check = |source: &'static str, name: &'static str, request: &'static str, expect: &str| {
            let event = Event {
                source: format!("{source}.amazonaws.com").into(),
                name: name.into(),
                request: RequestParameters::from_raw(request),
                ..Event::default()
            };
            assert_eq!(text(actions_of(&event)), expect, "{name} {request}");
        };
        let tags = r#"{"tags":[{"key":"k","value":"v"}]}"#;
        check("lambda", "CreateFunction20150331", tags, "lambda:CreateFunction | lambda:TagResource");
        check("lambda", "CreateFunction20150331", r#"{"tags":[]}"#, "lambda:CreateFunction");
        check("lambda", "TagResource20170331v2", tags, "lambda:TagResource");
        check("sagemaker", "CreateTrainingJob", tags, "sagemaker:CreateTrainingJob | sagemaker:AddTags");
        check(
            "ec2",
            "CreateLaunchTemplate",
            r#"{"CreateLaunchTemplateRequest":{"TagSpecification":{"Tag":{}}}}"#,
            "ec2:CreateLaunchTemplate | ec2:CreateTags ec2:CreateTags",
        );
    }

    #[test]
    fn what_iam_named_when_it_refused_comes_out() {
        let truth = include_str!("../../tests/data/event_to_action.tsv");
        let mut pairs = 0;
        for [source, name, action] in crate::iam::table::rows::<3>(truth) {
            let Mapping::Actions { primary, .. } = map(source, name) else { panic!("{source} {name}") };
            let found = primary.iter().any(|found| found.to_string().eq_ignore_ascii_case(action));
            assert!(found, "{source} {name}: {action}, not {}", names(primary));
            pairs += 1;
        }
        assert_eq!(pairs, 107);
    }

    #[test]
    fn only_an_api_call_asks_for_anything() {
        let event = Event {
            source: "kms.amazonaws.com".into(),
            name: "CreateKey".into(),
            event_type: EventType::ServiceEvent,
            ..Event::default()
        };
        assert_eq!(actions_of(&event), Mapping::NotAnApiCall);
    }

    proptest! {
        #[test]
        fn nothing_panics(host in ".{0,12}", name in ".{0,40}", request in ".{0,60}") {
            let source = format!("{host}.amazonaws.com");
            map(&source, &name);
            map(&host, &name);
            let request = RequestParameters::from_raw(&request);
            actions_of(&Event { source: source.into(), name: name.into(), request, ..Event::default() });
        }
    }
}
