//! Moves a link to another workspace, with its history, its comments and what was asked for of it. Its clicks stay where they were counted.
//!
//! Invariants: whoever moves a link may change it here and make links there; nothing that is closed to somebody here, frozen, or guarded
//! by a second person leaves that way.

use serde::Deserialize;
use utoipa::ToSchema;

use super::bulk::only;
use super::change_requests::require_no_approval;
use super::changes::{check_again, refresh};
use super::create::invalidation;
use super::history::{Step, record};
use super::plan::{external_id_taken, slug_key};
use super::reach::{Folders, editable};
use super::tagging::TagsByName;
use super::view::Link;
use super::writing::{Checks, Edited, write};
use super::{MOVED_IN, MOVED_OUT};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{FolderId, LinkChangeId, LinkId, WorkspaceId};
use crate::domain::link_version::LinkVersionAction;
use crate::domain::permission::{CreateLink, Operation};
use crate::domain::slug::Slug;
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Transaction, change_requests, folders, link_comments, link_versions, tags};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::freeze_windows::Freeze;
use crate::services::api_core::principal::{Access, Principal};
use crate::services::api_core::version::ExpectedVersion;

/// Where a link moves.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceMoveDraft {
    /// The workspace that shall have it. The caller has to be somebody there who may make links.
    pub workspace_id: WorkspaceId,
    /// The host name of a domain that workspace may use; the link's own if absent, which only works on the default domain.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 253, example = "go.example.com")]
    pub domain: Option<String>,
    /// Another slug; the old one if absent.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 190,
        pattern = r"^[^\x00-,/:-@\[-\^`{-\x7f]+(/[^\x00-,/:-@\[-\^`{-\x7f]+)*$",
        example = "summer-sale"
    )]
    pub slug: Option<String>,
    /// A folder of that workspace; none if absent.
    #[serde(default)]
    pub folder_id: Option<FolderId>,
    /// That its QR code may be in print is known: without this, the address of such a link does not change (409 `printed`).
    #[serde(default)]
    pub confirm_printed: bool,
}

/// Where a link goes, as far as the fields say by themselves.
struct Destination {
    hostname: Option<String>,
    slug: Option<Slug>,
    folder: Option<FolderId>,
}

impl ApiCore {
    /// Moves a link to another workspace.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such link; `PreconditionFailed` if it is not in the version expected; `Invalid` with every field that
    /// is wrong; `Forbidden` if the caller may not make links there; `Conflict` if the address or the external id is in use there, or the
    /// link may not leave.
    pub async fn move_link(
        &self,
        principal: &Principal,
        from: &Access,
        id: LinkId,
        expected: &impl ExpectedVersion,
        draft: WorkspaceMoveDraft,
    ) -> Result<Link> {
        editable(from, links::find(self.store.reader(), from.workspace_id(), id).await?)?;
        let to = self.authorize_destination(principal, from, draft.workspace_id).await?;
        let mut errors = FieldErrors::default();
        let destination = Destination {
            hostname: draft.domain.and_then(|hostname| errors.hostname("/domain", &hostname)),
            slug: draft.slug.and_then(|slug| errors.check("/slug", "invalid_slug", Slug::parse(&slug))),
            folder: draft.folder_id,
        };
        self.check_words(destination.slug.as_ref(), &mut errors);
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let row = links::lock_many(&transaction, from.workspace_id(), &[id]).await?.pop();
        let row = editable(from, row)?;
        expected.require(row.version)?;
        require_free_to_leave(&transaction, from, &row).await?;
        let before = self.view_single(&transaction, from.workspace_id(), row.clone()).await?;
        let after = self.at_destination(&transaction, &to, &row, destination).await?;
        let tags_by_name = TagsByName::load(&transaction, &to, before.tags.clone()).await?;
        let edited = Edited {
            pointer: String::new(),
            before: row.clone(),
            after: after.clone(),
            tag_names: None,
            confirm_printed: draft.confirm_printed,
            is_approved: false,
        };
        let checks = Checks::load(self, &transaction, &to).await?;
        only(vec![Box::pin(write(&checks, edited)).await?])?;
        tags::take_off(&transaction, &[id]).await?;
        tags::put_on(&transaction, tags_by_name.ids(&before.tags)?.into_iter().map(|tag| (id, tag)).collect()).await?;
        link_versions::move_to(&transaction, id, to.workspace_id()).await?;
        link_comments::move_to(&transaction, id, to.workspace_id()).await?;
        change_requests::move_to(&transaction, id, to.workspace_id()).await?;
        let link = self.view_single(&transaction, to.workspace_id(), after.clone()).await?;
        let stale = vec![invalidation(&row), invalidation(&after)];
        let row = Row { workspace_id: to.workspace_id(), ..row };
        let step = Step { before: (row, before.tags.clone()), after: (after, link.tags.clone()) };
        // No change id, because nobody undoes it: whoever did may not be let into both workspaces any longer.
        let how = (None::<LinkChangeId>, LinkVersionAction::Moved);
        record(&transaction, &to, vec![step], how, self.settings.link_history.versions_max).await?;
        let mut recorded_actions = tags_by_name.recorded_actions(&to)?;
        recorded_actions.push(MOVED_OUT.removed(from.by(), &before)?);
        recorded_actions.push(MOVED_IN.made(to.by(), &link)?);
        self.commit(transaction, recorded_actions, stale).await?;
        Ok(self.with_clicks(&to, link).await)
    }

    /// What the caller may do in the workspace that a link moves to, if that is to make links.
    async fn authorize_destination(&self, principal: &Principal, from: &Access, to: WorkspaceId) -> Result<Access> {
        if to == from.workspace_id() {
            return Err(Error::invalid_field(
                "/workspace_id",
                "same_workspace",
                "the link is in this workspace already",
            ));
        }
        match self.authorize(principal, to, &CreateLink::PERMISSION).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                Err(Error::invalid_field("/workspace_id", "unknown_workspace", "you are in no such workspace"))
            }
            access => access,
        }
    }

    /// The next version of a link, as it is in the other workspace.
    async fn at_destination(
        &self,
        transaction: &Transaction,
        to: &Access,
        before: &Row,
        destination: Destination,
    ) -> Result<Row> {
        let mut errors = FieldErrors::default();
        let folders = Folders::load(transaction, to, destination.folder.into_iter()).await?;
        folders.check(to, destination.folder, &mut errors);
        let domain = domain_at(transaction, to, before, destination.hostname, &mut errors).await?;
        let mut after = Row {
            workspace_id: to.workspace_id(),
            folder_id: destination.folder,
            created_by: to.user_id(),
            version: before.version.saturating_add(1),
            updated_at: clock::now(),
            ..before.clone()
        };
        if let Some(slug) = destination.slug {
            slug.as_str().clone_into(&mut after.slug);
        }
        check_again(&after, &self.settings.destinations, &mut errors);
        errors.into_result()?;
        let domain = domain.ok_or_else(|| Error::internal("a domain neither right nor wrong"))?;
        after.domain_id = domain.id;
        after.slug_key = slug_key(&after.slug, domain.case_sensitive);
        refresh(&mut after);
        if let Some(external_id) = after.external_id.clone() {
            let others = links::find_by_external_ids(transaction, to.workspace_id(), vec![external_id]).await?;
            if !others.is_empty() {
                return Err(external_id_taken());
            }
        }
        Ok(after)
    }
}

/// The domain that a link has in the other workspace, which does not change how it files slugs until the transaction ends.
async fn domain_at(
    transaction: &Transaction,
    to: &Access,
    before: &Row,
    hostname: Option<String>,
    errors: &mut FieldErrors,
) -> Result<Option<Domain>> {
    let found = match hostname.clone() {
        Some(hostname) => domains::hold_named(transaction, to.workspace_id(), vec![hostname]).await?,
        None => domains::hold_all(transaction, to.workspace_id(), vec![before.domain_id]).await?,
    };
    if found.is_empty() && hostname.is_some() {
        errors.add("/domain", "unknown_domain", "that workspace has no such domain");
    } else if found.is_empty() {
        errors.add("/domain", "required", "the link's domain stays in its workspace: name one of the other workspace");
    }
    Ok(found.into_iter().next())
}

/// Refuses to move what is frozen, what a second person guards, and what is in a folder that is closed to somebody, who would see the clicks
/// that stay behind.
async fn require_free_to_leave(transaction: &Transaction, from: &Access, row: &Row) -> Result<()> {
    Freeze::load(transaction, from).await?.check(row.folder_id)?;
    require_no_approval(row)?;
    let Some(folder) = row.folder_id else { return Ok(()) };
    if !folders::is_closed_to_somebody(transaction, from.workspace_id(), folder).await? {
        return Ok(());
    }
    let message = "The link is in a folder that is closed to some members. Move it out of the folder first.";
    Err(Error::new(ErrorKind::Conflict, "closed_folder", message))
}
