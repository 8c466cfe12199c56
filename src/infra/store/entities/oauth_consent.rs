//! Table `oauth_consents`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{OAuthClientId, OAuthConsentId, UserId, WorkspaceId};
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;

/// What a person lets a program do in a workspace; unique for the three. A consent that was revoked is no row at all.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_consents")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OAuthConsentId,
    /// Who.
    pub user_id: UserId,
    /// Which program.
    pub client_id: OAuthClientId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// What.
    pub scopes: Json<Vec<Scope>>,
    /// When it was first given.
    pub created_at: Timestamp,
    /// When it was last widened.
    pub updated_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
