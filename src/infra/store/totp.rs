//! Second factors of people, and the recovery codes that take their place once.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect};

use super::Connection;
use super::entities::{recovery_code, totp};
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

pub use totp::Model as Totp;

/// Keeps a second factor that is still to be confirmed, in place of an earlier one that never was. False if there is a confirmed one.
///
/// # Errors
/// Only those of the database.
pub async fn begin(connection: &impl Connection, factor: Totp) -> Result<bool> {
    totp::Entity::delete_many()
        .filter(totp::Column::UserId.eq(factor.user_id))
        .filter(totp::Column::ConfirmedAt.is_null())
        .exec(connection)
        .await?;
    let conflict = OnConflict::column(totp::Column::UserId).do_nothing().to_owned();
    let rows = totp::Entity::insert(factor.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(connection)
        .await?;
    Ok(rows == 1)
}

/// The second factor of a person, confirmed or not.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, user: UserId) -> Result<Option<Totp>> {
    Ok(totp::Entity::find_by_id(user).one(connection).await?)
}

/// Those of these people whose second factor is confirmed.
///
/// # Errors
/// Only those of the database.
pub async fn confirmed_among(connection: &impl Connection, users: Vec<UserId>) -> Result<Vec<UserId>> {
    let query = totp::Entity::find().select_only().column(totp::Column::UserId);
    let query = query.filter(totp::Column::UserId.is_in(users)).filter(totp::Column::ConfirmedAt.is_not_null());
    Ok(query.into_tuple().all(connection).await?)
}

/// Uses up the codes of all steps up to this one. False if that was done before.
///
/// # Errors
/// Only those of the database.
pub async fn use_step(connection: &impl Connection, user: UserId, step: i64) -> Result<bool> {
    let updated = totp::Entity::update_many()
        .col_expr(totp::Column::LastStep, Expr::value(step))
        .filter(totp::Column::UserId.eq(user))
        .filter(totp::Column::LastStep.lt(step))
        .exec(connection)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// From now on the second factor is asked for. False if it was before.
///
/// # Errors
/// Only those of the database.
pub async fn confirm(connection: &impl Connection, user: UserId, now: Timestamp) -> Result<bool> {
    let updated = totp::Entity::update_many()
        .col_expr(totp::Column::ConfirmedAt, Expr::value(now))
        .filter(totp::Column::UserId.eq(user))
        .filter(totp::Column::ConfirmedAt.is_null())
        .exec(connection)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Forgets the second factor of a person with its recovery codes. False if there is none.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, user: UserId) -> Result<bool> {
    recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user)).exec(connection).await?;
    Ok(totp::Entity::delete_by_id(user).exec(connection).await?.rows_affected == 1)
}

/// Puts these recovery codes, hashed, in the place of all earlier ones.
///
/// # Errors
/// Only those of the database.
pub async fn replace_recovery_codes(connection: &impl Connection, user: UserId, hashes: Vec<Vec<u8>>) -> Result<()> {
    recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user)).exec(connection).await?;
    let rows = hashes
        .into_iter()
        .map(|code_hash| recovery_code::ActiveModel { user_id: Set(user), code_hash: Set(code_hash) });
    recovery_code::Entity::insert_many(rows).exec_without_returning(connection).await?;
    Ok(())
}

/// How many recovery codes a person has left.
///
/// # Errors
/// Only those of the database.
pub async fn count_recovery_codes(connection: &impl Connection, user: UserId) -> Result<u64> {
    Ok(recovery_code::Entity::find().filter(recovery_code::Column::UserId.eq(user)).count(connection).await?)
}

/// Uses a recovery code up. False if the person has no such code.
///
/// # Errors
/// Only those of the database.
pub async fn take_recovery_code(connection: &impl Connection, user: UserId, code_hash: &[u8]) -> Result<bool> {
    let deleted = recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::UserId.eq(user))
        .filter(recovery_code::Column::CodeHash.eq(code_hash))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected == 1)
}
