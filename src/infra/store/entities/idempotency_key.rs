//! Table `idempotency_keys`.

use sea_orm::entity::prelude::*;

use crate::domain::time::Timestamp;

/// A request that must not be done twice, and what was answered.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Whose key it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub credential: String,
    /// SHA-256 of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: Vec<u8>,
    /// Equal for equal requests.
    pub fingerprint: Vec<u8>,
    /// None while the response is on its way.
    pub answer: Option<Vec<u8>>,
    /// From then on it is as if the key had never been used.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
