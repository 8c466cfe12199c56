//! Which page of the dashboard a saved view is of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The page that a view is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ViewPage {
    /// The list of links.
    Links,
    /// The explorer of clicks.
    Analytics,
}
