//! Table `bulk_edit_batches`.

use sea_orm::entity::prelude::*;

use crate::domain::id::BulkEditId;

/// Links that an edit has not had yet.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_edit_batches")]
pub struct Model {
    /// Of which edit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub edit_id: BulkEditId,
    /// The place of the batch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// The links and the versions that were shown, as JSON.
    pub links: String,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
