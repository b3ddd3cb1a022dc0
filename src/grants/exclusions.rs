//! The exclusions file: what must not be trimmed, who says so, why, and until when. TOML, because people
//! write it by hand and want comments; `docs/EXCLUSIONS.md` describes it.
//!
//! A mistake in this file could cost a permission that somebody meant to keep. So nothing is guessed:
//! an unknown field, a wrong type or a missing reason refuses the whole file.

use super::InputFile;
use crate::iam::AccountId;
use crate::time::Day;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// What is excluded from trimming.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    /// The entries in the file's order.
    pub entries: Vec<Exclusion>,
    /// Which principals are kept for emergencies.
    pub break_glass: BreakGlass,
    /// The file that was read, if one was.
    pub file: Option<InputFile>,
}

/// One entry. What it names must fit all together; of the several values of one field one must fit.
/// With `sids` or `actions` it protects those statements and actions only, else the whole principal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusion {
    /// Line of the file on which the entry begins, from 1.
    pub line: usize,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day on which it applies; `None` for no end.
    pub expires: Option<Day>,
    /// Names or ARNs, with `*` and `?`. Empty: any.
    pub principals: Vec<String>,
    /// Accounts. Empty: any.
    pub accounts: Vec<AccountId>,
    /// Tag key to a pattern for its value; all must be there. Empty: any.
    pub tags: BTreeMap<String, String>,
    /// Beginnings of `Sid`s. Empty: any statement.
    pub sids: Vec<String>,
    /// Actions, with `*` and `?`. Empty: any action.
    pub actions: Vec<String>,
}

/// Principals for emergencies: unused by design, and never trimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// Names or ARNs, with `*` and `?`.
    pub principals: Vec<String>,
    /// Tag keys, in any letter case; the tag's value must not be `false`, `no` or `0`.
    pub tags: Vec<String>,
}

impl Default for BreakGlass {
    fn default() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            principals: owned(&["*break*glass*"]),
            tags: owned(&["break-glass", "breakglass", "break_glass"]),
        }
    }
}

impl Exclusion {
    /// Is it over on this day?
    pub fn expired(&self, today: Day) -> bool {
        self.expires.is_some_and(|last| last < today)
    }
}

/// Why an exclusions file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ExclusionsError {
    /// The file cannot be read.
    #[error("cannot read the exclusions `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file does not say what it must, or says what it cannot.
    #[error("exclusions `{}`, line {line}{}: {why}", path.display(), AtField(field))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// `exclusion.owner`; empty when the line as a whole is no TOML.
        field: String,
        /// One line.
        why: String,
    },
}

struct AtField<'a>(&'a str);

impl fmt::Display for AtField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", `{}`", self.0) }
    }
}

impl Exclusions {
    /// Reads an exclusions file.
    #[expect(clippy::disallowed_methods, reason = "this module is the rim for exclusions")]
    pub fn read(path: &Path) -> Result<Self, ExclusionsError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ExclusionsError::Unreadable { path: path.to_owned(), source })?;
        let file = Some(InputFile::new(path, text.as_bytes()));
        Ok(Self { file, ..Self::parse(path, &text)? })
    }

    /// Reads the text of one; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ExclusionsError> {
        let reader = Reader { path, text };
        let file = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            reader.fault(at, "", error.message().lines().next().unwrap_or_default())
        })?;
        let file = Fields { reader: &reader, at: 0, name: "", table: file.get_ref() };
        file.only(&["break_glass", "exclusion"])?;
        let mut all = Self::default();
        if let Some((value, name)) = file.get("break_glass") {
            all.break_glass = reader.fields(value, &name)?.break_glass(all.break_glass)?;
        }
        if let Some((value, name)) = file.get("exclusion") {
            let DeValue::Array(entries) = value.get_ref() else {
                return Err(reader.fault(value.span().start, &name, "write it as `[[exclusion]]`"));
            };
            for entry in entries {
                all.entries.push(reader.fields(entry, &name)?.exclusion()?);
            }
        }
        Ok(all)
    }
}

struct Reader<'t> {
    path: &'t Path,
    text: &'t str,
}

/// A table of the file, and where it is.
struct Fields<'r> {
    reader: &'r Reader<'r>,
    at: usize,
    name: &'r str,
    table: &'r DeTable<'r>,
}

impl<'r> Reader<'r> {
    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    fn fault(&self, offset: usize, field: &str, why: &str) -> ExclusionsError {
        ExclusionsError::Invalid {
            path: self.path.to_owned(),
            line: self.line(offset),
            field: field.to_owned(),
            why: why.to_owned(),
        }
    }

    fn fields(
        &'r self,
        value: &'r Spanned<DeValue<'r>>,
        name: &'r str,
    ) -> Result<Fields<'r>, ExclusionsError> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::Table(table) => Ok(Fields { reader: self, at, name, table }),
            other => Err(self.fault(at, name, &format!("a table is needed, not {}", kind(other)))),
        }
    }

    fn text(&self, value: &Spanned<DeValue<'_>>, name: &str) -> Result<String, ExclusionsError> {
        let fault = |why: &str| self.fault(value.span().start, name, why);
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => Err(fault("it is empty")),
            DeValue::String(text) => Ok(text.to_string()),
            other => Err(fault(&format!("a text in quotes is needed, not {}", kind(other)))),
        }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

impl<'r> Fields<'r> {
    fn only(&self, known: &[&str]) -> Result<(), ExclusionsError> {
        match self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) {
            Some(key) => {
                let why = format!("unknown field; known are `{}`", known.join("`, `"));
                Err(self.reader.fault(key.span().start, &self.named(key.get_ref()), &why))
            }
            None => Ok(()),
        }
    }

    fn named(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// A field's value and its full name.
    fn get(&self, key: &str) -> Option<(&'r Spanned<DeValue<'r>>, String)> {
        self.table.get(key).map(|value| (value, self.named(key)))
    }

    fn required(&self, key: &str) -> Result<String, ExclusionsError> {
        match self.get(key) {
            Some((value, name)) => self.reader.text(value, &name),
            None => Err(self.reader.fault(self.at, &self.named(key), "it is missing")),
        }
    }

    /// A list of texts, each checked and converted; empty when the field is not there.
    fn list<T>(
        &self,
        key: &str,
        convert: impl Fn(String) -> Result<T, &'static str>,
    ) -> Result<Vec<T>, ExclusionsError> {
        let Some((value, name)) = self.get(key) else { return Ok(Vec::new()) };
        let fault = |why: &str| self.reader.fault(value.span().start, &name, why);
        let DeValue::Array(items) = value.get_ref() else {
            return Err(fault("a list is needed, such as [\"one\", \"two\"]"));
        };
        if items.is_empty() {
            return Err(fault("the list is empty: leave the field out, or name something"));
        }
        let one = |item: &Spanned<DeValue<'_>>| {
            let text = self.reader.text(item, &name)?;
            convert(text).map_err(|why| self.reader.fault(item.span().start, &name, why))
        };
        items.iter().map(one).collect()
    }

    fn exclusion(&self) -> Result<Exclusion, ExclusionsError> {
        let selectors = ["principals", "accounts", "tags", "sids", "actions"];
        self.only(&[&["owner", "reason", "expires"][..], &selectors].concat())?;
        if !selectors.iter().any(|key| self.table.contains_key(*key)) {
            let why = format!("it names nothing: give at least one of `{}`", selectors.join("`, `"));
            return Err(self.reader.fault(self.at, self.name, &why));
        }
        Ok(Exclusion {
            line: self.reader.line(self.at),
            owner: self.required("owner")?,
            reason: self.required("reason")?,
            expires: self.expires()?,
            principals: self.list("principals", Ok)?,
            accounts: self
                .list("accounts", |text| AccountId::parse(&text).ok_or("no account id: 12 digits"))?,
            tags: self.tags()?,
            sids: self.list("sids", Ok)?,
            actions: self.list("actions", |text| match text.split_once(':') {
                Some((service, name)) if !service.is_empty() && !name.is_empty() => Ok(text),
                _ if text == "*" => Ok(text),
                _ => Err("no action: write `service:Name`, with * and ? where you like"),
            })?,
        })
    }

    fn expires(&self) -> Result<Option<Day>, ExclusionsError> {
        let Some((value, name)) = self.get("expires") else { return Ok(None) };
        let date = match value.get_ref() {
            DeValue::Datetime(when) if when.time.is_none() => when.date,
            _ => None,
        };
        let day = date.and_then(|date| Day::from_date(date.year.into(), date.month.into(), date.day.into()));
        day.map(Some).ok_or_else(|| {
            self.reader.fault(value.span().start, &name, "a date is needed, without quotes: 2027-01-31")
        })
    }

    fn tags(&self) -> Result<BTreeMap<String, String>, ExclusionsError> {
        let Some((value, name)) = self.get("tags") else { return Ok(BTreeMap::new()) };
        let fields = self.reader.fields(value, &name)?;
        if fields.table.is_empty() {
            return Err(self.reader.fault(fields.at, &name, "the table is empty"));
        }
        let one = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
            let text = self.reader.text(value, &fields.named(key.get_ref()))?;
            Ok((key.get_ref().to_string(), text))
        };
        fields.table.iter().map(one).collect()
    }

    /// What the table names replaces the defaults; `[]` switches one off.
    fn break_glass(&self, defaults: BreakGlass) -> Result<BreakGlass, ExclusionsError> {
        self.only(&["principals", "tags"])?;
        let list = |key: &str, default: Vec<String>| match self.get(key) {
            Some((value, _)) if value.get_ref().as_array().is_some_and(|items| items.is_empty()) => {
                Ok(Vec::new())
            }
            Some(_) => self.list(key, Ok),
            None => Ok(default),
        };
        Ok(BreakGlass {
            principals: list("principals", defaults.principals)?,
            tags: list("tags", defaults.tags)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Exclusions, String> {
        Exclusions::parse(Path::new("x.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_what_people_write() {
        let all = parse(
            r#"
            # The year-end batch runs in January.
            [[exclusion]]
            owner = "ml-platform@example.com"
            reason = "year-end batch"
            expires = 2027-01-31
            principals = ["arn:aws:iam::111122223333:role/batch/*", "YearEnd*"]
            accounts = ["111122223333"]
            tags = { team = "ml*", "cost center" = "7" }
            sids = ["YearEnd"]
            actions = ["s3:Put*", "*"]

            [[exclusion]]
            owner = "o"
            reason = "r"
            actions = ["kms:*"]

            [break_glass]
            principals = []
            "#,
        )
        .unwrap();
        let [first, second] = &all.entries[..] else { panic!("two entries") };
        let day = Day::from_date(2027, 1, 31).unwrap();
        assert_eq!(
            (first.line, first.owner.as_str(), first.expires),
            (3, "ml-platform@example.com", Some(day))
        );
        assert_eq!(first.tags["cost center"], "7");
        assert_eq!((first.principals.len(), first.accounts.len(), first.actions.len()), (2, 1, 2));
        assert!(!first.expired(day) && first.expired(Day::from_epoch_days(day.epoch_days() + 1)));
        assert!(second.expires.is_none() && !second.expired(day) && second.line == 13);
        assert_eq!(all.break_glass, BreakGlass { principals: vec![], ..BreakGlass::default() });
        assert_eq!(parse("").unwrap().break_glass, BreakGlass::default());
    }

    #[test]
    fn a_mistake_names_its_line_and_field() {
        let entry = |more: &str| format!("[[exclusion]]\nowner = \"o\"\nreason = \"r\"\n{more}\n");
        for (text, expect) in [
            ("[[exclusion]\n".to_owned(), "`x.toml`, line 1: "),
            ("\nexclusion = 7".to_owned(), "line 2, `exclusion`: write it as `[[exclusion]]`"),
            ("exclusions = []".to_owned(), "line 1, `exclusions`: unknown field"),
            (
                "[[exclusion]]\nreason = \"r\"\nsids = [\"a\"]".to_owned(),
                "line 1, `exclusion.owner`: it is missing",
            ),
            ("[[exclusion]]\nowner = \"o\"\nsids = [\"a\"]".to_owned(), "`exclusion.reason`: it is missing"),
            (
                "[[exclusion]]\nowner = \" \"\nreason = \"r\"\nsids = [\"a\"]".to_owned(),
                "line 2, `exclusion.owner`: it is empty",
            ),
            (entry(""), "line 1, `exclusion`: it names nothing"),
            (entry("expires = 2027-01-31"), "it names nothing"),
            (entry("sid = [\"a\"]"), "line 4, `exclusion.sid`: unknown field"),
            (entry("sids = \"a\""), "line 4, `exclusion.sids`: a list is needed"),
            (entry("sids = []"), "the list is empty"),
            (
                entry("sids = [\"a\",\n 7]"),
                "line 5, `exclusion.sids`: a text in quotes is needed, not a number",
            ),
            (entry("sids = [\"\"]"), "it is empty"),
            (entry("accounts = [\"1\"]"), "line 4, `exclusion.accounts`: no account id"),
            (entry("actions = [\"s3\"]"), "line 4, `exclusion.actions`: no action"),
            (entry("actions = [\"s3:\"]"), "no action"),
            (entry("tags = [\"a\"]"), "`exclusion.tags`: a table is needed, not a list"),
            (entry("tags = {}"), "the table is empty"),
            (entry("tags = { a = true }"), "`exclusion.tags.a`: a text in quotes is needed, not a boolean"),
            (
                entry("sids = [\"a\"]\nexpires = \"2027-01-31\""),
                "line 5, `exclusion.expires`: a date is needed",
            ),
            (entry("sids = [\"a\"]\nexpires = 2027-02-30"), "line 5"),
            (
                entry("sids = [\"a\"]\nexpires = 2027-01-31T00:00:00Z"),
                "`exclusion.expires`: a date is needed",
            ),
            (entry("sids = [\"a\"]\nsids = [\"b\"]"), "line 5"),
            ("[break_glass]\nnames = []".to_owned(), "line 2, `break_glass.names`: unknown field"),
            ("[break_glass]\ntags = [7]".to_owned(), "line 2, `break_glass.tags`"),
        ] {
            let message = parse(&text).unwrap_err();
            assert!(message.contains(expect), "{text}\n{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
