//! Who people are to identity providers. A person's identities are only ever listed through the person.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};

use super::Connection;
use super::entities::external_identity as identity;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{IdentityId, UserId};

pub use identity::Model as ExternalIdentity;

/// Adds an identity. False if its subject belongs to somebody already.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, row: ExternalIdentity) -> Result<bool> {
    let conflict = OnConflict::columns([identity::Column::Issuer, identity::Column::Subject]).do_nothing().to_owned();
    let rows = identity::Entity::insert(row.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(connection)
        .await?;
    Ok(rows == 1)
}

/// The identity that an issuer calls so.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_subject(
    connection: &impl Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<ExternalIdentity>> {
    let query = identity::Entity::find()
        .filter(identity::Column::Issuer.eq(issuer))
        .filter(identity::Column::Subject.eq(subject));
    Ok(query.one(connection).await?)
}

/// One of a person's identities.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, user: UserId, id: IdentityId) -> Result<Option<ExternalIdentity>> {
    let query = identity::Entity::find_by_id(id).filter(identity::Column::UserId.eq(user));
    Ok(query.one(connection).await?)
}

/// A person's identities, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, user: UserId, page: Page) -> Result<Vec<ExternalIdentity>> {
    let query = identity::Entity::find().filter(identity::Column::UserId.eq(user));
    Ok(newest_first(query, identity::Column::CreatedAt, identity::Column::Id, page).all(connection).await?)
}

/// How many identities a person has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, user: UserId) -> Result<u64> {
    Ok(identity::Entity::find().filter(identity::Column::UserId.eq(user)).count(connection).await?)
}

/// Notes that somebody signed in by an identity, and what the provider said then.
///
/// # Errors
/// Only those of the database.
pub async fn note_use(connection: &impl Connection, used: &ExternalIdentity) -> Result<()> {
    identity::Entity::update_many()
        .col_expr(identity::Column::Provider, Expr::value(used.provider.as_str()))
        .col_expr(identity::Column::Email, Expr::value(used.email.as_str()))
        .col_expr(identity::Column::LastUsedAt, Expr::value(used.last_used_at))
        .filter(identity::Column::Id.eq(used.id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Takes an identity from a person. False if they have no such one.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, user: UserId, id: IdentityId) -> Result<bool> {
    let deleted = identity::Entity::delete_many()
        .filter(identity::Column::UserId.eq(user))
        .filter(identity::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected == 1)
}
