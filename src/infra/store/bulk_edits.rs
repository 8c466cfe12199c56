//! Edits of many links, and the links that they have not had yet.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::Connection;
use super::entities::{bulk_edit, bulk_edit_batch};
use crate::domain::bulk_edit::BulkEditState;
use crate::domain::error::Result;
use crate::domain::id::{BulkEditId, WorkspaceId};
use crate::domain::time::Timestamp;

pub use bulk_edit::Model as BulkEdit;
pub use bulk_edit_batch::Model as BulkEditBatch;

/// Adds an edit.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, edit: BulkEdit) -> Result<()> {
    bulk_edit::Entity::insert(edit.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Adds the links of an edit, at most a few hundred batches.
///
/// # Errors
/// Only those of the database.
pub async fn insert_batches(connection: &impl Connection, batches: Vec<BulkEditBatch>) -> Result<()> {
    let rows = batches.into_iter().map(IntoActiveModel::into_active_model);
    bulk_edit_batch::Entity::insert_many(rows).exec_without_returning(connection).await?;
    Ok(())
}

/// How many edits of a workspace are not done.
///
/// # Errors
/// Only those of the database.
pub async fn count_running(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    let query = bulk_edit::Entity::find()
        .filter(bulk_edit::Column::WorkspaceId.eq(workspace))
        .filter(bulk_edit::Column::State.eq(BulkEditState::Running));
    Ok(query.count(connection).await?)
}

/// One edit of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, workspace: WorkspaceId, id: BulkEditId) -> Result<Option<BulkEdit>> {
    let query = bulk_edit::Entity::find_by_id(id).filter(bulk_edit::Column::WorkspaceId.eq(workspace));
    Ok(query.one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, workspace: WorkspaceId, id: BulkEditId) -> Result<Option<BulkEdit>> {
    let query = bulk_edit::Entity::find_by_id(id).filter(bulk_edit::Column::WorkspaceId.eq(workspace));
    Ok(query.lock_exclusive().one(connection).await?)
}

/// Writes an edit over what it was.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, edit: BulkEdit) -> Result<()> {
    bulk_edit::Entity::update(edit.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// The links that are next.
///
/// # Errors
/// Only those of the database.
pub async fn first_batch(connection: &impl Connection, edit: BulkEditId) -> Result<Option<BulkEditBatch>> {
    let query = bulk_edit_batch::Entity::find().filter(bulk_edit_batch::Column::EditId.eq(edit));
    Ok(query.order_by_asc(bulk_edit_batch::Column::Number).limit(1).one(connection).await?)
}

/// Forgets links that had their turn.
///
/// # Errors
/// Only those of the database.
pub async fn forget_batch(connection: &impl Connection, edit: BulkEditId, number: i64) -> Result<()> {
    bulk_edit_batch::Entity::delete_by_id((edit, number)).exec(connection).await?;
    Ok(())
}

/// Forgets all links that an edit has not had.
///
/// # Errors
/// Only those of the database.
pub async fn forget_batches(connection: &impl Connection, edit: BulkEditId) -> Result<()> {
    bulk_edit_batch::Entity::delete_many().filter(bulk_edit_batch::Column::EditId.eq(edit)).exec(connection).await?;
    Ok(())
}

/// Forgets edits of everybody that ended before `time`.
///
/// # Errors
/// Only those of the database.
pub async fn forget_finished_before(connection: &impl Connection, time: Timestamp) -> Result<()> {
    bulk_edit::Entity::delete_many().filter(bulk_edit::Column::FinishedAt.lt(time)).exec(connection).await?;
    Ok(())
}
