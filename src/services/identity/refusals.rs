//! Refusals of proofs that somebody gave in a field of a request.

use crate::domain::error::{Error, ErrorKind, FieldError};

/// A proof that does not hold, whoever sent it.
pub(super) fn refused_field(pointer: &str, code: &'static str, message: &str) -> Error {
    let field = FieldError { pointer: pointer.to_owned(), code, message: message.to_owned() };
    Error { fields: vec![field], ..Error::new(ErrorKind::Forbidden, code, message) }
}
