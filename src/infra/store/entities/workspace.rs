//! Table `workspaces`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::time::Timestamp;

/// A workspace: the tenant.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workspaces")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkspaceId,
    /// For people.
    pub name: String,
    /// Unique.
    pub slug: String,
    /// Grows with every edit.
    pub version: i64,
    /// Whose doing it was.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When somebody deleted it, while that can be undone.
    pub deleted_at: Option<Timestamp>,
    /// When it will be gone for good.
    pub purge_at: Option<Timestamp>,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
