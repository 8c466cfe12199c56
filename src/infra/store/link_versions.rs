//! What links were.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::Connection;
use super::entities::link_version;
use crate::domain::error::Result;
use crate::domain::id::{LinkChangeId, LinkId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

pub use link_version::Model as LinkVersion;

/// How many rows one statement may carry, well below the limits of either database.
const ROWS_MAX: usize = 500;

/// Ends the current versions of these links, which the caller has found in a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn end_current(connection: &impl Connection, links: &[LinkId], at: Timestamp) -> Result<()> {
    for links in links.chunks(ROWS_MAX) {
        link_version::Entity::update_many()
            .col_expr(link_version::Column::ReplacedAt, Expr::value(at))
            .filter(link_version::Column::LinkId.is_in(links.iter().copied()))
            .filter(link_version::Column::ReplacedAt.is_null())
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Adds those versions that are not there yet.
///
/// # Errors
/// Only those of the database.
pub async fn insert_missing(connection: &impl Connection, versions: Vec<LinkVersion>) -> Result<()> {
    let conflict =
        OnConflict::columns([link_version::Column::LinkId, link_version::Column::Version]).do_nothing().to_owned();
    let mut versions = versions.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while versions.peek().is_some() {
        let rows: Vec<link_version::ActiveModel> = versions.by_ref().take(ROWS_MAX).collect();
        link_version::Entity::insert_many(rows)
            .on_conflict(conflict.clone())
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

/// The versions of a link of a workspace below one, from one on, newest first, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    link: LinkId,
    (from, below): (i64, Option<i64>),
    limit: u64,
) -> Result<Vec<LinkVersion>> {
    let query = link_version::Entity::find()
        .filter(link_version::Column::WorkspaceId.eq(workspace))
        .filter(link_version::Column::LinkId.eq(link))
        .filter(link_version::Column::Version.gte(from))
        .apply_if(below, |query, below| query.filter(link_version::Column::Version.lt(below)))
        .order_by_desc(link_version::Column::Version);
    Ok(query.limit(limit).all(connection).await?)
}

/// One version of a link of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    link: LinkId,
    version: i64,
) -> Result<Option<LinkVersion>> {
    let query = link_version::Entity::find_by_id((link, version));
    Ok(query.filter(link_version::Column::WorkspaceId.eq(workspace)).one(connection).await?)
}

/// The last version since a moment that came by a change of this author.
///
/// # Errors
/// Only those of the database.
pub async fn last_of_author(
    connection: &impl Connection,
    workspace: WorkspaceId,
    author: Author,
    since: Timestamp,
) -> Result<Option<LinkVersion>> {
    let query = link_version::Entity::find()
        .filter(link_version::Column::WorkspaceId.eq(workspace))
        .filter(link_version::Column::Author.eq(author))
        .filter(link_version::Column::CreatedAt.gte(since))
        .filter(link_version::Column::ChangeId.is_not_null())
        .order_by_desc(link_version::Column::CreatedAt);
    Ok(query.limit(1).one(connection).await?)
}

/// The versions that a change of a workspace made, those that are current first, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn of_change(
    connection: &impl Connection,
    workspace: WorkspaceId,
    change: LinkChangeId,
    limit: u64,
) -> Result<Vec<LinkVersion>> {
    let query = link_version::Entity::find()
        .filter(link_version::Column::ChangeId.eq(change))
        .filter(link_version::Column::WorkspaceId.eq(workspace))
        .order_by_desc(link_version::Column::ReplacedAt.is_null())
        .order_by_asc(link_version::Column::LinkId);
    Ok(query.limit(limit).all(connection).await?)
}

/// Takes every version of a link along to another workspace.
///
/// # Errors
/// Only those of the database.
pub async fn move_to(connection: &impl Connection, link: LinkId, workspace: WorkspaceId) -> Result<()> {
    link_version::Entity::update_many()
        .col_expr(link_version::Column::WorkspaceId, Expr::value(workspace))
        .filter(link_version::Column::LinkId.eq(link))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets the versions of a link up to one.
///
/// # Errors
/// Only those of the database.
pub async fn forget_up_to(connection: &impl Connection, link: LinkId, version: i64) -> Result<()> {
    link_version::Entity::delete_many()
        .filter(link_version::Column::LinkId.eq(link))
        .filter(link_version::Column::Version.lte(version))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets every version of these links.
///
/// # Errors
/// Only those of the database.
pub async fn forget_all(connection: &impl Connection, links: &[LinkId]) -> Result<()> {
    for links in links.chunks(ROWS_MAX) {
        link_version::Entity::delete_many()
            .filter(link_version::Column::LinkId.is_in(links.iter().copied()))
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Forgets versions of everybody that were replaced before `time`, at most `limit`, and says how many there were.
///
/// # Errors
/// Only those of the database.
pub async fn forget_replaced_before(connection: &impl Connection, time: Timestamp, limit: u64) -> Result<usize> {
    let old: Vec<(LinkId, i64)> = link_version::Entity::find()
        .select_only()
        .column(link_version::Column::LinkId)
        .column(link_version::Column::Version)
        .filter(link_version::Column::ReplacedAt.lt(time))
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    for (link, version) in &old {
        link_version::Entity::delete_by_id((*link, *version)).exec(connection).await?;
    }
    Ok(old.len())
}
