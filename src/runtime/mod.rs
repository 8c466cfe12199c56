//! Floor 2: what every long-lived part of the process shares: the clock, named tasks and the way they end.

pub mod breaker;
pub mod clock;
pub mod connections;
pub mod deletion_clock;
pub mod origin;
pub mod proxy_protocol;
pub mod scheduling;
pub mod sockets;
pub mod sync;
pub mod tasks;
pub mod token_bucket;
