//! What is in memory while logs are taken into a ledger.

use super::*;
use crate::commands::read_logs::tests::text;
use crate::source::memory::MemorySource;

/// A new ledger that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("trailtrim-ingest-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Ingests so many files of so many events on four threads, and gives the peak of the texts in memory.
fn peak((files, events): (usize, usize), packed: bool, bytes_max: u64) -> u64 {
    let pool = ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let source = (0..files).fold(MemorySource::new(), |source, file| {
        let text = text(file, events);
        let bytes = if packed { inflate::gzip(&text).unwrap() } else { text };
        source.with(&format!("{file}.json"), bytes)
    });
    let folder = Folder::new(&format!("{files}-{events}-{packed}-{bytes_max}"));
    let mut writer = Writer::open(&folder.0).unwrap();
    let reading = Reading {
        source: &source,
        limits: Limits::given(None),
        expected: None,
        roots: &[],
        rows: false,
        in_flight: InFlight::new(bytes_max, 4),
    };
    let (sums, problems) =
        pool.install(|| reading.all(source.list(), &mut writer, &Progress::new(false))).unwrap();
    assert_eq!(problems, []);
    assert_eq!((sums.added, sums.events_new), (files as u64, (files * events) as u64));
    reading.in_flight.peak()
}

#[test]
fn threads_ingest_within_the_budget() {
    let one = text(0, 500).len() as u64;
    let most = one * 2 + one / 4;
    for files_at_once in [1, 2, 100] {
        let peak = peak((12, 500), false, files_at_once * most);
        assert!(
            peak <= files_at_once.min(4) * most && peak >= one,
            "{peak} for {files_at_once} files of {one}"
        );
    }
    // Of a packed file that takes most of the budget only windows are there.
    assert!(peak((1, 500), true, one) < one / 2);
    // Several threads decode one file, in any budget.
    for bytes_max in [1, u64::MAX] {
        peak((3, 12_000), false, bytes_max);
    }
}
