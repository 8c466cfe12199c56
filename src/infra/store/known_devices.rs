//! What people have signed in with. A person's devices are only ever reached through the person.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Connection;
use super::entities::known_device as device;
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

pub use device::Model as KnownDevice;

/// Whether a person has signed in with this before; `None` if they have never signed in.
///
/// # Errors
/// Only those of the database.
pub async fn knows(connection: &impl Connection, user: UserId, fingerprint: &[u8]) -> Result<Option<bool>> {
    let of_user = device::Entity::find().filter(device::Column::UserId.eq(user));
    let this = of_user.clone().filter(device::Column::Fingerprint.eq(fingerprint));
    if this.count(connection).await? > 0 {
        return Ok(Some(true));
    }
    Ok((of_user.count(connection).await? > 0).then_some(false))
}

/// Notes that a person signed in, and forgets what they have used longest ago beyond `keep`.
///
/// # Errors
/// Only those of the database.
pub async fn note_use(connection: &impl Connection, used: KnownDevice, keep: u64) -> Result<()> {
    let user = used.user_id;
    let conflict = OnConflict::columns([device::Column::UserId, device::Column::Fingerprint])
        .update_column(device::Column::LastUsedAt)
        .to_owned();
    device::Entity::insert(used.into_active_model()).on_conflict(conflict).exec_without_returning(connection).await?;
    let surplus: Vec<Vec<u8>> = device::Entity::find()
        .select_only()
        .column(device::Column::Fingerprint)
        .filter(device::Column::UserId.eq(user))
        .order_by_desc(device::Column::LastUsedAt)
        .offset(keep)
        .limit(keep)
        .into_tuple()
        .all(connection)
        .await?;
    if !surplus.is_empty() {
        device::Entity::delete_many()
            .filter(device::Column::UserId.eq(user))
            .filter(device::Column::Fingerprint.is_in(surplus))
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Forgets everybody's devices that were last used before `time`.
///
/// # Errors
/// Only those of the database.
pub async fn delete_unused_since(connection: &impl Connection, time: Timestamp) -> Result<u64> {
    let unused = device::Column::LastUsedAt.lt(time);
    Ok(device::Entity::delete_many().filter(unused).exec(connection).await?.rows_affected)
}
