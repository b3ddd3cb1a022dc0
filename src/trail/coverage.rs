//! What the logs cover: which accounts, regions, days and categories of events were seen, and what was
//! delivered but could not be used. Silence proves nothing where nothing would have been logged, so every
//! verdict asks here first.
//!
//! A [`Coverage`] is a sum: adding the same events and files in any order, in any number of parts that
//! are [merged](Coverage::merge), gives the same value.

pub mod delivery;
pub mod members;
pub mod missing;
pub mod tally;

use crate::iam::AccountId;
use crate::time::{Day, Timestamp};
use crate::trail::decode::Decoded;
use crate::trail::event::{Event, EventCategory};
use crate::trail::identity;
use crate::trail::problem::{Problem, ProblemKind};
use delivery::Delivery;
use std::collections::{BTreeMap, BTreeSet};

/// The longest region name or resource type that is kept, in bytes; longer text is none.
const NAME_BYTES_MAX: usize = 128;

/// Categories that trails switch on and off separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Management events with `readOnly` true.
    ManagementRead,
    /// Management events with `readOnly` false.
    ManagementWrite,
    /// Management events that do not say which.
    ManagementUnknown,
    /// Data events with `readOnly` true; counted by resource type.
    DataRead,
    /// Data events with `readOnly` false; counted by resource type.
    DataWrite,
    /// Data events that do not say which; counted by resource type.
    DataUnknown,
    /// Network activity at VPC endpoints.
    Network,
    /// A category that is newer than this program.
    Other,
}

impl Category {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ManagementRead => "management_read",
            Self::ManagementWrite => "management_write",
            Self::ManagementUnknown => "management_unknown",
            Self::DataRead => "data_read",
            Self::DataWrite => "data_write",
            Self::DataUnknown => "data_unknown",
            Self::Network => "network",
            Self::Other => "other",
        }
    }

    /// The category of an event.
    pub fn of(event: &Event<'_>) -> Self {
        match (event.category, event.read_only) {
            (EventCategory::Management, Some(true)) => Self::ManagementRead,
            (EventCategory::Management, Some(false)) => Self::ManagementWrite,
            (EventCategory::Management, None) => Self::ManagementUnknown,
            (EventCategory::Data, Some(true)) => Self::DataRead,
            (EventCategory::Data, Some(false)) => Self::DataWrite,
            (EventCategory::Data, None) => Self::DataUnknown,
            (EventCategory::NetworkActivity, _) => Self::Network,
            (EventCategory::Insight | EventCategory::Other, _) => Self::Other,
        }
    }

    /// Is it one of the three kinds of data events?
    pub fn is_data(self) -> bool {
        matches!(self, Self::DataRead | Self::DataWrite | Self::DataUnknown)
    }
}

/// Numbers of files and records. Every field is a plain sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files whose content was decoded, flawed ones included.
    pub files_read: u64,
    /// Files that could not be opened or read.
    pub files_unreadable: u64,
    /// Files that were refused because they inflate to too much.
    pub files_too_large: u64,
    /// Files that end early; what came before the cut was used.
    pub files_truncated: u64,
    /// Files with damaged parts.
    pub files_corrupt: u64,
    /// Files that the user named and that are no logs.
    pub files_not_a_log: u64,
    /// Files that no digest file proves, when that was asked for.
    pub files_unverified: u64,
    /// Digest files that were left out, by name or by content.
    pub digests_skipped: u64,
    /// Insight files that were left out by name.
    pub insight_files_skipped: u64,
    /// Files of other kinds that were left out.
    pub others_skipped: u64,
    /// Everything that took the place of a record.
    pub records: u64,
    /// Records that could not be used.
    pub records_bad: u64,
    /// Insight events.
    pub insights: u64,
    /// Events, every delivery counted.
    pub events: u64,
    /// Events, each counted once.
    pub events_distinct: u64,
    /// Further deliveries of the same events.
    pub duplicates: u64,
    /// Of the distinct events, those that came too late, or in another account's file, to be compared with all
    /// others: some may be duplicates.
    pub possible_duplicates: u64,
}

/// One number of the table of coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell<'a> {
    /// The account in which the calls acted.
    pub account: Option<AccountId>,
    /// The region; empty when the records do not say.
    pub region: &'a str,
    /// The UTC day.
    pub day: Day,
    /// The category.
    pub category: Category,
    /// For data events the resource type (`AWS::S3::Object`), empty when unknown; else empty.
    pub resource_type: &'a str,
    /// Distinct events.
    pub events: u64,
}

impl<'a> Cell<'a> {
    /// Where one event counts.
    fn of(event: &'a Event<'_>) -> Self {
        let category = Category::of(event);
        Self {
            account: identity::acted_in(event),
            region: kept(&event.region),
            day: event.time.day(),
            category,
            resource_type: kept(if category.is_data() { data_resource_type(event) } else { "" }),
            events: 1,
        }
    }
}

type ByType = BTreeMap<Box<str>, u64>;
type ByDay = BTreeMap<Day, BTreeMap<Category, ByType>>;

/// What a set of logs covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Sums.
    pub counts: Counts,
    /// Files by account, region and day.
    pub delivery: Delivery,
    cells: BTreeMap<Option<AccountId>, BTreeMap<Box<str>, ByDay>>,
    span: Option<(Timestamp, Timestamp)>,
}

impl Coverage {
    /// Counts one event that was not delivered before.
    pub fn add_event(&mut self, event: &Event<'_>) {
        self.count_event(event);
        self.add_cell(&Cell::of(event));
    }

    /// [`Self::add_event`] without its number in the table.
    fn count_event(&mut self, event: &Event<'_>) {
        self.counts.events += 1;
        self.counts.events_distinct += 1;
        self.widen(event.time, event.time);
    }

    /// Adds a number that was counted elsewhere, of events between two points in time.
    pub fn add_counted(&mut self, cell: &Cell<'_>, (first, last): (Timestamp, Timestamp)) {
        self.counts.events += cell.events;
        self.counts.events_distinct += cell.events;
        self.widen(first, last);
        let (region, resource_type) = (kept(cell.region), kept(cell.resource_type));
        self.add_cell(&Cell { region, resource_type, ..*cell });
    }

    fn add_cell(&mut self, cell: &Cell<'_>) {
        let regions = self.cells.entry(cell.account).or_default();
        update(regions, cell.region, |days| {
            let types = days.entry(cell.day).or_default().entry(cell.category).or_default();
            update(types, cell.resource_type, |events| *events += cell.events);
        });
    }

    /// Counts one more delivery of an event.
    pub fn add_duplicate(&mut self) {
        self.counts.events += 1;
        self.counts.duplicates += 1;
    }

    /// Counts one decoded file, apart from its events, which [`Self::add_event`] and
    /// [`Self::add_duplicate`] count.
    pub fn add_file(&mut self, file: &str, decoded: &Decoded) {
        self.delivery.add_file(file, decoded.span, !decoded.problems.is_empty());
        let good = decoded.events + decoded.digests + decoded.insights;
        let counts = &mut self.counts;
        counts.files_read += 1;
        counts.digests_skipped += decoded.digests as u64;
        counts.records += decoded.records as u64;
        counts.records_bad += decoded.records.saturating_sub(good) as u64;
        counts.insights += decoded.insights as u64;
        let has = |kind| u64::from(decoded.problems.iter().any(|problem| problem.kind == kind));
        counts.files_truncated += has(ProblemKind::Truncated);
        counts.files_corrupt += has(ProblemKind::Corrupt);
    }

    /// Counts one file of which nothing was decoded.
    pub fn add_failed_file(&mut self, problem: &Problem) {
        self.delivery.add_unusable(&problem.file);
        let counts = &mut self.counts;
        *match problem.kind {
            ProblemKind::TooLarge => &mut counts.files_too_large,
            ProblemKind::NotALog => &mut counts.files_not_a_log,
            ProblemKind::Unverified => &mut counts.files_unverified,
            _ => &mut counts.files_unreadable,
        } += 1;
    }

    /// Adds another part.
    pub fn merge(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.delivery.merge(other.delivery);
        if let Some((first, last)) = other.span {
            self.widen(first, last);
        }
        for (account, regions) in other.cells {
            let ours = self.cells.entry(account).or_default();
            for (region, days) in regions {
                let ours = ours.entry(region).or_default();
                for (day, categories) in days {
                    let ours = ours.entry(day).or_default();
                    for (category, types) in categories {
                        let ours = ours.entry(category).or_default();
                        for (resource_type, events) in types {
                            *ours.entry(resource_type).or_default() += events;
                        }
                    }
                }
            }
        }
    }

    /// All numbers, ordered by account, region, day, category and resource type.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.cells.iter().flat_map(|(&account, regions)| {
            regions.iter().flat_map(move |(region, days)| {
                days.iter().flat_map(move |(&day, categories)| {
                    categories.iter().flat_map(move |(&category, types)| {
                        types.iter().map(move |(resource_type, &events)| Cell {
                            account,
                            region,
                            day,
                            category,
                            resource_type,
                            events,
                        })
                    })
                })
            })
        })
    }

    /// The accounts in which calls acted.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.cells.keys().filter_map(|account| *account)
    }

    /// The regions seen in an account; the empty name stands for records that do not say.
    pub fn regions(&self, account: AccountId) -> BTreeSet<&str> {
        self.cells.get(&Some(account)).into_iter().flat_map(BTreeMap::keys).map(|region| &**region).collect()
    }

    /// The days on which an account had any event.
    pub fn days(&self, account: AccountId) -> BTreeSet<Day> {
        self.days_where(account, |_| true)
    }

    /// The days on which an account had events of a category; for data events, of a resource type.
    pub fn days_of(&self, account: AccountId, category: Category, resource_type: &str) -> BTreeSet<Day> {
        self.days_where(account, |cell| cell.category == category && cell.resource_type == resource_type)
    }

    /// The days on which an account had a number that fits.
    pub fn days_where(&self, account: AccountId, fits: impl Fn(&Cell<'_>) -> bool) -> BTreeSet<Day> {
        let regions = self.cells.get(&Some(account)).into_iter().flatten();
        regions
            .flat_map(|(region, days)| days.iter().map(move |(day, categories)| (region, *day, categories)))
            .filter(|(region, day, categories)| {
                categories.iter().any(|(&category, types)| {
                    types.iter().any(|(resource_type, &events)| {
                        let account = Some(account);
                        fits(&Cell { account, region, day: *day, category, resource_type, events })
                    })
                })
            })
            .map(|(_, day, _)| day)
            .collect()
    }

    /// The time of the first and of the last event.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span
    }

    fn widen(&mut self, first: Timestamp, last: Timestamp) {
        let (begin, end) = self.span.unwrap_or((first, last));
        self.span = Some((begin.min(first), end.max(last)));
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        // Taken apart by name, so that a new field cannot be forgotten here.
        let Self {
            files_read,
            files_unreadable,
            files_too_large,
            files_truncated,
            files_corrupt,
            files_not_a_log,
            files_unverified,
            digests_skipped,
            insight_files_skipped,
            others_skipped,
            records,
            records_bad,
            insights,
            events,
            events_distinct,
            duplicates,
            possible_duplicates,
        } = other;
        self.files_read += files_read;
        self.files_unreadable += files_unreadable;
        self.files_too_large += files_too_large;
        self.files_truncated += files_truncated;
        self.files_corrupt += files_corrupt;
        self.files_not_a_log += files_not_a_log;
        self.files_unverified += files_unverified;
        self.digests_skipped += digests_skipped;
        self.insight_files_skipped += insight_files_skipped;
        self.others_skipped += others_skipped;
        self.records += records;
        self.records_bad += records_bad;
        self.insights += insights;
        self.events += events;
        self.events_distinct += events_distinct;
        self.duplicates += duplicates;
        self.possible_duplicates += possible_duplicates;
    }
}

/// The type by which a trail's selector chose a data event. An S3 record lists bucket and object, and
/// perhaps the key; the object is what the selector names.
fn data_resource_type<'a>(event: &'a Event<'_>) -> &'a str {
    let mut types = event.resources.iter().map(|resource| &*resource.kind).filter(|kind| !kind.is_empty());
    let beside = |kind: &&str| matches!(*kind, "AWS::S3::Bucket" | "AWS::KMS::Key");
    types.clone().find(|kind| !beside(kind)).or_else(|| types.next()).unwrap_or_default()
}

/// Hostile text must not become a key of unlimited length.
fn kept(text: &str) -> &str {
    if text.len() > NAME_BYTES_MAX { "" } else { text }
}

/// Changes the value of a key; the key is copied only when it is new.
fn update<V: Default>(map: &mut BTreeMap<Box<str>, V>, key: &str, change: impl FnOnce(&mut V)) {
    if let Some(value) = map.get_mut(key) {
        change(value);
    } else {
        change(map.entry(key.into()).or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::event::EventResource;
    use proptest::prelude::*;

    fn account() -> AccountId {
        AccountId::parse("111122223333").unwrap()
    }

    /// `kinds`: the types in `resources[]`, separated by blanks.
    fn event(day: i64, region: &'static str, category: EventCategory, kinds: &'static str) -> Event<'static> {
        let resource = |kind: &'static str| EventResource { kind: kind.into(), ..EventResource::default() };
        Event {
            time: Timestamp::from_seconds(day * crate::time::DAY_SECONDS + 5).unwrap(),
            region: region.into(),
            category,
            read_only: Some(day % 2 == 0),
            recipient_account: Some(account()),
            resources: kinds.split_whitespace().map(resource).collect(),
            ..Event::default()
        }
    }

    #[test]
    fn days_and_regions_are_seen_by_category() {
        use EventCategory::{Data, Management};
        let mut coverage = Coverage::default();
        for event in [
            event(1, "eu-west-1", Management, "AWS::S3::Bucket"),
            event(2, "us-east-1", Data, "AWS::S3::Bucket AWS::S3::Object"),
            event(4, "us-east-1", Data, "AWS::S3::Object AWS::KMS::Key"),
            event(5, "us-east-1", Data, "AWS::Lambda::Function"),
        ] {
            coverage.add_event(&event);
        }
        coverage.add_duplicate();
        let days = |days: BTreeSet<Day>| days.into_iter().map(Day::epoch_days).collect::<Vec<_>>();
        assert_eq!(days(coverage.days(account())), [1, 2, 4, 5]);
        assert_eq!(days(coverage.days_of(account(), Category::ManagementWrite, "")), [1]);
        assert_eq!(days(coverage.days_of(account(), Category::DataRead, "AWS::S3::Object")), [2, 4]);
        assert_eq!(days(coverage.days_of(account(), Category::DataWrite, "AWS::Lambda::Function")), [5]);
        assert_eq!(days(coverage.days_of(account(), Category::DataRead, "AWS::DynamoDB::Table")), [0; 0]);
        assert_eq!(coverage.regions(account()).into_iter().collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
        assert_eq!(coverage.accounts().collect::<Vec<_>>(), [account()]);
        let (first, last) = coverage.span().unwrap();
        assert_eq!((first.day().epoch_days(), last.day().epoch_days()), (1, 5));
        let counts = coverage.counts;
        assert_eq!((counts.events, counts.events_distinct, counts.duplicates), (5, 4, 1));
        assert_eq!(coverage.cells().map(|cell| cell.events).sum::<u64>(), 4);
    }

    #[test]
    fn files_are_counted_by_what_became_of_them() {
        let problem = |kind| Problem { file: "f".into(), record: None, kind, message: String::new() };
        let mut coverage = Coverage::default();
        coverage.add_file(
            "f",
            &Decoded {
                records: 9,
                events: 4,
                digests: 1,
                insights: 2,
                problems: vec![problem(ProblemKind::Truncated), problem(ProblemKind::BadRecord)],
                ..Decoded::default()
            },
        );
        for kind in [ProblemKind::Unreadable, ProblemKind::TooLarge, ProblemKind::NotALog] {
            coverage.add_failed_file(&problem(kind));
        }
        let expect = Counts {
            files_read: 1,
            files_unreadable: 1,
            files_too_large: 1,
            files_truncated: 1,
            files_not_a_log: 1,
            digests_skipped: 1,
            records: 9,
            records_bad: 2,
            insights: 2,
            ..Counts::default()
        };
        assert_eq!(coverage.counts, expect);
        let mut twice = coverage.clone();
        twice.merge(coverage);
        assert_eq!((twice.counts.records, twice.counts.files_read), (18, 2));
    }

    proptest! {
        #[test]
        fn order_and_partition_do_not_matter(
            events in prop::collection::vec((0_i64..4, 0_usize..3, 0_usize..4, 0_usize..3), 0..30),
            cut in any::<prop::sample::Index>(),
            turn in any::<prop::sample::Index>(),
        ) {
            use EventCategory::{Data, Management, NetworkActivity, Other};
            let events: Vec<Event<'_>> = events
                .into_iter()
                .map(|(day, region, category, kind)| event(
                    day,
                    ["", "eu-west-1", "us-east-1"][region],
                    [Data, Management, NetworkActivity, Other][category],
                    ["", "AWS::S3::Object", "AWS::Lambda::Function"][kind],
                ))
                .collect();
            let sum = |events: &[Event<'_>]| {
                let mut coverage = Coverage::default();
                for event in events {
                    coverage.add_event(event);
                }
                coverage
            };
            let mut turned = events.clone();
            turned.rotate_left(turn.index(events.len() + 1).min(events.len()));
            let (left, right) = turned.split_at(cut.index(events.len() + 1));
            let mut merged = sum(right);
            merged.merge(sum(left));
            prop_assert_eq!(&merged, &sum(&events));
            let (mut tally, mut tallied) = (tally::Tally::default(), Coverage::default());
            for event in &turned {
                tally.add_event(&mut tallied, event);
            }
            tally.finish(&mut tallied);
            prop_assert_eq!(tallied, merged);
        }
    }
}
