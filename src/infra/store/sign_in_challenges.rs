//! Sign-ins that wait for a second factor.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::Connection;
use super::entities::sign_in_challenge;
use crate::domain::error::Result;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

pub use sign_in_challenge::Model as SignInChallenge;

/// Adds a challenge in the place of the one that the person has from the same site, and forgets those of theirs that end first
/// beyond `keep`. The person has to be locked.
///
/// # Errors
/// Only those of the database.
pub async fn replace(connection: &impl Connection, challenge: SignInChallenge, keep: u64) -> Result<()> {
    let user = challenge.user_id;
    sign_in_challenge::Entity::delete_many()
        .filter(sign_in_challenge::Column::UserId.eq(user))
        .filter(sign_in_challenge::Column::Site.eq(challenge.site.clone()))
        .exec(connection)
        .await?;
    sign_in_challenge::Entity::insert(challenge.into_active_model()).exec_without_returning(connection).await?;
    let surplus: Vec<Vec<u8>> = sign_in_challenge::Entity::find()
        .select_only()
        .column(sign_in_challenge::Column::TokenHash)
        .filter(sign_in_challenge::Column::UserId.eq(user))
        .order_by_desc(sign_in_challenge::Column::ExpiresAt)
        .offset(keep)
        .limit(keep)
        .into_tuple()
        .all(connection)
        .await?;
    let surplus = sign_in_challenge::Column::TokenHash.is_in(surplus);
    sign_in_challenge::Entity::delete_many().filter(surplus).exec(connection).await?;
    Ok(())
}

/// The challenge whose token has this hash.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, token_hash: &[u8]) -> Result<Option<SignInChallenge>> {
    Ok(sign_in_challenge::Entity::find_by_id(token_hash.to_vec()).one(connection).await?)
}

/// Takes one of the attempts that are left. False if there is none.
///
/// # Errors
/// Only those of the database.
pub async fn take_attempt(connection: &impl Connection, token_hash: &[u8]) -> Result<bool> {
    let attempts_left = sign_in_challenge::Column::AttemptsLeft;
    let updated = sign_in_challenge::Entity::update_many()
        .col_expr(attempts_left, Expr::col(attempts_left).sub(1))
        .filter(sign_in_challenge::Column::TokenHash.eq(token_hash))
        .filter(attempts_left.gt(0))
        .exec(connection)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Takes a challenge away. False if somebody was faster.
///
/// # Errors
/// Only those of the database.
pub async fn take(connection: &impl Connection, token_hash: &[u8]) -> Result<bool> {
    let deleted = sign_in_challenge::Entity::delete_by_id(token_hash.to_vec()).exec(connection).await?;
    Ok(deleted.rows_affected == 1)
}

/// Forgets every challenge of a person.
///
/// # Errors
/// Only those of the database.
pub async fn delete_of_user(connection: &impl Connection, user: UserId) -> Result<()> {
    sign_in_challenge::Entity::delete_many()
        .filter(sign_in_challenge::Column::UserId.eq(user))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets challenges that have expired.
///
/// # Errors
/// Only those of the database.
pub async fn delete_expired(connection: &impl Connection, now: Timestamp) -> Result<u64> {
    let expired = sign_in_challenge::Column::ExpiresAt.lte(now);
    Ok(sign_in_challenge::Entity::delete_many().filter(expired).exec(connection).await?.rows_affected)
}
