//! What the people who run an instance do, beyond any workspace.
//!
//! Invariant: it is only done with an [`AdminAccess`], which only [`ApiCore::authorize_admin`] gives out.

mod jobs;

pub(super) use jobs::{DISCARDED, RETRIED};
pub use jobs::{Job, JobQuery};

use super::happening::By;
use super::{ApiCore, Principal};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;

/// The right to run this instance.
#[derive(Debug, Clone, Copy)]
pub struct AdminAccess(UserId);

impl AdminAccess {
    /// Whoever has it, as the audit trail of the instance names them.
    pub(super) const fn by(self) -> By {
        By::person(self.0)
    }
}

impl ApiCore {
    /// The right to run this instance, for the people who have it. No key has it.
    ///
    /// # Errors
    /// `Forbidden` to everybody else.
    pub fn authorize_admin(&self, principal: &Principal) -> Result<AdminAccess> {
        match principal {
            Principal::Person { user_id, is_admin: true, .. } => Ok(AdminAccess(*user_id)),
            _ => {
                let message = "Only an administrator of this instance may do this, with a session.";
                Err(Error::new(ErrorKind::Forbidden, "instance_admin_required", message))
            }
        }
    }
}
