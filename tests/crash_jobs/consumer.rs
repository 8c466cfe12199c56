//! A consumer that writes down each event of links that it takes, and sometimes cannot take one.

use async_trait::async_trait;
use elido::domain::error::{Error, Result};
use elido::domain::event::Event;
use elido::infra::events::Consumer;
use elido::infra::store::{Connection, Transaction};

/// One event in so many fails by itself, and those of its link wait.
const FAILS: u32 = 50;

/// Its notes are the table `load_events`, in the order in which it took them.
pub struct NoteTaker;

#[async_trait]
impl Consumer for NoteTaker {
    fn name(&self) -> &'static str {
        "load_note_taker"
    }

    fn wants(&self, event: &Event) -> bool {
        event.r#type.starts_with("link.")
    }

    async fn take(&self, transaction: &Transaction, event: &Event) -> Result<()> {
        if rand::random_range(0..FAILS) == 0 {
            return Err(Error::internal("by chance"));
        }
        // One process takes events at a time, so that no two find the same place.
        let note = format!(
            "INSERT INTO load_events (place, sequence, event) SELECT COALESCE(MAX(place), 0) + 1, {}, '{}' FROM load_events",
            event.sequence, event.id
        );
        transaction.execute_unprepared(&note).await?;
        Ok(())
    }
}
