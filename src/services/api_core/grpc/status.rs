//! How the kinds of domain errors look in gRPC.

use tonic::{Code, Status};

use crate::domain::error::{Error, ErrorKind};

/// What a caller reads. The cause goes to the log and no further.
#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
pub(super) fn to_status(error: Error) -> Status {
    if let Some(source) = &error.source {
        tracing::error!(code = error.code, error = %source, "call failed: {source}");
    }
    Status::new(code(error.kind), format!("{}: {}", error.code, error.message))
}

const fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::Invalid | ErrorKind::TooLarge => Code::InvalidArgument,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::Forbidden => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Conflict => Code::AlreadyExists,
        ErrorKind::PreconditionFailed | ErrorKind::Unprocessable => Code::FailedPrecondition,
        ErrorKind::RateLimited => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
    }
}
