//! What the people who run an instance do, beyond any workspace.
//!
//! Invariant: it is only done with an [`AdminAccess`], which only [`ApiCore::authorize_admin`] gives out.

pub(super) mod event_failures;
mod jobs;

pub use event_failures::{EventConsumer, EventFailure, EventFailureQuery, EventFailureState};
pub(super) use jobs::{DISCARDED, RETRIED};
pub use jobs::{Job, JobQuery};

use super::{ApiCore, By, Principal};
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::domain::permission::Caller;

/// The right to run this instance.
#[derive(Debug, Clone, Copy)]
pub struct AdminAccess(UserId);

impl AdminAccess {
    /// Who acts, for the audit trail.
    #[must_use]
    pub const fn by(&self) -> By {
        By::person(self.0)
    }
}

impl ApiCore {
    /// The right to run this instance, for the people who have it. No key has it.
    ///
    /// # Errors
    /// `Forbidden` to everybody else.
    pub fn authorize_admin(&self, principal: &Principal) -> Result<AdminAccess> {
        principal.require(&Caller::InstanceAdmin)?;
        let (person, _) = principal.session()?;
        Ok(AdminAccess(person))
    }
}
