//! Table `tags`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{TagId, WorkspaceId};
use crate::domain::time::Timestamp;

/// A label on links.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tags")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TagId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// For people.
    pub name: String,
    /// Lower-cased; unique in the workspace.
    pub name_key: String,
    /// `#rrggbb`, lower-case.
    pub color: String,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
