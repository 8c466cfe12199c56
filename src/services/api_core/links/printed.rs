//! Links whose QR code may be in print, so that nobody changes where it leads without knowing that.

use super::UPDATED;
use super::reach::{editable, seen};
use super::view::Link;
use crate::domain::error::Result;
use crate::domain::id::LinkId;
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
