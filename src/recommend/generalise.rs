//! ARNs that were touched, as few patterns that hold tomorrow too: what looks generated becomes `*`, what
//! lasts stays, and nothing is widened beyond partition, service, region, account and resource type.
//!
//! A `*` of IAM also stands for `/` and `:`, so a pattern keeps every fixed text of its type's ARN template
//! in front of it: `arn:aws:s3:::bucket/*` is objects of one bucket, `arn:aws:s3:::b*` would be buckets.

mod merge;
mod words;

use super::inventory::type_of;
use crate::iam::arn_template;
use crate::iam::reference::{ActionInfo, reference};
use crate::trail::resource_map::is_stable;
use crate::usage::ResourceName;
use crate::usage::collapse::PLACE_VARIABLES;
use merge::Names;
use std::collections::{BTreeMap, BTreeSet};

/// So many patterns for one action and resource type are kept apart; more are merged. Parents that last
/// (buckets, log groups) are never merged, so there may be one pattern for each of them.
const PATTERNS_MAX: usize = 10;

/// Stands for the name while the rest of an ARN is written; no ARN contains it.
const NAME_MARK: &str = "\u{1}";

/// The patterns for the resources that one action touched, sorted. They cover all of them; they are a
/// function of the set, whatever its order. Names of resources that last, and of passed roles, stay.
pub fn patterns(action: &ActionInfo, touched: &BTreeSet<&ResourceName>) -> BTreeSet<String> {
    let mut kinds: BTreeMap<(&str, &'static str), Kind> = BTreeMap::new();
    for name in touched {
        let (service, kind) = type_of(name);
        kinds.entry((service, kind)).or_insert_with(|| Kind::new(action, service, kind));
    }
    let mut parents: BTreeMap<(&str, &'static str), BTreeMap<String, Names<'_>>> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for name in touched {
        match kinds.get(&type_of(name)).and_then(|kind| kind.apart(&name.arn)) {
            Some((parent, own)) => {
                parents.entry(type_of(name)).or_default().entry(parent).or_default().insert(made_anew(own));
            }
            None => {
                out.insert(name.arn.clone());
            }
        }
    }
    for parents in parents.into_values() {
        let (fronts, mut names): (Vec<String>, Vec<Names<'_>>) = parents.into_iter().unzip();
        merge::fit(&mut names, PATTERNS_MAX);
        for (front, names) in fronts.iter().zip(names) {
            out.extend(names.iter().map(|name| front.replacen(NAME_MARK, &words::text(name), 1)));
        }
    }
    out
}

/// Does the action make resources of this type, as `CreatePipeline` makes a `pipeline`? The next one will
/// have another name, however long its names last.
pub fn creates(action: &ActionInfo, kind: &str) -> bool {
    let Some(made) = action.name.strip_prefix("Create") else { return false };
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    letters(made).eq_ignore_ascii_case(&letters(kind))
}

/// The words of a name that the next run does not use again: at least its last part is a `*`.
fn made_anew(name: &str) -> Vec<words::Word<'_>> {
    let mut words = words::abstracted(name);
    if !words.iter().any(|word| word.open) {
        let folders = words.iter().rposition(|word| word.end == Some('/')).map_or(0, |last| last + 1);
        words.truncate(folders);
        words::push(&mut words, words::Word::star(None));
    }
    words
}

/// A resource type of one action, taken apart once for many ARNs.
struct Kind {
    /// `None` when the names of this type stay as they are.
    template: Option<arn_template::Template<'static>>,
    /// Variables whose values last: place, and the names of lasting parents.
    lasting: BTreeSet<&'static str>,
}

impl Kind {
    fn new(action: &ActionInfo, service: &str, kind: &str) -> Self {
        let passes_role = (action.service, action.name) == ("iam", "PassRole");
        let stays = passes_role || (is_stable(service, kind) && !creates(action, kind));
        let template = reference().template(service, kind).filter(|_| !stays);
        let stable = reference().types_of(service).iter().filter(|one| is_stable(service, one.name));
        let lasting = stable.filter_map(|one| arn_template::variables(one.template).last());
        Self {
            template: template.and_then(arn_template::Template::new),
            lasting: lasting.chain(PLACE_VARIABLES).collect(),
        }
    }

    /// An ARN with a mark for its own name, and that name: the value of the template's last variable.
    /// Parents that do not last are generalised already. `None` when the ARN stays as it is.
    fn apart<'a>(&'a self, arn: &'a str) -> Option<(String, &'a str)> {
        let template = self.template.as_ref()?;
        let bindings = template.bind(arn)?;
        let (own, value) = bindings.iter().rfind(|(name, _)| !PLACE_VARIABLES.contains(name)).copied()?;
        let values: Vec<(&str, String)> = bindings
            .iter()
            .map(|(name, value)| match *name {
                name if name == own => (name, NAME_MARK.to_owned()),
                name if self.lasting.contains(name) => (name, (*value).to_owned()),
                name => (name, words::text(&words::abstracted(value))),
            })
            .collect();
        let mut out = String::with_capacity(arn.len());
        template.fill_into(&mut out, |wanted| {
            values.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str())
        });
        Some((out, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::glob;
    use proptest::prelude::*;

    const PLACE: &str = "eu-west-1:111122223333";

    fn patterns_of(action: &str, kind: &'static str, arns: &[String]) -> Vec<String> {
        let action = reference().action_named(action).unwrap();
        let names: Vec<ResourceName> =
            arns.iter().map(|arn| ResourceName { kind, arn: arn.clone(), complete: true }).collect();
        patterns(action, &names.iter().collect()).into_iter().collect()
    }

    fn check(action: &str, kind: &'static str, arns: &[&str], expect: &[&str]) {
        let written = |text: &&str| text.replace('@', PLACE);
        let arns: Vec<String> = arns.iter().map(written).collect();
        let expect: Vec<String> = expect.iter().map(written).collect();
        assert_eq!(patterns_of(action, kind, &arns), expect, "{action} {arns:?}");
    }

    #[test]
    fn what_lasts_stays_and_what_is_made_anew_does_not() {
        check(
            "s3:GetObject",
            "object",
            &["arn:aws:s3:::b/raw/2026/08/01/p-1.csv", "arn:aws:s3:::b/raw/2026/08/02/p-2.csv"],
            &["arn:aws:s3:::b/raw/*/p-*.csv"],
        );
        check("s3:GetObject", "object", &["arn:aws:s3:::b/conf/a.json"], &["arn:aws:s3:::b/conf/*"]);
        check("s3:GetObject", "object", &["arn:aws:s3:::b/a.json"], &["arn:aws:s3:::b/*"]);
        check(
            "s3:GetObject",
            "object",
            &["arn:aws:s3:::logs-2026-08-01/x/1", "arn:aws:s3:::logs-2026-08-02/x/1"],
            &["arn:aws:s3:::logs-2026-08-01/x/*", "arn:aws:s3:::logs-2026-08-02/x/*"],
        );
        check(
            "s3:ListBucket",
            "bucket",
            &["arn:aws:s3:::b-1", "arn:aws:s3:::b-2"],
            &["arn:aws:s3:::b-1", "arn:aws:s3:::b-2"],
        );
        check(
            "logs:PutLogEvents",
            "log-stream",
            &["arn:aws:logs:@:log-group:/aws/x-1:log-stream:2026/08/01/[$LATEST]abc"],
            &["arn:aws:logs:@:log-group:/aws/x-1:log-stream:*/[$LATEST]abc"],
        );
        check(
            "sagemaker:DescribeTrainingJob",
            "training-job",
            &["arn:aws:sagemaker:@:training-job/churn-2026-08-01", "arn:aws:sagemaker:@:training-job/once"],
            &["arn:aws:sagemaker:@:training-job/*"],
        );
        check(
            "sagemaker:CreateEndpoint",
            "endpoint",
            &["arn:aws:sagemaker:@:endpoint/e-1"],
            &["arn:aws:sagemaker:@:endpoint/e-*"],
        );
        check(
            "kms:Decrypt",
            "key",
            &["arn:aws:kms:@:key/0a0b0c0d-0000-4000-8000-000000000000"],
            &["arn:aws:kms:@:key/0a0b0c0d-0000-4000-8000-000000000000"],
        );
        check(
            "iam:PassRole",
            "role",
            &["arn:aws:iam::111122223333:role/r-2026-08-01"],
            &["arn:aws:iam::111122223333:role/r-2026-08-01"],
        );
        check(
            "ec2:DeleteNetworkInterface",
            "network-interface",
            &["arn:aws:ec2:@:network-interface/eni-0abc123def456789a"],
            &["arn:aws:ec2:@:network-interface/eni-*"],
        );
        check(
            "cloudformation:DescribeStacks",
            "stack",
            &["arn:aws:cloudformation:@:stack/app-2026-08-01/0a0b0c0d-0000-4000-8000-000000000000"],
            &["arn:aws:cloudformation:@:stack/app-*/*"],
        );
        // Not of the type that the summary says: as it is.
        check("s3:GetObject", "object", &["arn:aws:sqs:@:q"], &["arn:aws:sqs:@:q"]);
    }

    #[test]
    fn thousands_of_objects_become_a_handful_of_patterns() {
        let arns: Vec<String> = (0..5_000)
            .map(|n| format!("arn:aws:s3:::data/team-{}/in/x{}q{n}.json", n % 40, n / 40))
            .collect();
        assert_eq!(patterns_of("s3:GetObject", "object", &arns), ["arn:aws:s3:::data/team-*/in/*.json"]);
        let words = ["red", "blue", "green", "amber"];
        let arns: Vec<String> = (0..5_000)
            .map(|n| format!("arn:aws:s3:::data/{}/in/{}.json", words[n % 4], "ab".repeat(n % 97 + 1)))
            .collect();
        assert_eq!(
            patterns_of("s3:GetObject", "object", &arns),
            ["amber", "blue", "green", "red"].map(|word| format!("arn:aws:s3:::data/{word}/in/*"))
        );
    }

    /// Types of the reference with their names, over which the properties run.
    fn some_type() -> impl Strategy<Value = (&'static str, &'static str)> {
        prop::sample::select(vec![
            ("s3:GetObject", "object"),
            ("logs:PutLogEvents", "log-stream"),
            ("sagemaker:DescribeTrainingJob", "training-job"),
            ("sagemaker:CreateEndpoint", "endpoint"),
            ("cloudformation:DescribeStacks", "stack"),
            ("ecs:DescribeTasks", "task"),
            ("ec2:TerminateInstances", "instance"),
            ("codebuild:BatchGetBuilds", "build"),
            ("kms:Decrypt", "key"),
        ])
    }

    proptest! {
        #[test]
        fn patterns_cover_keep_the_type_and_do_not_depend_on_order(
            (action, kind) in some_type(),
            mut names in prop::collection::vec(
                "[a-c]{1,2}([/._-]([a-c]{1,2}|[0-9]{1,5}|[0-9a-f]{8})){0,4}", 1..60),
            place in prop::collection::vec("(eu|us)-west-[12]:11112222333[34]", 60),
        ) {
            let service = action.split(':').next().unwrap();
            let template = reference().template(service, kind).unwrap();
            let slashes = ["object", "log-stream"].contains(&kind);
            if !slashes {
                for name in &mut names {
                    *name = name.replace('/', "-");
                }
            }
            let arns: Vec<String> = names.iter().zip(&place).map(|(name, place)| {
                let (region, account) = place.split_once(':').unwrap();
                arn_template::fill(template, |variable| Some(match variable {
                    "Partition" => "aws",
                    "Region" => region,
                    "Account" => account,
                    "BucketName" | "LogGroupName" | "ClusterName" => name.get(..1).unwrap(),
                    _ => name,
                }))
            }).collect();
            let found = patterns_of(action, kind, &arns);
            for arn in &arns {
                prop_assert!(found.iter().any(|pattern| glob::covers(pattern, arn)), "{arn} {found:?}");
            }
            // Place and lasting parents are those that were seen, and the pattern is of the same type.
            let fixed = |arn: &str| -> Option<Vec<String>> {
                let keeps = ["Partition", "Region", "Account", "BucketName", "LogGroupName", "ClusterName"];
                let bound = arn_template::bind(template, arn)?.into_iter();
                Some(bound.filter(|(name, _)| keeps.contains(name)).map(|(_, value)| value.to_owned()).collect())
            };
            let seen: BTreeSet<_> = arns.iter().map(|arn| fixed(arn)).collect();
            for pattern in &found {
                let own = fixed(pattern);
                prop_assert!(own.is_some() && seen.contains(&own), "{pattern}");
            }
            prop_assert!(found.len() <= PATTERNS_MAX.max(seen.len()) || kind == "key" || kind == "stack");
            let mut backwards = arns.clone();
            backwards.reverse();
            backwards.extend(arns);
            prop_assert_eq!(patterns_of(action, kind, &backwards), found);
        }
    }

    #[test]
    fn what_is_created_has_a_new_name_each_time() {
        for (service, action, kind, expect) in [
            ("sagemaker", "CreatePipeline", "pipeline", true),
            ("sagemaker", "CreateTrainingJob", "training-job", true),
            ("s3", "CreateBucket", "bucket", true),
            ("iam", "CreateRole", "role", true),
            ("cloudfront", "CreateInvalidation", "distribution", false),
            ("sagemaker", "StartPipelineExecution", "pipeline", false),
            ("s3", "GetObject", "object", false),
        ] {
            let action = reference().action(service, action).unwrap();
            assert_eq!(creates(action, kind), expect, "{action} {kind}");
        }
    }
}
