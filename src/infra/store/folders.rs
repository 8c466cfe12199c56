//! Folders of links, and who may do what in them.

use std::collections::HashMap;

use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
};

use super::Connection;
use super::entities::{folder, folder_member, link};
use super::error::false_if_taken;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::folder::FolderAccess;
use crate::domain::id::{FolderId, UserId, WorkspaceId};

pub use folder::Model as Folder;
pub use folder_member::Model as FolderMember;

/// Adds a folder. False if the workspace has one of this name.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, folder: Folder) -> Result<bool> {
    let conflict = OnConflict::columns([folder::Column::WorkspaceId, folder::Column::NameKey]).do_nothing().to_owned();
    let insert = folder::Entity::insert(folder.into_active_model()).on_conflict(conflict);
    Ok(insert.exec_without_returning(connection).await? == 1)
}

/// How many folders a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(of(workspace).count(connection).await?)
}

/// One folder of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, workspace: WorkspaceId, id: FolderId) -> Result<Option<Folder>> {
    Ok(of(workspace).filter(folder::Column::Id.eq(id)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, workspace: WorkspaceId, id: FolderId) -> Result<Option<Folder>> {
    Ok(of(workspace).filter(folder::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// Those of these folders that the workspace has. None of them is deleted until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn hold_all(
    connection: &impl Connection,
    workspace: WorkspaceId,
    ids: Vec<FolderId>,
) -> Result<Vec<FolderId>> {
    let query = of(workspace).filter(folder::Column::Id.is_in(ids)).lock(LockType::KeyShare);
    Ok(query.all(connection).await?.into_iter().map(|folder| folder.id).collect())
}

/// A page of those folders of a workspace that are not among `hidden`, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    hidden: Vec<FolderId>,
    page: Page,
) -> Result<Vec<Folder>> {
    let query = of(workspace).filter(folder::Column::Id.is_not_in(hidden));
    Ok(newest_first(query, folder::Column::CreatedAt, folder::Column::Id, page).all(connection).await?)
}

/// The folders of a workspace that are closed to members who are not named in them.
///
/// # Errors
/// Only those of the database.
pub async fn closed(connection: &impl Connection, workspace: WorkspaceId) -> Result<Vec<FolderId>> {
    let query = of(workspace).filter(folder::Column::Access.eq(FolderAccess::None));
    Ok(query.select_only().column(folder::Column::Id).into_tuple().all(connection).await?)
}

/// Whether a folder is closed to members of its workspace, to all who are not named in it or to one who is.
///
/// # Errors
/// Only those of the database.
pub async fn is_closed_to_somebody(connection: &impl Connection, workspace: WorkspaceId, id: FolderId) -> Result<bool> {
    let is_closed = |folder: Folder| folder.access == FolderAccess::None;
    if find(connection, workspace, id).await?.is_some_and(is_closed) {
        return Ok(true);
    }
    let members = members_of(connection, &[id]).await?;
    Ok(members.iter().any(|member| member.access == FolderAccess::None))
}

/// Writes a folder over the version before it. False if another folder of the workspace has the name; the transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, folder: Folder) -> Result<bool> {
    false_if_taken(folder::Entity::update(folder.into_active_model().reset_all()).exec(connection).await)
}

/// Deletes a folder of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: FolderId) -> Result<()> {
    folder::Entity::delete_many()
        .filter(folder::Column::WorkspaceId.eq(workspace))
        .filter(folder::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// How many links are in each of these folders, which the caller has found in a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn count_links(connection: &impl Connection, folders: &[FolderId]) -> Result<HashMap<FolderId, i64>> {
    let counts: Vec<(FolderId, i64)> = link::Entity::find()
        .select_only()
        .column(link::Column::FolderId)
        .column_as(link::Column::Id.count(), "links")
        .filter(link::Column::FolderId.is_in(folders.iter().copied()))
        .group_by(link::Column::FolderId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(counts.into_iter().collect())
}

/// Who is named in these folders, which the caller has found in a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn members_of(connection: &impl Connection, folders: &[FolderId]) -> Result<Vec<FolderMember>> {
    let query = folder_member::Entity::find().filter(folder_member::Column::FolderId.is_in(folders.iter().copied()));
    let query = sea_orm::QueryOrder::order_by_asc(query, folder_member::Column::UserId);
    Ok(query.all(connection).await?)
}

/// Names others in a folder than before, all of them members of its workspace.
///
/// # Errors
/// `Conflict` if one of them left in the same moment.
pub async fn replace_members(connection: &impl Connection, folder: FolderId, members: Vec<FolderMember>) -> Result<()> {
    folder_member::Entity::delete_many().filter(folder_member::Column::FolderId.eq(folder)).exec(connection).await?;
    if members.is_empty() {
        return Ok(());
    }
    let rows = members.into_iter().map(IntoActiveModel::into_active_model);
    folder_member::Entity::insert_many(rows).exec_without_returning(connection).await?;
    Ok(())
}

/// What a member may do in each folder of a workspace in which that is not everything, and in those that name them.
///
/// # Errors
/// Only those of the database.
pub async fn narrowed_for(
    connection: &impl Connection,
    workspace: WorkspaceId,
    member: UserId,
) -> Result<Vec<(FolderId, FolderAccess)>> {
    let folders = of(workspace).filter(folder::Column::Access.ne(FolderAccess::Edit)).all(connection).await?;
    let named = folder_member::Entity::find()
        .filter(folder_member::Column::WorkspaceId.eq(workspace))
        .filter(folder_member::Column::UserId.eq(member))
        .all(connection)
        .await?;
    let mut narrowed: HashMap<_, _> = folders.into_iter().map(|folder| (folder.id, folder.access)).collect();
    narrowed.extend(named.into_iter().map(|row| (row.folder_id, row.access)));
    Ok(narrowed.into_iter().collect())
}

fn of(workspace: WorkspaceId) -> Select<folder::Entity> {
    folder::Entity::find().filter(folder::Column::WorkspaceId.eq(workspace))
}
