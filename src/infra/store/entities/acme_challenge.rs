//! Table `acme_challenges`.

use sea_orm::entity::prelude::*;

use crate::domain::time::Timestamp;

/// What edges answer to an authority.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "acme_challenges")]
pub struct Model {
    /// What the authority asks for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token: String,
    /// The host name that is looked at.
    pub hostname: String,
    /// The answer (RFC 8555, section 8.1).
    pub key_authorization: String,
    /// Until when it is of use.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
