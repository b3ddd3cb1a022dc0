//! Which thread reads which file when. Files that lie together speak of the same callers and resources: what
//! one thread has just counted is still near when it reads the next one, and two threads that read different
//! accounts or regions have little to merge.

use super::SHARES;
use crate::source::LogObject;
use crate::usage::Delivered;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a file costs besides its bytes, in bytes.
const FILE_COST: u64 = 2_048;

/// The files that are left, for each thread its own.
#[derive(Debug)]
pub(super) struct Lanes(Vec<Mutex<VecDeque<usize>>>);

/// The files of one thread while they are put in order.
#[derive(Debug, Default)]
struct Lane {
    objects: VecDeque<LogObject>,
    numbers: VecDeque<usize>,
    /// What those that have a number cost.
    cost: u64,
}

/// Puts the objects into the order in which they will be read, mostly, and divides them between so many
/// threads.
///
/// Every thread gets a stretch of the files and reads it from its end to its start: by account and hour of
/// delivery, where the names tell, else by name. The latest events are the ones that are kept as evidence, and
/// an hour of an account, once passed, needs no more be compared with what follows ([`crate::usage::Seen`]).
/// Before that come the files that are so large that somebody would wait for them in the end, and behind it,
/// by their names, those of which nobody knows the size: a pipe may have nothing to give for long.
pub(super) fn arrange(objects: Vec<LogObject>, threads: usize) -> (Vec<LogObject>, Lanes) {
    let threads = threads.max(1);
    let cost_of = |objects: &[LogObject]| objects.iter().map(cost).fold(0, u64::saturating_add);
    let total = cost_of(&objects);
    let shares = SHARES.saturating_mul(threads as u64);
    let is_large = |object: &LogObject| threads > 1 && object.size.saturating_mul(shares) > total;
    let (mut large, others): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_large);
    large.sort_by(|a, b| (b.size, &b.name).cmp(&(a.size, &a.name)));
    let delivered = |object: LogObject| (Delivered::of_name(&object.name), object);
    let mut others: Vec<_> = others.into_iter().map(delivered).collect();
    others.sort_by(|(a_time, a), (b_time, b)| match (a.size, b.size) {
        (0, 0) => a.name.cmp(&b.name),
        (0, _) => Ordering::Greater,
        (_, 0) => Ordering::Less,
        _ => (b_time, &b.name).cmp(&(a_time, &a.name)),
    });
    let others: Vec<_> = others.into_iter().map(|(_, object)| object).collect();
    let share = cost_of(&others).div_ceil(threads as u64).max(1);
    let mut lanes: Vec<Lane> = (0..threads).map(|_| Lane::default()).collect();
    for (number, object) in large.into_iter().enumerate() {
        if let Some(lane) = lanes.get_mut(number % threads) {
            lane.objects.push_back(object);
        }
    }
    let mut before: u64 = 0;
    for object in others {
        let lane = usize::try_from(before / share).unwrap_or(usize::MAX).min(threads - 1);
        before = before.saturating_add(cost(&object));
        if let Some(lane) = lanes.get_mut(lane) {
            lane.objects.push_back(object);
        }
    }
    // The lanes advance side by side.
    let mut order = Vec::new();
    while let Some(lane) =
        lanes.iter_mut().filter(|lane| !lane.objects.is_empty()).min_by_key(|lane| lane.cost)
    {
        let Some(object) = lane.objects.pop_front() else { break };
        lane.cost = lane.cost.saturating_add(cost(&object));
        lane.numbers.push_back(order.len());
        order.push(object);
    }
    (order, Lanes(lanes.into_iter().map(|lane| Mutex::new(lane.numbers)).collect()))
}

fn cost(object: &LogObject) -> u64 {
    object.size.saturating_add(FILE_COST)
}

impl Lanes {
    /// The number of the file that a thread reads next: of its own ones, else of the thread that has most left.
    pub(super) fn next(&self, lane: usize) -> Option<usize> {
        let mine = self.0.get(lane)?;
        loop {
            if let Some(number) = lock(mine).pop_front() {
                return Some(number);
            }
            let longest = self.0.iter().max_by_key(|lane| lock(lane).len())?;
            let mut theirs = lock(longest);
            let kept = theirs.len() / 2;
            if theirs.is_empty() {
                return None;
            }
            let stolen = theirs.split_off(kept);
            drop(theirs);
            *lock(mine) = stolen;
        }
    }

    /// The numbers of the files that nobody has taken.
    pub(super) fn left(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().flat_map(|lane| lane.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A thread that panicked while it held the lock left a lane that is whole all the same.
fn lock(lane: &Mutex<VecDeque<usize>>) -> MutexGuard<'_, VecDeque<usize>> {
    lane.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::LogSource as _;
    use crate::source::memory::MemorySource;

    fn objects(sizes: &[(&str, usize)]) -> Vec<LogObject> {
        let source = sizes
            .iter()
            .fold(MemorySource::new(), |source, (name, size)| source.with(name, vec![b' '; *size]));
        source.list().objects
    }

    /// The names that each thread would read if it were alone, and the order.
    fn check(sizes: &[(&str, usize)], threads: usize, expect: (&[&str], &str)) {
        let (order, lanes) = arrange(objects(sizes), threads);
        let name = |number: &usize| order[*number].name.as_str();
        let of_lane = |lane: &Mutex<VecDeque<usize>>| lock(lane).iter().map(name).collect::<String>();
        let found: Vec<String> = lanes.0.iter().map(of_lane).collect();
        assert_eq!(found, expect.0, "{sizes:?}");
        assert_eq!(order.iter().map(|object| object.name.as_str()).collect::<String>(), expect.1);
    }

    #[test]
    fn a_thread_reads_what_lies_together_and_all_read_the_large_ones_first() {
        let small = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(|name| (name, 100));
        check(&small, 1, (&["jihgfedcba"], "jihgfedcba"));
        check(&small, 2, (&["jihgf", "edcba"], "jeidhcgbfa"));
        check(&small[..1], 3, (&["a", "", ""], "a"));
        check(&[], 2, (&["", ""], ""));
        check(&[("a", 0), ("b", 0), ("c", 9), ("d", 9)], 1, (&["dcab"], "dcab"));
        let mut mixed = small.to_vec();
        mixed.extend([("x", 100_000), ("y", 200_000)]);
        check(&mixed, 2, (&["yjihgf", "xedcba"], "yxedcbajihgf"));
        check(&mixed, 1, (&["yxjihgfedcba"], "yxjihgfedcba"));
    }

    #[test]
    fn accounts_are_read_hour_by_hour_whatever_the_region_and_the_folder() {
        let name = |(folder, region, hour): (&str, &str, u32)| {
            format!("{folder}/111122223333_CloudTrail_{region}_20240501T{hour:02}05Z_x.json.gz")
        };
        let names =
            [("a", "eu-west-1", 1), ("a", "eu-west-1", 2), ("a", "us-east-1", 1), ("b", "eu-west-1", 2)];
        let names = names.map(name);
        let sizes: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 100)).collect();
        let (order, _) = arrange(objects(&sizes), 1);
        let found: Vec<&str> = order.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(found, [&names[3], &names[1], &names[2], &names[0]]);
    }

    #[test]
    fn every_file_is_read_once_whoever_reads() {
        let small = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(|name| (name, 100));
        for stopped_after in [0, 4, 10] {
            let (order, lanes) = arrange(objects(&small), 3);
            // The first thread does all the work.
            let mut taken: Vec<usize> = (0..stopped_after).filter_map(|_| lanes.next(0)).collect();
            if stopped_after == 10 {
                assert_eq!((0..3).map(|lane| lanes.next(lane)).collect::<Vec<_>>(), [None; 3]);
            }
            taken.extend(lanes.left());
            taken.sort_unstable();
            assert_eq!(taken, (0..order.len()).collect::<Vec<_>>());
        }
    }
}
