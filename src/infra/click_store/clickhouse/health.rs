//! Whether the server answers, and whether its tables can be written.

use super::connection::ClickStore;
use super::question::Question;
use crate::infra::click_store::ClickStoreError;

impl ClickStore {
    /// Asks the server for replicas of these tables that it may not write.
    ///
    /// # Errors
    /// The store does not answer, its schema cannot be brought up to date, or a table is for reading only.
    pub async fn check(&self) -> Result<(), ClickStoreError> {
        let replicas = "SELECT count() FROM system.replicas WHERE database = currentDatabase() AND is_readonly";
        match Question::new(replicas).ask::<u64>(self).await?.first() {
            Some(0) => Ok(()),
            _ => Err(ClickStoreError::ReadOnly("a replica has lost its coordinator".to_owned())),
        }
    }
}
