//! Table `totp`.

use sea_orm::entity::prelude::*;

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

/// The second factor of a person.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "totp")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The secret that its codes come from, sealed.
    pub sealed_secret: Vec<u8>,
    /// When the first code was right; before that it is asked for by nobody.
    pub confirmed_at: Option<Timestamp>,
    /// Codes of steps up to this one were used.
    pub last_step: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
