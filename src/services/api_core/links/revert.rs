//! Makes a link again what it was: as a new version, equal to an old one.

use std::collections::HashMap;

use serde::Deserialize;
use utoipa::ToSchema;

use super::bulk::{BulkItem, only};
use super::changes::check_again;
use super::content::{LinkContent, decode};
use super::history::unedited;
use super::plan::slug_key;
use super::reach::{Folders, editable};
use super::view::Link;
use super::writing::Edited;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{DomainId, LinkChangeId, LinkId};
use crate::domain::link_version::LinkVersionAction;
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, link_versions};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;
use crate::services::api_core::version::ExpectedVersion;

/// Which version of a link comes back.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevertDraft {
    /// The version, as the history tells it.
    #[schema(minimum = 1, example = 3)]
    pub version: i64,
    /// That the link's QR code may be in print is known.
    #[serde(default)]
    pub confirm_printed: bool,
}

/// A link, locked, and what it is to be again.
pub(super) struct Reversion {
    pub row: Row,
    pub content: LinkContent,
}

impl ApiCore {
    /// Makes a link again what it was in a version. Where its folder of then is gone or closed to the caller, it stays in the one it
    /// is in.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `Conflict` if the version is not kept, or its slug or external id is another
    /// link's by now; `PreconditionFailed` if the link is not in the version expected; `Invalid` if what it was is no longer allowed.
    pub async fn revert_link(
        &self,
        access: &Access,
        id: LinkId,
        expected: &impl ExpectedVersion,
        draft: RevertDraft,
    ) -> Result<Link> {
        let transaction = self.store.write().await?;
        let row = links::lock_many(&transaction, access.workspace_id(), &[id]).await?.pop();
        let row = editable(access, row)?;
        expected.require(row.version)?;
        let content = kept_content(&transaction, &row, draft.version).await?;
        let edits =
            self.revert(&transaction, access, vec![Ok(Reversion { row, content })], draft.confirm_printed).await?;
        let how = (LinkChangeId::new(), LinkVersionAction::Reverted);
        let written = Box::pin(self.write_edits(&transaction, access, edits, how)).await?;
        let link = only(written.links)?;
        self.commit(transaction, written.recorded_actions, written.stale).await?;
        Ok(self.with_clicks(access, link).await)
    }

    /// The edits that make links what they were.
    pub(super) async fn revert(
        &self,
        transaction: &Transaction,
        access: &Access,
        reversions: Vec<BulkItem<Reversion>>,
        confirm_printed: bool,
    ) -> Result<Vec<BulkItem<Edited>>> {
        let contents = || reversions.iter().flatten().map(|reversion| &reversion.content);
        let mut ids: Vec<DomainId> = contents().map(|content| content.domain_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let domains = domains::hold_all(transaction, access.workspace_id(), ids).await?;
        let domains: HashMap<DomainId, Domain> = domains.into_iter().map(|domain| (domain.id, domain)).collect();
        let folders = contents().filter_map(|content| content.folder_id);
        let folders = Folders::load(transaction, access, folders).await?;
        let edit = |Reversion { row: before, mut content }: Reversion| {
            let mut errors = FieldErrors::default();
            folders.check(access, content.folder_id, &mut errors);
            if !errors.is_empty() {
                content.folder_id = before.folder_id;
            }
            let domain = domains.get(&content.domain_id).ok_or_else(domain_gone)?;
            let mut after = before.clone();
            let tag_names = content.write_into(&mut after);
            let mut errors = FieldErrors::default();
            check_again(&after, &self.settings.destinations, &mut errors);
            errors.into_result()?;
            after.slug_key = slug_key(&after.slug, domain.case_sensitive);
            after.version = before.version.saturating_add(1);
            after.updated_at = clock::now();
            let (pointer, tag_names) = (String::new(), Some(tag_names));
            Ok(Edited { pointer, before, after, tag_names, confirm_printed, is_approved: false })
        };
        Ok(reversions.into_iter().map(|reversion| reversion.and_then(edit)).collect())
    }
}

/// What a link was in a version. The only version of a link that nobody has edited is the link itself.
async fn kept_content(transaction: &Transaction, row: &Row, version: i64) -> Result<LinkContent> {
    let kept = link_versions::find(transaction, row.workspace_id, row.id, version).await?;
    let kept = match kept {
        None if version == row.version => unedited(transaction, row.clone()).await?,
        kept => kept.ok_or_else(not_kept)?,
    };
    decode(&kept.content)
}

pub(super) fn not_kept() -> Error {
    let message = "This version of the link is not kept. The history tells which ones are.";
    Error::new(ErrorKind::Conflict, "version_not_kept", message)
}

pub(super) fn domain_gone() -> Error {
    Error::new(ErrorKind::Conflict, "domain_gone", "The workspace no longer has the domain that the link was on.")
}
