//! Table `oauth_tokens`.

use sea_orm::entity::prelude::*;

use crate::domain::id::OAuthGrantId;
use crate::domain::oauth::OAuthTokenKind;
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// A token that a program holds. One that was revoked is no row at all.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// By which authorization.
    pub grant_id: OAuthGrantId,
    /// What it is for.
    pub kind: OAuthTokenKind,
    /// What it may be used for.
    pub scopes: Json<Vec<Scope>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
    /// When it was exchanged for the next one.
    pub replaced_at: Option<Timestamp>,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
