//! What was delivered, file by file: for whom, on which day, and how long after the events. A sum, as the
//! rest of the coverage; nothing here is counted event by event.

use super::kept;
use super::members::Members;
use crate::iam::AccountId;
use crate::time::{Day, Timestamp};
use crate::trail::log_file::LogFile;
use std::collections::BTreeMap;

/// Delays are counted in minutes, up to a week; what took longer counts as a week.
const DELAY_MINUTES_MAX: u32 = 7 * 24 * 60;

/// Files by account, region and day, all as their names and folders say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    places: BTreeMap<(Option<AccountId>, Box<str>), Place>,
    members: Members,
}

/// The files of one account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// By day; `None` for files whose names say no day.
    pub days: BTreeMap<Option<Day>, Files>,
    /// Files by delay.
    pub delays: Delays,
}

/// Numbers of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Decoded, flawed ones included.
    pub read: u64,
    /// Decoded in part: cut short, damaged, or with bad records.
    pub flawed: u64,
    /// Of which nothing was used: unreadable, too large, no log, not proven.
    pub unusable: u64,
}

/// How long after their first event files were delivered, in whole minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    by_minutes: BTreeMap<u32, u64>,
}

impl Delivery {
    /// Counts a decoded file. `span`: the times of the first and of the last event in it.
    pub(super) fn add_file(&mut self, name: &str, span: Option<(Timestamp, Timestamp)>, flawed: bool) {
        let name = LogFile::from_name(name);
        if let Some(span) = span {
            self.members.add_file(&name, span);
        }
        let place = self.place(&name);
        let files = place.days.entry(name.day).or_default();
        files.read += 1;
        files.flawed += u64::from(flawed);
        if let (Some((first, _)), Some(delivered)) = (span, name.delivered) {
            place.delays.add(first, delivered);
        }
    }

    /// Counts a file of which nothing was used.
    pub(super) fn add_unusable(&mut self, name: &str) {
        let name = LogFile::from_name(name);
        self.place(&name).days.entry(name.day).or_default().unusable += 1;
    }

    fn place(&mut self, name: &LogFile<'_>) -> &mut Place {
        self.places.entry((name.account, kept(name.region).into())).or_default()
    }

    /// Adds another part.
    pub(super) fn merge(&mut self, other: Self) {
        self.members.merge(other.members);
        for (key, theirs) in other.places {
            let ours = self.places.entry(key).or_default();
            for (day, files) in theirs.days {
                let sum = ours.days.entry(day).or_default();
                sum.read += files.read;
                sum.flawed += files.flawed;
                sum.unusable += files.unusable;
            }
            for (minutes, files) in theirs.delays.by_minutes {
                *ours.delays.by_minutes.entry(minutes).or_default() += files;
            }
        }
    }

    /// Who belongs to which organization.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// All places, ordered by account and region; no account or an empty region where names do not say.
    pub fn places(&self) -> impl Iterator<Item = (Option<AccountId>, &str, &Place)> {
        self.places.iter().map(|((account, region), place)| (*account, &**region, place))
    }
}

impl Delays {
    /// The name tells the minute only, so an event of the same minute may seem later than its delivery.
    fn add(&mut self, event: Timestamp, delivered: Timestamp) {
        let minutes = (delivered.seconds() - event.seconds()).max(0) / 60;
        let minutes = u32::try_from(minutes).unwrap_or(u32::MAX).min(DELAY_MINUTES_MAX);
        *self.by_minutes.entry(minutes).or_default() += 1;
    }

    /// The number of files.
    pub fn files(&self) -> u64 {
        self.by_minutes.values().sum()
    }

    /// The shortest delay, in minutes, that so many percent of the files do not exceed; `None` without files.
    pub fn percentile(&self, percent: u64) -> Option<u32> {
        let rank = (self.files() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.by_minutes.iter().find_map(|(minutes, files)| {
            seen += files;
            (seen >= rank).then_some(*minutes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(region: &str, minute: u32) -> String {
        format!("111122223333_CloudTrail_{region}_20240501T00{minute:02}Z_x.json.gz")
    }

    #[test]
    fn files_are_counted_where_their_names_say() {
        let midnight = Timestamp::parse("2024-05-01T00:00:00Z").map(|time| (time, time));
        let mut left = Delivery::default();
        for minute in 1..=9 {
            left.add_file(&name("eu-west-1", minute), midnight, false);
        }
        let mut right = Delivery::default();
        right.add_file(&name("eu-west-1", 59), midnight, true);
        right.add_file(&name("us-east-1", 5), None, false);
        right.add_file("export.json", midnight, false);
        right.add_unusable(&name("us-east-1", 6));
        let mut other_way = right.clone();
        other_way.merge(left.clone());
        left.merge(right);
        assert_eq!(left, other_way);
        let day = Day::from_date(2024, 5, 1);
        let shown: Vec<_> = left
            .places()
            .map(|(_, region, place)| {
                (region, place.days.clone().into_iter().collect::<Vec<_>>(), place.delays.files())
            })
            .collect();
        let files = |read, flawed, unusable| Files { read, flawed, unusable };
        assert_eq!(
            shown,
            [
                ("", vec![(None, files(1, 0, 0))], 0),
                ("eu-west-1", vec![(day, files(10, 1, 0))], 10),
                ("us-east-1", vec![(day, files(1, 0, 1))], 0),
            ]
        );
        let (.., place) = left.places().nth(1).unwrap();
        assert_eq!(
            [50, 90, 91, 99, 100].map(|percent| place.delays.percentile(percent)),
            [5, 9, 59, 59, 59].map(Some)
        );
        assert_eq!(Delays::default().percentile(50), None);
    }

    #[test]
    fn odd_delays_stay_in_bounds() {
        let mut delays = Delays::default();
        let at = |text| Timestamp::parse(text).unwrap();
        delays.add(at("2024-05-01T00:00:59Z"), at("2024-05-01T00:00:00Z"));
        delays.add(at("0001-01-01T00:00:00Z"), at("9999-05-01T00:00:00Z"));
        assert_eq!((delays.percentile(50), delays.percentile(99)), (Some(0), Some(DELAY_MINUTES_MAX)));
    }
}
