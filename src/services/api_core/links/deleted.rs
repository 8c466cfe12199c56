//! Deleted links, which can be restored for some time. Nobody else gets their slugs meanwhile, and visitors are told that they are gone.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bulk::{BulkItem, only};
use super::change_requests::approval_required;
use super::changes::check_again;
use super::content::{DeletedContent, LinkContent, decode, encode};
use super::create::invalidation;
use super::history::{Step, record};
use super::plan::{Plan, check_letters, external_id_taken, new_row_on, slug_key, slug_taken};
use super::redirect_loops::LoopGuard;
use super::revert::domain_gone;
use super::tagging::TagsByName;
use super::view::Link;
use super::writing::Written;
use super::{PURGED, RESTORED};
use crate::domain::change::Invalidation;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folder::FolderAccess;
use crate::domain::id::{DomainId, FolderId, LinkChangeId, LinkId};
use crate::domain::link::{ForwardQuery, LinkRecord, LinkState};
use crate::domain::link_version::LinkVersionAction;
use crate::domain::recorded::Author;
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::infra::store::deleted_links::{self, DeletedLink as DeletedRow};
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Connection, Transaction, link_comments, link_versions, tags, users};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::folders;
use crate::services::api_core::freeze_windows::Freeze;
use crate::services::api_core::principal::Access;
use crate::services::api_core::recorded_action::{Recorded, RecordedAction};

/// A deleted link that can be restored.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeletedLink {
    /// Its id, which it keeps.
    pub id: LinkId,
    /// The host name that it lived on; `null` if the workspace no longer has that domain.
    #[schema(example = "go.example.com")]
    pub domain: Option<String>,
    /// The part after the host, which it keeps.
    #[schema(example = "summer-sale")]
    pub slug: String,
    /// Where visitors went unless a rule said otherwise.
    pub destination_url: Destination,
    /// Shown on the preview page.
    pub title: Option<String>,
    /// The folder that it was in, and comes back to.
    pub folder_id: Option<FolderId>,
    /// Who deleted it: the id of a person, a key or a program.
    pub deleted_by: Author,
    /// The change that the deletion was part of, by which it can be undone.
    pub change_id: LinkChangeId,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// When it can no longer be restored.
    pub purge_at: Timestamp,
}

/// How a deleted link comes back.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreDraft {
    /// Another slug; the old one if absent.
    #[schema(
        min_length = 1,
        max_length = 190,
        pattern = r"^[^\x00-,/:-@\[-\^`{-\x7f]+(/[^\x00-,/:-@\[-\^`{-\x7f]+)*$",
        nullable = false
    )]
    pub slug: Option<String>,
    /// The host name of a domain of the workspace to come back on; its own if absent. A link whose domain was deleted needs one, also where a
    /// domain of the same name was added again.
    #[schema(min_length = 1, max_length = 253, example = "go.example.com", nullable = false)]
    pub domain: Option<String>,
}

/// Where deleted links come back, if not where they were.
#[derive(Default)]
pub(super) struct RestoredTo {
    domain: Option<Domain>,
    slug: Option<Slug>,
}

impl Recorded for DeletedLink {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl ApiCore {
    /// A page of the deleted links that can be restored and exist for the caller, last deleted first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_deleted_links(&self, access: &Access, page: Page) -> Result<Vec<DeletedLink>> {
        let reader = self.store.reader();
        let rows = deleted_links::list(reader, access.workspace_id(), access.folders.hidden(), page).await?;
        self.view_deleted(reader, access, rows).await
    }

    /// Brings a deleted link back as it was, with its clicks.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such deleted link; `Conflict` if its slug or external id is another link's by now, its domain is
    /// gone and the draft names none, or a second person has to approve it; `Invalid` if what it was is no longer allowed.
    pub async fn restore_link(&self, access: &Access, id: LinkId, draft: RestoreDraft) -> Result<Link> {
        let mut errors = FieldErrors::default();
        let slug = draft.slug.and_then(|slug| errors.check("/slug", "invalid_slug", Slug::parse(&slug)));
        self.check_words(slug.as_ref(), &mut errors);
        let hostname = draft.domain.and_then(|hostname| errors.hostname("/domain", &hostname));
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let row = by_one(access, deleted_links::lock(&transaction, access.workspace_id(), id).await?)?;
        let domain = match hostname {
            Some(hostname) => Some(domain_named(&transaction, access, hostname).await?),
            None => None,
        };
        let to = RestoredTo { domain, slug };
        let written = Box::pin(self.restore(&transaction, access, vec![row], &to, LinkChangeId::new())).await?;
        let link = only(written.links)?;
        self.commit(transaction, written.recorded_actions, written.stale).await?;
        Ok(self.with_clicks(access, link).await)
    }

    /// Forgets a deleted link before its time. Its slug is free then.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such deleted link; `Conflict` if it is frozen, or a second person has to approve it.
    pub async fn purge_link(&self, access: &Access, id: LinkId) -> Result<()> {
        let transaction = self.store.write().await?;
        let row = by_one(access, deleted_links::lock(&transaction, access.workspace_id(), id).await?)?;
        let (recorded_actions, stale) = self.forget(&transaction, access, row).await?;
        self.commit(transaction, recorded_actions, stale).await
    }

    /// Forgets a deleted link, which the caller has locked: what happened, and what edges have to forget.
    pub(super) async fn forget(
        &self,
        transaction: &Transaction,
        access: &Access,
        row: DeletedRow,
    ) -> Result<(Vec<RecordedAction>, Vec<Invalidation>)> {
        Freeze::load(transaction, access).await?.check(row.folder_id)?;
        let ids = [row.id];
        let stale = kept_slug(&row).into_iter().collect();
        let view = self.view_deleted(transaction, access, vec![row]).await?;
        deleted_links::purge(transaction, &ids).await?;
        link_versions::forget_all(transaction, &ids).await?;
        link_comments::forget_all(transaction, &ids).await?;
        let recorded_actions = view.iter().map(|link| PURGED.removed(access.by(), link)).collect::<Result<_>>()?;
        Ok((recorded_actions, stale))
    }

    /// Brings deleted links back, which the caller has locked, as parts of one change.
    pub(super) async fn restore(
        &self,
        transaction: &Transaction,
        access: &Access,
        rows: Vec<DeletedRow>,
        to: &RestoredTo,
        change: LinkChangeId,
    ) -> Result<Written> {
        let deleted: Vec<DeletedContent> = rows.iter().map(content_of).collect::<Result<_>>()?;
        let names = deleted.iter().flat_map(|deleted| deleted.content.tags.clone()).collect();
        let domains = domains_of(transaction, access, &deleted).await?;
        let tags_by_name = TagsByName::load(transaction, access, names).await?;
        let own = LoopGuard::load(self, transaction, access).await?;
        let freeze = Freeze::load(transaction, access).await?;
        let mut written = Written { recorded_actions: tags_by_name.recorded_actions(access)?, ..Written::default() };
        let mut steps = Vec::new();
        for (row, deleted) in rows.into_iter().zip(deleted) {
            let tags = deleted.content.tags.clone();
            let before = as_deleted(access, row.id, deleted.clone());
            written.stale.extend(kept_slug(&row));
            let after = match freeze.check(row.folder_id) {
                Ok(()) => self.as_restored(transaction, &domains, &own, before.clone(), to).await?,
                Err(error) => Err(error),
            };
            let after = match after {
                Ok(after) => write(transaction, access, after).await?,
                Err(error) => Err(error),
            };
            let after = match after {
                Ok(after) => after,
                Err(error) => {
                    written.links.push(Err(error));
                    continue;
                }
            };
            let pairs = tags_by_name.ids(&tags)?.into_iter().map(|tag| (after.id, tag)).collect();
            tags::put_on(transaction, pairs).await?;
            deleted_links::take_out(transaction, &[after.id]).await?;
            let link = self.view_single(transaction, access.workspace_id(), after.clone()).await?;
            written.recorded_actions.push(RESTORED.made(access.by(), &link)?);
            written.stale.push(invalidation(&after));
            written.links.push(Ok(link));
            steps.push(Step { before: (before, tags.clone()), after: (after, tags) });
        }
        let how = (change, LinkVersionAction::Restored);
        record(transaction, access, steps, how, self.settings.link_history.versions_max).await?;
        Ok(written)
    }

    /// The next version of a link that comes back. The inner error is its own.
    async fn as_restored(
        &self,
        transaction: &Transaction,
        domains: &HashMap<DomainId, Domain>,
        own: &LoopGuard,
        before: Row,
        to: &RestoredTo,
    ) -> Result<BulkItem<Row>> {
        let Some(domain) = to.domain.as_ref().or_else(|| domains.get(&before.domain_id)) else {
            return Ok(Err(domain_is_to_be_named()));
        };
        if let Err(error) = check_letters(to.slug.as_ref().map_or(&before.slug, Slug::as_str), domain) {
            return Ok(Err(error));
        }
        let mut after = Row { version: before.version.saturating_add(1), updated_at: clock::now(), ..before };
        if let Some(slug) = &to.slug {
            slug.as_str().clone_into(&mut after.slug);
            super::changes::refresh(&mut after);
        }
        after.domain_id = domain.id;
        after.slug_key = slug_key(&after.slug, domain.case_sensitive);
        if let Some(person) = after.created_by
            && users::find(transaction, person).await?.is_none()
        {
            after.created_by = None;
        }
        let mut errors = FieldErrors::default();
        check_again(&after, &self.settings.destinations, &mut errors);
        own.refuse_loops(transaction, &after, &Plan::with_capacity(0), &mut errors).await?;
        Ok(errors.into_result().map(|()| after))
    }

    async fn view_deleted(
        &self,
        connection: &impl Connection,
        access: &Access,
        rows: Vec<DeletedRow>,
    ) -> Result<Vec<DeletedLink>> {
        let contents: Vec<DeletedContent> = rows.iter().map(content_of).collect::<Result<_>>()?;
        let ids = contents.iter().map(|deleted| deleted.content.domain_id).collect();
        let domains = domains::find_all(connection, access.workspace_id(), ids).await?;
        let hostname = |id| domains.iter().find(|domain| domain.id == id).map(|domain| domain.hostname.clone());
        let view = |(row, deleted): (DeletedRow, DeletedContent)| DeletedLink {
            id: row.id,
            domain: hostname(deleted.content.domain_id),
            slug: deleted.content.slug,
            destination_url: deleted.content.destination_url,
            title: deleted.content.title,
            folder_id: row.folder_id,
            deleted_by: row.author,
            change_id: row.change_id,
            deleted_at: row.created_at,
            purge_at: row.created_at.plus(self.settings.link_history.deleted_kept_for),
        };
        Ok(rows.into_iter().zip(contents).map(view).collect())
    }
}

/// Puts links where they can be restored from; `links` are their rows and the names of their tags.
pub(super) async fn put_aside(
    transaction: &Transaction,
    access: &Access,
    links: Vec<(Row, Vec<String>)>,
    change: LinkChangeId,
) -> Result<()> {
    let now = clock::now();
    let places: Vec<(DomainId, String)> = links.iter().map(|(row, _)| (row.domain_id, row.slug_key.clone())).collect();
    deleted_links::free_slugs(transaction, &places).await?;
    let aside = |(row, tags): (Row, Vec<String>)| {
        let deleted = DeletedContent {
            used_clicks: row.used_clicks,
            period_start: row.period_start,
            period_clicks: row.period_clicks,
            printed_at: row.printed_at,
            disabled_reason: row.disabled_reason.clone(),
            version: row.version,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
            content: LinkContent::of(row.clone(), tags),
        };
        Ok(DeletedRow {
            id: row.id,
            workspace_id: row.workspace_id,
            folder_id: row.folder_id,
            domain_id: Some(row.domain_id),
            slug: Some(row.slug),
            slug_key: Some(row.slug_key),
            content: Some(encode(&deleted)?),
            author: access.author(),
            change_id: change,
            created_at: now,
        })
    };
    let rows = links.into_iter().map(aside).collect::<Result<_>>()?;
    deleted_links::insert_many(transaction, rows).await
}

/// The deleted link, if it exists for the caller and is theirs to change.
pub(super) fn deletable(access: &Access, row: Option<DeletedRow>) -> Result<DeletedRow> {
    let row = row.filter(|row| access.folders.sees(row.folder_id)).ok_or_else(|| Error::not_found("link"))?;
    if access.folders.access(row.folder_id) < FolderAccess::Edit { Err(folders::read_only()) } else { Ok(row) }
}

/// The same, if no second person has to approve what is done to it.
pub(super) fn by_one(access: &Access, row: Option<DeletedRow>) -> Result<DeletedRow> {
    let row = deletable(access, row)?;
    if content_of(&row)?.content.needs_approval { Err(approval_required(row.id)) } else { Ok(row) }
}

/// Word that whatever is believed of the slug that a deleted link keeps is no longer right.
pub(in crate::services::api_core) fn kept_slug(row: &DeletedRow) -> Option<Invalidation> {
    Some(Invalidation::Link { domain_id: row.domain_id?, slug: row.slug_key.as_deref()?.into() })
}

/// A deleted link as edges know it: as one that is over, with nothing of its own.
///
/// # Errors
/// `Internal` if it keeps no slug.
pub(in crate::services::api_core) fn deleted_link_record(row: &DeletedRow) -> Result<LinkRecord> {
    let DeletedContent { content, .. } = content_of(row)?;
    let slug = row.slug_key.as_deref().ok_or_else(|| Error::internal("a deleted link without a slug"))?;
    Ok(LinkRecord {
        id: row.id,
        workspace_id: row.workspace_id,
        domain_id: content.domain_id,
        slug: slug.into(),
        destination: content.destination_url,
        redirect_status: content.redirect_status,
        state: LinkState::Archived,
        starts_at: None,
        expires_at: None,
        expired_url: None,
        max_clicks: None,
        password_hash: None,
        forward_query: ForwardQuery::default(),
        forward_path: content.forward_path,
        rules: Vec::new(),
        title: None,
        description: None,
        extras: None,
    })
}

/// Which of these slugs, as their domains file them, deleted links keep that exist for the caller, and why nobody gets them.
pub(super) async fn slugs_in_bin(
    transaction: &Transaction,
    access: &Access,
    places: Vec<(DomainId, String)>,
) -> Result<HashMap<(DomainId, String), LinkId>> {
    let kept = deleted_links::keeping(transaction, places).await?;
    let own = kept.into_iter().filter(|row| row.workspace_id == access.workspace_id());
    let seen = own.filter(|row| access.folders.sees(row.folder_id));
    Ok(seen.filter_map(|row| Some(((row.domain_id?, row.slug_key?), row.id))).collect())
}

/// Why a link cannot have this slug.
pub(super) async fn slug_in_use(transaction: &Transaction, access: &Access, row: &Row) -> Result<Error> {
    let places = vec![(row.domain_id, row.slug_key.clone())];
    let in_bin = slugs_in_bin(transaction, access, places).await?;
    let other = in_bin.into_values().find(|id| *id != row.id);
    Ok(other.map_or_else(slug_taken, slug_of_deleted_link))
}

/// A deleted link keeps the slug.
pub(super) fn slug_of_deleted_link(id: LinkId) -> Error {
    let message =
        format!("The deleted link {id} keeps this slug. Restore it, or delete it for good, which makes the slug free.");
    Error::new(ErrorKind::Conflict, "slug_of_deleted_link", message)
}

pub(super) fn content_of(row: &DeletedRow) -> Result<DeletedContent> {
    decode(row.content.as_deref().ok_or_else(|| Error::internal("a link that cannot be restored"))?)
}

async fn domain_named(transaction: &Transaction, access: &Access, hostname: String) -> Result<Domain> {
    let found = domains::hold_named(transaction, access.workspace_id(), vec![hostname]).await?.pop();
    found.ok_or_else(|| Error::invalid_field("/domain", "unknown_domain", "the workspace has no such domain"))
}

fn domain_is_to_be_named() -> Error {
    let message = "The workspace no longer has the domain that the link was on. Restore the link with the domain that it shall come back on.";
    Error { message: message.into(), ..domain_gone() }
}

async fn domains_of(
    transaction: &Transaction,
    access: &Access,
    deleted: &[DeletedContent],
) -> Result<HashMap<DomainId, Domain>> {
    let mut ids: Vec<DomainId> = deleted.iter().map(|deleted| deleted.content.domain_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let domains = domains::hold_all(transaction, access.workspace_id(), ids).await?;
    Ok(domains.into_iter().map(|domain| (domain.id, domain)).collect())
}

/// The row that was deleted.
fn as_deleted(access: &Access, id: LinkId, deleted: DeletedContent) -> Row {
    let mut row = Row {
        id,
        told_expiry: None,
        used_clicks: deleted.used_clicks,
        period_start: deleted.period_start,
        period_clicks: deleted.period_clicks,
        printed_at: deleted.printed_at,
        disabled_reason: deleted.disabled_reason,
        version: deleted.version,
        created_by: deleted.created_by,
        created_at: deleted.created_at,
        updated_at: deleted.updated_at,
        ..new_row_on(access, deleted.content.domain_id, deleted.content.destination_url.clone())
    };
    deleted.content.write_into(&mut row);
    row
}

/// Writes a link, unless its slug or external id is in use.
async fn write(transaction: &Transaction, access: &Access, row: Row) -> Result<BulkItem<Row>> {
    if let Some(external_id) = row.external_id.clone() {
        let others = links::find_by_external_ids(transaction, row.workspace_id, vec![external_id]).await?;
        if !others.is_empty() {
            return Ok(Err(external_id_taken()));
        }
    }
    let inserted = links::insert_many(transaction, vec![row.clone()]).await?;
    if inserted.contains(&row.id) {
        return Ok(Ok(row));
    }
    Ok(Err(slug_in_use(transaction, access, &row).await?))
}
