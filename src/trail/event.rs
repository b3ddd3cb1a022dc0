//! A `CloudTrail` event: the fields that this program uses, borrowed from the log file's text wherever
//! the text carries no escapes. Field names: the record contents reference of the `CloudTrail` user guide.

use crate::iam::AccountId;
use crate::time::Timestamp;
use crate::trail::request::RequestParameters;
use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;

/// One delivered event. Empty text means that the record does not have the field, or has it as `""`.
#[derive(Clone, Debug, Default)]
pub struct Event<'a> {
    /// `eventID`, a UUID. Equal for every delivery of the same event.
    pub id: Cow<'a, str>,
    /// `sharedEventID`: equal in all accounts that got a copy of one call.
    pub shared_id: Cow<'a, str>,
    /// `addendum` with the reason `UPDATED_DATA`: the record says anew what another one, its
    /// `originalEventID`, said with a field missing or wrong.
    pub is_correction: bool,
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
    /// The whole record as the log carries it.
    pub raw: &'a str,
}

/// The identity of a delivery: equal for every copy of one event in one account's logs, whichever file,
/// trail or machine it came through. Stable over runs, machines and versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    /// Thirty-two hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Event<'_> {
    /// The hash by which a second delivery is recognised: over `eventID`, source, name, time, region,
    /// recipient account, error code, caller's ARN, source address and request, because masked, made-up or
    /// hostile logs repeat `eventID`s, and what is counted must not depend on which record comes first;
    /// over the whole record when it has no `eventID`.
    ///
    /// `MurmurHash3` x64 128 with seed 0 (Austin Appleby, public domain) over the fields, each behind its
    /// length as four bytes, little-endian.
    pub fn fingerprint(&self) -> Fingerprint {
        if self.id.is_empty() {
            return Fingerprint(murmur3(self.raw.as_bytes()));
        }
        let (time, account) = (self.time.seconds().to_le_bytes(), self.recipient_account);
        let account = account.map_or(u64::MAX, AccountId::number).to_le_bytes();
        let fields: [&[u8]; 10] = [
            self.id.as_bytes(),
            self.source.as_bytes(),
            self.name.as_bytes(),
            &time,
            &account,
            self.error_code.as_bytes(),
            self.identity.arn.as_bytes(),
            self.source_ip.as_bytes(),
            self.region.as_bytes(),
            self.request.raw().unwrap_or_default().as_bytes(),
        ];
        // Nearly all fit on the stack.
        let mut key = Key { bytes: [0; KEY_BYTES], len: 0 };
        if fields.iter().all(|field| key.push(field).is_some()) {
            return Fingerprint(murmur3(key.bytes.get(..key.len).unwrap_or_default()));
        }
        let mut key = Vec::new();
        for field in fields {
            key.extend_from_slice(&length(field));
            key.extend_from_slice(field);
        }
        Fingerprint(murmur3(&key))
    }
}

impl Event<'_> {
    /// What is the same in all copies of one call that several accounts got: everything but `eventID` and the
    /// recipient. `None` for a call that one account got, and for a copy that does not show the whole caller.
    ///
    /// The copies of a call differ in `eventID` and `recipientAccountId` and have one `sharedEventID` (record
    /// contents reference of the `CloudTrail` user guide, read 2026-11). Copies that differ in anything else
    /// that is counted are told apart, so that it does not matter which one comes first.
    pub fn shared_call(&self) -> Option<Fingerprint> {
        if self.shared_id.is_empty() || self.identity.arn.is_empty() || self.identity.account.is_none() {
            return None;
        }
        let mut key = Vec::new();
        let mut put = |text: &str| {
            key.extend_from_slice(&length(text.as_bytes()));
            key.extend_from_slice(text.as_bytes());
        };
        let identity = &self.identity;
        for text in [
            &self.shared_id,
            &self.source,
            &self.name,
            &self.region,
            &self.error_code,
            &self.error_message,
            &self.source_ip,
            &self.user_agent,
            &self.vpc_endpoint_id,
            &identity.kind,
            &identity.principal_id,
            &identity.arn,
            &identity.access_key_id,
            &identity.user_name,
            &identity.invoked_by,
            &identity.source_identity,
            &identity.on_behalf_of,
        ] {
            put(text);
        }
        if let Some(issuer) = &identity.issuer {
            for text in [&issuer.kind, &issuer.principal_id, &issuer.arn, &issuer.user_name] {
                put(text);
            }
        }
        put(self.request.raw().unwrap_or_default());
        put(self.response.raw().unwrap_or_default());
        for resource in &self.resources {
            put(&resource.arn);
            put(&resource.kind);
        }
        let issuer = identity.issuer.as_ref().and_then(|issuer| issuer.account);
        let owners = self.resources.iter().map(|resource| resource.account);
        for account in [identity.account, issuer].into_iter().chain(owners) {
            key.extend_from_slice(&account.map_or(u64::MAX, AccountId::number).to_le_bytes());
        }
        key.extend_from_slice(&self.time.seconds().to_le_bytes());
        let flag = |flag: Option<bool>| flag.map_or(2, u8::from);
        key.extend_from_slice(&[flag(identity.mfa), flag(self.read_only)]);
        key.extend_from_slice(&[self.event_type as u8, self.category as u8, u8::from(self.is_correction)]);
        Some(Fingerprint(murmur3(&key)))
    }
}

/// Room for the fields of a usual event.
const KEY_BYTES: usize = 1_024;

/// Fields behind their lengths.
struct Key {
    bytes: [u8; KEY_BYTES],
    len: usize,
}

impl Key {
    /// `None` when there is no room.
    #[inline]
    fn push(&mut self, field: &[u8]) -> Option<()> {
        let (place, rest) = self.bytes.get_mut(self.len..)?.split_first_chunk_mut::<4>()?;
        rest.get_mut(..field.len())?.copy_from_slice(field);
        *place = length(field);
        self.len += 4 + field.len();
        Some(())
    }
}

fn length(field: &[u8]) -> [u8; 4] {
    u32::try_from(field.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// `MurmurHash3` x64 128, seed 0; the first half of the result is the upper half of the number.
fn murmur3(bytes: &[u8]) -> u128 {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let first = |word: u64| word.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let second = |word: u64| word.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let finish = |mut word: u64| {
        word = (word ^ (word >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        word = (word ^ (word >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        word ^ (word >> 33)
    };
    let (mut one, mut two) = (0_u64, 0_u64);
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        let block = u128::from_le_bytes(*block);
        one ^= first(low_half(block));
        one = one.rotate_left(27).wrapping_add(two).wrapping_mul(5).wrapping_add(0x52dc_e729);
        two ^= second(low_half(block >> 64));
        two = two.rotate_left(31).wrapping_add(one).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    // A missing byte of the tail counts as zero, and a zero word changes nothing.
    let tail = tail.iter().rev().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    two ^= second(low_half(tail >> 64));
    one ^= first(low_half(tail));
    let length = bytes.len() as u64;
    (one, two) = (one ^ length, two ^ length);
    one = one.wrapping_add(two);
    two = two.wrapping_add(one);
    (one, two) = (finish(one), finish(two));
    one = one.wrapping_add(two);
    two = two.wrapping_add(one);
    u128::from(one) << 64 | u128::from(two)
}

fn low_half(number: u128) -> u64 {
    u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default()
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
    /// In one process, identities with the same number have the same fields; so what was found out about one
    /// is true of the other. Nothing is known about an identity without a number.
    pub number: Option<NonZeroU64>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur3_gives_the_published_values() {
        for (text, expect) in [
            ("", "00000000000000000000000000000000"),
            ("hello", "cbd8a7b341bd9b025b1e906a48ae1d19"),
            ("The quick brown fox jumps over the lazy dog", "e34bbc7bbc071b6c7a433ca9c49a9347"),
        ] {
            assert_eq!(Fingerprint(murmur3(text.as_bytes())).to_string(), expect, "{text}");
        }
    }

    #[test]
    fn every_field_of_the_identity_counts() {
        let base = Event { id: "1".into(), source: "ab".into(), name: "c".into(), ..Event::default() };
        let user = |arn: &'static str| UserIdentity { arn: arn.into(), ..UserIdentity::default() };
        let variants = [
            base.clone(),
            Event { id: "2".into(), ..base.clone() },
            Event { source: "a".into(), name: "bc".into(), ..base.clone() },
            Event { name: "d".into(), ..base.clone() },
            Event { time: Timestamp::from_seconds(1).unwrap(), ..base.clone() },
            Event { recipient_account: AccountId::parse("000000000000"), ..base.clone() },
            Event { error_code: "AccessDenied".into(), ..base.clone() },
            Event { identity: user("arn:aws:iam::111122223333:user/a"), ..base.clone() },
            Event { source_ip: "192.0.2.1".into(), ..base.clone() },
            Event { id: "".into(), raw: "{}", ..base.clone() },
            Event { id: "".into(), raw: "{ }", ..base.clone() },
        ];
        let distinct: std::collections::BTreeSet<_> = variants.iter().map(Event::fingerprint).collect();
        assert_eq!(distinct.len(), variants.len());
        let copy = Event { user_agent: "other".into(), raw: "{}", ..base.clone() };
        assert_eq!(copy.fingerprint(), base.fingerprint());
    }

    #[test]
    fn copies_of_a_shared_call_differ_in_their_id_and_recipient_alone() {
        let identity = UserIdentity {
            arn: "arn:aws:iam::111122223333:user/a".into(),
            account: AccountId::parse("111122223333"),
            ..UserIdentity::default()
        };
        let base = Event { id: "1".into(), shared_id: "s".into(), identity, ..Event::default() };
        let caller = |change: fn(&mut UserIdentity<'static>)| {
            let mut event = base.clone();
            change(&mut event.identity);
            event
        };
        let resource = |account: &str| EventResource {
            arn: "arn:aws:s3:::b".into(),
            account: AccountId::parse(account),
            ..EventResource::default()
        };
        let copy = Event {
            id: "2".into(),
            recipient_account: AccountId::parse("444455556666"),
            raw: "{}",
            ..base.clone()
        };
        assert_eq!(copy.shared_call(), base.shared_call());
        assert!(base.shared_call().is_some());
        for none in [
            Event { shared_id: "".into(), ..base.clone() },
            caller(|identity| identity.arn = "".into()),
            caller(|identity| identity.account = None),
        ] {
            assert_eq!(none.shared_call(), None);
        }
        let others = [
            base.clone(),
            Event { shared_id: "t".into(), ..base.clone() },
            Event { source: "a".into(), ..base.clone() },
            Event { name: "a".into(), ..base.clone() },
            Event { error_message: "a".into(), ..base.clone() },
            Event { time: Timestamp::from_seconds(1).unwrap(), ..base.clone() },
            Event { request: RequestParameters::from_raw("{}"), ..base.clone() },
            Event { response: RequestParameters::from_raw("{}"), ..base.clone() },
            Event { resources: vec![resource("")], ..base.clone() },
            Event { resources: vec![resource("111122223333")], ..base.clone() },
            Event { category: EventCategory::Data, ..base.clone() },
            Event { read_only: Some(true), ..base.clone() },
            Event { is_correction: true, ..base.clone() },
            caller(|identity| identity.mfa = Some(true)),
            caller(|identity| identity.issuer = Some(SessionIssuer::default())),
            caller(|identity| identity.principal_id = "a".into()),
        ];
        let distinct: std::collections::BTreeSet<_> = others.iter().map(Event::shared_call).collect();
        assert_eq!(distinct.len(), others.len());
    }
}
