//! A small account, made up from a fixed seed: what its roles may do, and what they did in 90 days.

mod account;
mod calls;
mod delivery;
mod events;
mod policies;
mod rng;
mod sha256;
mod snapshot;
mod stories_apps;
mod stories_ml;
mod stories_people;

use delivery::Content;
use events::Book;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};
use std::path::Path;

/// Writes `AWSLogs/` and `iam/` below `folder`. Every log file is new on every run; files that are there
/// already and no part of the sample are left alone.
pub(crate) fn write_to(folder: &Path) -> io::Result<()> {
    let mut book = Book::new();
    while book.next_day() {
        stories_ml::write_day(&mut book);
        stories_apps::write_day(&mut book);
        stories_people::write_day(&mut book);
    }
    let snapshot = Content::Plain(snapshot::account_authorization_details(&book)?);
    write_file(&folder.join("iam/account-authorization-details.json"), &snapshot)?;
    for file in delivery::deliver(book) {
        write_file(&folder.join(&file.path), &file.content)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a generator writes files; the rule is for the library")]
fn write_file(path: &Path, content: &Content) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let bytes = match content {
        Content::Plain(text) => text.clone().into_bytes(),
        Content::Gzip(text) => gzip(text)?,
        Content::GzipCut(text) => {
            let mut bytes = gzip(text)?;
            bytes.truncate(bytes.len() / 2);
            bytes
        }
    };
    std::fs::write(path, bytes)
}

/// The gzip header carries no time and no name, as in `CloudTrail`'s files.
fn gzip(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}
