//! Table `workspaces`.

use sea_orm::entity::prelude::*;

use crate::domain::click_policy::VisitorAddresses;
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::time::Timestamp;

/// A workspace: the tenant.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workspaces")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkspaceId,
    /// For people.
    pub name: String,
    /// Unique.
    pub slug: String,
    /// Grows with every edit.
    pub version: i64,
    /// Whose doing it was.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When somebody deleted it, while that can be undone.
    pub deleted_at: Option<Timestamp>,
    /// When it will be gone for good.
    pub purge_at: Option<Timestamp>,
    /// For how many days its clicks are kept; as long as the instance keeps them where it is zero.
    pub click_retention_days: i64,
    /// What of a visitor's address is used.
    pub visitor_addresses: VisitorAddresses,
    /// Whether visitors count who ask not to be tracked.
    pub count_opted_out: bool,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
