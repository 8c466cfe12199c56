//! Table `views`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{ViewId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::domain::view::ViewPage;

/// The filters of a page, under a name.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "views")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ViewId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// Who made it.
    pub owner: Author,
    /// For people.
    pub name: String,
    /// Of which page.
    pub page: ViewPage,
    /// The filters, as a query string.
    pub query: String,
    /// Whether others see it.
    pub is_shared: bool,
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
