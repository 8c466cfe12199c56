//! Table `query_limits`.

use sea_orm::entity::prelude::*;

use crate::domain::id::WorkspaceId;

/// What questions about the clicks of a workspace may take; where it says nothing, the settings do.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "query_limits")]
pub struct Model {
    /// Whose clicks.
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// How many seconds one may take.
    pub seconds_max: Option<i64>,
    /// How many clicks one may go through.
    pub clicks_max: Option<i64>,
    /// How many a process asks at once.
    pub queries_max: Option<i64>,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
