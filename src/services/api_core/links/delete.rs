//! Deletes links. Their clicks stay, and their slugs are free again.

use std::collections::{HashMap, HashSet};

use super::DELETED;
use super::bulk::{BulkItem, check_length};
use super::create::invalidation;
use crate::domain::error::{Error, Result};
use crate::domain::id::LinkId;
use crate::infra::store::links::{self, Link as Row};
use crate::services::api_core::ApiCore;
use crate::services::api_core::principal::Access;
use crate::services::api_core::version::ExpectedVersion;

impl ApiCore {
    /// Deletes a link.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `PreconditionFailed` if it is not in the version expected.
    pub async fn delete_link(&self, access: &Access, id: LinkId, expected: &impl ExpectedVersion) -> Result<()> {
        let transaction = self.store.write().await?;
        let found = links::lock_many(&transaction, access.workspace_id(), &[id]).await?;
        let row = found.into_iter().next().ok_or_else(|| Error::not_found("link"))?;
        expected.require(row.version)?;
        let link = self.view_single(&transaction, access, row.clone()).await?;
        links::delete_many(&transaction, access.workspace_id(), &[id]).await?;
        self.commit(transaction, vec![DELETED.removed(access.by(), &link)?], vec![invalidation(&row)]).await
    }

    /// Deletes up to a thousand links in one transaction; those that the workspace does not have are `NotFound` by
    /// themselves.
    ///
    /// # Errors
    /// `TooLarge` if there are too many; otherwise only those of the store, and then nothing was deleted.
    pub async fn delete_links(&self, access: &Access, ids: Vec<LinkId>) -> Result<Vec<BulkItem<LinkId>>> {
        check_length(ids.len())?;
        let distinct: Vec<LinkId> = ids.iter().copied().collect::<HashSet<_>>().into_iter().collect();
        let transaction = self.store.write().await?;
        let rows = links::lock_many(&transaction, access.workspace_id(), &distinct).await?;
        let links = self.view_links(&transaction, access, rows.clone()).await?;
        let happenings = links.iter().map(|link| DELETED.removed(access.by(), link)).collect::<Result<_>>()?;
        let rows: HashMap<LinkId, Row> = rows.into_iter().map(|row| (row.id, row)).collect();
        let found: Vec<LinkId> = rows.keys().copied().collect();
        links::delete_many(&transaction, access.workspace_id(), &found).await?;
        self.commit(transaction, happenings, rows.values().map(invalidation).collect()).await?;
        let result = |id: LinkId| if rows.contains_key(&id) { Ok(id) } else { Err(Error::not_found("link")) };
        Ok(ids.into_iter().map(result).collect())
    }
}
