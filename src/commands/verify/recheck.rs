//! Certificates, checked again: nothing that they say is believed.

use super::gate;
use super::{containment, read_text, shown};
use crate::cli::VerifyArgs;
use crate::commands::Settings;
use crate::commands::judge::Judge;
use crate::grants::{GrantedPrincipal, Snapshot};
use crate::iam::PolicyDocument;
use crate::iam::quota;
use crate::iam::validate::{PolicyType, Severity, validate_document};
use crate::report::certificate::{Certificate, Document};
use crate::report::checks::{Checks, Rule};
use crate::report::escape::terminal;
use crate::sha256::Sha256;
use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A certificate with its documents.
#[derive(Debug)]
pub(super) struct Opened {
    /// Where it was read from.
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) certificate: Certificate,
    /// The document before.
    pub(super) old: PolicyDocument,
    /// The documents after.
    pub(super) new: Vec<PolicyDocument>,
}

impl Opened {
    /// Reads a certificate. Errors: unreadable, not a certificate, or a document that is no policy.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let place = || format!("`{}`", terminal(&shown(path)));
        let certificate = Certificate::parse(&read_text(path)?).with_context(place)?;
        let document = |one: &Document| PolicyDocument::from_json(one.document.clone()).with_context(place);
        let old = document(&certificate.old)?;
        let new = certificate.new.iter().map(document).collect::<anyhow::Result<_>>()?;
        Ok(Self { path: path.to_owned(), certificate, old, new })
    }

    /// The policy's name and whose it is, for messages.
    pub(super) fn subject(&self) -> String {
        format!("{} of {}", self.certificate.policy.name, self.certificate.principal.arn)
    }

    /// The place of the policy among the principal's.
    fn place(&self, principal: &GrantedPrincipal) -> Option<usize> {
        let policy = &self.certificate.policy;
        principal.policies.iter().position(|one| {
            one.name == policy.name
                && one.source.as_str() == policy.source
                && one.source.arn() == policy.arn.as_deref()
        })
    }
}

/// What was found, and whether all input could be read.
pub(super) fn run(args: &VerifyArgs, settings: &Settings) -> anyhow::Result<(Checks, bool)> {
    let opened: Vec<Opened> =
        args.certificate.iter().map(|path| Opened::read(path)).collect::<anyhow::Result<_>>()?;
    let mut checks = Checks::default();
    for one in &opened {
        checks.pass(format!("certificate: {}", one.subject()));
        documents(&mut checks, one);
        containment(&mut checks, &shown(&one.path), &one.new.iter().collect::<Vec<_>>(), &[&one.old]);
    }
    if args.grants.is_empty() {
        if !args.files.is_empty() || args.read.ledger.is_some() {
            bail!("logs are replayed against a snapshot\nhint: --grants FILE");
        }
        checks.pass("not checked: the old policy is the role's (--grants), the replay (--grants and logs)");
        return Ok((checks, true));
    }
    let snapshot = Snapshot::read(&args.grants)?;
    for one in &opened {
        against_snapshot(&mut checks, one, &snapshot);
    }
    if args.files.is_empty() && args.read.ledger.is_none() {
        checks.pass("not checked: the replay (name the logs)");
        return Ok((checks, true));
    }
    let complete = replays(&mut checks, &opened, args, settings)?;
    Ok((checks, complete))
}

/// The documents' hashes, sizes and validity, and the files that hold them.
fn documents(checks: &mut Checks, one: &Opened) {
    let (file, certificate) = (shown(&one.path), &one.certificate);
    let said = certificate.new.iter().chain([&certificate.old]);
    for (said, document) in said.zip(one.new.iter().chain([&one.old])) {
        let hash = Sha256::of(document.to_pretty().as_bytes()).to_string();
        if hash != said.sha256 {
            checks.add(Rule::CertificateWrong, &file, format!("`{}` has the SHA-256 {hash}", said.name));
        }
        if quota::size(document).characters != said.size_chars {
            checks.add(Rule::CertificateWrong, &file, format!("`{}` has another size", said.name));
        }
    }
    let used: usize = one.new.iter().map(|document| quota::size(document).bytes).sum();
    let largest = one.new.iter().map(|document| quota::size(document).bytes).max().unwrap_or(0);
    if largest > certificate.quota.limit_chars || used != certificate.quota.used_chars {
        checks.add(Rule::CertificateWrong, &file, "the sizes do not fit the quota that it names");
    }
    if !certificate.replay.broken.is_empty() {
        checks.add(Rule::CertificateWrong, &file, "its own replay has broken calls");
    }
    for document in &one.new {
        // What AWS stored once it accepts: only what the old document does not have too counts.
        let known = validate_document(&one.old, PolicyType::Managed);
        for finding in validate_document(document, PolicyType::Managed) {
            let old = known.iter().any(|known| known.why == finding.why && known.value == finding.value);
            if finding.severity == Severity::Error && !old {
                checks.add(Rule::InvalidPolicy, &file, finding.to_string());
            }
        }
    }
    for said in &certificate.new {
        policy_file(checks, one, said);
    }
}

/// The policy's file, when it still lies beside the certificate. Only its last name is used: a certificate
/// must not make this program open files elsewhere.
fn policy_file(checks: &mut Checks, one: &Opened, said: &Document) {
    let name = said.file.as_deref().and_then(|file| Path::new(file).file_name());
    let Some((folder, name)) = one.path.parent().zip(name) else { return };
    let path = folder.join(name);
    match read_text(&path) {
        Ok(text) if Sha256::of(text.as_bytes()).to_string() == said.sha256 => {
            checks.pass(format!("unchanged: {}", shown(&path)));
        }
        Ok(_) => checks.add(Rule::InputChanged, shown(&path), "is not the policy of the certificate"),
        Err(_) => checks.pass(format!("not checked: {} is not there", shown(&path))),
    }
}

/// Is the old document still what the snapshot says that the principal has?
fn against_snapshot(checks: &mut Checks, one: &Opened, snapshot: &Snapshot) {
    let file = shown(&one.path);
    let holder = &one.certificate.principal;
    let principal = snapshot.principals.iter().find(|principal| principal.arn.as_str() == holder.arn);
    let Some(principal) = principal else {
        return checks.add(Rule::InputChanged, file, "the snapshot has no such principal");
    };
    if principal.id != holder.id {
        return checks.add(Rule::InputChanged, file, "another principal has this name now");
    }
    let policy = one.place(principal).and_then(|index| principal.policies.get(index));
    match policy.map(|policy| policy.document.as_deref()) {
        Some(Some(document)) if *document == one.old => {
            checks.pass("the old policy is the one in the snapshot");
        }
        Some(_) => checks.add(Rule::InputChanged, file, "the policy in the snapshot is another one"),
        None => checks.add(Rule::InputChanged, file, "the principal does not have the policy any more"),
    }
}

/// Replays the logs for every principal, all of its certificates together. Was everything readable?
fn replays(
    checks: &mut Checks,
    opened: &[Opened],
    args: &VerifyArgs,
    settings: &Settings,
) -> anyhow::Result<bool> {
    let mut by_principal: BTreeMap<&str, Vec<&Opened>> = BTreeMap::new();
    for one in opened {
        by_principal.entry(&one.certificate.principal.arn).or_default().push(one);
    }
    let roles = by_principal.keys().map(|arn| (*arn).to_owned()).collect();
    let judge = gate::judge(args, &args.files, roles, settings)?;
    for one in opened {
        inputs(checks, one, &judge);
    }
    let replays = judge.each(|review, _, _| {
        let certificates = by_principal.get(review.principal.arn.as_str())?;
        let replaced: Vec<usize> =
            certificates.iter().filter_map(|one| one.place(review.principal)).collect();
        let new: Vec<PolicyDocument> = certificates.iter().flat_map(|one| one.new.clone()).collect();
        let file = certificates.first().map(|one| shown(&one.path)).unwrap_or_default();
        Some((file, gate::replayed(review, &replaced, &new)))
    });
    for (file, counts) in replays.iter().flatten() {
        gate::add_replay(checks, file, counts);
    }
    Ok(judge.logs.problems.is_empty())
}

/// Are the inputs those that the certificate names?
fn inputs(checks: &mut Checks, one: &Opened, judge: &Judge) {
    for kind in ["logs", "grants"] {
        let mut said: Vec<&str> = hashes(&one.certificate.inputs, kind);
        let mut found: Vec<&str> = hashes(&judge.inputs, kind);
        said.sort_unstable();
        found.sort_unstable();
        if said == found {
            checks.pass(format!("the {kind} are those of the certificate"));
        } else {
            let message = format!("the {kind} are not those that it was made from");
            checks.add(Rule::InputChanged, shown(&one.path), message);
        }
    }
}

fn hashes<'i>(inputs: &'i [crate::report::certificate::Input], kind: &str) -> Vec<&'i str> {
    inputs.iter().filter(|input| input.kind == kind).map(|input| input.sha256.as_str()).collect()
}
