//! Table `shares`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{ShareId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

/// A page of statistics that whoever has its address sees.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shares")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ShareId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// SHA-256 of the token in its address.
    pub token_hash: Vec<u8>,
    /// The heading of the page.
    pub name: String,
    /// Which clicks it is about, as a query string.
    pub filters: String,
    /// In PHC form, where a password is asked for.
    pub password_hash: Option<String>,
    /// Shows nothing from this moment on.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: Author,
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
