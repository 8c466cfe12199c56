//! What the people who run an instance do, beyond any workspace.
//!
//! Invariant: it is only done with an [`AdminAccess`], which only [`ApiCore::authorize_admin`] gives out.

mod jobs;

pub use jobs::{Job, JobQuery};

use super::{ApiCore, Principal};
use crate::domain::error::Result;
use crate::domain::permission::Caller;

/// The right to run this instance.
#[derive(Debug, Clone, Copy)]
pub struct AdminAccess(());

impl ApiCore {
    /// The right to run this instance, for the people who have it. No key has it.
    ///
    /// # Errors
    /// `Forbidden` to everybody else.
    pub fn authorize_admin(&self, principal: &Principal) -> Result<AdminAccess> {
        principal.require(&Caller::InstanceAdmin)?;
        Ok(AdminAccess(()))
    }
}
