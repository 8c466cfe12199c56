//! Deletes links. Their clicks stay, and for some time they keep their slugs and can be restored.

use std::collections::{HashMap, HashSet};

use super::DELETED;
use super::bulk::{Changed, check_length};
use super::change_requests::require_no_approval;
use super::create::invalidation;
use super::deleted::put_aside;
use super::printed::refuse_to_end_scans;
use super::reach::editable;
use crate::domain::change::Invalidation;
use crate::domain::error::{Error, Result};
use crate::domain::id::{LinkChangeId, LinkId};
use crate::infra::store::Transaction;
use crate::infra::store::links::{self, Link as Row};
use crate::services::api_core::ApiCore;
use crate::services::api_core::freeze_windows::Freeze;
use crate::services::api_core::principal::Access;
use crate::services::api_core::recorded_action::RecordedAction;
use crate::services::api_core::version::ExpectedVersion;

impl ApiCore {
    /// Deletes a link.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `PreconditionFailed` if it is not in the version expected; `Conflict` if it is frozen,
    /// a second person has to approve it, or its QR code may be in print and `confirm_printed` is false.
    pub async fn delete_link(
        &self,
        access: &Access,
        id: LinkId,
        expected: &impl ExpectedVersion,
        confirm_printed: bool,
    ) -> Result<()> {
        let transaction = self.store.write().await?;
        let found = links::lock_many(&transaction, access.workspace_id(), &[id]).await?;
        let freeze = Freeze::load(&transaction, access).await?;
        let row = editable(access, found.into_iter().next())?;
        expected.require(row.version)?;
        let row = deletable(&freeze, row, confirm_printed)?;
        let (recorded_actions, stale) = self.delete_rows(&transaction, access, vec![row], LinkChangeId::new()).await?;
        self.commit(transaction, recorded_actions, stale).await
    }

    /// Deletes up to a thousand links in one transaction; those that the workspace does not have are `NotFound` by
    /// themselves.
    ///
    /// # Errors
    /// `TooLarge` if there are too many; otherwise only those of the store, and then nothing was deleted.
    pub async fn delete_links(
        &self,
        access: &Access,
        ids: Vec<LinkId>,
        confirm_printed: bool,
    ) -> Result<Changed<LinkId>> {
        check_length(ids.len())?;
        let change_id = LinkChangeId::new();
        let distinct: Vec<LinkId> = ids.iter().copied().collect::<HashSet<_>>().into_iter().collect();
        let transaction = self.store.write().await?;
        let locked = links::lock_many(&transaction, access.workspace_id(), &distinct).await?;
        let freeze = Freeze::load(&transaction, access).await?;
        let decide =
            |row: Row| (row.id, editable(access, Some(row)).and_then(|row| deletable(&freeze, row, confirm_printed)));
        let found: HashMap<LinkId, Result<Row>> = locked.into_iter().map(decide).collect();
        let rows: Vec<Row> = found.values().flatten().cloned().collect();
        let (recorded_actions, stale) = self.delete_rows(&transaction, access, rows, change_id).await?;
        self.commit(transaction, recorded_actions, stale).await?;
        let result = |id: LinkId| match found.get(&id) {
            Some(Ok(_)) => Ok(id),
            Some(Err(error)) => Err(Error::new(error.kind, error.code, error.message.clone())),
            None => Err(Error::not_found("link")),
        };
        Ok(Changed { change_id, results: ids.into_iter().map(result).collect() })
    }

    /// Deletes links that are locked and the caller's to change, as parts of one change: what happened, and what edges have to forget.
    pub(super) async fn delete_rows(
        &self,
        transaction: &Transaction,
        access: &Access,
        rows: Vec<Row>,
        change: LinkChangeId,
    ) -> Result<(Vec<RecordedAction>, Vec<Invalidation>)> {
        let deleted: Vec<LinkId> = rows.iter().map(|row| row.id).collect();
        let links = self.view_links(transaction, access.workspace_id(), rows.clone()).await?;
        let recorded_actions = links.iter().map(|link| DELETED.removed(access.by(), link)).collect::<Result<_>>()?;
        let stale = rows.iter().map(invalidation).collect();
        let aside = rows.into_iter().zip(links).map(|(row, link)| (row, link.tags)).collect();
        put_aside(transaction, access, aside, change).await?;
        links::delete_many(transaction, access.workspace_id(), &deleted).await?;
        Ok((recorded_actions, stale))
    }
}

/// The link, if nothing keeps it from being deleted now and by one person.
pub(in crate::services::api_core) fn deletable(freeze: &Freeze, row: Row, confirm_printed: bool) -> Result<Row> {
    freeze.check(row.folder_id)?;
    require_no_approval(&row)?;
    refuse_to_end_scans(&row, confirm_printed)?;
    Ok(row)
}
