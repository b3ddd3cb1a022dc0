//! Rows of Security Lake as JSON lines: every row is a record, refused, or of another product; every record is
//! one that the decoder reads, and none of them is much larger than its row.

use trailtrim::trail::{decode, ocsf};

/// Bytes of a record for each byte of its row, at most, and for a row of almost nothing.
const GROWTH_MAX: usize = 16;
const SMALL_BYTES: usize = 1_024;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let rows = text.lines().filter(|line| !line.trim().is_empty()).count();
    let found = ocsf::records(text);
    let records = found.text.lines().count();
    assert_eq!(records + found.refused_count + found.others, rows);
    assert!(found.refused.len() <= found.refused_count);
    assert!(found.refused.iter().all(|(row, why)| *row < rows && !why.contains('\n')));
    assert!(found.text.len() <= GROWTH_MAX * text.len() + SMALL_BYTES);
    let mut events = 0;
    let decoded = decode("rows", &found.text, &mut |event| {
        assert!(!event.id.is_empty() && !event.name.is_empty());
        events += 1;
    });
    assert_eq!(decoded.records, records);
    assert_eq!(events + decoded.insights, records, "{:?}", decoded.problems);
}
