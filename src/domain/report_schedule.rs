//! Reports that come from time to time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::Timestamp;

/// How often a report comes, and how long its period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportInterval {
    /// Every Monday, about the week before.
    Week,
    /// On the first of every month, about the month before.
    Month,
}

/// How far a message to a webhook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportDeliveryState {
    /// The receiver took it.
    Delivered,
    /// It did not, and is going to be asked again.
    Retrying,
    /// It did not, and is not asked again.
    Failed,
}

/// What came of the last message to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportDelivery {
    /// The first moment of the period that it is about.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// How far it is.
    pub state: ReportDeliveryState,
    /// How often the receiver was asked.
    #[schema(minimum = 1)]
    pub attempts: i64,
    /// When it was asked last.
    pub attempted_at: Timestamp,
    /// The status that it answered, if it did.
    #[schema(minimum = 100, maximum = 599)]
    pub status: Option<u16>,
    /// What went wrong, if something did.
    #[schema(example = "the receiver answered 500")]
    pub error: Option<String>,
}
