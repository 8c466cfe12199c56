//! Collects every error of a request, so that all are told at once.

use crate::domain::error::{Error, FieldError, Result};

/// The errors found until now, under a common pointer.
#[derive(Debug, Default)]
pub struct FieldErrors {
    base: String,
    found: Vec<FieldError>,
}

impl FieldErrors {
    /// None yet; the pointers of those to come start with `base`, which is empty for a whole body.
    #[must_use]
    pub fn under(base: impl Into<String>) -> Self {
        Self { base: base.into(), found: Vec::new() }
    }

    /// Adds one at `pointer`, such as `/slug`.
    pub fn add(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) {
        self.found.push(FieldError { pointer: format!("{}{pointer}", self.base), code, message: message.into() });
    }

    /// Adds those that another check found.
    pub fn extend(&mut self, fields: Vec<FieldError>) {
        for field in fields {
            self.add(&field.pointer, field.code, field.message);
        }
    }

    /// The value, or else its error is added.
    pub fn check<T, E: std::fmt::Display>(
        &mut self,
        pointer: &str,
        code: &'static str,
        value: std::result::Result<T, E>,
    ) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(pointer, code, error.to_string());
                None
            }
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All errors as one error; the caller has seen that there are some.
    #[must_use]
    pub fn into_error(self) -> Error {
        Error::invalid_fields(self.found)
    }

    /// Ends the search.
    ///
    /// # Errors
    /// All errors, if there are any.
    pub fn into_result(self) -> Result<()> {
        if self.found.is_empty() { Ok(()) } else { Err(Error::invalid_fields(self.found)) }
    }
}
