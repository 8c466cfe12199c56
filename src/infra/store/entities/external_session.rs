//! Table `external_sessions`.

use sea_orm::entity::prelude::*;

use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;

/// The mark of a session at a provider that was let in once.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "external_sessions")]
pub struct Model {
    /// What it is called here.
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: SessionId,
    /// It is over by then.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
