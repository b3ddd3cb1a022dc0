//! Logs in S3: `s3://bucket[/prefix]`, read-only. Listing and fetching are done by threads of their own, so
//! that the network and the decoding keep each other busy; no type of the AWS SDK leaves this module.

mod bucket;
mod plan;
mod shelf;
mod walk;

use super::aws;
use super::aws::effort::Effort;
use super::open::{OpenError, Request, is_remote, shown, split};
use super::{Listing, LogObject, LogSource, SourceError};
use crate::escape;
use crate::sha256::Sha256;
use crate::trail::digest::METADATA_END;
use crate::trail::log_file::{LogFile, LogFileKind};
use bucket::{Bucket, Settings};
use shelf::Shelf;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;
use walk::Walk;

/// Bytes that are fetched ahead of the decoding, unless the user says otherwise, in MiB.
const PREFETCH_MIB: u64 = 64;

/// How often a damaged object is fetched again, at most.
const REREADS_MAX: usize = 5;

/// Places in S3.
#[derive(Debug)]
pub(super) struct S3Source {
    places: Vec<String>,
    walk: Walk,
    reach: Arc<Reach>,
    /// Always there; taken when the source is dropped, because a name that is being looked up would hold up
    /// the end of the program.
    runtime: Option<Runtime>,
}

/// What fetching needs, on any thread.
#[derive(Debug)]
struct Reach {
    buckets: BTreeMap<String, Arc<Bucket>>,
    effort: Arc<Effort>,
    shelf: Arc<Shelf>,
}

impl S3Source {
    /// Places `s3://bucket/prefix`. Errors: a place without a bucket, no credentials, a role that cannot be
    /// assumed.
    pub(super) fn open(places: &[PathBuf], request: &Request) -> Result<Self, OpenError> {
        let mut names = Vec::with_capacity(places.len());
        for place in places {
            let name = place.to_str().filter(|name| split(name).is_some());
            names.push(name.ok_or_else(|| OpenError::NoBucket(shown(place)))?.to_owned());
        }
        let runtime = aws::runtime()?;
        let config = runtime.block_on(aws::session(&request.aws))?;
        let settings = Settings {
            config,
            endpoint_url: request.aws.endpoint_url.clone(),
            requester_pays: request.aws.requester_pays,
        };
        let of = |name: &String| {
            let (bucket, _) = split(name)?;
            Some((bucket.to_owned(), Arc::new(Bucket::new(bucket.to_owned(), settings.clone()))))
        };
        // A client starts with its runtime.
        let guard = runtime.enter();
        let buckets: BTreeMap<String, Arc<Bucket>> = names.iter().filter_map(of).collect();
        drop(guard);
        let bytes = request.aws.prefetch_mib.unwrap_or(PREFETCH_MIB).saturating_mul(1 << 20);
        Ok(Self {
            places: names,
            walk: Walk { buckets: buckets.clone(), window: request.window, digests: request.digests },
            reach: Arc::new(Reach {
                buckets,
                effort: Arc::new(Effort::new()),
                shelf: Arc::new(Shelf::new(bytes)),
            }),
            runtime: Some(runtime),
        })
    }

    /// Fetches an object now, on this thread.
    fn fetch(&self, object: &LogObject) -> Result<Vec<u8>, SourceError> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(self.reach.fetch(object)),
            None => Err(refused(&object.name, "the source is closed")),
        }
    }
}

impl Drop for S3Source {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl LogSource for S3Source {
    fn list(&self) -> Listing {
        let Some(runtime) = &self.runtime else { return Listing::default() };
        let mut listing = runtime.block_on(self.walk.list(&self.places, &self.reach.effort));
        let beside: Vec<LogObject> = listing
            .digests
            .iter()
            .filter(|object| !object.name.ends_with(METADATA_END))
            .map(|object| LogObject {
                name: format!("{}{METADATA_END}", object.name),
                size: object.size,
                named: false,
                etag: object.etag.clone(),
                location: OsString::new(),
            })
            .collect();
        listing.digests.extend(beside);
        listing.sorted()
    }

    fn read(&self, object: &LogObject, into: &mut Vec<u8>) -> Result<(), SourceError> {
        into.clear();
        *into = match self.reach.shelf.take(&object.name) {
            Some(fetched) => fetched?,
            None => self.fetch(object)?,
        };
        Ok(())
    }

    fn prefetch(&self, order: &Arc<Vec<LogObject>>) {
        let Some(runtime) = &self.runtime else { return };
        self.reach.shelf.begin();
        runtime.spawn(fill(Arc::clone(&self.reach), Arc::clone(order)));
    }

    fn read_again(&self, object: &LogObject, into: &mut Vec<u8>) {
        let mut seen = vec![Sha256::of(into)];
        for _ in 0..REREADS_MAX {
            let Ok(bytes) = self.fetch(object) else { break };
            let hash = Sha256::of(&bytes);
            *into = bytes;
            // The same bytes twice: they are stored like that.
            if seen.contains(&hash) {
                break;
            }
            seen.push(hash);
        }
    }
}

/// Fetches the objects of an order onto the shelf, as room becomes free.
async fn fill(reach: Arc<Reach>, order: Arc<Vec<LogObject>>) {
    for at in 0..order.len() {
        let Some(object) = order.get(at).filter(|object| is_remote(object.location())) else { continue };
        let Some(room) = reach.shelf.room(object.size).await else { break };
        let Some(promise) = reach.shelf.promise(&object.name, room) else { continue };
        let (reach, order) = (Arc::clone(&reach), Arc::clone(&order));
        tokio::spawn(async move {
            if let Some(object) = order.get(at) {
                promise.keep(reach.fetch(object).await);
            }
        });
    }
    reach.shelf.end();
}

impl Reach {
    /// Fetches an object, repeating what may pass. The metadata of a digest file, which hold its signature,
    /// are read as the file beside it that `aws s3api head-object` would have made.
    async fn fetch(&self, object: &LogObject) -> Result<Vec<u8>, SourceError> {
        let name = &object.name;
        let found = split(name).and_then(|(bucket, key)| Some((self.buckets.get(bucket)?, key)));
        let (bucket, key) = found.ok_or_else(|| refused(name, "not a bucket that was opened"))?;
        let digest = key.strip_suffix(METADATA_END);
        let digest = digest.filter(|key| LogFile::from_name(key).kind == LogFileKind::Digest);
        let content = bucket.content(digest.unwrap_or(key), object, &self.effort).await;
        let content = content.map_err(|why| refused(name, &why))?;
        if digest.is_none() {
            return Ok(content.bytes);
        }
        let pair =
            |(key, value): (&String, &String)| format!("{}: {}", escape::quoted(key), escape::quoted(value));
        let pairs: Vec<String> = content.metadata.iter().map(pair).collect();
        Ok(format!("{{\"Metadata\": {{{}}}}}", pairs.join(", ")).into_bytes())
    }
}

fn refused(name: &str, why: &str) -> SourceError {
    SourceError::Refused { name: name.to_owned(), why: why.to_owned() }
}
