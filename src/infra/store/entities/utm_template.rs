//! Table `utm_templates`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{UtmTemplateId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::utm::Utm;
use crate::infra::store::columns::Json;

/// Campaign parameters under a name.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "utm_templates")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UtmTemplateId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// For people.
    pub name: String,
    /// Lower-cased; unique in the workspace.
    pub name_key: String,
    /// The parameters.
    pub utm: Json<Utm>,
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
