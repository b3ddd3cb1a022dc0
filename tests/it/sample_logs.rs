//! `sample-logs/` is what its generator writes, byte for byte.

// The generator is an example, not a part of the library; the test takes in the same file.
#[path = "../../examples/generate_sample/sample.rs"]
mod sample;

use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The committed folder, and the file in it that nobody generates.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-logs");
const WRITTEN_BY_HAND: &str = "README.md";
/// "Small": the promise of the folder's README.
const SAMPLE_BYTES_MAX: usize = 1_000_000;

/// Every file below a folder, by its path relative to the folder.
fn files(folder: &Path) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(folder).map_err(io::Error::other)?.to_path_buf();
                found.insert(relative, read(&path)?);
            }
        }
    }
    Ok(found)
}

#[expect(clippy::disallowed_methods, reason = "a test reads the repository's files")]
fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// What a gzip file holds, as far as it goes, and whether it goes to its end.
fn inflate(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut inflated = Vec::new();
    let complete = GzDecoder::new(bytes).read_to_end(&mut inflated).is_ok();
    (inflated, complete)
}

/// Compressed bytes may differ between releases of the compressor and between processors (it uses what
/// the processor offers); what they inflate to may not. Everything else is compared as it is.
fn check(path: &Path, committed: &[u8], generated: &[u8]) {
    if path.extension().is_none_or(|extension| extension != "gz") {
        assert!(committed == generated, "`{}` differs from what the generator writes", path.display());
        return;
    }
    let ((committed, complete), (generated, as_complete)) = (inflate(committed), inflate(generated));
    assert_eq!(complete, as_complete, "`{}` is cut in one folder only", path.display());
    // Where the cut falls depends on the compressed size: then only the part that both have must agree.
    let common = if complete { usize::MAX } else { committed.len().min(generated.len()) };
    assert!(common > 1000, "`{}` is cut so early that it holds nothing", path.display());
    assert!(
        committed.iter().take(common).eq(generated.iter().take(common)),
        "`{}` inflates to something else than what the generator writes",
        path.display()
    );
}

#[test]
fn the_generator_writes_the_committed_folder() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample-logs");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    sample::write_to(&folder)?;
    let generated = files(&folder)?;
    let mut committed = files(Path::new(COMMITTED))?;
    assert!(committed.remove(Path::new(WRITTEN_BY_HAND)).is_some(), "`sample-logs/README.md` is missing");
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&committed),
        names(&generated),
        "hint: see `sample-logs/README.md` for how to regenerate"
    );
    for ((path, committed), generated) in committed.iter().zip(generated.values()) {
        check(path, committed, generated);
    }
    Ok(())
}

#[test]
fn the_committed_folder_is_small_and_has_one_cut_file() -> io::Result<()> {
    let committed = files(Path::new(COMMITTED))?;
    let bytes: usize = committed.values().map(Vec::len).sum();
    assert!(bytes < SAMPLE_BYTES_MAX, "{bytes} bytes");
    let logs =
        committed.iter().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "gz"));
    let cut = logs.filter(|(_, bytes)| !inflate(bytes).1).count();
    assert_eq!(cut, 1);
    Ok(())
}
