//! Table `api_keys`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{ApiKeyId, UserId, WorkspaceId};
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// An API key of a workspace. A revoked key is no row at all.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    /// Where it works.
    pub workspace_id: WorkspaceId,
    /// For people.
    pub name: String,
    /// SHA-256 of the token; unique.
    pub token_hash: Vec<u8>,
    /// The first characters of the token, so that people can tell keys apart.
    pub token_start: String,
    /// What it may be used for.
    pub scopes: Json<Vec<Scope>>,
    /// Whose doing it was.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not valid from this moment on.
    pub expires_at: Option<Timestamp>,
    /// Right to the minute.
    pub last_used_at: Option<Timestamp>,
    /// SHA-256 of the token before this one; unique.
    pub previous_token_hash: Option<Vec<u8>>,
    /// That token is not valid from this moment on.
    pub previous_expires_at: Option<Timestamp>,
    /// When the token was last exchanged for another.
    pub rotated_at: Option<Timestamp>,
    /// Requests a minute; what the settings say if absent.
    pub rate_limit_per_minute: Option<i64>,
    /// Grows with every edit.
    pub version: i64,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
