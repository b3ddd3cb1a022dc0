//! One summary out of those of the threads.

use crate::usage::{PrincipalKey, PrincipalUsage, Usage};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// All parts of a summary in one, principal by principal on all threads.
pub(super) fn usage(parts: Vec<Usage>) -> Usage {
    let mut whole = Usage::default();
    let mut principals: BTreeMap<PrincipalKey, Vec<PrincipalUsage>> = BTreeMap::new();
    for mut part in parts {
        for (key, principal) in std::mem::take(&mut part.principals) {
            principals.entry(key).or_default().push(principal);
        }
        whole.merge(part);
    }
    let whole_of = |(key, parts): (PrincipalKey, Vec<PrincipalUsage>)| {
        let mut parts = parts.into_iter();
        let mut principal = parts.next().unwrap_or_default();
        parts.for_each(|part| principal.add(part));
        (key, principal)
    };
    whole.principals = principals.into_par_iter().map(whole_of).collect();
    whole
}
