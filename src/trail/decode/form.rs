//! The forms of records. AWS writes records of one kind alike, byte for byte, but for the values: a form is
//! the text between the values, in pieces. A record is read by comparing these pieces and taking the values
//! that stand between them, without looking at the structure again, which was checked when the form was
//! learnt from a record of the same structure. What fits no form is read the long way.
//!
//! Names of members are always in the pieces, so the structure depends on the pieces alone, as long as every
//! value is a string without line breaks, or a run of digits. A number with a fraction is several runs.
#![expect(clippy::inline_always, reason = "inlined, it is compiled for the processor at hand; see `Work`")]

mod learn;
mod piece;

use super::callers::Callers;
use super::identity::{CallerPart, IssuerPart, is_issuer, user_identity};
use super::record::{Draft, Known, Member, says_something};
use crate::iam::AccountId;
use crate::trail::event::{EventResource, SessionIssuer, UserIdentity};
use crate::trail::request::RequestParameters;
use crate::trail::scan::{Cursor, Fault, Lanes, Work, string_end, unescape, work};
use learn::{Step, steps};
use piece::{Choices, Chunk, chunks, is_at};
use std::borrow::Cow;
use std::ops::Range;

/// No more pieces than this are kept. A trail has a few hundred forms of some fifty pieces, and most begin alike.
const PIECES_MAX: usize = 1 << 15;

/// The number of no piece.
const NONE: u32 = u32::MAX;

/// No more pieces than this are kept for one place: an account calls a few hundred kinds of APIs.
const CHOICES_MAX: usize = 1 << 10;

/// No more bytes of pieces than this are kept, in chunks.
const CHUNKS_MAX: usize = 1 << 16;

/// Records from which a form is learnt. When so many had none, learning does not pay. Callers likewise.
const RECORDS_MAX: usize = 1 << 14;

/// The forms seen so far, as trees: forms that begin alike share their first pieces.
#[derive(Debug)]
pub(super) struct Forms {
    /// The texts of all pieces, one behind the other.
    chunks: Vec<Chunk>,
    notes: Vec<Note>,
    pieces: Vec<Piece>,
    /// Records and callers that a form was learnt from.
    learnt: [usize; 2],
}

/// What a form is of. The first two pieces are empty: the pieces with which a form may begin follow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Record,
    /// `userIdentity`.
    Caller,
}

/// A stretch of text that is always the same, and the kind of value behind it.
#[derive(Debug, Default)]
struct Piece {
    text: Span,
    /// In bytes.
    length: u32,
    /// The piece that followed the last time, or [`NONE`].
    guess: u32,
    notes: Span,
    value: Value,
    first: First,
    /// The pieces that may follow.
    next: Choices,
}

/// A range of the lists in [`Forms`], none of which is long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

/// What follows a piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Value {
    /// The inside of a string that nobody reads.
    #[default]
    Skipped,
    /// The inside of a string.
    Text(Target),
    /// A run of digits.
    Digits(Option<Target>),
    /// `userIdentity`.
    Caller,
    /// Nothing: the record ends with the piece. How many of its members are signs of an event, and what its
    /// words say, which are the same in all records of the form.
    End(u16, Known),
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
    /// Of `userIdentity`.
    Caller(CallerPart),
    /// Of `sessionIssuer`.
    Issuer(IssuerPart),
}

/// Something that is known about a place inside a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note {
    /// Bytes from the start of the piece.
    at: u32,
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
    /// `sessionIssuer` begins.
    Issuer,
    /// A text of so many bytes that is the same in all records of this form.
    Fixed(Target, u32),
}

impl Default for Forms {
    fn default() -> Self {
        let pieces = [Root::Record, Root::Caller].map(|_| Piece { guess: NONE, ..Piece::default() }).into();
        Self { chunks: Vec::new(), notes: Vec::new(), pieces, learnt: [0; 2] }
    }
}

impl Span {
    fn of(start: usize, end: usize) -> Self {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: number(start), end: number(end) }
    }

    #[inline]
    fn is_empty(self) -> bool {
        self.start == self.end
    }

    #[inline]
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
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
        let Some(keys) = self.walk(Root::Record, draft, (cursor, callers)) else { return false };
        draft.keys = usize::from(keys);
        draft.event.resources.retain(says_something);
        true
    }

    /// The `userIdentity` whose `{` is at the cursor: known, read by its form, or read the long way.
    pub(super) fn caller<'a>(
        &mut self,
        draft: &mut Draft<'a>,
        cursor: &mut Cursor<'a>,
        callers: &mut Callers<'a>,
    ) -> Result<(), Fault> {
        let start = cursor.at();
        let hash = callers.hash(cursor.rest());
        if let Some(length) = callers.find(hash, cursor.rest(), &mut draft.event.identity) {
            cursor.go(start + length);
            return Ok(());
        }
        draft.event.identity = UserIdentity::default();
        if self.walk(Root::Caller, draft, (cursor, callers)).is_some() {
            let identity = &mut draft.event.identity;
            identity.issuer.take_if(|issuer| !is_issuer(issuer));
        } else {
            cursor.go(start);
            draft.event.identity = user_identity(cursor)?;
            self.learn(Root::Caller, cursor.since(start));
        }
        callers.keep(hash, cursor.since(start), &mut draft.event.identity);
        Ok(())
    }

    /// Follows a form from its first piece to its last; how many of the members are signs of an event.
    fn walk<'a>(
        &mut self,
        root: Root,
        draft: &mut Draft<'a>,
        (cursor, callers): (&mut Cursor<'a>, &mut Callers<'a>),
    ) -> Option<u16> {
        work(Following { forms: self, root, draft, cursor, callers })
    }

    /// Does the piece stand at `at`?
    #[inline(always)]
    fn fits(&self, piece: &Piece, bytes: &[u8], at: usize) -> bool {
        let Some(text) = self.chunks.get(piece.text.range()) else { return false };
        is_at(text, bytes, at) && piece.first.may_be(bytes, at + piece.length as usize)
    }

    /// The piece that stands at `at`, of those that may follow another one, when it is not the one that did the
    /// last time.
    #[inline(never)]
    fn choose(&mut self, last: usize, bytes: &[u8], at: usize) -> Option<usize> {
        let there = bytes.get(at..)?;
        let fits = |piece: &usize| self.pieces.get(*piece).is_some_and(|piece| self.fits(piece, bytes, at));
        let piece = self.pieces.get(last)?.next.at_start(there).find(fits)?;
        self.pieces.get_mut(last)?.guess = u32::try_from(piece).unwrap_or(NONE);
        Some(piece)
    }

    /// Learns the form of a record that was read the long way and is an event.
    pub(super) fn learn_record(&mut self, record: &str) {
        self.learn(Root::Record, record);
    }

    #[cold]
    fn learn(&mut self, root: Root, text: &str) {
        let Some(learnt) = self.learnt.get_mut(root as usize) else { return };
        if *learnt >= RECORDS_MAX || self.pieces.len() >= PIECES_MAX || self.chunks.len() >= CHUNKS_MAX {
            return;
        }
        *learnt += 1;
        let mut last = root as usize;
        for step in steps(root, text).unwrap_or_default() {
            let Some(piece) = self.pieces.get(last) else { return };
            let full = piece.next.pieces().len() >= CHOICES_MAX;
            let known = piece.next.pieces().find(|index| self.is_step(*index, &step));
            if known.is_none() && full {
                return;
            }
            last = known.unwrap_or_else(|| self.add(last, &step));
        }
    }

    fn is_step(&self, index: usize, step: &Step<'_>) -> bool {
        self.pieces.get(index).is_some_and(|piece| {
            piece.value == step.value
                && self
                    .chunks
                    .get(piece.text.range())
                    .is_some_and(|text| text.iter().copied().eq(chunks(step.text)))
                && self.notes.get(piece.notes.range()) == Some(&step.notes)
        })
    }

    fn add(&mut self, last: usize, step: &Step<'_>) -> usize {
        let index = self.pieces.len();
        let (text, notes) = (self.chunks.len(), self.notes.len());
        self.chunks.extend(chunks(step.text));
        self.notes.extend_from_slice(&step.notes);
        let text = Span::of(text, self.chunks.len());
        let notes = Span::of(notes, self.notes.len());
        let length = u32::try_from(step.text.len()).unwrap_or(u32::MAX);
        let (value, first) = (step.value, First::of(step.value));
        self.pieces.push(Piece { text, length, guess: NONE, notes, value, first, next: Choices::default() });
        if let Some(piece) = self.pieces.get_mut(last) {
            piece.next.add(index, step.text);
            piece.guess = u32::try_from(index).unwrap_or(NONE);
        }
        index
    }
}

/// A form is followed.
struct Following<'w, 'a> {
    forms: &'w mut Forms,
    root: Root,
    draft: &'w mut Draft<'a>,
    cursor: &'w mut Cursor<'a>,
    callers: &'w mut Callers<'a>,
}

impl Work for Following<'_, '_> {
    type Out = Option<u16>;

    #[inline(always)]
    fn run(self, lanes: impl Lanes) -> Option<u16> {
        let Self { forms, root, draft, cursor, callers } = self;
        let bytes = cursor.bytes();
        let mut last = root as usize;
        let mut at = cursor.at();
        let mut begin = at;
        loop {
            let guess = forms.pieces.get(last)?.guess as usize;
            let mut piece = forms.pieces.get(guess)?;
            if forms.fits(piece, bytes, at) {
                last = guess;
            } else {
                last = forms.choose(last, bytes, at)?;
                piece = forms.pieces.get(last)?;
            }
            if !piece.notes.is_empty() {
                for note in forms.notes.get(piece.notes.range()).unwrap_or_default() {
                    note.apply(at, &mut begin, (draft, cursor));
                }
            }
            at += piece.length as usize;
            match piece.value {
                Value::Skipped => match string_end(lanes, bytes, at) {
                    Some(end) => at = end,
                    None => at = cursor.escaped_end(at)?,
                },
                Value::Text(target) => match string_end(lanes, bytes, at) {
                    Some(end) => {
                        target.put(Cow::Borrowed(cursor.between(at..end)), draft);
                        at = end;
                    }
                    None => at = target.put_escaped(at, cursor, draft)?,
                },
                Value::Digits(target) => {
                    cursor.go(at);
                    let digits = cursor.digits();
                    at = cursor.at();
                    if let Some(target) = target {
                        target.put(Cow::Borrowed(digits), draft);
                    }
                }
                Value::Caller => {
                    cursor.go(at);
                    forms.caller(draft, cursor, callers).ok()?;
                    at = cursor.at();
                }
                Value::End(keys, known) => {
                    cursor.go(at);
                    draft.know(known);
                    return Some(keys);
                }
            }
        }
    }
}

/// With which byte the value behind a piece begins. Tells apart pieces of which one begins with the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum First {
    #[default]
    Any,
    Digit,
    Brace,
}

impl First {
    fn of(value: Value) -> Self {
        match value {
            Value::Skipped | Value::Text(_) | Value::End(..) => Self::Any,
            Value::Digits(_) => Self::Digit,
            Value::Caller => Self::Brace,
        }
    }

    #[inline(always)]
    fn may_be(self, bytes: &[u8], at: usize) -> bool {
        self == Self::Any
            || match bytes.get(at) {
                Some(b'0'..=b'9') => self == Self::Digit,
                Some(b'{') => self == Self::Brace,
                _ => false,
            }
    }
}

impl Target {
    #[inline(always)]
    fn put<'a>(self, text: Cow<'a, str>, draft: &mut Draft<'a>) {
        let resource = match self {
            Self::Member(member) => return draft.put(member, text),
            Self::Caller(part) => return part.put(text, &mut draft.event.identity),
            Self::Issuer(part) => {
                return part.put(text, draft.event.identity.issuer.get_or_insert_default());
            }
            Self::Arn | Self::Account | Self::Kind => draft.event.resources.last_mut(),
        };
        let Some(resource) = resource else { return };
        match self {
            Self::Arn => resource.arn = text,
            Self::Account => resource.account = AccountId::parse(&text),
            _ => resource.kind = text,
        }
    }

    #[inline(never)]
    fn put_fixed<'a>(self, text: &'a str, draft: &mut Draft<'a>) {
        self.put(Cow::Borrowed(text), draft);
    }

    /// A text that begins at `at` and has escapes; where it ends.
    #[cold]
    #[inline(never)]
    fn put_escaped<'a>(self, at: usize, cursor: &Cursor<'a>, draft: &mut Draft<'a>) -> Option<usize> {
        let end = cursor.escaped_end(at)?;
        self.put(Cow::Owned(unescape(cursor.between(at..end))), draft);
        Some(end)
    }
}

impl Note {
    /// The piece starts at `start`; `begin` is where the last object of interest begins.
    #[inline(always)]
    fn apply<'a>(self, start: usize, begin: &mut usize, (draft, cursor): (&mut Draft<'a>, &Cursor<'a>)) {
        let at = start + self.at as usize;
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
            What::Issuer => event.identity.issuer = Some(SessionIssuer::default()),
            What::Fixed(target, length) => {
                target.put_fixed(cursor.between(at..at + length as usize), draft);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::event::Event;

    const RECORD: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u"},"eventTime":"2024-05-01T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","requestParameters":{"key":"k","parts":[1,"2"]},"responseElements":null,"additionalEventData":{"bytes":12,"tls":true,"rate":-1.5E7},"eventID":"one","readOnly":true,"managementEvent":false,"resources":[{"ARN":"arn:aws:s3:::b/k","type":"AWS::S3::Object"},{}],"recipientAccountId":"111122223333"}"#;

    /// What a form that was learnt from [`RECORD`] makes of another record.
    fn read(record: &str) -> Option<String> {
        let mut forms = Forms::default();
        forms.learn_record(RECORD);
        let text = format!("{record} {}", " ".repeat(16));
        let (mut draft, mut cursor) = (Draft::default(), Cursor::new(&text));
        let found = forms.read(&mut draft, &mut cursor, &mut Callers::default());
        assert!(!found || cursor.at() == record.len());
        draft.judge();
        let Event { id, name, request, read_only, category, resources, .. } = &draft.event;
        let arns: Vec<_> = resources.iter().map(|resource| &*resource.arn).collect();
        let request = request.raw().unwrap_or_default();
        found.then(|| format!("{id} {name} {request} {read_only:?} {category:?} {arns:?} {}", draft.keys))
    }

    #[test]
    fn other_values_fit_and_another_structure_does_not() {
        let key = r#"{"key":"k","parts":[1,"2"]}"#;
        let expect = |id: &str, request: &str, arn: &str| {
            Some(format!("{id} GetObject {request} Some(true) Data [\"{arn}\"] 12"))
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
            ("-1.5E7", "-22.75E10", expect("one", key, arn)),
            ("1.5E7", "1.5", None),
            ("1.5E7", "1E7", None),
            ("-1.5", "1.5", None),
            ("1.5", "1.-5", None),
            ("[1,", "[-1,", None),
            ("\"one\"", r#""o\u006ee""#, expect("one", key, arn)),
            ("\"one\"", r#""a \"quoted\" one\\""#, expect("a \"quoted\" one\\", key, arn)),
            ("\"one\"", r#""o\xne""#, None),
            (
                "\"2\"]",
                r#""\"},\"eventID\":\"2"]"#,
                expect("one", r#"{"key":"k","parts":[1,"\"},\"eventID\":\"2"]}"#, arn),
            ),
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

    const CALLER: &str = r#"{"type":"AssumedRole","principalId":"AROA1:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s","accountId":"111122223333","accessKeyId":"ASIA1","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA1","arn":"arn:aws:iam::111122223333:role/r","accountId":"111122223333","userName":"r"},"webIdFederationData":{},"attributes":{"creationDate":"2024-05-01T10:00:00Z","mfaAuthenticated":"false"},"sourceIdentity":"me"},"onBehalfOf":{"userId":"u","more":[1]},"invokedBy":"x.amazonaws.com"}"#;

    /// Whether a caller has the form of [`CALLER`] with a change, or not: it comes to what it says.
    fn check_caller(change: (&str, &str), of_form: (&str, &str), expect: bool) {
        let learnt = CALLER.replacen(change.0, change.1, 1);
        let text = learnt.replacen(of_form.0, of_form.1, 1) + &" ".repeat(16);
        assert!(CALLER.contains(change.0) && learnt.contains(of_form.0), "{change:?} {of_form:?}");
        let mut forms = Forms::default();
        forms.learn(Root::Caller, &learnt);
        let (mut draft, mut cursor) = (Draft::default(), Cursor::new(&text));
        let found = forms.walk(Root::Caller, &mut draft, (&mut cursor, &mut Callers::default()));
        assert_eq!(found.is_some(), expect, "{change:?} {of_form:?}");
        forms.caller(&mut draft, &mut Cursor::new(&text), &mut Callers::default()).unwrap();
        assert!(draft.event.identity.number.take().is_some());
        let said = user_identity(&mut Cursor::new(&text)).unwrap();
        assert_eq!(format!("{:?}", draft.event.identity), format!("{said:?}"));
    }

    #[test]
    fn a_caller_is_read_by_the_form_of_another_one() {
        let same = ("", "");
        for (from, to, expect) in [
            ("ASIA1", "ASIA2", true),
            ("\"me\"", "\"\"", true),
            ("AROA1:s", "AROA2:someone else", true),
            ("role/r", "role/path/r", true),
            ("\"accountId\":\"111122223333\"", "\"accountId\":\"HIDDEN\"", true),
            ("[1]", "[22]", true),
            ("\"false\"", "\"true\"", false),
            ("\"Role\"", "\"Root\"", false),
            ("\"u\"", "7", false),
            ("\"me\"", "\"m\\u0065\"", true),
            (",\"sourceIdentity\":\"me\"", "", false),
            ("{}", "{\"a\":1}", false),
            ("{\"type\"", "{ \"type\"", false),
        ] {
            check_caller(same, (from, to), expect);
        }
        // An issuer that says nothing is none; numbers and words are texts as well.
        let issuer = (r#""type":"Role","principalId":"AROA1","#, r#""principalId":"AROA1","#);
        check_caller(
            issuer,
            ("\"AROA1\",\"arn\":\"arn:aws:iam::111122223333:role/r\"", "\"\",\"arn\":\"\""),
            true,
        );
        check_caller(("\"ASIA1\"", "12"), (":12,", ":345,"), true);
        check_caller(("\"ASIA1\"", "true"), ("AROA1:s", "x"), true);
        check_caller(("\"false\"", "true"), ("AROA1:s", "x"), true);
        check_caller(("\"ASIA1\"", "{}"), ("AROA1:s", "x"), false);
        check_caller(("{\"userId\"", "null,\"x\":{\"userId\""), ("AROA1:s", "x"), true);
        check_caller(("\"more\"", "\"userId\""), ("AROA1:s", "x"), false);
        check_caller(("{},", "{},\"sourceIdentity\":\"you\","), ("AROA1:s", "x"), false);
    }

    #[test]
    fn a_record_with_two_values_under_one_name_has_no_form() {
        for twice in [
            RECORD.replacen("\"readOnly\":true", "\"readOnly\":true,\"eventID\":\"two\"", 1),
            RECORD.replacen("\"type\":\"AWS", "\"ARN\":\"x\",\"type\":\"AWS", 1),
            RECORD.replacen("\"recipientAccountId\"", "\"insightDetails\":{},\"recipientAccountId\"", 1),
        ] {
            assert!(steps(Root::Record, &twice).is_none(), "{twice}");
        }
        assert!(steps(Root::Record, RECORD).is_some());
    }
}
