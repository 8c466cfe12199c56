//! Reads the audit trail: of a workspace for its owners and admins, of the instance for its administrators.

use super::ApiCore;
use super::admin::AdminAccess;
use super::principal::Access;
use crate::domain::audit::ChainHead;
use crate::domain::error::{Error, Result};
use crate::domain::recorded::Chain;
use crate::infra::store::audit::{self, AuditFilter, AuditPage};

/// The right to read one chain of the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trail(Chain);

impl Trail {
    /// The trail of the instance.
    #[must_use]
    pub const fn of_instance(_access: AdminAccess) -> Self {
        Self(Chain::Instance)
    }

    /// The trail of a workspace, to which `access` was given.
    #[must_use]
    pub const fn of(access: &Access) -> Self {
        Self(Chain::Workspace(access.workspace_id()))
    }

    /// Which chain it is.
    #[must_use]
    pub const fn chain(self) -> Chain {
        self.0
    }
}

impl ApiCore {
    /// Rows that fit, newest first, from before the row of the number `before` on, at most `limit` of them, and fewer where they are long.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_audit_events(
        &self,
        trail: Trail,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u64,
    ) -> Result<AuditPage> {
        audit::list(self.store.reader(), trail.0, filter, before, limit).await
    }

    /// How far a trail goes.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn audit_head(&self, trail: Trail) -> Result<ChainHead> {
        audit::head(self.store.reader(), trail.0).await
    }

    /// Whether a trail has the row that somebody noted, with its hash.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn has_audit_row(&self, trail: Trail, noted: ChainHead) -> Result<bool> {
        if noted.sequence == 0 {
            return Ok(noted == ChainHead::default());
        }
        let before = noted.sequence.saturating_sub(1);
        let rows = audit::range(self.store.reader(), trail.0, before, noted.sequence, 1).await?;
        Ok(rows.first().is_some_and(|row| row.hash == noted.hash))
    }

    /// The head of the row of the number `sequence`, behind which an export goes on; the beginning for 0.
    ///
    /// # Errors
    /// `Invalid` if there is no such row.
    pub(super) async fn audit_head_at(&self, trail: Trail, sequence: i64) -> Result<ChainHead> {
        if sequence == 0 {
            return Ok(ChainHead::default());
        }
        let before = sequence.saturating_sub(1);
        let row = audit::range(self.store.reader(), trail.0, before, sequence, 1).await?.into_iter().next();
        let missing = || Error::invalid_field("after", "no_such_row", "the trail has no row of this number");
        row.map(|row| ChainHead { sequence: row.sequence, hash: row.hash }).ok_or_else(missing)
    }
}
