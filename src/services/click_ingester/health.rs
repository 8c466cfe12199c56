//! How the ingester is, for readiness.

use std::fmt;

/// Whether clicks get from the journal into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// They do.
    #[default]
    Working,
    /// Some journal cannot be read. Its clicks wait in it.
    JournalUnreadable,
    /// The click store refuses. Clicks wait in the journal.
    StoreUnavailable,
}

impl fmt::Display for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Working => "clicks are being stored",
            Self::JournalUnreadable => "a click journal cannot be read; its clicks wait in it",
            Self::StoreUnavailable => "the click store is not available; clicks wait in the journal",
        })
    }
}
