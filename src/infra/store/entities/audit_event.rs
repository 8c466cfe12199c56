//! Table `audit_events`.

use sea_orm::entity::prelude::*;

use crate::domain::audit::ChainHash;
use crate::domain::id::AuditEventId;
use crate::domain::recorded::{Author, Chain};
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// One change.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    /// In whose trail it stands.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain: Chain,
    /// Its number there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// Which one.
    pub id: AuditEventId,
    /// Who did it.
    pub actor: Author,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// What was there before.
    pub before: Option<Json<serde_json::Value>>,
    /// What was there afterwards.
    pub after: Option<Json<serde_json::Value>>,
    /// Where it was asked from.
    pub address: Option<String>,
    /// Which request asked.
    pub request_id: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// Seals it and all before it.
    pub hash: ChainHash,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
