//! Is a request allowed? All layers of policies, in three values.

use crate::iam::action::Action;
use crate::iam::arn::{self, AccountId};
use crate::iam::bulk::{TOO_BIG, compared_bytes, documents_bytes, is_too_big};
use crate::iam::condition::{Context, Scope, Truth, block_holds, union};
use crate::iam::glob;
use crate::iam::policy::{Effect, Matcher, PolicyDocument, Statement};
use crate::iam::principal::{Caller, Grade, grade};
use crate::iam::reading::{Point, Readings};
use crate::iam::resource::{PolicyKind, ResourceText, element_covers};

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// An ARN, a service such as `ec2.amazonaws.com`, or `*` for an anonymous caller.
    pub principal: &'a str,
    /// What is asked for.
    pub action: &'a Action,
    /// An ARN, or `*` for actions without resources.
    pub resource: &'a str,
    /// Who owns the resource. `None`: the account in the ARN or, without one, the caller's.
    pub resource_account: Option<AccountId>,
    /// The condition keys.
    pub context: &'a Context,
}

/// The policies that bear on a request. An empty default grants nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// Attached and inline policies of the caller, and those of a user's groups.
    pub identity: &'a [&'a PolicyDocument],
    /// The policy of the resource: bucket, key, queue, or a role's trust policy. `None`: there is none
    /// (which for a KMS key means that nobody may use it), or the caller leaves a role's trust policy out of
    /// the question. [`Self::resource_policy_unknown`] keeps the question open.
    pub resource: Option<&'a PolicyDocument>,
    /// The resource may have a policy that nobody looked at.
    pub resource_policy_unknown: bool,
    /// The permissions boundary of the caller.
    pub boundary: Option<&'a PolicyDocument>,
    /// The session policies, when the session has any.
    pub session: Option<&'a [&'a PolicyDocument]>,
    /// Service control policies of the caller's account, a list a level, from the root downwards.
    pub scps: &'a [Vec<&'a PolicyDocument>],
    /// Resource control policies of the resource's account; every level also has `RCPFullAWSAccess`.
    pub rcps: &'a [Vec<&'a PolicyDocument>],
    /// The policy of the VPC endpoint that the request came through.
    pub vpc_endpoint: Option<&'a PolicyDocument>,
    /// The organization's management account, whose principals and resources SCPs and RCPs do not bind.
    pub management_account: Option<AccountId>,
}

impl<'a> Policies<'a> {
    /// All of them.
    fn documents(&self) -> impl Iterator<Item = &'a PolicyDocument> {
        let levels = self.scps.iter().chain(self.rcps).flatten();
        let lists = self.identity.iter().chain(self.session.unwrap_or_default()).chain(levels).copied();
        lists.chain([self.resource, self.boundary, self.vpc_endpoint].into_iter().flatten())
    }
}

/// What the policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// A Deny applies.
    ExplicitlyDenied,
    /// Some layer that would have to allow it does not. (A Deny may apply besides, if unknown keys say so.)
    ImplicitlyDenied,
    /// Undecided; what it depends on: condition keys, lower-cased, and reasons; sorted.
    Depends(Vec<String>),
}

/// A kind of policy, in the order in which AWS consults them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Resource control policies.
    ResourceControl,
    /// Service control policies.
    ServiceControl,
    /// VPC endpoint policy.
    VpcEndpoint,
    /// Resource policy.
    Resource,
    /// Identity policies.
    Identity,
    /// Permissions boundary.
    Boundary,
    /// Session policies.
    Session,
}

/// A statement of one of the policies given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementRef {
    /// Which list.
    pub layer: Layer,
    /// Which level of it (SCPs and RCPs; else 0).
    pub level: usize,
    /// Which document of the level, from 0.
    pub policy: usize,
    /// Which statement of the document, from 0.
    pub statement: usize,
}

/// A decision with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// What the policies say.
    pub decision: Decision,
    /// The Deny statements that apply when it is denied explicitly; else the Allow statements that do.
    pub deciding: Vec<StatementRef>,
    /// Layers that would have to allow the request and certainly do not.
    pub silent: Vec<Layer>,
    /// Disputed points of the semantics: read the other way, each would change the decision.
    pub rests_on: Vec<&'static str>,
}

/// Evaluates a request against everything that bears on it.
///
/// Policies so big that it might take more than about a second leave the decision open.
pub fn evaluate(request: &Request<'_>, policies: &Policies<'_>) -> Evaluation {
    if is_too_big(documents_bytes(policies.documents()), request) {
        return too_big();
    }
    with_points(|readings| Ask::new(request, readings).decide(policies))
}

/// Evaluates a request against identity policies alone: what their holder may do as far as they decide it.
/// As with [`evaluate`], policies that are too big leave it open.
pub fn evaluate_identity(request: &Request<'_>, policies: &[&PolicyDocument]) -> Evaluation {
    if is_too_big(documents_bytes(policies.iter().copied()), request) {
        return too_big();
    }
    with_points(|readings| evaluate_identity_read(request, policies, readings))
}

/// [`evaluate_identity`] under one reading of the disputed points.
pub(crate) fn evaluate_identity_read(
    request: &Request<'_>,
    policies: &[&PolicyDocument],
    readings: &Readings,
) -> Evaluation {
    let found = Ask::new(request, readings).layer(policies, Layer::Identity, 0);
    let silent = if found.allow.is_false() { vec![Layer::Identity] } else { Vec::new() };
    conclude(found.deny, found.allow, found.statements, silent)
}

/// Does the statement apply: action, resource and condition, but not its effect and principal? For
/// statements of identity policies.
pub fn statement_applies(request: &Request<'_>, statement: &Statement, version: Option<&str>) -> Truth {
    if is_too_big(compared_bytes(statement), request) {
        return Truth::unknown(TOO_BIG);
    }
    let readings = Readings::default();
    Ask::new(request, &readings).applies(statement, PolicyKind::Identity, has_variables(version))
}

/// The evaluation of what nobody should wait for.
pub(crate) fn too_big() -> Evaluation {
    conclude(Truth::False, Truth::unknown(TOO_BIG), Vec::new(), Vec::new())
}

/// Does a document of this version know policy variables?
pub(crate) fn has_variables(version: Option<&str>) -> bool {
    version == Some("2012-10-17")
}

/// Decides with the default readings, then once more for every disputed point that came up.
pub(crate) fn with_points(decide: impl Fn(&Readings) -> Evaluation) -> Evaluation {
    let readings = Readings::default();
    let mut evaluation = decide(&readings);
    for point in readings.touched() {
        if decide(&Readings::flipping(point)).decision != evaluation.decision {
            evaluation.rests_on.push(point.id());
        }
    }
    evaluation
}

pub(crate) fn conclude(
    deny: Truth,
    allow: Truth,
    statements: Vec<(Effect, StatementRef)>,
    silent: Vec<Layer>,
) -> Evaluation {
    let decision = match (deny, allow) {
        (Truth::True, _) => Decision::ExplicitlyDenied,
        (_, Truth::False) => Decision::ImplicitlyDenied,
        (Truth::False, Truth::True) => Decision::Allowed,
        (Truth::Unknown(keys), Truth::True) | (Truth::False, Truth::Unknown(keys)) => Decision::Depends(keys),
        (Truth::Unknown(deny), Truth::Unknown(allow)) => Decision::Depends(union(deny, allow)),
    };
    let wanted = if decision == Decision::ExplicitlyDenied { Effect::Deny } else { Effect::Allow };
    let deciding = statements.into_iter().filter(|(effect, _)| *effect == wanted).map(|(_, at)| at).collect();
    Evaluation { decision, deciding, silent, rests_on: Vec::new() }
}

/// What one layer says.
struct Found {
    allow: Truth,
    deny: Truth,
    /// The statements that certainly apply.
    statements: Vec<(Effect, StatementRef)>,
}

/// What a resource policy says: an Allow at each grade or a stronger one.
struct Granted {
    account: Truth,
    limited: Truth,
    direct: Truth,
    star: Truth,
}

impl Granted {
    fn all(truth: &Truth) -> Self {
        Self { account: truth.clone(), limited: truth.clone(), direct: truth.clone(), star: truth.clone() }
    }

    fn add(&mut self, grade: Grade, truth: &Truth) {
        let places = [
            (Grade::Account, &mut self.account),
            (Grade::Limited, &mut self.limited),
            (Grade::Direct, &mut self.direct),
            (Grade::Star, &mut self.star),
        ];
        for (at, place) in places {
            if at <= grade {
                *place = std::mem::replace(place, Truth::False).or(truth.clone());
            }
        }
    }
}

/// The grants of the layers, before they are joined.
struct Layers {
    granted: Granted,
    identity: Truth,
    boundary: Truth,
    session: Truth,
    /// There is a resource policy, or there may be one.
    has_resource: bool,
    has_session: bool,
}

struct Ask<'a> {
    request: &'a Request<'a>,
    caller: Caller<'a>,
    resource: ResourceText<'a>,
    readings: &'a Readings,
}

impl<'a> Ask<'a> {
    fn new(request: &'a Request<'a>, readings: &'a Readings) -> Self {
        Self {
            request,
            caller: Caller::parse(request.principal),
            resource: ResourceText::new(request.resource),
            readings,
        }
    }

    fn applies(&self, statement: &Statement, kind: PolicyKind, variables: bool) -> Truth {
        if !action_covered(statement.action.as_ref(), self.request.action, self.readings) {
            return Truth::False;
        }
        let scope = Scope { context: self.request.context, variables, readings: self.readings };
        let resource = element_covers(statement.resource.as_ref(), kind, &self.resource, scope);
        if resource.is_false() {
            return resource;
        }
        resource.and(block_holds(&statement.condition, scope))
    }

    /// All documents of one level of a layer that knows no principals.
    fn layer(&self, documents: &[&PolicyDocument], layer: Layer, level: usize) -> Found {
        let kind =
            if layer == Layer::ServiceControl { PolicyKind::ServiceControl } else { PolicyKind::Identity };
        let mut found = Found { allow: Truth::False, deny: Truth::False, statements: Vec::new() };
        for (policy, document) in documents.iter().enumerate() {
            let variables = has_variables(document.version.as_deref());
            for (statement, rule) in document.statements.iter().enumerate() {
                let truth = self.applies(rule, kind, variables);
                if truth.is_false() {
                    continue;
                }
                if truth.is_true() {
                    found.statements.push((rule.effect, StatementRef { layer, level, policy, statement }));
                }
                let place = if rule.effect == Effect::Allow { &mut found.allow } else { &mut found.deny };
                *place = std::mem::replace(place, Truth::False).or(truth);
            }
        }
        found
    }

    /// All documents of one level of a layer whose statements name principals.
    fn principal_layer(
        &self,
        documents: &[&PolicyDocument],
        (layer, level): (Layer, usize),
        has_boundary: bool,
    ) -> (Granted, Found) {
        let kind =
            if layer == Layer::ResourceControl { PolicyKind::ResourceControl } else { PolicyKind::Resource };
        let mut granted = Granted::all(&Truth::False);
        let mut found = Found { allow: Truth::False, deny: Truth::False, statements: Vec::new() };
        for (policy, document) in documents.iter().enumerate() {
            let variables = has_variables(document.version.as_deref());
            for (statement, rule) in document.statements.iter().enumerate() {
                let Some(grade) = self.grade(rule, has_boundary) else { continue };
                let truth = self.applies(rule, kind, variables);
                if truth.is_false() {
                    continue;
                }
                if truth.is_true() {
                    found.statements.push((rule.effect, StatementRef { layer, level, policy, statement }));
                }
                if rule.effect == Effect::Allow {
                    granted.add(grade, &truth);
                } else {
                    found.deny = found.deny.or(truth);
                }
            }
        }
        found.allow = granted.account.clone();
        (granted, found)
    }

    fn grade(&self, statement: &Statement, has_boundary: bool) -> Option<Grade> {
        let element = statement.principal.as_ref()?;
        if element.negated && statement.effect == Effect::Deny && has_boundary {
            return Some(Grade::Star);
        }
        let accounts_too =
            self.caller == Caller::Anonymous && !self.readings.by_default(Point::AnonymousNoAccount);
        grade(element, self.caller, self.request.principal, accounts_too)
    }

    fn decide(&self, policies: &Policies<'_>) -> Evaluation {
        if self.is_free() {
            return conclude(Truth::False, Truth::True, Vec::new(), Vec::new());
        }
        if is_aws_owned(self.request) {
            return conclude(Truth::True, Truth::False, Vec::new(), Vec::new());
        }
        if matches!(self.caller, Caller::User(..)) && policies.session.is_some() {
            let reason = Truth::unknown("a session policy, which an IAM user cannot have");
            return conclude(Truth::False, reason, Vec::new(), Vec::new());
        }
        let mut sum = Sum::default();
        let organization = self.organization(policies, &mut sum);
        let endpoint = match &policies.vpc_endpoint {
            Some(document) => {
                let (_, found) =
                    self.principal_layer(&[*document], (Layer::VpcEndpoint, 0), policies.boundary.is_some());
                sum.take(found, Layer::VpcEndpoint)
            }
            None => Truth::True,
        };
        let layers = self.layers(policies, &mut sum);
        let allow = self.join(&layers).and(organization).and(endpoint);
        let silent = if allow.is_false() { sum.silent } else { Vec::new() };
        conclude(sum.deny, allow, sum.statements, silent)
    }

    /// SCPs and RCPs; what they deny goes to the sum.
    fn organization(&self, policies: &Policies<'_>, sum: &mut Sum) -> Truth {
        let mut allow = Truth::True;
        if !self.is_outside_scps(policies) {
            for (level, documents) in policies.scps.iter().enumerate() {
                let found = self.layer(documents, Layer::ServiceControl, level);
                allow = allow.and(sum.take(found, Layer::ServiceControl));
            }
        }
        let owner = self.resource_account();
        let exempt = self.is_service_linked()
            || (owner.is_some() && owner == policies.management_account)
            || is_aws_managed_key(self.request.resource);
        if !exempt {
            for (level, documents) in policies.rcps.iter().enumerate() {
                let (_, found) = self.principal_layer(
                    documents,
                    (Layer::ResourceControl, level),
                    policies.boundary.is_some(),
                );
                // `RCPFullAWSAccess` is attached to every level: only denials count.
                sum.deny = std::mem::replace(&mut sum.deny, Truth::False).or(found.deny);
                sum.statements
                    .extend(found.statements.into_iter().filter(|(effect, _)| *effect == Effect::Deny));
            }
        }
        allow
    }

    fn layers(&self, policies: &Policies<'_>, sum: &mut Sum) -> Layers {
        let granted = match (&policies.resource, policies.resource_policy_unknown) {
            (Some(document), _) => {
                let (granted, found) =
                    self.principal_layer(&[*document], (Layer::Resource, 0), policies.boundary.is_some());
                sum.take(found, Layer::Resource);
                granted
            }
            (None, true) => {
                let unknown = Truth::unknown("the resource's policy");
                sum.deny = std::mem::replace(&mut sum.deny, Truth::False).or(unknown.clone());
                Granted::all(&unknown)
            }
            (None, false) => Granted::all(&Truth::False),
        };
        let identity = self.layer(policies.identity, Layer::Identity, 0);
        let identity = sum.take(identity, Layer::Identity);
        let boundary = match &policies.boundary {
            Some(document) => {
                let found = self.layer(&[*document], Layer::Boundary, 0);
                sum.take(found, Layer::Boundary)
            }
            None => Truth::True,
        };
        let session = match policies.session {
            Some(documents) => {
                let found = self.layer(documents, Layer::Session, 0);
                sum.take(found, Layer::Session)
            }
            None => Truth::True,
        };
        let has_resource = policies.resource.is_some() || policies.resource_policy_unknown;
        Layers { granted, identity, boundary, session, has_resource, has_session: policies.session.is_some() }
    }

    /// The rules for one account, for two, and for callers without any.
    fn join(&self, layers: &Layers) -> Truth {
        let Layers { granted, identity, boundary, session, has_resource, has_session } = layers;
        let limits = || boundary.clone().and(session.clone());
        let path = match self.caller {
            Caller::Root(_) => Truth::True,
            Caller::FederatedUser(..) if !has_session => Truth::False,
            _ => identity.clone().and(limits()),
        };
        match self.caller {
            Caller::Anonymous => {
                let accounts_too = !self.readings.by_default(Point::AnonymousNoAccount);
                return if accounts_too { granted.account.clone() } else { granted.star.clone() };
            }
            Caller::Other => return granted.direct.clone(),
            _ => {}
        }
        if self.resource_account() != self.caller.account() {
            return granted.account.clone().and(path);
        }
        let (unlimited, limited) = match self.caller {
            Caller::Role(..) => {
                let free = if self.readings.by_default(Point::RoleItselfLimited) {
                    &Truth::False
                } else {
                    &granted.direct
                };
                let star =
                    if self.readings.by_default(Point::StarGradeForRole) { &granted.star } else { free };
                (star.clone().or(free.clone()), granted.limited.clone().and(limits()))
            }
            _ if *has_session && !self.readings.by_default(Point::SessionArnBeatsSessionPolicy) => {
                (granted.direct.clone().and(session.clone()), granted.limited.clone().and(limits()))
            }
            _ => (granted.direct.clone(), granted.limited.clone().and(limits())),
        };
        let path = if needs_resource_policy(self.request, *has_resource) {
            path.and(granted.account.clone())
        } else {
            path
        };
        unlimited.or(limited).or(path)
    }

    fn resource_account(&self) -> Option<AccountId> {
        self.request
            .resource_account
            .or_else(|| arn::split(self.request.resource).and_then(|parts| AccountId::parse(parts.account)))
            .or(self.caller.account())
    }

    /// The one action that every authenticated caller may do.
    fn is_free(&self) -> bool {
        let action = self.request.action;
        self.caller != Caller::Anonymous
            && action.service().eq_ignore_ascii_case("sts")
            && action.name().eq_ignore_ascii_case("GetCallerIdentity")
    }

    fn is_service_linked(&self) -> bool {
        match self.caller {
            Caller::Role(..) => self.request.principal.contains(":role/aws-service-role/"),
            // A session's ARN has no path; the name prefix is reserved.
            Caller::RoleSession(_, role) => role.starts_with("AWSServiceRoleFor"),
            _ => false,
        }
    }

    fn is_outside_scps(&self, policies: &Policies<'_>) -> bool {
        let account = self.caller.account();
        account.is_none() || account == policies.management_account || self.is_service_linked()
    }
}

/// What the layers read so far add up to.
#[derive(Default)]
struct Sum {
    deny: Denied,
    statements: Vec<(Effect, StatementRef)>,
    silent: Vec<Layer>,
}

type Denied = Truth;

impl Default for Truth {
    /// Nothing is so until something says it.
    fn default() -> Self {
        Self::False
    }
}

impl Sum {
    /// Notes what a layer denies and gives back what it allows.
    fn take(&mut self, found: Found, layer: Layer) -> Truth {
        self.deny = std::mem::take(&mut self.deny).or(found.deny);
        self.statements.extend(found.statements);
        if found.allow.is_false() && !self.silent.contains(&layer) {
            self.silent.push(layer);
        }
        found.allow
    }
}

/// Does an `Action` or `NotAction` element cover the action? A statement without one covers nothing.
pub(crate) fn action_covered(element: Option<&Matcher>, action: &Action, readings: &Readings) -> bool {
    element.is_some_and(|element| {
        element.patterns.values.iter().any(|pattern| action_matches(pattern, action, readings))
            != element.negated
    })
}

fn action_matches(pattern: &str, action: &Action, readings: &Readings) -> bool {
    let Some((service, name)) = pattern.split_once(':') else {
        return !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
    };
    if service.eq_ignore_ascii_case(action.service()) {
        return is_action_name(name) && glob::matches_ignore_case(name, action.name());
    }
    glob::has_wildcard(service)
        && is_action_name(name)
        && glob::matches_ignore_case(service, action.service())
        && glob::matches_ignore_case(name, action.name())
        && !readings.by_default(Point::ServiceWildcard)
}

/// Can the name half of an action pattern match anything at all?
pub(crate) fn is_action_name(name: &str) -> bool {
    !name.is_empty() && !name.contains([':', ',']) && !name.contains(char::is_whitespace)
}

/// KMS keys and roles: their own policy must at least delegate to the account. A trust policy that was
/// not given is left out of the question, as the simulators do.
fn needs_resource_policy(request: &Request<'_>, given: bool) -> bool {
    let Some(parts) = arn::split(request.resource) else { return false };
    let name = request.action.name();
    let assumes = request.action.service().eq_ignore_ascii_case("sts")
        && name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("AssumeRole"));
    (parts.service.eq_ignore_ascii_case("kms") && parts.resource.starts_with("key/"))
        || (given && assumes && parts.resource.starts_with("role/"))
}

/// Resource control policies do not bind AWS managed KMS keys, which show by their alias only.
fn is_aws_managed_key(resource: &str) -> bool {
    arn::split(resource)
        .is_some_and(|parts| parts.service == "kms" && parts.resource.starts_with("alias/aws/"))
}

/// Changes to what AWS owns are refused whatever the policies say.
fn is_aws_owned(request: &Request<'_>) -> bool {
    let Some(parts) = arn::split(request.resource) else { return false };
    let name = request.action.name().to_ascii_lowercase();
    let writes =
        !["get", "list", "describe", "simulate", "generate"].iter().any(|verb| name.starts_with(verb));
    match (parts.service, request.action.service().to_ascii_lowercase().as_str()) {
        ("iam", "iam") if parts.account == "aws" => {
            let attaches = name.starts_with("attach") || name.starts_with("detach");
            parts.resource.starts_with("policy/") && name.contains("policy") && writes && !attaches
        }
        ("iam", "iam") => parts.resource.starts_with("role/aws-reserved/") && writes && name != "passrole",
        ("kms", "kms") => parts.resource.starts_with("alias/aws/") && name.ends_with("alias"),
        _ => false,
    }
}
