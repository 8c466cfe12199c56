//! Short links. Callers prove the workspace, except for the edge, which asks by domain and slug.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, OnConflict, Order};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, DbErr, EntityTrait, ExprTrait, FromQueryResult,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryResult, QuerySelect, QueryTrait, Select, SelectModel, Selector,
};

use super::entities::{link, link_tag, workspace};
use super::error::false_if_taken;
use super::page::{Page, sorted};
use super::text_pattern::containing;
use super::{Connection, deleted_links};
use crate::domain::error::Result;
use crate::domain::id::{DomainId, FolderId, LinkId, TagId, UserId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;

pub use link::Model as Link;

/// How many links one statement may insert: each has about thirty values, and SQLite binds at most 32,766.
const INSERT_ROWS_MAX: usize = 500;
/// How many ids one statement may name.
const ID_ROWS_MAX: usize = 1_000;

/// The name of a column beside those of the link.
const WORKSPACE_DELETED_AT: &str = "workspace_deleted_at";

/// The form that [`Link::search_key`] has today; a row with a lower one was filed by an older program.
pub const SEARCH_FORM: i64 = 1;

/// Which links of a workspace a list shows. What is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkFilter {
    /// Only those on this domain.
    pub domain: Option<DomainId>,
    /// Only those with this tag.
    pub tag: Option<TagId>,
    /// Only those with this destination, by its hash and itself.
    pub destination: Option<(i64, Destination)>,
    /// Only those in this folder, or in none.
    pub folder: Option<FolderFilter>,
    /// None of those in these folders.
    pub hidden_folders: Vec<FolderId>,
    /// Only those that are archived, or are not.
    pub archived: Option<bool>,
    /// Only those that this person made.
    pub created_by: Option<UserId>,
    /// Only those whose slug, destination or title contains this text, folded.
    pub search: Option<String>,
    /// Only those made at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Only those made before this moment.
    pub created_until: Option<Timestamp>,
}

/// Which place of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderFilter {
    /// In no folder.
    Outside,
    /// In this one.
    In(FolderId),
}

/// The time that a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortTime {
    /// When links were made.
    Created,
    /// When links were last changed.
    Updated,
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// A link as the edge asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedLink {
    /// The link.
    pub link: Link,
    /// Whether its workspace is being deleted.
    pub workspace_is_deleted: bool,
}

/// Adds those links whose slug and external id are free and returns their ids. A slug that a deleted link keeps is not free for others. Slugs
/// are taken in one order, whatever that of the links is, so that no two callers wait for each other.
///
/// # Errors
/// Only those of the database.
pub async fn insert_many(connection: &impl Connection, links: Vec<Link>) -> Result<HashSet<LinkId>> {
    let mut inserted = HashSet::with_capacity(links.len());
    let places: Vec<(LinkId, DomainId, String)> =
        links.iter().map(|link| (link.id, link.domain_id, link.slug_key.clone())).collect();
    let (first, repeated) = apart_by_external_id(links);
    for links in [first, repeated] {
        insert_sorted(connection, links, &mut inserted).await?;
    }
    take_back_kept(connection, places, &mut inserted).await?;
    Ok(inserted)
}

/// Takes those links back whose slugs deleted links keep. Only once they are written nobody else can delete a link with such a slug.
async fn take_back_kept(
    connection: &impl Connection,
    mut places: Vec<(LinkId, DomainId, String)>,
    inserted: &mut HashSet<LinkId>,
) -> Result<()> {
    places.retain(|(id, _, _)| inserted.contains(id));
    let slugs = places.iter().map(|(_, domain, slug)| (*domain, slug.clone())).collect();
    let kept: HashMap<(DomainId, String), LinkId> = deleted_links::keeping(connection, slugs)
        .await?
        .into_iter()
        .filter_map(|deleted| Some(((deleted.domain_id?, deleted.slug_key?), deleted.id)))
        .collect();
    if kept.is_empty() {
        return Ok(());
    }
    let of_another = |(id, domain, slug): (LinkId, DomainId, String)| {
        kept.get(&(domain, slug)).is_some_and(|deleted| *deleted != id).then_some(id)
    };
    let taken_back: Vec<LinkId> = places.into_iter().filter_map(of_another).collect();
    for ids in taken_back.chunks(ID_ROWS_MAX) {
        link::Entity::delete_many().filter(link::Column::Id.is_in(ids.iter().copied())).exec(connection).await?;
    }
    inserted.retain(|id| !taken_back.contains(id));
    Ok(())
}

/// The links that are the first with their external id, and those after them, which only have it if the first does not get it.
fn apart_by_external_id(links: Vec<Link>) -> (Vec<Link>, Vec<Link>) {
    let mut seen = HashSet::new();
    links
        .into_iter()
        .partition(|link| link.external_id.as_ref().is_none_or(|id| seen.insert((link.workspace_id, id.clone()))))
}

async fn insert_sorted(
    connection: &impl Connection,
    mut links: Vec<Link>,
    inserted: &mut HashSet<LinkId>,
) -> Result<()> {
    // Of those with the same slug, the first stays the first.
    links.sort_by(|one, other| (one.domain_id, &one.slug_key).cmp(&(other.domain_id, &other.slug_key)));
    let mut links = links.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while links.peek().is_some() {
        let rows: Vec<link::ActiveModel> = links.by_ref().take(INSERT_ROWS_MAX).collect();
        let keys = link::Entity::insert_many(rows)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_with_returning_keys(connection)
            .await?;
        inserted.extend(keys);
    }
    Ok(())
}

/// Whether a link of whichever workspace has this slug, as the domain files it.
///
/// # Errors
/// Only those of the database.
pub async fn is_taken(connection: &impl Connection, domain: DomainId, slug_key: &str) -> Result<bool> {
    let query =
        link::Entity::find().filter(link::Column::DomainId.eq(domain)).filter(link::Column::SlugKey.eq(slug_key));
    Ok(query.count(connection).await? > 0)
}

/// Which links of the workspace have one of these external ids.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_external_ids(
    connection: &impl Connection,
    workspace: WorkspaceId,
    external_ids: Vec<String>,
) -> Result<Vec<Link>> {
    Ok(of(workspace).filter(link::Column::ExternalId.is_in(external_ids)).all(connection).await?)
}

/// One link of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, workspace: WorkspaceId, id: LinkId) -> Result<Option<Link>> {
    Ok(of(workspace).filter(link::Column::Id.eq(id)).one(connection).await?)
}

/// Those of these links that are the workspace's, in any order, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_many(connection: &impl Connection, workspace: WorkspaceId, ids: &[LinkId]) -> Result<Vec<Link>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(ID_ROWS_MAX) {
        let query = of(workspace).filter(link::Column::Id.is_in(ids.iter().copied()));
        // One order for all, so that two transactions never wait for each other.
        found.extend(sorted_by_id(query).lock_exclusive().all(connection).await?);
    }
    Ok(found)
}

/// The workspace's links on a domain, at most `limit`, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_on_domain(
    connection: &impl Connection,
    workspace: WorkspaceId,
    domain: DomainId,
    limit: usize,
) -> Result<Vec<Link>> {
    let query = of(workspace).filter(link::Column::DomainId.eq(domain)).limit(u64::try_from(limit).unwrap_or(u64::MAX));
    Ok(sorted_by_id(query).lock_exclusive().all(connection).await?)
}

/// The workspace's link under a slug, as the domain files it.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_slug(
    connection: &impl Connection,
    workspace: WorkspaceId,
    domain: DomainId,
    slug_key: &str,
) -> Result<Option<Link>> {
    let query = of(workspace).filter(link::Column::DomainId.eq(domain)).filter(link::Column::SlugKey.eq(slug_key));
    Ok(query.one(connection).await?)
}

/// The link of whichever workspace under a slug, as the domain files it, and whether its workspace is being deleted: what the
/// edge asks.
///
/// # Errors
/// Only those of the database.
pub async fn resolve(connection: &impl Connection, domain: DomainId, slug_key: &str) -> Result<Option<ResolvedLink>> {
    let query =
        link::Entity::find().filter(link::Column::DomainId.eq(domain)).filter(link::Column::SlugKey.eq(slug_key));
    Ok(with_workspace(query).one(connection).await?)
}

/// The links of whichever workspaces under these slugs of one domain, as it files them, at most a thousand of them.
///
/// # Errors
/// Only those of the database.
pub async fn resolve_many(
    connection: &impl Connection,
    domain: DomainId,
    slug_keys: Vec<String>,
) -> Result<Vec<ResolvedLink>> {
    let query =
        link::Entity::find().filter(link::Column::DomainId.eq(domain)).filter(link::Column::SlugKey.is_in(slug_keys));
    Ok(with_workspace(query).all(connection).await?)
}

/// In one query, because visitors wait for it.
fn with_workspace(query: Select<link::Entity>) -> Selector<SelectModel<ResolvedLink>> {
    let deleted = workspace::Entity::find()
        .select_only()
        .column(workspace::Column::DeletedAt)
        .filter(workspace::Column::Id.into_expr().eq(link::Column::WorkspaceId.into_expr()))
        .into_query();
    query.expr_as(Expr::from(deleted), WORKSPACE_DELETED_AT).into_model()
}

impl FromQueryResult for ResolvedLink {
    fn from_query_result(row: &QueryResult, prefix: &str) -> std::result::Result<Self, DbErr> {
        let deleted_at: Option<Timestamp> = row.try_get(prefix, WORKSPACE_DELETED_AT)?;
        Ok(Self { link: Link::from_query_result(row, prefix)?, workspace_is_deleted: deleted_at.is_some() })
    }
}

/// Deletes at most `limit` links of a workspace, and says how many there were.
///
/// # Errors
/// Only those of the database.
pub async fn delete_some(connection: &impl Connection, workspace: WorkspaceId, limit: u64) -> Result<u64> {
    let some = of(workspace).select_only().column(link::Column::Id).limit(limit).into_query();
    let deleted = link::Entity::delete_many().filter(link::Column::Id.in_subquery(some)).exec(connection).await?;
    Ok(deleted.rows_affected)
}

/// Where the links after `id` live, in the order of their ids: what edges learn of every workspace's links.
///
/// # Errors
/// Only those of the database.
pub async fn names_after(
    connection: &impl Connection,
    id: LinkId,
    limit: u64,
) -> Result<Vec<(LinkId, DomainId, String)>> {
    let query = link::Entity::find()
        .select_only()
        .column(link::Column::Id)
        .column(link::Column::DomainId)
        .column(link::Column::SlugKey)
        .filter(link::Column::Id.gt(id));
    Ok(sorted_by_id(query).limit(limit).into_tuple().all(connection).await?)
}

/// How many links all workspaces have.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection) -> Result<u64> {
    Ok(link::Entity::find().count(connection).await?)
}

/// The workspace's links to a destination, oldest first, at most `limit`; the hash may fit a few others too.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_destination(
    connection: &impl Connection,
    workspace: WorkspaceId,
    destination_hash: i64,
    limit: u64,
) -> Result<Vec<Link>> {
    let query = of(workspace).filter(link::Column::DestinationHash.eq(destination_hash));
    Ok(sorted_by_id(query).limit(limit).all(connection).await?)
}

/// The links that a filter finds, each with its version, in the order of their ids, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn versions(
    connection: &impl Connection,
    workspace: WorkspaceId,
    filter: LinkFilter,
    limit: u64,
) -> Result<Vec<(LinkId, i64)>> {
    let query = filtered(of(workspace), filter).select_only().column(link::Column::Id).column(link::Column::Version);
    Ok(sorted_by_id(query).limit(limit).into_tuple().all(connection).await?)
}

/// The hashes of destinations that several links of a workspace have, those in `hidden` folders aside: after one hash, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn repeated_destinations(
    connection: &impl Connection,
    workspace: WorkspaceId,
    hidden: Vec<FolderId>,
    after: Option<i64>,
    limit: u64,
) -> Result<Vec<i64>> {
    let filter = LinkFilter { hidden_folders: hidden, ..LinkFilter::default() };
    let query = filtered(of(workspace), filter)
        .select_only()
        .column(link::Column::DestinationHash)
        .apply_if(after, |query, after| query.filter(link::Column::DestinationHash.gt(after)))
        .group_by(link::Column::DestinationHash)
        .having(link::Column::Id.count().gt(1));
    let query = sea_orm::QueryOrder::order_by_asc(query, link::Column::DestinationHash);
    Ok(query.limit(limit).into_tuple().all(connection).await?)
}

/// The workspace's links to a destination that are in none of the `hidden` folders, oldest first, at most `limit`; the hash may fit a few
/// others too.
///
/// # Errors
/// Only those of the database.
pub async fn visible_by_destination(
    connection: &impl Connection,
    workspace: WorkspaceId,
    hidden: Vec<FolderId>,
    destination_hash: i64,
    limit: u64,
) -> Result<Vec<Link>> {
    let filter = LinkFilter { hidden_folders: hidden, ..LinkFilter::default() };
    let query = filtered(of(workspace), filter).filter(link::Column::DestinationHash.eq(destination_hash));
    Ok(sorted_by_id(query).limit(limit).all(connection).await?)
}

/// A page of a workspace's links.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    filter: LinkFilter,
    (time, order): (SortTime, SortOrder),
    page: Page,
) -> Result<Vec<Link>> {
    let time = match time {
        SortTime::Created => link::Column::CreatedAt,
        SortTime::Updated => link::Column::UpdatedAt,
    };
    let order = match order {
        SortOrder::Ascending => Order::Asc,
        SortOrder::Descending => Order::Desc,
    };
    let query = filtered(of(workspace), filter);
    Ok(sorted(query, time, link::Column::Id, order, page).all(connection).await?)
}

/// How many links of a workspace the filter lets through.
///
/// # Errors
/// Only those of the database.
pub async fn count_filtered(connection: &impl Connection, workspace: WorkspaceId, filter: LinkFilter) -> Result<u64> {
    Ok(filtered(of(workspace), filter).count(connection).await?)
}

/// The links of a workspace in these folders, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn ids_in_folders(
    connection: &impl Connection,
    workspace: WorkspaceId,
    folders: Vec<FolderId>,
    limit: u64,
) -> Result<Vec<LinkId>> {
    let query = of(workspace).filter(link::Column::FolderId.is_in(folders));
    Ok(query.select_only().column(link::Column::Id).limit(limit).into_tuple().all(connection).await?)
}

/// Writes a link over the version before it, all but its counts of used clicks. False if another link has its slug or its
/// external id; the transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, link: Link) -> Result<bool> {
    let mut row = link.into_active_model().reset_all();
    row.used_clicks = NotSet;
    row.told_expiry = NotSet;
    row.period_start = NotSet;
    row.period_clicks = NotSet;
    false_if_taken(link::Entity::update(row).exec(connection).await)
}

/// Some links of any workspace whose `search_key` has an older form, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_older_search_forms(connection: &impl Connection, limit: u64) -> Result<Vec<Link>> {
    let query = sorted_by_id(link::Entity::find().filter(link::Column::SearchForm.lt(SEARCH_FORM)));
    Ok(query.limit(limit).lock_exclusive().all(connection).await?)
}

/// Files a link under a key of today's form. That is no edit.
///
/// # Errors
/// Only those of the database.
pub async fn write_search_key(connection: &impl Connection, id: LinkId, key: String) -> Result<()> {
    link::Entity::update_many()
        .col_expr(link::Column::SearchKey, Expr::value(key))
        .col_expr(link::Column::SearchForm, Expr::value(SEARCH_FORM))
        .filter(link::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Notes since when the QR code of a link, which the caller has locked, may be in print. That is no edit.
///
/// # Errors
/// Only those of the database.
pub async fn write_printed_at(connection: &impl Connection, id: LinkId, at: Option<Timestamp>) -> Result<()> {
    link::Entity::update_many()
        .col_expr(link::Column::PrintedAt, Expr::value(at))
        .filter(link::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Deletes links of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn delete_many(connection: &impl Connection, workspace: WorkspaceId, ids: &[LinkId]) -> Result<()> {
    for ids in ids.chunks(ID_ROWS_MAX) {
        link::Entity::delete_many()
            .filter(link::Column::WorkspaceId.eq(workspace))
            .filter(link::Column::Id.is_in(ids.iter().copied()))
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Some links of any workspace that have expired and of whose end nobody was told, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_untold_expiries(connection: &impl Connection, now: Timestamp, limit: u64) -> Result<Vec<Link>> {
    let (expiry, told) = (link::Column::ExpiresAt, link::Column::ToldExpiry);
    let query = link::Entity::find()
        .filter(expiry.is_not_null())
        .filter(expiry.lte(now))
        .filter(told.is_null().or(Expr::col(told).ne(Expr::col(expiry))));
    Ok(sorted_by_id(query).limit(limit).lock_exclusive().all(connection).await?)
}

/// Notes that followers are told of the end of these links, which the caller has locked. That is no edit.
///
/// # Errors
/// Only those of the database.
pub async fn note_told_expiries(connection: &impl Connection, ids: &[LinkId]) -> Result<()> {
    link::Entity::update_many()
        .col_expr(link::Column::ToldExpiry, Expr::col(link::Column::ExpiresAt))
        .filter(link::Column::Id.is_in(ids.iter().copied()))
        .exec(connection)
        .await?;
    Ok(())
}

fn of(workspace: WorkspaceId) -> Select<link::Entity> {
    link::Entity::find().filter(link::Column::WorkspaceId.eq(workspace))
}

fn sorted_by_id(query: Select<link::Entity>) -> Select<link::Entity> {
    sea_orm::QueryOrder::order_by_asc(query, link::Column::Id)
}

fn filtered(query: Select<link::Entity>, filter: LinkFilter) -> Select<link::Entity> {
    query
        .apply_if(filter.domain, |query, domain| query.filter(link::Column::DomainId.eq(domain)))
        .apply_if(filter.tag, |query, tag| query.filter(link::Column::Id.in_subquery(tagged(tag))))
        .apply_if(filter.destination, |query, (hash, destination)| {
            query.filter(link::Column::DestinationHash.eq(hash)).filter(link::Column::DestinationUrl.eq(destination))
        })
        .apply_if(filter.folder, |query, folder| query.filter(is_in(folder)))
        .apply_if(Some(filter.hidden_folders).filter(|hidden| !hidden.is_empty()), |query, hidden| {
            query.filter(link::Column::FolderId.is_null().or(link::Column::FolderId.is_not_in(hidden)))
        })
        .apply_if(filter.archived, |query, archived| query.filter(is_archived(archived)))
        .apply_if(filter.created_by, |query, person| query.filter(link::Column::CreatedBy.eq(person)))
        .apply_if(filter.search, |query, text| query.filter(link::Column::SearchKey.like(containing(&text))))
        .apply_if(filter.created_from, |query, from| query.filter(link::Column::CreatedAt.gte(from)))
        .apply_if(filter.created_until, |query, until| query.filter(link::Column::CreatedAt.lt(until)))
}

fn is_in(folder: FolderFilter) -> Expr {
    match folder {
        FolderFilter::Outside => link::Column::FolderId.is_null(),
        FolderFilter::In(folder) => link::Column::FolderId.eq(folder),
    }
}

/// In the words of the partial indexes: a bound value would not tell a database which of them fits.
fn is_archived(archived: bool) -> Expr {
    let column = link::Column::Archived.into_expr();
    if archived { column } else { column.not() }
}

fn tagged(tag: TagId) -> sea_orm::sea_query::SelectStatement {
    let pairs = link_tag::Entity::find().filter(link_tag::Column::TagId.eq(tag));
    pairs.select_only().column(link_tag::Column::LinkId).into_query()
}
