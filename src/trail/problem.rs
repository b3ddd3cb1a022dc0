//! What went wrong with one file or one record. A problem is data: it is counted, shown and reaches the
//! exit status, and everything beside it is still processed.

/// One problem. Ordered by file, then by place, so that reports do not depend on the order of work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as the user knows it: a path, `-`, or a key.
    pub file: String,
    /// Number of the record in its file, from 0, when one record is at fault.
    pub record: Option<usize>,
    /// The class of the problem.
    pub kind: ProblemKind,
    /// One line, lower case: what was expected and what was found.
    pub message: String,
}

/// Classes of problems; each has one meaning for the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// The file could not be opened or read at all.
    Unreadable,
    /// The file ends before its content does; what came before the cut was used.
    Truncated,
    /// A part of the file is damaged; what could be read was used.
    Corrupt,
    /// The file inflates to more than the limit; nothing of it was used.
    TooLarge,
    /// The file is neither gzip nor JSON, or it is JSON of another kind.
    NotALog,
    /// No valid digest file proves the file, or one refutes it; nothing of it was used.
    Unverified,
    /// Reading was stopped before this file.
    Stopped,
    /// A place of a source could not be listed, or rows do not carry what their events asked for: nobody knows
    /// what is there, and the silence of these logs proves nothing.
    Unlisted,
    /// One record is not valid JSON or lacks what every event has; its neighbours were used.
    BadRecord,
}

impl ProblemKind {
    /// The word for reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
            Self::TooLarge => "too_large",
            Self::NotALog => "not_a_log",
            Self::Unverified => "unverified",
            Self::Stopped => "stopped",
            Self::Unlisted => "unlisted",
            Self::BadRecord => "bad_record",
        }
    }
}
