//! Table `events`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{EventId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Its number in the order of the commits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// Which one.
    pub id: EventId,
    /// What happened.
    pub r#type: String,
    /// Which schema its data keeps to.
    pub schema_version: i64,
    /// Its tenant; none for what concerns the instance.
    pub workspace_id: Option<WorkspaceId>,
    /// What it happened to.
    pub subject: String,
    /// Who did it.
    pub actor: Author,
    /// What there is to say.
    pub data: Json<serde_json::Value>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
