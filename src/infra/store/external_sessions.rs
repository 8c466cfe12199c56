//! Which sessions at a provider were let in once.

use sea_orm::sea_query::{Expr, OnConflict, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::Connection;
use super::entities::{external_session as external, session};
use crate::domain::error::Result;
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;

pub use external::Model as ExternalSession;

/// Marks a session. False if it is marked already.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, mark: ExternalSession) -> Result<bool> {
    let conflict = OnConflict::column(external::Column::SessionId).do_nothing().to_owned();
    let rows = external::Entity::insert(mark.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(connection)
        .await?;
    Ok(rows == 1)
}

/// The mark of a session, if there is one.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, id: SessionId) -> Result<Option<ExternalSession>> {
    Ok(external::Entity::find_by_id(id).one(connection).await?)
}

/// Notes that the provider has a session go on until then, here as well if it was not ended.
///
/// # Errors
/// Only those of the database.
pub async fn prolong(connection: &impl Connection, id: SessionId, expires_at: Timestamp) -> Result<()> {
    external::Entity::update_many()
        .col_expr(external::Column::ExpiresAt, Expr::value(expires_at))
        .filter(external::Column::SessionId.eq(id))
        .exec(connection)
        .await?;
    session::Entity::update_many()
        .col_expr(session::Column::ExpiresAt, Expr::value(expires_at))
        .filter(session::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets marks of sessions that were over before this moment.
///
/// # Errors
/// Only those of the database.
pub async fn delete_over_before(connection: &impl Connection, moment: Timestamp) -> Result<u64> {
    let over = external::Column::ExpiresAt.lt(moment);
    Ok(external::Entity::delete_many().filter(over).exec(connection).await?.rows_affected)
}

/// Forgets the marks of these sessions, which run out by themselves: where their provider has them go on, they are let in once more.
///
/// # Errors
/// Only those of the database.
pub(super) async fn delete_of(connection: &impl Connection, sessions: SelectStatement) -> Result<()> {
    external::Entity::delete_many().filter(external::Column::SessionId.in_subquery(sessions)).exec(connection).await?;
    Ok(())
}
