//! A `CloudTrail` event: the fields that this program uses, borrowed from the log file's text wherever
//! the text carries no escapes. Field names: the record contents reference of the `CloudTrail` user guide.

use crate::iam::AccountId;
use crate::time::Timestamp;
use crate::trail::request::RequestParameters;
use std::borrow::Cow;

/// One delivered event. Empty text means that the record does not have the field, or has it as `""`.
#[derive(Clone, Debug, Default)]
pub struct Event<'a> {
    /// `eventID`, a UUID. Equal for every delivery of the same event.
    pub id: Cow<'a, str>,
    /// `sharedEventID`: equal in all accounts that got a copy of one call.
    pub shared_id: Cow<'a, str>,
    /// `eventTime`.
    pub time: Timestamp,
    /// `eventSource`: `s3.amazonaws.com`.
    pub source: Cow<'a, str>,
    /// `eventName`: `GetObject`, `CreateFunction20150331`.
    pub name: Cow<'a, str>,
    /// `awsRegion`.
    pub region: Cow<'a, str>,
    /// `recipientAccountId`: whose trail this copy was delivered to.
    pub recipient_account: Option<AccountId>,
    /// `eventType`.
    pub event_type: EventType,
    /// `eventCategory`, or what `managementEvent` says in records older than version 1.07, else management.
    pub category: EventCategory,
    /// `readOnly`, when the record has it.
    pub read_only: Option<bool>,
    /// `userIdentity`.
    pub identity: UserIdentity<'a>,
    /// `errorCode`.
    pub error_code: Cow<'a, str>,
    /// `errorMessage`.
    pub error_message: Cow<'a, str>,
    /// `sourceIPAddress`: an address, a service's DNS name, or `AWS Internal`.
    pub source_ip: Cow<'a, str>,
    /// `userAgent`.
    pub user_agent: Cow<'a, str>,
    /// `vpcEndpointId`.
    pub vpc_endpoint_id: Cow<'a, str>,
    /// `resources[]`.
    pub resources: Vec<EventResource<'a>>,
    /// `requestParameters`, kept as text until somebody needs a field of it.
    pub request: RequestParameters<'a>,
    /// `responseElements`, likewise.
    pub response: RequestParameters<'a>,
}

/// `eventType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// `AwsApiCall`: somebody called an API; the only type that proves a permission.
    #[default]
    ApiCall,
    /// `AwsServiceEvent`: a service did something of its own accord.
    ServiceEvent,
    /// `AwsConsoleAction`: a console page that is no API call.
    ConsoleAction,
    /// `AwsConsoleSignIn`.
    ConsoleSignIn,
    /// `AwsVpceEvent`: network activity at a VPC endpoint.
    VpcEndpoint,
    /// `AwsCloudTrailInsight`.
    Insight,
    /// A type that is newer than this program.
    Other,
}

/// `eventCategory`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventCategory {
    /// Control plane; logged by every trail unless switched off.
    #[default]
    Management,
    /// Data plane; logged only where a selector asks for the resource type.
    Data,
    /// Insight events: statistics, not calls.
    Insight,
    /// Network activity at VPC endpoints.
    NetworkActivity,
    /// A category that is newer than this program.
    Other,
}

/// One element of `resources[]`.
#[derive(Clone, Debug, Default)]
pub struct EventResource<'a> {
    /// `ARN`; empty when only a name is given.
    pub arn: Cow<'a, str>,
    /// `accountId`.
    pub account: Option<AccountId>,
    /// `type`: `AWS::S3::Object`.
    pub kind: Cow<'a, str>,
}

/// `userIdentity`.
#[derive(Clone, Debug, Default)]
pub struct UserIdentity<'a> {
    /// `type`: `AssumedRole`, `IAMUser`, `Root`, …
    pub kind: Cow<'a, str>,
    /// `principalId`: `AROA…:session`, `AIDA…`, an account id for root.
    pub principal_id: Cow<'a, str>,
    /// `arn`: the session's ARN for an assumed role, which has lost the role's path.
    pub arn: Cow<'a, str>,
    /// `accountId`.
    pub account: Option<AccountId>,
    /// `accessKeyId`.
    pub access_key_id: Cow<'a, str>,
    /// `userName`. For root this may be the account's alias.
    pub user_name: Cow<'a, str>,
    /// `invokedBy`: the service that made the call on the caller's behalf.
    pub invoked_by: Cow<'a, str>,
    /// `sessionContext.sessionIssuer`, when it is there and not an empty object.
    pub issuer: Option<SessionIssuer<'a>>,
    /// `sessionContext.attributes.mfaAuthenticated`.
    pub mfa: Option<bool>,
    /// `sessionContext.sourceIdentity`.
    pub source_identity: Cow<'a, str>,
    /// `onBehalfOf.userId`: the Identity Center user behind the session.
    pub on_behalf_of: Cow<'a, str>,
}

/// `sessionContext.sessionIssuer`: who the temporary credentials came from.
#[derive(Clone, Debug, Default)]
pub struct SessionIssuer<'a> {
    /// `type`: `Role`, `IAMUser`, `Root`.
    pub kind: Cow<'a, str>,
    /// `principalId`: `AROA…`, unique for ever, unlike the name.
    pub principal_id: Cow<'a, str>,
    /// `arn`, with the path.
    pub arn: Cow<'a, str>,
    /// `accountId`.
    pub account: Option<AccountId>,
    /// `userName`: the role's name.
    pub user_name: Cow<'a, str>,
}
