//! Table `idempotency_keys`.

use sea_orm::entity::prelude::*;

use crate::domain::time::Timestamp;

/// A request that must not be done twice, and what was answered.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Whose key it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    /// As the client sent it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub idempotency_key: String,
    /// Equal for equal requests.
    pub fingerprint: Vec<u8>,
    /// Names the attempt that may answer.
    pub claim: Uuid,
    /// How long that attempt may take.
    pub locked_until: Timestamp,
    /// None while the answer is on its way.
    pub response_status: Option<i64>,
    /// As JSON.
    pub response_headers: Option<String>,
    /// Sealed, so that a copy of the database reveals no secret that was answered.
    pub response_body: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
