//! Table `known_networks`.

use sea_orm::entity::prelude::*;

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

/// Where a person has signed in from.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "known_networks")]
pub struct Model {
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// A keyed hash of the network.
    #[sea_orm(primary_key, auto_increment = false)]
    pub network: Vec<u8>,
    /// When they last signed in from there.
    pub last_used_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
