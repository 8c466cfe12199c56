//! Reports that come from time to time.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

use super::Connection;
use super::entities::report_schedule;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{ReportScheduleId, WorkspaceId};
use crate::domain::report_schedule::ReportInterval;
use crate::domain::time::Timestamp;

pub use report_schedule::Model as ReportSchedule;

/// Adds a schedule.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, schedule: ReportSchedule) -> Result<()> {
    report_schedule::Entity::insert(schedule.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many schedules a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(of(workspace).count(connection).await?)
}

/// One schedule of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: ReportScheduleId,
) -> Result<Option<ReportSchedule>> {
    Ok(of(workspace).filter(report_schedule::Column::Id.eq(id)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: ReportScheduleId,
) -> Result<Option<ReportSchedule>> {
    Ok(of(workspace).filter(report_schedule::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// The schedules of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<ReportSchedule>> {
    let query = newest_first(of(workspace), report_schedule::Column::CreatedAt, report_schedule::Column::Id, page);
    Ok(query.all(connection).await?)
}

/// Those of everybody that are due and do not rest, the longest due first, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn due(connection: &impl Connection, now: Timestamp, limit: u64) -> Result<Vec<ReportSchedule>> {
    let query = report_schedule::Entity::find()
        .filter(report_schedule::Column::NextAt.lte(now))
        .filter(report_schedule::Column::IsPaused.eq(false))
        .order_by_asc(report_schedule::Column::NextAt);
    Ok(query.limit(limit).all(connection).await?)
}

/// Those of everybody that do not rest and whose next time is behind `latest`, the last first, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn far_ahead(
    connection: &impl Connection,
    every: ReportInterval,
    latest: Timestamp,
    limit: u64,
) -> Result<Vec<ReportSchedule>> {
    let query = report_schedule::Entity::find()
        .filter(report_schedule::Column::NextAt.gt(latest))
        .filter(report_schedule::Column::Every.eq(every))
        .filter(report_schedule::Column::IsPaused.eq(false))
        .order_by_desc(report_schedule::Column::NextAt);
    Ok(query.limit(limit).all(connection).await?)
}

/// Writes a schedule over what it was.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, schedule: ReportSchedule) -> Result<()> {
    report_schedule::Entity::update(schedule.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Deletes a schedule.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, id: ReportScheduleId) -> Result<()> {
    report_schedule::Entity::delete_by_id(id).exec(connection).await?;
    Ok(())
}

fn of(workspace: WorkspaceId) -> Select<report_schedule::Entity> {
    report_schedule::Entity::find().filter(report_schedule::Column::WorkspaceId.eq(workspace))
}
