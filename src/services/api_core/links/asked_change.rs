//! What was asked for of a link, and how it is made once a second person approved it.
//!
//! Invariant: nothing is made beside what was asked for, also where folders or tags were deleted since.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::bulk::only;
use super::content::{FieldChange, decode};
use super::deleted::{RestoredTo, content_of, deletable};
use super::printed::refuse_to_end_scans;
use super::reach::{Folders, editable};
use super::revert::Reversion;
use super::writing::Edited;
use crate::domain::change::Invalidation;
use crate::domain::change_request::ChangeRequestAction;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folded_text::name_key;
use crate::domain::id::{FolderId, LinkChangeId, LinkId};
use crate::domain::link_version::LinkVersionAction;
use crate::infra::store::change_requests::ChangeRequest as Row;
use crate::infra::store::deleted_links::{self, DeletedLink as DeletedRow};
use crate::infra::store::links::{self, Link as LinkRow};
use crate::infra::store::{Transaction, tags};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::freeze_windows::Freeze;
use crate::services::api_core::principal::Access;
use crate::services::api_core::recorded_action::RecordedAction;

/// The link that a change is asked for of, locked, and the caller's to change.
pub(super) enum Subject {
    Present(Box<LinkRow>),
    Deleted(DeletedRow),
}

impl Subject {
    pub(super) async fn lock(
        transaction: &Transaction,
        access: &Access,
        action: ChangeRequestAction,
        id: LinkId,
    ) -> Result<Self> {
        match action {
            ChangeRequestAction::Edit | ChangeRequestAction::Delete => {
                let row = links::lock_many(transaction, access.workspace_id(), &[id]).await?.pop();
                editable(access, row).map(|row| Self::Present(Box::new(row)))
            }
            ChangeRequestAction::Restore | ChangeRequestAction::Purge => {
                let row = deleted_links::lock(transaction, access.workspace_id(), id).await?;
                deletable(access, row).map(Self::Deleted)
            }
        }
    }

    pub(super) fn version(&self) -> Result<i64> {
        match self {
            Self::Present(row) => Ok(row.version),
            Self::Deleted(row) => Ok(content_of(row)?.version),
        }
    }

    pub(super) fn needs_approval(&self) -> Result<bool> {
        match self {
            Self::Present(row) => Ok(row.needs_approval),
            Self::Deleted(row) => Ok(content_of(row)?.content.needs_approval),
        }
    }
}

impl ApiCore {
    /// Makes a change of the link that it was asked for: what happened, and what edges have to forget.
    pub(super) async fn make_change(
        &self,
        transaction: &Transaction,
        access: &Access,
        request: &Row,
        subject: Subject,
        confirm_printed: bool,
    ) -> Result<(Vec<RecordedAction>, Vec<Invalidation>)> {
        match (subject, &request.content) {
            (Subject::Present(link), Some(content)) => {
                let reversion = Reversion { row: *link, content: decode(content)? };
                let edited = self.as_asked(transaction, access, request, reversion, confirm_printed).await?;
                let how = (LinkChangeId::new(), LinkVersionAction::Updated);
                let written = Box::pin(self.write_edits(transaction, access, vec![Ok(edited)], how)).await?;
                only(written.links)?;
                Ok((written.recorded_actions, written.stale))
            }
            (Subject::Present(link), None) => {
                Freeze::load(transaction, access).await?.check(link.folder_id)?;
                refuse_to_end_scans(&link, confirm_printed)?;
                self.delete_rows(transaction, access, vec![*link], LinkChangeId::new()).await
            }
            (Subject::Deleted(link), _) if action_of(request) == ChangeRequestAction::Purge => {
                self.forget(transaction, access, link).await
            }
            (Subject::Deleted(link), _) => {
                let to = RestoredTo::default();
                let written = Box::pin(self.restore(transaction, access, vec![link], &to, LinkChangeId::new())).await?;
                only(written.links)?;
                Ok((written.recorded_actions, written.stale))
            }
        }
    }

    /// The edit that was asked for. Of the folder and the tags nothing changes but what the request names: others may have changed them
    /// without a new version of the link, by deleting a folder or a tag.
    async fn as_asked(
        &self,
        transaction: &Transaction,
        access: &Access,
        request: &Row,
        mut reversion: Reversion,
        confirm_printed: bool,
    ) -> Result<Edited> {
        let changes: Vec<FieldChange> = decode(&request.changes)?;
        let (id, folder) = (reversion.row.id, reversion.row.folder_id);
        if changes.iter().any(|change| change.field == "folder_id") {
            require_folder(transaction, access, reversion.content.folder_id).await?;
        } else {
            reversion.content.folder_id = folder;
        }
        let tag_names = match changes.iter().find(|change| change.field == "tags") {
            Some(change) => {
                let own = tags::names_on(transaction, &[id]).await?.remove(&id).unwrap_or_default();
                Some(tags_as_asked(own, change)?)
            }
            None => None,
        };
        let edited = only(self.revert(transaction, access, vec![Ok(reversion)], confirm_printed).await?)?;
        Ok(Edited { tag_names, is_approved: true, ..edited })
    }
}

/// What a request asks for.
pub(super) fn action_of(row: &Row) -> ChangeRequestAction {
    let of_earlier_releases =
        if row.content.is_some() { ChangeRequestAction::Edit } else { ChangeRequestAction::Delete };
    row.action.unwrap_or(of_earlier_releases)
}

/// Refuses to put a link into a folder that is gone by now, or that whoever approves it puts nothing into.
async fn require_folder(transaction: &Transaction, access: &Access, folder: Option<FolderId>) -> Result<()> {
    let folders = Folders::load(transaction, access, folder.into_iter()).await?;
    let mut errors = FieldErrors::default();
    folders.check(access, folder, &mut errors);
    if errors.is_empty() {
        return Ok(());
    }
    let message =
        "The folder that the link shall be in is gone, or not yours to put links into. Ask for the change anew.";
    Err(Error::new(ErrorKind::Conflict, "folder_gone", message))
}

/// The tags of a link that has `own`, with those that a change adds and without those that it takes off.
fn tags_as_asked(own: Vec<String>, change: &FieldChange) -> Result<Vec<String>> {
    let names = |value: &Value| Vec::<String>::deserialize(value).map_err(Error::internal);
    let keys = |names: &[String]| names.iter().map(|name| name_key(name)).collect::<HashSet<String>>();
    let (before, after) = (names(&change.before)?, names(&change.after)?);
    let (old, new) = (keys(&before), keys(&after));
    let mut tags = own;
    tags.retain(|name| new.contains(&name_key(name)) || !old.contains(&name_key(name)));
    let there = keys(&tags);
    let is_added = |name: &String| !old.contains(&name_key(name)) && !there.contains(&name_key(name));
    tags.extend(after.into_iter().filter(is_added));
    Ok(tags)
}
