//! How far reading is, shown on a terminal, and the end of it when the user presses Ctrl-C: the files under
//! way are finished and everything read so far is kept.

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The exit status of a program that Ctrl-C ended, as shells know it: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

/// How often the bar is drawn when no file ends.
const TICK: Duration = Duration::from_millis(250);

/// Counters that the reading threads add to, once a file.
#[derive(Debug, Default)]
pub struct Progress {
    /// The user wants no more files to be read.
    stop: AtomicBool,
    files: AtomicU64,
    events: AtomicU64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A progress that shows itself on standard error when that is a terminal and `shown`.
    pub fn new(shown: bool) -> Arc<Self> {
        let bar = (shown && std::io::stderr().is_terminal()).then(|| ProgressBar::new(0));
        Arc::new(Self { bar, ..Self::default() })
    }

    /// Lets the first Ctrl-C stop the reading and the second one end the program. Without a handler for
    /// signals, the first one ends the program.
    pub fn stop_on_ctrl_c(self: &Arc<Self>) {
        let progress = Arc::clone(self);
        let handler = move || {
            if progress.stop.swap(true, Ordering::Relaxed) {
                // The second one, or nothing is being read: at once.
                std::process::exit(INTERRUPTED);
            }
            let note = "trailtrim: stopping after the files under way; Ctrl-C again ends at once";
            let say = || drop(writeln!(anstream::stderr().lock(), "{note}"));
            progress.bar.as_ref().map_or_else(say, |bar| bar.suspend(say));
        };
        // One handler a program: a second reading in the same run stops with the first.
        let _ = ctrlc::set_handler(handler);
    }

    /// Reading begins.
    pub fn begin(self: &Arc<Self>, files: usize, bytes: u64) {
        let Some(bar) = &self.bar else { return };
        let (of, total) = (Arc::downgrade(self), files as u64);
        let facts = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            if let Some(progress) = of.upgrade() {
                let (files, events) = (progress.files(), progress.events.load(Ordering::Relaxed));
                let _ = write!(
                    out,
                    "{}/{} files, {} events",
                    HumanCount(files),
                    HumanCount(total),
                    HumanCount(events)
                );
            }
        };
        let template = "{wide_bar} {bytes}/{total_bytes}, {facts}, {bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("facts", facts));
        }
        bar.set_length(bytes);
        // The rate and the time left change while a large file is read.
        bar.enable_steady_tick(TICK);
    }

    /// One file was read: its size as listed, and its events.
    pub fn add(&self, bytes: u64, events: usize) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(events as u64, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    /// Reading is over: from now on Ctrl-C ends the program.
    pub fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// No more files, please.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Does the user want no more files to be read?
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The number of files that were read, or tried.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }
}
