//! A source in memory that can fail on purpose, for tests of everything behind a source.

use super::{Listing, LogObject, LogSource, SourceError};
use std::collections::BTreeMap;
use std::io;

/// Named bytes, and names that fail.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    objects: BTreeMap<String, Content>,
}

#[derive(Clone, Debug)]
enum Content {
    Bytes(Vec<u8>),
    Fault(io::ErrorKind),
}

impl MemorySource {
    /// A source without objects.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an object, or replaces it.
    #[must_use]
    pub fn with(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.objects.insert(name.to_owned(), Content::Bytes(bytes.into()));
        self
    }

    /// Adds an object that is listed and cannot be read.
    #[must_use]
    pub fn with_fault(mut self, name: &str, fault: io::ErrorKind) -> Self {
        self.objects.insert(name.to_owned(), Content::Fault(fault));
        self
    }
}

impl LogSource for MemorySource {
    fn list(&self) -> Listing {
        let object = |(name, content): (&String, &Content)| LogObject {
            name: name.clone(),
            size: match content {
                Content::Bytes(bytes) => bytes.len() as u64,
                Content::Fault(_) => 0,
            },
            named: true,
            etag: None,
            location: name.into(),
        };
        Listing { objects: self.objects.iter().map(object).collect(), ..Listing::default() }.sorted()
    }

    fn read(&self, object: &LogObject, into: &mut Vec<u8>) -> Result<(), SourceError> {
        into.clear();
        let kind = match self.objects.get(&object.name) {
            Some(Content::Bytes(bytes)) => {
                into.extend_from_slice(bytes);
                return Ok(());
            }
            Some(Content::Fault(kind)) => *kind,
            None => io::ErrorKind::NotFound,
        };
        Err(SourceError::Io { name: object.name.clone(), source: kind.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::{Problem, ProblemKind};

    #[test]
    fn objects_are_listed_in_order_and_fail_when_told_to() {
        let source =
            MemorySource::new().with("b", "2").with_fault("c", io::ErrorKind::ConnectionReset).with("a", "1");
        let listing = source.list();
        let names: Vec<_> = listing.objects.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let mut bytes = b"old".to_vec();
        source.read(&listing.objects[1], &mut bytes).unwrap();
        assert_eq!(bytes, b"2");
        let problem = Problem::from(source.read(&listing.objects[2], &mut bytes).unwrap_err());
        assert_eq!((problem.kind, problem.message.as_str()), (ProblemKind::Unreadable, "connection reset"));
    }
}
