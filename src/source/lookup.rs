//! Management events of the last 90 days without any trail: `lookup-events:`, the operation `LookupEvents`,
//! region by region. What was asked for once can be kept in a folder, and the next run goes on from there.

mod ask;
mod pages;

use super::aws;
use super::dir::DirSource;
use super::open::{LOOKUP, OpenError, Request, Window};
use super::{Listing, LogObject, LogSource, SourceError};
use crate::iam::AccountId;
use crate::time::{DAY_SECONDS, Timestamp};
use crate::trail::{Problem, ProblemKind};
use ask::Region;
use aws_config::SdkConfig;
use pages::Pages;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// How far back events can be looked up, in days ("`LookupEvents`", `CloudTrail` API reference, 2026-11).
const DAYS_MAX: i64 = 90;

/// The regions that every account has: default regions cannot be disabled, all others must be enabled ("Enable
/// or disable AWS Regions in your account", Account Management reference guide, read 2026-11-22). The names
/// are from knowledge, not from that page. A wrong one is safe: a region that refuses is one not looked at.
const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The same in other partitions, found by the beginning of the configured region.
const REGIONS_ELSEWHERE: [(&str, &[&str]); 2] =
    [("us-gov-", &["us-gov-east-1", "us-gov-west-1"]), ("cn-", &["cn-north-1", "cn-northwest-1"])];

/// Events of one account that are looked up.
#[derive(Debug)]
pub(super) struct LookupSource {
    config: SdkConfig,
    endpoint_url: Option<String>,
    regions: Vec<String>,
    attribute: Option<(String, String)>,
    cache: Option<PathBuf>,
    window: Window,
    runtime: Option<Runtime>,
    /// Pages that are kept in memory, compressed, by name.
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl LookupSource {
    /// Errors: no credentials, a role that cannot be assumed.
    pub(super) fn open(request: &Request) -> Result<Self, OpenError> {
        let runtime = aws::runtime()?;
        let config = runtime.block_on(aws::session(&request.aws))?;
        let lookup = &request.lookup;
        let regions = if lookup.regions.is_empty() {
            let own = config.region().map(ToString::to_string).unwrap_or_default();
            let elsewhere = REGIONS_ELSEWHERE.iter().find(|(start, _)| own.starts_with(start));
            let regions = elsewhere.map_or(&REGIONS[..], |(_, regions)| regions);
            regions.iter().map(ToString::to_string).collect()
        } else {
            let mut regions = lookup.regions.clone();
            regions.sort();
            regions.dedup();
            regions
        };
        Ok(Self {
            config,
            endpoint_url: request.aws.endpoint_url.clone(),
            regions,
            attribute: lookup.attribute.clone(),
            cache: lookup.cache.clone(),
            window: request.window,
            runtime: Some(runtime),
            kept: Mutex::default(),
        })
    }

    /// First and last second that are asked for.
    fn span(&self) -> (Timestamp, Timestamp) {
        let now = self.window.now;
        let first = now.plus_seconds(-DAYS_MAX * DAY_SECONDS);
        let from = self.window.from.map_or(first, |from| from.max(first));
        (from, self.window.to.map_or(now, |to| to.plus_seconds(-1).min(now)))
    }

    async fn look_up(&self) -> Listing {
        let mut listing = Listing::default();
        let account = match ask::account(&self.config, self.endpoint_url.as_deref()).await {
            Ok(account) => account,
            Err(why) => {
                listing.problems.push(unlisted(LOOKUP.to_owned(), &why));
                return listing;
            }
        };
        let mut running = JoinSet::new();
        for name in &self.regions {
            let region =
                Region::new(&self.config, name, self.endpoint_url.as_deref(), self.attribute.clone());
            let pages = Pages::open(self.cache.as_deref(), account, name, self.window.now);
            let (span, name) = (self.span(), name.clone());
            running.spawn(async move {
                let (pages, why) = match pages {
                    Ok(mut pages) => {
                        let answer = region.look_up(span, &mut pages).await;
                        (Some(pages), answer.err())
                    }
                    Err(error) => (None, Some(error)),
                };
                (name, pages, why)
            });
        }
        while let Some(done) = running.join_next().await {
            match done {
                Ok((name, pages, why)) => {
                    listing = self.add(listing, pages);
                    let problem = why.map(|why| unlisted(format!("{LOOKUP}{name}"), &why));
                    listing.problems.extend(problem);
                }
                Err(lost) => listing.problems.push(unlisted(LOOKUP.to_owned(), &lost.to_string())),
            }
        }
        if let Some((key, value)) = &self.attribute {
            let why = format!("only events with {key}={value} were asked for: silence proves nothing");
            listing.problems.push(unlisted(LOOKUP.to_owned(), &why));
        }
        listing.sorted()
    }

    /// What one region gave: files of the cache, or pages in memory.
    fn add(&self, mut listing: Listing, pages: Option<Pages>) -> Listing {
        match pages.map(Pages::close) {
            None | Some(pages::Closed::Nothing) => listing,
            Some(pages::Closed::Folder(folder)) => listing.with(DirSource::new([folder]).list()),
            Some(pages::Closed::Memory(pages)) => {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                for (name, bytes) in pages {
                    let (size, location) = (bytes.len() as u64, OsString::new());
                    listing.objects.push(LogObject {
                        name: name.clone(),
                        size,
                        named: true,
                        etag: None,
                        location,
                    });
                    kept.insert(name, bytes);
                }
                listing
            }
        }
    }
}

impl LogSource for LookupSource {
    fn list(&self) -> Listing {
        let Some(runtime) = &self.runtime else { return Listing::default() };
        runtime.block_on(self.look_up())
    }

    fn read(&self, object: &LogObject, into: &mut Vec<u8>) -> Result<(), SourceError> {
        into.clear();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = kept.get(&object.name).ok_or_else(|| SourceError::Refused {
            name: object.name.clone(),
            why: "this page was never looked up".to_owned(),
        })?;
        into.extend_from_slice(bytes);
        Ok(())
    }
}

impl Drop for LookupSource {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn unlisted(file: String, why: &str) -> Problem {
    Problem { file, record: None, kind: ProblemKind::Unlisted, message: format!("not looked up: {why}") }
}

/// What pages are called: as log files are, below the account, the region and the day.
fn folder_of(account: AccountId, region: &str) -> String {
    format!("AWSLogs/{account}/CloudTrail/{region}")
}
