//! How a use of an action shows in `CloudTrail`. The safe answer is [`Visibility::Unknown`]: silence about
//! such an action proves nothing.

use super::super::{glob, table};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static TABLE: &str = include_str!("../../../data/visibility.tsv");

/// Where a use of an action is recorded, provided that the trail was switched on for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Visibility<'a> {
    /// As a management event.
    Management,
    /// As a data event of this `resources.type`, only where a selector asks for the type.
    Data(&'a str),
    /// Nowhere: the service does not log it.
    NotLogged,
    /// Not by itself: it is a permission that can be used only inside a call that asks for one of these
    /// actions (`s3:DeleteObject`). When all of them are observable and none was used, it was not used
    /// either; when one was used, a use of this one cannot be excluded.
    Carried(&'a [&'a str]),
    /// Not by itself: only these service principals can use it, after they assumed the role. A role whose
    /// trust policy names none of them cannot use it.
    ServiceOnly(&'a [&'a str]),
    /// It is not known that a use is recorded.
    #[default]
    Unknown,
}

/// The visibility of an action by the table.
pub(super) fn of(service: &str, name: &str, has_operation: bool) -> Visibility<'static> {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::embedded);
    RULES.of(service, name, has_operation)
}

/// The rows of `data/visibility.tsv` by service.
struct Rules {
    by_service: BTreeMap<&'static str, ServiceRules>,
}

#[derive(Default)]
struct ServiceRules {
    exact: BTreeMap<&'static str, Visibility<'static>>,
    /// Longest first: the most exact pattern wins.
    globs: Vec<(&'static str, Visibility<'static>)>,
}

impl Rules {
    fn embedded() -> Self {
        let mut by_service: BTreeMap<&'static str, ServiceRules> = BTreeMap::new();
        for [service, name, class, argument] in table::rows::<4>(TABLE) {
            let rules = by_service.entry(service).or_default();
            let visibility = parse(class, argument);
            if glob::has_wildcard(name) {
                rules.globs.push((name, visibility));
            } else {
                rules.exact.insert(name, visibility);
            }
        }
        for rules in by_service.values_mut() {
            rules.globs.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
        }
        Self { by_service }
    }

    fn of(&self, service: &str, name: &str, has_operation: bool) -> Visibility<'static> {
        let Some(rules) = self.by_service.get(service) else { return Visibility::Unknown };
        if let Some(exact) = rules.exact.get(name) {
            return *exact;
        }
        // A pattern speaks of API operations. A permission without one bears no event's name.
        let by_pattern = || rules.globs.iter().find(|(pattern, _)| glob::matches(pattern, name));
        if has_operation {
            by_pattern().map_or(Visibility::Unknown, |(_, found)| *found)
        } else {
            Visibility::Unknown
        }
    }
}

fn parse(class: &str, argument: &'static str) -> Visibility<'static> {
    let names = || -> &'static [&'static str] { table::list(argument).collect::<Vec<_>>().leak() };
    match class {
        "management" => Visibility::Management,
        "data" => Visibility::Data(argument),
        "not-logged" => Visibility::NotLogged,
        "carried" => Visibility::Carried(names()),
        "service-only" => Visibility::ServiceOnly(names()),
        _ => Visibility::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::reference::reference;

    #[test]
    fn every_row_speaks_of_something_real() {
        for [service, name, class, argument] in table::rows::<4>(TABLE) {
            let row = format!("{service}:{name} {class} {argument}");
            assert!(!reference().expand(&format!("{service}:{name}")).is_empty(), "{row}");
            match class {
                "data" => assert!(argument.starts_with("AWS::"), "{row}"),
                "carried" => {
                    assert_ne!(argument, "", "{row}");
                    for carrier in table::list(argument) {
                        let carrier = reference().action_named(carrier);
                        // A carrier that cannot be seen would make silence look like proof.
                        let seen = carrier.map(|action| action.visibility);
                        assert!(
                            matches!(seen, Some(Visibility::Management | Visibility::Data(_))),
                            "{row}: {carrier:?}"
                        );
                    }
                }
                "service-only" => assert!(argument.contains(".amazonaws.com"), "{row}"),
                _ => {
                    assert!(matches!(class, "management" | "not-logged" | "unknown"), "{row}");
                    assert_eq!(argument, "", "{row}");
                }
            }
        }
    }

    #[test]
    fn no_row_is_there_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for [service, name] in table::rows::<2>(TABLE) {
            assert!(seen.insert((service, name)), "{service}:{name}");
        }
    }

    #[test]
    fn every_s3_action_is_judged() {
        for action in reference().actions_of("s3") {
            assert!(
                !matches!(action.visibility, Visibility::Unknown | Visibility::NotLogged),
                "{action}: {:?}",
                action.visibility
            );
            if let Visibility::Data(kind) = action.visibility {
                assert_eq!(kind, "AWS::S3::Object", "{action}");
            }
        }
    }

    #[test]
    fn actions_show_where_aws_says() {
        for (action, expect) in [
            ("s3:GetObject", Visibility::Data("AWS::S3::Object")),
            ("s3:GetObjectVersion", Visibility::Data("AWS::S3::Object")),
            ("s3:ListAllMyBuckets", Visibility::Management),
            ("s3:GetBucketLocation", Visibility::Management),
            ("lambda:InvokeFunction", Visibility::Data("AWS::Lambda::Function")),
            ("lambda:CreateFunction", Visibility::Management),
            ("logs:PutLogEvents", Visibility::NotLogged),
            ("logs:CreateLogStream", Visibility::Management),
            ("iam:PassRole", Visibility::Unknown),
            // Not on the services' own lists, or only partly shown.
            ("kinesis:ListShards", Visibility::Unknown),
            ("dynamodb:DescribeEndpoints", Visibility::Unknown),
            ("sns:Publish", Visibility::Unknown),
            ("sqs:GetQueueUrl", Visibility::Data("AWS::SQS::Queue")),
            ("sqs:CreateQueue", Visibility::Management),
            ("apigateway:GET", Visibility::Management),
            ("sagemaker:InvokeEndpoint", Visibility::Data("AWS::SageMaker::Endpoint")),
            ("sagemaker:CreateTrainingJob", Visibility::Management),
            ("s3:PauseReplication", Visibility::Carried(&["s3:PutReplicationConfiguration"])),
        ] {
            assert_eq!(reference().action_named(action).unwrap().visibility, expect, "{action}");
        }
    }
}
