//! Refusals under the codes of RFC 6749, section 5.2.

use crate::domain::error::{Error, ErrorKind};

/// The request lacks something, or says it twice.
pub(super) fn invalid_request(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, "invalid_request", message)
}

/// Nobody proved to be a client. What was wrong is not told.
pub(super) fn invalid_client() -> Error {
    let message = "There is no such client, or it did not prove itself: look at client_id and the client's secret.";
    Error::new(ErrorKind::Unauthenticated, "invalid_client", message)
}

/// The code or the refresh token is worth nothing to this client. Why is not told.
pub(super) fn invalid_grant() -> Error {
    let message =
        "This code or refresh token does not work, or not any more, or not for this client. Ask the person again.";
    Error::new(ErrorKind::Invalid, "invalid_grant", message)
}

/// The client asks for more than it may.
pub(super) fn invalid_scope(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, "invalid_scope", message)
}
