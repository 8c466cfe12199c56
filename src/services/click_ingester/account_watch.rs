//! Compares what edges wrote with what arrived, and says when it no longer adds up.

use tokio::sync::watch;

use super::health::Accounts;
use super::metrics::ClickAccountMetrics;
use crate::infra::click_store::{ClickAccount, ClickStore, ClickStoreError};

/// The account of a click store, as it was looked at last.
pub(super) struct AccountWatch {
    store: ClickStore,
    accounts: watch::Sender<Accounts>,
}

impl AccountWatch {
    /// Nobody has looked yet.
    pub(super) fn new(store: ClickStore) -> Self {
        Self { store, accounts: watch::Sender::new(Accounts::default()) }
    }

    /// What was written and what arrived, from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Accounts> {
        self.accounts.subscribe()
    }

    /// Looks for the first time, unless that has been done.
    pub(super) async fn begin(&self) -> Result<(), ClickStoreError> {
        if self.accounts.borrow().is_unknown() { self.look().await } else { Ok(()) }
    }

    /// Compares, and tells the log when something has changed.
    pub(super) async fn look(&self) -> Result<(), ClickStoreError> {
        let account = self.store.account().await?;
        ClickAccountMetrics::global().set(account.missing, account.surplus, account.dropped);
        let before = *self.accounts.borrow();
        let first = before.first.unwrap_or(account);
        if account != before.now.unwrap_or(account) {
            let ClickAccount { missing, surplus, dropped } = account;
            tracing::warn!(
                missing,
                surplus,
                dropped,
                "the account of clicks has changed: what edges wrote is not what arrived"
            );
        }
        self.accounts.send_replace(Accounts { first: Some(first), now: Some(account) });
        Ok(())
    }
}
