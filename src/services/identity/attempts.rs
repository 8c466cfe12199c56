//! How often somebody may try to sign in. All processes with one Redis count together; without one each counts for itself.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::domain::client_address::network;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::infra::cache::redis::Redis;
use crate::infra::cache::shared_buckets::SharedBuckets;
use crate::runtime::token_bucket::{Decision, Rate};

/// Attempts at one account from one address: so many at once, and then one in so long.
const ACCOUNT_BURST: u32 = 10;
const ACCOUNT_INTERVAL: Duration = Duration::from_secs(60);
/// Attempts from one address at whichever accounts.
const ADDRESS_BURST: u32 = 100;
const ADDRESS_INTERVAL: Duration = Duration::from_secs(6);
/// Attempts at one account from whichever addresses.
const ANYWHERE_BURST: u32 = 100;
const ANYWHERE_INTERVAL: Duration = Duration::from_secs(6);
/// The most accounts and addresses that are counted.
const KEYS_MAX: usize = 100_000;

/// An address; unknown ones are counted together.
type Address = Option<IpAddr>;

/// What attempts are counted by: a hash, so that neither accounts nor addresses show in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key([u8; 16]);

/// The attempts of late.
pub(super) struct Attempts {
    by_account: Option<SharedBuckets<Key>>,
    by_address: Option<SharedBuckets<Key>>,
    anywhere: Option<SharedBuckets<Key>>,
}

impl Attempts {
    pub(super) fn new(redis: Option<Redis>) -> Self {
        let buckets = |name, interval, burst| {
            let rate = Rate::new(1, interval, burst);
            rate.map(|rate| SharedBuckets::new(name, rate, KEYS_MAX, redis.clone()))
        };
        Self {
            by_account: buckets("sign-in-account", ACCOUNT_INTERVAL, ACCOUNT_BURST),
            by_address: buckets("sign-in-address", ADDRESS_INTERVAL, ADDRESS_BURST),
            anywhere: buckets("sign-in-anywhere", ANYWHERE_INTERVAL, ANYWHERE_BURST),
        }
    }

    /// Counts an attempt for its address.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) async fn take(&self, email_key: &str, address: Address) -> Result<()> {
        let address = address.map(|address| network(address).to_string()).unwrap_or_default();
        take(self.by_address.as_ref(), Key::of(&[&address])).await?;
        take(self.by_account.as_ref(), Key::of(&[email_key, &address])).await
    }

    /// Counts an attempt for its account, wherever it comes from. What was refused to one address must not come here, so that it
    /// counts for no other.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) async fn take_from_anywhere(&self, email_key: &str) -> Result<()> {
        take(self.anywhere.as_ref(), Key::of(&[email_key])).await
    }
}

impl Key {
    fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        let hash: [u8; 32] = hash.finalize().into();
        Self(hash.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", u128::from_be_bytes(self.0))
    }
}

async fn take(buckets: Option<&SharedBuckets<Key>>, key: Key) -> Result<()> {
    let Some(buckets) = buckets else { return Ok(()) };
    let Decision::Refused { retry_after } = buckets.take(&key).await else { return Ok(()) };
    let error = Error::new(ErrorKind::RateLimited, "too_many_attempts", "Too many attempts to sign in.");
    Err(Error { retry_after: Some(retry_after), ..error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_for_one_account_from_one_network() {
        let attempts = Attempts::new(None);
        for host in 0..ACCOUNT_BURST {
            assert!(attempts.take("ada@example.com", Some(address(&format!("2001:db8::{host:x}")))).await.is_ok());
        }
        let refused = attempts.take("ada@example.com", Some(address("2001:db8::ffff"))).await.expect_err("too many");
        assert_eq!(refused.kind, ErrorKind::RateLimited);
        assert!(refused.retry_after.is_some_and(|wait| wait > Duration::ZERO));
        assert!(attempts.take("ada@example.com", Some(address("192.0.2.1"))).await.is_ok());
        assert!(attempts.take("eve@example.com", Some(address("2001:db8::1"))).await.is_ok());
    }

    #[tokio::test]
    async fn guessing_from_everywhere_is_slowed_down_for_one_account() {
        let attempts = Attempts::new(None);
        for _ in 0..ANYWHERE_BURST {
            assert!(attempts.take_from_anywhere("ada@example.com").await.is_ok());
        }
        assert!(attempts.take_from_anywhere("ada@example.com").await.is_err());
        assert!(attempts.take_from_anywhere("eve@example.com").await.is_ok());
    }

    #[tokio::test]
    async fn trying_one_password_on_many_accounts_is_slowed_down_too() {
        let attempts = Attempts::new(None);
        let mut refused = 0;
        for number in 0..=ADDRESS_BURST {
            refused += u32::from(attempts.take(&number.to_string(), None).await.is_err());
        }
        assert_eq!(refused, 1);
    }

    #[test]
    fn keys_tell_accounts_and_addresses_apart() {
        let keys = [Key::of(&["ab", "c"]), Key::of(&["a", "bc"]), Key::of(&["abc"]), Key::of(&["abc", ""])];
        for (place, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(place + 1).all(|other| other != key));
            assert_eq!(key.to_string().len(), 32);
        }
    }
}
