//! The one error that use cases return. REST and gRPC both map its kind; its
//! `message` is for clients, its `source` only ever for the log.

use std::error::Error as StdError;
use std::time::Duration;

/// What sort of failure it is, which is all that a protocol needs for its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be understood or names a value that is not allowed.
    Invalid,
    /// No credential, or one that does not hold.
    Unauthenticated,
    /// The credential holds and does not reach this far.
    Forbidden,
    /// Nothing of that name in this workspace.
    NotFound,
    /// It was there, and is no longer kept.
    Gone,
    /// It clashes with what is there already.
    Conflict,
    /// `If-Match` names a version that is not the current one.
    PreconditionFailed,
    /// Understood, and refused because of an earlier request (an idempotency key used for another body).
    Unprocessable,
    /// The body or the batch is larger than allowed.
    TooLarge,
    /// Too many requests for now.
    RateLimited,
    /// A dependency is unavailable; the same request may succeed later.
    Unavailable,
    /// Our fault.
    Internal,
}

/// One field of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where it is: an RFC 6901 pointer into the body, or the name of a parameter.
    pub pointer: String,
    /// Stable code of the error, `snake_case`.
    pub code: &'static str,
    /// What is wrong and what would be right, for people.
    pub message: String,
}

/// A failure of a use case.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Error {
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// Stable code, `snake_case`; part of the API.
    pub code: &'static str,
    /// What clients read. It names no table, no type and no address.
    pub message: String,
    /// The fields at fault, if any.
    pub fields: Vec<FieldError>,
    /// When to try again, if that is known.
    pub retry_after: Option<Duration>,
    /// The cause, for the log only.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` with a stable `code` and a `message` for clients.
    #[must_use]
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), fields: Vec::new(), retry_after: None, source: None }
    }

    /// A request with errors in these fields.
    #[must_use]
    pub fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [only] if only.pointer.is_empty() => only.message.clone(),
            [only] => format!("{}: {}", only.pointer, only.message),
            _ => format!("{} fields are not valid", fields.len()),
        };
        Self { fields, ..Self::new(ErrorKind::Invalid, "invalid_request", message) }
    }

    /// A request with an error in one field.
    #[must_use]
    pub fn invalid_field(pointer: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError { pointer: pointer.into(), code, message: message.into() }])
    }

    /// Nothing of this sort in the caller's workspace.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::new(ErrorKind::NotFound, "not_found", format!("There is no such {what}."))
    }

    /// A failure that the client can do nothing about; `source` is logged, never sent.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Internal, "internal_error", "Something went wrong on our side.").caused_by(source)
    }

    /// A dependency that is unavailable for now.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            retry_after: Some(Duration::from_secs(1)),
            ..Self::new(
                ErrorKind::Unavailable,
                "unavailable",
                "A service this needs is not available. Try again shortly.",
            )
            .caused_by(source)
        }
    }

    /// The same error with its cause for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
