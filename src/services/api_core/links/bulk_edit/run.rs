//! Makes an edit of many links, a batch at a time.

use std::collections::HashMap;

use super::BulkEditChanges;
use super::report::{WrittenBatch, failure};
use super::selection::Selected;
use crate::domain::bulk_edit::BulkEditState;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{BulkEditId, LinkChangeId, LinkId, WorkspaceId};
use crate::domain::link_version::LinkVersionAction;
use crate::domain::permission::{BulkEditLinks, Operation};
use crate::infra::store::bulk_edits;
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, tags};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::freeze_windows::Freeze;
use crate::services::api_core::links::content::decode;
use crate::services::api_core::links::delete::deletable;
use crate::services::api_core::links::reach::editable;
use crate::services::api_core::principal::Access;

impl ApiCore {
    /// Goes on with an edit until it is done. It stops for good when whoever asked for it may not do that any longer.
    ///
    /// # Errors
    /// Those of the store, when it may be tried again; what is done stays done.
    pub(in crate::services::api_core) async fn go_on_editing(
        &self,
        workspace: WorkspaceId,
        id: BulkEditId,
    ) -> Result<()> {
        while self.edit_next_batch(workspace, id).await? {}
        Ok(())
    }

    /// Makes one batch. False if there is none left.
    async fn edit_next_batch(&self, workspace: WorkspaceId, id: BulkEditId) -> Result<bool> {
        let transaction = self.store.write().await?;
        let row = bulk_edits::lock(&transaction, workspace, id).await?;
        let Some(mut row) = row.filter(|row| row.state == BulkEditState::Running) else { return Ok(false) };
        let access = self.access_of(workspace, row.author, &BulkEditLinks::PERMISSION).await?;
        let batch = bulk_edits::first_batch(&transaction, id).await?;
        let (Some(access), Some(batch)) = (access.as_ref(), batch) else {
            row.state = if access.is_some() { BulkEditState::Done } else { BulkEditState::Stopped };
            row.finished_at = Some(clock::now());
            bulk_edits::forget_batches(&transaction, id).await?;
            bulk_edits::update(&transaction, row).await?;
            self.commit(transaction, Vec::new(), Vec::new()).await?;
            return Ok(false);
        };
        let changes: BulkEditChanges = decode(&row.changes)?;
        let selected: Vec<Selected> = decode(&batch.links)?;
        let written = Box::pin(self.edit_batch(&transaction, access, &changes, &selected, row.change_id)).await?;
        written.count_in(&mut row)?;
        bulk_edits::update(&transaction, row).await?;
        bulk_edits::forget_batch(&transaction, id, batch.number).await?;
        self.commit(transaction, written.recorded_actions, written.stale).await?;
        Ok(true)
    }

    /// Edits these links, as parts of one change.
    pub(super) async fn edit_batch(
        &self,
        transaction: &Transaction,
        access: &Access,
        changes: &BulkEditChanges,
        selected: &[Selected],
        change: LinkChangeId,
    ) -> Result<WrittenBatch> {
        let ids: Vec<LinkId> = selected.iter().map(|(id, _)| *id).collect();
        let rows = links::lock_many(transaction, access.workspace_id(), &ids).await?;
        let mut rows: HashMap<LinkId, Row> = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut batch = WrittenBatch::default();
        let mut as_shown = Vec::with_capacity(rows.len());
        for (id, version) in selected {
            match rows.remove(id) {
                Some(row) if row.version == *version => as_shown.push(row),
                _ => batch.failures.push(failure(*id, &changed_since())),
            }
        }
        if changes.deleted {
            self.delete_batch(transaction, access, changes, as_shown, change, &mut batch).await?;
            return Ok(batch);
        }
        let names = tags::names_on(transaction, &ids).await?;
        let ids: Vec<LinkId> = as_shown.iter().map(|row| row.id).collect();
        let mut edits = Vec::with_capacity(ids.len());
        for (id, edit) in ids.iter().zip(self.bulk_edits_of(transaction, access, changes, as_shown, &names).await?) {
            match edit {
                Ok(Some(edited)) => edits.push(edited),
                Ok(None) => batch.unchanged = batch.unchanged.saturating_add(1),
                Err(error) => batch.failures.push(failure(*id, &error)),
            }
        }
        let ids: Vec<LinkId> = edits.iter().map(|edit| edit.after.id).collect();
        let edits = edits.into_iter().map(Ok).collect();
        let how = (change, LinkVersionAction::Updated);
        let written = Box::pin(self.write_edits(transaction, access, edits, how)).await?;
        for (id, link) in ids.iter().zip(written.links) {
            match link {
                Ok(_) => batch.changed = batch.changed.saturating_add(1),
                Err(error) => batch.failures.push(failure(*id, &error)),
            }
        }
        batch.recorded_actions = written.recorded_actions;
        batch.stale = written.stale;
        Ok(batch)
    }

    /// Deletes these links, which are locked, as parts of one change.
    async fn delete_batch(
        &self,
        transaction: &Transaction,
        access: &Access,
        changes: &BulkEditChanges,
        rows: Vec<Row>,
        change: LinkChangeId,
        batch: &mut WrittenBatch,
    ) -> Result<()> {
        let freeze = Freeze::load(transaction, access).await?;
        let mut deleted = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.id;
            match editable(access, Some(row)).and_then(|row| deletable(&freeze, row, changes.confirm_printed)) {
                Ok(row) => deleted.push(row),
                Err(error) => batch.failures.push(failure(id, &error)),
            }
        }
        let (recorded_actions, stale) = self.delete_rows(transaction, access, deleted, change).await?;
        batch.changed = i64::try_from(recorded_actions.len()).unwrap_or(i64::MAX);
        (batch.recorded_actions, batch.stale) = (recorded_actions, stale);
        Ok(())
    }
}

fn changed_since() -> Error {
    let message = "The link was changed or deleted after the dry run.";
    Error::new(ErrorKind::Conflict, "changed_since", message)
}
