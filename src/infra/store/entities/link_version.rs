//! Table `link_versions`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{LinkChangeId, LinkId, WorkspaceId};
use crate::domain::link_version::LinkVersionAction;
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

/// What a link was.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "link_versions")]
pub struct Model {
    /// Which link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: LinkId,
    /// In which version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// How it came to be so.
    pub action: LinkVersionAction,
    /// Whose doing it was, if that is known.
    pub author: Option<Author>,
    /// The change that it was part of, if it is known.
    pub change_id: Option<LinkChangeId>,
    /// All of it that people choose, as JSON.
    pub content: String,
    /// When it became so.
    pub created_at: Timestamp,
    /// When it was no longer so; none for the current version.
    pub replaced_at: Option<Timestamp>,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
