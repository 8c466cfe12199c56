//! Table `bulk_edits`.

use sea_orm::entity::prelude::*;

use crate::domain::bulk_edit::BulkEditState;
use crate::domain::id::{BulkEditId, LinkChangeId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

/// One edit of many links.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_edits")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BulkEditId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// Who asked for it.
    pub author: Author,
    /// The change of links that it is.
    pub change_id: LinkChangeId,
    /// What it changes, as JSON.
    pub changes: String,
    /// How far it is.
    pub state: BulkEditState,
    /// How many links it is about.
    pub total: i64,
    /// How many were changed.
    pub changed: i64,
    /// How many were so already.
    pub unchanged: i64,
    /// How many were left as they are.
    pub failed: i64,
    /// Why, for some of them, as JSON.
    pub failures: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
