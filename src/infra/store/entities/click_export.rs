//! Table `click_exports`.

use sea_orm::entity::prelude::*;

use crate::domain::click_export::{ClickExportState, ExportFormat};
use crate::domain::id::{ClickExportId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// A file of a workspace's clicks. The file itself is an object.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "click_exports")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClickExportId,
    /// Whose clicks.
    pub workspace_id: WorkspaceId,
    /// How far it is.
    pub state: ClickExportState,
    /// The form of the file.
    pub format: ExportFormat,
    /// Which clicks, as a query string, as it was asked.
    pub filters: String,
    /// The same, understood, and with a period.
    pub request: Json<serde_json::Value>,
    /// The length of the file, once it is ready.
    pub bytes: Option<i64>,
    /// SHA-256 of the file, in hexadecimal digits, once it is ready.
    pub sha256: Option<String>,
    /// Why it cannot be written.
    pub error: Option<String>,
    /// Who asked for it.
    pub created_by: Author,
    /// When.
    pub created_at: Timestamp,
    /// When it was ready, or had failed.
    pub finished_at: Option<Timestamp>,
    /// Gone from this moment on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
