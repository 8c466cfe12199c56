//! Table `folders`.

use sea_orm::entity::prelude::*;

use crate::domain::folder::FolderAccess;
use crate::domain::id::{FolderId, WorkspaceId};
use crate::domain::time::Timestamp;

/// A place for links.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "folders")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FolderId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// For people.
    pub name: String,
    /// Lower-cased; unique in the workspace.
    pub name_key: String,
    /// What members may do who are not named.
    pub access: FolderAccess,
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
