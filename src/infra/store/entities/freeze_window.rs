//! Table `freeze_windows`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{FolderId, FreezeWindowId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

/// A time in which links are left as they are.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "freeze_windows")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FreezeWindowId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// The folder whose links they are; all of the workspace if absent.
    pub folder_id: Option<FolderId>,
    /// Why, for people.
    pub reason: String,
    /// Its first moment.
    pub starts_at: Timestamp,
    /// The first moment after it.
    pub ends_at: Timestamp,
    /// Who made it.
    pub author: Author,
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
