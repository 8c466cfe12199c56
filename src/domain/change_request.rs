//! What is asked for of a link, and what became of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked for of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeRequestAction {
    /// An edit.
    Edit,
    /// That it is deleted.
    Delete,
    /// That it comes back, deleted as it is.
    Restore,
    /// That it is forgotten, deleted as it is, before its time.
    Purge,
}

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
