//! Parquet files of Security Lake as JSON, one row a line.
//!
//! The decoder of polars 0.55.2 may end the process over a damaged file, when a length in it asks for more
//! memory than there is, and nothing can catch that. So another process of this program reads the file; when
//! it ends early, that is a problem of the file and of nothing else.

use polars::prelude::{
    JsonFormat, JsonWriter, ParallelStrategy, ParquetReader, SerReader as _, SerWriter as _,
};
use std::io::{Cursor, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;

/// The command that reads Parquet from standard input and writes JSON lines to standard output.
pub const COMMAND: &str = "read-parquet";

/// The most bytes of a message that are kept.
const MESSAGE_BYTES_MAX: u64 = 4_096;

/// Why there are no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The file, or the system, does not allow it; one line.
    Unreadable(String),
    /// More than so many bytes of JSON.
    TooLarge(u64),
}

/// The rows of a Parquet file as JSON lines of at most `bytes_max` bytes, read by a process of its own.
pub fn rows(bytes: &[u8], bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let system =
        |error: std::io::Error| Failure::Unreadable(format!("cannot start the reader of Parquet: {error}"));
    let program = std::env::current_exe().map_err(system)?;
    let mut command = Command::new(program);
    command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(system)?;
    exchange(child, bytes, bytes_max)
}

fn exchange(mut child: Child, bytes: &[u8], bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut found = Vec::new();
    let (read, message) = thread::scope(|scope| {
        // Who stops reading in the middle has a reason, which it tells by its end.
        scope.spawn(|| input.map(|mut input| input.write_all(bytes)));
        let message = scope.spawn(|| {
            let mut message = Vec::new();
            let _ = errors.map(|errors| errors.take(MESSAGE_BYTES_MAX).read_to_end(&mut message));
            let message = String::from_utf8_lossy(&message);
            // A panic's own words name threads and places in the source.
            let told = message.lines().find_map(|line| line.strip_prefix("trailtrim: "));
            told.unwrap_or("its reader gave up").to_owned()
        });
        let read = output.map(|output| output.take(bytes_max.saturating_add(1)).read_to_end(&mut found));
        if found.len() as u64 > bytes_max || matches!(read, Some(Err(_))) {
            let _ = child.kill();
        }
        (read, message.join().unwrap_or_default())
    });
    let status = child.wait();
    if found.len() as u64 > bytes_max {
        return Err(Failure::TooLarge(bytes_max));
    }
    match (status, read) {
        (Ok(status), Some(Ok(_))) if status.success() => Ok(found),
        _ => Err(Failure::Unreadable(format!("no readable Parquet: {message}"))),
    }
}

/// What the other process does: Parquet in, JSON lines out. Errors are one line.
pub fn convert(bytes: &[u8], out: &mut dyn std::io::Write) -> Result<(), String> {
    let reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
    let one_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let mut frame = reader.finish().map_err(|error| one_line(error.to_string()))?;
    let mut text = Vec::new();
    let written = JsonWriter::new(&mut text).with_json_format(JsonFormat::JsonLines).finish(&mut frame);
    written.map_err(|error| one_line(error.to_string()))?;
    out.write_all(&text).map_err(|error| error.to_string())
}
