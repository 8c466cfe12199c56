//! What questions about the clicks of workspaces may take.

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};

use super::Connection;
use super::entities::query_limit;
use crate::domain::error::Result;
use crate::domain::id::WorkspaceId;
use crate::domain::query_limits::QueryLimits;

/// The limits of a workspace; none of its own where nobody gave it any.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, workspace: WorkspaceId) -> Result<QueryLimits> {
    let row = query_limit::Entity::find_by_id(workspace).one(connection).await?;
    Ok(row.map_or_else(QueryLimits::default, |row| QueryLimits {
        seconds_max: row.seconds_max.and_then(|number| number.try_into().ok()),
        clicks_max: row.clicks_max.and_then(|number| number.try_into().ok()),
        queries_max: row.queries_max.and_then(|number| number.try_into().ok()),
    }))
}

/// Gives a workspace these limits in the place of those that it had.
///
/// # Errors
/// Only those of the database.
pub async fn put(connection: &impl Connection, workspace: WorkspaceId, limits: QueryLimits) -> Result<()> {
    use query_limit::Column::{ClicksMax, QueriesMax, SecondsMax, WorkspaceId as Workspace};
    let row = query_limit::Model {
        workspace_id: workspace,
        seconds_max: limits.seconds_max.map(i64::from),
        clicks_max: limits.clicks_max.and_then(|number| number.try_into().ok()),
        queries_max: limits.queries_max.map(i64::from),
    };
    let mut conflict = OnConflict::column(Workspace);
    conflict.update_columns([SecondsMax, ClicksMax, QueriesMax]);
    query_limit::Entity::insert(row.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
