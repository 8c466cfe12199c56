//! Requests that must not be done twice, and what was answered.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::Connection;
use super::entities::idempotency_key;
use crate::domain::error::Result;
use crate::domain::time::Timestamp;

pub use idempotency_key::Model as IdempotencyKey;

/// Claims a key. Whoever asks at the same time waits, and finds it taken. False if it is.
///
/// # Errors
/// Only those of the database.
pub async fn claim(connection: &impl Connection, key: IdempotencyKey, now: Timestamp) -> Result<bool> {
    of(&key.credential, &key.key_hash).filter(idempotency_key::Column::ExpiresAt.lte(now)).exec(connection).await?;
    let primary_key = [idempotency_key::Column::Credential, idempotency_key::Column::KeyHash];
    let rows = idempotency_key::Entity::insert(key.into_active_model())
        .on_conflict(OnConflict::columns(primary_key).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(rows == 1)
}

/// What is known of a key.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, credential: &str, key_hash: &[u8]) -> Result<Option<IdempotencyKey>> {
    let id = (credential.to_owned(), key_hash.to_vec());
    Ok(idempotency_key::Entity::find_by_id(id).one(connection).await?)
}

/// Keeps the response of a claim until `expires_at`. False if the claim has gone to somebody else, or was answered.
///
/// # Errors
/// Only those of the database.
pub async fn answer(
    connection: &impl Connection,
    key: &IdempotencyKey,
    answer: Vec<u8>,
    expires_at: Timestamp,
) -> Result<bool> {
    let updated = idempotency_key::Entity::update_many()
        .col_expr(idempotency_key::Column::Answer, Expr::value(answer))
        .col_expr(idempotency_key::Column::ExpiresAt, Expr::value(expires_at))
        .filter(idempotency_key::Column::Credential.eq(&key.credential))
        .filter(idempotency_key::Column::KeyHash.eq(key.key_hash.clone()))
        .filter(idempotency_key::Column::Fingerprint.eq(key.fingerprint.clone()))
        .filter(idempotency_key::Column::Answer.is_null())
        .exec(connection)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Gives up a claim that has no response.
///
/// # Errors
/// Only those of the database.
pub async fn abandon(connection: &impl Connection, key: &IdempotencyKey) -> Result<()> {
    of(&key.credential, &key.key_hash)
        .filter(idempotency_key::Column::Fingerprint.eq(key.fingerprint.clone()))
        .filter(idempotency_key::Column::Answer.is_null())
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets what has expired.
///
/// # Errors
/// Only those of the database.
pub async fn delete_expired(connection: &impl Connection, now: Timestamp) -> Result<u64> {
    let expired = idempotency_key::Column::ExpiresAt.lte(now);
    Ok(idempotency_key::Entity::delete_many().filter(expired).exec(connection).await?.rows_affected)
}

fn of(credential: &str, key_hash: &[u8]) -> sea_orm::DeleteMany<idempotency_key::Entity> {
    idempotency_key::Entity::delete_many()
        .filter(idempotency_key::Column::Credential.eq(credential))
        .filter(idempotency_key::Column::KeyHash.eq(key_hash.to_vec()))
}
