//! Points in time and windows, read from text; this crate never asks the clock.

use std::fmt;

/// Seconds in a day.
pub const DAY_SECONDS: i64 = 86_400;

/// A point in time: whole seconds since 1970-01-01T00:00:00Z. `CloudTrail` event times carry no fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A UTC calendar day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Timestamp {
    /// From seconds since the epoch; `None` outside the years 0000 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (-62_167_219_200..=253_402_300_799).contains(&seconds).then_some(Self(seconds))
    }

    /// Seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The UTC day that contains this point.
    pub fn day(self) -> Day {
        // In range by construction: ten thousand years are fewer than four million days.
        Day(i32::try_from(self.0.div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX))
    }

    /// Reads `2021-07-30T10:37:38Z` at once, and any other RFC 3339 form (offset, fraction, blank for
    /// `T`) more slowly. `None` when the text is no point in time.
    pub fn parse(text: &str) -> Option<Self> {
        parse_plain(text.as_bytes()).or_else(|| parse_any(text))
    }

    /// This point moved by whole seconds, kept within the representable range.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_seconds(self.0.saturating_add(seconds)).unwrap_or(self)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, whole seconds: `2021-07-30T10:37:38Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.rem_euclid(DAY_SECONDS);
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.day(), second / 3600, second / 60 % 60, second % 60)
    }
}

impl Day {
    /// The day `days` days after 1970-01-01.
    pub fn from_epoch_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub fn epoch_days(self) -> i32 {
        self.0
    }

    /// The first second of the day.
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * DAY_SECONDS)
    }

    /// From a calendar date; `None` when there is no such day.
    pub fn from_date(year: i64, month: i64, day: i64) -> Option<Self> {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let length = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + i64::from(leap),
            _ => return None,
        };
        if !(1..=length).contains(&day) || !(0..=9999).contains(&year) {
            return None;
        }
        i32::try_from(days_from_civil(year, month, day)).ok().map(Self)
    }
}

impl fmt::Display for Day {
    /// ISO 8601: `2021-07-30`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The inverse of `days_from_civil`: shift to an era of 400 years that starts on 1 March.
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Days since the epoch of a proleptic Gregorian date, in 400-year eras that start on 1 March
/// (so that the leap day is the last of its year).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The one form that `CloudTrail` writes: twenty bytes, UTC, no fraction.
fn parse_plain(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 20] = text.try_into().ok()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z'] = *text
    else {
        return None;
    };
    // A digit's value is below ten, anything else is not.
    let digits =
        [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2].map(|digit| digit.wrapping_sub(b'0'));
    if digits.iter().fold(0, |all, digit| all | u8::from(*digit > 9)) != 0 {
        return None;
    }
    let [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2] = digits.map(i64::from);
    let day = Day::from_date(y1 * 1_000 + y2 * 100 + y3 * 10 + y4, m1 * 10 + m2, d1 * 10 + d2)?;
    let (hour, minute, second) = (h1 * 10 + h2, n1 * 10 + n2, s1 * 10 + s2);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(Timestamp(day.start().0 + hour * 3600 + minute * 60 + second))
}

fn parse_any(text: &str) -> Option<Timestamp> {
    let parsed: jiff::Timestamp = text.trim().parse().ok()?;
    Timestamp::from_seconds(parsed.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<i64>) {
        assert_eq!(Timestamp::parse(text).map(Timestamp::seconds), expect, "{text}");
    }

    #[test]
    fn reads_what_cloudtrail_and_the_aws_cli_write() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2021-07-30T10:37:38Z", Some(1_627_641_458));
        check("2022-02-08 09:23:37+11:00", Some(1_644_272_617));
        check("2024-02-29T23:59:59.123Z", Some(1_709_251_199));
        check("2023-02-29T00:00:00Z", None);
        check("2021-07-30T24:00:00Z", None);
        check("2021-7-30T10:37:38Z", None);
        check("", None);
        check("yesterday", None);
    }

    #[test]
    fn prints_what_it_reads() {
        for text in
            ["1970-01-01T00:00:00Z", "2000-02-29T12:00:01Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
        {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
    }
}
