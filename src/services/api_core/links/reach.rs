//! Which links a caller reaches: those in folders that do not exist for them do not exist either.

use std::collections::HashSet;

use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folder::FolderAccess;
use crate::domain::id::{FolderId, LinkId};
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, deleted_links, folders as store};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::folders;
use crate::services::api_core::principal::Access;

/// The most links that are left out of reports because of the folders that they are in.
const HIDDEN_LINKS_MAX: usize = 200_000;

/// The folders that links of one request are put into, as far as the workspace has them.
pub(super) struct Folders(HashSet<FolderId>);

impl Folders {
    /// Finds these folders. Nobody deletes them until the transaction ends.
    pub(super) async fn load(
        transaction: &Transaction,
        access: &Access,
        named: impl Iterator<Item = FolderId>,
    ) -> Result<Self> {
        let named: HashSet<FolderId> = named.collect();
        if named.is_empty() {
            return Ok(Self(named));
        }
        let found = store::hold_all(transaction, access.workspace_id(), named.into_iter().collect()).await?;
        Ok(Self(found.into_iter().collect()))
    }

    /// Refuses a folder that the caller cannot put links into.
    pub(super) fn check(&self, access: &Access, folder: Option<FolderId>, errors: &mut FieldErrors) {
        let Some(id) = folder else { return };
        if !self.0.contains(&id) || !access.folders.sees(folder) {
            errors.add("/folder_id", "unknown_folder", "the workspace has no such folder");
        } else if access.folders.access(folder) < FolderAccess::Edit {
            errors.add("/folder_id", "read_only_folder", "you may see this folder, but put nothing into it");
        }
    }
}

/// The link, if it exists for the caller.
pub(super) fn seen(access: &Access, row: Option<Row>) -> Result<Row> {
    row.filter(|row| access.folders.sees(row.folder_id)).ok_or_else(|| Error::not_found("link"))
}

/// The link, if it exists for the caller and is theirs to change.
pub(super) fn editable(access: &Access, row: Option<Row>) -> Result<Row> {
    let row = seen(access, row)?;
    if access.folders.access(row.folder_id) < FolderAccess::Edit { Err(folders::read_only()) } else { Ok(row) }
}

impl ApiCore {
    /// The links of which the caller may not know, because of the folders that they are in: what reports leave out.
    ///
    /// # Errors
    /// `Forbidden` where there are more than 200,000 of them.
    pub async fn hidden_links(&self, access: &Access) -> Result<Vec<LinkId>> {
        let hidden = access.folders.hidden();
        if hidden.is_empty() {
            return Ok(Vec::new());
        }
        let (reader, workspace) = (self.store.reader(), access.workspace_id());
        let limit = u64::try_from(HIDDEN_LINKS_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let mut ids = links::ids_in_folders(reader, workspace, hidden.clone(), limit).await?;
        ids.extend(deleted_links::ids_in_folders(reader, workspace, hidden, limit).await?);
        if ids.len() > HIDDEN_LINKS_MAX {
            let message =
                format!("More than {HIDDEN_LINKS_MAX} links are in folders that are closed to you. Ask an admin.");
            return Err(Error::new(ErrorKind::Forbidden, "too_many_hidden_links", message));
        }
        Ok(ids)
    }
}
