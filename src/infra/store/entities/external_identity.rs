//! Table `external_identities`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{IdentityId, UserId};
use crate::domain::time::Timestamp;

/// Who a person is to an identity provider. Issuer and subject together are unique.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "external_identities")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IdentityId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the operator called the provider when it was last used.
    pub provider: String,
    /// How the provider calls itself.
    pub issuer: String,
    /// How it calls the person.
    pub subject: String,
    /// The address that it told last; may be empty.
    pub email: String,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When somebody last signed in by it.
    pub last_used_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
