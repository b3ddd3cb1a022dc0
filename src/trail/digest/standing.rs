//! What a digest file or log file turned out to be. Only *valid* is proof; *unverified* is not evidence of
//! anything, in either direction.

use std::fmt;

/// The result for one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is what `CloudTrail` delivered, byte for byte.
    Valid,
    /// It is not what `CloudTrail` delivered, or is not there any more.
    Invalid(Fault),
    /// Nothing here proves it, and nothing refutes it.
    Unverified(Doubt),
}

/// Why a file is invalid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A digest file names it, and no such file is in the folders.
    NotFound,
    /// The content cannot be what was hashed: damaged, cut, bytes behind the end, or no digest file.
    Format(String),
    /// The content has another hash than the digest file says.
    HashDiffers,
    /// Name or folder are not those that are signed.
    Moved,
    /// The signature does not belong to this content.
    SignatureFailed,
    /// None of the given public keys has the fingerprint that the digest file names.
    UnknownKey(String),
}

/// Why a file is unverified.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// No public keys were given.
    NoKeys,
    /// The signature of the newest digest file is metadata of the object in S3 alone.
    NoSignature,
    /// The digest file that names this log file is unverified.
    DigestUnverified,
    /// No digest file names this log file, or only invalid ones.
    NotListed,
    /// The file could not be read.
    Unreadable(String),
}

impl Standing {
    /// The word for reports and JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid(_) => "invalid",
            Self::Unverified(_) => "unverified",
        }
    }

    /// The word for JSON of why it is not valid.
    pub fn reason(&self) -> Option<&'static str> {
        Some(match self {
            Self::Valid => return None,
            Self::Invalid(fault) => match fault {
                Fault::NotFound => "not_found",
                Fault::Format(_) => "format",
                Fault::HashDiffers => "hash_differs",
                Fault::Moved => "moved",
                Fault::SignatureFailed => "signature_failed",
                Fault::UnknownKey(_) => "unknown_key",
            },
            Self::Unverified(doubt) => match doubt {
                Doubt::NoKeys => "no_keys",
                Doubt::NoSignature => "no_signature",
                Doubt::DigestUnverified => "digest_unverified",
                Doubt::NotListed => "not_listed",
                Doubt::Unreadable(_) => "unreadable",
            },
        })
    }
}

impl fmt::Display for Standing {
    /// `valid`, `INVALID: not found`, `not verified: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => f.write_str("valid"),
            Self::Invalid(fault) => write!(f, "INVALID: {fault}"),
            Self::Unverified(doubt) => write!(f, "not verified: {doubt}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Format(why) => write!(f, "invalid format: {why}"),
            Self::HashDiffers => f.write_str("hash value doesn't match"),
            Self::Moved => f.write_str("has been moved from its original location"),
            Self::SignatureFailed => f.write_str("signature verification failed"),
            Self::UnknownKey(fingerprint) => write!(f, "no public key with the fingerprint {fingerprint}"),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeys => f.write_str("no public keys were given"),
            Self::NoSignature => f.write_str("its signature is not in these files"),
            Self::DigestUnverified => f.write_str("the digest file that names it is not verified"),
            Self::NotListed => f.write_str("no valid digest file names it"),
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
        }
    }
}
