//! Table `releases`.

use sea_orm::entity::prelude::*;

use crate::domain::time::Timestamp;

/// A release of the program that has served this database.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "releases")]
pub struct Model {
    /// Its version, as `1.4.2`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: String,
    /// When it did so first.
    pub first_served_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
