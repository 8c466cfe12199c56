//! Which sessions at a provider were let in once.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::Connection;
use super::entities::external_session as external;
use crate::domain::error::Result;
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

/// Forgets marks of sessions that are over.
///
/// # Errors
/// Only those of the database.
pub async fn delete_expired(connection: &impl Connection, now: Timestamp) -> Result<u64> {
    let expired = external::Column::ExpiresAt.lte(now);
    Ok(external::Entity::delete_many().filter(expired).exec(connection).await?.rows_affected)
}
