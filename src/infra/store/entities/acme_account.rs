//! Table `acme_accounts`.

use sea_orm::entity::prelude::*;

use crate::domain::time::Timestamp;

/// An account with an authority.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "acme_accounts")]
pub struct Model {
    /// The authority's directory.
    #[sea_orm(primary_key, auto_increment = false)]
    pub directory_url: String,
    /// The account's address and key, sealed; none while there is no account.
    pub sealed_credentials: Option<Vec<u8>>,
    /// No orders before this moment.
    pub paused_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
