//! Redis 7, single or Cluster, as a store of short-lived bytes that all processes share, and as a way to pass word on.
//!
//! Invariants: a call that somebody waits for ends within `cache.timeout_ms`; after one that failed, calls
//! are refused at once for a moment, so that a slow or dead Redis costs its
//! timeout once. Nothing here is the only copy of anything.

mod connection;
mod messages;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::clients::Client;
use fred::interfaces::{ClientLike, KeysInterface, LuaInterface, PubsubInterface};
use fred::types::Value;
use futures_util::future::try_join_all;
use tokio::time::timeout;
use tokio_util::bytes::BufMut;

use super::metrics::SharedCacheMetrics;
use crate::config::sections::CacheConfig;
use crate::runtime::breaker::{Breaker, BreakerState};
use crate::runtime::clock;
use crate::runtime::tasks::Tasks;
use crate::runtime::token_bucket::{Decision, Rate};
pub use messages::Messages;

/// Writes a value unless there is one with a higher stamp: 8 bytes, big-endian, in front of it.
const PUT_NEWER: &str = include_str!("redis/put_newer.lua");
/// Takes a token of a bucket.
const TAKE_TOKEN: &str = include_str!("redis/take_token.lua");
/// The longest that writing may take, for which no visitor waits: it may be many values, and the first of a connection.
const WRITE_TIMEOUT: Duration = Duration::from_millis(200);
/// How long a Redis that failed is left alone.
const LEFT_ALONE_FOR: Duration = Duration::from_millis(500);

/// A connection to Redis. Clones share it.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    client: Client,
    settings: connection::Settings,
    breaker: Breaker,
    timeout: Duration,
    key_prefix: String,
    metrics: &'static SharedCacheMetrics,
}

/// Why Redis did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// `cache.url` makes no sense.
    #[error("cache.url cannot be used: {0}")]
    Url(String),
    /// `cache.ca_file` holds no authority.
    #[error("cache.ca_file cannot be used: {0}")]
    Authority(String),
    /// It failed a moment ago and is left alone.
    #[error("Redis is left alone, because it failed just now")]
    Unavailable,
    /// No response in time.
    #[error("Redis did not answer in time")]
    Timeout,
    /// It answered with an error, or the connection broke.
    #[error("Redis failed: {0}")]
    Failed(String),
}

/// A value to keep for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub key: String,
    /// Of two values of one key, the one with the higher stamp stays. Not negative.
    pub stamp: i64,
    /// What.
    pub value: Bytes,
    /// For how long; at least a second.
    pub lifetime: Duration,
}

impl Redis {
    /// Begins to connect, and goes on trying for as long as `tasks` run; that nobody is there yet is no error. Call it
    /// within a runtime, which then runs the connection.
    ///
    /// # Errors
    /// The address makes no sense, or the file of the authority.
    pub fn connect(config: &CacheConfig, tasks: &Tasks) -> Result<Self, RedisError> {
        let settings = connection::Settings::new(config)?;
        let client = settings.client()?;
        connection::keep(client.clone(), tasks);
        Ok(Self(Arc::new(Inner {
            client,
            settings,
            breaker: Breaker::new(1, LEFT_ALONE_FOR),
            timeout: Duration::from_millis(config.timeout_ms),
            key_prefix: config.key_prefix.clone(),
            metrics: SharedCacheMetrics::global(),
        })))
    }

    /// Whether it failed when it was last asked. Once its moment is over it is asked again, since perhaps nobody else does.
    pub async fn is_unavailable(&self) -> bool {
        if self.0.breaker.state(clock::monotonic()) == BreakerState::HalfOpen {
            drop(self.call(self.0.timeout, self.0.client.ping::<()>(None)).await);
        }
        self.0.breaker.is_open()
    }

    /// Its circuit breaker.
    #[must_use]
    pub fn breaker(&self) -> &Breaker {
        &self.0.breaker
    }

    /// The value of a key, its stamp in front.
    ///
    /// # Errors
    /// Redis is unavailable.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, RedisError> {
        let found: Option<Bytes> = self.call(self.0.timeout, self.0.client.get(self.key(key))).await?;
        let counter = if found.is_some() { &self.0.metrics.hits } else { &self.0.metrics.misses };
        counter.increment(1);
        Ok(found)
    }

    /// Keeps each value unless a newer one is there.
    ///
    /// # Errors
    /// Redis is unavailable; some may be kept all the same.
    pub async fn put_newer(&self, entries: Vec<Entry>) -> Result<(), RedisError> {
        let puts = entries.into_iter().map(|entry| self.put_one(entry));
        self.call(self.write_timeout(), try_join_all(puts)).await.map(drop)
    }

    async fn put_one(&self, entry: Entry) -> Result<(), fred::error::Error> {
        let mut stamped = Vec::with_capacity(size_of::<i64>() + entry.value.len());
        stamped.put_i64(entry.stamp);
        stamped.put_slice(&entry.value);
        let milliseconds = i64::try_from(entry.lifetime.as_millis()).unwrap_or(i64::MAX).max(1_000);
        let arguments: Vec<Value> = vec![Bytes::from(stamped).into(), milliseconds.into()];
        // The whole script each time: a server that was restarted, or took over, does not know it by its hash.
        self.0.client.eval(PUT_NEWER, self.key(&entry.key), arguments).await
    }

    /// Passes a message on to whoever listens to a channel at this moment.
    ///
    /// # Errors
    /// Redis is unavailable; some may have received it all the same.
    pub async fn publish(&self, channel: &str, message: Bytes) -> Result<(), RedisError> {
        self.call(self.write_timeout(), self.0.client.publish(self.key(channel), message)).await
    }

    /// Listens to a channel from now on, as far as there is a connection; the subscription comes back with it. It ends with `tasks`.
    ///
    /// # Errors
    /// The address makes no sense.
    pub fn subscribe(&self, channel: &str, tasks: &Tasks) -> Result<Messages, RedisError> {
        Ok(Messages::subscribe(self.0.settings.subscriber()?, self.key(channel), tasks))
    }

    /// Takes a token of `key`'s bucket, if there is one, by the clock of Redis.
    ///
    /// # Errors
    /// Redis is unavailable.
    pub async fn take_token(&self, key: &str, rate: Rate) -> Result<Decision, RedisError> {
        let arguments = vec![rate.interval_micros(), i64::from(rate.burst())];
        let taken = self.0.client.eval(TAKE_TOKEN, self.key(key), arguments);
        let (is_allowed, micros): (bool, i64) = self.call(self.0.timeout, taken).await?;
        let time = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        Ok(rate.decided(is_allowed, time))
    }

    fn key(&self, name: &str) -> String {
        [&self.0.key_prefix, name].concat()
    }

    /// Who gives reads more time than writing has by itself gives it to both.
    fn write_timeout(&self) -> Duration {
        self.0.timeout.max(WRITE_TIMEOUT)
    }

    /// Makes a call, unless the last one failed a moment ago.
    async fn call<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, fred::error::Error>>,
    ) -> Result<T, RedisError> {
        let metrics = self.0.metrics;
        let began = clock::monotonic();
        if !self.0.breaker.allows(began) {
            metrics.skipped.increment(1);
            return Err(RedisError::Unavailable);
        }
        let answer = match timeout(limit, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(RedisError::Failed(error.to_string())),
            Err(_) => Err(RedisError::Timeout),
        };
        let now = clock::monotonic();
        metrics.duration.record(now.since(began).as_secs_f64());
        match &answer {
            Ok(_) => self.0.breaker.succeeded(),
            Err(_) => {
                metrics.failed.increment(1);
                self.0.breaker.failed(now);
            }
        }
        answer
    }
}
