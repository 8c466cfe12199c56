//! Table `evidence_exports`.

use sea_orm::entity::prelude::*;

use crate::domain::evidence::EvidenceState;
use crate::domain::id::{EvidenceExportId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

/// An archive of a part of a workspace's audit trail. The archive itself is an object.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence_exports")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EvidenceExportId,
    /// Whose trail.
    pub workspace_id: WorkspaceId,
    /// How far it is.
    pub state: EvidenceState,
    /// The number of the row behind which it starts.
    pub after_sequence: i64,
    /// The number of its last row.
    pub through_sequence: i64,
    /// The length of the archive, once it is ready.
    pub bytes: Option<i64>,
    /// SHA-256 of the archive, in hexadecimal digits, once it is ready.
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
