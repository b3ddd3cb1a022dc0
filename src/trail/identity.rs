//! Who acted: `userIdentity` to the IAM principal behind it. Field meanings: "`CloudTrail` userIdentity
//! element", `CloudTrail` user guide. What a record does not say stays unknown.

use crate::iam::{AccountId, arn};
use crate::trail::event::{Event, SessionIssuer, UserIdentity};
use std::borrow::Cow;

/// The path of all service-linked roles; nobody can edit their policies.
const SERVICE_LINKED_PATH: &str = "/aws-service-role/";

/// The start of the names of roles that IAM Identity Center makes from permission sets.
const IDENTITY_CENTER_PREFIX: &str = "AWSReservedSSO_";

/// Kinds of callers, by what decides their permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A role of an account.
    Role,
    /// A role that belongs to a service.
    ServiceLinkedRole,
    /// An IAM user.
    User,
    /// The account's root user.
    Root,
    /// A session of `sts:GetFederationToken`: the issuer's permissions cut by a policy that is not logged.
    FederatedUser,
    /// An AWS service that acted for itself.
    Service,
    /// Somebody of another account: no policy of ours gave the permission.
    Account,
    /// A caller of `AssumeRoleWithWebIdentity`: the role's trust policy decides.
    WebIdentity,
    /// A caller of `AssumeRoleWithSAML`: likewise.
    Saml,
    /// A person of IAM Identity Center, outside any role.
    IdentityCenterUser,
    /// A directory service.
    Directory,
    /// The record does not say.
    Unknown,
}

impl PrincipalKind {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::ServiceLinkedRole => "service_linked_role",
            Self::User => "user",
            Self::Root => "root",
            Self::FederatedUser => "federated_user",
            Self::Service => "service",
            Self::Account => "account",
            Self::WebIdentity => "web_identity",
            Self::Saml => "saml",
            Self::IdentityCenterUser => "identity_center_user",
            Self::Directory => "directory",
            Self::Unknown => "unknown",
        }
    }
}

/// The caller of one event. Empty text means that the record does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal<'a> {
    /// Its kind.
    pub kind: PrincipalKind,
    /// The account that it belongs to.
    pub account: Option<AccountId>,
    /// The id that is never used again: `AROA…` of the role, `AIDA…` of the user, the account for root,
    /// the DNS name of a service. Masked ids (`AROA****`) are kept as they are.
    pub id: Cow<'a, str>,
    /// The ARN of the IAM principal whose policies decide: role, user or root; for a federated user the
    /// one that asked for the session.
    pub arn: Option<Cow<'a, str>>,
    /// Is the path in `arn` known? A role that was rebuilt from a session's ARN has lost its path.
    pub path_known: bool,
    /// The role's or user's name, without path.
    pub name: Cow<'a, str>,
    /// The session's name, when it was a session.
    pub session: Cow<'a, str>,
}

impl<'a> Principal<'a> {
    /// The caller of an event.
    pub fn of(event: &'a Event<'_>) -> Self {
        let identity = &event.identity;
        let mut principal = match &*identity.kind {
            "AssumedRole" => assumed_role(identity),
            "Role" => role(identity),
            "IAMUser" => user(identity),
            "Root" => root(identity),
            "FederatedUser" => federated_user(identity),
            "AWSService" => service(identity),
            "AWSAccount" => other(identity, PrincipalKind::Account),
            "WebIdentityUser" => other(identity, PrincipalKind::WebIdentity),
            "SAMLUser" => other(identity, PrincipalKind::Saml),
            "IdentityCenterUser" => identity_center_user(identity),
            "Directory" => other(identity, PrincipalKind::Directory),
            // Events of a service's own accord name the service and no type.
            "" if !identity.invoked_by.is_empty() && identity.arn.is_empty() => service(identity),
            _ => other(identity, PrincipalKind::Unknown),
        };
        if principal.kind == PrincipalKind::Role && principal.has_path(SERVICE_LINKED_PATH) {
            principal.kind = PrincipalKind::ServiceLinkedRole;
        }
        principal
    }

    /// Is this a role that IAM Identity Center made from a permission set? Its policies are changed there.
    pub fn is_identity_center_role(&self) -> bool {
        self.kind == PrincipalKind::Role && self.name.starts_with(IDENTITY_CENTER_PREFIX)
    }

    fn has_path(&self, path: &str) -> bool {
        let resource = self.arn.as_deref().and_then(arn::split).map(|parts| parts.resource);
        self.path_known
            && resource.and_then(|text| text.strip_prefix("role")).is_some_and(|text| text.starts_with(path))
    }
}

/// The service that made the call on the caller's behalf (a forward access session): the caller's own
/// permission was checked all the same. `None` when the service acted for itself.
pub fn via<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    let identity = &event.identity;
    let own = matches!(&*identity.kind, "AWSService" | "");
    Some(&*identity.invoked_by).filter(|service| !service.is_empty() && !own)
}

/// The account in which the call acted: the one whose trail has this copy, else the caller's.
pub fn acted_in(event: &Event<'_>) -> Option<AccountId> {
    event.recipient_account.or(event.identity.account)
}

fn assumed_role<'a>(identity: &'a UserIdentity<'_>) -> Principal<'a> {
    let (id, session) = split_id(&identity.principal_id);
    // `arn:aws:sts::account:assumed-role/name/session`
    let parts = arn::split(&identity.arn).filter(|parts| parts.service == "sts");
    let resource = parts.and_then(|parts| parts.resource.strip_prefix("assumed-role/"));
    let (name, session_of_arn) = resource.map_or(("", ""), |text| text.split_once('/').unwrap_or((text, "")));
    let session = if session.is_empty() { session_of_arn } else { session };
    let issuer = identity.issuer.as_ref().filter(|issuer| is_role(&issuer.arn));
    let account_of_arn = parts.and_then(|parts| AccountId::parse(parts.account));
    let Some(issuer) = issuer else {
        let known_name = first_text(name, issuer_name(identity));
        let rebuilt = parts
            .filter(|_| !name.is_empty())
            .map(|parts| Cow::Owned(format!("arn:{}:iam::{}:role/{name}", parts.partition, parts.account)));
        let id = first_text(id, issuer_id(identity));
        return Principal {
            kind: PrincipalKind::Role,
            account: account_of_arn.or(identity.account),
            id: id.into(),
            arn: rebuilt,
            path_known: false,
            name: known_name.into(),
            session: session.into(),
        };
    };
    let account = issuer.account.or(account_in(&issuer.arn)).or(account_of_arn).or(identity.account);
    Principal {
        kind: PrincipalKind::Role,
        account,
        id: first_text(split_id(&issuer.principal_id).0, id).into(),
        arn: Some(Cow::Borrowed(&issuer.arn)),
        path_known: true,
        name: first_text(last_segment(&issuer.arn), &issuer.user_name).into(),
        session: session.into(),
    }
}

/// `type` is `Role` in a few records: then `arn` is the role itself.
fn role<'a>(identity: &'a UserIdentity<'_>) -> Principal<'a> {
    if !is_role(&identity.arn) {
        return if identity.arn.contains(":assumed-role/") {
            assumed_role(identity)
        } else {
            other(identity, PrincipalKind::Unknown)
        };
    }
    let (id, session) = split_id(&identity.principal_id);
    Principal {
        kind: PrincipalKind::Role,
        account: account_in(&identity.arn).or(identity.account),
        id: id.into(),
        arn: Some(Cow::Borrowed(&identity.arn)),
        path_known: true,
        name: last_segment(&identity.arn).into(),
        session: session.into(),
    }
}

fn user<'a>(identity: &'a UserIdentity<'_>) -> Principal<'a> {
    let known = arn::split(&identity.arn)
        .is_some_and(|parts| parts.service == "iam" && parts.resource.starts_with("user/"));
    Principal {
        kind: PrincipalKind::User,
        account: account_in(&identity.arn).or(identity.account),
        id: split_id(&identity.principal_id).0.into(),
        arn: known.then_some(Cow::Borrowed(&identity.arn)),
        path_known: known,
        name: if known { last_segment(&identity.arn).into() } else { Cow::Borrowed(&identity.user_name) },
        session: "".into(),
    }
}

fn root<'a>(identity: &'a UserIdentity<'_>) -> Principal<'a> {
    let account = account_in(&identity.arn).or(identity.account);
    let id = account.map_or_else(
        || Cow::Borrowed(split_id(&identity.principal_id).0),
        |account| Cow::Owned(account.to_string()),
    );
    let known = identity.arn.ends_with(":root");
    Principal {
        kind: PrincipalKind::Root,
        account,
        id,
        arn: known.then_some(Cow::Borrowed(&identity.arn)),
        path_known: known,
        // `userName` may be the account's alias.
        name: "root".into(),
        session: "".into(),
    }
}

fn federated_user<'a>(identity: &'a UserIdentity<'_>) -> Principal<'a> {
    let session = identity.arn.split_once(":federated-user/").map_or("", |(_, name)| name);
    let session = first_text(session, split_id(&identity.principal_id).1);
    let issuer = identity.issuer.as_ref();
    let issuer_arn = issuer.map(|issuer| &*issuer.arn).filter(|text| arn::split(text).is_some());
    Principal {
        kind: PrincipalKind::FederatedUser,
        account: issuer_arn.and_then(account_in).or(account_in(&identity.arn)).or(identity.account),
        id: first_text(issuer_id(identity), split_id(&identity.principal_id).0).into(),
        arn: issuer_arn.map(Cow::Borrowed),
        path_known: issuer_arn.is_some(),
        name: issuer_name(identity).into(),
        session: session.into(),
    }
}

fn service<'a>(identity: &'a UserIdentity<'_>) -> Principal<'a> {
    Principal {
        kind: PrincipalKind::Service,
        account: identity.account,
        id: Cow::Borrowed(&identity.invoked_by),
        arn: None,
        path_known: false,
        name: Cow::Borrowed(&identity.invoked_by),
        session: "".into(),
    }
}

fn identity_center_user<'a>(identity: &'a UserIdentity<'_>) -> Principal<'a> {
    Principal {
        id: first_text(&identity.on_behalf_of, &identity.principal_id).into(),
        ..other(identity, PrincipalKind::IdentityCenterUser)
    }
}

/// A caller that is no principal of our IAM.
fn other<'a>(identity: &'a UserIdentity<'_>, kind: PrincipalKind) -> Principal<'a> {
    let (id, session) = match kind {
        // Here the principal id is `AROA…:session` of the other account.
        PrincipalKind::Account => split_id(&identity.principal_id),
        // Here its colons separate provider, audience and user.
        _ => (&*identity.principal_id, ""),
    };
    Principal {
        kind,
        account: identity.account,
        id: id.into(),
        arn: None,
        path_known: false,
        name: Cow::Borrowed(&identity.user_name),
        session: session.into(),
    }
}

/// `AROA…:session`.
fn split_id(principal_id: &str) -> (&str, &str) {
    principal_id.split_once(':').unwrap_or((principal_id, ""))
}

fn issuer_id<'a>(identity: &'a UserIdentity<'_>) -> &'a str {
    identity.issuer.as_ref().map_or("", |issuer: &SessionIssuer<'_>| split_id(&issuer.principal_id).0)
}

fn issuer_name<'a>(identity: &'a UserIdentity<'_>) -> &'a str {
    identity.issuer.as_ref().map_or("", |issuer| &issuer.user_name)
}

fn is_role(text: &str) -> bool {
    arn::split(text).is_some_and(|parts| parts.service == "iam" && parts.resource.starts_with("role/"))
}

fn account_in(text: &str) -> Option<AccountId> {
    arn::split(text).and_then(|parts| AccountId::parse(parts.account))
}

/// The name behind the path.
fn last_segment(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn first_text<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.is_empty() { second } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expect`: kind, account, id, ARN, is its path known, name, session.
    type Expect<'a> = (PrincipalKind, &'a str, &'a str, &'a str, bool, &'a str, &'a str);

    fn with_event(identity: &str, of: impl Fn(&Event<'_>)) {
        let text = format!(
            r#"{{"eventTime":"2024-05-01T10:00:00Z","eventSource":"s","eventName":"n","recipientAccountId":"999999999999","userIdentity":{identity}}}"#
        );
        let decoded = crate::trail::decode("f", &text, &mut |event| of(event));
        assert_eq!((decoded.events, decoded.problems), (1, vec![]), "{identity}");
    }

    fn check(identity: &str, expect: Expect<'_>) {
        with_event(identity, |event| {
            let found = Principal::of(event);
            let account = found.account.map(|account| account.to_string()).unwrap_or_default();
            let arn = found.arn.as_deref().unwrap_or_default();
            let shown =
                (found.kind, &*account, &*found.id, arn, found.path_known, &*found.name, &*found.session);
            assert_eq!(shown, expect, "{identity}");
        });
    }

    const ACCOUNT: &str = "111122223333";

    #[test]
    fn roles() {
        use PrincipalKind::{Role, ServiceLinkedRole, Unknown};
        let session = r#""type":"AssumedRole","principalId":"AROAX:s1","arn":"arn:aws:sts::111122223333:assumed-role/r/s1","accountId":"111122223333""#;
        let issued = |arn: &str, id: &str| {
            format!(
                r#"{{{session},"sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"{arn}","accountId":"111122223333","userName":"r"}}}}}}"#
            )
        };
        let with_path = "arn:aws:iam::111122223333:role/team/ml/r";
        let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
        let rebuilt = "arn:aws:iam::111122223333:role/r";
        check(&issued(with_path, "AROAX"), (Role, ACCOUNT, "AROAX", with_path, true, "r", "s1"));
        check(&issued(with_path, "AROA****:u"), (Role, ACCOUNT, "AROA****", with_path, true, "r", "s1"));
        check(&issued(with_path, ""), (Role, ACCOUNT, "AROAX", with_path, true, "r", "s1"));
        check(
            &issued(linked, "AROAX"),
            (ServiceLinkedRole, ACCOUNT, "AROAX", linked, true, "AWSServiceRoleForX", "s1"),
        );
        check(&issued("garbage", "AROAX"), (Role, ACCOUNT, "AROAX", rebuilt, false, "r", "s1"));
        check(&format!("{{{session}}}"), (Role, ACCOUNT, "AROAX", rebuilt, false, "r", "s1"));
        check(
            r#"{"type":"AssumedRole","principalId":"AROAX:s1","accountId":"111122223333"}"#,
            (Role, ACCOUNT, "AROAX", "", false, "", "s1"),
        );
        check(
            r#"{"type":"AssumedRole","arn":"arn:aws-cn:sts::111122223333:assumed-role/r"}"#,
            (Role, ACCOUNT, "", "arn:aws-cn:iam::111122223333:role/r", false, "r", ""),
        );
        check(
            r#"{"type":"Role","principalId":"AROAX","arn":"arn:aws:iam::111122223333:role/p/r"}"#,
            (Role, ACCOUNT, "AROAX", "arn:aws:iam::111122223333:role/p/r", true, "r", ""),
        );
        check(r#"{"type":"Role","principalId":"AROAX"}"#, (Unknown, "", "AROAX", "", false, "", ""));
    }

    #[test]
    fn callers_that_are_no_roles() {
        use PrincipalKind::{
            Account, Directory, FederatedUser, IdentityCenterUser, Root, Saml, Service, Unknown, User,
            WebIdentity,
        };
        let user_arn = "arn:aws:iam::111122223333:user/p/ann";
        let root_arn = "arn:aws:iam::111122223333:root";
        for (identity, expect) in [
            (
                r#"{"type":"IAMUser","principalId":"AIDAX","arn":"arn:aws:iam::111122223333:user/p/ann","accountId":"111122223333","userName":"ann","sessionContext":{"sessionIssuer":{}}}"#,
                (User, ACCOUNT, "AIDAX", user_arn, true, "ann", ""),
            ),
            (
                r#"{"type":"IAMUser","accountId":"111122223333","accessKeyId":"","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
                (User, ACCOUNT, "", "", false, "HIDDEN_DUE_TO_SECURITY_REASONS", ""),
            ),
            (
                r#"{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","userName":"my-alias"}"#,
                (Root, ACCOUNT, ACCOUNT, root_arn, true, "root", ""),
            ),
            (
                r#"{"type":"FederatedUser","principalId":"111122223333:bob","arn":"arn:aws:sts::111122223333:federated-user/bob","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAX","arn":"arn:aws:iam::111122223333:user/p/ann","userName":"ann"}}}"#,
                (FederatedUser, ACCOUNT, "AIDAX", user_arn, true, "ann", "bob"),
            ),
            (
                r#"{"type":"FederatedUser","principalId":"111122223333:bob","arn":"arn:aws:sts::111122223333:federated-user/bob"}"#,
                (FederatedUser, ACCOUNT, ACCOUNT, "", false, "", "bob"),
            ),
            (
                r#"{"type":"AWSAccount","principalId":"AROAX:s1","accountId":"111122223333"}"#,
                (Account, ACCOUNT, "AROAX", "", false, "", "s1"),
            ),
            (
                r#"{"type":"AWSService","invokedBy":"lambda.amazonaws.com"}"#,
                (Service, "", "lambda.amazonaws.com", "", false, "lambda.amazonaws.com", ""),
            ),
            (
                r#"{"accountId":"111122223333","invokedBy":"autoscaling.amazonaws.com"}"#,
                (Service, ACCOUNT, "autoscaling.amazonaws.com", "", false, "autoscaling.amazonaws.com", ""),
            ),
            (
                r#"{"type":"SAMLUser","principalId":"x=:ann","userName":"ann"}"#,
                (Saml, "", "x=:ann", "", false, "ann", ""),
            ),
            (
                r#"{"type":"WebIdentityUser","principalId":"accounts.google.com:aud:sub","userName":"sub"}"#,
                (WebIdentity, "", "accounts.google.com:aud:sub", "", false, "sub", ""),
            ),
            (
                r#"{"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"u-1","identityStoreArn":"a"}}"#,
                (IdentityCenterUser, ACCOUNT, "u-1", "", false, "", ""),
            ),
            (r#"{"type":"Directory","userName":"d"}"#, (Directory, "", "", "", false, "d", "")),
            (r#"{"type":"Novel","principalId":"x"}"#, (Unknown, "", "x", "", false, "", "")),
            ("{}", (Unknown, "", "", "", false, "", "")),
            ("null", (Unknown, "", "", "", false, "", "")),
        ] {
            check(identity, expect);
        }
    }

    #[test]
    fn forwarded_calls_and_identity_center_roles() {
        let reserved = r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/ann","invokedBy":"cloudformation.amazonaws.com"}"#;
        with_event(reserved, |event| {
            assert!(Principal::of(event).is_identity_center_role());
            assert_eq!(via(event), Some("cloudformation.amazonaws.com"));
            assert_eq!(acted_in(event).unwrap().to_string(), "999999999999");
        });
        for own in [r#"{"type":"AWSService","invokedBy":"x.amazonaws.com"}"#, r#"{"type":"IAMUser"}"#, "{}"] {
            with_event(own, |event| {
                assert_eq!(via(event), None, "{own}");
                assert!(!Principal::of(event).is_identity_center_role());
            });
        }
    }
}
