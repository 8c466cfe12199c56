//! Signed-in sessions. A person's sessions are only ever reached through the person.

use sea_orm::sea_query::{Expr, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::entities::{session, user};
use super::page::{Page, newest_first};
use super::{Connection, external_sessions};
use crate::domain::error::Result;
use crate::domain::id::{SessionId, UserId};
use crate::domain::time::Timestamp;

pub use session::Model as Session;

/// Adds a session.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, session: Session) -> Result<()> {
    session::Entity::insert(session.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// The session whose token has this hash, and whose it is.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_token(connection: &impl Connection, token_hash: &[u8]) -> Result<Option<(Session, user::Model)>> {
    let Some(session) =
        session::Entity::find().filter(session::Column::TokenHash.eq(token_hash)).one(connection).await?
    else {
        return Ok(None);
    };
    let user = user::Entity::find_by_id(session.user_id).one(connection).await?;
    Ok(user.map(|user| (session, user)))
}

/// One of a person's sessions.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, user: UserId, id: SessionId) -> Result<Option<Session>> {
    let query = session::Entity::find_by_id(id).filter(session::Column::UserId.eq(user));
    Ok(query.one(connection).await?)
}

/// A person's sessions that have not expired, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, user: UserId, now: Timestamp, page: Page) -> Result<Vec<Session>> {
    let query =
        session::Entity::find().filter(session::Column::UserId.eq(user)).filter(session::Column::ExpiresAt.gt(now));
    Ok(newest_first(query, session::Column::CreatedAt, session::Column::Id, page).all(connection).await?)
}

/// Notes that the session was used.
///
/// # Errors
/// Only those of the database.
pub async fn touch(connection: &impl Connection, id: SessionId, now: Timestamp) -> Result<()> {
    session::Entity::update_many()
        .col_expr(session::Column::LastUsedAt, Expr::value(now))
        .filter(session::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Ends one of a person's sessions. False if there is no such session.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, user: UserId, id: SessionId) -> Result<bool> {
    let deleted = session::Entity::delete_many()
        .filter(session::Column::UserId.eq(user))
        .filter(session::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// Ends all of a person's sessions but one, if one is given.
///
/// # Errors
/// Only those of the database.
pub async fn delete_all_but(connection: &impl Connection, user: UserId, kept: Option<SessionId>) -> Result<u64> {
    let query = session::Entity::delete_many().filter(session::Column::UserId.eq(user));
    let query = match kept {
        Some(kept) => query.filter(session::Column::Id.ne(kept)),
        None => query,
    };
    Ok(query.exec(connection).await?.rows_affected)
}

/// Gives a session of a person another token; the one before is worth nothing from then on. False if there is no such session.
///
/// # Errors
/// Only those of the database.
pub async fn replace_token(
    connection: &impl Connection,
    user: UserId,
    id: SessionId,
    token_hash: Vec<u8>,
) -> Result<bool> {
    let updated = session::Entity::update_many()
        .col_expr(session::Column::TokenHash, Expr::value(token_hash))
        .filter(session::Column::UserId.eq(user))
        .filter(session::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Forgets a person's sessions that have expired, and the oldest beyond `keep`.
///
/// # Errors
/// Only those of the database.
pub async fn prune(connection: &impl Connection, user: UserId, now: Timestamp, keep: u64) -> Result<()> {
    let surplus: Vec<SessionId> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::UserId.eq(user))
        .order_by_desc(session::Column::CreatedAt)
        .order_by_desc(session::Column::Id)
        .offset(keep)
        .limit(keep)
        .into_tuple()
        .all(connection)
        .await?;
    let expired = session::Column::UserId.eq(user).and(session::Column::ExpiresAt.lte(now));
    external_sessions::delete_of(connection, ids_of(expired)).await?;
    session::Entity::delete_many()
        .filter(session::Column::UserId.eq(user))
        .filter(session::Column::ExpiresAt.lte(now).or(session::Column::Id.is_in(surplus)))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets everybody's sessions that have expired.
///
/// # Errors
/// Only those of the database.
pub async fn delete_expired(connection: &impl Connection, now: Timestamp) -> Result<u64> {
    let expired = session::Column::ExpiresAt.lte(now);
    external_sessions::delete_of(connection, ids_of(expired.clone())).await?;
    Ok(session::Entity::delete_many().filter(expired).exec(connection).await?.rows_affected)
}

fn ids_of(which: SimpleExpr) -> SelectStatement {
    session::Entity::find().select_only().column(session::Column::Id).filter(which).into_query()
}
