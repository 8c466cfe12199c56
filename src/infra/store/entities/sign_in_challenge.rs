//! Table `sign_in_challenges`.

use sea_orm::entity::prelude::*;

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

/// A sign-in whose password was right and whose second factor is still to come.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_challenges")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Whose it is.
    pub user_id: UserId,
    /// The provider that proved who it is; empty for a password.
    pub provider: String,
    /// Where it began, as a keyed hash; empty where that is not known.
    pub site: Vec<u8>,
    /// How many codes may still be tried.
    pub attempts_left: i64,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
