//! Who asks, and how strongly a `Principal` element speaks of them.

use crate::iam::arn::{self, AccountId};
use crate::iam::condition::Context;
use crate::iam::policy::{PrincipalElement, Principals};

/// The principal of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'r> {
    /// Nobody who signed the request: `*` or `anonymous`.
    Anonymous,
    /// `arn:aws:iam::A:root`.
    Root(AccountId),
    /// `arn:aws:iam::A:user/path/name`.
    User(AccountId, &'r str),
    /// `arn:aws:iam::A:role/path/name`, asked as the role itself.
    Role(AccountId, &'r str),
    /// `arn:aws:sts::A:assumed-role/name/session`; the text is the role's name.
    RoleSession(AccountId, &'r str),
    /// `arn:aws:sts::A:federated-user/name`.
    FederatedUser(AccountId, &'r str),
    /// A service, an identity provider or a canonical user: no account of its own.
    Other,
}

/// How strongly a statement of a resource policy grants to the caller; later ones are stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// The caller's account: its own identity policies have the last word.
    Account,
    /// The role of a session, or the user behind a federated session: boundary and session policy limit it.
    Limited,
    /// The caller itself.
    Direct,
    /// Everyone.
    Star,
}

impl<'r> Caller<'r> {
    /// Reads a principal: an ARN, a service name such as `ec2.amazonaws.com`, or `*`.
    pub fn parse(text: &'r str) -> Self {
        if text == "*" || text.eq_ignore_ascii_case("anonymous") {
            return Self::Anonymous;
        }
        let Some(parts) = arn::split(text) else { return Self::Other };
        let Some(account) = AccountId::parse(parts.account) else { return Self::Other };
        let named = |path: &'r str| path.rsplit_once('/').map_or(path, |(_, name)| name);
        match (parts.service, parts.resource.split_once('/')) {
            ("iam", None) if parts.resource == "root" => Self::Root(account),
            ("iam", Some(("user", path))) => Self::User(account, named(path)),
            ("iam", Some(("role", path))) => Self::Role(account, named(path)),
            ("sts", Some(("assumed-role", rest))) => {
                Self::RoleSession(account, rest.split_once('/').map_or(rest, |(role, _)| role))
            }
            ("sts", Some(("federated-user", name))) => Self::FederatedUser(account, name),
            _ => Self::Other,
        }
    }

    /// The account whose principal this is.
    pub fn account(self) -> Option<AccountId> {
        match self {
            Self::Anonymous | Self::Other => None,
            Self::Root(account)
            | Self::User(account, _)
            | Self::Role(account, _)
            | Self::RoleSession(account, _)
            | Self::FederatedUser(account, _) => Some(account),
        }
    }
}

/// Sets the condition keys that follow from who asks: `aws:PrincipalArn`, `aws:PrincipalAccount`,
/// `aws:PrincipalType`, `aws:PrincipalIsAWSService`, `aws:username` and, if given, `aws:userid`.
///
/// A session's ARN does not show the path of its role: `role_arn` is the role behind a session, and
/// without it `aws:PrincipalArn` stays as it is. Source: the tables of global condition keys and of policy
/// variables in the IAM user guide (2023-06).
pub fn set_keys(context: &mut Context, principal: &str, role_arn: Option<&str>, user_id: Option<&str>) {
    let caller = Caller::parse(principal);
    let kind = match caller {
        Caller::Anonymous => "Anonymous",
        Caller::Root(_) => "Account",
        Caller::User(..) => "User",
        Caller::Role(..) | Caller::RoleSession(..) => "AssumedRole",
        Caller::FederatedUser(..) => "FederatedUser",
        Caller::Other => {
            if principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn") {
                context.set("aws:PrincipalIsAWSService", "true");
            }
            return;
        }
    };
    context.set("aws:PrincipalType", kind);
    match caller.account() {
        Some(account) => {
            context.set("aws:PrincipalAccount", account.to_string());
            context.set("aws:PrincipalIsAWSService", "false");
        }
        None => {
            context.set_absent("aws:PrincipalAccount").set_absent("aws:PrincipalArn");
        }
    }
    match caller {
        Caller::RoleSession(..) => {
            if let Some(role) = role_arn {
                context.set("aws:PrincipalArn", role);
            }
        }
        Caller::Anonymous => {}
        _ => {
            context.set("aws:PrincipalArn", principal);
        }
    }
    match caller {
        Caller::User(_, name) => context.set("aws:username", name),
        _ => context.set_absent("aws:username"),
    };
    if let Some(id) = user_id {
        context.set("aws:userid", id);
    }
}

/// How strongly the element speaks of the caller; `None` when it does not. `accounts_too` lets an
/// anonymous caller match account principals. A `NotPrincipal` that does not list the caller speaks of
/// everyone else.
pub(crate) fn grade(
    element: &PrincipalElement,
    caller: Caller<'_>,
    text: &str,
    accounts_too: bool,
) -> Option<Grade> {
    let listed = match &element.principals {
        Principals::Everyone => Some(Grade::Star),
        Principals::Typed(types) => types
            .iter()
            .flat_map(|(kind, patterns)| patterns.values.iter().map(move |value| (kind.as_str(), value)))
            .filter_map(|(kind, value)| match kind {
                "AWS" => aws_grade(value, caller, text, accounts_too),
                _ => (value == text).then_some(Grade::Direct),
            })
            .max(),
    };
    match (element.negated, listed) {
        (false, listed) => listed,
        (true, None) => Some(Grade::Star),
        (true, Some(_)) => None,
    }
}

fn aws_grade(value: &str, caller: Caller<'_>, text: &str, accounts_too: bool) -> Option<Grade> {
    if value == "*" {
        return Some(Grade::Star);
    }
    if value == text {
        return Some(match caller {
            Caller::Root(_) => Grade::Account,
            _ => Grade::Direct,
        });
    }
    match Caller::parse(value) {
        Caller::Root(account) => account_grade(account, caller, accounts_too),
        Caller::Role(account, name) => match caller {
            Caller::RoleSession(of, role) if of == account && role.eq_ignore_ascii_case(name) => {
                Some(Grade::Limited)
            }
            _ => None,
        },
        Caller::User(account, name) => match caller {
            Caller::FederatedUser(of, user) if of == account && user == name => Some(Grade::Limited),
            _ => None,
        },
        _ => account_grade(AccountId::parse(value)?, caller, accounts_too),
    }
}

fn account_grade(account: AccountId, caller: Caller<'_>, accounts_too: bool) -> Option<Grade> {
    let matched = caller.account() == Some(account) || (accounts_too && caller == Caller::Anonymous);
    matched.then_some(Grade::Account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::condition::KeyState;
    use crate::iam::json::Json;
    use crate::iam::policy::PolicyDocument;

    fn check(principal: &str, caller: &str, expect: Option<Grade>) {
        let text = format!(r#"{{"Statement":{{"Effect":"Allow",{principal}}}}}"#);
        let policy = PolicyDocument::from_json(Json::parse(&text).unwrap()).unwrap();
        let element = policy.statements[0].principal.as_ref().unwrap();
        assert_eq!(grade(element, Caller::parse(caller), caller, false), expect, "{principal} {caller}");
    }

    #[test]
    fn keys_follow_from_the_principal() {
        let session = "arn:aws:sts::111122223333:assumed-role/Worker/run1";
        let role = "arn:aws:iam::111122223333:role/app/Worker";
        let mut context = Context::open();
        set_keys(&mut context, session, Some(role), None);
        let known: Vec<(&str, KeyState<'_>)> = context.iter().collect();
        let expect = [
            ("aws:principalaccount", KeyState::Value("111122223333")),
            ("aws:principalarn", KeyState::Value(role)),
            ("aws:principalisawsservice", KeyState::Value("false")),
            ("aws:principaltype", KeyState::Value("AssumedRole")),
            ("aws:username", KeyState::Absent),
        ];
        assert_eq!(known, expect);
        let mut context = Context::open();
        set_keys(&mut context, session, None, Some("AROAX:run1"));
        assert_eq!(context.get("aws:PrincipalArn"), KeyState::Unknown);
        assert_eq!(context.get("aws:userid"), KeyState::Value("AROAX:run1"));
        set_keys(&mut context, "arn:aws:iam::111122223333:user/x/Ana", None, None);
        assert_eq!(context.get("aws:username"), KeyState::Value("Ana"));
    }

    #[test]
    fn grades() {
        let user = "arn:aws:iam::111122223333:user/x/Ana";
        let session = "arn:aws:sts::111122223333:assumed-role/Worker/run1";
        let federated = "arn:aws:sts::111122223333:federated-user/Ana";
        check(r#""Principal":"*""#, user, Some(Grade::Star));
        check(r#""Principal":{"AWS":["*"]}"#, "*", Some(Grade::Star));
        check(r#""Principal":{"AWS":"111122223333"}"#, user, Some(Grade::Account));
        check(r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"}"#, session, Some(Grade::Account));
        check(r#""Principal":{"AWS":"arn:aws:iam::444455556666:root"}"#, session, None);
        check(r#""Principal":{"AWS":"111122223333"}"#, "*", None);
        check(
            r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/a/b/worker"}"#,
            session,
            Some(Grade::Limited),
        );
        check(&format!(r#""Principal":{{"AWS":["1","{session}"]}}"#), session, Some(Grade::Direct));
        check(&format!(r#""Principal":{{"AWS":"{user}"}}"#), federated, Some(Grade::Limited));
        check(r#""Principal":{"Service":"ec2.amazonaws.com"}"#, "ec2.amazonaws.com", Some(Grade::Direct));
        check(r#""Principal":{"AWS":"arn:aws:iam::111122223333:user/*"}"#, user, None);
        check(r#""NotPrincipal":{"AWS":"111122223333"}"#, user, None);
        check(r#""NotPrincipal":{"AWS":"444455556666"}"#, user, Some(Grade::Star));
    }
}
