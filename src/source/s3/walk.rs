//! Lists what the user named in S3: folders side by side, days of busy regions side by side.

use super::bucket::{Bucket, Listed, Page, Query};
use super::plan::{self, Folder, Stretch};
use crate::source::aws::effort::Effort;
use crate::source::open::{Window, split};
use crate::source::{Listing, LogObject, may_be_log};
use crate::trail::{Problem, ProblemKind};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The deepest folder below one that the user named, in levels.
const FOLDER_LEVELS_MAX: usize = 64;

/// Listings under way; how many of them ask at once is decided by [`Effort`].
const TASKS_MAX: usize = 256;

/// What is to be listed, and how.
#[derive(Debug)]
pub(super) struct Walk {
    /// Buckets by name.
    pub(super) buckets: BTreeMap<String, Arc<Bucket>>,
    /// The time that is asked for.
    pub(super) window: Window,
    /// Digest files too.
    pub(super) digests: bool,
}

/// One request for a page.
#[derive(Clone, Debug)]
struct Task {
    bucket: Arc<str>,
    /// Levels below what the user named.
    level: usize,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// The very object, or else a folder, or the other way round.
    Object { key: String, then_folder: bool },
    /// What lies in a folder, and its folders.
    Folder { prefix: String, next: Option<String> },
    /// All keys of a range.
    Stretch(Stretch),
}

impl Task {
    fn query(&self) -> Query {
        match &self.what {
            What::Object { key, .. } => Query { prefix: key.clone(), one: true, ..Query::default() },
            What::Folder { prefix, next } => {
                Query { prefix: prefix.clone(), next: next.clone(), folders: true, ..Query::default() }
            }
            What::Stretch(stretch) => Query {
                prefix: stretch.prefix.clone(),
                after: Some(stretch.after.clone()),
                ..Query::default()
            },
        }
    }

    /// The place for a message.
    fn shown(&self) -> String {
        let (What::Object { key: prefix, .. }
        | What::Folder { prefix, .. }
        | What::Stretch(Stretch { prefix, .. })) = &self.what;
        format!("s3://{}/{prefix}", self.bucket)
    }
}

impl Walk {
    /// Lists every place, each a name `s3://bucket/prefix`.
    pub(super) async fn list(&self, places: &[String], effort: &Arc<Effort>) -> Listing {
        let mut listing = Listing::default();
        for place in places {
            let mut found = Listing::default();
            self.list_place(place, effort, &mut found).await;
            listing = listing.with(found);
        }
        listing
    }

    async fn list_place(&self, place: &str, effort: &Arc<Effort>, listing: &mut Listing) {
        let Some((bucket, key)) = split(place) else { return };
        let start = |what| Task { bucket: bucket.into(), level: 0, what };
        let is_object = !key.is_empty() && !key.ends_with('/') && may_be_log(key);
        let first = if is_object {
            Some(What::Object { key: key.to_owned(), then_folder: true })
        } else {
            self.folder(&with_slash(key))
        };
        if let Some(first) = first {
            self.run(start(first), effort, listing).await;
        }
        let nothing = |listing: &Listing| listing.found() == 0 && listing.problems.is_empty();
        if nothing(listing) && !is_object && !key.is_empty() && !key.ends_with('/') {
            self.run(start(What::Object { key: key.to_owned(), then_folder: false }), effort, listing).await;
        }
        if nothing(listing) {
            let days = self.window.from.is_some() || self.window.to.is_some();
            let message = if days { "no log file of these days".to_owned() } else { listing.empty() };
            let kind = ProblemKind::NotALog;
            listing.problems.push(Problem { file: place.to_owned(), record: None, kind, message });
        }
    }

    /// Works until nothing is left to list.
    async fn run(&self, first: Task, effort: &Arc<Effort>, listing: &mut Listing) {
        let mut open = vec![first];
        let mut running = JoinSet::new();
        loop {
            while running.len() < TASKS_MAX
                && let Some(task) = open.pop()
            {
                let Some(bucket) = self.buckets.get(&*task.bucket).map(Arc::clone) else { continue };
                let effort = Arc::clone(effort);
                running.spawn(async move {
                    let page = bucket.page(&task.query(), &effort).await;
                    (task, page)
                });
            }
            match running.join_next().await {
                None => return,
                Some(Ok((task, Ok(page)))) => self.take(&task, page, listing, &mut open),
                Some(Ok((task, Err(why)))) => failed(&task, &why, listing),
                Some(Err(lost)) => listing.problems.push(Problem {
                    file: "s3://".to_owned(),
                    record: None,
                    kind: ProblemKind::Unlisted,
                    message: format!("a listing was lost: {lost}"),
                }),
            }
        }
    }

    /// Adds a page, and what is to be listed because of it.
    fn take(&self, task: &Task, page: Page, listing: &mut Listing, open: &mut Vec<Task>) {
        let name = |key: &str| ["s3://", &task.bucket, "/", key].concat();
        let mut push = |level, what: Option<What>| {
            open.extend(what.map(|what| Task { bucket: Arc::clone(&task.bucket), level, what }));
        };
        match &task.what {
            What::Object { key, then_folder } => {
                match page.objects.into_iter().find(|found| found.key == *key) {
                    Some(found) => listing.objects.push(object(name(key), found.size, found.etag, true)),
                    None if *then_folder => push(0, self.folder(&with_slash(key))),
                    None => {}
                }
            }
            What::Folder { prefix, .. } => {
                for one in page.objects {
                    self.found(name(&one.key), one, listing);
                }
                for folder in page.folders {
                    if task.level >= FOLDER_LEVELS_MAX {
                        let message = format!("more than {FOLDER_LEVELS_MAX} folders deep");
                        let (file, kind) = (name(&folder), ProblemKind::Unlisted);
                        listing.problems.push(Problem { file, record: None, kind, message });
                    } else if self.is_wanted(prefix, &folder) {
                        push(task.level + 1, self.folder(&folder));
                    }
                }
                if page.next.is_some() {
                    push(task.level, Some(What::Folder { prefix: prefix.clone(), next: page.next }));
                }
            }
            What::Stretch(stretch) => {
                if let (Some(_), Some(first), Some(last)) =
                    (&page.next, page.objects.first(), page.objects.last())
                {
                    for rest in stretch.rest(&first.key, &last.key, self.window.now.day()) {
                        push(task.level, Some(What::Stretch(rest)));
                    }
                }
                for one in page.objects.into_iter().filter(|one| stretch.holds(&one.key)) {
                    self.found(name(&one.key), one, listing);
                }
            }
        }
    }

    /// How a folder is listed; `None` when it holds only days outside the window.
    fn folder(&self, prefix: &str) -> Option<What> {
        match plan::folder(prefix) {
            Folder::Region(root) => Stretch::of(root, prefix, self.window(root)).map(What::Stretch),
            Folder::Open | Folder::Account => Some(What::Folder { prefix: prefix.to_owned(), next: None }),
        }
    }

    /// A digest file names the one before it, and the last logs of a day are in the first of the next.
    fn window(&self, root: &str) -> Window {
        let more = if root.contains("/CloudTrail-Digest/") { crate::time::DAY_SECONDS } else { 0 };
        Window {
            from: self.window.from.map(|from| from.plus_seconds(-more)),
            to: self.window.to.map(|to| to.plus_seconds(more)),
            now: self.window.now,
        }
    }

    fn is_wanted(&self, parent: &str, folder: &str) -> bool {
        let own = folder.strip_prefix(parent).unwrap_or(folder).trim_end_matches('/');
        match plan::folder(parent) {
            Folder::Account => plan::is_wanted(own, self.digests),
            Folder::Open | Folder::Region(_) => !own.starts_with('.'),
        }
    }

    /// An object found in a folder.
    fn found(&self, name: String, one: Listed, listing: &mut Listing) {
        let own = one.key.rsplit_once('/').map_or(&*one.key, |(_, own)| own);
        // S3 has no folders; some programs make an empty object in the place of one.
        if own.is_empty() {
            return;
        }
        if own.starts_with('.') {
            listing.skipped.others += 1;
            return;
        }
        listing.add_found(object(name, one.size, one.etag, false), self.digests);
    }
}

fn object(name: String, size: u64, etag: Option<Box<str>>, named: bool) -> LogObject {
    LogObject { name, size, named, etag, location: OsString::new() }
}

/// A folder's prefix ends in a slash; that of the bucket itself is empty.
fn with_slash(key: &str) -> String {
    if key.is_empty() || key.ends_with('/') { key.to_owned() } else { format!("{key}/") }
}

/// What could not be listed may hold anything. An object that the user named may still be readable.
fn failed(task: &Task, why: &str, listing: &mut Listing) {
    if let What::Object { then_folder: true, .. } = task.what {
        listing.objects.push(object(task.shown(), 0, None, true));
        return;
    }
    let (file, kind) = (task.shown(), ProblemKind::Unlisted);
    listing.problems.push(Problem { file, record: None, kind, message: format!("not listed: {why}") });
}
