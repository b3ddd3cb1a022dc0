//! `trailtrim.certificate/v1`: the proof of one recommendation, for programs. It holds both documents, so
//! that anybody can check it again; `docs/schemas/certificate.v1.json` describes it.

use super::Report;
use super::model::{PolicyReport, PrincipalReport, RecommendationReport};
use crate::iam::PolicyDocument;
use crate::iam::contain::Containment;
use crate::iam::json::Json;
use crate::iam::quota;
use crate::recommend::Status;
use crate::sha256::Sha256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name and version of the format.
pub const SCHEMA: &str = "trailtrim.certificate/v1";

/// One recommendation and what was proved about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// [`SCHEMA`].
    pub schema: String,
    /// What made it.
    pub tool: Tool,
    /// Whose policy.
    pub principal: Principal,
    /// Which policy, and how it is changed.
    pub policy: Policy,
    /// The document before.
    pub old: Document,
    /// The documents that replace it, which hold together; none when nothing is left.
    pub new: Vec<Document>,
    /// New ⊆ old: certificates are only made for what is proved.
    pub containment: Proved,
    /// Every distinct observed call, replayed.
    pub replay: Replay,
    /// Size against AWS's limit.
    pub quota: Quota,
    /// What the logs cover.
    pub coverage: Coverage,
    /// Everything that was read.
    pub inputs: Vec<Input>,
    /// Disputed points of the policy language that a conclusion rests on (`docs/SEMANTICS.md`).
    pub rests_on: Vec<String>,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// `trailtrim`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The date of its list of AWS's actions.
    pub reference_date: String,
}

/// The role or user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Principal {
    /// Its ARN.
    pub arn: String,
    /// Its unique id.
    pub id: String,
}

/// The policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// `inline`, `customer_managed`, `aws_managed`, `group`.
    pub source: String,
    /// The ARN of a managed policy.
    pub arn: Option<String>,
    /// How the change is made: the steps of `trailtrim.review/v1`.
    pub step: String,
}

/// A policy document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// The file that holds a new one, relative to the report folder.
    pub file: Option<String>,
    /// The hash of the document as `trailtrim` writes it: two blanks of indentation, a final newline.
    pub sha256: String,
    /// Characters without white space.
    pub size_chars: usize,
    /// The document.
    pub document: Json,
}

/// A proof of containment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proved {
    /// `proved`.
    pub result: String,
    /// 0: pattern by pattern; 1: by cases over actions, resources and condition values.
    pub tier: u8,
}

/// The replay, in distinct calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Allowed before and now.
    pub allowed: usize,
    /// Allowed before and refused now, as `action on resource`.
    pub broken: Vec<String>,
    /// Allowed under conditions whose keys the logs do not carry.
    pub undecided: usize,
    /// The keys and reasons that left calls undecided, with the number of calls.
    pub undecided_because: BTreeMap<String, usize>,
    /// The resource is not in the log.
    pub unknown_resource: usize,
    /// Not allowed by the old policies either.
    pub unexplained: usize,
}

/// Size against the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// All new documents together, in characters without white space.
    pub used_chars: usize,
    /// The limit: for one document, or for all inline policies of the principal together.
    pub limit_chars: usize,
}

/// What the logs cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The time of the first event.
    pub first: Option<String>,
    /// The time of the last event.
    pub last: Option<String>,
    /// Days with events of the principal's account.
    pub days: usize,
    /// Event categories of the account in words, with the number of days.
    pub categories: BTreeMap<String, usize>,
    /// Log files.
    pub files: u64,
    /// Those of which something could not be used.
    pub files_with_problems: u64,
    /// Distinct events.
    pub events: u64,
    /// The asked number of days is there.
    pub sufficient: bool,
    /// What is taken for granted, in sentences.
    pub assumptions: Vec<String>,
}

/// Something that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// `logs`, `grants`, `trails`.
    pub kind: String,
    /// The path; of logs all together `null`.
    pub name: Option<String>,
    /// Number of files.
    pub files: u64,
    /// The hash of the file; of logs that of the sorted hashes of the files as stored, one a line.
    pub sha256: String,
}

/// Why a text is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Not JSON, or a member is missing or of another type.
    #[error("no certificate: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another format or version.
    #[error("the schema is `{}`, not `{SCHEMA}`", .0.escape_debug())]
    Schema(String),
}

impl Certificate {
    /// Reads a certificate. Nothing in it is believed by that.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        let certificate: Self = serde_json::from_str(text)?;
        if certificate.schema != SCHEMA {
            return Err(CertificateError::Schema(certificate.schema));
        }
        Ok(certificate)
    }

    /// The text, with a final newline. Equal certificates give equal bytes.
    pub fn to_text(&self) -> String {
        // A value made of strings and numbers always serialises.
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// The certificate of one recommendation; `None` when it is not one that may be applied.
    pub fn new(report: &Report, principal: &PrincipalReport, policy: &PolicyReport) -> Option<Self> {
        let one = policy.recommendation.as_ref().filter(|one| one.status == Status::Ready)?;
        let Containment::Proved { tier } = one.containment else { return None };
        let old = one.old.as_deref()?;
        let new = one.documents.iter().map(|new| document(&new.name, Some(&new.file), &new.document));
        let (used_chars, limit_chars) = one.size_chars;
        Some(Self {
            schema: SCHEMA.to_owned(),
            tool: Tool {
                name: "trailtrim".to_owned(),
                version: report.tool_version.to_owned(),
                reference_date: report.reference_date.clone(),
            },
            principal: Principal { arn: principal.arn.clone(), id: principal.id.clone() },
            policy: Policy {
                name: policy.name.clone(),
                source: policy.source.to_owned(),
                arn: policy.arn.clone(),
                step: one.step.as_str().to_owned(),
            },
            old: document(&policy.name, None, old),
            new: new.collect(),
            containment: Proved { result: "proved".to_owned(), tier },
            replay: replay(one),
            quota: Quota { used_chars, limit_chars },
            coverage: coverage(report, principal),
            inputs: report.inputs.clone(),
            rests_on: one.replay.rests_on.iter().map(|point| (*point).to_owned()).collect(),
        })
    }
}

fn document(name: &str, file: Option<&str>, document: &PolicyDocument) -> Document {
    Document {
        name: name.to_owned(),
        file: file.map(str::to_owned),
        sha256: Sha256::of(document.to_pretty().as_bytes()).to_string(),
        size_chars: quota::size(document).characters,
        document: document.to_json(),
    }
}

fn replay(one: &RecommendationReport) -> Replay {
    Replay {
        allowed: one.replay.allowed,
        broken: one.replay.broken.clone(),
        undecided: one.replay.undecided,
        undecided_because: one.replay.undecided_because.clone(),
        unknown_resource: one.replay.unknown_resource,
        unexplained: one.replay.unexplained,
    }
}

fn coverage(report: &Report, principal: &PrincipalReport) -> Coverage {
    let account = report.coverage.accounts.iter().find(|one| one.account == principal.account);
    let (first, last) = report.window.unzip();
    Coverage {
        first: first.map(|time| time.to_string()),
        last: last.map(|time| time.to_string()),
        days: account.map_or(0, |account| account.days),
        categories: account
            .into_iter()
            .flat_map(|account| &account.categories)
            .map(|(words, days, _)| (words.clone(), *days))
            .collect(),
        files: report.coverage.files,
        files_with_problems: report.coverage.files_with_problems,
        events: report.coverage.events,
        sufficient: report.insufficient.is_none(),
        assumptions: report.assumptions.clone(),
    }
}
