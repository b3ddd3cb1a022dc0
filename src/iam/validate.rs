//! Would AWS accept this policy? Its rules go far beyond the JSON grammar; those that reject a document
//! are errors here, those that make a statement useless are warnings.
//!
//! Sources: the IAM user guide's policy grammar and quotas (2023-06), error messages of the IAM API as
//! recorded by the moto project (2024), the Organizations user guide for SCPs and RCPs (2025).

use crate::iam::arn;
use crate::iam::condition::{
    Comparison, Decimal, Operator, parse_bool, parse_date, parse_network, scalar_text,
};
use crate::iam::evaluate::is_action_name;
use crate::iam::glob::has_wildcard;
use crate::iam::policy::{ConditionOperator, Matcher, PolicyDocument, Principals, Statement};
use crate::iam::resource::{PolicyKind, Shape, shape};
use std::collections::BTreeSet;
use std::fmt;

/// What a document is used as; each use has its own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyType {
    /// A customer managed policy, also one that serves as a permissions boundary.
    Managed,
    /// An inline policy of a user, a group or a role.
    Inline,
    /// A session policy.
    Session,
    /// A role's trust policy.
    Trust,
    /// The policy of a bucket, a key, a queue, …
    Resource,
    /// A VPC endpoint policy.
    VpcEndpoint,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// AWS accepts the document, but this part of it does nothing, or not what it seems to.
    Warning,
    /// AWS refuses the document.
    Error,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The statement, from 1; `None` for the document itself.
    pub statement: Option<usize>,
    /// The element: `Action`, `Condition`, `Version`, …
    pub element: String,
    /// The value at fault, shortened when it is long.
    pub value: String,
    /// The rule that it breaks.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(statement) = self.statement {
            write!(f, "statement {statement}: ")?;
        }
        write!(f, "`{}` `{}`: {}", self.element, self.value.escape_debug(), self.why)
    }
}

/// The longest value that a finding repeats, in characters.
const VALUE_CHARS_MAX: usize = 120;

/// The partitions that exist (botocore's `partitions.json`, 2025).
const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// What the resource part of an IAM ARN may start with (the error message of the IAM API, 2024; role
/// templates: AWS managed policies, 2026).
const IAM_RESOURCES: [&str; 14] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
    "role-template/",
];

/// The most findings that one document may have; from there on nobody reads them.
const FINDINGS_MAX: usize = 1_000;

/// Checks a policy text. No finding of severity [`Severity::Error`] means that AWS accepts it, as far as
/// its rules are known. A text that cannot be read at all gives one finding.
pub fn validate(text: &str, kind: PolicyType) -> Vec<Finding> {
    if let Some(bad) = text.chars().find(|letter| !is_policy_character(*letter)) {
        let why = "only tabs, line ends and characters from U+0020 to U+00FF are allowed";
        return vec![finding(Severity::Error, None, "document", &bad.to_string(), why)];
    }
    match PolicyDocument::parse(text) {
        Ok(policy) => validate_document(&policy, kind),
        Err(error) => {
            let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
            vec![finding(Severity::Error, None, "document", &text, &error.to_string())]
        }
    }
}

/// [`validate`] for a document that was parsed already.
pub fn validate_document(policy: &PolicyDocument, kind: PolicyType) -> Vec<Finding> {
    let mut check = Check { kind, statement: None, found: Vec::new() };
    check.document(policy);
    let mut sids = BTreeSet::new();
    for (index, statement) in policy.statements.iter().enumerate() {
        check.statement = Some(index + 1);
        check.sid(statement, &mut sids);
        check.elements(statement);
        check.principal(statement);
        check.conditions(&statement.condition);
        if check.is_full() {
            break;
        }
    }
    check.found
}

fn is_policy_character(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{ff}')
}

fn finding(severity: Severity, statement: Option<usize>, element: &str, value: &str, why: &str) -> Finding {
    let mut short: String = value.chars().take(VALUE_CHARS_MAX).collect();
    if value.chars().nth(VALUE_CHARS_MAX).is_some() {
        short.push('…');
    }
    Finding { severity, statement, element: element.to_owned(), value: short, why: why.to_owned() }
}

struct Check {
    kind: PolicyType,
    statement: Option<usize>,
    found: Vec<Finding>,
}

impl Check {
    fn error(&mut self, element: &str, value: &str, why: &str) {
        self.add(Severity::Error, element, value, why);
    }

    fn warn(&mut self, element: &str, value: &str, why: &str) {
        self.add(Severity::Warning, element, value, why);
    }

    /// The last one that is listed stands for all that are not.
    fn add(&mut self, severity: Severity, element: &str, value: &str, why: &str) {
        if self.found.len() + 1 < FINDINGS_MAX {
            self.found.push(finding(severity, self.statement, element, value, why));
        } else if !self.is_full() {
            let why = format!("more than {} findings; the rest was not looked at", FINDINGS_MAX - 1);
            self.found.push(finding(Severity::Error, None, "document", "", &why));
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= FINDINGS_MAX
    }

    fn document(&mut self, policy: &PolicyDocument) {
        for (key, _) in &policy.unknown {
            self.error("document", key, "no such element; there are `Version`, `Id` and `Statement`");
        }
        match policy.version.as_deref() {
            Some("2012-10-17") => {}
            Some("2008-10-17") | None => {
                let version = policy.version.as_deref().unwrap_or("");
                match self.kind {
                    PolicyType::Managed => {
                        self.error("Version", version, "a managed policy must be of version 2012-10-17");
                    }
                    _ if uses_variables(policy) => {
                        self.warn("Version", version, "variables have a meaning only in version 2012-10-17");
                    }
                    _ => {}
                }
            }
            Some(other) => self.error("Version", other, "must be `2012-10-17` or `2008-10-17`"),
        }
        if let Some(id) = &policy.id
            && self.is_identity()
        {
            self.warn("Id", id, "documented as not allowed in identity policies, though accepted");
        }
        if policy.statements.is_empty() {
            self.error("Statement", "", "at least one statement is needed");
        }
    }

    fn is_identity(&self) -> bool {
        matches!(self.kind, PolicyType::Managed | PolicyType::Inline | PolicyType::Session)
    }

    fn sid<'s>(&mut self, statement: &'s Statement, seen: &mut BTreeSet<&'s str>) {
        for (key, _) in &statement.unknown {
            self.error("statement", key, "no such element of a statement");
        }
        let Some(sid) = statement.sid.as_deref().filter(|sid| !sid.is_empty()) else { return };
        let loose = matches!(self.kind, PolicyType::Resource | PolicyType::VpcEndpoint);
        if !loose && !sid.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            self.error("Sid", sid, "only ASCII letters and digits are allowed");
        }
        if !seen.insert(sid) {
            self.error("Sid", sid, "must be unique within the policy");
        }
    }

    fn elements(&mut self, statement: &Statement) {
        match &statement.action {
            None => self.error("Action", "", "`Action` or `NotAction` is needed"),
            Some(element) => {
                let name = if element.negated { "NotAction" } else { "Action" };
                if element.patterns.values.is_empty() {
                    self.error(name, "[]", "a statement must contain actions");
                }
                for value in &element.patterns.values {
                    self.action(name, value);
                }
            }
        }
        match &statement.resource {
            None if self.kind == PolicyType::Trust => {}
            None => self.error("Resource", "", "`Resource` or `NotResource` is needed"),
            Some(element) => {
                let name = if element.negated { "NotResource" } else { "Resource" };
                if self.kind == PolicyType::Trust {
                    self.error(name, "", "a trust policy has no resources");
                }
                if element.patterns.values.is_empty() {
                    self.error(name, "[]", "a statement must contain resources");
                }
                self.resources(name, element);
            }
        }
    }

    fn action(&mut self, element: &str, value: &str) {
        let mut parts = value.split(':');
        let (vendor, name, more) = (parts.next().unwrap_or(""), parts.next(), parts.next());
        if more.is_some() {
            self.error(element, value, "an action contains only one colon");
            return;
        }
        let Some(name) = name else {
            if value.is_empty() || !value.bytes().all(|byte| byte == b'*') {
                self.error(element, value, "an action must be prefaced by a vendor, such as `s3:`");
            }
            return;
        };
        let good = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
        if has_wildcard(vendor) {
            self.warn(element, value, "a wildcard in the vendor is not documented to match anything");
        } else if vendor.is_empty() || !vendor.chars().all(good) {
            self.error(element, value, "the vendor is not valid");
        } else if !is_action_name(name) {
            self.warn(element, value, "matches no action");
        }
        let trusts =
            ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext", "sts:*", "*"];
        let lower = value.to_ascii_lowercase();
        if self.kind == PolicyType::Trust && !trusts.iter().any(|start| lower.starts_with(start)) {
            self.error(
                element,
                value,
                "a trust policy speaks of `sts:AssumeRole…`, `sts:TagSession` and their like",
            );
        }
    }

    fn resources(&mut self, name: &str, element: &Matcher) {
        let place = match self.kind {
            PolicyType::Managed | PolicyType::Inline | PolicyType::Session => PolicyKind::Identity,
            PolicyType::Trust | PolicyType::Resource | PolicyType::VpcEndpoint => PolicyKind::Resource,
            PolicyType::ServiceControl => PolicyKind::ServiceControl,
            PolicyType::ResourceControl => PolicyKind::ResourceControl,
        };
        for value in &element.patterns.values {
            if value == "*" {
                continue;
            }
            let mut words = value.split(':');
            if words.next() != Some("arn") || !value.contains(':') {
                self.error(name, value, "must be in ARN format or `*`");
                continue;
            }
            let partition = words.next().unwrap_or("");
            if has_wildcard(partition) {
                if partition != "*" {
                    self.warn(name, value, "a partition with a wildcard other than `*`");
                }
            } else if !PARTITIONS.contains(&partition) {
                self.error(name, value, "no such partition");
                continue;
            }
            match words.next() {
                None => self.error(name, value, "the vendor must be fully qualified"),
                Some("") => self.error(name, value, "the vendor must not be empty"),
                Some(_) => self.arn(name, value, place),
            }
        }
    }

    fn arn(&mut self, name: &str, value: &str, place: PolicyKind) {
        let Some(parts) = arn::split(value) else {
            if value.contains("::") {
                self.error(name, value, "an ARN has six parts");
            } else if shape(value, place) == Shape::Unusable {
                self.error(name, value, "an ARN with fewer than six parts must end in `*` here");
            } else {
                self.warn(name, value, "fewer than six parts: the missing ones are read as `*`");
            }
            return;
        };
        match parts.service {
            "s3" if !parts.region.is_empty()
                && !has_wildcard(parts.region)
                && !parts.resource.starts_with("accesspoint/") =>
            {
                self.error(name, value, "an S3 resource has no region");
            }
            "iam" if !parts.region.is_empty() && parts.region != "*" => {
                self.error(name, value, "an IAM resource has no region");
            }
            "iam" => {
                let word = parts.resource.split_once('/').map_or(parts.resource, |(word, _)| word);
                // Managed policies of 2026 name `root` too.
                let known = parts.resource == "root"
                    || IAM_RESOURCES.iter().any(|start| parts.resource.starts_with(start));
                if !known && !has_wildcard(word) && self.is_identity() {
                    self.error(
                        name,
                        value,
                        "the resource part must be `*` or start with `user/`, `role/`, `policy/`, …",
                    );
                }
            }
            _ => {}
        }
        if [parts.partition, parts.service, parts.region, parts.account]
            .iter()
            .any(|part| part.contains("${"))
        {
            self.warn(name, value, "variables have no meaning before the fifth colon");
        }
    }

    fn principal(&mut self, statement: &Statement) {
        let allowed = !self.is_identity() && self.kind != PolicyType::ServiceControl;
        let Some(element) = &statement.principal else {
            if allowed {
                self.error("Principal", "", "a principal is needed");
            }
            return;
        };
        let name = if element.negated { "NotPrincipal" } else { "Principal" };
        if !allowed {
            self.error(name, "", "the policy's holder is the principal: none may be named here");
            return;
        }
        if element.negated && self.kind == PolicyType::Trust {
            self.error(name, "", "not allowed in a trust policy");
        }
        if self.kind == PolicyType::ResourceControl
            && (element.negated || element.principals != Principals::Everyone)
        {
            self.error(name, "", "must be `\"*\"`");
        }
        let Principals::Typed(types) = &element.principals else { return };
        if types.is_empty() {
            self.error(name, "{}", "at least one principal is needed");
        }
        for (kind, values) in types {
            if !matches!(kind.as_str(), "AWS" | "Service" | "Federated" | "CanonicalUser") {
                self.error(name, kind, "must be `AWS`, `Service`, `Federated` or `CanonicalUser`");
            }
            if values.values.is_empty() {
                self.error(name, kind, "at least one principal is needed");
            }
            for value in &values.values {
                self.principal_value(name, kind, value);
            }
        }
    }

    fn principal_value(&mut self, name: &str, kind: &str, value: &str) {
        if kind != "AWS" || value == "*" || crate::iam::arn::AccountId::parse(value).is_some() {
            return;
        }
        if is_unique_id(value) {
            self.warn(name, value, "the id of a principal that was deleted: it matches nobody");
        } else if has_wildcard(value) {
            self.error(name, value, "wildcards are not allowed within a principal");
        } else if arn::split(value).is_none() {
            self.error(name, value, "must be an ARN, a twelve-digit account or `*`");
        }
    }

    fn conditions(&mut self, block: &[ConditionOperator]) {
        for entry in block {
            let Some(operator) = Operator::parse(&entry.operator) else {
                if !entry.keys.is_empty() {
                    self.error("Condition", &entry.operator, "no such condition operator");
                }
                continue;
            };
            for test in &entry.keys {
                if !test.key.contains(':') {
                    self.error(
                        "Condition",
                        &test.key,
                        "a condition key must be prefaced by a vendor, such as `aws:`",
                    );
                }
                if test.values.is_empty() && !operator.negated {
                    self.warn("Condition", &test.key, "without values, the test is never satisfied");
                }
                for value in &test.values {
                    self.condition_value(operator, &scalar_text(value));
                }
            }
        }
    }

    fn condition_value(&mut self, operator: Operator, value: &str) {
        let (good, what) = match operator.comparison {
            Comparison::Numeric(_) => (Decimal::parse(value).is_some(), "not a number"),
            Comparison::Bool | Comparison::Null => {
                (parse_bool(value).is_some(), "neither `true` nor `false`")
            }
            Comparison::IpAddress => (parse_network(value).is_some(), "not an address or a CIDR range"),
            Comparison::Arn => {
                let six = value.splitn(6, ':').count() == 6 || value == "*" || value.contains("${");
                (six, "not an ARN of six parts: matches nothing")
            }
            Comparison::Date(_) => {
                if parse_date(value, false).is_none() {
                    self.error("Condition", value, "not a date");
                }
                return;
            }
            _ => return,
        };
        if !good {
            self.warn("Condition", value, what);
        }
    }
}

fn uses_variables(policy: &PolicyDocument) -> bool {
    policy.statements.iter().any(|statement| {
        let resources = statement.resource.iter().flat_map(|element| &element.patterns.values);
        let tests = statement.condition.iter().flat_map(|entry| &entry.keys).flat_map(|test| &test.values);
        resources
            .map(String::as_str)
            .chain(tests.filter_map(|value| value.as_str()))
            .any(|text| text.contains("${"))
    })
}

/// `AIDA…`, `AROA…`: what AWS shows in place of a principal that is gone.
fn is_unique_id(value: &str) -> bool {
    value.len() >= 16
        && value.starts_with('A')
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, kind: PolicyType) -> Vec<String> {
        validate(text, kind).iter().map(|finding| format!("{:?} {finding}", finding.severity)).collect()
    }

    /// `expect` is empty for a document without findings, else part of the one finding.
    fn check(text: &str, kind: PolicyType, expect: &str) {
        let found = found(text, kind);
        if expect.is_empty() {
            assert_eq!(found, Vec::<String>::new(), "{text}");
        } else {
            assert!(found.len() == 1 && found[0].contains(expect), "{text}: {found:?}, not {expect}");
        }
    }

    /// The members of one statement of a managed policy.
    fn statement(members: &str, expect: &str) {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{{members}}}]}}"#);
        check(&text, PolicyType::Managed, expect);
    }

    #[test]
    fn documents() {
        let managed = |text: &str, expect: &str| check(text, PolicyType::Managed, expect);
        let rule = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
        managed(&format!(r#"{{"Version":"2012-10-17","Statement":{rule}}}"#), "");
        managed(&format!(r#"{{"Version":"2012-10-17","Statement":[{rule},{rule}]}}"#), "");
        managed(&format!(r#"{{"Statement":[{rule}]}}"#), "Error `Version` ``: a managed policy must be");
        managed(
            &format!(r#"{{"Version":"2008-10-17","Statement":[{rule}]}}"#),
            "Error `Version` `2008-10-17`",
        );
        check(&format!(r#"{{"Version":"2008-10-17","Statement":[{rule}]}}"#), PolicyType::Inline, "");
        managed(&format!(r#"{{"Version":"2012-10-18","Statement":[{rule}]}}"#), "must be `2012-10-17` or");
        managed(
            &format!(r#"{{"Version":"2012-10-17","statement":[{rule}],"Statement":{rule}}}"#),
            "Error `document` `statement`",
        );
        managed(&format!(r#"{{"Version":"2012-10-17","Id":"x","Statement":{rule}}}"#), "Warning `Id` `x`");
        managed(r#"{"Version":"2012-10-17","Statement":[]}"#, "at least one statement");
        managed(r#"{"Version":"2012-10-17"}"#, "at least one statement");
        managed(r#"[]"#, "a JSON object");
        managed("{", "EOF");
        managed("{\"Version\":\"2012-10-17\u{0142}\"}", "Error `document` `ł`");
        managed(
            &format!(r#"{{"Version":"2012-10-17","Version":"2012-10-17","Statement":{rule}}}"#),
            "`Version` appears twice",
        );
    }

    #[test]
    fn statements() {
        let rest = r#""Action":"s3:*","Resource":"*""#;
        statement(rest, "`Effect` is missing");
        statement(&format!(r#""Effect":"allow",{rest}"#), "`Effect` must be");
        statement(&format!(r#""Effect":"Allow","Sid":"a b",{rest}"#), "statement 1: `Sid` `a b`");
        statement(&format!(r#""Effect":"Allow","Sid":"",{rest}"#), "");
        statement(&format!(r#""Effect":"Allow",{rest},"NotAction":[]"#), "only one of `Action`");
        statement(
            &format!(r#""Effect":"Allow",{rest},"Actions":[]"#),
            "`statement` `Actions`: no such element",
        );
        statement(&format!(r#""Effect":"Allow",{rest},"Principal":"*""#), "none may be named");
        statement(r#""Effect":"Allow","Resource":"*""#, "`Action` or `NotAction` is needed");
        statement(r#""Effect":"Allow","Action":"s3:*""#, "`Resource` or `NotResource` is needed");
        statement(r#""Effect":"Allow","Action":[],"Resource":"*""#, "must contain actions");
        statement(r#""Effect":"Allow","Action":"*","Resource":[]"#, "must contain resources");
        statement(r#""Effect":"Allow","Action":"*","Resource":["*",null]"#, "");
    }

    #[test]
    fn sids_are_unique() {
        let rule = r#"{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}"#;
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{rule},{rule}]}}"#);
        check(&text, PolicyType::Managed, "statement 2: `Sid` `A`: must be unique");
        check(&text.replace("\"A\"", "\"\""), PolicyType::Managed, "");
        check(&text.replacen("\"A\"", "\"A-1\"", 1), PolicyType::Inline, "statement 1: `Sid` `A-1`");
    }

    #[test]
    fn actions() {
        let action = |value: &str, expect: &str| {
            statement(&format!(r#""Effect":"Allow","Action":"{value}","Resource":"*""#), expect);
        };
        action("*", "");
        action("S3:get*", "");
        action("nosuch:Thing", "");
        action("s3", "prefaced by a vendor");
        action("", "prefaced by a vendor");
        action("s3:Get:Object", "only one colon");
        action("s 3:Get", "the vendor is not valid");
        action(":Get", "the vendor is not valid");
        action(
            "iam: asdf safdsf af ",
            "Warning statement 1: `Action` `iam: asdf safdsf af `: matches no action",
        );
        action("s3:", "Warning");
        action("s*:Get", "Warning");
    }

    #[test]
    fn resources() {
        let resource = |value: &str, expect: &str| {
            statement(&format!(r#""Effect":"Allow","Action":"*","NotResource":"{value}""#), expect);
        };
        resource("arn:aws:s3:::b/${aws:username}/*", "");
        resource("arn:*:nosuch:::x", "");
        resource("bucket", "must be in ARN format");
        resource("Arn:aws:s3:::b", "must be in ARN format");
        resource("arn:b:cadfsdf", "no such partition");
        resource("arn:aws", "the vendor must be fully qualified");
        resource("arn:aws:s3::x", "six parts");
        resource("arn:aws:s3:*", "Warning");
        resource("arn:aws:s3:eu-west-1::b", "an S3 resource has no region");
        resource("arn:aws:s3:eu-west-1:111122223333:accesspoint/x", "");
        resource("arn:aws:iam:eu-west-1::role/x", "an IAM resource has no region");
        resource("arn:aws:iam::111122223333:rolle/x", "must be `*` or start with");
        resource("arn:aws:iam::*:*", "");
        resource("arn:aws:sqs:${aws:RequestedRegion}:1:q", "Warning");
    }

    #[test]
    fn conditions() {
        let condition = |value: &str, expect: &str| {
            statement(
                &format!(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{value}"#),
                expect,
            );
        };
        condition(r#"{"StringLike":{"aws:a":["x",true,1]}}"#, "");
        condition(r#"{"StringLikes":{}}"#, "");
        condition(
            r#"{"StringLikes":{"aws:a":"x"}}"#,
            "`Condition` `StringLikes`: no such condition operator",
        );
        condition(r#"{"ForAnyValue::StringLike":{"aws:a":"x"}}"#, "no such condition operator");
        condition(r#"{"StringLike":{"a":"x"}}"#, "prefaced by a vendor");
        condition(r#"{"StringNotLike":{"aws:a":[]}}"#, "");
        condition(r#"{"StringLike":{"aws:a":[]}}"#, "Warning");
        condition(
            r#"{"DateLessThan":{"aws:a":"soon"}}"#,
            "Error statement 1: `Condition` `soon`: not a date",
        );
        condition(r#"{"DateLessThan":{"aws:a":["2019-07-01t13:20:15z","1561987215","2019"]}}"#, "");
        condition(r#"{"NumericLessThan":{"aws:a":"x"}}"#, "Warning");
        condition(r#"{"IpAddress":{"aws:a":"10.0.0.0/33"}}"#, "Warning");
        condition(r#"{"Bool":{"aws:a":{"b":1}}}"#, "must be strings, numbers or booleans");
        condition(r#"[]"#, "must be an object");
    }

    #[test]
    fn findings_are_limited() {
        let actions = vec!["\"x\""; 100_000].join(",");
        let one = format!(r#"{{"Effect":"Deny","Action":[{actions}],"Resource":"*"}}"#);
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{one},{one}]}}"#);
        let found = found(&text, PolicyType::Managed);
        assert_eq!(found.len(), FINDINGS_MAX);
        assert!(found[FINDINGS_MAX - 2].contains("prefaced by a vendor"));
        assert_eq!(
            found[FINDINGS_MAX - 1],
            "Error `document` ``: more than 999 findings; the rest was not looked at"
        );
    }

    #[test]
    fn policy_types() {
        let text =
            |more: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{more}}}]}}"#);
        let trust = |more: &str, expect: &str| check(&text(more), PolicyType::Trust, expect);
        trust(r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole""#, "");
        trust(r#""Action":"sts:AssumeRole""#, "a principal is needed");
        trust(
            r#""Principal":"*","Action":"sts:AssumeRole","Resource":"*""#,
            "a trust policy has no resources",
        );
        trust(r#""NotPrincipal":"*","Action":"sts:AssumeRole""#, "not allowed in a trust policy");
        trust(r#""Principal":"*","Action":"s3:Get""#, "a trust policy speaks of");
        let bucket = |more: &str, expect: &str| {
            check(&text(&format!(r#"{more},"Action":"*","Resource":"*""#)), PolicyType::Resource, expect);
        };
        bucket(r#""Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:root"]}"#, "");
        bucket(r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/*"}"#, "wildcards are not allowed");
        bucket(r#""Principal":{"AWS":"x"}"#, "must be an ARN");
        bucket(r#""Principal":{"AWS":"AROAEXAMPLEEXAMPLEEX"}"#, "Warning");
        bucket(r#""Principal":{"Aws":"*"}"#, "must be `AWS`");
        bucket(r#""Principal":{"AWS":[]}"#, "at least one principal");
        let control = |more: &str, kind: PolicyType, expect: &str| check(&text(more), kind, expect);
        control(r#""Action":"*","Resource":"arn:aws:s3:*""#, PolicyType::ServiceControl, "Warning");
        control(r#""Action":"*","Resource":"arn:aws:s3""#, PolicyType::ServiceControl, "must end in `*`");
        control(
            r#""Principal":"*","Action":"*","Resource":"*""#,
            PolicyType::ServiceControl,
            "none may be named",
        );
        control(r#""Principal":"*","Action":"*","Resource":"*""#, PolicyType::ResourceControl, "");
        control(
            r#""Principal":{"AWS":"*"},"Action":"*","Resource":"*""#,
            PolicyType::ResourceControl,
            "must be `\"*\"`",
        );
    }
}
