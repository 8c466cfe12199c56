//! Where people have signed in from. A person's networks are only ever reached through the person.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::Connection;
use super::entities::known_network as network;
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

pub use network::Model as KnownNetwork;

/// Whether a person has signed in from there since `since`.
///
/// # Errors
/// Only those of the database.
pub async fn knows(connection: &impl Connection, user: UserId, hash: &[u8], since: Timestamp) -> Result<bool> {
    let found = network::Entity::find_by_id((user, hash.to_vec())).one(connection).await?;
    Ok(found.is_some_and(|found| found.last_used_at >= since))
}

/// Notes that a person signed in, and forgets where they have signed in from longest ago beyond `keep`.
///
/// # Errors
/// Only those of the database.
pub async fn note_use(connection: &impl Connection, used: KnownNetwork, keep: u64) -> Result<()> {
    let user = used.user_id;
    let conflict = OnConflict::columns([network::Column::UserId, network::Column::Network])
        .update_column(network::Column::LastUsedAt)
        .to_owned();
    network::Entity::insert(used.into_active_model()).on_conflict(conflict).exec_without_returning(connection).await?;
    let surplus: Vec<Vec<u8>> = network::Entity::find()
        .select_only()
        .column(network::Column::Network)
        .filter(network::Column::UserId.eq(user))
        .order_by_desc(network::Column::LastUsedAt)
        .offset(keep)
        .limit(keep)
        .into_tuple()
        .all(connection)
        .await?;
    if !surplus.is_empty() {
        network::Entity::delete_many()
            .filter(network::Column::UserId.eq(user))
            .filter(network::Column::Network.is_in(surplus))
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Forgets everybody's networks that were last used before `time`.
///
/// # Errors
/// Only those of the database.
pub async fn delete_unused_since(connection: &impl Connection, time: Timestamp) -> Result<u64> {
    let unused = network::Column::LastUsedAt.lt(time);
    Ok(network::Entity::delete_many().filter(unused).exec(connection).await?.rows_affected)
}
