//! Workspaces and who belongs to them. A person reaches a workspace only through a membership.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, OnConflict, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use super::Connection;
use super::entities::{membership, user, workspace};
use super::error::false_if_taken;
use super::page::{Page, newest_first};
use crate::domain::click_policy::{ClickPolicy, VisitorAddresses};
use crate::domain::error::Result;
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;

pub use membership::Model as Membership;
pub use workspace::Model as Workspace;

/// Adds a workspace. False if its slug is in use.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, workspace: Workspace) -> Result<bool> {
    let conflict = OnConflict::column(workspace::Column::Slug).do_nothing().to_owned();
    let rows = workspace::Entity::insert(workspace.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(connection)
        .await?;
    Ok(rows == 1)
}

/// Adds a member.
///
/// # Errors
/// Only those of the database, which refuses a second membership of one person.
pub async fn insert_member(connection: &impl Connection, membership: Membership) -> Result<()> {
    membership::Entity::insert(membership.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// The workspace of this id, for a key that belongs to it.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, id: WorkspaceId) -> Result<Option<Workspace>> {
    Ok(workspace::Entity::find_by_id(id).one(connection).await?)
}

/// The oldest workspace that is not being deleted; ids are sorted by time.
///
/// # Errors
/// Only those of the database.
pub async fn oldest(connection: &impl Connection) -> Result<Option<WorkspaceId>> {
    let there = workspace::Entity::find().filter(workspace::Column::DeletedAt.is_null());
    let ids = there.select_only().column(workspace::Column::Id);
    Ok(ids.order_by_asc(workspace::Column::Id).into_tuple().one(connection).await?)
}

/// The workspaces after this one, those that are being deleted too, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn ids(connection: &impl Connection, after: Option<WorkspaceId>, limit: u64) -> Result<Vec<WorkspaceId>> {
    let mut query = workspace::Entity::find().select_only().column(workspace::Column::Id);
    if let Some(after) = after {
        query = query.filter(workspace::Column::Id.gt(after));
    }
    Ok(query.order_by_asc(workspace::Column::Id).limit(limit).into_tuple().all(connection).await?)
}

/// What workspaces ask of their clicks, those that ask nothing left out.
///
/// # Errors
/// Only those of the database.
pub async fn click_policies(connection: &impl Connection) -> Result<HashMap<WorkspaceId, ClickPolicy>> {
    use workspace::Column::{ClickRetentionDays, CountOptedOut, Id, VisitorAddresses as Addresses};
    let asks = ClickRetentionDays.gt(0).or(Addresses.ne(VisitorAddresses::default())).or(CountOptedOut.eq(false));
    let columns = [Id, ClickRetentionDays, Addresses, CountOptedOut];
    let rows: Vec<(WorkspaceId, i64, VisitorAddresses, bool)> =
        workspace::Entity::find().select_only().columns(columns).filter(asks).into_tuple().all(connection).await?;
    let policy = |(id, retention_days, addresses, count_opted_out)| {
        (id, ClickPolicy { retention_days, addresses, count_opted_out })
    };
    Ok(rows.into_iter().map(policy).collect())
}

/// The workspace of this id, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, id: WorkspaceId) -> Result<Option<Workspace>> {
    let query = workspace::Entity::find_by_id(id).lock(sea_orm::sea_query::LockType::NoKeyUpdate);
    Ok(query.one(connection).await?)
}

/// The workspace of this id and what the person is there.
///
/// # Errors
/// Only those of the database.
pub async fn find_for_member(
    connection: &impl Connection,
    id: WorkspaceId,
    user: UserId,
) -> Result<Option<(Workspace, Role)>> {
    let Some(membership) = membership::Entity::find_by_id((id, user)).one(connection).await? else {
        return Ok(None);
    };
    Ok(find(connection, id).await?.map(|workspace| (workspace, membership.role)))
}

/// The workspaces that a person belongs to and that are being deleted, or are not, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, user: UserId, deleted: bool, page: Page) -> Result<Vec<Workspace>> {
    let mine = membership::Entity::find()
        .select_only()
        .column(membership::Column::WorkspaceId)
        .filter(membership::Column::UserId.eq(user))
        .into_query();
    let state = workspace::Column::DeletedAt;
    let state = if deleted { state.is_not_null() } else { state.is_null() };
    let query = workspace::Entity::find().filter(workspace::Column::Id.in_subquery(mine)).filter(state);
    Ok(newest_first(query, workspace::Column::CreatedAt, workspace::Column::Id, page).all(connection).await?)
}

/// How many workspaces a person owns that are not being deleted.
///
/// # Errors
/// Only those of the database.
pub async fn count_owned(connection: &impl Connection, user: UserId) -> Result<u64> {
    let owned = membership::Entity::find()
        .filter(membership::Column::UserId.eq(user))
        .filter(membership::Column::Role.eq(Role::Owner))
        .select_only()
        .column(membership::Column::WorkspaceId)
        .into_query();
    let there = workspace::Entity::find()
        .filter(workspace::Column::Id.in_subquery(owned))
        .filter(workspace::Column::DeletedAt.is_null());
    Ok(there.count(connection).await?)
}

/// The members of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list_members(
    connection: &impl Connection,
    id: WorkspaceId,
    page: Page,
) -> Result<Vec<(Membership, user::Model)>> {
    let query = membership::Entity::find().filter(membership::Column::WorkspaceId.eq(id));
    let memberships =
        newest_first(query, membership::Column::CreatedAt, membership::Column::UserId, page).all(connection).await?;
    let people = user::Entity::find()
        .filter(user::Column::Id.is_in(memberships.iter().map(|membership| membership.user_id)))
        .all(connection)
        .await?;
    let find = |id: UserId| people.iter().find(|person| person.id == id).cloned();
    Ok(memberships
        .into_iter()
        .filter_map(|membership| find(membership.user_id).map(|person| (membership, person)))
        .collect())
}

/// One member of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find_member(
    connection: &impl Connection,
    id: WorkspaceId,
    user: UserId,
) -> Result<Option<(Membership, user::Model)>> {
    let membership = membership::Entity::find_by_id((id, user)).one(connection).await?;
    let person = user::Entity::find_by_id(user).one(connection).await?;
    Ok(membership.zip(person))
}

/// Whether a workspace has an owner besides this person who can sign in.
///
/// # Errors
/// Only those of the database.
pub async fn has_owner_besides(connection: &impl Connection, id: WorkspaceId, person: UserId) -> Result<bool> {
    let owners = membership::Entity::find()
        .filter(membership::Column::WorkspaceId.eq(id))
        .filter(membership::Column::Role.eq(Role::Owner))
        .filter(membership::Column::UserId.ne(person))
        .filter(membership::Column::UserId.in_subquery(enabled_users()));
    Ok(owners.count(connection).await? > 0)
}

/// Those whose accounts are not disabled.
fn enabled_users() -> SelectStatement {
    user::Entity::find().select_only().column(user::Column::Id).filter(user::Column::DisabledAt.is_null()).into_query()
}

/// How many members a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count_members(connection: &impl Connection, id: WorkspaceId) -> Result<u64> {
    Ok(membership::Entity::find().filter(membership::Column::WorkspaceId.eq(id)).count(connection).await?)
}

/// Gives a member another role. Lock the workspace first, so that there is an owner in the end.
///
/// # Errors
/// Only those of the database.
pub async fn set_role(connection: &impl Connection, id: WorkspaceId, user: UserId, role: Role) -> Result<()> {
    membership::Entity::update_many()
        .col_expr(membership::Column::Role, Expr::value(role))
        .filter(membership::Column::WorkspaceId.eq(id))
        .filter(membership::Column::UserId.eq(user))
        .exec(connection)
        .await?;
    Ok(())
}

/// Takes a member out of a workspace. Lock the workspace first, so that there is an owner in the end.
///
/// # Errors
/// Only those of the database.
pub async fn delete_member(connection: &impl Connection, id: WorkspaceId, user: UserId) -> Result<()> {
    membership::Entity::delete_by_id((id, user)).exec(connection).await?;
    Ok(())
}

/// The workspaces whose time to be undone is over, at most `limit` of them, the longest due first.
///
/// # Errors
/// Only those of the database.
pub async fn due_for_purge(connection: &impl Connection, now: Timestamp, limit: u64) -> Result<Vec<WorkspaceId>> {
    let due = workspace::Entity::find().filter(workspace::Column::PurgeAt.lte(now));
    let ids = due.select_only().column(workspace::Column::Id).order_by_asc(workspace::Column::PurgeAt);
    Ok(ids.limit(limit).into_tuple().all(connection).await?)
}

/// Writes a workspace over the version before it. False if another workspace has the slug; the transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, workspace: Workspace) -> Result<bool> {
    let updated = workspace::Entity::update(workspace.into_active_model().reset_all()).exec(connection).await;
    false_if_taken(updated)
}

/// Deletes a workspace with everything in it.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, id: WorkspaceId) -> Result<()> {
    workspace::Entity::delete_by_id(id).exec(connection).await?;
    Ok(())
}
