//! What may have left the account: buckets that jobs write to, bytes that data events sent out, links, policies
//! that let others in.

use super::event::EventRow;
use super::facts::References;
use std::collections::{BTreeMap, BTreeSet};

/// What the logs show of it; what they cannot show is among the unknowns of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outflow {
    /// Buckets that requests name for output, and whether one names another account.
    pub buckets: BTreeMap<String, bool>,
    /// Data events that read objects or records, and succeeded.
    pub reads: usize,
    /// Buckets and things that they read.
    pub read_from: BTreeSet<String>,
    /// Bytes that data events sent out, where the records tell.
    pub bytes: i64,
    /// Presigned links that were made.
    pub links: usize,
}

impl Outflow {
    /// From the events of a case.
    pub fn of(events: &[&EventRow], refs: &References) -> Self {
        let mut all = Self::default();
        for event in events.iter().filter(|event| event.ok) {
            for one in refs.of(event).iter().filter(|one| one.kind == "s3_out" && !one.norm.is_empty()) {
                *all.buckets.entry(one.norm.clone()).or_default() |= one.external;
            }
            if event.is_data && !event.is_write {
                all.reads += 1;
                all.read_from.insert(event.about().to_owned());
            }
            all.bytes = all.bytes.saturating_add(event.bytes_out.max(0));
            all.links += usize::from(event.name.starts_with("CreatePresigned"));
        }
        all
    }

    /// Is there nothing to tell?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::Reference;
    use super::*;

    #[test]
    fn what_left() {
        let event =
            |key: i64, name: &str| EventRow { key, name: name.to_owned(), ok: true, ..EventRow::default() };
        let read = EventRow { is_data: true, bytes_out: 7, bucket: "b".to_owned(), ..event(1, "GetObject") };
        let written = EventRow { is_data: true, is_write: true, ..event(2, "PutObject") };
        let failed = EventRow { ok: false, ..read.clone() };
        let link = event(3, "CreatePresignedDomainUrl");
        let output = |path: &str, external: bool| Reference {
            kind: "s3_out".to_owned(),
            path: path.to_owned(),
            value: "s3://out/x".to_owned(),
            norm: "out".to_owned(),
            external,
        };
        let refs = BTreeMap::from([(3, vec![output("a", true), output("b", false)])]);
        let refs = References(refs);
        let found = Outflow::of(&[&read, &written, &failed, &link], &refs);
        let expect = Outflow {
            buckets: BTreeMap::from([("out".to_owned(), true)]),
            reads: 1,
            read_from: BTreeSet::from(["b".to_owned()]),
            bytes: 7,
            links: 1,
        };
        assert_eq!(found, expect);
        assert!(!found.is_empty() && Outflow::default().is_empty());
    }
}
