//! What the name of a log file says about its content: `CloudTrail` writes
//! `[prefix/]AWSLogs/[o-id/]account/CloudTrail/region/yyyy/mm/dd/account_CloudTrail_region_time_random.json.gz`
//! ("Finding your `CloudTrail` log files", `CloudTrail` user guide). Any other name says nothing, and the
//! content decides.

use crate::iam::AccountId;
use crate::time::{Day, Timestamp};

/// The parts of a name. What a name does not say is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogFile<'a> {
    /// The kind of content.
    pub kind: LogFileKind,
    /// Whose events.
    pub account: Option<AccountId>,
    /// The region's name; empty when the name says none.
    pub region: &'a str,
    /// When the file was delivered, to the minute (digests: to the second).
    pub delivered: Option<Timestamp>,
    /// The day of the folder tree, else the day of delivery.
    pub day: Option<Day>,
    /// `o-…` of an organization trail; empty when the name says none.
    pub organization: &'a str,
}

/// What a log file contains, by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogFileKind {
    /// Events.
    Events,
    /// Hashes of log files: `CloudTrail-Digest`.
    Digest,
    /// Insight events: `CloudTrail-Insight`.
    Insight,
    /// The name does not say.
    #[default]
    Unknown,
}

impl<'a> LogFile<'a> {
    /// Reads a path or an object key; both kinds of slashes separate.
    pub fn from_name(name: &'a str) -> Self {
        let slash = memchr::memrchr2(b'/', b'\\', name.as_bytes());
        let split = slash.and_then(|at| Some((name.get(..at)?, name.get(at + 1..)?)));
        let (folders, file) = split.unwrap_or(("", name));
        let mut found = Self::default();
        found.read_file(file);
        found.read_folders(folders);
        if file.as_bytes().last_chunk::<8>().is_some_and(|end| end.eq_ignore_ascii_case(b".parquet")) {
            found.read_security_lake(folders);
        }
        found
    }

    /// `account_CloudTrail_region_20210730T1040Z_random.json.gz`; a digest has the trail's name between
    /// region and time.
    fn read_file(&mut self, file: &'a str) {
        // A trail's name, which is part of its digest files' names, may hold dots.
        let dot = || file.split_once('.').map_or(file, |(stem, _)| stem);
        let json = memchr::memmem::find(file.as_bytes(), b".json").and_then(|at| file.get(..at));
        let stem = json.unwrap_or_else(dot);
        let mut parts = stem.split('_');
        let (Some(account), Some(word), Some(region)) = (parts.next(), parts.next(), parts.next()) else {
            return;
        };
        let (Some(account), Some(kind)) = (AccountId::parse(account), kind_of(word)) else { return };
        let delivered = parts.filter_map(stamp).next_back();
        if delivered.is_none() {
            return;
        }
        *self = Self { kind, account: Some(account), region, delivered, ..*self };
        self.day = delivered.map(Timestamp::day);
    }

    fn read_folders(&mut self, folders: &'a str) {
        let mut parts = parts(folders).skip_while(|part| *part != "AWSLogs").skip(1).peekable();
        self.organization = parts.next_if(|part| part.starts_with("o-")).unwrap_or_default();
        let (Some(account), Some(kind)) =
            (parts.next().and_then(AccountId::parse), parts.next().and_then(kind_of))
        else {
            return;
        };
        if self.account.is_some_and(|own| own != account) {
            // The folder is not the file's own, so its organization need not be either.
            self.organization = "";
        }
        // A folder of another kind than its file is believed: nobody renames whole trees.
        self.kind = kind;
        self.account = self.account.or(Some(account));
        let region = parts.next().unwrap_or_default();
        if self.region.is_empty() {
            self.region = region;
        }
        let number = |part: Option<&str>| part.and_then(|part| part.parse::<i64>().ok());
        if let (Some(year), Some(month), Some(day)) =
            (number(parts.next()), number(parts.next()), number(parts.next()))
        {
            self.day = Day::from_date(year, month, day).or(self.day);
        }
    }

    /// `aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=111122223333/eventDay=20240501/x.gz.parquet`.
    fn read_security_lake(&mut self, folders: &'a str) {
        let mut parts = parts(folders).skip_while(|part| !LAKE_SOURCES.contains(part));
        if parts.next().is_none() {
            return;
        }
        self.kind = LogFileKind::Events;
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name {
                "region" => self.region = value,
                "accountId" => self.account = AccountId::parse(value),
                "eventDay" => self.day = stamp(&format!("{value}T0000Z")).map(Timestamp::day),
                _ => {}
            }
        }
    }
}

/// The folders of Security Lake that hold events of `CloudTrail`: its sources (Security Lake user guide, 2024),
/// and the name in the samples that AWS published of version 1.
const LAKE_SOURCES: [&str; 4] = ["CLOUD_TRAIL_MGMT", "S3_DATA", "LAMBDA_EXECUTION", "CLOUD_TRAIL"];

/// The parts of a path; both kinds of slashes separate.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    let ends = memchr::memchr2_iter(b'/', b'\\', path.as_bytes()).chain([path.len()]);
    let mut start = 0;
    ends.filter_map(move |end| path.get(std::mem::replace(&mut start, end + 1)..end))
}

fn kind_of(word: &str) -> Option<LogFileKind> {
    match word {
        "CloudTrail" => Some(LogFileKind::Events),
        "CloudTrail-Digest" => Some(LogFileKind::Digest),
        "CloudTrail-Insight" => Some(LogFileKind::Insight),
        _ => None,
    }
}

/// `20210730T1040Z`, or with seconds.
fn stamp(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let &[y1, y2, y3, y4, m1, m2, d1, d2] = date.as_bytes() else { return None };
    let (h1, h2, n1, n2, [s1, s2]) = match *clock.as_bytes() {
        [h1, h2, n1, n2] => (h1, h2, n1, n2, *b"00"),
        [h1, h2, n1, n2, s1, s2] => (h1, h2, n1, n2, [s1, s2]),
        _ => return None,
    };
    let plain = [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z'];
    Timestamp::parse(std::str::from_utf8(&plain).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expect`: kind, account, region, day, organization.
    fn check(name: &str, expect: (LogFileKind, &str, &str, &str, &str)) {
        let found = LogFile::from_name(name);
        let account = found.account.map(|account| account.to_string()).unwrap_or_default();
        let day = found.day.map(|day| day.to_string()).unwrap_or_default();
        let shown = (found.kind, &*account, found.region, &*day, found.organization);
        assert_eq!(shown, expect, "{name}");
    }

    #[test]
    fn names_as_aws_writes_them() {
        use LogFileKind::{Digest, Events, Insight, Unknown};
        let account = "111122223333";
        for (name, expect) in [
            (
                "p/AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/01/111122223333_CloudTrail_eu-west-1_20240502T0005Z_abcDEF123.json.gz",
                (Events, account, "eu-west-1", "2024-05-01", ""),
            ),
            (
                "AWSLogs/o-abc123/111122223333/CloudTrail/us-gov-west-1/2024/05/01/111122223333_CloudTrail_us-gov-west-1_20240501T0005Z_x.json",
                (Events, account, "us-gov-west-1", "2024-05-01", "o-abc123"),
            ),
            (
                "C:\\logs\\111122223333_CloudTrail_us-east-1_20240501T0005Z_x.json.gz",
                (Events, account, "us-east-1", "2024-05-01", ""),
            ),
            (
                "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2024/05/01/111122223333_CloudTrail-Digest_us-east-1_my_trail_us-east-1_20240501T065000Z.json.gz",
                (Digest, account, "us-east-1", "2024-05-01", ""),
            ),
            (
                "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2024/05/01/111122223333_CloudTrail-Insight_us-east-1_20240501T0650Z_x.json.gz",
                (Insight, account, "us-east-1", "2024-05-01", ""),
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2024/13/01/x.json",
                (Events, account, "us-east-1", "", ""),
            ),
            ("AWSLogs/111122223333/vpcflowlogs/us-east-1/2024/05/01/x.log.gz", (Unknown, "", "", "", "")),
            (
                "111122223333_CloudTrail-Digest_us-east-1_my.trail_1_us-east-1_20240501T065000Z_backfill.json.gz",
                (Digest, account, "us-east-1", "2024-05-01", ""),
            ),
            (
                "111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20240501T065000Z.json.gz.metadata.json",
                (Digest, account, "us-east-1", "2024-05-01", ""),
            ),
            (
                "111122223333_CloudTrail_us-east-1_20240501T0005Z_x.log.gz",
                (Events, account, "us-east-1", "2024-05-01", ""),
            ),
            (
                "AWSLogs/o-abc123/444455556666/CloudTrail/us-east-1/2024/05/01/111122223333_CloudTrail_us-east-1_20240501T0005Z_x.json",
                (Events, account, "us-east-1", "2024-05-01", ""),
            ),
            (
                "lake/aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=111122223333/eventDay=20240501/x.gz.parquet",
                (Events, account, "eu-west-1", "2024-05-01", ""),
            ),
            (
                "aws/VPC_FLOW/2.0/region=eu-west-1/accountId=111122223333/eventDay=20240501/x.gz.parquet",
                (Unknown, "", "", "", ""),
            ),
            ("CLOUD_TRAIL_MGMT/eventDay=é/accountId=1/x.parquet", (Events, "", "", "", "")),
            ("CLOUD_TRAIL_MGMT/x.json", (Unknown, "", "", "", "")),
            ("AWSLogs/o-abc/x", (Unknown, "", "", "", "o-abc")),
            ("111122223333_CloudTrail_us-east-1.json", (Unknown, "", "", "", "")),
            ("111122223333_CloudTrail_us-east-1_2024é0501T0005Z_x.json", (Unknown, "", "", "", "")),
            ("export.jsonl", (Unknown, "", "", "", "")),
            ("-", (Unknown, "", "", "", "")),
            ("", (Unknown, "", "", "", "")),
        ] {
            check(name, expect);
        }
        let exact = LogFile::from_name("111122223333_CloudTrail_us-east-1_20240501T0005Z_x.json.gz");
        assert_eq!(exact.delivered, Timestamp::parse("2024-05-01T00:05:00Z"));
    }
}
