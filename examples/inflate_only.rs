//! The floor under every reader of logs: lists, reads and inflates the same files in the same way as
//! `trailtrim`, on as many threads, and does nothing with the text. `benches/whole_process.py` runs it
//! next to the program.
//!
//! ```text
//! cargo run --release --example inflate_only -- PATH… [--threads N]
//! ```

use anyhow::Context;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use trailtrim::source::dir::DirSource;
use trailtrim::source::{LogObject, LogSource};

fn main() -> anyhow::Result<()> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--threads" {
            let number = args.next().and_then(|number| number.to_str()?.parse().ok());
            threads = number.context("--threads needs a number")?;
        } else {
            paths.push(arg.into());
        }
    }
    let source = DirSource::new(paths);
    let mut objects = source.list().objects;
    objects.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut inflater = Inflater::default();
                while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    bytes.fetch_add(inflater.bytes_of(&source, object), Ordering::Relaxed);
                }
            });
        }
    });
    report(objects.len(), bytes.into_inner());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn report(files: usize, bytes: u64) {
    println!("{files} files, {bytes} bytes of text");
}

/// What one thread keeps from file to file.
struct Inflater {
    decompressor: libdeflater::Decompressor,
    stored: Vec<u8>,
    text: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self { decompressor: libdeflater::Decompressor::new(), stored: Vec::new(), text: Vec::new() }
    }
}

impl Inflater {
    /// The size of the object's text; 0 when it is no gzip file of one member.
    fn bytes_of(&mut self, source: &DirSource, object: &LogObject) -> u64 {
        if source.read(object, &mut self.stored).is_err() {
            return 0;
        }
        let size = self.stored.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size));
        let size = usize::try_from(size).unwrap_or(0);
        if self.text.len() < size {
            self.text.resize(size, 0);
        }
        let Some(target) = self.text.get_mut(..size) else { return 0 };
        self.decompressor.gzip_decompress(&self.stored, target).map_or(0, |bytes| bytes as u64)
    }
}
