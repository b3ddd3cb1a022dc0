//! Truth in three values, and the request context that conditions are tested against.

use std::cmp::Ordering;

/// A truth value of Kleene's logic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Certainly so.
    True,
    /// Certainly not.
    False,
    /// Undecided; the condition keys (or reasons) that would decide it, sorted, each once.
    Unknown(Vec<String>),
}

impl Truth {
    /// Undecided because of one key or reason.
    pub fn unknown(reason: &str) -> Self {
        Self::Unknown(vec![reason.to_owned()])
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, rest) | (rest, Self::True) => rest,
            (Self::Unknown(a), Self::Unknown(b)) => Self::Unknown(union(a, b)),
        }
    }

    /// At least one.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, rest) | (rest, Self::False) => rest,
            (Self::Unknown(a), Self::Unknown(b)) => Self::Unknown(union(a, b)),
        }
    }

    /// Is this certain truth?
    pub fn is_true(&self) -> bool {
        *self == Self::True
    }

    /// Is this certain falsehood?
    pub fn is_false(&self) -> bool {
        *self == Self::False
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            unknown @ Self::Unknown(_) => unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// Both lists in one; all three are sorted, each text once.
pub(crate) fn union(mut a: Vec<String>, mut b: Vec<String>) -> Vec<String> {
    if a.len() < b.len() {
        std::mem::swap(&mut a, &mut b);
    }
    if b.len() > 1 {
        // Two sorted runs are merged in one pass.
        a.extend(b);
        a.sort();
        a.dedup();
        return a;
    }
    // Key after key of a big policy: each finds its place without a look at all others.
    for key in b {
        if let Err(place) = a.binary_search(&key) {
            a.insert(place, key);
        }
    }
    a
}

/// What is known about one condition key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState<'c> {
    /// A single-valued key with its value.
    Value(&'c str),
    /// A multivalued key with its values; may be empty.
    List(&'c [String]),
    /// The request certainly does not carry the key.
    Absent,
    /// Nothing is known.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Value(String),
    List(Vec<String>),
    Absent,
    Unknown,
}

/// The condition keys of a request. Names are compared without regard to ASCII case. A key is known,
/// known to be absent, or unknown; a key that was never mentioned is unknown in an open context (the
/// default: a log does not carry everything) and absent in a closed one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Sorted by [`compare_keys`], so that a lookup needs no lower-cased copy.
    keys: Vec<(Box<str>, Entry)>,
    closed: bool,
}

impl Context {
    /// Keys that are not mentioned are unknown.
    pub fn open() -> Self {
        Self::default()
    }

    /// Keys that are not mentioned are absent.
    pub fn closed() -> Self {
        Self { keys: Vec::new(), closed: true }
    }

    /// The same keys; those not mentioned are absent from now on.
    #[must_use]
    pub fn into_closed(mut self) -> Self {
        self.closed = true;
        self
    }

    /// A single-valued key.
    pub fn set(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        self.put(key, Entry::Value(value.into()))
    }

    /// A multivalued key (the service reference calls its type `ArrayOf…`), whatever the number of values.
    pub fn set_list<S: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = S>) -> &mut Self {
        self.put(key, Entry::List(values.into_iter().map(Into::into).collect()))
    }

    /// A key that the request certainly did not carry.
    pub fn set_absent(&mut self, key: &str) -> &mut Self {
        self.put(key, Entry::Absent)
    }

    /// A key about which nothing is known, also in a closed context.
    pub fn set_unknown(&mut self, key: &str) -> &mut Self {
        self.put(key, Entry::Unknown)
    }

    /// [`Self::set`], for chains.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.set(key, value);
        self
    }

    /// [`Self::set_list`], for chains.
    #[must_use]
    pub fn with_list<S: Into<String>>(mut self, key: &str, values: impl IntoIterator<Item = S>) -> Self {
        self.set_list(key, values);
        self
    }

    /// [`Self::set_absent`], for chains.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.set_absent(key);
        self
    }

    /// What is known about a key.
    pub fn get(&self, key: &str) -> KeyState<'_> {
        match self.keys.binary_search_by(|(name, _)| compare_keys(name, key)) {
            Ok(found) => match self.keys.get(found).map(|(_, entry)| entry) {
                Some(Entry::Value(value)) => KeyState::Value(value),
                Some(Entry::List(values)) => KeyState::List(values),
                Some(Entry::Absent) => KeyState::Absent,
                Some(Entry::Unknown) | None => KeyState::Unknown,
            },
            Err(_) if self.closed => KeyState::Absent,
            Err(_) => KeyState::Unknown,
        }
    }

    /// The mentioned keys in order, lower-cased, with what is known about them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, KeyState<'_>)> {
        self.keys.iter().map(|(name, _)| (&**name, self.get(name)))
    }

    /// Are keys that were not mentioned absent?
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn put(&mut self, key: &str, entry: Entry) -> &mut Self {
        match self.keys.binary_search_by(|(name, _)| compare_keys(name, key)) {
            Ok(found) => {
                if let Some((_, old)) = self.keys.get_mut(found) {
                    *old = entry;
                }
            }
            Err(place) => self.keys.insert(place, (key.to_ascii_lowercase().into(), entry)),
        }
        self
    }
}

/// Byte order of the lower-cased names.
fn compare_keys(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_absent_or_unknown() {
        let mut context = Context::open().with("AWS:SourceVpce", "vpce-1").without("aws:SourceVpc");
        context.set_list("aws:TagKeys", ["a"]).set("aws:sourcevpce", "vpce-2");
        assert_eq!(context.get("aws:SourceVPCE"), KeyState::Value("vpce-2"));
        assert_eq!(context.get("AWS:sourcevpc"), KeyState::Absent);
        assert_eq!(context.get("aws:tagkeys"), KeyState::List(&["a".to_owned()]));
        assert_eq!(context.get("aws:username"), KeyState::Unknown);
        let mut closed = context.into_closed();
        assert_eq!(closed.get("aws:username"), KeyState::Absent);
        assert_eq!(closed.set_unknown("aws:username").get("aws:username"), KeyState::Unknown);
    }

    #[test]
    fn kleene() {
        let (a, b) = (Truth::unknown("a"), Truth::unknown("b"));
        assert_eq!(a.clone().and(Truth::False), Truth::False);
        assert_eq!(a.clone().or(Truth::True), Truth::True);
        assert_eq!(Truth::True.and(a.clone()), a);
        assert_eq!(b.clone().or(a.clone()), Truth::Unknown(vec!["a".into(), "b".into()]));
        assert_eq!(!a.clone(), a);
    }
}
