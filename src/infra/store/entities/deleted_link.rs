//! Table `deleted_links`.

use sea_orm::entity::prelude::*;

use crate::domain::id::{DomainId, FolderId, LinkChangeId, LinkId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

/// A link that was deleted.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deleted_links")]
pub struct Model {
    /// Which link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// The folder that it was in.
    pub folder_id: Option<FolderId>,
    /// All of it, as JSON; none when it cannot be restored any longer.
    pub content: Option<String>,
    /// Who deleted it.
    pub author: Author,
    /// The change that the deletion was part of.
    pub change_id: LinkChangeId,
    /// When it was deleted.
    pub created_at: Timestamp,
    /// The domain on which it keeps its slug.
    pub domain_id: Option<DomainId>,
    /// The slug that it keeps.
    pub slug: Option<String>,
    /// The same as the domain files it; none where it keeps its slug no longer.
    pub slug_key: Option<String>,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
