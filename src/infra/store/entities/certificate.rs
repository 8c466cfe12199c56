//! Table `certificates`.

use sea_orm::entity::prelude::*;

use crate::domain::id::DomainId;
use crate::domain::time::Timestamp;

/// A certificate that an authority issued.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "certificates")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub domain_id: DomainId,
    /// What it is for: the domain's host name when it was ordered.
    pub hostname: String,
    /// The certificate and those above it, as PEM.
    pub chain: String,
    /// The PEM of its key, sealed.
    pub sealed_key: Vec<u8>,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// When it was kept.
    pub created_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
