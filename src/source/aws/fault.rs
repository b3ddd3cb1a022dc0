//! What an answer of AWS that is no success means: try again, or say what is missing.

use super::bounded;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use std::error::Error;

/// Why a request failed, for whoever decides about the next one. The words are one line for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source) enum Fault {
    /// The service has too much to do: later, and less at once.
    TooFast(String),
    /// Something broke that may hold next time.
    Passing(String),
    /// The answer will be the same every time.
    Final(String),
}

/// Codes that ask for less.
const TOO_FAST: [&str; 8] = [
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceUnavailable",
];

/// Codes of status 4xx that are about this one attempt. A clock that is wrong is corrected by the client
/// after the first answer.
const PASSING: [&str; 6] = [
    "RequestTimeout",
    "RequestTimeTooSkewed",
    "IncompleteBody",
    "InternalError",
    "InternalFailure",
    "OperationAborted",
];

impl Fault {
    /// Judges an error of the client. `action`: the permission that the operation needs.
    pub(in crate::source) fn of<E>(error: &SdkError<E, HttpResponse>, action: &str) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let meta = answer.err().meta();
                let (code, message) = (meta.code().unwrap_or_default(), meta.message().unwrap_or_default());
                Self::answered(answer.raw().status().as_u16(), code, message, action)
            }
            SdkError::TimeoutError(_) => Self::TooFast("no answer in time".to_owned()),
            SdkError::ConstructionFailure(_) => Self::Final(shown(error)),
            SdkError::DispatchFailure(failure) if failure.is_user() => Self::Final(shown(error)),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Self::TooFast(shown(error)),
            // The answer was no answer: cut short, or of a machine in between.
            _ => Self::Passing(shown(error)),
        }
    }

    fn answered(status: u16, code: &str, message: &str, action: &str) -> Self {
        let said = match (code, message) {
            ("", "") => format!("status {status}"),
            ("", message) => format!("status {status}: {}", bounded(message)),
            (code, "") => bounded(code),
            (code, message) => format!("{}: {}", bounded(code), bounded(message)),
        };
        if TOO_FAST.contains(&code) || matches!(status, 429 | 503) {
            return Self::TooFast(said);
        }
        if PASSING.contains(&code) || matches!(status, 408 | 500 | 502 | 504) {
            return Self::Passing(said);
        }
        Self::Final(match code {
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => denied(message, action),
            "" if status == 403 => denied(message, action),
            "NoSuchBucket" => "there is no such bucket".to_owned(),
            "NoSuchKey" => "the object is gone".to_owned(),
            "" if status == 404 => "not found".to_owned(),
            "InvalidObjectState" => "archived: restore it from Glacier first".to_owned(),
            "ExpiredToken" | "ExpiredTokenException" => "the credentials have expired".to_owned(),
            "InvalidAccessKeyId" | "InvalidClientTokenId" | "UnrecognizedClientException" => {
                "AWS does not know the credentials".to_owned()
            }
            _ => said,
        })
    }

    /// What to tell the user.
    pub(in crate::source) fn why(&self) -> &str {
        match self {
            Self::TooFast(why) | Self::Passing(why) | Self::Final(why) => why,
        }
    }
}

/// Names the missing permission: the one that the service names, else the one that the operation needs.
fn denied(message: &str, action: &str) -> String {
    let named = message.split_once("not authorized to perform: ").and_then(|(_, rest)| {
        let name = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
        let plain = |part: &str| {
            !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        };
        let (service, operation) = name.split_once(':')?;
        (plain(service) && plain(operation)).then_some(name)
    });
    // KMS speaks through S3, which may only pass on the name of the key's action.
    let kms = || message.contains("kms:Decrypt").then_some("kms:Decrypt");
    format!("access denied: {} is missing", named.or_else(kms).unwrap_or(action))
}

/// The error with its causes: the outermost says only that something failed.
fn shown<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    bounded(&DisplayErrorContext(error).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged_by_status_and_code() {
        use Fault::{Final, Passing, TooFast};
        let text = str::to_owned;
        for (status, code, message, expect) in [
            (
                503,
                "SlowDown",
                "Reduce your request rate",
                TooFast(text("SlowDown: Reduce your request rate")),
            ),
            (503, "", "", TooFast(text("status 503"))),
            (
                400,
                "ThrottlingException",
                "Rate exceeded",
                TooFast(text("ThrottlingException: Rate exceeded")),
            ),
            (500, "InternalError", "", Passing(text("InternalError"))),
            (400, "RequestTimeout", "", Passing(text("RequestTimeout"))),
            (403, "RequestTimeTooSkewed", "", Passing(text("RequestTimeTooSkewed"))),
            (403, "AccessDenied", "Access Denied", Final(text("access denied: s3:GetObject is missing"))),
            (403, "", "", Final(text("access denied: s3:GetObject is missing"))),
            (
                403,
                "AccessDenied",
                "User: arn:aws:iam::111122223333:user/u is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::b\" because no identity-based policy allows it",
                Final(text("access denied: s3:ListBucket is missing")),
            ),
            (
                403,
                "AccessDenied",
                "User: u is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext",
                Final(text("access denied: kms:Decrypt is missing")),
            ),
            (
                403,
                "AccessDenied",
                "not authorized to perform: \u{1b}[2J:x",
                Final(text("access denied: s3:GetObject is missing")),
            ),
            (404, "NoSuchKey", "", Final(text("the object is gone"))),
            (404, "NoSuchBucket", "", Final(text("there is no such bucket"))),
            (400, "ExpiredToken", "", Final(text("the credentials have expired"))),
            (400, "Odd", "line\nwith \u{1b}[1m", Final(text("Odd: line with \\u{1b}[1m"))),
        ] {
            assert_eq!(Fault::answered(status, code, message, "s3:GetObject"), expect, "{status} {code}");
        }
    }
}
