//! The forms of records. AWS writes records of one kind alike, byte for byte, but for the values: a form is
//! the text between the values, in pieces. A record is read by comparing these pieces and taking the values
//! that stand between them, without looking at the structure again, which was checked when the form was
//! learnt from a record of the same structure. What fits no form is read the long way.
//!
//! Names of members are always in the pieces, so the structure depends on the pieces alone, as long as every
//! value is a string without escapes and line breaks, or a run of digits.

mod learn;

use super::record::{Callers, Draft, Member, says_something};
use crate::trail::event::EventResource;
use crate::trail::request::RequestParameters;
use crate::trail::scan::Cursor;
use learn::{Step, steps};
use std::borrow::Cow;
use std::ops::Range;

/// No more pieces than this are kept. A trail has a few hundred forms of some fifty pieces, and most begin alike.
const PIECES_MAX: usize = 1 << 15;

/// No more pieces than this are tried at one place.
const CHOICES_MAX: usize = 64;

/// No more bytes of pieces than this are kept.
const BYTES_MAX: usize = 2 << 20;

/// Records from which a form is learnt. When so many had none, learning does not pay.
const RECORDS_MAX: usize = 1 << 14;

/// The forms seen so far, as a tree: forms that begin alike share their first pieces.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// The texts of all pieces, one behind the other.
    bytes: Vec<u8>,
    notes: Vec<Note>,
    pieces: Vec<Piece>,
    /// The pieces with which a record may begin.
    first: Choices,
    /// Records that a form was learnt from.
    records: usize,
}

/// A stretch of text that is always the same, and the kind of value behind it.
#[derive(Debug)]
struct Piece {
    bytes: Range<usize>,
    notes: Range<usize>,
    value: Value,
    /// The pieces that may follow, the last one that did first.
    next: Choices,
}

/// What follows a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// The inside of a string that nobody reads.
    Skipped,
    /// The inside of a string.
    Text(Target),
    /// A run of digits.
    Digits(Option<Target>),
    /// `userIdentity`.
    Caller,
    /// Nothing: the record ends with the piece. How many of its members are signs of an event.
    End(usize),
}

/// Where a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// A member of the record.
    Member(Member),
    /// Of the last element of `resources[]`.
    Arn,
    Account,
    Kind,
}

/// Something that is known about a place inside a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note {
    /// Bytes from the start of the piece.
    at: usize,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// `requestParameters` or `responseElements` begin.
    Begins,
    /// They end.
    Ends(Member),
    /// An element of `resources[]` begins.
    Element,
    /// A text of so many bytes that is the same in all records of this form.
    Fixed(Target, usize),
}

impl Forms {
    /// Reads the record whose `{` is at the cursor into an empty draft. `false` when it has no known form;
    /// draft and cursor are anywhere then.
    pub(super) fn read<'a>(
        &mut self,
        draft: &mut Draft<'a>,
        cursor: &mut Cursor<'a>,
        callers: &mut Callers<'a>,
    ) -> bool {
        let mut last = None;
        let mut begin = cursor.at();
        loop {
            let Some(index) = self.follow(last, cursor) else { return false };
            let Some(piece) = self.pieces.get(index) else { return false };
            let start = cursor.at();
            cursor.go(start + piece.bytes.len());
            for note in self.notes.get(piece.notes.clone()).unwrap_or_default() {
                note.apply(start, &mut begin, (draft, cursor));
            }
            let read = match piece.value {
                Value::Skipped => cursor.skip_plain_text().then_some(()),
                Value::Text(target) => cursor.plain_text().map(|text| target.put(text, draft)),
                Value::Digits(target) => {
                    let digits = cursor.digits();
                    target.map_or(Some(()), |target| Some(target.put(digits, draft)))
                }
                Value::Caller => draft.caller(cursor, callers).ok(),
                Value::End(keys) => {
                    draft.keys = keys;
                    draft.event.resources.retain(says_something);
                    return true;
                }
            };
            if read.is_none() {
                return false;
            }
            last = Some(index);
        }
    }

    /// The piece that stands at the cursor, of those that may follow another one.
    #[inline]
    fn follow(&mut self, last: Option<usize>, cursor: &Cursor<'_>) -> Option<usize> {
        let choices = match last {
            Some(last) => &self.pieces.get(last)?.next,
            None => &self.first,
        };
        let rest = cursor.rest_bytes();
        let fits = |index: usize| {
            self.pieces.get(index).is_some_and(|piece| {
                let text = self.bytes.get(piece.bytes.clone()).unwrap_or_default();
                rest.starts_with(text) && piece.value.may_be(rest.get(text.len()))
            })
        };
        let (place, index) = choices.find(rest, fits)?;
        if place > 0 {
            let choices = match last {
                Some(last) => &mut self.pieces.get_mut(last)?.next,
                None => &mut self.first,
            };
            choices.list.swap(0, place);
        }
        Some(index)
    }

    /// Learns the form of a record that was read the long way and is an event.
    #[cold]
    pub(super) fn learn(&mut self, record: &str) {
        if self.records >= RECORDS_MAX || self.pieces.len() >= PIECES_MAX || self.bytes.len() >= BYTES_MAX {
            return;
        }
        self.records += 1;
        let mut last = None;
        for step in steps(record).unwrap_or_default() {
            let choices = match last.and_then(|last: usize| self.pieces.get(last)) {
                Some(piece) => &piece.next,
                None => &self.first,
            };
            let mut pieces = choices.list.iter().map(|choice| choice.piece);
            let known = pieces.find(|index| self.is_step(*index, &step));
            if known.is_none() && choices.list.len() >= CHOICES_MAX {
                return;
            }
            last = Some(known.unwrap_or_else(|| self.add(last, &step)));
        }
    }

    fn is_step(&self, index: usize, step: &Step<'_>) -> bool {
        self.pieces.get(index).is_some_and(|piece| {
            piece.value == step.value
                && self.bytes.get(piece.bytes.clone()) == Some(step.text)
                && self.notes.get(piece.notes.clone()) == Some(&step.notes)
        })
    }

    fn add(&mut self, last: Option<usize>, step: &Step<'_>) -> usize {
        let index = self.pieces.len();
        let (bytes, notes) = (self.bytes.len(), self.notes.len());
        self.bytes.extend_from_slice(step.text);
        self.notes.extend_from_slice(&step.notes);
        self.pieces.push(Piece {
            bytes: bytes..self.bytes.len(),
            notes: notes..self.notes.len(),
            value: step.value,
            next: Choices::default(),
        });
        let mut choices = match last.and_then(|last| self.pieces.get_mut(last)) {
            Some(piece) => std::mem::take(&mut piece.next),
            None => std::mem::take(&mut self.first),
        };
        choices.add(index, |piece| {
            let range = self.pieces.get(piece).map(|piece| piece.bytes.clone()).unwrap_or_default();
            self.bytes.get(range).unwrap_or_default()
        });
        match last.and_then(|last| self.pieces.get_mut(last)) {
            Some(piece) => piece.next = choices,
            None => self.first = choices,
        }
        index
    }
}

/// The pieces that may stand at one place.
#[derive(Debug, Default)]
struct Choices {
    /// How many bytes all of them have in common at their start.
    common: usize,
    list: Vec<Choice>,
}

/// A piece, and the bytes behind those that it has in common with the others: most are ruled out by these.
#[derive(Clone, Copy, Debug)]
struct Choice {
    head: u64,
    /// Which bits of `head` count, because the piece may end before.
    mask: u64,
    piece: usize,
}

impl Choices {
    /// The place of the choice that fits the text, and its piece.
    #[inline]
    fn find(&self, text: &[u8], fits: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        let head = u64::from_le_bytes(*text.get(self.common..)?.first_chunk::<8>()?);
        let mut all = self.list.iter().enumerate();
        all.find(|(_, choice)| (choice.head ^ head) & choice.mask == 0 && fits(choice.piece))
            .map(|(place, choice)| (place, choice.piece))
    }

    /// Adds a piece; `text` gives the text of every piece.
    fn add<'t>(&mut self, piece: usize, text: impl Fn(usize) -> &'t [u8]) {
        let new = text(piece);
        let shared = |other: &[u8]| new.iter().zip(other).take_while(|(one, other)| one == other).count();
        self.list.push(Choice { head: 0, mask: 0, piece });
        self.common = self.list.iter().map(|choice| shared(text(choice.piece))).min().unwrap_or_default();
        for choice in &mut self.list {
            let rest = text(choice.piece).get(self.common..).unwrap_or_default();
            let bytes = rest.iter().take(8).enumerate();
            (choice.head, choice.mask) = bytes.fold((0, 0), |(head, mask), (at, byte)| {
                (head | u64::from(*byte) << (at * 8), mask | 0xff << (at * 8))
            });
        }
    }
}

impl Value {
    /// May the value begin with this byte? Tells apart pieces of which one begins with the other.
    #[inline]
    fn may_be(self, first: Option<&u8>) -> bool {
        match self {
            Self::Skipped | Self::Text(_) | Self::End(_) => true,
            Self::Digits(_) => first.is_some_and(u8::is_ascii_digit),
            Self::Caller => first == Some(&b'{'),
        }
    }
}

impl Target {
    #[inline]
    fn put<'a>(self, text: &'a str, draft: &mut Draft<'a>) {
        match self {
            Self::Member(member) => draft.put(member, Cow::Borrowed(text)),
            Self::Arn | Self::Account | Self::Kind => {
                let Some(resource) = draft.event.resources.last_mut() else { return };
                match self {
                    Self::Arn => resource.arn = Cow::Borrowed(text),
                    Self::Account => resource.account = crate::iam::AccountId::parse(text),
                    _ => resource.kind = Cow::Borrowed(text),
                }
            }
        }
    }
}

impl Note {
    /// The piece starts at `start`; `begin` is where the last object of interest begins.
    fn apply<'a>(self, start: usize, begin: &mut usize, (draft, cursor): (&mut Draft<'a>, &Cursor<'a>)) {
        let at = start + self.at;
        let event = &mut draft.event;
        match self.what {
            What::Begins => *begin = at,
            What::Ends(member) => {
                let parameters = RequestParameters::from_raw(cursor.between(*begin..at));
                if member == Member::Request {
                    event.request = parameters;
                } else {
                    event.response = parameters;
                }
            }
            What::Element => event.resources.push(EventResource::default()),
            What::Fixed(target, length) => target.put(cursor.between(at..at + length), draft),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::event::Event;

    const RECORD: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u"},"eventTime":"2024-05-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","requestParameters":{"key":"k","parts":[1,"2"]},"responseElements":null,"additionalEventData":{"bytes":12,"tls":true},"eventID":"one","readOnly":true,"resources":[{"ARN":"arn:aws:s3:::b/k","type":"AWS::S3::Object"},{}],"recipientAccountId":"111122223333"}"#;

    /// What a form that was learnt from [`RECORD`] makes of another record.
    fn read(record: &str) -> Option<String> {
        let mut forms = Forms::default();
        forms.learn(RECORD);
        let text = format!("{record} {}", " ".repeat(16));
        let (mut draft, mut cursor) = (Draft::default(), Cursor::new(&text));
        let found = forms.read(&mut draft, &mut cursor, &mut Callers::default());
        assert!(!found || cursor.at() == record.len());
        let Event { id, name, request, read_only, resources, .. } = &draft.event;
        let arns: Vec<_> = resources.iter().map(|resource| &*resource.arn).collect();
        let request = request.raw().unwrap_or_default();
        found.then(|| format!("{id} {name} {request} {read_only:?} {arns:?} {}", draft.keys))
    }

    #[test]
    fn other_values_fit_and_another_structure_does_not() {
        let key = r#"{"key":"k","parts":[1,"2"]}"#;
        let expect = |id: &str, request: &str, arn: &str| {
            Some(format!("{id} GetObject {request} Some(true) [\"{arn}\"] 11"))
        };
        let arn = "arn:aws:s3:::b/k";
        assert_eq!(read(RECORD), expect("one", key, arn));
        for (from, to, expect) in [
            ("\"one\"", "\"another\"", expect("another", key, arn)),
            ("\"one\"", "\"\"", expect("", key, arn)),
            ("b/k", "b/é", expect("one", key, "arn:aws:s3:::b/é")),
            ("[1,", "[4711,", expect("one", r#"{"key":"k","parts":[4711,"2"]}"#, arn)),
            ("user/u", "user/someone else", expect("one", key, arn)),
            ("12,", "12.5,", None),
            ("[1,", "[-1,", None),
            ("\"one\"", r#""o\u006ee""#, None),
            ("\"one\"", "\"o\nne\"", None),
            ("\"one\"", "1", None),
            ("\"readOnly\":true", "\"readOnly\":false", None),
            ("GetObject", "PutObject", None),
            ("\"key\":", "\"kez\":", None),
            (",{}]", "]", None),
            ("null", "{}", None),
            ("}]", "]]", None),
            ("{\"eventV", "{ \"eventV", None),
        ] {
            assert!(RECORD.contains(from), "{from}");
            assert_eq!(read(&RECORD.replacen(from, to, 1)), expect, "{from} → {to}");
        }
    }

    #[test]
    fn a_record_with_two_values_under_one_name_has_no_form() {
        for twice in [
            RECORD.replacen("\"readOnly\":true", "\"readOnly\":true,\"eventID\":\"two\"", 1),
            RECORD.replacen("\"type\":\"AWS", "\"ARN\":\"x\",\"type\":\"AWS", 1),
            RECORD.replacen("\"recipientAccountId\"", "\"insightDetails\":{},\"recipientAccountId\"", 1),
        ] {
            assert!(steps(&twice).is_none(), "{twice}");
        }
        assert!(steps(RECORD).is_some());
    }
}
