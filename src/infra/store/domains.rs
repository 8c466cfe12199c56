//! Host names that short links live on. The default domain belongs to the instance and serves every workspace; others belong to
//! one, whom nobody but the claim of another workspace can dispute the name with.

use sea_orm::sea_query::{Expr, Func, LockType, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::Connection;
use super::entities::{deleted_link, domain, link};
use super::error::false_if_taken;
use super::page::{Page, newest_first};
use crate::domain::certificate::CertificateState;
use crate::domain::custom_domain::DomainState;
use crate::domain::error::Result;
use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::time::Timestamp;

pub use domain::Model as Domain;

/// Adds the default domain unless there is one, or its host name is in use.
///
/// # Errors
/// Only those of the database.
pub async fn insert_default(connection: &impl Connection, domain: Domain) -> Result<()> {
    let conflict = OnConflict::new().do_nothing().to_owned();
    domain::Entity::insert(domain.into_active_model()).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// The default domain.
///
/// # Errors
/// Only those of the database.
pub async fn find_default(connection: &impl Connection) -> Result<Option<Domain>> {
    Ok(domain::Entity::find().filter(domain::Column::IsDefault.eq(true)).one(connection).await?)
}

/// Adds a claim. False if the workspace has one of the host name, or the claim is no mere claim and somebody owns the name; the
/// transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, domain: Domain) -> Result<bool> {
    false_if_taken(domain::Entity::insert(domain.into_active_model()).exec_without_returning(connection).await)
}

/// The domain that has this host name, lower-case, and not only claims it.
///
/// # Errors
/// Only those of the database.
pub async fn find_owner(connection: &impl Connection, hostname: &str) -> Result<Option<Domain>> {
    let query = domain::Entity::find().filter(domain::Column::Hostname.eq(hostname)).filter(is_owner());
    Ok(query.one(connection).await?)
}

/// Every claim of a host name, whosever it is. None of them changes until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_claims(connection: &impl Connection, hostname: &str) -> Result<Vec<Domain>> {
    let query = domain::Entity::find().filter(domain::Column::Hostname.eq(hostname));
    Ok(query.order_by_asc(domain::Column::Id).lock_exclusive().all(connection).await?)
}

/// Every host name that a domain has and not only claims, and whether it is in use.
///
/// # Errors
/// Only those of the database.
pub async fn owned_hosts(connection: &impl Connection) -> Result<Vec<(String, DomainState)>> {
    let query = domain::Entity::find().filter(is_owner()).select_only();
    let query = query.column(domain::Column::Hostname).column(domain::Column::State);
    Ok(query.into_tuple().all(connection).await?)
}

/// The host names that the domains of a workspace have and not only claim.
///
/// # Errors
/// Only those of the database.
pub async fn owned_by(connection: &impl Connection, workspace: WorkspaceId) -> Result<Vec<String>> {
    let query = domain::Entity::find().filter(domain::Column::WorkspaceId.eq(workspace)).filter(is_owner());
    Ok(query.select_only().column(domain::Column::Hostname).into_tuple().all(connection).await?)
}

/// How many domains a workspace has of its own.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(domain::Entity::find().filter(domain::Column::WorkspaceId.eq(workspace)).count(connection).await?)
}

/// Domains that are to be looked at by now, the longest overdue first, with their workspaces.
///
/// # Errors
/// Only those of the database.
pub async fn due_for_check(
    connection: &impl Connection,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<(WorkspaceId, DomainId)>> {
    let query = domain::Entity::find().filter(domain::Column::NextCheckAt.lte(now));
    let query = query.filter(domain::Column::WorkspaceId.is_not_null()).order_by_asc(domain::Column::NextCheckAt);
    let query = query.limit(limit).select_only().column(domain::Column::WorkspaceId).column(domain::Column::Id);
    Ok(query.into_tuple().all(connection).await?)
}

/// Deletes a domain of a workspace, with every link that is still on it.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: DomainId) -> Result<()> {
    let query = domain::Entity::delete_many().filter(domain::Column::WorkspaceId.eq(workspace));
    query.filter(domain::Column::Id.eq(id)).exec(connection).await?;
    Ok(())
}

/// A domain that the workspace may use, by its id.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, workspace: WorkspaceId, id: DomainId) -> Result<Option<Domain>> {
    Ok(domain::Entity::find_by_id(id).filter(usable_by(workspace)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, workspace: WorkspaceId, id: DomainId) -> Result<Option<Domain>> {
    Ok(domain::Entity::find_by_id(id).filter(usable_by(workspace)).lock_exclusive().one(connection).await?)
}

/// A domain that no workspace asks for, such as for its certificate, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_for_instance(connection: &impl Connection, id: DomainId) -> Result<Option<Domain>> {
    Ok(domain::Entity::find_by_id(id).lock_exclusive().one(connection).await?)
}

/// Domains whose certificate is on its way, failed, or is to be renewed by now, and may be ordered by now.
///
/// # Errors
/// Only those of the database.
pub async fn due_for_certificates(connection: &impl Connection, now: Timestamp, limit: u64) -> Result<Vec<Domain>> {
    let state = domain::Column::CertificateState;
    let is_old = state.eq(CertificateState::Issued).and(domain::Column::CertificateRenewAt.lte(now));
    let next = domain::Column::CertificateNextOrderAt;
    let query = domain::Entity::find()
        .filter(state.is_in([CertificateState::Ordered, CertificateState::Failing]).or(is_old))
        .filter(next.is_null().or(next.lte(now)));
    Ok(query.limit(limit).all(connection).await?)
}

/// When the first of all certificates ends.
///
/// # Errors
/// Only those of the database.
pub async fn first_certificate_end(connection: &impl Connection) -> Result<Option<Timestamp>> {
    let end = domain::Column::CertificateNotAfter;
    let query = domain::Entity::find().select_only().column(end).filter(end.is_not_null());
    let first: Option<Option<Timestamp>> = query.order_by_asc(end).limit(1).into_tuple().one(connection).await?;
    Ok(first.flatten())
}

/// Domains that the workspace may use, by their host names.
///
/// # Errors
/// Only those of the database.
pub async fn find_named(
    connection: &impl Connection,
    workspace: WorkspaceId,
    hostnames: Vec<String>,
) -> Result<Vec<Domain>> {
    let query = domain::Entity::find().filter(usable_by(workspace)).filter(domain::Column::Hostname.is_in(hostnames));
    Ok(query.all(connection).await?)
}

/// The same, and none of them changes how it files slugs until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn hold_named(
    connection: &impl Connection,
    workspace: WorkspaceId,
    hostnames: Vec<String>,
) -> Result<Vec<Domain>> {
    let query = domain::Entity::find().filter(usable_by(workspace)).filter(domain::Column::Hostname.is_in(hostnames));
    Ok(query.lock(LockType::KeyShare).all(connection).await?)
}

/// The default domain, which does not change how it files slugs until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn hold_default(connection: &impl Connection) -> Result<Option<Domain>> {
    let query = domain::Entity::find().filter(domain::Column::IsDefault.eq(true));
    Ok(query.lock(LockType::KeyShare).one(connection).await?)
}

/// Domains that the workspace may use, by their ids; none of them changes how it files slugs until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn hold_all(connection: &impl Connection, workspace: WorkspaceId, ids: Vec<DomainId>) -> Result<Vec<Domain>> {
    let query = domain::Entity::find().filter(usable_by(workspace)).filter(domain::Column::Id.is_in(ids));
    Ok(query.lock(LockType::KeyShare).all(connection).await?)
}

/// Domains that the workspace may use, by their ids.
///
/// # Errors
/// Only those of the database.
pub async fn find_all(connection: &impl Connection, workspace: WorkspaceId, ids: Vec<DomainId>) -> Result<Vec<Domain>> {
    let query = domain::Entity::find().filter(usable_by(workspace)).filter(domain::Column::Id.is_in(ids));
    Ok(query.all(connection).await?)
}

/// Some of the domains that the workspace may use.
///
/// # Errors
/// Only those of the database.
pub async fn usable(connection: &impl Connection, workspace: WorkspaceId, limit: u64) -> Result<Vec<Domain>> {
    Ok(domain::Entity::find().filter(usable_by(workspace)).limit(limit).all(connection).await?)
}

/// The domains that the workspace may use, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<Domain>> {
    let query = domain::Entity::find().filter(usable_by(workspace));
    Ok(newest_first(query, domain::Column::CreatedAt, domain::Column::Id, page).all(connection).await?)
}

/// Writes a domain over the version before it. False if another domain owns its host name; the transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, domain: Domain) -> Result<bool> {
    false_if_taken(domain::Entity::update(domain.into_active_model().reset_all()).exec(connection).await)
}

/// Slugs of a domain that differ in nothing but case from another one's, those that clash beside each other; at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn clashing_slugs(connection: &impl Connection, id: DomainId, limit: u64) -> Result<Vec<String>> {
    let lower = || Func::lower(Expr::col(link::Column::Slug));
    let mut shared = Query::select();
    shared.expr(lower()).from(link::Entity).and_where(link::Column::DomainId.eq(id)).add_group_by([lower().into()]);
    shared.and_having(Expr::cust("COUNT(*) > 1"));
    let slugs = link::Entity::find()
        .select_only()
        .column(link::Column::Slug)
        .filter(link::Column::DomainId.eq(id))
        .filter(Expr::expr(lower()).in_subquery(shared))
        .order_by_asc(Expr::expr(lower()))
        .order_by_asc(link::Column::Slug)
        .limit(limit);
    Ok(slugs.into_tuple().all(connection).await?)
}

/// Slugs of a domain with other characters than ASCII, those that deleted links keep included; at most `limit` of either.
///
/// # Errors
/// Only those of the database.
pub async fn unicode_slugs(connection: &impl Connection, id: DomainId, limit: u64) -> Result<Vec<String>> {
    let is_unicode = || Expr::cust("octet_length(slug) <> length(slug)");
    let links = link::Entity::find()
        .select_only()
        .column(link::Column::Slug)
        .filter(link::Column::DomainId.eq(id))
        .filter(is_unicode())
        .limit(limit);
    let deleted = deleted_link::Entity::find()
        .select_only()
        .column(deleted_link::Column::Slug)
        .filter(deleted_link::Column::DomainId.eq(id))
        .filter(deleted_link::Column::SlugKey.is_not_null())
        .filter(is_unicode())
        .limit(limit);
    let mut slugs: Vec<String> = links.into_tuple().all(connection).await?;
    slugs.extend(deleted.into_tuple::<String>().all(connection).await?);
    Ok(slugs)
}

/// Files every link of a domain anew, in its own case or lower-cased. False if two links would then be one; the
/// transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn refile_links(connection: &impl Connection, id: DomainId, case_sensitive: bool) -> Result<bool> {
    let slug = Expr::col(link::Column::Slug);
    let key = if case_sensitive { slug } else { Expr::from(Func::lower(slug)) };
    let refiled = link::Entity::update_many()
        .col_expr(link::Column::SlugKey, key)
        .filter(link::Column::DomainId.eq(id))
        .exec(connection)
        .await;
    false_if_taken(refiled)
}

/// Whether a domain has its host name, or had it and nobody else has got it since.
fn is_owner() -> sea_orm::sea_query::SimpleExpr {
    domain::Column::State.ne(DomainState::Pending)
}

fn usable_by(workspace: WorkspaceId) -> sea_orm::sea_query::SimpleExpr {
    domain::Column::WorkspaceId.eq(workspace).or(domain::Column::IsDefault.eq(true))
}
