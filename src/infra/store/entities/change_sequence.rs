//! Table `change_sequence`.

use sea_orm::entity::prelude::*;

/// The number of the last change: one row, for ever.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "change_sequence")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// The number.
    pub last: i64,
    /// The database that it was given in.
    pub incarnation: String,
    /// The number of the last event.
    pub last_event: i64,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
