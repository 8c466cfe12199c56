//! How domain errors look in gRPC: a code for the kind, the stable code and the wrong fields as details of google.rpc.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::domain::error::{Error, ErrorKind};

/// Who gives out the codes of errors, as google.rpc.ErrorInfo names it.
const CODES_OF: &str = "elido";

/// What a caller reads. The cause goes to the log and no further.
pub(super) fn to_status(error: Error) -> Status {
    if let Some(source) = &error.source {
        tracing::error!(code = error.code, error = %source, "call failed: {source}");
    }
    let mut details = ErrorDetails::new();
    details.set_error_info(error.code, CODES_OF, HashMap::new());
    for field in &error.fields {
        details.add_bad_request_violation(&field.pointer, format!("{}: {}", field.code, field.message));
    }
    if let Some(wait) = error.retry_after {
        details.set_retry_info(Some(wait));
    }
    Status::with_error_details(code(error.kind), format!("{}: {}", error.code, error.message), details)
}

const fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::Invalid | ErrorKind::TooLarge => Code::InvalidArgument,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::Forbidden => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Gone => Code::OutOfRange,
        ErrorKind::Conflict => Code::AlreadyExists,
        ErrorKind::PreconditionFailed | ErrorKind::Unprocessable => Code::FailedPrecondition,
        ErrorKind::RateLimited => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
    }
}
