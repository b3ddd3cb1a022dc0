//! Stored bytes to text: Parquet of Security Lake by its rows, everything else inflated.

use crate::trail::ProblemKind;
use crate::trail::inflate::{self, InflateProblem, Inflated, Limits};

/// How Parquet files begin.
const PARQUET: &[u8] = b"PAR1";

/// Bytes of rows as JSON for each byte of Parquet, of busy files.
const PARQUET_RATIO: u64 = 16;

/// Was nothing of a file used, for this reason? Else it was read as far as it goes.
pub(super) fn is_final(kind: ProblemKind, text: &str) -> bool {
    text.is_empty()
        && matches!(
            kind,
            ProblemKind::TooLarge | ProblemKind::Unreadable | ProblemKind::Unlisted | ProblemKind::NotALog
        )
}

/// How many bytes of memory a file needs besides its own, as far as that can be told before.
pub(super) fn expected_bytes(bytes: &[u8], limits: Limits) -> u64 {
    let length = bytes.len() as u64;
    if bytes.starts_with(PARQUET) {
        return length.saturating_mul(PARQUET_RATIO).min(limits.allowed(length));
    }
    inflate::expected_bytes(bytes, limits)
}

/// The text of a file, as far as it could be read. `buffer` is overwritten; keep it from file to file.
pub(super) fn unpack<'a>(bytes: &'a [u8], limits: Limits, buffer: &'a mut Vec<u8>) -> Inflated<'a> {
    if bytes.starts_with(PARQUET) { parquet(bytes, limits) } else { inflate::inflate(bytes, limits, buffer) }
}

#[cfg(not(feature = "sql"))]
fn parquet(_bytes: &[u8], _limits: Limits) -> Inflated<'static> {
    let message = "a Parquet file, which needs a build with the feature `sql`".to_owned();
    failed(ProblemKind::Unlisted, message)
}

#[cfg(feature = "sql")]
fn parquet(bytes: &[u8], limits: Limits) -> Inflated<'static> {
    use crate::source::parquet::{self, Failure};
    use crate::trail::ocsf;
    let rows = match parquet::rows(bytes, limits.allowed(bytes.len() as u64)) {
        Ok(rows) => rows,
        Err(Failure::Unreadable(message)) => return failed(ProblemKind::Unreadable, message),
        Err(Failure::TooLarge(bytes_max)) => {
            return failed(ProblemKind::TooLarge, format!("its rows have more than {bytes_max} bytes"));
        }
    };
    let ocsf::Records { text, refused, refused_count, others } =
        ocsf::records(&String::from_utf8_lossy(&rows));
    let mut problems = Vec::new();
    if let Some((row, why)) = refused.first() {
        let message = format!("{refused_count} rows were left out, the first is row {row}: {why}");
        problems.push((ProblemKind::Unlisted, message));
    }
    if others > 0 && text.is_empty() && refused_count == 0 {
        problems.push((ProblemKind::NotALog, "Parquet without rows of CloudTrail".to_owned()));
    }
    let problem = |(kind, message)| InflateProblem { kind, message };
    Inflated { text: text.into(), problems: problems.into_iter().map(problem).collect() }
}

fn failed(kind: ProblemKind, message: String) -> Inflated<'static> {
    Inflated { text: "".into(), problems: vec![InflateProblem { kind, message }] }
}
