//! Which link carries which tag: the source of truth knows, and tells the store with a question.

use crate::domain::id::{LinkId, TagId};

/// A link carries a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagMembership {
    /// The tag.
    pub tag_id: TagId,
    /// The link.
    pub link_id: LinkId,
}
