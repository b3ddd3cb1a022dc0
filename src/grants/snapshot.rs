//! The IAM snapshot: the output of `aws iam get-account-authorization-details` (GAAD), one file an account.
//!
//! Shape: the IAM API reference, `GetAccountAuthorizationDetails`. A policy that cannot be read never
//! loses the principal that holds it: the place is kept, marked, and reported.

use super::InputFile;
use crate::error::ParseError;
use crate::iam::json::{Json, JsonError};
use crate::iam::{AccountId, Arn, PolicyDocument, glob};
use crate::time::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One or more accounts' principals and policies at the time when the snapshot was taken.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Roles and users, sorted by ARN.
    pub principals: Vec<GrantedPrincipal>,
    /// Instance profile name, by account, to the ARNs of its roles.
    pub instance_profiles: BTreeMap<(String, String), Vec<Arn>>,
    /// ARN of a group to the unique ids of its members.
    pub members: BTreeMap<String, Vec<String>>,
    /// What could not be read, in file order.
    pub problems: Vec<SnapshotProblem>,
    /// The files that were read, in the order in which they were given.
    pub files: Vec<InputFile>,
}

/// A role or a user, with everything that is attached to it.
#[derive(Clone, Debug)]
pub struct GrantedPrincipal {
    /// Role or user.
    pub kind: PrincipalType,
    /// The ARN, with the path.
    pub arn: Arn,
    /// The unique id (`AROA…`, `AIDA…`), which a re-created principal of the same name does not share.
    pub id: String,
    /// The name without the path.
    pub name: String,
    /// The path, `/` when there is none.
    pub path: String,
    /// The account, when the ARN names one.
    pub account: Option<AccountId>,
    /// `CreateDate`.
    pub created: Option<Timestamp>,
    /// `RoleLastUsed`.
    pub last_used: LastUsed,
    /// Tags, sorted by key.
    pub tags: BTreeMap<String, String>,
    /// The trust policy of a role.
    pub trust: Option<PolicyDocument>,
    /// The permissions boundary, when one is set.
    pub boundary: Option<Boundary>,
    /// Inline, attached and (for users) group policies, in the snapshot's order.
    pub policies: Vec<AttachedPolicy>,
}

/// Which kind of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalType {
    /// An IAM role.
    Role,
    /// An IAM user.
    User,
    /// A group of users: what its members did speaks for its policies.
    Group,
}

impl PrincipalType {
    /// The word for commands, reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

/// `RoleLastUsed`: IAM's own record of the last use, over all regions and services, of the last 400 days
/// (IAM user guide, "Getting information about a role").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastUsed {
    /// The snapshot does not say: users, and snapshots of old tools.
    NotInSnapshot,
    /// The element is there and empty: no use within the tracking period.
    Never,
    /// The last use.
    At {
        /// `LastUsedDate`.
        time: Timestamp,
        /// `Region`; empty when the snapshot has none.
        region: String,
    },
}

/// A permissions boundary.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// The managed policy that serves as boundary.
    pub arn: String,
    /// Its document; `None` when the snapshot does not hold it.
    pub document: Option<Arc<PolicyDocument>>,
}

/// One policy of one principal.
#[derive(Clone, Debug)]
pub struct AttachedPolicy {
    /// The policy's name.
    pub name: String,
    /// Where it lives.
    pub source: PolicySource,
    /// The document; `None` when it is missing from the snapshot or unreadable.
    pub document: Option<Arc<PolicyDocument>>,
    /// The document's text, to restore it; `None` when it is missing from the snapshot.
    pub original: Option<Arc<Original>>,
    /// The default version of a managed policy, such as `v3`; `None` for inline policies, and when the
    /// snapshot does not say.
    pub default_version: Option<String>,
    /// How many principals and groups of the snapshot hold this policy. Inline policies: 1.
    pub holders: usize,
    /// The versions of a customer managed policy that the snapshot dates, the default one first, then
    /// the earlier ones, latest first. Empty for other policies: AWS changes its own.
    pub versions: Vec<PolicyVersion>,
}

/// One stored version of a managed policy.
#[derive(Clone, Debug)]
pub struct PolicyVersion {
    /// `CreateDate`.
    pub created: Timestamp,
    /// The document; `None` when it is unreadable.
    pub document: Option<Arc<PolicyDocument>>,
}

/// The text of a document. IAM stores the text that it was given and returns it URL-encoded; the aws CLI and
/// the SDKs decode it into JSON, and what stood between the elements is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The stored text when [`Self::exact`], else the JSON of the snapshot on one line, members in its order.
    pub text: String,
    /// The snapshot holds the text itself, not JSON that was read from it.
    pub exact: bool,
}

/// Where a policy lives, which decides how it can be changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicySource {
    /// Embedded in the principal.
    Inline,
    /// A policy of the account itself.
    CustomerManaged {
        /// The policy's ARN.
        arn: String,
    },
    /// A policy that AWS owns and changes.
    AwsManaged {
        /// The policy's ARN, with account `aws`.
        arn: String,
    },
    /// Inherited from a group that the user is in.
    Group {
        /// The group's name.
        group: String,
        /// The managed policy's ARN; `None` when it is inline in the group.
        arn: Option<String>,
    },
}

impl PolicySource {
    /// The word for reports and JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::CustomerManaged { .. } => "customer_managed",
            Self::AwsManaged { .. } => "aws_managed",
            Self::Group { .. } => "group",
        }
    }

    /// The ARN of a managed policy.
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::CustomerManaged { arn } | Self::AwsManaged { arn } => Some(arn),
            Self::Group { arn, .. } => arn.as_deref(),
            Self::Inline => None,
        }
    }
}

/// Something in a snapshot that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotProblem {
    /// The principal, group or policy at fault: an ARN, or a name where there is none.
    pub what: String,
    /// One line.
    pub message: String,
}

/// Why a snapshot as a whole is refused.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file cannot be read.
    #[error("cannot read the snapshot `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is no JSON.
    #[error("the snapshot `{}` is not JSON: {source}", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Line and column, or the key that appears twice.
        source: JsonError,
    },
    /// The file is JSON of another kind.
    #[error(
        "`{}` is not an IAM snapshot: {why}\nhint: aws iam get-account-authorization-details > snapshot.json",
        path.display()
    )]
    WrongShape {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        why: String,
    },
}

impl GrantedPrincipal {
    /// Does a name that somebody wrote mean this principal: its ARN or its name, with `*` and `?`?
    pub fn is_named(&self, wanted: &str) -> bool {
        glob::matches(wanted, self.arn.as_str()) || glob::matches_ignore_case(wanted, &self.name)
    }
}

impl Snapshot {
    /// Reads one snapshot file after the other into one snapshot.
    #[expect(clippy::disallowed_methods, reason = "this module is the rim for snapshots")]
    pub fn read(paths: &[PathBuf]) -> Result<Self, SnapshotError> {
        let mut all = Self::default();
        for path in paths {
            let text = fs::read_to_string(path)
                .map_err(|source| SnapshotError::Unreadable { path: path.clone(), source })?;
            all.add(path, &text)?;
            all.files.push(InputFile::new(path, text.as_bytes()));
        }
        all.principals.sort_by(|a, b| (&a.arn, &a.id).cmp(&(&b.arn, &b.id)));
        Ok(all)
    }

    /// Adds the principals of one file's text.
    fn add(&mut self, path: &Path, text: &str) -> Result<(), SnapshotError> {
        let json = Json::parse(text.trim_start_matches('\u{feff}'))
            .map_err(|source| SnapshotError::NotJson { path: path.to_owned(), source })?;
        let wrong = |why: String| SnapshotError::WrongShape { path: path.to_owned(), why };
        if !matches!(json, Json::Object(_)) {
            return Err(wrong(format!("it holds {}", json.kind())));
        }
        let roles = json.get("RoleDetailList");
        let users = json.get("UserDetailList");
        if roles.is_none() && users.is_none() {
            let keys: Vec<&str> = members(&json).iter().take(5).map(|(key, _)| key.as_str()).collect();
            return Err(wrong(format!("no `RoleDetailList`; its keys are `{}`", keys.join("`, `"))));
        }
        let mut file =
            FileReader { json: &json, managed: BTreeMap::new(), holders: BTreeMap::new(), out: self };
        file.managed_policies();
        file.count_holders();
        for role in items(roles) {
            file.principal(role, PrincipalType::Role);
        }
        for user in items(users) {
            file.principal(user, PrincipalType::User);
        }
        for group in items(json.get("GroupDetailList")) {
            file.members(group, users);
        }
        Ok(())
    }
}

/// A managed policy: what its default version holds, and its dated versions.
#[derive(Clone, Default)]
struct ManagedPolicy {
    document: Option<Arc<PolicyDocument>>,
    original: Option<Arc<Original>>,
    version: Option<String>,
    versions: Vec<PolicyVersion>,
}

/// Reads one file; managed policies first, because principals refer to them.
struct FileReader<'a> {
    json: &'a Json,
    managed: BTreeMap<&'a str, ManagedPolicy>,
    holders: BTreeMap<&'a str, usize>,
    out: &'a mut Snapshot,
}

impl<'a> FileReader<'a> {
    fn problem(&mut self, what: &str, message: impl Into<String>) {
        self.out.problems.push(SnapshotProblem { what: what.to_owned(), message: message.into() });
    }

    fn managed_policies(&mut self) {
        for policy in items(self.json.get("Policies")) {
            let arn = text(policy, "Arn");
            let default = text(policy, "DefaultVersionId");
            let version = items(policy.get("PolicyVersionList")).find(|version| {
                version.get("IsDefaultVersion") == Some(&Json::Bool(true))
                    || (!default.is_empty() && text(version, "VersionId") == default)
            });
            let mut found = ManagedPolicy {
                version: version.map(|version| text(version, "VersionId").to_owned()),
                ..ManagedPolicy::default()
            };
            if let Some(json) = version.and_then(|version| version.get("Document")) {
                found.document = self.document(arn, json);
                found.original = Some(Arc::new(original(json)));
            } else {
                self.problem(arn, "the snapshot does not hold the policy's default version");
            }
            found.versions = versions(policy, version, found.document.as_ref());
            self.managed.insert(arn, found);
        }
    }

    fn count_holders(&mut self) {
        for list in ["RoleDetailList", "UserDetailList", "GroupDetailList"] {
            for holder in items(self.json.get(list)) {
                for attached in items(holder.get("AttachedManagedPolicies")) {
                    *self.holders.entry(text(attached, "PolicyArn")).or_default() += 1;
                }
            }
        }
    }

    fn document(&mut self, what: &str, json: &Json) -> Option<Arc<PolicyDocument>> {
        match read_document(json) {
            Ok(document) => Some(Arc::new(document)),
            Err(error) => {
                self.problem(what, error.to_string());
                None
            }
        }
    }

    fn principal(&mut self, json: &'a Json, kind: PrincipalType) {
        let (name_key, id_key, inline_key) = match kind {
            PrincipalType::Role => ("RoleName", "RoleId", "RolePolicyList"),
            PrincipalType::User => ("UserName", "UserId", "UserPolicyList"),
            PrincipalType::Group => ("GroupName", "GroupId", "GroupPolicyList"),
        };
        let arn = match Arn::parse(text(json, "Arn")) {
            Ok(arn) => arn,
            Err(error) => return self.problem(text(json, name_key), error.to_string()),
        };
        let trust = json.get("AssumeRolePolicyDocument");
        let trust = trust.and_then(|trust| self.document(&format!("{arn} (trust policy)"), trust));
        let mut policies = self.inline(arn.as_str(), json.get(inline_key));
        policies.extend(self.attached(arn.as_str(), json));
        for group in items(json.get("GroupList")).filter_map(Json::as_str) {
            policies.extend(self.group(arn.as_str(), group));
        }
        let boundary = json.get("PermissionsBoundary").map(|boundary| {
            let arn = text(boundary, "PermissionsBoundaryArn");
            let document = self.managed.get(arn).and_then(|managed| managed.document.clone());
            Boundary { arn: arn.to_owned(), document }
        });
        self.instance_profiles(json);
        self.out.principals.push(GrantedPrincipal {
            kind,
            id: text(json, id_key).to_owned(),
            name: text(json, name_key).to_owned(),
            path: Some(text(json, "Path")).filter(|path| !path.is_empty()).unwrap_or("/").to_owned(),
            account: arn.account(),
            created: Timestamp::parse(text(json, "CreateDate")),
            last_used: json.get("RoleLastUsed").map_or(LastUsed::NotInSnapshot, last_used),
            tags: tags(json),
            trust: trust.map(Arc::unwrap_or_clone),
            boundary,
            policies,
            arn,
        });
    }

    /// A group as a holder of policies. Without members nobody uses them, and there is nothing to judge. It is
    /// as young as its youngest member: what that one needs is not known yet.
    fn members(&mut self, group: &'a Json, users: Option<&'a Json>) {
        let name = text(group, "GroupName");
        let in_group = |user: &&Json| items(user.get("GroupList")).any(|one| one.as_str() == Some(name));
        let members: Vec<&Json> = items(users).filter(in_group).collect();
        if members.is_empty() {
            return;
        }
        let before = self.out.principals.len();
        self.principal(group, PrincipalType::Group);
        let Some(found) = self.out.principals.get_mut(before) else { return };
        let born = members.iter().filter_map(|user| Timestamp::parse(text(user, "CreateDate")));
        found.created = found.created.into_iter().chain(born).max();
        let ids = members.iter().map(|user| text(user, "UserId").to_owned()).collect();
        let arn = found.arn.to_string();
        self.out.members.insert(arn, ids);
    }

    fn inline(&mut self, holder: &str, list: Option<&'a Json>) -> Vec<AttachedPolicy> {
        let mut policies = Vec::new();
        for inline in items(list) {
            let name = text(inline, "PolicyName").to_owned();
            let document = if let Some(json) = inline.get("PolicyDocument") {
                self.document(&format!("{holder} (policy {name})"), json)
            } else {
                self.problem(holder, format!("inline policy `{name}` has no document"));
                None
            };
            policies.push(AttachedPolicy {
                name,
                source: PolicySource::Inline,
                document,
                original: inline.get("PolicyDocument").map(|json| Arc::new(original(json))),
                default_version: None,
                holders: 1,
                versions: Vec::new(),
            });
        }
        policies
    }

    fn attached(&mut self, holder: &str, json: &'a Json) -> Vec<AttachedPolicy> {
        let mut policies = Vec::new();
        for attached in items(json.get("AttachedManagedPolicies")) {
            let arn = text(attached, "PolicyArn");
            let managed = self.managed.get(arn).cloned().unwrap_or_default();
            if !self.managed.contains_key(arn) {
                self.problem(holder, format!("the snapshot does not hold the attached policy `{arn}`"));
            }
            let owned = arn.to_owned();
            let source = if crate::iam::arn::split(arn).is_some_and(|parts| parts.account == "aws") {
                PolicySource::AwsManaged { arn: owned }
            } else {
                PolicySource::CustomerManaged { arn: owned }
            };
            let holders = self.holders.get(arn).copied().unwrap_or(1);
            policies.push(AttachedPolicy {
                name: text(attached, "PolicyName").to_owned(),
                source,
                document: managed.document,
                original: managed.original,
                default_version: managed.version,
                holders,
                versions: managed.versions,
            });
        }
        policies
    }

    fn group(&mut self, user: &str, name: &str) -> Vec<AttachedPolicy> {
        let json = self.json;
        let Some(group) = items(json.get("GroupDetailList")).find(|group| text(group, "GroupName") == name)
        else {
            self.problem(user, format!("the snapshot does not hold the group `{name}`"));
            return Vec::new();
        };
        let arn = text(group, "Arn");
        let mut policies = self.inline(arn, group.get("GroupPolicyList"));
        policies.extend(self.attached(arn, group));
        for policy in &mut policies {
            let arn = match &policy.source {
                PolicySource::CustomerManaged { arn } | PolicySource::AwsManaged { arn } => Some(arn.clone()),
                PolicySource::Inline | PolicySource::Group { .. } => None,
            };
            policy.source = PolicySource::Group { group: name.to_owned(), arn };
        }
        policies
    }

    fn instance_profiles(&mut self, json: &Json) {
        for profile in items(json.get("InstanceProfileList")) {
            let Ok(arn) = Arn::parse(text(profile, "Arn")) else { continue };
            let roles = items(profile.get("Roles")).filter_map(|role| Arn::parse(text(role, "Arn")).ok());
            let key = (arn.parts().account.to_owned(), text(profile, "InstanceProfileName").to_owned());
            self.out.instance_profiles.insert(key, roles.collect());
        }
    }
}

/// The dated versions of a customer managed policy: the default one, which counts from the policy's own
/// dates when it has none, then the earlier ones, latest first.
fn versions(
    policy: &Json,
    default: Option<&Json>,
    document: Option<&Arc<PolicyDocument>>,
) -> Vec<PolicyVersion> {
    let arn = text(policy, "Arn");
    if crate::iam::arn::split(arn).is_none_or(|parts| parts.account == "aws") {
        return Vec::new();
    }
    let dated = |json: &Json, key: &str| Timestamp::parse(text(json, key));
    let own = default.and_then(|version| dated(version, "CreateDate"));
    let Some(created) = own.or(dated(policy, "UpdateDate")).or(dated(policy, "CreateDate")) else {
        return Vec::new();
    };
    let earlier = items(policy.get("PolicyVersionList")).filter_map(|version| {
        let document = version.get("Document").and_then(|document| read_document(document).ok());
        let version =
            PolicyVersion { created: dated(version, "CreateDate")?, document: document.map(Arc::new) };
        (version.created < created).then_some(version)
    });
    let mut versions: Vec<PolicyVersion> = earlier.collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version.created));
    versions.insert(0, PolicyVersion { created, document: document.cloned() });
    versions
}

/// A document as an object, or as the text that the IAM API itself returns.
fn read_document(json: &Json) -> Result<PolicyDocument, ParseError> {
    match json {
        Json::String(text) => PolicyDocument::parse(&decoded(text)),
        other => PolicyDocument::from_json(other.clone()),
    }
}

fn original(json: &Json) -> Original {
    match json {
        Json::String(text) => Original { text: decoded(text).into_owned(), exact: true },
        other => Original { text: other.to_compact(), exact: false },
    }
}

/// The text of a document that may be URL-encoded, as the IAM API has it.
fn decoded(text: &str) -> Cow<'_, str> {
    if text.trim_start().starts_with('{') { text.into() } else { percent_decoded(text).into() }
}

/// RFC 3986 percent decoding; a `%` that starts no code stays as it is, and the parser will say so.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let code = (byte == b'%')
            .then(|| Some((hex_digit(ahead.next()?)? << 4) | hex_digit(ahead.next()?)?))
            .flatten();
        if code.is_some() {
            rest = ahead;
        }
        bytes.push(code.unwrap_or(byte));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn members(json: &Json) -> &[(String, Json)] {
    match json {
        Json::Object(members) => members,
        _ => &[],
    }
}

fn items(json: Option<&Json>) -> impl Iterator<Item = &Json> {
    match json {
        Some(Json::Array(items)) => items.iter(),
        _ => [].iter(),
    }
}

/// The string at a key, empty when there is none.
fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn last_used(json: &Json) -> LastUsed {
    match Timestamp::parse(text(json, "LastUsedDate")) {
        Some(time) => LastUsed::At { time, region: text(json, "Region").to_owned() },
        None if members(json).is_empty() => LastUsed::Never,
        None => LastUsed::NotInSnapshot,
    }
}

fn tags(json: &Json) -> BTreeMap<String, String> {
    items(json.get("Tags")).map(|tag| (text(tag, "Key").to_owned(), text(tag, "Value").to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        snapshot.add(Path::new("g.json"), text).map(|()| snapshot)
    }

    const ROLE: &str = r#"{
      "RoleDetailList": [{
        "Path": "/a/", "RoleName": "R", "RoleId": "AROA1", "Arn": "arn:aws:iam::111122223333:role/a/R",
        "CreateDate": "2019-12-18 19:10:08+00:00",
        "AssumeRolePolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D",
        "InstanceProfileList": [{"InstanceProfileName": "P", "Arn": "arn:aws:iam::111122223333:instance-profile/P",
          "Roles": [{"Arn": "arn:aws:iam::111122223333:role/a/R"}]}],
        "RolePolicyList": [{"PolicyName": "ok", "PolicyDocument": {"Statement": []}},
                           {"PolicyName": "bad", "PolicyDocument": {"Statement": 7}}],
        "AttachedManagedPolicies": [{"PolicyName": "M", "PolicyArn": "arn:aws:iam::111122223333:policy/M"},
                                    {"PolicyName": "N", "PolicyArn": "arn:aws:iam::aws:policy/N"}],
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/M"},
        "RoleLastUsed": {"LastUsedDate": "2024-01-01T00:00:00Z", "Region": "eu-west-1"},
        "Tags": [{"Key": "team", "Value": "ml"}]
      }],
      "UserDetailList": [{"UserName": "U", "UserId": "AIDA1", "Arn": "arn:aws:iam::111122223333:user/U", "GroupList": ["G", "gone"]}],
      "GroupDetailList": [{"GroupName": "G", "Arn": "arn:aws:iam::111122223333:group/G",
        "GroupPolicyList": [{"PolicyName": "gi", "PolicyDocument": "%7B%20%22Statement%22%3A%5B%5D%0A%7D"}],
        "AttachedManagedPolicies": [{"PolicyName": "M", "PolicyArn": "arn:aws:iam::111122223333:policy/M"}]}],
      "Policies": [{"PolicyName": "M", "Arn": "arn:aws:iam::111122223333:policy/M", "DefaultVersionId": "v2",
        "PolicyVersionList": [{"VersionId": "v1", "Document": {"Statement": 7}}, {"VersionId": "v2", "Document": {"Statement": []}}]}]
    }"#;

    #[test]
    fn reads_everything_that_hangs_on_a_principal() {
        let snapshot = read(ROLE).unwrap();
        let of = |kind| snapshot.principals.iter().find(|one| one.kind == kind).unwrap();
        let [group, role, user] = [PrincipalType::Group, PrincipalType::Role, PrincipalType::User].map(of);
        assert_eq!((snapshot.principals.len(), snapshot.members[group.arn.as_str()].len()), (3, 1));
        assert_eq!((role.path.as_str(), role.created.unwrap().seconds()), ("/a/", 1_576_696_208));
        let original = |text: &str, exact| Some(Arc::new(Original { text: text.to_owned(), exact }));
        assert_eq!(role.policies[0].original, original(r#"{"Statement":[]}"#, false));
        assert_eq!(role.policies[2].default_version.as_deref(), Some("v2"));
        assert_eq!(user.policies[0].original, original("{ \"Statement\":[]\n}", true));
        assert!(role.trust.is_some() && role.boundary.as_ref().unwrap().document.is_some());
        let names: Vec<_> =
            role.policies.iter().map(|p| (p.name.as_str(), p.document.is_some(), p.holders)).collect();
        assert_eq!(names, [("ok", true, 1), ("bad", false, 1), ("M", true, 2), ("N", false, 1)]);
        assert!(matches!(&role.last_used, LastUsed::At { region, .. } if region == "eu-west-1"));
        let sources: Vec<_> = user.policies.iter().map(|p| &p.source).collect();
        assert!(matches!(
            sources[..],
            [PolicySource::Group { arn: None, .. }, PolicySource::Group { arn: Some(_), .. }]
        ));
        assert_eq!(snapshot.instance_profiles[&("111122223333".into(), "P".into())].len(), 1);
        let messages: Vec<_> = snapshot.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages.len(), 3, "{messages:?}");
    }

    #[test]
    fn refuses_what_is_no_snapshot() {
        for (text, expect) in [
            ("[]", "it holds an array"),
            (r#"{"AccountRoles":[]}"#, "no `RoleDetailList`; its keys are `AccountRoles`"),
            ("nonsense", "is not JSON"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(expect), "{message}");
        }
    }
}
