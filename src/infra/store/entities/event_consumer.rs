//! Table `event_consumers`.

use sea_orm::entity::prelude::*;

use crate::domain::time::Timestamp;

/// How far a consumer of events has come.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event_consumers")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The number of the last event that it has done or set aside.
    pub position: i64,
    /// When that was.
    pub updated_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
