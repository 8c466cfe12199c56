//! What one question may take.

use std::time::Duration;

use crate::config::sections::ClickStoreConfig;

/// The limits of one question.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuestionLimits {
    /// How long it may take.
    pub(super) time: Duration,
    /// How many clicks it may go through.
    pub(super) clicks: u64,
}

impl QuestionLimits {
    /// As the settings say.
    pub(super) fn of(config: &ClickStoreConfig) -> Self {
        Self { time: Duration::from_secs(config.query_seconds_max.into()), clicks: config.query_clicks_max }
    }
}
