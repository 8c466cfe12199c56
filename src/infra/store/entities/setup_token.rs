//! Table `setup_tokens`.

use sea_orm::entity::prelude::*;

use crate::domain::time::Timestamp;

/// What opens the page on which the first administrator is made.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "setup_tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
