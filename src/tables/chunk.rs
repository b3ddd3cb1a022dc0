//! The values of one column in some rows, in as few bytes as they need: most columns of most rows say the same.

/// Rows of a chunk; only the last of a table has fewer.
pub const ROWS: usize = if cfg!(test) { 8 } else { 1 << 16 };

/// Small numbers: the ids of words, and flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ids {
    /// The same in so many rows.
    Same(u32, usize),
    /// All below 256.
    Bytes(Box<[u8]>),
    /// All below 65,536.
    Shorts(Box<[u16]>),
    /// Any.
    Longs(Box<[u32]>),
}

/// Texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strings {
    /// So many empty ones.
    Empty(usize),
    /// All are written as UUIDs are, in lower case.
    Uuids(Box<[u128]>),
    /// Any, one behind the other, and where each ends.
    Plain(Box<str>, Numbers),
}

/// Whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// None in so many rows.
    Absent(usize),
    /// So much above the least; the largest number there is where there is none.
    Near(i64, Box<[u32]>),
    /// One in every row.
    All(Box<[i64]>),
    /// One in some rows.
    Some(Box<[Option<i64>]>),
}

/// Stands in [`Numbers::Near`] for no number.
const NOWHERE: u32 = u32::MAX;

impl Ids {
    /// In the fewest bytes.
    pub fn of(ids: &[u32]) -> Self {
        let least = ids.iter().copied().min().unwrap_or_default();
        let most = ids.iter().copied().max().unwrap_or_default();
        if least == most {
            return Self::Same(most, ids.len());
        }
        // None is lost: no id is larger than the largest.
        if u8::try_from(most).is_ok() {
            Self::Bytes(ids.iter().map(|id| u8::try_from(*id).unwrap_or(u8::MAX)).collect())
        } else if u16::try_from(most).is_ok() {
            Self::Shorts(ids.iter().map(|id| u16::try_from(*id).unwrap_or(u16::MAX)).collect())
        } else {
            Self::Longs(ids.into())
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Same(_, rows) => *rows,
            Self::Bytes(all) => all.len(),
            Self::Shorts(all) => all.len(),
            Self::Longs(all) => all.len(),
        }
    }

    /// Are there no rows?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that they take beside their own.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Same(..) => 0,
            Self::Bytes(all) => size_of_val(&**all),
            Self::Shorts(all) => size_of_val(&**all),
            Self::Longs(all) => size_of_val(&**all),
        }
    }

    /// The one of a row; 0 beyond the last.
    #[inline]
    pub fn get(&self, row: usize) -> u32 {
        match self {
            Self::Same(id, _) => *id,
            Self::Bytes(all) => all.get(row).copied().map(u32::from).unwrap_or_default(),
            Self::Shorts(all) => all.get(row).copied().map(u32::from).unwrap_or_default(),
            Self::Longs(all) => all.get(row).copied().unwrap_or_default(),
        }
    }

    /// The rows among `rows` whose id is wanted; `None` stands for all rows.
    pub fn keep(&self, rows: Option<Vec<u32>>, wanted: &[bool]) -> Option<Vec<u32>> {
        let is_wanted = |id: usize| wanted.get(id).copied().unwrap_or_default();
        match self {
            Self::Same(id, _) if is_wanted(*id as usize) => rows,
            Self::Same(..) => Some(Vec::new()),
            Self::Bytes(all) => Some(keep(all, rows, |id| is_wanted(usize::from(id)))),
            Self::Shorts(all) => Some(keep(all, rows, |id| is_wanted(usize::from(id)))),
            Self::Longs(all) => Some(keep(all, rows, |id| is_wanted(id as usize))),
        }
    }
}

fn keep<I: Copy>(all: &[I], rows: Option<Vec<u32>>, is_wanted: impl Fn(I) -> bool) -> Vec<u32> {
    match rows {
        None => (0..).zip(all).filter(|(_, id)| is_wanted(**id)).map(|(row, _)| row).collect(),
        Some(mut rows) => {
            rows.retain(|row| all.get(*row as usize).is_some_and(|id| is_wanted(*id)));
            rows
        }
    }
}

impl Strings {
    /// Of texts that stand one behind the other, and where each ends.
    pub fn of(text: &str, ends: &[usize]) -> Self {
        if text.is_empty() {
            return Self::Empty(ends.len());
        }
        if text.len() == ends.len() * UUID_BYTES
            && let Some(all) = each(text, ends).map(uuid).collect::<Option<Box<[u128]>>>()
        {
            return Self::Uuids(all);
        }
        let ends: Vec<Option<i64>> = ends.iter().map(|end| i64::try_from(*end).ok()).collect();
        Self::Plain(text.into(), Numbers::of(&ends))
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Empty(rows) => *rows,
            Self::Uuids(all) => all.len(),
            Self::Plain(_, ends) => ends.len(),
        }
    }

    /// Are there no rows?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that they take beside their own.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Empty(_) => 0,
            Self::Uuids(all) => size_of_val(&**all),
            Self::Plain(text, ends) => text.len() + ends.bytes(),
        }
    }

    /// The one of a row; empty beyond the last. `room` is for what has to be written out.
    #[inline]
    pub fn get<'s>(&'s self, row: usize, room: &'s mut String) -> &'s str {
        match self {
            Self::Empty(_) => "",
            Self::Uuids(all) => {
                room.clear();
                all.get(row).into_iter().for_each(|uuid| append(*uuid, room));
                room
            }
            Self::Plain(text, ends) => part(text, ends, row).unwrap_or_default(),
        }
    }
}

fn part<'t>(text: &'t str, ends: &Numbers, row: usize) -> Option<&'t str> {
    let end = |row: usize| ends.get(row).and_then(|end| usize::try_from(end).ok());
    let start = row.checked_sub(1).and_then(end).unwrap_or_default();
    text.get(start..end(row)?)
}

fn each<'t>(text: &'t str, ends: &'t [usize]) -> impl Iterator<Item = &'t str> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, end)| text.get(start..*end).unwrap_or_default())
}

const UUID_BYTES: usize = 36;

/// Where the hyphens are.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// `01234567-89ab-cdef-0123-456789abcdef` as a number; nothing that is written otherwise.
fn uuid(text: &str) -> Option<u128> {
    if text.len() != UUID_BYTES {
        return None;
    }
    text.bytes().enumerate().try_fold(0, |number: u128, (place, letter)| {
        let digit = match letter {
            b'-' if HYPHENS.contains(&place) => return Some(number),
            _ if HYPHENS.contains(&place) => return None,
            b'0'..=b'9' => letter - b'0',
            b'a'..=b'f' => letter - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(digit))
    })
}

/// Puts the text of a UUID behind `to`. Rules ask for the ids of millions of events.
fn append(uuid: u128, to: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
    let mut letters = [b'-'; UUID_BYTES];
    let mut places = letters.iter_mut().enumerate().filter(|(place, _)| !HYPHENS.contains(place));
    for byte in uuid.to_be_bytes() {
        for half in [byte >> 4, byte & 15] {
            if let Some((_, letter)) = places.next() {
                *letter = digit(half);
            }
        }
    }
    to.push_str(std::str::from_utf8(&letters).unwrap_or_default());
}

impl Numbers {
    /// In the fewest bytes.
    pub fn of(numbers: &[Option<i64>]) -> Self {
        let Some(least) = numbers.iter().copied().flatten().min() else {
            return Self::Absent(numbers.len());
        };
        let above = |number: &Option<i64>| match number {
            Some(number) => u32::try_from(number.checked_sub(least)?).ok().filter(|above| *above != NOWHERE),
            None => Some(NOWHERE),
        };
        if let Some(all) = numbers.iter().map(above).collect() {
            return Self::Near(least, all);
        }
        match numbers.iter().copied().collect() {
            Some(all) => Self::All(all),
            None => Self::Some(numbers.into()),
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Absent(rows) => *rows,
            Self::Near(_, all) => all.len(),
            Self::All(all) => all.len(),
            Self::Some(all) => all.len(),
        }
    }

    /// Are there no rows?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that they take beside their own.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Absent(_) => 0,
            Self::Near(_, all) => size_of_val(&**all),
            Self::All(all) => size_of_val(&**all),
            Self::Some(all) => size_of_val(&**all),
        }
    }

    /// The one of a row; none beyond the last.
    #[inline]
    pub fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Absent(_) => None,
            Self::Near(least, all) => {
                all.get(row).filter(|above| **above != NOWHERE).map(|above| least + i64::from(*above))
            }
            Self::All(all) => all.get(row).copied(),
            Self::Some(all) => all.get(row).copied().flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UUID: &str = "0f9a3b21-89ab-cdef-0123-456789abcdef";

    fn at(strings: &Strings, row: usize) -> String {
        strings.get(row, &mut String::new()).to_owned()
    }

    fn strings(all: &[&str]) -> Strings {
        let mut text = String::new();
        let mut ends = Vec::new();
        for one in all {
            text.push_str(one);
            ends.push(text.len());
        }
        let strings = Strings::of(&text, &ends);
        let read: Vec<String> = (0..strings.len()).map(|row| at(&strings, row)).collect();
        assert_eq!(read, all);
        strings
    }

    #[test]
    fn texts_come_back_as_they_were() {
        let upper = UUID.to_ascii_uppercase();
        let shifted = "0f9a3b2-189ab-cdef-0123-456789abcdef";
        let zeros = "00000000-0000-0000-0000-000000000000";
        assert!(matches!(strings(&[UUID, zeros]), Strings::Uuids(_)));
        assert!(matches!(strings(&[UUID, &upper]), Strings::Plain(..)));
        assert!(matches!(strings(&[UUID, shifted]), Strings::Plain(..)));
        // As long as two UUIDs together, but no two.
        assert!(matches!(strings(&[&format!("{UUID}x"), UUID.trim_start_matches('0')]), Strings::Plain(..)));
        assert!(matches!(strings(&[UUID, "é"]), Strings::Plain(..)));
        assert!(matches!(strings(&["", ""]), Strings::Empty(2)));
        assert!(matches!(strings(&["", "a"]), Strings::Plain(..)));
        assert_eq!(at(&strings(&[]), 0), "");
    }

    /// Numbers that are close to each other, a little too far apart for that, and any.
    fn near_or_far() -> impl Strategy<Value = i64> {
        let edge = i64::from(NOWHERE);
        prop_oneof![0_i64..9, Just(edge - 1), Just(edge), Just(-1), any::<i64>()]
    }

    #[test]
    fn numbers_close_to_each_other() {
        let edge = i64::from(NOWHERE);
        assert!(matches!(Numbers::of(&[Some(5), None, Some(4 + edge)]), Numbers::Near(5, _)));
        assert!(matches!(Numbers::of(&[Some(5), None, Some(5 + edge)]), Numbers::Some(_)));
        assert!(matches!(Numbers::of(&[Some(i64::MIN), Some(i64::MAX)]), Numbers::All(_)));
        assert!(matches!(Numbers::of(&[None, None]), Numbers::Absent(2)));
        assert_eq!(Numbers::of(&[Some(i64::MAX)]).get(0), Some(i64::MAX));
    }

    proptest! {
        #[test]
        fn ids_come_back_and_are_found(
            ids in prop::collection::vec(prop_oneof![0_u32..3, 0_u32..300, any::<u32>()], 0..40),
            wanted in prop::collection::vec(any::<bool>(), 300),
            step in 1_usize..4,
        ) {
            let packed = Ids::of(&ids);
            prop_assert_eq!(packed.len(), ids.len());
            prop_assert_eq!((0..ids.len()).map(|row| packed.get(row)).collect::<Vec<_>>(), ids.clone());
            let is_wanted = |row: &u32| wanted.get(ids[*row as usize] as usize).copied().unwrap_or_default();
            let all: Vec<u32> = (0..).take(ids.len()).collect();
            let kept = packed.keep(None, &wanted).unwrap_or(all.clone());
            prop_assert_eq!(kept, all.iter().copied().filter(is_wanted).collect::<Vec<_>>());
            let some: Vec<u32> = all.into_iter().step_by(step).collect();
            let kept = packed.keep(Some(some.clone()), &wanted);
            prop_assert_eq!(kept, Some(some.into_iter().filter(is_wanted).collect::<Vec<_>>()));
        }

        #[test]
        fn numbers_come_back(
            numbers in prop::collection::vec(prop::option::weighted(0.8, near_or_far()), 0..9),
        ) {
            let packed = Numbers::of(&numbers);
            prop_assert_eq!(packed.len(), numbers.len());
            prop_assert_eq!((0..numbers.len()).map(|row| packed.get(row)).collect::<Vec<_>>(), numbers);
        }
    }
}
