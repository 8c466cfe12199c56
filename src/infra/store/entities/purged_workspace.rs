//! Table `purged_workspaces`.

use sea_orm::entity::prelude::*;

use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// A workspace that is gone for good.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "purged_workspaces")]
pub struct Model {
    /// Which one it was.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkspaceId,
    /// Since when it is gone.
    pub purged_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
