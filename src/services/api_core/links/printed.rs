//! Links whose QR code may be in print, so that nobody changes where it leads, or whether it does, without knowing that.
//!
//! Invariant: of a link in print, nothing that visitors notice is changed, and it is not deleted, unless whoever does that says
//! that they know.

use super::UPDATED;
use super::change_requests::visitors_notice;
use super::reach::{editable, seen};
use super::view::Link;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::LinkId;
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::links::{self, Link as Row};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::principal::Access;

impl ApiCore {
    /// Notes that the QR code of a link may be in print, or that it is not. The version of the link stays as it is.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link.
    pub async fn mark_printed(&self, access: &Access, id: LinkId, is_printed: bool) -> Result<Link> {
        let transaction = self.store.write().await?;
        let row = editable(access, links::lock_many(&transaction, access.workspace_id(), &[id]).await?.pop())?;
        self.write_printed(access, transaction, row, is_printed).await
    }

    /// Notes that somebody downloaded the QR code of a link, which whoever sees the link may do.
    pub(in crate::services::api_core) async fn note_printed(&self, access: &Access, id: LinkId) -> Result<Link> {
        let transaction = self.store.write().await?;
        let row = seen(access, links::lock_many(&transaction, access.workspace_id(), &[id]).await?.pop())?;
        self.write_printed(access, transaction, row, true).await
    }

    async fn write_printed(
        &self,
        access: &Access,
        transaction: Transaction,
        row: Row,
        is_printed: bool,
    ) -> Result<Link> {
        let id = row.id;
        let before = self.view_single(&transaction, access.workspace_id(), row.clone()).await?;
        if row.printed_at.is_some() == is_printed {
            return Ok(self.with_clicks(access, before).await);
        }
        let printed_at = is_printed.then(clock::now);
        links::write_printed_at(&transaction, id, printed_at).await?;
        let link = Link { printed_at, ..before.clone() };
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &link)?], Vec::new()).await?;
        Ok(self.with_clicks(access, link).await)
    }
}

/// Refuses to change where a printed code leads, or whether it does, unless whoever does it knows that it is printed.
pub(super) fn refuse_to_mislead_scans(before: &Row, after: &Row, confirm_printed: bool) -> Result<()> {
    let is_over_otherwise = before.expired_text.is_some() != after.expired_text.is_some()
        || before.not_found_text.is_some() != after.not_found_text.is_some();
    match before.printed_at {
        Some(at) if !confirm_printed && (is_over_otherwise || visitors_notice(before, after)) => {
            Err(printed(at, "change its address, where it leads or whether it does"))
        }
        _ => Ok(()),
    }
}

/// Refuses to delete a link whose code is printed, unless whoever does it knows that.
pub(super) fn refuse_to_end_scans(row: &Row, confirm_printed: bool) -> Result<()> {
    match row.printed_at {
        Some(at) if !confirm_printed => Err(printed(at, "delete it")),
        _ => Ok(()),
    }
}

fn printed(at: Timestamp, what: &str) -> Error {
    let message = format!("The QR code of this link may be in print since {at}. Send confirm_printed: true to {what}.");
    Error::new(ErrorKind::Conflict, "printed", message)
}
