//! Folders of results: written whole, never mixed with what was there before.

use crate::recommend::emit::File;
use crate::report::Report;
use crate::report::certificate::Certificate;
use crate::report::json::{self, SCHEMA};
use crate::report::markdown;
use anyhow::{Context, bail};
use std::fs;
use std::path::Path;

/// Writes `review.json`, `review.md` and `policies/`, with a certificate beside the policies of each change. A folder that holds an earlier review is replaced,
/// because a policy file of an earlier review must not be taken for one of this; any other folder with a
/// `policies` in it is refused.
#[expect(clippy::disallowed_methods, reason = "this is where results are written")]
pub fn write(folder: &Path, report: &Report) -> anyhow::Result<usize> {
    let shown = folder.display();
    let policies = folder.join("policies");
    let earlier = fs::read_to_string(folder.join("review.json")).is_ok_and(|text| text.contains(SCHEMA));
    if policies.exists() {
        if !earlier {
            bail!(
                "`{shown}` has a folder `policies` that no review wrote\nhint: choose another --output folder"
            );
        }
        fs::remove_dir_all(&policies).with_context(|| format!("cannot replace `{}`", policies.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{shown}`"))?;
    let mut written = 0;
    for principal in &report.principals {
        for policy in &principal.policies {
            let Some(recommendation) = &policy.recommendation else { continue };
            for new in &recommendation.documents {
                write_file(&folder.join(&new.file), &new.document.to_pretty())?;
                written += 1;
            }
            if let Some(certificate) = Certificate::new(report, principal, policy) {
                write_file(&folder.join(&recommendation.certificate), &certificate.to_text())?;
            }
        }
    }
    write_file(&folder.join("review.json"), &json::review(report))?;
    write_file(&folder.join("review.md"), &markdown::review(report))?;
    Ok(written)
}

/// Writes files into a folder that is new or empty: what is in it afterwards is of this run alone.
pub fn write_files(folder: &Path, files: &[File]) -> anyhow::Result<()> {
    let shown = folder.display();
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("`{shown}` is not empty\nhint: choose a new folder for --output");
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{shown}`"))?;
    files.iter().try_for_each(|file| write_file(&folder.join(&file.path), &file.text))
}

#[expect(clippy::disallowed_methods, reason = "this is where results are written")]
fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create `{}`", parent.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}
