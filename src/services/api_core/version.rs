//! Guards against lost updates.

use crate::domain::error::{Error, ErrorKind, Result};

/// Refuses an edit that was made from another version than the current one.
pub trait ExpectedVersion: Send + Sync {
    /// # Errors
    /// `PreconditionFailed` unless an edit of this version may go on.
    fn require(&self, version: i64) -> Result<()>;
}

/// Any version, if none, or else exactly this one.
impl ExpectedVersion for Option<i64> {
    fn require(&self, version: i64) -> Result<()> {
        if self.is_none_or(|expected| expected == version) {
            return Ok(());
        }
        let message = "This was changed since you read it. Read it again and repeat your edit.";
        Err(Error::new(ErrorKind::PreconditionFailed, "version_mismatch", message))
    }
}
