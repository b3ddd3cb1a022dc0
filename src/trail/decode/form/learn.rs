//! Takes a record apart into a form's pieces and the values between them.

use super::{Note, Root, Target, Value, What};
use crate::trail::decode::identity::{Level, Part};
use crate::trail::decode::record::{Known, MEMBERS, Member, Word, member_index};
use crate::trail::scan::Cursor;
use std::ops::Range;

/// A record with more values than this has no form: long lists have a different length every time.
const VALUES_MAX: usize = 160;

/// Names of members that have few different values: these are a part of the form, which needs fewer pieces.
const FEW_VALUES: [&str; 17] = [
    "eventVersion",
    "eventSource",
    "eventName",
    "eventType",
    "eventCategory",
    "apiVersion",
    "type",
    "tlsVersion",
    "cipherSuite",
    "CipherSuite",
    "SignatureVersion",
    "AuthenticationMethod",
    "SSEApplied",
    "mfaAuthenticated",
    "encryptionAlgorithm",
    "list-type",
    "encoding-type",
];

/// The longest value that is a part of a form, in bytes.
const FIXED_BYTES_MAX: usize = 64;

/// A piece and what follows it.
pub(super) struct Step<'r> {
    pub(super) text: &'r [u8],
    pub(super) notes: Vec<Note>,
    pub(super) value: Value,
}

/// The form of a record that is an event, or of a `userIdentity`; `None` when it has something that forms do
/// not know.
pub(super) fn steps(root: Root, record: &str) -> Option<Vec<Step<'_>>> {
    let mut learner = Learner {
        record,
        cursor: Cursor::new(record),
        start: 0,
        notes: Vec::new(),
        known: Known::default(),
        steps: Vec::new(),
        seen: [false; MEMBERS.len()],
    };
    let keys = match root {
        Root::Record => learner.record()?,
        Root::Caller => learner.caller(Level::Identity).map(|()| 0)?,
    };
    let end = learner.cursor.at();
    learner.step(end, Value::End(keys, learner.known))?;
    Some(learner.steps)
}

struct Learner<'r> {
    record: &'r str,
    cursor: Cursor<'r>,
    /// Where the piece that is gathered starts.
    start: usize,
    notes: Vec<Note>,
    known: Known,
    steps: Vec<Step<'r>>,
    seen: [bool; MEMBERS.len()],
}

impl Learner<'_> {
    /// How many of the members are signs of an event.
    fn record(&mut self) -> Option<u16> {
        self.cursor.eat(b'{');
        let mut first = true;
        let mut keys = 0;
        while let Some(name) = self.cursor.key(std::mem::take(&mut first)).ok()? {
            let mut member = Member::Skipped;
            if let Some(index) = member_index(&name) {
                // Of two values under one name the last one counts; a form does not know which that is.
                let seen = self.seen.get_mut(index).filter(|seen| !**seen)?;
                *seen = true;
                member = MEMBERS.get(index)?.1;
            }
            keys += u16::from(member.is_sign());
            self.member(&name, member)?;
        }
        Some(keys)
    }

    /// `userIdentity` or an object inside it.
    fn caller(&mut self, level: Level) -> Option<()> {
        if level == Level::Issuer {
            self.note(self.cursor.at(), What::Issuer)?;
        }
        self.cursor.eat(b'{');
        let mut seen: Vec<Part> = Vec::new();
        let mut first = true;
        while let Some(name) = self.cursor.key(std::mem::take(&mut first)).ok()? {
            let token = self.cursor.token()?;
            let Some(part) = level.part(&name) else {
                self.nested(&name)?;
                continue;
            };
            if seen.contains(&part) {
                return None;
            }
            seen.push(part);
            match part {
                Part::Caller(part) => self.text((&name, token), Target::Caller(part))?,
                Part::Issuer(part) => self.text((&name, token), Target::Issuer(part))?,
                Part::Inside(level) if token == b'{' => self.caller(level)?,
                Part::Inside(_) => self.null()?,
            }
        }
        Some(())
    }

    /// The value of a member is next.
    fn member(&mut self, name: &str, member: Member) -> Option<()> {
        let token = self.cursor.token()?;
        let start = self.cursor.at();
        match member {
            Member::Skipped | Member::Repeated => self.nested(name),
            Member::Identity => {
                self.cursor.skip_value().ok()?;
                let end = self.cursor.at();
                (token == b'{').then_some(())?;
                self.step(start, Value::Caller)?;
                self.start = end;
                Some(())
            }
            Member::Request | Member::Response if token == b'{' => {
                self.note(start, What::Begins)?;
                self.nested(name)?;
                self.note(self.cursor.at(), What::Ends(member))
            }
            Member::Resources if token == b'[' => self.resources(),
            Member::Request | Member::Response | Member::Resources => self.null(),
            Member::Lookup | Member::Insight | Member::Digest | Member::Addendum => None,
            _ => self.text((name, token), Target::Member(member)),
        }
    }

    fn null(&mut self) -> Option<()> {
        (self.cursor.skip_value().ok()? == "null").then_some(())
    }

    /// A string, or a word, whose text is of interest.
    fn text(&mut self, (name, token): (&str, u8), target: Target) -> Option<()> {
        let start = self.cursor.at();
        let text = self.cursor.skip_value().ok()?;
        match token {
            b'"' if has_few(name, text) => self.fixed(start + 1, target, text.get(1..text.len() - 1)?),
            b'"' => self.string(start, Value::Text(target)),
            _ if text == "null" => Some(()),
            _ if is_digits(text) => self.digits(start..self.cursor.at(), Some(target)),
            b'a'..=b'z' => self.fixed(start, target, text),
            _ => None,
        }
    }

    /// A text that is the same in all records of the form.
    fn fixed(&mut self, at: usize, target: Target, text: &str) -> Option<()> {
        let word = match target {
            Target::Member(member) => Word::of_member(member, text),
            Target::Caller(part) => part.word(text),
            _ => None,
        };
        if let Some(word) = word {
            self.known.add(word);
            return Some(());
        }
        self.note(at, What::Fixed(target, u32::try_from(text.len()).ok()?))
    }

    /// The cursor is behind a string.
    fn string(&mut self, start: usize, value: Value) -> Option<()> {
        self.step(start + 1, value)?;
        self.start = self.cursor.at() - 1;
        Some(())
    }

    /// A run of digits.
    fn digits(&mut self, run: Range<usize>, target: Option<Target>) -> Option<()> {
        self.step(run.start, Value::Digits(target))?;
        self.start = run.end;
        Some(())
    }

    /// A word, or a number, whose digits are of no interest: AWS writes `0.0` as well, and `1.048576E7`.
    fn scalar(&mut self, at: usize) -> Option<()> {
        let text = self.cursor.skip_value().ok()?;
        let mut end = at;
        for run in text.split_inclusive(|letter: char| !letter.is_ascii_digit()) {
            let start = end;
            end += run.len();
            let digits = run.trim_end_matches(|letter: char| !letter.is_ascii_digit());
            if !digits.is_empty() {
                self.digits(start..start + digits.len(), None)?;
            }
        }
        Some(())
    }

    /// A value of any kind, of which nothing is of interest by itself.
    fn nested(&mut self, name: &str) -> Option<()> {
        let start = self.cursor.at();
        self.cursor.skip_value().ok()?;
        let end = self.cursor.at();
        self.cursor.go(start);
        let mut last = name;
        while self.cursor.at() < end {
            let at = self.cursor.at();
            match self.cursor.byte()? {
                b'"' => {
                    self.cursor.skip_string().ok()?;
                    let behind = self.cursor.at();
                    let is_name = behind < end && self.cursor.token() == Some(b':');
                    self.cursor.go(behind);
                    let text = self.record.get(at..behind)?;
                    if is_name {
                        last = text.get(1..text.len() - 1)?;
                    } else if !has_few(last, text) {
                        self.string(at, Value::Skipped)?;
                    }
                }
                b'-' | b'0'..=b'9' | b'a'..=b'z' => self.scalar(at)?,
                _ => self.cursor.go(at + 1),
            }
        }
        Some(())
    }

    /// `resources[]`: objects, of which three members are of interest.
    fn resources(&mut self) -> Option<()> {
        self.cursor.eat(b'[');
        let mut first = true;
        while self.cursor.element(std::mem::take(&mut first)).ok()? {
            (self.cursor.token() == Some(b'{')).then_some(())?;
            self.note(self.cursor.at(), What::Element)?;
            self.cursor.eat(b'{');
            let mut seen: Vec<Target> = Vec::new();
            let mut first = true;
            while let Some(name) = self.cursor.key(std::mem::take(&mut first)).ok()? {
                let token = self.cursor.token()?;
                let target = match &*name {
                    "ARN" | "arn" => Target::Arn,
                    "accountId" => Target::Account,
                    "type" => Target::Kind,
                    _ => {
                        self.nested(&name)?;
                        continue;
                    }
                };
                if seen.contains(&target) {
                    return None;
                }
                seen.push(target);
                self.text((&name, token), target)?;
            }
        }
        Some(())
    }

    fn note(&mut self, at: usize, what: What) -> Option<()> {
        let at = u32::try_from(at - self.start).ok()?;
        self.notes.push(Note { at, what });
        Some(())
    }

    /// The piece ends before `end`, where a value begins.
    fn step(&mut self, end: usize, value: Value) -> Option<()> {
        let text = self.record.as_bytes().get(self.start..end)?;
        self.steps.push(Step { text, notes: std::mem::take(&mut self.notes), value });
        (self.steps.len() <= VALUES_MAX).then_some(())
    }
}

/// Is the string, with its quotes, a part of the form?
fn has_few(name: &str, text: &str) -> bool {
    FEW_VALUES.contains(&name) && text.len() <= FIXED_BYTES_MAX && !text.contains('\\')
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
