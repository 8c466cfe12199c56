//! Tokens that open the page on which the first administrator is made. A token is found by its hash alone.

use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::Connection;
use super::entities::setup_token;
use crate::domain::error::Result;
use crate::domain::time::Timestamp;

pub use setup_token::Model as SetupToken;

/// Adds a token, and forgets the oldest beyond `keep`.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, token: SetupToken, keep: u64) -> Result<()> {
    setup_token::Entity::insert(token.into_active_model()).exec_without_returning(connection).await?;
    let surplus: Vec<Vec<u8>> = setup_token::Entity::find()
        .select_only()
        .column(setup_token::Column::TokenHash)
        .order_by_desc(setup_token::Column::CreatedAt)
        .order_by_desc(setup_token::Column::TokenHash)
        .offset(keep)
        .limit(keep)
        .into_tuple()
        .all(connection)
        .await?;
    setup_token::Entity::delete_many().filter(setup_token::Column::TokenHash.is_in(surplus)).exec(connection).await?;
    Ok(())
}

/// Whether this hash is that of a token which still holds.
///
/// # Errors
/// Only those of the database.
pub async fn holds(connection: &impl Connection, token_hash: &[u8], now: Timestamp) -> Result<bool> {
    let query = setup_token::Entity::find_by_id(token_hash.to_vec()).filter(setup_token::Column::ExpiresAt.gt(now));
    Ok(query.one(connection).await?.is_some())
}

/// Forgets all of them.
///
/// # Errors
/// Only those of the database.
pub async fn delete_all(connection: &impl Connection) -> Result<()> {
    setup_token::Entity::delete_many().exec(connection).await?;
    Ok(())
}
