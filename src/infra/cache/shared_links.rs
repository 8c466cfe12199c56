//! L2: domains and links that all edges share, in Redis.
//!
//! Invariants: an entry says how far the log of changes went before it was read,
//! and never replaces one that was read later. It is a copy: losing all of it
//! costs time and nothing else, and whoever reads it asks whether it has
//! changed since.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use tokio::sync::mpsc;

use super::packed::{PackedError, pack, unpack};
use super::packed_link::{PackedLink, pack_link};
use super::redis::{Entry, Redis, RedisError};
use crate::domain::change::{AsOf, Sequence};
use crate::domain::id::DomainId;
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::domain::time::Timestamp;
use crate::runtime::tasks::Tasks;

/// The longest that an entry lives. Whoever follows the changes of so long a time knows which entries are outdated.
pub const LIFETIME_MAX: Duration = Duration::from_secs(10 * 60);
/// How many entries wait to be written; more are left out.
const WAITING_MAX: usize = 4_096;
/// How many entries are written at once.
const BATCH_MAX: usize = 256;
/// What stands between the stamp and the value: when it was read, in microseconds, as 8 bytes.
const HEAD_BYTES: usize = 8;

/// The shared cache. Clones share it.
#[derive(Clone)]
pub struct SharedLinks {
    redis: Redis,
    waiting: mpsc::Sender<Entry>,
}

/// What an edge once read of the source of truth, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared<T> {
    /// The value as of some point of the log of changes.
    pub record: AsOf<T>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// Why an entry cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// Redis did not answer.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The entry is none.
    #[error(transparent)]
    Packed(#[from] PackedError),
}

impl SharedLinks {
    /// The shared cache in this Redis; what is filled is written by a task of `tasks`.
    #[must_use]
    pub fn new(redis: Redis, tasks: &Tasks) -> Self {
        let (waiting, entries) = mpsc::channel(WAITING_MAX);
        let (stopping, writer) = (tasks.stopping(), redis.clone());
        tasks.spawn("shared-links", async move {
            stopping.run_until_cancelled(write_for_ever(writer, entries)).await;
        });
        Self { redis, waiting }
    }

    /// Where it lies.
    #[must_use]
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The link at a slug, or that there is none, as somebody read it; none if nobody did.
    ///
    /// # Errors
    /// Redis is unavailable, or the entry is damaged.
    pub async fn link(&self, domain: DomainId, slug: &str) -> Result<Option<Shared<Option<LinkRecord>>>, SharedError> {
        let Some(value) = self.redis.get(&link_key(domain, slug)).await? else { return Ok(None) };
        Ok(Some(read_link(&value)?))
    }

    /// The domain that answers for a host name, or that there is none, as somebody read it.
    ///
    /// # Errors
    /// Redis is unavailable, or the entry is damaged.
    pub async fn domain(&self, hostname: &str) -> Result<Option<Shared<Option<DomainRecord>>>, SharedError> {
        let Some(value) = self.redis.get(&domain_key(hostname)).await? else { return Ok(None) };
        let (sequence, read_at, packed) = split(&value)?;
        let value = if packed.is_empty() { None } else { Some(unpack(packed)?) };
        Ok(Some(Shared { record: AsOf { value, sequence }, read_at }))
    }

    /// Leaves what was read of a link for others, soon and if there is room.
    pub fn fill_link(&self, domain: DomainId, slug: &str, shared: &Shared<Option<LinkRecord>>, lifetime: Duration) {
        if let Ok(entry) = link_entry(domain, slug, shared, lifetime) {
            // An error means that too many wait, or the process ends: somebody else will fill it.
            drop(self.waiting.try_send(entry));
        }
    }

    /// Leaves what was read of a domain for others, soon and if there is room.
    pub fn fill_domain(&self, hostname: &str, shared: &Shared<Option<DomainRecord>>, lifetime: Duration) {
        if let Ok(packed) = shared.record.value.as_ref().map_or_else(|| Ok(Vec::new()), pack) {
            let entry = entry(domain_key(hostname), shared.record.sequence, shared.read_at, &packed, lifetime);
            drop(self.waiting.try_send(entry));
        }
    }

    /// Writes links, or that there are none, before it returns.
    ///
    /// # Errors
    /// Redis is unavailable; some may be written all the same.
    pub async fn put_links(&self, entries: Vec<Entry>) -> Result<(), SharedError> {
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            self.redis.put_newer(entries.by_ref().take(BATCH_MAX).collect()).await?;
        }
        Ok(())
    }
}

/// What is written of a link.
///
/// # Errors
/// The link cannot be packed.
pub fn link_entry(
    domain: DomainId,
    slug: &str,
    shared: &Shared<Option<LinkRecord>>,
    lifetime: Duration,
) -> Result<Entry, PackedError> {
    let packed = shared.record.value.as_ref().map(pack_link).transpose()?.unwrap_or_default();
    Ok(entry(link_key(domain, slug), shared.record.sequence, shared.read_at, &packed, lifetime))
}

fn entry(key: String, sequence: Sequence, read_at: Timestamp, packed: &[u8], lifetime: Duration) -> Entry {
    let mut value = BytesMut::with_capacity(HEAD_BYTES + packed.len());
    value.put_i64(read_at.as_micros());
    value.put_slice(packed);
    Entry { key, stamp: sequence.number(), value: value.freeze(), lifetime: lifetime.min(LIFETIME_MAX) }
}

fn link_key(domain: DomainId, slug: &str) -> String {
    format!("link:{}:{slug}", domain.as_uuid().simple())
}

fn domain_key(hostname: &str) -> String {
    format!("domain:{hostname}")
}

/// Reads an entry in place.
fn split(value: &[u8]) -> Result<(Sequence, Timestamp, &[u8]), PackedError> {
    let split = value.split_first_chunk().and_then(|(stamp, rest)| Some((stamp, rest.split_first_chunk()?)));
    let (stamp, (read_at, packed)) = split.ok_or(PackedError::Form("it is cut off"))?;
    Ok((Sequence::new(i64::from_be_bytes(*stamp)), Timestamp::from_micros(i64::from_be_bytes(*read_at)), packed))
}

fn read_link(value: &[u8]) -> Result<Shared<Option<LinkRecord>>, PackedError> {
    let (sequence, read_at, packed) = split(value)?;
    let value = if packed.is_empty() { None } else { Some(PackedLink::read(packed)?.to_record()?) };
    Ok(Shared { record: AsOf { value, sequence }, read_at })
}

/// Writes what waits, as much at once as there is.
async fn write_for_ever(redis: Redis, mut entries: mpsc::Receiver<Entry>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while entries.recv_many(&mut batch, BATCH_MAX).await > 0 {
        // An error means that Redis is unavailable; what it does not get now, somebody fills later.
        drop(redis.put_newer(std::mem::take(&mut batch)).await);
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arbitrary_entries_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_link(&bytes);
        }
    }

    #[test]
    fn an_entry_says_when_and_as_of_what_it_was_read() {
        let (sequence, read_at) = (Sequence::new(7), Timestamp::from_micros(1_780_000_000_000_000));
        let shared = Shared { record: AsOf { value: None, sequence }, read_at };
        let entry = link_entry(DomainId::new(), "sale", &shared, Duration::from_secs(3_600)).expect("an entry");
        assert_eq!((entry.stamp, entry.lifetime), (7, LIFETIME_MAX));
        let stored = [&entry.stamp.to_be_bytes()[..], &entry.value].concat();
        assert_eq!(read_link(&stored).expect("the entry"), shared);
    }
}
