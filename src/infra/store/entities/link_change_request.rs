//! Table `link_change_requests`.

use sea_orm::entity::prelude::*;

use crate::domain::change_request::{ChangeRequestAction, ChangeRequestState};
use crate::domain::id::{ChangeRequestId, LinkId, UserId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

/// A change of a link that somebody asks for.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "link_change_requests")]
pub struct Model {
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChangeRequestId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// Of which link.
    pub link_id: LinkId,
    /// The version of the link that the change was made from.
    pub link_version: i64,
    /// What is asked for. Where it is absent, an earlier release wrote down an edit, or without content a deletion.
    pub action: Option<ChangeRequestAction>,
    /// What the link shall be, as JSON; none of what is no edit.
    pub content: Option<String>,
    /// In which fields that differs, as JSON and without secrets.
    pub changes: String,
    /// Why, for whoever decides.
    pub note: Option<String>,
    /// What became of it.
    pub state: ChangeRequestState,
    /// Who asks.
    pub author: Author,
    /// The person behind the author, who must not decide.
    pub person: Option<UserId>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Nobody can approve it from then on.
    pub expires_at: Timestamp,
}

/// Joins are written where they are needed.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
