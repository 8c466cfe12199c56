//! Table `domains`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;

/// A host name that short links live on.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DomainId,
    /// None for the default domain, which belongs to the instance.
    pub workspace_id: Option<WorkspaceId>,
    /// Lower-case, without a port; unique.
    pub hostname: String,
    /// At most one domain is.
    pub is_default: bool,
    /// Whether `/Sale` and `/sale` are two links.
    pub case_sensitive: bool,
    /// Whether its links redirect.
    pub enabled: bool,
    /// Where `/` goes.
    pub root_url: Option<Destination>,
    /// Where missing links go.
    pub not_found_url: Option<Destination>,
    /// Where expired links without an `expired_url` of their own go.
    pub expired_url: Option<Destination>,
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
