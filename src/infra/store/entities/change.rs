//! Table `changes`.

use sea_orm::entity::prelude::*;

use crate::domain::time::Timestamp;

/// One commit that edges have to know of.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "changes")]
pub struct Model {
    /// Its number in the order of the commits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// What it made wrong, as MessagePack.
    pub invalidations: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
