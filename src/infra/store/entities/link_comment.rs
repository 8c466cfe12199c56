//! Table `link_comments`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{LinkCommentId, LinkId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

/// What somebody said about a link.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "link_comments")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkCommentId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// About which link.
    pub link_id: LinkId,
    /// Who said it.
    pub author: Author,
    /// What.
    pub text: String,
    /// Grows with every edit.
    pub version: i64,
    /// When it was said.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
