//! Which parts of a bucket are listed: the tree of `CloudTrail` is kept by account, region and day, so years
//! that nobody asked for are never listed, and busy days are listed side by side.
//!
//! `[prefix/]AWSLogs/[o-id/]account/CloudTrail/region/yyyy/mm/dd/` ("Finding your `CloudTrail` log files",
//! `CloudTrail` user guide). S3 lists keys in the order of their bytes, and dates in this form sort as time
//! does, so any stretch of days is one range of keys.

use crate::iam::AccountId;
use crate::source::open::Window;
use crate::time::Day;

/// A file may lie in the folder of the day before its events or after: files are named by their delivery.
const SLACK_DAYS: i32 = 1;

/// A further stretch is cut into at most so many pieces at once.
const PIECES_MAX: i32 = 32;

/// What a folder is, by its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Folder<'a> {
    /// Above accounts, or no part of a trail's tree: all of its folders may lead to logs.
    Open,
    /// Of an account: log files of `CloudTrail` are in one of its folders, those of other services beside.
    Account,
    /// At a region, or below; the region's own folder, with the slash at its end.
    Region(&'a str),
}

/// What a prefix that ends in a slash is.
pub(super) fn folder(prefix: &str) -> Folder<'_> {
    // The parts behind `AWSLogs`, each with the place where it ends.
    let mut end = 0;
    let mut parts = prefix.split_inclusive('/').map(|part| {
        end += part.len();
        (part.trim_end_matches('/'), end)
    });
    if !parts.any(|(part, _)| part == "AWSLogs") {
        return Folder::Open;
    }
    let mut parts = parts.peekable();
    parts.next_if(|(part, _)| part.starts_with("o-"));
    if parts.next().is_none_or(|(part, _)| AccountId::parse(part).is_none()) {
        return Folder::Open;
    }
    match (parts.next(), parts.next()) {
        (None, _) => Folder::Account,
        (Some((kind, _)), Some((_, end))) if kind.starts_with("CloudTrail") => {
            prefix.get(..end).map_or(Folder::Open, Folder::Region)
        }
        _ => Folder::Open,
    }
}

/// Is this folder of an account asked for?
pub(super) fn is_wanted(kind: &str, digests: bool) -> bool {
    kind == "CloudTrail" || digests && kind == "CloudTrail-Digest"
}

/// A range of keys in the folder of one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The region's folder, with the slash at its end.
    pub(super) root: String,
    /// All keys begin so: the region's folder, or one below.
    pub(super) prefix: String,
    /// Keys behind this one; empty for all.
    pub(super) after: String,
    /// The last day; `None` for all keys.
    pub(super) until: Option<Day>,
}

impl Stretch {
    /// The keys below a folder, at a region or deeper, that may hold events of the window. `None` when there
    /// can be none.
    pub(super) fn of(root: &str, prefix: &str, window: Window) -> Option<Self> {
        let shifted = |day: Day, days: i32| Day::from_epoch_days(day.epoch_days().saturating_add(days));
        let from = window.from.map(|from| shifted(from.day(), -SLACK_DAYS));
        // The end is not part of the window.
        let until = window.to.map(|to| shifted(to.plus_seconds(-1).day(), SLACK_DAYS));
        let mut stretch = Self {
            root: root.to_owned(),
            prefix: prefix.to_owned(),
            after: from.map(|day| format!("{root}{}", path(day))).unwrap_or_default(),
            until,
        };
        if let (Some(from), Some(until)) = (from, until) {
            if from > until {
                return None;
            }
            // What the first and the last day have in common: the year, the month, the day.
            let (first, last) = (path(from), path(until));
            let same = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
            let folder = first.get(..same).and_then(|same| same.rfind('/')).map_or(0, |slash| slash + 1);
            let days = format!("{root}{}", first.get(..folder).unwrap_or_default());
            if days.starts_with(prefix) {
                stretch.prefix = days;
            }
        }
        // A folder below the region that lies outside the window.
        let before = stretch.after.as_str() > stretch.prefix.as_str() && !stretch.after.starts_with(prefix);
        (!before && stretch.holds(&stretch.prefix)).then_some(stretch)
    }

    /// Does a key lie before the end?
    pub(super) fn holds(&self, key: &str) -> bool {
        let Some(until) = self.until else { return true };
        // `0` is the character behind the slash: the end of everything in the day's folder.
        let path = path(until);
        let end = format!("{}{}0", self.root, path.trim_end_matches('/'));
        key < end.as_str()
    }

    /// What is left behind a full page of keys, to be listed side by side. The page tells how many days fit
    /// into one; nobody knows how many keys the days behind it have.
    pub(super) fn rest(&self, first: &str, last: &str, now: Day) -> Vec<Self> {
        if !self.holds(last) {
            return Vec::new();
        }
        let chain = Self { after: last.to_owned(), ..self.clone() };
        let (Some(first), Some(last)) = (self.day(first), self.day(last)) else { return vec![chain] };
        let end = self.until.unwrap_or(now);
        let left = end.epoch_days().saturating_sub(last.epoch_days());
        let fit = last.epoch_days().saturating_sub(first.epoch_days());
        if left <= fit || left <= 0 {
            return vec![chain];
        }
        let step = fit.max((left + PIECES_MAX - 1) / PIECES_MAX).max(1);
        let mut pieces = vec![chain];
        let mut day = last.epoch_days() + step;
        while day <= end.epoch_days() {
            let boundary = Day::from_epoch_days(day - 1);
            let after = format!("{}{}0", self.root, path(boundary).trim_end_matches('/'));
            if let Some(piece) = pieces.last_mut() {
                piece.until = Some(boundary);
            }
            pieces.push(Self { after, ..self.clone() });
            day += step;
        }
        pieces
    }

    /// The day whose folder a key lies in.
    fn day(&self, key: &str) -> Option<Day> {
        let mut parts = key.strip_prefix(&*self.root)?.splitn(4, '/').map(str::parse::<i64>);
        let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        Day::from_date(year, month, day)
    }
}

/// `yyyy/mm/dd/`.
fn path(day: Day) -> String {
    day.to_string().replace('-', "/") + "/"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    const ROOT: &str = "p/AWSLogs/111122223333/CloudTrail/eu-west-1/";

    #[test]
    fn folders_are_told_by_their_place() {
        let region = |prefix| (prefix, Folder::Region(prefix));
        for (prefix, expect) in [
            ("", Folder::Open),
            ("a/b/", Folder::Open),
            ("AWSLogs/", Folder::Open),
            ("AWSLogs/o-abc/", Folder::Open),
            ("AWSLogs/111122223333/", Folder::Account),
            ("o-abc/AWSLogs/o-abc/111122223333/", Folder::Account),
            ("AWSLogs/111122223333/CloudTrail/", Folder::Open),
            ("AWSLogs/111122223333/vpcflowlogs/eu-west-1/", Folder::Open),
            region(ROOT),
            region("AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/"),
            region("AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/"),
            ("p/AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/", Folder::Region(ROOT)),
        ] {
            assert_eq!(folder(prefix), expect, "{prefix}");
        }
    }

    fn window(from: &str, to: &str) -> Window {
        let at = |text: &str| Timestamp::parse(&format!("{text}T00:00:00Z"));
        Window { from: at(from), to: at(to), now: Timestamp::default() }
    }

    /// `expect`: prefix and start behind the region's folder, and the last day; or nothing.
    fn check(below: &str, from: &str, to: &str, expect: Option<(&str, &str, &str)>) {
        let found = Stretch::of(ROOT, &format!("{ROOT}{below}"), window(from, to)).map(|found| {
            let short = |key: &str| key.strip_prefix(ROOT).unwrap_or("").to_owned();
            let until = found.until.map(|day| day.to_string()).unwrap_or_default();
            (short(&found.prefix), short(&found.after), until)
        });
        let expect = expect.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(found, expect, "{below} {from} {to}");
    }

    #[test]
    fn windows_become_ranges_of_keys() {
        check("", "", "", Some(("", "", "")));
        check("", "2024-05-10", "2024-05-12", Some(("2024/05/", "2024/05/09/", "2024-05-12")));
        check("", "2024-05-10", "2024-06-12", Some(("2024/", "2024/05/09/", "2024-06-12")));
        check("", "2023-05-10", "2024-06-12", Some(("", "2023/05/09/", "2024-06-12")));
        check("", "2024-05-10", "", Some(("", "2024/05/09/", "")));
        check("", "", "2024-05-10", Some(("", "", "2024-05-10")));
        check("", "2024-05-10", "2024-05-01", None);
        check("2024/", "2024-05-10", "2024-05-12", Some(("2024/05/", "2024/05/09/", "2024-05-12")));
        check("2024/05/11/", "2024-05-10", "2024-05-12", Some(("2024/05/11/", "2024/05/09/", "2024-05-12")));
        check("2024/05/13/", "2024-05-10", "2024-05-12", None);
        check("2024/05/08/", "2024-05-10", "2024-05-12", None);
        check("2023/", "2024-05-10", "2024-05-12", None);
        check("2025/", "", "2024-05-12", None);
        check("2023/", "2024-05-10", "", None);
    }

    proptest! {
        /// Whatever a tree holds, the pieces of a listing find every key of the window once.
        #[test]
        fn pieces_find_every_key_once(
            days in prop::collection::vec((0_i32..900, 1_u32..40), 0..60),
            page in 1_usize..30,
            from in prop::option::of(0_i32..900),
            to in prop::option::of(0_i32..900),
        ) {
            let mut keys: Vec<String> = days
                .iter()
                .flat_map(|(day, files)| {
                    let day = path(Day::from_epoch_days(19_000 + day));
                    (0..*files).map(move |file| format!("{ROOT}{day}{file:03}"))
                })
                .chain([format!("{ROOT}zzz"), "elsewhere".to_owned()])
                .collect();
            keys.sort();
            keys.dedup();
            let moment = |day: i32| Day::from_epoch_days(19_000 + day).start();
            let window = Window { from: from.map(moment), to: to.map(moment), now: moment(900) };
            let mut found: Vec<String> = Vec::new();
            let mut open: Vec<Stretch> = Stretch::of(ROOT, ROOT, window).into_iter().collect();
            let mut requests = 0;
            while let Some(stretch) = open.pop() {
                requests += 1;
                prop_assert!(requests < 10_000);
                let matching: Vec<&String> = keys
                    .iter()
                    .filter(|key| key.starts_with(&stretch.prefix) && **key > stretch.after)
                    .collect();
                let shown = &matching[..matching.len().min(page)];
                found.extend(shown.iter().filter(|key| stretch.holds(key)).map(|key| (*key).clone()));
                if matching.len() > page {
                    open.extend(stretch.rest(shown[0], shown[page - 1], window.now.day()));
                }
            }
            let inside = |key: &&String| {
                let Some(rest) = key.strip_prefix(ROOT) else { return false };
                let shifted = |day: i32, by: i32| path(Day::from_epoch_days(19_000 + day + by));
                from.is_none_or(|from| *rest >= *shifted(from, -1))
                    && to.is_none_or(|to| *rest < *shifted(to, 1))
            };
            let empty = matches!((from, to), (Some(from), Some(to)) if from > to + 1);
            let mut expect: Vec<String> = keys.iter().filter(inside).cloned().collect();
            if empty {
                expect.clear();
            }
            found.sort();
            expect.sort();
            prop_assert_eq!(found, expect);
        }
    }
}
