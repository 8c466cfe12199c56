//! Short links: make, find, change, delete, one or a thousand at a time.

mod bulk;
mod changes;
mod clicks;
mod create;
mod delete;
mod draft;
mod find;
mod identical;
mod own_places;
mod plan;
mod resolve;
mod search;
mod tagging;
mod update;
mod view;

use crate::services::api_core::happening::Action;

pub(super) const CREATED: Action<Link> = Action::new("link.created", "A link was made.");
pub(super) const UPDATED: Action<Link> = Action::new("link.updated", "A link was changed.");
pub(super) const DELETED: Action<Link> = Action::new("link.deleted", "A link was deleted.");

pub use bulk::{BulkItem, Created};
pub(super) use create::invalidation;
pub use draft::{BULK_ITEMS_MAX, BulkPatch, IfExists, LINK_TAGS_MAX, LinkDraft, LinkPatch};
pub use find::{LinkQuery, LinkSort};
pub use resolve::{Resolution, ResolutionState, VisitorDraft};
pub(super) use search::file;
pub use view::Link;
