//! One record: JSON text to [`Event`]. Only the fields that this program uses are read; all others are
//! walked over. A key that is there twice keeps its last value. A field of an unexpected type is as good
//! as absent, unless the record means nothing without it.

use super::callers::Callers;
use super::form::Forms;
use crate::iam::AccountId;
use crate::time::Timestamp;
use crate::trail::event::{Event, EventCategory, EventResource, EventType, UserIdentity};
use crate::trail::request::RequestParameters;
use crate::trail::scan::{Cursor, Fault};
use std::borrow::Cow;

/// The number of elements of `resources[]` that are kept. AWS writes a handful; a hostile record could
/// turn three bytes of text into a hundred bytes of memory for each.
const RESOURCES_MAX: usize = 10_000;

/// What a record turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// A `CloudTrail` event: [`Draft::event`].
    Event,
    /// An element of the output of `LookupEvents`: the event is the string [`Draft::lookup`].
    Lookup,
    /// The content of a digest file.
    Digest,
    /// An Insight event: a statistic.
    Insight,
    /// An event-like record without what every event has: what is missing.
    Bad(&'static str),
    /// An object with nothing of an event.
    Foreign,
}

/// Keys of which each one alone shows that an object is a record and not a wrapper of records.
pub(super) fn is_record_key(key: &str) -> bool {
    matches!(
        key,
        "eventVersion"
            | "userIdentity"
            | "eventTime"
            | "eventSource"
            | "eventName"
            | "awsRegion"
            | "sourceIPAddress"
            | "userAgent"
            | "requestParameters"
            | "responseElements"
            | "additionalEventData"
            | "requestID"
            | "eventID"
            | "eventType"
            | "recipientAccountId"
            | "errorCode"
            | "CloudTrailEvent"
            | "digestS3Bucket"
            | "digestStartTime"
            | "digestEndTime"
    )
}

/// What is gathered before the record is judged. Made by the caller and filled in place: an event is
/// large, and moving it costs as much as reading it.
#[derive(Default)]
pub(super) struct Draft<'a> {
    /// The event, when it is one.
    pub(super) event: Event<'a>,
    /// The text of `CloudTrailEvent`, escapes decoded.
    pub(super) lookup: Option<Cow<'a, str>>,
    time: Cow<'a, str>,
    /// `@timestamp`: the `CloudTrail` codec of Logstash moves `eventTime` there.
    moved_time: Cow<'a, str>,
    /// `None` when there is none, or an empty one.
    category: Option<EventCategory>,
    management: Option<bool>,
    identity_unusable: bool,
    digest: bool,
    insight: bool,
    /// How many members showed that it is an event.
    pub(super) keys: usize,
}

/// The members of a record in the order in which AWS mostly writes them, as they stand in front of their
/// values.
pub(super) const MEMBERS: [(&str, Member); 35] = [
    ("\"eventVersion\":", Member::Skipped),
    ("\"userIdentity\":", Member::Identity),
    ("\"eventTime\":", Member::Time),
    ("\"eventSource\":", Member::Source),
    ("\"eventName\":", Member::Name),
    ("\"awsRegion\":", Member::Region),
    ("\"sourceIPAddress\":", Member::SourceIp),
    ("\"userAgent\":", Member::UserAgent),
    ("\"errorCode\":", Member::ErrorCode),
    ("\"errorMessage\":", Member::ErrorMessage),
    ("\"requestParameters\":", Member::Request),
    ("\"responseElements\":", Member::Response),
    ("\"additionalEventData\":", Member::Skipped),
    ("\"requestID\":", Member::Skipped),
    ("\"eventID\":", Member::Id),
    ("\"readOnly\":", Member::ReadOnly),
    ("\"resources\":", Member::Resources),
    ("\"eventType\":", Member::Type),
    ("\"apiVersion\":", Member::Skipped),
    ("\"managementEvent\":", Member::Management),
    ("\"recipientAccountId\":", Member::RecipientAccount),
    ("\"sharedEventID\":", Member::SharedId),
    ("\"vpcEndpointId\":", Member::VpcEndpoint),
    ("\"vpcEndpointAccountId\":", Member::Skipped),
    ("\"serviceEventDetails\":", Member::Skipped),
    ("\"eventCategory\":", Member::Category),
    ("\"tlsDetails\":", Member::Repeated),
    ("\"sessionCredentialFromConsole\":", Member::Skipped),
    ("\"addendum\":", Member::Addendum),
    ("\"insightDetails\":", Member::Insight),
    ("\"CloudTrailEvent\":", Member::Lookup),
    ("\"digestS3Bucket\":", Member::Digest),
    ("\"digestStartTime\":", Member::Digest),
    ("\"digestEndTime\":", Member::Digest),
    ("\"@timestamp\":", Member::MovedTime),
];

/// The index in [`MEMBERS`] of the member with this name.
pub(super) fn member_index(name: &str) -> Option<usize> {
    let is_it =
        |known: &str| known.strip_prefix('"').and_then(|known| known.strip_suffix("\":")) == Some(name);
    MEMBERS.iter().position(|(known, _)| is_it(known))
}

/// Where the value of a member goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Skipped,
    /// Skipped; few different values, over and over.
    Repeated,
    Id,
    SharedId,
    Time,
    MovedTime,
    Source,
    Name,
    Region,
    RecipientAccount,
    Type,
    Category,
    Management,
    ReadOnly,
    ErrorCode,
    ErrorMessage,
    SourceIp,
    UserAgent,
    VpcEndpoint,
    Request,
    Response,
    Resources,
    Addendum,
    Identity,
    Lookup,
    Insight,
    Digest,
}

impl Member {
    /// Is the member a sign of an event, wherever it stands? Some names are too common for that.
    pub(super) fn is_sign(self) -> bool {
        !matches!(self, Self::Skipped | Self::Repeated | Self::MovedTime | Self::Addendum)
    }
}

/// What a value means that is one of few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Type(EventType),
    /// `None` when it is empty.
    Category(Option<EventCategory>),
    /// `managementEvent`.
    Management(Option<bool>),
    ReadOnly(Option<bool>),
    /// `mfaAuthenticated`.
    Mfa(Option<bool>),
}

/// What all words of a record or a caller say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    kind: Option<EventType>,
    category: Option<EventCategory>,
    management: Option<bool>,
    read_only: Option<bool>,
    mfa: Option<bool>,
}

impl Known {
    pub(super) fn add(&mut self, word: Word) {
        match word {
            Word::Type(kind) => self.kind = Some(kind),
            Word::Category(category) => self.category = category,
            Word::Management(flag) => self.management = flag,
            Word::ReadOnly(flag) => self.read_only = flag,
            Word::Mfa(flag) => self.mfa = flag,
        }
    }
}

impl Word {
    /// `None` when the member is of another kind.
    pub(super) fn of_member(member: Member, text: &str) -> Option<Self> {
        Some(match member {
            Member::Type => Self::Type(event_type(text)),
            Member::Category => Self::Category(category(text)),
            Member::Management => Self::Management(flag(text)),
            Member::ReadOnly => Self::ReadOnly(flag(text)),
            _ => return None,
        })
    }
}

/// Which member came behind which the last time: AWS writes the same ones in the same order, and to see that
/// an expected name is there is cheaper than to read a name and look it up.
pub(super) struct Order {
    /// An index of [`MEMBERS`] for every index of it.
    next: [usize; MEMBERS.len()],
    last: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { next: std::array::from_fn(|index| index + 1), last: 0 }
    }
}

impl Order {
    /// The next member behind the record's `{` (first) or a value; `None` behind the closing `}`.
    #[inline]
    fn member(&mut self, first: bool, cursor: &mut Cursor<'_>) -> Result<Option<Member>, Fault> {
        let expected = if first { Some(0) } else { self.next.get(self.last).copied() };
        if let Some((index, (name, member))) = expected.and_then(|index| Some((index, MEMBERS.get(index)?))) {
            let start = cursor.at();
            if (first || cursor.take(b",")) && cursor.take(name.as_bytes()) {
                self.last = index;
                return Ok(Some(*member));
            }
            cursor.go(start);
        }
        let Some(key) = cursor.key(first)? else { return Ok(None) };
        let Some(index) = member_index(&key) else { return Ok(Some(Member::Skipped)) };
        if let Some(next) = self.next.get_mut(self.last) {
            *next = index;
        }
        self.last = index;
        Ok(MEMBERS.get(index).map(|(_, member)| *member))
    }
}

impl<'a> Draft<'a> {
    /// Reads the record whose `{` is at the cursor and stops behind its `}`.
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        callers: &mut Callers<'a>,
        forms: &mut Forms,
    ) -> Result<Record, Fault> {
        let start = cursor.at();
        if forms.read(self, cursor, callers) {
            self.event.raw = cursor.since(start);
            return Ok(self.judge());
        }
        *self = Self::default();
        cursor.go(start);
        cursor.eat(b'{');
        let mut first = true;
        while let Some(member) = callers.order.member(std::mem::take(&mut first), cursor)? {
            self.member(member, cursor, (callers, forms))?;
        }
        self.event.raw = cursor.since(start);
        let record = self.judge();
        if record == Record::Event {
            forms.learn_record(self.event.raw);
        }
        Ok(record)
    }

    fn member(
        &mut self,
        member: Member,
        cursor: &mut Cursor<'a>,
        (callers, forms): (&mut Callers<'a>, &mut Forms),
    ) -> Result<(), Fault> {
        let event = &mut self.event;
        match member {
            Member::Skipped => {
                cursor.skip_value()?;
            }
            Member::Repeated => callers.repeated.skip(cursor)?,
            Member::Request => event.request = RequestParameters::from_raw(cursor.skip_value()?),
            Member::Response => event.response = RequestParameters::from_raw(cursor.skip_value()?),
            Member::Resources => event.resources = resources(cursor)?,
            Member::Addendum => event.is_correction = is_correction(cursor)?,
            Member::Identity => self.identity(cursor, callers, forms)?,
            Member::Lookup => {
                let is_text = cursor.token() == Some(b'"');
                self.lookup = Some(cursor.text()?).filter(|_| is_text);
            }
            Member::Insight => self.insight = cursor.skip_value()? != "null",
            Member::Digest => {
                self.digest = true;
                cursor.skip_value()?;
            }
            member => self.put_text(member, cursor.text()?),
        }
        self.keys += usize::from(member.is_sign());
        Ok(())
    }

    #[inline(never)]
    fn put_text(&mut self, member: Member, text: Cow<'a, str>) {
        self.put(member, text);
    }

    /// A member whose value is a text, or as good as one.
    #[expect(clippy::inline_always, reason = "one jump behind another costs more than what is done")]
    #[inline(always)]
    pub(super) fn put(&mut self, member: Member, text: Cow<'a, str>) {
        let event = &mut self.event;
        match member {
            Member::MovedTime => self.moved_time = text,
            Member::Id => event.id = text,
            Member::SharedId => event.shared_id = text,
            Member::Time => self.time = text,
            Member::Source => event.source = text,
            Member::Name => event.name = text,
            Member::Region => event.region = text,
            Member::RecipientAccount => event.recipient_account = AccountId::parse(&text),
            Member::Type | Member::Category | Member::Management | Member::ReadOnly => {
                if let Some(word) = Word::of_member(member, &text) {
                    self.put_word(word);
                }
            }
            Member::ErrorCode => event.error_code = text,
            Member::ErrorMessage => event.error_message = text,
            Member::SourceIp => event.source_ip = text,
            Member::UserAgent => event.user_agent = text,
            Member::VpcEndpoint => event.vpc_endpoint_id = text,
            // Read in another way.
            Member::Skipped
            | Member::Repeated
            | Member::Request
            | Member::Response
            | Member::Resources
            | Member::Addendum
            | Member::Identity
            | Member::Lookup
            | Member::Insight
            | Member::Digest => {}
        }
    }

    #[inline]
    pub(super) fn put_word(&mut self, word: Word) {
        match word {
            Word::Type(kind) => self.event.event_type = kind,
            Word::Category(category) => self.category = category,
            Word::Management(flag) => self.management = flag,
            Word::ReadOnly(flag) => self.event.read_only = flag,
            Word::Mfa(flag) => self.event.identity.mfa = flag,
        }
    }

    /// Takes over what the words of a form say.
    #[inline]
    pub(super) fn know(&mut self, known: Known) {
        let event = &mut self.event;
        event.event_type = known.kind.unwrap_or(event.event_type);
        self.category = known.category.or(self.category);
        self.management = known.management.or(self.management);
        event.read_only = known.read_only.or(event.read_only);
        event.identity.mfa = known.mfa.or(event.identity.mfa);
    }

    fn identity(
        &mut self,
        cursor: &mut Cursor<'a>,
        callers: &mut Callers<'a>,
        forms: &mut Forms,
    ) -> Result<(), Fault> {
        if cursor.token() == Some(b'{') {
            self.identity_unusable = false;
            return forms.caller(self, cursor, callers);
        }
        self.event.identity = UserIdentity::default();
        self.identity_unusable = cursor.skip_value()? != "null";
        Ok(())
    }

    pub(super) fn judge(&mut self) -> Record {
        if self.lookup.is_some() {
            return Record::Lookup;
        }
        let event = &mut self.event;
        event.category = self.category.unwrap_or(match self.management {
            Some(false) => EventCategory::Data,
            _ => EventCategory::Management,
        });
        if self.insight || event.event_type == EventType::Insight || event.category == EventCategory::Insight
        {
            return Record::Insight;
        }
        if self.digest && event.name.is_empty() {
            return Record::Digest;
        }
        if self.keys == 0 {
            return Record::Foreign;
        }
        if event.source.starts_with("aws:") {
            return Record::Bad("`eventSource` starts with `aws:`: a notification, no CloudTrail event");
        }
        if self.time.is_empty() {
            self.time = std::mem::take(&mut self.moved_time);
        }
        for (text, missing) in [
            (&event.source, "no `eventSource`"),
            (&event.name, "no `eventName`"),
            (&self.time, "no `eventTime`"),
        ] {
            if text.is_empty() {
                return Record::Bad(missing);
            }
        }
        if self.identity_unusable {
            return Record::Bad("`userIdentity` is no object");
        }
        let Some(time) = Timestamp::parse(&self.time) else {
            return Record::Bad("`eventTime` is no point in time");
        };
        event.time = time;
        Record::Event
    }
}

fn event_type(text: &str) -> EventType {
    match text {
        "AwsApiCall" | "" => EventType::ApiCall,
        "AwsServiceEvent" => EventType::ServiceEvent,
        "AwsConsoleAction" => EventType::ConsoleAction,
        "AwsConsoleSignIn" => EventType::ConsoleSignIn,
        "AwsVpceEvent" => EventType::VpcEndpoint,
        "AwsCloudTrailInsight" => EventType::Insight,
        _ => EventType::Other,
    }
}

fn category(text: &str) -> Option<EventCategory> {
    Some(match text {
        "" => return None,
        "Data" => EventCategory::Data,
        "Insight" => EventCategory::Insight,
        "NetworkActivity" => EventCategory::NetworkActivity,
        "Management" => EventCategory::Management,
        _ => EventCategory::Other,
    })
}

/// `true` or `false`, also as a string in either case: AWS writes both.
pub(super) fn flag(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Calls `member` for every key of the object at the cursor; a value of another type is walked over.
pub(super) fn object<'a>(
    cursor: &mut Cursor<'a>,
    mut member: impl FnMut(&str, &mut Cursor<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if !cursor.eat(b'{') {
        return cursor.skip_value().map(|_| ());
    }
    let mut first = true;
    while let Some(key) = cursor.key(std::mem::take(&mut first))? {
        member(&key, cursor)?;
    }
    Ok(())
}

pub(super) fn skip(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    cursor.skip_value().map(|_| ())
}

/// Does the `addendum` at the cursor say that the record corrects another one? Its reasons: `DELIVERY_DELAY` and
/// `SERVICE_OUTAGE` for a record that is only late, `UPDATED_DATA` for one with a field that was missing or wrong
/// (record contents reference of the `CloudTrail` user guide, since version 1.08, read 2026-11).
fn is_correction(cursor: &mut Cursor<'_>) -> Result<bool, Fault> {
    let mut found = false;
    object(cursor, |key, cursor| {
        match key {
            "reason" => found = cursor.text()? == "UPDATED_DATA",
            _ => skip(cursor)?,
        }
        Ok(())
    })?;
    Ok(found)
}

fn resources<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<EventResource<'a>>, Fault> {
    let mut found = Vec::new();
    if !cursor.eat(b'[') {
        skip(cursor)?;
        return Ok(found);
    }
    let mut first = true;
    while cursor.element(std::mem::take(&mut first))? {
        let mut resource = EventResource::default();
        object(cursor, |key, cursor| {
            match key {
                "ARN" | "arn" => resource.arn = cursor.text()?,
                "accountId" => resource.account = AccountId::parse(&cursor.text()?),
                "type" => resource.kind = cursor.text()?,
                _ => skip(cursor)?,
            }
            Ok(())
        })?;
        if says_something(&resource) && found.len() < RESOURCES_MAX {
            found.push(resource);
        }
    }
    Ok(found)
}

/// Does an element of `resources[]` name anything?
pub(super) fn says_something(resource: &EventResource<'_>) -> bool {
    !(resource.arn.is_empty() && resource.kind.is_empty() && resource.account.is_none())
}
