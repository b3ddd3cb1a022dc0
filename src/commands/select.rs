//! Principals by the names that users type.

use super::near::near;
use crate::grants::{GrantedPrincipal, Snapshot};
use crate::report::escape;
use anyhow::bail;

/// The principals that fit; an error with the nearest name when there is none.
pub fn find<'a>(snapshot: &'a Snapshot, wanted: &str) -> anyhow::Result<Vec<&'a GrantedPrincipal>> {
    let found: Vec<_> = snapshot.principals.iter().filter(|principal| principal.is_named(wanted)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let wanted = escape::terminal(wanted);
    let names = snapshot.principals.iter().map(|principal| escape::terminal(&principal.name));
    match near(&wanted, names) {
        Some(name) => bail!("no role or user `{wanted}` in the snapshot\nhint: did you mean `{name}`?"),
        None => bail!("no role or user `{wanted}` in the snapshot"),
    }
}
