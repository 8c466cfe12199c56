//! Which memberships a provider gave, so that it may change them and take them away.

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};

use super::Connection;
use super::entities::provided_membership as provided;
use crate::domain::error::Result;
use crate::domain::id::{UserId, WorkspaceId};

pub use provided::Model as ProvidedMembership;

/// Marks a membership.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, mark: ProvidedMembership) -> Result<()> {
    let key = [provided::Column::WorkspaceId, provided::Column::UserId];
    let conflict = OnConflict::columns(key).do_nothing().to_owned();
    provided::Entity::insert(mark.into_active_model()).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// The mark of a membership, if it has one.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<ProvidedMembership>> {
    Ok(provided::Entity::find_by_id((workspace, user)).one(connection).await?)
}
