//! Token buckets that all processes take from, where there is a Redis; each its own, where there is none or it is unavailable.
//!
//! Invariant: who is over the limit of one process alone is refused without Redis being asked.

use std::fmt::Display;
use std::hash::Hash;
use std::time::Instant;

use super::redis::Redis;
use crate::runtime::token_bucket::{Decision, Rate, TokenBuckets};

/// One bucket a key, for at most `keys_max` keys in this process.
pub struct SharedBuckets<K> {
    own: TokenBuckets<K>,
    started: Instant,
    redis: Option<Redis>,
    name: &'static str,
}

impl<K: Hash + Eq + Clone + Display> SharedBuckets<K> {
    /// Full buckets for everybody. The name sets these apart from other buckets in the same Redis.
    #[must_use]
    pub fn new(name: &'static str, rate: Rate, keys_max: usize, redis: Option<Redis>) -> Self {
        Self { own: TokenBuckets::new(rate, keys_max), started: Instant::now(), redis, name }
    }

    /// The rate of every bucket.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.own.rate()
    }

    /// Takes a token of `key`'s bucket, if there is one. Waits no longer than one call of Redis may take.
    pub async fn take(&self, key: &K) -> Decision {
        self.take_at(self.own.rate(), key).await
    }

    /// The same at a rate of the key's own.
    pub async fn take_at(&self, rate: Rate, key: &K) -> Decision {
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let own = self.own.take_at(rate, key, now);
        let (Some(redis), Decision::Allowed { .. }) = (&self.redis, own) else { return own };
        redis.take_token(&format!("bucket:{}:{key}", self.name), rate).await.unwrap_or(own)
    }
}
