//! Host names that short links live on. The default domain belongs to the instance and serves every workspace.

use sea_orm::sea_query::{Expr, Func, LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use super::Connection;
use super::entities::{domain, link};
use super::error::false_if_taken;
use super::page::{Page, newest_first};
use crate::domain::certificate::CertificateState;
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

/// The domain of this host name, lower-case, or else the default domain.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_hostname(connection: &impl Connection, hostname: &str) -> Result<Option<Domain>> {
    let named = domain::Entity::find().filter(domain::Column::Hostname.eq(hostname)).one(connection).await?;
    match named {
        Some(domain) => Ok(Some(domain)),
        None => find_default(connection).await,
    }
}

/// Every host name that a domain has.
///
/// # Errors
/// Only those of the database.
pub async fn hostnames(connection: &impl Connection) -> Result<Vec<String>> {
    Ok(domain::Entity::find().select_only().column(domain::Column::Hostname).into_tuple().all(connection).await?)
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

/// Writes a domain over the version before it. False if another domain has its host name; the transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, domain: Domain) -> Result<bool> {
    false_if_taken(domain::Entity::update(domain.into_active_model().reset_all()).exec(connection).await)
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

fn usable_by(workspace: WorkspaceId) -> sea_orm::sea_query::SimpleExpr {
    domain::Column::WorkspaceId.eq(workspace).or(domain::Column::IsDefault.eq(true))
}
