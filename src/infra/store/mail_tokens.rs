//! Codes that were sent in mails. A token is found by its hash alone, and used once.

use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::Connection;
use super::entities::mail_token;
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::domain::mail_token::MailTokenPurpose;
use crate::domain::time::Timestamp;

pub use mail_token::Model as MailToken;

/// Adds a token, and forgets the oldest of the same purpose and address beyond `keep`.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, token: MailToken, keep: u64) -> Result<()> {
    let same = Condition::all()
        .add(mail_token::Column::EmailKey.eq(&token.email_key))
        .add(mail_token::Column::Purpose.eq(token.purpose));
    mail_token::Entity::insert(token.into_active_model()).exec_without_returning(connection).await?;
    let surplus: Vec<Vec<u8>> = mail_token::Entity::find()
        .select_only()
        .column(mail_token::Column::TokenHash)
        .filter(same)
        .order_by_desc(mail_token::Column::CreatedAt)
        .order_by_desc(mail_token::Column::TokenHash)
        .offset(keep)
        .limit(keep)
        .into_tuple()
        .all(connection)
        .await?;
    mail_token::Entity::delete_many().filter(mail_token::Column::TokenHash.is_in(surplus)).exec(connection).await?;
    Ok(())
}

/// The token with this hash, for one purpose.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    purpose: MailTokenPurpose,
    token_hash: &[u8],
) -> Result<Option<MailToken>> {
    let query = mail_token::Entity::find_by_id(token_hash.to_vec()).filter(mail_token::Column::Purpose.eq(purpose));
    Ok(query.one(connection).await?)
}

/// Takes a token away. False if somebody was faster.
///
/// # Errors
/// Only those of the database.
pub async fn take(connection: &impl Connection, token_hash: &[u8]) -> Result<bool> {
    let deleted = mail_token::Entity::delete_by_id(token_hash.to_vec()).exec(connection).await?;
    Ok(deleted.rows_affected == 1)
}

/// Forgets every token of a person.
///
/// # Errors
/// Only those of the database.
pub async fn delete_of_user(connection: &impl Connection, user: UserId) -> Result<()> {
    mail_token::Entity::delete_many().filter(mail_token::Column::UserId.eq(user)).exec(connection).await?;
    Ok(())
}

/// Forgets every token that was sent to an address, lower-cased.
///
/// # Errors
/// Only those of the database.
pub async fn delete_of_address(connection: &impl Connection, email_key: &str) -> Result<()> {
    mail_token::Entity::delete_many().filter(mail_token::Column::EmailKey.eq(email_key)).exec(connection).await?;
    Ok(())
}

/// Forgets tokens that have expired.
///
/// # Errors
/// Only those of the database.
pub async fn delete_expired(connection: &impl Connection, now: Timestamp) -> Result<u64> {
    let expired = mail_token::Column::ExpiresAt.lte(now);
    Ok(mail_token::Entity::delete_many().filter(expired).exec(connection).await?.rows_affected)
}
