//! What the edge counts.

mod cache;
mod handshakes;
mod journal;
mod requests;

pub use cache::{BreakerMetrics, CacheMetrics};
pub use handshakes::{HandshakeMetrics, HandshakeResult};
pub use journal::JournalMetrics;
pub use requests::{EdgeMetrics, LinkSource};

#[cfg(test)]
mod tests;
