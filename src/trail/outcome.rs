//! How a call ended, as far as permissions go. A denied call proves that a permission is missing, a call
//! that went through proves that it is there; most other errors prove nothing.

use crate::iam::{arn, glob};
use crate::trail::event::Event;
use std::sync::LazyLock;

/// The curated table: `code`, `source`, `outcome`, `why`, `where`, separated by tabs.
const TABLE: &str = include_str!("../../data/error_outcomes.tsv");

/// The words that every denial in IAM's own format contains.
const DENIAL_PHRASE: &str = " is not authorized to perform: ";

/// Searches for [`DENIAL_PHRASE`] without preparing the search for every event.
static DENIAL: LazyLock<memchr::memmem::Finder<'static>> =
    LazyLock::new(|| memchr::memmem::Finder::new(DENIAL_PHRASE));

/// What one call says about the permission that it needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The permission was there: the call succeeded, or failed afterwards.
    Authorized,
    /// The permission was not there.
    Denied,
    /// Validation, throttling and the like: proves nothing.
    Undecided,
}

impl Outcome {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorized => "authorized",
            Self::Denied => "denied",
            Self::Undecided => "undecided",
        }
    }

    /// The outcome of an event, by the table `data/error_outcomes.tsv` and the message.
    pub fn of(event: &Event<'_>) -> Self {
        if event.error_code.is_empty() && event.error_message.is_empty() {
            // Some services answer 200 and put the denial into the response.
            let text = event.response.raw().unwrap_or_default();
            let denies = DENIAL.find(text.as_bytes()).is_some();
            return if denies { Self::Undecided } else { Self::Authorized };
        }
        match by_code(&event.error_code, &event.source) {
            Self::Undecided if denies_caller(event) => Self::Denied,
            outcome => outcome,
        }
    }
}

/// What a denial message says, in AWS's words. Borrowed from the message; parts that it leaves out are
/// absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial<'a> {
    /// Who was denied: an ARN. Not the caller when a service used another role.
    pub subject: &'a str,
    /// The action that was missing; not always the action of the event (`iam:PassRole`).
    pub action: &'a str,
    /// The resource: an ARN, or a service's own words.
    pub resource: Option<&'a str>,
    /// The kind of policy that decided.
    pub policy_type: Option<PolicyType>,
    /// Did a Deny statement decide? Otherwise nothing allowed the call.
    pub explicit: bool,
    /// The ARN of the policy that decided, in newer messages.
    pub policy: Option<&'a str>,
}

/// Kinds of policies that a denial message can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// Attached to the caller.
    Identity,
    /// Attached to the resource.
    Resource,
    /// A role's trust policy.
    Trust,
    /// The caller's permissions boundary.
    PermissionsBoundary,
    /// A session policy.
    Session,
    /// A service control policy of the organization.
    ServiceControl,
    /// A resource control policy of the organization.
    ResourceControl,
    /// The policy of a VPC endpoint.
    VpcEndpoint,
}

impl PolicyType {
    /// AWS's own words for it in denial messages.
    const WORDS: [(&'static str, Self); 8] = [
        ("identity-based policy", Self::Identity),
        ("resource-based policy", Self::Resource),
        ("role trust policy", Self::Trust),
        ("permissions boundary", Self::PermissionsBoundary),
        ("session policy", Self::Session),
        ("service control policy", Self::ServiceControl),
        ("resource control policy", Self::ResourceControl),
        ("VPC endpoint policy", Self::VpcEndpoint),
    ];

    /// AWS's own words: `identity-based policy`.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(words, _)| words)
    }
}

impl<'a> Denial<'a> {
    /// Reads an error message in IAM's format, wherever in the text it begins:
    /// `User: ARN is not authorized to perform: ACTION [on resource: RESOURCE]
    /// [because no TYPE allows the ACTION action | with an explicit deny in a TYPE[: ARN]]`.
    pub fn parse(message: &'a str) -> Option<Self> {
        let at = DENIAL.find(message.as_bytes())?;
        let (before, after) = (message.get(..at)?, message.get(at + DENIAL_PHRASE.len()..)?);
        let subject = before.rsplit(' ').next().unwrap_or_default();
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (action, rest) = after.split_at_checked(end)?;
        let action = action.trim_end_matches(['.', ',']);
        if !action.contains(':') {
            return None;
        }
        let (resource_part, reason) = split_reason(rest);
        let resource = resource_part.split_once("on resource: ").map(|(_, text)| text.trim());
        let explicit = reason.starts_with("with an explicit deny in ");
        Some(Self {
            subject,
            action,
            resource: resource.map(|text| text.trim_matches('"')).filter(|text| !text.is_empty()),
            policy_type: PolicyType::WORDS
                .iter()
                .filter_map(|(words, kind)| find(reason, words).map(|at| (at, *kind)))
                .min()
                .map(|(_, kind)| kind),
            explicit,
            policy: reason.find("arn:").and_then(|at| reason.get(at..)).map(|text| {
                text.split(char::is_whitespace).next().unwrap_or_default().trim_end_matches(['.', ','])
            }),
        })
    }

    /// The denial in an event's message.
    pub fn of(event: &'a Event<'_>) -> Option<Self> {
        Self::parse(&event.error_message)
    }
}

/// Cuts what follows the action into the resource's part and the reason, at the first phrase that starts
/// a reason or an appendix.
fn split_reason(rest: &str) -> (&str, &str) {
    let starts = [" because no ", " with an explicit deny in ", ". Encoded ", " Encoded authorization "];
    let at = starts.iter().filter_map(|start| find(rest, start)).min().unwrap_or(rest.len());
    let (resource, reason) = rest.split_at_checked(at).unwrap_or((rest, ""));
    let reason = reason.trim_start();
    let end = reason.find("Encoded authorization").unwrap_or(reason.len());
    (resource, reason.get(..end).unwrap_or_default())
}

/// Does the message deny the caller itself, and not a role that a service used for it?
fn denies_caller(event: &Event<'_>) -> bool {
    let message = &*event.error_message;
    let Some(denial) = Denial::parse(message) else {
        return contains(message, "You are not authorized to perform");
    };
    // A message without an ARN cannot be about somebody else.
    arn::split(denial.subject).is_none() || denial.subject == event.identity.arn
}

fn by_code(code: &str, source: &str) -> Outcome {
    LINES
        .iter()
        .find(|line| glob::matches(line.code, code) && (line.source == "*" || line.source == source))
        .map_or(Outcome::Undecided, |line| line.outcome)
}

fn contains(text: &str, phrase: &str) -> bool {
    find(text, phrase).is_some()
}

/// Where the phrase begins; quicker than the text's own search, which prepares more.
fn find(text: &str, phrase: &str) -> Option<usize> {
    memchr::memmem::find(text.as_bytes(), phrase.as_bytes())
}

struct Line {
    code: &'static str,
    source: &'static str,
    outcome: Outcome,
}

/// The table's lines; a test makes sure that none is dropped here.
static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| table_lines().filter_map(read_line).collect());

fn table_lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1)
}

fn read_line(line: &'static str) -> Option<Line> {
    let mut cells = line.split('\t');
    let (code, source) = (cells.next()?, cells.next()?);
    let outcome = match cells.next()? {
        "authorized" => Outcome::Authorized,
        "denied" => Outcome::Denied,
        "undecided" => Outcome::Undecided,
        _ => return None,
    };
    Some(Line { code, source, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::event::UserIdentity;
    use crate::trail::request::RequestParameters;

    const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/r/s";

    fn check(source: &str, code: &str, message: &str, expect: Outcome) {
        let event = Event {
            source: source.into(),
            error_code: code.into(),
            error_message: message.into(),
            identity: UserIdentity { arn: CALLER.into(), ..UserIdentity::default() },
            ..Event::default()
        };
        assert_eq!(Outcome::of(&event), expect, "{source} {code} {message}");
    }

    #[test]
    fn every_line_of_the_table_is_complete_and_reached() {
        assert_eq!(
            TABLE.lines().find(|line| !line.starts_with('#')),
            Some("code\tsource\toutcome\twhy\twhere")
        );
        for line in table_lines() {
            assert!(read_line(line).is_some(), "{line}");
            assert_eq!(line.split('\t').filter(|cell| !cell.is_empty()).count(), 5, "{line}");
        }
        for (index, line) in LINES.iter().enumerate() {
            let hidden_by = LINES.iter().take(index).find(|earlier| {
                glob::covers(earlier.code, line.code)
                    && (earlier.source == "*" || earlier.source == line.source)
            });
            assert!(
                hidden_by.is_none(),
                "{} is hidden by {}",
                line.code,
                hidden_by.map_or("", |line| line.code)
            );
        }
    }

    #[test]
    fn outcomes() {
        use Outcome::{Authorized, Denied, Undecided};
        let denial = format!("User: {CALLER} is not authorized to perform: iam:PassRole on resource: x");
        let other = denial.replace("role/r/", "role/service-role/");
        let (s3, ec2, any) = ("s3.amazonaws.com", "ec2.amazonaws.com", "x.amazonaws.com");
        for (source, code, message, expect) in [
            (any, "", "", Authorized),
            (any, "AccessDenied", "", Denied),
            (any, "AccessDeniedException", "", Denied),
            (ec2, "Client.UnauthorizedOperation", "", Denied),
            (ec2, "UnauthorizedOperation", "", Denied),
            (any, "VpceAccessDenied", "", Denied),
            (any, "AuthorizationError", "", Denied),
            (any, "KMSAccessDeniedException", "", Denied),
            (ec2, "Client.DryRunOperation", "Request would have succeeded", Authorized),
            (ec2, "Client.RequestLimitExceeded", "", Undecided),
            (any, "ThrottlingException", "", Undecided),
            (any, "ValidationException", "1 validation error", Undecided),
            (any, "ValidationException", &denial, Denied),
            (any, "ValidationException", &other, Undecided),
            (any, "ValidationException", "You are not authorized to perform this operation.", Denied),
            (any, "Novel", "", Undecided),
            (any, "accessdenied", "", Undecided),
            ("signin.amazonaws.com", "", "Failed authentication", Undecided),
            (s3, "NoSuchKey", "", Authorized),
            (any, "NoSuchKey", "", Undecided),
            (s3, "NoSuchBucket", "", Undecided),
            ("iam.amazonaws.com", "NoSuchEntityException", "", Authorized),
            ("dynamodb.amazonaws.com", "ConditionalCheckFailedException", "", Authorized),
            ("cognito-idp.amazonaws.com", "NotAuthorizedException", "", Undecided),
        ] {
            check(source, code, message, expect);
        }
        let raw = format!(r#"{{"message":"{denial}"}}"#);
        let hidden = Event { response: RequestParameters::from_raw(&raw), ..Event::default() };
        assert_eq!(Outcome::of(&hidden), Undecided);
    }

    #[test]
    fn messages() {
        let user = "arn:aws:iam::111122223333:user/a";
        let denial = |action, resource, policy_type, explicit, policy| {
            Some(Denial { subject: user, action, resource, policy_type, explicit, policy })
        };
        let object = "arn:aws:s3:::b/k e y";
        for (message, expect) in [
            (
                format!(
                    "User: {user} is not authorized to perform: s3:GetObject on resource: \"{object}\" because no identity-based policy allows the s3:GetObject action"
                ),
                denial("s3:GetObject", Some(object), Some(PolicyType::Identity), false, None),
            ),
            (
                format!(
                    "User: {user} is not authorized to perform: iam:ListRoles on resource: arn:aws:iam::111122223333:role/* with an explicit deny in a service control policy: arn:aws:organizations::999999999999:policy/o-a/service_control_policy/p-b"
                ),
                denial(
                    "iam:ListRoles",
                    Some("arn:aws:iam::111122223333:role/*"),
                    Some(PolicyType::ServiceControl),
                    true,
                    Some("arn:aws:organizations::999999999999:policy/o-a/service_control_policy/p-b"),
                ),
            ),
            (
                format!(
                    "You are not authorized to perform this operation. User: {user} is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:eu-west-1:111122223333:instance/* with an explicit deny in an identity-based policy. Encoded authorization failure message: abc"
                ),
                denial(
                    "ec2:RunInstances",
                    Some("arn:aws:ec2:eu-west-1:111122223333:instance/*"),
                    Some(PolicyType::Identity),
                    true,
                    None,
                ),
            ),
            (
                format!(
                    "User: {user} is not authorized to perform: iam:AddRoleToInstanceProfile on resource: instance profile X because no permissions boundary allows the iam:AddRoleToInstanceProfile action"
                ),
                denial(
                    "iam:AddRoleToInstanceProfile",
                    Some("instance profile X"),
                    Some(PolicyType::PermissionsBoundary),
                    false,
                    None,
                ),
            ),
            (
                format!(
                    "User: {user} is not authorized to perform: config:PutRule because no VPC endpoint policy allows the config:PutRule action"
                ),
                denial("config:PutRule", None, Some(PolicyType::VpcEndpoint), false, None),
            ),
            (
                format!("User: {user} is not authorized to perform: sts:AssumeRole"),
                denial("sts:AssumeRole", None, None, false, None),
            ),
            ("Access Denied".to_owned(), None),
            (format!("User: {user} is not authorized to perform: this"), None),
            (DENIAL_PHRASE.to_owned(), None),
        ] {
            assert_eq!(Denial::parse(&message), expect, "{message}");
        }
        assert_eq!(PolicyType::ResourceControl.as_str(), "resource control policy");
    }
}
