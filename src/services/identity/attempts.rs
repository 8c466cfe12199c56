//! How often somebody may try to sign in. Each process counts for itself.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use crate::domain::client_address::network;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::runtime::token_bucket::{Decision, Rate, TokenBuckets};

/// Attempts at one account from one address: so many at once, and then one in so long.
const ACCOUNT_BURST: u32 = 10;
const ACCOUNT_INTERVAL: Duration = Duration::from_secs(60);
/// Attempts from one address at whichever accounts.
const ADDRESS_BURST: u32 = 100;
const ADDRESS_INTERVAL: Duration = Duration::from_secs(6);
/// Attempts at one account from whichever addresses, except those from which it was signed in to.
const EVERYWHERE_BURST: u32 = 100;
const EVERYWHERE_INTERVAL: Duration = Duration::from_secs(6);
/// The most accounts and addresses that are counted.
const KEYS_MAX: usize = 100_000;

/// An address; unknown ones are counted together.
type Address = Option<IpAddr>;

/// The attempts of late.
pub(super) struct Attempts {
    started: Instant,
    by_account: Option<TokenBuckets<(Box<str>, Address)>>,
    by_address: Option<TokenBuckets<Address>>,
    everywhere: Option<TokenBuckets<Box<str>>>,
    /// Where accounts were signed in to, so that guessing elsewhere does not lock their owners out.
    known: Cache<(Box<str>, Address), ()>,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            by_account: Rate::new(1, ACCOUNT_INTERVAL, ACCOUNT_BURST).map(|rate| TokenBuckets::new(rate, KEYS_MAX)),
            by_address: Rate::new(1, ADDRESS_INTERVAL, ADDRESS_BURST).map(|rate| TokenBuckets::new(rate, KEYS_MAX)),
            everywhere: Rate::new(1, EVERYWHERE_INTERVAL, EVERYWHERE_BURST)
                .map(|rate| TokenBuckets::new(rate, KEYS_MAX)),
            known: Cache::new(KEYS_MAX),
        }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) fn take(&self, email_key: &str, address: Address) -> Result<()> {
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let key = (Box::<str>::from(email_key), address.map(network));
        allowed(self.by_address.as_ref().map(|buckets| buckets.take(&key.1, now)))?;
        allowed(self.by_account.as_ref().map(|buckets| buckets.take(&key, now)))?;
        // Last, so that what is refused to one address counts for no other.
        let everywhere = self.everywhere.as_ref().filter(|_| self.known.get(&key).is_none());
        allowed(everywhere.map(|buckets| buckets.take(&key.0, now)))
    }

    /// Remembers where an account was signed in to.
    pub(super) fn succeeded(&self, email_key: &str, address: Address) {
        if address.is_some() {
            self.known.insert((email_key.into(), address.map(network)), ());
        }
    }
}

fn allowed(decision: Option<Decision>) -> Result<()> {
    let Some(Decision::Refused { retry_after }) = decision else { return Ok(()) };
    let error = Error::new(ErrorKind::RateLimited, "too_many_attempts", "Too many attempts to sign in.");
    Err(Error { retry_after: Some(retry_after), ..error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn guessing_is_slowed_down_for_one_account_from_one_network() {
        let attempts = Attempts::new();
        for host in 0..ACCOUNT_BURST {
            assert!(attempts.take("ada@example.com", Some(address(&format!("2001:db8::{host:x}")))).is_ok());
        }
        let refused = attempts.take("ada@example.com", Some(address("2001:db8::ffff"))).expect_err("too many");
        assert_eq!(refused.kind, ErrorKind::RateLimited);
        assert!(refused.retry_after.is_some_and(|wait| wait > Duration::ZERO));
        assert!(attempts.take("ada@example.com", Some(address("192.0.2.1"))).is_ok());
        assert!(attempts.take("eve@example.com", Some(address("2001:db8::1"))).is_ok());
    }

    #[test]
    fn guessing_from_everywhere_is_slowed_down_without_locking_the_owner_out() {
        let attempts = Attempts::new();
        let home = Some(address("192.0.2.1"));
        assert!(attempts.take("ada@example.com", home).is_ok());
        attempts.succeeded("ada@example.com", home);
        let everywhere = (0..1000_u32).map(|host| Some(IpAddr::V4((0x0a00_0000 + host).into())));
        let allowed = everywhere.filter(|from| attempts.take("ada@example.com", *from).is_ok()).count();
        assert!(allowed <= EVERYWHERE_BURST as usize, "{allowed} of 1000 pass");
        assert!(attempts.take("ada@example.com", home).is_ok());
        assert!(attempts.take("eve@example.com", Some(address("10.0.0.1"))).is_ok());
    }

    #[test]
    fn trying_one_password_on_many_accounts_is_slowed_down_too() {
        let attempts = Attempts::new();
        let refused = (0..=ADDRESS_BURST).filter(|number| attempts.take(&number.to_string(), None).is_err()).count();
        assert_eq!(refused, 1);
    }
}
