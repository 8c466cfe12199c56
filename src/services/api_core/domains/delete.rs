//! Deletes domains. The name is free then, for whoever shows that it is theirs.

use super::{DELETED, host_changed};
use crate::domain::change::HostStanding;
use crate::domain::custom_domain::DomainState;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{DomainId, LinkId};
use crate::infra::store::{domains, link_comments, link_versions, links};
use crate::services::api_core::ApiCore;
use crate::services::api_core::freeze_windows::Freeze;
use crate::services::api_core::links::{BULK_ITEMS_MAX, DELETED as LINK_DELETED, deletable, invalidation};
use crate::services::api_core::principal::Access;
use crate::services::api_core::version::ExpectedVersion;

/// What goes with a domain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deletion {
    /// Whether links that are on it go too.
    pub with_links: bool,
    /// Whether whoever deletes it knows that QR codes of these links may be in print.
    pub confirm_printed: bool,
}

impl ApiCore {
    /// Deletes a domain. Links that are on it go with it only if that is asked for, and only a thousand at once.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such domain of its own; `PreconditionFailed` if it is not in the version expected; `Conflict` if
    /// links are on it and are not to go, are too many, are frozen, need a second person's approval, or may be in print and
    /// `confirm_printed` is false.
    pub async fn delete_domain(
        &self,
        access: &Access,
        id: DomainId,
        expected: &impl ExpectedVersion,
        Deletion { with_links, confirm_printed }: Deletion,
    ) -> Result<()> {
        let (transaction, workspace) = (self.store.write().await?, access.workspace_id());
        let current = domains::lock(&transaction, workspace, id).await?.ok_or_else(|| Error::not_found("domain"))?;
        if current.is_default {
            let message = "The default domain belongs to the instance and cannot be deleted.";
            return Err(Error::new(ErrorKind::Forbidden, "default_domain", message));
        }
        expected.require(current.version)?;
        let rows = links::lock_on_domain(&transaction, workspace, id, BULK_ITEMS_MAX + 1).await?;
        match (rows.len(), with_links) {
            (1.., false) => return Err(has_links()),
            (count, true) if count > BULK_ITEMS_MAX => return Err(has_too_many_links()),
            _ => {}
        }
        let freeze = Freeze::load(&transaction, access).await?;
        let rows = rows.into_iter().map(|row| deletable(&freeze, row, confirm_printed)).collect::<Result<Vec<_>>>()?;
        let ids: Vec<LinkId> = rows.iter().map(|row| row.id).collect();
        let mut stale: Vec<_> = rows.iter().map(invalidation).collect();
        let mut recorded_actions = Vec::with_capacity(rows.len() + 1);
        for link in self.view_links(&transaction, access.workspace_id(), rows).await? {
            recorded_actions.push(LINK_DELETED.removed(access.by(), &link)?);
        }
        if current.state != DomainState::Pending {
            stale.push(host_changed(&current.hostname, HostStanding::Unclaimed));
        }
        domains::delete(&transaction, workspace, id).await?;
        // These links do not come back, and nothing else would ever forget what they were.
        link_versions::forget_all(&transaction, &ids).await?;
        link_comments::forget_all(&transaction, &ids).await?;
        recorded_actions.push(DELETED.removed(access.by(), &self.view_domain(current))?);
        self.commit(transaction, recorded_actions, stale).await
    }
}

fn has_links() -> Error {
    let message = "There are links on this domain. Delete them first, or delete them with it by delete_links=true.";
    Error::new(ErrorKind::Conflict, "domain_has_links", message)
}

fn has_too_many_links() -> Error {
    let message = format!("There are more than {BULK_ITEMS_MAX} links on this domain. Delete the links first.");
    Error::new(ErrorKind::Conflict, "too_many_links", message)
}
