//! What one question may take, and how many are asked at once.

use std::time::Duration;

use crate::config::sections::ClickStoreConfig;
use crate::domain::query_limits::QueryLimits;

/// The limits of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuestionLimits {
    /// How long one may take.
    pub time: Duration,
    /// How many clicks one may go through.
    pub clicks: u64,
    /// How many of one workspace are asked at once.
    pub at_once: u32,
}

impl QuestionLimits {
    /// As the settings say.
    pub(super) fn of(config: &ClickStoreConfig) -> Self {
        Self {
            time: Duration::from_secs(config.query_seconds_max.into()),
            clicks: config.query_clicks_max,
            at_once: config.queries_per_workspace_max,
        }
    }

    /// With what a workspace has of its own.
    pub(super) fn with(self, own: QueryLimits) -> Self {
        Self {
            time: own.seconds_max.map_or(self.time, |seconds| Duration::from_secs(seconds.into())),
            clicks: own.clicks_max.unwrap_or(self.clicks),
            at_once: own.queries_max.unwrap_or(self.at_once),
        }
    }
}
