//! Opens what the user named: files and folders of this machine, and places in AWS, mixed as they like.

use super::dir::DirSource;
use super::{Listing, LogObject, LogSource, SourceError};
use crate::escape;
use crate::time::Timestamp;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How places in S3 begin.
const S3: &str = "s3://";

/// What stands for the events that `CloudTrail` keeps without a trail.
pub const LOOKUP: &str = "lookup-events:";

/// What to open, and how.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Files, folders, `-`, `s3://bucket/prefix`, and [`LOOKUP`].
    pub paths: Vec<PathBuf>,
    /// List digest files too, apart from the logs.
    pub digests: bool,
    /// The time that is asked for. Where a tree is kept by days, days outside are not even listed; a caller
    /// must still leave out events of other times.
    pub window: Window,
    /// How AWS is reached.
    pub aws: AwsOptions,
    /// What is looked up.
    pub lookup: LookupOptions,
}

/// A span of time, open where an end is not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// The present: nothing was delivered later.
    pub now: Timestamp,
}

/// How AWS is reached. What is not given comes from the environment and the shared configuration files, as
/// for the aws CLI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsOptions {
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// The region that is asked first.
    pub region: Option<String>,
    /// Another endpoint than AWS's own; its buckets are part of the path, not of the host name.
    pub endpoint_url: Option<String>,
    /// A role to assume first.
    pub role_arn: Option<String>,
    /// The requester, not the bucket's owner, pays.
    pub requester_pays: bool,
    /// The most bytes that are fetched ahead of the decoding, in MiB; `None` for the default.
    pub prefetch_mib: Option<u64>,
}

/// What is looked up where [`LOOKUP`] is among the paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookupOptions {
    /// Only these regions; none for those that every account has.
    pub regions: Vec<String>,
    /// Only events with this value of this attribute.
    pub attribute: Option<(String, String)>,
    /// A folder that keeps what was looked up.
    pub cache: Option<PathBuf>,
}

/// Why a source could not be opened at all. Two lines: what is wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The build lacks what the place needs.
    #[error(
        "{0} is in AWS, and this build reads only files and folders\nhint: build it with `--features aws`"
    )]
    NotBuilt(String),
    /// A lookup is named by its word alone.
    #[error("{0} is no place\nhint: `lookup-events:`, and --regions for some regions only")]
    NoLookup(String),
    /// No bucket can have this name.
    #[error("{0} names no bucket\nhint: s3://bucket/prefix")]
    NoBucket(String),
    /// Nobody says who is asking.
    #[error(
        "no AWS credentials: {0}\nhint: --profile NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws sso login`"
    )]
    NoCredentials(String),
    /// The role cannot be assumed.
    #[error(
        "cannot assume the role {role}: {why}\nhint: its trust policy and your own must allow sts:AssumeRole"
    )]
    NoRole {
        /// The role.
        role: String,
        /// What the service answered.
        why: String,
    },
    /// The system refused threads or the like.
    #[error("cannot start the network: {0}")]
    System(#[from] std::io::Error),
}

/// Sources that are read as one. Made by [`open`].
#[derive(Debug)]
pub struct Opened {
    here: DirSource,
    #[cfg(feature = "aws")]
    s3: Option<super::s3::S3Source>,
    #[cfg(feature = "aws")]
    lookup: Option<super::lookup::LookupSource>,
}

/// Opens the sources of a request. Nothing is listed yet; of AWS only the credentials are asked for.
pub fn open(request: &Request) -> Result<Opened, OpenError> {
    let (remote, here): (Vec<PathBuf>, Vec<PathBuf>) =
        request.paths.iter().cloned().partition(|path| is_remote(path.as_os_str()) || is_lookup(path));
    let mut source = DirSource::new(here);
    if request.digests {
        source = source.with_digests();
    }
    #[cfg(not(feature = "aws"))]
    if let Some(path) = remote.first() {
        return Err(OpenError::NotBuilt(shown(path)));
    }
    #[cfg(feature = "aws")]
    let (lookups, buckets): (Vec<PathBuf>, Vec<PathBuf>) =
        remote.into_iter().partition(|path| is_lookup(path));
    Ok(Opened {
        here: source,
        #[cfg(feature = "aws")]
        s3: if buckets.is_empty() { None } else { Some(super::s3::S3Source::open(&buckets, request)?) },
        #[cfg(feature = "aws")]
        lookup: match lookups.iter().find(|path| path.as_os_str() != LOOKUP) {
            Some(path) => return Err(OpenError::NoLookup(shown(path))),
            None if lookups.is_empty() => None,
            None => Some(super::lookup::LookupSource::open(request)?),
        },
    })
}

impl Opened {
    /// The source of an object.
    fn of(&self, object: &LogObject) -> &dyn LogSource {
        #[cfg(feature = "aws")]
        {
            if let (Some(s3), true) = (&self.s3, is_remote(object.location())) {
                return s3;
            }
            if let (Some(lookup), true) = (&self.lookup, is_lookup(Path::new(object.location()))) {
                return lookup;
            }
        }
        #[cfg(not(feature = "aws"))]
        let _ = object;
        &self.here
    }
}

impl LogSource for Opened {
    fn list(&self) -> Listing {
        let listing = self.here.list();
        #[cfg(feature = "aws")]
        let listing = {
            let s3 = self.s3.as_ref().map(LogSource::list).unwrap_or_default();
            let lookup = self.lookup.as_ref().map(LogSource::list).unwrap_or_default();
            listing.with(s3).with(lookup)
        };
        listing
    }

    fn read(&self, object: &LogObject, into: &mut Vec<u8>) -> Result<(), SourceError> {
        self.of(object).read(object, into)
    }

    fn prefetch(&self, order: &Arc<Vec<LogObject>>) {
        #[cfg(feature = "aws")]
        if let Some(s3) = &self.s3 {
            s3.prefetch(order);
        }
        self.here.prefetch(order);
    }

    fn read_again(&self, object: &LogObject, into: &mut Vec<u8>) {
        self.of(object).read_again(object, into);
    }
}

/// Does a path stand for a lookup? A file of such a name can be given as `./lookup-events:`.
pub fn is_lookup(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().starts_with(LOOKUP.as_bytes())
}

/// Is it a place in S3? Paths of this machine are opened by their true names, which never look like one.
pub(super) fn is_remote(location: &OsStr) -> bool {
    location.as_encoded_bytes().starts_with(S3.as_bytes())
}

/// Bucket and key, or prefix, of a name `s3://bucket/key`.
#[cfg(feature = "aws")]
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix(S3)?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, key))
}

/// A path for a message.
pub(super) fn shown(path: &Path) -> String {
    format!("`{}`", escape::terminal(&path.display().to_string()))
}
