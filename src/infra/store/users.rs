//! People, and the mark that the first administrator was made.

use sea_orm::sea_query::{Expr, LockType, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QuerySelect, SqlErr,
    UpdateMany,
};

use super::Connection;
use super::entities::{bootstrap, user};
use super::page::{Page, newest_first};
use super::text_pattern::containing;
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

/// The people who have an account, newest first; with an address that holds `part`, lower-cased, if one is given.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, part: Option<&str>, page: Page) -> Result<Vec<User>> {
    let query = match part {
        // No database looks for this, and no address holds it.
        Some(part) if part.contains('\0') => return Ok(Vec::new()),
        Some(part) => user::Entity::find().filter(user::Column::EmailKey.like(containing(part))),
        None => user::Entity::find(),
    };
    Ok(newest_first(query, user::Column::CreatedAt, user::Column::Id, page).all(connection).await?)
}

/// An update after which nothing counts that was asked for before.
fn replaced_credentials() -> UpdateMany<user::Entity> {
    let version = user::Column::CredentialsVersion;
    user::Entity::update_many().col_expr(version, Expr::col(version).add(1))
}

/// Gives a person another password. What was asked for under the old one counts no more.
///
/// # Errors
/// Only those of the database.
pub async fn set_password(
    connection: &impl Connection,
    id: UserId,
    password_hash: String,
    now: Timestamp,
) -> Result<()> {
    replaced_credentials()
        .col_expr(user::Column::PasswordHash, Expr::value(password_hash))
        .col_expr(user::Column::UpdatedAt, Expr::value(now))
        .filter(user::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Notes that mail to a person's address reaches them.
///
/// # Errors
/// Only those of the database.
pub async fn set_verified(connection: &impl Connection, id: UserId, now: Timestamp) -> Result<()> {
    user::Entity::update_many()
        .col_expr(user::Column::EmailVerifiedAt, Expr::value(now))
        .col_expr(user::Column::UpdatedAt, Expr::value(now))
        .filter(user::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Gives a person another address, to which mail reaches them. False if it is somebody else's.
///
/// # Errors
/// Only those of the database.
pub async fn set_email(connection: &impl Connection, id: UserId, email: &str, now: Timestamp) -> Result<bool> {
    let key = email.to_lowercase();
    // Asked first, because a statement that fails undoes the whole transaction on PostgreSQL.
    if find_by_email(connection, &key).await?.is_some_and(|user| user.id != id) {
        return Ok(false);
    }
    let updated = replaced_credentials()
        .col_expr(user::Column::Email, Expr::value(email))
        .col_expr(user::Column::EmailKey, Expr::value(key))
        .col_expr(user::Column::EmailVerifiedAt, Expr::value(now))
        .col_expr(user::Column::UpdatedAt, Expr::value(now))
        .filter(user::Column::Id.eq(id))
        .exec(connection)
        .await;
    match updated {
        // Somebody took the address in this moment.
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(false),
        updated => Ok(updated?.rows_affected == 1),
    }
}

/// Keeps a person from signing in from this moment on, or lets them again. What was asked for before counts no more.
///
/// # Errors
/// Only those of the database.
pub async fn set_disabled(
    connection: &impl Connection,
    id: UserId,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    replaced_credentials()
        .col_expr(user::Column::DisabledAt, Expr::value(since))
        .col_expr(user::Column::UpdatedAt, Expr::value(now))
        .filter(user::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Those of these people who may not sign in.
///
/// # Errors
/// Only those of the database.
pub async fn disabled_among(connection: &impl Connection, ids: Vec<UserId>) -> Result<Vec<UserId>> {
    let query = user::Entity::find().select_only().column(user::Column::Id);
    let query = query.filter(user::Column::Id.is_in(ids)).filter(user::Column::DisabledAt.is_not_null());
    Ok(query.into_tuple().all(connection).await?)
}
