//! What became of a change of a link that somebody asked for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of a change of a link that somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeRequestState {
    /// Nobody has decided yet.
    Pending,
    /// It was made.
    Approved,
    /// It was not made.
    Refused,
    /// Whoever asked for it does not want it any longer.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
}
