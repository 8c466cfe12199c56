//! What the caches of several parts of the platform have to tell each other.

pub mod invalidation;
mod metrics;
pub mod packed;
pub mod packed_link;
pub mod redis;
pub mod shared_buckets;
pub mod shared_links;
