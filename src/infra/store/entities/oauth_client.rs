//! Table `oauth_clients`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{OAuthClientId, UserId, WorkspaceId};
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// A program that may ask people to act for them. One without a secret is public.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_clients")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OAuthClientId,
    /// Who registered it.
    pub workspace_id: WorkspaceId,
    /// For people.
    pub name: String,
    /// Where codes may go, as they were registered.
    pub redirect_uris: Json<Vec<String>>,
    /// What it may ask for.
    pub scopes: Json<Vec<Scope>>,
    /// SHA-256 of the secret.
    pub secret_hash: Option<Vec<u8>>,
    /// The first characters of the secret, so that people can tell secrets apart.
    pub secret_start: Option<String>,
    /// SHA-256 of the secret before this one.
    pub previous_secret_hash: Option<Vec<u8>>,
    /// That secret is not valid from this moment on.
    pub previous_expires_at: Option<Timestamp>,
    /// When the secret was last exchanged for another.
    pub rotated_at: Option<Timestamp>,
    /// Whose doing it was.
    pub created_by: Option<UserId>,
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
