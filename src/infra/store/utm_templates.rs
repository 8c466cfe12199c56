//! Campaign parameters under names.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
};

use super::Connection;
use super::entities::utm_template;
use super::error::false_if_taken;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{UtmTemplateId, WorkspaceId};

pub use utm_template::Model as UtmTemplate;

/// Adds a template. False if the workspace has one of this name.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, template: UtmTemplate) -> Result<bool> {
    let columns = [utm_template::Column::WorkspaceId, utm_template::Column::NameKey];
    let conflict = OnConflict::columns(columns).do_nothing().to_owned();
    let insert = utm_template::Entity::insert(template.into_active_model()).on_conflict(conflict);
    Ok(insert.exec_without_returning(connection).await? == 1)
}

/// How many templates a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(of(workspace).count(connection).await?)
}

/// One template of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: UtmTemplateId,
) -> Result<Option<UtmTemplate>> {
    Ok(of(workspace).filter(utm_template::Column::Id.eq(id)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: UtmTemplateId,
) -> Result<Option<UtmTemplate>> {
    Ok(of(workspace).filter(utm_template::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// The templates of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<UtmTemplate>> {
    let query = newest_first(of(workspace), utm_template::Column::CreatedAt, utm_template::Column::Id, page);
    Ok(query.all(connection).await?)
}

/// Writes a template over the version before it. False if another one of the workspace has the name; the transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, template: UtmTemplate) -> Result<bool> {
    let update = utm_template::Entity::update(template.into_active_model().reset_all());
    false_if_taken(update.exec(connection).await)
}

/// Deletes a template of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: UtmTemplateId) -> Result<()> {
    utm_template::Entity::delete_many()
        .filter(utm_template::Column::WorkspaceId.eq(workspace))
        .filter(utm_template::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

fn of(workspace: WorkspaceId) -> Select<utm_template::Entity> {
    utm_template::Entity::find().filter(utm_template::Column::WorkspaceId.eq(workspace))
}
