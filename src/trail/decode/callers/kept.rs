//! Callers kept from text to text: a session goes on when a file ends.

use crate::iam::AccountId;
use crate::trail::event::{SessionIssuer, UserIdentity};
use std::borrow::Cow;
use std::num::NonZeroU64;

/// How many callers are kept; a power of two. A caller has one place, where the last one stays.
const KEPT_MAX: usize = 1 << 11;

/// The longest `userIdentity` that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 2_048;

/// The last callers, each as a text of its own.
#[derive(Debug, Default)]
pub(in super::super) struct Kept(Vec<Option<Known>>);

/// A `userIdentity` that was read, and where in its text everything stands.
#[derive(Clone, Debug)]
struct Known {
    text: Box<str>,
    number: Option<NonZeroU64>,
    kind: Place,
    principal_id: Place,
    arn: Place,
    account: Option<AccountId>,
    access_key_id: Place,
    user_name: Place,
    invoked_by: Place,
    issuer: Option<Issuer>,
    mfa: Option<bool>,
    source_identity: Place,
    on_behalf_of: Place,
}

#[derive(Clone, Debug)]
struct Issuer {
    kind: Place,
    principal_id: Place,
    arn: Place,
    account: Option<AccountId>,
    user_name: Place,
}

/// A stretch of the text; empty for what is not there.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    end: u32,
}

impl Kept {
    /// The `userIdentity` at the start of `text`, when it is one of these, and its length.
    pub(super) fn find<'a>(&self, hash: u64, text: &'a str) -> Option<(usize, UserIdentity<'a>)> {
        let known = self.0.get(place(hash))?.as_ref()?;
        text.starts_with(&*known.text).then(|| (known.text.len(), known.identity(text)))
    }

    /// Keeps a caller with its text, unless something in it is not as the text has it.
    pub(super) fn keep(&mut self, hash: u64, text: &str, identity: &UserIdentity<'_>) {
        if text.len() > TEXT_BYTES_MAX {
            return;
        }
        let Some(known) = Known::new(text, identity) else { return };
        if self.0.is_empty() {
            self.0.resize(KEPT_MAX, None);
        }
        if let Some(place) = self.0.get_mut(place(hash)) {
            *place = Some(known);
        }
    }
}

fn place(hash: u64) -> usize {
    usize::try_from(hash >> 32).unwrap_or_default() % KEPT_MAX
}

impl Known {
    fn new(text: &str, identity: &UserIdentity<'_>) -> Option<Self> {
        let place = |part: &Cow<'_, str>| Place::of(part, text);
        let issuer = match &identity.issuer {
            Some(issuer) => Some(Issuer {
                kind: place(&issuer.kind)?,
                principal_id: place(&issuer.principal_id)?,
                arn: place(&issuer.arn)?,
                account: issuer.account,
                user_name: place(&issuer.user_name)?,
            }),
            None => None,
        };
        Some(Self {
            text: text.into(),
            number: identity.number,
            kind: place(&identity.kind)?,
            principal_id: place(&identity.principal_id)?,
            arn: place(&identity.arn)?,
            account: identity.account,
            access_key_id: place(&identity.access_key_id)?,
            user_name: place(&identity.user_name)?,
            invoked_by: place(&identity.invoked_by)?,
            issuer,
            mfa: identity.mfa,
            source_identity: place(&identity.source_identity)?,
            on_behalf_of: place(&identity.on_behalf_of)?,
        })
    }

    /// The caller, borrowed from another text that starts with the same bytes.
    fn identity<'a>(&self, text: &'a str) -> UserIdentity<'a> {
        let part = |place: Place| place.in_text(text);
        let issuer = self.issuer.as_ref().map(|issuer| SessionIssuer {
            kind: part(issuer.kind),
            principal_id: part(issuer.principal_id),
            arn: part(issuer.arn),
            account: issuer.account,
            user_name: part(issuer.user_name),
        });
        UserIdentity {
            kind: part(self.kind),
            principal_id: part(self.principal_id),
            arn: part(self.arn),
            account: self.account,
            access_key_id: part(self.access_key_id),
            user_name: part(self.user_name),
            invoked_by: part(self.invoked_by),
            issuer,
            mfa: self.mfa,
            source_identity: part(self.source_identity),
            on_behalf_of: part(self.on_behalf_of),
            number: self.number,
        }
    }
}

impl Place {
    /// Where a part of the text stands; `None` for a copy of one, whose escapes were undone.
    fn of(part: &Cow<'_, str>, text: &str) -> Option<Self> {
        if part.is_empty() {
            return Some(Self { start: 0, end: 0 });
        }
        let Cow::Borrowed(part) = part else { return None };
        let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        let end = start + part.len();
        (text.get(start..end)? == *part).then_some(())?;
        Some(Self { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
    }

    fn in_text(self, text: &str) -> Cow<'_, str> {
        let range = self.start as usize..self.end as usize;
        Cow::Borrowed(text.get(range).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::record::Draft;
    use super::super::Callers;
    use super::Kept;
    use crate::trail::scan::Cursor;

    const ROLE: &str = r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:é","arn":"arn:aws:sts::111122223333:assumed-role/r/é","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/r","accountId":"111122223333","userName":"r"},"sourceIdentity":"s","attributes":{"mfaAuthenticated":"true"}},"invokedBy":"athena.amazonaws.com","onBehalfOf":{"userId":"u"}}"#;

    /// What is read of a caller, its number left out, and whether it had been kept.
    fn read(text: &str, kept: &mut Kept) -> (String, bool) {
        let mut callers = Callers { kept: std::mem::take(kept), ..Callers::default() };
        let hash = callers.hash(text);
        let was_kept = callers.kept.find(hash, text).is_some();
        let mut draft = Draft::default();
        draft.caller(&mut Cursor::new(text), &mut callers).unwrap();
        *kept = callers.kept;
        draft.event.identity.number = None;
        (format!("{:?}", draft.event.identity), was_kept)
    }

    #[test]
    fn a_kept_caller_is_the_one_that_was_read() {
        let user = r#"{"type":"IAMUser","principalId":"AIDAEXAMPLE","userName":"u"}"#;
        let service = r#"{"type":"AWSService","invokedBy":"config.amazonaws.com"}"#;
        let alike = ROLE.replace("athena", "glue");
        for text in [ROLE, user, service, &alike, "{}"] {
            let mut kept = Kept::default();
            let (first, was_kept) = read(text, &mut kept);
            assert!(!was_kept);
            let elsewhere = format!("{text},\"eventTime\":");
            assert_eq!(read(&elsewhere, &mut kept), (first.clone(), true), "{text}");
            let other = text.replacen("e", "f", 1);
            if other.len() > 2 && !other.contains("typf") {
                assert_ne!(read(&other, &mut kept).0, first);
            }
        }
        let mut kept = Kept::default();
        read(ROLE, &mut kept);
        assert_ne!(read(&alike, &mut kept).0, read(ROLE, &mut kept).0);
    }

    #[test]
    fn a_caller_with_escapes_is_read_every_time() {
        let mut kept = Kept::default();
        let escaped = ROLE.replace("/r/é", r"/r/\u00e9");
        for _ in 0..2 {
            let (found, was_kept) = read(&escaped, &mut kept);
            assert!(found.contains("/r/é") && !was_kept);
        }
    }
}
