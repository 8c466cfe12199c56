//! How far an evidence export is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far an evidence export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceState {
    /// It is going to be written.
    Pending,
    /// It can be downloaded.
    Ready,
    /// It cannot be written; `error` says why.
    Failed,
}
