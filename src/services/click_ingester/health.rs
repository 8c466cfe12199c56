//! How the ingester is, for readiness.

use std::fmt;

use crate::infra::click_store::ClickAccount;

/// Whether clicks get from the journal into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// They do.
    #[default]
    Working,
    /// Some journal cannot be read. Its clicks wait in it.
    JournalUnreadable,
    /// The click store refuses. Clicks wait in the journal or on the bus.
    StoreUnavailable,
    /// The click store asks for a pause. Clicks wait on the bus.
    StoreBusy,
    /// The click store cannot be written now. Clicks wait on the bus.
    StoreReadOnly,
    /// The bus does not answer. Clicks wait on it and in the journals.
    BusUnavailable,
    /// The database does not say who reads which partition of the bus, or how far it is stored.
    DatabaseUnavailable,
}

impl fmt::Display for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Working => "clicks are being stored",
            Self::JournalUnreadable => "a click journal cannot be read; its clicks wait in it",
            Self::StoreUnavailable => "the click store is not available; clicks wait",
            Self::StoreBusy => "the click store has too much to do; clicks wait on the bus",
            Self::StoreReadOnly => "the click store is for reading only; clicks wait on the bus",
            Self::BusUnavailable => "the bus is not available; clicks wait on it and in the journals",
            Self::DatabaseUnavailable => {
                "the database does not say who reads which partition of the bus, or how far it is stored"
            }
        })
    }
}

/// What edges wrote and what arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accounts {
    /// As it was when this process first looked.
    pub(super) first: Option<ClickAccount>,
    /// As it is.
    pub(super) now: Option<ClickAccount>,
}

impl Accounts {
    /// Whether nobody has looked yet.
    pub(super) fn is_unknown(&self) -> bool {
        self.now.is_none()
    }

    /// Whether, since this process looked first, every record that was written has arrived once.
    #[must_use]
    pub fn add_up(&self) -> bool {
        let difference = |account: ClickAccount| (account.missing, account.surplus);
        self.first.map(difference) == self.now.map(difference)
    }
}
