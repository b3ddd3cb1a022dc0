//! Words of the tables, and what they stand for.

use crate::trail::coverage::Category;
use crate::trail::grant_change::Holder;
use crate::trail::identity::PrincipalKind;
use crate::trail::outcome::Outcome;
use crate::trail::problem::ProblemKind;
use crate::usage::Basis;
use crate::usage::definitions::Level;
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

pub(super) const PRINCIPAL_KINDS: [PrincipalKind; 12] = [
    PrincipalKind::Role,
    PrincipalKind::ServiceLinkedRole,
    PrincipalKind::User,
    PrincipalKind::Root,
    PrincipalKind::FederatedUser,
    PrincipalKind::Service,
    PrincipalKind::Account,
    PrincipalKind::WebIdentity,
    PrincipalKind::Saml,
    PrincipalKind::IdentityCenterUser,
    PrincipalKind::Directory,
    PrincipalKind::Unknown,
];

pub(super) const OUTCOMES: [Outcome; 3] = [Outcome::Authorized, Outcome::Denied, Outcome::Undecided];

pub(super) const CATEGORIES: [Category; 8] = [
    Category::ManagementRead,
    Category::ManagementWrite,
    Category::ManagementUnknown,
    Category::DataRead,
    Category::DataWrite,
    Category::DataUnknown,
    Category::Network,
    Category::Other,
];

pub(super) const PROBLEM_KINDS: [ProblemKind; 9] = [
    ProblemKind::Unreadable,
    ProblemKind::Truncated,
    ProblemKind::Corrupt,
    ProblemKind::TooLarge,
    ProblemKind::NotALog,
    ProblemKind::Unlisted,
    ProblemKind::Unverified,
    ProblemKind::Stopped,
    ProblemKind::BadRecord,
];

pub(super) const BASES: [(&str, Basis); 3] =
    [("direct", Basis::Direct), ("secondary", Basis::Secondary), ("passed_role", Basis::PassedRole)];

pub(super) const HOLDERS: [(&str, Holder); 3] =
    [("role", Holder::Role), ("user", Holder::User), ("group", Holder::Group)];

pub(super) const LEVELS: [(&str, Level); 3] =
    [("exact", Level::Exact), ("bucket", Level::Bucket), ("unknown", Level::Unknown)];

/// What a word stands for, among values that know their own words.
pub(super) fn meant<T: Copy>(all: &[T], word_of: impl Fn(T) -> &'static str, word: &str) -> Option<T> {
    all.iter().copied().find(|one| word_of(*one) == word)
}

/// What a word stands for, by a list of words.
pub(super) fn listed<T: Copy>(all: &[(&'static str, T)], word: &str) -> Option<T> {
    all.iter().find(|(known, _)| *known == word).map(|(_, meant)| *meant)
}

/// The word of a value, by a list of words.
pub(super) fn word<T: PartialEq>(all: &[(&'static str, T)], meant: &T) -> &'static str {
    all.iter().find(|(_, one)| one == meant).map_or("", |(word, _)| word)
}

/// More names than these are not of tables. Those of all tables together are about 6,000 (2026-11).
const NAMES_MAX: usize = 1 << 16;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 1_024;

/// A name of the embedded tables: a resource type, a condition key, a path in a request. Another version of
/// the program may have had names that this one's tables lack, so each is kept for the rest of the run, as
/// the tables are. `None` when it can be no such name.
pub(super) fn table_name(text: &str) -> Option<&'static str> {
    static NAMES: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    if text.is_empty() {
        return Some("");
    }
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(text) {
        return Some(known);
    }
    if names.len() >= NAMES_MAX || text.len() > NAME_BYTES_MAX {
        return None;
    }
    let kept: &'static str = String::leak(text.to_owned());
    names.insert(kept);
    Some(kept)
}
