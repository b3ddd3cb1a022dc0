//! What is done to the disk, step by step, so that it is whole after a kill at any of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Does the steps. In tests it can stop before any of them, as a killed process does.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// Steps that are left until the stop.
    #[cfg(test)]
    pub(super) steps_left: Option<std::sync::atomic::AtomicI64>,
}

impl Disk {
    /// One step, and whether a part of it may still be done before the stop.
    #[cfg(test)]
    fn step(&self) -> io::Result<()> {
        use std::sync::atomic::Ordering;
        match &self.steps_left {
            Some(left) if left.fetch_sub(1, Ordering::Relaxed) <= 0 => Err(io::Error::other("stopped")),
            _ => Ok(()),
        }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests stop here")]
    fn step(&self) -> io::Result<()> {
        Ok(())
    }

    /// Makes a folder and those above it.
    pub(super) fn create_folders(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        fs::create_dir_all(path)
    }

    /// Writes a new file and waits until it is on the disk.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        let (half, rest) = bytes.split_at_checked(bytes.len() / 2).unwrap_or((bytes, &[]));
        file.write_all(half)?;
        self.step()?;
        file.write_all(rest)?;
        self.step()?;
        // No test can see what waiting is for: a power cut.
        if cfg!(test) { Ok(()) } else { file.sync_all() }
    }

    /// Waits until a folder's entries are on the disk. Where folders cannot be opened there is nothing to do.
    #[expect(clippy::disallowed_methods, reason = "a folder is opened to be synchronised")]
    pub(super) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        if cfg!(all(unix, not(test))) { File::open(path)?.sync_all() } else { Ok(()) }
    }

    /// Puts a file into the place of another, whole or not at all.
    pub(super) fn replace(&self, new: &Path, old: &Path) -> io::Result<()> {
        self.step()?;
        fs::rename(new, old)
    }

    /// Removes a folder with everything in it.
    pub(super) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        fs::remove_dir_all(path)
    }
}
