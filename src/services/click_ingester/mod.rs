//! From the click journal, or from the bus, into the click store, with everything that can be found out about a click.
//!
//! Invariants: a record leaves the journal, and an offset of the bus is passed, only after the store has it for
//! good, and the store takes it once; so a click is neither lost nor doubled,
//! whenever this stops. A record that is no click is kept aside, and stops
//! nothing.

mod account_watch;
mod batch_reader;
mod bus_health;
mod bus_ingester;
mod compaction;
mod dead_clicks;
mod dead_letters;
mod enricher;
mod enrichment;
mod health;
mod ingester;
mod metrics;
mod partition;
mod policies;
mod prepared_batch;
mod retention;
mod visitor;

#[cfg(test)]
mod test_click;
#[cfg(test)]
mod tests;

pub use bus_ingester::{BusIngester, BusSources};
pub use compaction::pack_clicks;
pub use dead_letters::DEAD_LETTER_FILE;
pub use enricher::Enricher;
pub use enrichment::enrich;
pub use health::{Accounts, Health};
pub use ingester::{ClickIngester, Sources};
pub use policies::{ClickPolicies, PolicyWatch};
pub use retention::{Retention, delete_old_clicks};
pub use visitor::{VisitorKey, VisitorKeys};
