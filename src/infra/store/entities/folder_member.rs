//! Table `folder_members`.

use sea_orm::entity::prelude::*;

use crate::domain::folder::FolderAccess;
use crate::domain::id::{FolderId, UserId, WorkspaceId};

/// What one member may do in a folder.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_members")]
pub struct Model {
    /// The folder.
    #[sea_orm(primary_key, auto_increment = false)]
    pub folder_id: FolderId,
    /// The member.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The tenant of both.
    pub workspace_id: WorkspaceId,
    /// What they may do.
    pub access: FolderAccess,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
