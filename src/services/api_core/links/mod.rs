//! Short links: make, find, change, delete, one or a thousand at a time.

mod asked_change;
mod bulk;
mod bulk_edit;
mod by_external_id;
mod change_requests;
mod changes;
mod clicks;
mod comments;
mod content;
mod create;
mod delete;
mod deleted;
mod domain_loops;
mod draft;
mod duplicates;
mod ended;
mod extra_changes;
mod find;
mod history;
mod identical;
mod plan;
mod printed;
mod reach;
mod redirect_loops;
mod resolve;
mod revert;
mod search;
mod tagging;
mod undo;
mod update;
mod view;
mod workspace_move;
mod writing;

use crate::services::api_core::recorded_action::Action;

pub(super) const CREATED: Action<Link> = Action::new("link.created", "A link was made.");
pub(super) const UPDATED: Action<Link> = Action::new("link.updated", "A link was changed.");
pub(super) const DELETED: Action<Link> = Action::new("link.deleted", "A link was deleted.");
pub(super) const EXPIRED: Action<Link> = Action::new("link.expired", "The time of a link was over.");
pub(super) const EXHAUSTED: Action<Link> = Action::new("link.exhausted", "The last click that a link had was used.");
pub(super) const RESTORED: Action<Link> = Action::new("link.restored", "A deleted link came back.");
pub(super) const MOVED_OUT: Action<Link> = Action::new("link.moved_out", "A link was moved to another workspace.");
pub(super) const MOVED_IN: Action<Link> = Action::new("link.moved_in", "A link came from another workspace.");
pub(super) const COMMENTED: Action<LinkComment> = Action::new("link_comment.created", "Somebody commented on a link.");
pub(super) const COMMENT_UPDATED: Action<LinkComment> =
    Action::new("link_comment.updated", "Somebody changed a comment of theirs on a link.");
pub(super) const COMMENT_DELETED: Action<LinkComment> =
    Action::new("link_comment.deleted", "A comment on a link was deleted.");
pub(super) const PURGED: Action<DeletedLink> =
    Action::new("link.purged", "Somebody had a deleted link forgotten, so that it cannot be restored.");

pub use bulk::{BulkItem, Changed, Created};
pub use bulk_edit::{
    BulkEdit, BulkEditAnswer, BulkEditChanges, BulkEditDraft, BulkEditFailure, BulkEditFilter, BulkEditPreview,
    BulkEditSample, DestinationReplacement,
};
pub(super) use change_requests::{
    APPROVED as CHANGE_APPROVED, REFUSED as CHANGE_REFUSED, REQUESTED as CHANGE_REQUESTED,
    WITHDRAWN as CHANGE_WITHDRAWN,
};
pub use change_requests::{ApprovalDraft, ChangeRequest, ChangeRequestDraft, ChangeRequestQuery, RefusalDraft};
pub use comments::{LinkComment, LinkCommentDraft};
pub use content::FieldChange;
pub(super) use create::invalidation;
pub(super) use delete::deletable;
pub use deleted::{DeletedLink, RestoreDraft};
pub(super) use deleted::{deleted_link_record, kept_slug};
pub use draft::{BULK_ITEMS_MAX, BulkPatch, IfExists, LINK_TAGS_MAX, LinkDraft, LinkPatch, LinkPreviewDraft};
pub use duplicates::DuplicateDestination;
pub(super) use extra_changes::directives;
pub use find::{LinkCount, LinkQuery, LinkSort};
pub use history::LinkVersion;
pub use resolve::{Resolution, ResolutionDraft, ResolutionState, VisitorDraft};
pub use revert::RevertDraft;
pub(super) use search::file;
pub use undo::UndoDraft;
pub use view::Link;
pub use workspace_move::WorkspaceMoveDraft;
