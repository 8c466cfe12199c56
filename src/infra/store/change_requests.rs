//! Changes of links that people ask for.

use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait,
    Select,
};

use super::Connection;
use super::entities::{deleted_link, link, link_change_request};
use super::page::{Page, newest_first};
use crate::domain::change_request::ChangeRequestState;
use crate::domain::error::Result;
use crate::domain::id::{ChangeRequestId, FolderId, LinkId, WorkspaceId};
use crate::domain::time::Timestamp;

pub use link_change_request::Model as ChangeRequest;

/// Which changes a list shows. What is absent does not limit.
#[derive(Debug, Clone, Default)]
pub struct ChangeRequestFilter {
    /// Only those of this link.
    pub link: Option<LinkId>,
    /// Only those that this became of at a moment.
    pub state: Option<(ChangeRequestState, Timestamp)>,
    /// None of links in these folders.
    pub hidden_folders: Vec<FolderId>,
}

/// Adds one.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, request: ChangeRequest) -> Result<()> {
    link_change_request::Entity::insert(request.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many of a link somebody may still decide about.
///
/// # Errors
/// Only those of the database.
pub async fn count_pending(
    connection: &impl Connection,
    workspace: WorkspaceId,
    link: LinkId,
    now: Timestamp,
) -> Result<u64> {
    let pending = in_state(of(workspace), ChangeRequestState::Pending, now);
    Ok(pending.filter(link_change_request::Column::LinkId.eq(link)).count(connection).await?)
}

/// One of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: ChangeRequestId,
) -> Result<Option<ChangeRequest>> {
    Ok(of(workspace).filter(link_change_request::Column::Id.eq(id)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: ChangeRequestId,
) -> Result<Option<ChangeRequest>> {
    Ok(of(workspace).filter(link_change_request::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// A page of those of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    filter: ChangeRequestFilter,
    page: Page,
) -> Result<Vec<ChangeRequest>> {
    let column = link_change_request::Column::LinkId;
    let mut query = of(workspace).apply_if(filter.link, |query, link| query.filter(column.eq(link)));
    if let Some((state, now)) = filter.state {
        query = in_state(query, state, now);
    }
    if !filter.hidden_folders.is_empty() {
        for closed in closed_links(workspace, &filter.hidden_folders) {
            query = query.filter(column.not_in_subquery(closed));
        }
    }
    let query = newest_first(query, link_change_request::Column::CreatedAt, link_change_request::Column::Id, page);
    Ok(query.all(connection).await?)
}

/// Writes what became of one.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, request: ChangeRequest) -> Result<()> {
    link_change_request::Entity::update(request.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Takes what was asked for of a link along to another workspace.
///
/// # Errors
/// Only those of the database.
pub async fn move_to(connection: &impl Connection, link: LinkId, workspace: WorkspaceId) -> Result<()> {
    link_change_request::Entity::update_many()
        .col_expr(link_change_request::Column::WorkspaceId, Expr::value(workspace))
        .filter(link_change_request::Column::LinkId.eq(link))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets some that were asked for before a moment, at most `limit`. Returns how many there were.
///
/// # Errors
/// Only those of the database.
pub async fn forget_before(connection: &impl Connection, time: Timestamp, limit: u64) -> Result<u64> {
    let old = link_change_request::Entity::find()
        .select_only()
        .column(link_change_request::Column::Id)
        .filter(link_change_request::Column::CreatedAt.lt(time))
        .limit(limit)
        .into_query();
    let forgotten = link_change_request::Entity::delete_many()
        .filter(link_change_request::Column::Id.in_subquery(old))
        .exec(connection)
        .await?;
    Ok(forgotten.rows_affected)
}

/// The links of these folders, those that are deleted included.
fn closed_links(workspace: WorkspaceId, folders: &[FolderId]) -> [SelectStatement; 2] {
    let there = link::Entity::find()
        .select_only()
        .column(link::Column::Id)
        .filter(link::Column::WorkspaceId.eq(workspace))
        .filter(link::Column::FolderId.is_in(folders.iter().copied()));
    let deleted = deleted_link::Entity::find()
        .select_only()
        .column(deleted_link::Column::Id)
        .filter(deleted_link::Column::WorkspaceId.eq(workspace))
        .filter(deleted_link::Column::FolderId.is_in(folders.iter().copied()));
    [there.into_query(), deleted.into_query()]
}

/// Those that this became of. Nobody writes down that one has expired.
fn in_state(
    query: Select<link_change_request::Entity>,
    state: ChangeRequestState,
    now: Timestamp,
) -> Select<link_change_request::Entity> {
    let (column, end) = (link_change_request::Column::State, link_change_request::Column::ExpiresAt);
    match state {
        ChangeRequestState::Pending => query.filter(column.eq(state)).filter(end.gt(now)),
        ChangeRequestState::Expired => query.filter(column.eq(ChangeRequestState::Pending)).filter(end.lte(now)),
        _ => query.filter(column.eq(state)),
    }
}

fn of(workspace: WorkspaceId) -> Select<link_change_request::Entity> {
    link_change_request::Entity::find().filter(link_change_request::Column::WorkspaceId.eq(workspace))
}
