//! Reports that come by mail from time to time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How often a report comes, and how long its period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportInterval {
    /// Every Monday, about the week before.
    Week,
    /// On the first of every month, about the month before.
    Month,
}
