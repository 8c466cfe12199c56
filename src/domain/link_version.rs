//! What links were: how a version came to be, and how long it is known.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a version of a link came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkVersionAction {
    /// The link was made.
    Created,
    /// It was changed.
    Updated,
    /// An older version came back.
    Reverted,
    /// It had been deleted, and came back.
    Restored,
    /// It came from another workspace.
    Moved,
}

/// How long it is known what links were.
#[derive(Debug, Clone, Copy)]
pub struct LinkHistory {
    /// How many versions of a link are kept, the current one included.
    pub versions_max: u32,
    /// How long a version is kept after it was replaced.
    pub kept_for: Duration,
    /// How long a change can be undone by whoever made it.
    pub undo_for: Duration,
    /// How long a deleted link can be restored.
    pub deleted_kept_for: Duration,
}
