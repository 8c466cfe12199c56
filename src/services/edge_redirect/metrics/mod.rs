//! What the edge counts.

mod cache;
mod journal;
mod requests;

pub use cache::{BreakerMetrics, CacheMetrics};
pub use journal::JournalMetrics;
pub use requests::{EdgeMetrics, LinkSource};

#[cfg(test)]
mod tests;
