//! Table `oauth_grants`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{OAuthConsentId, OAuthGrantId};
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// One authorization: a code, and the tokens that come of it. One that ended is no row at all.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_grants")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OAuthGrantId,
    /// By which consent.
    pub consent_id: OAuthConsentId,
    /// What it is for.
    pub scopes: Json<Vec<Scope>>,
    /// SHA-256 of the code; unique.
    pub code_hash: Vec<u8>,
    /// The challenge that the code's verifier answers (RFC 7636).
    pub code_challenge: String,
    /// Where the code went.
    pub redirect_uri: String,
    /// When the code was exchanged.
    pub code_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Nothing of it is valid from this moment on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
