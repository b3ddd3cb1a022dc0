//! The comment lines at the top of a query file: `-- key: value`.

use std::fmt;

/// What the header of a query says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Rows of the catalogue that it answers (`SM-P01`), or a name of the project's own (`RR-03`).
    pub ids: Vec<String>,
    /// A short name.
    pub title: String,
    /// Why its rows matter.
    pub meaning: String,
    /// How bad a row is.
    pub severity: Option<Severity>,
    /// MITRE ATT&CK techniques (v18.1).
    pub attack: Vec<String>,
    /// MITRE ATLAS techniques (5.6).
    pub atlas: Vec<String>,
    /// The time within which things belong together, or the baseline.
    pub window: String,
    /// What the input must hold.
    pub needs: Vec<Need>,
    /// What looks like it and is harmless.
    pub look_alikes: String,
    /// How much a row adds to a case, in per cent; without it what its severity is worth
    /// ([`Severity::weight`]).
    pub weight: Option<u32>,
    /// Is it so general that other rules imply it? Then it counts half where one of them found the same event:
    /// one novelty is not three.
    pub general: bool,
    /// Does it explain a row that a tool of infrastructure as code made something in its region shortly before?
    pub explained_by_region: bool,
}

/// How bad a row of a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// To know.
    Info,
    /// Weak alone.
    Low,
    /// Worth a look.
    Medium,
    /// Worth a call.
    High,
    /// Worth waking somebody.
    Critical,
}

impl Severity {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Info, "info"),
        (Self::Low, "low"),
        (Self::Medium, "medium"),
        (Self::High, "high"),
        (Self::Critical, "critical"),
    ];

    /// What one reason of this severity adds to the score of a case, in per cent (`docs/INVESTIGATE.md`): one
    /// that is high makes a case by itself, two that are medium do, of the low ones it takes four.
    pub fn weight(self) -> u32 {
        match self {
            Self::Info => 5,
            Self::Low => 12,
            Self::Medium => 25,
            Self::High => 45,
            Self::Critical => 70,
        }
    }

    /// The word for headers and reports.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("", |(_, word)| word)
    }
}

/// What a query needs to be answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Management events.
    Management,
    /// Data events of a resource type: `AWS::S3::Object`.
    Data(String),
    /// An IAM snapshot.
    Snapshot,
    /// Enough days before those that are asked about.
    Baseline,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Management => f.write_str("management"),
            Self::Data(kind) => write!(f, "data {kind}"),
            Self::Snapshot => f.write_str("snapshot"),
            Self::Baseline => f.write_str("baseline"),
        }
    }
}

/// A header that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query's header has {problem}")]
pub struct HeaderError {
    /// What is wrong.
    pub problem: String,
}

impl Header {
    /// Reads the comment lines at the top. A text without them has an empty header; a key that is not known
    /// is an error, so that a slip does not hide a need. A line that starts with `--` and two blanks or more
    /// goes on with the line before.
    pub fn parse(sql: &str) -> Result<Self, HeaderError> {
        let mut entries: Vec<(String, String)> = Vec::new();
        for line in sql.lines().map_while(|line| line.strip_prefix("--")) {
            if let (Some(more), Some((_, value))) = (line.strip_prefix("   "), entries.last_mut()) {
                value.push(' ');
                value.push_str(more.trim());
            } else if let Some((key, value)) = line.split_once(':') {
                entries.push((key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        let mut header = Self::default();
        for (key, value) in entries {
            header.set(&key, value)?;
        }
        Ok(header)
    }

    fn set(&mut self, key: &str, value: String) -> Result<(), HeaderError> {
        let words = |value: &str| value.split_whitespace().map(str::to_owned).collect();
        match key {
            "id" => self.ids = words(&value),
            "title" => self.title = value,
            "meaning" => self.meaning = value,
            "severity" => {
                let known = Severity::ALL.iter().find(|(_, word)| *word == value).map(|(known, _)| *known);
                self.severity = Some(known.ok_or_else(|| wrong(format!("the unknown severity `{value}`")))?);
            }
            "attack" => self.attack = words(&value),
            "atlas" => self.atlas = words(&value),
            "window" => self.window = value,
            "needs" => self.needs = value.split(',').map(need).collect::<Result<_, _>>()?,
            "look-alikes" => self.look_alikes = value,
            "general" if value == "yes" => self.general = true,
            "explained-by" if value == "region" => self.explained_by_region = true,
            "weight" => {
                let weight = value.parse().ok().filter(|weight| (1..=99).contains(weight));
                self.weight =
                    Some(weight.ok_or_else(|| wrong(format!("the weight `{value}`, not 1 to 99")))?);
            }
            _ => return Err(wrong(format!("the unknown line `{key}`"))),
        }
        Ok(())
    }
}

fn need(text: &str) -> Result<Need, HeaderError> {
    match text.trim() {
        "management" => Ok(Need::Management),
        "snapshot" => Ok(Need::Snapshot),
        "baseline" => Ok(Need::Baseline),
        other => other
            .strip_prefix("data ")
            .map(|kind| Need::Data(kind.to_owned()))
            .ok_or_else(|| wrong(format!("the unknown need `{other}`"))),
    }
}

fn wrong(problem: String) -> HeaderError {
    HeaderError { problem }
}
