//! The same event, delivered twice, counts once.
//!
//! Copies of an event have its account and its time: fingerprints are compared within the account and the
//! hour. `CloudTrail` tells by a file's name whose events it holds and when it was delivered, and an event is
//! delivered about five minutes after it happened on average, which is not guaranteed ("Getting and viewing
//! your `CloudTrail` log files", user guide, read 2026-11). So an hour can be forgotten when all files that may
//! bring it have been read to their end. What decides is the names of all files, not the order in which they
//! are read: the answer is the same in any order and on any number of threads.

use crate::iam::AccountId;
use crate::time::Timestamp;
use crate::trail::event::Event;
use crate::trail::log_file::{LogFile, LogFileKind};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many locks share the fingerprints, so that threads seldom wait for each other.
const SHARDS: usize = 64;

/// The room of an hour's first table; a hostile log has an event an hour.
const PLACES_MIN: usize = 8;

/// Seconds since 1970-01-01 divided by 3,600.
type Hour = i64;

/// How late a file may bring an event for which it is compared with what other files bring on time. Later
/// ones are compared only with each other.
pub const LATENESS_HOURS: i64 = 48;

/// How far the clock of the host that made an event may be ahead of the one that names files, and how far a
/// file that is named by the start of what it holds may reach.
const AHEAD_HOURS: i64 = 1;

/// Whose events a file holds, and the hour in which it was delivered, as its name says. In the order in which
/// hours can be forgotten soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivered {
    account: AccountId,
    hour: Hour,
}

/// Was the event there already?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// No other file brought it.
    First,
    /// No other file brought it at such a time: it came more than [`LATENESS_HOURS`] late, or in a file that is
    /// another account's by its name. A file that brought it on time was not compared.
    FirstOutside,
    /// It is a copy.
    Again,
}

/// Fingerprints of the events seen so far, shared by all threads. 16 bytes an event and the tables' slack.
#[derive(Debug, Default)]
pub struct Seen {
    shards: Vec<Mutex<Shard>>,
    /// How many files of an account and an hour are not read to their end. `None` where a file's name does not
    /// say what it is: it may hold copies of everything, and nothing is forgotten.
    left: Option<BTreeMap<AccountId, Mutex<BTreeMap<Hour, u32>>>>,
}

/// What is compared with each other: the account and the hour of the event.
type Window = (Kind, Option<AccountId>, Hour);

/// Windows that are apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// Events that a file's name promises, or all.
    Event,
    /// Events outside of that.
    Outside,
    /// Calls that several accounts were told of.
    Call,
}

/// The hasher has a seed of its own: whoever makes fingerprints that fall together gains nothing.
#[derive(Debug, Default)]
struct Shard {
    hasher: foldhash::fast::RandomState,
    /// The numbers of the tables.
    #[expect(clippy::disallowed_types, reason = "only asked for keys, never iterated")]
    windows: std::collections::HashMap<Window, usize, foldhash::fast::RandomState>,
    tables: Vec<Table>,
    /// Tables of windows that were forgotten.
    free: Vec<usize>,
    /// The window of the last event, and the number of its table.
    last: Option<(Window, usize)>,
}

/// A table with open addressing and linear probing: one look at the memory for most events.
#[derive(Debug, Default)]
struct Table {
    /// 0 is a free place; the length is 0 or a power of two.
    places: Vec<u128>,
    len: usize,
    has_zero: bool,
}

impl Delivered {
    /// From a file's name; `None` when the name is not one that `CloudTrail` gives.
    pub fn of_name(name: &str) -> Option<Self> {
        let LogFile { kind: LogFileKind::Events, account, delivered, .. } = LogFile::from_name(name) else {
            return None;
        };
        Some(Self { account: account?, hour: hour(delivered?) })
    }

    /// The window of an event that such a file promises to hold.
    fn window(self, event: &Event<'_>) -> Option<Window> {
        let hour = hour(event.time);
        let fits = (self.hour - LATENESS_HOURS..=self.hour + AHEAD_HOURS).contains(&hour)
            && event.recipient_account.is_none_or(|account| account == self.account);
        fits.then_some((Kind::Event, Some(self.account), hour))
    }
}

fn hour(time: Timestamp) -> Hour {
    time.seconds().div_euclid(3_600)
}

impl Seen {
    /// An empty set that forgets nothing.
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), left: None }
    }

    /// An empty set for the events of these files. It forgets what no file that is left may bring again, as
    /// [`Self::done`] tells; with a file of another name (`None`) it forgets nothing.
    pub fn of_files(files: impl IntoIterator<Item = Option<Delivered>>) -> Self {
        let mut left: BTreeMap<AccountId, BTreeMap<Hour, u32>> = BTreeMap::new();
        for file in files {
            let Some(Delivered { account, hour }) = file else { return Self::new() };
            *left.entry(account).or_default().entry(hour).or_default() += 1;
        }
        let left = left.into_iter().map(|(account, hours)| (account, Mutex::new(hours))).collect();
        Self { left: Some(left), ..Self::new() }
    }

    /// Remembers the fingerprint of an event of a file.
    pub fn sight(&self, file: Option<Delivered>, event: &Event<'_>, fingerprint: u128) -> Sighting {
        let anywhere = |kind| (kind, event.recipient_account, hour(event.time));
        let window = match (&self.left, file) {
            (None, _) => anywhere(Kind::Event),
            (Some(_), file) => file.and_then(|file| file.window(event)).unwrap_or(anywhere(Kind::Outside)),
        };
        match (self.insert(window, fingerprint), window.0) {
            (false, _) => Sighting::Again,
            (true, Kind::Outside) => Sighting::FirstOutside,
            (true, _) => Sighting::First,
        }
    }

    /// Remembers a call that several accounts were told of, by [`Event::shared_call`]; `false` for the copies
    /// behind the first. Copies are in the files of several accounts: nothing of this is forgotten.
    pub fn first_copy(&self, event: &Event<'_>) -> bool {
        let window = (Kind::Call, None, hour(event.time));
        event.shared_call().is_none_or(|call| self.insert(window, call.0))
    }

    fn insert(&self, window: Window, fingerprint: u128) -> bool {
        self.shard(window).is_none_or(|mut shard| shard.insert(window, fingerprint))
    }

    /// A file was read to its end: forgets the hours that were only left for its sake.
    pub fn done(&self, file: Option<Delivered>) {
        let (Some(left), Some(Delivered { account, hour })) = (&self.left, file) else { return };
        let Some(hours) = left.get(&account) else { return };
        let mut hours = hours.lock().unwrap_or_else(PoisonError::into_inner);
        let Entry::Occupied(mut files) = hours.entry(hour) else { return };
        *files.get_mut() -= 1;
        if *files.get() > 0 {
            return;
        }
        files.remove();
        for event_hour in hour - LATENESS_HOURS..=hour + AHEAD_HOURS {
            let files = event_hour - AHEAD_HOURS..=event_hour + LATENESS_HOURS;
            if hours.range(files).next().is_none() {
                let window = (Kind::Event, Some(account), event_hour);
                if let Some(mut shard) = self.shard(window) {
                    shard.forget(window);
                }
            }
        }
    }

    fn shard(&self, window: Window) -> Option<MutexGuard<'_, Shard>> {
        let account = window.1.map_or(0, AccountId::number);
        // Neighbouring hours of one account in different shards.
        let shard = account.wrapping_add(window.2.cast_unsigned()) % SHARDS as u64;
        let shard = usize::try_from(shard).ok().and_then(|shard| self.shards.get(shard))?;
        // A thread that panicked while it held the lock left a set that is whole all the same.
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many fingerprints are remembered.
    #[cfg(test)]
    fn len(&self) -> usize {
        let of =
            |shard: &Mutex<Shard>| shard.lock().unwrap().tables.iter().map(|table| table.len).sum::<usize>();
        self.shards.iter().map(of).sum()
    }
}

impl Shard {
    fn insert(&mut self, window: Window, fingerprint: u128) -> bool {
        let number = match self.last {
            Some((known, number)) if known == window => number,
            _ => *self.windows.entry(window).or_insert_with(|| {
                self.free.pop().unwrap_or_else(|| {
                    self.tables.push(Table::default());
                    self.tables.len() - 1
                })
            }),
        };
        self.last = Some((window, number));
        let Self { hasher, tables, .. } = self;
        tables.get_mut(number).is_none_or(|table| table.insert(hasher, fingerprint))
    }

    fn forget(&mut self, window: Window) {
        let Some(number) = self.windows.remove(&window) else { return };
        self.last = None;
        if let Some(table) = self.tables.get_mut(number) {
            *table = Table::default();
            self.free.push(number);
        }
    }
}

impl Table {
    fn insert(&mut self, hasher: &impl BuildHasher, fingerprint: u128) -> bool {
        if fingerprint == 0 {
            return !std::mem::replace(&mut self.has_zero, true);
        }
        // At most three quarters are taken, so that a free place is always near.
        if self.len * 4 >= self.places.len() * 3 {
            self.grow(hasher);
        }
        let new = self.put(hasher, fingerprint);
        self.len += usize::from(new);
        new
    }

    fn put(&mut self, hasher: &impl BuildHasher, fingerprint: u128) -> bool {
        let last = self.places.len() - 1;
        let mut place = usize::try_from(hasher.hash_one(fingerprint) & last as u64).unwrap_or_default();
        loop {
            match self.places.get_mut(place) {
                Some(free) if *free == 0 => {
                    *free = fingerprint;
                    return true;
                }
                Some(known) if *known == fingerprint => return false,
                _ => place = (place + 1) & last,
            }
        }
    }

    fn grow(&mut self, hasher: &impl BuildHasher) {
        let longer = vec![0; (self.places.len() * 2).max(PLACES_MIN)];
        for fingerprint in std::mem::replace(&mut self.places, longer) {
            if fingerprint != 0 {
                self.put(hasher, fingerprint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const ACCOUNTS: [&str; 2] = ["111122223333", "111122223334"];

    fn event(seconds: i64, account: &str) -> Event<'static> {
        Event {
            time: Timestamp::from_seconds(seconds).unwrap(),
            recipient_account: AccountId::parse(account),
            ..Event::default()
        }
    }

    /// A file of an account that was delivered in an hour.
    fn file(account: &str, hour: Hour) -> Option<Delivered> {
        Some(Delivered { account: AccountId::parse(account)?, hour })
    }

    #[test]
    fn the_second_time_is_not_the_first() {
        let seen = Seen::new();
        let sight = |event: &Event<'_>, fingerprint| seen.sight(None, event, fingerprint);
        // Hours on one shard and on many; the last one is the first again.
        for (seconds, first) in [
            (0, Sighting::First),
            (3_599, Sighting::Again),
            (3_600, Sighting::First),
            (64 * 3_600, Sighting::First),
            (-1, Sighting::First),
            (0, Sighting::Again),
        ] {
            for account in ["", ACCOUNTS[0], ACCOUNTS[1]] {
                let event = event(seconds, account);
                for fingerprint in (0..2_000).chain([u128::MAX]) {
                    assert_eq!(sight(&event, fingerprint), first, "{seconds} {account}");
                    assert_eq!(sight(&event, fingerprint), Sighting::Again);
                }
            }
        }
        let known = event(0, "");
        assert!((0..2_000).all(|fingerprint| sight(&known, fingerprint) == Sighting::Again));
        assert_eq!(sight(&known, 2_000), Sighting::First);
    }

    #[test]
    fn a_name_says_when_a_file_was_delivered() {
        let name = "x/111122223333_CloudTrail_eu-west-1_19700101T0259Z_abc.json.gz";
        for (name, expect) in [
            (name, file(ACCOUNTS[0], 2)),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/1970/01/01/x.json.gz", None),
            ("CLOUD_TRAIL_MGMT/accountId=111122223333/eventDay=19700101/x.parquet", None),
            ("events.json", None),
            ("-", None),
        ] {
            assert_eq!(Delivered::of_name(name), expect, "{name}");
        }
        // A file of another name may hold copies of everything.
        assert!(Seen::of_files([file(ACCOUNTS[0], 2), None]).left.is_none());
        assert!(Seen::of_files([file(ACCOUNTS[0], 2)]).left.is_some());
    }

    #[test]
    fn what_no_file_can_bring_again_is_forgotten() {
        // Files of 100 hours, read from the last to the first: two hours are in memory, however many there are.
        let files: Vec<_> = (0..100).rev().map(|hour| file(ACCOUNTS[0], hour)).collect();
        let seen = Seen::of_files(files.iter().copied());
        for (hour, file) in (0..100).rev().zip(&files) {
            for copy in [Sighting::First, Sighting::Again] {
                assert_eq!(seen.sight(*file, &event(hour * 3_600, ACCOUNTS[0]), 7), copy);
            }
            assert!(seen.len() <= 2, "{}", seen.len());
            seen.done(*file);
        }
        assert_eq!(seen.len(), 0);
        // Half of them read by somebody else: what the other half may bring late is kept.
        let seen = Seen::of_files(files.iter().copied());
        for (hour, file) in (0..50).rev().zip(&files[50..]) {
            seen.sight(*file, &event(hour * 3_600, ACCOUNTS[0]), 7);
            seen.done(*file);
        }
        // A file of hour 50 may hold events of hour 2.
        assert_eq!(seen.len(), 48);
    }

    #[test]
    fn an_hour_is_kept_for_all_files_that_may_bring_it() {
        for (first, second, event_hour, expect) in [
            (10, 9, 10, Sighting::Again),
            (9, 10, 10, Sighting::Again),
            (10, 58, 10, Sighting::Again),
            (58, 10, 10, Sighting::Again),
            (58, 9, 10, Sighting::Again),
            (10, 8, 10, Sighting::FirstOutside),
            (10, 59, 10, Sighting::FirstOutside),
        ] {
            let files = [file(ACCOUNTS[0], first), file(ACCOUNTS[0], second)];
            let (seen, event) = (Seen::of_files(files), event(event_hour * 3_600, ACCOUNTS[0]));
            assert_eq!(seen.sight(files[0], &event, 7), Sighting::First);
            seen.done(files[0]);
            assert_eq!(seen.sight(files[1], &event, 7), expect, "{first} and {second}");
        }
    }

    #[test]
    fn what_comes_too_late_is_compared_with_its_like() {
        let (now, early) = (file(ACCOUNTS[0], 100), file(ACCOUNTS[0], 40));
        let seen = Seen::of_files([now, now, early, file(ACCOUNTS[1], 100)]);
        for (file, hour, account, expect) in [
            (now, 100, ACCOUNTS[0], Sighting::First),
            (now, 101, ACCOUNTS[0], Sighting::First),
            (now, 102, ACCOUNTS[0], Sighting::FirstOutside),
            (now, 52, ACCOUNTS[0], Sighting::First),
            (now, 51, ACCOUNTS[0], Sighting::FirstOutside),
            (now, 51, ACCOUNTS[0], Sighting::Again),
            // On time in another file: not compared with the late one.
            (early, 40, ACCOUNTS[0], Sighting::First),
            (now, 40, ACCOUNTS[0], Sighting::FirstOutside),
            // Of an account that is not the file's.
            (now, 100, ACCOUNTS[1], Sighting::FirstOutside),
            // An old event says no account: it is the file's.
            (now, 100, "", Sighting::Again),
        ] {
            let found = seen.sight(file, &event(hour * 3_600, account), 7);
            assert_eq!(found, expect, "{hour} {account} in {file:?}");
        }
    }

    proptest! {
        /// Files with events anywhere around their hours: whatever the order in which they are read, the same
        /// number is counted, and it is that of a set that forgets nothing, unless the excess is told.
        #[test]
        fn the_order_of_the_files_does_not_matter(
            files in prop::collection::vec(
                (
                    0..2_usize,
                    prop_oneof![0..4_i64, 46..52_i64],
                    prop::collection::vec((prop_oneof![-2..3_i64, 46..51_i64], 0..2_u128), 0..6),
                ),
                1..12,
            )
            .prop_shuffle(),
            order in any::<prop::sample::Index>(),
        ) {
            let count = |turn: usize, forgets: bool| {
                let name = |(account, hour, _): &(usize, i64, Vec<_>)| file(ACCOUNTS[*account], *hour).filter(|_| forgets);
                let seen = Seen::of_files(files.iter().map(name));
                let (mut first, mut outside) = (0_usize, 0_usize);
                for one in files.iter().cycle().skip(turn).take(files.len()) {
                    for (late, fingerprint) in &one.2 {
                        let event = event((one.1 - late) * 3_600, ACCOUNTS[one.0]);
                        match seen.sight(name(one), &event, *fingerprint) {
                            Sighting::First => first += 1,
                            Sighting::FirstOutside => outside += 1,
                            Sighting::Again => {}
                        }
                    }
                    seen.done(name(one));
                }
                (first, outside)
            };
            let found = count(0, true);
            prop_assert_eq!(count(order.index(files.len()), true), found);
            let (exact, _) = count(0, false);
            let distinct: BTreeSet<_> = files
                .iter()
                .flat_map(|(account, hour, events)| {
                    events.iter().map(move |(late, fingerprint)| (account, hour - late, fingerprint))
                })
                .collect();
            prop_assert_eq!(exact, distinct.len());
            prop_assert!(found.0 <= exact && exact <= found.0 + found.1);
        }
    }
}
