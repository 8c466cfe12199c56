//! Table `sessions`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{SessionId, UserId};
use crate::domain::time::Timestamp;

/// A signed-in session.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// SHA-256 of the token; unique.
    pub token_hash: Vec<u8>,
    /// The `User-Agent` header at sign-in, cut short.
    pub user_agent: String,
    /// The address at sign-in.
    pub address: String,
    /// The provider that its owner came through; empty for a password.
    pub provider: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Right to the minute.
    pub last_used_at: Timestamp,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
