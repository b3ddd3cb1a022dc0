//! What the logs cannot tell about a case. Silence is no evidence: each line says what was not seen and why.

use super::case::Case;
use super::human::Basis;

/// What the logs hold at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Data events of S3 objects.
    pub s3_objects: bool,
    /// Data events of SageMaker endpoints.
    pub endpoints: bool,
    /// Was an IAM snapshot given?
    pub snapshot: bool,
}

/// The lines for a case.
pub fn unknowns(case: &Case<'_>, held: Held) -> Vec<String> {
    let mut all = Vec::new();
    if case.human.basis == Basis::Nobody {
        all.push(match case.human.shared_by {
            Some(0) => {
                "who is behind the session: a Studio or notebook session, and no event says who may use the \
                        role"
                    .to_owned()
            }
            Some(profiles) => {
                format!(
                    "who is behind the session: shared role, attribution impossible ({profiles} profiles)"
                )
            }
            None => "who is behind the session: nothing in the records tells".to_owned(),
        });
    }
    if case.outflow.links > 0 {
        all.push("where the presigned links were used: events tell only where they were made".to_owned());
    }
    if !held.s3_objects {
        all.push("which objects were read or written: no data event of S3 is in the logs".to_owned());
    }
    if !held.endpoints && case.calls.iter().any(|name| name.contains("Endpoint")) {
        all.push(
            "whether endpoints were invoked: no data event of SageMaker endpoints is in the logs".to_owned(),
        );
    }
    if !held.snapshot {
        all.push("what the principals could have done: no IAM snapshot was given (--grants)".to_owned());
    }
    all
}
