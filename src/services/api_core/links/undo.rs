//! Undoes a change of links that the caller made a moment ago, of one link or of many.
//!
//! Invariant: what somebody changed since is left as it is.

use serde::Deserialize;
use utoipa::ToSchema;

use super::bulk::{BulkItem, Changed};
use super::content::decode;
use super::deleted::{RestoredTo, by_one};
use super::draft::BULK_ITEMS_MAX;
use super::reach::editable;
use super::revert::{Reversion, not_kept};
use super::view::Link;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{LinkChangeId, LinkId};
use crate::domain::link_version::LinkVersionAction;
use crate::domain::time::Timestamp;
use crate::infra::store::link_versions::{self, LinkVersion as VersionRow};
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Connection, Transaction, deleted_links};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::principal::Access;

/// Which change is undone.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoDraft {
    /// One of the caller's changes; their last one if absent.
    #[schema(value_type = LinkChangeId, required = false)]
    pub change_id: Option<LinkChangeId>,
    /// That QR codes of the links may be in print is known.
    #[serde(default)]
    pub confirm_printed: bool,
}

impl ApiCore {
    /// Undoes a change of the caller: edited links become what they were before it, and deleted ones come back. It is a change
    /// itself, which can be undone. At most a thousand links are done at once.
    ///
    /// # Errors
    /// `NotFound` if the caller made no such change of late; otherwise each link has a result of its own.
    pub async fn undo_link_change(&self, access: &Access, draft: UndoDraft) -> Result<Changed<Link>> {
        let since = clock::now().minus(self.settings.link_history.undo_for);
        let transaction = self.store.write().await?;
        let change = match draft.change_id {
            Some(change) => change,
            None => last_change(&transaction, access, since).await?.ok_or_else(nothing_to_undo)?,
        };
        let limit = u64::try_from(BULK_ITEMS_MAX).unwrap_or(u64::MAX);
        let own = |author, at| author == Some(access.author()) && at >= since;
        let versions = link_versions::of_change(&transaction, access.workspace_id(), change, limit).await?;
        let versions: Vec<VersionRow> =
            versions.into_iter().filter(|version| own(version.author, version.created_at)).collect();
        let deleted = deleted_links::lock_of_change(&transaction, access.workspace_id(), change, limit).await?;
        let deleted: Vec<_> = deleted.into_iter().filter(|row| own(Some(row.author), row.created_at)).collect();
        if versions.is_empty() && deleted.is_empty() {
            return Err(nothing_to_undo());
        }

        let change_id = LinkChangeId::new();
        let reversions = reversions(&transaction, access, versions).await?;
        let edits = self.revert(&transaction, access, reversions, draft.confirm_printed).await?;
        let how = (change_id, LinkVersionAction::Reverted);
        let mut written = Box::pin(self.write_edits(&transaction, access, edits, how)).await?;
        let (deleted, closed): (Vec<_>, Vec<_>) =
            deleted.into_iter().map(|row| by_one(access, Some(row))).partition(Result::is_ok);
        let deleted = deleted.into_iter().flatten().collect();
        let restored = Box::pin(self.restore(&transaction, access, deleted, &RestoredTo::default(), change_id)).await?;
        written.links.extend(restored.links);
        written.links.extend(closed.into_iter().filter_map(Result::err).map(Err));
        written.recorded_actions.extend(restored.recorded_actions);
        written.stale.extend(restored.stale);
        self.commit(transaction, written.recorded_actions, written.stale).await?;
        let mut results = written.links;
        self.count_clicks(access, results.iter_mut().flatten()).await;
        Ok(Changed { change_id, results })
    }
}

/// The caller's last change of links that exist since a moment.
async fn last_change(connection: &impl Connection, access: &Access, since: Timestamp) -> Result<Option<LinkChangeId>> {
    let (workspace, author) = (access.workspace_id(), access.author());
    let edited = link_versions::last_of_author(connection, workspace, author, since).await?;
    let deleted = deleted_links::last_of_author(connection, workspace, author, since).await?;
    let edited = edited.and_then(|version| Some((version.created_at, version.change_id?)));
    let deleted = deleted.map(|row| (row.created_at, row.change_id));
    Ok(edited.into_iter().chain(deleted).max_by_key(|(at, _)| *at).map(|(_, change)| change))
}

/// What the links were before these versions, locked.
async fn reversions(
    transaction: &Transaction,
    access: &Access,
    versions: Vec<VersionRow>,
) -> Result<Vec<BulkItem<Reversion>>> {
    let ids: Vec<LinkId> = versions.iter().map(|version| version.link_id).collect();
    let mut rows = links::lock_many(transaction, access.workspace_id(), &ids).await?;
    let mut reversions = Vec::with_capacity(versions.len());
    for version in versions {
        let place = rows.iter().position(|row| row.id == version.link_id);
        let row = place.map(|place| rows.swap_remove(place));
        reversions.push(match editable(access, row) {
            Ok(row) if row.version != version.version => Err(changed_since(&row)),
            Ok(row) => before(transaction, access, row).await?,
            Err(error) => Err(error),
        });
    }
    Ok(reversions)
}

async fn before(transaction: &Transaction, access: &Access, row: Row) -> Result<BulkItem<Reversion>> {
    let version = row.version.saturating_sub(1);
    let found = link_versions::find(transaction, access.workspace_id(), row.id, version).await?;
    let Some(version) = found else { return Ok(Err(not_kept())) };
    Ok(Ok(Reversion { row, content: decode(&version.content)? }))
}

fn changed_since(row: &Row) -> Error {
    let message = format!("The link {} was changed since. Its history tells how, and can be gone back to.", row.id);
    Error::new(ErrorKind::Conflict, "changed_since", message)
}

fn nothing_to_undo() -> Error {
    Error::new(ErrorKind::NotFound, "nothing_to_undo", "There is no change of yours that can still be undone.")
}
