//! How often somebody may try to sign in. Each process counts for itself.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::domain::client_address::network;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::runtime::token_bucket::{Decision, Rate, TokenBuckets};

/// Attempts at one account from one address: so many at once, and then one in so long.
const ACCOUNT_BURST: u32 = 10;
const ACCOUNT_INTERVAL: Duration = Duration::from_secs(60);
/// Attempts from one address at whichever accounts.
const ADDRESS_BURST: u32 = 100;
const ADDRESS_INTERVAL: Duration = Duration::from_secs(6);
/// The most accounts and addresses that are counted.
const KEYS_MAX: usize = 100_000;

/// An address; unknown ones are counted together.
type Address = Option<IpAddr>;

/// The attempts of late.
pub(super) struct Attempts {
    started: Instant,
    by_account: Option<TokenBuckets<(Box<str>, Address)>>,
    by_address: Option<TokenBuckets<Address>>,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            by_account: Rate::new(1, ACCOUNT_INTERVAL, ACCOUNT_BURST).map(|rate| TokenBuckets::new(rate, KEYS_MAX)),
            by_address: Rate::new(1, ADDRESS_INTERVAL, ADDRESS_BURST).map(|rate| TokenBuckets::new(rate, KEYS_MAX)),
        }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) fn take(&self, email_key: &str, address: Address) -> Result<()> {
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let address = address.map(network);
        let by_address = self.by_address.as_ref().map(|buckets| buckets.take(&address, now));
        let by_account = self.by_account.as_ref().map(|buckets| buckets.take(&(email_key.into(), address), now));
        for decision in [by_address, by_account].into_iter().flatten() {
            if let Decision::Refused { retry_after } = decision {
                let error = Error::new(ErrorKind::RateLimited, "too_many_attempts", "Too many attempts to sign in.");
                return Err(Error { retry_after: Some(retry_after), ..error });
            }
        }
        Ok(())
    }
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
    fn trying_one_password_on_many_accounts_is_slowed_down_too() {
        let attempts = Attempts::new();
        let refused = (0..=ADDRESS_BURST).filter(|number| attempts.take(&number.to_string(), None).is_err()).count();
        assert_eq!(refused, 1);
    }
}
