//! Pages of events as log files, in memory or in a folder, and the spans of time that they cover. In a
//! folder a page is written before the span that it covers, each as a whole or not at all, so a run that
//! ends at any moment loses nothing but the page under way.

use super::ask::Page;
use super::folder_of;
use crate::escape;
use crate::iam::AccountId;
use crate::sha256::Sha256;
use crate::source::open::LOOKUP;
use crate::time::Timestamp;
use crate::trail::inflate;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Events can turn up so long after they happened, in seconds: that time is asked for again. `CloudTrail`
/// speaks of 15 minutes at most.
const LATE_SECONDS: i64 = 3_600;

/// The most bytes of pages in memory, for one region.
const MEMORY_BYTES_MAX: usize = 64 << 20;

/// The file that says which spans of time a region's folder covers: two times a line.
const COVERED: &str = ".covered";

/// Pages of one region.
#[derive(Debug)]
pub(super) struct Pages {
    /// The region's folder, below the cache.
    folder: Option<PathBuf>,
    /// The same below nothing.
    tree: String,
    /// First and last second of each span, ordered, never touching.
    covered: Vec<(i64, i64)>,
    now: Timestamp,
    memory: Vec<(String, Vec<u8>)>,
    bytes: usize,
}

/// Where the pages of a region are.
pub(super) enum Closed {
    /// In a folder.
    Folder(PathBuf),
    /// Here: names and compressed bytes.
    Memory(Vec<(String, Vec<u8>)>),
    /// Nowhere: there was no event.
    Nothing,
}

impl Pages {
    /// Pages in memory, or in a cache. The error is a line for the user.
    pub(super) fn open(
        cache: Option<&Path>,
        account: AccountId,
        region: &str,
        now: Timestamp,
    ) -> Result<Self, String> {
        let tree = folder_of(account, region);
        let folder = cache.map(|cache| cache.join(&tree));
        let mut pages = Self { folder, tree, covered: Vec::new(), now, memory: Vec::new(), bytes: 0 };
        if let Some(folder) = &pages.folder {
            pages.covered = covered(&folder.join(COVERED))?;
        }
        Ok(pages)
    }

    /// The spans between two seconds that nobody has asked for yet, the newest first.
    pub(super) fn missing(&self, (from, to): (Timestamp, Timestamp)) -> Vec<(Timestamp, Timestamp)> {
        let mut open = Vec::new();
        let mut start = from.seconds();
        for &(first, last) in &self.covered {
            if first > start {
                open.push((start, (first - 1).min(to.seconds())));
            }
            start = start.max(last + 1);
        }
        open.push((start, to.seconds()));
        let time = |(first, last)| Some((Timestamp::from_seconds(first)?, Timestamp::from_seconds(last)?));
        open.into_iter().rev().filter(|(first, last)| first <= last).filter_map(time).collect()
    }

    /// Keeps a page. An empty one is nothing.
    pub(super) fn add(&mut self, page: &Page) -> Result<(), String> {
        let Some((oldest, newest)) = page.span else { return Ok(()) };
        let mut text = String::from("{\"Events\":[");
        for (at, event) in page.events.iter().enumerate() {
            text.push_str(if at == 0 { "{\"CloudTrailEvent\":" } else { ",{\"CloudTrailEvent\":" });
            text.push_str(&escape::quoted(event));
            text.push('}');
        }
        text.push_str("]}");
        let bytes = inflate::gzip(text.as_bytes()).map_err(|error| error.to_string())?;
        // The same page twice has the same name.
        let hash = Sha256::of(text.as_bytes()).to_string();
        let stamp = |time: Timestamp| time.to_string().replace(['-', ':'], "");
        let name = format!(
            "{}/{}_{}_{}.json.gz",
            newest.day().to_string().replace('-', "/"),
            stamp(newest),
            stamp(oldest),
            hash.get(..16).unwrap_or_default()
        );
        if let Some(folder) = &self.folder {
            return write_whole(&folder.join(name), &bytes).map_err(|error| self.unwritten(&error));
        }
        self.bytes += bytes.len();
        if self.bytes > MEMORY_BYTES_MAX {
            return Err("too many events for the memory: --lookup-cache DIR keeps them on disk".to_owned());
        }
        self.memory.push((format!("{LOOKUP}{}/{name}", self.tree), bytes));
        Ok(())
    }

    /// All events between two seconds are there now, but for those that may still turn up.
    pub(super) fn cover(&mut self, from: Timestamp, to: Timestamp) -> Result<(), String> {
        let to = to.seconds().min(self.now.seconds().saturating_sub(LATE_SECONDS));
        if from.seconds() > to {
            return Ok(());
        }
        self.covered.push((from.seconds(), to));
        self.covered.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(self.covered.len());
        for &(first, last) in &self.covered {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                _ => merged.push((first, last)),
            }
        }
        self.covered = merged;
        let Some(folder) = &self.folder else { return Ok(()) };
        let line = |&(first, last): &(i64, i64)| {
            let time = |seconds| Timestamp::from_seconds(seconds).unwrap_or_default();
            format!("{} {}\n", time(first), time(last))
        };
        let text: String = self.covered.iter().map(line).collect();
        write_whole(&folder.join(COVERED), text.as_bytes()).map_err(|error| self.unwritten(&error))
    }

    /// Nothing more comes.
    pub(super) fn close(self) -> Closed {
        match self.folder {
            Some(folder) if folder.is_dir() => Closed::Folder(folder),
            Some(_) => Closed::Nothing,
            None => Closed::Memory(self.memory),
        }
    }

    fn unwritten(&self, error: &io::Error) -> String {
        let folder = self.folder.as_deref().unwrap_or(Path::new(""));
        format!("cannot write below {}: {}", folder.display(), error.kind())
    }
}

/// Reads the spans of a folder; none when there is no such file.
#[expect(clippy::disallowed_methods, reason = "sources read what they keep")]
fn covered(path: &Path) -> Result<Vec<(i64, i64)>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("cannot read {}: {}", path.display(), error.kind())),
    };
    let span = |line: &str| {
        let (first, last) = line.split_once(' ')?;
        let (first, last) = (Timestamp::parse(first)?.seconds(), Timestamp::parse(last)?.seconds());
        (first <= last).then_some((first, last))
    };
    let spans: Option<Vec<(i64, i64)>> = text.lines().map(span).collect();
    let mut spans =
        spans.ok_or_else(|| format!("{} is not what a lookup wrote: delete it", path.display()))?;
    spans.sort_unstable();
    Ok(spans)
}

/// Writes a file so that it is there whole or not at all, whenever the machine stops.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = fs::File::create(&draft)?;
    file.write_all(bytes).and_then(|()| file.sync_all())?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pages() -> Pages {
        let account = AccountId::parse("111122223333").unwrap();
        let now = Timestamp::from_seconds(1_000_000).unwrap();
        Pages::open(None, account, "eu-west-1", now).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    #[test]
    fn the_last_hour_is_never_covered() {
        let mut pages = pages();
        pages.cover(at(10), at(1_000_000)).unwrap();
        assert_eq!(pages.covered, [(10, 1_000_000 - LATE_SECONDS)]);
        pages.cover(at(999_000), at(1_000_000)).unwrap();
        assert_eq!(pages.missing((at(0), at(1_000_000))), [(at(996_401), at(1_000_000)), (at(0), at(9))]);
    }

    proptest! {
        /// What was covered is never asked for again, and all the rest is.
        #[test]
        fn spans_are_covered_once(
            spans in prop::collection::vec((0_i64..60, 0_i64..20), 0..12),
            from in 0_i64..60,
            length in 0_i64..60,
        ) {
            let mut pages = pages();
            for (first, length) in &spans {
                pages.cover(at(*first), at(first + length)).unwrap();
            }
            let asked: Vec<i64> = pages
                .missing((at(from), at(from + length)))
                .iter()
                .rev()
                .flat_map(|(first, last)| first.seconds()..=last.seconds())
                .collect();
            let is_covered = |second: &i64| {
                spans.iter().any(|(first, length)| (*first..=first + length).contains(second))
            };
            let expect: Vec<i64> = (from..=from + length).filter(|second| !is_covered(second)).collect();
            prop_assert_eq!(asked, expect);
        }
    }
}
