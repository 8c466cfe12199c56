//! How far an edit of many links is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far an edit of many links is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkEditState {
    /// It is being made, a thousand links at a time.
    Running,
    /// Every link had its turn.
    Done,
    /// It ended early, because whoever asked for it may not change links any longer.
    Stopped,
}
