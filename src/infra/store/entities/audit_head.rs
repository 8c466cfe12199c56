//! Table `audit_heads`.

use sea_orm::entity::prelude::*;

use crate::domain::audit::ChainHash;
use crate::domain::recorded::Chain;

/// The end of a chain of the audit trail.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_heads")]
pub struct Model {
    /// Which chain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain: Chain,
    /// The number of its last row.
    pub sequence: i64,
    /// The hash of its last row.
    pub hash: ChainHash,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
