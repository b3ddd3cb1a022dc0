//! `userIdentity`: which of its members are read, and where their values go.

use super::record::{Word, flag, object, skip};
use crate::iam::AccountId;
use crate::trail::event::{SessionIssuer, UserIdentity};
use crate::trail::scan::{Cursor, Fault};
use std::borrow::Cow;

/// `userIdentity` or an object inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Identity,
    /// `sessionContext`.
    Session,
    /// `sessionContext.attributes`.
    Attributes,
    /// `sessionContext.sessionIssuer`.
    Issuer,
    /// `onBehalfOf`.
    OnBehalfOf,
}

/// A member that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Caller(CallerPart),
    Issuer(IssuerPart),
    Inside(Level),
}

/// A field of [`UserIdentity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallerPart {
    Kind,
    PrincipalId,
    Arn,
    Account,
    AccessKeyId,
    UserName,
    InvokedBy,
    Mfa,
    SourceIdentity,
    OnBehalfOf,
}

/// A field of [`SessionIssuer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IssuerPart {
    Kind,
    PrincipalId,
    Arn,
    Account,
    UserName,
}

impl Level {
    /// What the member with this name is; `None` when nobody reads it.
    pub(super) fn part(self, name: &str) -> Option<Part> {
        Some(match (self, name) {
            (Self::Identity, "type") => Part::Caller(CallerPart::Kind),
            (Self::Identity, "principalId") => Part::Caller(CallerPart::PrincipalId),
            (Self::Identity, "arn") => Part::Caller(CallerPart::Arn),
            (Self::Identity, "accountId") => Part::Caller(CallerPart::Account),
            (Self::Identity, "accessKeyId") => Part::Caller(CallerPart::AccessKeyId),
            (Self::Identity, "userName") => Part::Caller(CallerPart::UserName),
            (Self::Identity, "invokedBy") => Part::Caller(CallerPart::InvokedBy),
            (Self::Identity, "sessionContext") => Part::Inside(Self::Session),
            (Self::Identity, "onBehalfOf") => Part::Inside(Self::OnBehalfOf),
            (Self::Session, "sessionIssuer") => Part::Inside(Self::Issuer),
            (Self::Session, "attributes") => Part::Inside(Self::Attributes),
            (Self::Session, "sourceIdentity") => Part::Caller(CallerPart::SourceIdentity),
            (Self::Attributes, "mfaAuthenticated") => Part::Caller(CallerPart::Mfa),
            (Self::Issuer, "type") => Part::Issuer(IssuerPart::Kind),
            (Self::Issuer, "principalId") => Part::Issuer(IssuerPart::PrincipalId),
            (Self::Issuer, "arn") => Part::Issuer(IssuerPart::Arn),
            (Self::Issuer, "accountId") => Part::Issuer(IssuerPart::Account),
            (Self::Issuer, "userName") => Part::Issuer(IssuerPart::UserName),
            (Self::OnBehalfOf, "userId") => Part::Caller(CallerPart::OnBehalfOf),
            _ => return None,
        })
    }

    /// Forgets what an earlier object under the same name said.
    fn begin(self, identity: &mut UserIdentity<'_>) {
        match self {
            Self::Identity => {}
            Self::Session => {
                identity.issuer = None;
                identity.mfa = None;
                identity.source_identity = Cow::Borrowed("");
            }
            Self::Attributes => identity.mfa = None,
            Self::Issuer => identity.issuer = Some(SessionIssuer::default()),
            Self::OnBehalfOf => identity.on_behalf_of = Cow::Borrowed(""),
        }
    }
}

impl CallerPart {
    #[inline]
    pub(super) fn put<'a>(self, text: Cow<'a, str>, identity: &mut UserIdentity<'a>) {
        match self {
            Self::Kind => identity.kind = text,
            Self::PrincipalId => identity.principal_id = text,
            Self::Arn => identity.arn = text,
            Self::Account => identity.account = AccountId::parse(&text),
            Self::AccessKeyId => identity.access_key_id = text,
            Self::UserName => identity.user_name = text,
            Self::InvokedBy => identity.invoked_by = text,
            Self::Mfa => identity.mfa = flag(&text),
            Self::SourceIdentity => identity.source_identity = text,
            Self::OnBehalfOf => identity.on_behalf_of = text,
        }
    }

    /// What the value means, when it is one of few words.
    pub(super) fn word(self, text: &str) -> Option<Word> {
        (self == Self::Mfa).then(|| Word::Mfa(flag(text)))
    }
}

impl IssuerPart {
    #[inline]
    pub(super) fn put<'a>(self, text: Cow<'a, str>, issuer: &mut SessionIssuer<'a>) {
        match self {
            Self::Kind => issuer.kind = text,
            Self::PrincipalId => issuer.principal_id = text,
            Self::Arn => issuer.arn = text,
            Self::Account => issuer.account = AccountId::parse(&text),
            Self::UserName => issuer.user_name = text,
        }
    }
}

/// The `userIdentity` whose `{` is at the cursor.
pub(super) fn user_identity<'a>(cursor: &mut Cursor<'a>) -> Result<UserIdentity<'a>, Fault> {
    let mut identity = UserIdentity::default();
    read(Level::Identity, cursor, &mut identity)?;
    Ok(identity)
}

fn read<'a>(level: Level, cursor: &mut Cursor<'a>, identity: &mut UserIdentity<'a>) -> Result<(), Fault> {
    level.begin(identity);
    object(cursor, |name, cursor| {
        match level.part(name) {
            Some(Part::Caller(part)) => part.put(cursor.text()?, identity),
            Some(Part::Issuer(part)) => {
                part.put(cursor.text()?, identity.issuer.get_or_insert_default());
            }
            Some(Part::Inside(level)) => read(level, cursor, identity)?,
            None => skip(cursor)?,
        }
        Ok(())
    })?;
    if level == Level::Issuer {
        identity.issuer.take_if(|issuer| !is_issuer(issuer));
    }
    Ok(())
}

/// Does the object name anybody?
pub(super) fn is_issuer(issuer: &SessionIssuer<'_>) -> bool {
    !(issuer.kind.is_empty() && issuer.principal_id.is_empty() && issuer.arn.is_empty())
}
