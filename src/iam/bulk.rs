//! How big policies are, so that hostile ones are refused and not worked on for minutes. The biggest policy
//! that AWS keeps has some 32,000 characters (a key's), the biggest set of one principal some 100,000.

use crate::iam::condition::KeyState;
use crate::iam::evaluate::Request;
use crate::iam::policy::{Matcher, PolicyDocument, Statement};

/// The most pairs of a pattern's and a text's letters that one evaluation may look at, in the worst case:
/// well under a second. A hundred thousand characters of policies and an ARN of a thousand just fit.
const LETTER_PAIRS_MAX: usize = 100_000_000;

/// Why bigger policies are not evaluated.
pub(crate) const TOO_BIG: &str = "policies too big to be evaluated";

/// Bytes of the patterns of actions and resources.
pub(crate) fn pattern_bytes(statement: &Statement) -> usize {
    let bytes = |element: &Matcher| element.patterns.values.iter().map(String::len).sum::<usize>();
    statement.action.as_ref().map_or(0, bytes) + statement.resource.as_ref().map_or(0, bytes)
}

/// Bytes of everything in a statement that a request's texts are compared with.
pub(crate) fn compared_bytes(statement: &Statement) -> usize {
    let tests = statement.condition.iter().flat_map(|entry| &entry.keys);
    let values = tests.flat_map(|test| &test.values).filter_map(|value| value.as_str());
    pattern_bytes(statement) + values.map(str::len).sum::<usize>()
}

/// [`compared_bytes`] of whole documents.
pub(crate) fn documents_bytes<'p>(documents: impl IntoIterator<Item = &'p PolicyDocument>) -> usize {
    documents.into_iter().flat_map(|document| &document.statements).map(compared_bytes).sum()
}

/// Might it take too long to compare so many bytes of policies with the texts of a request?
pub(crate) fn is_too_big(bytes: usize, request: &Request<'_>) -> bool {
    let values = request.context.iter().map(|(_, state)| match state {
        KeyState::Value(value) => value.len(),
        KeyState::List(values) => values.iter().map(String::len).sum(),
        KeyState::Absent | KeyState::Unknown => 0,
    });
    let texts = [request.action.as_str().len(), request.resource.len()];
    let longest = values.chain(texts).max().unwrap_or_default();
    bytes.saturating_mul(longest) > LETTER_PAIRS_MAX
}
