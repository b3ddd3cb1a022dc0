//! Files and folders of this machine, and standard input as `-`.

use super::{Listing, LogObject, LogSource, SourceError};
use crate::trail::{Problem, ProblemKind};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most bytes that are read of one file, as stored.
pub const FILE_BYTES_MAX: u64 = 2 << 30;

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// The deepest folder below one that the user named, in levels. `CloudTrail`'s own tree has nine.
const FOLDER_LEVELS_MAX: usize = 64;

/// Paths of this machine: files, folders (walked to the bottom, links followed once), and `-`.
#[derive(Clone, Debug, Default)]
pub struct DirSource {
    paths: Vec<PathBuf>,
    digests: bool,
}

impl DirSource {
    /// The paths as the user gave them.
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { paths: paths.into_iter().collect(), digests: false }
    }

    /// Lists digest files too, apart from the logs.
    #[must_use]
    pub fn with_digests(mut self) -> Self {
        self.digests = true;
        self
    }
}

impl LogSource for DirSource {
    fn list(&self) -> Listing {
        let mut walk = Walk { digests: self.digests, ..Walk::default() };
        for path in &self.paths {
            walk.start(path);
        }
        walk.listing.sorted()
    }

    fn read(&self, object: &LogObject, into: &mut Vec<u8>) -> Result<(), SourceError> {
        into.clear();
        let read = if object.location() == STANDARD_INPUT {
            io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(into)
        } else {
            read_file(Path::new(object.location()), into)
        };
        read.map_err(|source| SourceError::Io { name: object.name.clone(), source })?;
        if into.len() as u64 > FILE_BYTES_MAX {
            into.clear();
            return Err(SourceError::TooLarge { name: object.name.clone(), bytes_max: FILE_BYTES_MAX });
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the module that reads log files")]
fn read_file(path: &Path, into: &mut Vec<u8>) -> io::Result<usize> {
    let file = fs::File::open(path)?;
    // One more byte than the size, so that the end is found without growing the buffer.
    let size = file.metadata()?.len().min(FILE_BYTES_MAX) + 1;
    into.try_reserve(usize::try_from(size).unwrap_or(usize::MAX))?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(into)
}

#[derive(Default)]
struct Walk {
    listing: Listing,
    /// Are digest files listed?
    digests: bool,
    /// Folders seen, by their one true path: a link that leads back ends here.
    folders: BTreeSet<PathBuf>,
}

impl Walk {
    /// A path that the user gave.
    fn start(&mut self, path: &Path) {
        if path == Path::new(STANDARD_INPUT) {
            self.push(path, path.to_owned(), 0, true);
            return;
        }
        let resolved = fs::metadata(path).and_then(|meta| Ok((meta, fs::canonicalize(path)?)));
        match resolved {
            Err(error) => self.unreadable(path, &error),
            Ok((meta, location)) if meta.is_dir() => {
                let before = self.listing.found();
                let problems = self.listing.problems.len();
                self.folder(path, &location, 0);
                if self.listing.found() == before && self.listing.problems.len() == problems {
                    self.empty(path);
                }
            }
            // A pipe given as a path can be read as well, once.
            Ok((meta, location)) => self.push(path, location, meta.len(), true),
        }
    }

    /// Walks one folder. `shown` is the path as the user would write it, `location` the true one.
    fn folder(&mut self, shown: &Path, location: &Path, level: usize) {
        if !self.folders.insert(location.to_owned()) {
            return;
        }
        if level > FOLDER_LEVELS_MAX {
            let message = format!("more than {FOLDER_LEVELS_MAX} folders deep");
            return self.problem(shown, ProblemKind::Unreadable, message);
        }
        let entries = match fs::read_dir(location) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(shown, &error),
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.entry(shown, location, &entry, level),
                Err(error) => self.unreadable(shown, &error),
            }
        }
    }

    fn entry(&mut self, shown: &Path, folder: &Path, entry: &fs::DirEntry, level: usize) {
        let name = entry.file_name();
        let shown = shown.join(&name);
        if name.as_encoded_bytes().starts_with(b".") {
            self.listing.skipped.others += 1;
            return;
        }
        // Folders are true paths, so only a link needs to be resolved again.
        let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let path = folder.join(&name);
        let resolved = if link {
            fs::metadata(&path).and_then(|meta| Ok((meta, fs::canonicalize(&path)?)))
        } else {
            entry.metadata().map(|meta| (meta, path))
        };
        match resolved {
            Err(error) => self.unreadable(&shown, &error),
            Ok((meta, location)) if meta.is_dir() => self.folder(&shown, &location, level + 1),
            Ok((meta, location)) if meta.is_file() => {
                self.listing.add_found(object(&shown, location, meta.len(), false), self.digests);
            }
            Ok(_) => self.listing.skipped.others += 1,
        }
    }

    fn push(&mut self, shown: &Path, location: PathBuf, size: u64, named: bool) {
        self.listing.objects.push(object(shown, location, size, named));
    }

    fn empty(&mut self, path: &Path) {
        let message = self.listing.empty();
        self.problem(path, ProblemKind::NotALog, message);
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.problem(path, ProblemKind::Unreadable, error.kind().to_string());
    }

    fn problem(&mut self, path: &Path, kind: ProblemKind, message: String) {
        let file = path.to_string_lossy().into_owned();
        self.listing.problems.push(Problem { file, record: None, kind, message });
    }
}

fn object(shown: &Path, location: PathBuf, size: u64, named: bool) -> LogObject {
    let name = shown.to_string_lossy().into_owned();
    LogObject { name, size, named, etag: None, location: location.into_os_string() }
}

#[cfg(test)]
mod tests;
