//! People, and the mark that the first administrator was made.

use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};

use super::Connection;
use super::entities::{bootstrap, user};
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

pub use user::Model as User;

/// Takes the one chance to make the first administrator. False if it was taken before.
///
/// # Errors
/// Only those of the database.
pub async fn claim_bootstrap(connection: &impl Connection, now: Timestamp) -> Result<bool> {
    let mark = bootstrap::ActiveModel { id: Set(1), created_at: Set(now) };
    let conflict = OnConflict::column(bootstrap::Column::Id).do_nothing().to_owned();
    let rows = bootstrap::Entity::insert(mark).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(rows == 1)
}

/// Whether the first administrator was made.
///
/// # Errors
/// Only those of the database.
pub async fn is_bootstrapped(connection: &impl Connection) -> Result<bool> {
    Ok(bootstrap::Entity::find_by_id(1).one(connection).await?.is_some())
}

/// Adds a person. False if the address is in use.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, user: User) -> Result<bool> {
    let conflict = OnConflict::column(user::Column::EmailKey).do_nothing().to_owned();
    let rows =
        user::Entity::insert(user.into_active_model()).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(rows == 1)
}

/// The person of this id.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, id: UserId) -> Result<Option<User>> {
    Ok(user::Entity::find_by_id(id).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, id: UserId) -> Result<Option<User>> {
    Ok(user::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(connection).await?)
}

/// The person with this address, lower-cased.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_email(connection: &impl Connection, email_key: &str) -> Result<Option<User>> {
    Ok(user::Entity::find().filter(user::Column::EmailKey.eq(email_key)).one(connection).await?)
}
