//! Table `invitations`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{InvitationId, UserId, WorkspaceId};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;

/// That somebody is invited to a workspace. An invitation that was accepted or revoked is no row at all.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvitationId,
    /// Where to.
    pub workspace_id: WorkspaceId,
    /// As it was typed.
    pub email: String,
    /// Lower-cased; unique in the workspace.
    pub email_key: String,
    /// As what.
    pub role: Role,
    /// SHA-256 of the token; unique.
    pub token_hash: Vec<u8>,
    /// Whose doing it was.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last sent.
    pub sent_at: Timestamp,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
